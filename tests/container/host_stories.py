"""Stories on an ordinary host: what a process inherits, many starts at once, killed starts."""

import os
import random
import shutil
import signal
import subprocess
import time

import engine
from compare import without_extraction, without_numbers
from story import STREAMS, expect, files, new_folder


def starts_on_the_host(context):
    """Mask, dispositions, umask, limits and descriptors come through unchanged, too."""
    def inherit():
        os.umask(0o027)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGTERM, 40})
        os.dup2(0, 9)
        os.nice(3)

    def facts(program):
        process = engine.start([entry, "one", ""], engine.ENVIRONMENT | {"A": "1"},
                               executable=program, preexec_fn=inherit, close_fds=False,
                               start_new_session=True)
        actual = engine.collect(process)
        context.report.add(f"story: the process keeps its number, {program}",
                           "" if f"pid {process.pid}," in actual.stdout else actual.text())
        return without_numbers(actual)

    entry = context.built("facts", "bare").entry
    reference = facts(f"{context.places['bin']}/facts-static")
    for form, built in files(context, "facts"):
        actual = facts(built.output)
        if form.extracts:
            actual = without_extraction(actual)
        expect(context, f"what a process inherits on a host, {form.name}", actual,
               reference.stdout, reference.status, reference.stderr)


def many_first_starts_on_the_host(context):
    swarm = f"{context.places['bin']}/swarm"
    for form, built in files(context, "hello"):
        place = new_folder(context, f"swarm-{form.name}")
        actual = engine.run_native([swarm, "200", built.output, "you"],
                                   (f"SCRATCHPACK_DIR={place}",))
        expect(context, f"two hundred first starts at once on a host, {form.name}", actual,
               "200 of 200 outputs alike, 200 statuses alike (3)\n"
               + STREAMS)
        if form.extracts:
            context.report.add("story: the next start removes what two hundred left",
                               trees_after_one_more(built, place))


def trees_after_one_more(built, place):
    engine.run_native([built.output], (f"SCRATCHPACK_DIR={place}",))
    left = os.listdir(place)
    # The last program's own tree stays: nothing of ours outlives it that could remove it.
    return "" if len(left) <= 1 else f"{len(left)} trees are left: {left[:3]} …"


def a_killed_extraction_leaves_nothing(context):
    chance = random.Random(1)
    for form, built in files(context, "curl", extracts=True):
        place = new_folder(context, f"killed-{form.name}")
        environment = engine.ENVIRONMENT | {"SCRATCHPACK_DIR": place}
        half = 0
        for _ in range(40):
            process = engine.start([built.output, "--version"], environment)
            time.sleep(chance.uniform(0.001, 0.03))
            process.kill()
            half += process.wait() == -signal.SIGKILL
            process.communicate()
        context.report.add(f"story: forty starts were killed on the way, {form.name}",
                           "" if half >= 20 else f"only {half} were")
        context.report.add(f"story: the next start removes what killed ones left, {form.name}",
                           trees_after_one_more(built, place))


def strip_keeps_it_working(context):
    for form, built in files(context, "engine"):
        path = os.path.join(new_folder(context, f"strip-{form.name}"), "engine")
        shutil.copy(built.output, path)
        subprocess.run(["strip", path], check=True)
        reference = engine.run_native([f"{context.places['bin']}/engine"])
        expect(context, f"strip keeps it working, {form.name}", engine.run_native([path]),
               reference.stdout, reference.status, reference.stderr)


STORIES = [starts_on_the_host, many_first_starts_on_the_host, a_killed_extraction_leaves_nothing,
           strip_keeps_it_working]
