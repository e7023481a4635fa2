"""Files that come with modules: data in packages and beside scripts, metadata of distributions.

Eighth part of the program that answer.py ends.
"""

import fnmatch
import glob
import os
import re

METADATA = ("METADATA", "PKG-INFO", "entry_points.txt", "top_level.txt", "namespace_packages.txt")


def is_data(name, request):
    if module_name(name) and not (name.startswith("lib") and name.endswith(".so")):
        return False
    return not any(fnmatch.fnmatchcase(name, pattern) for pattern in request["no_data"])


def data_of(folder, request, around=frozenset()):
    """Files in a package that are no modules; packages in it answer for themselves. Links to folders are
    followed in what is installed, where distributions lay data apart, but not in circles (`around`)."""
    found, around = [], around | {os.path.realpath(folder)}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in request["no_data"]):
            continue
        if os.path.isdir(path):
            is_package = os.path.isfile(os.path.join(path, "__init__.py"))
            is_link = os.path.islink(path) and (not is_installed(path) or os.path.realpath(path) in around)
            found += [] if is_package or is_link else data_of(path, request, around)
        elif os.path.isfile(path) and is_data(name, request):
            found.append(path)
    return found


def data_beside(graph, folder, request):
    """Folders beside a script that a framework looks into."""
    names = {name for framework, each in request["beside"].items() if framework in graph.specs
             for name in each}
    folders = [os.path.join(folder, name) for name in sorted(names)]
    return [file for each in folders if os.path.isdir(each) for file in data_of(each, request)]


def shared_data(graph, names):
    """What distributions lay apart from a package, by its name below /usr/share and /etc."""
    found = []
    for name in names:
        statements, top = graph.statements.get(name), name.partition(".")[0]
        for path in sorted(statements.paths if statements else []):
            parts = path.replace("/usr/share/", "/etc/", 1).split("/")
            if parts[1] == "etc" and top.lower() in "".join(parts[2:3]).lower() and os.path.exists(path):
                found += [path] if os.path.isfile(path) else data_of(path, graph.request)
    return found


def top_levels(path):
    """Top-level modules of an installed distribution, by its metadata."""
    names = set(lines_of(os.path.join(path, "top_level.txt")))
    for line in lines_of(os.path.join(path, "RECORD")):
        first = line.split(",")[0].split("/")[0]
        names.add(first if "." not in first else module_name(first) or "")
    own = os.path.basename(path).split("-")[0]
    return names | ({own, own.lower()} if not names else set())


def metadata_of(graph, names, reached):
    """What importlib.metadata reads of the distributions that are reached, named or asked for plugins."""
    named = {distribution_name(each) for name in names if name in graph.statements
             and not graph.is_standard(name) for each in graph.statements[name].distributions}
    found = []
    for path in metadata_folders(graph.path):
        folder, name = os.path.split(path)
        if not (path in graph.plugins or distribution_name(re.split(r"-\d|\.", name)[0]) in named
                or any((folder, top) in reached for top in top_levels(path))):
            continue
        files = [path] + [os.path.join(path, each) for each in METADATA]
        found += [file for file in files if os.path.isfile(file)]
    return found


def namespaces_of(graph, folders):
    """Files by which setuptools makes a package of several folders before anything imports it, in place of
    its __init__.py: NAME-nspkg.pth."""
    found = []
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), "*-nspkg.pth"))):
            made = re.findall(r"setdefault\('([\w.]+)'", " ".join(lines_of(path)))
            found += [path] if any(name in graph.specs for name in made) else []
    return found


def distribution_name(text):
    return re.sub(r"[-_.]+", "-", text).lower()
