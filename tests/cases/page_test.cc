#include "bundler/page.h"

#include <doctest/doctest.h>

#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

ReportFile file_of(const std::string& path, const std::string& reason) {
  return {.path = path, .kind = "file", .size = 10, .stored = 10, .mode = 0644, .reason = reason};
}

Report report_with(const std::string& path) {
  Report report;
  report.application = "/bin/app";
  report.format = "onefile";
  report.files = {{.path = "/bin", .kind = "directory"},
                  file_of("/bin/app", "the application"),
                  file_of("/lib/libz.so.1.2", "needed by /bin/app"),
                  file_of(path, "--add-data .:/")};
  return report;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

/// What stands in the element that a text begins.
std::string element_at(const std::string& page, const std::string& begin, const std::string& end) {
  const std::size_t at = page.find(begin);
  REQUIRE(at != std::string::npos);
  const std::size_t first = at + begin.size();
  return page.substr(first, page.find(end, first) - first);
}

}  // namespace

TEST_CASE("no file name becomes markup of the page") {
  const std::string name = "/srv/</script><script>alert(1)</script><!--{{script}}";
  Report report = report_with(name);
  report.application = "/srv/</title><img src=x>&amp;";
  report.files[3].reason = name;
  report.files[3].package = name;
  report.warnings = {name};
  const std::string page = page_text(report);
  CHECK(count_of(page, "<script") == 2);
  CHECK(count_of(page, "</script") == 2);
  CHECK(count_of(page, "<!--") == 0);
  CHECK(count_of(page, "<img") == 0);
  CHECK(count_of(page, "</title>") == 1);
}

TEST_CASE("names that are no UTF-8 are shown with replacements, and files keep their numbers") {
  Report report = report_with("/srv/\xff");
  report.files.push_back(file_of("/srv/\xfe", "needed by /bin/app"));
  report.findings = ReportFindings{.links = {{1, 2, 5}}, .waste = {}};
  const std::string data = page_data(report);
  CHECK(says(data, "\"/srv/\\ufffd\""));
  CHECK(says(data, "\"links\":[[0,1,5]]"));
  for (char c : data) REQUIRE((c >= ' ' && c <= '~'));
}

TEST_CASE("the policy of the page allows its own style and script, and nothing else") {
  const std::string page = page_text(report_with("/srv/a"));
  const std::string policy = element_at(page, "Content-Security-Policy\" content=\"", "\">");
  CHECK(says(policy, "default-src 'none'; style-src 'sha256-"));
  CHECK_FALSE(says(policy, "unsafe"));
  CHECK(count_of(policy, "'sha256-") == 2);
  // The length of 32 bytes in base64, and a padding sign.
  const std::string digest = element_at(policy, "script-src 'sha256-", "'");
  CHECK(digest.size() == 44);
  CHECK(digest.back() == '=');
  for (const char* outside : {"http://", "https://", "//cdn", " src=", "@import", "url("}) {
    CAPTURE(outside);
    // The name of SVG is no address that is fetched.
    CHECK(count_of(page, outside) == count_of(page, std::string(outside) + "www.w3.org/2000/svg"));
  }
}

TEST_CASE("the same report gives the same page") {
  CHECK(page_text(report_with("/srv/a")) == page_text(report_with("/srv/a")));
  CHECK(page_text(report_with("/srv/a")) != page_text(report_with("/srv/b")));
}

TEST_CASE("a report of no bundle that was looked into, or of no files, has a page, too") {
  CHECK(says(page_text(Report{}), "</html>"));
  CHECK(says(page_data(Report{}), "\"files\":[]"));
}
