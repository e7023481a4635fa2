#!/usr/bin/python3
"""clang-tidy over every C++ source that a build folder compiles, a few at a time.

  tests/lib/tidy.py BUILD-FOLDER [TEXT]     only sources whose path holds TEXT
  tests/lib/tidy.py BUILD-FOLDER /bundler/,/runtime/     or one of several texts

The checks are those of .clang-tidy, all of them fatal. Prints what was found; fails on anything.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

# Of GCC, and unknown to clang.
GCC_ONLY = re.compile(r" -fno-tree-loop-distribute-patterns\b")
# The analyzer does not see what the kernel writes through the pointers of a system call that is
# inline assembly, and takes it for uninitialized memory.
FREESTANDING = "--checks=-clang-analyzer-core.*"


def main():
    folder, texts = sys.argv[1], (sys.argv + [""])[2].split(",")
    with open(f"{folder}/compile_commands.json", encoding="utf-8") as file:
        commands = [entry for entry in json.load(file) if entry["file"].endswith(".cc")]
    for entry in commands:
        entry["command"] = GCC_ONLY.sub("", entry["command"])
    database = f"{folder}/tidy"
    os.makedirs(database, exist_ok=True)
    with open(f"{database}/compile_commands.json", "w", encoding="utf-8") as file:
        json.dump(commands, file)
    sources = sorted({entry["file"] for entry in commands
                      if any(text in entry["file"] for text in texts)})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return 0 if all(list(pool.map(lambda source: tidy(database, source), sources))) else 1


def tidy(database, source):
    command = ["clang-tidy", "--quiet", "-p", database, "--extra-arg=-Wno-unknown-warning-option",
               "--extra-arg=-Wno-ignored-optimization-argument"]
    if "/bootloader/" in source or "/runtime/" in source:
        command.append(FREESTANDING)
    result = subprocess.run(command + [source], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print(result.stdout, flush=True)
    return result.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
