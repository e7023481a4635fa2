#include "bundler/config_file.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>

#include "bundler/base/error.h"
#include "bundler/base/file.h"

namespace scratchpack {
namespace {

[[noreturn]] void fail(const std::string& file, const toml::source_region& place,
                       const std::string& reason) {
  throw UsageError(
      fmt::format("read config {}:{}:{}: {}", file, place.begin.line, place.begin.column, reason));
}

bool takes_many(const Row& row) {
  return std::holds_alternative<std::vector<std::string>*>(row.target) ||
         std::holds_alternative<std::vector<KeyValue>*>(row.target) ||
         std::holds_alternative<SeparatedList>(row.target);
}

/// Of a string or a number; nothing of anything else.
std::optional<std::string> plain_value(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return text;
  if (auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  return std::nullopt;
}

class ConfigReader {
 public:
  ConfigReader(const std::string& file, const CommandTable& table) : file_(file), table_(table) {}

  ConfigWords read(const toml::table& config) {
    for (const auto& [name, node] : config) {
      if (name.str() == "app") {
        words_.application = text(node, "'app' must be a string");
      } else if (name.str() == "args") {
        words_.arguments = texts(node, "'args' must be a list of strings");
      } else {
        add_option(std::string(name.str()), name.source(), node);
      }
    }
    return std::move(words_);
  }

 private:
  std::string text(const toml::node& node, const std::string& complaint) const {
    std::optional<std::string> value = plain_value(node);
    if (!value || value->empty()) fail(file_, node.source(), complaint);
    return *value;
  }

  std::vector<std::string> texts(const toml::node& node, const std::string& complaint) const {
    const toml::array* array = node.as_array();
    if (array == nullptr) fail(file_, node.source(), complaint);
    std::vector<std::string> list;
    for (const toml::node& item : *array) {
      std::optional<std::string> value = plain_value(item);
      if (!value) fail(file_, item.source(), complaint);
      list.push_back(*value);
    }
    return list;
  }

  const Row& row_of(const std::string& name, const toml::source_region& place) const {
    for (const Section& section : table_.sections) {
      for (const Row& row : section.rows) {
        if (!row.positional() && row.long_name() == "--" + name && name != "config") return row;
      }
    }
    fail(file_, place,
         fmt::format("unknown key '{}' (known: app, args, and the long options of scratchpack {} "
                     "--help without their dashes)",
                     name, table_.name));
  }

  void add_option(const std::string& name, const toml::source_region& place,
                  const toml::node& node) {
    const Row& row = row_of(name, place);
    std::optional<bool> flag = node.value_exact<bool>();
    if (row.flag() || (row.value_optional() && flag)) {
      if (!flag) fail(file_, node.source(), fmt::format("'{}' must be true or false", name));
      if (*flag) words_.options.push_back("--" + name);
      return;
    }
    for (const std::string& value : values(row, name, node)) {
      words_.options.push_back(fmt::format("--{}={}", name, value));
    }
  }

  std::vector<std::string> values(const Row& row, const std::string& name,
                                  const toml::node& node) const {
    if (node.is_array() && takes_many(row)) {
      return texts(node, fmt::format("'{}' must be a list of strings", name));
    }
    const toml::table* pairs = node.as_table();
    if (pairs == nullptr || !std::holds_alternative<std::vector<KeyValue>*>(row.target)) {
      const char* kind = takes_many(row) ? "a string or a list of strings" : "a string";
      return {text(node, fmt::format("'{}' must be {}, and not empty", name, kind))};
    }
    std::vector<std::string> list;
    for (const auto& [key, item] : *pairs) {
      std::optional<std::string> value = plain_value(item);
      if (!value) fail(file_, item.source(), fmt::format("'{}' must be a string", key.str()));
      list.push_back(fmt::format("{}={}", key.str(), *value));
    }
    return list;
  }

  const std::string& file_;
  const CommandTable& table_;
  ConfigWords words_;
};

}  // namespace

ConfigWords read_config(const std::string& file, const CommandTable& table) {
  Bytes bytes = read_file(file);
  toml::table config;
  try {
    config = toml::parse(std::string(bytes.begin(), bytes.end()));
  } catch (const toml::parse_error& error) {
    fail(file, error.source(), std::string(error.description()));
  }
  return ConfigReader(file, table).read(config);
}

}  // namespace scratchpack
