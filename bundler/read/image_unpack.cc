// Folders first, then files, links last: nothing is ever written through a link. Paths are those of
// LayerStack, which has followed the image's links already and lets none lead out.
#include "bundler/read/image_unpack.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "bundler/base/error.h"
#include "bundler/base/file.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, int number) {
  throw Error(fmt::format(
      "unpack {}: {}{}", path, errno_text(number),
      number == ENOSPC ? " (free some space, or set TMPDIR to a folder with more)" : ""));
}

std::string temporary_place() {
  const char* named = std::getenv("TMPDIR");
  if (named != nullptr && named[0] != '\0') return named;
  return ::access("/var/tmp", W_OK | X_OK) == 0 ? "/var/tmp" : "/tmp";
}

void write_all(int file, std::span<const std::uint8_t> bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail(path, count < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace

UnpackedImage::UnpackedImage(const Image& image) {
  std::string name = temporary_place() + "/scratchpack-image.XXXXXX";
  {
    HeldSignals held;
    if (::mkdtemp(name.data()) == nullptr) fail(name, errno);
    folder_ = name;
    unfinished_.reset(folder_);
  }
  try {
    make_folders(image);
    make_files(image);
    make_links(image);
  } catch (...) {
    remove();
    throw;
  }
}

UnpackedImage::~UnpackedImage() { remove(); }

void UnpackedImage::remove() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void UnpackedImage::make_folders(const Image& image) const {
  if (::mkdir(root().c_str(), 0755) != 0) fail(root(), errno);
  for (const auto& [path, file] : image.files) {
    if (file.kind != FileKind::directory) continue;
    if (::mkdir((root() + path).c_str(), 0700) != 0) fail(path, errno);
    if (::chmod((root() + path).c_str(), (file.mode & 01777) | 0700) != 0) fail(path, errno);
  }
}

void UnpackedImage::make_files(const Image& image) const {
  read_contents(image, [&](const std::vector<std::string>& paths, const ByteSource& content) {
    const std::string first = root() + paths[0];
    Descriptor file(
        ::open(first.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.valid()) fail(paths[0], errno);
    while (true) {
      std::span<const std::uint8_t> piece = content();
      if (piece.empty()) break;
      write_all(file.get(), piece, paths[0]);
    }
    const mode_t mode = (image.files.at(paths[0]).mode & 0777) | 0400;
    if (::fchmod(file.get(), mode) != 0) fail(paths[0], errno);
    if (::close(file.release()) != 0) fail(paths[0], errno);
    for (std::size_t i = 1; i < paths.size(); ++i) {
      if (::link(first.c_str(), (root() + paths[i]).c_str()) != 0) fail(paths[i], errno);
    }
  });
}

void UnpackedImage::make_links(const Image& image) const {
  for (const auto& [path, file] : image.files) {
    if (file.kind != FileKind::symlink) continue;
    if (::symlink(file.target.c_str(), (root() + path).c_str()) != 0) fail(path, errno);
  }
}

}  // namespace scratchpack
