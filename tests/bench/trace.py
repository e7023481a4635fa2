"""What `trace` costs a build-like workload: a shell that compiles small C files one by one, so that
most of the time goes into starting programs and finding files."""

import os
import shutil

import roots

FILES = 20


def measure(bench, rounds):
    script = prepare(bench)
    profile = bench.path("profile")
    runs = {"native": ("-", script),
            "scratchpack trace": ("-", roots.TOOL, "trace", "--output", profile, "--", script)}
    strace = shutil.which("strace")
    if strace:
        runs["strace -f -e trace=%file"] = ("-", strace, "-f", "-e", "trace=%file", "-o",
                                            bench.path("log"), script)
    times = bench.time(runs, rounds // 4 + 1)
    print(f"\n| {FILES} compilations | ms | ratio |")
    print("|---|--:|--:|")
    for name, milliseconds in times.items():
        print(f"| {name} | {milliseconds:.0f} | {milliseconds / times['native']:.2f} |", flush=True)


def prepare(bench):
    """The path of the workload: a script."""
    folder = bench.path("compilations")
    os.mkdir(folder)
    for i in range(FILES):
        with open(f"{folder}/{i}.c", "w", encoding="utf-8") as source:
            source.write("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
                         f"int work(int n) {{ return printf(\"%d\\n\", n * {i}); }}\n")
    script = f"{folder}/run"
    with open(script, "w", encoding="utf-8") as text:
        text.write(f"#!/bin/sh\nset -e\ncd {folder}\n"
                   + "".join(f"gcc -c -o {i}.o {i}.c\n" for i in range(FILES)))
    os.chmod(script, 0o755)
    return script
