#include "bundler/content/start.h"

#include <fmt/format.h>

#include <set>

#include "bundler/base/error.h"

namespace scratchpack {
namespace {

constexpr int kMostLinks = 40;
constexpr std::size_t kMostEntries = std::size_t{1} << 20;  // what an exec path can spell

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Where glibc's path-carrying calls are: the C library, and before 2.34 its thread library, which
/// has cancellable copies of its own.
bool is_c_library(const std::string& name) {
  return name == "libc.so.6" || name == "libpthread.so.0";
}

/// One file made to ask the bundle; the reason when it cannot be.
std::string rewrite_one(const FileSet& files, const std::string& path, RewriteRole role,
                        StartDecision& decision) {
  const EntryContent content(files.at(path));
  RewrittenFile rewritten;
  try {
    rewritten = rewrite(content.bytes(), role, path);
  } catch (const Error& error) {
    return error.what();
  }
  if (rewritten.sites.empty()) {
    return role == RewriteRole::library ? ""
                                        : fmt::format("{} makes no system calls of its own", path);
  }
  for (const RewriteSite& site : rewritten.sites) {
    if (site.kind == RewriteSite::Kind::unpatchable) {
      return fmt::format("a system call at {:#x} of {} cannot be rewritten: {}", site.address, path,
                         site.why);
    }
  }
  const std::vector<std::string> faults = verify_rewrite(content.bytes(), rewritten, role);
  if (!faults.empty()) return fmt::format("the rewriting of {} does not hold: {}", path, faults[0]);
  decision.rewritten.emplace(path, std::move(rewritten));
  return "";
}

std::string rewrite_all(const Plan& plan, const FileSet& files, StartDecision& decision) {
  if (files.size() >= kMostEntries) return "there are more than a million files";
  std::map<std::string, RewriteRole> roles;
  for (const Program& program : plan.programs) {
    const bool musl = is_musl_linker(program.interpreter);
    if (const auto linker = resolve_in(files, program.interpreter)) {
      roles[*linker] = musl ? RewriteRole::both : RewriteRole::linker;
    }
    for (const std::string& library : program.libraries) {
      if (musl || !is_c_library(base_name(library))) continue;
      if (const auto path = resolve_in(files, library)) roles.emplace(*path, RewriteRole::library);
    }
  }
  for (const auto& [path, role] : roles) {
    std::string why = rewrite_one(files, path, role, decision);
    if (!why.empty()) return why;
  }
  return "";
}

/// What a program extracted to an unknown place will not find: data at compiled-in paths.
std::vector<std::string> data_paths(const Plan& plan) {
  std::set<std::string> code;
  for (const Program& program : plan.programs) {
    code.insert(program.path);
    code.insert(program.interpreter);
    code.insert(program.libraries.begin(), program.libraries.end());
  }
  std::set<std::string> paths;
  for (const Want& want : plan.wants) {
    if (code.count(want.path) == 0 && want.path != plan.application) paths.insert(want.path);
  }
  return {paths.begin(), paths.end()};
}

}  // namespace

std::optional<std::string> resolve_in(const FileSet& files, const std::string& path) {
  std::string done;
  std::string rest = path;
  int links = 0;
  while (!rest.empty()) {
    const std::size_t begin = rest.find_first_not_of('/');
    if (begin == std::string::npos) break;
    const std::size_t end = std::min(rest.find('/', begin), rest.size());
    const std::string name = rest.substr(begin, end - begin);
    rest.erase(0, end);
    if (name == ".") continue;
    if (name == "..") {
      done.erase(done.empty() ? 0 : done.rfind('/'));
      continue;
    }
    const auto found = files.find(done + "/" + name);
    if (found == files.end()) return std::nullopt;
    if (found->second.kind == FileKind::symlink) {
      if (++links > kMostLinks) return std::nullopt;
      const std::string& target = found->second.target;
      if (target.starts_with('/')) done.clear();
      rest.insert(0, target);
      continue;
    }
    done = found->first;
  }
  return done;
}

StartDecision decide_start(const Plan& plan, const FileSet& files, Mode mode) {
  StartDecision decision;
  if (plan.kind == ApplicationKind::static_elf) {
    decision.mode = "static";
    decision.why = "the program is static: it is passed through as it is";
    return decision;
  }
  const auto program = resolve_in(files, plan.launch_path);
  const auto interpreter = resolve_in(files, plan.interpreter);
  if (!program || !interpreter) {
    throw Error(fmt::format("start {}: {} is not in the bundle (was it excluded?)",
                            plan.application, program ? plan.interpreter : plan.launch_path));
  }
  decision.program = *program;
  decision.interpreter = *interpreter;
  decision.why =
      mode == Mode::extract ? "asked for with --mode extract" : rewrite_all(plan, files, decision);
  decision.mode = decision.why.empty() ? "in-place" : "extract";
  if (decision.mode == "in-place") return decision;
  if (mode == Mode::in_place) {
    throw Error(fmt::format("start {} in place: {} (--mode extract, or auto, extracts it at start)",
                            plan.application, decision.why));
  }
  decision.rewritten.clear();
  decision.unserved = data_paths(plan);
  return decision;
}

}  // namespace scratchpack
