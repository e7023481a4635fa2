// floor WHAT BUNDLE [FOLDER]: the work that no start of a bundle can do without, on all cores, and
// nothing else. What is measured against it decodes the same frames and writes the same bytes.
//
//   start    decodes what the program opens at its start into memory files
//   tree     decodes or copies every file into FOLDER, which must be there and empty
//   nothing  decodes nothing: what it costs to start this program itself, to be subtracted
//
// Cores take the largest piece left; a piece is a frame, or 1 MB of a file stored as it is. Every
// core decodes into one buffer that stays in its cache as far as it fits, and writes from there.
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "runtime/format.h"

namespace {

using namespace scratchpack;

constexpr uint64_t kPiece = 1 << 20;

struct Piece {
  const unsigned char* from;
  uint64_t stored;    // bytes of a frame; 0: stored as it is
  uint64_t size;      // bytes written
  uint64_t position;  // in the file
  uint32_t file;      // number of the entry
};

void check(bool holds, const char* what) {
  if (holds) return;
  perror(what);
  exit(1);
}

const unsigned char* map_payload(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  check(file >= 0 && fstat(file, &status) == 0, path);
  void* mapped = mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  check(mapped != MAP_FAILED, path);
  const auto* bytes = static_cast<const unsigned char*>(mapped);
  const auto* elf = reinterpret_cast<const Elf64_Ehdr*>(bytes);
  const auto* headers = reinterpret_cast<const Elf64_Phdr*>(bytes + elf->e_phoff);
  uint64_t offset = 0;
  for (int i = 0; i < elf->e_phnum; ++i) {
    if (headers[i].p_type == PT_LOAD) offset = headers[i].p_offset;
  }
  return bytes + offset;
}

void add_pieces(const unsigned char* payload, uint32_t number, std::vector<Piece>& pieces) {
  const auto& header = *reinterpret_cast<const PayloadHeader*>(payload);
  const Entry& entry = reinterpret_cast<const Entry*>(payload + header.entries)[number];
  const auto* frames = reinterpret_cast<const Frame*>(payload + header.frames) + entry.first_frame;
  for (uint32_t i = 0; i < entry.frame_count; ++i) {
    pieces.push_back(
        {payload + frames[i].offset, frames[i].stored, frames[i].size, frames[i].position, number});
  }
  if (entry.method == kMethodZstd) return;
  for (uint64_t at = 0; at < entry.size; at += kPiece) {
    pieces.push_back(
        {payload + entry.offset + at, 0, std::min(kPiece, entry.size - at), at, number});
  }
}

std::vector<Piece> list_pieces(const unsigned char* payload, const std::string& what) {
  const auto& header = *reinterpret_cast<const PayloadHeader*>(payload);
  const auto* entries = reinterpret_cast<const Entry*>(payload + header.entries);
  const auto* lists = reinterpret_cast<const uint32_t*>(payload + header.lists);
  std::vector<Piece> pieces;
  if (what == "start") {
    const Entry& program = entries[header.launch.program];
    for (uint32_t i = 0; i < program.listed_count; ++i) {
      const uint32_t number = lists[program.first_listed + i];
      if (entries[number].method == kMethodZstd) add_pieces(payload, number, pieces);
    }
  } else if (what == "tree") {
    for (uint32_t i = 0; i < header.entry_count; ++i) {
      if (entries[i].kind == kKindFile) add_pieces(payload, i, pieces);
    }
  }
  const auto larger = [](const Piece& a, const Piece& b) { return a.size > b.size; };
  std::stable_sort(pieces.begin(), pieces.end(), larger);
  return pieces;
}

class Work {
 public:
  Work(std::vector<Piece> pieces, const char* folder) : pieces_(std::move(pieces)) {
    folder_ = folder == nullptr ? -1 : open(folder, O_DIRECTORY | O_CLOEXEC);
    check(folder == nullptr || folder_ >= 0, "open the folder");
  }

  void run() {
    cpu_set_t cores;
    check(sched_getaffinity(0, sizeof cores, &cores) == 0, "count the cores");
    std::vector<std::thread> others;
    if (!pieces_.empty()) {
      for (int i = 1; i < CPU_COUNT(&cores); ++i) others.emplace_back([this] { work(); });
      work();
    }
    for (std::thread& other : others) other.join();
  }

 private:
  void work() {
    constexpr uint64_t kHuge = 2 << 20;
    auto* buffer = static_cast<unsigned char*>(aligned_alloc(kHuge, kFrameSize));
    madvise(buffer, kFrameSize, MADV_HUGEPAGE);
    ZSTD_DCtx* decoder = ZSTD_createDCtx();
    const int memory = folder_ < 0 ? memfd_create("floor", MFD_CLOEXEC) : -1;
    uint64_t end = 0;
    for (size_t i = next_++; i < pieces_.size(); i = next_++) {
      const Piece& piece = pieces_[i];
      const unsigned char* from = piece.from;
      if (piece.stored != 0) {
        from = buffer;
        check(ZSTD_decompressDCtx(decoder, buffer, piece.size, piece.from, piece.stored) ==
                  piece.size,
              "decode");
      }
      const int file = folder_ < 0 ? memory
                                   : openat(folder_, std::to_string(piece.file).c_str(),
                                            O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
      const auto at = static_cast<off_t>(folder_ < 0 ? end : piece.position);
      check(file >= 0 && pwrite(file, from, piece.size, at) == static_cast<ssize_t>(piece.size),
            "write");
      end += piece.size;
      if (file != memory) check(close(file) == 0, "close");
    }
  }

  std::vector<Piece> pieces_;
  int folder_;
  std::atomic<size_t> next_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return 2;
  const unsigned char* payload = map_payload(argv[2]);
  Work work(list_pieces(payload, argv[1]), argc == 4 ? argv[3] : nullptr);
  work.run();
  return 0;
}
