#!/usr/bin/python3
"""Oracle: what this machine's programs answer natively is what their bundles must answer.

  tests/container/oracle.py [--only TEXT] [--verbose]

For every dynamically linked program below /usr/bin and /usr/sbin: `--version` and `--help`, natively
twice, then from a bundle that lies at the program's own path in a root that holds nothing else but
/proc and what engines put into /dev. Standard output, standard error and status must be equal. Native and bundle get the same
arguments, environment, working directory and standard input; neither has a network, and the machine
is read-only to both, so that a program which does more than answer does no harm.

What does not count: a question whose native answer differs from run to run, takes too long, is
empty or ends by a signal. oracle_programs.py says what single programs need besides, and which
cannot be right, with the reason; whatever it says without need is a failure, so that it stays true.
So are fewer than 300 programs.

--only asks those whose path holds TEXT; --verbose says of each what became of it. Needs
build/scratchpack and root. The last line is `N passed, N failed`.
"""

import argparse
import collections
import glob
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass

import engine
import oracle_programs
from compare import unified
from oracle_programs import EXCEPTIONS, FILES, MOUNTS, NEVER, RACES
from report import Report

TOOL = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                    "../../build/scratchpack"))
FOLDERS = ("/usr/bin", "/usr/sbin")
QUESTIONS = ("--version", "--help")
ENVIRONMENT = engine.ENVIRONMENT | {"HOME": "/absent"}  # nobody's files, the same for both
SECONDS = 10
ENOUGH = 300
DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))
UNSTEADY = "differs from run to run"
INSIDE = "SCRATCHPACK_ORACLE_SANDBOX"


# ---- which programs -----------------------------------------------------------------------------
def programs():
    """Paths of the dynamic programs, real files only: a link's name would be asked twice."""
    for folder in FOLDERS:
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if name not in NEVER and is_dynamic_program(path):
                yield path


def is_dynamic_program(path):
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode) or not status.st_mode & 0o111:
        return False
    with open(path, "rb") as file:
        head = file.read(4096)
    return head[:4] == b"\x7fELF" and (b"/ld-linux" in head or b"/ld-musl" in head)


# ---- runs ---------------------------------------------------------------------------------------
def run(root, program, question):
    """One answer, or None when it took too long. As PID 1, so that nothing it starts stays."""
    process = engine.start(["unshare", "--mount", "--pid", "--fork", "--kill-child",
                            f"--mount-proc={root}/proc", "chroot", root, program, question],
                           ENVIRONMENT, start_new_session=True)
    try:
        streams = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None
    return engine.outcome(process, streams)


def native_answer(program, question):
    """(answer, None), or (None, why it does not count)."""
    first = run("/", program, question)
    if first is None:
        return None, "takes too long"
    if 128 < first.status < 160:
        return None, "ends by a signal"
    if not first.stdout + first.stderr:
        return None, "says nothing"
    if run("/", program, question) != first:
        return None, UNSTEADY
    return first, None


# ---- one program --------------------------------------------------------------------------------
class Root:
    """A root folder that holds one bundle at its program's path, /proc and an engine's devices."""

    def __init__(self, folder, program):
        self.folder = tempfile.mkdtemp(prefix="root.", dir=folder)
        self.program = program
        self.mounted = []
        os.mkdir(self.folder + "/proc")
        os.makedirs(os.path.dirname(self.folder + program))

    def build(self, options):
        """Empty, or why the bundle could not be built."""
        result = subprocess.run([TOOL, "build", self.program, "--output",
                                 self.folder + self.program, "--no-trial", "--quiet", *options],
                                capture_output=True, check=False, stdin=subprocess.DEVNULL)
        return "" if result.returncode == 0 else f"build: {result.stderr.decode(errors='replace')}"

    def close(self, mount):
        """Makes it read-only, as the machine is to the native program, with what is mounted in."""
        subprocess.run(["mount", "--bind", self.folder, self.folder], check=True)
        self.mounted.append(self.folder)
        for path in (*DEVICES, *filter(None, [mount])):
            self.mount(path)
        subprocess.run(["mount", "-o", "remount,bind,ro", self.folder], check=True)

    def mount(self, path):
        """The machine's, at its own place."""
        place = self.folder + path
        os.makedirs(place if os.path.isdir(path) else os.path.dirname(place), exist_ok=True)
        if not os.path.isdir(path):
            with open(place, "wb"):
                pass
        subprocess.run(["mount", "--bind", path, place], check=True)
        self.mounted.append(place)

    def remove(self):
        for point in reversed(self.mounted):
            subprocess.run(["umount", point], check=True)
        shutil.rmtree(self.folder)


def options_for(program):
    """The files that the table names, each at its own place."""
    options = []
    for pattern in oracle_programs.of(FILES, program) or ():
        for path in sorted(glob.glob(pattern)):
            with open("/dev/null" if os.path.isdir(path) else path, "rb") as file:
                kind = "--add-binary" if file.read(4) == b"\x7fELF" else "--add-data"
            place = path if os.path.isdir(path) else os.path.dirname(path)
            options += [kind, f"{path}:{place}"]
    return options


def is_whole(program):
    """Whether the machine has all that the table names. Slim machines leave out documentation, and
    what belongs to it; a program that natively finds nothing there does not need it bundled."""
    return all(glob.glob(pattern) for pattern in oracle_programs.of(FILES, program) or ())


