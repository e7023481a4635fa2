#include "runtime/sockets.h"

#include "runtime/answer.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/gate.h"
#include "runtime/locate.h"
#include "runtime/process.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

constexpr uint16_t kFamilyUnix = 1;

struct UnixAddress {
  uint16_t family;
  char path[108];
};

}  // namespace

long socket_call(const Registers& r) {
  constexpr uint64_t kFamilySize = sizeof(uint16_t);
  if (r.rdx <= kFamilySize || r.rdx > sizeof(UnixAddress) || !readable(r.rsi, r.rdx)) return kPass;
  const UnixAddress& given = *reinterpret_cast<const UnixAddress*>(r.rsi);
  if (given.family != kFamilyUnix || given.path[0] == 0) return kPass;  // abstract names have none
  char path[sizeof given.path + 1];
  TextBuilder text(path, sizeof path);
  uint64_t length = 0;
  while (length < r.rdx - kFamilySize && given.path[length] != 0) ++length;
  text.add(given.path, length);
  Walk walk;
  bool spelled = false;
  if (!walk_from(kAtFdcwd, path, true, walk, spelled)) return kPass;
  if (!spelled && !walk.moved) return kPass;
  char real[kLongestPath + 1];
  UnixAddress address = {kFamilyUnix, {}};
  TextBuilder real_text(address.path, sizeof address.path);
  if (!spell_path(process.payload, walk, real)) return -kENAMETOOLONG;
  real_text.add(real);
  if (!real_text.fits()) return -kENAMETOOLONG;
  return sys(static_cast<long>(r.rax), r.rdi, &address, kFamilySize + real_text.length() + 1);
}

}  // namespace scratchpack
