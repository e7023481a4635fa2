// Writing happens in three steps: contents are gathered (rewritten, deduplicated, compressed), the
// table is laid out, then everything is written in one pass. Raw contents are never held in memory:
// they stream from the mapped source to the output.
#include "bundler/write/onefile.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "bundler/base/digest.h"
#include "bundler/base/error.h"
#include "bundler/write/compress.h"
#include "runtime/format.h"

extern "C" const std::uint8_t scratchpack_bootloader_begin[];
extern "C" const std::uint8_t scratchpack_bootloader_end[];

namespace scratchpack {
namespace {

constexpr std::uint64_t kMapFrom = 16 * 1024;  // data files from here on lie on pages, too

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

template <typename T>
std::span<const std::uint8_t> as_bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(T)};
}

bool is_elf(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 4 && std::memcmp(bytes.data(),
                                          "\x7f"
                                          "ELF",
                                          4) == 0;
}

/// The strings of the table; equal strings are stored once.
class Strings {
 public:
  Strings() { bytes_.push_back(0); }
  std::uint32_t add(const std::string& text) {
    const auto [at, fresh] = known_.emplace(text, 0);
    if (fresh)
      at->second = append({reinterpret_cast<const std::uint8_t*>(text.c_str()), text.size()});
    return at->second;
  }
  std::uint32_t append(std::span<const std::uint8_t> bytes) {
    const std::uint64_t at = bytes_.size();
    if (at + bytes.size() >= UINT32_MAX) throw Error("write the bundle: its names exceed 4 GiB");
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    bytes_.push_back(0);
    return static_cast<std::uint32_t>(at);
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
  std::map<std::string, std::uint32_t> known_;
};

/// One stored content; several entries may share it.
struct Content {
  const FileEntry* file;
  const RewrittenFile* rewritten;  // nullptr: as it is
  std::uint64_t size;
  std::uint64_t checksum;
  bool elf;
  bool small;
  std::vector<CompressedFrame> frames;  // empty: raw
  std::uint64_t offset = 0;             // raw: where it was laid
  std::uint32_t first_frame = 0;
};

/// The bytes of a content, mapped for as long as this lives.
class ContentBytes {
 public:
  explicit ContentBytes(const Content& content) : rewritten_(content.rewritten) {
    if (rewritten_ == nullptr) entry_.emplace(*content.file);
  }
  std::span<const std::uint8_t> get() const {
    return rewritten_ != nullptr ? std::span<const std::uint8_t>(rewritten_->image)
                                 : entry_->bytes();
  }

 private:
  const RewrittenFile* rewritten_;
  std::optional<EntryContent> entry_;
};

class Packer {
 public:
  Packer(const Plan& plan, const FileSet& files, const StartDecision& start,
         const OnefileOptions& options)
      : plan_(plan), files_(files), start_(start), options_(options) {}

  void gather();
  void compress();
  void lay_out();
  OnefileResult write(const std::string& output);

 private:
  std::uint32_t number_of(const std::string& path) const;
  void gather_file(const std::string& path, const FileEntry& file);
  void fill_entry(Entry& entry, const std::string& path, const FileEntry& file);
  void fill_directories();
  void fill_programs();
  void fill_launch();
  void fill_buckets();
  std::uint64_t lay_table();
  void lay_contents(std::uint64_t at);
  void pack_manifest();
  void seal_table();
  void write_contents(AtomicFile& out, std::uint64_t payload_offset) const;

  const Plan& plan_;
  const FileSet& files_;
  const StartDecision& start_;
  const OnefileOptions& options_;

  std::vector<Content> contents_;
  std::map<std::string, std::size_t> content_of_;  // path -> contents_
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::size_t>> same_;
  std::map<std::string, std::uint64_t> stored_;
  std::map<std::string, std::uint32_t> numbers_;

