"""Tells what a Python application imports, and compiles it; run by its own interpreter.

Last part of one program, behind statements.py and hints.py.

Standard input has the request, a JSON object (described in graph.h); descriptor 3 takes the answer:
one line of JSON, then the byte code of its modules, one behind the other. Nothing of the application
is imported or executed: modulefinder walks its byte code. Runs on Python 3.8 and later.
"""

import _imp
import ast
import fnmatch
import importlib.machinery as machinery
import importlib.util
import json
import marshal
import modulefinder
import os
import re
import site
import sys
import sysconfig
import threading

LANDMARK = "os"  # the module by whose file the interpreter finds its library
METADATA = ("METADATA", "PKG-INFO", "entry_points.txt", "top_level.txt", "namespace_packages.txt")


class Graph(Hints, modulefinder.ModuleFinder):
    """The modules that are reached; those that were not found are in `badmodules`."""

    def __init__(self, request, path):
        super().__init__(path=path, excludes=request["exclude"])
        self.request = request
        self.roots = set()
        self.by = {}  # module: who imported it first
        self.specs = {}
        self.statements = {}
        self.stack = []
        self.linked = []  # folders of packages that are installed as links
        self.codes = {}  # module: what its whole source compiles to
        self.longest = {}  # name: what of it is a module
        self.plugins = set()  # metadata of distributions whose entry points are asked for
        self.unreadable = {}  # module: why it was left out
        self.wholes = request["collect"] + ([] if request["prune"] else request["whole"])
        self.used = None  # with --prune, the modules that runs have used: others are not read

    # ---- what modulefinder asks for ----

    def find_module(self, name, path, parent=None):
        full = f"{parent.__name__}.{name}" if parent is not None else name
        spec, kind = self.spec_of(full, path)
        return None, spec, ("", "", kind)

    def spec_of(self, full, path):
        """Of a module in a package's folders, or with no path of one by itself, and its kind."""
        if full in self.excludes:
            raise ImportError(full)
        if path is None and full in sys.builtin_module_names:
            return machinery.ModuleSpec(full, machinery.BuiltinImporter), "builtin"
        spec = find_spec(full, self.path if path is None else path)
        if spec is None and path is None and _imp.is_frozen(full):
            return machinery.ModuleSpec(full, machinery.FrozenImporter), "frozen"
        if spec is None and path is None:
            spec = self.editable_spec(full)
        if spec is None:
            raise ImportError(full)
        return spec, kind_of(spec)

    def editable_spec(self, name):
        """Of a package that is installed as a link to its sources, by a finder of its own. In the
        bundle the folder it is in does for it."""
        for finder in sys.meta_path:
            if "editable" in getattr(finder, "__module__", "").lower():
                spec = finder.find_spec(name)
                if spec and spec.origin:
                    folder = os.path.dirname(spec.origin)
                    self.linked.append(os.path.dirname(folder) if spec.submodule_search_locations else folder)
                    return spec
        return None

    def load_module(self, fqname, fp, pathname, file_info):
        spec, kind = pathname, file_info[2]
        module = self.add_module(fqname)
        module.__file__ = spec.origin
        self.specs[fqname] = (spec, kind)
        self.by.setdefault(fqname, self.stack[-1] if self.stack else "")
        if spec.submodule_search_locations is not None:
            module.__path__ = list(spec.submodule_search_locations)
        if self.is_left_out(fqname, spec):
            return module
        self.stack.append(fqname)
        try:
            if kind in ("source", "zip"):
                source = spec.loader.get_source(fqname)
                if source is None:
                    self.scan_code(spec.loader.get_code(fqname), module)
                else:
                    self.scan_source(source, module, spec.origin)
            elif kind == "bytecode":
                self.scan_code(spec.loader.get_code(fqname), module)
            for name in self.request["lazy"].get(fqname, []):
                self.add_pattern(name, module)
        except (SyntaxError, ImportError) as error:
            self.leave_out(fqname, spec, error)
        finally:
            self.stack.pop()
        if any(is_inside(fqname, whole) for whole in self.wholes):
            self.collect(module)
        return module

    def leave_out(self, name, spec, error):
        """A module that cannot be read: of the application itself it is an error, elsewhere it is
        imported where that may fail."""
        if name in self.roots or not is_installed(spec.origin or ""):
            where = f"{spec.origin}, line {error.lineno}" if isinstance(error, SyntaxError) else spec.origin
            fail(f"{getattr(error, 'msg', error)} ({where}; is it for another version of Python?)")
        self.unreadable[name] = str(error)
        del self.modules[name], self.specs[name]
        raise ImportError(name)

    def scan_source(self, source, module, file):
        try:
            tree = ast.parse(source, file)
        except (ValueError, RecursionError) as error:
            raise SyntaxError(str(error)) from error
        name = module.__name__
        package = name if module.__path__ else name.rpartition(".")[0]
        statements = Statements(name, package, name in self.roots)
        statements.visit(tree)
        self.statements[name] = statements
        code = compile(tree, file, "exec", dont_inherit=True)
        if not statements.pruned:
            self.codes[name] = code
        self.scan_code(code, module)
        for name in statements.modules:
            self._safe_import_hook(name, module, None, 0)

    def find_all_submodules(self, m):
        """What `from package import *` imports: the modules that __all__ names."""
        statements = self.statements.get(m.__name__)
        return [name for name in (statements.all if statements and m.__path__ else [])
                if find_spec(f"{m.__name__}.{name}", m.__path__)]

    def _safe_import_hook(self, name, caller, fromlist, level=-1):
        """As modulefinder's, which takes a module that was not found for one of the same name in a
        package."""
        full = name
        if caller is not None and level > 0:
            package = caller.__name__ if caller.__path__ else caller.__name__.rpartition(".")[0]
            full = absolute_name("." * level + name, package)
        if self.try_import(full, name, caller, None, level):
            for sub in fromlist or []:
                self.try_import(f"{full}.{sub}", name, caller, [sub], level)

    def try_import(self, full, name, caller, fromlist, level):
        if caller is not None and self.is_never(caller.__name__, full):
            return False
        if full not in self.badmodules:
            try:
                self.import_hook(name, caller, fromlist, level=level)
                return True
            except ImportError:
                pass
        self._add_badmodule(full, caller)
        return False

    # ---- what is known besides ----

    def is_left_out(self, name, spec):
        """Whether no run has used it; what the application itself has goes in all the same."""
        return (self.used is not None and name not in self.used
                and name not in self.roots and is_installed(spec.origin or ""))

    def is_never(self, importer, name):
        """What a module imports for its tests and for shells only, by the tables."""
        for rule in self.request["never"]:
            if not any(is_inside(name, each) for each in rule["module"]):
                continue
            kind = {"standard library": self.is_standard, "installed": self.is_installed}
            if rule["importer"][0] in kind:
                if importer.partition(".")[0] not in rule["module"] and kind[rule["importer"][0]](importer):
                    return True
            elif any(fnmatch.fnmatchcase(importer, each) for each in rule["importer"]):
                return True
        return False

    def is_installed(self, name):
        spec, _ = self.specs.get(name, (None, ""))
        return spec is not None and is_installed(spec.origin or "")

    def is_standard(self, name):
        spec, _ = self.specs.get(name, (None, ""))
        return spec is not None and is_standard_file(spec.origin or "")

    def add(self, name, why):
        """A module asked for by name, with the packages it is in. Returns whether it is there."""
        self.stack.append(why)
        try:
            self.import_hook(name)
            return True
        except (ImportError, SyntaxError):
            return False
        finally:
            self.stack.pop()

    def add_pattern(self, name, module):
        """Modules by a name in which the last part may be a pattern."""
        package, _, pattern = name.rpartition(".")
        if "*" not in name:
            self._safe_import_hook(name, module, None, 0)
        elif not package:
            for each in submodules(self.path):
                if fnmatch.fnmatchcase(each, pattern):
                    self._safe_import_hook(each, module, None, 0)
        elif self.add(package, module.__name__):
            self.reach_all(package, lambda each: fnmatch.fnmatchcase(each, pattern), module.__name__)

    def collect(self, package):
        """Every module in a package; unlike pkgutil it imports none of them."""
        asked = any(is_inside(package.__name__, each) for each in self.request["collect"])
        for name in submodules(package.__path__ or []):
            if asked or name not in TESTS:
                self._safe_import_hook(f"{package.__name__}.{name}", package, None, 0)

    def take_whole(self, package):
        self.wholes.append(package)
        for name in sorted(each for each in self.specs if is_inside(each, package)):
            self.collect(self.modules[name])


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


