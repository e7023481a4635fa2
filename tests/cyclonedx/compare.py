#!/usr/bin/python3
"""Compares a bill of materials with the root file system it is of.

  tests/cyclonedx/compare.py BILL FOLDER

The packages of var/lib/dpkg/status.d and the components with a purl are the same, field by field;
each file's SHA-256 is that of the file; dpkg's sums in status.d are those of the files, too.
"""

import hashlib
import json
import os
import sys
from urllib.parse import parse_qs, unquote


def stanza(path):
    """The fields of a control file, continuation lines left out."""
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    return dict(line.split(": ", 1) for line in lines if ": " in line and line[0] not in " \t")


def packages_of_root(folder):
    """(name, version, architecture, source, its version) of each package in status.d."""
    database = os.path.join(folder, "var/lib/dpkg/status.d")
    for name in os.listdir(database):
        if name.endswith(".md5sums"):
            continue
        fields = stanza(os.path.join(database, name))
        source, _, version = fields.get("Source", fields["Package"]).partition(" (")
        yield (fields["Package"], fields["Version"], fields["Architecture"], source,
               version.rstrip(")") or fields["Version"])


def packages_of_bill(bill):
    for component in bill["components"]:
        if not component.get("purl", "").startswith("pkg:deb/"):
            continue
        path, _, query = component["purl"].partition("?")
        name, version = unquote(path).rsplit("/", 1)[1].split("@", 1)
        source = {each["name"]: each["value"] for each in component["properties"]}[
            "scratchpack:source"].split(" ")
        yield (name, version, parse_qs(query)["arch"][0], *source)


def files_of_bill(bill):
    for component in bill["components"]:
        for each in (component, *component.get("components", ())):
            if each["type"] == "file":
                yield each["name"], each["hashes"][0]["content"]


def digest(algorithm, folder, path):
    with open(os.path.join(folder, path.lstrip("/")), "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def faults(bill, folder):
    in_root, in_bill = set(packages_of_root(folder)), set(packages_of_bill(bill))
    for package in sorted(in_root ^ in_bill):
        yield f"only in {'status.d' if package in in_root else 'the bill'}: {' '.join(package)}"
    listed = dict(files_of_bill(bill))
    present = {"/" + os.path.relpath(os.path.join(parent, name), folder)
               for parent, _, names in os.walk(folder) for name in names
               if not os.path.islink(os.path.join(parent, name))}
    for path in sorted(set(listed) ^ present):
        yield f"only in {'the bill' if path in listed else 'the root'}: {path}"
    for path in sorted(set(listed) & present):
        if digest("sha256", folder, path) != listed[path]:
            yield f"{path}: another SHA-256"
    database = os.path.join(folder, "var/lib/dpkg/status.d")
    for name in os.listdir(database):
        if name.endswith(".md5sums"):
            with open(os.path.join(database, name), encoding="utf-8") as file:
                for line in file:
                    wanted, path = line.rstrip("\n").split("  ", 1)
                    if digest("md5", folder, path) != wanted:
                        yield f"{path}: another MD5 than in {name}"
    if not in_root or not listed:
        yield "nothing was compared"


def main(bill_path, folder):
    with open(bill_path, encoding="utf-8") as file:
        bill = json.load(file)
    found = list(faults(bill, folder))
    print("\n".join(found) or "the same")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
