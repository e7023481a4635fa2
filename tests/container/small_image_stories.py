"""Stories of images that others made: looked into, and made small."""

import os
import shutil
import subprocess

import engine
from situations import HARDENED
from story import expect, new_folder

SCRIPT = """#!/bin/sh
echo "$GREETING $(cat data.txt) as $(id -u) in $PWD, $# words: $*"
exit 7
"""
DOCKERFILE = """FROM scratch
ADD root /
COPY app /app
RUN rm /ballast
ENV GREETING=hello PATH=/usr/bin:/bin
WORKDIR /app
USER 65532
STOPSIGNAL SIGINT
ENTRYPOINT ["./run.sh", "first"]
"""
PROGRAMS = ("/bin/sh", "/usr/bin/cat", "/usr/bin/id", "/usr/bin/rm", "/usr/bin/sort")
BALLAST = 4_000_000  # bytes


def fat_and_small(context):
    """What docker build made of a root file system, a script and what a layer deletes again: seen by
    inspect, whoever saved it, and the same program when it is made small."""
    folder = new_folder(context, "images")
    archive = fat_image(folder)
    try:
        looked_into(context, archive, "docker")
        others = f"{folder}/buildah.tar"
        by_buildah(folder, archive, others)
        looked_into(context, others, "buildah")
        for name, options in {"one file": (), "plain root": ("--format", "tar"),
                              "traced": ("--trace-run", "")}.items():
            made_small(context, others if name == "traced" else archive, name, options)
    finally:
        engine.docker("rmi", "--force", "scratchpack-fat")


def fat_image(folder):
    root, app = f"{folder}/root", f"{folder}/app"
    for program in PROGRAMS:
        for path in (program, *libraries(program)):
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            shutil.copy(path, root + path)
    with open(f"{root}/ballast", "wb") as file:
        file.write(os.urandom(BALLAST))
    os.mkdir(app)
    for name, text in {"app/run.sh": SCRIPT, "app/data.txt": "data\n", "Dockerfile": DOCKERFILE}.items():
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    os.chmod(f"{app}/run.sh", 0o755)
    engine.docker("build", "--network", "none", "--tag", "scratchpack-fat", folder)
    engine.docker("save", "--output", f"{folder}/fat.tar", "scratchpack-fat")
    return f"{folder}/fat.tar"


def libraries(program):
    """What ldd says, and where these files really are asked for."""
    output = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return [word for word in output.split() if word.startswith("/")]


def by_buildah(folder, archive, target):
    buildah = ("buildah", "--root", f"{folder}/store", "--runroot", f"{folder}/run",
               "--storage-driver", "vfs")
    pulled = subprocess.run((*buildah, "pull", "--quiet", f"docker-archive:{archive}"), check=True,
                            capture_output=True, text=True).stdout.strip()
    subprocess.run((*buildah, "push", "--quiet", pulled, f"oci-archive:{target}"), check=True,
                   capture_output=True)


def looked_into(context, archive, maker):
    actual = engine.run_native([context.builder.tool, "inspect", archive, "--fail-if", "waste>10%"])
    wanted = ("entrypoint   ./run.sh first", "4.0 MB  /ballast (of layer 1, deleted by layer 3)",
              "COPY ", "RUN rm /ballast")
    right = actual.status == 3 and all(text in actual.stdout for text in wanted)
    context.report.add(f"story: inspect of what {maker} saved", "" if right else actual.text())


def made_small(context, archive, name, options):
    folder = new_folder(context, f"small {name}")
    output = f"{folder}/small.tar" if "tar" in options else f"{folder}/small"
    actual = engine.run_native([context.builder.tool, "build", "--from-image", archive, "--output",
                                output, "--emit-dockerfile", *options])
    if actual.status != 0:
        context.report.add(f"story: an image made small, {name}", actual.text())
        return
    engine.docker("build", "--network", "none", "--tag", "scratchpack-small", folder)
    try:
        for flags in ((), HARDENED):
            fat = engine.run_docker("scratchpack-fat", flags, ["two words"])
            # docker run replaces a command, but an entrypoint's words stay, as they do in a bundle.
            small = engine.run_docker("scratchpack-small", flags, ["two words"])
            expect(context, f"an image made small answers alike, {name}, {' '.join(flags) or 'default'}",
                   small, fat.stdout, fat.status, fat.stderr)
        size = int(engine.docker("image", "inspect", "--format", "{{.Size}}", "scratchpack-small"))
        whole = int(engine.docker("image", "inspect", "--format", "{{.Size}}", "scratchpack-fat"))
        context.report.add(f"story: an image made small is smaller, {name}",
                           "" if size < whole - BALLAST // 2 else f"{size} of {whole} bytes")
    finally:
        engine.docker("rmi", "--force", "scratchpack-small")


STORIES = [fat_and_small]
