#include "bundler/content/data_programs.h"

#include <set>

#include "bundler/base/error.h"
#include "bundler/content/start.h"
#include "bundler/find/elf_file.h"
#include "bundler/find/elf_scan.h"

namespace scratchpack {
namespace {

/// The interpreter of a dynamic program; nothing for whatever else the file is.
std::optional<std::string> interpreter_of(const std::string& source, const std::string& path) {
  if (!begins_as_elf(source)) return std::nullopt;
  try {
    const auto elf = read_elf_file(source, path);
    if (!elf || elf->kind != ElfKind::dynamic_program) return std::nullopt;
    return elf->interpreter;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

void note_data_programs(Plan& plan, const FileSet& files) {
  std::set<std::string> known;
  for (const Program& program : plan.programs) {
    if (const auto path = resolve_in(files, program.path)) known.insert(*path);
  }
  for (const auto& [path, file] : files) {
    const bool executable = file.kind == FileKind::file && (file.mode & 0111) != 0;
    if (!executable || file.source.empty() || known.count(path) != 0) continue;
    const auto interpreter = interpreter_of(file.source, path);
    if (interpreter && resolve_in(files, *interpreter))
      plan.programs.push_back({path, *interpreter});
  }
}

}  // namespace scratchpack
