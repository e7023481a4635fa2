"""What the calls of a running program cost in a bundle against natively (calls.c).

Both run in a root of their own: the bundle beside /proc, the native program in the plain root of
the same closure, with the same file of the container in both. Process after process in turn; a
figure is the median of all processes' medians, the ratio the median of the pairs' ratios.
"""

import shutil
import statistics
import subprocess

GOALS = {  # of the calls that have one
    "open+close, container file": "1.05x",
    "stat, container file": "1.05x",
    "read 4 KB, container file": "1.05x",
    "stat, bundled file": "1.5x",
    "stat, missing file": "1.5x",
    "open+close, bundled 4 KB file": "4 µs",
}
RECIPE = """description = "What calls.c looks at"
reason = "calls.c looks at it"
opt_in = true

[[files]]
glob = ["{folder}/bundled"]
"""


def measure(bench, rounds):
    pairs = max(5, rounds // 4)
    native, bundle = prepare(bench)
    runs = [(run(*native), run(*bundle)) for _ in range(pairs)]
    print(f"\n| a call, ns, medians of {pairs} processes each | native | bundle | ratio | goal |")
    print("|---|--:|--:|--:|--:|")
    for name in runs[0][0]:
        ratio = statistics.median(ours[name] / theirs[name] for theirs, ours in runs)
        natively = statistics.median(theirs[name] for theirs, _ in runs)
        bundled = statistics.median(ours[name] for _, ours in runs)
        print(f"| {name} | {natively:.0f} | {bundled:.0f} | {ratio:.2f} | {GOALS.get(name, '')} |")


def prepare(bench):
    """(root, program, files) natively and in a bundle."""
    program = bench.compile("calls.c")
    for name, size in ("bundled", 4096), ("added", 4096), ("container", 1 << 20):
        with open(bench.path(name), "wb") as file:
            file.write(bytes(range(256)) * (size // 256))
    recipe = bench.path("recipe.toml")
    with open(recipe, "w", encoding="utf-8") as file:
        file.write(RECIPE.replace("{folder}", bench.folder))
    options = ("--recipe", recipe, "--add-data", f"{bench.path('added')}:/opt")
    plain, plain_program = bench.root(
        "calls-plain", bench.bundle("calls.tar", program, "--format", "tar", *options), program)
    place, placed = bench.root("calls-bundle", bench.bundle("calls.bundle", program, *options),
                               program)
    for root in plain, place:
        shutil.copy(bench.path("container"), f"{root}/container")
    files = ("/container", bench.path("bundled"), "/opt/added", bench.path("missing"))
    return (plain, plain_program, files), (place, placed, files)


def run(root, program, files):
    done = subprocess.run(["/usr/sbin/chroot", root, program, *files], text=True, check=True,
                          stdout=subprocess.PIPE, env={})
    return {name: float(time) for name, time in
            (line.split("\t") for line in done.stdout.splitlines())}
