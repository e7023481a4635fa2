"""Builds what is measured: C programs, bundles, and roots that hold one form and /proc."""

import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../.."))
TOOL = os.path.join(ROOT, "build/scratchpack")


class NotBuilt(Exception):
    """The tool said why."""


class Workbench:
    """A folder for everything made; at the end it goes, with what was mounted in it."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="scratchpack-bench.", dir="/var/tmp")
        self.mounted = []
        return self

    def __exit__(self, *_):
        for point in self.mounted:
            subprocess.run(["umount", point], check=True)
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def compile(self, source, *libraries):
        """The program of tests/bench/SOURCE."""
        output = self.path(source.rpartition(".")[0])
        if not os.path.exists(output):
            compiler = ["g++", "-std=c++20", f"-I{ROOT}"] if source.endswith(".cc") else ["gcc"]
            subprocess.run([*compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
                            f"{HERE}/{source}", "-o", output, *libraries], check=True)
        return output

    def hello(self):
        output = self.path("hello")
        subprocess.run(["gcc", "-O2", "-x", "c", "-", "-o", output], check=True,
                       input=b'#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n')
        return output

    def bundle(self, name, program, *options):
        """The bundle (or archive) of `program`. Raises NotBuilt."""
        output = self.path(name)
        built = subprocess.run([TOOL, "build", program, "--output", output, *options],
                               capture_output=True, text=True, check=False)
        if built.returncode != 0:
            raise NotBuilt(built.stderr)
        return output

    def made(self, program, form):
        """The bundle of a Program at a level of --compress, or its `tar`; built once."""
        name = f"{program.name}.{form}"
        if not os.path.exists(self.path(name)):
            how = ("--format", "tar") if form == "tar" else ("--compress", form)
            self.bundle(name, program.path, *how, *program.options)
        return self.path(name)

    def plain_root(self, program):
        """Folder and path of a Program in the plain root of its closure."""
        return self.root(f"{program.name}.tar.root", self.made(program, "tar"), program.path)

    def bundle_root(self, program, form):
        return self.root(f"{program.name}.{form}.root", self.made(program, form), program.path)

    def root(self, name, output, program):
        """A folder to chroot into with /proc and an archive's files, or a bundle, which then lies
        where an emitted Dockerfile puts it: /NAME. The folder, and what to run in there."""
        root = self.path(name)
        placed = program if is_archive(output) else "/" + os.path.basename(program)
        if os.path.exists(root):
            return root, placed
        os.makedirs(root + "/proc")
        if is_archive(output):
            subprocess.run(["tar", "-C", root, "-xf", output], check=True)
        else:
            shutil.copy(output, root + placed)
        self.mount("proc", root + "/proc")
        return root, placed

    def tmpfs(self):
        folder = self.path("tmpfs")
        if not os.path.exists(folder):
            os.mkdir(folder)
            self.mount("tmpfs", folder)
        return folder

    def mount(self, kind, point):
        subprocess.run(["mount", "-t", kind, kind, point], check=True)
        self.mounted.append(point)

    def time(self, runs, rounds, before=None, environment=()):
        """{name: median ms} of {name: (root or "-", program, argument ...)}, run in turn. `before`
        as in round_robin.c."""
        lines = ["\t".join([name, *run]) for name, run in runs.items()]
        command = [self.compile("round_robin.c"), str(rounds)] + ([before] if before else [])
        timed = subprocess.run(command, text=True, check=True, input="\n".join(lines) + "\n",
                               stdout=subprocess.PIPE,
                               env={"PATH": "/usr/bin:/bin", **dict(environment)})
        rows = (line.split("\t") for line in timed.stdout.splitlines())
        return {name: float(median) for name, median, _ in rows}


def is_archive(path):
    with open(path, "rb") as file:
        return file.read(4) != b"\x7fELF"
