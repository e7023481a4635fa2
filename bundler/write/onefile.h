// The one executable: bootloader, payload, section headers. The bytes are described in
// runtime/format.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bundler/content/file_set.h"
#include "bundler/content/start.h"
#include "bundler/find/plan.h"

namespace scratchpack {

class FrameCache;

/// zstd level 3, 12 or 19, at best with addresses in code made absolute; none stores page-aligned.
enum class Compression : std::uint8_t { none, fast, good, best };
struct OnefileOptions {
  Compression compression = Compression::none;
  unsigned threads = 0;  ///< compressing; 0: as many as the machine has. Never changes the bytes.
  FrameCache* cache = nullptr;  ///< of compressed frames. Never changes the bytes either.
  std::string workdir = {};
  std::optional<std::uint32_t> user = std::nullopt, group = std::nullopt;
  std::uint64_t time = 0;  ///< mtime of every file in the bundle: SOURCE_DATE_EPOCH
  /// The manifest (JSON) once stored sizes are known: path -> bytes taken in the bundle.
  std::function<std::string(const std::map<std::string, std::uint64_t>& stored)> manifest = {};
  std::string licences = {};  ///< licence texts, as the manifest divides them
  std::string note = {};      ///< JSON for .note.package (executable.h)
  /// Called with the whole file under a temporary name, before it gets its own. What it throws
  /// leaves nothing behind. Not for a static application.
  std::function<void(const std::string& file)> check = {};
  /// Called with bytes done and bytes in all, now and then.
  std::function<void(std::uint64_t, std::uint64_t)> progress = {};
};

struct OnefileResult {
  std::uint64_t bytes = 0;  ///< of the output
  std::map<std::string, std::uint64_t> stored;
};

/// Writes the bundle to `output` (mode 0755 less the umask), whole or not at all. For a static
/// application the output is a copy of it.
OnefileResult write_onefile(const Plan& plan, const FileSet& files, const StartDecision& start,
                            const OnefileOptions& options, const std::string& output);

}  // namespace scratchpack
