#include "bundler/find/search_path.h"

#include <algorithm>

namespace scratchpack {

void Linker::add_directories(std::vector<Candidate>& candidates,
                             const std::vector<std::string>& list, const std::string& name,
                             const Object& object, const std::string& source) const {
  for (const std::string& item : list) {
    std::string directory = expand(item, object.origin);
    std::string placed = expand(item, object.placed_origin);
    if (directory.empty() && !item.empty()) {
      candidates.push_back({item + "/" + name, "", source, "the linker does not know the token"});
      continue;
    }
    if (!directory.starts_with('/')) {
      std::string shown = directory.empty() ? "./" + name : directory + "/" + name;
      candidates.push_back({shown, "", source, "depends on the working directory"});
      continue;
    }
    while (directory.ends_with('/')) directory.pop_back();
    while (placed.ends_with('/')) placed.pop_back();
    for (const std::string& below : subdirectories()) {
      std::string file = "/" + below + name;
      candidates.push_back({directory + file, placed + file, source});
    }
  }
}

std::unique_ptr<Linker> make_linker(const Sysroot& sysroot, const std::string& interpreter,
                                    const ResolveOptions& options) {
  return is_musl_linker(interpreter) ? make_musl_linker(sysroot, interpreter, options)
                                     : make_glibc_linker(sysroot, interpreter, options);
}

bool is_musl_linker(const std::string& interpreter) {
  return interpreter.substr(interpreter.rfind('/') + 1).starts_with("ld-musl-");
}

std::string linker_for_library(const Sysroot& sysroot, const ElfFile& library,
                               const std::string& preferred) {
  const std::string glibc = "/lib64/ld-linux-x86-64.so.2";
  const std::string musl = "/lib/ld-musl-x86_64.so.1";
  auto choose = [&](bool wants_musl) {
    bool fits = !preferred.empty() && is_musl_linker(preferred) == wants_musl;
    return fits ? preferred : wants_musl ? musl : glibc;
  };
  for (const std::string& name : library.needed) {
    if (name == "libc.so.6" || name.starts_with("ld-linux")) return choose(false);
    if (name == "libc.so" || name.starts_with("libc.musl-")) return choose(true);
  }
  if (!preferred.empty()) return preferred;
  return choose(!sysroot.stat(glibc) && sysroot.stat(musl));
}

std::vector<std::string> split_list(const std::string& text, const char* separators) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace scratchpack
