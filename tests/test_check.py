"""Parity: whichever surface is bent, it is named, and the others are not."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from iris_ml.cli.parity import SURFACES
from iris_ml.io.readers import raw
from tests.fork_server import FORKED_PYTHON

PROJECT = Path(__file__).parents[1]
START = "import sys; from iris_ml.cli.entry import main; main()"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a copy of the project, and with a model."""
    folder = tmp_path_factory.mktemp("project")
    for name in "iris_ml", "nbs":
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns(".*"))
    assert typed(folder, "run", "--quiet").returncode == 0
    return folder


def typed(folder, *words, at=None):
    """Type a command in a copy of the project; nothing of this one is imported."""
    environment = os.environ | {"PYTHONPATH": str(folder), "IRIS_ML_PROGRESS": "false"}
    command = [*FORKED_PYTHON, "-c", START, *words]
    return subprocess.run(command, cwd=at or folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def bent(trained):
    """A function that edits one file of the copy, until the test is over."""
    before = {}

    def edit(file, old, new):
        path = trained / file
        text = before.setdefault(path, path.read_text(encoding="utf-8"))
        assert old in text, f"{file} no longer says {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return trained

    yield edit
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")


def test_all_surfaces_of_the_project_agree(trained):
    ended = typed(trained, "check", "parity")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = ended.stdout.splitlines()
    for surface in SURFACES:
        (line,) = [line for line in lines if line.strip().startswith(f"{surface}  ")]
        assert line.split()[-1] == "equal"


REPORTS = {name for name in SURFACES if name.startswith("report")}
STEP, COMMANDS = "return model.predict(features)", "iris_ml/cli/commands.py"
BENT = {  # file, what it says, what it says when it is bent, surfaces that are then to be named
    "a page that was edited and not exported": ("nbs/steps/06_model.ipynb", STEP, f"{STEP}.round(3)", {"notebook"}),
    "a command that rounds": (COMMANDS, "write_table(answers, to,", "write_table(answers.round(3), to,", {"command"}),
    "a report that rounds": ("iris_ml/batch/scoring.py", "from_pandas(table,", "from_pandas(table.round(3),", REPORTS),
    "a report of other rows": ("iris_ml/io/batches.py", "Batch(rows, ", "Batch(rows.astype(float) * 1.01, ", REPORTS),
    "a service that mixes up columns": ("iris_ml/api/schemas.py", "[row[name] for", "[row[min(row)] for", {"API"}),
    "a service that rounds": ("iris_ml/api/schemas.py", "predictions.to_numpy(", "predictions.round(4).to_numpy(", {"API"}),
    "an app that rounds its rows": ("iris_ml/app/main.py", "run_model(row, model", "run_model(row.round(0), model", {"app"}),
}


def test_all_surfaces_agree_on_a_table_whose_columns_have_other_names(trained, tmp_path):
    page = (PROJECT / "docs" / "how_to" / "02_your_own_table.md").read_text(encoding="utf-8")
    settings = next(block for block in re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL) if "[rename]" in block)
    (tmp_path / "iris.toml").write_text(settings, encoding="utf-8")
    names = {name: f"{name.title().replace('_', '')}Cm" for name in raw("package:iris.csv")} | {"species": "Species"}
    table = raw("package:iris.csv").assign(species=lambda rows: "Iris-" + rows.species).rename(columns=names)
    table.rename_axis("Id").to_csv(tmp_path / "Iris.csv")
    for words in ["run", "--quiet"], ["check", "parity"]:
        ended = typed(trained, *words, at=tmp_path)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count(" equal") == len(SURFACES)


def test_a_step_that_was_edited_since_the_training_is_named(bent):
    ended = typed(bent("iris_ml/steps/model.py", STEP, f"{STEP}.round(6)"), "check", "parity")
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "step 'predictions': it differs from the step that trained the model" in ended.stderr


@pytest.mark.parametrize("what", BENT)
def test_a_surface_that_is_bent_is_named_with_row_and_field(bent, what):
    file, old, new, surfaces = BENT[what]
    ended = typed(bent(file, old, new), "check", "parity")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    named = {line.split(": row ")[0] for line in ended.stdout.splitlines() if ": row " in line and "field '" in line}
    assert named == surfaces
