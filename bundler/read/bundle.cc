#include "bundler/read/bundle.h"

#include <elf.h>
#include <fmt/format.h>
#include <zstd.h>

#include <cstring>

#include "bundler/base/digest.h"
#include "bundler/base/error.h"
#include "runtime/addresses.h"
#include "runtime/payload.h"

namespace scratchpack {
namespace {

/// The payload's place in a bundle's file: that of the last PT_LOAD. Empty when this is no bundle.
std::span<const std::uint8_t> find_payload(std::span<const std::uint8_t> file) {
  Elf64_Ehdr elf;
  if (file.size() < sizeof elf) return {};
  std::memcpy(&elf, file.data(), sizeof elf);
  if (std::memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_ident[EI_CLASS] != ELFCLASS64 ||
      elf.e_phentsize != sizeof(Elf64_Phdr) || elf.e_phoff > file.size() ||
      elf.e_phnum > (file.size() - elf.e_phoff) / sizeof(Elf64_Phdr)) {
    return {};
  }
  Elf64_Phdr last{};
  for (std::uint64_t i = 0; i < elf.e_phnum; ++i) {
    Elf64_Phdr header;
    std::memcpy(&header, file.data() + elf.e_phoff + i * sizeof header, sizeof header);
    if (header.p_type == PT_LOAD) last = header;
  }
  if (last.p_filesz < sizeof kMagic || last.p_offset > file.size() ||
      last.p_offset % alignof(PayloadHeader) != 0) {
    return {};
  }
  // A file that was cut short still begins its payload; open_payload then says what is wrong.
  const std::uint64_t there = std::min<std::uint64_t>(last.p_filesz, file.size() - last.p_offset);
  const auto payload = file.subspan(last.p_offset, there);
  const bool ours =
      payload.size() >= sizeof kMagic && std::memcmp(payload.data(), kMagic, sizeof kMagic) == 0;
  return ours ? payload : std::span<const std::uint8_t>{};
}

Bytes decompress(std::span<const std::uint8_t> frame, std::uint64_t size) {
  Bytes bytes(size);
  const std::size_t result =
      ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
  if (ZSTD_isError(result)) throw Error(ZSTD_getErrorName(result));
  if (result != size) throw Error("it decodes to another size");
  return bytes;
}

const char* kind_name(const Entry& entry) {
  if (entry.kind == kKindDirectory) return "directory";
  return entry.kind == kKindSymlink ? "symlink" : "file";
}

}  // namespace

struct Bundle::State {
  explicit State(const std::string& name) : path(name), file(name) {}
  std::string path;
  MappedFile file;
  Payload payload;
  std::vector<BundleEntry> entries;