  PayloadHeader header_{};
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> buckets_;
  std::vector<Frame> frames_;
  std::vector<std::uint32_t> lists_;
  std::vector<UndoRecord> undo_;
  std::vector<EnvironmentRecord> environment_;
  Strings strings_;
  Bytes manifest_;
};

std::uint32_t Packer::number_of(const std::string& path) const {
  const auto resolved = resolve_in(files_, path);
  return resolved ? numbers_.at(*resolved) : kNone;
}

void Packer::gather_file(const std::string& path, const FileEntry& file) {
  const auto rewritten = start_.rewritten.find(path);
  Content content{};
  content.file = &file;
  content.rewritten = rewritten == start_.rewritten.end() ? nullptr : &rewritten->second;
  const ContentBytes bytes(content);
  content.size = bytes.get().size();
  content.checksum = xxh64(bytes.get());
  content.elf = is_elf(bytes.get());
  content.small = !content.elf && content.size < kMapFrom;
  auto& candidates = same_[{content.size, content.checksum}];
  for (const std::size_t candidate : candidates) {
    const ContentBytes other(contents_[candidate]);
    if (std::ranges::equal(other.get(), bytes.get())) {
      content_of_[path] = candidate;
      stored_[path] = 0;
      return;
    }
  }
  candidates.push_back(contents_.size());
  content_of_[path] = contents_.size();
  contents_.push_back(std::move(content));
}

void Packer::gather() {
  std::uint32_t number = 1;  // 0 is the root
  for (const auto& [path, file] : files_) {
    numbers_[path] = number++;
    stored_[path] = 0;
    if (file.kind == FileKind::file) gather_file(path, file);
  }
}

void Packer::compress() {
  if (options_.compression == Compression::none) return;
  static constexpr int kLevels[] = {0, 3, 12, 19};
  std::vector<std::size_t> chosen;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < contents_.size(); ++i) {
    // passwd and group are completed at start from where they lie; tiny files gain nothing.
    if (contents_[i].file->append_user || contents_[i].size < 256) continue;
    chosen.push_back(i);
    total += contents_[i].size;
  }
  FrameCompressor compressor(kLevels[static_cast<int>(options_.compression)], options_.threads);
  std::uint64_t done = 0;
  for (const std::size_t i : chosen) {
    const ContentBytes bytes(contents_[i]);
    std::vector<CompressedFrame> frames = compressor.compress(bytes.get());
    std::uint64_t stored = 0;
    for (const CompressedFrame& frame : frames) stored += frame.bytes.size();
    if (stored < contents_[i].size - contents_[i].size / 16)
      contents_[i].frames = std::move(frames);
    done += contents_[i].size;
    if (options_.progress) options_.progress(done, total);
  }
}

void Packer::fill_entry(Entry& entry, const std::string& path, const FileEntry& file) {
  entry.path_hash = hash_path(path.data(), path.size());
  entry.path = strings_.add(path);
  entry.path_length = static_cast<std::uint32_t>(path.size());
  entry.target = entry.interpreter = kNone;
  entry.mode = file.mode;
  if (file.container_first) entry.flags |= kFlagContainerFirst;
  if (file.append_user) entry.flags |= kFlagAppendUser;
  if (file.kind == FileKind::directory) {
    entry.kind = kKindDirectory;
  } else if (file.kind == FileKind::symlink) {
    entry.kind = kKindSymlink;
    entry.target = strings_.add(file.target);
    entry.target_length = static_cast<std::uint32_t>(file.target.size());
  } else {
    const Content& content = contents_[content_of_.at(path)];
    entry.kind = kKindFile;
    entry.size = content.rewritten != nullptr ? content.rewritten->original_size : content.size;
    entry.image_size = content.size;
    entry.checksum = content.checksum;
    entry.method = content.frames.empty() ? kMethodRaw : kMethodZstd;
    if (content.elf) entry.flags |= kFlagElf;
    if (content.rewritten == nullptr) return;
    entry.slot = content.rewritten->slot_address;
    entry.segment_offset = content.rewritten->segment_offset;
    entry.first_undo = static_cast<std::uint32_t>(undo_.size());
    entry.undo_count = static_cast<std::uint32_t>(content.rewritten->undo.size());
    for (const Undo& undo : content.rewritten->undo) {
      undo_.push_back({undo.offset, strings_.append(undo.bytes),
                       static_cast<std::uint32_t>(undo.bytes.size())});
    }
  }
}

