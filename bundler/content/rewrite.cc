// The rewriting as a whole: sites and windows (rewrite_sites.h), their code (rewrite_thunks.h),
// unwind data (rewrite_unwind.h), and here the segment that holds what is added.
//
//   original file | zeros to a page | entry, thunks, unwind data, zeros to a page | slot page
//                                   `- PT_LOAD R+X, behind the last load ---------------------'
//
// The segment needs a program header, and the table has no room to grow: a PT_NOTE gives way
// (only debuggers read notes). Only that header, PT_GNU_EH_FRAME and the
// windows change in the original bytes, so that a few saved pieces restore it.
#include "bundler/content/rewrite.h"

#include <algorithm>

#include "bundler/base/error.h"
#include "bundler/content/rewrite_entry.h"
#include "bundler/content/rewrite_sites.h"
#include "bundler/content/rewrite_thunks.h"

namespace scratchpack {

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kThunkAlignment = 16;

std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

void pad_to(Bytes& out, std::uint64_t alignment, std::uint8_t fill) {
  out.resize(align_up(out.size(), alignment), fill);
}

void append(Bytes& out, std::span<const std::uint8_t> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Where a program header can be spared: its index, and the index the new PT_LOAD takes (loads
/// stay in ascending order, so it stands behind the last one).
struct Spare {
  std::size_t taken;
  std::size_t becomes;
};

/// How much is lost with a program header: the least is best, -1 is not to be had.
int cost_of(const ElfView& elf, const Elf64_Phdr& header, RewriteRole role) {
  const auto* property = elf.segment(PT_GNU_PROPERTY);
  switch (header.p_type) {
    case PT_NULL:
      return 0;
    case PT_NOTE:
      // One that repeats PT_GNU_PROPERTY goes first, so that the build id stays visible.
      return property != nullptr && property->p_offset == header.p_offset ? 1 : 2;
    case PT_GNU_STACK:
      // Some builds of musl have no note. It looks here only for a larger stack; glibc, which is
      // two files, would take the absence for a wish for an executable stack.
      return role == RewriteRole::both && header.p_memsz == 0 && !(header.p_flags & PF_X) ? 3 : -1;
    default:
      return -1;
  }
}

std::optional<Spare> find_spare(const ElfView& elf, RewriteRole role) {
  constexpr int kShifting = 10;  // better none before the loads, whose headers would move
  const auto& all = elf.segments();
  std::size_t last_load = 0;
  for (std::size_t i = 0; i < all.size(); i++) {
    if (all[i].p_type == PT_LOAD) last_load = i;
  }
  std::optional<Spare> best;
  int best_cost = 0;
  for (std::size_t i = 0; i < all.size(); i++) {
    int cost = cost_of(elf, all[i], role);
    if (cost < 0) continue;
    if (i < last_load) cost += kShifting;
    if (best && best_cost <= cost) continue;
    best = Spare{i, i < last_load ? last_load : i};
    best_cost = cost;
  }
  return best;
}

class Rewriter {
 public:
  Rewriter(const ElfView& elf, const Disassembly& code, RewriteRole role)
      : elf_(elf), code_(code), role_(role), calls_(calls_of(role)) {
    out_.image.assign(elf.bytes().begin(), elf.bytes().end());
    out_.original_size = elf.bytes().size();
  }

  RewrittenFile run();

 private:
  void place();
  void build_code();
  void build_unwind();
  void overwrite(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  void overwrite_windows();
  void overwrite_program_headers();

  const ElfView& elf_;
  const Disassembly& code_;
  RewriteRole role_;
  CallSet calls_;
  std::vector<Window> windows_;  // those that have one
  Spare spare_{};
  std::uint64_t address_ = 0;  // of the segment
  Bytes segment_;
  std::vector<std::uint64_t> thunks_;  // addresses, one a window
  std::vector<Thunk> thunk_code_;
  std::uint64_t unwind_header_ = 0;  // address; 0: the file has no unwind data
  std::uint64_t unwind_header_size_ = 0;
  RewrittenFile out_;
};

RewrittenFile Rewriter::run() {
  auto spare = find_spare(elf_, role_);
  for (auto& window : plan_windows(elf_, code_, calls_)) {
    if (!spare && window.site.kind != RewriteSite::Kind::unpatchable) {
      window.site.kind = RewriteSite::Kind::unpatchable;
      window.site.why = "the file has no program header to spare";
    }
    out_.sites.push_back(window.site);
    if (window.site.kind != RewriteSite::Kind::unpatchable) windows_.push_back(std::move(window));
  }
  if (windows_.empty()) return std::move(out_);
  spare_ = *spare;
  place();
  build_code();
  build_unwind();
  overwrite_windows();
  overwrite_program_headers();
  out_.image.resize(out_.segment_offset, 0);
  append(out_.image, segment_);
  return std::move(out_);
}

/// The dynamic linker demands offset and address equal modulo the alignment of the segment (a
/// page); the kernel and it reserve the whole span by the largest alignment.
void Rewriter::place() {
  std::uint64_t end = 0;
  std::uint64_t alignment = kPage;
  for (const auto& segment : elf_.segments()) {
    if (segment.p_type != PT_LOAD) continue;
    end = std::max(end, segment.p_vaddr + segment.p_memsz);
    alignment = std::max(alignment, segment.p_align);
  }
  address_ = align_up(end, alignment);
  out_.segment_offset = align_up(out_.original_size, kPage);
}

/// The slot's distance is part of the entry, and known only when everything behind the entry has
/// its size: the entry is assembled twice.
void Rewriter::build_code() {
  segment_ = entry_code(calls_, address_, address_);
  for (const auto& window : windows_) {
    pad_to(segment_, kThunkAlignment, 0xcc);
    thunks_.push_back(address_ + segment_.size());
    thunk_code_.push_back(make_thunk(code_, window, thunks_.back(), address_));
    append(segment_, thunk_code_.back().bytes);
  }
  pad_to(segment_, 8, 0xcc);
}

void Rewriter::build_unwind() {
  if (auto old = UnwindTable::read(elf_)) {
    UnwindWriter frames(address_ + segment_.size());
    frames.add(address_, entry_code_length(), entry_rows());
    for (std::size_t i = 0; i < thunks_.size(); i++) {
      if (thunk_code_[i].rows.empty()) continue;
      frames.add(thunks_[i], thunk_code_[i].bytes.size(), thunk_code_[i].rows);
    }
    append(segment_, frames.finish());
    unwind_header_ = address_ + segment_.size();
    auto entries = old->entries();
    entries.insert(entries.end(), frames.entries().begin(), frames.entries().end());
    auto header = write_unwind_header(unwind_header_, old->frames(), std::move(entries));
    unwind_header_size_ = header.size();
    append(segment_, header);
  }
  pad_to(segment_, kPage, 0);
  out_.slot_address = address_ + segment_.size();
  segment_.resize(segment_.size() + kPage, 0);
  auto entry = entry_code(calls_, address_, out_.slot_address);
  std::copy(entry.begin(), entry.end(), segment_.begin());
}

void Rewriter::overwrite(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  auto begin = out_.image.begin() + static_cast<std::ptrdiff_t>(offset);
  auto end = begin + static_cast<std::ptrdiff_t>(bytes.size());
  if (std::equal(begin, end, bytes.begin())) return;
  out_.undo.push_back({offset, Bytes(begin, end)});
  std::copy(bytes.begin(), bytes.end(), begin);
}

void Rewriter::overwrite_windows() {
  for (std::size_t i = 0; i < windows_.size(); i++) {
    for (const auto& patch : make_patches(code_, windows_[i], thunks_[i])) {
      auto offset = elf_.offset_of(patch.address, patch.bytes.size());
      if (!offset) throw Error("a window lies outside the file");
      overwrite(*offset, patch.bytes);
    }
  }
}

void Rewriter::overwrite_program_headers() {
  auto all = elf_.segments();
  Elf64_Phdr added{};
  added.p_type = PT_LOAD;
  added.p_flags = PF_R | PF_X;
  added.p_offset = out_.segment_offset;
  added.p_vaddr = added.p_paddr = address_;
  added.p_filesz = added.p_memsz = segment_.size();
  added.p_align = kPage;
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(spare_.taken));
  all.insert(all.begin() + static_cast<std::ptrdiff_t>(spare_.becomes), added);
  for (auto& segment : all) {
    if (unwind_header_ == 0 || segment.p_type != PT_GNU_EH_FRAME) continue;
    segment.p_vaddr = segment.p_paddr = unwind_header_;
    segment.p_offset = out_.segment_offset + (unwind_header_ - address_);
    segment.p_filesz = segment.p_memsz = unwind_header_size_;
    break;  // the first is the one that was read
  }
  for (std::size_t i = 0; i < all.size(); i++) {
    std::uint8_t bytes[sizeof(Elf64_Phdr)];
    std::memcpy(bytes, &all[i], sizeof bytes);
    overwrite(elf_.header().e_phoff + i * sizeof bytes, bytes);
  }
}

}  // namespace

std::string call_name(int number) {
  switch (number) {
#define SCRATCHPACK_NAME(value, name, ...) \
  case value:                              \
    return #name;
    SCRATCHPACK_CALLS(SCRATCHPACK_NAME)
#undef SCRATCHPACK_NAME
    default:
      return "call " + std::to_string(number);
  }
}

RewrittenFile rewrite(std::span<const std::uint8_t> elf, RewriteRole role,
                      const std::string& name) {
  ElfView view(elf, name);
  try {
    Disassembly code(view);
    return Rewriter(view, code, role).run();
  } catch (const Error& error) {
    throw Error("rewrite " + name + ": " + error.what());
  }
}

bool needed_sites_rewritten(const RewrittenFile& rewritten) {
  return std::none_of(rewritten.sites.begin(), rewritten.sites.end(),
                      [](const auto& site) { return site.kind == RewriteSite::Kind::unpatchable; });
}

}  // namespace scratchpack
