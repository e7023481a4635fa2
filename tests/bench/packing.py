"""Packing: how long it takes, what it costs the processors (all cores together, whatever else the
machine does) and the most memory it is ever in (max RSS), first and again, and how these grow with
the files; how small it gets.

`again` is the same build with the frames of the first in the cache. Growth is measured without a
cache: of a C hello with a tree of small files, and with one large file. It is drawn as growth.svg,
beside this file.
"""

import json
import os
import random
import subprocess
import time

import growth_plot
import programs
import roots

# Program, level, with a filled cache, and the goal in seconds on two idle cores.
BUILDS = (("curl", "none", False, 1.0), ("curl", "good", False, 1.5), ("curl", "good", True, 0.3),
          ("node", "none", False, 2.0), ("node", "good", False, 8.0), ("node", "good", True, 1.0))
MEMORY_GOAL = 400
COUNTS = (1000, 2000, 5000, 10000)  # files
SIZES = (250, 500, 1000, 2000)  # MB
GROWTHS = (("files", "none"), ("files", "good"), ("MB", "none"), ("MB", "fast"))
SIZE_GOAL = 1.03


def measure(bench, rounds):
    print("\n| build | seconds | goal | processor seconds | peak memory, MB | goal |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, level, again, goal in BUILDS:
        program = programs.find(name, bench)
        if program is None:
            continue
        runs = [packed(bench, program.path, level, again) for _ in range(min(rounds, 3))]
        seconds, cost = min(run[0] for run in runs), min(run[1] for run in runs)
        memory = max(run[2] for run in runs)
        print(f"| {name}, {level}{', again' if again else ''} | {seconds:.2f} | {goal:.1f} "
              f"| {cost:.2f} | {memory:.0f} | {MEMORY_GOAL} |", flush=True)


def packed(bench, program, level, again):
    cache = bench.path("cache")
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    if again:
        build(bench, program, "--compress", level, environment=environment)
    else:
        subprocess.run(["rm", "-rf", cache], check=True)
    return build(bench, program, "--compress", level, environment=environment)


def build(bench, program, *options, environment=None):
    """Seconds, processor seconds and peak memory in MB of one build."""
    command = [roots.TOOL, "build", program, "--output", bench.path("packed"), *options]
    begin = time.monotonic()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begin
    if status != 0:
        raise roots.NotBuilt(f"{command}: {status}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def measure_growth(bench, _):
    curves = {}
    for unit, level in GROWTHS:
        steps, fill = (COUNTS, fill_tree) if unit == "files" else (SIZES, fill_file)
        curves[unit, level] = grown(bench, level, steps, fill, unit)
    growth_plot.write(curves, os.path.join(roots.HERE, "growth.svg"))


def grown(bench, level, steps, fill, unit):
    """Pairs of size and processor seconds."""
    print(f"\n| {level}: {unit} | seconds | processor seconds | peak memory, MB |")
    print("|--:|--:|--:|--:|")
    data = bench.path("data")
    points = []
    for step in steps:
        subprocess.run(["rm", "-rf", data], check=True)
        os.mkdir(data)
        fill(data, step)
        seconds, cost, memory = build(bench, bench.hello(), "--compress", level, "--no-cache",
                                      "--add-data", f"{data}:/data")
        print(f"| {step} | {seconds:.2f} | {cost:.2f} | {memory:.0f} |", flush=True)
        points.append((step, cost))
    subprocess.run(["rm", "-rf", data], check=True)
    return points


def words(size, seed):
    """`size` bytes that compress about as program text does."""
    source = random.Random(seed)
    known = [source.randbytes(source.randrange(2, 9)) for _ in range(4000)]
    parts, length = [], 0
    while length < size:
        part = source.choice(known)
        parts.append(part)
        length += len(part)
    return b"".join(parts)[:size]


def fill_tree(folder, count):
    """Files of 1 to 30 KB, no two the same, a hundred a folder."""
    text = words(1 << 20, 1)
    source = random.Random(2)
    for number in range(count):
        place = os.path.join(folder, str(number // 100))
        os.makedirs(place, exist_ok=True)
        begin, size = source.randrange(1 << 19), source.randrange(1000, 30000)
        with open(os.path.join(place, str(number)), "wb") as file:
            file.write(number.to_bytes(4, "little") + text[begin:begin + size])


def fill_file(folder, megabytes):
    text = words(9_999_991, 3)  # no multiple of a frame
    left = megabytes * 1_000_000
    with open(os.path.join(folder, "large"), "wb") as file:
        while left > 0:
            left -= file.write(text[:left])


def measure_size(bench, _):
    print("\n| payload at best, no recipe | bytes | one zstd -19 stream of the closure | ratio | goal |")
    print("|---|--:|--:|--:|--:|")
    for name in ("hello", "curl", "node"):
        program = programs.find(name, bench)
        if program is None:
            continue
        output = bench.bundle("smallest", program.path, "--compress", "best", "--no-recipe", "*")
        payload = payload_size(output)
        stream = one_stream(bench, program, output)
        print(f"| {name} | {payload:,} | {stream:,} | {payload / stream:.3f} | {SIZE_GOAL}x |",
              flush=True)


def payload_size(bundle):
    """By its header (runtime/format.h), which begins a page."""
    with open(bundle, "rb") as file:
        data = file.read()
    begin = next(at for at in range(0, len(data), 4096) if data[at:at + 8] == b"\x93scrpk\r\n")
    return int.from_bytes(data[begin + 16:begin + 24], "little")


def one_stream(bench, program, bundle):
    """Bytes of all files of the closure behind each other, through zstd -19 as one stream."""
    listed = subprocess.run([roots.TOOL, "inspect", bundle, "--json"], check=True,
                            capture_output=True, text=True).stdout
    whole = bench.path("closure")
    with open(whole, "wb") as out:
        for file in sorted(json.loads(listed)["files"], key=lambda file: file["path"]):
            if file["kind"] == "file" and file["path"] != "/etc/ld.so.cache":
                with open(file["path"], "rb") as source:
                    out.write(source.read())
    with open(whole, "rb") as file:
        return len(compressed(file.read()))


def compressed(data):
    """One `zstd -19` stream."""
    return subprocess.run(["zstd", "-q", "-19", "-c"], input=data, check=True,
                          capture_output=True).stdout
