"""Random programs of steps, edited at random: is a result that is reused ever another than a run without a store gives?

A *program* is made from `grammar.py`: definitions in several modules that use each other, their data, and steps that use them.
An *edit* makes another program of it. Both run over one store, in new processes: before, before, after, after, before. Each
result is compared with the one of a run without a store, in a folder and a process of its own.

`python -m torture.programs SEED` shows a program, its edit, and both answers of each run; with `reduce`, of the smallest
program that still shows the fault.
"""

import ast
import gc
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from difflib import unified_diff
from importlib import import_module
from pathlib import Path
from textwrap import indent

from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell

from .grammar import CHANGES, DEFINITIONS, EXPRESSIONS, IMPORTS, INPUTS, PACKAGE, STEPS, productions
from .grammar import KINDS as KINDS_OF_TEXT

MODULES = ["pkg/__init__.py", "pkg/low.py", "pkg/sub/__init__.py", "pkg/sub/deep.py", "pkg/mid.py", "tools.py", "rules.py", "steps.py"]
NAMES = ["raw", "rows", "features", "train", "model", "scores"]  # of steps
WORDS = ["petal", "sepal", "stem", "leaf", "root", "bud", "thorn", "moss", "fern", "bark"]
INTEGERS = [0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9]
ALL = [*productions(DEFINITIONS)]
STEP_BODIES = {kind: [*productions(text)] for kind, text in STEPS.items()}


@dataclass
class Definition:
    """What a production became: where it stands, and how it is used."""

    name: str
    module: str
    uses: list[str]
    word: str
    only_inside: bool
    times: int = 0  # that it is used
    reference: str = ""  # its name in another module
    kind: str = ""  # one of `CHANGES`


@dataclass
class Program:
    """Files by their paths, and the names that their definitions have."""

    files: dict[str, str]
    names: list[str]
    times: dict[str, int] = field(default_factory=dict)  # file -> its time of modification, if it is not the usual one

    @property
    def modules(self):
        """The project's own code."""
        return sorted(path for path in self.files if path.endswith(".py") and "site-packages" not in path)

    @property
    def data(self):
        """The other files that a program reads."""
        return sorted(path for path in self.files if not path.endswith(".py") and "site-packages" not in path)

    def with_file(self, path, text):
        """The program with another text in a file; None removes it."""
        files = {**self.files, path: text}
        return Program({path: text for path, text in files.items() if text is not None}, self.names, self.times)