void Packer::fill_directories() {
  std::map<std::string, std::vector<std::uint32_t>> children;
  for (const auto& [path, number] : numbers_) {
    const std::size_t slash = path.rfind('/');
    children[slash == 0 ? "/" : path.substr(0, slash)].push_back(number);
  }
  for (const auto& [path, listed] : children) {
    Entry& entry = entries_[path == "/" ? 0 : numbers_.at(path)];
    entry.first_listed = static_cast<std::uint32_t>(lists_.size());
    entry.listed_count = static_cast<std::uint32_t>(listed.size());
    lists_.insert(lists_.end(), listed.begin(), listed.end());
  }
}

void Packer::fill_programs() {
  const std::uint32_t cache = number_of("/etc/ld.so.cache");
  for (const Program& program : plan_.programs) {
    const std::uint32_t number = number_of(program.path);
    const std::uint32_t linker = number_of(program.interpreter);
    if (number == kNone || linker == kNone) continue;
    Entry& entry = entries_[number];
    if ((entry.flags & kFlagProgram) != 0 || (entry.flags & kFlagElf) == 0) continue;
    entry.flags |= kFlagProgram;
    entry.interpreter = linker;
    if (is_musl_linker(program.interpreter)) entries_[linker].flags |= kFlagMusl;
    entry.first_listed = static_cast<std::uint32_t>(lists_.size());
    lists_.push_back(number);
    lists_.push_back(linker);
    if (cache != kNone && !is_musl_linker(program.interpreter)) lists_.push_back(cache);
    for (const std::string& library : program.libraries) {
      const std::uint32_t listed = number_of(library);
      const auto begin = lists_.begin() + entry.first_listed;
      if (listed != kNone && std::find(begin, lists_.end(), listed) == lists_.end()) {
        lists_.push_back(listed);
      }
    }
    entry.listed_count = static_cast<std::uint32_t>(lists_.size()) - entry.first_listed;
  }
}

bool linker_knows_argv0(const FileEntry& linker) {
  const EntryContent content(linker);
  static constexpr std::string_view kOption = "--argv0";
  const auto bytes = content.bytes();
  return std::search(bytes.begin(), bytes.end(), kOption.begin(), kOption.end()) != bytes.end();
}

void Packer::fill_launch() {
  LaunchRecord& launch = header_.launch;
  launch.program = numbers_.at(start_.program);
  launch.interpreter = numbers_.at(start_.interpreter);
  launch.mode = start_.mode == "in-place" ? kStartInPlace : kStartExtract;
  if (linker_knows_argv0(files_.at(start_.interpreter))) launch.flags |= kLaunchLinkerArgv0;
  launch.execfn = strings_.add(plan_.application);
  launch.name = strings_.add(plan_.application.substr(plan_.application.rfind('/') + 1));
  launch.argv0 = plan_.kind == ApplicationKind::script ? strings_.add(plan_.launch_path) : kNone;
  launch.arguments = static_cast<std::uint32_t>(strings_.bytes().size());
  for (const std::string& argument : plan_.arguments) {
    strings_.append({reinterpret_cast<const std::uint8_t*>(argument.data()), argument.size()});
  }
  if (plan_.arguments.empty()) launch.arguments = strings_.add("");
  launch.argument_count = static_cast<std::uint32_t>(plan_.arguments.size());
  for (const EnvironmentEdit& edit : plan_.environment) {
    environment_.push_back({strings_.add(edit.name), strings_.add(edit.value),
                            edit.only_if_unset ? std::uint32_t{kEnvironmentOnlyIfUnset} : 0, 0});
  }
  launch.environment_count = static_cast<std::uint32_t>(environment_.size());
  launch.workdir = options_.workdir.empty() ? kNone : strings_.add(options_.workdir);
  launch.user = options_.user.value_or(kNone);
  launch.group = options_.group.value_or(kNone);
  std::string directories;
  for (const Program& program : plan_.programs) {
    for (const std::string& library : program.libraries) {
      const std::string directory = library.substr(0, library.rfind('/'));
      if ((":" + directories + ":").find(":" + directory + ":") != std::string::npos) continue;
      directories += (directories.empty() ? "" : ":") + directory;
    }
  }
  launch.library_path = strings_.add(directories);
}

