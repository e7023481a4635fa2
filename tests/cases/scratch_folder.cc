#include "tests/cases/scratch_folder.h"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

namespace scratchpack {
namespace fs = std::filesystem;

ScratchFolder::ScratchFolder() {
  std::string name = (fs::temp_directory_path() / "scratchpack-case.XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = fs::canonical(name).string();
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string ScratchFolder::path(const std::string& name) const {
  return name.empty() ? path_ : path_ + "/" + name;
}

std::string ScratchFolder::write(const std::string& name, const std::string& content) const {
  fs::create_directories(fs::path(path(name)).parent_path());
  std::ofstream file(path(name), std::ios::binary);
  file << content;
  file.close();
  REQUIRE_MESSAGE(file.good(), "cannot write ", path(name));
  return path(name);
}

std::string ScratchFolder::link(const std::string& name, const std::string& target) const {
  fs::create_directories(fs::path(path(name)).parent_path());
  fs::create_symlink(target, path(name));
  return path(name);
}

std::string ScratchFolder::copy(const std::string& name, const std::string& from) const {
  fs::create_directories(fs::path(path(name)).parent_path());
  fs::copy_file(from, path(name), fs::copy_options::overwrite_existing);
  return path(name);
}

void ScratchFolder::run(const std::string& command) const {
  int status = 0;
  std::string output = output_of("exec 2>&1; " + command, path_, &status);
  REQUIRE_MESSAGE(status == 0, command, "\n", output);
}

std::string output_of(const std::string& command, const std::string& directory, int* status) {
  std::string line = "cd '" + directory + "' && { " + command + "\n}";
  std::string output;
  char buffer[4096];
  FILE* pipe = ::popen(line.c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  while (std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) {
    output.append(buffer, count);
  }
  int result = ::pclose(pipe);
  if (status != nullptr) *status = WIFEXITED(result) ? WEXITSTATUS(result) : 128;
  return output;
}

std::string state_of(const ScratchFolder& folder) {
  return output_of(
      "find . -mindepth 1 | sort | while read f; do echo \"$f\"; "
      "test -f \"$f\" && sha256sum \"$f\"; done",
      folder.path());
}

}  // namespace scratchpack
