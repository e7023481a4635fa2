"""The programs that are measured: what is installed of them."""

import os
import shutil
import sys


class Program:
    """`command` natively; bundled with `options` it runs in a root that holds nothing else."""

    def __init__(self, path, *arguments):
        self.path = path
        self.arguments = arguments
        self.name = os.path.basename(path)
        self.options = ()
        library = f"/usr/lib/{self.name}"
        if self.name.startswith("python3.") and os.path.isdir(library):
            self.options = ("--add-data", f"{library}:{library}")


def find(title, bench):
    """The Program of a command line such as `curl --version`; None, said aloud, without it."""
    name, *arguments = title.split()
    if name == "hello":
        return Program(bench.hello(), *arguments)
    # The distribution's own first: what a version manager puts into PATH may be a script.
    path = shutil.which(name, path="/usr/bin") or shutil.which(name)
    if path is None:
        print(f"{title}: {name} is not installed", file=sys.stderr)
        return None
    return Program(os.path.realpath(path), *arguments)
