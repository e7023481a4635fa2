#include "tests/cases/bundle_fixture.h"

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

#include "bundler/find/resolve.h"

namespace scratchpack::testing {
namespace {

void add_link(FileSet& files, const std::string& path, const std::string& target) {
  FileEntry entry;
  entry.kind = FileKind::symlink;
  entry.mode = 0777;
  entry.target = target;
  files[path] = entry;
}

void want(Plan& plan, const std::string& path, const std::string& content) {
  Want item{path, "for the test"};
  item.content = content;
  plan.wants.push_back(item);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "scratchpack-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Made make_file_set(Mode mode) { return make_file_set(mode, "/usr/bin/env", {}, {}); }

Made make_file_set(Mode mode, const std::string& application,
                   const std::vector<std::string>& helpers,
                   const std::vector<std::string>& libraries) {
  const Sysroot sysroot;
  Made made;
  made.plan = plan_application(sysroot, application, {});
  for (const std::string& helper : helpers) {
    plan_binary(made.plan, sysroot, {helper, "a helper of the test"}, {});
  }
  for (const std::string& library : libraries) {
    plan_binary(made.plan, sysroot, {"/lib/x86_64-linux-gnu/" + library, "loaded by the test"}, {});
  }
  plan_ld_cache(made.plan, sysroot);
  want(made.plan, "/opt/tree/data.txt", "some data\n");
  want(made.plan, "/opt/tree/copy.txt", "some data\n");
  want(made.plan, "/opt/tree/sub/inner.txt", std::string(50000, 'x'));
  made.files = collect(made.plan, sysroot, {});
  add_link(made.files, "/opt/link", "tree");
  add_link(made.files, "/opt/tree/up", "..");
  add_link(made.files, "/opt/absolute", "/opt/tree/sub");
  add_link(made.files, "/opt/loop", "loop");
  add_link(made.files, "/opt/broken", "nowhere");
  add_link(made.files, "/opt/tree/link", "sub");
  made.start = decide_start(made.plan, made.files, mode);
  return made;
}

OnefileResult pack(const Made& made, const std::string& output, Compression compression,
                   unsigned threads) {
  OnefileOptions options;
  options.compression = compression;
  options.threads = threads;
  options.manifest = [](const std::map<std::string, std::uint64_t>&) { return "{\"version\":1}"; };
  return write_onefile(made.plan, made.files, made.start, options, output);
}

Ran run(const std::string& command) {
  Ran ran{};
  std::FILE* pipe = ::popen(("exec 2>&1; " + command).c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) {
    ran.output.append(buffer, count);
  }
  const int status = ::pclose(pipe);
  ran.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return ran;
}

}  // namespace scratchpack::testing
