"""Modules by their names and files, as importlib has them.

One program of nine parts, in this order: names.py, places.py, statements.py, hints.py, beside.py,
typelibs.py, graph.py, package_files.py and answer.py, which says what it is for.
"""

import importlib.machinery as machinery
import os
import sysconfig


def is_inside(name, package):
    return name == package or name.startswith(package + ".")


def find_spec(name, path):
    """Where the module is; None if it is nowhere."""
    try:
        return machinery.PathFinder.find_spec(name, path)
    except KeyError:
        # A folder without an __init__.py, whose package importlib looks up among those that are
        # imported here, which is none. As if it were in no package, the same folders are found.
        found = machinery.PathFinder.find_spec(name.rpartition(".")[2], path)
        spec = machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations.extend(found.submodule_search_locations)
        return spec


def kind_of(spec):
    loader = spec.loader
    if isinstance(loader, machinery.SourceFileLoader):
        return "source"
    if isinstance(loader, machinery.SourcelessFileLoader):
        return "bytecode"
    if isinstance(loader, machinery.ExtensionFileLoader):
        return "extension"
    return "zip" if type(loader).__name__ == "zipimporter" else "namespace"


def module_name(file):
    """The name that a file of a folder has for import, or None."""
    for suffix in sorted(machinery.all_suffixes(), key=len, reverse=True):
        if file.endswith(suffix) and is_module_name(file[:-len(suffix)]):
            return file[:-len(suffix)]
    return None


def is_module_name(name):
    """With a hyphen it is imported by importlib, as _sysconfigdata__x86_64-linux-gnu is."""
    return name.replace("-", "_").isidentifier()


STANDARD = sorted({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"),
                   os.path.dirname(os.__file__)})


def is_standard_file(path):
    return (any(path.startswith(folder + "/") for folder in STANDARD)
            and "/site-packages/" not in path and "/dist-packages/" not in path)


def is_installed(path):
    return is_standard_file(path) or "/site-packages/" in path or "/dist-packages/" in path


def absolute_name(name, package):
    """A name as import_module has it, in full."""
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    parts = package.split(".")
    return ".".join(parts[:len(parts) - level + 1] + [name.lstrip(".")]).strip(".")


def submodules(folders):
    """Names of the modules and packages in folders, sorted."""
    names = set()
    for folder in folders:
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            if os.path.isdir(path) and name.isidentifier():
                if any(module_name(file) == "__init__" for file in os.listdir(path)):
                    names.add(name)
            else:
                names.add(module_name(name) or "__init__")
    return sorted(names - {"__init__"})


def lines_of(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [line.strip() for line in file if line.strip()]
    except OSError:
        return []


def metadata_folders(path):
    """Where installed distributions say what they are."""
    for folder in path:
        for name in sorted(os.listdir(folder) if os.path.isdir(folder) else []):
            if name.endswith((".dist-info", ".egg-info")):
                yield os.path.join(folder, name)


def used_modules(paths, folders):
    """Names of the modules whose files a run has opened."""
    names = set()
    for path in paths:
        folder, file = os.path.split(path)
        if os.path.basename(folder) == "__pycache__" and file.endswith(".pyc"):
            folder, file = os.path.dirname(folder), file.split(".")[0] + ".py"
        name = module_name(file)
        inside = [each for each in folders if folder == each or folder.startswith(each + "/")]
        if not name or not inside:
            continue
        package = folder[len(max(inside, key=len)):].strip("/").replace("/", ".")
        parts = [part for part in (package, "" if name == "__init__" else name) if part]
        if parts and all(is_module_name(part) for part in ".".join(parts).split(".")):
            names.add(".".join(parts))
    return names


def with_parents(names):
    return {".".join(name.split(".")[:count + 1]) for name in names for count in range(name.count(".") + 1)}
