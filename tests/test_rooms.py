"""A folder of `nbs/` is a room, and each room keeps to what it may touch.

import-linter holds the order of the rooms, as pyproject.toml lists them. The other rules read the pages and their modules
and import nothing; each takes the project's folder and gives one sentence for each thing that breaks it.
"""

import ast
import json
import re
import subprocess
import sys
import tomllib
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

    never_imports: frozenset = frozenset()
    never_calls: frozenset = frozenset()
    makes_pages: bool = False  # with the tools of notebooks
    heavy: frozenset = frozenset()  # what only functions import, so that the module itself is quick to import


ROOMS = {
    "base": Room(frozenset(WEB), heavy=frozenset({"joblib", "numpy", "pandas", "pyarrow", "sklearn", "skops"})),
    "stats": Room(frozenset(WEB | DISK | NETWORK)),
    "cache": Room(frozenset(WEB)),
    "io": Room(frozenset(WEB)),
    "tracking": Room(frozenset(WEB)),
    "workflow": Room(frozenset(WEB)),
    "steps": Room(
        frozenset(DISK | NETWORK | WEB | CLOCK | ENVIRONMENT | TRACKING | {"random", "secrets", "uuid"}),
        frozenset({"input", "open", "print", "now", "today", "savefig"} | FILES_IN_PANDAS),
    ),
    "models": Room(frozenset(WEB), frozenset({"fit", "fit_predict", "fit_transform", "partial_fit"})),
    "compiled": Room(frozenset(WEB), heavy=frozenset({"onnx", "onnxruntime", "skl2onnx", "sklearn"})),
    "trust": Room(frozenset(WEB)),
    "batch": Room(frozenset(WEB | {"sklearn", "skops"})),
    "api": Room(frozenset({"sklearn", "skops", "iris_ml.cache.store"})),
    "app": Room(frozenset({"sklearn", "skops", "iris_ml.cache.store"})),
    "template": Room(frozenset({"sklearn", "skops"}), makes_pages=True),
    "cli": Room(frozenset({"sklearn", "skops"})),
    "concepts": Room(),
    "tutorials": Room(),
    "": Room(frozenset(WEB | DISK)),  # the declared workflow
}


LESSONS = {"concepts", "tutorials"}  # which export nothing


@dataclass(frozen=True)
class Page:
    """A notebook, and the module that it exports, if any."""

    path: Path  # below `nbs`
    module: str
    exported: ast.Module

    @property
    def room(self):
        return str(self.path.parent) if self.path.parent.name else ""

    @property
    def number(self):
        return self.path.name.partition("_")[0]


