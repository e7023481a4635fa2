// Everything the handler calls is safe in a handler: system calls on memory that was there before.
#include "bundler/base/interrupt.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <csignal>
#include <cstring>
#include <utility>

namespace scratchpack {
namespace {

struct Slot {
  std::atomic<bool> taken = false;
  std::atomic<bool> set = false;  ///< the path is whole
  std::array<char, PATH_MAX> path = {};
};
std::array<Slot, 8> slots;

/// What getdents64 fills in; the C library keeps it to itself.
struct DirectoryRecord {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
  char name[];
};

void remove_tree(int parent, const char* name, int depth) {
  if (::unlinkat(parent, name, 0) == 0 || depth > 64) return;
  int folder = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return;
  alignas(DirectoryRecord) char buffer[4096];
  // Another thread may be adding names still: until the folder can go, but not for ever.
  for (int round = 0; round < 100; ++round) {
    ::lseek(folder, 0, SEEK_SET);
    for (long size; (size = ::syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0;) {
      for (long at = 0; at < size;) {
        auto* record = reinterpret_cast<DirectoryRecord*>(buffer + at);
        at += record->length;
        if (std::strcmp(record->name, ".") == 0 || std::strcmp(record->name, "..") == 0) continue;
        remove_tree(folder, record->name, depth + 1);
      }
    }
    if (::unlinkat(parent, name, AT_REMOVEDIR) == 0) break;
  }
  ::close(folder);
}

void remove_all_and_die(int number) {
  for (Slot& slot : slots) {
    if (slot.set) remove_tree(AT_FDCWD, slot.path.data(), 0);
  }
  std::signal(number, SIG_DFL);
  ::raise(number);
}

}  // namespace

HeldSignals::HeldSignals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

HeldSignals::~HeldSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

Unfinished::Unfinished(const std::string& path) { reset(path); }

Unfinished::~Unfinished() { reset(""); }

void Unfinished::reset(const std::string& path) {
  if (slot_ >= 0) {
    Slot& slot = slots[static_cast<std::size_t>(std::exchange(slot_, -1))];
    slot.set = false;
    slot.taken = false;
  }
  if (path.empty() || path.size() >= PATH_MAX) return;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    bool free = false;
    if (!slots[i].taken.compare_exchange_strong(free, true)) continue;
    std::memcpy(slots[i].path.data(), path.c_str(), path.size() + 1);
    slots[i].set = true;
    slot_ = static_cast<int>(i);
    return;
  }
}

void remove_unfinished_on_signals() {
  struct sigaction action {};
  action.sa_handler = &remove_all_and_die;
  ::sigfillset(&action.sa_mask);
  for (int number : {SIGHUP, SIGINT, SIGTERM}) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(number, &action, nullptr);
  }
}

}  // namespace scratchpack
