// Python applications, bundled with the python3 of this machine.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "bundler/python/pyinstaller.h"
#include "bundler/unfound_imports.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

const std::string kPython = "--python /usr/bin/python3 ";

struct Built {
  Ran ran;
  nlohmann::json summary;

  std::set<std::string> paths() const {
    std::set<std::string> paths;
    for (const auto& file : summary.at("files")) paths.insert(file.at("path").get<std::string>());
    return paths;
  }
  bool has(const std::string& path) const { return paths().contains(path); }
  /// How a module imports one that was not found; nothing when that is not in the list.
  std::optional<std::string> unfound(const std::string& name, const std::string& by) const {
    for (const auto& each : summary.at("imports_not_found")) {
      if (each.at("name") != name) continue;
      for (const auto& one : each.at("imported_by")) {
        if (one.at("module") == by) return one.at("how").dump();
      }
    }
    return std::nullopt;
  }
};

Built build_of(const ScratchFolder& folder, const std::string& arguments) {
  Built built{run(folder, "build --json " + arguments), {}};
  REQUIRE_MESSAGE(built.ran.status == 0, built.ran.errors);
  built.summary = nlohmann::json::parse(built.ran.out);
  return built;
}

/// The file below the standard library of this machine.
std::string standard(const std::string& name) {
  static const std::string kFolder = output_of(
      "/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path(\"stdlib\"))'", "/");
  return kFolder.substr(0, kFolder.find('\n')) + "/" + name;
}

std::string printed(const ScratchFolder& folder, const std::string& command) {
  return output_of(command + " 2>&1", folder.path());
}

}  // namespace

TEST_CASE("python: what is imported comes as byte code, and the rest stays out") {
  ScratchFolder folder;
  folder.write("app.py",
               "import json, near\nfrom far import deep\nprint(json.dumps(near.it), deep.it)\n");
  folder.write("near.py", "it = 1\ndef late():\n  import wave\n");
  folder.write("far/__init__.py", "");
  folder.write("far/deep.py", "it = 2\n");
  folder.write("far/words.txt", "data");
  folder.write("unused.py", "");
  folder.write("beside.txt", "");
  Built built = build_of(folder, kPython + "-o b app.py");
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
  CHECK(printed(folder, "./b") == "1 2\n");
  CHECK(output_of("head -c1 '" + folder.path("app.py") + "'", "/") == "i");  // ours is left alone
}

TEST_CASE("python: a folder without an __init__.py is a package, inside of others as well") {
  ScratchFolder folder;
  folder.write("app.py",
               "import pack.inner.deep\nfrom space.one.two import leaf\nfrom pack import *\n"
               "print(pack.inner.deep.it, leaf.it, bare.found.it)\n");
  folder.write("pack/__init__.py",
               "__all__ = ['bare']\nfrom . import bare\nimport pack.bare.found\n");
  folder.write("pack/inner/deep.py", "it = 'deep'\n");
  folder.write("pack/bare/found.py", "it = 'found'\n");
  folder.write("space/one/two/leaf.py", "it = 'leaf'\n");
  Built built = build_of(folder, kPython + "-o b app.py");
  CHECK(built.has(folder.path("space/one/two/leaf.pyc")));
  CHECK(printed(folder, "./b") == "deep leaf found\n");
}

