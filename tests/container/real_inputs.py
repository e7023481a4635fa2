"""What the tables of real programs share to make their inputs."""

import os
import subprocess


class LeftOut(Exception):
    """A row cannot be prepared here, through no fault of the tool's; the text says why."""


def run(*command, **options):
    """A native program that must succeed; its standard output."""
    return subprocess.run(command, check=True, capture_output=True, **options).stdout


def write(places, name, text, place="inputs"):
    """One file below {inputs} or {bin}; its path. Bytes are written as they are."""
    path = os.path.join(places[place], name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def script(places, name, text):
    """An executable script, which reaches a container inside the bundle only."""
    os.chmod(write(places, name, text, "bin"), 0o755)


# The options that put what lies at these paths into a bundle, at their own paths: what no recipe
# knows of yet.
def add_programs(*paths):
    """Programs and plugins, with the libraries they need."""
    return tuple(word for path in paths
                 for word in ("--add-binary", f"{path}:{os.path.dirname(path)}"))


def add_files(*paths):
    return tuple(word for path in paths
                 for word in ("--add-data", f"{path}:{os.path.dirname(path)}"))


def add_folders(*paths):
    return tuple(word for path in paths for word in ("--add-data", f"{path}:{path}"))


FONT = "fonts-dejavu-core fontconfig-config"  # the packages of one font