# ---- what a run has used -------------------------------------------------------------------------

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


# ---- data and metadata ---------------------------------------------------------------------------

def is_data(name, request):
    if module_name(name) and not (name.startswith("lib") and name.endswith(".so")):
        return False
    return not any(fnmatch.fnmatchcase(name, pattern) for pattern in request["no_data"])


def data_of(folder, request):
    """Files in a package that are no modules; packages in it answer for themselves."""
    found = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in request["no_data"]):
            continue
        if os.path.isdir(path):
            is_package = os.path.isfile(os.path.join(path, "__init__.py"))
            found += [] if is_package or os.path.islink(path) else data_of(path, request)
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


def distribution_name(text):
    return re.sub(r"[-_.]+", "-", text).lower()


# ---- the answer ----------------------------------------------------------------------------------

def byte_code(source, path, code):
    """A compiled module that is trusted as it is (PEP 552, unchecked)."""
    code = code or compile(source, path, "exec", dont_inherit=True)
    return (importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
            + importlib.util.source_hash(source) + marshal.dumps(code))


def placed(file, keep_source):
    if keep_source:
        return importlib.util.cache_from_source(file, optimization="")
    return file + "c"


def describe_module(graph, name, request, blobs):
    spec, kind = graph.specs[name]
    module = {"name": name, "kind": kind, "by": graph.by.get(name, ""), "size": 0}
    if kind in ("source", "bytecode", "extension", "zip"):
        module["file"] = spec.origin if kind != "zip" else spec.loader.archive
        module["path"] = module["file"]
    if kind == "source":
        with open(spec.origin, "rb") as file:
            blobs.append(byte_code(file.read(), spec.origin, graph.codes.get(name)))
        module["path"] = placed(spec.origin, request["keep_source"])
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
    found = set()
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


def is_installed(path):
    return is_standard_file(path) or "/site-packages/" in path or "/dist-packages/" in path


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
    data += shared_data(graph, names)
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


def work(request):
    path, own = search_path(request)
    graph = Graph(request, path)
    used = with_parents(used_modules(request["used"], path))
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
        "libraries": libraries_of(graph, names),
        "missing": describe_missing(graph),
        "unreadable": [f"{name}: {why}" for name, why in sorted(graph.unreadable.items())],
    }, blobs)


def main():
    request = json.load(sys.stdin)
    if sys.path and sys.path[0] == "":
        del sys.path[0]
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
