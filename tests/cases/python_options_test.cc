// Options that say which modules of Python go in.
#include <doctest/doctest.h>

#include "tests/cases/python_folder.h"

using namespace scratchpack;

TEST_CASE("python: --hidden-import, --collect, --exclude-module and --keep-source") {
  PythonFolder folder(
      {{"app.py",
        "import importlib, sys\nname = sys.argv[1]\n"
        "print(importlib.import_module(name).it)\nimport json\n"},
       {"hidden.py", "import inspect, sys\nit = inspect.getsource(sys.modules[__name__])[:6]\n"},
       {"pack/__init__.py", ""},
       {"pack/one.py", "it = 'one'\n"},
       {"pack/sub/__init__.py", ""},
       {"pack/sub/two.py", "it = 'two'\n"}});
  PythonBuild built = folder.build("-o b app.py --collect pack --exclude-module json");
  CHECK(folder.printed("./b pack.sub.two | head -n1") == "two\n");
  CHECK_FALSE(built.has(standard("json/__init__.pyc")));
  built = folder.build("-o b app.py --hidden-import hidden --keep-source");
  CHECK(folder.printed("./b hidden") == "import\n");
  CHECK(built.has(folder.path("hidden.py")));
  Ran wrong = run(folder, "build " + kPython + "app.py --hidden-import nowhere");
  CHECK(wrong.status == 1);
  CHECK(says(wrong.errors, "there is no module nowhere (--hidden-import"));
}

TEST_CASE(
    "python: a run while building brings what is imported by name, and --prune takes the rest") {
  PythonFolder folder(
      {{"app.py",
        "import importlib, sys, sqlite3\n"
        "print(importlib.import_module('plu' + 'gin').it, open(sys.argv[1]).read())\n"},
       {"plugin.py", "it = 'plugin'\n"},
       {"data.txt", "data"}});
  PythonBuild whole = folder.build("-o w app.py --trace-run " + folder.path("data.txt"));
  CHECK(folder.printed("./w " + folder.path("data.txt")) == "plugin data\n");
  CHECK(whole.has(folder.path("plugin.pyc")));
  CHECK_FALSE(whole.has(folder.path("plugin.py")));
  CHECK(whole.has(folder.path("data.txt")));
  PythonBuild pruned = folder.build("-o p app.py --prune --trace-run " + folder.path("data.txt"));
  CHECK(folder.printed("./p " + folder.path("data.txt")) == "plugin data\n");
  CHECK(whole.has(standard("encodings/cp949.pyc")));
  CHECK_FALSE(pruned.has(standard("encodings/cp949.pyc")));
  CHECK(pruned.has(standard("os.pyc")));
  CHECK(whole.has(standard("codecs.pyc")));
  CHECK_FALSE(pruned.has(standard("codecs.pyc")));  // inside the interpreter
  CHECK(pruned.paths().size() < whole.paths().size() / 2);
  const std::string left = pruned.summary.at("pruned").at("paths").dump();
  CHECK(says(left, standard("encodings/cp949.py")));
  CHECK_FALSE(says(left, standard("os.py")));
}

TEST_CASE("python: --prune does not read packages that no run has used, unless asked for by name") {
  PythonFolder folder(
      {{"app.py", "import sys\nif sys.argv[1:]:\n  import big\n  print(big.part.it)\n"},
       {"site-packages/big/__init__.py", "import big.part\nimport nowhere\n"},
       {"site-packages/big/part.py", "it = 'part'\n"}});
  folder.find_packages_in("site-packages");
  PythonBuild whole = folder.build("-o b app.py");
  CHECK(whole.has(folder.path("site-packages/big/part.pyc")));
  CHECK(whole.unfound("nowhere", "big") == "[]");
  PythonBuild pruned = folder.build("-o b app.py --trace-run '' --prune");
  CHECK_FALSE(pruned.has(folder.path("site-packages/big/part.pyc")));
  CHECK_FALSE(pruned.has(folder.path("site-packages/big/__init__.pyc")));
  CHECK_FALSE(pruned.unfound("nowhere", "big"));
  PythonBuild asked = folder.build("-o b app.py --trace-run '' --prune --hidden-import big");
  CHECK(asked.has(folder.path("site-packages/big/part.pyc")));
  CHECK(asked.unfound("nowhere", "big") == "[]");
}

TEST_CASE("python: every --trace-run counts, and --trace-time ends a server") {
  PythonFolder folder(
      {{"app.py",
        "import importlib, signal, sys\nfor name in sys.argv[2:]: importlib.import_module(name)\n"
        "print('up')\nif sys.argv[1] == 'serve': signal.pause()\n"}});
  PythonBuild built = folder.build(
      "-o b app.py --prune --trace-run 'once wave' --trace-run "
      "'serve colorsys' --trace-time 1");
  CHECK(built.has(standard("wave.pyc")));
  CHECK(built.has(standard("colorsys.pyc")));
  CHECK_FALSE(says(built.ran.errors, "ended with status"));
  CHECK(folder.printed("./b once colorsys wave") == "up\n");
  Ran alone = run(folder, "build " + kPython + "app.py --trace-time 1");
  CHECK(alone.status == 2);
  CHECK(says(alone.errors, "--trace-time: only with --trace-run"));
}

namespace {

/// A server that ends after one client; with --healthcheck it is that client, and imports what the
/// server does not.
const char* const kServer =
    "import importlib, os, socket, sys\n"
    "place = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'socket')\n"
    "with socket.socket(socket.AF_UNIX) as end:\n"
    "  if sys.argv[1:] == ['--healthcheck']:\n"
    "    end.connect(place)\n"
    "    print(importlib.import_module('wa' + 've').__name__)\n"
    "  else:\n"
    "    end.bind(place); end.listen(); end.accept(); os.remove(place)\n";

}  // namespace

TEST_CASE("python: the health check is traced beside the application") {
  PythonFolder folder({{"app.py", kServer}});
  PythonBuild built = folder.build(
      "-o b app.py --prune --trace-run '' --trace-time 30 --healthcheck 'app.py --healthcheck'");
  CHECK(built.has(standard("wave.pyc")));
  CHECK_FALSE(says(built.ran.errors, "warning"));
  CHECK(folder.printed("./b & until ./b --healthcheck; do sleep 0.1; done 2>/dev/null; wait") ==
        "wave\n");
}

TEST_CASE("python: a health check that never succeeds while it is traced is told") {
  PythonFolder folder({{"app.py", "import sys\nif sys.argv[1:]: sys.exit('unwell')\n"}});
  PythonBuild built = folder.build("-o b app.py --trace-run '' --healthcheck 'app.py check'");
  CHECK(says(built.ran.errors, "--healthcheck app.py check: it did not succeed beside"));
}
