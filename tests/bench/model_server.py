#!/usr/bin/python3
"""Measures the sample model server: size, latency under load, memory of its processes.

  tests/bench/model_server.py [--requests N]      as root; needs build/scratchpack

The servers of samples/model-server, natively and as bundles, listen at the same time on loopback; a
load generator (tests/lib/http_load.c) asks them in turn, in batches over one connection, so that
whatever else the machine does falls on all of them alike; after a fifth of the requests both are
started anew. For the memory both run in roots of their
own, so that the native one shares its libraries with nothing else either. Nothing here passes or
fails: figures depend on the machine.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../container"))

import roots  # pylint: disable=wrong-import-position
from memory import pss, wait_for_rest  # pylint: disable=wrong-import-position
from model_server import SERVERS, Workshop, free_port, wait_for_health  # pylint: disable=wrong-import-position

SIZE_GOALS = {"C++": "4.5"}
BATCH = 500  # requests; the first over a new connection takes longer, and p99 is to leave it out
PAIRS = 5  # of servers, one after the other: a process keeps for life what its addresses make of it
PROCESSES = 8


def main():
    parser = argparse.ArgumentParser(description="Measures the sample model server.")
    parser.add_argument("--requests", type=int, default=10000, help="of each; default 10000")
    options = parser.parse_args()
    with roots.Workbench() as bench:
        workshop = Workshop(bench.path("model-server"))
        if workshop.make().wait() != 0:
            raise RuntimeError("the server in C++ does not compile")
        built = {server: Built(bench, workshop, server) for server in SERVERS}
        sizes(built)
        processes(workshop, built)
        # Before what else the machine does: p99 is where that would be seen.
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        latencies(workshop, built, options.requests)


class Built:
    """The bundles of a server, as it is for images and as small as it gets, and its plain root."""

    def __init__(self, bench, workshop, server):
        folder = f"{workshop.folder}/{server.name.replace(' ', '-')}"
        os.mkdir(folder)
        self.plain, self.best, self.root = (f"{folder}/{name}/{server.program}"
                                            for name in ("plain", "best", "root"))
        for path, options in ((self.plain, ()), (self.best, ("--compress", "best")),
                              (self.root, ("--format", "dir"))):
            os.mkdir(os.path.dirname(path))
            workshop.build(roots.TOOL, server, path, *options)
        self.answers = self.plain + ".answers"
        for root in (self.root, os.path.dirname(self.plain)):
            for name in ("/proc", "/dev/shm"):  # gunicorn writes into the latter
                os.makedirs(root + name, exist_ok=True)
            bench.mount("proc", root + "/proc")


def sizes(built):
    print("\n| model server, one file with the model, MB | none | best | goal |\n|---|--:|--:|--:|")
    for server, files in built.items():
        none, best = (os.path.getsize(path) / 1e6 for path in (files.plain, files.best))
        print(f"| {server.name} | {none:.1f} | {best:.2f} | {SIZE_GOALS.get(server.name, '')} |", flush=True)


# ---- latency ------------------------------------------------------------------------------------

def latencies(workshop, built, requests):
    print(f"\n| {requests} requests each, µs | native p50 | bundle p50 | ratio | native p99 | bundle p99 | ratio | errors |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for server, files in built.items():
        native, ours, errors = in_turn(workshop, server, files, requests)
        cells = [cell for percent in (50, 99) for cell in compared(native, ours, percent)]
        print(f"| {server.name} | {' | '.join(cells)} | {errors} |", flush=True)


def in_turn(workshop, server, files, requests):
    """Latencies of both in nanoseconds, and how many batches had wrong answers."""
    found, errors = {"native": [], "bundle": []}, 0
    batches = (requests + BATCH - 1) // BATCH
    for pair in range(PAIRS):
        with running(workshop, server, files) as ports:
            for batch in range(-2, batches * (pair + 1) // PAIRS - batches * pair // PAIRS):
                for name in sorted(ports, reverse=batch % 2 == 0):  # each is the first as often
                    batch_latencies, said = ask(workshop, ports[name], files)
                    if batch >= 0:  # those before warm up
                        found[name] += batch_latencies
                        errors += 0 if said.endswith(" 0 wrong, 0 lost\n") else 1
    return found["native"], found["bundle"], errors


def ask(workshop, port, files):
    """One batch: its latencies and what the load generator says."""
    file = workshop.folder + "/latencies"
    said = workshop.load(port, 1, BATCH, files.answers, file).communicate()[0]
    with open(file, encoding="ascii") as lines:
        return list(map(int, lines)), said


def compared(native, ours, percent):
    before, now = (statistics.quantiles(each, n=100)[percent - 1] / 1e3 for each in (native, ours))
    return f"{before:.0f}", f"{now:.0f}", f"{now / before:.3f}"


@contextlib.contextmanager
def running(workshop, server, files):
    """Both, listening: their ports by name."""
    commands = {"native": workshop.command(server),
                "bundle": [files.plain, "--model", f"{workshop.folder}/digits.ubj"]}
    with contextlib.ExitStack() as stack:
        ports = {name: free_port() for name in commands}
        for name, command in commands.items():
            stack.enter_context(started(command, ports[name]))
        yield ports


@contextlib.contextmanager
def started(command, port):
    with open(os.devnull, "wb") as null:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=null, stderr=null)
    try:
        wait_for_health(port, process)
        yield process
    finally:
        process.terminate()
        process.wait()


# ---- memory -------------------------------------------------------------------------------------

def processes(workshop, built):
    print(f"\n| PSS of all of a server's processes, MB | native, 1 | bundle, 1 | native, {PROCESSES} "
          f"| bundle, {PROCESSES} | ratio, {PROCESSES} |\n|---|--:|--:|--:|--:|--:|")
    for server, files in built.items():
        native = ["/usr/sbin/chroot", files.root, *workshop.command(server)]
        bundle = ["/usr/sbin/chroot", os.path.dirname(files.plain), "/" + server.program]
        sums = [memory(command, count) for count in (1, PROCESSES) for command in (native, bundle)]
        print(f"| {server.name} | {' | '.join(f'{each / 1e6:.1f}' for each in sums)} "
              f"| {sums[3] / sums[2]:.3f} |", flush=True)


def memory(command, count):
    """PSS in bytes of `count` servers of one worker each, with all their processes."""
    with contextlib.ExitStack() as stack:
        parents = [stack.enter_context(started([*command, "--workers", "1"], free_port())).pid
                   for _ in range(count)]
        everything = [pid for parent in parents for pid in (parent, *children(parent))]
        for pid in everything:
            wait_for_rest(pid)
        return sum(pss(pid) for pid in everything)


def children(parent):
    with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]


if __name__ == "__main__":
    main()
