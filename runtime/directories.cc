#include "runtime/directories.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/data_files.h"
#include "runtime/decode.h"
#include "runtime/path_map.h"
#include "runtime/process.h"
#include "runtime/status.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

constexpr uint64_t kScratch = 64 * 1024;  // half for the kernel's records, half for ours
constexpr uint64_t kHeaderSize = 19;      // of a record, up to its name

struct Record {
  uint64_t ino;
  int64_t next;  // position behind this record: what seekdir goes by
  uint16_t length;
  uint8_t type;
  char name[1];
};

/// Records on their way into a memory file.
class Listing {
 public:
  Listing(long file, char* buffer, uint64_t size) : file_(file), buffer_(buffer), size_(size) {}

  void add(const char* name, uint64_t name_length, uint64_t ino, uint8_t type) {
    const uint64_t length = (kHeaderSize + name_length + 1 + 7) & ~uint64_t{7};
    if (length > size_ - used_) flush();
    if (length > size_ - used_ || error_ != 0) return;
    Record& record = *reinterpret_cast<Record*>(buffer_ + used_);
    __builtin_memset(&record, 0, length);
    position_ += length;
    record.ino = ino;
    record.next = static_cast<int64_t>(position_);
    record.length = static_cast<uint16_t>(length);
    record.type = type;
    __builtin_memcpy(record.name, name, name_length);
    used_ += length;
  }
  /// 0 or -errno of everything so far.
  long flush() {
    if (used_ != 0 && error_ == 0) {
      error_ = write_all(file_, reinterpret_cast<const unsigned char*>(buffer_), used_,
                         position_ - used_);
    }
    used_ = 0;
    return error_;
  }

 private:
  long file_;
  char* buffer_;
  uint64_t size_;
  uint64_t used_ = 0;
  uint64_t position_ = 0;
  long error_ = 0;
};

constexpr uint8_t kTypeDirectory = 4;
constexpr uint8_t kTypeFile = 8;
constexpr uint8_t kTypeLink = 10;

uint8_t type_of(const Entry& entry) {
  if (entry.kind == kKindDirectory) return kTypeDirectory;
  return entry.kind == kKindSymlink ? kTypeLink : kTypeFile;
}

void add_bundled(const Entry& directory, Listing& listing) {
  const Payload& payload = process.payload;
  for (uint32_t i = 0; i < directory.listed_count; ++i) {
    const uint32_t number = payload.lists[directory.first_listed + i];
    if (number >= payload.header->entry_count) continue;
    const Entry& child = payload.entries[number];
    if (!valid_entry(payload, child)) continue;
    const char* name = last_component(payload.path(child));
    listing.add(name, text_length(name), inode_of(child), type_of(child));
  }
}

/// What the container's directory of the same path has that the bundle's does not.
void add_container(const Entry& directory, char* buffer, uint64_t size, Listing& listing) {
  const Payload& payload = process.payload;
  const ScopedDescriptor real(
      sys(kSysOpenat, kAtFdcwd, payload.path(directory), kOpenDirectory | kOpenCloexec, 0));
  if (!real.valid()) return;
  const Entry* within = &directory == payload.entries ? nullptr : &directory;
  for (;;) {
    const long got = sys(kSysGetdents64, real.get(), buffer, size);
    if (got <= 0) return;
    for (long at = 0; at < got;) {
      const Record& record = *reinterpret_cast<const Record*>(buffer + at);
      at += record.length;
      if (text_equal(record.name, ".") || text_equal(record.name, "..")) continue;
      const uint64_t length = text_length(record.name);
      if (find_child(payload, within, record.name, length) != nullptr) continue;
      listing.add(record.name, length, record.ino, record.type);
    }
  }
}

long fill(const Entry& directory, long file) {
  const long area =
      sys(kSysMmap, 0, kScratch, kProtRead | kProtWrite, kMapPrivate | kMapAnonymous, -1, 0);
  if (failed(area)) return area;
  char* scratch = reinterpret_cast<char*>(area);
  Listing listing(file, scratch, kScratch / 2);
  listing.add(".", 1, inode_of(directory), kTypeDirectory);
  listing.add("..", 2, inode_of(directory), kTypeDirectory);
  add_bundled(directory, listing);
  add_container(directory, scratch + kScratch / 2, kScratch / 2, listing);
  const long result = listing.flush();
  sys(kSysMunmap, area, kScratch);
  return result;
}

}  // namespace

long open_directory(const Entry& directory, uint64_t flags) {
  ScopedDescriptor file(sys(kSysMemfdCreate, last_component(process.payload.path(directory)), 1));
  if (!file.valid()) return file.get();
  const long result = fill(directory, file.get());
  if (failed(result)) return result;
  mark_file(file.get(), directory);
  const long cloexec = static_cast<long>(flags & kOpenCloexec);
  const long closed_to_reads = reopen(file.get(), kOpenAccessMode | cloexec);
  if (!failed(closed_to_reads)) return closed_to_reads;
  if (cloexec == 0) sys(kSysFcntl, file.get(), 2, 0);  // F_SETFD
  return file.release();
}

const Entry* directory_of(long descriptor) {
  KernelStat status;
  if (sys(kSysFstat, descriptor, &status) != 0) return nullptr;
  const Entry* entry = marked_entry(status);
  return entry != nullptr && entry->kind == kKindDirectory ? entry : nullptr;
}

long list_call(long descriptor, uint64_t buffer, uint64_t size) {
  const long result = sys(kSysGetdents64, descriptor, buffer, size);
  if (result != -kENOTDIR || directory_of(descriptor) == nullptr) return result;
  const long position = sys(kSysLseek, descriptor, 0, 1);
  if (failed(position)) return position;
  const ScopedDescriptor readable(reopen(descriptor, kOpenCloexec));
  const long from = readable.valid() ? readable.get() : descriptor;
  const long got = sys(kSysPread64, from, buffer, size, position);
  if (got <= 0) return got;
  long whole = 0;
  while (whole + static_cast<long>(kHeaderSize) <= got) {
    const Record& record = *reinterpret_cast<const Record*>(buffer + static_cast<uint64_t>(whole));
    if (record.length == 0 || whole + record.length > got) break;
    whole += record.length;
  }
  if (whole == 0) return -kEINVAL;
  sys(kSysLseek, descriptor, position + whole, 0);
  return whole;
}

}  // namespace scratchpack
