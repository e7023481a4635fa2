// A file set as a tar archive: the plain root file system, and the small archive that a Dockerfile
// ADDs. The only user of libarchive's writer.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "bundler/content/file_set.h"

namespace scratchpack {

/// Takes the next bytes of an output; may throw.
using ByteSink = std::function<void(std::span<const std::uint8_t>)>;
/// Called with the bytes of content just written.
using ByteStep = std::function<void(std::uint64_t)>;

/// Writes the archive: entries in the order of their paths (so every directory before what is in
/// it), without the leading slash, owned by 0:0 without names, changed at `time` (seconds since
/// 1970). The same set and time give the same bytes, whatever the machine, locale or umask. In
/// GNU's format, which is plain ustar but for long names. Throws Error when a source cannot be
/// read, and whatever the sink throws.
void write_tar(const FileSet& files, std::uint64_t time, const ByteSink& sink,
               const ByteStep& step = {});

/// The same into a file, whole or not at all. Returns its size in bytes.
std::uint64_t write_tar_file(const FileSet& files, std::uint64_t time, const std::string& output,
                             const ByteStep& step = {});

/// Bytes that `gzip -6` would make of these, headers included: how registries store a layer.
std::uint64_t gzipped_size(std::span<const std::uint8_t> bytes);

}  // namespace scratchpack
