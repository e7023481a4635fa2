#include "tests/cases/traced.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>

namespace scratchpack {

Use Trace::use_of(const std::string& path) const {
  auto found = profile.files.find(path);
  REQUIRE_MESSAGE(found != profile.files.end(), path, " is not in the profile");
  return found->second;
}

Trace trace_of(const ScratchFolder& folder, const std::string& command, const std::string& options,
               const std::string& before) {
  std::filesystem::remove(folder.path("p"));
  Trace trace{run(folder, "trace -o p " + options + " -- " + command, before), {}};
  REQUIRE_MESSAGE(std::filesystem::exists(folder.path("p")), trace.ran.errors);
  trace.profile = load_profile(folder.path("p"));
  return trace;
}

std::string script(const ScratchFolder& folder, const std::string& name, const std::string& text) {
  std::string path = folder.write(name, text);
  std::filesystem::permissions(path, std::filesystem::perms(0755));
  return path;
}

std::string program(const ScratchFolder& folder, const std::string& name, const std::string& source,
                    const std::string& flags) {
  folder.write(name + ".c", source);
  folder.run(fmt::format("gcc -o {0} {0}.c {1}", name, flags));
  return folder.path(name);
}

}  // namespace scratchpack
