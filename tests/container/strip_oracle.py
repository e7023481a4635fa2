#!/usr/bin/python3
"""Stripped copies of this machine's programs and libraries against the originals.

  tests/container/strip_oracle.py [--all]

What is loaded of every ELF file below /usr/bin, /usr/sbin and /usr/lib must be the same to the byte
in its stripped copy, which must not be shorter by more than the tool says it took away (by less
where a patched file gets zeros instead).
Programs that got shorter answer `--version` as before. Without --all it asks every tenth file.

It runs where the oracle's programs do: the machine is read-only, mounts are its own. Needs
build/scratchpack and root. The last line is `N passed, N failed`.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import engine
import oracle
from report import Report

FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/lib")
BATCH = 200  # files a build
LOAD = 1


def elf_files():
    for folder in FOLDERS:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.is_symlink() or not path.is_file() or path.stat().st_size > 100_000_000:
                continue
            with open(path, "rb") as file:
                head = file.read(20)
            if head[:5] == b"\x7fELF\x02" and head[16] in (2, 3):
                yield str(path)


def loaded(path):
    """Offset and bytes of each PT_LOAD, the file's own header apart: it finds the sections."""
    data = pathlib.Path(path).read_bytes()
    table, size = int.from_bytes(data[32:40], "little"), int.from_bytes(data[54:56], "little")
    segments = []
    for at in range(table, table + size * int.from_bytes(data[56:58], "little"), size):
        if int.from_bytes(data[at:at + 4], "little") == LOAD:
            offset, length = (int.from_bytes(data[at + begin:at + begin + 8], "little")
                              for begin in (8, 32))
            segments.append((offset, data[max(offset, 64):offset + length]))
    return segments


def stripped_copies(folder, files):
    """Folder of the copies, and what the tool says it took from each."""
    root = os.path.join(folder, "root")
    added = [part for path in files for part in ("--add-data", f"{path}:/copies{path}")]
    built = subprocess.run([oracle.TOOL, "build", "/bin/true", "--no-recipe", "*", "--format", "dir",
                            "--force", "--strip", "--json", "--output", root, *added],
                           capture_output=True, text=True, check=True)
    files = json.loads(built.stdout)["files"]
    return root + "/copies", {each["path"]: each.get("stripped", 0) for each in files}


def copy_of(copies, path):
    """--add-data takes the folder that a file goes into."""
    return f"{copies}{path}/{os.path.basename(path)}"


def fault_of(path, copies, taken):
    copy = copy_of(copies, path)
    if os.path.getsize(path) - os.path.getsize(copy) > taken.get(copy_of("/copies", path), 0):
        return "more bytes were taken than the tool says"
    if loaded(path) != loaded(copy):
        return "what is loaded differs"
    if os.path.getsize(copy) == os.path.getsize(path) or not oracle.is_dynamic_program(path) \
            or os.path.basename(path) in oracle.NEVER:
        return ""
    expected, why = oracle.native_answer(path, "--version")
    if why:
        return ""
    subprocess.run(["mount", "--bind", copy, path], check=True)
    answer = oracle.run("/", path, "--version")
    subprocess.run(["umount", path], check=True)
    return "" if answer == expected else "answers --version in another way"


def main():
    if oracle.INSIDE not in os.environ:
        return oracle.run_in_sandbox()
    oracle.make_read_only(os.environ[oracle.INSIDE])
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    everything = parser.parse_args().all
    report = Report()
    files = list(elf_files())[::1 if everything else 10]
    shorter = 0
    with tempfile.TemporaryDirectory(dir=os.environ[oracle.INSIDE]) as folder:
        for begin in range(0, len(files), BATCH):
            batch = files[begin:begin + BATCH]
            copies, taken = stripped_copies(folder, batch)
            faults = engine.in_parallel([lambda path=path: fault_of(path, copies, taken)
                                         for path in batch])
            shorter += sum(os.path.getsize(copy_of(copies, path)) < os.path.getsize(path) for path in batch)
            for path, fault in zip(batch, faults):
                report.add(f"strip: {path}", fault)
    report.say(f"{len(files)} files, {shorter} of them shorter")
    report.finish()
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
