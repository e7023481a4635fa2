"""One real program of the distribution at real work, bundled and compared with itself."""

import glob
import hashlib
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass, replace

import engine
from compare import unified
from forms import FORMS, Builder
from real_inputs import LeftOut
from situations import HARDENED

# As the image has no environment of its own, this is all of it, on every side. Nothing is written
# to the machine's own / or home: natively, too, /tmp is a tmpfs of the run's own.
ENVIRONMENT = ("HOME=/tmp", "LANG=C.UTF-8")
SITUATIONS = (("default", ()), ("hardened", HARDENED))
# Who there is in a bundle that brings no passwd of its own; natively it is mounted over the
# machine's, so that both sides give the same names.
PASSWD = """\
root:x:0:0:root:/:/sbin/nologin
daemon:x:1:1:daemon:/usr/sbin:/sbin/nologin
www-data:x:33:33:www-data:/var/www:/sbin/nologin
nonroot:x:65532:65532:nonroot:/:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
"""
USER = ("setpriv", "--reuid=65532", "--regid=65532", "--clear-groups")


class Trial:
    """Runs one row: natively, then from each form in each situation."""

    def __init__(self, row, tool, folder):
        self.row = row.here()
        self.folder = os.path.join(folder, re.sub(r"\W+", "-", row.name))
        self.places = {name: os.path.join(self.folder, name) for name in ("inputs", "bin")}
        for place in self.places.values():
            os.makedirs(place)
        self.builder = Builder(tool, self.folder, docker=True)
        self.builder.places = self.places

    def run(self, report):
        started = time.monotonic()
        finish = None
        try:
            if self.row.prepare:
                finish = self.row.prepare(self.places)
            self.compare(report)
        except LeftOut as reason:
            report.say(f"left out: {self.row.name}: {reason}")
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            told = getattr(error, "stderr", None) or b""
            report.add(f"real: {self.row.name}", f"{error}\n{told.decode(errors='replace')}")
        finally:
            if finish:
                finish()
            self.builder.remove_images()
            shutil.rmtree(self.folder)
        report.say(f"{self.row.name}: {time.monotonic() - started:.1f} s")

    def compare(self, report):
        expected = {name: self.native(flags) for name, flags in SITUATIONS}
        for name, outcome in expected.items():
            if outcome.status != self.row.status or self.row.shows not in outcome.stdout:
                report.add(f"real: {self.row.name}, native, {name}", outcome.text())
        for form in FORMS[:2]:
            built = self.builder.build(self.row, form)
            if built.fault:
                report.add(f"real: {self.row.name}, {form.name}", built.fault)
                continue
            for name, flags in SITUATIONS:
                actual = self.normal(self.contained(built, flags))
                report.add(f"real: {self.row.name}, {form.name}, {name}",
                           "" if actual == expected[name] else
                           unified(in_brief(expected[name]), in_brief(actual)))

    # ---- the ways to run ------------------------------------------------------------------------
    def words(self):
        return [word.format(**self.places) for word in self.row.arguments]

    def variables(self):
        return (*ENVIRONMENT, *(word.format(**self.places) for word in self.row.environment))

    def text(self):
        return self.row.stdin.encode() or None

    def native(self, flags):
        """As PID 1 and as the same user as in the container, on the machine's own files."""
        process = self.start_native(flags)
        stop = (lambda: engine.send_to_child(process.pid)) if self.row.stop else None
        return self.normal(engine.collect(process, stop, self.text()))

    def start_native(self, flags, *more, prefix=()):
        """`more`: what else unshare takes apart; `prefix`: what root does first in there."""
        options = "rw" if self.row.writable else "ro"
        passwd = os.path.join(self.folder, "passwd")
        with open(passwd, "w", encoding="ascii") as file:
            file.write(PASSWD)
        enter = ("unshare", *more, "--mount", "--uts", "--pid", "--fork", "--kill-child",
                 "--mount-proc", "sh", "-c",
                 f"mount -t tmpfs -o {options},noexec,nosuid,nodev,mode=1777 tmp /tmp "
                 f"&& mount --bind {passwd} /etc/passwd "
                 '&& echo box >/proc/sys/kernel/hostname && exec "$@"', "sh")
        command = [*enter, *prefix, *(USER if flags else ()),
                   self.row.application.format(**self.places), *self.words()]
        variables = dict(variable.split("=", 1) for variable in self.variables())
        return engine.start(command, engine.ENVIRONMENT | variables,
                            subprocess.PIPE if self.row.stdin else subprocess.DEVNULL)

    def contained(self, built, flags):
        return engine.run_docker(built.image, (*flags, *self.mounts()), self.words(),
                                 self.variables(), self.row.stop, text=self.text())

    def mounts(self):
        return ("--volume", "{inputs}:{inputs}:ro".format(**self.places),
                *(("--tmpfs", "/tmp") if self.row.writable else ()))

    def normal(self, outcome):
        change = self.row.normalise or (lambda text: text)
        return replace(outcome, stdout=change(outcome.stdout), stderr=change(outcome.stderr))


@dataclass(frozen=True)
class Row:
    """A program, how it is bundled, and the work it does.

    `{inputs}` in its words is a folder that is mounted read-only at the same path everywhere;
    `{bin}` one that holds programs made here, which reach a container only inside the bundle.
    prepare(places) fills both, places["inputs"] and places["bin"], with native programs; what it
    returns, if anything, is called at the end (it stops a server that was started).
    """
    name: str
    application: str
    arguments: tuple
    shows: str  # part of what the native run prints; else the row would compare two refusals
    packages: str = ""  # of Debian 12, whatever the row runs
    options: tuple = ()  # of `scratchpack build`
    prepare: object = None
    environment: tuple = ()
    writable: bool = False  # needs a /tmp: an empty tmpfs is put on top
    stdin: str = ""
    stop: bool = False  # gets SIGTERM when it has said `ready`
    status: int = 0
    normalise: object = None  # a function of a text that takes out what may differ, and why
    quick: bool = False  # one of the third that tests/run.sh runs by default
    trial: type = Trial

    def here(self):
        """The row with its program as it is installed: a pattern stands for the newest version."""
        found = sorted(glob.glob(self.application))
        return replace(self, application=found[-1]) if found else self


def in_brief(outcome):
    """For a message: a picture or a film says as much by its digest."""
    if len(outcome.stdout) < 1000 or "\\x" not in outcome.stdout:
        return outcome
    digest = hashlib.sha256(outcome.stdout.encode()).hexdigest()
    return replace(outcome, stdout=f"{len(outcome.stdout)} characters, sha256 {digest}\n")
