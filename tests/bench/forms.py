"""Every form of a bundle: its size, its start, and the native start.

Starts are medians of rounds in which every form runs once, in a root of its own that holds only
/proc beside the form (the native program runs on the machine). Sizes are of what is shipped: the
file, and the image layer as a registry stores it (tar, gzip -6).
"""

import os
import shutil
import subprocess
import sys

import roots

FORMS = {  # name in the table -> options of `scratchpack build`
    "plain root": ("--format", "tar"),
    "one file, none": ("--compress", "none"),
    "one file, fast": ("--compress", "fast"),
    "one file, good": ("--compress", "good"),
    "one file, best": ("--compress", "best"),
}


def measure(bench, rounds):
    for title, command in applications(bench):
        print_table(title, rows(bench, title, command, rounds))


def applications(bench):
    found = [("hello (C)", [bench.hello()]), ("curl --version", ["/usr/bin/curl", "--version"])]
    node = shutil.which("node")
    if node:
        found.append(("node -e 0", [os.path.realpath(node), "-e", "0"]))
    return found


def rows(bench, title, command, rounds):
    """(form, file bytes, layer bytes, median ms); natively no bytes."""
    runs = {"native": ("-", *command)}
    sizes = {"native": (None, None)}
    for form, options in FORMS.items():
        name = f"{title}-{form}".replace(" ", "-").replace("/", "-")
        try:
            output = bench.bundle(name, command[0], *options)
        except roots.NotBuilt as why:
            print(f"{title}: {form} was not built: {why}", file=sys.stderr)
            continue
        root, program = bench.root(name + ".root", output, command[0])
        sizes[form] = os.path.getsize(output), layer_size(output, root, program)
        runs[form] = (root, program, *command[1:])
    return [(form, *sizes[form], median) for form, median in bench.time(runs, rounds).items()]


def layer_size(output, root, program):
    layer = output
    if not roots.is_archive(output):
        layer = output + ".layer"
        subprocess.run(["tar", "-C", root, "-cf", layer, program.lstrip("/")], check=True)
    with open(layer, "rb") as file:
        gzip = subprocess.run(["gzip", "-6"], stdin=file, capture_output=True, check=True)
    return len(gzip.stdout)


def print_table(title, table):
    native = table[0][3]
    print(f"\n| {title} | file, MB | layer (gzip -6), MB | start, ms | over native, ms | ratio |")
    print("|---|--:|--:|--:|--:|--:|")
    for form, size, layer, median in table:
        print(f"| {form} | {megabytes(size)} | {megabytes(layer)} | {median:.2f} "
              f"| {median - native:+.2f} | {median / native:.2f} |")


def megabytes(size):
    return "" if size is None else f"{size / 1e6:.2f}"
