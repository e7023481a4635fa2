"""Runs one command natively, in a Docker container or in a chroot, and keeps what it gave back."""

import itertools
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

DOCKER = "/usr/bin/docker"  # Debian's own; another client may come first in PATH
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # what Docker sets
ENVIRONMENT = {"PATH": PATH, "HOME": "/", "HOSTNAME": "box"}
SECONDS = 60
# Docker's own remark on a container that joins the network of another one.
NO_FORWARDING = "WARNING: IPv4 forwarding is disabled. Networking will not work.\n"

numbers = itertools.count()


@dataclass(frozen=True)
class Outcome:
    """What a run gave: the two streams as text, and the status as a shell shows it."""
    stdout: str
    stderr: str
    status: int

    def text(self):
        return (f"status {self.status}\n-- standard output\n{self.stdout}"
                f"-- standard error\n{self.stderr}")


def outcome(process, streams):
    # A process that died of signal N is 128+N to a shell and to Docker.
    status = process.returncode if process.returncode >= 0 else 128 - process.returncode
    return Outcome(*(stream.decode("utf-8", "backslashreplace") for stream in streams), status)


def collect(process, stop=None, text=None):
    """Gives `process` the bytes `text` and waits for it; with `stop`, first reads the line
    `ready`, then calls it."""
    head = b""
    if stop is not None:
        head = process.stdout.readline()
        if head == b"ready\n":
            stop()
    try:
        output, errors = process.communicate(text, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        errors += b"(killed: it took too long)\n"
    return outcome(process, (head + output, errors))


def start(command, environment=None, stdin=subprocess.DEVNULL, **options):
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, cwd="/", bufsize=0,
                            env=ENVIRONMENT if environment is None else environment, **options)


def run_native(command, variables=(), stop=False, **options):
    environment = ENVIRONMENT | dict(variable.split("=", 1) for variable in variables)
    process = start(command, environment, **options)
    return collect(process, (lambda: process.send_signal(signal.SIGTERM)) if stop else None)


def run_chroot(root, command, variables=(), stop=False, prefix=()):
    """As PID 1 in a root that holds what is there and /proc; `prefix` sets limits. No Docker."""
    environment = ENVIRONMENT | dict(variable.split("=", 1) for variable in variables)
    process = start([*prefix, "unshare", "--mount", "--pid", "--fork", f"--mount-proc={root}/proc",
                     "chroot", root] + command, environment)
    return collect(process, (lambda: send_to_child(process.pid)) if stop else None)


def send_to_child(parent):
    with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as children:
        os.kill(int(children.read().split()[0]), signal.SIGTERM)


# ---- Docker -------------------------------------------------------------------------------------
def docker(*arguments, **options):
    """One call of the client that must succeed; its output, stripped."""
    result = subprocess.run((DOCKER,) + arguments, capture_output=True, check=False, **options)
    if result.returncode != 0:
        raise RuntimeError(f"docker {arguments[0]}: {result.stderr.decode(errors='replace')}")
    return result.stdout.decode().strip()


def run_docker(image, flags, arguments, variables=(), stop=False, network=("--network", "none"),
               text=None):
    """One `docker run`, with the bytes `text` typed into it if there are any. What the engine
    itself has to say is a RuntimeError."""
    typed = () if text is None else ("--interactive",)
    name, process = start_docker(image, (*flags, *typed), arguments, variables, network,
                                 subprocess.PIPE if typed else subprocess.DEVNULL)
    result = collect(process, (lambda: docker("stop", "-t", "20", name)) if stop else None, text)
    if "(killed: it took too long)" in result.stderr:
        docker("rm", "--force", name)
    errors = result.stderr.replace(NO_FORWARDING, "")
    if errors.startswith("docker: "):
        raise RuntimeError(errors)
    return replace(result, stderr=errors)


def start_docker(image, flags, arguments, variables=(), network=("--network", "none"),
                 stdin=subprocess.DEVNULL):
    """The name of a new container and the client that waits for its end."""
    name = f"scratchpack-test-{os.getpid()}-{next(numbers)}"
    host = ("--hostname", "box") if network[1] == "none" else ("--env", "HOSTNAME=box")
    settings = [part for variable in ("HOME=/", *variables) for part in ("--env", variable)]
    return name, start([DOCKER, "run", "--rm", "--name", name, *network, *host, *flags, *settings,
                        image, *arguments], os.environ.copy(), stdin)


def in_parallel(jobs, workers=os.cpu_count() or 1):
    """Calls every job, a few at a time; the results in the order of the jobs."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda job: job(), jobs))
