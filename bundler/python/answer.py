"""Tells what a Python application imports, and compiles it; run by its own interpreter.

Last part of one program, behind names.py, places.py, statements.py, hints.py, beside.py, typelibs.py,
graph.py and package_files.py.

Standard input has the request, a JSON object (described in graph.h); descriptor 3 takes the answer:
one line of JSON, then the byte code of its modules, one behind the other. Nothing of the application
is imported or executed: modulefinder walks its byte code. Runs on Python 3.8 and later.
"""

import _imp
import fnmatch
import gc
import importlib.machinery as machinery
import importlib.util
import json
import marshal
import os
import re
import site
import sys
import threading

LANDMARK = "os"  # the module by whose file the interpreter finds its library


def byte_code(source, path, code, level):
    """A compiled module that is trusted as it is (PEP 552, unchecked), optimized as -O has it."""
    code = code or compile(source, path, "exec", dont_inherit=True, optimize=level)
    return (importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
            + importlib.util.source_hash(source) + marshal.dumps(code))


def placed(file, keep_source, level):
    """Where the interpreter looks for byte code: beside a source of which there is none, or in the cache."""
    if keep_source:
        return importlib.util.cache_from_source(file, optimization=level or "")
    return file + "c"


def is_read_as_text(script, request):
    """Whether a traceback fails when a script is byte code: up to Python 3.9, linecache reads it as text."""
    return script == request["script"] and sys.version_info < (3, 10)


def cached_script(script, level):
    """Where a script's byte code is looked for when it is imported by its name (uvicorn.run("main:app") in
    main.py), or nothing where that cannot be."""
    name = module_name(os.path.basename(script))
    if name in (None, "__main__") or not script.endswith(".py"):
        return ""
    return placed(os.path.realpath(script), True, level)


def describe_module(graph, name, request, blobs):
    spec, kind = graph.specs[name]
    module = {"name": name, "kind": kind, "by": graph.by.get(name, ""), "size": 0}
    if kind in ("source", "bytecode", "extension", "zip"):
        module["file"] = spec.origin if kind != "zip" else spec.loader.archive
        module["path"] = module["file"]
    if kind == "source":
        with open(spec.origin, "rb") as file:
            blobs.append(byte_code(file.read(), spec.origin, graph.codes.get(name), request["optimize"]))
        module["kept"] = request["keep_source"] or spec.origin in graph.kept or is_read_as_text(spec.origin, request)
        module["path"] = placed(spec.origin, module["kept"], request["optimize"])
        if spec.origin == request["script"]:
            module["path"] = cached_script(spec.origin, request["optimize"])
        module["size"] = len(blobs[-1])
    return module


def describe_missing(graph):
    missing, _ = graph.any_missing_maybe()
    described = []
    for name in sorted(missing):
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in graph.request["made"]):
            continue
        importers = []
        for importer in sorted(graph.badmodules.get(name, {})):
            if importer == "-":
                continue
            statements = graph.statements.get(importer)
            if statements and statements.attributes.get(name) in graph.specs:
                continue
            ways = statements.how.get(name, {()}) if statements else {()}
            # What one statement imports for certain is needed, whatever the others do.
            way = min(ways, key=lambda each: (len(each), each))
            importers.append({"module": importer, "how": list(way),
                              "standard": graph.is_standard(importer)})
        if importers:
            described.append({"name": name, "imported_by": importers})
    return described


def libraries_of(graph, names):
    """Sonames and paths of libraries that modules load by a name written in them."""
    found = set(graph.loaded)
    for name in names:
        statements = graph.statements.get(name)
        if statements is None or graph.is_standard(name):
            continue
        for called, library in statements.libraries:
            if called == "find_library":
                import ctypes.util  # pylint: disable=import-outside-toplevel
                library = ctypes.util.find_library(library)
            if library:
                found.add((library, name))
    return [{"name": library, "by": name} for library, name in sorted(found)]


