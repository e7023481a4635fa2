#include "bundler/find/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/find/search_path.h"

namespace scratchpack {
namespace {

constexpr int kMostInterpreters = 4;  // a script's interpreter may be a script, as for the kernel

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// The first bytes of a file, enough for a `#!` line.
std::string head_of(const std::string& host_path) {
  MappedFile file(host_path);
  std::span<const std::uint8_t> bytes = file.bytes();
  bytes = bytes.first(std::min<std::size_t>(bytes.size(), 256));
  return std::string(bytes.begin(), bytes.end());
}

/// Throws unless `path` is a file. `subject` begins the message: "build X:", "its interpreter X";
/// `hint` says what to do when there is none.
void check_file(const Sysroot& sysroot, const std::string& path, const std::string& subject,
                const char* hint) {
  std::optional<FileStatus> status = sysroot.stat(path);
  if (!status) {
    throw Error(fmt::format("{} {} ({})", subject, why_missing(sysroot, path), hint));
  }
  if (status->kind == FileKind::directory) {
    throw Error(fmt::format("{} is a directory (name the program in it)", subject));
  }
  if (status->kind != FileKind::file) throw Error(fmt::format("{} is not a file", subject));
}

void check_executable(const Sysroot& sysroot, const std::string& path, const std::string& subject) {
  if ((sysroot.stat(path)->mode & 0111) != 0) return;
  throw Error(fmt::format("{} is not executable (chmod +x it)", subject));
}

void check_application(const ElfFile& elf, const std::string& path) {
  check_native(elf, path);
  if (elf.kind != ElfKind::shared_library) return;
  throw Error(fmt::format(
      "build {}: is a shared library, not a program (name the program that loads it; --add-binary "
      "adds a library to a program's bundle)",
      path));
}

void check_interpreter_name(const std::string& interpreter, const std::string& script) {
  if (interpreter.ends_with('\r')) {
    throw Error(fmt::format(
        "build {}: its first line ends in a carriage return, which the kernel takes for a part of "
        "the interpreter's name (convert the file to Unix line ends)",
        script));
  }
  bool is_text = std::none_of(interpreter.begin(), interpreter.end(),
                              [](unsigned char character) { return character < ' '; });
  if (!is_text || !interpreter.starts_with('/')) {
    throw Error(
        fmt::format("build {}: its interpreter is not an absolute path (name it in full)", script));
  }
}

}  // namespace

void Planner::want(Want want) {
  auto same = [&](const Want& other) { return other.path == want.path; };
  if (std::any_of(plan_.wants.begin(), plan_.wants.end(), same)) return;
  plan_.wants.push_back(std::move(want));
}

void Planner::want(const std::string& path, const std::string& reason) {
  want(Want{.path = path, .reason = reason});
}

void Planner::add_missing(Missing missing) {
  auto same = [&](const Missing& other) {
    return other.name == missing.name && other.needed_by == missing.needed_by;
  };
  if (std::any_of(plan_.missing.begin(), plan_.missing.end(), same)) return;
  plan_.missing.push_back(std::move(missing));
}

void Planner::add_application(const std::string& path) {
  plan_.application = path;
  const std::string subject = "build " + path + ":";
  check_file(sysroot_, path, subject, "name an installed program");
  std::string host = *sysroot_.host_path(path);
  std::optional<ElfFile> elf = read_elf_file(host, path);
  want(path, "the application");
  if (!elf) {
    plan_.kind = ApplicationKind::script;
    followed_.insert(path);
    Chain chain = follow_script(path, head_of(host));
    plan_.launch_path = chain.program;
    plan_.argv0 = chain.program;
    plan_.arguments = std::move(chain.arguments);
    elf = std::move(chain.elf);
    if (!options_.commands_known) {
      plan_.warnings.push_back(fmt::format(
          "{} is a script: the commands it calls are not followed (add each with --add-binary)",
          path));
    }
  } else {
    check_application(*elf, path);
    bool is_static = elf->kind == ElfKind::static_program;
    plan_.kind = is_static ? ApplicationKind::static_elf : ApplicationKind::dynamic_elf;
    plan_.launch_path = path;
  }
  check_executable(sysroot_, path, subject);
  if (elf->interpreter) plan_.interpreter = *elf->interpreter;
  if (elf->kind == ElfKind::dynamic_program) {
    // A helper of the script may have come first.
    add_program(sysroot_binary(sysroot_, plan_.launch_path, std::move(*elf)));
    auto launched = std::find_if(plan_.programs.begin(), plan_.programs.end(),
                                 [&](const Program& p) { return p.path == plan_.launch_path; });
    std::rotate(plan_.programs.begin(), launched, launched + 1);
  }
}

void Planner::add_binary(const Want& binary) {
  want(binary);
  if (binary.content || !binary.target.empty()) return;
  std::string placed = normal_path(binary.path);
  std::optional<std::string> host = sysroot_.host_path(placed);
  if (!binary.source.empty()) host = std::filesystem::absolute(binary.source).string();
  if (!host) {
    throw Error(fmt::format("add {}: it {}", placed, why_missing(sysroot_, placed)));
  }
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(*host, ignored)) return;
  std::optional<ElfFile> elf = read_elf_file(*host, binary.source.empty() ? placed : *host);
  if (!elf) {
    std::string head = head_of(*host);
    if (read_script_line(head)) follow_helper(placed, head);
    return;
  }
  if (!elf->is_native() || elf->kind == ElfKind::other) {
    plan_.warnings.push_back(fmt::format("{} is for {}: added as it is, without what it needs",
                                         placed, elf->architecture()));
    return;
  }
  if (elf->kind == ElfKind::static_program) return;
  Binary walked = walked_binary(binary, *host, std::move(*elf));
  walked.elf.kind == ElfKind::dynamic_program ? add_program(walked) : add_library(walked);
}

