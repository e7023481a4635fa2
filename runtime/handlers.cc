// One path call goes through the same steps whatever its number: the table (calls.h) says which
// arguments are directory and path and what the call does with it; the walk (path_map.h) says what
// the bundle has there; the action decides whose turn it is.
//
//   bundle has it       look, open to read   answered from the bundle; configuration and
//                                            directories that the container has, too: the container
//                       create, link         EEXIST
//                       change, remove,      EROFS; configuration that the container has, too:
//                       open to write        the container
//   bundle has it not   everything           the container, by the real path when links or a
//                                            directory of the bundle led there; what makes a name
//                                            gets the parents that only the bundle has
#include "runtime/handlers.h"

#include "runtime/answer.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/arena.h"
#include "runtime/directories.h"
#include "runtime/execute.h"
#include "runtime/gate.h"
#include "runtime/locate.h"
#include "runtime/mapped_files.h"
#include "runtime/process.h"
#include "runtime/raw_files.h"
#include "runtime/sockets.h"
#include "runtime/status.h"
#include "runtime/text.h"
#include "runtime/working_directory.h"

namespace scratchpack {
namespace {

/// The rows of calls.h by number, without a search.
struct CallTable {
  CallAction action[kCallLimit] = {};
  CallPath path[kCallLimit] = {};
};
constexpr CallTable make_table() {
  CallTable table;
  for (const Call& call : kCalls) {
    table.action[call.number] = call.action;
    table.path[call.number] = call.path;
  }
  return table;
}
constexpr CallTable kTable = make_table();

/// Where a call has its directory and path.
struct PathPlace {
  uint64_t* directory = nullptr;  ///< nullptr: there is none, the working directory counts
  uint64_t* path = nullptr;
};

PathPlace first_path(Registers& r, CallPath where) {
  switch (where) {
    case kFirst:
      return {nullptr, &r.rdi};
    case kSecond:
      return {nullptr, &r.rsi};
    case kFirstAt:
      return {&r.rdi, &r.rsi};
    case kSecondAt:
      return {&r.rsi, &r.rdx};
    default:
      return {};
  }
}

PathPlace second_path(Registers& r, CallPath where) {
  return where == kFirstAt ? PathPlace{&r.rdx, &r.r10} : PathPlace{nullptr, &r.rsi};
}

long directory_of_place(const PathPlace& place) {
  return place.directory == nullptr ? kAtFdcwd : static_cast<int>(*place.directory);
}

/// The kernel's own answer to the call, with paths replaced where `places` were.
long call_kernel(const Registers& r) {
  return sys(static_cast<long>(r.rax), r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9);
}

void replace(const PathPlace& place, const char* path) {
  if (place.directory != nullptr) *place.directory = static_cast<uint64_t>(kAtFdcwd);
  *place.path = reinterpret_cast<uint64_t>(path);
}

/// A path looked up, and how the kernel would have to be told.
struct Target {
  PathPlace place;
  Walk walk;
  const Entry* entry = nullptr;  ///< what the bundle has
  bool spelled = false;          ///< the kernel needs the path spelled out
};

bool look_up(const PathPlace& place, bool follow, Target& target) {
  target.place = place;
  const char* path = reinterpret_cast<const char*>(*place.path);
  const long directory = directory_of_place(place);
  if (!walk_from(directory, path, follow, target.walk, target.spelled)) return false;
  target.entry = found_entry(target.walk);
  target.spelled = target.spelled || target.walk.moved;
  return true;
}

/// Lets the kernel do it: where it stands, or here with the real path.
__attribute__((noinline)) long to_kernel(const Registers& r, const Target& target) {
  if (!target.spelled) return kPass;
  char path[kLongestPath + 1];
  if (!spell_path(process.payload, target.walk, path)) return -kENAMETOOLONG;
  Registers copy = r;
  PathPlace place = target.place;
  // The place points into `r`; the same registers of the copy are meant.
  const auto shift = [&](uint64_t* at) {
    return at == nullptr
               ? nullptr
               : reinterpret_cast<uint64_t*>(&copy) + (at - reinterpret_cast<const uint64_t*>(&r));
  };
  place.directory = shift(place.directory);
  place.path = shift(place.path);
  replace(place, path);
  return call_kernel(copy);
}

bool container_decides(const Entry& entry, bool follow) {
  const bool container_first =
      entry.kind == kKindDirectory || (entry.flags & kFlagContainerFirst) != 0;
  return container_first && in_container(entry, follow);
}

/// Whether the container has something else in place of the file that a walk ended at.
bool replaced_by_container(const Walk& walk) {
  return walk.entry != nullptr && (walk.entry->flags & kFlagContainerFirst) != 0 &&
         in_container(*walk.entry, true);
}

long look(Registers& r, Target& target, bool follow) {
  if (target.entry == nullptr) return to_kernel(r, target);
  if (container_decides(*target.entry, follow)) return to_kernel(r, target);
  return answer_look(r, *target.entry);
}

/// Directories that only the bundle has are made in the container where that is permitted, so that
/// something can be put into them.
void make_parents(const Walk& walk) {
  if (walk.unknown != 1 || walk.entry == nullptr || walk.entry->kind != kKindDirectory) return;
  if (in_container(*walk.entry, true)) return;
  char path[kLongestPath + 1];
  TextBuilder text(path, sizeof path);
  for (const char* at = process.payload.path(*walk.entry); *at != 0; ++at) {
    if (*at == '/' && text.length() > 0) sys(kSysMkdirat, kAtFdcwd, path, 0755);
    text.add(at, 1);
  }
  sys(kSysMkdirat, kAtFdcwd, path, 0755);
}

long create(Registers& r, Target& target) {
  if (target.entry != nullptr) {
    if (container_decides(*target.entry, false)) return to_kernel(r, target);
    const bool replaceable = (target.entry->flags & kFlagContainerFirst) != 0;
    if (!replaceable) return -kEEXIST;
  }
  make_parents(target.walk);
  return to_kernel(r, target);
}

long change(Registers& r, Target& target, bool follow) {
  if (target.entry == nullptr) return to_kernel(r, target);
  if (container_decides(*target.entry, follow)) return to_kernel(r, target);
  return -kEROFS;
}

long open(Opener opener, Registers& r, Target& target, uint64_t flags) {
  const bool follow = (flags & kOpenNofollow) == 0;
  const bool creates = (flags & kOpenCreate) != 0;
  if (target.entry == nullptr) {
    if (creates) make_parents(target.walk);
    return to_kernel(r, target);
  }
  const Entry& entry = *target.entry;
  // A directory that both have is listed as one; whatever else is the container's first goes there.
  const bool lists = entry.kind == kKindDirectory && !writes(flags);
  if (!lists && container_decides(entry, follow)) return to_kernel(r, target);
  // Written anew, what the container may replace is the container's from then on.
  if (writes(flags) && creates && (entry.flags & kFlagContainerFirst) != 0 &&
      entry.kind == kKindFile) {
    make_parents(target.walk);
    return to_kernel(r, target);
  }
  return answer_open(opener, entry, flags);
}

/// rename and link: two paths. The kernel can only be told one spelled path by to_kernel, so both
/// are spelled here when either must be.
__attribute__((noinline)) long two_paths(Registers& r, Target& from, Target& to) {
  if (!from.spelled && !to.spelled) return kPass;
  char old_path[kLongestPath + 1];
  char new_path[kLongestPath + 1];
  if (!spell_path(process.payload, from.walk, old_path) ||
      !spell_path(process.payload, to.walk, new_path)) {
    return -kENAMETOOLONG;
  }
  Registers copy = r;
  const CallPath where = kTable.path[r.rax];
  if (from.spelled) replace(first_path(copy, where), old_path);
  if (to.spelled) replace(second_path(copy, where), new_path);
  return call_kernel(copy);
}

long rename_or_link(Registers& r, CallAction action, CallPath where) {
  Target from;
  Target to;
  if (!look_up(first_path(r, where), false, from) || !look_up(second_path(r, where), false, to)) {
    return kPass;
  }
  if (from.entry != nullptr && !container_decides(*from.entry, false)) return -kEROFS;
  if (to.entry != nullptr && !container_decides(*to.entry, false)) {
    const bool replaceable = (to.entry->flags & kFlagContainerFirst) != 0;
    if (!replaceable) return action == kLink ? -kEEXIST : -kEROFS;
  }
  make_parents(to.walk);
  return two_paths(r, from, to);
}

/// A call whose path is not there: utimensat then means the descriptor.
long by_descriptor(const Registers& r) {
  const bool ours =
      r.rax == kCall_utimensat && r.rsi == 0 && raw_file(static_cast<int>(r.rdi)) != nullptr;
  return ours ? -kEROFS : kPass;
}

long path_call(Opener opener, Registers& r, CallAction action, CallPath where) {
  const PathPlace place = first_path(r, where);
  const char* path = reinterpret_cast<const char*>(*place.path);
  if (!readable_path(path)) return by_descriptor(r);
  if (*path == 0) return place.directory == nullptr ? kPass : answer_empty_path(r, action);
  const bool opens = action == kOpen;
  uint64_t flags = 0;
  if (opens && !open_flags(r, flags)) return kPass;
  const bool follow = opens ? (flags & kOpenNofollow) == 0 : follows_last_link(r, action);
  if (is_own_executable(path)) return answer_own_executable(opener, r, action, follow, flags);
  if (const Entry* entry = named_by_descriptor(path)) {
    return answer_descriptor_path(r, *entry, action, opener, follow, flags);
  }
  Target target;
  if (!look_up(place, follow, target)) return kPass;
  if (target.walk.not_directory && !replaced_by_container(target.walk)) return -kENOTDIR;
  if (target.entry == nullptr && (opens || action == kLook) &&
      is_bundle_file(directory_of_place(place), path, follow)) {
    const long result = answer_own_file(opener, r, action, flags);
    if (result != kPass) return result;
  }
  switch (action) {
    case kOpen:
      return open(opener, r, target, flags);
    case kCreate:
      return create(r, target);
    case kRemove:
    case kChange:
      return change(r, target, follow);
    default:
      return look(r, target, follow);
  }
}

void exec_call(Registers& r, const uint64_t* mask) {
  hand_over_raw_files();
  const auto list = [](uint64_t address) { return reinterpret_cast<char**>(address); };
  const auto text = [](uint64_t address) { return reinterpret_cast<const char*>(address); };
  if (r.rax == kCall_execve) {
    execute_call(r, kAtFdcwd, text(r.rdi), list(r.rsi), list(r.rdx), mask);
  } else if (r.r8 == 0) {
    execute_call(r, static_cast<int>(r.rdi), text(r.rsi), list(r.rdx), list(r.r10), mask);
  } else if ((r.r8 & kAtEmptyPath) != 0 && readable_path(text(r.rsi)) && *text(r.rsi) == 0) {
    const Entry* entry = entry_of_descriptor(static_cast<int>(r.rdi));
    if (entry != nullptr) execute_entry_call(r, *entry, list(r.rdx), list(r.r10), mask);
  }
}

long other_call(const Registers& r) {
  switch (r.rax) {
    case kCall_getdents64:
      return list_call(static_cast<int>(r.rdi), r.rsi, r.rdx);
    case kCall_chdir:
      return change_directory(reinterpret_cast<const char*>(r.rdi));
    case kCall_fchdir:
      return change_to_descriptor(static_cast<int>(r.rdi));
    case kCall_getcwd:
      return working_directory() == nullptr ? kPass : current_directory(r.rdi, r.rsi);
    case kCall_chroot:
      return change_root(reinterpret_cast<const char*>(r.rdi));
    default:
      return kPass;
  }
}

long answer(Opener opener, Registers& r) {
  const CallAction action = kTable.action[r.rax];
  const CallPath where = kTable.path[r.rax];
  switch (action) {
    case kOther:
      return other_call(r);
    case kDescriptor:
      return r.rax == kCall_fstat ? answer_fstat(static_cast<int>(r.rdi), r.rsi) : raw_call(r);
    case kSocket:
      return socket_call(r);
    case kRename:
    case kLink:
      return rename_or_link(r, action, where);
    default:
      return path_call(opener, r, action, where);
  }
}

void serve(Opener opener, Registers& r, const uint64_t* mask) {
  if (process.left_root) return;
  if (r.rax == kCall_execve || r.rax == kCall_execveat) {
    exec_call(r, mask);
    return;
  }
  const long result = answer(opener, r);
  if (result == kPass) return;
  r.rax = static_cast<uint64_t>(result);
  r.handled = 1;
}

/// The program's own first call that is ours.
bool library_began;
void begin_library() {
  library_began = true;
  know_robust_lists();
  if (arena_open()) close_arena();
}

}  // namespace

void linker_handler(Registers* registers, const uint64_t* mask) {
  if (!mapped_call(*registers)) serve(Opener::linker, *registers, mask);
}

void library_handler(Registers* registers, const uint64_t* mask) {
  if (!library_began) begin_library();
  serve(Opener::library, *registers, mask);
}

void musl_handler(Registers* registers, const uint64_t* mask) {
  if (!mapped_call(*registers)) serve(Opener::musl, *registers, mask);
}

}  // namespace scratchpack
