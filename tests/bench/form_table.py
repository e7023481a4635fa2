"""Every form of a bundle: its size, its start, and the native start.

Starts are medians of rounds in which every form runs once, in a root of its own that holds only
/proc beside the form (the native program runs on the machine). Sizes are of what is shipped: the
file, and the image layer as a registry stores it (tar, gzip -6).
"""

import os
import subprocess
import sys

import programs
import roots

PROGRAMS = ("hello", "curl --version", "node -e 0")
FORMS = {  # name in the table -> form
    "plain root": "tar",
    "one file, none": "none",
    "one file, fast": "fast",
    "one file, good": "good",
    "one file, best": "best",
}


def measure(bench, rounds):
    for title in PROGRAMS:
        program = programs.find(title, bench)
        if program is not None:
            print_table(title, rows(bench, title, program, rounds))


def rows(bench, title, program, rounds):
    """(form, file bytes, layer bytes, median ms); natively no bytes."""
    runs = {"native": ("-", program.path, *program.arguments)}
    sizes = {"native": (None, None)}
    for name, form in FORMS.items():
        try:
            output = bench.made(program, form)
        except roots.NotBuilt as why:
            print(f"{title}: {name} was not built: {why}", file=sys.stderr)
            continue
        root, placed = bench.root(f"{program.name}.{form}.root", output, program.path)
        sizes[name] = os.path.getsize(output), layer_size(output, root, placed)
        runs[name] = (root, placed, *program.arguments)
    return [(name, *sizes[name], median) for name, median in bench.time(runs, rounds).items()]


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