void Packer::fill_buckets() {
  std::uint32_t count = 4;
  while (count < 2 * entries_.size()) count *= 2;
  buckets_.assign(count, kNone);
  // The root is where every walk begins; it is never looked up.
  for (std::uint32_t number = 1; number < entries_.size(); ++number) {
    std::uint32_t at = static_cast<std::uint32_t>(entries_[number].path_hash) & (count - 1);
    while (buckets_[at] != kNone) at = (at + 1) & (count - 1);
    buckets_[at] = number;
  }
}

std::uint64_t Packer::lay_table() {
  std::uint64_t at = sizeof header_;
  const auto part = [&](std::uint64_t size) {
    const std::uint64_t begin = at;
    at = round_up(at + size, 8);
    return begin;
  };
  header_.entries = part(entries_.size() * sizeof(Entry));
  header_.buckets = part(buckets_.size() * 4);
  header_.frames = part(frames_.size() * sizeof(Frame));
  header_.lists = part(lists_.size() * 4);
  header_.undo = part(undo_.size() * sizeof(UndoRecord));
  header_.environment = part(environment_.size() * sizeof(EnvironmentRecord));
  header_.strings = part(strings_.bytes().size());
  header_.strings_size = strings_.bytes().size();
  header_.entry_count = static_cast<std::uint32_t>(entries_.size());
  header_.bucket_count = static_cast<std::uint32_t>(buckets_.size());
  header_.frame_count = static_cast<std::uint32_t>(frames_.size());
  header_.list_count = static_cast<std::uint32_t>(lists_.size());
  header_.undo_count = static_cast<std::uint32_t>(undo_.size());
  header_.table_size = at;
  return at;
}

void Packer::lay_contents(std::uint64_t at) {
  for (Content& content : contents_) {
    if (content.frames.empty()) {
      at = round_up(at, content.small ? 16 : kPageSize);
      content.offset = at;
      at += content.size;
      // What follows an ELF file must not show behind its last page.
      if (!content.small) at = round_up(at, kPageSize);
    } else {
      for (std::size_t i = 0; i < content.frames.size(); ++i) {
        frames_[content.first_frame + i].offset = at;
        at += content.frames[i].bytes.size();
      }
    }
  }
  header_.manifest = round_up(at, 16);
}

