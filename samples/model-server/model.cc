#include "model.h"

#include <xgboost/c_api.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace {

constexpr const char* settings =
    R"({"type": 0, "training": false, "iteration_begin": 0, "iteration_end": 0,
        "strict_shape": false, "cache_id": 0, "missing": NaN})";

void check(int status) {
  if (status != 0) throw std::runtime_error(XGBGetLastError());
}

}  // namespace

Model::Model(const std::string& path) {
  check(XGBoosterCreate(nullptr, 0, &booster_));
  check(XGBoosterSetParam(booster_, "nthread", "1"));
  check(XGBoosterLoadModel(booster_, path.c_str()));
  bst_ulong features = 0;
  check(XGBoosterGetNumFeature(booster_, &features));
  features_ = features;
  probabilities(std::vector<float>(features_));
}

Model::~Model() { XGBoosterFree(booster_); }

std::vector<float> Model::probabilities(const std::vector<float>& rows) const {
  const nlohmann::json matrix = {{"data", {reinterpret_cast<std::uintptr_t>(rows.data()), true}},
                                 {"typestr", "<f4"},
                                 {"version", 3},
                                 {"shape", {rows.size() / features_, features_}}};
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* result = nullptr;  // the booster's, until this thread asks again
  check(XGBoosterPredictFromDense(booster_, matrix.dump().c_str(), settings, nullptr, &shape,
                                  &dimensions, &result));
  std::size_t size = 1;
  for (bst_ulong i = 0; i < dimensions; ++i) size *= shape[i];
  return {result, result + size};
}
