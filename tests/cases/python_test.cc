// What a bundle of a Python application holds.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "bundler/unfound_imports.h"
#include "tests/cases/python_folder.h"

using namespace scratchpack;

TEST_CASE("python: what is imported comes as byte code, and the rest stays out") {
  PythonFolder folder(
      {{"app.py", "import json, near\nfrom far import deep\nprint(json.dumps(near.it), deep.it)\n"},
       {"near.py", "it = 1\ndef late():\n  import wave\n"},
       {"far/__init__.py", ""},
       {"far/deep.py", "it = 2\n"},
       {"far/words.txt", "data"},
       {"unused.py", ""},
       {"beside.txt", ""}});
  PythonBuild built = folder.build("-o b app.py");
  for (const char* name :
       {"app.py", "near.pyc", "far/__init__.pyc", "far/deep.pyc", "far/words.txt"}) {
    CHECK_MESSAGE(built.has(folder.path(name)), name);
  }
  for (const char* name : {"near.py", "far/deep.py", "unused.pyc", "unused.py", "beside.txt"}) {
    CHECK_FALSE_MESSAGE(built.has(folder.path(name)), name);
  }
  CHECK(built.has(standard("json/decoder.pyc")));
  CHECK(built.has(standard("wave.pyc")));
  CHECK(built.has(standard("lib-dynload")));
  CHECK_FALSE(built.has(standard("json/decoder.py")));
  CHECK_FALSE(built.has(standard("sqlite3/__init__.pyc")));
  CHECK_FALSE(built.has(standard("pydoc.pyc")));
  CHECK(folder.printed("./b") == "1 2\n");
  CHECK(output_of("head -c1 '" + folder.path("app.py") + "'", "/") == "i");  // ours is left alone
}

TEST_CASE("python: a folder without an __init__.py is a package, inside of others as well") {
  PythonFolder folder(
      {{"app.py",
        "import pack.inner.deep\nfrom space.one.two import leaf\nfrom pack import *\n"
        "print(pack.inner.deep.it, leaf.it, bare.found.it)\n"},
       {"pack/__init__.py", "__all__ = ['bare']\nfrom . import bare\nimport pack.bare.found\n"},
       {"pack/inner/deep.py", "it = 'deep'\n"},
       {"pack/bare/found.py", "it = 'found'\n"},
       {"space/one/two/leaf.py", "it = 'leaf'\n"}});
  PythonBuild built = folder.build("-o b app.py");
  CHECK(built.has(folder.path("space/one/two/leaf.pyc")));
  CHECK(folder.printed("./b") == "deep leaf found\n");
}

TEST_CASE("python: modules of the standard library that cannot be imported without pydoc") {
  PythonFolder folder({{"app.py", "import xmlrpc.server\nprint(xmlrpc.server.pydoc.__name__)\n"}});
  CHECK(folder.bundled_output() == "pydoc\n");
}

TEST_CASE("python: imports not found are listed with their conditions") {
  PythonFolder folder(
      {{"app.py",
        "import sys\nimport plain\ntry:\n  import perhaps\nexcept ImportError: pass\n"
        "if len(sys.argv) > 1: import sometimes\ndef f():\n  import late\n"
        "if sys.platform == 'win32': import never\n"}});
  PythonBuild built = folder.build("--dry-run app.py");
  CHECK(built.unfound("plain", "__main__") == "[]");
  CHECK(built.unfound("perhaps", "__main__") == R"(["optional"])");
  CHECK(built.unfound("sometimes", "__main__") == R"(["conditional"])");
  CHECK(built.unfound("late", "__main__") == R"(["delayed"])");
  Ran verbose = run(folder, "build -v --dry-run " + kPython + "app.py");
  CHECK(says(verbose.out, "missing module named plain - imported by __main__\n"));
  CHECK(says(verbose.out, "missing module named late - imported by __main__ (delayed)\n"));
  Ran brief = run(folder, "build --dry-run " + kPython + "app.py");
  CHECK(says(brief.out, "1 of them needed: plain"));
  CHECK(unfound_text({}, true).empty());
}

TEST_CASE("python: tracebacks name files and lines, and the same input gives the same bytes") {
  PythonFolder folder({{"app.py", "import part\n\npart.fail()\n"},
                       {"part.py", "\ndef fail():\n  raise KeyError('k')\n"}});
  folder.build("-o a app.py");
  folder.build("-o b app.py");
  folder.run("cmp a b");
  std::string text = folder.printed("./a");
  CHECK(says(text, fmt::format("File \"{}\", line 3, in <module>", folder.path("app.py"))));
  CHECK(says(text, fmt::format("File \"{}\", line 3, in fail", folder.path("part.py"))));
  CHECK(says(text, "KeyError: 'k'"));
}
