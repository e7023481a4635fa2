"""Files that an application finds by its own place: data, programs that it starts, plugins that it loads.

Fifth part of the program that answer.py ends. The files are those that are there now; the folder of a
module itself, and those it is in, are taken only where they are listed.
"""

import ast
import glob
import os

ALL_OF_IT = ("*", "**", "*.*")


class Beside:
    """Of a Graph: follows the paths that the application's own modules make."""

    def note_places(self, places, tree, name):
        for folder, is_first in places.search_folders(tree):
            if os.path.isdir(folder):
                self.searched.add(folder)
                if folder not in self.path:
                    self.path.insert(0 if is_first else len(self.path), folder)
                    self.longest.clear()
        for path in places.files_named(tree):
            self.named.setdefault(path, name)

    def follow_named(self):
        for path in sorted(set(self.named) - self.followed):
            self.followed.add(path)
            by = self.named[path]
            for found in matching(path):
                if os.path.isfile(found):
                    self.take_file(found, by, is_named="*" not in path)
                elif os.path.isdir(found) and not self.is_too_much(found, by):
                    self.take_folder(found, by)

    def is_too_much(self, folder, by):
        """A folder that modules are looked for in, that the one naming it is in, or that is another
        interpreter's."""
        inside = [self.specs[by][0].origin or "", self.request["script"] or "", os.getcwd() + "/"]
        return (folder in self.searched or os.path.isfile(os.path.join(folder, "pyvenv.cfg"))
                or is_installed(folder + "/") or any(each.startswith(folder.rstrip("/") + "/") for each in inside))

    def take_folder(self, folder, by):
        self.beside.update(data_of(folder, self.request))
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), "**", "*.py"), recursive=True)):
            self.take_source(path, by)

    def take_file(self, path, by, is_named):
        name = os.path.basename(path)
        if path.endswith(".py"):
            self.take_source(path, by)
        elif not name.startswith(".") and (is_named or is_data(name, self.request)):
            self.beside.add(path)

    def take_source(self, path, by):
        """A module by its file, which is there as a file as well, with what it imports."""
        if path == self.request["script"]:
            return
        name = self.name_of_file(path)
        with open(path, "rb") as file:
            source = file.read()
        try:
            ast.parse(source)
        except (SyntaxError, ValueError):
            name = None
        if name and self.reach(name, by) and self.specs[name][0].origin == path:
            self.kept.add(path)
            return
        self.beside.add(path)
        self.follow_program(source, by)

    def name_of_file(self, path):
        """The name by which a folder of sys.path has it, or None."""
        for folder in sorted(self.path, key=len, reverse=True):
            if path.startswith(folder + "/"):
                parts = path[len(folder) + 1:-len(".py")].split("/")
                parts = parts[:-1] if parts[-1] == "__init__" else parts
                return ".".join(parts) if parts and all(map(str.isidentifier, parts)) else None
        return None


def matching(path):
    """The files and folders that a path with unknown parts may be: a folder, where its end is unknown."""
    while "*" in path and os.path.basename(path) in ALL_OF_IT:
        path = os.path.dirname(path)
    return sorted(glob.glob(path, recursive=True)) if "*" in path else [path]
