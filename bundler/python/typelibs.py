"""Typelibs: how GObject introspection describes the libraries that gi.repository has as modules.

Sixth part of the program that answer.py ends. `from gi.repository import Gio` reads Gio-2.0.typelib,
those it depends on, and loads the libraries that they name.
"""

import glob
import os
import re
import struct
import sysconfig

TYPELIB = b"GOBJ\nMETADATA\r\n\x1a"
# Where the header has the places of texts (gitypelib-internal.h, struct Header).
DEPENDENCIES_AT, LIBRARIES_AT = 36, 52


class Typelibs:
    """Of a Graph: follows the names in gi.repository."""

    def follow_repository(self, statements, by):
        for each in sorted(statements.how):
            found = re.fullmatch(r"gi\.repository\.(\w+)", each)
            if found:
                self.take_typelib(found.group(1), statements.versions.get(found.group(1), ""), by)

    def take_typelib(self, name, version, by):
        """With no version the newest, as gi has it."""
        files = [file for folder in typelib_folders()
                 for file in glob.glob(os.path.join(glob.escape(folder), f"{name}-{version or '*'}.typelib"))]
        if not files:
            return
        file = max(files, key=version_of)
        if file not in self.typelibs:
            self.typelibs.add(file)
            dependencies, libraries = read_typelib(file)
            self.loaded.update((library, by) for library in libraries)
            for each in dependencies:
                self.take_typelib(*each.rpartition("-")[::2], by)


def typelib_folders():
    own = [each for each in os.environ.get("GI_TYPELIB_PATH", "").split(":") if each]
    names = ("lib/" + (sysconfig.get_config_var("MULTIARCH") or ""), "lib64", "lib")
    return own + [os.path.join("/usr", name, "girepository-1.0") for name in names]


def version_of(file):
    return [int(part) for part in re.findall(r"\d+", os.path.basename(file).rpartition("-")[2])]


def read_typelib(file):
    """(names with versions of those it depends on, names of libraries); none where it is no typelib."""
    with open(file, "rb") as opened:
        data = opened.read()
    if not data.startswith(TYPELIB) or len(data) < LIBRARIES_AT + 4:
        return [], []
    texts = []
    for place, separator in ((DEPENDENCIES_AT, "|"), (LIBRARIES_AT, ",")):
        begin, = struct.unpack_from("<I", data, place)
        text = data[begin:].partition(b"\0")[0] if begin else b""
        texts.append([part for part in text.decode(errors="replace").split(separator) if part])
    return texts