class Maker:
    """Makes a program: definitions from the bottom up, and steps that use what nothing else uses yet."""

    def __init__(self, choose):
        self.choose = choose
        self.imports = {module: {} for module in MODULES}  # module -> lines, in their order
        self.paragraphs = {module: [] for module in MODULES}
        self.exported = []  # what a package passes on
        self.definitions, self.files = [], {}
        self.known = ALL if choose.random() < 0.5 else [each for each in ALL if not each.only_inside]

    def program(self):
        """Make a program."""
        count = self.choose.randint(4, 12)
        for module in sorted(self.choose.choices(MODULES, k=count), key=MODULES.index):
            self.define(module)
            if self.choose.random() < 0.2:
                self.change(module)
        self.steps(self.choose.randint(2, 5))
        settings = {"iris.toml": f'seed = {self.choose.randint(0, 9)}\ntarget = "{self.choose.choice(WORDS)}"\n'}
        modules = {module: self.text(module) for module in MODULES}
        return Program(PACKAGE | modules | self.files | settings, [each.name for each in self.definitions])

    def text(self, module):
        """The text of a module, with what it imports."""
        body = "\n\n".join(self.paragraphs[module])
        names = set(re.findall(r"\b[A-Za-z_]\w*", body))
        lines = [*sorted({IMPORTS[name] for name in names & {*IMPORTS}}), *self.imports[module]]
        passed_on = self.exported if module == "pkg/__init__.py" else []
        return "\n\n".join(filter(None, ["\n".join(lines), body, "\n".join(passed_on)])) + "\n"

    def define(self, module):
        """Add a definition to a module."""
        made = self.choose.choice(self.known)
        name = f"{self.choose.choice(WORDS)}{len(self.definitions)}"
        kind = next((kind for start, kind in KINDS_OF_TEXT.items() if made.text.startswith(start)), "")
        definition = Definition(name, module, made.uses, self.choose.choice(WORDS), made.only_inside, kind=kind)
        self.paragraphs[module].append(self.filled(made.text, definition))
        here = module.rpartition("/")[0]
        for path, text in made.files.items():
            path = path.replace("HERE/", f"{here}/" if here else "")
            self.files[self.filled(path, definition)] = self.files.get(path, "") + self.filled(text, definition)
        self.definitions.append(definition)

    def change(self, module):
        """Add a statement that changes an earlier definition, maybe of another module."""
        known = [each for each in self.definitions if each.kind]
        if not known:
            return
        other = self.choose.choice(known)
        text = self.choose.choice(CHANGES[other.kind].strip("\n").split("\n\n"))
        dotted = other.module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if "HOME" in text:
            if other.module == module:
                return
            self.imports[module][f"import {dotted}"] = True
        at = Definition(f"{other.name}{self.choose.choice('xyz')}", module, [other.name], self.choose.choice(WORDS), False)
        text = text.replace("OTHER_", f"{at.name}_").replace("HOME", dotted).replace("LAST", other.name)
        self.paragraphs[module].append(self.filled(text.replace("OTHER", self.reference(other, module, None)), at))

    def filled(self, text, at, inputs=(), depth=0):
        """A production with all that its placeholders stand for, at the place of a definition."""
        inside, lines = "INSIDE" in text, []
        named = re.sub('(["\'.])NAME', rf"\1{at.name}", text).replace("NAME", at.reference or at.name).replace("WORD", at.word)
        named = re.sub(r"<([^<>\n ]+\|[^<>\n ]+)>", lambda found: self.choose.choice(found[1].split("|")), named)

        def piece(found):
            match found[0]:
                case "INT":
                    return str(self.choose.choice(INTEGERS))
                case "POS":
                    return str(self.choose.randint(1, 9))
                case "OP":
                    return self.choose.choice(["+", "-", "*", "+", "-", "*", "^", "|"])
                case "CMP":
                    return self.choose.choice(["<", "<=", ">", ">=", "==", "!="])
                case "IN":
                    return self.choose.choice(inputs)
                case "NOW":
                    return self.expression(at, depth, is_now=True)
                case _:
                    return self.expression(at, depth, lines=lines if inside else None)

        text = re.sub(r"INT|POS|\bOP\b|\bCMP\b|\bIN\b|\bNOW\b|\bEXPR\b", piece, named)
        return re.sub(r"^( *)INSIDE\n", lambda found: "".join(f"{found[1]}{line}\n" for line in lines), text, flags=re.MULTILINE)

    def expression(self, at, depth=0, is_now=False, lines=None):
        """An expression: a number, a use of a definition, or one of several of these."""
        chance = self.choose.random()
        known = [each for each in self.definitions if not (is_now and each.only_inside)]
        if known and depth < 4 and chance < 0.65:
            return self.use(self.wanted(known), at, depth, is_now, lines)
        if depth < 3 and chance < 0.85:
            form = self.choose.choice(EXPRESSIONS)
            here = Definition(at.name, at.module, [], self.choose.choice(WORDS), False)
            text = self.filled(form.replace("EXPR", "NOW") if is_now else form, here, depth=depth + 1)
            at.only_inside |= here.only_inside
            return text
        return str(self.choose.choice(INTEGERS))

    def wanted(self, known):
        """A definition that few others use yet."""
        fewest = min(each.times for each in known)
        chosen = self.choose.choice([each for each in known if each.times == fewest] if self.choose.random() < 0.8 else known)
        chosen.times += 1
        return chosen

    def use(self, used, at, depth, is_now, lines):
        """An expression that uses a definition."""
        at.only_inside |= used.only_inside
        use = self.choose.choice(used.uses)
        place = Definition(used.name, at.module, [], used.word, False, reference=self.reference(used, at.module, lines))
        text = self.filled(use.replace("EXPR", "NOW") if is_now else use, place, depth=depth + 1)
        at.only_inside |= place.only_inside
        return f"({text})"

    def reference(self, used, module, lines):
        """The name of a definition in another module, which imports it in one of many ways."""
        if used.module == module:
            return used.name
        path = used.module.removesuffix(".py").removesuffix("/__init__")
        dotted, here = path.replace("/", "."), module.rpartition("/")[0]
        name, alias = used.name, f"{used.name}{self.choose.choice('abc')}"
        ways = [
            (f"from {dotted} import {name}", name),
            (f"from {dotted} import {name} as {alias}", alias),
            (f"import {dotted}", f"{dotted}.{name}"),
            (f"import {dotted} as {path.rpartition('/')[2]}_", f"{path.rpartition('/')[2]}_.{name}"),
            (f"import {dotted}", f"getattr({dotted}, '{name}')"),
            (f"import {dotted}", f"vars({dotted})['{name}']"),
            (f"from {dotted} import *", name),
        ]
        if here == path:
            ways += [(f"from . import {name}", name), (f"from . import {name} as {alias}", alias)]
        elif here and used.module.startswith(f"{here}/"):
            inner = path.removeprefix(f"{here}/").replace("/", ".")
            ways += [(f"from .{inner} import {name}", name), (f"from .{inner} import {name} as {alias}", alias)]
        elif here == "pkg/sub" and path not in ("pkg", "pkg/sub"):
            inner = path.removeprefix("pkg/").replace("/", ".")
            ways += [(f"from ..{inner} import {name}", name), (f"from .. import {inner}", f"{inner}.{name}")]
        elif not here and path.startswith("pkg/"):
            ways += [(f"from pkg import {name}", name), ("import pkg as p", f"p.{name}")]
        line, text = self.choose.choice(ways)
        if line in (f"from pkg import {name}", "import pkg as p") and path != "pkg":
            passed_on = f"from .{path.removeprefix('pkg/').replace('/', '.')} import {name}"
            self.exported += [passed_on] if passed_on not in self.exported else []
        if lines is not None and "*" not in line and self.choose.random() < 0.6:
            lines += [line] if line not in lines else []
        else:
            self.imports[module][line] = True
        return text

    def steps(self, count):
        """Add the steps: each asks for some of those above it, the last for all that none has asked for."""
        kinds, asked = {}, set()
        for name in [*NAMES[: count - 1], "result"]:
            kind = self.choose.choice(["int", "int", "int", *STEP_BODIES]) if name != "result" else self.choose.choice(["int", "str", "dict"])
            needs = self.choose.sample(sorted(kinds), min(len(kinds), self.choose.choice([0, 1, 1, 2])))
            if name == "result":
                needs = sorted({*kinds} - asked)
            asked |= {*needs}
            arguments = {need: kinds[need] for need in needs}
            if self.choose.random() < 0.25:
                arguments |= self.choose.choice([{"seed": "int"}, {"target": "str"}])
            self.paragraphs["steps.py"] += self.step(name, kind, arguments)
            kinds[name] = kind

    def step(self, name, kind, arguments):
        """The paragraphs of a step."""
        made = self.choose.choice(STEP_BODIES[kind])
        at = Definition(f"{name}_", "steps.py", [], self.choose.choice(WORDS), False)
        chosen = [(each, self.choose.choice(INPUTS.get(each, INPUTS.get(of)).splitlines())) for each, of in arguments.items()]
        values = [f"({text.replace('ARG', each)})" for each, text in chosen]
        unused = [each for each in self.definitions if not each.times][: self.choose.randint(1, 4)]
        for each in unused:
            each.times += 1
        lines = []
        values += [self.use(each, at, 1, False, lines) for each in unused]
        number = f"({' OP '.join(values)})" if values else "INT"
        before = [self.filled(text.rstrip("\n"), at) for path, text in made.files.items() if path == "before"]
        self.files |= {path: text for path, text in made.files.items() if path != "before"}
        body = "\n".join([*lines, self.filled(re.sub(r"\bIN\b", lambda _: number, made.text), at)])
        signature = ", ".join(f"{each}: {f'{each}_Model' if of == 'object' else of}" for each, of in arguments.items())
        gives = f"{at.name}Model" if kind == "object" else kind
        return [*before, f"def {name}({signature}) -> {gives}:\n{indent(body, '    ')}"]


