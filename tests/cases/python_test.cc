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
  CHECK(says(broken.errors, "app.py, line 1"));
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
