"""Builds what is measured: C programs, bundles, and roots that hold one form and /proc."""

import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.abspath(os.path.join(HERE, "../../build/scratchpack"))


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
        output = self.path(source.removesuffix(".c"))
        if not os.path.exists(output):
            subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
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

    def root(self, name, output, program):
        """A folder to chroot into with /proc and an archive's files, or a bundle, which then lies
        where an emitted Dockerfile puts it: /NAME. The folder, and what to run in there."""
        root = self.path(name)
        os.makedirs(root + "/proc")
        if is_archive(output):
            subprocess.run(["tar", "-C", root, "-xf", output], check=True)
        else:
            program = "/" + os.path.basename(program)
            shutil.copy(output, root + program)
        subprocess.run(["mount", "-t", "proc", "proc", root + "/proc"], check=True)
        self.mounted.append(root + "/proc")
        return root, program

    def time(self, runs, rounds):
        """{name: median ms} of {name: (root or "-", program, argument ...)}, run in turn."""
        lines = ["\t".join([name, *run]) for name, run in runs.items()]
        timed = subprocess.run([self.compile("round_robin.c"), str(rounds)], text=True, check=True,
                               input="\n".join(lines) + "\n", stdout=subprocess.PIPE,
                               env={"PATH": "/usr/bin:/bin"})
        rows = (line.split("\t") for line in timed.stdout.splitlines())
        return {name: float(median) for name, median, _ in rows}


def is_archive(path):
    with open(path, "rb") as file:
        return file.read(4) != b"\x7fELF"
