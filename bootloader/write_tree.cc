// Directories and links are made first, in order; then all cores write the files, the largest
// pieces first. A file of several pieces is made beforehand and finished by whoever writes its last
// one.
#include "bootloader/write_tree.h"

#include "bootloader/write_file.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/text.h"
#include "runtime/workers.h"

namespace scratchpack {
namespace {

constexpr uint64_t kWorthThreads = 256 * 1024;  // bytes; below, a second thread costs more
constexpr int kOpenMade = kOpenReadWrite | kOpenCloexec | kOpenNofollow;
constexpr int kOpenNew = kOpenMade | kOpenCreate | kOpenExclusive;

/// Pieces are put in order by size, in steps of this many bytes.
constexpr uint64_t kSizeStep = 4096;
constexpr uint64_t kSizeSteps = kLargestPiece / kSizeStep + 1;

struct Piece {
  uint32_t entry;
  uint32_t number;  // in its file
};

/// What all threads share.
struct Tree {
  const Payload* payload;
  const char* root;
  const char* linker;
  TreeFault* fault;
  int failed;  // whoever sets it first writes `fault`
  uint64_t next;
  uint64_t count;
  uint64_t bytes;               // of all pieces
  uint64_t largest_frame;       // bytes
  Piece* pieces;                // the largest first
  uint32_t* left;               // by entry: pieces to come until the file is complete
  uint64_t places[kSizeSteps];  // by size, the largest first: how many, then where the next goes
};

uint64_t size_step(uint64_t size) { return kSizeSteps - 1 - size / kSizeStep; }

bool set_fault(const Tree& tree, const Entry& entry, long error) {
  TextBuilder path(tree.fault->path, sizeof tree.fault->path);
  path.add(tree.root).add(tree.payload->path(entry));
  tree.fault->error = path.fits() ? error : -kENAMETOOLONG;
  return !failed(tree.fault->error);
}

/// Checks every entry and counts what there is to write.
bool survey(Tree& tree) {
  const Payload& payload = *tree.payload;
  for (uint32_t i = 1; i < payload.header->entry_count; ++i) {
    const Entry& entry = payload.entries[i];
    if (!valid_entry(payload, entry)) {
      tree.fault->error = -kEIO;
      return false;
    }
    if (entry.kind != kKindFile) continue;
    for (uint32_t k = 0; k < entry.frame_count; ++k) {
      const Frame& frame = payload.frames[entry.first_frame + k];
      if (!valid_frame(payload, entry, frame)) return set_fault(tree, entry, -kEIO);
      if (frame.size > tree.largest_frame) tree.largest_frame = frame.size;
    }
    const uint64_t count = pieces_of(entry);
    for (uint64_t k = 0; k < count; ++k) {
      const uint64_t size = piece_size(payload, entry, k);
      ++tree.places[size_step(size)];
      tree.bytes += size;
    }
    tree.count += count;
  }
  return true;
}

/// Lists the pieces, the largest first.
void order(Tree& tree) {
  uint64_t before = 0;
  for (uint64_t& place : tree.places) {
    const uint64_t count = place;
    place = before;
    before += count;
  }
  const Payload& payload = *tree.payload;
  for (uint32_t i = 1; i < payload.header->entry_count; ++i) {
    const Entry& entry = payload.entries[i];
    if (entry.kind != kKindFile) continue;
    const uint64_t count = pieces_of(entry);
    tree.left[i] = static_cast<uint32_t>(count);
    for (uint64_t k = 0; k < count; ++k) {
      uint64_t& place = tree.places[size_step(piece_size(payload, entry, k))];
      tree.pieces[place++] = {i, static_cast<uint32_t>(k)};
    }
  }
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

/// Directories, links, and the files that several threads will open.
bool make_names(const Tree& tree) {
  const Payload& payload = *tree.payload;
  TextBuilder path(tree.fault->path, sizeof tree.fault->path);
  path.add(tree.root);
  const uint64_t root_length = path.length();
  // Entries are sorted by path: a directory comes before what lies in it.
  for (uint32_t i = 1; i < payload.header->entry_count; ++i) {
    const Entry& entry = payload.entries[i];
    path.cut(root_length);
    path.add(payload.path(entry));
    long result = path.fits() ? 0 : -kENAMETOOLONG;
    if (result == 0 && entry.kind == kKindDirectory) {
      result = sys(kSysMkdirat, kAtFdcwd, path.text(), 0755);
      if (result == -kEEXIST) result = 0;
    } else if (result == 0 && entry.kind == kKindSymlink) {
      result = write_link(payload, entry, path.text(), tree.root, tree.linker != nullptr);
    } else if (result == 0 && tree.left[i] > 1) {
      result = sys(kSysOpenat, kAtFdcwd, path.text(), kOpenNew, 0600);
      if (!failed(result)) result = sys(kSysClose, result);
    }
    tree.fault->error = result;
    if (failed(result)) return false;
  }
  return true;
}

long write_in_place(const Tree& tree, const Worker& worker, const Piece& piece) {
  const Payload& payload = *tree.payload;
  const Entry& entry = payload.entries[piece.entry];
  char name[sizeof tree.fault->path];
  TextBuilder path(name, sizeof name);
  path.add(tree.root).add(payload.path(entry));
  if (!path.fits()) return -kENAMETOOLONG;
  const bool made = pieces_of(entry) > 1;
  ScopedDescriptor file(sys(kSysOpenat, kAtFdcwd, name, made ? kOpenMade : kOpenNew, 0600));
  if (!file.valid()) return file.get();
  long result = write_piece(payload, entry, piece.number, worker, file.get());
  if (result == 0 && __atomic_sub_fetch(&tree.left[piece.entry], 1, __ATOMIC_ACQ_REL) == 0) {
    result = finish_file(payload, entry, file.get(), tree.linker);
  }
  const long closed = file.close();
  return failed(result) ? result : closed;
}

void write_pieces(const Worker& worker) {
  Tree& tree = *static_cast<Tree*>(worker.shared);
  while (__atomic_load_n(&tree.failed, __ATOMIC_RELAXED) == 0) {
    const uint64_t number = __atomic_fetch_add(&tree.next, 1, __ATOMIC_RELAXED);
    if (number >= tree.count) return;
    const Piece& piece = tree.pieces[number];
    const long result = write_in_place(tree, worker, piece);
    if (!failed(result) || __atomic_exchange_n(&tree.failed, 1, __ATOMIC_ACQ_REL) != 0) continue;
    set_fault(tree, tree.payload->entries[piece.entry], result);
  }
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
  static Tree tree;
  tree = {};
  tree.payload = &payload;
  tree.root = root;
  tree.linker = linker;
  tree.fault = &fault;
  TextBuilder(fault.path, sizeof fault.path).add(root);
  if (!survey(tree)) return false;
  const uint64_t pieces_size = tree.count * sizeof(Piece);
  const uint64_t size = pieces_size + payload.header->entry_count * sizeof(uint32_t);
  const long area =
      sys(kSysMmap, 0, size, kProtRead | kProtWrite, kMapPrivate | kMapAnonymous, -1, 0);
  fault.error = area;
  if (failed(area)) return false;
  tree.pieces = reinterpret_cast<Piece*>(area);
  tree.left = reinterpret_cast<uint32_t*>(area + static_cast<long>(pieces_size));
  order(tree);
  if (make_names(tree)) {
    const uint32_t threads = tree.bytes < kWorthThreads ? 1 : processors();
    const long result = run_workers(write_pieces, &tree, tree.largest_frame, threads);
    if (failed(result)) fault.error = result;
  }
  sys(kSysMunmap, area, size);
  return !failed(fault.error);
}

}  // namespace scratchpack
