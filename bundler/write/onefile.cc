// Writing happens in three steps: contents are gathered (rewritten, deduplicated, compressed), the
// table is laid out, then everything is written in one pass.
#include "bundler/write/onefile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "bundler/base/digest.h"
#include "bundler/base/error.h"
#include "bundler/write/compress.h"
#include "bundler/write/contents.h"
#include "bundler/write/executable.h"
#include "bundler/write/strings.h"
#include "runtime/format.h"

namespace scratchpack {
namespace {

constexpr const char* kLinkerCache = "/etc/ld.so.cache";

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

template <typename T>
std::span<const std::uint8_t> as_bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(T)};
}

/// What the application's start opens, large files last: a start touches only parts of them.
std::vector<std::string> read_at_start(const Plan& plan, const FileSet& files,
                                       const StartDecision& start) {
  std::vector<std::string> paths;
  const auto add = [&](const std::string& path) {
    const auto found = resolve_in(files, path);
    if (found && files.at(*found).kind == FileKind::file &&
        std::ranges::find(paths, *found) == paths.end()) {
      paths.push_back(*found);
    }
  };
  for (const Program& program : plan.programs) {
    if (resolve_in(files, program.path) != start.program) continue;
    add(program.interpreter);
    add(kLinkerCache);
    add(program.path);
    for (const std::string& library : program.libraries) add(library);
  }
  std::stable_partition(paths.begin(), paths.end(),
                        [&](const std::string& path) { return files.at(path).size <= kReadWhole; });
  return paths;
}

int level_of(Compression compression) {
  static constexpr int kLevels[] = {9, 3, 12, 19};  // the first for the manifest alone
  return kLevels[static_cast<int>(compression)];
}

/// Larger frames are smaller in all, smaller ones are decoded by more cores at once.
std::uint64_t frame_size_of(Compression compression) {
  return compression == Compression::best ? kFrameSize : kFrameSize / 2;
}

class Packer {
 public:
  Packer(const Plan& plan, const FileSet& files, const StartDecision& start,
         const OnefileOptions& options)
      : plan_(plan),
        files_(files),
        start_(start),
        options_(options),
        contents_(files, start, read_at_start(plan, files, start),
                  frame_size_of(options.compression), options.threads) {}

  void compress(const std::string& output);
  void lay_out();
  OnefileResult write(const std::string& output);

 private:
  std::uint32_t number_of(const std::string& path) const;
  void fill_entry(Entry& entry, const std::string& path, const FileEntry& file);
  void fill_directories();
  void fill_programs();
  void fill_launch();
  void fill_buckets();
  std::uint64_t lay_table();
  Bytes packed(const std::string& text) const;
  void pack_manifest();
  void seal_header();
  Bytes make_table();

  const Plan& plan_;
  const FileSet& files_;
  const StartDecision& start_;
  const OnefileOptions& options_;

  Contents contents_;
  std::optional<Spool> spool_;  // when anything is compressed
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
  Bytes licences_;
};

std::uint32_t Packer::number_of(const std::string& path) const {
  const auto resolved = resolve_in(files_, path);
  return resolved ? numbers_.at(*resolved) : kNone;
}

