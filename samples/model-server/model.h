#pragma once

#include <cstddef>
#include <string>
#include <vector>

/// A model that XGBoost trained, by its C library. Predictions may be made by several threads at
/// once; each computes on the thread that asks.
class Model {
 public:
  /// Reads the file, and computes once: the first time prepares what others share.
  /// std::runtime_error with what XGBoost says.
  explicit Model(const std::string& path);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// Numbers in a row.
  std::size_t features() const { return features_; }

  /// `rows` holds one row behind the other. The result does likewise with the probability of each
  /// class; how many there are is its size over the number of rows.
  std::vector<float> probabilities(const std::vector<float>& rows) const;

 private:
  void* booster_ = nullptr;
  std::size_t features_ = 0;
};
