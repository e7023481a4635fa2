#include "bootloader/placement.h"

#include "bootloader/leftovers.h"
#include "bootloader/report.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/format.h"

namespace scratchpack {
namespace {

constexpr long kSysStatfs = 137;
constexpr uint64_t kTmpfsMagic = 0x01021994;
constexpr uint64_t kSlack = 256 * 1024;  // directories, links and the linker's copy

struct KernelStatfs {
  uint64_t type, bsize, blocks, bfree, bavail, files, ffree;
  int32_t fsid[2];
  uint64_t namelen, frsize, flags, spare[4];
};
static_assert(sizeof(KernelStatfs) == 120);

bool make_directory(const char* parent, Place& place, long& error) {
  constexpr const char* kLetters = "abcdefghijklmnopqrstuvwxyz012345";
  for (int attempt = 0; attempt < 16; ++attempt) {
    unsigned char random[8];
    if (sys(kSysGetrandom, random, sizeof random, 0) != sizeof random) {
      error = -kEIO;
      return false;
    }
    TextBuilder path(place.path, sizeof place.path);
    path.add(parent, text_equal(parent, "/") ? 0 : text_length(parent)).add("/").add(kPlacePrefix);
    char letters[sizeof random + 1];
    TextBuilder name(letters, sizeof letters);
    for (const unsigned char byte : random) name.add(kLetters + (byte & 31), 1);
    path.add(letters);
    if (!path.fits()) {
      error = -kENAMETOOLONG;
      return false;
    }
    error = make_owned_directory(parent, letters, place.path);
    if (!failed(error)) return true;
    if (error != -kEEXIST) return false;
  }
  return false;
}

/// Whether a file made in `place` can be mapped executable. 0 or -errno.
long probe(const Place& place) {
  char name[600];
  TextBuilder path(name, sizeof name);
  path.add(place.path).add("/probe");
  const ScopedDescriptor file(sys(kSysOpenat, kAtFdcwd, name,
                                  kOpenReadWrite | kOpenCreate | kOpenExclusive | kOpenCloexec,
                                  0700));
  if (!file.valid()) return file.get();
  long result = sys(kSysPwrite64, file.get(), "probe", 5, 0);
  if (result >= 0) {
    result = sys(kSysMmap, 0, kPageSize, kProtRead | kProtExec, kMapPrivate, file.get(), 0);
    if (!failed(result)) {
      sys(kSysMunmap, result, kPageSize);
      result = 0;
    }
  }
  sys(kSysUnlinkat, kAtFdcwd, name, 0);
  return result;
}

void note(TextBuilder& tried, const char* parent, const char* why) {
  tried.add(tried.length() == 0 ? "" : "; ").add(parent).add(": ").add(why);
}

bool try_parent(const char* parent, uint64_t needed, Place& place, TextBuilder& tried) {
  remove_leftovers(parent);
  long error = 0;
  if (!make_directory(parent, place, error)) {
    note(tried, parent, error_text(error));
    return false;
  }
  error = probe(place);
  if (failed(error)) {
    note(tried, parent, error == -1 ? "mounted noexec" : error_text(error));
    remove_tree(place.path);
    return false;
  }
  KernelStatfs space = {};
  if (sys(kSysStatfs, place.path, &space) == 0 &&
      space.bavail < (needed + kSlack) / (space.bsize == 0 ? 1 : space.bsize)) {
    char text[80];
    TextBuilder why(text, sizeof text);
    why.add_number(space.bavail * space.bsize >> 20).add(" MiB free, ");
    why.add_number(((needed + kSlack) >> 20) + 1).add(" MiB needed");
    note(tried, parent, text);
    remove_tree(place.path);
    return false;
  }
  return true;
}

bool is_tmpfs(const char* path) {
  KernelStatfs status = {};
  return sys(kSysStatfs, path, &status) == 0 && status.type == kTmpfsMagic;
}

/// The places by number, without a table of pointers (nothing here may need relocation).
const char* candidate(int number) {
  switch (number) {
    case 0:
      return "/dev/shm";
    case 1:
      return "/tmp";
    case 2:
      return "/run";
    case 3:
      return "/dev";
    case 4:
      return "/var/tmp";
    case 5:
      return "/";
    default:
      return nullptr;
  }
}

}  // namespace

bool make_place(const char* only, uint64_t needed, Place& place, TextBuilder& tried) {
  if (only != nullptr) {
    if (only[0] != '/') {
      note(tried, only, "not an absolute path");
      return false;
    }
    return try_parent(only, needed, place, tried);
  }
  for (int pass = 0; pass < 2; ++pass) {
    for (int i = 0; candidate(i) != nullptr; ++i) {
      if (is_tmpfs(candidate(i)) != (pass == 0)) continue;  // memory first, then disk
      if (try_parent(candidate(i), needed, place, tried)) return true;
    }
  }
  return false;
}

}  // namespace scratchpack
