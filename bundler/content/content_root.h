// The content's identity: one digest that a signature or an attestation can name, whatever form the
// content was written in.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bundler/content/file_set.h"

namespace scratchpack {

/// SHA-256 of each regular file of a set, in hexadecimal digits, by path.
using Digests = std::map<std::string, std::string>;

/// Reads all contents. `threads` 0: as many as the machine has.
Digests content_digests(const FileSet& files, unsigned threads = 0);

/// What is started and how: of a bundle what its launch record says, of a root file system what
/// its image configuration does.
struct Launch {
  std::string mode;         ///< "in-place", "extract"; "native" of a root file system, "static"
  std::string program;      ///< path of the ELF program that runs
  std::string interpreter;  ///< of its dynamic linker; empty when it is static
  std::string named;        ///< path the program was started by (AT_EXECFN): a script's own
  std::string argv0 = {};   ///< when not empty: goes in place of the caller's argv[0]
  std::vector<std::string> arguments = {};  ///< put before the user's own
  std::vector<EnvironmentEdit> environment = {};
  std::string workdir = {};
  std::string user = {};  ///< "UID:GID"; empty: as started
};

/// What content_root() covers, in the words of the JSON summary.
inline constexpr const char* kRootCovers = "entries, contents, launch";

/// SHA-256 over every entry in the order of their paths (path, kind, mode, who wins where the
/// container has a file there, link target, digest of the content) and over the launch. Contents
/// are those before a bundle rewrites its linker and C library.
std::string content_root(const FileSet& files, const Digests& digests, const Launch& launch);

}  // namespace scratchpack
