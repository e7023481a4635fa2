#include "bundler/write/frame_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <vector>

#include "bundler/base/digest.h"
#include "bundler/base/error.h"
#include "bundler/base/interrupt.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

constexpr char kMagic[8] = {'s', 'c', 'r', 'p', 'k', 'f', 'c', '1'};
constexpr std::size_t kKeyLength = 64;                       // hexadecimal digits
constexpr std::uint64_t kLargest = std::uint64_t{64} << 20;  // bytes; no frame comes near
constexpr std::size_t kKeptFrom = 4096;  // bytes; less is compressed as fast as read
constexpr std::uint64_t kDiskBlock = 4096;
constexpr const char* kUnfinished = ".new-";  // begins names before the rename
constexpr std::chrono::hours kAbandoned{1};

struct Header {
  char magic[8];
  char key[kKeyLength];
  std::uint64_t size;      // bytes of the frame
  std::uint64_t checksum;  // XXH64 of the frame
};

Header header_for(const std::string& key, std::span<const std::uint8_t> frame) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  std::memcpy(header.key, key.data(), kKeyLength);
  header.size = frame.size();
  header.checksum = xxh64(frame);
  return header;
}

bool write_all(int file, const void* bytes, std::size_t size) {
  const auto* at = static_cast<const std::uint8_t*>(bytes);
  while (size > 0) {
    const ssize_t count = ::write(file, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

/// False when the file ends before.
bool read_all(int file, void* bytes, std::size_t size) {
  auto* at = static_cast<std::uint8_t*>(bytes);
  while (size > 0) {
    const ssize_t count = ::read(file, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

/// Whether root would make something in another user's folder: sudo keeps HOME here and there.
bool is_foreign(const std::string& path) {
  struct stat status {};
  return ::geteuid() == 0 && ::stat(path.c_str(), &status) == 0 && status.st_uid != 0;
}

/// Makes a folder of our own; what is there already is judged by the caller.
bool make_folder(const std::string& path) {
  return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

struct Kept {
  std::string path;
  struct timespec used;
  std::uint64_t size;  // bytes on disk
};

bool used_before(const Kept& a, const Kept& b) {
  if (a.used.tv_sec != b.used.tv_sec) return a.used.tv_sec < b.used.tv_sec;
  if (a.used.tv_nsec != b.used.tv_nsec) return a.used.tv_nsec < b.used.tv_nsec;
  return a.path < b.path;
}

/// All frames below `folder`; what builds that were killed have left is removed on the way.
std::vector<Kept> list_kept(const std::string& folder) {
  std::vector<Kept> all;
  std::error_code code;
  fs::recursive_directory_iterator at(folder, code);
  for (; !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
    struct stat status {};
    const std::string path = at->path();
    const std::string name = at->path().filename();
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (name.starts_with(kUnfinished)) {
      const auto age = std::chrono::seconds(::time(nullptr) - status.st_mtim.tv_sec);
      if (age > kAbandoned) ::unlink(path.c_str());
      continue;
    }
    if (name.size() != kKeyLength) continue;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    all.push_back({path, status.st_mtim, (size + kDiskBlock - 1) / kDiskBlock * kDiskBlock});
  }
  return all;
}

}  // namespace

std::string FrameCache::users_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  // A relative one is to be ignored, says the XDG base directory specification.
  if (cache != nullptr && *cache == '/') return std::string(cache) + "/scratchpack";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? std::string(home) + "/.cache/scratchpack" : "";
}

FrameCache::FrameCache(std::string folder, std::uint64_t bound)
    : folder_(std::move(folder)), bound_(bound) {
  if (folder_.empty()) give_up("neither XDG_CACHE_HOME nor HOME is set");
}

std::string FrameCache::key(const std::string& settings, std::span<const std::uint8_t> content) {
  Sha256 digest;
  const std::string text = fmt::format("{}\n{}\n", settings, content.size());
  digest.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  digest.update(content);
  return digest.hexadecimal();
}

std::string FrameCache::path_of(const std::string& key) const {
  return folder_ + "/" + key.substr(0, 2) + "/" + key;
}

void FrameCache::give_up(const std::string& reason) {
  unwritable_ = true;
  const std::lock_guard guard(lock_);
  if (trouble_.empty()) trouble_ = reason;
}

std::string FrameCache::trouble() const {
  const std::lock_guard guard(lock_);
  return trouble_;
}

std::optional<Bytes> FrameCache::find(const std::string& key) {
  if (folder_.empty()) return std::nullopt;
  const Descriptor file(
      ::open(path_of(key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  Header header;
  // The frame's owner made it: nobody else's is taken.
  if (!file.valid() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_uid != ::geteuid() || !read_all(file.get(), &header, sizeof header)) {
    return std::nullopt;
  }
  if (header.size > kLargest ||
      static_cast<std::uint64_t>(status.st_size) != sizeof header + header.size) {
    return std::nullopt;
  }
  Bytes frame(header.size);
  if (!read_all(file.get(), frame.data(), frame.size())) return std::nullopt;
  const Header right = header_for(key, frame);
  if (std::memcmp(&header, &right, sizeof header) != 0) return std::nullopt;
  ::futimens(file.get(), nullptr);  // used now; where it cannot be said it ages faster
  return frame;
}

/// Makes the folder if need be. The reason, where it is not to be used.
std::string FrameCache::prepare() {
  const fs::path above = fs::path(folder_).parent_path();
  std::error_code code;
  if (!fs::exists(above, code)) {
    if (is_foreign(above.parent_path())) return fmt::format("{} is another user's", above.string());
    make_folder(above);
  }
  if (!fs::exists(folder_, code) && is_foreign(above)) {
    return fmt::format("{} is another user's", above.string());
  }
  if (!make_folder(folder_)) return fmt::format("{}: {}", folder_, errno_text(errno));
  struct stat status {};
  if (::stat(folder_.c_str(), &status) != 0) {
    return fmt::format("{}: {}", folder_, errno_text(errno));
  }
  return status.st_uid == ::geteuid() ? "" : fmt::format("{} is another user's", folder_);
}

void FrameCache::keep(const std::string& key, std::span<const std::uint8_t> frame) {
  std::call_once(prepared_, [this] {
    if (const std::string reason = prepare(); !reason.empty()) give_up(reason);
  });
  if (unwritable_) return;
  if (write_frame(key, frame)) {
    grown_ = true;
  } else {
    give_up(fmt::format("{}: {}", folder_, errno_text(errno)));
  }
}

/// False with errno set.
bool FrameCache::write_frame(const std::string& key, std::span<const std::uint8_t> frame) {
  const std::string folder = folder_ + "/" + key.substr(0, 2);
  if (!make_folder(folder)) return false;
  std::string name = folder + "/" + kUnfinished + "XXXXXX";
  Unfinished unfinished;
  Descriptor file;
  {
    const HeldSignals held;
    file = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
    if (!file.valid()) return false;
    unfinished.reset(name);
  }
  const Header header = header_for(key, frame);
  const bool written = write_all(file.get(), &header, sizeof header) &&
                       write_all(file.get(), frame.data(), frame.size()) &&
                       ::close(file.release()) == 0 &&
                       ::rename(name.c_str(), path_of(key).c_str()) == 0;
  if (written) return true;
  const int number = errno;
  ::unlink(name.c_str());
  errno = number;
  return false;
}

Bytes FrameCache::find_or_make(FrameCache* cache, const std::string& settings,
                               std::span<const std::uint8_t> content,
                               const std::function<Bytes()>& make) {
  if (cache == nullptr || content.size() < kKeptFrom) return make();
  const std::string key = FrameCache::key(settings, content);
  if (std::optional<Bytes> kept = cache->find(key)) return std::move(*kept);
  Bytes frame = make();
  cache->keep(key, frame);
  return frame;
}

void FrameCache::trim() {
  if (!grown_.exchange(false)) return;
  std::vector<Kept> all = list_kept(folder_);
  std::uint64_t total = 0;
  for (const Kept& kept : all) total += kept.size;
  if (total <= bound_) return;
  std::sort(all.begin(), all.end(), used_before);
  // A little more than needed, so that not every build has to sort again.
  for (const Kept& kept : all) {
    if (total <= bound_ - bound_ / 16) break;
    ::unlink(kept.path.c_str());
    total -= kept.size;
  }
}

}  // namespace scratchpack