void Packer::lay_out() {
  for (Content& content : contents_) {
    content.first_frame = static_cast<std::uint32_t>(frames_.size());
    std::uint64_t position = 0;
    for (const CompressedFrame& frame : content.frames) {
      frames_.push_back({0, position, static_cast<std::uint32_t>(frame.bytes.size()), frame.size});
      position += frame.size;
    }
  }
  FileEntry root;
  root.kind = FileKind::directory;
  root.mode = 0755;
  entries_.push_back(Entry{});
  fill_entry(entries_.back(), "/", root);
  for (const auto& [path, file] : files_) {
    entries_.push_back(Entry{});
    fill_entry(entries_.back(), path, file);
  }
  fill_directories();
  fill_programs();
  fill_launch();
  fill_buckets();
  lay_contents(lay_table());
  std::vector<bool> counted(contents_.size());
  for (const auto& [path, index] : content_of_) {
    const Content& content = contents_[index];
    Entry& entry = entries_[numbers_.at(path)];
    entry.offset = content.frames.empty() ? content.offset : 0;
    entry.first_frame = content.first_frame;
    entry.frame_count = static_cast<std::uint32_t>(content.frames.size());
    entry.stored_size = content.frames.empty() ? content.size : 0;
    for (const CompressedFrame& frame : content.frames) entry.stored_size += frame.bytes.size();
    if (!counted[index]) stored_[path] = entry.stored_size;
    counted[index] = true;
  }
  pack_manifest();
  seal_table();
}

