// Files of a Python application that it finds by its own place: what it makes of __file__.
#include <doctest/doctest.h>

#include "tests/cases/python_folder.h"

using namespace scratchpack;

TEST_CASE("python: folders that a script adds to sys.path by its own place") {
  PythonFolder folder(
      {{"src/app.py",
        "import os, sys\nfrom pathlib import Path\nROOT = Path(__file__).resolve().parent.parent\n"
        "sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib'))\n"
        "sys.path.append(str(ROOT / 'vendor'))\nsys.path += [str(ROOT)]\n"
        "import helper, dep\nfrom common.util import it\nprint(helper.it, dep.it, it)\n"},
       {"src/lib/helper.py", "it = 'inserted'\n"},
       {"vendor/dep.py", "it = 'appended'\n"},
       {"common/util.py", "it = 'added'\n"},
       {"common/never.py", ""}});
  CHECK_FALSE(folder.build("--dry-run src/app.py").has(folder.path("common/never.pyc")));
  CHECK(folder.output_alone("src/app.py") == "inserted appended added\n");
}

TEST_CASE("python: data and scripts beside a script, by its own place") {
  PythonFolder folder(
      {{"app.py",
        "import json, os, pathlib, subprocess, sys\n"
        "HERE = os.path.dirname(os.path.abspath(__file__))\n"
        "DATA = os.path.join(HERE, 'data')\n"
        "print(json.load(open(os.path.join(DATA, 'set.json')))['it'])\n"
        "print((pathlib.Path(__file__).parent / 'note.txt').read_text())\n"
        "exec(open(HERE + '/part.py').read())\n"
        "kind = sys.argv[1] if sys.argv[1:] else 'a'\n"
        "print(open(os.path.join(HERE, 'kinds', f'{kind}.txt')).read(), flush=True)\n"
        "subprocess.run([sys.executable, os.path.join(HERE, 'tool.py'), 'word'])\n"},
       {"data/set.json", R"({"it": "of a folder"})"},
       {"note.txt", "of a file"},
       {"part.py", "print('of a part')\n"},
       {"kinds/a.txt", "of a kind"},
       {"kinds/b.md", ""},
       {"other.txt", ""},
       {"tool.py", "import sys, colorsys, beside\nprint(beside.it, sys.argv[1])\n"},
       {"beside.py", "it = 'of a tool'\n"}});
  const PythonBuild built = folder.build("--dry-run app.py");
  CHECK_FALSE(built.has(folder.path("other.txt")));
  CHECK_FALSE(built.has(folder.path("kinds/b.md")));
  CHECK(built.has(standard("colorsys.pyc")));
  CHECK(folder.output_alone("app.py") ==
        "of a folder\nof a file\nof a part\nof a kind\nof a tool word\n");
}

TEST_CASE("python: plugins that lie in a folder, listed by pkgutil or by os") {
  const std::string plugin = "it = __name__\n";
  PythonFolder folder(
      {{"app.py",
        "import importlib, importlib.util, os, pkgutil, own, cmds\n"
        "for each in sorted(pkgutil.iter_modules(own.__path__, own.__name__ + '.'),"
        " key=lambda each: each.name): print(importlib.import_module(each.name).it)\n"
        "here = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'loose')\n"
        "for name in sorted(os.listdir(here)):\n"
        "  if not name.endswith('.py'): continue\n"
        "  spec = importlib.util.spec_from_file_location(name[:-3], os.path.join(here, name))\n"
        "  module = importlib.util.module_from_spec(spec)\n"
        "  spec.loader.exec_module(module)\n  print(module.it)\n"
        "print(cmds.load())\n"},
       {"own/__init__.py", ""},
       {"own/one.py", plugin},
       {"own/two.py", plugin},
       {"loose/three.py", "import colorsys\n" + plugin},
       {"cmds/__init__.py",
        "import glob, importlib, os\ndef load():\n"
        "  paths = sorted(glob.glob(os.path.join(os.path.dirname(__file__), '*.py')))\n"
        "  names = [os.path.basename(each)[:-3] for each in paths]\n"
        "  return [importlib.import_module('.' + name, __package__).it for name in names"
        " if name != '__init__']\n"},
       {"cmds/four.py", plugin}});
  CHECK(folder.build("--dry-run app.py").has(standard("colorsys.pyc")));
  CHECK(folder.output_alone("app.py") == "own.one\nown.two\nthree\n['cmds.four']\n");
}

