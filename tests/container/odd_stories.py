"""Stories of the dynamic linker: libraries that the user brings, and C libraries of later years."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace

import engine
from compare import unified
from programs import compile_command, compile_one
from story import expect, new_folder
from workloads import LIBRARIES, WORKLOADS

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "workloads")
LIBCS = os.path.abspath(os.path.join(HERE, "../../build/libcs"))
SUITES = ("trixie", "sid")
# What is run on a later C library: all that has to do with its inside.
INNER = ("linking", "linking-2m", "linking-fixed", "trampoline", "cancel", "throwing", "crowd",
         "cancel-musl", "musl")
BORROWED = ("libstdc++.so.6", "libgcc_s.so.1", "libz.so.1")


def in_place(context):
    return [form for form in context.forms if not form.extracts]


# ---- libraries of the user ----------------------------------------------------------------------
def libraries_of_the_user(context):
    """LD_PRELOAD and LD_LIBRARY_PATH count, whether they name what only the container has or what
    is in the bundle."""
    bin_ = context.places["bin"]
    compile_one(compile_command(SOURCES, bin_, "gcc", "guest.c", "guest.so", "-shared", "-fPIC"))
    compile_one(compile_command(SOURCES, bin_, "gcc", "guest.c", "guest-linked.so", "-DLINKED",
                                os.path.join(SOURCES, "linking_library.c"), "-shared", "-fPIC",
                                f"-Wl,-soname,liblinked.so.1,--version-script={SOURCES}/linking.map"))
    stock = context.bundles["linking"]
    guests = replace(stock, name="guests",
                     options=stock.options + ("--add-binary", "{bin}/guest.so:{bin}"))
    plain = engine.run_native([f"{bin_}/linking"]).stdout
    for form in in_place(context):
        built = context.builder.build(guests, form)
        outside = os.path.join(built.root, "outside")
        os.mkdir(outside)
        shutil.copy(f"{bin_}/guest.so", outside)
        shutil.copy(f"{bin_}/guest-linked.so", f"{outside}/liblinked.so.1")
        for name, variable, guest in (
                ("preloaded from the container", "LD_PRELOAD=/outside/guest.so",
                 "/outside/guest.so"),
                ("preloaded from the bundle", f"LD_PRELOAD={bin_}/guest.so", f"{bin_}/guest.so"),
                ("on the library path", "LD_LIBRARY_PATH=/outside", "/outside/liblinked.so.1")):
            actual = run_alone(built, variable)
            expect(context, f"a library {name}, {form.name}", without_alignment(actual),
                   without_alignment(f"guest: {guest}\n{plain}"))


def run_alone(built, variable):
    """The variable must be the bundle's alone: no unshare or chroot in between that it counts for."""
    name, _, value = variable.partition("=")
    subprocess.run(["mount", "-t", "proc", "proc", built.root + "/proc"], check=True)
    try:
        return engine.collect(engine.start([built.entry], engine.ENVIRONMENT | {name: value},
                                           preexec_fn=lambda: os.chroot(built.root)))
    finally:
        subprocess.run(["umount", built.root + "/proc"], check=True)


def without_alignment(result):
    """The guest has no alignment of its own to speak of."""
    if isinstance(result, str):
        return "".join(line for line in result.splitlines(keepends=True)
                       if not line.startswith("aligned to"))
    return replace(result, stdout=without_alignment(result.stdout))


# ---- later C libraries --------------------------------------------------------------------------
def later_c_libraries(context):
    """The glibc and musl of Debian 13 and of sid, bundled from a sysroot, bear the same."""
    fetched = subprocess.run([os.path.join(HERE, "../lib/fetch_libcs.sh"), LIBCS],
                             capture_output=True, check=False)
    if fetched.returncode != 0:
        reason = fetched.stderr.decode(errors="replace")
        context.report.say(f"SKIPPED: later C libraries: {reason}")
        if os.environ.get("CI") == "true":
            context.report.add("story: later C libraries are fetched (CI=true asks)", reason)
        return
    for suite in SUITES:
        sysroot = make_sysroot(context, suite)
        engine.in_parallel([lambda name=name, form=form: run_on(context, suite, sysroot, name, form)
                            for name in INNER for form in in_place(context)
                            if form.name != "plain"])


def make_sysroot(context, suite):
    """The suite's C libraries, our programs at their own paths, and what they need besides."""
    root = new_folder(context, f"sysroot-{suite}")
    shutil.copytree(os.path.join(LIBCS, suite, "root"), root, symlinks=True, dirs_exist_ok=True)
    for link in ("lib", "lib64"):
        if not os.path.lexists(os.path.join(root, link)):
            os.symlink(f"usr/{link}", os.path.join(root, link))
    for name in BORROWED:
        shutil.copy(f"{LIBRARIES}/{name}", f"{root}{LIBRARIES}/{name}")
    shutil.copytree(context.places["bin"], root + context.places["bin"], symlinks=True)
    return root


def run_on(context, suite, sysroot, bundle_name, form):
    bundle = context.bundles[bundle_name]
    built = context.builder.build(replace(bundle, name=f"{bundle_name}-{suite}",
                                          options=("--sysroot", sysroot) + bundle.options), form)
    for workload in WORKLOADS:
        if workload.bundle != bundle_name:
            continue
        name = f"story: {workload.name}, C library of {suite}, {form.name}"
        if built.fault:
            context.report.add(name, built.fault)
            continue
        expected = context.expected(workload, None)
        actual = engine.run_chroot(built.root, [built.entry] + context.words(workload))
        context.report.add(name, "" if actual == expected else unified(expected, actual))


STORIES = [libraries_of_the_user, later_c_libraries]
