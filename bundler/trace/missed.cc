#include "bundler/trace/missed.h"

#include <algorithm>
#include <iterator>

#include "bundler/base/path_text.h"
#include "bundler/find/sysroot.h"
#include "bundler/trace/filter.h"
#include "bundler/trace/named_path.h"

namespace scratchpack {

void MissWatch::serve() {
  std::optional<HeldCall> held = listener_.receive();
  if (!held) return;
  note(*held);
  listener_.let_go(*held);
}

void MissWatch::note(const HeldCall& held) {
  const auto* row = std::find_if(std::begin(kCalls), std::end(kCalls), [&](const Call& call) {
    return call.number == held.call.number && call.action != kDescriptor;
  });
  if (row == std::end(kCalls) || row->number == kCall_getdents64) return;
  std::optional<NamedPath> named = named_path(held.thread, *row, held.call);
  if (!named || named->path.empty()) return;
  std::string path = named->path;
  if (!path.starts_with('/')) {
    bool here = named->directory == AT_FDCWD;
    auto base = link_of(held.thread, here ? "cwd" : "fd/" + std::to_string(named->directory));
    if (!base) return;
    path = joined(*base, path);
  }
  const Sysroot root("/proc/" + std::to_string(held.thread) + "/root");
  if (!root.lstat(path)) missed_.insert(normal_path(path));
}

}  // namespace scratchpack
