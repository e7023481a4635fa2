"""The model, by XGBoost's Python package, as most would use it."""

import sys

# XGBoost imports them where they are installed, for tables and estimators that nobody hands to it here.
sys.modules.update(dict.fromkeys(("pandas", "sklearn")))

import numpy  # pylint: disable=wrong-import-position
import xgboost  # pylint: disable=wrong-import-position


class Predictor:
    """Safe to use from several threads; each call computes on the thread that makes it."""

    def __init__(self, path):
        self.booster = xgboost.Booster({"nthread": 1}, model_file=path)
        self.features = self.booster.num_features()

    def probabilities(self, rows):
        """For each row of `features` numbers the probability of each digit."""
        return self.booster.inplace_predict(numpy.array(rows, dtype=numpy.float32)).tolist()
