"""What matters is computed again, what does not is reused, and nothing is ever stale: for each change of the catalogue.

A change is made to a real module and to a real notebook, and every run is a process of its own.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import catalogue
import fresh
import kinds
import nbformat
import pytest
from nbclient import NotebookClient

MATTERING = {
    **catalogue.HELPERS,
    **catalogue.FUNCTIONS,
    **catalogue.VALUES,
    **catalogue.CLASSES,
    **catalogue.TABLES,
    **catalogue.ESTIMATORS,
    **catalogue.INPUTS,
    **catalogue.WHOLE,
    **catalogue.OBSERVED,
    **catalogue.OUTSIDE,
}
EDITED = {**MATTERING, **catalogue.NEVER, **catalogue.HARMLESS}

# Each edited text is run four times over one store: a notebook, exported to a module, edited, and edited as a notebook.
NOTEBOOK, MODULE, EDITED_MODULE, EDITED_NOTEBOOK = range(4)


def project(text, side):
    """The files of a text, with each edit on one of its sides, 1 or 2."""
    text = re.sub("«(.*?) → (.*?)»", lambda edit: edit[side], text.strip("\n"), flags=re.DOTALL)
    steps, *others = re.split(r"^# (\S*[./]\S*)\n", f"{text}\n", flags=re.MULTILINE)
    return {"steps.py": steps, "steps.ipynb": fresh.notebook(steps), **dict(zip(others[::2], others[1::2], strict=True))}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What each run of each text gave, in order."""
    stages = {
        title: [("notebook", before), ("module", before), ("module", after), ("notebook", after)]
        for title, before, after in ((title, project(text, 1), project(text, 2)) for title, text in EDITED.items())
    } | {
        ("module", title): [("module", project(text, side)) for side in (1, 1, 2, 2)] for title, text in kinds.KINDS.items()
    } | {("one process", title): [("session", project(text, 1))] for title, text in catalogue.SESSIONS.items()}
    jobs = [(str(tmp_path_factory.mktemp("project")), asked) for asked in stages.values()]
    with ThreadPoolExecutor() as pool:
        halves = [*pool.map(ran, (jobs[::2], jobs[1::2]))]
    return {title: halves[i % 2][i // 2] for i, title in enumerate(stages)}


def ran(jobs):
    """Run projects, one after the other, each stage in a new process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IRIS_ML")}
    environment["IRIS_ML_AUDIT"] = "0"
    command = [sys.executable, "-B", fresh.__file__]  # Python itself overlooks edits to the same size and time
    done = subprocess.run(command, env=environment, input=json.dumps(jobs), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def expect_true(outcome):
    assert "error" not in outcome, outcome["error"]
    assert outcome["given"] == outcome["truth"]
    assert outcome["warnings"] == []


def how(outcomes):
    return [outcome["how"]["result"] for outcome in outcomes]


def test_no_two_texts_have_one_title():
    tables = [table for name, table in vars(catalogue).items() if name.isupper() and name != "SESSIONS"]
    assert len(EDITED) == sum(map(len, tables))


@pytest.mark.parametrize("title", EDITED)
def test_no_result_is_stale(outcomes, title):
    for outcome in outcomes[title]:
        expect_true(outcome)


@pytest.mark.parametrize("title", kinds.KINDS)
def test_no_kind_of_change_is_missed(outcomes, title):
    stages = outcomes["module", title]
    for outcome in stages:
        assert "error" not in outcome, outcome["error"]
        assert outcome["given"] == outcome["truth"]
    assert stages[0]["truth"]["result"] != stages[-1]["truth"]["result"]


@pytest.mark.parametrize("title", MATTERING)
def test_what_matters_is_computed_again(outcomes, title):
    assert outcomes[title][MODULE]["given"]["result"] != outcomes[title][EDITED_MODULE]["given"]["result"]
    assert how(outcomes[title]) == ["computed", "reused", "computed", "reused"]


@pytest.mark.parametrize("title", catalogue.NEVER)
def test_what_cannot_be_known_is_never_reused_and_says_so(outcomes, title):
    assert how(outcomes[title]) == ["computed"] * 4
    assert all("not kept: " in outcome["notes"] for outcome in outcomes[title])


@pytest.mark.parametrize("title", catalogue.HARMLESS)
def test_what_does_not_matter_is_reused(outcomes, title):
    assert outcomes[title][MODULE]["given"] == outcomes[title][EDITED_MODULE]["given"]
    assert how(outcomes[title]) == ["computed", "reused", "reused", "reused"]


@pytest.mark.parametrize("title", catalogue.SESSIONS)
def test_what_changes_while_a_notebook_is_open_is_computed_again(outcomes, title):
    first, again, changed, at_last = outcomes["one process", title][0]
    for outcome in first, again, changed, at_last:
        expect_true(outcome)
    assert first["given"]["result"] != changed["given"]["result"]
    assert how([first, again, changed, at_last]) == ["computed", "reused", "computed", "reused"]


HELPER = """
def helper(x): return x + «1 → 2»

def result() -> int: return helper(1)

import json, fresh
print(json.dumps(fresh.ran(globals())))
"""


def in_a_kernel(folder, side):
    """Run a notebook as Jupyter does, and return what its last cell printed."""
    page = nbformat.reads(project(HELPER, side)["steps.ipynb"], as_version=4)
    client = NotebookClient(page, kernel_name="python3", resources={"metadata": {"path": folder}})
    client.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])})
    return json.loads(page.cells[-1].outputs[-1].text)


def test_a_real_kernel_reuses_what_is_true_and_an_exported_cell_too(tmp_path):
    runs = [in_a_kernel(tmp_path, 1), in_a_kernel(tmp_path, 1), in_a_kernel(tmp_path, 2)]
    ((exported,),) = ran([(str(tmp_path), [("module", project(HELPER.partition("import json")[0], 2))])])
    for outcome in *runs, exported:
        expect_true(outcome)
    assert how([*runs, exported]) == ["computed", "reused", "computed", "reused"]


KEYS = """
import re, sys
from dataclasses import dataclass
from enum import Enum
import numpy as np, pandas as pd
from sklearn.neural_network import MLPClassifier
from iris_ml.cache.keys import digest, fingerprint
KIND = Enum("Kind", "SMALL LARGE")
WORDS = {"a", "b", "c", re.compile("d"), KIND.SMALL}
@dataclass
class Rows:
    names: frozenset = frozenset({"a", "b", "c"})
def step(rows): return [word for word in WORDS if word in Rows().names | {"d", "e"}] + np.ones(3) + pd.Series(rows)
model = MLPClassifier((2,), max_iter=2, random_state=0).fit([[0.0], [1.0]], ["a", "b"])
print(fingerprint(step).digest, digest([model, Rows(), WORDS]))
from iris_ml.production import workflow
print([fingerprint(workflow[name].function).digest for name in workflow])
"""


def test_keys_are_the_same_in_every_process_whatever_it_imported():
    printed = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", imported + KEYS],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for seed, imported in ((1, ""), (2, "import IPython, distributed, matplotlib.pyplot, streamlit"))
    }
    assert len(printed) == 1
