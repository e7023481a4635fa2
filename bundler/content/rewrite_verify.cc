// The proof that a rewritten file still does what the original did. It starts from the two images
// and what differs between them, not from what the rewriter says it did: every changed byte must
// be explained by a window whose jump, followed through its thunk, arrives where the original
// went on, or by one of two program headers.
#include <algorithm>
#include <map>

#include "bundler/base/error.h"
#include "bundler/content/rewrite.h"
#include "bundler/content/rewrite_bridge.h"
#include "bundler/content/rewrite_entry.h"
#include "bundler/content/rewrite_prove.h"
#include "bundler/content/rewrite_sites.h"

namespace scratchpack {

namespace {

constexpr std::uint64_t kPage = 4096;
class Verifier {
 public:
  Verifier(const ElfView& original, const ElfView& image, const RewrittenFile& rewritten,
           RewriteRole role)
      : original_(original),
        image_(image),
        rewritten_(rewritten),
        role_(role),
        calls_(calls_of(role)),
        code_(original) {}

  std::vector<std::string> run() {
    check_undo();
    if (rewritten_.slot_address == 0) {
      if (!std::ranges::equal(original_.bytes(), image_.bytes())) fault("changed without a slot");
    } else {
      check_headers();
      if (!faults_.empty()) return faults_;
      check_segment();
      check_entry();
    }
    check_changes();
    check_sites();
    if (rewritten_.slot_address != 0) check_unwind();
    return faults_;
  }

 private:
  void fault(std::string sentence) { faults_.push_back(std::move(sentence)); }
  void fault_at(std::uint64_t address, const char* sentence) {
    fault("at " + hexadecimal(address) + ": " + sentence);
  }

  void check_undo();
  void check_headers();
  bool may_give_way(const Elf64_Phdr& header) const;
  bool is_repointed(const Elf64_Phdr& before, const Elf64_Phdr& after) const;
  void check_segment();
  void check_entry();
  void check_changes();
  void check_sites();
  void check_unwind();
  std::optional<std::uint64_t> address_of(std::uint64_t offset) const;

