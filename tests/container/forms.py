"""The forms an application is run in, and how each becomes a root folder and a Docker image."""

import io
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass

import engine


@dataclass(frozen=True)
class Form:
    """`plain` is the root file system as it was walked, with no trick at all: where it fails a
    file is missing; where only the one file fails, its start is wrong."""
    name: str
    options: tuple
    extracts: bool = False
    all_only: bool = False


FORMS = (
    Form("plain", ("--format", "tar")),
    Form("onefile", ("--format", "onefile", "--compress", "none")),
    Form("packed", ("--format", "onefile", "--compress", "good")),
    Form("extract", ("--format", "onefile", "--mode", "extract"), extracts=True),
    Form("fast", ("--format", "onefile", "--compress", "fast"), all_only=True),
    Form("best", ("--format", "onefile", "--compress", "best"), all_only=True),
    Form("extract packed", ("--format", "onefile", "--mode", "extract", "--compress", "best"),
         extracts=True, all_only=True),
)


@dataclass
class Built:
    """One bundle in one form, ready to run: `entry` inside the image and inside the folder."""
    name: str
    entry: str
    root: str  # the root file system as a folder, for the chroot
    output: str = ""  # what the tool wrote
    image: str = ""
    fault: str = ""


class Builder:
    """Turns bundles into roots and images below one folder; removes its images at the end."""

    def __init__(self, tool, folder, docker):
        self.tool, self.folder, self.docker = tool, folder, docker
        self.places = {}
        self.images = []
        for name in ("roots", "outputs"):
            os.mkdir(os.path.join(folder, name))

    def build(self, bundle, form):
        """Never raises for a bundle that cannot be built: `fault` says why."""
        built = self.new(bundle.name, form.name, bundle.application.format(**self.places))
        command = [self.tool, "build", built.entry, "--output", built.output,
                   *form.options, *(option.format(**self.places) for option in bundle.options)]
        result = subprocess.run(command, capture_output=True, check=False, timeout=300,
                                stdin=subprocess.DEVNULL)
        if result.returncode != 0:
            built.fault = result.stderr.decode(errors="replace") or f"status {result.returncode}"
        elif form.name == "plain":
            self.unpack(built)
        else:
            self.place(built, built.output)
        return built

    def bare(self, name, program, entry):
        """A static program alone, at the path `entry`."""
        built = self.new(name, "bare", entry)
        self.place(built, program)
        return built

    def beside(self, name, program, file):
        """An image of `program`, its entry point, and `file` as /bundle."""
        root = os.path.join(self.folder, "roots", name)
        os.makedirs(root)
        shutil.copy(program, root + "/program")
        shutil.copy(file, root + "/bundle")
        built = Built(name, "/program", root)
        self.image(built, archive_of(root, ("/program", "/bundle")))
        return built

    def new(self, bundle, form, entry):
        name = f"{bundle}-{form}".replace(" ", "-")
        return Built(name, entry, os.path.join(self.folder, "roots", name),
                     os.path.join(self.folder, "outputs", name))

    def place(self, built, file):
        """A root and an image that hold this one file and nothing else."""
        target = built.root + built.entry
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.makedirs(built.root + "/proc")
        shutil.copyfile(file, target)
        os.chmod(target, 0o755)
        parents = [str(parent) for parent in pathlib.PurePath(built.entry).parents]
        self.image(built, archive_of(built.root, (*reversed(parents[:-1]), built.entry)))

    def unpack(self, built):
        os.makedirs(built.root + "/proc")
        subprocess.run(["tar", "-C", built.root, "-xpf", built.output], check=True)
        with open(built.output, "rb") as file:
            self.image(built, file.read())

    def image(self, built, archive):
        if not self.docker:
            return
        tag = re.sub(r"[^a-z0-9_.]+", "-", built.name.lower())
        built.image = f"scratchpack-test-{os.getpid()}:{tag}"
        engine.docker("import", "--change", f'ENTRYPOINT ["{built.entry}"]', "-", built.image,
                      input=archive)
        self.images.append(built.image)

    def remove_images(self):
        if self.images:
            engine.docker("rmi", "--force", *self.images)


def archive_of(root, paths):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in paths:
            tar.add(root + path, path, recursive=False, filter=owned_by_root)
    return archive.getvalue()


def owned_by_root(entry):
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry
