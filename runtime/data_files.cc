#include "runtime/data_files.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/decode.h"
#include "runtime/process.h"
#include "runtime/status.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

constexpr long kMemfdCloexec = 1;
constexpr long kMemfdAllowSealing = 2;
constexpr long kSealAll = 0xf;  // SEAL, SHRINK, GROW, WRITE

long fill(const Entry& entry, long file) {
  const Payload& payload = process.payload;
  if (entry.method == kMethodZstd) return decode_entry_to_file(payload, entry, file, 0);
  return write_all(file, payload.base + entry.offset, entry.image_size, 0);
}

/// The memory file's name: what /proc/PID/maps and fd show. At most 249 bytes are allowed.
long make_file(const Entry& entry, bool close_on_exec) {
  const char* name = process.payload.path(entry);
  if (entry.path_length > 240) name += entry.path_length - 240;
  return sys(kSysMemfdCreate, name, (close_on_exec ? kMemfdCloexec : 0) | kMemfdAllowSealing);
}

/// Whether a line of passwd or group has `id` as its third field.
bool has_id(const char* text, uint64_t size, const char* id, uint64_t id_length) {
  uint64_t field = 0;
  for (uint64_t i = 0; i < size; ++i) {
    if (text[i] == '\n') {
      field = 0;
    } else if (text[i] == ':' && ++field == 2) {
      uint64_t k = 0;
      while (k < id_length && i + 1 + k < size && text[i + 1 + k] == id[k]) ++k;
      if (k == id_length && i + 1 + k < size && text[i + 1 + k] == ':') return true;
    }
  }
  return false;
}

long append_user(const Entry& entry, long file) {
  if (entry.method != kMethodRaw) return 0;
  const bool group = text_equal(last_component(process.payload.path(entry)), "group");
  const uint64_t uid = static_cast<uint64_t>(sys(kSysGeteuid));
  const uint64_t gid = static_cast<uint64_t>(sys(kSysGetegid));
  char id_text[24];
  TextBuilder id(id_text, sizeof id_text);
  id.add_number(group ? gid : uid);
  const char* text = reinterpret_cast<const char*>(process.payload.base + entry.offset);
  if (has_id(text, entry.size, id.text(), id.length())) return 0;
  char line_text[160];
  TextBuilder line(line_text, sizeof line_text);
  if (entry.size > 0 && text[entry.size - 1] != '\n') line.add("\n");
  if (group) {
    line.add("user:x:").add_number(gid).add(":\n");
  } else {
    line.add("user:x:").add_number(uid).add(":").add_number(gid).add(":user:/:/sbin/nologin\n");
  }
  return write_all(file, reinterpret_cast<const unsigned char*>(line.text()), line.length(),
                   entry.size);
}

/// For O_PATH: a descriptor of the file by which it cannot be read.
long closed_to_reads(ScopedDescriptor& file, long flags) {
  const long path_only = reopen(file.get(), kOpenPath | (flags & kOpenCloexec));
  return failed(path_only) ? file.release() : path_only;
}

}  // namespace

long restore_original(const Payload& payload, const Entry& entry, long file) {
  for (uint32_t i = 0; i < entry.undo_count; ++i) {
    const UndoRecord& record = payload.undo[entry.first_undo + i];
    if (!valid_undo(payload, entry, record)) return -kEIO;
    const long result =
        write_all(file, reinterpret_cast<const unsigned char*>(payload.strings) + record.bytes,
                  record.length, record.offset);
    if (result != 0) return result;
  }
  return entry.image_size == entry.size ? 0 : sys(kSysFtruncate, file, entry.size);
}

long open_link(const Entry& entry, long flags) {
  ScopedDescriptor file(make_file(entry, (flags & kOpenCloexec) != 0));
  if (!file.valid()) return file.get();
  mark_file(file.get(), entry);
  return closed_to_reads(file, flags);
}

long reopen(long descriptor, long flags) {
  char path[40];
  TextBuilder text(path, sizeof path);
  text.add("/proc/self/fd/").add_number(static_cast<uint32_t>(descriptor));
  return sys(kSysOpenat, kAtFdcwd, path, flags, 0);
}

long new_image_file(const Entry& entry) {
  ScopedDescriptor file(make_file(entry, true));
  if (!file.valid()) return file.get();
  const long result = fill(entry, file.get());
  return failed(result) ? result : file.release();
}

long open_data(const Entry& entry, long flags) {
  ScopedDescriptor file(make_file(entry, (flags & kOpenCloexec) != 0));
  if (!file.valid()) return file.get();
  long result = fill(entry, file.get());
  if (result == 0 && entry.slot != 0) result = restore_original(process.payload, entry, file.get());
  if (result == 0 && (entry.flags & kFlagAppendUser) != 0) result = append_user(entry, file.get());
  if (failed(result)) return result;
  mark_file(file.get(), entry);
  sys(kSysFcntl, file.get(), 1033, kSealAll);  // F_ADD_SEALS
  return (flags & kOpenPath) != 0 ? closed_to_reads(file, flags) : file.release();
}

long read_head(const Entry& entry, char* buffer, uint64_t size) {
  if (size > entry.size) size = entry.size;
  if (entry.method == kMethodRaw) {
    const unsigned char* from = process.payload.base + entry.offset;
    for (uint64_t i = 0; i < size; ++i) buffer[i] = static_cast<char>(from[i]);
    return static_cast<long>(size);
  }
  ScopedDescriptor file(new_image_file(entry));
  if (!file.valid()) return file.get();
  return sys(kSysPread64, file.get(), buffer, size, 0);
}

}  // namespace scratchpack
