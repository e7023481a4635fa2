"""Paths that the source of a Python module makes of its own place: os.path.join(HERE, "data.json").

Second part of the program that answer.py ends. What is known of a path only when it runs is `*` in
it, as for glob.
"""

import ast
import os

# Calls and methods that leave a path what it is, as far as it matters here.
SAME = ("abspath", "realpath", "normpath", "fspath", "expanduser", "str", "Path", "PurePath", "PosixPath",
        "resolve", "absolute", "as_posix")
# What changes where modules are looked for.
SEARCH = ("insert", "append", "extend")
LISTING = ("listdir", "scandir", "walk", "iterdir")
AT_MOST = 16  # values of one expression
UNKNOWN = "*"
MARK = "\0"  # in front of a path that begins at the module's own place


class Places:
    """What the expressions of one module may be, whichever of its assignments counts.

    `file` is the module's own, `script` the application's."""

    def __init__(self, tree, file, script):
        self.file, self.script = file, script
        self.assigned = {}  # name: expressions
        self.modules = {}  # name: the module that an import statement gives it
        self.known = {}  # what an expression may be, by its identity
        for node in ast.walk(tree):
            self.note(node)

    def note(self, node):
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            for target in getattr(node, "targets", None) or [node.target]:
                self.assigned.setdefault(name_of(target), []).append(node.value)
        elif isinstance(node, (ast.For, ast.comprehension)):
            self.assigned.setdefault(name_of(node.target), []).extend(self.items(node.iter))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                self.modules[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                dot = "." if node.module else ""
                self.modules[alias.asname or alias.name] = base + dot + alias.name

    def items(self, node):
        """What a list or a tuple has in it, as expressions."""
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return node.elts
        lists = self.assigned.get(name_of(node), []) if not isinstance(node, ast.Call) else []
        return [item for each in lists if isinstance(each, (ast.List, ast.Tuple, ast.Set)) for item in each.elts]

    # ---- what an expression may be ----

    def texts(self, node):
        """The texts that an expression is for certain."""
        return sorted(text for text in self.values(node) if UNKNOWN not in text and MARK not in text)

    def paths(self, node):
        """The paths at its own place that an expression may be, normal, with `*` for what is unknown."""
        found = {os.path.normpath(text[len(MARK):]) for text in self.values(node) if text.startswith(MARK)}
        return sorted(path for path in found if path.startswith("/"))

    def values(self, node):
        """Texts, with a mark in front of those that begin at the own place; one of all of what is not known."""
        if id(node) not in self.known:
            self.known[id(node)] = {UNKNOWN}  # where it is made of itself: text = text + "more"
            found = getattr(self, "of_" + type(node).__name__, lambda _: {UNKNOWN})(node)
            self.known[id(node)] = set(sorted(found)[:AT_MOST]) or {UNKNOWN}
        return self.known[id(node)]

    def of_Constant(self, node):  # pylint: disable=invalid-name
        return {node.value} if isinstance(node.value, str) else {UNKNOWN}

    def of_Name(self, node):  # pylint: disable=invalid-name
        if node.id == "__file__":
            return {MARK + self.file}
        return {text for each in self.assigned.get(node.id, []) for text in self.values(each)}

    def of_Attribute(self, node):  # pylint: disable=invalid-name
        if node.attr == "parent":
            return self.above(node.value, 1)
        if node.attr in ("pardir", "curdir", "sep"):
            return {getattr(os, node.attr)}
        if node.attr == "__file__" and getattr(node.value, "id", "") == "__main__":
            return {MARK + self.script}
        is_own = getattr(node.value, "id", "") in ("self", "cls")
        return {text for each in self.assigned.get(node.attr, []) if is_own for text in self.values(each)}

    def of_Subscript(self, node):  # pylint: disable=invalid-name
        index = getattr(node.slice, "value", None)
        index = getattr(index, "value", index)  # as Python 3.8 has it
        if index == 0 and is_of_sys(node.value, "path"):
            return {MARK + os.path.dirname(self.script)}
        if index == 0 and is_of_sys(node.value, "argv"):
            return {MARK + self.script}
        if isinstance(index, int) and getattr(node.value, "attr", "") == "parents":
            return self.above(node.value.value, index + 1)
        if index == 0 and isinstance(node.value, ast.Call) and name_of(node.value.func) == "split":
            return self.above(node.value.args[0], 1) if node.value.args else set()
        return set()

    def of_BinOp(self, node):  # pylint: disable=invalid-name
        if isinstance(node.op, ast.Div):
            return self.joined([node.left, node.right])
        return self.concatenated([node.left, node.right]) if isinstance(node.op, ast.Add) else set()

    def of_JoinedStr(self, node):  # pylint: disable=invalid-name
        return self.concatenated(node.values)

    def of_FormattedValue(self, node):  # pylint: disable=invalid-name
        return self.values(node.value)

    def of_BoolOp(self, node):  # pylint: disable=invalid-name
        return {text for each in node.values for text in self.values(each)}

    def of_IfExp(self, node):  # pylint: disable=invalid-name
        return self.values(node.body) | self.values(node.orelse)

    def of_Call(self, node):  # pylint: disable=invalid-name
        called, owner = name_of(node.func), getattr(node.func, "value", None)
        if called in SAME and (node.args or owner is not None):
            found = self.joined(node.args or [owner])
            return set(map(real, found)) if called in ("realpath", "resolve") else found
        if called == "dirname" and node.args:
            return self.above(node.args[0], 1)
        if called == "join" and node.args and not isinstance(owner, ast.Constant):
            return self.joined(node.args)
        if called in ("joinpath", "glob", "rglob") and node.args and self.is_placed(owner):
            return self.joined([owner] + (["**"] if called == "rglob" else []) + node.args)
        if called in ("with_name", "with_suffix") and len(node.args) == 1:
            return self.renamed(called, owner, node.args[0])
        return set()

    def is_placed(self, node):
        return node is not None and any(text.startswith(MARK) for text in self.values(node))

    def above(self, node, count):
        found = set()
        for text in self.values(node):
            if text.startswith(MARK):
                text = os.path.normpath(text[len(MARK):])
                for _ in range(count):
                    text = os.path.dirname(text)
                found.add(MARK + text)
        return found

    def renamed(self, called, owner, new):
        found = set()
        for text in self.values(owner):
            folder, name = os.path.split(text)
            for each in self.values(new) if text.startswith(MARK) else []:
                found.add(os.path.join(folder, each if called == "with_name" else os.path.splitext(name)[0] + each))
        return found

    def joined(self, nodes):
        return self.combined(nodes, lambda left, right: right if right.startswith(MARK)
                             else os.path.join(left, right))

    def concatenated(self, nodes):
        return self.combined(nodes, lambda left, right: left + right.replace(MARK, ""))

    def combined(self, nodes, combine):
        found = None
        for node in nodes:
            values = {node} if isinstance(node, str) else self.values(node)
            found = values if found is None else {combine(left, right) for left in found for right in values}
            found = set(sorted(found)[:AT_MOST])
        return found or set()

    # ---- what it does with them ----

    def search_folders(self, tree):
        """Folders that it adds to sys.path: (path, whether in front)."""
        found = []
        for node in ast.walk(tree):
            found += [(folder, is_first) for each, is_first in added_to_path(node)
                      for item in self.items(each) or [each] for folder in self.paths(item)]
        return found

    def files_named(self, tree):
        """Every path at its own place that an expression of it is."""
        found = set()
        for node in ast.walk(tree):
            if isinstance(node, (ast.Call, ast.BinOp, ast.JoinedStr)):
                found.update(self.paths(node))
            if isinstance(node, ast.Call) and name_of(node.func) in LISTING:
                listed = node.args[0] if node.args else getattr(node.func, "value", None)
                found.update(os.path.join(path, "*.py") for path in self.paths(listed))
        return sorted(found)


def real(text):
    return MARK + os.path.realpath(text[len(MARK):]) if text.startswith(MARK) else text


def name_of(node):
    return getattr(node, "attr", getattr(node, "id", ""))


def is_of_sys(node, name):
    return getattr(node, "attr", "") == name and getattr(getattr(node, "value", None), "id", "") == "sys"


def added_to_path(node):
    """Expressions, a list's as a list, that a statement adds to sys.path, and whether in front."""
    if isinstance(node, ast.Call):
        called, owner = name_of(node.func), getattr(node.func, "value", None)
        if called == "addsitedir" and node.args or called in SEARCH and node.args and is_of_sys(owner, "path"):
            return [(node.args[-1], called == "insert")]
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = getattr(node, "targets", None) or [node.target]
        if any(is_of_sys(getattr(each, "value", None) if isinstance(each, ast.Subscript) else each, "path")
               for each in targets):
            parts = [node.value.left, node.value.right] if isinstance(node.value, ast.BinOp) else [node.value]
            return [(each, isinstance(node, ast.Assign)) for each in parts if isinstance(each, ast.List)]
    return []
