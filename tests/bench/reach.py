"""Real programs at real work: the rows of tests/container/real.py that can be repeated in a root.

Both run in roots that hold nothing but the closure (as plain files, or as one file), what the row
prepared, /proc and /tmp. The whole work is timed, from start to exit.
"""

import json
import os
import shutil
import subprocess
import sys

import programs
import roots

sys.path.insert(0, os.path.join(roots.ROOT, "tests/container"))
import real  # noqa: E402  pylint: disable=wrong-import-position,import-error

ROWS = ("jq", "awk and sort", "xsltproc", "iconv to EUC-KR", "openssl: a chain", "gpgv",
        "ImageMagick", "ffmpeg", "gnuplot", "librsvg", "ghostscript", "pdftotext", "tesseract",
        "Qt", "Rust", "Go with C", "musl", "terminfo", "sed", "xmllint", "pdftotext: Korean",
        "pdftoppm", "ImageMagick: text", "libthai", "python with numpy", "lua with modules", "Qt 6")
FORMS = ("none", "good")


def measure(bench, rounds):
    print("\n| at work | files | one file, MB | good, MB | native, ms | bundle, ms | ratio |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for row in real.ROWS:
        if row.name in ROWS:
            try:
                print_row(bench, row, rounds // 6 + 1)
            except (roots.NotBuilt, OSError, subprocess.CalledProcessError) as error:
                print(f"{row.name}: {error}", file=sys.stderr)


def print_row(bench, row, rounds):
    places = {name: bench.path(f"{row.name}/{name}") for name in ("inputs", "bin")}
    for place in places.values():
        os.makedirs(place)
    if row.prepare:
        row.prepare(places)
    program = programs.Program(row.application.format(**places),
                               *(word.format(**places) for word in row.arguments))
    program.name = row.name
    program.options = tuple(option.format(**places) for option in row.options)
    runs = {"native": bench.plain_root(program), "ours": bench.bundle_root(program, "none")}
    for root, _ in runs.values():
        shutil.copytree(places["inputs"], root + places["inputs"], dirs_exist_ok=True)
        os.makedirs(root + "/tmp", exist_ok=True)
    times = bench.time({name: (*run, *program.arguments) for name, run in runs.items()}, rounds,
                       environment=dict(word.split("=", 1) for word in row.environment))
    sizes = " | ".join(f"{os.path.getsize(bench.made(program, form)) / 1e6:.1f}" for form in FORMS)
    native, ours = times["native"], times["ours"]
    print(f"| {row.name} | {files(bench.made(program, 'none'))} | {sizes} | {native:.1f} "
          f"| {ours:.1f} | {ours / native:.2f} |", flush=True)


def files(bundle):
    summary = subprocess.run([roots.TOOL, "inspect", bundle, "--json"], check=True,
                             capture_output=True).stdout
    return sum(file["kind"] == "file" for file in json.loads(summary)["files"])
