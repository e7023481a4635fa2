"""Modules that a Python application reaches by names in its sources, its extensions and its metadata.

Fourth part of the program that answer.py ends. What import statements do not tell: settings and lazy
imports name modules in texts, extension modules import by names in their data, [sys.executable,
"-m", …] starts others, plugins are registered as entry points. A name counts only where it is a
module that is there, so that a wrong guess costs a file, never a failure.
"""

import ast
import os
import re
import sys

# A name of its own between zeros, as compilers lay texts down.
IN_EXTENSION = re.compile(rb"\0([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)(?=\0)")
LONGEST = 80  # of a module's name in an extension
TESTS = ("test", "tests", "testing", "conftest", "__main__")


class Hints:
    """Of a Graph: follows names until they lead to nothing new."""

    def follow_hints(self):
        followed, size = set(), -1
        while size != len(self.specs):
            size = len(self.specs)
            for name in sorted(set(self.specs) - followed):
                if not self.is_standard(name):
                    self.follow(name)
                followed.add(name)
            # Texts may name what only others have reached.
            for name in sorted(self.statements):
                if not self.is_standard(name):
                    self.follow_texts(name)
            self.follow_packages()
            self.follow_named()

    def follow(self, name):
        spec, kind = self.specs[name]
        if self.is_left_out(name, spec):
            return
        if kind == "extension":
            self.follow_extension(name, spec.origin)
        statements = self.statements.get(name)
        if statements is None:
            return
        for each in sorted(statements.resources):
            self.reach(each, name)
        for package, begin in sorted(statements.made) if statements.makes else []:
            self.follow_made(package, begin, name)
        if statements.starts_itself:
            for each in statements.started:
                self.reach(each, name)
                self.reach(each + ".__main__", name)
            for program in statements.programs:
                self.follow_program(program, name)
        for each in sorted(statements.listed):
            self.follow_listed(each, name)
        for each in sorted(statements.how):
            moved = re.fullmatch(r"(?:.*\.)?six\.moves\.(\w+)(.*)", each)
            if moved:
                self.follow_moved(*moved.groups(), name)
            extern = re.fullmatch(r"(.*)\.extern\.(.*)", each)  # setuptools' way to its own copies
            if extern:
                self.reach("{}._vendor.{}".format(*extern.groups()), name)
        self.follow_points(statements, name)
        self.follow_repository(statements, name)

    def reach(self, name, by):
        """Adds the module of this name, if there is one. Returns whether there is."""
        if name in self.specs:
            return True
        if not name or self.is_never(by, name) or self.longest_module(name) != name:
            return False
        return self.add(name, by)

    def longest_module(self, name):
        """The longest beginning of a dotted name that is a module, found without reading it."""
        if name in self.longest:
            return self.longest[name]
        self.longest[name] = found = self.search_longest(name)
        return found

    def search_longest(self, name):
        found, path = "", None
        for part in name.split("."):
            full = f"{found}.{part}" if found else part
            try:
                spec = self.specs[full][0] if full in self.specs else self.spec_of(full, path)[0]
            except ImportError:
                return found
            found = full
            if spec.submodule_search_locations is None:
                return found
            path = list(spec.submodule_search_locations)
        return found

    # ---- texts in sources ----

    def follow_texts(self, by):
        statements = self.statements[by]
        is_own = not is_installed(self.specs[by][0].origin or "")
        for text in sorted(statements.names):
            name = absolute_name(text.partition(":")[0].partition("(")[0], statements.package)
            if name.partition(".")[0] not in self.specs and not is_own:
                continue
            module = self.longest_module(name)
            if module and module not in self.specs and self.is_meant(text, name, module):
                self.reach(module, by)

    def is_meant(self, text, name, module):
        """Whether a text names this module: README.md hardly names a module README of a package that
        nothing has reached."""
        if module.partition(".")[0] in self.specs:
            return True
        origin = self.spec_of(module.partition(".")[0], None)[0].origin or ""
        if not is_installed(origin):
            return origin != self.request["script"]
        return ":" in text or "." in module or name.rpartition(".")[2][:1].isupper()

    def follow_program(self, program, by):
        """What a program behind -c imports."""
        try:
            nodes = list(ast.walk(ast.parse(program)))
        except (SyntaxError, ValueError):
            return
        for node in nodes:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                self.reach(name, by)

    def follow_made(self, package, begin, by):
        """Modules of a package that are imported by names of which the beginning is known."""
        if not package or self.is_never(by, package) or self.longest_module(package) != package:
            return
        self.reach(package, by)
        if package in self.specs:
            self.reach_all(package, lambda name: name.startswith(begin) and name not in TESTS, by)

    def follow_listed(self, package, by):
        """The modules that pkgutil finds in a package: of those it imports, where that is a parameter."""
        if not package:
            for each in sorted(set(self.statements[by].places().modules.values())):
                name = absolute_name(each, self.statements[by].package)
                if name in self.specs and self.modules[name].__path__ and not self.is_installed(name):
                    self.follow_listed(name, by)
        elif package in self.specs or self.reach(package, by):
            self.reach_all(package, lambda name: name not in TESTS, by)
            for name in submodules(self.modules[package].__path__ or []):
                if f"{package}.{name}" in self.specs and self.modules[f"{package}.{name}"].__path__:
                    self.follow_listed(f"{package}.{name}", by)

    def reach_all(self, package, is_wanted, by):
        """The modules that lie in a package, not those of packages in it."""
        for name in submodules(self.modules[package].__path__ or []):
            if is_wanted(name):
                self.reach(f"{package}.{name}", by)

    def follow_moved(self, name, rest, by):
        """A module that six.moves has under another name."""
        for six in sorted(each for each in self.statements if each.rpartition(".")[2] == "six"):
            module = "urllib" if name == "urllib" else self.statements[six].moved.get(name)
            if module:
                self.reach(self.longest_module(module + rest), by)

    # ---- extensions ----

    def follow_extension(self, name, file):
        with open(file, "rb") as extension:
            data = extension.read()
        top, package = name.partition(".")[0], name.rpartition(".")[0]
        words = {word.decode() for word in IN_EXTENSION.findall(data) if len(word) <= LONGEST}
        is_cython = b"__pyx_" in data
        for word in sorted(words):
            if "." in word:
                if word.partition(".")[0] not in self.specs or not self.reach(word, name):
                    self.reach_relative(word, package, name)
            elif word not in TESTS and not (package and self.reach(f"{package}.{word}", name)):
                if word.startswith("_") or is_cython and self.is_imported_by_cython(word, file):
                    self.reach(word, name)
        if b"pyo3" in data and package:  # texts of Rust have no ends
            for word in self.modules_below(top):
                if word.encode() in data:
                    self.reach(word, name)

    def reach_relative(self, word, package, by):
        """A name with dots as seen from one of the packages around."""
        while package and not self.reach(f"{package}.{word}", by):
            package = package.rpartition(".")[0]

    def is_imported_by_cython(self, word, file):
        """Of the standard library, or a module beside it where it is in no package."""
        beside = os.path.join(os.path.dirname(file), word)
        if not is_installed(file) and (os.path.isfile(beside + ".py") or os.path.isdir(beside)):
            return True
        never = next((rule["module"] for rule in self.request["never"]
                      if rule["importer"] == ["standard library"]), [])
        return word in getattr(sys, "stdlib_module_names", ()) and word not in never and len(word) > 1

    def modules_below(self, package):
        """Every module in a package and in the packages in it."""
        found, folders = [], [(package, folder) for folder in self.modules[package].__path__ or []]
        for name, folder in folders:
            for each in submodules([folder]):
                found.append(f"{name}.{each}")
                if os.path.isdir(os.path.join(folder, each)):
                    folders.append((found[-1], os.path.join(folder, each)))
        return found

    # ---- packages that belong together ----

    def follow_packages(self):
        """Packages with files by which a framework knows its applications, and imports by their names."""
        for framework, marks in self.request["applications"].items():
            for name in sorted(self.specs) if framework in self.specs else []:
                folders = [] if name in self.wholes else self.modules[name].__path__ or []
                if any(os.path.isfile(os.path.join(folder, mark)) for folder in folders for mark in marks):
                    self.take_whole(name)

    def follow_points(self, statements, by):
        """The modules of plugins that installed distributions register for a group."""
        wanted = statements.groups - {"console_scripts"}
        for folder, group, name, module in self.entry_points() if wanted or statements.points else []:
            if group in wanted or (group, name) in statements.points:
                if self.reach(module, by):
                    self.plugins.add(folder)

    def entry_points(self):
        for folder in metadata_folders(self.path):
            group = ""
            for line in lines_of(os.path.join(folder, "entry_points.txt")):
                name, is_point, module = line.partition("=")
                if line.startswith("["):
                    group = line.strip("[] ")
                elif is_point:
                    yield folder, group, name.strip(), re.split(r"[\s:\[]", module.strip())[0]
