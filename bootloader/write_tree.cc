#include "bootloader/write_tree.h"

#include "bootloader/elf.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/decode.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

long write_content(const Payload& payload, const Entry& entry, long file) {
  long result = 0;
  if (entry.method == kMethodZstd) {
    result = decode_entry_to_file(payload, entry, file, 0);
  } else {
    result = write_all(file, payload.base + entry.offset, entry.size, 0);
  }
  for (uint32_t i = 0; result == 0 && i < entry.undo_count; ++i) {
    const UndoRecord& record = payload.undo[entry.first_undo + i];
    if (!valid_undo(payload, entry, record)) return -kEIO;
    result = write_all(file, reinterpret_cast<const unsigned char*>(payload.strings) + record.bytes,
                       record.length, record.offset);
  }
  if (result == 0 && entry.image_size != entry.size) {
    result = sys(kSysFtruncate, file, entry.size);
  }
  return result;
}

/// Makes an extracted program's PT_INTERP name `linker`: in its own place when the path fits, else
/// behind the end of the file. The address the running program sees it at keeps the old name.
long name_linker(const Entry& entry, long file, const char* linker) {
  ElfHeader elf;
  if (sys(kSysPread64, file, &elf, sizeof elf, 0) != sizeof elf) return -kEIO;
  const uint64_t length = text_length(linker) + 1;
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(linker);
  for (uint64_t i = 0; i < elf.phnum; ++i) {
    ProgramHeader header;
    const uint64_t at = elf.phoff + i * sizeof header;
    if (at > entry.size || sizeof header > entry.size - at) return -kENOEXEC;
    if (sys(kSysPread64, file, &header, sizeof header, at) != sizeof header) return -kEIO;
    if (header.type != kPtInterp) continue;
    if (header.offset > entry.size || header.filesz > entry.size - header.offset) return -kENOEXEC;
    const bool fits = length <= header.filesz;
    if (!fits) header.offset = entry.size;
    header.filesz = header.memsz = length;
    const long result = write_all(file, bytes, length, header.offset);
    if (result != 0) return result;
    return write_all(file, reinterpret_cast<const unsigned char*>(&header), sizeof header, at);
  }
  return 0;
}

long write_file(const Payload& payload, const Entry& entry, const char* path, const char* linker) {
  ScopedDescriptor file(
      sys(kSysOpenat, kAtFdcwd, path,
          kOpenReadWrite | kOpenCreate | kOpenExclusive | kOpenCloexec | kOpenNofollow, 0600));
  if (!file.valid()) return file.get();
  long result = write_content(payload, entry, file.get());
  if (result == 0 && linker != nullptr && (entry.flags & kFlagProgram) != 0) {
    result = name_linker(entry, file.get(), linker);
  }
  if (result == 0) result = sys(kSysFchmod, file.get(), entry.mode);
  const long closed = file.close();
  return failed(result) ? result : closed;
}

long write_link(const Payload& payload, const Entry& entry, const char* path, const char* root,
                bool into_tree) {
  const char* target = payload.text(entry.target);
  if (!into_tree || target[0] != '/') return sys(kSysSymlinkat, target, kAtFdcwd, path);
  char inside[1600];
  TextBuilder text(inside, sizeof inside);
  text.add(root).add(target);
  return text.fits() ? sys(kSysSymlinkat, inside, kAtFdcwd, path) : -kENAMETOOLONG;
}

}  // namespace

uint64_t tree_size(const Payload& payload) {
  uint64_t size = 0;
  for (uint32_t i = 0; i < payload.header->entry_count; ++i) {
    const Entry& entry = payload.entries[i];
    if (entry.kind != kKindFile) {
      size += kPageSize;
      continue;
    }
    uint64_t rounded = 0;
    if (__builtin_add_overflow(entry.size, kPageSize - 1, &rounded) ||
        __builtin_add_overflow(size, rounded & ~(kPageSize - 1), &size)) {
      return UINT64_MAX / 2;
    }
  }
  return size;
}

bool write_tree(const Payload& payload, const char* root, const char* linker, TreeFault& fault) {
  TextBuilder path(fault.path, sizeof fault.path);
  path.add(root);
  const uint64_t root_length = path.length();
  // Entries are sorted by path: a directory comes before what lies in it.
  for (uint32_t i = 1; i < payload.header->entry_count; ++i) {
    const Entry& entry = payload.entries[i];
    path.cut(root_length);
    fault.error = -kEIO;
    if (!valid_entry(payload, entry)) return false;
    path.add(payload.path(entry));
    if (!path.fits()) {
      fault.error = -kENAMETOOLONG;
      return false;
    }
    if (entry.kind == kKindDirectory) {
      fault.error = sys(kSysMkdirat, kAtFdcwd, fault.path, 0755);
      if (fault.error == -kEEXIST) fault.error = 0;
    } else if (entry.kind == kKindSymlink) {
      fault.error = write_link(payload, entry, fault.path, root, linker != nullptr);
    } else {
      fault.error = write_file(payload, entry, fault.path, linker);
    }
    if (failed(fault.error)) return false;
  }
  return true;
}

}  // namespace scratchpack
