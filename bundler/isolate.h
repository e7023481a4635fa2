// Runs one executable as a container made FROM scratch would: in a root that holds it, /proc
// and the usual devices and nothing else, as an unprivileged user, read-only, without a way back,
// without the system calls that engines refuse.
// No container engine, no daemon: the kernel's namespaces, as root or where users may make their
// own.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bundler/base/error.h"
#include "bundler/base/values.h"

namespace scratchpack {

struct Isolation {
  std::string program;                      ///< path of the executable
  std::vector<std::string> arguments = {};  ///< behind its name
  Identity user = {65532, 65532};           ///< who it runs as
  bool with_tmp = false;                    ///< a writable and executable /tmp
  std::chrono::seconds timeout{10};         ///< it is killed afterwards
  /// In place of a container's; nothing of ours is handed on then.
  std::optional<std::vector<std::string>> environment = std::nullopt;
  int output = -1;  ///< descriptor that takes both output streams; -1: ours
  /// Filled with the paths it looked for in vain; nothing where the kernel has no way to tell.
  std::optional<std::set<std::string>>* missed = nullptr;
};

/// Why no empty root can be made here, or the program not be started in it.
class IsolationError : public Error {
 public:
  IsolationError(const std::string& program, std::string reason);
  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

/// The status of a run that was killed because its time was over, as timeout(1) has it.
inline constexpr int kTimedOut = 124;

/// Runs it with our standard streams and a container's environment. Returns its exit status, 128
/// and the signal's number when it died of one, kTimedOut when it was killed after `timeout`.
/// Throws IsolationError.
int run_isolated(const Isolation& isolation);

// ---- the steps that others share -----------------------------------------------------------

/// Throws Error `WHAT: reason` with errno's when the result of a system call is negative.
void must(long result, const std::string& what);

/// Puts this process into new namespaces (flags of unshare(2)); for an ordinary user inside one of
/// his own, where he is `user`.
void enter_namespaces(int flags, const Identity& user);

/// The devices that container engines give to every container, as far as this machine has them, in
/// an existing folder.
void make_devices(const std::string& folder);

}  // namespace scratchpack
