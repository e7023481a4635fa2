"""Stories of Python applications: bundled from their imports, run where nothing can be written."""

import os
import re
import subprocess

import engine
from compare import unified
from situations import HARDENED
from story import new_folder
from workloads import Bundle

EVERYTHING = r"""#!/usr/bin/python3
import argparse
import concurrent.futures
import ctypes
import ctypes.util
import decimal
import importlib.metadata
import importlib.resources
import json
import locale
import multiprocessing
import os
import sqlite3
import ssl
import subprocess
import sys
import zoneinfo
from datetime import datetime

import helper
import ours

def square(number):
    return number * number

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fail", action="store_true")
    options = parser.parse_args()
    print(os.path.basename(sys.argv[0]), parser.prog, __file__ == os.path.abspath(sys.argv[0]))
    rows = sqlite3.connect(":memory:").execute("select sqlite_version() > '3', 6 * 7").fetchall()
    print(rows, decimal.Decimal(1) / 7, locale.setlocale(locale.LC_ALL, ""))
    moment = datetime(2026, 11, 24, 3, tzinfo=zoneinfo.ZoneInfo("UTC"))
    print(moment.astimezone(zoneinfo.ZoneInfo("Asia/Seoul")), datetime.strptime("7", "%d").day)
    print(len(ssl.create_default_context().get_ca_certs()) > 50)
    found = ctypes.util.find_library("z")
    print(found, ctypes.CDLL(found).zlibVersion is not None)
    print(importlib.resources.files("ours").joinpath("words.txt").read_text().split())
    print(ours.plugin().name, importlib.metadata.version("ours"),
          [point.value for point in importlib.metadata.entry_points(group="ours.group")])
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(square, range(5)))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        print(list(pool.map(square, range(3))))
    for words in (["-c", "import sys; print(sys.argv)", "x"], ["-m", "json.tool", "--compact"]):
        child = subprocess.run([sys.executable, *words], input='{"a":  1}', capture_output=True,
                               text=True, check=True)
        print(child.stdout, end="")
    print(sys.prefix != sys.base_prefix, "서울".encode("euc-kr"), json.dumps([1, None]))
    sys.stdout.flush()
    if options.fail:
        helper.fail()

if __name__ == "__main__":
    main()
"""

HELPER = """
def fail():
    raise ValueError("wanted")
"""

OURS = """
import importlib

def plugin():
    return importlib.import_module("." + "plugin", __name__)
"""

LAUNCHER = r"""
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(void) {
  char path[PATH_MAX] = {0};
  if (readlink("/proc/self/exe", path, sizeof path - 1) < 0) return 1;
  strcpy(strrchr(path, '/'), "/_internal/libinner.so");
  void* inner = dlopen(path, RTLD_NOW);
  if (inner == NULL) return puts(dlerror()), 2;
  return puts(((const char* (*)(void))dlsym(inner, "word"))()), 0;
}
"""


def write(folder, name, text, mode=0o644):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def forms_in_place(context):
    return [form for form in context.forms if form.name != "plain" and not form.extracts]


def check(context, name, expected, built, words=(), flags=HARDENED):
    actual = built.fault or engine.run_docker(built.image, flags, list(words))
    context.report.add(f"story: {name}", actual if built.fault else
                       "" if actual == expected else unified(expected, actual))


def package(folder):
    """An installed distribution: code, a module loaded by a made name, data, metadata."""
    write(folder, "ours/__init__.py", OURS)
    write(folder, "ours/plugin.py", "name = 'a plugin'\n")
    write(folder, "ours/words.txt", "one two\n")
    write(folder, "ours-1.5.dist-info/METADATA", "Metadata-Version: 2.1\nName: ours\nVersion: 1.5\n")
    write(folder, "ours-1.5.dist-info/top_level.txt", "ours\n")
    write(folder, "ours-1.5.dist-info/entry_points.txt", "[ours.group]\nfirst = ours.plugin:name\n")


def python_application(context):
    """Of a virtual environment: what is asked for by name comes with --hidden-import and --collect."""
    folder = new_folder(context, "python")
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", folder + "/venv"], check=True)
    libraries = next(os.scandir(folder + "/venv/lib")).name
    package(f"{folder}/venv/lib/{libraries}/site-packages")
    write(folder, "helper.py", HELPER)
    application = write(folder, "app.py", EVERYTHING.replace(
        "#!/usr/bin/python3", f"#!{folder}/venv/bin/python"), 0o755)
    native = engine.run_native([application])
    options = ("--collect", "ours", "--hidden-import", "json.tool")
    traced = ("--trace-run", "", "--prune")
    for form in forms_in_place(context):
        built = context.builder.build(Bundle("python", application, options), form)
        check(context, f"a Python application, {form.name}", native, built)
        if form.name != "onefile":
            continue
        failed = built.fault or engine.run_docker(built.image, HARDENED, ["--fail"])
        places = re.findall(r'File "(.*)", line (\d+), in (\w+)', getattr(failed, "stderr", ""))
        right = places[-1:] == [(folder + "/helper.py", "3", "fail")] and failed.status == 1
        context.report.add("story: a traceback of a Python application has files and lines",
                           "" if right else str(failed))
        pruned = context.builder.build(Bundle("python pruned", application, traced), form)
        check(context, "a Python application, traced and pruned", native, pruned)


def pyinstaller_folder(context):
    """The layout that pyinstaller --onedir makes: a launcher, and a folder it finds by its own
    path. Its archive's table is empty."""
    folder = new_folder(context, "pyinstaller")
    source = write(folder, "launcher.c", LAUNCHER)
    inner = write(folder, "inner.c", 'const char* word(void) { return "from _internal"; }\n')
    os.makedirs(folder + "/app/_internal")
    program = folder + "/app/app"
    subprocess.run(["cc", "-o", program, source], check=True)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder + "/app/_internal/libinner.so", inner],
                   check=True)
    with open(program, "ab") as file:
        file.write(b"MEI\014\013\012\013\016" + (88).to_bytes(4, "big") + bytes(76))
    native = engine.run_native([program])
    for form in forms_in_place(context):
        built = context.builder.build(Bundle("pyinstaller", program), form)
        check(context, f"a one-folder program of PyInstaller, {form.name}", native, built)


STORIES = [python_application, pyinstaller_folder]
