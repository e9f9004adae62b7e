"""Edits a program at random: its code, its data, its environment and the package that it uses."""

import ast
import re
from itertools import pairwise

from .generator import INTEGERS, NAMES, WORDS, Program


class Edits:
    """Makes another program of a program, at random."""

    def __init__(self, choose):
        self.choose = choose

    def edited(self, program):
        """The kind of an edit, and the edited program; None where there is nothing of the kind."""
        kind = self.choose.choices([*WEIGHTS], WEIGHTS.values())[0]
        return kind, getattr(self, kind)(program)

    def tree(self, program):
        """A module, its text and its tree."""
        module = self.choose.choice([each for each in program.modules if program.files[each].strip()])
        text = program.files[module]
        return module, text, ast.parse(text)

    def replaced(self, program, pick):
        """The program with one of the pieces replaced that a function finds in a tree, as (node, text) pairs."""
        found = [(module, *each) for module in program.modules for each in pick(ast.parse(program.files[module]))]
        if not found:
            return None
        module, node, text = self.choose.choice(found)
        return program.with_file(module, spliced(program.files[module], node, text))

    def constant(self, program):
        """Change a constant anywhere: in code, in a file, in the environment."""
        found = [(module, node) for module in program.modules for node in constants(ast.parse(program.files[module]))]
        found += [(path, match) for path in program.data for match in re.finditer(r"\d+|[a-z]{3,}", program.files[path])]
        path, place = self.choose.choice(found)
        if isinstance(place, ast.Constant):
            return program.with_file(path, spliced(program.files[path], place, self.other(place.value)))
        text, old = program.files[path], place[0]
        new = str(self.other_number(int(old))) if old.isdigit() else self.choose.choice(WORDS)
        return program.with_file(path, text[: place.start()] + new + text[place.end() :])

    def other(self, value):
        """The text of a constant close to another."""
        match value:
            case bool():
                return self.choose.choice([str(not value), str(int(value))])
            case int():
                return self.choose.choice([str(self.other_number(value))] * 4 + [f"{value}.0", str(bool(value)), f"-{value}"])
            case str():
                return repr(self.choose.choice([f"{value}a", value[:-1], value.upper(), *WORDS]))
            case bytes():
                return repr(value + b"a")
            case float():
                return repr(self.choose.choice([value + 1, -value, 0.0]))
        return "0"

    def other_number(self, number):
        """Another small number."""
        return self.choose.choice([each for each in (number - 1, number + 1, number + 2, 0) if each >= 0 and each != number])

    def operator(self, program):
        """Use another operator, or swap its sides."""

        def pick(tree):
            for node in ast.walk(tree):
                match node:
                    case ast.BinOp(left, operator, right) if type(operator) in ARITHMETIC:
                        other = self.choose.choice([each for each in ARITHMETIC if each is not type(operator)])
                        yield node, f"({ast.unparse(ast.BinOp(left, other(), right))})"
                        yield node, f"({ast.unparse(ast.BinOp(right, operator, left))})"
                    case ast.Compare(left, [operator], [right]) if type(operator) in COMPARISONS:
                        other = self.choose.choice([each for each in COMPARISONS if each is not type(operator)])
                        yield node, f"({ast.unparse(ast.Compare(left, [other()], [right]))})"

        return self.replaced(program, pick)

    def helper(self, program):
        """Call another helper, of those that the module names."""
        known = {*program.names}

        def pick(tree):
            nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)]
            loaded = [node for node in nodes if isinstance(node.ctx, ast.Load)]
            named = [node for node in loaded if ast.unparse(node).rpartition(".")[2].rstrip("abc") in known]
            texts = sorted({ast.unparse(node) for node in named})
            yield from ((node, text) for node in named for text in texts if text != ast.unparse(node))

        return self.replaced(program, pick)

    def default(self, program):
        """Change a default argument."""

        def pick(tree):
            for node in ast.walk(tree):
                if isinstance(node, ast.arguments):
                    for default in filter(None, [*node.defaults, *node.kw_defaults]):
                        yield default, str(self.choose.choice([*INTEGERS, *INTEGERS, "[1, 2]", "abs", "None"]))

        return self.replaced(program, pick)

    def decorator(self, program):
        """Remove a decorator, add one, swap two, or use another one."""
        module, text, tree = self.tree(program)
        decorated = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        with_decorators = [node for node in decorated if node.decorator_list]
        if not decorated:
            return None
        node = self.choose.choice(with_decorators or decorated)
        lines = text.splitlines()
        old = [ast.unparse(each) for each in node.decorator_list]
        new = self.choose.choice([old[1:], old[::-1], [*old, "lru_cache(maxsize=None)"], ["partial(lambda f: f)", *old], old * 2])
        [(first, _)] = starts([node])
        body = node.lineno - 1
        made = [f"{' ' * node.col_offset}@{each}" for each in new]
        text = "\n".join([*lines[:first], *made, *lines[body:]]) + "\n"
        return program.with_file(module, f"from functools import lru_cache, partial\n{text}")

    def statement(self, program):
        """Add or remove a statement."""
        module, text, tree = self.tree(program)
        bodies = [node for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list) and node.body]
        node = self.choose.choice(bodies)
        at = self.choose.choice(node.body)
        lines = text.splitlines()
        [(first, _)] = starts([at])
        if self.choose.random() < 0.4 and len(node.body) > 1:
            return program.with_file(module, "\n".join([*lines[:first], *lines[at.end_lineno :]]) + "\n")
        if lines[first][: at.col_offset].strip():
            return None
        number, names = self.choose.choice(INTEGERS), [name for name in program.names if re.search(rf"\b{name}\b", text)]
        local = [each.arg for each in node.args.args if each.arg != "self"] if isinstance(node, ast.FunctionDef) else []
        added = ["import json", "unused = 1", f"import fakelib; fakelib.WIDTH = {number}"]
        if isinstance(node, ast.FunctionDef):
            added += [f"return {number}", "assert True", *(f"{name} += {number}" for name in local)]
        else:
            added += [f"import numpy; numpy.set_printoptions(precision={number})", *(f"{name} = {number}" for name in names[:2])]
        lines.insert(first, " " * at.col_offset + self.choose.choice(added))
        return program.with_file(module, "\n".join(lines) + "\n")

    def reorder(self, program):
        """Swap two statements that follow each other."""
        module, text, tree = self.tree(program)
        bodies = [node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list) and len(node.body) > 1]
        if not bodies:
            return None
        body = self.choose.choice(bodies)
        at = self.choose.randrange(len(body) - 1)
        lines = text.splitlines()
        spans = [first for first, _ in starts(body[at : at + 2])]
        end = body[at + 1].end_lineno
        if spans[0] == spans[1] or lines[spans[0]][: body[at].col_offset].strip():
            return None
        swapped = [*lines[: spans[0]], *lines[spans[1] : end], *lines[spans[0] : spans[1]], *lines[end:]]
        return program.with_file(module, "\n".join(swapped) + "\n")

    def siblings(self, program):
        """Swap two arguments, items or bases."""

        def pick(tree):
            for node in ast.walk(tree):
                for name in "args", "elts", "bases", "values":
                    items = getattr(node, name, None)
                    if isinstance(items, list) and not isinstance(node, ast.JoinedStr):
                        yield from pairwise(items)

        found = [(module, *each) for module in program.modules for each in pick(ast.parse(program.files[module]))]
        if not found:
            return None
        module, *pair = self.choose.choice(found)
        text = program.files[module]
        first, second = (ast.get_source_segment(text, each) for each in pair)
        return program.with_file(module, spliced(spliced(text, pair[1], first), pair[0], second))

    def rename(self, program):
        """Rename a definition, with all its uses."""
        name, new = self.choose.choice(program.names), f"{self.choose.choice(WORDS)}{self.choose.randint(100, 999)}"
        files = {re.sub(rf"\b{name}(?!\d)", new, path): text for path, text in program.files.items()}
        files |= {path: re.sub(rf"\b{name}(?!\d)", new, text) for path, text in files.items() if "site-packages" not in path}
        return Program(files, [new if each == name else each for each in program.names], program.times)

    def comment(self, program):
        """Add a comment, a docstring or blank lines."""
        module, text, tree = self.tree(program)
        at, lines = self.choose.choice(tree.body), text.splitlines()
        [(first, _)] = starts([at])
        lines.insert(self.choose.choice([first, at.end_lineno]), self.choose.choice(["# a remark", "\n\n", "# two\n# remarks"]))
        return program.with_file(module, "\n".join(lines) + "\n")

    def formatting(self, program):
        """Write a module in another format."""
        module, _, tree = self.tree(program)
        return program.with_file(module, ast.unparse(tree) + "\n")

    def file(self, program):
        """Add, remove, rename or touch a data file."""
        paths = [path for path in program.data if path != "environment"]
        path = self.choose.choice(paths)
        folder, _, name = path.rpartition("/")
        match self.choose.choice(["add", "remove", "rename", "touch", "copy", "same"]):
            case "add":
                return program.with_file(f"{folder}/new.txt" if folder else "new.txt", "1")
            case "remove":
                return program.with_file(path, None)
            case "rename":
                return program.with_file(path, None).with_file(f"{folder}/c{name}".lstrip("/"), program.files[path])
            case "touch":
                return Program(program.files, program.names, {path: 1_000_000_100})
            case "copy":
                return program.with_file(path, program.files[self.choose.choice(paths)])
            case "same":
                return program.with_file(path, program.files[path].translate(str.maketrans("123456789", "234567891")))

    def environment(self, program):
        """Change an environment variable."""
        lines = program.files.get("environment", "OTHER=1\n").splitlines()
        at = self.choose.randrange(len(lines))
        name, _, value = lines[at].partition("=")
        lines[at] = f"{name}={self.other_number(int(value)) if value.isdigit() else self.choose.choice(WORDS)}"
        if self.choose.random() < 0.2:
            lines.append(f"{name}{self.choose.randint(3, 9)}=more")
        return program.with_file("environment", "\n".join(lines) + "\n")

    def move(self, program):
        """Move a definition to another module, with what it imports."""
        large = [each for each in program.modules if program.files[each].count("\n\n") > 1]
        module = self.choose.choice(large or program.modules)
        imports, *paragraphs = program.files[module].rstrip("\n").split("\n\n")
        bound = {paragraph: names_bound(paragraph) for paragraph in paragraphs}
        free = [
            each for each in paragraphs
            if bound[each] and not re.search(r"\b(IN|result|__file__|globals)\b", each) and not {*NAMES} & bound[each]
            and not any(re.search(rf"\b{name}\b", each) for other in paragraphs if other != each for name in bound[other])
        ]  # fmt: skip
        if not free or not imports.startswith(("from ", "import ")):
            return None
        moved = self.choose.choice(free)
        folder = module.rpartition("/")[0]
        names = ", ".join(sorted(bound[moved]))
        line = f"from {folder.replace('/', '.') + '.' if folder else ''}moved import {names}"
        text = "\n\n".join([imports, *(line if each == moved else each for each in paragraphs)]) + "\n"
        return program.with_file(module, text).with_file(f"{folder}/moved.py".lstrip("/"), f"{imports}\n\n{moved}\n")

    def nothing(self, program):
        """Add what nothing uses."""
        module, text, _ = self.tree(program)
        added = self.choose.choice(["def unused(x): return x + 1", "UNUSED = 1", "class Unused: pass", "import json as unused"])
        return self.choose.choice([
            program.with_file(module, f"{text}\n{added}\n"), program.with_file("unused.py", f"{added}\n"),
            program.with_file("data/unused.txt", "1"),
        ])  # fmt: skip

    def package(self, program):
        """Install another version of the package."""
        code, metadata = "site-packages/fakelib/__init__.py", "site-packages/fakelib.dist-info/METADATA"
        text = program.files[code].replace("WIDTH = 3", f"WIDTH = {self.choose.choice(INTEGERS)}")
        return program.with_file(code, text).with_file(metadata, program.files[metadata].replace("1.0", "1.1"))


