#!/usr/bin/python3
"""Trains the model that the servers answer with; needed only to make it anew.

  ./train.py      (apt-get install python3-xgboost python3-sklearn)

Reads the 1,797 handwritten digits of 8 x 8 pixels that scikit-learn's package holds (UCI Machine
Learning Repository, "Optical Recognition of Handwritten Digits", CC BY 4.0), learns from four fifths
of them, and writes digits.ubj, the model, and digits-test.csv, the fifth it has not seen: the label
and 64 pixels from 0 to 16 in each line. The same packages write the same bytes.
"""

import gzip
import importlib.util
import os

import numpy
import xgboost

HERE = os.path.dirname(os.path.abspath(__file__))
PARAMETERS = {"objective": "multi:softprob", "num_class": 10, "max_depth": 3, "eta": 0.3,
              "nthread": 1, "seed": 7}
ROUNDS = 18


def main():
    rows, labels = digits()
    held_out = numpy.arange(len(rows)) % 5 == 0
    booster = xgboost.train(PARAMETERS, xgboost.DMatrix(rows[~held_out], labels[~held_out]), ROUNDS)
    booster.save_model(f"{HERE}/digits.ubj")
    numpy.savetxt(f"{HERE}/digits-test.csv",
                  numpy.column_stack((labels, rows))[held_out], fmt="%d", delimiter=",")
    answers = booster.predict(xgboost.DMatrix(rows[held_out])).argmax(axis=1)
    right = (answers == labels[held_out]).sum()
    print(f"{right} of {held_out.sum()} digits it has not seen are read right")


def digits():
    """The pixels and the labels; scikit-learn itself is not imported."""
    package = importlib.util.find_spec("sklearn").submodule_search_locations[0]
    with gzip.open(f"{package}/datasets/data/digits.csv.gz", "rt") as file:
        table = numpy.loadtxt(file, delimiter=",")
    return table[:, :-1], table[:, -1]


if __name__ == "__main__":
    main()
