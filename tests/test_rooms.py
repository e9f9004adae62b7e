"""The pages read like a book, and each room keeps to what it may touch.

A page's number orders it, and the number's first digit is its room. The rules read the pages and their modules and
import nothing; each takes the project's folder and gives one sentence for each thing that breaks it.
"""

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent

NOTEBOOK_TOOLS = {"execnb", "fastcore", "ghapi", "ipykernel", "jupyter_client", "nbdev", "nbformat"}
WEB = {"fastapi", "flask", "httpx", "requests", "starlette", "streamlit", "uvicorn"}
DISK = {"glob", "io", "os", "pathlib", "shelve", "shutil", "sqlite3", "tempfile"}
NETWORK = {"ftplib", "http", "smtplib", "socket", "ssl", "urllib"}
CLOCK = {"datetime", "sched", "time"}
ENVIRONMENT = {"argparse", "getpass", "platform", "subprocess", "sys"}
TRACKING = {"logging", "mlflow", "rich"}
FILES_IN_PANDAS = {"read_csv", "read_json", "read_parquet", "read_pickle", "read_table", "to_csv", "to_parquet", "to_pickle"}
FLOWERS = re.compile("sepal|petal|species|setosa|versicolor|virginica", re.IGNORECASE)


@dataclass(frozen=True)
class Room:
    """What the modules of a room never import and never call."""

    name: str
    never_imports: frozenset = frozenset()
    never_calls: frozenset = frozenset()


ROOMS = {
    "0": Room("Vocabulary", frozenset({"numpy", "pandas", "sklearn"})),
    "1": Room(
        "Science",
        frozenset(DISK | NETWORK | WEB | CLOCK | ENVIRONMENT | TRACKING | {"random", "secrets", "uuid"}),
        frozenset({"input", "open", "print", "now", "today", "savefig"} | FILES_IN_PANDAS),
    ),
    "2": Room("Memory", frozenset(WEB)),
    "3": Room("Workflow", frozenset(WEB)),
    "4": Room("Door", frozenset(WEB), frozenset({"fit", "fit_predict", "fit_transform", "partial_fit"})),
    "5": Room("Windows", frozenset({"sklearn", "skops", "iris_ml.cache.store"})),
    "6": Room("Front desk", frozenset({"numpy", "sklearn", "skops"})),
}


@dataclass(frozen=True)
class Page:
    """A notebook, and the module that it exports, if any."""

    name: str
    module: str
    cells: ast.Module
    exported: ast.Module

    @property
    def number(self):
        return self.name.partition("_")[0]

    @property
    def room(self):
        return self.name[0]


