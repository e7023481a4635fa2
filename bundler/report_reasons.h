// Why the files of a report are there, followed from one to the next: a library's reason names the
// plugin that needs it, the plugin's the recipe that brought it.
#pragma once

#include <map>
#include <string>

#include "bundler/report.h"

namespace scratchpack {

/// They point into the report.
using FilesByPath = std::map<std::string, const ReportFile*>;
FilesByPath by_path(const Report& report);

/// The path that a reason speaks of, "needed by /usr/bin/curl"; empty when it speaks of none.
std::string path_in(const std::string& reason);

/// The file or folder a path leads to, the links of the bundle followed; null where they lead out.
const ReportFile* follow(const FilesByPath& files, std::string path);

/// The package that brought the application, if one did.
const ReportPackage* package_of_application(const Report& report);

/// The file that the reason of another speaks of; null when it speaks of none inside. Words may
/// stand behind a path: "loaded by /usr/bin/app, as a note in it tells".
const ReportFile* cause_of(const FilesByPath& files, const ReportFile& file);

/// The first cause: for what is needed by a file, the reason of that file, and so on; the file's
/// own reason where that leads no further.
std::string first_reason(const FilesByPath& files, const ReportFile& file);

}  // namespace scratchpack
