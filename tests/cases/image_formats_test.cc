// Images: how files are cut into layers, what the archives hold, and what stays the same when
// something changes.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bundler/base/error.h"
#include "bundler/write/gzip.h"
#include "bundler/write/image_archive.h"
#include "bundler/write/layers.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;
using Json = nlohmann::json;

namespace {

constexpr std::uint64_t kLarge = std::uint64_t{1} << 20;

void add(FileSet& files, const std::string& path, const std::string& package,
         std::uint64_t size = 1) {
  for (std::size_t end = path.find('/', 1); end != std::string::npos;
       end = path.find('/', end + 1)) {
    files.insert({path.substr(0, end), {.kind = FileKind::directory, .mode = 0755}});
  }
  files[path] = {.size = size, .content = std::string(size, 'x'), .package = package};
}

FileSet some_files() {
  FileSet files = {{"/", {.kind = FileKind::directory, .mode = 0755}},
                   {"/tmp", {.kind = FileKind::directory, .mode = 01777}}};
  add(files, "/usr/lib/libc.so.6", "libc6 2.36");
  add(files, "/usr/lib/large.so", "large 1", kLarge);
  add(files, "/usr/lib/larger.so", "larger 2", 2 * kLarge);
  add(files, "/usr/share/small", "small 3");
  add(files, "/usr/share/smaller", "smaller 4");
  add(files, "/usr/bin/app", "app 5");
  add(files, "/etc/made", "");
  return files;
}

std::vector<std::string> titles(const std::vector<Layer>& layers) {
  std::vector<std::string> titles;
  titles.reserve(layers.size());
  for (const Layer& layer : layers) titles.push_back(layer.title);
  return titles;
}

std::vector<std::string> titles(std::size_t most) {
  return titles(split_into_layers(some_files(), {{"/usr/lib/libc.so.6"}, "app 5", most}));
}

std::vector<std::string> paths(const Layer& layer) {
  std::vector<std::string> paths;
  for (const auto& [path, entry] : layer.files) paths.push_back(path);
  return paths;
}

using Words = std::vector<std::string>;

/// A program in app/, with a library of its own.
void compile_app(const ScratchFolder& folder, const std::string& word = "one") {
  folder.write("app/word.c", "const char* word(void) { return \"" + word + "\"; }\n");
  folder.write("app/app.c",
               "#include <stdio.h>\nconst char* word(void);\n"
               "int main(void) { return puts(word()) < 0; }\n");
  folder.run(
      "cd app && cc -shared -fPIC -o libword.so word.c && "
      "cc -o app app.c -L. -lword -Wl,-rpath,'$ORIGIN' && rm *.c");
}

/// Builds an image, and gives back what the summary says of it.
Json built(const ScratchFolder& folder, const std::string& arguments,
           const std::string& before = "") {
  Ran ran = run(folder, "build --json " + arguments, before);
  CAPTURE(ran.errors);
  REQUIRE(ran.status == 0);
  return Json::parse(ran.out)["image"];
}

Words digests(const Json& image) {
  Words digests;
  for (const Json& layer : image["layers"]) digests.push_back(layer["digest"]);
  return digests;
}

/// A file of an archive, as JSON.
Json json_in(const ScratchFolder& folder, const std::string& archive, const std::string& name) {
  return Json::parse(output_of("tar -xOf " + archive + " " + name, folder.path()));
}

std::string blob(const Json& reference) {
  return "blobs/sha256/" + reference["digest"].get<std::string>().substr(7);
}

}  // namespace

TEST_CASE("layers: the C library, large packages, the others together, the application's own") {
  CHECK(titles(10) == Words{"C library: libc6 2.36", "large 1", "larger 2", "2 packages",
                            "the application's own: app 5"});
  std::vector<Layer> layers =
      split_into_layers(some_files(), {{"/usr/lib/libc.so.6"}, "app 5", 10});
  CHECK(paths(layers[0]) == Words{"/usr", "/usr/lib", "/usr/lib/libc.so.6"});
  CHECK(paths(layers[1]) == Words{"/usr", "/usr/lib", "/usr/lib/large.so"});
  CHECK(paths(layers[3]) == Words{"/usr", "/usr/share", "/usr/share/small", "/usr/share/smaller"});
  CHECK(paths(layers[4]) == Words{"/etc", "/etc/made", "/tmp", "/usr", "/usr/bin", "/usr/bin/app"});
  CHECK(layers[3].packages == Words{"small 3", "smaller 4"});
  CHECK(layers[2].size == 2 * kLarge);
  CHECK(layers[2].count == 1);
  CHECK(std::count_if(layers.begin(), layers.end(), [](const Layer& one) { return one.own; }) == 1);
  CHECK(layers.back().own);
}