TEST_CASE("python: a text that is made of itself again and again") {
  std::string text = "text = __file__\n";
  for (int i = 0; i < 60; ++i) text += "text = text + 'more' + text\n";
  PythonFolder folder({{"app.py", text + "open(text)\n"}});
  folder.build("--dry-run app.py");
}

TEST_CASE("python: keys and tokens in a folder of data are left out, with a warning") {
  PythonFolder folder(
      {{"app.py",
        "import os\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
        "CONF = os.path.join(HERE, 'conf')\nprint(sorted(os.listdir(CONF)))\n"},
       {"conf/app.ini", ""},
       {"conf/token", "secret"},
       {"conf/own.pem", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"}});
  const PythonBuild built = folder.build("-o b app.py");
  for (const char* name : {"conf/token", "conf/own.pem"}) {
    CAPTURE(name);
    CHECK_FALSE(built.has(folder.path(name)));
    CHECK(says(built.summary.at("warnings").dump(),
               folder.path(name) + ": left out, it looks private"));
  }
  CHECK(folder.build("--dry-run app.py --add-data conf/token:/kept").has("/kept/token"));
  CHECK(folder.output_alone("app.py") == "['app.ini']\n");
}

TEST_CASE("python: a folder that a script names is not one it lies in, nor an environment") {
  PythonFolder folder({{"deep/app.py",
                        "import os\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
                        "ROOT = os.path.dirname(HERE)\nos.chdir(HERE)\n"
                        "print(os.path.isdir(os.path.join(ROOT, 'env')), os.path.isdir(ROOT), "
                        "os.path.join(HERE, '.'))\n"},
                       {"deep/large.bin", ""},
                       {"beside.bin", ""},
                       {"env/pyvenv.cfg", ""},
                       {"env/large.bin", ""}});
  const PythonBuild built = folder.build("--dry-run deep/app.py");
  for (const char* name : {"deep/large.bin", "beside.bin", "env/large.bin"}) {
    CAPTURE(name);
    CHECK_FALSE(built.has(folder.path(name)));
  }
}

TEST_CASE("python: a script by a link has the modules beside what the link leads to, and options") {
  PythonFolder folder(
      {{"real/tool.py",
        "#!/usr/bin/python3 -OO\n\"\"\"words\"\"\"\nimport side, sys\n"
        "assert False\nprint(side.it, __doc__, side.__doc__, sys.flags.optimize)\n"},
       {"real/side.py", "\"\"\"words\"\"\"\nit = 'beside'\n"}});
  folder.link("app.py", "real/tool.py");
  CHECK(folder.output_alone("app.py") == "beside None None 2\n");
}

TEST_CASE("python: a script that is imported by its own name, by a text or by another module") {
  PythonFolder folder(
      {{"main.py",
        "import importlib, sys\nit = 'served by ' + __name__\n"
        "def serve(where):\n  module, name = where.split(':')\n"
        "  return getattr(importlib.import_module(module), name)\n"
        "if __name__ == '__main__':\n  import other\n  print(serve('main:it'), other.it)\n"},
       {"other.py", "from main import it\n"}});
  const PythonBuild built = folder.build("--dry-run main.py");
  CHECK_FALSE(built.has(folder.path("main.pyc")));
  CHECK(folder.output_alone("main.py") == "served by main served by main\n");
}
