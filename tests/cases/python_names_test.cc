// Modules, packages and libraries of Python that only names in the source lead to.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/cases/python_folder.h"

using namespace scratchpack;

TEST_CASE("python: modules that only texts name") {
  PythonFolder folder(
      {{"own/__init__.py", ""},
       {"own/handler.py", "class It: name = 'by a setting'\n"},
       {"own/late.py", "name = 'by a relative name'\n"},
       {"own/parts/__init__.py",
        "import importlib\ndef part(name):\n  path = 'own.parts.part_' + name\n"
        "  return importlib.import_module(path).name\n"},
       {"own/parts/part_a.py", "name = 'by a made name'\n"},
       {"own/parts/other.py", ""},
       {"app.py",
        "import importlib, json, own.parts\n"
        "setting = 'own.handler.It'\nmodule, _, name = setting.rpartition('.')\n"
        "print(getattr(importlib.import_module(module), name).name)\n"
        "print(importlib.import_module('.late', 'own').name)\nprint(own.parts.part('a'))\n"
        "print('README.md')\n"}});
  CHECK(folder.bundled_output() == "by a setting\nby a relative name\nby a made name\nREADME.md\n");
  PythonBuild built = folder.build("--dry-run app.py");
  CHECK_FALSE(built.has(folder.path("own/parts/other.pyc")));
}

TEST_CASE("python: what sys.executable is given to run, with -m and -c") {
  PythonFolder folder(
      {{"app.py",
        "import subprocess, sys\nfor words in (['-m', 'calendar', '2024', '2'], "
        "['-c', 'import colorsys; print(colorsys.__name__)']):\n"
        "  print(subprocess.run([sys.executable, *words], capture_output=True, text=True).stdout"
        ".split()[0])\n"}});
  CHECK(folder.bundled_output() == "February\ncolorsys\n");
}

TEST_CASE("python: an argument like module:object brings the module, with -m from this folder") {
  const std::string runner =
      "import importlib, sys\nname, _, what = sys.argv[1].partition(':')\n"
      "print(getattr(importlib.import_module(name), what))\n";
  PythonFolder folder({{"runner.py", runner}, {"served.py", "it = 'served'\n"}});
  folder.build("-o b -m runner -- served:it");
  CHECK(folder.printed("env -C / " + folder.path("b")) == "served\n");
  folder.write("bin/runner.py", runner);
  folder.build("-o c bin/runner.py -- served:it");
  CHECK(folder.printed("env -C / " + folder.path("c")) == "served\n");
}

TEST_CASE("python: names in packages are not taken for those of packages that are missing") {
  PythonFolder folder(
      {{"app.py", "import pack\nprint(pack.it)\n"},
       {"pack/__init__.py",
        "try:\n  import nosuchmodule\nexcept ImportError: from .nosuchmodule import it\n"},
       {"pack/nosuchmodule.py", "it = 'its own'\n"},
       {"pack/space/inner/deep.py", ""},
       {"pack/last.py", "import pack.space.inner.deep\n"}});
  folder.build("-o b app.py --hidden-import pack.last");
  CHECK(folder.printed("./b") == "its own\n");
}

TEST_CASE("python: entry points, metadata and resources by names in the source") {
  PythonFolder folder(
      {{"p/plug.py", "name = 'plugged'\n"},
       {"p/plug-1.5.dist-info/METADATA", "Metadata-Version: 2.1\nName: plug\nVersion: 1.5\n"},
       {"p/plug-1.5.dist-info/entry_points.txt", "[ours.group]\nfirst = plug:name\n"},
       {"p/res/__init__.py", ""},
       {"p/res/words.txt", "words"},
       {"app.py",
        "import importlib.metadata as m, importlib.resources as r\n"
        "print([e.load() for e in m.entry_points(group='ours.group')], m.version('plug'))\n"
        "print(r.files('res').joinpath('words.txt').read_text())\n"}});
  folder.find_packages_in("p");
  CHECK(folder.bundled_output() == "['plugged'] 1.5\nwords\n");
}

