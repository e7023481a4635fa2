// The rules of the dynamic linkers: for a name in DT_NEEDED, the places where the program's own
// linker would look, in its order. Which linker it is, the program's PT_INTERP says: the same name
// means different files to glibc's and to musl's.
//
//              glibc (ld-linux-*)                           musl (ld-musl-*)
//   1          DT_RPATH of the object, of who loaded it,    LD_LIBRARY_PATH
//              … up to the program; not at all when the
//              object has DT_RUNPATH
//   2          LD_LIBRARY_PATH                              DT_RUNPATH, else DT_RPATH, of the
//   object,
//                                                           of who loaded it, … up to the program
//   3          DT_RUNPATH of the object                     the paths of /etc/ld-musl-x86_64.path,
//                                                           else /lib:/usr/local/lib:/usr/lib
//   4          /etc/ld.so.cache
//   5          the default directories built into it
//   never 4, 5 an object with DF_1_NODEFLIB
//   loaded     name, DT_SONAME, same file                   name found without a slash, same file
//   passed by  files of another class or machine            nothing: the first file that opens
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bundler/base/path_text.h"
#include "bundler/find/elf_file.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// An object of the process as its linker knows it.
struct Object {
  std::string path;           ///< as it was opened
  std::string origin;         ///< what $ORIGIN means for it
  std::string placed_origin;  ///< the same in the bundle, where the object may lie elsewhere
  ElfFile elf;
  const Object* loader = nullptr;       ///< who asked for it first; nullptr for the program
  std::vector<std::string> names = {};  ///< it is known by
  std::uint64_t device = 0;             ///< with inode: the file
  std::uint64_t inode = 0;
};

/// One place to look for a library.
struct Candidate {
  std::string path;
  std::string placed;  ///< where the file must lie in the bundle; differs from path with $ORIGIN
  std::string source;  ///< "DT_RUNPATH of /usr/bin/x", "/etc/ld.so.cache", "default directory"
  std::string passed_over = {};  ///< why the linker does not even look there; else empty
};

/// A dynamic linker: the facts of its root file system, and its rules.
class Linker {
 public:
  Linker(const Sysroot& sysroot, std::string path, const ResolveOptions& options)
      : sysroot_(sysroot), path_(std::move(path)), options_(options) {}
  Linker(const Linker&) = delete;
  Linker& operator=(const Linker&) = delete;
  virtual ~Linker() = default;

  /// PT_INTERP's path, or the one chosen for a library.
  const std::string& path() const { return path_; }

  /// `name` as the linker asks for it on behalf of `object`: glibc expands tokens first.
  virtual std::string asked_name(const std::string& name, const Object& object) const = 0;
  /// True where `name` means the linker itself whatever lies in the search path.
  virtual bool is_itself(const std::string& name) const = 0;
  /// True where a loaded object is what `name` asks for. May learn a name.
  virtual bool answers_to(Object& object, const std::string& name) const = 0;
  /// Told when a search for `name` ended at an object that is loaded already, or just was.
  virtual void found_as(Object& object, const std::string& name) const = 0;
  /// True where the search goes on behind a file of another class or machine.
  virtual bool skips_foreign() const = 0;
  /// Everything the linker would try for `name` (as written in the object), asked for by `object`
  /// of `program`'s process.
  virtual std::vector<Candidate> candidates(const std::string& name, const Object& object,
                                            const Object& program) const = 0;

 protected:
  /// The directories of `list`, expanded for `object`, joined with `name` and appended. What
  /// depends on the working directory is passed over.
  void add_directories(std::vector<Candidate>& candidates, const std::vector<std::string>& list,
                       const std::string& name, const Object& object,
                       const std::string& source) const;

  /// `text` with its tokens replaced, `origin` for $ORIGIN; empty where the linker gives up on it.
  virtual std::string expand(const std::string& text, const std::string& origin) const = 0;
  /// Directories below each directory that are searched first, with their slash; "" is the last.
  virtual std::vector<std::string> subdirectories() const { return {""}; }

  const Sysroot& sysroot_;
  std::string path_;
  const ResolveOptions& options_;
};

/// The linker of a PT_INTERP path. It need not exist: its rules are known by its name.
std::unique_ptr<Linker> make_linker(const Sysroot& sysroot, const std::string& interpreter,
                                    const ResolveOptions& options);
std::unique_ptr<Linker> make_glibc_linker(const Sysroot& sysroot, const std::string& interpreter,
                                          const ResolveOptions& options);
std::unique_ptr<Linker> make_musl_linker(const Sysroot& sysroot, const std::string& interpreter,
                                         const ResolveOptions& options);

/// The linker that loads a shared library, which names none: `preferred` unless the C library it
/// needs says otherwise; without a preference whichever the root file system has.
std::string linker_for_library(const Sysroot& sysroot, const ElfFile& library,
                               const std::string& preferred);

/// The file with musl's search path for a linker, /etc/ld-musl-x86_64.path beside its /lib.
std::string musl_path_file(const std::string& interpreter);
/// Its directories in order, or the built-in ones when it is missing.
std::vector<std::string> musl_directories(const Sysroot& sysroot, const std::string& interpreter);

/// Splits at any of `separators`; empty parts are kept.
std::vector<std::string> split_list(const std::string& text, const char* separators);

}  // namespace scratchpack