  /// entries[number]'s record; the table's first is the root, which is nobody's content.
  const Entry& record(std::size_t number) const { return payload.entries[number + 1]; }
  Bytes decode(const Entry& entry) const;
  std::string check(const Entry& entry) const;
  std::string text(const char* what, std::uint64_t offset, std::uint64_t stored,
                   std::uint64_t size) const;
};

/// The image as it was packed. Throws Error with the bare reason.
Bytes Bundle::State::decode(const Entry& entry) const {
  if (entry.method == kMethodRaw) {
    const std::uint8_t* begin = payload.base + entry.offset;
    return Bytes(begin, begin + entry.image_size);
  }
  // Frames say how much they decode to; their sum is known before anything is allocated for it.
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < entry.frame_count; ++i) {
    const Frame& frame = payload.frames[entry.first_frame + i];
    if (!valid_frame(payload, entry, frame) || frame.position != total) {
      throw Error("a frame lies outside its file");
    }
    total += frame.size;
  }
  if (total != entry.image_size) throw Error("its frames do not make up the file");
  Bytes bytes;
  bytes.reserve(total);
  for (std::uint32_t i = 0; i < entry.frame_count; ++i) {
    const Frame& frame = payload.frames[entry.first_frame + i];
    Bytes piece = decompress({payload.base + frame.offset, frame.stored}, frame.size);
    if ((entry.flags & kFlagBranches) != 0) {
      branches_to_relative(piece.data(), piece.size(), frame.position, entry.image_size);
    } else if ((entry.flags & kFlagAddresses) != 0) {
      addresses_to_relative(piece.data(), piece.size(), frame.position, entry.image_size);
    }
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
  return bytes;
}

std::string Bundle::State::check(const Entry& entry) const {
  try {
    if (entry.method == kMethodRaw) {
      const bool same = xxh64({payload.base + entry.offset, entry.image_size}) == entry.checksum;
      return same ? "" : "its content does not match its checksum";
    }
    const Bytes bytes = decode(entry);
    return xxh64(bytes) == entry.checksum ? "" : "its content does not match its checksum";
  } catch (const Error& error) {
    return error.what();
  }
}

Bundle::Bundle(std::unique_ptr<State> state) : state_(std::move(state)) {}
Bundle::Bundle(Bundle&&) noexcept = default;
Bundle::~Bundle() = default;

Bundle Bundle::open(const std::string& path) {
  auto state = std::make_unique<State>(path);
  const auto bytes = find_payload(state->file.bytes());
  if (bytes.empty()) {
    throw Error(fmt::format(
        "read {}: not a bundle (was it made by scratchpack build? a static program is passed "
        "through as it is)",
        path));
  }
  Payload& payload = state->payload;
  if (const char* problem = open_payload(bytes.data(), bytes.size(), payload)) {
    throw Error(fmt::format("read {}: {} (build or download it again)", path, problem));
  }
  for (std::uint32_t i = 0; i < payload.header->entry_count; ++i) {
    const Entry& entry = payload.entries[i];
    if (!valid_entry(payload, entry)) {
      throw Error(
          fmt::format("read {}: entry {} is damaged (build or download it again)", path, i));
    }
    if (i == 0) continue;  // the root
    BundleEntry item;
    item.path.assign(payload.path(entry), entry.path_length);
    item.kind = kind_name(entry);
    item.mode = entry.mode;
    item.container_first = (entry.flags & kFlagContainerFirst) != 0;
    item.append_user = (entry.flags & kFlagAppendUser) != 0;
    if (entry.kind == kKindSymlink) item.target = payload.text(entry.target);
    if (entry.kind == kKindFile) {
      item.size = entry.size;
      item.stored = entry.stored_size;
      item.method = entry.method == kMethodRaw ? "raw" : "zstd";
      item.rewritten = entry.slot != 0;
    }
    state->entries.push_back(std::move(item));
  }
  return Bundle(std::move(state));
}

const std::vector<BundleEntry>& Bundle::entries() const { return state_->entries; }

std::string Bundle::State::text(const char* what, std::uint64_t offset, std::uint64_t stored,
                                std::uint64_t size) const {
  // Text of paths, reasons and licences; a size beyond this is damage.
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 30;
  try {
    const std::uint64_t all = payload.header->payload_size;
    if (size > kLargest || offset > all || stored > all - offset) {
      throw Error("it claims an impossible size");
    }
    const Bytes bytes = decompress({payload.base + offset, stored}, size);
    return std::string(bytes.begin(), bytes.end());
  } catch (const Error& error) {
    throw Error(fmt::format("read {}: its {} damaged: {} (build or download it again)", path, what,
                            error.what()));
  }
}

std::string Bundle::manifest() const {
  const PayloadHeader& header = *state_->payload.header;
  return state_->text("manifest is", header.manifest, header.manifest_stored, header.manifest_size);
}

std::string Bundle::licences() const {
  const PayloadHeader& header = *state_->payload.header;
  if (header.licences == 0) return "";
  return state_->text("licence texts are", header.licences, header.licences_stored,
                      header.licences_size);
}

std::uint64_t Bundle::time() const { return state_->payload.header->time; }

Launch Bundle::launch() const {
  const Payload& payload = state_->payload;
  const LaunchRecord& record = payload.header->launch;
  Launch launch{.mode = start_mode(),
                .program = program(),
                .interpreter = payload.path(payload.entries[record.interpreter]),
                .named = payload.text(record.execfn)};
  if (record.argv0 != kNone) launch.argv0 = payload.text(record.argv0);
  const char* argument = payload.text(record.arguments);
  for (std::uint32_t i = 0; i < record.argument_count; ++i) {
    launch.arguments.emplace_back(argument);
    argument += launch.arguments.back().size() + 1;
  }
  for (std::uint32_t i = 0; i < record.environment_count; ++i) {
    const EnvironmentRecord& edit = payload.environment[i];
    launch.environment.push_back({.name = payload.text(edit.name),
                                  .value = payload.text(edit.value),
                                  .only_if_unset = (edit.flags & kEnvironmentOnlyIfUnset) != 0,
                                  .is_path = (edit.flags & kEnvironmentIsPath) != 0,
                                  .extracted_only = (edit.flags & kEnvironmentExtractedOnly) != 0});
  }
  if (record.workdir != kNone) launch.workdir = payload.text(record.workdir);
  if (record.user != kNone) launch.user = fmt::format("{}:{}", record.user, record.group);
  return launch;
}

std::string Bundle::start_mode() const {
  return state_->payload.header->launch.mode == kStartInPlace ? "in-place" : "extract";
}

std::string Bundle::program() const {
  return state_->payload.path(state_->payload.entries[state_->payload.header->launch.program]);
}

Bytes Bundle::image(std::size_t entry) const {
  try {
    return state_->decode(state_->record(entry));
  } catch (const Error& error) {
    throw Error(fmt::format("read {}: {}: {} (build or download it again)", state_->path,
                            state_->entries.at(entry).path, error.what()));
  }
}

Bytes Bundle::content(std::size_t entry) const {
  const Payload& payload = state_->payload;
  const Entry& record = state_->record(entry);
  Bytes bytes = image(entry);
  if (const std::string fault = state_->check(record); !fault.empty()) {
    throw Error(fmt::format("read {}: {}: {} (build or download it again)", state_->path,
                            state_->entries.at(entry).path, fault));
  }
  for (std::uint32_t i = 0; i < record.undo_count; ++i) {
    const UndoRecord& undo = payload.undo[record.first_undo + i];
    if (!valid_undo(payload, record, undo)) continue;
    std::memcpy(bytes.data() + undo.offset, payload.strings + undo.bytes, undo.length);
  }
  bytes.resize(record.size);
  return bytes;
}

std::vector<std::string> Bundle::verify(
    const std::function<void(std::uint64_t, std::uint64_t)>& step) const {
  std::vector<std::string> faults;
  const Payload& payload = state_->payload;
  std::uint64_t total = 0;
  std::uint64_t done = 0;
  for (const BundleEntry& entry : state_->entries) total += entry.size;
  for (std::uint32_t i = 1; i < payload.header->entry_count; ++i) {
    const Entry& entry = payload.entries[i];
    if (entry.kind != kKindFile) continue;
    const std::string fault = state_->check(entry);
    if (!fault.empty()) faults.push_back(fmt::format("{}: {}", state_->entries[i - 1].path, fault));
    done += entry.size;
    if (step) step(done, total);
  }
  try {
    manifest();
    licences();
  } catch (const Error& error) {
    faults.push_back(error.what());
  }
  return faults;
}

}  // namespace scratchpack
