#include "bundler/inspect_image.h"

#include <doctest/doctest.h>

#include "bundler/base/error.h"
#include "bundler/image_report.h"
#include "bundler/limit.h"
#include "tests/cases/image_fixture.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

/// 100 bytes in layers; 20 written again, 10 deleted, 5 twice.
std::string wasteful_archive() {
  const std::string twenty(20, 'x'), other(20, 'y'), ten(10, 'z'), five(5, 'd');
  return oci_archive({{tar_of({{"app/a", twenty}, {"gone", ten}, {"one", five}, {"two", five}}), "",
                       "/bin/sh -c #(nop) ADD dir:123 in / "},
                      {tar_of({{"app/a", other}, {".wh.gone", ""}, {"more", std::string(40, 'm')}}),
                       "", "RUN /bin/sh -c rm /gone # buildkit"}},
                     R"({"Entrypoint":["/app/a","two words"],"Env":["A=1"],"User":"7"})");
}

}  // namespace

TEST_CASE("instructions of an image's history read as in its Dockerfile") {
  CHECK(instruction("/bin/sh -c #(nop)  CMD [\"x\"]") == "CMD [\"x\"]");
  CHECK(instruction("/bin/sh -c apt-get  update &&\t\tx") == "RUN apt-get update && x");
  CHECK(instruction("RUN /bin/sh -c make # buildkit") == "RUN make");
  CHECK(instruction("COPY a b # buildkit") == "COPY a b");
  CHECK(instruction("").empty());
}

TEST_CASE("an image is shown with its layers, what is in vain, and where the bytes are") {
  ScratchFolder folder;
  folder.write("image.tar", wasteful_archive());
  Ran ran = run(folder, "inspect image.tar");
  CHECK(ran.status == 0);
  CHECK(says(ran.out, "image.tar: OCI archive, linux/amd64\n"));
  CHECK(says(ran.out, "  entrypoint   /app/a 'two words'\n"));
  CHECK(says(ran.out, "      1      4       40 B"));
  CHECK(says(ran.out, "  ADD dir:123 in /\n"));
  CHECK(says(ran.out, "      2      2       60 B"));
  CHECK(says(ran.out, "  RUN rm /gone\n"));
  CHECK(says(ran.out,
             "In vain: 35 B of 100 B, 35.0 % (overwritten 20 B, deleted 10 B, duplicates "
             "5 B); efficiency 65.0 %\n"));
  CHECK(says(ran.out, "        20 B  /app/a (of layer 1, written again by layer 2)\n"));
  CHECK(says(ran.out, "        40 B  /more\n"));
  CHECK(says(run(folder, "inspect image.tar --tree").out, "      20 B  ├── app/\n"));
  CHECK(run(folder, "inspect image.tar --why /gone").out ==
        "/gone: not in the image\n  10 B of layer 1, deleted by layer 2 (layer 2: RUN rm /gone)\n");
  CHECK(says(run(folder, "inspect image.tar --why /more").out, "/more: 40 B\n  layer 2: RUN rm"));
  CHECK(run(folder, "inspect image.tar --why /none").status == 1);
  CHECK(run(folder, "inspect image.tar --html page.html").status == 0);
  CHECK(says(output_of("cat page.html", folder.path()), "\"looked\":false"));
  CHECK(says(run(folder, "inspect image.tar --waste").errors, "--waste is about bundles"));
  const std::string json = run(folder, "inspect image.tar --json").out;
  CHECK(says(json, "\"waste\": 35"));
  CHECK(says(json, "\"how\": \"deleted\""));
  CHECK(says(json, "\"application\": \"/app/a\""));
}

TEST_CASE("a limit that is exceeded gives status 3 and a line, others nothing") {
  ScratchFolder folder;
  folder.write("image.tar", wasteful_archive());
  Ran ran = run(folder, "inspect image.tar --fail-if 'waste>30%' --fail-if 'deleted > 1kB'");
  CHECK(ran.status == 3);
  CHECK(ran.errors == "scratchpack: --fail-if waste>30%: it is 35 B of 100 B, 35.0 %\n");
  ran = run(folder, "inspect image.tar --fail-if 'waste>35%' --fail-if 'size>100'");
  CHECK(ran.status == 0);
  CHECK(ran.errors.empty());
  CHECK(run(folder, "inspect image.tar --fail-if 'waste>=35%'").status == 3);
  CHECK(run(folder, "inspect image.tar --fail-if 'duplicates>=5B' --json >json").status == 3);
  ran = run(folder, "inspect image.tar --fail-if 'wast>5%'");
  CHECK(ran.status == 2);
  CHECK(says(ran.errors, "measures: waste, overwritten, deleted, duplicates, size"));
}

TEST_CASE("limits are a measure, a sign, a number and a unit, and nothing else") {
  const Measures measures{.whole = 2'000'000, .overwritten = 1'000'000};
  for (const char* met : {"waste>49%", "overwritten>=1MB", "size>1.9MB", "size > 1953 KiB",
                          "waste>999999", "overwritten>0.9MiB"}) {
    CHECK(exceeded(parse_limit("--fail-if", met), measures));
  }
  for (const char* kept : {"waste>50%", "overwritten>1MB", "size>2MB", "deleted>0", "size>1GiB"}) {
    CHECK_FALSE(exceeded(parse_limit("--fail-if", kept), measures));
  }
  for (const char* wrong : {"", ">", "waste", "waste>", "waste>x", "waste>-1", "waste>nan",
                            "waste>inf", "waste<5%", "waste>5MBs", "size>5%", "waste>>5", "x>5"}) {
    CHECK_THROWS_AS(parse_limit("--fail-if", wrong), UsageError);
  }
  CHECK_FALSE(exceeded(parse_limit("--fail-if", "waste>0%"), Measures{}));
}

TEST_CASE("a bundle has limits, too, and what is neither bundle nor image is one error") {
  ScratchFolder folder;
  folder.write("data/a", std::string(10000, 'x'));
  folder.write("data/b", std::string(10000, 'x'));
  REQUIRE(
      run(folder, "build /bin/true --no-trial -q -o true.bundle --add-data data:/data").status ==
      0);
  CHECK(run(folder, "inspect true.bundle --fail-if 'duplicates>=10kB'").status == 3);
  CHECK(run(folder, "inspect true.bundle --fail-if 'waste>90%'").status == 0);
  folder.write("text", std::string(1000, 't'));
  Ran ran = run(folder, "inspect text");
  CHECK(ran.status == 1);
  CHECK(says(ran.errors, "not a bundle"));
}
