"""One real server as PID 1: it is asked, told to reload, looked at and stopped; what it answered,
which processes it had and how it ended is compared with the native server."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, replace

import engine
from real_row import Row, Trial

# A network of its own has a loopback that is down, and Debian's smallest has no ip(8).
WITH_LOOPBACK = ("/usr/bin/python3", "-c", """
import fcntl, os, socket, struct, sys
up = struct.pack("16sH14x", b"lo", 1)
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, up)
os.execvp(sys.argv[1], sys.argv[1:])
""")
SECONDS = 20


class Running:
    """A server whose PID 1 is `pid` on this machine. What its story says becomes the output."""

    def __init__(self, pid, places):
        self.pid, self.places, self.said = pid, places, []

    def say(self, text):
        self.said.append(text.rstrip("\n"))

    def ask(self, *command):
        """What a native client on the server's loopback prints."""
        if not os.path.exists(f"/proc/{self.pid}"):
            raise RuntimeError("the server has ended")
        result = subprocess.run(["nsenter", f"--net=/proc/{self.pid}/ns/net", *command],
                                capture_output=True, check=False, timeout=SECONDS)
        return (result.stdout + result.stderr).decode("utf-8", "backslashreplace")

    def until(self, text, *command):
        """Asks again until the answer holds `text`; says the last answer."""
        self.say(poll(lambda: self.ask(*command), lambda answer: text in answer))

    def signal(self, number):
        self.say(f"signal {signal.Signals(number).name}")
        os.kill(self.pid, number)

    def processes(self, count):
        """Says how many there are once they are `count`, and that none is left a zombie."""
        self.say("processes " + " ".join(sorted(poll(
            lambda: family(self.pid),
            lambda found: len(found) == count and not any(":Z" in name for name in found)))))


def poll(find, enough):
    """Finds again until it is enough, or too late; what it found last."""
    end = time.monotonic() + SECONDS
    found = find()
    while not enough(found) and time.monotonic() < end:
        time.sleep(0.1)
        found = find()
    return found


def first_child(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return int((children.read().split() or ["0"])[0])


def container_pid(name):
    try:
        return int(engine.docker("inspect", "--format", "{{.State.Pid}}", name))
    except RuntimeError:
        return 0  # there is none of that name yet


def family(pid):
    """`name:state` of a process and of all below it; sleeping and running are one."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        name, state = re.match(r"\d+ \((.*)\) (.)", file.read()).groups()
    found = [name + (":Z" if state == "Z" else "")]
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        for child in children.read().split():
            try:
                found += family(child)
            except OSError:
                pass  # it has ended since
    return found


class ServiceTrial(Trial):
    """The same forms and situations as any row; a run is a story."""

    def native(self, flags):
        process = self.start_native(flags, "--net", prefix=WITH_LOOPBACK)
        return self.follow(process, lambda: first_child(process.pid))

    def contained(self, built, flags):
        name, process = engine.start_docker(built.image, (*flags, *self.mounts()), self.words(),
                                            self.variables())
        return self.follow(process, lambda: container_pid(name))

    def follow(self, process, find_pid):
        """The story, then the end; the server is killed if either takes too long."""
        if self.row.reset:
            self.row.reset(self.places)
        try:
            running = Running(poll(find_pid, bool), self.places)
            self.row.story(running)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            process.kill()
            result = engine.collect(process)
            return replace(result, stdout=f"{error}\n" + result.stdout)
        result = engine.collect(process)
        log = super().normal(replace(result, stdout="", stderr=result.stdout + result.stderr))
        lines = sorted(set(log.stderr.splitlines()))
        return replace(result, stdout="\n".join(running.said) + "\n",
                       stderr="".join(line + "\n" for line in lines))

    def normal(self, outcome):
        return outcome  # the log was made so already, and the rest must be the same


@dataclass(frozen=True)
class Service(Row):
    """story(running) asks and signals; it ends with the signal that stops the server. reset(places)
    puts inputs that a story changes back as they were."""
    story: object = None
    reset: object = None
    trial: type = ServiceTrial