class Edits:
    """Makes another program of a program, at random."""

    def __init__(self, choose):
        self.choose = choose

    def edited(self, program):
        """The kind of an edit, and the edited program; None where there is nothing of the kind."""
        kind = self.choose.choices([*KINDS], KINDS.values())[0]
        return kind, getattr(self, kind)(program)

    def tree(self, program):
        """A module, its text and its tree."""
        module = self.choose.choice([each for each in program.modules if program.files[each].strip()])
        text = program.files[module]
        return module, text, ast.parse(text)

    def replaced(self, program, pick):
        """The program with one of the pieces replaced that a function finds in a tree, as (node, text) pairs."""
        found = [
            (module, node, text) for module in program.modules for node, text in pick(ast.parse(program.files[module]))
        ]
        if not found:
            return None
        module, node, text = self.choose.choice(found)
        return program.with_file(module, spliced(program.files[module], node, text(node) if callable(text) else text))

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
            loads = [node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)]
            named = [node for node in loads if (node.id if isinstance(node, ast.Name) else node.attr).rstrip("abc") in known]
            texts = sorted({ast.unparse(node) for node in named})
            yield from ((node, text) for node in named for text in texts if text != ast.unparse(node))

        return self.replaced(program, pick)

    def default(self, program):
        """Change a default argument."""

        def pick(tree):
            for node in ast.walk(tree):
                if isinstance(node, ast.arguments):
                    for default in filter(None, [*node.defaults, *node.kw_defaults]):
                        yield default, str(self.choose.choice([*INTEGERS, "[1, 2]", "abs", "None"][: -3 if self.choose.random() < 0.9 else None]))

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
        added = [*(f"{name} += {number}" for name in local), "import json", "unused = 1", f"import fakelib; fakelib.WIDTH = {number}"]
        if isinstance(node, ast.FunctionDef):
            added += [f"return {number}", "assert True"]
        else:
            added += [f"{name} = {number}" for name in names[:2]]
            added += ["import numpy; numpy.set_printoptions(precision=2)", f"import fakelib; fakelib.OPTIONS.update(WIDTH={number})"]
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
                    if isinstance(items, list) and len(items) > 1 and not isinstance(node, ast.JoinedStr):
                        for first, second in zip(items, items[1:], strict=False):
                            yield first, (second, ast.unparse(second))

        found = [(module, *each) for module in program.modules for each in pick(ast.parse(program.files[module]))]
        if not found:
            return None
        module, first, (second, _) = self.choose.choice(found)
        text = program.files[module]
        one, two = (ast.get_source_segment(text, each) for each in (first, second))
        return program.with_file(module, spliced(spliced(text, second, one), first, two))

    def rename(self, program):
        """Rename a definition, with all its uses."""
        name, new = self.choose.choice(program.names), f"{self.choose.choice(WORDS)}{self.choose.randint(100, 999)}"
        files = {re.sub(rf"\b{name}\b", new, path): renamed(text, name, new, path) for path, text in program.files.items()}
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
        module, text, tree = self.tree(program)
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
        module = self.choose.choice([each for each in program.modules if len(program.files[each].split("\n\n")) > 2] or program.modules)
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
        text = program.files["site-packages/fakelib/__init__.py"].replace("WIDTH = 3", f"WIDTH = {self.choose.choice(INTEGERS)}")
        metadata = program.files["site-packages/fakelib.dist-info/METADATA"].replace("1.0", "1.1")
        return program.with_file("site-packages/fakelib/__init__.py", text).with_file("site-packages/fakelib.dist-info/METADATA", metadata)