TEST_CASE("of few layers the application keeps one, then the C library, then the largest") {
  CHECK(titles(4) ==
        Words{"C library: libc6 2.36", "larger 2", "3 packages", "the application's own: app 5"});
  CHECK(titles(3) == Words{"C library: libc6 2.36", "4 packages", "the application's own: app 5"});
  CHECK(titles(2).size() == 2);
  CHECK(titles(2)[0] == "C library: libc6 2.36");
  CHECK(titles(1) == Words{"all files"});
  for (std::size_t most = 1; most < 8; ++most) {
    std::size_t entries = 0;
    for (const Layer& layer :
         split_into_layers(some_files(), {{"/usr/lib/libc.so.6"}, "app 5", most})) {
      for (const auto& [path, entry] : layer.files) {
        entries += entry.kind == FileKind::file ? 1 : 0;
      }
    }
    CHECK(entries == 7);
    CHECK(titles(most).size() <= most);
  }
}

TEST_CASE("a file set without packages is one layer, and an empty one too") {
  CHECK(titles(split_into_layers({}, {})) == Words{"all files"});
  FileSet files;
  add(files, "/app", "");
  CHECK(titles(split_into_layers(files, {})) == Words{"all files"});
}

TEST_CASE("pieces of gzip put together are one stream that gzip reads back") {
  ScratchFolder folder;
  Bytes content;
  for (std::uint32_t i = 0; i < 300000; ++i) content.push_back(static_cast<std::uint8_t>(i * i));
  for (std::size_t piece : {std::size_t{1000}, std::size_t{65536}, content.size()}) {
    AtomicFile file(folder.path("x.gz"), 0644);
    GzipTrailer trailer;
    file.write(gzip_header());
    for (std::size_t at = 0; at < content.size(); at += piece) {
      auto part = std::span(content).subspan(at, std::min(piece, content.size() - at));
      trailer.update(part);
      file.write(deflated(part));
    }
    file.write(trailer.bytes());
    file.commit();
    std::string back = output_of("gzip -tv x.gz && gzip -dc x.gz", folder.path());
    CHECK(Bytes(back.begin(), back.end()) == content);
  }
  CHECK(output_of("head -c 0 | gzip -n6 | wc -c", folder.path()) == "20\n");
}

