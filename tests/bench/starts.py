"""Starts of uncompressed bundles against native starts, from a warm and from a cold page cache.

All run in roots of their own that hold nothing else but /proc: the native program in the plain root
of the same closure, so that both find the same files.
"""

import programs

GOALS = {"hello": "+0.15 ms", "curl --version": "1.03x", "python3 -c 1": "1.03x",
         "node -e 0": "1.01x"}
COLD_GOALS = {"curl --version": "1.00x", "node -e 0": "1.00x"}


def measure(bench, rounds):
    print_head("start, in place, nothing compressed")
    for title, goal in GOALS.items():
        print_row(bench, title, goal, rounds * 3 if title == "hello" else rounds)


def measure_cold(bench, rounds):
    print_head("start from a cold page cache")
    for title, goal in COLD_GOALS.items():
        print_row(bench, title, goal, rounds // 2 + 1, before="cold")


def print_head(title):
    print(f"\n| {title} | native, ms | bundle, ms | more, ms | ratio | goal |")
    print("|---|--:|--:|--:|--:|--:|")


def print_row(bench, title, goal, rounds, before=None):
    program = programs.find(title, bench)
    if program is None:
        return
    runs = {"native": (*bench.plain_root(program), *program.arguments),
            "ours": (*bench.bundle_root(program, "none"), *program.arguments)}
    times = bench.time(runs, rounds, before)
    native, ours = times["native"], times["ours"]
    print(f"| {title} | {native:.2f} | {ours:.2f} | {ours - native:+.2f} | {ours / native:.3f} "
          f"| {goal} |", flush=True)
