#include "bundler/find/walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "bundler/base/error.h"

namespace scratchpack {
namespace {

// More than any program asks for (a few thousand), less than takes a second: a damaged file can
// hold a run path of half a million directories.
constexpr std::uint64_t kMostPlaces = 500'000;

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Walk::Walk(const Sysroot& sysroot, const Linker& linker) : sysroot_(sysroot), linker_(linker) {}

Closure Walk::run(Object root) {
  objects_.push_back(std::make_unique<Object>(std::move(root)));
  order_.push_back(objects_.front().get());
  load_linker();
  for (std::size_t i = 0; i < order_.size(); ++i) load_needs(*order_[i]);
  return std::move(closure_);
}

/// The linker is loaded before anything else, under the path it was started by.
void Walk::load_linker() {
  Object linker;
  linker.path = linker_.path();
  linker.names = {linker.path};
  Look look = look_at(linker.path);
  if (look.elf) {
    if (look.elf->soname) linker.names.push_back(*look.elf->soname);
    linker.device = look.status.device;
    linker.inode = look.status.inode;
  } else {
    linker.names.push_back(file_name(linker.path));
  }
  objects_.push_back(std::make_unique<Object>(std::move(linker)));
  itself_ = objects_.back().get();
}

void Walk::load_needs(Object& object) {
  for (const std::string& name : object.elf.auxiliaries) need(name, object, true);
  for (const std::string& name : object.elf.filters) need(name, object, false);
  for (const std::string& name : object.elf.needed) need(name, object, false);
}

void Walk::need(const std::string& written, Object& object, bool optional) {
  std::string name = linker_.asked_name(written, object);
  if (Object* loaded = linker_.is_itself(name) ? itself_ : loaded_as(name)) {
    take(*loaded, name, loaded->path, object);
    return;
  }
  std::vector<Tried> tried;
  for (const Candidate& candidate : linker_.candidates(written, object, *objects_.front())) {
    Look look{.why = candidate.passed_over};
    if (look.why.empty()) {
      count_place(name);
      look = look_at(candidate.path);
    }
    if (look.elf) {
      Object* loaded = loaded_file(look.status);
      if (loaded == nullptr) loaded = load(candidate, look, object);
      linker_.found_as(*loaded, name);
      take(*loaded, name, candidate.placed, object);
      return;
    }
    std::string separator = candidate.source.empty() ? "" : ": ";
    tried.push_back({candidate.path, candidate.source + separator + look.why});
    if (look.ends) break;
  }
  if (!optional) closure_.missing.push_back({name, object.path, std::move(tried)});
}

Object* Walk::load(const Candidate& candidate, const Look& look, const Object& loader) {
  Object object;
  object.path = candidate.path;
  object.origin = directory_of(candidate.path);
  object.placed_origin = directory_of(candidate.placed);
  object.elf = *look.elf;
  object.loader = &loader;
  object.device = look.status.device;
  object.inode = look.status.inode;
  objects_.push_back(std::make_unique<Object>(std::move(object)));
  return objects_.back().get();
}

Object* Walk::loaded_as(const std::string& name) {
  for (const std::unique_ptr<Object>& object : objects_) {
    if (linker_.answers_to(*object, name)) return object.get();
  }
  return nullptr;
}

Object* Walk::loaded_file(const FileStatus& status) {
  for (const std::unique_ptr<Object>& object : objects_) {
    if (object->inode == status.inode && object->device == status.device) return object.get();
  }
  return nullptr;
}

/// Appends the object to the closure unless it is there already.
void Walk::take(Object& object, const std::string& name, const std::string& placed,
                Object& needed_by) {
  closure_.needs.push_back({needed_by.path, placed});
  if (std::find(order_.begin(), order_.end(), &object) != order_.end()) return;
  order_.push_back(&object);
  closure_.libraries.push_back({name, object.path, needed_by.path, placed});
}

Walk::Look Walk::look_at(const std::string& path) {
  std::optional<FileStatus> status = sysroot_.stat(path);
  if (!status) return {.why = sysroot_.lstat(path) ? "a link that leads nowhere" : "no such file"};
  if (status->kind != FileKind::file) return {.why = "not a file", .ends = true};
  auto [known, fresh] = files_.try_emplace({status->device, status->inode});
  if (fresh) known->second = read(path, *status);
  return known->second;
}

Walk::Look Walk::read(const std::string& path, const FileStatus& status) {
  try {
    std::optional<ElfFile> elf = read_elf_file(*sysroot_.host_path(path), path);
    if (!elf) return {.why = "not an ELF file; the linker stops here", .ends = true};
    if (!elf->is_native()) {
      return {.why = "is for " + elf->architecture(), .ends = !linker_.skips_foreign()};
    }
    if (elf->kind == ElfKind::other) {
      return {.why = "neither program nor library; the linker stops here", .ends = true};
    }
    return {.elf = std::make_shared<ElfFile>(std::move(*elf)), .status = status};
  } catch (const Error& error) {
    return {.why = error.what(), .ends = true};
  }
}

void Walk::count_place(const std::string& name) {
  if (++places_ <= kMostPlaces) return;
  throw Error(fmt::format("find {} for {}: more than {} places to look in (the file is damaged?)",
                          name, objects_.front()->path, kMostPlaces));
}

}  // namespace scratchpack
