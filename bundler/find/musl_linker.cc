// musl's linker, as its ldso/dynlink.c does it (1.1.20 to 1.2.5): the linker is the C library, so
// the names of the C library's parts never reach the file system. Else a musl program's
// `libc.so` would be taken for the linker script that glibc's development files put there.

#include <array>
#include <string_view>

#include "bundler/find/search_path.h"

namespace scratchpack {
namespace {

constexpr std::array<std::string_view, 7> kReserved = {"libc.",  "libpthread.", "librt.",  "libm.",
                                                       "libdl.", "libutil.",    "libxnet."};

class MuslLinker : public Linker {
 public:
  MuslLinker(const Sysroot& sysroot, const std::string& path, const ResolveOptions& options)
      : Linker(sysroot, path, options), directories_(musl_directories(sysroot, path)) {}

  std::string asked_name(const std::string& name, const Object& /*object*/) const override {
    return name;
  }

  bool is_itself(const std::string& name) const override {
    for (std::string_view reserved : kReserved) {
      if (name.starts_with(reserved)) return true;
    }
    return name == path_;
  }

  bool answers_to(Object& object, const std::string& name) const override {
    if (name.find('/') != std::string::npos) return false;
    return !object.names.empty() && object.names.front() == name;
  }

  // An object gets one short name when a search first finds it: that of the file it was opened as.
  void found_as(Object& object, const std::string& name) const override {
    if (name.find('/') != std::string::npos || !object.names.empty()) return;
    object.names = {object.path.substr(object.path.rfind('/') + 1)};
  }

  bool skips_foreign() const override { return false; }

  std::vector<Candidate> candidates(const std::string& name, const Object& object,
                                    const Object& /*program*/) const override {
    std::vector<Candidate> candidates;
    if (name.find('/') != std::string::npos) {
      std::string why = name.starts_with('/') ? "" : "depends on the working directory";
      return {{name, name, "named in " + object.path, why}};
    }
    add_directories(candidates, options_.library_path, name, object, "library path");
    for (const Object* from = &object; from != nullptr; from = from->loader) {
      const std::optional<std::string>& list =
          from->elf.runpath ? from->elf.runpath : from->elf.rpath;
      if (!list || has_unknown_token(*list)) continue;
      add_directories(candidates, directories_in(*list), name, *from, "run path of " + from->path);
    }
    add_directories(candidates, directories_, name, object, "default directory");
    return candidates;
  }

 protected:
  std::string expand(const std::string& text, const std::string& origin) const override {
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
      std::size_t length = token(text, i);
      result += length > 0 ? origin : text.substr(i, 1);
      i += length > 0 ? length : 1;
    }
    return result;
  }

 private:
  static std::size_t token(const std::string& text, std::size_t at) {
    for (std::string_view name : {"$ORIGIN", "${ORIGIN}"}) {
      if (text.compare(at, name.size(), name) == 0) return name.size();
    }
    return 0;
  }

  /// A list with any other token is ignored as a whole.
  static bool has_unknown_token(const std::string& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i] == '$' && token(list, i) == 0) return true;
    }
    return false;
  }

  static std::vector<std::string> directories_in(const std::string& list) {
    std::vector<std::string> directories;
    for (std::string& part : split_list(list, ":\n")) {
      if (!part.empty()) directories.push_back(std::move(part));
    }
    return directories;
  }

  std::vector<std::string> directories_;
};

}  // namespace

std::string musl_path_file(const std::string& interpreter) {
  // ld-musl-x86_64.so.1 reads ld-musl-x86_64.path in the /etc beside its own directory.
  std::string name = interpreter.substr(interpreter.rfind('/') + 1);
  name = name.substr(0, name.find('.'));
  std::string prefix = directory_of(directory_of(interpreter));
  return (prefix == "/" ? "" : prefix) + "/etc/" + name + ".path";
}

std::vector<std::string> musl_directories(const Sysroot& sysroot, const std::string& interpreter) {
  std::optional<std::string> text = sysroot.read_text(musl_path_file(interpreter));
  std::vector<std::string> directories;
  for (std::string& part : split_list(text.value_or("/lib:/usr/local/lib:/usr/lib"), ":\n")) {
    if (!part.empty()) directories.push_back(std::move(part));
  }
  return directories;
}

std::unique_ptr<Linker> make_musl_linker(const Sysroot& sysroot, const std::string& interpreter,
                                         const ResolveOptions& options) {
  return std::make_unique<MuslLinker>(sysroot, interpreter, options);
}

}  // namespace scratchpack