void Packer::compress(const std::string& output) {
  if (options_.compression == Compression::none) return;
  spool_.emplace(output);
  contents_.compress({.level = level_of(options_.compression),
                      .addresses = options_.compression == Compression::best,
                      .threads = options_.threads,
                      .cache = options_.cache,
                      .progress = options_.progress},
                     *spool_);
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
    const Content& content = contents_.of(path);
    entry.kind = kKindFile;
    entry.size = content.rewritten != nullptr ? content.rewritten->original_size : content.size;
    entry.image_size = content.size;
    entry.checksum = content.checksum;
    entry.method = content.frames.empty() ? kMethodRaw : kMethodZstd;
    if (!content.frames.empty() && content.addresses) entry.flags |= kFlagAddresses;
    entry.stored_size = content.stored();
    entry.first_frame = content.first_frame;
    entry.frame_count = static_cast<std::uint32_t>(content.frames.size());
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
  const std::uint32_t cache = number_of(kLinkerCache);
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
  launch.argv0 = plan_.argv0.empty() ? kNone : strings_.add(plan_.argv0);
  launch.arguments = static_cast<std::uint32_t>(strings_.bytes().size());
  for (const std::string& argument : plan_.arguments) {
    strings_.append(argument);
  }
  if (plan_.arguments.empty()) launch.arguments = strings_.add("");
  launch.argument_count = static_cast<std::uint32_t>(plan_.arguments.size());
  for (const EnvironmentEdit& edit : plan_.environment) {
    std::uint32_t flags = 0;
    if (edit.only_if_unset) flags |= kEnvironmentOnlyIfUnset;
    if (edit.is_path) flags |= kEnvironmentIsPath;
    if (edit.extracted_only) flags |= kEnvironmentExtractedOnly;
    environment_.push_back({strings_.add(edit.name), strings_.add(edit.value), flags, 0});
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

void Packer::lay_out() {
  std::uint32_t number = 1;  // 0 is the root
  for (const auto& [path, file] : files_) numbers_[path] = number++;
  frames_ = contents_.frames();
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
  header_.manifest = round_up(contents_.lay(lay_table(), frames_), 16);
  header_.start_size = contents_.start_size();
  for (const auto& [path, file] : files_) {
    // Places are known only now.
    if (file.kind == FileKind::file && contents_.of(path).frames.empty()) {
      entries_[numbers_.at(path)].offset = contents_.of(path).offset;
    }
  }
  pack_manifest();
  seal_header();
}

/// A frame that nothing but tools will read. Every build has another: not worth keeping.
Bytes Packer::packed(const std::string& text) const {
  return FrameCompressor(level_of(options_.compression), nullptr)
      .compress({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void Packer::pack_manifest() {
  const std::string text = options_.manifest ? options_.manifest(contents_.stored()) : "{}";
  manifest_ = packed(text);
  header_.manifest_stored = manifest_.size();
  header_.manifest_size = text.size();
  header_.payload_size = header_.manifest + manifest_.size();
  if (options_.licences.empty()) return;
  licences_ = packed(options_.licences);
  header_.licences = header_.payload_size;
  header_.licences_stored = licences_.size();
  header_.licences_size = options_.licences.size();
  header_.payload_size += licences_.size();
}

void Packer::seal_header() {
  std::memcpy(header_.magic, kMagic, sizeof kMagic);
  // Frames of more than 4 MiB come with absolute addresses or without.
  header_.version = options_.compression == Compression::best ? kFormatVersion : 1;
  header_.header_size = sizeof header_;
  header_.time = options_.time;
  header_.bootloader_size = bootloader_size();
}

void put(Bytes& table, std::uint64_t at, std::span<const std::uint8_t> bytes) {
  std::copy(bytes.begin(), bytes.end(), table.begin() + static_cast<std::ptrdiff_t>(at));
}

Bytes Packer::make_table() {
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
  return table;
}

OnefileResult Packer::write(const std::string& output) {
  const Executable executable = make_executable(header_.payload_size, options_.note);
  AtomicFile out(output, 0777);
  out.write(executable.begin);
  out.write(make_table());
  contents_.write(out, executable.begin.size(), spool_ ? &*spool_ : nullptr);
  while (out.position() < executable.begin.size() + header_.manifest) out.pad_to(16);
  out.write(manifest_);
  out.write(licences_);
  while (out.position() < executable.end_offset) out.write(std::string_view("\0", 1));
  out.write(executable.end);
  OnefileResult result;
  result.bytes = out.position();
  result.stored = contents_.stored();
  if (options_.check) options_.check(out.finish());
  out.commit();
  if (options_.cache != nullptr) options_.cache->trim();
  return result;
}

OnefileResult copy_static(const Plan& plan, const FileSet& files, const std::string& output) {
  const auto path = resolve_in(files, plan.application);
  if (!path) throw Error(fmt::format("write {}: the application was excluded", output));
  EntryReader reader(files.at(*path));
  AtomicFile out(output, 0777);
  for_each_piece(reader, [&](std::span<const std::uint8_t> piece) { out.write(piece); });
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
  packer.compress(output);
  packer.lay_out();
  return packer.write(output);
}

}  // namespace scratchpack
