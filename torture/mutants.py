"""Changes of behaviour, made one at a time in a page and its module together: do the page and its tests fail?

`make torture ONLY=mutants` takes a seeded sample of 100 changes; `MUTANTS=20` makes it shorter, `SEED=2` takes other changes.
Each change is made in a temporary copy of the project. There pytest runs the page, then the tests that belong to its
module, up to the first failure. A change that nothing finds survives: it needs a test, or a reason in `equivalent_mutants.tsv`.
"""

import ast
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from queue import Queue

PROJECT = Path(__file__).parents[1]
ROOMS = "base", "cache", "io", "tracking", "workflow", "steps", "models", "api"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.tsv")
SECONDS = 600  # that the tests of one file may take; a change that makes them hang is found
ENOUGH = 0.85  # of the changes must be found

OPPOSITE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: a piece of the exported code of a page, and what replaces it."""

    page: str  # below `nbs`: cache/09_store
    kind: str
    definition: str  # the whole definition, as the page and the module hold it
    changed: str
    line: int  # in the module

    @property
    def module(self):
        room, _, name = self.page.rpartition("/")
        return f"iris_ml/{room}/{name.partition('_')[2]}.py"

    @property
    def difference(self):
        """The lines before and after, each as one line without its indentation."""
        before, after = self.definition.splitlines(), self.changed.splitlines()
        while before and after and before[0] == after[0]:
            before, after = before[1:], after[1:]
        while before and after and before[-1] == after[-1]:
            before, after = before[:-1], after[:-1]
        return tuple(" ".join(" ".join(lines).split()) for lines in (before, after))

    def __str__(self):
        before, after = self.difference
        return f"{self.module}:{self.line} ({self.kind}): {before}  →  {after}"


def changes(node, inside):
    """The changes of a node, as (kind, the node that is replaced, its new text); `inside` is the path to the node."""
    yield from changes_of_values(node, inside)
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in OPPOSITE:
            yield "comparison", node, ast.unparse(ast.Compare(node.left, [OPPOSITE[type(operator)]()], node.comparators))
        case ast.BoolOp():
            yield "and, or", node, f"({ast.unparse(ast.BoolOp(OPPOSITE[type(node.op)](), node.values))})"
        case ast.If() | ast.IfExp() | ast.While():
            yield "guard", node.test, f"not ({ast.unparse(node.test)})"
        case ast.Raise():
            yield "guard", node, "pass"
        case ast.Call(keywords=[_, *_]):
            for dropped in node.keywords:
                if dropped.arg:
                    kept = [keyword for keyword in node.keywords if keyword is not dropped]
                    yield "argument", node, ast.unparse(ast.Call(node.func, node.args, kept))
        case ast.Return() if not isinstance(inside[-1], ast.FunctionDef) and within(inside, ast.FunctionDef):
            yield "early return", node, "pass"


def changes_of_values(node, inside):
    """The changes of a constant or of a bound."""
    match node:
        case ast.Constant(value=bool()):
            yield "argument", node, str(not node.value)
        case ast.Constant(value=int() | float()):
            is_small = node.value == 0 or (isinstance(node.value, int) and node.value < 100)
            new = node.value + 1 if is_small else node.value * 100
            yield ("bound" if within(inside, ast.Slice) else "constant"), node, repr(new)
        case ast.Constant(value=str(text)) if text and " " not in text and not isinstance(inside[-1], ast.Expr):
            yield "constant", node, repr(f"{text}_")
        case ast.Slice():
            for bound in filter(None, [node.lower, node.upper]):
                if not isinstance(bound, ast.Constant):
                    yield "bound", bound, f"{ast.unparse(bound)} + 1"


def within(inside, kind):
    """Whether a node of the kind is on the path."""
    return any(isinstance(node, kind) for node in inside)


def unchanged(node):
    """Whether the node is left as it is: a text for people, which pages show, or an import."""
    shown = isinstance(node, ast.FunctionDef) and re.match(r"__repr__|__str__|_repr_\w+_", node.name)
    return bool(shown) or isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr)


def walk(node, inside=()):
    """Each node whose change would change behaviour, with the path to it."""
    yield node, inside
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "exc", "msg"}:  # `exc` is the error of a raise, whose text pages show
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not unchanged(child):
                yield from walk(child, (*inside, node))


def edited(text, node, new):
    """The text with the piece of this node replaced; None when the result is no code, or the same code."""
    lines = text.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    result = (text.encode()[:start] + new.encode() + text.encode()[end:]).decode()
    try:
        return result if ast.dump(ast.parse(result)) != ast.dump(ast.parse(text)) else None
    except SyntaxError:
        return None


def mutants(page, folder=PROJECT):
    """Every mutant of a page."""
    notebook = json.loads((folder / "nbs" / f"{page}.ipynb").read_text(encoding="utf-8"))
    module = (folder / Mutant(page, "", "", "", 0).module).read_text(encoding="utf-8")
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or not re.search(r"^#\|\s*exporti?\s*$", source, re.MULTILINE):
            continue
        for statement in ast.parse(source).body:
            first = min([statement.lineno, *(decorator.lineno for decorator in getattr(statement, "decorator_list", []))])
            definition = "\n".join(source.split("\n")[first - 1 : statement.end_lineno])
            if unchanged(statement) or module.count(definition) != 1:
                continue
            above = module[: module.index(definition)].count("\n")
            for node, inside in walk(ast.parse(definition).body[0]):
                for kind, replaced, new in changes(node, inside):
                    if changed := edited(definition, replaced, new):
                        yield Mutant(page, kind, definition, changed, above + replaced.lineno)


def sample(size, seed, folder=PROJECT, rooms=ROOMS):
    """Some mutants, of all kinds alike, and of each kind from all pages."""
    kinds = {}
    for page in sorted((folder / "nbs").rglob("[0-9]*.ipynb")):
        if page.parent.name in rooms:
            for mutant in mutants(f"{page.parent.name}/{page.stem}", folder):
                kinds.setdefault(mutant.kind, []).append(mutant)
    for kind in kinds:
        random.Random(f"{seed} {kind}").shuffle(kinds[kind])
    return [mutant for mutant in chain.from_iterable(zip_longest(*kinds.values())) if mutant][:size]


def belonging(mutant, folder=PROJECT):
    """What pytest runs for a mutant, quickest first: its page, the small tests, then the files that use its module or room."""
    module = mutant.module.removesuffix(".py").replace("/", ".")
    room = module.split(".")[1]
    scores = {}
    for file in sorted((folder / "tests").glob("test_*.py")):
        if file.stem in FORM:
            continue
        text = file.read_text(encoding="utf-8")
        imported = re.search(rf"\b{re.escape(module)}\b", text)
        if imported or f"iris_ml.{room}" in text or room in file.stem or room in TESTS.get(file.stem, ()):
            scores[f"tests/{file.name}"] = (file.stem != "test_strength", not imported, len(text))
    return [f"nbs/{mutant.page}.ipynb", *sorted(scores, key=scores.get)]


# Tests of the form of pages, of the layout and of the build: any edit, also one that changes nothing, may fail them.
FORM = {"test_mutants", "test_notebooks", "test_package", "test_rooms", "test_site"}
# Rooms that tests use through the command line, through a server, or through small projects in other processes.
TESTS = {
    "test_api": ("api", "models"),
    "test_cells": ("workflow", "tracking"),
    "test_changes": ("cache", "workflow"),
    "test_promotion": ("api", "models"),
    "test_records": ("tracking",),
    "test_strength": ROOMS,
}


def found_by(mutant, folder, seconds=SECONDS):
    """What finds the mutant in a copy of the project: the file that fails or hangs, or None when it survives."""
    page, module = folder / "nbs" / f"{mutant.page}.ipynb", folder / mutant.module
    before = {path: path.read_text(encoding="utf-8") for path in (page, module)}
    module.write_text(before[module].replace(mutant.definition, mutant.changed), encoding="utf-8")
    notebook = json.loads(before[page])
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace(mutant.definition, mutant.changed)
    page.write_text(json.dumps(notebook), encoding="utf-8")
    try:
        found = next((tests for tests in belonging(mutant, folder) if not passes(tests, folder, seconds)), None)
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")
    if found and found not in SOUND:
        if not passes(found, folder, seconds):
            raise RuntimeError(f"{found} fails without a change, so it can find none: correct it first")
        SOUND.add(found)
    return found


SOUND = set()  # files of tests that pass without a change


def passes(tests, folder, seconds):
    """Whether the tests of a file pass within the time, in a session of processes that ends with them."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    run = subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        return run.wait(seconds) in {0, 5}  # 5: pytest found no test
    except subprocess.TimeoutExpired:
        return False
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)