TEST_CASE("an OCI archive: every blob is what its name says, and all that is named is there") {
  ScratchFolder folder;
  compile_app(folder);
  const Json said = built(folder, "app/app --format oci -o x.tar");
  folder.run(
      "mkdir x && tar -xf x.tar -C x && cd x/blobs/sha256 && "
      "for blob in *; do echo \"$blob  $blob\"; done | sha256sum --check --quiet");
  CHECK(json_in(folder, "x.tar", "oci-layout")["imageLayoutVersion"] == "1.0.0");
  const Json entry = json_in(folder, "x.tar", "index.json")["manifests"].at(0);
  CHECK(entry["annotations"]["org.opencontainers.image.ref.name"] == "latest");
  CHECK(entry["annotations"]["io.containerd.image.name"] == "docker.io/library/app:latest");
  CHECK(entry["platform"] == Json{{"architecture", "amd64"}, {"os", "linux"}});
  CHECK(entry["digest"] == "sha256:" + said["manifest"].get<std::string>());
  const Json manifest = json_in(folder, "x.tar", blob(entry));
  CHECK(manifest["config"]["digest"] == "sha256:" + said["config"].get<std::string>());
  const Json config = json_in(folder, "x.tar", blob(manifest["config"]));
  const Json identities = config["rootfs"]["diff_ids"];
  REQUIRE(identities.size() == manifest["layers"].size());
  REQUIRE(config["history"].size() == identities.size());
  for (std::size_t i = 0; i < identities.size(); ++i) {
    const Json& layer = manifest["layers"][i];
    CHECK(layer["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip");
    CHECK(layer["size"] == std::filesystem::file_size(folder.path("x/" + blob(layer))));
    CHECK("sha256:" +
              output_of("gzip -dc x/" + blob(layer) + " | sha256sum | head -c 64", folder.path()) ==
          identities[i]);
    CHECK(config["history"][i]["created_by"] ==
          "scratchpack: " + said["layers"][i]["title"].get<std::string>());
  }
}

TEST_CASE("the layers on top of each other are the root file system that the folder has") {
  ScratchFolder folder;
  compile_app(folder);
  for (const char* layers : {"10", "3", "single"}) {
    folder.run("rm -rf image root");
    const std::string options = std::string(" --workdir /srv/work --layers ") + layers;
    const Json said =
        built(folder, "app/app --format docker -o x.tar --force --add-data app:/opt" + options);
    REQUIRE(run(folder,
                "build app/app --format dir -o dir -q --force --workdir /srv/work "
                "--add-data app:/opt")
                .status == 0);
    folder.run("mkdir image root && tar -xf x.tar -C image");
    const Json image = json_in(folder, "x.tar", "manifest.json").at(0);
    CHECK(image["Layers"].size() == said["layers"].size());
    for (const Json& layer : image["Layers"]) {
      folder.run("tar -xpf image/" + layer.get<std::string>() + " -C root");
    }
    const std::string list = " && find . -mindepth 1 -printf '%P %y %m %l %TY\\n' | sort";
    CHECK(output_of("cd root" + list, folder.path()) == output_of("cd dir" + list, folder.path()));
    folder.run("diff -r --no-dereference root dir && test -d root/srv/work");
  }
}

TEST_CASE("an image's settings are those of the options and of the recipes") {
  ScratchFolder folder;
  compile_app(folder);
  built(folder,
        "app/app --format docker -o x.tar --tag registry.test:5000/a/b:7 --env A='1 2' "
        "--workdir /srv --user 1000:1001 --expose 8080 --expose 53/udp --label a.b=c "
        "--label org.opencontainers.image.title=mine --stop-signal SIGINT "
        "--healthcheck 'app --well' --platform linux/amd64 -- -x 'y z'",
        "SOURCE_DATE_EPOCH=1700000000");
  const Json image = json_in(folder, "x.tar", "manifest.json").at(0);
  CHECK(image["RepoTags"] == Json::array({"registry.test:5000/a/b:7"}));
  const Json config = json_in(folder, "x.tar", image["Config"]);
  CHECK(config["created"] == "2023-11-14T22:13:20Z");
  CHECK(config["architecture"] == "amd64");
  const std::string app = folder.path("app/app");
  CHECK(config["config"] ==
        Json{{"User", "1000:1001"},
             {"ExposedPorts", {{"8080/tcp", Json::object()}, {"53/udp", Json::object()}}},
             {"Env", {"A=1 2"}},
             {"Entrypoint", {app, "-x", "y z"}},
             {"WorkingDir", "/srv"},
             {"Labels",
              {{"a.b", "c"},
               {"org.opencontainers.image.created", "2023-11-14T22:13:20Z"},
               {"org.opencontainers.image.title", "mine"}}},
             {"StopSignal", "SIGINT"},
             {"Healthcheck", {{"Test", {"CMD", app, "--well"}}}}});
  built(folder, "/usr/bin/openssl --format docker -o y.tar");
  const std::string name = json_in(folder, "y.tar", "manifest.json").at(0)["Config"];
  const Json openssl = json_in(folder, "y.tar", name);
  CHECK(openssl["config"]["User"] == "65532:65532");
  CHECK(openssl["config"]["Labels"]["org.opencontainers.image.version"] ==
        output_of("dpkg-query -W -f '${Version}' openssl", folder.path()));
  const std::string environment = openssl["config"]["Env"].dump();
  CHECK(says(environment, "\"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt\""));
}

TEST_CASE("an edit of the application makes its own layer anew and leaves the others") {
  ScratchFolder folder;
  compile_app(folder);
  const std::string build = "app/app --format oci --force -o x.tar --add-binary /usr/bin/openssl";
  const Words first = digests(built(folder, build));
  compile_app(folder, "two");
  const Words edited = digests(built(folder, build));
  const Words later = digests(built(folder, build, "SOURCE_DATE_EPOCH=1700000000"));
  REQUIRE(first.size() > 2);
  REQUIRE(edited.size() == first.size());
  REQUIRE(later.size() == first.size());
  CHECK(std::equal(first.begin(), first.end() - 1, edited.begin()));
  CHECK(std::equal(first.begin(), first.end() - 1, later.begin()));
  CHECK(first.back() != edited.back());
  CHECK(edited.back() != later.back());
}

TEST_CASE("two applications of one distribution have the C library's layer in common") {
  ScratchFolder folder;
  const Json env = built(folder, "/usr/bin/env --format oci -o env.tar");
  const Json openssl = built(folder, "/usr/bin/openssl --format oci -o openssl.tar");
  CHECK(env["layers"][0]["title"].get<std::string>().starts_with("C library: libc6 "));
  CHECK(env["layers"][0] == openssl["layers"][0]);
  CHECK(env["layers"].back() != openssl["layers"].back());
}

TEST_CASE(
    "the same inputs give the same image: other folder, umask, threads, with and without cache") {
  ScratchFolder folder;
  compile_app(folder);
  folder.run("mkdir a b && head -c 9M /dev/urandom >data && head -c 9M /dev/zero >>data");
  const std::string cache = "export XDG_CACHE_HOME=" + folder.path("cache");
  for (const char* form : {"oci", "docker"}) {
    for (const char* compression : {"gzip", "zstd", "none"}) {
      const std::string options =
          std::string("build ../app/app -q --add-data ../data:/srv -o out") + " --format " + form +
          " --layer-compress " + compression;
      CHECK(run(folder, options + " --threads 1 --no-cache", "cd a && umask 022 &&").status == 0);
      for (const char* again : {"first", "second"}) {
        CAPTURE(again);
        CHECK(run(folder, options + " --threads 3", cache + " && cd b && umask 077 &&").status ==
              0);
        folder.run("cmp a/out b/out && rm b/out");
      }
      folder.run("rm a/out");
    }
  }
  CHECK(std::filesystem::exists(folder.path("cache/scratchpack")));
}

TEST_CASE("zstd layers are what their identities say") {
  ScratchFolder folder;
  compile_app(folder);
  const Json said = built(folder, "app/app --format oci -o x.tar --layer-compress zstd");
  for (const Json& layer : said["layers"]) {
    const std::string name = "blobs/sha256/" + layer["digest"].get<std::string>();
    folder.run("tar -xf x.tar " + name);
    CHECK(output_of("head -c 4 " + name + " | od -An -tx1", folder.path()) == " 28 b5 2f fd\n");
  }
}

TEST_CASE("an image whose file disappears is not written at all") {
  ScratchFolder folder;
  FileSet files = {{"/a", FileEntry{.size = 5, .source = folder.path("missing")}}};
  ImageDescription image{.name = "a:latest", .architecture = "amd64"};
  for (ImageForm form : {ImageForm::oci, ImageForm::docker}) {
    CHECK_THROWS_AS(write_image(form, split_into_layers(files, {}), image, {}, folder.path("x")),
                    Error);
  }
  CHECK(output_of("ls -A", folder.path()) == "");
}

TEST_CASE("text that is no UTF-8 has no place in an image's settings") {
  ScratchFolder folder;
  compile_app(folder);
  Ran ran = run(folder, "build app/app --format oci -o x.tar --env A=$(printf '\\377')");
  CHECK(ran.status == 1);
  CHECK(ran.errors.starts_with("scratchpack: write image: "));
  CHECK(output_of("ls", folder.path()) == "app\n");
}

TEST_CASE("an image of a static program has certificates, time zones and users") {
  ScratchFolder folder;
  folder.write("app.c", "int main(void) { return 0; }\n");
  folder.run("cc -static -o app app.c");
  for (const char* form : {"dir", "oci"}) {
    Ran ran = run(folder, std::string("build app --json -o x --force --format ") + form);
    REQUIRE(ran.status == 0);
    Words found;
    const Json report = Json::parse(ran.out);
    for (const Json& file : report["files"]) found.push_back(file["path"]);
    for (const std::string path :
         {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/tmp",
          "/etc/ssl/certs/ca-certificates.crt", "/usr/share/zoneinfo/UTC"}) {
      CAPTURE(path);
      CHECK(std::find(found.begin(), found.end(), path) != found.end());
    }
    folder.run("rm -rf x");
  }
  Ran bare = run(folder, "build app --json -o x --format oci --no-recipe '*'");
  CHECK_FALSE(says(bare.out, "ca-certificates"));
}

TEST_CASE("the summary lists the layers, and a dry run tells them, too") {
  ScratchFolder folder;
  compile_app(folder);
  Ran ran = run(folder, "build app/app --format oci");
  CHECK(ran.status == 0);
  CHECK(ran.out.starts_with("app.oci.tar: " + folder.path("app/app") + " as an OCI image\n"));
  CHECK(says(ran.out, "\n  layers  "));
  CHECK(says(ran.out, "\n  C library: libc6 "));
  CHECK(says(ran.out, "\n  the application's own  "));
  CHECK(says(ran.out, "skopeo copy oci-archive:app.oci.tar docker-daemon:app:latest"));
  folder.run("rm app.oci.tar");
  Ran dry = run(folder, "build app/app --format docker --dry-run");
  CHECK(dry.status == 0);
  CHECK(says(dry.out, "\n  C library: libc6 "));
  CHECK(output_of("ls", folder.path()) == "app\n");
}