  const ElfView& original_;
  const ElfView& image_;
  const RewrittenFile& rewritten_;
  RewriteRole role_;
  CallSet calls_;
  Disassembly code_;
  Elf64_Phdr added_{};
  std::vector<ProvedWindow> windows_;
  std::map<std::uint64_t, ProvedBridge> bridges_;
  std::vector<std::string> faults_;
};

void Verifier::check_undo() {
  Bytes restored = rewritten_.image;
  for (const auto& undo : rewritten_.undo) {
    if (undo.offset > rewritten_.original_size ||
        undo.bytes.size() > rewritten_.original_size - undo.offset) {
      fault("an undo piece lies outside the original");
      return;
    }
    std::copy(undo.bytes.begin(), undo.bytes.end(),
              restored.begin() + static_cast<std::ptrdiff_t>(undo.offset));
  }
  restored.resize(rewritten_.original_size);
  if (!std::equal(restored.begin(), restored.end(), original_.bytes().begin(),
                  original_.bytes().end())) {
    fault("undo does not restore the original");
  }
}

/// The program headers are the original's with one PT_NOTE (or unused one) less, one PT_LOAD
/// more behind the last load, and perhaps PT_GNU_EH_FRAME elsewhere.
void Verifier::check_headers() {
  const auto& before = original_.segments();
  const auto& after = image_.segments();
  if (std::memcmp(&original_.header(), &image_.header(), sizeof(Elf64_Ehdr)) != 0) {
    fault("the file header changed");
  }
  auto added = std::find_if(after.rbegin(), after.rend(),
                            [](const auto& one) { return one.p_type == PT_LOAD; });
  if (before.size() != after.size() || added == after.rend()) {
    fault("the number of program headers changed");
    return;
  }
  added_ = *added;
  std::vector<Elf64_Phdr> rest(after.begin(), after.end());
  rest.erase(std::next(added).base() - after.begin() + rest.begin());
  bool spared = false;
  bool repointed = false;
  std::size_t i = 0;
  for (const auto& header : before) {
    if (i < rest.size() && std::memcmp(&header, &rest[i], sizeof header) == 0) {
      i++;
    } else if (i < rest.size() && header.p_type == PT_GNU_EH_FRAME && !repointed &&
               is_repointed(header, rest[i])) {
      repointed = true;
      i++;
    } else if (!spared && may_give_way(header)) {
      spared = true;
    } else {
      fault("a program header changed that should not");
      return;
    }
  }
  if (!spared) fault("no program header gave way to the added segment");
}

/// Whether nothing that runs asks for a header: a note, an unused one, or musl's stack size of 0.
bool Verifier::may_give_way(const Elf64_Phdr& header) const {
  if (header.p_type == PT_NOTE || header.p_type == PT_NULL) return true;
  return header.p_type == PT_GNU_STACK && role_ == RewriteRole::both && header.p_memsz == 0 &&
         !(header.p_flags & PF_X);
}

/// Whether only the place changed, to one in the added segment.
bool Verifier::is_repointed(const Elf64_Phdr& before, const Elf64_Phdr& after) const {
  auto expected = before;
  expected.p_vaddr = expected.p_paddr = after.p_vaddr;
  expected.p_offset = added_.p_offset + (after.p_vaddr - added_.p_vaddr);
  expected.p_filesz = expected.p_memsz = after.p_filesz;
  std::uint64_t inside = after.p_vaddr - added_.p_vaddr;
  return std::memcmp(&expected, &after, sizeof after) == 0 && inside <= added_.p_filesz &&
         after.p_filesz <= added_.p_filesz - inside;
}

void Verifier::check_segment() {
  std::uint64_t end = 0;
  std::uint64_t alignment = kPage;
  for (const auto& load : original_.segments()) {
    if (load.p_type != PT_LOAD) continue;
    end = std::max(end, load.p_vaddr + load.p_memsz);
    alignment = std::max(alignment, load.p_align);
  }
  if (added_.p_flags != (PF_R | PF_X) || added_.p_filesz != added_.p_memsz ||
      added_.p_align != kPage || added_.p_filesz % kPage != 0 || added_.p_paddr != added_.p_vaddr) {
    fault("the added segment is not readable and executable whole pages");
  }
  if (added_.p_vaddr < end || added_.p_vaddr % alignment != 0) {
    fault("the added segment is not behind the loads at their alignment");
  }
  if (added_.p_offset != rewritten_.segment_offset || added_.p_offset % kPage != 0 ||
      added_.p_offset < rewritten_.original_size ||
      added_.p_offset + added_.p_filesz != rewritten_.image.size()) {
    fault("the added segment is not the pages behind the original file");
    return;
  }
  auto zero = [this](std::uint64_t begin, std::uint64_t finish) {
    auto bytes = image_.bytes().subspan(begin, finish - begin);
    return std::all_of(bytes.begin(), bytes.end(), [](auto byte) { return byte == 0; });
  };
  if (!zero(rewritten_.original_size, added_.p_offset)) fault("the padding is not zero");
  if (rewritten_.slot_address != added_.p_vaddr + added_.p_filesz - kPage) {
    fault("the slot is not the last page of the added segment");
  } else if (!zero(rewritten_.image.size() - kPage, rewritten_.image.size())) {
    fault("the slot's page is not zero");
  }
}

void Verifier::check_entry() {
  auto expected = entry_code(calls_, added_.p_vaddr, rewritten_.slot_address);
  auto found = image_.at(added_.p_vaddr, expected.size());
  if (!std::equal(found.begin(), found.end(), expected.begin(), expected.end())) {
    fault("the entry code is not the one for this role and slot");
  }
}

std::optional<std::uint64_t> Verifier::address_of(std::uint64_t offset) const {
  for (const auto& load : original_.segments()) {
    if (load.p_type != PT_LOAD || !(load.p_flags & PF_X) || offset < load.p_offset) continue;
    if (offset - load.p_offset < load.p_filesz) return load.p_vaddr + (offset - load.p_offset);
  }
  return std::nullopt;
}

void Verifier::check_changes() {
  auto before = original_.bytes();
  auto after = image_.bytes();
  Prover prover(image_, code_, added_.p_vaddr, rewritten_.slot_address);
  std::uint64_t headers = original_.header().e_phoff;
  std::uint64_t headers_end = headers + original_.segments().size() * sizeof(Elf64_Phdr);
  for (std::uint64_t offset = 0; offset < before.size(); offset++) {
    if (before[offset] == after[offset]) continue;
    if (offset >= headers && offset < headers_end) continue;  // check_headers looked
    auto address = address_of(offset);
    if (!address) {
      fault("a byte outside the code changed, at offset " + hexadecimal(offset));
      return;
    }
    auto proved_to = prover.prove_change(*address);
    if (!proved_to) break;  // what follows would only repeat this fault
    offset += *proved_to - *address - 1;
  }
  windows_ = prover.windows();
  bridges_ = prover.bridges();
  faults_.insert(faults_.end(), prover.faults().begin(), prover.faults().end());
}

/// Every site that matters was proved, or is listed as unpatchable.
void Verifier::check_sites() {
  std::vector<RewriteSite> expected;
  for (std::size_t i = 0; i < code_.instructions().size(); i++) {
    const auto& instruction = code_.instructions()[i];
    if (instruction.flow != Flow::system_call || !matters(numbers_at(code_, i), calls_)) continue;
    auto window = std::find_if(windows_.begin(), windows_.end(), [&instruction](const auto& one) {
      return one.call == instruction.address;
    });
    auto kind = window == windows_.end() ? RewriteSite::Kind::unpatchable : window->kind;
    if (bridges_.contains(instruction.address)) kind = RewriteSite::Kind::kept;
    expected.push_back({instruction.address, -1, kind, {}});
  }
  bool same = std::equal(
      expected.begin(), expected.end(), rewritten_.sites.begin(), rewritten_.sites.end(),
      [](const auto& a, const auto& b) { return a.address == b.address && a.kind == b.kind; });
  if (!same) fault("the list of sites is not what the code shows");
  std::size_t rewritten = static_cast<std::size_t>(
      std::count_if(expected.begin(), expected.end(),
                    [](const auto& site) { return site.kind != RewriteSite::Kind::unpatchable; }));
  if (rewritten != windows_.size() + bridges_.size())
    fault("a site was rewritten that does not matter");
}

/// The unwinder finds the original's functions as before, and in each thunk the site's frame.
void Verifier::check_unwind() {
  auto before = UnwindTable::read(original_);
  auto after = UnwindTable::read(image_);
  if (!before) return;
  if (!after) {
    fault("the unwind table cannot be read");
    return;
  }
  std::uint64_t ours = added_.p_vaddr;
  std::vector<UnwindEntry> kept = after->entries();
  std::erase_if(kept, [ours](const auto& entry) { return entry.function >= ours; });
  bool same = std::equal(kept.begin(), kept.end(), before->entries().begin(),
                         before->entries().end(), [](const auto& a, const auto& b) {
                           return a.function == b.function && a.description == b.description;
                         });
  if (!same || before->frames() != after->frames()) {
    fault("the unwind table lost or changed a function of the original");
  }
  for (const auto& window : windows_) {
    auto row = before->row(original_, window.begin);
    if (!row || !row->writable()) continue;
    auto stepped = *row;
    if (stepped.base == kDwarfRsp) stepped.offset += 128;
    if (after->row(image_, window.thunk) != row || after->row(image_, window.stepped) != stepped ||
        after->row(image_, window.back) != row) {
      fault_at(window.begin, "the thunk's unwind data is not the site's");
    }
  }
  for (const auto& [offset, row] : entry_rows()) {
    if (after->row(image_, ours + offset) != row) fault("the entry's unwind data is wrong");
  }
  for (const auto& [call, bridge] : bridges_) {
    for (const auto& [offset, row] : bridge_rows(bridge.test)) {
      if (after->row(image_, bridge.thunk + offset) == row) continue;
      fault_at(call, "the thunk's unwind data is not that of its frame");
      break;
    }
  }
}

}  // namespace

std::vector<std::string> verify_rewrite(std::span<const std::uint8_t> original,
                                        const RewrittenFile& rewritten, RewriteRole role) {
  if (rewritten.original_size != original.size() || rewritten.image.size() < original.size()) {
    return {"the rewritten file is shorter than the original"};
  }
  try {
    ElfView before(original, "the original");
    ElfView after(rewritten.image, "the result");
    return Verifier(before, after, rewritten, role).run();
  } catch (const Error& error) {
    return {error.what()};
  }
}

}  // namespace scratchpack
