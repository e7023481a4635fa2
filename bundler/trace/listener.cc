#include "bundler/trace/listener.h"

#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <iterator>

namespace scratchpack {
namespace {

// Since Linux 6.6; not in the headers of older systems.
constexpr unsigned long kSetFlags = SECCOMP_IOW(4, __u64);
constexpr unsigned long kSynchronous = 1;

/// Room for the fields that later kernels may add: they fill in all they know.
template <typename Message>
union Roomy {
  char room[512] = {};
  Message message;
};

}  // namespace

Listener::Listener(Descriptor descriptor) : descriptor_(std::move(descriptor)) {
  if (descriptor_.valid()) ::ioctl(descriptor_.get(), kSetFlags, kSynchronous);
}

std::optional<HeldCall> Listener::receive() const {
  Roomy<seccomp_notif> notice;
  if (::ioctl(descriptor_.get(), SECCOMP_IOCTL_NOTIF_RECV, &notice) != 0) return std::nullopt;
  const seccomp_notif& message = notice.message;
  HeldCall held{.id = message.id, .thread = static_cast<pid_t>(message.pid)};
  held.call.number = message.data.nr;
  std::copy(std::begin(message.data.args), std::end(message.data.args),
            held.call.arguments.begin());
  return held;
}

void Listener::let_go(const HeldCall& held) const {
  Roomy<seccomp_notif_resp> answer;
  answer.message.id = held.id;
  answer.message.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ::ioctl(descriptor_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

}  // namespace scratchpack
