// What the finders (walk, recipes, options, later traces and Python) agree on: everything the
// program needs at run time and why. content/collect turns a plan into the file set.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace scratchpack {

/// One file, link or directory tree that must be in the bundle.
struct Want {
  std::string path;    ///< absolute path at which the program will ask for it
  std::string reason;  ///< "needed by /usr/bin/curl", "recipe tls: …", "--add-data"
  /// A file of the build machine put at `path` (--add-data); empty: `path` of the sysroot itself,
  /// with every link on the way kept as a link.
  std::string source = {};
  /// Bytes made by us (a rewritten cache, a minimal configuration); wins over `source`.
  std::optional<std::string> content = std::nullopt;
  std::uint32_t mode = 0;        ///< permission bits; 0 means the source's (0644 for content)
  bool container_first = false;  ///< a file of the container at this path wins over ours
  std::string target = {};       ///< not empty: a symbolic link made by us, to this
  /// passwd or group: whoever runs the bundle must find a line for his own id in it; the launcher
  /// adds one where it is missing.
  bool append_user = false;
  /// A directory as such, without what is in it.
  bool only_itself = false;
};

/// What --prune left out.
struct Pruned {
  std::map<std::string, std::uint64_t> files = {};  ///< their sizes on this machine, by path
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [path, size] : files) sum += size;
    return sum;
  }
};

/// A place where something was looked for and why it was passed over.
struct Tried {
  std::string path;
  std::string why;
};

/// A library or program that was asked for and not found, with the whole search.
struct Missing {
  std::string name;
  std::string needed_by;
  std::vector<Tried> tried;
};

/// A Python module that modules of the bundle import and that was not found, one line an importer:
/// whether it is imported for certain, in a condition, in a function, or where it may fail.
struct UnfoundImport {
  struct Importer {
    std::string module;
    std::vector<std::string> how = {};  ///< of conditional, delayed, optional
    bool standard = false;              ///< a module of the standard library
  };
  std::string name;
  std::vector<Importer> imported_by;
};

/// A library that a file of the plan names to load it while it runs, which this machine has and the
/// plan has not.
struct Unloaded {
  std::string name;
  std::string named_by;  ///< path of the first file that names it
  std::string feature;   ///< what for, where a note tells
  bool suggested;        ///< by a note; else it is a string in the file
};

/// A variable set for this program and its bundled children.
struct EnvironmentEdit {
  std::string name;
  std::string value;
  bool only_if_unset = true;
  std::string reason = {};
  /// The value is a path inside the bundle, or several between colons: below the extracted root
  /// when the bundle was extracted.
  bool is_path = false;
  bool extracted_only = false;  ///< says nothing in place, where the path is served by itself
};

/// A dynamic program in the bundle and what its start opens, in the order of the linker.
struct Program {
  std::string path;                         ///< as asked for
  std::string interpreter;                  ///< its PT_INTERP
  std::vector<std::string> libraries = {};  ///< paths as the linker opens them, breadth first
};

/// One file asks for another when it is loaded. Paths as the linker opens them: to be followed, not
/// compared.
struct Need {
  std::string by;
  std::string library;
};

enum class ApplicationKind : std::uint8_t { dynamic_elf, static_elf, script };

struct Plan {
  /// What the user named, as an absolute path inside the sysroot; of Python's -m MODULE: /MODULE.
  std::string application;
  ApplicationKind kind = ApplicationKind::dynamic_elf;
  std::string launch_path;  ///< the ELF program that runs: APP, or the script's interpreter
  std::string argv0 = {};   ///< when not empty: goes in place of the caller's argv[0]
  std::vector<std::string> arguments;  ///< put before the user's own (script: [option,] script)
  /// What starts it in a plain root file system; empty: the application, by itself.
  std::vector<std::string> command = {};
  std::string interpreter = {};        ///< PT_INTERP of launch_path; empty when static
  std::vector<Program> programs = {};  ///< launch_path first
  std::vector<Want> wants = {};
  std::vector<Need> needs = {};  ///< all of them, where a want's reason names the first alone
  std::vector<EnvironmentEdit> environment = {};
  std::vector<Missing> missing = {};
  std::vector<std::string> warnings = {};
  std::vector<Unloaded> unloaded = {};
  std::vector<UnfoundImport> unfound = {};
  std::optional<Pruned> pruned = std::nullopt;
  std::set<std::string> written = {};     ///< folders that traced runs wrote in
  std::vector<std::string> recipes = {};  ///< names of those applied, in order
};

}  // namespace scratchpack