void Packer::pack_manifest() {
  const std::string text = options_.manifest ? options_.manifest(stored_) : "{}";
  manifest_ = compress_whole({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  header_.manifest_stored = manifest_.size();
  header_.manifest_size = text.size();
  header_.payload_size = header_.manifest + manifest_.size();
}

void Packer::seal_table() {
  std::memcpy(header_.magic, kMagic, sizeof kMagic);
  header_.version = kFormatVersion;
  header_.header_size = sizeof header_;
  header_.time = options_.time;
}

void put(Bytes& table, std::uint64_t at, std::span<const std::uint8_t> bytes) {
  std::copy(bytes.begin(), bytes.end(), table.begin() + static_cast<std::ptrdiff_t>(at));
}

/// Where the bootloader's placeholder for the payload lies: its program header, its section header
/// and the file offset at which the payload begins.
struct Placeholder {
  std::uint64_t program_header;
  std::uint64_t section_header;
  std::uint64_t offset;
  std::uint64_t address;  ///< right behind the bootloader's other segments
};

Placeholder find_placeholder(const Bytes& bootloader) {
  const auto* elf = reinterpret_cast<const Elf64_Ehdr*>(bootloader.data());
  const auto* programs = reinterpret_cast<const Elf64_Phdr*>(bootloader.data() + elf->e_phoff);
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(bootloader.data() + elf->e_shoff);
  Placeholder found{};
  std::uint64_t end = 0;
  for (int i = 0; i < elf->e_phnum; ++i) {
    if (programs[i].p_type != PT_LOAD) continue;
    if (found.program_header != 0) {
      const auto* before =
          reinterpret_cast<const Elf64_Phdr*>(bootloader.data() + found.program_header);
      end = std::max<std::uint64_t>(end, before->p_vaddr + before->p_memsz);
    }
    found.program_header = elf->e_phoff + static_cast<std::uint64_t>(i) * sizeof(Elf64_Phdr);
    found.offset = programs[i].p_offset;
    for (int k = 0; k < elf->e_shnum; ++k) {
      if ((sections[k].sh_flags & SHF_ALLOC) != 0 &&
          sections[k].sh_offset == programs[i].p_offset &&
          sections[k].sh_addr == programs[i].p_vaddr) {
        found.section_header = elf->e_shoff + static_cast<std::uint64_t>(k) * sizeof(Elf64_Shdr);
      }
    }
  }
  found.address = round_up(end, 64 * 1024);
  return found;
}

void Packer::write_contents(AtomicFile& out, std::uint64_t payload_offset) const {
  for (const Content& content : contents_) {
    if (!content.frames.empty()) {
      for (const CompressedFrame& frame : content.frames) out.write(frame.bytes);
      continue;
    }
    while (out.position() < payload_offset + content.offset) {
      out.pad_to(content.small ? 16 : kPageSize);
    }
    const ContentBytes bytes(content);
    if (bytes.get().size() != content.size || xxh64(bytes.get()) != content.checksum) {
      throw Error(fmt::format("write the bundle: {} changed while it was read (build again)",
                              content.file->source));
    }
    out.write(bytes.get());
    if (!content.small) out.pad_to(kPageSize);
  }
}

OnefileResult Packer::write(const std::string& output) {
  Bytes bootloader(scratchpack_bootloader_begin, scratchpack_bootloader_end);
  const Placeholder place = find_placeholder(bootloader);
  auto* elf = reinterpret_cast<Elf64_Ehdr*>(bootloader.data());
  const std::uint64_t sections_end =
      elf->e_shoff + std::uint64_t{elf->e_shnum} * sizeof(Elf64_Shdr);
  const std::uint64_t tail_from = place.offset + 1;  // the placeholder's byte is dropped
  header_.bootloader_size = place.offset;

  Bytes table(header_.table_size);
  put(table, header_.entries, as_bytes(entries_));
  put(table, header_.buckets, as_bytes(buckets_));
  put(table, header_.frames, as_bytes(frames_));
  put(table, header_.lists, as_bytes(lists_));
  put(table, header_.undo, as_bytes(undo_));
  put(table, header_.environment, as_bytes(environment_));
  put(table, header_.strings, strings_.bytes());
  const std::span<const std::uint8_t> header(reinterpret_cast<const std::uint8_t*>(&header_),
                                             sizeof header_);
  header_.table_checksum = 0;
  header_.table_checksum = xxh64_seeded(std::span(table).subspan(sizeof header_), xxh64(header));
  put(table, 0, header);

  // Section names and headers move behind the payload.
  // The shift is a multiple of 8, so that the headers stay aligned.
  const std::uint64_t tail_at = round_up(place.offset + header_.payload_size, 8) + 1;
  const std::uint64_t shift = tail_at - tail_from;
  auto* program = reinterpret_cast<Elf64_Phdr*>(bootloader.data() + place.program_header);
  program->p_vaddr = program->p_paddr = place.address;
  program->p_filesz = program->p_memsz = header_.payload_size;
  program->p_align = kPageSize;
  auto* sections = reinterpret_cast<Elf64_Shdr*>(bootloader.data() + elf->e_shoff);
  for (int i = 0; i < elf->e_shnum; ++i) {
    if (sections[i].sh_offset > place.offset) sections[i].sh_offset += shift;
  }
  auto* section = reinterpret_cast<Elf64_Shdr*>(bootloader.data() + place.section_header);
  section->sh_addr = place.address;
  section->sh_size = header_.payload_size;
  section->sh_addralign = kPageSize;
  elf->e_shoff += shift;

  AtomicFile out(output, 0777);
  const std::span<const std::uint8_t> all(bootloader);
  out.write(all.first(place.offset));
  out.write(table);
  write_contents(out, place.offset);
  while (out.position() < place.offset + header_.manifest) out.pad_to(16);
  out.write(manifest_);
  out.pad_to(8);
  out.write(std::string_view("\0", 1));
  out.write(all.subspan(tail_from, sections_end - tail_from));
  OnefileResult result;
  result.bytes = out.position();
  result.stored = stored_;
  out.commit();
  return result;
}

OnefileResult copy_static(const Plan& plan, const FileSet& files, const std::string& output) {
  const auto path = resolve_in(files, plan.application);
  if (!path) throw Error(fmt::format("write {}: the application was excluded", output));
  const EntryContent content(files.at(*path));
  AtomicFile out(output, 0777);
  out.write(content.bytes());
  OnefileResult result;
  result.bytes = out.position();
  result.stored[*path] = result.bytes;
  out.commit();
  return result;
}

}  // namespace

OnefileResult write_onefile(const Plan& plan, const FileSet& files, const StartDecision& start,
                            const OnefileOptions& options, const std::string& output) {
  if (start.mode == "static") return copy_static(plan, files, output);
  Packer packer(plan, files, start, options);
  packer.gather();
  packer.compress();
  packer.lay_out();
  return packer.write(output);
}

}  // namespace scratchpack