TEST_CASE("python: find_library answers from the bundle's own libraries") {
  PythonFolder folder({{"app.py",
                        "import ctypes, ctypes.util\nprint(ctypes.util.find_library('z'),\n"
                        "  ctypes.util.find_library('nosuch'))\nctypes.CDLL('libz.so.1')\n"}});
  PythonBuild built = folder.build("-o b app.py");
  CHECK(folder.printed("./b") == "libz.so.1 None\n");
}

TEST_CASE(
    "python: a package that imports where it has its own name, lists itself, and links to data") {
  PythonFolder folder(
      {{"app.py", "import pack\nprint(pack.late.it, pack.parts(), pack.data())\n"},
       {"shared/words.txt", "words"},
       {"site-packages/pack/__init__.py",
        "import importlib, os\nif __name__ == 'pack':\n  from pack import late\n"
        "def listed(path):\n  return sorted({n.split('.')[0] for n in os.listdir(path)} - "
        "{'__init__'})\n"
        "def parts():\n"
        "  return [n for n in listed(__path__[0]) if n.startswith('part')]\n"
        "def data():\n  return open(os.path.join(__path__[0], 'data', 'words.txt')).read()\n"},
       {"site-packages/pack/late.py", "it = 'late'\n"},
       {"site-packages/pack/part_a.py", ""}});
  folder.run("ln -s ../../shared site-packages/pack/data");
  folder.find_packages_in("site-packages");
  CHECK(folder.bundled_output() == "late ['part_a'] words\n");
}

TEST_CASE("python: what an extension imports is in the source that lies beside it") {
  PythonFolder folder({{"app.py", "import pack.fast\n"},
                       {"pack/__init__.py", ""},
                       {"pack/fast.py", "import colorsys\n"}});
  folder.run("cp $(ls " + standard("lib-dynload/*.so") + " | head -1) pack/fast.abi3.so");
  const PythonBuild built = folder.build("--dry-run app.py");
  CHECK(built.has(folder.path("pack/fast.abi3.so")));
  CHECK(built.has(standard("colorsys.pyc")));
  CHECK_FALSE(built.has(folder.path("pack/fast.pyc")));
}

namespace {

/// As gi's compiler lays it down, as far as it is read: the places of two texts in the header.
std::string typelib(const std::string& dependencies, const std::string& libraries) {
  const std::string magic("GOBJ\nMETADATA\r\n\x1a", 16);
  std::string text = magic + std::string(40, '\0');
  const auto put = [&](std::size_t at, const std::string& value) {
    if (value.empty()) return;
    text[at] = static_cast<char>(text.size());
    text += value + '\0';
  };
  put(36, dependencies);
  put(52, libraries);
  return text;
}

}  // namespace

TEST_CASE("python: from gi.repository come typelibs, those they depend on, and their libraries") {
  PythonFolder folder({{"app.py",
                        "import gi\ngi.require_version('Own', '1.0')\n"
                        "from gi.repository import Own, Absent\n"},
                       {"gi/__init__.py", ""},
                       {"gi/repository/__init__.py", ""},
                       {"t/Own-1.0.typelib", typelib("Other-2.0", "libz.so.1,libnone.so")},
                       {"t/Own-3.0.typelib", typelib("", "")},
                       {"t/Other-2.0.typelib", typelib("Own-1.0|Cut-1.0", "")},
                       {"t/Cut-1.0.typelib", "GOBJ"}});
  setenv("GI_TYPELIB_PATH", folder.path("t").c_str(), 1);
  const PythonBuild built = folder.build("--dry-run app.py");
  unsetenv("GI_TYPELIB_PATH");
  for (const char* name : {"t/Own-1.0.typelib", "t/Other-2.0.typelib", "t/Cut-1.0.typelib"}) {
    CAPTURE(name);
    CHECK(built.has(folder.path(name)));
  }
  CHECK_FALSE(built.has(folder.path("t/Own-3.0.typelib")));
  CHECK(says(built.summary.dump(), "/libz.so.1"));
}
