// A real bundle of a real program, made in a temporary folder, for the cases about its bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bundler/content/file_set.h"
#include "bundler/content/start.h"
#include "bundler/write/onefile.h"

namespace scratchpack::testing {

/// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

/// The file set of /usr/bin/env with a few links and data files of its own:
///   /opt/tree/data.txt, /opt/tree/copy.txt (the same bytes), /opt/tree/sub/inner.txt
///   /opt/link -> tree, /opt/tree/up -> .., /opt/absolute -> /opt/tree/sub, /opt/loop -> loop,
///   /opt/broken -> nowhere, /opt/tree/link -> sub
struct Made {
  Plan plan;
  FileSet files;
  StartDecision start;
};
Made make_file_set(Mode mode = Mode::automatic);
/// The same around another program, with helper programs and libraries that it loads by name.
Made make_file_set(Mode mode, const std::string& application,
                   const std::vector<std::string>& helpers,
                   const std::vector<std::string>& libraries);

/// Packs it.
OnefileResult pack(const Made& made, const std::string& output, Compression compression,
                   unsigned threads = 1);

/// What a command printed (both streams) and its exit status (128 + signal when it was killed).
struct Ran {
  std::string output;
  int status;
};
Ran run(const std::string& command);

}  // namespace scratchpack::testing
