#!/usr/bin/python3
"""Says for a point X Y how likely it is of the first spiral (see train.py)."""

import json
import math
import os
import sys

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "model.json"),
          encoding="utf-8") as file:
    model = json.load(file)
x, y = map(float, sys.argv[1:3])
inner = [math.tanh(a * x + b * y + c) for a, b, c in model["first"]]
last = sum(weight * value for weight, value in zip(model["last"], [*inner, 1]))
print(json.dumps({"first spiral": round(1 / (1 + math.exp(-last)), 4)}))
