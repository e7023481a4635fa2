#include "bootloader/identity.h"

#include "bootloader/report.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

void make_directories(const char* path) {
  char copy[kLongestPath + 1];
  TextBuilder text(copy, sizeof copy);
  for (const char* at = path; *at != 0 && text.fits(); ++at) {
    if (*at == '/' && text.length() > 0) sys(kSysMkdirat, kAtFdcwd, text.text(), 0755);
    text.add(at, 1);
  }
  sys(kSysMkdirat, kAtFdcwd, text.text(), 0755);
}

}  // namespace

void take_identity(const Payload& payload) {
  const LaunchRecord& launch = payload.header->launch;
  if (launch.workdir != kNone) {
    const char* path = payload.text(launch.workdir);
    long result = sys(kSysChdir, path);
    if (result == -kENOENT) {
      make_directories(path);
      result = sys(kSysChdir, path);
    }
    if (failed(result)) {
      fail("change to", path, result, "give the image this directory: WORKDIR in its Dockerfile");
    }
  }
  if ((launch.user == kNone && launch.group == kNone) || sys(kSysGeteuid) != 0) return;
  const uint32_t group = launch.group != kNone ? launch.group : launch.user;
  long result = sys(kSysSetgroups, 0, nullptr);
  if (!failed(result)) result = sys(kSysSetgid, group);
  if (!failed(result) && launch.user != kNone) result = sys(kSysSetuid, launch.user);
  if (failed(result)) {
    fail("become", "the user the bundle asks for", result, "start it as that user: --user");
  }
}

}  // namespace scratchpack
