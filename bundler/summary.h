// The summary of a build for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundler/report.h"
#include "bundler/report_reasons.h"

namespace scratchpack {

/// How to run the output, one command a line, the simplest first.
using RunLines = std::vector<std::string>;

/// What went in, how big it is, how it starts and why, how to run it. `every_file` names each file
/// with its reason. `bold` sets the headline in bold.
std::string summary_text(const Report& report, const RunLines& run, bool every_file, bool bold);

/// Files that are added up. By what brought them: "the program", "libraries", "recipe tls",
/// "--add-data"; or by package: "zlib1g 1:1.2.13.dfsg-1". The largest first.
struct FileGroup {
  std::string name;
  std::uint64_t files = 0;   ///< regular files; links and directories do not count
  std::uint64_t size = 0;    ///< bytes
  std::uint64_t stored = 0;  ///< bytes
};
std::vector<FileGroup> group_by_reason(const Report& report);
std::vector<FileGroup> group_by_package(const Report& report);
/// A table with a line for each and one for all.
std::string groups_text(const std::string& title, const std::vector<FileGroup>& groups);
/// The name of a file's group.
std::string reason_group(const FilesByPath& files, const ReportFile& file);

/// The whole search for every missing library, for standard error.
std::string missing_text(const std::vector<Missing>& missing);

/// "512 B", "12.3 kB", "4.1 MB": powers of 1000.
std::string human_size(std::uint64_t bytes);

/// A word as a shell wants it typed.
std::string shell_quoted(const std::string& word);

}  // namespace scratchpack
