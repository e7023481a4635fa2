#include "bundler/find/resolve.h"

#include <fmt/format.h>

#include "bundler/base/error.h"
#include "bundler/find/binary.h"
#include "bundler/find/walk.h"

namespace scratchpack {
namespace {

/// Throws unless the program's interpreter is there and of its kind.
void check_interpreter(const Sysroot& sysroot, const Binary& binary) {
  const std::string& path = *binary.elf.interpreter;
  auto fail = [&](const std::string& reason) {
    throw Error(fmt::format(
        "build {}: its dynamic linker {} {} (install the C library it was built for, or name the "
        "root file system that has it with --sysroot)",
        binary.path, path, reason));
  };
  std::string place = sysroot.root() == "/" ? "" : " in " + sysroot.root();
  if (!path.starts_with('/')) fail("is not an absolute path");
  std::optional<FileStatus> status = sysroot.stat(path);
  if (!status) fail(why_missing(sysroot, path) + place);
  if (status->kind != FileKind::file) fail("is not a file");
  std::optional<ElfFile> elf = read_elf_file(*sysroot.host_path(path), path);
  if (!elf) fail("is not an ELF file");
  if (!elf->is_native()) fail("is for " + elf->architecture());
}

}  // namespace

Binary sysroot_binary(const Sysroot& sysroot, const std::string& path, ElfFile elf) {
  bool is_program = elf.kind == ElfKind::dynamic_program;
  std::string origin = directory_of(is_program ? sysroot.resolve(path).value_or(path) : path);
  return {path, origin, origin, std::move(elf)};
}

Closure resolve_binary(const Sysroot& sysroot, const Binary& binary,
                       const ResolveOptions& options) {
  check_native(binary.elf, binary.path);
  if (binary.elf.kind == ElfKind::static_program) {
    throw Error(fmt::format("resolve {}: is static and needs no library", binary.path));
  }
  Closure closure;
  std::string interpreter;
  if (binary.elf.kind == ElfKind::dynamic_program) {
    check_interpreter(sysroot, binary);
    interpreter = closure.interpreter = *binary.elf.interpreter;
  } else {
    interpreter = linker_for_library(sysroot, binary.elf, options.interpreter);
  }
  std::unique_ptr<Linker> linker = make_linker(sysroot, interpreter, options);
  Object root;
  root.path = binary.path;
  root.origin = binary.origin;
  root.placed_origin = binary.placed_origin;
  root.elf = binary.elf;
  Closure walked = Walk(sysroot, *linker).run(std::move(root));
  closure.libraries = std::move(walked.libraries);
  closure.missing = std::move(walked.missing);
  closure.needs = std::move(walked.needs);
  return closure;
}

Closure resolve(const Sysroot& sysroot, const std::string& path, const ResolveOptions& options) {
  std::string absolute = normal_path(path);
  std::optional<FileStatus> status = sysroot.stat(absolute);
  if (!status) throw Error(fmt::format("resolve {}: {}", absolute, why_missing(sysroot, absolute)));
  if (status->kind != FileKind::file)
    throw Error(fmt::format("resolve {}: is not a file", absolute));
  std::optional<ElfFile> elf = read_elf_file(*sysroot.host_path(absolute), absolute);
  if (!elf) throw Error(fmt::format("resolve {}: is not an ELF file", absolute));
  return resolve_binary(sysroot, sysroot_binary(sysroot, absolute, std::move(*elf)), options);
}

std::string why_missing(const Sysroot& sysroot, const std::string& path) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    std::string part = path.substr(0, end);
    std::string subject = end == std::string::npos ? "" : "cannot be reached, as " + part + " ";
    if (!sysroot.lstat(part)) return subject + "does not exist";
    std::optional<FileStatus> status = sysroot.stat(part);
    if (!status) return subject + "is a link that leads nowhere";
    bool is_last = end == std::string::npos;
    if (!is_last && status->kind != FileKind::directory) return subject + "is not a directory";
  }
  return "cannot be reached";
}

void check_native(const ElfFile& elf, const std::string& path) {
  if (!elf.is_native()) {
    throw Error(fmt::format(
        "build {}: is built for {}, this tool bundles x86-64 programs (build it for x86-64)", path,
        elf.architecture()));
  }
  if (elf.kind == ElfKind::other) {
    throw Error(fmt::format(
        "build {}: is an ELF file, but neither a program nor a shared library (link it first)",
        path));
  }
}

}  // namespace scratchpack
