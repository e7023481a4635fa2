// What a trace sees and a bundle must not hold: files that belong to one machine, and files that
// are nobody else's business. Two lists of patterns (glob.h) and a look into what may be a key.
#pragma once

#include <string>

namespace scratchpack {

/// The machine's own: the kernel's file systems, sockets' and processes' run-time files, names,
/// accounts and caches. The container, the recipes or the bundler provide them.
bool is_machines_own(const std::string& path);

/// Below /usr, but not where administrators and images put their own (/usr/local, /usr/src).
bool is_distributions(const std::string& path);

/// By its name or place a key, a token, a password file, a shell's or editor's history, a
/// repository's inside. Of a directory only the place counts; and names that modules and test data
/// have, too (`token`, `credentials`), do not where is_distributions.
bool looks_private(const std::string& path, bool is_directory);

/// Whether the file begins a line with a private key's armour (`-----BEGIN … PRIVATE KEY-----`).
/// False for what is no small readable file. `host_path` is a path of the build machine.
bool holds_private_key(const std::string& host_path);

}  // namespace scratchpack
