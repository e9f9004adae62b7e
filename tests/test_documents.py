"""What the site's documents say can be typed as it stands: each page in a fresh clone, block by block."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from iris_ml.base.settings import read_settings
from tests.fork_server import FORKED_PYTHON

PROJECT = Path(__file__).parents[1]
PAGES = [PROJECT / "docs" / "start.md", PROJECT / "README.md", *sorted((PROJECT / "docs" / "how_to").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page):
    """The blocks of a page in their order: the language and the text of each."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """The project as somebody clones it, with the pages of its steps alone: nbdev reads every page that is there."""
    folder = tmp_path_factory.mktemp("documents") / "clone"
    for name in "nbs/steps", "iris_ml", "tests/offline":
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns(".*"))
    programs = [str(path.relative_to(PROJECT)) for path in (PROJECT / "tests").glob("fork*.py")]
    for name in "settings.ini", ".gitignore", "conftest.py", "nbs/production.ipynb", *programs:
        shutil.copy(PROJECT / name, folder / name)
    environment = {name: text for name, text in os.environ.items() if name != "IN_TEST"}
    subprocess.run([Path(sys.executable).with_name("nbdev_export")], cwd=folder, env=environment, check=True)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


def git(folder, *words):
    subprocess.run(["git", *words], cwd=folder, env=os.environ | WHO, check=True)


WHO = {f"GIT_{role}_{field}": f"ada@{field}" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")}


class Reader:
    """Types the blocks of a page in a folder."""

    def __init__(self, folder):
        self.folder, self.programs, self.said = folder, [], ""
        programs = Path(os.environ.get("FORK_SERVER", sys.executable)).parent
        path = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(folder), "COLUMNS": "200"}
        self.environment = {name: text for name, text in os.environ.items() if name != "IN_TEST"} | WHO | path
        self.environment |= {"IRIS_ML_PROGRESS": "false", "HOME": str(folder.parent)}
        self.ports = {port: str(free_port()) for port in ("8000", "8786")}

    def read(self, language, text):
        for port, free in self.ports.items():
            text = text.replace(f":{port}", f":{free}").replace(f"--port {port}", f"--port {free}")
        name = re.match(r"# ([\w.]+)\n", text)
        if language == "sh":
            self.said = self.type("bash", "-euo", "pipefail", "-c", text)
        elif language in {"python", "toml"} and name:
            (self.folder / name[1]).write_text(text, encoding="utf-8")
        elif text.startswith("#| export"):
            export(text, self.folder / "nbs" / "steps")
        elif language == "python":
            self.programs.append(text)
            self.said = self.type(*FORKED_PYTHON, "-c", "\n".join(self.programs))
        elif language == "text":
            assert_said(text, self.said)

    def type(self, *words):
        ended = subprocess.run(words, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert ended.returncode == 0, f"{words[-1]}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def export(text, folder):
    """Put an exported cell into the page that has one of that name, as a person does in Jupyter."""
    (name,) = re.findall(r"^def (\w+)", text, re.MULTILINE)
    for page in folder.glob("*.ipynb"):
        notebook = json.loads(page.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if re.search(rf"^#\| export\n(.*\n)*def {name}\(", "".join(cell["source"])):
                cell["source"] = text.strip().splitlines(keepends=True)
                page.write_text(f"{json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)}\n", encoding="utf-8")
                return
    raise AssertionError(f"no page of a step exports {name}")


def assert_said(expected, said):
    """Check that the lines were printed in this order; `…` stands for anything, and alone for any lines."""
    lines = iter(said.splitlines())
    for wanted in filter(lambda line: line != "…", expected.splitlines()):
        pattern = ".*".join(map(re.escape, wanted.split("…")))
        assert any(re.fullmatch(pattern, line.rstrip()) for line in lines), f"{wanted!r} is not said, or not there:\n{said}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_can_be_typed_as_it_is_written(page, committed, tmp_path):
    folder = tmp_path / "clone"
    shutil.copytree(committed, folder)
    reader = Reader(folder)
    typed = blocks(PAGES[0]) if page != PAGES[0] else []  # README begins as Start does
    for language, text in [block for block in blocks(page) if block not in typed]:
        reader.read(language, text)


def test_the_swapped_workflows_differ_from_production_as_start_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    swapped = next(text for _, text in blocks(PROJECT / "docs" / "start.md") if "MLPClassifier(max_iter" in text)
    exec(swapped.partition("\nworkflow.compare")[0], names := {})
    three, network = (names[name].run("model", progress=False)["model"] for name in ("three", "network"))
    assert three.estimator[0].k == 3
    assert network.estimator.random_state == 0
    pd.DataFrame({"alcohol": range(20), "quality": [3, 4] * 10}).to_csv("wine.csv", index=False)
    assert names["other"].run("model", progress=False)["model"].columns == ["alcohol"]


def test_what_is_not_said_is_found():
    assert_said("a…\n…\nc", "a 1\nb\nc")
    for expected in "c\na…", "d":
        with pytest.raises(AssertionError, match="is not said"):
            assert_said(expected, "a 1\nb\nc")


def test_the_settings_of_every_example_are_valid(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for page in PAGES:
        for language, text in blocks(page):
            if language == "toml":
                Path("iris.toml").write_text(text)
                read_settings(environment={})
