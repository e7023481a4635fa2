#!/usr/bin/python3
"""Measures what README says about speed and size and prints the tables that it quotes.

  tests/bench/measure.py [--rounds N] [PART ...]      as root; needs build/scratchpack

Parts, all of them by default:
  forms     every form of a bundle: size, start, native start
  starts    start in place against natively
  cold      the same with nothing of either in the page cache
  memory    what each of four processes of one file adds
  decoded   compressed starts against native start and floor (floor.cc)
  trees     extraction against the floor
  calls     calls of a running program against natively
  packing   time and memory of `build`, first and with the frame cache
  growth    the same with many files and with a large one; writes growth.svg
  size      payloads at best against one zstd stream
  sizes     samples/inference/ in every form; needs Docker, the numbers with numpy need python3-numpy
  reach     real programs at real work: files, size, time against natively
  trace     a build-like workload natively, traced, and below strace

What is compared runs in turn in one run, so that whatever else the machine does falls on all of it
alike. Nothing here passes or fails: figures depend on the machine.
"""

import argparse

import calls
import floors
import form_table
import memory
import packing
import reach
import roots
import sizes
import starts
import trace

PARTS = {
    "forms": form_table.measure,
    "starts": starts.measure,
    "cold": starts.measure_cold,
    "memory": memory.measure,
    "decoded": floors.measure,
    "trees": floors.measure_trees,
    "calls": calls.measure,
    "packing": packing.measure,
    "growth": packing.measure_growth,
    "size": packing.measure_size,
    "sizes": sizes.measure,
    "reach": reach.measure,
    "trace": trace.measure,
}


def main():
    parser = argparse.ArgumentParser(description="Measures starts, sizes, calls and packing.")
    parser.add_argument("--rounds", type=int, default=61, help="default 61")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    wanted = parser.parse_args()
    for part in wanted.parts:
        if part not in PARTS:
            parser.error(f"there is no part {part} (parts: {', '.join(PARTS)})")
    with roots.Workbench() as bench:
        for part in wanted.parts or PARTS:
            PARTS[part](bench, wanted.rounds)


if __name__ == "__main__":
    main()
