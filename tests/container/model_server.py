"""The sample model server: bundled in one command with a run that is traced, and in containers."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

import engine

SAMPLE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../samples/model-server"))
LOAD = os.path.abspath(os.path.join(os.path.dirname(__file__), "../lib/http_load.c"))
SECONDS = 60


@dataclass(frozen=True)
class Server:
    name: str
    program: str
    arguments: tuple = ()
    compress: str = "best"
    keeps: bool = True  # connections that wait at its end may ask once more


SERVERS = (Server("C++", "server"),
           Server("Python with the C library", "server.py", ("--c-api",)),
           Server("Python", "server.py", compress="fast"),
           Server("gunicorn and Flask", "flask_server.py", compress="fast", keeps=False))


class Workshop:
    """A copy of the sample in `folder`, its server in C++, a load generator and the test set."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(SAMPLE, folder, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("*.o", "server", "__pycache__", "*.bundle"))
        self.load_program = f"{folder}/http_load"
        self.bodies = f"{folder}/bodies"
        subprocess.run(["cc", "-O2", "-pthread", "-o", self.load_program, LOAD], check=True)
        with open(f"{folder}/digits-test.csv", encoding="ascii") as table, \
                open(self.bodies, "w", encoding="ascii") as bodies:
            for line in table:
                pixels = [int(number) for number in line.split(",")[1:]]
                bodies.write(json.dumps({"instances": [pixels]}) + "\n")

    def make(self):
        """A process that ends when the server in C++ is there."""
        return subprocess.Popen(["make", "--silent", "-C", self.folder, "server"])

    def command(self, server):
        """Natively."""
        return [f"{self.folder}/{server.program}", "--model", f"{self.folder}/digits.ubj",
                *server.arguments]

    def build(self, tool, server, output, *options):
        """From the program to a bundle with its Dockerfile beside it in one command; meanwhile the
        program answers the test set. Returns its answers, a line each."""
        port = free_port()
        options += ("--workdir", "/srv", "--add-data", f"{self.folder}/digits.ubj:.", "--expose", "8080",
                    "--healthcheck", f"{server.program} --healthcheck", "--emit-dockerfile",
                    "--prune", "--strip")
        process = subprocess.Popen(
            [tool, "build", f"{self.folder}/{server.program}", "--output", output, *options,
             "--trace-run", f"--model {self.folder}/digits.ubj --port {port}",
             "--", *server.arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            wait_for_health(port, process)
            answers = self.ask(port, output + ".answers")
            engine.send_to_child(process.pid)
            _, errors = process.communicate(timeout=300)
        finally:
            if process.poll() is None:
                process.kill()
        if process.returncode != 0:
            raise RuntimeError(errors.decode(errors="replace"))
        return answers

    def ask(self, port, answers, prefix=()):
        """What the server says to each digit of the test set."""
        subprocess.run([*prefix, sys.executable, f"{self.folder}/client.py", "--port", str(port),
                        "--answers", answers], check=True, stdout=subprocess.DEVNULL,
                       timeout=SECONDS)
        with open(answers, encoding="utf-8") as file:
            return file.read().splitlines()

    def load(self, port, connections, requests, answers, *latencies, prefix=()):
        """A load generator at work; its last line is what became of the requests."""
        return subprocess.Popen([*prefix, self.load_program, str(port), str(connections), str(requests),
                                 self.bodies, answers, *latencies], stdout=subprocess.PIPE, text=True)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for_health(port, process):
    """Until a server on this machine answers; RuntimeError when `process` ends before."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    ended = process.poll() is not None and process.stderr is not None
    errors = process.stderr.read().decode(errors="replace") if ended else ""
    raise RuntimeError(f"nothing answers on port {port}: {errors}")


class Container:
    """One of an image, in a network that holds only loopback."""

    def __init__(self, image, flags):
        self.name = engine.docker("run", "--detach", "--network", "none", "--health-interval", "1s",
                                  *flags, image)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        engine.docker("rm", "--force", self.name)

    def state(self, what):
        return engine.docker("inspect", "--format", "{{.State." + what + "}}", self.name)

    def health(self):
        """What its health check says in the end."""
        deadline = time.monotonic() + SECONDS
        while self.state("Health.Status") == "starting" and time.monotonic() < deadline:
            time.sleep(0.1)
        return engine.docker("inspect", "--format", "{{.State.Health.Status}}"
                             "{{range .State.Health.Log}} {{.Output}}{{end}}", self.name)

    def network(self):
        """Runs what follows where the server listens."""
        return ("nsenter", f"--net=/proc/{self.state('Pid')}/ns/net")

    def stop(self):
        """Its exit status, once it had SIGTERM."""
        engine.docker("kill", "--signal", signal.SIGTERM.name, self.name)
        return engine.docker("wait", self.name)

    def log(self):
        result = subprocess.run([engine.DOCKER, "logs", self.name], check=True, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return result.stdout
