"""Compressed starts and extraction against the floor: the decoding and writing that cannot be
spared, by floor.cc, on all cores.

The floor's own process start is subtracted; what a start is compared with is the native start plus
that floor. Extraction alone (SCRATCHPACK_RUN=extract=DIR, the program not started) is compared with
the floor including a process start.
"""

import programs

COMPRESSED = ("curl --version", "node --version")
START_GOAL, TREE_GOAL = "1.10x", "1.15x"


def measure(bench, rounds):
    print("\n| start, decoded first | native, ms | floor, ms | both | bundle, ms | ratio | goal |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for title in COMPRESSED:
        program = programs.find(title, bench)
        if program is not None:
            start_row(bench, f"{title}, good", program, rounds)


def start_row(bench, title, program, rounds):
    floor = bench.compile("floor.cc", "-lzstd")
    bundle = bench.made(program, "good")
    times = bench.time({
        "native": (*bench.plain_root(program), *program.arguments),
        "ours": (*bench.bundle_root(program, "good"), *program.arguments),
        "floor": ("-", floor, "start", bundle),
        "nothing": ("-", floor, "nothing", bundle),
    }, rounds)
    native, ours, work = times["native"], times["ours"], times["floor"] - times["nothing"]
    print(f"| {title} | {native:.2f} | {work:.2f} | {native + work:.2f} | {ours:.2f} "
          f"| {ours / (native + work):.3f} | {START_GOAL} |", flush=True)


def measure_trees(bench, rounds):
    print("\n| extraction into a tmpfs | native, ms | floor, ms | extract only, ms | ratio "
          "| start extracted, ms | against native + floor | goal |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for title in COMPRESSED:
        program = programs.find(title, bench)
        for form in ("none", "good") if program is not None else ():
            tree_row(bench, f"{title}, {form}", program, form, rounds // 2 + 1)


def tree_row(bench, title, program, form, rounds):
    floor = bench.compile("floor.cc", "-lzstd")
    bundle = bench.made(program, form)
    tmpfs = bench.tmpfs()
    # SCRATCHPACK_ variables come through env(1): it starts the others as well.
    times = bench.time({
        "native": ("-", "/usr/bin/env", program.path, *program.arguments),
        "env": ("-", "/usr/bin/env", "/bin/true"),
        "true": ("-", "/bin/true"),
        "floor": ("-", "/usr/bin/env", floor, "tree", bundle, tmpfs),
        "nothing": ("-", "/usr/bin/env", floor, "nothing", bundle),
        "only": ("-", "/usr/bin/env", f"SCRATCHPACK_RUN=extract={tmpfs}/tree", bundle),
        "start": ("-", "/usr/bin/env", f"SCRATCHPACK_DIR={tmpfs}", "SCRATCHPACK_MODE=extract",
                  bundle, *program.arguments),
    }, rounds, before=tmpfs)
    env = times["env"] - times["true"]
    native, whole, only = times["native"] - env, times["floor"] - env, times["only"] - env
    start, work = times["start"] - env, times["floor"] - times["nothing"]
    print(f"| {title} | {native:.2f} | {whole:.2f} | {only:.2f} | {only / whole:.3f} | {start:.2f} "
          f"| {start / (native + work):.3f} | {TREE_GOAL} |", flush=True)