def book(folder):
    """The pages, room by room."""
    pages = []
    for path in sorted((folder / "nbs").rglob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        module = "".join(re.findall(r"^#\|\s*default_exp\s+(\S+)", code, re.MULTILINE))
        file = folder / "iris_ml" / f"{module.replace('.', '/')}.py"
        exported = file.read_text(encoding="utf-8") if module else ""
        pages.append(Page(path.relative_to(folder / "nbs"), module, ast.parse(exported)))
    return pages


def imported(page, nested=True):
    """The full names that a module imports, in its functions too: `iris_ml.io.readers.read_table` as well as `pandas`."""
    parents = ["iris_ml", *page.module.split(".")[:-1]]
    for node in ast.walk(page.exported) if nested else page.exported.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parents[: len(parents) + 1 - node.level] if node.level else []
            yield from (".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names)


def called(tree):
    """The last names of what a tree calls: `read_csv` for `pandas.read_csv(...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", ""))


def not_for_the_room(folder):
    found = []
    for page in book(folder):
        room = ROOMS.get(page.room, Room())
        for name in imported(page):
            others = room.never_imports if room.makes_pages else room.never_imports | NOTEBOOK_TOOLS
            never = [other for other in others if f"{name}.".startswith(f"{other}.")]
            found += [f"{page.path} imports {other}, which a page of its room never does" for other in never]
        at_once = {name.partition(".")[0] for name in imported(page, nested=False)}
        found += [f"{page.path} imports {other} outside of a function" for other in sorted(room.heavy & at_once)]
        if "IPython" in at_once and not room.makes_pages:
            found.append(f"{page.path} imports IPython where there may be no notebook")
        never = room.never_calls.intersection(called(page.exported))
        found += [f"{page.path} calls {other}, which a page of its room never does" for other in sorted(never)]
    return found


def flowers_outside_of_the_application(folder):
    words = {
        page.path: set(FLOWERS.findall(ast.unparse(page.exported))) for page in book(folder) if page.room not in {"steps", ""}
    }
    return [
        f"{path} mentions {word}, and only the steps and the declared workflow know about flowers"
        for path, found in words.items()
        for word in sorted(found)
    ]


def misnamed(folder):
    pages = book(folder)
    numbers = [(page.room, page.number) for page in pages]
    for page in pages:
        name = page.path.stem.partition("_")[2] if page.room else page.path.stem
        alone = "__init__" if name == "package" else name
        expected = {"": alone, **dict.fromkeys(LESSONS, "")}.get(page.room, f"{page.room}.{name}")
        if page.room not in ROOMS:
            yield f"{page.path} is in no room of tests/test_rooms.py"
        elif page.room and not re.match(r"\d\d_\w+$", page.path.stem):
            yield f"{page.path} is not named with two digits and a word"
        elif page.module != expected:
            yield f"{page.path} exports {page.module or 'nothing'} instead of {expected or 'nothing'}"
        elif page.room and numbers.count((page.room, page.number)) > 1:
            yield f"{page.path} shares its number with another page of its room"


RULES = [not_for_the_room, flowers_outside_of_the_application, misnamed]


@pytest.mark.parametrize("rule", RULES)
def test_every_page_keeps_the_rule(rule):
    found = list(rule(PROJECT))
    assert not found, "\n".join(found)


def lint_imports(folder):
    """What import-linter says of a project in a folder, and whether every contract is kept."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main(['--no-cache'])"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder)})
    return done.returncode == 0, done.stdout + done.stderr


def layers():
    """The rooms as pyproject.toml orders them, from the ground up."""
    linter = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    return linter["contracts"][0]["layers"][::-1]


def test_a_room_imports_only_from_rooms_below_it():
    kept, said = lint_imports(PROJECT)
    assert kept, said


def test_every_folder_of_the_library_is_a_room_in_that_order():
    folders = {path.name for path in (PROJECT / "iris_ml").iterdir() if (path / "__init__.py").exists()}
    assert folders | {"production"} == {*layers()}
    assert folders | LESSONS == {path.name for path in (PROJECT / "nbs").iterdir() if path.is_dir() and path.name[0] != "."}
    assert {*layers(), *LESSONS, ""} - {"production"} == {*ROOMS}


@pytest.mark.parametrize("code", ["from ..cli.entry import main", "def f():\n    from iris_ml.cli import entry"])
def test_an_import_from_a_room_above_is_found(tmp_path, code):
    for module in [f"{layer}/__init__" for layer in layers()] + ["__init__", "cli/entry"]:
        (tmp_path / "iris_ml" / module).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "iris_ml" / f"{module}.py").write_text("main = None\n")
    (tmp_path / "pyproject.toml").write_bytes((PROJECT / "pyproject.toml").read_bytes())
    assert lint_imports(tmp_path)[0]
    (tmp_path / "iris_ml" / "cache" / "store.py").write_text(f"{code}\n")
    kept, said = lint_imports(tmp_path)
    assert not kept
    assert "iris_ml.cache.store -> iris_ml.cli" in said


