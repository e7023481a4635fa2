// Compressed frames kept from build to build, so that after an edit only what was edited is
// compressed again.
//
//   FOLDER/1f/1f0c…d2     one file a frame, named by its key: the digest of everything the frame
//                         depends on. A header with a checksum, then the frame.
//
// A cache makes a build faster or does nothing: a frame that is missing, damaged or another's is a
// miss, and a folder that cannot be used leaves everything to be compressed. Files appear by
// rename, so builds may share a folder at the same time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "bundler/base/file.h"

namespace scratchpack {

class FrameCache {
 public:
  /// Bytes on disk it is cut back to, those unused for the longest time first.
  static constexpr std::uint64_t kDefaultBound = std::uint64_t{1} << 30;

  /// $XDG_CACHE_HOME/scratchpack, else ~/.cache/scratchpack; empty where neither is set.
  static std::string users_folder();

  /// Made when something is first kept, mode 0700. A folder, or the place for it, that belongs to
  /// somebody else is not used: frames are taken on trust, and sudo must leave nothing in a user's
  /// home.
  explicit FrameCache(std::string folder, std::uint64_t bound = kDefaultBound);

  /// The key of a frame: SHA-256 of how it is made and of the content it is made from.
  static std::string key(const std::string& settings, std::span<const std::uint8_t> content);

  /// Both may be called by several threads at once, and never throw for what is on disk.
  std::optional<Bytes> find(const std::string& key);
  void keep(const std::string& key, std::span<const std::uint8_t> frame);

  /// The frame of `content` out of the cache, or made and kept there. Without a cache, or where
  /// looking up would take longer than making, always made.
  static Bytes find_or_make(FrameCache* cache, const std::string& settings,
                            std::span<const std::uint8_t> content,
                            const std::function<Bytes()>& make);

  /// Removes the longest unused beyond the bound, if anything was kept since the last time.
  void trim();

  /// Why it could not be used, the first reason; empty when it could.
  std::string trouble() const;

 private:
  std::string path_of(const std::string& key) const;
  std::string prepare();
  bool write_frame(const std::string& key, std::span<const std::uint8_t> frame);
  void give_up(const std::string& reason);

  std::string folder_;
  std::uint64_t bound_;
  std::once_flag prepared_;
  std::atomic<bool> unwritable_ = false;
  std::atomic<bool> grown_ = false;
  mutable std::mutex lock_;  // of trouble_
  std::string trouble_;
};

}  // namespace scratchpack
