#include "answer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

namespace {

using nlohmann::json;

/// The rows of a request, one behind the other; json::exception or std::invalid_argument if it is
/// none.
std::vector<float> instances(const Model& model, std::string_view body) {
  const json document = json::parse(body);
  const json& rows = document.at("instances");
  if (!rows.is_array() || rows.empty()) throw std::invalid_argument("instances");
  std::vector<float> numbers;
  numbers.reserve(rows.size() * model.features());
  for (const json& row : rows) {
    if (!row.is_array() || row.size() != model.features()) throw std::invalid_argument("row");
    for (const json& value : row) {
      if (!value.is_number()) throw std::invalid_argument("value");
      numbers.push_back(value.get<float>());
      if (!std::isfinite(numbers.back())) throw std::invalid_argument("value");
    }
  }
  return numbers;
}

Answer predictions(const Model& model, const std::vector<float>& numbers) {
  const std::vector<float> all = model.probabilities(numbers);
  const std::size_t width = all.size() / (numbers.size() / model.features());
  json digits = json::array();
  json probabilities = json::array();
  for (auto row = all.begin(); row != all.end(); row += static_cast<std::ptrdiff_t>(width)) {
    const auto end = row + static_cast<std::ptrdiff_t>(width);
    digits.push_back(std::max_element(row, end) - row);
    probabilities.push_back(json(std::vector<float>(row, end)));
  }
  return {200, json{{"digits", digits}, {"probabilities", probabilities}}.dump()};
}

}  // namespace

Answer answer(const Model& model, std::string_view method, std::string_view path,
              std::string_view body) {
  const bool health = path == "/healthz";
  if (!health && path != "/predict") return fault(404, "there are /predict and /healthz");
  const std::string wanted = health ? "GET" : "POST";
  if (method != wanted) return fault(405, std::string(path) + " wants " + wanted);
  if (health) return {200, R"({"status":"ok"})"};
  std::vector<float> numbers;
  try {
    numbers = instances(model, body);
  } catch (const std::exception&) {
    return fault(400, R"(a request is {"instances": [[NUMBER, ...], ...]} with )" +
                          std::to_string(model.features()) + " numbers in each row");
  }
  return predictions(model, numbers);
}

Answer fault(unsigned status, const std::string& text) {
  return {status, json{{"error", text}}.dump()};
}
