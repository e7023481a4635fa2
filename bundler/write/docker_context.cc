#include "bundler/write/docker_context.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/write/tar.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

// The same lines as the recipes `users` and `nss` put into a bundle: a file of the image goes
// before the bundle's own.
constexpr const char* kPasswd =
    "root:x:0:0:root:/:/sbin/nologin\n"
    "daemon:x:1:1:daemon:/usr/sbin:/sbin/nologin\n"
    "www-data:x:33:33:www-data:/var/www:/sbin/nologin\n"
    "nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n";
constexpr const char* kGroup =
    "root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nnonroot:x:65532:\nnogroup:x:65534:\n";
constexpr const char* kNameService =
    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n"
    "protocols: files\nservices: files\nethers: files\nrpc: files\n";

/// Whether the file exists and carries no mark of ours.
bool is_foreign(const std::string& path) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return errno != ENOENT;
  std::array<char, kMark.size()> start{};
  std::size_t count = std::fread(start.data(), 1, start.size(), file.get());
  return std::string_view(start.data(), count) != kMark;
}

void check_not_foreign(const std::string& path, bool force) {
  if (!force && is_foreign(path)) {
    throw Error(
        fmt::format("write {}: scratchpack did not write the file that is there (name "
                    "another, or overwrite it with --force)",
                    path));
  }
}

/// The name of `path` from the folder of the Dockerfile.
std::string name_in_context(const DockerContext& context, const std::string& path) {
  fs::path folder = fs::weakly_canonical(fs::absolute(context.dockerfile).parent_path());
  fs::path parent = fs::weakly_canonical(fs::absolute(path).parent_path());
  std::string name = (parent / fs::path(path).filename()).lexically_relative(folder);
  if (name.empty() || name == ".." || name.starts_with("../")) {
    throw Error(
        fmt::format("write {}: the output {} lies outside its folder, the build context "
                    "(put one beside the other)",
                    context.dockerfile, path));
  }
  return name;
}

std::string base_tar_path(const DockerContext& context) {
  return context.dockerfile + ".scratchpack.tar";
}

ImagePayload payload_of(const DockerContext& context) {
  bool bundle = context.kind == PayloadKind::bundle;
  return {context.kind,
          context.stage ? fs::path(context.output).filename().string()
                        : name_in_context(context, context.output),
          bundle ? name_in_context(context, base_tar_path(context)) : ""};
}

std::string dockerfile_text(const DockerContext& context, const ImagePayload& payload) {
  return context.stage ? multi_stage_dockerfile(context.image, payload, *context.stage)
                       : dockerfile(context.image, payload);
}

std::string ignore_text(const DockerContext& context, const ImagePayload& payload) {
  if (context.stage) return ignore_history();
  std::vector<std::string> names = {payload.name};
  if (!payload.base_tar.empty()) names.push_back(payload.base_tar);
  return ignore_all_but(names);
}

void write_text(const std::string& path, const std::string& text) {
  AtomicFile file(path, 0644);
  file.write(text);
  file.commit();
}

/// COPY keeps the modes of the context, and the image's user is nobody there.
void open_to_everybody(const DockerContext& context) {
  mode_t wanted = context.kind == PayloadKind::bundle ? 0555 : 0444;
  struct stat status {};
  if (::stat(context.output.c_str(), &status) != 0 ||
      ::chmod(context.output.c_str(), (status.st_mode & 07777) | wanted) != 0) {
    throw Error(fmt::format("write {}: {}", context.output, errno_text(errno)));
  }
}

FileEntry text_file(std::string text) {
  FileEntry entry;
  entry.size = text.size();
  entry.content = std::move(text);
  return entry;
}

}  // namespace

void check_docker_context(const DockerContext& context) {
  ImagePayload payload = payload_of(context);
  dockerfile_text(context, payload);
  ignore_text(context, payload);
  check_not_foreign(context.dockerfile, context.force);
  check_not_foreign(context.dockerfile + ".dockerignore", context.force);
}

std::vector<std::string> write_docker_context(const DockerContext& context) {
  check_docker_context(context);
  std::vector<std::string> warnings;
  ImagePayload payload = payload_of(context);
  if (!payload.base_tar.empty()) {
    write_tar_file(base_files(context.image.user), context.time, base_tar_path(context));
  }
  if (!context.stage && context.kind != PayloadKind::folder) open_to_everybody(context);
  std::string ignore = ignore_text(context, payload);
  write_text(context.dockerfile + ".dockerignore", ignore);
  fs::path path(context.dockerfile);
  if (path.filename() == "Dockerfile") {
    std::string general = path.parent_path() / ".dockerignore";
    if (context.force || !is_foreign(general)) {
      write_text(general, ignore);
    } else {
      warnings.push_back(fmt::format(
          "{} was not written by scratchpack and is left alone: builders other than BuildKit obey "
          "it, so it must not exclude {}",
          general, payload.name));
    }
  }
  write_text(context.dockerfile, dockerfile_text(context, payload));
  return warnings;
}

void add_account(std::string& text, const Identity& user, bool group_file) {
  std::string number = std::to_string(group_file ? user.group : user.user);
  for (const std::string& line : split(text, '\n')) {
    std::size_t first = line.find(':');
    std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::size_t end = std::min(line.find(':', second + 1), line.size());
    if (line.substr(second + 1, end - second - 1) == number) return;
  }
  text += group_file ? fmt::format("app:x:{}:\n", user.group)
                     : fmt::format("app:x:{}:{}:app:/:/sbin/nologin\n", user.user, user.group);
}

FileSet base_files(const Identity& user) {
  std::string passwd = kPasswd;
  std::string group = kGroup;
  add_account(passwd, user, false);
  add_account(group, user, true);
  FileEntry directory{.kind = FileKind::directory, .mode = 0755};
  FileEntry shared{.kind = FileKind::directory, .mode = 01777};
  return {{"/etc", directory},
          {"/etc/group", text_file(group)},
          {"/etc/nsswitch.conf", text_file(kNameService)},
          {"/etc/passwd", text_file(passwd)},
          {"/tmp", shared}};
}

}  // namespace scratchpack
