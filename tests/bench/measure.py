#!/usr/bin/python3
"""Measures starts and sizes and prints the tables that README quotes.

  tests/bench/measure.py [ROUNDS]        as root: default 101 rounds; needs build/scratchpack

Starts are medians of rounds in which every form runs once, in a root of its own that holds only
/proc beside the form (the native program runs on the machine). Sizes are of what is shipped: the
file, and the image layer as a registry stores it (tar, gzip -6).
"""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(HERE, "../../build/scratchpack")
FORMS = {  # name in the table -> options of `scratchpack build`
    "plain root": ("--format", "tar"),
    "one file, none": ("--compress", "none"),
    "one file, fast": ("--compress", "fast"),
    "one file, good": ("--compress", "good"),
    "one file, best": ("--compress", "best"),
}


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 101
    folder = tempfile.mkdtemp(prefix="scratchpack-bench.", dir="/var/tmp")
    mounted = []
    try:
        subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", f"{HERE}/round_robin.c", "-o",
                        f"{folder}/round_robin"], check=True)
        subprocess.run(["gcc", "-O2", "-x", "c", "-", "-o", f"{folder}/hello"], check=True,
                       input=b'#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n')
        for title, command in applications(folder):
            print_table(title, measure(folder, title, command, rounds, mounted))
    finally:
        for point in mounted:
            subprocess.run(["umount", point], check=True)
        shutil.rmtree(folder)


def applications(folder):
    found = [("hello (C)", [f"{folder}/hello"]), ("curl --version", ["/usr/bin/curl", "--version"])]
    node = shutil.which("node")
    if node:
        found.append(("node -e 0", [os.path.realpath(node), "-e", "0"]))
    return found


def measure(folder, title, command, rounds, mounted):
    """Rows of (form, file bytes, layer bytes, median ms, quickest ms); natively no bytes."""
    lines = ["\t".join(["native", "-", *command])]
    sizes = {"native": (None, None)}
    for form, options in FORMS.items():
        place = os.path.join(folder, f"{title}-{form}".replace(" ", "-").replace("/", "-"))
        root = make_root(place, command[0], options, mounted)
        if root is None:
            print(f"{title}: {form} was not built", file=sys.stderr)
            continue
        sizes[form] = root[1:]
        lines.append("\t".join([form, place, root[0], *command[1:]]))
    timed = subprocess.run([f"{folder}/round_robin", str(rounds)], input="\n".join(lines) + "\n",
                           text=True, check=True, stdout=subprocess.PIPE,
                           env={"PATH": "/usr/bin:/bin"})
    rows = []
    for line in timed.stdout.splitlines():
        form, median, quickest = line.split("\t")
        rows.append((form, *sizes[form], float(median), float(quickest)))
    return rows


def make_root(root, program, options, mounted):
    """Fills the folder `root` with one form and /proc. What to run in there and its sizes, or None
    when it was not built. A bundle lies where an emitted Dockerfile puts it: /NAME."""
    output = root + ".output"
    built = subprocess.run([TOOL, "build", program, "--output", output, *options],
                           capture_output=True, text=True, check=False)
    if built.returncode != 0:
        print(built.stderr, file=sys.stderr)
        return None
    os.makedirs(root + "/proc")
    if "tar" in options:
        subprocess.run(["tar", "-C", root, "-xf", output], check=True)
        layer = output
    else:
        program = "/" + os.path.basename(program)
        shutil.copy(output, root + program)
        layer = root + ".layer"
        subprocess.run(["tar", "-C", root, "-cf", layer, program.lstrip("/")], check=True)
    subprocess.run(["mount", "-t", "proc", "proc", root + "/proc"], check=True)
    mounted.append(root + "/proc")
    with open(layer, "rb") as file:
        gzip = subprocess.run(["gzip", "-6"], stdin=file, capture_output=True, check=True)
    return program, os.path.getsize(output), len(gzip.stdout)


def print_table(title, rows):
    native = rows[0][3]
    print(f"\n| {title} | file, MB | layer (gzip -6), MB | start, ms | over native, ms | ratio |")
    print("|---|--:|--:|--:|--:|--:|")
    for form, size, layer, median, _ in rows:
        print(f"| {form} | {megabytes(size)} | {megabytes(layer)} | {median:.2f} "
              f"| {median - native:+.2f} | {median / native:.2f} |")


def megabytes(size):
    return "" if size is None else f"{size / 1e6:.2f}"


if __name__ == "__main__":
    main()
