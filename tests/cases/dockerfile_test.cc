#include "bundler/write/dockerfile.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundler/base/error.h"
#include "bundler/write/docker_context.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

ImagePayload bundle_payload() { return {PayloadKind::bundle, "curl.bundle", "Dockerfile.x.tar"}; }

ImageConfiguration full_image() {
  ImageConfiguration image;
  image.entrypoint = {"/curl"};
  image.user = {1000, 1001};
  image.workdir = "/srv";
  image.environment = {{"A", "1 2"}, {"B", "say \"$HOME\" \\n"}};
  image.labels = {{"org.example.title", "it's"}};
  image.ports = {"8080", "53/udp"};
  image.stop_signal = "SIGINT";
  image.healthcheck = {"/curl", "-f", "http://localhost/\"x\""};
  return image;
}

DockerContext context_in(const ScratchFolder& folder) {
  DockerContext context;
  context.dockerfile = folder.path("Dockerfile");
  context.output = folder.write("curl.bundle", "bundle");
  context.image.entrypoint = {"/curl"};
  return context;
}

std::string refusal(const DockerContext& context) {
  try {
    check_docker_context(context);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string refusal(const ImageConfiguration& image) {
  try {
    dockerfile(image, bundle_payload());
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a Dockerfile of a bundle says everything once, in forms every builder reads") {
  CHECK(dockerfile(full_image(), bundle_payload()) ==
        "# Written by scratchpack; it is overwritten as long as this line is its first.\n"
        "FROM scratch\n"
        "ADD Dockerfile.x.tar /\n"
        "COPY curl.bundle /curl\n"
        "ENV A=\"1 2\"\n"
        "ENV B=\"say \\\"\\$HOME\\\" \\\\n\"\n"
        "LABEL org.example.title=\"it's\"\n"
        "WORKDIR /srv\n"
        "EXPOSE 8080\n"
        "EXPOSE 53/udp\n"
        "STOPSIGNAL SIGINT\n"
        "USER 1000:1001\n"
        "HEALTHCHECK CMD [\"/curl\", \"-f\", \"http://localhost/\\\"x\\\"\"]\n"
        "ENTRYPOINT [\"/curl\"]\n");
}

TEST_CASE("the user is 65532:65532 unless another is asked for") {
  ImageConfiguration image;
  image.entrypoint = {"/usr/bin/curl", "--help"};
  CHECK(dockerfile(image, {PayloadKind::tar, "out/curl.tar", ""}) ==
        "# Written by scratchpack; it is overwritten as long as this line is its first.\n"
        "FROM scratch\n"
        "ADD out/curl.tar /\n"
        "USER 65532:65532\n"
        "ENTRYPOINT [\"/usr/bin/curl\", \"--help\"]\n");
  CHECK(says(dockerfile(image, {PayloadKind::folder, "curl.dir", ""}), "COPY curl.dir/ /\n"));
}

TEST_CASE("the two-stage form makes and bundles the application in its first stage") {
  BuildStage stage{"debian:12", "make -j4 && strip app", {"./app", "--env", "A=1 2"}, {"-x"}};
  ImageConfiguration image;
  image.entrypoint = {"/app"};
  CHECK(multi_stage_dockerfile(image, {PayloadKind::bundle, "app.bundle", "D.tar"}, stage) ==
        "# Written by scratchpack; it is overwritten as long as this line is its first.\n"
        "FROM debian:12 AS build\n"
        "COPY scratchpack /usr/local/bin/scratchpack\n"
        "WORKDIR /scratchpack-output\n"
        "WORKDIR /src\n"
        "COPY . /src/\n"
        "RUN make -j4 && strip app\n"
        "RUN [\"/usr/local/bin/scratchpack\", \"build\", \"./app\", \"--env\", \"A=1 2\", "
        "\"--output\", \"/scratchpack-output/app.bundle\", \"--\", \"-x\"]\n"
        "\n"
        "FROM scratch\n"
        "ADD D.tar /\n"
        "COPY --from=build /scratchpack-output/app.bundle /app\n"
        "USER 65532:65532\n"
        "ENTRYPOINT [\"/app\"]\n");
}

TEST_CASE("a build command that a builder would read as more than a command is in exec form") {
  ImageConfiguration image;
  image.entrypoint = {"/app"};
  for (const char* command : {"--mount=type=bind", "[\"x\"]", "cat <<E", "make \\", "a\nb", " a"}) {
    BuildStage stage{"i", command, {}, {}};
    CAPTURE(command);
    CHECK(says(multi_stage_dockerfile(image, {PayloadKind::bundle, "a", "t"}, stage),
               "RUN [\"/bin/sh\", \"-c\", \""));
  }
}

TEST_CASE("what a Dockerfile cannot carry is refused, not bent") {
  ImageConfiguration image;
  image.entrypoint = {"/curl"};
  image.environment = {{"A", "two\nlines"}};
  CHECK(says(refusal(image), "'A' has a value with a line break"));
  image.environment = {{"A B", "x"}};
  CHECK(says(refusal(image), "variable 'A B'"));
  image.environment.clear();
  image.workdir = "/with space";
  CHECK(says(refusal(image), "the working directory '/with space'"));
  image.workdir.clear();
  image.entrypoint = {"/a$b"};
  CHECK(says(refusal(image), "the program '/a$b'"));
}

TEST_CASE("the context holds the Dockerfile, its archive and an ignore file that leaves no more") {
  ScratchFolder folder;
  DockerContext context = context_in(folder);
  ::chmod(context.output.c_str(), 0700);
  CHECK(write_docker_context(context).empty());
  CHECK(output_of("ls -A", folder.path()) ==
        ".dockerignore\nDockerfile\nDockerfile.dockerignore\nDockerfile.scratchpack.tar\n"
        "curl.bundle\n");
  std::string ignore = output_of("cat Dockerfile.dockerignore", folder.path());
  CHECK(says(ignore, "\n*\n!curl.bundle\n!Dockerfile.scratchpack.tar\n"));
  CHECK(output_of("cat .dockerignore", folder.path()) == ignore);
  CHECK(
      output_of("tar -tvf Dockerfile.scratchpack.tar | awk '{print $1, $2, $6}'", folder.path()) ==
      "drwxr-xr-x 0/0 etc/\n-rw-r--r-- 0/0 etc/group\n-rw-r--r-- 0/0 etc/nsswitch.conf\n"
      "-rw-r--r-- 0/0 etc/passwd\ndrwxrwxrwt 0/0 tmp/\n");
  CHECK(says(output_of("tar -xOf Dockerfile.scratchpack.tar etc/passwd", folder.path()),
             ":65532:65532:"));
  CHECK(output_of("stat -c %a curl.bundle", folder.path()) == "755\n");
}

TEST_CASE("the image's accounts are those that the recipes put into a bundle") {
  // The image's files go before the bundle's: they must not know less.
  std::string recipes = output_of("cat users.toml nss.toml",
                                  std::string(SCRATCHPACK_SOURCE_DIR) + "/bundler/recipes");
  FileSet files = base_files({65532, 65532});
  for (const char* name : {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf"}) {
    CHECK(says(recipes, "\ncontent = \"\"\"\n" + *files.at(name).content + "\"\"\"\n"));
  }
}

TEST_CASE("the image's user has a name, and nobody has two") {
  FileSet files = base_files({1234, 33});
  CHECK(files.at("/etc/passwd").content->ends_with("\napp:x:1234:33:app:/:/sbin/nologin\n"));
  CHECK(files.at("/etc/group").content->ends_with("\nnogroup:x:65534:\n"));
  files = base_files({0, 77});
  CHECK(files.at("/etc/passwd")
            .content->ends_with("\nnobody:x:65534:65534:nobody:/nonexistent:"
                                "/sbin/nologin\n"));
  CHECK(files.at("/etc/group").content->ends_with("\napp:x:77:\n"));
}

TEST_CASE("what we wrote is written again, what others wrote only with --force") {
  ScratchFolder folder;
  DockerContext context = context_in(folder);
  write_docker_context(context);
  write_docker_context(context);
  folder.write("Dockerfile", "FROM debian\n");
  CHECK(says(refusal(context), "overwrite it with --force"));
  CHECK_THROWS_AS(write_docker_context(context), Error);
  CHECK(output_of("cat Dockerfile", folder.path()) == "FROM debian\n");
  context.dockerfile = folder.path("Other");
  folder.write("Other.dockerignore", "*.o\n");
  CHECK(says(refusal(context), "Other.dockerignore"));
  context.force = true;
  write_docker_context(context);
  CHECK(says(output_of("cat Other.dockerignore", folder.path()), "!Other.scratchpack.tar"));
}

TEST_CASE("an ignore file that counts for other Dockerfiles, too, is left alone") {
  ScratchFolder folder;
  DockerContext context = context_in(folder);
  folder.write(".dockerignore", "*.o\n");
  std::vector<std::string> warnings = write_docker_context(context);
  REQUIRE(warnings.size() == 1);
  CHECK(says(warnings[0], "must not exclude curl.bundle"));
  CHECK(output_of("cat .dockerignore", folder.path()) == "*.o\n");
  // Beside another Dockerfile ours says nothing about the whole folder.
  ScratchFolder second;
  context = context_in(second);
  context.dockerfile = second.path("Dockerfile.curl");
  write_docker_context(context);
  CHECK(output_of("ls -A", second.path()) ==
        "Dockerfile.curl\nDockerfile.curl.dockerignore\nDockerfile.curl.scratchpack.tar\n"
        "curl.bundle\n");
}

TEST_CASE("an output outside the build context is refused before anything is written") {
  ScratchFolder folder;
  DockerContext context = context_in(folder);
  context.dockerfile = folder.path("docker/Dockerfile");
  folder.run("mkdir docker build");
  CHECK(says(refusal(context), "lies outside its folder"));
  context.dockerfile = folder.path("Dockerfile");
  context.output = folder.path("build/curl.bundle");
  CHECK(refusal(context) == "");
  CHECK(output_of("ls docker build", folder.path()) == "build:\n\ndocker:\n");
}
