#include "bundler/python/application.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/path_text.h"
#include "bundler/base/values.h"
#include "bundler/find/elf_scan.h"
#include "bundler/find/script.h"
#include "bundler/python/interpreter.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

/// What the first bytes of a file say of it.
struct Head {
  bool is_elf = false;
  bool is_zip = false;
  std::optional<ScriptLine> line;
};

Head head_of(const std::string& file) {
  MappedFile mapped(file);
  std::span<const std::uint8_t> bytes = mapped.bytes();
  std::string text(bytes.begin(), bytes.begin() + std::min<std::size_t>(bytes.size(), 256));
  Head head{begins_as_elf(file), text.starts_with("PK\x03\x04"), read_script_line(text)};
  // A zip may have a `#!` line in front: its end is what makes it one.
  std::string_view tail(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  tail = tail.substr(tail.size() - std::min<std::size_t>(tail.size(), 22 + 65535));
  head.is_zip = head.is_zip || (head.line && tail.find("PK\x05\x06") != std::string_view::npos);
  return head;
}

bool is_python_name(const std::string& name) {
  static const std::regex kName(R"(python(3(\.[0-9]+)?t?)?)");
  return std::regex_match(name, kName);
}

/// The words behind the interpreter's name in a `#!` line: of env those behind the program.
struct Started {
  std::string program;  ///< a path, or with env a name
  std::vector<std::string> options;
};

Started started_by(const ScriptLine& line) {
  if (last_name(line.interpreter) != "env" || !line.argument) {
    return {line.interpreter,
            line.argument ? std::vector{*line.argument} : std::vector<std::string>{}};
  }
  std::string program = env_program(*line.argument).value_or("");
  Started started{program, {}};
  std::size_t behind = line.argument->find(program);
  if (program.empty() || behind == std::string::npos) return started;
  for (std::string& word : split(line.argument->substr(behind + program.size()), ' ')) {
    if (!word.empty()) started.options.push_back(std::move(word));
  }
  return started;
}

/// The program itself where a name leads to a script that chooses one (pyenv's shims).
std::string behind_shims(const std::string& path) {
  if (begins_as_elf(path)) return path;
  static constexpr std::string_view kAsk = "import os, sys; os.write(3, sys.executable.encode())";
  Bytes name = ask_interpreter(path, kAsk, "");
  return {name.begin(), name.end()};
}

std::string interpreter_of(const std::string& name, const std::string& application) {
  const std::string found = name.find('/') == std::string::npos ? in_search_path(name) : name;
  const std::string path = normal_path(fs::absolute(found).string());
  std::error_code code;
  if (!fs::is_regular_file(path, code)) {
    throw Error(
        fmt::format("build {}: its interpreter {} is not there (install it, or name one "
                    "with --python)",
                    application, found));
  }
  return behind_shims(path);
}

void refuse_sysroot(const Sysroot& sysroot, const std::string& application) {
  if (sysroot.root() == "/") return;
  throw UsageError(
      fmt::format("--sysroot: {} is asked of its own interpreter, which another root file system "
                  "does not have here (run scratchpack inside it)",
                  application));
}

PythonApplication with_module(const PythonOptions& options) {
  const std::string name = "-m " + options.module;
  const std::string chosen = options.interpreter.empty() ? "python3" : options.interpreter;
  return {.interpreter = interpreter_of(chosen, name), .module = options.module};
}

}  // namespace

std::vector<std::string> PythonApplication::arguments() const {
  std::vector<std::string> words = options;
  if (module.empty()) {
    words.push_back(script);
  } else {
    words.insert(words.end(), {"-m", module});
  }
  return words;
}

std::string module_application(const std::string& module) { return "/" + module; }

std::optional<PythonApplication> find_python(const Sysroot& sysroot, const std::string& application,
                                             const PythonOptions& options) {
  if (!options.module.empty()) {
    refuse_sysroot(sysroot, "-m " + options.module);
    return with_module(options);
  }
  const std::optional<std::string> host = sysroot.host_path(application);
  const std::optional<FileStatus> status = sysroot.stat(application);
  if (!host || !status) return std::nullopt;  // whoever plans it says so
  std::string name = options.interpreter.empty() ? "python3" : options.interpreter;
  PythonApplication python{.interpreter = {}, .script = application};
  bool is_python = !options.interpreter.empty();
  if (status->kind == FileKind::directory) {
    if (!is_python && !sysroot.stat(application + "/__main__.py")) return std::nullopt;
    refuse_sysroot(sysroot, application);
    python.interpreter = interpreter_of(name, application);
    return python;
  }
  if (status->kind != FileKind::file) return std::nullopt;
  const Head head = head_of(*host);
  if (head.is_elf) {
    if (!is_python) return std::nullopt;
    throw UsageError(fmt::format("--python: {} is a program, not a script", application));
  }
  python.is_zip = head.is_zip;
  if (head.line) {
    Started started = started_by(*head.line);
    if (!is_python && !is_python_name(last_name(started.program))) return std::nullopt;
    if (sysroot.root() != "/" && !is_python) return std::nullopt;
    if (!is_python) name = started.program;
    python.options = std::move(started.options);
  } else if (!is_python && !fs::path(application).extension().string().starts_with(".py")) {
    return std::nullopt;
  }
  refuse_sysroot(sysroot, application);
  python.interpreter = interpreter_of(name, application);
  return python;
}

Plan plan_python_start(const PythonApplication& python, const Sysroot& sysroot,
                       const ResolveOptions& resolve) {
  Plan plan = plan_application(sysroot, python.interpreter, resolve);
  plan.application = python.module.empty() ? python.script : module_application(python.module);
  plan.kind = ApplicationKind::script;
  plan.argv0 = plan.launch_path;
  plan.arguments = python.arguments();
  plan.command = {python.interpreter};
  plan.command.insert(plan.command.end(), plan.arguments.begin(), plan.arguments.end());
  for (Want& want : plan.wants) {
    if (want.reason == "the application") want.reason = "interpreter of " + plan.application;
  }
  return plan;
}

}  // namespace scratchpack
