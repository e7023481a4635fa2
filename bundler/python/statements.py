"""What the source of a Python module says of the modules, data and libraries it uses.

Third part of the program that answer.py ends: conditions that are known here, import statements with
what is around them, and calls and texts that name modules (followed in hints.py).
"""

import ast
import os
import re
import sys

CONDITIONAL, DELAYED, OPTIONAL = "conditional", "delayed", "optional"

# `package.module`, `.module` of the own package, `module:attribute`, as settings and lazy imports
# have them. A single word names a module only where one is asked for.
DOTTED = re.compile(r"\.{0,2}[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_][\w.]*)?(\(.*\))?")
NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

IMPORTS = ("import_module", "__import__")
LIBRARIES = ("CDLL", "PyDLL", "LoadLibrary", "find_library")
# Whose first argument is a package that data is read from.
RESOURCES = ("files", "PackageLoader", "get_data", "read_text", "read_binary", "open_text", "open_binary",
             "contents", "is_resource", "resource_filename", "resource_string", "resource_stream",
             "resource_listdir", "resource_exists")
# Whose first argument is an installed distribution.
DISTRIBUTIONS = ("version", "distribution", "metadata", "requires", "get_distribution", "require")


def known_value(test, module):
    """What a condition is on every machine like this one and in a module imported by this name, or None."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        value = known_value(test.operand, module)
        return None if value is None else not value
    if "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", "")):
        return False
    nodes = list(ast.walk(test))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    allowed = {"platform", "startswith", "version_info", "name"}
    if not names or not names <= {"sys", "os", "__name__"} or not attributes <= allowed:
        return None
    if "name" in attributes and "sys" in names or not attributes and "__name__" not in names:
        return None
    kinds = (ast.Compare, ast.Call, ast.Name, ast.Attribute, ast.Constant, ast.Tuple, ast.Load,
             ast.cmpop, ast.Subscript, ast.Slice, ast.UnaryOp, ast.USub, ast.BoolOp, ast.boolop)
    if not all(isinstance(node, kinds) for node in nodes):
        return None
    try:
        code = compile(ast.fix_missing_locations(ast.Expression(test)), "<test>", "eval")
        return bool(eval(code, {"__builtins__": {}},  # only the names above
                         {"sys": sys, "os": os, "__name__": module}))
    except Exception:  # pylint: disable=broad-except  # whatever it is, it is not known
        return None


NOTHING_IN_IT = (ast.Name, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.arg)


class Statements(ast.NodeVisitor):
    """How a module imports what it imports, and what it uses by a name that stands in it.

    Conditions that are known here become constants, so that the compiler leaves out what they do."""

    def __init__(self, module, package, is_run, places):
        self.places = places  # what names in it stand for
        self.is_run = is_run  # by the interpreter: `if __name__ == "__main__"` holds
        self.module = module
        self.package = package
        self.how = {}  # name: the conditions of each statement that imports it
        self.attributes = {}  # `module.name` of `from module import name`, no module maybe: module
        self.all = []  # names in __all__
        self.modules = []  # importlib.import_module("name")
        self.libraries = []  # ctypes.CDLL("name"), find_library("name")
        self.names = set()  # texts that may name a module
        self.started = []  # [sys.executable, "-m", "name"]
        self.programs = []  # [sys.executable, "-c", "program"]
        self.makes = False  # imports by a name made at run time
        self.made = set()  # (package, beginning) of such names
        self.resources = set()  # packages that data is read from
        self.distributions = set()  # importlib.metadata.version("name")
        self.groups = set()  # entry_points(group="name")
        self.points = set()  # (group, name) of load_entry_point("distribution", "group", "name")
        self.moved = {}  # of six: name in six.moves: module
        self.paths = set()  # absolute paths
        self.listed = set()  # packages whose modules it asks pkgutil for; "" is one that is not known
        self.versions = {}  # of typelibs: gi.require_version("name", "version")
        self.starts_itself = False  # sys.executable is in it
        self.pruned = False
        self.around = []

    def generic_visit(self, node):
        for field in node._fields:
            value = getattr(node, field, None)
            for each in value if isinstance(value, list) else (value,):
                if isinstance(each, ast.AST) and not isinstance(each, NOTHING_IN_IT):
                    self.visit(each)

    def inside(self, node, condition):
        self.around.append(condition)
        self.generic_visit(node)
        self.around.pop()

    def visit_If(self, node):  # pylint: disable=invalid-name
        value = None if self.is_run else known_value(node.test, self.module)
        if value is None:
            return self.inside(node, CONDITIONAL)
        self.pruned = True
        node.test = ast.copy_location(ast.Constant(value), node.test)
        for each in node.body if value else node.orelse:
            self.visit(each)

    def visit_Try(self, node):  # pylint: disable=invalid-name
        self.inside(node, OPTIONAL) if node.handlers else self.generic_visit(node)

    def visit_FunctionDef(self, node):  # pylint: disable=invalid-name
        self.inside(node, DELAYED)

    visit_AsyncFunctionDef = visit_FunctionDef

    def note(self, name):
        self.how.setdefault(name, set()).add(tuple(sorted(set(self.around))))

    def visit_Import(self, node):  # pylint: disable=invalid-name
        for alias in node.names:
            parts = alias.name.split(".")
            for count in range(1, len(parts) + 1):
                self.note(".".join(parts[:count]))

    def visit_ImportFrom(self, node):  # pylint: disable=invalid-name
        base = node.module or ""
        if node.level:
            package = self.package.split(".")
            base = ".".join(package[:len(package) - node.level + 1] + [base]).strip(".")
        self.note(base)
        for alias in node.names:
            for written in (base, node.module or ""):
                self.attributes[f"{written}.{alias.name}".strip(".")] = base
            self.note(f"{base}.{alias.name}")

    def note_all(self, targets, value):
        if value is not None and any(getattr(each, "id", "") == "__all__" for each in targets):
            self.all += [node.value for node in ast.walk(value)
                         if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        self.generic_visit(ast.Expr(value or ast.Constant(None)))

    def visit_Assign(self, node):  # pylint: disable=invalid-name
        self.note_all(node.targets, node.value)

    def visit_AugAssign(self, node):  # pylint: disable=invalid-name
        self.note_all([node.target], node.value)

    visit_AnnAssign = visit_AugAssign

    def visit_Call(self, node):  # pylint: disable=invalid-name
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        first = node.args[0] if node.args else None
        if called in IMPORTS and first is not None:
            self.note_import(first, node.args[1] if called == "import_module" and node.args[1:] else None)
        elif called in ("iter_modules", "walk_packages"):
            self.note_listing(node)
        elif called != "extend_path" and any(getattr(each, "id", "") == "__path__"
                                             for word in node.args for each in ast.walk(word)):
            self.listed.add(self.package)  # what is given its own path looks there for modules
        elif called in ("MovedModule", "MovedAttribute"):
            words = [getattr(each, "value", None) for each in node.args[:3]]
            self.moved.update({words[0]: (words * 3)[2]} if words else {})
        elif called == "load_entry_point" and len(node.args) == 3:
            words = [text_of(each) for each in node.args]
            self.distributions.add(words[0].partition("==")[0])
            self.points.add((words[1], words[2]))
        elif called == "require_version" and len(node.args) == 2:
            self.versions[text_of(node.args[0])] = text_of(node.args[1])
        elif called in ("entry_points", "iter_entry_points", "select"):
            groups = [each.value for each in node.keywords if each.arg == "group"] + node.args[:1]
            self.groups.update(text for each in groups for text in self.texts(each))
        elif called in LIBRARIES:
            self.libraries += [(called, text) for text in self.texts(first)]
        elif called in RESOURCES:
            self.resources.update(self.texts(first))
        elif called in DISTRIBUTIONS:
            self.distributions.update(re.split(r"[\s\[<>=!~;]", text)[0] for text in self.texts(first))
        self.note_command(node.args)
        self.generic_visit(node)

    def texts(self, node):
        """The texts that an expression may be: as it stands there, or by a name that is given one."""
        if node is None or text_of(node):
            return [text_of(node)] if node is not None else []
        return [text for text in self.places().texts(node) if text]

    def note_listing(self, node):
        """A package that pkgutil is asked what is in it: by its __path__, which may be one of a parameter."""
        for each in ast.walk(node):
            if getattr(each, "id", "") == "__path__":
                self.listed.add(self.package)
            elif getattr(each, "attr", "") == "__path__":
                module = self.places().modules.get(getattr(each.value, "id", ""), "")
                self.listed.add(absolute_name(module, self.package))

    def note_import(self, name, package):
        """What is imported by an expression, and the package it is relative to."""
        names = self.texts(name)
        if package is not None and names and names[0].startswith("."):
            packages = [text for text, whole in [self.beginning(package)] if whole] or self.texts(package)
            names = [absolute_name(each, text) for each in names for text in packages]
        for each in names:
            if not each.startswith("."):
                self.modules.append(each)
                self.around.append(DELAYED)
                self.note(each)
                self.around.pop()
        begin, whole = self.beginning(name)
        if names or whole and not begin.startswith("."):
            return
        self.makes = True
        if begin.startswith("."):
            self.made.add((self.package, begin.lstrip(".").rpartition(".")[2]))

    def beginning(self, node):
        """How a text begins that an expression makes, and whether that is all of it."""
        if text_of(node):
            return node.value, True
        if getattr(node, "id", "") in ("__name__", "__package__"):
            return (self.module if node.id == "__name__" else self.package), True
        if isinstance(node, ast.FormattedValue):
            return self.beginning(node.value)
        if isinstance(node, ast.JoinedStr):
            return self.beginning_of_all(node.values)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self.beginning_of_all([node.left, node.right])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and text_of(node.left):
            values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            parts = node.left.value.split("%s")
            begin, whole = self.beginning(values[0]) if not parts[0] and values else (parts[0], False)
            return (begin + parts[1], False) if whole and len(parts) > 1 else (begin, False)
        return "", False

    def beginning_of_all(self, nodes):
        text = ""
        for node in nodes:
            begin, whole = self.beginning(node)
            text += begin
            if not whole:
                return text, False
        return text, True

    def note_command(self, words):
        """What an interpreter is given to run, in a list or as arguments."""
        for option, word in zip(words, words[1:]):
            if text_of(option) == "-m" and NAME.fullmatch(text_of(word)):
                self.started.append(word.value)
            elif text_of(option) == "-c" and text_of(word):
                self.programs.append(word.value)

    def visit_List(self, node):  # pylint: disable=invalid-name
        self.note_command(node.elts)
        self.generic_visit(node)

    visit_Tuple = visit_List

    def visit_Attribute(self, node):  # pylint: disable=invalid-name
        self.starts_itself = self.starts_itself or node.attr == "executable"
        self.generic_visit(node)

    def visit_JoinedStr(self, node):  # pylint: disable=invalid-name
        self.note_made(node)
        for each in node.values:
            if isinstance(each, ast.FormattedValue):  # the texts in it are no names
                self.visit(each)

    def visit_BinOp(self, node):  # pylint: disable=invalid-name
        self.note_made(node)
        self.generic_visit(node)

    def note_made(self, node):
        package, dot, begin = self.beginning(node)[0].rpartition(".")
        if dot and NAME.fullmatch(package) and (not begin or NAME.fullmatch(begin)):
            self.made.add((package, begin))

    def visit_Constant(self, node):  # pylint: disable=invalid-name
        text = text_of(node)
        if text.startswith("/"):
            self.paths.add(text)
        elif ("." in text or ":" in text) and DOTTED.fullmatch(text):
            self.names.add(text)


def text_of(node):
    """A text that stands there as it is, or nothing."""
    value = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else ""