WEIGHTS = {  # kind of edit -> how often, relative to the others
    "constant": 12, "operator": 4, "helper": 4, "default": 2, "decorator": 3, "statement": 4, "reorder": 2, "siblings": 2,
    "rename": 1, "comment": 1, "formatting": 1, "file": 2, "environment": 1, "move": 2, "nothing": 1, "package": 1,
}  # fmt: skip
HARMLESS = {"rename", "comment", "formatting", "move", "nothing"}
ARITHMETIC = ast.Add, ast.Sub, ast.Mult, ast.BitXor, ast.BitOr
COMPARISONS = ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq


def constants(tree):
    """The constants of a tree, without those whose place is unknown in formatted texts."""
    formatted = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for inner in ast.walk(node)}
    return [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in formatted]


def spliced(text, node, new):
    """A text with the piece of a node replaced."""
    lines = text.splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    return text[:start] + new + text[end:]


def starts(body):
    """The statements of a body, each with the number of the line where it, or its first decorator, starts."""
    for node in body:
        yield min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]) - 1, node


def names_bound(paragraph):
    """The names that a paragraph of a module defines."""
    tree = ast.parse(paragraph)
    if any(not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign) for node in tree.body):
        return set()
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return {getattr(node, "name", "") for node in tree.body} - {""} | {name for name in stored if re.match(r"[a-z]+\d", name)}
