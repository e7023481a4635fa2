#include <doctest/doctest.h>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/image_application.h"
#include "bundler/read/image_unpack.h"
#include "tests/cases/image_fixture.h"
#include "tests/cases/skip.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

using Words = std::vector<std::string>;

TarMember program(const std::string& path, const std::string& text = "\177ELF") {
  return {path, text, '0', "", 0755};
}

/// The application of an image, and the files chosen for it: "path: reason".
struct Chosen {
  ImageApplication application;
  Words files;
};

Chosen chosen(const std::vector<LayerMade>& layers, const std::string& config,
              const std::string& asked = "", const Words& given = {}) {
  ScratchFolder folder;
  Image image = read_image(folder.write("image.tar", oci_archive(layers, config)));
  UnpackedImage unpacked(image);
  Chosen result{image_application(image, Sysroot(unpacked.root()), asked, given), {}};
  for (const auto& [path, file] : result.application.files) {
    result.files.push_back(path + ": " + file.reason);
  }
  return result;
}

std::string base() {
  return tar_of({program("bin/sh"),
                 program("usr/bin/node"),
                 program("usr/bin/tool"),
                 {"etc/app.conf", "setting"},
                 {"etc/passwd", "root:x:0:0::/:/\napp:x:1234:99::/:/\n"},
                 {"etc/group", "staff:x:50:\n"}});
}

/// An image of this machine's shell with what it needs, and these files on top.
std::string shell_image(const std::vector<TarMember>& members, const std::string& config,
                        const std::string& made_by = "COPY . /") {
  ScratchFolder folder;
  folder.run(
      "mkdir root && for f in $(ldd /bin/sh | grep -o '/[^ )]*'); do mkdir -p root$(dirname $f) && "
      "cp -L $f root$f; done && mkdir -p root/bin && cp -L /bin/sh root/bin/ && "
      "tar -cf root.tar -C root .");
  Bytes bytes = read_file(folder.path("root.tar"));
  return oci_archive({{std::string(bytes.begin(), bytes.end())}, {tar_of(members), "", made_by}},
                     config);
}

}  // namespace

TEST_CASE("an image's program is found by its PATH, with entrypoint and command as words") {
  Chosen found = chosen({{base()}}, R"({"Entrypoint":["node","-r"],"Cmd":["/etc/app.conf"]})");
  CHECK(found.application.path == "/usr/bin/node");
  CHECK(found.application.arguments == Words{"-r"});
  CHECK(found.application.command == Words{"/etc/app.conf"});
  CHECK(found.files == Words{"/etc/app.conf: the image's command names it",
                             "/usr/bin: beside the image's program"});
  found = chosen({{base()}}, R"({"Entrypoint":["node"],"Cmd":["x"]})", "", {"--version"});
  CHECK(found.application.command == Words{"--version"});
  found = chosen({{base()}}, R"({"Entrypoint":["node"],"Cmd":["x"]})", "tool");
  CHECK(found.application.path == "/usr/bin/tool");
  CHECK(found.application.command.empty());
  found = chosen({{base()}}, R"({"Cmd":["node","server.js"]})");
  CHECK(found.application.path == "/usr/bin/node");
  CHECK(found.application.arguments == Words{"server.js"});
  CHECK_THROWS_AS(chosen({{base()}}, "{}"), Error);
  CHECK_THROWS_AS(chosen({{base()}}, R"({"Cmd":["absent"]})"), Error);
}

TEST_CASE("a shell goes away where it has nothing to do, and stays where it has") {
  Chosen found = chosen({{base()}}, R"({"Entrypoint":["/bin/sh","-c","exec node server.js"]})");
  CHECK(found.application.path == "/usr/bin/node");
  CHECK(found.application.arguments == Words{"server.js"});
  found = chosen({{base()}}, R"({"Cmd":["/bin/sh","-c","cd / && node $X | tool"]})");
  CHECK(found.application.path == "/bin/sh");
  CHECK(found.application.arguments == Words{"-c", "cd / && node $X | tool"});
  CHECK(found.files == Words{"/bin: beside the image's program",
                             "/usr/bin/node: the image's shell command calls it",
                             "/usr/bin/tool: the image's shell command calls it"});
}

TEST_CASE("an entrypoint script brings what it calls and the command it is given") {
  Chosen found =
      chosen({{base()}, {tar_of({program("start.sh", "#!/bin/sh\ntool x\nexec \"$@\"\n")})}},
             R"({"Entrypoint":["/start.sh"],"Cmd":["node"]})");
  CHECK(found.files ==
        Words{"/usr/bin/node: the image's command names it", "/usr/bin/tool: called by /start.sh"});
}

TEST_CASE("what belongs to an application: its folders, and what was copied into the image") {
  const std::string packages = "Package: p\nStatus: install ok installed\nVersion: 1\n";
  Chosen found = chosen({{tar_of({program("bin/sh"),
                                  {"home/app/run", "x"},
                                  program("opt/app/main"),
                                  {"opt/app/listed", "x"},
                                  {"opt/app/own", "x"},
                                  {"var/lib/dpkg/status", packages},
                                  {"var/lib/dpkg/info/p.list", "/opt/app/listed\n"}})},
                         {tar_of({{"usr/share/page", "x"}, {"home/app/.git/config", "x"}}), "",
                          "COPY a b # buildkit"},
                         {tar_of({{"usr/share/made", "x"}}), "", "RUN make"}},
                        R"({"Entrypoint":["/opt/app/main"],"WorkingDir":"/home/app"})");
  CHECK(found.files == Words{"/home/app: in the image's working directory",
                             "/home/app/run: in the image's working directory",
                             "/opt/app: beside the image's program",
                             "/opt/app/main: beside the image's program",
                             "/opt/app/own: beside the image's program",
                             "/usr/share/page: put into the image by COPY"});
  CHECK(found.application.left_out.size() >= 1);
}