def add_main(graph, request):
    """The application itself. Returns its module's name."""
    script, module = request["script"], request["module"]
    if module:
        graph.roots.update((module, module + ".__main__"))
        if not graph.add(module, "-m"):
            fail(f"there is no module {module}")
        if graph.modules[module].__path__ and not graph.add(module + ".__main__", "-m"):
            fail(f"{module} is a package without a module __main__")
        return module + ".__main__" if graph.modules[module].__path__ else module
    graph.roots.add("__main__")
    if os.path.isdir(script) or request["zip"]:
        spec = machinery.PathFinder.find_spec("__main__", [script])
        if spec is None:
            fail("there is no __main__.py in it")
    else:
        kind = machinery.SourcelessFileLoader if script.endswith(".pyc") else machinery.SourceFileLoader
        spec = importlib.util.spec_from_loader("__main__", kind("__main__", script), origin=script)
    graph.load_module("__main__", None, spec, ("", "", kind_of(spec)))
    return "__main__"


def reached_by_request(graph, request, used):
    """Everything the request names, and the names that --prune must leave in."""
    kept = set()
    # First, so that all they need is theirs.
    for names, option in ((request["hidden"], "--hidden-import"), (request["collect"], "--collect")):
        for name in names:
            graph.roots.add(name)
            if not graph.add(name, option):
                fail(f"there is no module {name} ({option}; is it installed for this interpreter?)")
            kept |= set(graph.modules)
    if request["prune"]:
        graph.used = used | kept
    for name in request["start"]:
        graph.add(name, "start")
        kept.add(name)
    main = add_main(graph, request)
    for argument in request["arguments"]:
        if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(\(.*\))?", argument):
            add_argument(graph, argument.partition(":")[0])
    graph.follow_hints()
    return kept | {main}


def add_argument(graph, name):
    """The application that a server is given; servers look in the folder they are started in, too."""
    if not graph.longest_module(name):
        graph.path.append(os.getcwd())
        graph.linked.append(os.getcwd())
        graph.longest.clear()
    graph.reach(name, "an argument")


def chosen(graph, kept, used, request):
    names = set(graph.specs)
    if not request["prune"]:
        return names
    own = {name for name in names if graph.specs[name][1] in ("source", "bytecode", "zip")
           and not is_installed(graph.specs[name][0].origin or "")}
    # What the interpreter has inside comes from no file, as the trace has shown.
    frozen = {name for name in kept - used if name != LANDMARK and _imp.is_frozen(name)}
    keep = with_parents((kept - frozen) | own) | used
    return {name for name in names if name in keep or graph.specs[name][1] == "builtin"}


def fail(reason):
    answer({"error": reason}, [])
    os._exit(0)


def answer(described, blobs):
    with os.fdopen(3, "wb") as output:
        output.write(json.dumps(described).encode() + b"\n")
        for blob in blobs:
            output.write(blob)


def search_path(request):
    """sys.path as the application has it, and what of it the interpreter has by itself."""
    own = [folder for folder in sys.path if folder and os.path.exists(folder)]
    if request["module"]:
        return [os.getcwd()] + own, own
    script = request["script"]
    first = script if os.path.isdir(script) or request["zip"] else os.path.dirname(os.path.realpath(script))
    return [first] + own, own


def unique(items):
    return list(dict.fromkeys(items))


def package_files(graph, names, request, used):
    data, reached = [], set()
    for name in names:
        spec, kind = graph.specs[name]
        top, file = name.partition(".")[0], spec.origin or ""
        depth = name.count(".") + (1 if spec.submodule_search_locations is not None else 0)
        folder = file
        for _ in range(depth + 1):
            folder = os.path.dirname(folder)
        if kind != "builtin":
            reached.add((folder, top))
        whole = any(is_inside(name, each) for each in graph.wholes)
        if kind in ("source", "bytecode") and spec.submodule_search_locations is not None:
            if not is_standard_file(file) or whole:
                data += data_of(os.path.dirname(file), request)
    if request["script"] and os.path.isdir(request["script"]):
        data += data_of(request["script"], request)
    elif request["script"]:
        data += data_beside(graph, os.path.dirname(os.path.realpath(request["script"])), request)
    data += shared_data(graph, names) + sorted(graph.beside | graph.typelibs)
    data, spared = sorted(set(data)), []
    if request["prune"]:
        spared = [path for path in data if path not in used and is_installed(path)]
        data = sorted(set(data) - set(spared))
    return data, spared, reached


