#include "bundler/read/image_layers.h"

#include <fmt/format.h>

#include <deque>
#include <string_view>

#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/base/values.h"

namespace scratchpack {
namespace {

constexpr int kMostLinks = 40;  // as the kernel's
constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::string_view kReserved = ".wh..wh.";  // of AUFS, for itself

/// Of files below a folder; the root's own path ends in a slash already.
std::string below(const std::string& path) { return joined(path, ""); }

}  // namespace

std::string path_in_image(const std::string& path, const std::string& name) {
  std::string normal;
  for (const std::string& part : split(path, '/')) {
    if (part == ".") continue;
    if (part == ".." || part.find('\0') != std::string::npos) {
      throw Error(fmt::format("read {}: the path {} leads out of its layer", name, path));
    }
    normal += "/" + part;
  }
  return normal.empty() ? "/" : normal;
}

bool is_whiteout(const std::string& path) { return last_name(path).starts_with(kWhiteout); }

void LayerStack::fail(const std::string& reason) const {
  throw Error(fmt::format("read {}: layer {}: {}", name_, layer_ + 1, reason));
}

/// Whiteouts first: they are about lower layers only, wherever in the archive they stand.
void LayerStack::add(const std::vector<LayerEntry>& entries) {
  layer_ = count_++;
  for (const LayerEntry& entry : entries) {
    if (is_whiteout(entry.path)) apply_whiteout(entry);
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (is_whiteout(entries[i].path)) continue;
    put(entries[i], static_cast<std::uint32_t>(i));
  }
}

/// Where an entry really lies: links among its parents, which are of this or of lower layers, are
/// followed inside the image. Empty when a parent is missing that is not to be made.
std::string LayerStack::placed(const std::string& path, bool make_parents) {
  std::vector<std::string> names = split(path, '/');
  std::deque<std::string> left(names.begin(), names.end());
  std::string reached = "/";
  int links = 0;
  while (left.size() > 1) {
    std::string next = joined(reached, left.front());
    if (left.front() == ".." || left.front() == ".") {
      if (left.front() == "..") reached = directory_of(reached);
      left.pop_front();
      continue;
    }
    auto found = files_.find(next);
    if (found == files_.end()) {
      if (!make_parents) return "";
      put_file(next, {.kind = FileKind::directory, .mode = 0755, .layer = layer_});
    } else if (found->second.kind == FileKind::symlink) {
      if (++links > kMostLinks) fail(fmt::format("{} lies below links in a circle", path));
      const std::string& target = found->second.target;
      std::vector<std::string> more = split(target, '/');
      left.pop_front();
      left.insert(left.begin(), more.begin(), more.end());
      if (target.starts_with('/')) reached = "/";
      continue;
    } else if (found->second.kind != FileKind::directory) {
      if (!make_parents) return "";
      fail(fmt::format("{} lies below {}, which is no folder", path, next));
    }
    reached = next;
    left.pop_front();
  }
  if (left.empty() || left.front() == ".." || left.front() == ".") return reached;
  return joined(reached, left.front());
}

void LayerStack::apply_whiteout(const LayerEntry& entry) {
  const std::string name = last_name(entry.path);
  const std::string place = placed(entry.path, false);
  if (place.empty()) return;
  const std::string folder = directory_of(place);
  if (name == kOpaque) return drop_below(folder, true);
  if (name.starts_with(kReserved)) return;
  const std::string hidden = joined(folder, name.substr(kWhiteout.size()));
  auto file = files_.find(hidden);
  if (file == files_.end()) return;
  drop_below(hidden, true);
  drop(file, true, "");
}

void LayerStack::put(const LayerEntry& entry, std::uint32_t number) {
  if (entry.path == "/") return;
  const std::string place = placed(entry.path, true);
  ImageFile file{.mode = entry.mode, .size = entry.size, .digest = entry.digest, .layer = layer_};
  switch (entry.kind) {
    case TarKind::file:
      file.content = {layer_, number};
      break;
    case TarKind::directory:
      file.kind = FileKind::directory;
      break;
    case TarKind::symlink:
      file.kind = FileKind::symlink;
      file.target = entry.target;
      break;
    case TarKind::hard_link: {
      auto target = files_.find(placed(entry.target, false));
      if (target == files_.end() || target->second.kind == FileKind::directory) {
        fail(fmt::format("{} is a hard link to {}, which is not there", entry.path, entry.target));
      }
      if (target->first == place) return;
      file = target->second;
      file.layer = layer_;
      break;
    }
    case TarKind::other:
      file.kind = FileKind::other;
      break;
  }
  put_file(place, std::move(file));
}

void LayerStack::put_file(const std::string& path, ImageFile file) {
  // First, as a hard link may stand in place of the folder that holds its own target.
  if (file.kind == FileKind::file) ++references_[file.content];
  if (auto old = files_.find(path); old != files_.end()) {
    bool folders = old->second.kind == FileKind::directory && file.kind == FileKind::directory;
    if (!folders) {
      drop_below(path, false);
      drop(old, false, file.digest);
    }
  }
  files_.insert_or_assign(path, std::move(file));
}

void LayerStack::drop_below(const std::string& path, bool deleted) {
  const std::string prefix = below(path);
  for (auto next = files_.lower_bound(prefix);
       next != files_.end() && next->first.starts_with(prefix);) {
    drop(next++, deleted, "");
  }
}

/// Its bytes are lost when no other name has them.
void LayerStack::drop(std::map<std::string, ImageFile>::iterator file, bool deleted,
                      const std::string& new_digest) {
  const ImageFile& old = file->second;
  if (old.kind == FileKind::file) {
    auto references = references_.find(old.content);
    if (--references->second == 0) {
      references_.erase(references);
      losses_.push_back({.path = file->first,
                         .size = old.size,
                         .layer = old.content.layer,
                         .by = layer_,
                         .deleted = deleted,
                         .unchanged = !deleted && old.digest == new_digest});
    }
  }
  files_.erase(file);
}

}  // namespace scratchpack
