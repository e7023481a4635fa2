"""The model, by XGBoost's C library alone: the same calls as in server.cc, without numpy and scipy,
which are most of the Python package's bytes and of its start."""

import array
import ctypes
import json

SETTINGS = json.dumps({"type": 0, "training": False, "iteration_begin": 0, "iteration_end": 0,
                       "strict_shape": False, "cache_id": 0, "missing": float("nan")}).encode()


class Predictor:
    """Safe to use from several threads; each call computes on the thread that makes it."""

    def __init__(self, path):
        self.xgboost = ctypes.CDLL("libxgboost.so.0")
        self.xgboost.XGBGetLastError.restype = ctypes.c_char_p
        self.booster = ctypes.c_void_p()
        self.call("XGBoosterCreate", None, ctypes.c_uint64(0), ctypes.byref(self.booster))
        self.call("XGBoosterSetParam", self.booster, b"nthread", b"1")
        self.call("XGBoosterLoadModel", self.booster, path.encode())
        features = ctypes.c_uint64()
        self.call("XGBoosterGetNumFeature", self.booster, ctypes.byref(features))
        self.features = features.value

    def probabilities(self, rows):
        """For each row of `features` numbers the probability of each digit."""
        values = array.array("f", (value for row in rows for value in row))
        matrix = json.dumps({"data": [values.buffer_info()[0], True], "typestr": "<f4", "version": 3,
                             "shape": [len(rows), self.features]}).encode()
        shape, dimensions = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64()
        result = ctypes.POINTER(ctypes.c_float)()
        self.call("XGBoosterPredictFromDense", self.booster, matrix, SETTINGS, None,
                  ctypes.byref(shape), ctypes.byref(dimensions), ctypes.byref(result))
        width = shape[1]
        return [result[start:start + width] for start in range(0, len(rows) * width, width)]

    def call(self, name, *arguments):
        if getattr(self.xgboost, name)(*arguments) != 0:
            raise RuntimeError(self.xgboost.XGBGetLastError().decode(errors="replace"))
