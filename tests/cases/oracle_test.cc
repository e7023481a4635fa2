// The oracle of the walk: for every dynamic program and shared library of the machine, the linker
// itself is asked what it would load.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "bundler/find/elf_file.h"
#include "bundler/find/search_path.h"
#include "tests/cases/linker_oracle.h"
#include "tests/cases/scratch_folder.h"

namespace fs = std::filesystem;
using namespace scratchpack;

namespace {

constexpr std::size_t kAtLeast = 800;
constexpr const char* kGlibc = "/lib64/ld-linux-x86-64.so.2";
constexpr const char* kMusl = "/lib/ld-musl-x86_64.so.1";

struct Subject {
  std::string path;
  std::string linker;
  Answer answer = {};
};

void add_subjects(const std::string& folder, std::vector<Subject>& subjects) {
  Sysroot machine;
  std::set<std::string> linkers = {fs::canonical(kGlibc), fs::canonical(kMusl)};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    std::string path = entry.path().string();
    if (entry.is_symlink() || !entry.is_regular_file() || linkers.contains(path)) continue;
    std::optional<ElfFile> elf = read_elf_file(path, path);
    if (!elf || !elf->is_native() || !elf->has_dynamic) continue;
    if (elf->kind == ElfKind::dynamic_program) subjects.push_back({path, *elf->interpreter});
    if (elf->kind != ElfKind::shared_library) continue;
    bool is_musl = path.find("-musl/") != std::string::npos;
    subjects.push_back({path, is_musl ? kMusl : linker_for_library(machine, *elf, "")});
  }
}

void ask_linkers(std::vector<Subject>& subjects) {
  ScratchFolder empty;
  std::atomic<std::size_t> next = 0;
  auto work = [&] {
    for (std::size_t i; (i = next++) < subjects.size();) {
      subjects[i].answer = answer_of_linker(subjects[i].linker, subjects[i].path, empty.path(), {});
    }
  };
  std::thread other(work);
  work();
  other.join();
}

}  // namespace

TEST_CASE("the walk of everything installed is what the linker itself lists") {
  std::vector<Subject> subjects;
  for (const char* folder : {"/usr/bin", "/usr/sbin", "/usr/lib"}) add_subjects(folder, subjects);
  ask_linkers(subjects);
  std::size_t same = 0;
  for (const Subject& subject : subjects) {
    Answer walk = answer_of_walk(subject.linker, subject.path, {});
    same += subject.answer == walk;
    CHECK_MESSAGE(subject.answer == walk, subject.path,
                  "\n  only the linker:", only_in(subject.answer, walk),
                  "\n  only the walk:", only_in(walk, subject.answer));
  }
  fmt::print("walk oracle: {} of {}\n", same, subjects.size());
  CHECK(subjects.size() >= kAtLeast);
}