def book(folder):
    """The pages in reading order."""
    pages = []
    for path in sorted((folder / "nbs").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        code = "\n".join(source for source in sources if not source.startswith("%%"))
        module = "".join(re.findall(r"^#\|\s*default_exp\s+(\S+)", code, re.MULTILINE))
        exported = (folder / "iris_ml" / f"{module}.py").read_text(encoding="utf-8") if module else ""
        plain = re.sub(r"^\s*[%!].*", "", code, flags=re.MULTILINE)  # IPython's own lines are not Python
        pages.append(Page(path.name, module, ast.parse(plain, path.name), ast.parse(exported)))
    return pages


def imported(tree, nested=True):
    """The full names that a tree imports, in its functions too: `iris_ml.steps.rows.check_rows` as well as `pandas`."""
    for node in ast.walk(tree) if nested else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inside = "iris_ml." if node.level else ""
            yield from (f"{inside}{node.module + '.' if node.module else ''}{alias.name}" for alias in node.names)


def called(tree):
    """The last names of what a tree calls: `read_csv` for `pandas.read_csv(...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", ""))


def pages_used(tree, pages):
    """The pages whose modules a tree imports."""
    names = {f"{name}." for name in imported(tree)}
    return [page for page in pages if page.module and any(name.startswith(f"iris_ml.{page.module}.") for name in names)]


def out_of_order(folder):
    pages = book(folder)
    return [
        f"{page.name} imports from {used.name}, which does not come before it"
        for page in pages
        for used in {used.name: used for tree in (page.cells, page.exported) for used in pages_used(tree, pages)}.values()
        if used.number >= page.number
    ]


def between_science_and_memory(folder):
    pages = book(folder)
    return [
        f"{page.name} imports from {used.name}, and Science and Memory know nothing of each other"
        for page in pages
        for used in pages_used(page.exported, pages)
        if {page.room, used.room} == {"1", "2"}
    ]


def not_for_the_room(folder):
    found = []
    for page in book(folder):
        room = ROOMS.get(page.room, Room("Tutorials"))
        for name in imported(page.exported):
            never = [other for other in room.never_imports | NOTEBOOK_TOOLS if f"{name}.".startswith(f"{other}.")]
            found += [f"{page.name} imports {other}, which {room.name} never does" for other in never]
        if any(name.startswith("IPython") for name in imported(page.exported, nested=False)):
            found.append(f"{page.name} imports IPython where there may be no notebook")
        never = room.never_calls.intersection(called(page.exported))
        found += [f"{page.name} calls {other}, which {room.name} never does" for other in sorted(never)]
    return found


def flowers_outside_of_science(folder):
    words = {
        page.name: set(FLOWERS.findall(ast.unparse(page.exported)))
        for page in book(folder)
        if page.room not in {"0", "1", "9"}
    }
    return [
        f"{name} speaks of {word}, and what lies outside of Science knows nothing about flowers"
        for name, found in words.items()
        for word in sorted(found)
    ]


def misnamed(folder):
    numbers = [page.number for page in book(folder)]
    for page in book(folder):
        expected = "" if page.room == "9" else page.name.partition("_")[2].removesuffix(".ipynb")
        if page.room not in {*ROOMS, "9"} or not re.match(r"\d{3}_\w+\.ipynb$", page.name):
            yield f"{page.name} stands in no room: its name is three digits and a word"
        if page.module != expected:
            yield f"{page.name} exports {page.module or 'nothing'} instead of {expected or 'nothing'}"
        if numbers.count(page.number) > 1:
            yield f"{page.name} shares its number with another page"


RULES = [out_of_order, between_science_and_memory, not_for_the_room, flowers_outside_of_science, misnamed]


@pytest.mark.parametrize("rule", RULES)
def test_every_page_keeps_the_rule(rule):
    found = list(rule(PROJECT))
    assert not found, "\n".join(found)


@pytest.fixture
def small_book(tmp_path):
    """A function that adds a page, of the given name and code, to a book in a temporary folder."""
    for folder in "nbs", "iris_ml":
        (tmp_path / folder).mkdir()

    def add(name, code="", module=None):
        module = name.partition("_")[2] if module is None else module
        directive = f"#| default_exp {module}\n" if module else ""
        cell = {"cell_type": "code", "source": [directive, code]}
        (tmp_path / "nbs" / f"{name}.ipynb").write_text(json.dumps({"cells": [cell]}))
        (tmp_path / "iris_ml" / f"{module}.py").write_text(code)
        return tmp_path

    return add


@pytest.mark.parametrize(
    "code",
    [
        "from .later import x",
        "from . import later",
        "import iris_ml.later",
        "def f():\n    from iris_ml.later import x",
    ],
)
def test_a_page_that_imports_from_a_later_one_is_found(small_book, code):
    small_book("120_later")
    assert out_of_order(small_book("110_sooner", code)) == [
        "110_sooner.ipynb imports from 120_later.ipynb, which does not come before it"
    ]


def test_a_page_may_import_from_a_sooner_one(small_book):
    small_book("110_sooner")
    assert out_of_order(small_book("120_later", "from iris_ml.sooner import x")) == []


def test_memory_that_imports_science_is_found(small_book):
    small_book("03_split")
    assert between_science_and_memory(small_book("210_checkpoints", "from .split import split")) == [
        "210_checkpoints.ipynb imports from steps/03_split.ipynb, and Science and Memory know nothing of each other"
    ]


@pytest.mark.parametrize(
    ("page", "code", "found"),
    [
        ("01_errors", "import pandas as pd", "imports pandas, which Vocabulary never does"),
        ("03_settings", "from sklearn.base import clone", "imports sklearn, which Vocabulary never does"),
        ("01_rows", "import os.path", "imports os, which Science never does"),
        ("02_features", "def f():\n    from datetime import datetime", "imports datetime, which Science never does"),
        ("02_features", "import mlflow", "imports mlflow, which Science never does"),
        ("03_split", "print(1)", "calls print, which Science never does"),
        ("130_classifier", "open('x')", "calls open, which Science never does"),
        ("140_model", "pd.read_csv('x')", "calls read_csv, which Science never does"),
        ("140_model", "pd.Timestamp.now()", "calls now, which Science never does"),
        ("300_workflow", "import requests", "imports requests, which Workflow never does"),
        ("02_predictor", "model.fit(X, y)", "calls fit, which Door never does"),
        ("510_api", "import sklearn", "imports sklearn, which Windows never does"),
        ("520_app", "from .checkpoints import read", "imports iris_ml.cache.store, which Windows never does"),
        ("04_parity", "import numpy as np", "imports numpy, which Front desk never does"),
        ("300_workflow", "from fastcore.basics import L", "imports fastcore, which Workflow never does"),
        ("300_workflow", "from IPython.display import SVG", "imports IPython where there may be no notebook"),
    ],
)
def test_what_a_room_never_does_is_found(small_book, page, code, found):
    assert not_for_the_room(small_book(page, code)) == [f"{page}.ipynb {found}"]


@pytest.mark.parametrize("code", ["rows['sepal_length']", "Species = 'x'", "rows.petal_width"])
def test_flowers_outside_of_science_are_found(small_book, code):
    (found,) = flowers_outside_of_science(small_book("230_sources", code))
    assert found.startswith("230_sources.ipynb speaks of ")


@pytest.mark.parametrize(
    ("name", "module", "found"),
    [
        ("700_cellar", "cellar", "700_cellar.ipynb stands in no room: its name is three digits and a word"),
        ("01_rows", "plants", "steps/01_rows.ipynb exports plants instead of flowers"),
        ("900_first_steps", "steps", "900_first_steps.ipynb exports steps instead of nothing"),
    ],
)
def test_a_page_of_the_wrong_name_is_found(small_book, name, module, found):
    assert list(misnamed(small_book(name, module=module))) == [found]


def test_two_pages_of_one_number_are_found(small_book):
    small_book("01_rows")
    assert len(list(misnamed(small_book("100_trees")))) == 2
