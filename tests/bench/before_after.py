#!/usr/bin/python3
"""Measures the images of samples/model-server before and after, and prints README's table of them.

  tests/bench/before_after.py [--base debian:12] [--network host] [--rounds 5]

As root, with Docker, dockerd, docker-registry and skopeo, and build/scratchpack. The images are made
with the Docker that answers (samples/model-server/before has the Dockerfiles) and pushed into a
registry on loopback. A second dockerd with an empty store pulls each of them and starts it in a
hardened container, in turn, ROUNDS times; what it pulled goes again before the next one.

  image   what `docker images` shows
  pulled  bytes that the registry sent
  pull    `docker pull`: download over loopback, decompression, unpacking; no network between
  start   `docker start` of a new container until the right answer to a first POST /predict is there

Where no registry has the base image, every Debian can make it:
  mmdebstrap --variant=minbase bookworm - | docker import - debian:12
"""

import argparse
import os
import statistics
import sys
import tempfile
import time

from model_images import SAMPLE, SERVERS, Builder
from second_docker import SecondDocker
from registry import Registry, free_port  # pylint: disable=import-error
from situations import HARDENED  # pylint: disable=import-error

sys.path.insert(0, SAMPLE)
import client  # noqa: E402  pylint: disable=wrong-import-position,import-error

SECONDS = 60  # for a first answer


def main():
    options = arguments()
    questions = Questions()
    with tempfile.TemporaryDirectory(prefix="scratchpack-bench.", dir="/var/tmp") as folder, \
            Registry(folder) as registry, \
            Builder(folder, registry, build_settings(options)) as builder:
        images = [image for server in SERVERS if options.only in server.name
                  for image in builder.images(server, questions.ask)]
        with SecondDocker(f"{folder}/docker", options.driver) as docker:
            measured = {image: [] for image in images}
            for number in range(options.rounds):
                for image in images:
                    say(f"round {number + 1} of {options.rounds}: {image.name}")
                    measured[image].append(measure(docker, registry, image, questions))
    print_table(measured)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", default="debian:12", help="the base image before (debian:12)")
    parser.add_argument("--network", default="default", help="of RUN in docker build")
    parser.add_argument("--build-arg", action="append", default=[], metavar="K=V",
                        help="for docker build, such as http_proxy=...")
    parser.add_argument("--driver", default="overlay2", help="storage of the second dockerd")
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--only", default="", metavar="TEXT", help="servers with this in their name")
    return parser.parse_args()


def build_settings(options):
    values = [f"BASE={options.base}", *options.build_arg]
    return ("--network", options.network,
            *(word for value in values for word in ("--build-arg", value)))


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- one image ----------------------------------------------------------------------------------
def measure(docker, registry, image, questions):
    """Bytes of the image, bytes pulled, seconds to pull, seconds to start."""
    before = registry.sent()
    pull = docker.pull(image.name)
    pulled = registry.sent() - before
    try:
        port = free_port()
        start = docker.start(image.name, (*HARDENED, "--network", "host", *image.mounts),
                             (*image.arguments, "--port", str(port)), lambda: questions.ask(port, 1))
        return docker.size(image.name), pulled, pull, start
    finally:
        docker.docker("rmi", "--force", image.name)


class Questions:
    """What a server is asked; all have to answer as the first one did, to the byte."""

    def __init__(self):
        _, self.requests = client.test_set()
        self.answers = {}

    def ask(self, port, count=None):
        """Returns when the server on `port`, which may yet have to come up, has answered `count`
        requests (all there are)."""
        for request, answer in zip(self.requests, patiently(port, self.requests[:count])):
            wanted = self.answers.setdefault(request, answer)
            if answer != wanted:
                raise RuntimeError(f"the server on port {port} answers {answer}, not {wanted}")


def patiently(port, requests):
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return client.ask(port, requests)
        except ConnectionError as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no answer in {SECONDS} s") from error
            time.sleep(0.002)


# ---- the table ----------------------------------------------------------------------------------
def print_table(measured):
    print("| server | image | image, MB | pulled, MB | pull, s | start, s | both, s |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for image, rounds in measured.items():
        size, pulled, pull, start = (statistics.median(column) for column in zip(*rounds))
        both = statistics.median(pull + start for _, _, pull, start in rounds)
        print(f"| {image.server.name} | {image.form} | {size / 1e6:.1f} | {pulled / 1e6:.1f} "
              f"| {pull:.2f} | {start:.2f} | {both:.2f} |")


if __name__ == "__main__":
    sys.exit(main())
