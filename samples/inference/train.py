#!/usr/bin/python3
"""Trains a small network on points of two spirals and writes it to model.json, always the same.

  samples/inference/train.py > samples/inference/model.json
"""

import json
import math
import random

HIDDEN, ROUNDS, RATE = 16, 3000, 0.05


def points():
    for step in range(60):
        turn = step / 60 * 1.5 * math.pi
        radius = 0.2 + turn / 5
        for side in (1, -1):
            yield (side * radius * math.cos(turn), side * radius * math.sin(turn)), (side + 1) // 2


def train():
    source = random.Random(1)
    first = [[source.uniform(-1, 1) for _ in range(3)] for _ in range(HIDDEN)]
    last = [source.uniform(-1, 1) for _ in range(HIDDEN + 1)]
    data = list(points())
    for _ in range(ROUNDS):
        for (x, y), wanted in data:
            inner = [math.tanh(a * x + b * y + c) for a, b, c in first]
            answer = 1 / (1 + math.exp(-sum(map(float.__mul__, last, inner)) - last[-1]))
            error = answer - wanted
            for i, value in enumerate(inner):
                back = error * last[i] * (1 - value * value)
                last[i] -= RATE * error * value
                first[i] = [w - RATE * back * v for w, v in zip(first[i], (x, y, 1))]
            last[-1] -= RATE * error
    return {"first": [[round(w, 4) for w in row] for row in first],
            "last": [round(w, 4) for w in last]}


if __name__ == "__main__":
    print(json.dumps(train()))
