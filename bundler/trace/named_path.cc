#include "bundler/trace/named_path.h"

#include <linux/openat2.h>

#include <utility>

namespace scratchpack {
namespace {

std::uint64_t flags_of_open(const Call& row, const StoppedCall& call) {
  if (call.number == kCall_creat) return O_CREAT | O_WRONLY | O_TRUNC;
  return call.arguments[row.path == kFirstAt ? 2 : 1];
}

}  // namespace

std::optional<NamedPath> named_path(pid_t thread, const Call& row, const StoppedCall& call) {
  const bool two = row.action == kRename || row.action == kLink;
  int directory_at = -1;
  if (row.path == kFirstAt || call.number == kCall_execveat) directory_at = two ? 2 : 0;
  if (row.path == kSecondAt) directory_at = 1;
  int path_at = directory_at + 1;
  if (row.path == kSecond || (row.path == kFirst && two)) path_at = 1;
  auto argument = [&](int at) { return call.arguments[static_cast<std::size_t>(at)]; };
  std::optional<std::string> text = text_at(thread, argument(path_at));
  if (!text || (text->empty() && call.number != kCall_execveat)) return std::nullopt;
  NamedPath named{.path = std::move(*text)};
  if (directory_at >= 0) named.directory = static_cast<int>(argument(directory_at));
  if (row.action == kOpen) named.flags = flags_of_open(row, call);
  if (call.number == kCall_openat2) {
    open_how how{};
    if (!bytes_at(thread, argument(2), &how, sizeof how)) return std::nullopt;
    named.flags = how.flags;
    named.directory_is_root = (how.resolve & RESOLVE_IN_ROOT) != 0;
  }
  return named;
}

}  // namespace scratchpack