/// A file of the plan as the walk sees it.
Binary Planner::walked_binary(const Want& want, const std::string& host, ElfFile elf) const {
  std::string placed = normal_path(want.path);
  Binary walked = sysroot_binary(sysroot_, placed, std::move(elf));
  if (want.source.empty()) return walked;
  // It lies elsewhere now, and what it finds by $ORIGIN must move with it. Another root file
  // system cannot be searched by a path of this machine.
  walked.placed_origin = directory_of(placed);
  walked.origin = sysroot_.root() == "/" ? directory_of(host) : walked.placed_origin;
  return walked;
}

Closure Planner::loaded_closure(const Want& loader, const std::string& soname) const {
  std::optional<std::string> host = sysroot_.host_path(loader.path);
  if (!loader.source.empty()) host = std::filesystem::absolute(loader.source).string();
  std::optional<ElfFile> elf = host ? read_elf_file(*host, loader.path) : std::nullopt;
  if (!elf || !elf->is_native() || elf->kind == ElfKind::static_program) return {};
  elf->needed = {soname};
  elf->filters.clear();
  elf->auxiliaries.clear();
  ResolveOptions options = options_;
  if (options.interpreter.empty()) options.interpreter = plan_.interpreter;
  Closure closure =
      resolve_binary(sysroot_, walked_binary(loader, *host, std::move(*elf)), options);
  std::erase_if(closure.missing, [&](const Missing& missing) { return is_planned(missing.name); });
  return closure;
}

void Planner::add_loaded(const Closure& closure, const std::string& soname,
                         const std::string& reason) {
  for (const Library& library : closure.libraries) {
    if (library.name != soname) continue;
    Want wanted{.path = library.placed, .reason = reason};
    if (library.placed != library.path) wanted.source = *sysroot_.host_path(library.path);
    want(std::move(wanted));
  }
  want_closure(
      {.interpreter = {}, .libraries = closure.libraries, .missing = {}, .needs = closure.needs});
}

void Planner::add_program(const Binary& binary) {
  auto same = [&](const Program& other) { return other.path == binary.path; };
  if (std::any_of(plan_.programs.begin(), plan_.programs.end(), same)) return;
  Closure closure = resolve_binary(sysroot_, binary, options_);
  Program program{binary.path, closure.interpreter};
  for (const Library& library : closure.libraries) {
    if (library.path != closure.interpreter) program.libraries.push_back(library.placed);
  }
  plan_.programs.push_back(std::move(program));
  want(closure.interpreter, "dynamic linker of " + binary.path);
  if (is_musl_linker(closure.interpreter)) want_musl_path(closure.interpreter);
  want_closure(closure);
}

void Planner::add_library(const Binary& binary) {
  ResolveOptions options = options_;
  if (options.interpreter.empty()) options.interpreter = plan_.interpreter;
  Closure closure = resolve_binary(sysroot_, binary, options);
  // What it cannot find by itself, the program that loads it may have loaded before.
  std::erase_if(closure.missing, [&](const Missing& missing) { return is_planned(missing.name); });
  want_closure(closure);
}

