// A bundle, read back: for inspect, extract and verify.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bundler/base/file.h"
#include "bundler/content/content_root.h"

namespace scratchpack {

struct BundleEntry {
  std::string path;
  std::string kind;  ///< "file", "directory" or "symlink"
  std::uint32_t mode = 0;
  std::uint64_t size = 0;    ///< bytes, of the original
  std::uint64_t stored = 0;  ///< bytes taken in the bundle
  std::string method;        ///< "raw" or "zstd"; empty for directories and links
  std::string target = {};
  bool rewritten = false;
  bool container_first = false;
  bool append_user = false;
};

class Bundle {
 public:
  /// Throws Error (`read PATH: not a bundle …`) for anything damaged or newer.
  static Bundle open(const std::string& path);
  Bundle(Bundle&&) noexcept;
  ~Bundle();

  const std::vector<BundleEntry>& entries() const;
  std::string manifest() const;    ///< JSON text
  std::string start_mode() const;  ///< "in-place" or "extract"
  std::string program() const;     ///< path of the program it starts
  std::string licences() const;    ///< texts back to back, as the manifest divides them; or none
  std::uint64_t time() const;      ///< what SOURCE_DATE_EPOCH was: seconds since 1970
  Launch launch() const;           ///< the launch record

  /// The original bytes of a file entry: decoded, checked, the rewriting undone.
  Bytes content(std::size_t entry) const;
  /// The same as it lies in the bundle, the rewriting included.
  Bytes image(std::size_t entry) const;

  /// Checks every content against its checksum: one sentence a fault. `step` is called with the
  /// bytes done and in all.
  std::vector<std::string> verify(
      const std::function<void(std::uint64_t, std::uint64_t)>& step) const;

 private:
  struct State;
  explicit Bundle(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace scratchpack