def equivalent():
    """The mutants that change nothing that a user could notice, as (module, before, after)."""
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines()[1:]
    return {tuple(line.split("\t")[:3]) for line in lines}


def surviving(chosen, workers=2):
    """Those of the mutants that nothing finds."""
    with tempfile.TemporaryDirectory() as folder:
        folders = Queue()
        for number in range(workers):
            ignored = shutil.ignore_patterns("__pycache__", ".venv", ".*_cache", ".iris_ml", "_docs", "build")
            folders.put(shutil.copytree(PROJECT, Path(folder, str(number)), ignore=ignored))

        def judged(mutant):
            copy = folders.get()
            try:
                found = found_by(mutant, copy)
            finally:
                folders.put(copy)
            print(f"{found or 'SURVIVES'}: {mutant}", file=sys.stderr, flush=True)
            return found

        with ThreadPoolExecutor(workers) as pool:
            return [mutant for mutant, found in zip(chosen, pool.map(judged, chosen), strict=True) if not found]


def sampled():
    """Make a sample of changes, and refuse when too few of them are found."""
    chosen = sample(int(os.environ.get("MUTANTS", "100")), int(os.environ.get("SEED", "1")))
    known = equivalent()
    left = [mutant for mutant in surviving(chosen) if (mutant.module, *mutant.difference) not in known]
    for mutant in left:
        print(f"SURVIVES: {mutant}", flush=True)
    enough = len(chosen) - len(left) >= ENOUGH * len(chosen)
    return len(chosen), 0 if enough else len(left), f"{len(chosen) - len(left)} found"


CAMPAIGNS = {"changes of behaviour in the core, the models and the API": sampled}