TEST_CASE("the image's user is a number in the end") {
  ScratchFolder folder;
  Image image = read_image(folder.write("image.tar", oci_archive({{base()}})));
  UnpackedImage unpacked(image);
  Sysroot root(unpacked.root());
  auto user = [&](const std::string& text) {
    StoredConfig config{.user = text};
    return image_user(config, root);
  };
  CHECK(user("").empty());
  CHECK(user("root") == "0:0");
  CHECK(user("app") == "1234:99");
  CHECK(user("1234") == "1234:99");
  CHECK(user("77") == "77:77");
  CHECK(user("77:staff") == "77:50");
  CHECK(user("app:8") == "1234:8");
  CHECK_THROWS_AS(user("nobody-here"), Error);
}

TEST_CASE("an image becomes one executable that does what the image does") {
  ScratchFolder folder;
  const std::string script =
      "#!/bin/sh\nread line < data.txt\necho \"$GREETING $line $1 $2 from $PWD\"\n";
  folder.write("image.tar",
               shell_image({program("app/run.sh", script), {"app/data.txt", "data\n"}},
                           R"({"Entrypoint":["./run.sh"],"Cmd":["baked"],"WorkingDir":"/app",)"
                           R"("Env":["GREETING=hello"],"User":"0","ExposedPorts":{"80/tcp":{}},)"
                           R"("Labels":{"a":"image","b":"image"},"StopSignal":"SIGINT",)"
                           R"("Healthcheck":{"Test":["CMD","/app/run.sh","--ping"]}})"));
  Ran ran = run(folder,
                "build --from-image image.tar -o app.bundle --no-recipe '*' --label a=mine "
                "--emit-dockerfile --depfile app.d",
                "TMPDIR=" + folder.path());
  CAPTURE(ran.errors);
  REQUIRE(ran.status == 0);
  CHECK(says(ran.out, "in the image's working directory"));
  CHECK(says(ran.out, "Of the image's "));
  CHECK(ran.errors.empty());
  CHECK(output_of("./app.bundle typed", folder.path()) == "hello data baked typed from /app\n");
  CHECK(output_of("GREETING=bye ./app.bundle", folder.path()) == "bye data baked  from /app\n");
  CHECK(output_of("grep -v '^#\\|ADD\\|COPY' Dockerfile", folder.path()) ==
        "FROM scratch\nENV GREETING=\"hello\"\nLABEL b=\"image\"\nLABEL a=\"mine\"\nWORKDIR "
        "/app\nEXPOSE 80/tcp\nSTOPSIGNAL SIGINT\nUSER 0:0\nHEALTHCHECK CMD [\"/run.sh\", "
        "\"--ping\"]\nENTRYPOINT [\"/run.sh\"]\n");
  CHECK(says(output_of("cat app.d", folder.path()), "image.tar"));
  CHECK_FALSE(says(output_of("cat app.d", folder.path()), "scratchpack-image"));
  CHECK(output_of("ls -d scratchpack-image* 2>/dev/null", folder.path()).empty());
  CHECK(run(folder, "build --from-image image.tar /bin/absent").status == 1);
  CHECK(run(folder, "build --from-image image.tar --sysroot /etc").status == 2);
  CHECK(run(folder, "build --from-image app.d").status == 1);
}

TEST_CASE("a trace made inside an image is given the image's command, and then its own words") {
  ScratchFolder folder;
  folder.write("image.tar",
               shell_image({program("app/run.sh", "#!/bin/sh\necho \"it says $*\"\n")},
                           R"({"Entrypoint":["/app/run.sh","a"],"Cmd":["b"]})", "RUN make"));
  const std::string build = "build --from-image image.tar -o app.bundle --no-recipe '*' ";
  Ran ran = run(folder, build + "--trace-run c");
  if (ran.status != 0 && says(ran.errors, "inside the image")) {
    return skip("no namespaces here: " + ran.errors);
  }
  CAPTURE(ran.errors);
  CHECK(says(ran.errors, "it says a b c\n"));
  CHECK(run(folder, "verify app.bundle -- c").out == "it says a b c\n");
  CHECK(says(run(folder, build + "--trace-run '' -- d").errors, "it says a d\n"));
}

TEST_CASE("a trace made inside an image finds what its program reads, and leaves the image alone") {
  ScratchFolder folder;
  const std::string script =
      "#!/bin/sh\nname=hidden\nread line < /data/$name.txt\necho \"$line\"\necho x > "
      "/data/written\n";
  folder.write("image.tar",
               shell_image({program("app/run.sh", script), {"data/hidden.txt", "found\n"}},
                           R"({"Entrypoint":["/app/run.sh"],"User":"0"})", "RUN make"));
  Ran ran =
      run(folder, "build --from-image image.tar -o app.bundle --no-recipe '*' --trace-run ''");
  if (ran.status != 0 && says(ran.errors, "inside the image")) {
    return skip("no namespaces here: " + ran.errors);
  }
  CAPTURE(ran.errors);
  REQUIRE(ran.status == 0);
  CHECK(says(ran.errors, "found\n"));
  CHECK(says(run(folder, "inspect app.bundle --tree").out, "hidden.txt"));
  CHECK_FALSE(says(run(folder, "inspect app.bundle --tree").out, "written"));
}
