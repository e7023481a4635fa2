#include "bundler/find/left_out.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "bundler/base/file.h"
#include "bundler/find/glob.h"

namespace scratchpack {
namespace {

constexpr std::size_t kLargestKey = 65536;  // bytes; a file with a chain and its key is smaller

// `DIRECTORY/**` is the directory itself, too.
constexpr const char* kMachines[] = {
    "/proc/**",
    "/sys/**",
    "/dev/**",
    "/run/**",
    "/var/run/**",
    "/var/lock/**",
    "/var/log/**",
    "/var/cache/ldconfig/**",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/machine-id",
    "/var/lib/dbus/machine-id",
    "/etc/passwd",
    "/etc/passwd-",
    "/etc/group",
    "/etc/group-",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/subuid",
    "/etc/subgid",
    "/etc/nsswitch.conf",  // names services of this machine; recipe nss writes one
    "/etc/ld.so.cache",    // the bundler writes one of what is in the bundle
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/adjtime",
    "/etc/fstab",
    "/etc/mtab",
};

constexpr const char* kPrivatePlaces[] = {
    "**/.ssh/**",
    "**/.gnupg/**",
    "**/.git/**",
    "**/.hg/**",
    "**/.svn/**",
    "**/.aws/**",
    "**/.azure/**",
    "**/.kube/**",
    "**/.config/gcloud/**",
    "**/.config/gh/**",
    "**/.password-store/**",
    "**/.local/share/keyrings/**",
    "**/.mozilla/**",
    "**/.config/google-chrome/**",
    "**/.config/chromium/**",
    "/etc/ssl/private/**",
    "/etc/letsencrypt/**",
};

// Of files; a directory may well be called so, as a virtual environment is `.env`.
constexpr const char* kPrivateNames[] = {
    "**/.docker/config.json",
    "**/.cargo/credentials*",
    "**/.gem/credentials",
    "**/.terraform.d/credentials*",
    ".env",
    ".env.*",
    ".envrc",
    ".netrc",
    "_netrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".mylogin.cnf",
    ".git-credentials",
    ".vault-token",
    ".htpasswd",
    ".dockercfg",
    ".s3cfg",
    ".boto",
    ".*_history",
    ".history",
    ".histfile",
    ".lesshst",
    ".viminfo",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ecdsa_sk",
    "id_ed25519",
    "id_ed25519_sk",
    "ssh_host_*_key",
    "*.ppk",
    "*.kdbx",
    "*.keytab",
    "*.tfstate",
};

// Of files, where no distribution keeps its own: those have modules, test data and templates that
// are called so.
constexpr const char* kPrivateOutsideUsr[] = {
    ".npmrc",       ".yarnrc.yml", "*.p12",
    "*.pfx",        "*.jks",       "*.token",
    "token",        "credentials", "credentials.json",
    "secrets.json", "secrets.yml", "secrets.yaml",
    "secrets.toml",
};

// Written to be copied and filled in.
constexpr const char* kPublic[] = {".env.example", ".env.sample", ".env.template", ".env.dist"};

/// Whether one of the patterns takes the path; those ending in `/**` take their directory, too.
template <typename Patterns>
bool takes(const Patterns& patterns, const std::string& path) {
  return std::any_of(std::begin(patterns), std::end(patterns), [&](const char* text) {
    std::string pattern = text;
    if (glob_matches(pattern, path)) return true;
    return pattern.ends_with("/**") && glob_matches(pattern.substr(0, pattern.size() - 3), path);
  });
}

/// The first bytes of a regular file no larger than a key; empty otherwise.
std::string small_text(const std::string& host_path) {
  Descriptor file(::open(host_path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return "";
  if (status.st_size <= 0 || static_cast<std::uint64_t>(status.st_size) > kLargestKey) return "";
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  ssize_t count = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return text;
}

}  // namespace

bool is_machines_own(const std::string& path) { return takes(kMachines, path); }

bool is_distributions(const std::string& path) {
  if (path.starts_with("/usr/local/") || path.starts_with("/usr/src/")) return false;
  return path.starts_with("/usr/");
}

bool looks_private(const std::string& path, bool is_directory) {
  if (takes(kPrivatePlaces, path)) return true;
  if (is_directory || takes(kPublic, path)) return false;
  return takes(kPrivateNames, path) || (!is_distributions(path) && takes(kPrivateOutsideUsr, path));
}

bool holds_private_key(const std::string& host_path) {
  const std::string text = small_text(host_path);
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kEnd = "PRIVATE KEY-----";
  for (std::size_t at = text.find(kBegin); at != text.npos; at = text.find(kBegin, at + 1)) {
    if (at != 0 && text[at - 1] != '\n') continue;
    std::string_view line = std::string_view(text).substr(at, text.find('\n', at) - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.ends_with(kEnd)) return true;
  }
  return text.starts_with("PuTTY-User-Key-File-") || text.find("AGE-SECRET-KEY-1") != text.npos;
}

}  // namespace scratchpack
