#include "tests/cases/tiny_programs.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "bundler/find/elf_file.h"
#include "tests/cases/linker_oracle.h"

namespace scratchpack {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

void TinyPrograms::build(const std::string& name, const std::vector<std::string>& needs,
                         const std::string& flags) const {
  folder_.write("empty.c", "void start(void) {}\n");
  std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
  std::string command =
      "gcc empty.c -nostdlib -Wl,--no-as-needed,--allow-shlib-undefined -o " + name;
  for (const std::string& need : needs) command += " " + need;
  std::string more = flags;
  replace_all(more, "@", folder_.path());
  folder_.run(command + " " + more);
}

std::string TinyPrograms::library(const std::string& name, const std::vector<std::string>& needs,
                                  const std::string& flags) const {
  build(name, needs, "-shared -fPIC " + flags);
  return path(name);
}

std::string TinyPrograms::program(const std::string& name, const std::vector<std::string>& needs,
                                  const std::string& flags) const {
  build(name, needs, "-pie -fPIE -Wl,-e,start " + flags);
  return path(name);
}

std::string TinyPrograms::short_text(std::string text) const {
  replace_all(text, folder_.path(), "@");
  return text;
}

std::vector<std::string> TinyPrograms::walk(const std::string& name,
                                            const ResolveOptions& options) const {
  std::string file = path(name);
  std::optional<ElfFile> elf = read_elf_file(file, file);
  REQUIRE(elf);
  std::string linker = elf->interpreter.value_or("/lib64/ld-linux-x86-64.so.2");
  ScratchFolder empty;
  std::string hwcaps = options.hwcaps == "baseline" ? "none" : options.hwcaps;
  std::string real = std::filesystem::canonical(file);
  Answer answer = answer_of_linker(linker, real, empty.path(), options.library_path, hwcaps);
  Answer ours = answer_of_walk(linker, real, options);
  CHECK_MESSAGE(answer == ours, file, "\n  only the linker:", only_in(answer, ours),
                "\n  only the walk:", only_in(ours, answer));
  std::vector<std::string> lines;
  for (const Library& library : resolve(Sysroot(), file, options).libraries) {
    lines.push_back(short_text(library.name + " => " + library.path));
  }
  for (const std::string& missing : ours.missing) lines.push_back(short_text(missing));
  return lines;
}

std::vector<std::string> TinyPrograms::tried(const std::string& name,
                                             const ResolveOptions& options) const {
  Closure closure = resolve(Sysroot(), path(name), options);
  REQUIRE_FALSE(closure.missing.empty());
  std::vector<std::string> lines;
  for (const Tried& tried : closure.missing[0].tried) {
    lines.push_back(short_text(tried.path + " (" + tried.why + ")"));
  }
  return lines;
}

}  // namespace scratchpack
