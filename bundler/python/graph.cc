#include "bundler/python/graph.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bundler/base/error.h"
#include "bundler/python/interpreter.h"

// Made by the build from bundler/python: text, ended by a zero.
extern "C" const char scratchpack_python_graph[];
extern "C" const char scratchpack_python_known[];
extern "C" const char scratchpack_python_ldconfig[];

namespace scratchpack {
namespace {

using Json = nlohmann::json;

/// known.toml as JSON.
Json known_tables() {
  std::ostringstream text;
  text << toml::json_formatter{toml::parse(scratchpack_python_known)};
  return Json::parse(text.str());
}

Json request_of(const PythonApplication& python, const PythonOptions& options,
                const PythonUse& use) {
  Json request = known_tables();
  request["script"] = python.script.empty() ? Json(nullptr) : Json(python.script);
  request["module"] = python.module.empty() ? Json(nullptr) : Json(python.module);
  request["options"] = python.options;
  request["zip"] = python.is_zip;
  request["hidden"] = options.hidden_imports;
  request["collect"] = options.collect;
  request["exclude"] = options.excluded_modules;
  request["used"] = use.opened;
  request["prune"] = use.prune;
  request["keep_source"] = options.keep_source;
  request["arguments"] = options.arguments;
  return request;
}

std::vector<PythonModule> modules_of(const Json& answer, std::string_view code) {
  std::vector<PythonModule> modules;
  for (const Json& each : answer.at("modules")) {
    PythonModule module{.name = each.at("name"),
                        .kind = each.at("kind"),
                        .imported_by = each.at("by"),
                        .file = each.value("file", ""),
                        .path = each.value("path", ""),
                        .code = {},
                        .kept = each.value("kept", false)};
    const std::size_t size = each.at("size");
    if (size > code.size()) throw Error("the byte code of " + module.name + " is not whole");
    module.code = code.substr(0, size);
    code.remove_prefix(size);
    modules.push_back(std::move(module));
  }
  return modules;
}

std::vector<UnfoundImport> unfound_of(const Json& answer) {
  std::vector<UnfoundImport> unfound;
  for (const Json& each : answer.at("missing")) {
    UnfoundImport import{each.at("name"), {}};
    for (const Json& by : each.at("imported_by")) {
      import.imported_by.push_back({by.at("module"), by.at("how"), by.at("standard")});
    }
    unfound.push_back(std::move(import));
  }
  return unfound;
}

PythonGraph graph_of(std::string_view text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  Json answer = Json::parse(text.substr(0, end));
  if (answer.contains("error")) throw Error(answer.at("error").get<std::string>());
  PythonGraph graph{.main = answer.at("main"),
                    .modules = modules_of(answer, text.substr(std::min(end + 1, text.size()))),
                    .path = answer.at("path"),
                    .extension_folders = answer.at("dynload"),
                    .site = answer.at("site"),
                    .home = answer.at("home"),
                    .prefixes = answer.at("prefixes"),
                    .extra_path = answer.at("extra_path"),
                    .user_base = answer.at("user_base"),
                    .data = answer.at("data"),
                    .metadata = answer.at("metadata"),
                    .namespaces = answer.at("namespaces"),
                    .left_out = answer.at("left_out")};
  for (const Json& each : answer.at("libraries")) {
    graph.libraries.push_back({each.at("name"), each.at("by")});
  }
  graph.unfound = unfound_of(answer);
  graph.unreadable = answer.at("unreadable");
  return graph;
}

}  // namespace

PythonGraph python_graph(const PythonApplication& python, const PythonOptions& options,
                         const PythonUse& use) {
  const std::string application = python.module.empty() ? python.script : "-m " + python.module;
  try {
    const Bytes answer = ask_interpreter(python.interpreter, scratchpack_python_graph,
                                         request_of(python, options, use).dump());
    return graph_of({reinterpret_cast<const char*>(answer.data()), answer.size()});
  } catch (const Json::exception& error) {
    throw Error(fmt::format("build {}: the answer of {} is not understood: {}", application,
                            python.interpreter, error.what()));
  } catch (const Error& error) {
    throw Error(fmt::format("build {}: {}", application, error.what()));
  }
}

std::string_view ldconfig_script() { return scratchpack_python_ldconfig; }

}  // namespace scratchpack
