"""Memory of four processes of one file that run at the same time: what each of them adds.

PSS (proportional set size) of /proc/PID/smaps_rollup: pages shared by n processes count 1/n. The
native program runs in the plain root of its closure, so that it shares nothing with whatever else
the machine runs.
"""

import os
import socket
import statistics
import subprocess
import time

import programs

PROCESSES = 4
GOAL = "1.10x"
SETTLED = 0.1  # of a second without any change


def measure(bench, _):
    print(f"\n| PSS of each of {PROCESSES} processes, MB | native | bundle | ratio | goal |")
    print("|---|--:|--:|--:|--:|")
    with socket.create_server(("127.0.0.1", 0), backlog=PROCESSES) as server:
        port = server.getsockname()[1]
        # Both wait for good: a timer, a server that never answers.
        for name, *arguments in (("node", "-e", "setTimeout(() => {}, 1e9)"),
                                 ("curl", "-s", f"http://127.0.0.1:{port}/")):
            program = programs.find(name, bench)
            if program is None:
                continue
            native = proportional(*bench.plain_root(program), arguments)
            ours = proportional(*bench.bundle_root(program, "none"), arguments)
            print(f"| {name} | {native / 1e6:.2f} | {ours / 1e6:.2f} | {ours / native:.3f} | {GOAL} |",
                  flush=True)


def proportional(root, program, arguments):
    """Mean PSS in bytes of PROCESSES that have come to rest."""
    started = [subprocess.Popen(["/usr/sbin/chroot", root, program, *arguments], env={},
                                stdout=subprocess.DEVNULL) for _ in range(PROCESSES)]
    try:
        for process in started:
            wait_for_rest(process.pid)
        return statistics.mean(pss(process.pid) for process in started)
    finally:
        for process in started:
            process.kill()
            process.wait()


def wait_for_rest(pid):
    """Until it uses no processor time and no more memory."""
    seen, since = None, time.monotonic()
    while time.monotonic() - since < SETTLED or seen[1] < 2:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        now = (fields[11], fields[12]), pss(pid) >> 20
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.01)


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/smaps_rollup has no Pss")
