#include "bundler/read/image_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/path_text.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLongestText = std::uint64_t{4} << 20;
constexpr std::uint64_t kMostText = std::uint64_t{64} << 20;
constexpr std::size_t kMostMembers = 1'000'000;
constexpr int kMostLinks = 8;

bool begins_json(std::span<const std::uint8_t> bytes) {
  auto first = std::find_if_not(bytes.begin(), bytes.end(), [](std::uint8_t byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
  });
  return first != bytes.end() && (*first == '{' || *first == '[');
}

/// `./blobs/x` as `blobs/x`.
std::string member_name(const std::string& path) { return normal_path(path).substr(1); }

[[noreturn]] void fail_missing(const std::string& path, const std::string& name) {
  throw Error(fmt::format("read {}: {} is not in it (it is cut short, or its layers are elsewhere)",
                          path, name));
}

/// Read twice: once for what is in it, once for the blobs that the manifest names. Reading a member
/// steps over the others, so that it costs what they are worth only when the whole is compressed.
class ArchiveStore : public ImageStore {
 public:
  explicit ArchiveStore(std::string path) : path_(std::move(path)) {
    TarReader reader(path_);
    std::uint64_t kept = 0;
    while (std::optional<TarEntry> entry = reader.next()) {
      if (members_.size() >= kMostMembers) {
        throw Error(fmt::format("read {}: more than {} files in it", path_, kMostMembers));
      }
      auto [place, added] = members_.try_emplace(member_name(entry->path));
      if (!added) continue;
      Member& member = place->second;
      member.size = entry->size;
      member.file = entry->kind == TarKind::file;
      if (entry->kind == TarKind::symlink) {
        member.target = member_name(directory_of("/" + place->first) + "/" + entry->target);
      } else if (entry->kind == TarKind::hard_link) {
        member.target = member_name(entry->target);
      }
      if (member.file && entry->size <= kLongestText) member.text = json_text(reader, kept);
    }
  }

  std::optional<std::string> real_name(const std::string& name) const override {
    auto member = real(name);
    return member == members_.end() ? std::nullopt : std::optional(member->first);
  }

  std::uint64_t size(const std::string& name) const override { return real(name)->second.size; }

  std::optional<std::string> text(const std::string& name) const override {
    auto member = real(name);
    return member == members_.end() ? std::nullopt : member->second.text;
  }

  void read(const std::set<std::string>& names, const BlobReader& take) const override {
    std::set<std::string> wanted = names;
    TarReader reader(path_);
    while (!wanted.empty()) {
      std::optional<TarEntry> entry = reader.next();
      if (!entry) fail_missing(path_, *wanted.begin());
      auto found = wanted.find(member_name(entry->path));
      if (found == wanted.end() || entry->kind != TarKind::file) continue;
      take(*found, [&reader] { return reader.piece(); });
      wanted.erase(found);
    }
  }

 private:
  struct Member {
    std::uint64_t size = 0;
    bool file = false;
    std::optional<std::string> text = std::nullopt;
    std::string target = {};  ///< of a link to another member: docker saves repeated layers so
  };
  using Members = std::map<std::string, Member>;

  static std::optional<std::string> json_text(TarReader& reader, std::uint64_t& kept) {
    std::span<const std::uint8_t> bytes = reader.piece();
    if (!begins_json(bytes)) return std::nullopt;
    std::string text;
    for (; !bytes.empty(); bytes = reader.piece()) text.append(bytes.begin(), bytes.end());
    kept += text.size();
    return kept > kMostText ? std::nullopt : std::optional(std::move(text));
  }

  /// The file behind a name, links followed.
  Members::const_iterator real(const std::string& name) const {
    auto member = members_.find(name);
    for (int links = 0; member != members_.end() && !member->second.file; ++links) {
      if (links == kMostLinks || member->second.target.empty()) return members_.end();
      member = members_.find(member->second.target);
    }
    return member;
  }

  std::string path_;
  Members members_;
};

class FolderStore : public ImageStore {
 public:
  explicit FolderStore(std::string path) : path_(std::move(path)) {}

  std::optional<std::string> real_name(const std::string& name) const override {
    std::error_code code;
    return fs::is_regular_file(place(name), code) ? std::optional(member_name(name)) : std::nullopt;
  }

  std::uint64_t size(const std::string& name) const override {
    return InputFile(place(name)).size();
  }

  std::optional<std::string> text(const std::string& name) const override {
    if (!has(name) || size(name) > kLongestText) return std::nullopt;
    Bytes bytes = read_file(place(name));
    if (!begins_json(bytes)) return std::nullopt;
    return std::string(bytes.begin(), bytes.end());
  }

  void read(const std::set<std::string>& names, const BlobReader& take) const override {
    for (const std::string& name : names) {
      if (!has(name)) fail_missing(path_, name);
      InputFile file(place(name));
      Bytes buffer(std::size_t{1} << 18);
      std::uint64_t at = 0;
      take(name, [&]() -> std::span<const std::uint8_t> {
        std::span<std::uint8_t> part(
            buffer.data(),
            static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), file.size() - at)));
        file.read(at, part);
        at += part.size();
        return part;
      });
    }
  }

 private:
  std::string place(const std::string& name) const { return path_ + "/" + member_name(name); }

  std::string path_;
};

}  // namespace

std::unique_ptr<ImageStore> open_image_store(const std::string& path) {
  std::error_code code;
  if (fs::is_directory(path, code)) return std::make_unique<FolderStore>(path);
  return std::make_unique<ArchiveStore>(path);
}

}  // namespace scratchpack