KINDS = {  # kind of edit -> how often, relative to the others
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


def renamed(text, name, new, path):
    """A text with a name replaced, and the names that begin with it."""
    return text if "site-packages" in path else re.sub(rf"\b{name}(?!\d)", new, text)


def starts(body):
    """The statements of a body, each with the number of the line where it, or its first decorator, starts."""
    for node in body:
        yield min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]) - 1, node


def names_bound(paragraph):
    """The names that a paragraph of a module defines."""
    tree = ast.parse(paragraph)
    if any(not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign) for node in tree.body):
        return set()
    stored = {node.id for each in tree.body for node in ast.walk(each) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return {getattr(node, "name", "") for node in tree.body} - {""} | {name for name in stored if re.match(r"[a-z]+\d", name)}


def shown(value):
    """A value as a text that no option of a package changes."""
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

    match value:
        case pd.DataFrame():
            columns = [shown(value.iloc[:, place]) for place in range(value.shape[1])]
            return f"table {[*value.columns]!r} {[*value.index]!r} {value.index.names} {columns}"
        case pd.Series():
            return f"{value.dtype!r} {[*map(repr, value.tolist())]}"
        case np.ndarray() | np.generic():
            return f"{value.dtype.str} {value.shape} {value.tolist()!r}"
        case BaseEstimator():
            return f"{type(value).__name__} { {name: shown(inner) for name, inner in sorted(vars(value).items())} }"
        case dict():
            return f"{ {shown(name): shown(inner) for name, inner in value.items()} }"
        case list() | tuple():
            return f"{type(value).__name__} {[*map(shown, value)]}"
    return repr(value)


def answered(folder, files, times, checkpoints, form="module"):
    """Bring a folder to a program, run it in a new process, and return what each step gave and how."""
    folder = Path(folder)
    for path in sorted(folder.rglob("*"), reverse=True):
        if ".iris_ml" not in path.parts and path.is_file() and str(path.relative_to(folder)) not in files:
            path.unlink()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
        os.utime(folder / path, (times.get(path, 1e9),) * 2)
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        signal.alarm(60)
        for stream in sys.stdout, sys.stderr:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        with os.fdopen(writer, "w") as pipe:
            json.dump(results(folder, files.get("environment", ""), checkpoints, form), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        given = pipe.read()
    os.waitpid(child, 0)
    return json.loads(given or '{"error": "the process died"}')


def results(folder, environment, checkpoints, form):
    """What each step of the program in a folder gives, and how."""
    from iris_ml.workflow.workflow import Workflow

    os.chdir(folder)
    sys.path[:0] = [str(folder), str(folder / "site-packages")]
    os.environ.update(line.split("=", 1) for line in environment.splitlines())
    try:
        steps = vars(import_module("steps")) if form == "module" else cells(folder / "steps.py")
        run = Workflow(*(steps[name] for name in [*NAMES, "result"] if name in steps)).run(progress=False, checkpoints=checkpoints)
        return {
            "values": {name: shown(run[name]) for name in run},
            "how": {name: result.how for name, result in run.results.items()},
            "notes": {name: result.note for name, result in run.results.items()},
        }
    except Exception:
        return {"error": traceback.format_exc()}


def cells(path):
    """The names that a notebook has when its cells, the statements of a module, have run."""
    shell, lines = InteractiveShell.instance(), path.read_text(encoding="utf-8").splitlines()
    for first, node in starts(ast.parse("\n".join(lines)).body):
        shell.run_cell("\n".join(lines[first : node.end_lineno]), store_history=True).raise_error()
    path.unlink()
    return shell.user_ns


def serve():
    """Answer requests, one line each, until the input ends."""
    HistoryManager.enabled = False  # it runs in a thread, which no fork takes along
    InteractiveShell.instance()

    for package in ("iris_ml.workflow.workflow", "iris_ml.io.readers", "pyarrow", "sklearn.dummy", "sklearn.linear_model",
                    "sklearn.pipeline", "sklearn.preprocessing", "skops.io", "asyncio"):  # fmt: skip
        import_module(package)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(answered(*json.loads(line))), flush=True)


class Server:
    """A process that runs programs in children of its own, with one order of sets and texts."""

    def __init__(self, seed):
        environment = {name: text for name, text in os.environ.items() if not name.startswith("IRIS_ML")}
        command = [sys.executable, "-B", "-c", "from torture.programs import serve; serve()"]  # -B: edits keep a file's time
        environment |= {"PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()

    def run(self, folder, program, checkpoints=True, form="module"):
        """Run a program in a folder, as a module or as a notebook."""
        with self.lock:
            print(json.dumps([str(folder), program.files, program.times, checkpoints, form]), file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.wait()


@dataclass
class Trial:
    """A program, its edit, and what their runs gave."""

    seed: int
    kind: str
    before: Program
    after: Program
    truths: dict[str, dict]  # side -> what a run without a store gives
    stages: list[dict] = field(default_factory=list)
    again: Counter = field(default_factory=Counter)  # programs and edits that failed by themselves, and were made again

    @property
    def matters(self):
        """Whether the edit changes a result."""
        return self.truths["before"]["values"] != self.truths["after"]["values"]

    @property
    def wrong(self):
        """The stages and steps that gave something else than a run without a store."""
        for number, (side, stage) in enumerate(zip(SIDES, self.stages, strict=True), 1):
            truth = self.truths[side]["values"]
            for name in truth:
                if stage.get("values", {}).get(name) != truth[name]:
                    yield number, name

    @property
    def reused(self):
        """How many results were reused where nothing had changed, and how many there are."""
        how = [how for stage in (1, 3, 4) for how in self.stages[stage].get("how", {}).values()]
        return how.count("reused"), len(how)


SIDES = "before", "before", "after", "after", "before"


def made(seed, servers):
    """Make a program and an edit that fail with no store."""
    choose, again = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as folder:
        while "error" in (truth := servers[0].run(f"{folder}/before", before := Maker(choose).program(), False)):
            again["programs"] += 1
            shutil.rmtree(f"{folder}/before")
        drawn = choose.choice([1, 4, 8])  # edits; the first that changes a result is taken, or else the last
        while True:
            try:
                kind, after = Edits(choose).edited(before)
            except SyntaxError:
                continue
            if after is None or after == before:
                continue
            truth_after = servers[0].run(f"{folder}/after{again.total()}", after, False)
            drawn -= 1
            if "error" in truth_after:
                again["edits"] += 1
            elif truth_after["values"] != truth["values"] or drawn <= 0:
                return Trial(seed, kind, before, after, {"before": truth, "after": truth_after}, again=again)


def tried(seed, servers):
    """Make a program and an edit, and run them over one store."""
    return run_over_store(made(seed, servers), servers)


def run_over_store(trial, servers):
    """Run a program and its edit over one store, in processes whose sets have different orders."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {"before": trial.before, "after": trial.after}
        is_notebook = trial.seed % 4 == 0 and not any("__file__" in program.files["steps.py"] for program in sides.values())
        trial.stages = [
            servers[number % 2].run(folder, sides[side], form="notebook" if is_notebook and number in (1, 3) else "module")
            for number, side in enumerate(SIDES)
        ]
    return trial


def is_repeatable(trial, servers):
    """Whether both programs give the same in every process with no store."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {"before": trial.before, "after": trial.after}
        return all(
            server.run(f"{folder}/{side}{number}", sides[side], False) == trial.truths[side]
            for side in sides for number, server in enumerate(servers)
        )  # fmt: skip


def random_programs(count, first=0):
    """Run random programs; how many, how many gave a wrong result, and what they were like."""
    servers = [Server(1), Server(2)]
    total, failures = Counter(), []
    try:
        with ThreadPoolExecutor(len(servers)) as pool:
            orders = [servers, servers[::-1]]
            for trial in pool.map(lambda seed: tried(seed, orders[seed % 2]), range(first, first + count)):
                total += trial.again
                reused, results = trial.reused
                total += Counter(reused=reused, results=results, matters=trial.matters)
                if [*trial.wrong]:
                    if is_repeatable(trial, servers):
                        failures.append(trial)
                        print(f"seed {trial.seed}, {trial.kind}: {[*trial.wrong]}", file=sys.stderr, flush=True)
                    else:
                        total["unrepeatable"] += 1
                        print(f"seed {trial.seed}: not repeatable", file=sys.stderr, flush=True)
    finally:
        for server in servers:
            server.close()
    return count, len(failures), summary(total, count)


def summary(total, count):
    """The figures of a campaign in a line."""
    shares = {
        "of the results reused where nothing changed": total["reused"] / max(total["results"], 1),
        "of the edits changed a result": total["matters"] / count,
        "of the programs made again": total["programs"] / (count + total["programs"]),
        "of the edits made again": total["edits"] / (count + total["edits"]),
    }
    return ", ".join([f"{share:.0%} {what}" for what, share in shares.items()] + [f"{total['unrepeatable']} not repeatable"])


def show(trial):
    """Print a program, its edit, and the answers of each run."""
    for path in sorted({*trial.before.files, *trial.after.files}):
        before, after = (program.files.get(path, "").splitlines() for program in (trial.before, trial.after))
        if "site-packages" not in path or before != after:
            lines = [*unified_diff(before, after, path, path, n=999, lineterm="")][3:] or [f" {line}" for line in before]
            print(f"--- {path}", *lines, sep="\n")
    print(f"--- {trial.kind}; times {trial.after.times}")
    for number, (side, stage) in enumerate(zip(SIDES, trial.stages, strict=True), 1):
        print(f"--- run {number}, {side}", stage.get("error", ""))
        for name, truth in trial.truths[side]["values"].items():
            given, how = stage.get("values", {}).get(name), stage.get("how", {}).get(name)
            print(f"{name}: {given} {'=' if given == truth else '!= ' + truth} ({how}) {stage.get('notes', {}).get(name)}")


def smallest(trial, servers):
    """The smallest program and edit that still give a wrong result: what both have is left out, a piece at a time."""
    changed = True
    while changed:
        changed = False
        for path in sorted(trial.before.files):
            if path in (trial.after.files if "site-packages" not in path else ()):
                for pieces in re.split(r"(\n\n)", trial.before.files[path]), re.split(r"(?<=\n)", trial.before.files[path]):
                    for piece in sorted({*filter(str.strip, pieces)}, key=len, reverse=True):
                        for new in replacements(piece):
                            if smaller := still_wrong(trial, path, piece, new, servers):
                                trial, changed = smaller, True
                                break
    return trial


def replacements(piece):
    """Shorter texts for a piece of a program."""
    yield ""
    if piece.startswith(" ") or "\n" not in piece.strip():
        try:
            tree = ast.parse(piece.strip())
        except SyntaxError:
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.BinOp | ast.Call | ast.IfExp | ast.Subscript | ast.Attribute):
                for inner in ["1", *(ast.unparse(each) for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr))]:
                    yield piece[: len(piece) - len(piece.lstrip())] + spliced(piece.strip(), node, inner) + piece[len(piece.rstrip()) :]


def still_wrong(trial, path, piece, new, servers):
    """The trial with a piece replaced on both sides, if it is still wrong; None otherwise."""
    before, after = (program.files.get(path, "") for program in (trial.before, trial.after))
    if before.count(piece) != 1 or after.count(piece) != 1 or piece == new:
        return None
    sides = {
        "before": trial.before.with_file(path, before.replace(piece, new)),
        "after": trial.after.with_file(path, after.replace(piece, new)),
    }
    if max(len(text) for text in sides["before"].files.values()) > 99999:
        return None
    with tempfile.TemporaryDirectory() as folder:
        truths = {side: servers[0].run(f"{folder}/{side}", sides[side], False) for side in sides}
    if any("error" in truth for truth in truths.values()):
        return None
    smaller = run_over_store(Trial(trial.seed, trial.kind, sides["before"], sides["after"], truths), servers)
    fails = {"error" in stage for stage in trial.stages} == {"error" in stage for stage in smaller.stages}
    return smaller if fails and [*smaller.wrong] and is_repeatable(smaller, servers) else None


def main(seed, *words):
    """Show the program of a seed."""
    servers = [Server(1), Server(2)]
    order = servers[:: -1 if int(seed) % 2 else 1]
    trial = tried(int(seed), order)
    show(smallest(trial, order) if words == ("reduce",) and [*trial.wrong] else trial)
    for server in servers:
        server.close()


CAMPAIGNS = {"random programs, edited at random": lambda: random_programs(2000)}

if __name__ == "__main__":
    main(*sys.argv[1:])