def left_out(graph, names, spared, request):
    """What --prune spares, as far as it was looked at: the files and their sizes."""
    if not request["prune"]:
        return {}
    files = set(spared)
    for name in set(graph.specs) - set(names):
        files.add(graph.specs[name][0].origin or "")
    for whole in set(request["whole"]) & set(graph.specs):
        for folder in graph.specs[whole][0].submodule_search_locations or []:
            files.update(os.path.join(folder, each) for each in os.listdir(folder))
    files -= {graph.specs[name][0].origin for name in names}
    return {file: os.path.getsize(file) for file in sorted(files) if os.path.isfile(file)}


def optimization(options):
    """How often -O stands among an interpreter's options; it may be one of several letters."""
    level = sum(word.count("O") for word in options if re.fullmatch("-[A-VY-Za-z]+", word))
    return min(level, 2)


def replaced(names, instead):
    """Names of modules with those that others were used in place of."""
    return names | {module + name[len(other):] for module, other in instead.items()
                    for name in names if is_inside(name, other)}


def work(request):
    request["optimize"] = optimization(request["options"])
    path, own = search_path(request)
    graph = Graph(request, path)
    used = with_parents(replaced(used_modules(request["used"], path), request["instead"]))
    kept = reached_by_request(graph, request, used)
    for name in sorted(used):
        graph.add(name, "trace")
    names = sorted(chosen(graph, kept, used, request))
    blobs = []
    data, spared, reached = package_files(graph, names, request, set(request["used"]))
    modules = [describe_module(graph, name, request, blobs) for name in names]
    folders = {folder for folder, _ in reached}
    user = site.getusersitepackages() if site.ENABLE_USER_SITE else ""
    places = STANDARD + site.getsitepackages() + os.environ.get("PYTHONPATH", "").split(":") + [user]
    answer({
        "version": ".".join(map(str, sys.version_info[:3])),
        "executable": sys.executable,
        "home": sys.base_prefix,
        "prefixes": sorted({sys.prefix, sys.base_prefix}),
        "path": path,
        "dynload": [each for each in own if os.path.basename(each) == "lib-dynload"],
        # Where there is none, the interpreter still looks for the first.
        "site": ([each for each in site.getsitepackages() if os.path.isdir(each)]
                 or site.getsitepackages()[:1]),
        # Folders that only a .pth file brings into sys.path, and with -m where it is run from.
        "extra_path": unique([each for each in (path if request["module"] else own) if each in folders
                              and each not in places and os.path.basename(each) != "lib-dynload"]
                             + graph.linked),
        "user_base": site.getuserbase() if user in folders else "",
        "modules": modules,
        "main": next((each["file"] for each in modules if each["name"] == "__main__"
                      and each["kind"] == "source" and each["file"] == request["script"]), ""),
        "data": data,
        "left_out": left_out(graph, names, spared, request),
        "metadata": metadata_of(graph, names, reached),
        "namespaces": namespaces_of(graph, site.getsitepackages()),
        "libraries": libraries_of(graph, names),
        "missing": describe_missing(graph),
        "unreadable": [f"{name}: {why}" for name, why in sorted(graph.unreadable.items())],
    }, blobs)


def main():
    request = json.load(sys.stdin)
    if sys.implementation.name != "cpython" or sys.version_info < (3, 8):
        fail("{} is {} {}.{} (give CPython 3.8 or later with --python)".format(
            sys.executable, sys.implementation.name, *sys.version_info))
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    gc.disable()  # what is collected is hardly ever in circles, and to look for them takes half the time
    sys.setrecursionlimit(1000000)
    threading.stack_size(512 << 20)
    failures = []

    def guarded():
        try:
            work(request)
        except BaseException as error:  # pylint: disable=broad-except  # raised again below
            failures.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


main()
