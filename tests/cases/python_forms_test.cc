// What a Python application can be given as, what it can be built as, and what is refused.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>

#include "tests/cases/python_folder.h"

using namespace scratchpack;

TEST_CASE("python: a folder, a zip, a module, and a script by its first line") {
  PythonFolder folder({{"app/__main__.py", "import sys, part\nprint(part.it, sys.argv[1:])\n"},
                       {"app/part.py", "it = 'part'\n"},
                       {"app/page.html", ""}});
  PythonBuild built = folder.build("-o b ./app/ -- first");
  CHECK(built.has(folder.path("app/page.html")));
  CHECK(folder.printed("./b second") == "part ['first', 'second']\n");
  folder.run("/usr/bin/python3 -m zipapp app -o app.pyz");
  folder.build("-o z app.pyz");
  CHECK(folder.printed("./z x") == "part ['x']\n");
  folder.build("-o m -m json.tool");
  CHECK(folder.printed("echo '{\"a\": 1}' | ./m --compact") == "{\"a\":1}\n");
  folder.write("script",
               "#!/usr/bin/env -S /usr/bin/python3 -u\nimport sys\n"
               "print(sys.argv[0].endswith('/script'), sys.stdout.write_through)\n");
  folder.build("-o s script", "");
  CHECK(folder.printed("./s") == "True True\n");
}

TEST_CASE("python: in a plain root a script stays what the kernel can execute") {
  PythonFolder folder(
      {{"app", "#!/usr/bin/python3\nimport part\nprint(part.it)\n"}, {"part.py", "it = 'part'\n"}});
  const auto script = folder.path("app");
  for (const bool executable : {false, true}) {
    folder.run(executable ? "chmod 755 app" : "chmod 644 app");
    PythonBuild built = folder.build("-o d --format dir app");
    const std::string first = output_of("head -c2 d" + script, folder.path());
    CHECK((first == "#!") == executable);
    CHECK((output_of("stat -c %a d" + script, folder.path()) == "755\n") == executable);
    CHECK_FALSE(built.has(folder.path("part.py")));
    CHECK(built.has(folder.path("part.pyc")));
    folder.run("rm -r d");
  }
}

TEST_CASE("python: in a plain root a health check is started as the application is") {
  PythonFolder folder({{"app.py", ""}});
  folder.build("-o d --format dir app.py --emit-dockerfile --healthcheck 'app.py --check'");
  CHECK(says(output_of("cat Dockerfile", folder.path()),
             fmt::format("HEALTHCHECK CMD [\"/usr/bin/python3\", \"{}\", \"--check\"]\n",
                         folder.path("app.py"))));
}

TEST_CASE("python: extracted, the library is the bundle's own, of a virtual environment, too") {
  PythonFolder folder(
      {{"app.py",
        "import json, mine, os\nroot = os.environ['SCRATCHPACK_ROOT'] + '/'\n"
        "print(mine.it, [each.__file__.startswith(root) for each in (json, mine)])\n"}});
  folder.run("/usr/bin/python3 -m venv --without-pip v");
  folder.run("cd v/lib/python3.*/site-packages && mkdir mine && echo it=3 >mine/__init__.py");
  folder.build("-o b app.py --mode extract", "--python v/bin/python ");
  CHECK(folder.printed("SCRATCHPACK_DIR=$PWD ./b") == "3 [True, True]\n");
}

TEST_CASE(
    "python: a package of several folders, made by setuptools' file in place of its own code") {
  PythonFolder folder(
      {{"app.py", "import several.part\nprint(several.part.it)\n"},
       {"site/several/__init__.py", "raise ImportError('not for this')\n"},
       {"site/several/part.py", "it = 'a part'\n"},
       {"site/several-1-nspkg.pth",
        "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'],"
        " *('several',));m = sys.modules.setdefault('several', types.ModuleType("
        "'several'));m.__dict__.setdefault('__path__', [p])\n"},
       {"site/other-1-nspkg.pth", "import sys;sys.modules.setdefault('other', sys)\n"}});
  folder.run(
      "/usr/bin/python3 -m venv --without-pip v && cp -r site/* v/lib/python3.*/site-packages");
  for (const std::string options : {"", "--prune --trace-run ''"}) {
    const PythonBuild built =
        folder.build("-o b app.py --force " + options, "--python v/bin/python ");
    CHECK_FALSE(says(built.summary.dump(), "other-1-nspkg.pth"));
    folder.run("mv v gone");
    CHECK(folder.printed("./b") == "a part\n");
    folder.run("mv gone v");
  }
}