@pytest.fixture
def small_book(tmp_path):
    """A function that adds a page, of the given path and code, to a book in a temporary folder."""

    def add(path, code="", module=None):
        room, _, name = path.rpartition("/")
        module = f"{room}.{name.partition('_')[2]}" if module is None else module
        cell = {"cell_type": "code", "source": [f"#| default_exp {module}\n" if module else "", code]}
        for file, text in (f"nbs/{path}.ipynb", json.dumps({"cells": [cell]})), (f"iris_ml/{module.replace('.', '/')}.py", code):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(text)
        return tmp_path

    return add


@pytest.mark.parametrize(
    ("page", "code", "found"),
    [
        ("steps/01_rows", "import os.path", "imports os"),
        ("steps/02_features", "def f():\n    from datetime import datetime", "imports datetime"),
        ("steps/02_features", "import mlflow", "imports mlflow"),
        ("steps/03_split", "print(1)", "calls print"),
        ("steps/05_estimator", "open('x')", "calls open"),
        ("steps/06_model", "pd.read_csv('x')", "calls read_csv"),
        ("steps/06_model", "pd.Timestamp.now()", "calls now"),
        ("workflow/07_workflow", "import requests", "imports requests"),
        ("models/02_predictor", "model.fit(X, y)", "calls fit"),
        ("api/04_routes", "import sklearn", "imports sklearn"),
        ("app/04_main", "from ..cache.store import Checkpoints", "imports iris_ml.cache.store"),
        ("cli/04_parity", "import sklearn", "imports sklearn"),
        ("workflow/07_workflow", "from fastcore.basics import L", "imports fastcore"),
    ],
)
def test_what_a_room_never_does_is_found(small_book, page, code, found):
    assert not_for_the_room(small_book(page, code)) == [f"{page}.ipynb {found}, which a page of its room never does"]


@pytest.mark.parametrize("code", ["import pandas as pd", "from sklearn.base import clone"])
def test_a_heavy_import_in_the_base_is_found(small_book, code):
    (found,) = not_for_the_room(small_book("base/01_errors", code))
    assert found.endswith(" outside of a function")


def test_ipython_where_there_may_be_no_notebook_is_found(small_book):
    (found,) = not_for_the_room(small_book("workflow/07_workflow", "from IPython.display import SVG"))
    assert found == "workflow/07_workflow.ipynb imports IPython where there may be no notebook"


@pytest.mark.parametrize("code", ["rows['sepal_length']", "Species = 'x'", "rows.petal_width"])
def test_flowers_outside_of_the_application_are_found(small_book, code):
    (found,) = flowers_outside_of_the_application(small_book("io/02_readers", code))
    assert found.startswith("io/02_readers.ipynb mentions ")


@pytest.mark.parametrize(
    ("path", "module", "found"),
    [
        ("cellar/01_wine", "cellar.wine", "cellar/01_wine.ipynb is in no room of tests/test_rooms.py"),
        ("io/readers", "io.readers", "io/readers.ipynb is not named with two digits and a word"),
        ("steps/01_rows", "steps.plants", "steps/01_rows.ipynb exports steps.plants instead of steps.rows"),
        ("steps/01_rows", "rows", "steps/01_rows.ipynb exports rows instead of steps.rows"),
        ("tutorials/01_first_look", "look", "tutorials/01_first_look.ipynb exports look instead of nothing"),
    ],
)
def test_a_page_of_the_wrong_name_is_found(small_book, path, module, found):
    assert list(misnamed(small_book(path, module=module))) == [found]


@pytest.mark.parametrize(("path", "module"), [("package", "__init__"), ("production", "production")])
def test_a_page_of_no_room_has_its_own_module(small_book, path, module):
    assert list(misnamed(small_book(path, module=module))) == []
    assert list(misnamed(small_book(path, module="other"))) == [f"{path}.ipynb exports other instead of {module}"]


def test_two_pages_of_one_number_are_found(small_book):
    small_book("steps/01_rows")
    assert len(list(misnamed(small_book("steps/01_trees")))) == 2


def test_two_rooms_may_number_their_pages_alike(small_book):
    small_book("steps/01_rows")
    assert list(misnamed(small_book("io/01_locations"))) == []