TEST_CASE("python: imports not found are listed with their conditions") {
  ScratchFolder folder;
  folder.write("app.py",
               "import sys\nimport plain\ntry:\n  import perhaps\nexcept ImportError: pass\n"
               "if len(sys.argv) > 1: import sometimes\ndef f():\n  import late\n"
               "if sys.platform == 'win32': import never\n");
  Built built = build_of(folder, kPython + "--dry-run app.py");
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

TEST_CASE("python: --hidden-import, --collect, --exclude-module and --keep-source") {
  ScratchFolder folder;
  folder.write("app.py",
               "import importlib, sys\nname = sys.argv[1]\n"
               "print(importlib.import_module(name).it)\nimport json\n");
  folder.write("hidden.py",
               "import inspect, sys\nit = inspect.getsource(sys.modules[__name__])[:6]\n");
  folder.write("pack/__init__.py", "");
  folder.write("pack/one.py", "it = 'one'\n");
  folder.write("pack/sub/__init__.py", "");
  folder.write("pack/sub/two.py", "it = 'two'\n");
  Built built = build_of(folder, kPython + "-o b app.py --collect pack --exclude-module json");
  CHECK(printed(folder, "./b pack.sub.two | head -n1") == "two\n");
  CHECK_FALSE(built.has(standard("json/__init__.pyc")));
  built = build_of(folder, kPython + "-o b app.py --hidden-import hidden --keep-source");
  CHECK(printed(folder, "./b hidden") == "import\n");
  CHECK(built.has(folder.path("hidden.py")));
  Ran wrong = run(folder, "build " + kPython + "app.py --hidden-import nowhere");
  CHECK(wrong.status == 1);
  CHECK(says(wrong.errors, "there is no module nowhere (--hidden-import"));
}

TEST_CASE("python: a folder, a zip, a module, and a script by its first line") {
  ScratchFolder folder;
  folder.write("app/__main__.py", "import sys, part\nprint(part.it, sys.argv[1:])\n");
  folder.write("app/part.py", "it = 'part'\n");
  folder.write("app/page.html", "");
  Built built = build_of(folder, kPython + "-o b ./app/ -- first");
  CHECK(built.has(folder.path("app/page.html")));
  CHECK(printed(folder, "./b second") == "part ['first', 'second']\n");
  folder.run("/usr/bin/python3 -m zipapp app -o app.pyz");
  build_of(folder, kPython + "-o z app.pyz");
  CHECK(printed(folder, "./z x") == "part ['x']\n");
  build_of(folder, kPython + "-o m -m json.tool");
  CHECK(printed(folder, "echo '{\"a\": 1}' | ./m --compact") == "{\"a\":1}\n");
  folder.write("script",
               "#!/usr/bin/env -S /usr/bin/python3 -u\nimport sys\n"
               "print(sys.argv[0].endswith('/script'), sys.stdout.write_through)\n");
  build_of(folder, "-o s script");
  CHECK(printed(folder, "./s") == "True True\n");
}

TEST_CASE("python: in a plain root a script stays what the kernel can execute") {
  ScratchFolder folder;
  folder.write("app", "#!/usr/bin/python3\nimport part\nprint(part.it)\n");
  folder.write("part.py", "it = 'part'\n");
  const auto script = folder.path("app");
  for (const bool executable : {false, true}) {
    folder.run(executable ? "chmod 755 app" : "chmod 644 app");
    Built built = build_of(folder, "-o d --format dir app --python /usr/bin/python3");
    const std::string first = output_of("head -c2 d" + script, folder.path());
    CHECK((first == "#!") == executable);
    CHECK((output_of("stat -c %a d" + script, folder.path()) == "755\n") == executable);
    CHECK_FALSE(built.has(folder.path("part.py")));
    CHECK(built.has(folder.path("part.pyc")));
    folder.run("rm -r d");
  }
}

TEST_CASE("python: extracted, the library is the bundle's own, of a virtual environment, too") {
  ScratchFolder folder;
  folder.run("/usr/bin/python3 -m venv --without-pip v");
  folder.run("cd v/lib/python3.*/site-packages && mkdir mine && echo it=3 >mine/__init__.py");
  folder.write("app.py",
               "import json, mine, os\nroot = os.environ['SCRATCHPACK_ROOT'] + '/'\n"
               "print(mine.it, [each.__file__.startswith(root) for each in (json, mine)])\n");
  build_of(folder, "-o b app.py --python v/bin/python --mode extract");
  CHECK(printed(folder, "SCRATCHPACK_DIR=$PWD ./b") == "3 [True, True]\n");
}

TEST_CASE("python: tracebacks name files and lines, and the same input gives the same bytes") {
  ScratchFolder folder;
  folder.write("app.py", "import part\n\npart.fail()\n");
  folder.write("part.py", "\ndef fail():\n  raise KeyError('k')\n");
  build_of(folder, kPython + "-o a app.py");
  build_of(folder, kPython + "-o b app.py");
  folder.run("cmp a b");
  std::string text = printed(folder, "./a");
  CHECK(says(text, fmt::format("File \"{}\", line 3, in <module>", folder.path("app.py"))));
  CHECK(says(text, fmt::format("File \"{}\", line 3, in fail", folder.path("part.py"))));
  CHECK(says(text, "KeyError: 'k'"));
}

TEST_CASE(
    "python: a run while building brings what is imported by name, and --prune takes the rest") {
  ScratchFolder folder;
  folder.write("app.py",
               "import importlib, sys, sqlite3\n"
               "print(importlib.import_module('plu' + 'gin').it, open(sys.argv[1]).read())\n");
  folder.write("plugin.py", "it = 'plugin'\n");
  folder.write("data.txt", "data");
  Built whole = build_of(
      folder, fmt::format("{} -o w app.py --trace-run {}", kPython, folder.path("data.txt")));
  CHECK(printed(folder, "./w " + folder.path("data.txt")) == "plugin data\n");
  CHECK(whole.has(folder.path("plugin.pyc")));
  CHECK_FALSE(whole.has(folder.path("plugin.py")));
  CHECK(whole.has(folder.path("data.txt")));
  Built pruned = build_of(folder, fmt::format("{} -o p app.py --prune --trace-run {}", kPython,
                                              folder.path("data.txt")));
  CHECK(printed(folder, "./p " + folder.path("data.txt")) == "plugin data\n");
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
  ScratchFolder folder;
  folder.write("app.py", "import sys\nif sys.argv[1:]:\n  import big\n  print(big.part.it)\n");
  folder.write("site-packages/big/__init__.py", "import big.part\nimport nowhere\n");
  folder.write("site-packages/big/part.py", "it = 'part'\n");
  const std::string environment = "PYTHONPATH=" + folder.path("site-packages") + " ";
  const auto built = [&](const std::string& options) {
    Ran ran = run(folder, "build --json -o b app.py " + kPython + options, environment);
    REQUIRE_MESSAGE(ran.status == 0, ran.errors);
    return Built{ran, nlohmann::json::parse(ran.out)};
  };
  Built whole = built("");
  CHECK(whole.has(folder.path("site-packages/big/part.pyc")));
  CHECK(whole.unfound("nowhere", "big") == "[]");
  Built pruned = built("--trace-run '' --prune");
  CHECK_FALSE(pruned.has(folder.path("site-packages/big/part.pyc")));
  CHECK_FALSE(pruned.has(folder.path("site-packages/big/__init__.pyc")));
  CHECK_FALSE(pruned.unfound("nowhere", "big"));
  Built asked = built("--trace-run '' --prune --hidden-import big");
  CHECK(asked.has(folder.path("site-packages/big/part.pyc")));
  CHECK(asked.unfound("nowhere", "big") == "[]");
}

TEST_CASE("python: every --trace-run counts, and --trace-time ends a server") {
  ScratchFolder folder;
  folder.write(
      "app.py",
      "import importlib, signal, sys\nfor name in sys.argv[2:]: importlib.import_module(name)\n"
      "print('up')\nif sys.argv[1] == 'serve': signal.pause()\n");
  Built built = build_of(folder, kPython +
                                     "-o b app.py --prune --trace-run 'once wave' --trace-run "
                                     "'serve colorsys' --trace-time 1");
  CHECK(built.has(standard("wave.pyc")));
  CHECK(built.has(standard("colorsys.pyc")));
  CHECK_FALSE(says(built.ran.errors, "ended with status"));
  CHECK(printed(folder, "./b once colorsys wave") == "up\n");
  Ran alone = run(folder, "build " + kPython + "app.py --trace-time 1");
  CHECK(alone.status == 2);
  CHECK(says(alone.errors, "--trace-time: only with --trace-run"));
}

namespace {

/// Builds app.py of this source and runs it; the files beside it are there.
std::string bundled_output(const ScratchFolder& folder, const std::string& source,
                           const std::string& options = "") {
  folder.write("app.py", source);
  build_of(folder, kPython + "-o b app.py " + options);
  return printed(folder, "env -C / " + folder.path("b"));
}

}  // namespace

TEST_CASE("python: modules that only texts name") {
  ScratchFolder folder;
  folder.write("own/__init__.py", "");
  folder.write("own/handler.py", "class It: name = 'by a setting'\n");
  folder.write("own/late.py", "name = 'by a relative name'\n");
  folder.write("own/parts/__init__.py",
               "import importlib\ndef part(name):\n  path = 'own.parts.part_' + name\n"
               "  return importlib.import_module(path).name\n");
  folder.write("own/parts/part_a.py", "name = 'by a made name'\n");
  folder.write("own/parts/other.py", "");
  const std::string source =
      "import importlib, json, own.parts\n"
      "setting = 'own.handler.It'\nmodule, _, name = setting.rpartition('.')\n"
      "print(getattr(importlib.import_module(module), name).name)\n"
      "print(importlib.import_module('.late', 'own').name)\nprint(own.parts.part('a'))\n"
      "print('README.md')\n";
  CHECK(bundled_output(folder, source) ==
        "by a setting\nby a relative name\nby a made name\nREADME.md\n");
  Built built = build_of(folder, kPython + "--dry-run app.py");
  CHECK_FALSE(built.has(folder.path("own/parts/other.pyc")));
}

TEST_CASE("python: what sys.executable is given to run, with -m and -c") {
  ScratchFolder folder;
  const std::string source =
      "import subprocess, sys\nfor words in (['-m', 'calendar', '2024', '2'], "
      "['-c', 'import colorsys; print(colorsys.__name__)']):\n"
      "  print(subprocess.run([sys.executable, *words], capture_output=True, text=True).stdout"
      ".split()[0])\n";
  CHECK(bundled_output(folder, source) == "February\ncolorsys\n");
}

TEST_CASE("python: an argument like module:object brings the module, with -m from this folder") {
  ScratchFolder folder;
  const std::string runner =
      "import importlib, sys\nname, _, what = sys.argv[1].partition(':')\n"
      "print(getattr(importlib.import_module(name), what))\n";
  folder.write("runner.py", runner);
  folder.write("served.py", "it = 'served'\n");
  build_of(folder, kPython + "-o b -m runner -- served:it");
  CHECK(printed(folder, "env -C / " + folder.path("b")) == "served\n");
  folder.write("bin/runner.py", runner);
  build_of(folder, kPython + "-o c bin/runner.py -- served:it");
  CHECK(printed(folder, "env -C / " + folder.path("c")) == "served\n");
}

TEST_CASE("python: names in packages are not taken for those of packages that are missing") {
  ScratchFolder folder;
  folder.write("app.py", "import pack\nprint(pack.it)\n");
  folder.write("pack/__init__.py",
               "try:\n  import nosuchmodule\nexcept ImportError: from .nosuchmodule import it\n");
  folder.write("pack/nosuchmodule.py", "it = 'its own'\n");
  folder.write("pack/space/inner/deep.py", "");
  folder.write("pack/last.py", "import pack.space.inner.deep\n");
  build_of(folder, kPython + "-o b app.py --hidden-import pack.last");
  CHECK(printed(folder, "./b") == "its own\n");
}

TEST_CASE("python: entry points, metadata and resources by names in the source") {
  ScratchFolder folder;
  folder.write("p/plug.py", "name = 'plugged'\n");
  folder.write("p/plug-1.5.dist-info/METADATA",
               "Metadata-Version: 2.1\nName: plug\nVersion: 1.5\n");
  folder.write("p/plug-1.5.dist-info/entry_points.txt", "[ours.group]\nfirst = plug:name\n");
  folder.write("p/res/__init__.py", "");
  folder.write("p/res/words.txt", "words");
  ::setenv("PYTHONPATH", folder.path("p").c_str(), 1);
  const std::string text = bundled_output(
      folder,
      "import importlib.metadata as m, importlib.resources as r\n"
      "print([e.load() for e in m.entry_points(group='ours.group')], m.version('plug'))\n"
      "print(r.files('res').joinpath('words.txt').read_text())\n");
  ::unsetenv("PYTHONPATH");
  CHECK(text == "['plugged'] 1.5\nwords\n");
}

TEST_CASE("python: a package that is installed as a link to its sources, and byte code as script") {
  ScratchFolder folder;
  folder.run("/usr/bin/python3 -m venv --without-pip v");
  const std::string site = folder.path(output_of("ls v/lib", folder.path()));
  const std::string packages =
      "v/lib/" + std::filesystem::path(site.substr(0, site.size() - 1)).filename().string() +
      "/site-packages/";
  folder.write("src/linked/__init__.py", "it = 'linked'\n");
  folder.write(packages + "__editable___linked_finder.py",
               "import importlib.util, sys\nclass Finder:\n  @classmethod\n"
               "  def find_spec(cls, name, path=None, target=None):\n    if name == 'linked':\n"
               "      return importlib.util.spec_from_file_location(name, '" +
                   folder.path("src/linked/__init__.py") +
                   "')\ndef install(): sys.meta_path.append(Finder)\n");
  folder.write(packages + "__editable__.linked.pth",
               "import __editable___linked_finder; __editable___linked_finder.install()\n");
  folder.write("app.py", "import linked\nprint(linked.it)\n");
  build_of(folder, "--python v/bin/python -o b app.py");
  CHECK(printed(folder, "./b") == "linked\n");
  folder.run(
      "/usr/bin/python3 -c 'import py_compile; py_compile.compile(\"app.py\", \"app.pyc\")'");
  build_of(folder, "--python v/bin/python -o c app.pyc");
  CHECK(printed(folder, "./c") == "linked\n");
}

TEST_CASE("python: find_library answers from the bundle's own libraries") {
  ScratchFolder folder;
  folder.write("app.py",
               "import ctypes, ctypes.util\nprint(ctypes.util.find_library('z'),\n"
               "  ctypes.util.find_library('nosuch'))\nctypes.CDLL('libz.so.1')\n");
  Built built = build_of(folder, kPython + "-o b app.py");
  CHECK(printed(folder, "./b") == "libz.so.1 None\n");
}

TEST_CASE("python: what cannot be: a program, another root, two applications, no interpreter") {
  ScratchFolder folder;
  folder.write("app.py", "def broken(:\n");
  folder.write("absent.py", "#!/usr/local/bin/python3.99\n");
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
}

namespace {

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

/// An archive as PyInstaller appends it, with entries of these types.
std::string archive(const std::string& types) {
  std::string table;
  for (char type : types) table += number(20) + std::string(13, '\0') + type + "n" + '\0';
  return "content" + table + "MEI\014\013\012\013\016" +
         number(static_cast<std::uint32_t>(7 + table.size() + 88)) + number(7) +
         number(static_cast<std::uint32_t>(table.size())) + number(311) + std::string(64, '\0');
}

PyInstallerKind kind_of(const std::string& bytes) {
  return pyinstaller_kind({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

TEST_CASE("pyinstaller: a one-file program is known by the binaries in its archive") {
  CHECK(kind_of("program" + archive("mms")) == PyInstallerKind::one_folder);
  CHECK(kind_of("program" + archive("mbs")) == PyInstallerKind::one_file);
  CHECK(kind_of("program" + archive("mbs") + "sections") == PyInstallerKind::one_file);
  CHECK(kind_of("program") == PyInstallerKind::none);
  CHECK(kind_of("") == PyInstallerKind::none);
  std::string damaged = "program" + archive("b");
  for (std::size_t at = damaged.size() - 88; at < damaged.size(); ++at) {
    std::string bytes = damaged;
    bytes[at] = '\xff';
    kind_of(bytes);  // whatever it is, it is found inside the bytes
    kind_of(damaged.substr(0, at));
  }
}

TEST_CASE("pyinstaller: a one-file program is refused with what to give instead") {
  ScratchFolder folder;
  folder.copy("one", "/bin/true");
  folder.write("tail", archive("mb"));
  folder.run("cat tail >> one");
  Ran refused = run(folder, "build ./one");
  CHECK(refused.status == 1);
  CHECK(says(refused.errors, "one-file program of PyInstaller"));
  CHECK(says(refused.errors, "--onedir"));
}