TEST_CASE("python: a package that is installed as a link to its sources, and byte code as script") {
  PythonFolder folder({{"app.py", "import linked\nprint(linked.it)\n"},
                       {"src/linked/__init__.py", "it = 'linked'\n"}});
  folder.run("/usr/bin/python3 -m venv --without-pip v");
  const std::string site = folder.path(output_of("ls v/lib", folder.path()));
  const std::string packages =
      "v/lib/" + std::filesystem::path(site.substr(0, site.size() - 1)).filename().string() +
      "/site-packages/";
  folder.write(packages + "__editable___linked_finder.py",
               "import importlib.util, sys\nclass Finder:\n  @classmethod\n"
               "  def find_spec(cls, name, path=None, target=None):\n    if name == 'linked':\n"
               "      return importlib.util.spec_from_file_location(name, '" +
                   folder.path("src/linked/__init__.py") +
                   "')\ndef install(): sys.meta_path.append(Finder)\n");
  folder.write(packages + "__editable__.linked.pth",
               "import __editable___linked_finder; __editable___linked_finder.install()\n");
  const std::string python = "--python v/bin/python ";
  folder.build("-o b app.py", python);
  CHECK(folder.printed("./b") == "linked\n");
  folder.run(
      "/usr/bin/python3 -c 'import py_compile; py_compile.compile(\"app.py\", \"app.pyc\")'");
  folder.build("-o c app.pyc", python);
  CHECK(folder.printed("./c") == "linked\n");
}

TEST_CASE("python: what cannot be: a program, another root, two applications, no interpreter") {
  PythonFolder folder(
      {{"app.py", "def broken(:\n"}, {"absent.py", "#!/usr/local/bin/python3.99\n"}});
  CHECK(run(folder, "build --python python3 /bin/true").status == 2);
  CHECK(run(folder, "build -m json.tool app.py").status == 2);
  CHECK(run(folder, "build --sysroot . -m json.tool").status == 2);
  Ran broken = run(folder, "build " + kPython + "app.py");
  CHECK(broken.status == 1);
  CHECK(says(broken.errors, folder.path("app.py") + ", line 1; is it for another version"));
  folder.write("old.py", "import near\n");
  folder.write("near.py", "print 'of Python 2'\n");
  Ran near = run(folder, "build " + kPython + "old.py");
  CHECK(near.status == 1);
  CHECK(says(near.errors, folder.path("near.py") + ", line 1; is it for another version"));
  folder.write("near/__init__.pyc", std::string(16, 'x'));
  Ran magic = run(folder, "build " + kPython + "old.py");
  CHECK(magic.status == 1);
  CHECK(says(magic.errors, "bad magic number in 'near'"));
  folder.write("empty/beside.txt", "");
  CHECK(says(run(folder, "build " + kPython + "empty").errors, "there is no __main__.py in it"));
  Ran other = run(folder, "build --python /bin/true app.py");
  CHECK(says(other.errors, "/bin/true: it gives no answer (is it an interpreter of Python?)"));
  Ran absent = run(folder, "build absent.py");
  CHECK(absent.status == 1);
  CHECK(says(absent.errors, "its interpreter /usr/local/bin/python3.99 is not there"));
  CHECK(says(run(folder, "build " + kPython + "-m nosuch").errors, "there is no module nosuch"));
  folder.write("p/sitecustomize.py", "import sys\nsys.implementation.name = 'pypy'\n");
  const Ran pypy =
      run(folder, "build " + kPython + "near.py", "PYTHONPATH=" + folder.path("p") + " ");
  CHECK(pypy.status == 1);
  CHECK(says(pypy.errors, "/usr/bin/python3 is pypy 3."));
}
