"""The graph of imports: modulefinder's, with what it does not know.

Seventh part of the program that answer.py ends.
"""

import _imp
import ast
import fnmatch
import functools
import importlib.machinery as machinery
import importlib.util
import modulefinder
import os
import sys


class Graph(Hints, Beside, Typelibs, modulefinder.ModuleFinder):
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
        self.named = {}  # path that an expression makes of its module's place: that module
        self.followed = set()  # of those
        self.searched = set()  # folders that the application adds to sys.path
        self.kept = set()  # source files that are read or listed, too
        self.beside = set()  # data files by such paths
        self.typelibs = set()  # files
        self.loaded = set()  # (library, module): what those name
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
        if kind == "source" and any(is_inside(fqname, each) for each in self.request["sources"]):
            self.kept.add(spec.origin)
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
            elif kind == "extension":
                self.scan_source_beside(spec.origin, module)
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
        script = self.request["script"] or file
        places = functools.lru_cache(None)(lambda: Places(tree, file, script))
        statements = Statements(name, package, name in self.roots, places)
        if not is_installed(file) and any(word in source for word in ("__file__", "sys.path", "sys.argv")):
            self.note_places(places(), tree, name)
        statements.visit(tree)
        # Trees are large, and of few modules asked for later: these are read again.
        statements.places = lambda: Places(ast.parse(source, file), file, script)
        self.statements[name] = statements
        code = compile(tree, file, "exec", dont_inherit=True, optimize=self.request["optimize"])
        if not statements.pruned:
            self.codes[name] = code
        self.scan_code(code, module)
        for name in statements.modules:
            self._safe_import_hook(name, module, None, 0)

    def scan_source_beside(self, file, module):
        """What an extension imports, by the source that it was compiled from, where that lies beside it."""
        source = os.path.join(os.path.dirname(file), (module_name(os.path.basename(file)) or "") + ".py")
        if is_standard_file(file) or not os.path.isfile(source):
            return
        try:
            with open(source, "rb") as text:
                self.scan_source(importlib.util.decode_source(text.read()), module, source)
        except (SyntaxError, ValueError):
            pass

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
