#!/usr/bin/python3
"""Says for a point X Y how likely it is of the first spiral (see train.py)."""

import json
import os
import sys

import numpy

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "model.json"),
          encoding="utf-8") as file:
    model = json.load(file)
point = numpy.array([*map(float, sys.argv[1:3]), 1])
inner = numpy.tanh(numpy.array(model["first"]) @ point)
last = numpy.dot(model["last"], numpy.append(inner, 1))
print(json.dumps({"first spiral": round(float(1 / (1 + numpy.exp(-last))), 4)}))
