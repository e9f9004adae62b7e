"""Many trials: each a normal run, in any number of processes, with nothing computed twice and nothing lost."""

import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import pandas as pd
import pytest
from distributed import Client, LocalCluster
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from iris_ml.production import workflow
from iris_ml.workflow.workflow import Workflow

CLASSIFIERS = {"logistic": LogisticRegression(max_iter=500), "constant": DummyClassifier()}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IRIS_ML_PROGRESS", "false")
    return tmp_path


def stamped(seed: int) -> float:
    """Give another value at each computation."""
    used = getrusage(RUSAGE_SELF)
    return seed + used.ru_minflt * 1e-9 + used.ru_utime * 1e-6


def chosen(test_size: float) -> float:
    """Give the size."""
    return test_size


def scores(stamped: float, chosen: float) -> dict:
    """Judge nothing."""
    return {"stamp": stamped, "size": chosen}


def slow(stamped: float, chosen: float) -> dict:
    """Take a while."""
    time.sleep(0.4)
    return {"stamp": stamped, "size": chosen}


def deadly(stamped: float, chosen: float) -> dict:
    """Die, with the process, at one size."""
    if chosen == 0.5:
        os.kill(os.getpid(), 9)
    return {"stamp": stamped, "size": chosen}


timed = Workflow(stamped, chosen, scores)


def test_each_trial_is_a_normal_run_and_the_table_is_the_same_for_the_same_call():
    trials = workflow.explore(estimator=CLASSIFIERS, seed=range(2))
    assert trials[["estimator", "seed"]].apply(tuple, axis=1).tolist() == [
        ("logistic", 0),
        ("logistic", 1),
        ("constant", 0),
        ("constant", 1),
    ]
    run = workflow.swap(estimator=CLASSIFIERS["logistic"], seed=1).run(progress=False)
    assert {result.how for name, result in run.results.items() if name in {"model", "scores", "train"}} == {"reused"}
    assert run["scores"]["accuracy"] == trials.accuracy[1]
    assert workflow.explore(estimator=CLASSIFIERS, seed=range(2)).equals(trials)


def test_a_person_sees_the_choices_with_their_first_score_as_a_drawing_and_rounded():
    trials = workflow.explore(estimator=CLASSIFIERS, seed=range(2))
    names, *rows = repr(trials).splitlines()
    assert names.split() == ["estimator", "seed", "accuracy", "accuracy_low", "accuracy_high", "honest_low", "honest_high"]
    assert rows[0].split()[3] == f"{trials.accuracy[0]:.3f}"
    assert trials.drawing.count('text-anchor="end"') == len(CLASSIFIERS), "a row for each choice, and none for a seed"
    assert all(f">{name}<" in trials.drawing for name in CLASSIFIERS)
    assert trials._repr_html_().startswith('<img src="data:image/svg+xml')
    assert type(trials.head(1)) is pd.DataFrame


def test_trials_without_an_interval_or_with_an_error_are_shown_without_a_drawing():
    failing = timed.swap(scores=lambda stamped, chosen: {"inverse": 1 / round(chosen - 0.3, 1)}).explore(test_size=[0.3, 0.4])
    assert failing.drawing is None
    assert "ZeroDivisionError" in failing._repr_html_()


def test_what_trials_have_in_common_is_computed_once():
    trials = timed.explore(seed=range(3), test_size=[0.2, 0.3, 0.4, 0.5])
    assert len(trials) == 12
    assert trials.stamp.nunique() == 3, "one computation for each seed"


def test_a_trial_that_fails_is_a_row_with_its_error():
    trials = timed.swap(scores=lambda stamped, chosen: {"inverse": 1 / round(chosen - 0.3, 1)}).explore(test_size=[0.3, 0.4])
    assert "ZeroDivisionError: float division by zero in step 'scores'" in trials.error[0]
    assert trials.loc[1, ["inverse", "error"]].tolist() == [10.0, ""]


def test_a_trial_that_kills_its_process_costs_no_other_trial():
    trials = timed.swap(scores=deadly).explore(test_size=[0.2, 0.3, 0.4, 0.5, 0.6])
    assert trials.error.tolist() == ["", "", "", "its process died", ""]


def test_options_that_nobody_named_go_by_their_values():
    trials = workflow.explore(estimator=[DummyClassifier()], seed=[3])
    assert trials.estimator.tolist() == ["DummyClassifier()"]


INTERRUPTED = """
import signal, sys; sys.path.insert(0, {here!r})
from test_exploration import slow, timed
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests may have it ignored
trials = timed.swap(scores=slow).explore(seed=range(16))
print(trials.to_csv())
"""


def test_who_interrupts_gets_what_is_finished_and_the_same_call_goes_on(folder):
    program = INTERRUPTED.format(here=str(Path(__file__).parent))
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True)
    while len(list((folder / ".iris_ml/checkpoints/entries").glob("scores/*"))) < 4:
        time.sleep(0.05)
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    printed, _ = process.communicate(timeout=60)
    trials = pd.read_csv(StringIO(printed), keep_default_na=False)
    assert set(trials.error) == {"", "interrupted"}
    done = trials[trials.error == ""].astype({"stamp": float})
    again = timed.swap(scores=slow).explore(seed=range(16))
    assert (again.error == "").all()
    assert again.stamp[done.index].to_numpy() == pytest.approx(done.stamp.to_numpy(), abs=0)


def test_a_cluster_gives_the_same_table_and_loses_nothing_when_a_worker_is_killed():
    trials = timed.swap(scores=slow)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        doomed = next(iter(cluster.workers.values())).pid
        killer = subprocess.Popen([sys.executable, "-c", f"import os, time; time.sleep(2); os.kill({doomed}, 9)"])
        table = trials.explore(on=client, seed=range(20))
        killer.wait()
    assert (table.error == "").all()
    assert table.seed.tolist() == list(range(20))
    assert trials.explore(seed=range(20)).equals(table)


PATCHED = {
    "fitting.py": """
from sklearn.linear_model import Ridge
from iris_ml import Workflow
def fitted(seed: int) -> float:
    return float(Ridge().fit([[0.0], [1.0]], [1.0, 2.0]).predict([[0.0]])[0])
def scores(fitted: float) -> dict:
    return {"accuracy": fitted}
workflow = Workflow(fitted, scores)
""",
    "patches.py": "from sklearn.linear_model import Ridge\nRidge.predict = lambda self, rows: [7.0] * len(rows)\n",
    "imports.py": "import patches\nfrom fitting import workflow\nprint(workflow.explore(seed=[1, 2]).to_csv())\n",
    "itself.py": """
from fitting import Ridge, workflow
Ridge.predict = lambda self, rows: [8.0] * len(rows)
print(workflow.explore(seed=[1, 2]).to_csv())
""",
}


def test_a_trial_has_what_the_script_or_its_module_changes_in_a_package(folder):
    for name, text in PATCHED.items():
        (folder / name).write_text(text)
    by_module, by_script = (subprocess.run([sys.executable, name], capture_output=True, text=True) for name in [*PATCHED][2:])
    assert pd.read_csv(StringIO(by_module.stdout)).accuracy.tolist() == [7.0, 7.0]
    assert "one after the other" not in by_module.stderr
    assert pd.read_csv(StringIO(by_script.stdout)).accuracy.tolist() == [8.0, 8.0]
    assert "the trials run here, one after the other; write the change into a module that the steps import" in by_script.stderr
