"""The free move: what was tried in a notebook is exported, and production has it without computing anything again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.fork_server import FORKED_PYTHON

PROJECT = Path(__file__).parent.parent

START = "from collections.abc import Sequence\n\nimport pandas as pd\nfrom iris_ml.production import workflow"

AREAS = '''
def area(length: pd.Series, width: pd.Series) -> pd.Series:
    """Multiply two sides."""
    return length * width
'''
FEATURES = '''
def features(rows: pd.DataFrame, target: str, passthrough: Sequence[str]) -> pd.DataFrame:
    """Add the area of a petal."""
    return rows.assign(petal_area=area(rows.petal_length, rows.petal_width))
'''
LONG = '''
def long_sepals(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows with short sepals."""
    return rows[rows.sepal_length > 5.0]
'''


def another_step(nbs):
    """Write the step and its helper in the place of the page's own."""
    page = nbformat.read(nbs / "steps/02_features.ipynb", as_version=4)
    (exported,) = [cell for cell in page.cells if cell.source.startswith("#| export\ndef features")]
    exported.source = f"#| export{AREAS}"
    page.cells.insert(page.cells.index(exported) + 1, nbformat.v4.new_code_cell(f"#| export{FEATURES}"))
    nbformat.write(page, nbs / "steps/02_features.ipynb")


def a_step_after_a_step(nbs):
    """Write the filter into the page of the rows, and put it into the declared workflow."""
    page = nbformat.read(nbs / "steps/01_rows.ipynb", as_version=4)
    page.cells.append(nbformat.v4.new_code_cell(f"#| export{LONG}"))
    nbformat.write(page, nbs / "steps/01_rows.ipynb")
    production = nbs / "production.ipynb"
    text = production.read_text(encoding="utf-8")
    text = text.replace("iris_ml.steps.rows import rows", "iris_ml.steps.rows import rows, long_sepals")
    end = '"    renamed={\\"flowers\\": \\"rows\\", \\"classifier\\": \\"estimator\\"},\\n",\n    ")'
    assert f'{end}"' in text
    text = text.replace(f'{end}"', f'{end}.after(\\"rows\\", long_sepals)"')
    production.write_text(text, encoding="utf-8")


MOVES = {
    another_step: [AREAS, FEATURES, "print(workflow.swap(features).run().table.to_json())"],
    a_step_after_a_step: [LONG, 'print(workflow.after("rows", long_sepals).run().table.to_json())'],
}


@pytest.fixture
def project(tmp_path):
    """A copy of the project, and beside it a folder to work in."""
    for folder in "nbs", "iris_ml":
        shutil.copytree(PROJECT / folder, tmp_path / "project" / folder, ignore=shutil.ignore_patterns(".*"))
    shutil.copy(PROJECT / "settings.ini", tmp_path / "project")
    (tmp_path / "work").mkdir()
    return tmp_path / "project"


def environment(project):
    inherited = {name: value for name, value in os.environ.items() if name != "IN_TEST" and not name.startswith("IRIS_ML")}
    return {**inherited, "PYTHONPATH": str(project), "IRIS_ML_PROGRESS": "false", "IRIS_ML_AUDIT": "0"}


def how(table):
    """Say how each step of a run came about; a result that was not kept says why."""
    table = json.loads(table)
    unkept = {step: text for step, text in table["summary"].items() if "not kept" in text}
    assert not unkept, unkept
    return table["how"]


def in_a_notebook(project, cells):
    """Run cells in a kernel of their own, and return what the last one printed."""
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in [START, *cells]])
    where = {"metadata": {"path": project.parent / "work"}}
    NotebookClient(page, kernel_name="python3", resources=where).execute(env=environment(project))
    return how(page.cells[-1].outputs[-1].text)


def in_production(project):
    """Run the declared workflow in a new process, and say how each step came about."""
    program = "from iris_ml.production import workflow; print(workflow.run().table.to_json())"
    typed = [*FORKED_PYTHON, "-c", program]
    return how(subprocess.check_output(typed, cwd=project.parent / "work", env=environment(project), text=True))


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_an_exported_cell_costs_production_nothing(project, move):
    before = in_production(project)
    assert set(before.values()) == {"computed"}
    explored = in_a_notebook(project, MOVES[move])
    assert explored["raw"] == "reused"
    assert explored["model"] == "computed"
    move(project / "nbs")
    subprocess.run([Path(sys.executable).with_name("nbdev_export")], cwd=project, env=environment(project), check=True)
    moved = in_production(project)
    assert moved.keys() == explored.keys()
    assert set(moved.values()) == {"reused"}
