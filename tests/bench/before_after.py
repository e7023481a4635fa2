#!/usr/bin/python3
"""Measures the images of samples/model-server before and after, and prints README's table of them.

  tests/bench/before_after.py [--base debian:12] [--network host] [--rounds 5]

As root, with Docker, dockerd, docker-registry and skopeo, and build/scratchpack. The images are made
with the Docker that answers (samples/model-server/before holds the Dockerfiles), and pushed into a
registry on loopback. A second dockerd with an empty store pulls each of them and starts it in a
hardened container, in turn, ROUNDS times; what it pulled goes again before the next one. So `pull` is
download, decompression and unpacking without a network between, and `start` is from `docker start`
until the right answer to POST /predict is there, the model's first. Sizes are those of `docker
images`; bytes pulled are what the registry says it sent.

Without a registry to get the base image from, make one first, as every Debian can:
  mmdebstrap --variant=minbase bookworm | docker import - debian:12
"""

import argparse
import csv
import http.client
import json
import math
import os
import statistics
import sys
import tempfile
import time

from model_images import MODEL, SAMPLE, SERVERS, Builder
from second_docker import SecondDocker
from registry import Registry, free_port  # pylint: disable=import-error
from situations import HARDENED  # pylint: disable=import-error

ROWS = 3  # pictures in the request
SECONDS = 60  # for an answer
