#include "bundler/read/image.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/read/image_unpack.h"
#include "tests/cases/image_fixture.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

Image image_of(const ScratchFolder& folder, const std::string& archive) {
  return read_image(folder.write("image.tar", archive));
}

/// Paths with their contents' sizes or link targets, the layer they are from behind an @.
std::vector<std::string> listed(const Image& image) {
  std::vector<std::string> lines;
  for (const auto& [path, file] : image.files) {
    std::string line = path;
    if (file.kind == FileKind::directory) line += "/";
    if (file.kind == FileKind::symlink) line += " -> " + file.target;
    if (file.kind == FileKind::file) line += " " + std::to_string(file.size);
    lines.push_back(line + " @" + std::to_string(file.layer));
  }
  return lines;
}

std::vector<std::string> lost(const Image& image) {
  std::vector<std::string> lines;
  for (const ImageLoss& loss : image.losses) {
    lines.push_back(loss.path + " " + std::to_string(loss.size) + " @" +
                    std::to_string(loss.layer) + (loss.deleted ? " deleted @" : " overwritten @") +
                    std::to_string(loss.by) + (loss.unchanged ? " unchanged" : ""));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

using Lines = std::vector<std::string>;

/// What reading it says, without `read PATH: `.
std::string refusal(const std::string& archive) {
  ScratchFolder folder;
  const std::string path = folder.write("image.tar", archive);
  try {
    Image image = read_image(path);
    UnpackedImage unpacked(image);
  } catch (const Error& error) {
    std::string text = error.what();
    if (std::size_t at = text.find(path); at != std::string::npos) text.erase(0, at + path.size());
    CHECK(text.find('\n') == std::string::npos);
    return text;
  }
  return "none";
}

std::string refusal_of_layer(const std::vector<TarMember>& members) {
  return refusal(oci_archive({{tar_of(members)}}));
}

const std::string kConfig =
    R"({"Entrypoint":["/bin/app"],"Cmd":["--serve"],"Env":["A=1","B=x=y"],"User":"app",)"
    R"("WorkingDir":"/srv","ExposedPorts":{"80/tcp":{}},"Labels":{"k":"v"},)"
    R"("StopSignal":"SIGINT","Healthcheck":{"Test":["CMD","/bin/app","--ping"]}})";

}  // namespace

TEST_CASE("an archive of either kind gives configuration, layers and files") {
  ScratchFolder folder;
  const std::vector<LayerMade> layers = {
      {tar_of({{"bin/", "", '5', "", 0755}, {"bin/app", "app", '0', "", 0755}}), "", "ADD root"},
      {tar_of({{"./srv/page", "hello"}, {"lib", "", '2', "usr/lib"}}), "", "COPY page /srv"}};
  for (const std::string& archive :
       {oci_archive(layers, kConfig), docker_archive(layers, kConfig)}) {
    Image image = image_of(folder, archive);
    CHECK(listed(image) ==
          Lines{"/bin/ @0", "/bin/app 3 @0", "/lib -> usr/lib @1", "/srv/ @1", "/srv/page 5 @1"});
    CHECK(image.files.at("/bin/app").mode == 0755);
    CHECK("sha256:" + image.files.at("/srv/page").digest == digest_name("hello"));
    REQUIRE(image.layers().size() == 2);
    CHECK(image.layers()[1].created_by == "COPY page /srv");
    CHECK(image.layers()[1].diff_id == digest_name(layers[1].blob));
    CHECK(image.layers()[1].stored == layers[1].blob.size());
    CHECK(image.layers()[1].size == 5);
    const StoredConfig& config = image.config();
    CHECK(config.entrypoint == Lines{"/bin/app"});
    CHECK(config.command == Lines{"--serve"});
    CHECK(config.environment == std::vector<KeyValue>{{"A", "1"}, {"B", "x=y"}});
    CHECK(config.user == "app");
    CHECK(config.workdir == "/srv");
    CHECK(config.ports == Lines{"80/tcp"});
    CHECK(config.stop_signal == "SIGINT");
    CHECK(config.healthcheck == Lines{"CMD", "/bin/app", "--ping"});
    CHECK(image.losses.empty());
  }
}

TEST_CASE("layers in gzip and zstd are read by content, and so is a compressed archive") {
  ScratchFolder folder;
  const std::string tar = tar_of({{"a", "content"}});
  folder.write("layer", tar);
  folder.run("gzip -nk layer && zstd -q layer");
  for (const char* suffix : {"gz", "zst"}) {
    Bytes bytes = read_file(folder.path(std::string("layer.") + suffix));
    const std::string archive = oci_archive({{std::string(bytes.begin(), bytes.end()), tar}});
    Image image = image_of(folder, archive);
    CHECK(listed(image) == Lines{"/a 7 @0"});
    CHECK(image.layers()[0].compression == (suffix[0] == 'g' ? "gzip" : "zstd"));
    folder.run("gzip -nf image.tar");
    CHECK(listed(read_image(folder.path("image.tar.gz"))) == Lines{"/a 7 @0"});
  }
}

TEST_CASE("a layout in a folder is read like its archive") {
  ScratchFolder folder;
  folder.write("image.tar", oci_archive({{tar_of({{"a", "content"}})}}));
  folder.run("mkdir layout && tar -xf image.tar -C layout");
  CHECK(looks_like_image(folder.path("layout")));
  CHECK(listed(read_image(folder.path("layout"))) == Lines{"/a 7 @0"});
}

TEST_CASE("what later layers overwrite and delete is told") {
  ScratchFolder folder;
  Image image = image_of(
      folder,
      oci_archive(
          {{tar_of({{"a", "12345"}, {"b", "123"}, {"d/x", "1"}, {"d/y", "22"}, {"o/old", "4444"}})},
           {tar_of({{"a", "1"},
                    {"b", "123", '0', "", 0600},
                    {".wh.d", ""},
                    {"o/new", "1"},
                    {"o/.wh..wh..opq", ""}})}}));
  CHECK(listed(image) == Lines{"/a 1 @1", "/b 3 @1", "/o/ @0", "/o/new 1 @1"});
  CHECK(lost(image) == Lines{"/a 5 @0 overwritten @1", "/b 3 @0 overwritten @1 unchanged",
                             "/d/x 1 @0 deleted @1", "/d/y 2 @0 deleted @1",
                             "/o/old 4 @0 deleted @1"});
}

TEST_CASE("a whiteout is about lower layers, not about its own") {
  ScratchFolder folder;
  Image image = image_of(folder, oci_archive({{tar_of({{"d/old", "1"}})},
                                              {tar_of({{"d/new", "22"}, {".wh.d", ""}})}}));
  CHECK(listed(image) == Lines{"/d/ @1", "/d/new 2 @1"});
}

TEST_CASE("a folder replaced by a file or a link takes what was in it with it") {
  ScratchFolder folder;
  Image image = image_of(folder, oci_archive({{tar_of({{"d/x", "1"}, {"e/y", "22"}})},
                                              {tar_of({{"d", "333"}, {"e", "", '2', "d"}})}}));
  CHECK(listed(image) == Lines{"/d 3 @1", "/e -> d @1"});
  CHECK(lost(image) == Lines{"/d/x 1 @0 overwritten @1", "/e/y 2 @0 overwritten @1"});
}

TEST_CASE("files below links of the image lie where the links lead") {
  ScratchFolder folder;
  Image image =
      image_of(folder, oci_archive({{tar_of({{"usr/lib/", "", '5', "", 0755},
                                             {"lib", "", '2', "usr/lib"},
                                             {"up", "", '2', "../../../usr"}})},
                                    {tar_of({{"lib/a.so", "1"}, {"up/lib/b.so", "22"}})}}));
  CHECK(listed(image) == Lines{"/lib -> usr/lib @0", "/up -> ../../../usr @0", "/usr/ @0",
                               "/usr/lib/ @0", "/usr/lib/a.so 1 @1", "/usr/lib/b.so 2 @1"});
}

TEST_CASE("hard links are one file, whose bytes are lost with its last name") {
  ScratchFolder folder;
  const std::vector<TarMember> lower = {{"a", "content"}, {"b", "", '1', "a"}};
  Image image = image_of(folder, oci_archive({{tar_of(lower)}, {tar_of({{".wh.a", ""}})}}));
  CHECK(listed(image) == Lines{"/b 7 @0"});
  CHECK(lost(image).empty());
  image =
      image_of(folder, oci_archive({{tar_of(lower)}, {tar_of({{".wh.a", ""}, {".wh.b", ""}})}}));
  CHECK(lost(image) == Lines{"/b 7 @0 deleted @1"});
  image = image_of(folder,
                   oci_archive({{tar_of({{"a", "same"}, {"b", "same"}, {"c", "", '1', "a"}})}}));
  CHECK(duplicate_bytes(image) == 4);
}

TEST_CASE("files have their packages where the image has dpkg's lists") {
  ScratchFolder folder;
  Image image = image_of(
      folder,
      oci_archive({{tar_of({
          {"usr/lib/", "", '5', "", 0755},
          {"lib", "", '2', "usr/lib"},
          {"usr/lib/libz.so", "z"},
          {"usr/lib/gone.so", "g"},
          {"usr/lib/slim.so", "s"},
          {"var/lib/dpkg/status",
           "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.2\n\n"
           "Package: gone\nStatus: deinstall ok config-files\nVersion: 3\n"},
          {"var/lib/dpkg/info/zlib1g:amd64.list", "/.\n/lib\n/lib/libz.so\n"},
          {"var/lib/dpkg/info/gone.list", "/usr/lib/gone.so\n"},
          {"var/lib/dpkg/status.d/slim", "Package: slim\nVersion: 2\n"},
          {"var/lib/dpkg/status.d/slim.md5sums",
           "0123456789abcdef0123456789abcdef  usr/lib/slim.so\n"},
      })}}));
  CHECK(image.files.at("/usr/lib/libz.so").package == "zlib1g 1:1.2");
  CHECK(image.files.at("/usr/lib/gone.so").package.empty());
  CHECK(image.files.at("/usr/lib/slim.so").package == "slim 2");
}

TEST_CASE("an image is unpacked into a folder that goes with its owner") {
  ScratchFolder folder;
  Image image = image_of(folder, oci_archive({{tar_of({{"d/", "", '5', "", 0500},
                                                       {"d/a", "content", '0', "", 04755},
                                                       {"d/b", "", '1', "d/a"},
                                                       {"l", "", '2', "/etc"},
                                                       {"null", "", '3'}})},
                                              {tar_of({{"d/a", "new", '0', "", 0600}})}}));
  std::string place;
  {
    UnpackedImage unpacked(image);
    place = unpacked.folder();
    CHECK(output_of("find . -printf '%P %m %s %l\\n' | grep -v '^d 7\\|^ 7\\|^l 7' | sort",
                    unpacked.root()) == "d/a 600 3 \nd/b 755 7 \n");
    CHECK(output_of("readlink l; cat d/b", unpacked.root()) == "/etc\ncontent");
  }
  CHECK(output_of("test -e " + place + " || echo gone", "/") == "gone\n");
}

TEST_CASE("what is no image, or leads out of it, is refused in one line") {
  CHECK(says(refusal(tar_of({{"usr/bin/app", "x"}})), "neither an OCI nor a docker archive"));
  CHECK(says(refusal("not a tar at all"), ": "));
  CHECK(says(refusal_of_layer({{"../evil", "x"}}), "leads out of its layer"));
  CHECK(says(refusal_of_layer({{"a/../../evil", "x"}}), "leads out of its layer"));
  CHECK(says(refusal_of_layer({{"a", "", '1', "../../etc/passwd"}}), "leads out of its layer"));
  CHECK(says(refusal_of_layer({{"a", "", '1', "etc/passwd"}}), "which is not there"));
  CHECK(says(refusal_of_layer({{"a", "", '2', "b"}, {"b", "", '2', "a"}, {"a/x", "1"}}),
             "links in a circle"));
  CHECK(says(refusal_of_layer({{"a", "1"}, {"a/x", "1"}}), "which is no folder"));
  CHECK(refusal_of_layer({{"out", "", '2', "/etc"}, {"out/x", "1"}}) == "none");
  CHECK(says(refusal(oci_archive({{"no tar"}})), "layer"));
  CHECK(says(refusal(tar_of({{"index.json", R"({"manifests":[{"digest":"sha256:../../x"}]})"}})),
             "is no SHA-256"));
  CHECK(says(
      refusal(tar_of({{"manifest.json", R"([{"Config":"c","Layers":["../../x"]}])"}, {"c", "{}"}})),
      "is not in it"));
}

TEST_CASE("a layer that is not what its digest says is refused") {
  const std::string tar = tar_of({{"a", "content"}});
  const std::string other = tar_of({{"a", "CONTENT"}});
  for (std::string archive : {oci_archive({{tar}}), docker_archive({{tar}})}) {
    archive.replace(archive.find(tar), tar.size(), other);
    CHECK(says(refusal(archive), "the content is not what its digest says"));
  }
}

TEST_CASE("several images in one archive are named") {
  const std::string manifest =
      R"([{"Config":"c","RepoTags":["a:1"],"Layers":[]},{"Config":"c","RepoTags":["b:2"],"Layers":[]}])";
  CHECK(says(refusal(tar_of({{"manifest.json", manifest}, {"c", "{}"}})), "2 images: a:1, b:2"));
}

TEST_CASE("cut short or with bits turned over, an archive is an error or itself, never a crash") {
  const std::vector<LayerMade> layers = {
      {tar_of({{"d/", "", '5', "", 0755}, {"d/a", "content"}, {"l", "", '2', "d"}})},
      {tar_of({{"l/b", "more"}, {"d/.wh.a", ""}, {"h", "", '1', "d/b"}})}};
  std::mt19937 random(20240601);
  ScratchFolder folder;
  for (const std::string& whole : {oci_archive(layers, kConfig), docker_archive(layers, kConfig)}) {
    for (int round = 0; round < 300; ++round) {
      std::string archive = whole;
      if (round % 3 == 0) {
        archive.resize(random() % archive.size());
      } else {
        for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
          archive[random() % archive.size()] ^= static_cast<char>(1u << (random() % 8));
        }
      }
      const std::string path = folder.write("image.tar", archive);
      try {
        Image image = read_image(path);
        for (const auto& [name, file] : image.files) CHECK(name.find("/../") == std::string::npos);
        UnpackedImage unpacked(image);
      } catch (const Error& error) {
        CHECK(std::string(error.what()).find('\n') == std::string::npos);
      }
    }
  }
}