void Planner::want_closure(const Closure& closure) {
  for (const Library& library : closure.libraries) {
    Want wanted{.path = library.placed, .reason = "needed by " + library.needed_by};
    if (library.placed != library.path) wanted.source = *sysroot_.host_path(library.path);
    want(std::move(wanted));
  }
  plan_.needs.insert(plan_.needs.end(), closure.needs.begin(), closure.needs.end());
  for (const Missing& missing : closure.missing) add_missing(missing);
}

bool Planner::is_planned(const std::string& library) const {
  return std::any_of(plan_.wants.begin(), plan_.wants.end(),
                     [&](const Want& want) { return file_name(want.path) == library; });
}

/// The search path of a musl program. Directories of --library-path come first in it, as nobody
/// sets LD_LIBRARY_PATH in the container.
void Planner::want_musl_path(const std::string& interpreter) {
  Want wanted{.path = musl_path_file(interpreter), .reason = "search path of the dynamic linker"};
  if (!options_.library_path.empty()) {
    std::string text;
    for (const std::string& directory : options_.library_path) text += directory + "\n";
    for (const std::string& directory : musl_directories(sysroot_, interpreter)) {
      text += directory + "\n";
    }
    wanted.content = text;
  } else if (!sysroot_.stat(wanted.path)) {
    return;
  }
  want(std::move(wanted));
}

Planner::Chain Planner::follow_script(const std::string& script, std::string head) {
  Chain chain{"", {}, {script}};
  std::string current = script;
  for (int level = 0; level < kMostInterpreters; ++level) {
    std::optional<ScriptLine> line = read_script_line(head);
    if (!line) {
      throw Error(fmt::format(
          "build {}: is neither an ELF program nor a script that begins with #! (name a program)",
          current));
    }
    const std::string& interpreter = line->interpreter;
    check_interpreter_name(interpreter, current);
    const std::string subject = fmt::format("build {}: its interpreter {}", current, interpreter);
    check_file(sysroot_, interpreter, subject, "install it, or change the first line");
    check_executable(sysroot_, interpreter, subject);
    want(interpreter, "interpreter of " + current);
    if (line->argument) chain.arguments.insert(chain.arguments.begin(), *line->argument);
    if (line->argument && file_name(interpreter) == "env")
      add_env_program(current, *line->argument);
    std::string host = *sysroot_.host_path(interpreter);
    if (std::optional<ElfFile> elf = read_elf_file(host, interpreter)) {
      check_application(*elf, interpreter);
      chain.program = interpreter;
      chain.elf = std::move(*elf);
      return chain;
    }
    chain.arguments.insert(chain.arguments.begin(), interpreter);
    head = head_of(host);
    current = interpreter;
  }
  throw Error(fmt::format("build {}: its interpreters are scripts, more than {} deep", script,
                          kMostInterpreters));
}

/// A script that is not the application: what it lacks is worth a warning, not a failure.
void Planner::follow_helper(const std::string& script, const std::string& head) {
  if (!followed_.insert(script).second) return;
  try {
    Chain chain = follow_script(script, head);
    if (chain.elf.kind != ElfKind::dynamic_program) return;
    add_program(sysroot_binary(sysroot_, chain.program, std::move(chain.elf)));
  } catch (const Error& error) {
    plan_.warnings.push_back(error.what());
  }
}

void Planner::add_env_program(const std::string& script, const std::string& argument) {
  std::optional<std::string> name = env_program(argument);
  if (!name) {
    plan_.warnings.push_back(fmt::format("{}: no program is named behind env", script));
    return;
  }
  const std::string reason = "run by " + script;
  std::vector<Tried> tried;
  std::vector<std::string> paths = {*name};
  if (name->find('/') == std::string::npos) {
    paths.clear();
    for (const std::string& directory : default_path()) paths.push_back(directory + "/" + *name);
  }
  for (const std::string& path : paths) {
    std::optional<FileStatus> status = sysroot_.stat(path);
    bool is_file = status && status->kind == FileKind::file;
    if (path.starts_with('/') && is_file && (status->mode & 0111) != 0) {
      add_binary(Want{.path = path, .reason = reason});
      return;
    }
    tried.push_back({path, !status ? "no such file" : "not an executable file"});
  }
  add_missing({*name, script, std::move(tried)});
}

Plan plan_application(const Sysroot& sysroot, const std::string& application,
                      const ResolveOptions& options) {
  Plan plan;
  Planner(plan, sysroot, options).add_application(normal_path(application));
  return plan;
}

void plan_binary(Plan& plan, const Sysroot& sysroot, const Want& want,
                 const ResolveOptions& options) {
  Planner(plan, sysroot, options).add_binary(want);
}

}  // namespace scratchpack
