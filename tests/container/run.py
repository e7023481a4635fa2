#!/usr/bin/python3
"""Runs every workload in every situation in every form and compares with the native run.

  tests/container/run.py [--all] [--without-docker] [--only TEXT] [--forms NAME,…]

Needs build/scratchpack, root, and a Docker that answers. --all adds the forms that take longer and
every situation for every workload. --only runs the workloads and stories whose name holds TEXT,
--forms the forms named. Prints each failure with what differs; the last line is
`N passed, N failed`.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback

import damage_stories
import debugger_stories
import docker_stories
import host_stories
import image_stories
import model_server_stories
import odd_stories
import programs
import python_stories
import small_image_stories
import trace_stories
from forms import Builder
from matrix import Matrix
from report import Report
from server import Server

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.abspath(os.path.join(HERE, "../../build/scratchpack"))


def main():
    options = arguments()
    # Outside /tmp, which some situations cover with an empty tmpfs.
    folder = tempfile.mkdtemp(prefix="scratchpack-test.", dir="/var/tmp")
    os.chmod(folder, 0o755)
    report = Report()
    builder = Builder(TOOL, folder, options.docker)
    try:
        builder.places = programs.build(os.path.join(HERE, "workloads"), folder)
        matrix = Matrix(options, builder, report)
        matrix.build()
        if options.docker and matrix.uses_server():
            with Server(matrix.built("openssl", "plain"), builder.places) as matrix.server:
                run(matrix)
        else:
            run(matrix)
    finally:
        builder.remove_images()
        shutil.rmtree(folder)
    report.finish()
    return 1 if report.failed else 0


def run(matrix):
    matrix.run()
    stories = (host_stories.STORIES + damage_stories.STORIES + odd_stories.STORIES
               + debugger_stories.STORIES)
    if matrix.options.docker:
        stories += docker_stories.STORIES + image_stories.STORIES + small_image_stories.STORIES
        stories += trace_stories.STORIES + python_stories.STORIES + model_server_stories.STORIES
    for story in stories:
        if matrix.options.only not in story.__name__.replace("_", " "):
            continue
        started = time.monotonic()
        try:
            story(matrix)
        except Exception:  # pylint: disable=broad-except  # a story that breaks is a failed test
            matrix.report.add(f"story: {story.__name__}", traceback.format_exc())
        matrix.report.say(f"{story.__name__}: {time.monotonic() - started:.0f} s")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--without-docker", dest="docker", action="store_false")
    parser.add_argument("--only", default="")
    parser.add_argument("--forms", default="")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
