#include "tests/cases/python_folder.h"

#include <doctest/doctest.h>

namespace scratchpack {

const std::string kPython = "--python /usr/bin/python3 ";

std::set<std::string> PythonBuild::paths() const {
  std::set<std::string> paths;
  for (const auto& file : summary.at("files")) paths.insert(file.at("path").get<std::string>());
  return paths;
}

bool PythonBuild::has(const std::string& path) const { return paths().contains(path); }

std::optional<std::string> PythonBuild::unfound(const std::string& name,
                                                const std::string& by) const {
  for (const auto& each : summary.at("imports_not_found")) {
    if (each.at("name") != name) continue;
    for (const auto& one : each.at("imported_by")) {
      if (one.at("module") == by) return one.at("how").dump();
    }
  }
  return std::nullopt;
}

PythonFolder::PythonFolder(std::initializer_list<File> files) {
  for (const auto& [name, text] : files) write(name, text);
}

void PythonFolder::find_packages_in(const std::string& name) {
  environment_ = "PYTHONPATH=" + path(name) + " ";
}

PythonBuild PythonFolder::build(const std::string& arguments, const std::string& python) const {
  PythonBuild built{scratchpack::run(*this, "build --json " + python + arguments, environment_),
                    {}};
  REQUIRE_MESSAGE(built.ran.status == 0, built.ran.errors);
  built.summary = nlohmann::json::parse(built.ran.out);
  return built;
}

std::string PythonFolder::printed(const std::string& command) const {
  return output_of(command + " 2>&1", path());
}

std::string PythonFolder::bundled_output(const std::string& options) const {
  build("-o b app.py " + options);
  return printed("env -C / " + path("b"));
}

std::string PythonFolder::output_alone(const std::string& target,
                                       const std::string& options) const {
  build("-o b " + options + " " + target);
  run("find . -mindepth 1 -maxdepth 1 ! -name b -exec rm -r {} +");
  return printed("env -C / " + path("b"));
}

std::string standard(const std::string& name) {
  static const std::string kFolder = output_of(
      "/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path(\"stdlib\"))'", "/");
  return kFolder.substr(0, kFolder.find('\n')) + "/" + name;
}

}  // namespace scratchpack