def differences(root, answers):
    """(what differs from the native answers, how many of those have changed meanwhile)."""
    text, unsteady = "", 0
    for question, expected in answers.items():
        for _ in range(5 if root.program in RACES else 1):
            actual = run(root.folder, root.program, question)
            if actual == expected:
                break
        if actual == expected:
            continue
        if has_changed(root.program, question, expected):
            unsteady += 1
        elif actual is None:
            text += f"{question}: takes longer than {SECONDS} s\n"
        else:
            text += f"{question}:\n{unified(expected, actual)}\n"
    return text, unsteady


def has_changed(program, question, expected):
    """Whether the native program, too, answers otherwise by now: with the time, for one."""
    time.sleep(1.1)
    return any(run("/", program, question) != expected for _ in range(4))


@dataclass
class Verdict:
    """What became of a program: how many answers were compared, what differs (empty: nothing),
    why other answers were not compared, and what of the tables it does not need."""
    asked: int = 0
    fault: str = ""
    skipped: tuple = ()
    needless: str = ""


def judge(program, folder):
    natives = {question: native_answer(program, question) for question in QUESTIONS}
    answers = {question: answer for question, (answer, _) in natives.items() if answer}
    verdict = Verdict(0, "", tuple(why for _, why in natives.values() if why))
    if not answers:
        return verdict
    options, mount = options_for(program), oracle_programs.of(MOUNTS, program)
    # What is asked of one run and not of the next may be what needs them.
    steady = UNSTEADY not in verdict.skipped
    if (options or mount) and steady and is_whole(program):
        text, unsteady = try_bundle(program, folder, answers, [], None)
        if not text and not unsteady:
            verdict.needless = "it is right without what oracle_programs.py adds to it"
    verdict.fault, unsteady = try_bundle(program, folder, answers, options, mount)
    verdict.asked = len(answers) - unsteady
    verdict.skipped += (UNSTEADY,) * unsteady
    return verdict


def try_bundle(program, folder, answers, options, mount):
    """As `differences`; a bundle that cannot be built differs in everything."""
    root = Root(folder, program)
    try:
        if fault := root.build(options):
            return fault, 0
        root.close(mount)
        return differences(root, answers)
    finally:
        root.remove()


# ---- all of them --------------------------------------------------------------------------------
class Oracle:
    """Judges programs in turn, a few at a time, and counts."""

    def __init__(self, report, folder, verbose):
        self.report, self.folder, self.verbose = report, folder, verbose
        self.programs = self.right = self.questions = 0
        self.excused = []
        self.skipped = collections.Counter()
        self.lock = threading.Lock()

    def test(self, program):
        verdict = judge(program, self.folder)
        reason = oracle_programs.of(EXCEPTIONS, program)
        if self.verbose:
            self.report.say(", ".join((program, f"{verdict.asked} answers", *verdict.skipped)))
        with self.lock:
            self.skipped.update(verdict.skipped)
            self.questions += verdict.asked
            if not verdict.asked:
                return
            self.programs += 1
            self.right += not verdict.fault
            if verdict.fault and reason:
                self.excused.append(f"{program}: {reason}")
        if reason:
            verdict.needless = "" if verdict.fault else "it is right: take it off the exceptions"
            verdict.fault = ""
        self.report.add(f"oracle: {program}", verdict.fault or verdict.needless)

    def summary(self):
        self.report.say(f"{self.right} of {self.programs} programs answer as they do natively"
                        f" ({self.questions} questions)")
        for line in sorted(self.excused):
            self.report.say(f"exception: {line}")
        for why, count in sorted(self.skipped.items()):
            self.report.say(f"not asked, {count} questions: the native program {why}")


# ---- the sandbox --------------------------------------------------------------------------------
def run_in_sandbox():
    """This program again, where there is no network and mounts are its own; its status."""
    folder = tempfile.mkdtemp(prefix="scratchpack-oracle.", dir="/var/tmp")
    try:
        return subprocess.run(["unshare", "--mount", "--net", "--ipc", sys.executable, *sys.argv],
                              env=os.environ | {INSIDE: folder}, check=False).returncode
    finally:
        shutil.rmtree(folder)


def make_read_only(folder):
    """All that is mounted, but for `folder` and the kernel's own file systems."""
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        lines = [line.split() for line in mounts]
    for _, point, _, options, *_ in lines:
        point = point.encode().decode("unicode_escape")
        if (point != folder and not point.startswith(("/proc", "/sys", "/dev"))
                and "ro" not in options.split(",")):
            subprocess.run(["mount", "-o", "remount,bind,ro", point], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", "/dev/shm"], check=True)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def main():
    options = arguments()
    if INSIDE not in os.environ:
        return run_in_sandbox()
    folder = os.environ[INSIDE]
    make_read_only(folder)
    report = Report()
    oracle = Oracle(report, folder, options.verbose)
    started = time.monotonic()
    chosen = [program for program in programs() if options.only in program]
    engine.in_parallel([lambda program=program: oracle.test(program) for program in chosen])
    oracle.summary()
    if not options.only:
        report.add("oracle: enough programs", "" if oracle.programs >= ENOUGH else
                   f"{oracle.programs} programs answered: install more, {ENOUGH} must")
    report.say(f"{len(chosen)} programs in {time.monotonic() - started:.0f} s")
    report.finish()
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
