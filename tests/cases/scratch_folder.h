// A temporary folder for one test case, removed with everything in it.
#pragma once

#include <string>

namespace scratchpack {

class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  /// The folder, or a name in it, as an absolute path.
  std::string path(const std::string& name = "") const;

  /// Writes a file, makes a symbolic link or a copy; parents are made. Returns the absolute path.
  std::string write(const std::string& name, const std::string& content) const;
  std::string link(const std::string& name, const std::string& target) const;
  std::string copy(const std::string& name, const std::string& from) const;

  /// Runs a shell command in the folder, and fails the test with its output when it fails.
  void run(const std::string& command) const;

 private:
  std::string path_;
};

/// Standard output of a shell command run in `directory`; its errors are dropped, its status
/// returned where asked for.
std::string output_of(const std::string& command, const std::string& directory,
                      int* status = nullptr);

/// Every name in the folder, and of each file a digest: equal only where nothing has changed.
std::string state_of(const ScratchFolder& folder);

}  // namespace scratchpack
