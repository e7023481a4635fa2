#include "runtime/path_map.h"

#include "runtime/text.h"

namespace scratchpack {
namespace {

constexpr int kMostLinks = 40;   // as the kernel
constexpr int kMostPending = 8;  // links met inside links' own targets

bool same_bytes(const char* a, const char* b, uint64_t length) {
  for (uint64_t i = 0; i < length; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

/// The directory an entry lies in; nullptr is the root.
const Entry* parent_of(const Payload& payload, const Entry* entry) {
  if (entry == nullptr) return nullptr;
  const char* path = payload.path(*entry);
  uint64_t length = entry->path_length;
  while (length > 0 && path[length - 1] != '/') --length;
  if (length <= 1) return nullptr;
  --length;
  const uint64_t hash = hash_path(path, length);
  const uint32_t mask = payload.header->bucket_count - 1;
  for (uint32_t at = static_cast<uint32_t>(hash) & mask, tries = 0; tries <= mask;
       at = (at + 1) & mask, ++tries) {
    const uint32_t number = payload.buckets[at];
    if (number >= payload.header->entry_count) return nullptr;
    const Entry& candidate = payload.entries[number];
    if (candidate.path_hash == hash && valid_entry(payload, candidate) &&
        candidate.path_length == length && same_bytes(payload.path(candidate), path, length)) {
      return &candidate;
    }
  }
  return nullptr;
}

}  // namespace

const Entry* find_child(const Payload& payload, const Entry* directory, const char* name,
                        uint64_t length) {
  const uint64_t above = directory == nullptr ? 0 : directory->path_length;
  if (above + 1 + length > kLongestPath) return nullptr;
  uint64_t hash = hash_step(directory == nullptr ? kHashSeed : directory->path_hash, '/');
  for (uint64_t i = 0; i < length; ++i) hash = hash_step(hash, name[i]);
  const uint32_t mask = payload.header->bucket_count - 1;
  for (uint32_t at = static_cast<uint32_t>(hash) & mask, tries = 0; tries <= mask;
       at = (at + 1) & mask, ++tries) {
    const uint32_t number = payload.buckets[at];
    if (number >= payload.header->entry_count) return nullptr;  // an empty bucket ends the run
    const Entry& candidate = payload.entries[number];
    if (candidate.path_hash != hash || !valid_entry(payload, candidate) ||
        candidate.path_length != above + 1 + length) {
      continue;
    }
    const char* path = payload.path(candidate);
    if (path[above] == '/' && same_bytes(path + above + 1, name, length) &&
        (above == 0 || same_bytes(path, payload.path(*directory), above))) {
      return &candidate;
    }
  }
  return nullptr;
}

Walk walk_path(const Payload& payload, const Walk& start, const char* path, bool follow_last) {
  const char* pending[kMostPending];  // what is left of a path when a link's target comes between
  int pending_count = 0;
  int links = 0;
  Walk walk = start;
  walk.not_directory = walk.moved = false;
  if (walk.entry == payload.entries) walk.entry = nullptr;
  const char* rest = path;
  if (*rest == '/') walk = Walk{};
  for (;;) {
    const char* before = rest;
    while (*rest == '/') ++rest;
    if (*rest == 0) {
      if (pending_count == 0) {
        const bool file =
            walk.unknown == 0 && walk.entry != nullptr && walk.entry->kind == kKindFile;
        walk.not_directory = walk.not_directory || (file && rest != before);
        return walk;
      }
      rest = pending[--pending_count];
      continue;
    }
    const char* name = rest;
    while (*rest != 0 && *rest != '/') ++rest;
    const uint64_t length = static_cast<uint64_t>(rest - name);
    if (length == 1 && name[0] == '.') continue;
    if (length == 2 && name[0] == '.' && name[1] == '.') {
      if (walk.unknown == 0 && walk.entry != nullptr && walk.entry->kind == kKindFile) {
        walk.not_directory = true;
      }
      if (walk.unknown > 0) {
        --walk.unknown;
      } else {
        walk.entry = parent_of(payload, walk.entry);
      }
      continue;
    }
    const bool inside =
        walk.unknown == 0 && (walk.entry == nullptr || walk.entry->kind == kKindDirectory);
    const Entry* child = inside ? find_child(payload, walk.entry, name, length) : nullptr;
    if (child == nullptr) {
      if (walk.unknown == 0 && !inside) walk.not_directory = true;
      if (walk.unknown++ == 0) {
        walk.rest[0] = name;
        walk.rest_count = 1;
        for (int i = pending_count; i > 0; --i) walk.rest[walk.rest_count++] = pending[i - 1];
      }
      continue;
    }
    const bool last = *rest == 0 && pending_count == 0;
    if (child->kind != kKindSymlink || (last && !follow_last)) {
      walk.entry = child;
      continue;
    }
    if (++links > kMostLinks || (*rest != 0 && pending_count == kMostPending)) {
      walk.loop = true;
      return walk;
    }
    if (*rest != 0) pending[pending_count++] = rest;
    walk.moved = true;
    rest = payload.text(child->target);
    if (*rest == '/') {
      walk = Walk{};
      walk.moved = true;
    }
  }
}

bool spell_path(const Payload& payload, const Walk& walk, char (&path)[kLongestPath + 1]) {
  TextBuilder text(path, sizeof path);
  if (walk.entry != nullptr) text.add(payload.path(*walk.entry));
  for (int i = 0; walk.unknown > 0 && i < walk.rest_count; ++i) {
    const char* piece = walk.rest[i];
    // A link's target ends where what comes behind the link goes on.
    text.add(piece[0] == '/' ? "" : "/").add(piece);
  }
  if (text.length() == 0) text.add("/");
  return text.fits();
}

}  // namespace scratchpack
