"""Stories of a debugger: what gdb shows of a bundle is what it shows of the native program."""

import os
import re
import subprocess

import engine
from story import new_folder
from workloads import Bundle

CORE_PATTERN = "/proc/sys/kernel/core_pattern"
# Where the C library's own frame of a call stands at its own address. For `read` the call was
# moved (inspect --rewrites says so), and gdb knows no name there.
WHOLE = ("poll", "open")
FRAME = re.compile(r"^#\d+ +(?:0x[0-9a-f]+ in )?(\S+) \(", re.MULTILINE)
LIBRARY = re.compile(r"^0x[0-9a-f]+ +0x[0-9a-f]+ +Yes(?: \(\*\))? +(\S+)$", re.MULTILINE)


def gdb(*arguments):
    """(names of the frames, libraries with their symbols) as gdb lists them."""
    result = subprocess.run(["gdb", "-nx", "-batch", *arguments, "-ex", "bt", "-ex",
                             "info sharedlibrary"], capture_output=True, check=False, text=True,
                            timeout=engine.SECONDS, stdin=subprocess.DEVNULL)
    return FRAME.findall(result.stdout), sorted(LIBRARY.findall(result.stdout))


class Waiting:
    """A program that waits, in a folder with a fifo, while it is looked at."""

    def __init__(self, file, how, folder):
        self.process = subprocess.Popen([file, how], cwd=folder, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.wait_until_it_waits()

    def wait_until_it_waits(self):
        """Behind its line comes nothing but the call in which it sleeps."""
        while True:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
                if file.read().rpartition(")")[2].split()[0] == "S":
                    return

    def __enter__(self):
        return str(self.process.pid)

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def a_debugger_attaches(context):
    program, builds = built(context, "attached")
    folder = new_folder(context, "debugged")
    os.mkfifo(os.path.join(folder, "fifo"))
    for how in ("poll", "open", "read"):
        with Waiting(program, how, folder) as pid:
            native = gdb(program, "-p", pid)
        for form, file in builds:
            with Waiting(file, how, folder) as pid:
                _, libraries = gdb("-p", pid)
                check(context, f"gdb -p lists the libraries, waiting in {how}, {form}",
                      libraries, native[1])
                frames, libraries = gdb(program, "-p", pid)
            check(context, f"gdb PROGRAM -p lists the libraries, waiting in {how}, {form}",
                  libraries, native[1])
            if how in WHOLE:
                check(context, f"the backtrace is whole, waiting in {how}, {form}", frames,
                      native[0])
            check(context, f"the program's own frames are there, waiting in {how}, {form}",
                  frames[-3:], ["inner", "outer", "main"])


def a_core_is_readable(context):
    program, builds = built(context, "dumped")
    native = core_of(context, program, program, "native")
    check(context, "the native core is readable", native[0][-3:], ["inner", "outer", "main"])
    for form, file in builds:
        core = core_of(context, program, file, form)
        check(context, f"a core's backtrace, {form}", core[0], native[0])
        check(context, f"a core's libraries, {form}", core[1], native[1])


def core_of(context, program, file, name):
    """Of the kernel, or, where it hands cores to somebody else, of gdb."""
    folder = new_folder(context, f"core-{name}")
    with open(CORE_PATTERN, encoding="ascii") as pattern:
        kept = re.fullmatch(r"[\w.%-]+", pattern.read().strip())
    if kept:
        subprocess.run(["prlimit", "--core=unlimited", file, "crash"], cwd=folder, check=False,
                       stdout=subprocess.DEVNULL)
    else:
        with Waiting(file, "poll", folder) as pid:
            gdb("-p", pid, "-ex", f"generate-core-file {folder}/core")
    cores = os.listdir(folder)
    return gdb(program, os.path.join(folder, cores[0])) if cores else ([], [])


def built(context, name):
    """The program, and (form, file) of its bundles that start in place."""
    bundle = Bundle(name, "{bin}/debugged")
    builds = []
    for form in context.forms:
        if form.name == "plain" or form.extracts:
            continue
        made = context.builder.build(bundle, form)
        if made.fault:
            raise RuntimeError(made.fault)
        builds.append((form.name, made.output))
    return f"{context.places['bin']}/debugged", builds


def check(context, name, actual, expected):
    context.report.add(f"story: {name}", "" if actual == expected and expected else
                       f"expected {expected}\ngot      {actual}")


STORIES = [a_debugger_attaches, a_core_is_readable]
