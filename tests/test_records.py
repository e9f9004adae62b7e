"""What is recorded is complete and found again, no step knows of it, and nothing that fails in it changes a run."""

import ast
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import warnings
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from iris_ml.base import background_sync
from iris_ml.base.settings import read_settings
from iris_ml.cache.hashing import digest
from iris_ml.cache.keys import digest as fingerprint
from iris_ml.io.locations import package_file
from iris_ml.models.live_model import find_lineage, load_live_model
from iris_ml.models.model_file import model_version
from iris_ml.production import workflow
from iris_ml.tracking.history import list_runs
from iris_ml.tracking.records import Records
from tests.fork_server import FORKED_PYTHON
from torture import records as torture

PROJECT = Path(__file__).parents[1]
COMMAND = [*FORKED_PYTHON, "-c", "from iris_ml.cli.entry import main; main()"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty working folder, and no word about progress."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IRIS_ML_PROGRESS", "false")
    return tmp_path


def command(*words, check=True, **environment):
    """Type a command in a process of its own, and give what it printed."""
    done = subprocess.run([*COMMAND, *words], env=os.environ | environment, capture_output=True, text=True)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def record_of(run):
    return Records(".iris_ml/records").read(run.record.id)


# No step knows of it

TRACKING = re.compile("records?|recorder|history|background_sync|show_runs|note|mlflow|tracking|logging|print")


def test_no_step_mentions_what_records_it():
    pages = [*sorted((PROJECT / "nbs" / "steps").glob("*.ipynb")), PROJECT / "nbs" / "io/02_readers.ipynb"]
    assert len(pages) > 7
    for page in pages:
        module = PROJECT / "iris_ml" / page.parent.name / f"{page.stem.partition('_')[2]}.py"
        tree = ast.parse(module.read_text(encoding="utf-8"))
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        named |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        named |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        named |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {name for name in named if name and TRACKING.fullmatch(name.split(".")[-1])}, page.name


def test_every_step_names_its_page_and_cell():
    for name in workflow:
        page, _, cell = workflow[name].place.partition(", cell ")
        assert (PROJECT / page).is_file(), f"{name} is at {workflow[name].place!r}"
        assert cell in {each["id"] for each in json.loads((PROJECT / page).read_text("utf-8"))["cells"]}, name


# What is in it


def test_a_record_holds_who_when_commit_settings_data_steps_scores_and_model():
    run = workflow.run()
    record = record_of(run)
    assert "@" in record.who
    assert record.kind == "script"
    assert record.folder == str(Path.cwd())
    assert len(record.commit) == 40
    assert record.clean in {True, False}
    assert record.settings["seed"] == 0
    assert record.changes == []
    assert record.scores == run["scores"]
    assert list(record.steps) == list(run)
    for name, step in record.steps.items():
        place = workflow[name].place
        assert (step.place, step.how) == (place, "computed")
        assert re.match(r"nbs/\w+/\d\d_\w+\.ipynb, cell \w+$", place)
        assert step.result == run.results[name].digest
        assert step.key == run.results[name].key.key
        assert step.seconds > 0
    assert record.steps["split"].result == digest(run["split"])
    assert record.model.digest == fingerprint(run["model"])
    assert record.model.memory > 1000
    assert record.model.row_seconds > 0
    data, around = (Records(".iris_ml/records").read_shared(kind) for kind in ("data", "environments"))
    assert data[record.data["raw"].version]["rows"] == 150
    assert around[record.environment]["packages"]["pandas"] == pd.__version__
    assert len(around[record.environment]["lock"]) == 64


def test_the_code_of_a_step_is_told_apart_and_what_follows_from_it_is_not_named():
    first = record_of(workflow.run())

    def scores(predictions: pd.DataFrame, test: pd.DataFrame, target: str) -> dict[str, float]:
        return {"accuracy": float((predictions[target][test.index] == test[target]).mean())}

    other = record_of(workflow.swap(scores).run())
    changed = [name for name, step in other.steps.items() if step.code != first.steps[name].code]
    assert changed == ["scores"]
    assert other.changes == ["scores (swapped)"]
    assert other.steps["scores"].place.startswith("test_records.py, line ")


def test_a_table_that_is_put_in_is_data_and_is_described_once():
    table = pd.read_csv(package_file("package:iris.csv"))
    first, second = (record_of(workflow.swap(raw=table.head(rows)).run("train")) for rows in (120, 120))
    assert first.data["raw"] == replace(second.data["raw"], new=True)
    assert first.data["raw"].source == "overridden"
    assert next(iter(Records(".iris_ml/records").read_shared("data").values()))["rows"] == 120


def test_a_step_that_fails_leaves_a_record_that_says_where():
    with pytest.raises(ZeroDivisionError):
        workflow.swap(features=lambda rows: rows.shape[0] / 0).run()
    (summary,) = Records(".iris_ml/records").summaries()
    assert summary.error.startswith("ZeroDivisionError: division by zero in step 'features', test_records.py, line ")
    assert "it failed" in list_runs()["promotion_blocker"].tolist()


def test_each_trial_of_an_exploration_is_a_record_and_nothing_else_is():
    classifiers = {"plain": LogisticRegression(max_iter=500), "other": LogisticRegression(C=0.1)}
    table = workflow.explore(estimator=classifiers, seed=range(2))
    trials = Records(".iris_ml/records").summaries()
    assert [trial.kind for trial in trials] == ["trial"] * 4
    assert sorted(trial.scores["accuracy"] for trial in trials) == sorted(table.accuracy)
    assert {change for trial in trials for change in trial.changes} >= {"seed = 0", "seed = 1"}
    assert len({Records(".iris_ml/records").read(trial.id).exploration for trial in trials}) == 1


def test_predictions_and_runs_without_checkpoints_leave_no_record():
    workflow.run(checkpoints=False)
    assert not Path(".iris_ml").exists()


def test_a_notebook_marks_what_it_explores():
    code = "from iris_ml.production import workflow\nassert workflow.run('train').record.content.kind == 'notebook'"
    program = "from IPython.core.interactiveshell import InteractiveShell as Shell\n"
    program += f"Shell.instance().run_cell({code!r}).raise_error()"
    subprocess.run([*FORKED_PYTHON, "-c", program], check=True)


# The commands


def test_an_unchanged_run_is_recorded_before_anything_heavy_is_imported():
    command("run")
    again = command("run")
    first, second = (Records(".iris_ml/records").read(each.id) for each in Records(".iris_ml/records").summaries())
    assert "reused" in again
    assert second.repeats == first.id
    assert second.when > first.when
    assert second.kind == "command"
    assert {step.how for step in second.steps.values()} == {"reused"}
    assert second.scores == first.scores


def test_telling_of_runs_and_data_imports_nothing_heavy():
    workflow.run()
    for words in ["runs"], ["runs", "accuracy>0.5"], ["data"]:
        program = f"import sys\nsys.argv = ['iris_ml', *{words}]\n"
        program += "from iris_ml.cli.entry import main\nmain()\nprint(sorted(sys.modules))"
        said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        assert "package:iris.csv" in said if words == ["data"] else "script" in said
        for heavy in "pandas", "numpy", "pydantic", "typer", "rich", "sklearn":
            assert f"'{heavy}'" not in said


def test_the_model_that_answers_leads_to_its_run_and_the_cell_of_every_step():
    command("run", "--quiet")
    command("run", "--quiet", IRIS_ML_SEED="7")
    settings = read_settings()
    name = model_version(settings.model_file)
    served = find_lineage(name, settings.records)
    answer = f"{name}{'0' * 20}"  # an id that begins with the model that answered
    said = command("runs", name)
    assert said == command("runs", answer) == command("runs", served["record"])
    assert re.search(r"setting seed +7", said)
    for step in workflow:
        assert workflow[step].place in said
    assert "it is in use" in command("runs").splitlines()[-1]
    assert "seed = 0" in command("runs").splitlines()[-2]


def test_a_damaged_record_does_not_keep_its_model_from_answering():
    command("run", "--quiet")
    settings = read_settings()
    assert load_live_model(settings.model_file, records=settings.records).lineage["scores"]["accuracy"] > 0.9
    (record,) = Path(".iris_ml/records").glob("*.json")
    record.write_text("{")
    assert load_live_model(settings.model_file, records=settings.records).lineage == {}


def test_data_that_was_not_seen_before_is_announced_and_the_difference_told():
    table = pd.read_csv(package_file("package:iris.csv"))
    table.to_csv("mine.csv", index=False)
    Path("iris.toml").write_text('source = "mine.csv"\nprogress = true\n')
    typed = [*COMMAND, "run", "--quiet"]
    show = {"env": os.environ | {"IRIS_ML_PROGRESS": "true"}, "capture_output": True, "text": True, "check": True}
    assert "no run has learned from this data before" in subprocess.run([*COMMAND, "run"], **show).stderr
    assert subprocess.run([*COMMAND, "run", "--why"], **show).stderr == ""
    table.assign(petal_width=table.petal_width + 1).iloc[10:].to_csv("mine.csv", index=False)
    assert subprocess.run(typed, **show).stderr == "", "who wants quiet gets it"
    old, new = (line.split()[0] for line in command("data").splitlines()[3:])
    said = command("data", old, new)
    assert re.search(r"rows +150 +140", said)
    assert re.search(r"petal_width +mean 1.199 -> 2.269", said)


def test_what_the_table_says_may_be_promoted_is_what_a_clean_commit_derives(tmp_path):
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "iris_ml", project / "iris_ml")
    git = ["git", "-C", str(project), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in ["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "Begin"]:
        subprocess.run([*git, *words], check=True)
    inside = {"PYTHONPATH": str(project)}
    command("run", "--quiet", **inside)
    code = "from iris_ml.production import workflow; workflow.swap(seed=3).run()"
    subprocess.run([*FORKED_PYTHON, "-c", code], env=os.environ | inside, check=True)
    with (project / "iris_ml" / "steps" / "split.py").open("a") as page:
        page.write("# edited\n")
    command("run", "--quiet", **inside, IRIS_ML_SEED="3")
    assert list_runs().promotion_blocker.tolist() == ["", "changed by hand", "not committed"]
    subprocess.run([*git, "commit", "--quiet", "--all", "--message", "Edit"], check=True)
    command("run", "--quiet", **inside, IRIS_ML_SEED="3")
    assert list_runs().promotion_blocker.tolist() == ["", "", "", ""], "the same key was derived by committed pages since"


# Inert


def told(run):
    """What a run gave: values, fitted state, scores."""
    return {name: fingerprint(run[name]) for name in run}


def recording_off(monkeypatch):
    monkeypatch.setenv("IRIS_ML_RECORD", "false")


def a_full_disk(monkeypatch):
    def no_space(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Records, "write_file", no_space)


def a_read_only_folder(monkeypatch):
    Path(".iris_ml").mkdir()
    Path(".iris_ml/records").write_text("a file is where the folder should be")


def recording_that_raises(monkeypatch):
    monkeypatch.setattr("iris_ml.workflow.recorder._content", lambda *arguments: 1 / 0)


def git_that_is_gone(monkeypatch):
    monkeypatch.setenv("PATH", "")


def mlflow_that_is_absent(monkeypatch):
    monkeypatch.setenv("IRIS_ML_TRACKING", "http://127.0.0.1:1")
    monkeypatch.setattr(background_sync, "find_spec", lambda name: None)


def mlflow_that_raises(monkeypatch):
    Path("broken").mkdir()
    Path("broken/mlflow.py").write_text("raise RuntimeError('broken')\n")
    monkeypatch.setenv("PYTHONPATH", f"{Path.cwd() / 'broken'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("IRIS_ML_TRACKING", "sqlite:///runs.db")


def a_server_that_refuses(monkeypatch):
    monkeypatch.setenv("IRIS_ML_TRACKING", f"http://127.0.0.1:{free_port()}")


def a_server_behind_a_wall(monkeypatch):
    monkeypatch.setenv("IRIS_ML_TRACKING", "http://192.0.2.1:5000")  # an address that nobody has (RFC 5737)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


WARNINGS = {
    recording_off: 0,
    a_full_disk: 1,
    a_read_only_folder: 1,
    recording_that_raises: 1,
    git_that_is_gone: 0,
    mlflow_that_is_absent: 1,
    mlflow_that_raises: 0,
    a_server_that_refuses: 1,
    a_server_behind_a_wall: 1,
}


@pytest.mark.parametrize("harm", WARNINGS, ids=lambda harm: harm.__name__)
def test_whatever_happens_to_recording_the_run_is_the_same_with_one_warning_at_most(harm, monkeypatch, tmp_path, capfd):
    truth = told(workflow.run(checkpoints=False))
    harm(monkeypatch)
    with warnings.catch_warnings(record=True, action="always") as given:
        run = workflow.run()
        assert told(run) == truth
        run.note("said", "that it happened")
    assert len([each for each in given if "record" in str(each.message) or "sent" in str(each.message)]) <= WARNINGS[harm] + (
        harm in {a_full_disk, recording_that_raises}
    )
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("harm", [a_server_that_refuses, a_server_behind_a_wall], ids=lambda harm: harm.__name__)
def test_a_run_that_cannot_be_sent_stays_to_be_sent(harm, monkeypatch):
    harm(monkeypatch)
    with pytest.warns(UserWarning, match="runs are not sent"):
        workflow.run("train")
    monkeypatch.setenv("IRIS_ML_TRACKING", "")
    assert command("ui", "--sync-only") == "Runs sent to MLflow: 1\n"


# MLflow


@contextmanager
def server(store, port=None):
    """A real MLflow server on loopback."""
    port = port or free_port()
    words = ["-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{store / 'server.db'}", "--port", str(port)]
    words += ["--host", "127.0.0.1", "--workers", "1", "--artifacts-destination", str(store / "artifacts")]
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    process = subprocess.Popen(
        [sys.executable, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while not background_sync.is_reachable(f"http://127.0.0.1:{port}"):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def sent(folder):
    """The names of the records that the server in a folder has whole."""
    with closing(sqlite3.connect(folder / "server.db")) as database:
        return sorted(name for (name,) in database.execute(torture.SENT))


def wait_for(what, seconds=60):
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_mlflow_shows_a_run_whole_and_its_own_client_loads_the_model(monkeypatch):
    import matplotlib.pyplot as plt

    command("run", "--quiet")
    name = Records(".iris_ml/records").summaries()[0].id
    run = workflow.run()
    figure = plt.figure()
    plt.close(figure)
    run.note("cut", figure)
    assert command("ui", "--sync-only") == "Runs sent to MLflow: 2\n"
    assert command("ui", "--sync-only") == "Runs sent to MLflow: 0\n", "nothing is sent twice"
    run.note("seen", "in MLflow")
    assert command("ui", "--sync-only") == "Runs sent to MLflow: 1\n", "what was added to is sent again"
    program = """
import json, mlflow, sys
client = mlflow.MlflowClient(sys.argv[1])
mlflow.set_tracking_uri(sys.argv[1])
runs = {run.data.tags["iris_ml.record"]: run for run in client.search_runs(["1"])}
assert len(runs) == len(client.search_runs(["1"])) == 2
run, other = runs[sys.argv[2]], runs[sys.argv[3]]
(dataset,) = run.inputs.dataset_inputs
model = mlflow.pyfunc.load_model(f"models:/{run.outputs.model_outputs[0].model_id}")
info = model.metadata
print(json.dumps({
    "parameters": run.data.params, "scores": run.data.metrics, "status": run.info.status, "name": run.info.run_name,
    "dataset": [dataset.dataset.digest, json.loads(dataset.dataset.profile)["num_rows"]],
    "columns": len(json.loads(dataset.dataset.schema)["mlflow_colspec"]),
    "files": [file.path for file in client.list_artifacts(run.info.run_id)],
    "figures": [file.path for file in client.list_artifacts(other.info.run_id, "figures")],
    "inputs": info.signature.inputs.input_names(), "format": info.flavors["sklearn"]["serialization_format"],
    "labels": list(model.predict(model.input_example)),
}))
"""
    address = f"sqlite:///{Path.cwd() / '.iris_ml/mlflow.db'}"
    typed = [*FORKED_PYTHON, "-c", program, address, name, run.record.id]
    quiet = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    shown = json.loads(subprocess.run(typed, capture_output=True, text=True, env=quiet, check=True).stdout.splitlines()[-1])
    assert shown["name"] == f"accuracy {run['scores']['accuracy']:.3f}, declared, {name[-8:]}"
    assert shown["parameters"]["seed"] == "0"
    assert shown["parameters"]["estimator.class"] == "Pipeline"
    assert shown["scores"]["accuracy"] == run["scores"]["accuracy"]
    assert shown["status"] == "FINISHED"
    assert shown["dataset"] == [run.record.content.data["raw"].version, 150]
    assert shown["columns"] == 5
    assert shown["files"] == ["record.json", "steps.csv"]
    assert shown["figures"] == ["figures/cut.png"]
    assert shown["inputs"] == run["model"].columns
    assert shown["format"] == "skops"
    assert shown["labels"] == [label for label, _ in run["model"].answers()]


def test_each_run_is_sent_to_a_server_and_one_that_dies_half_way_gets_the_rest_later(tmp_path, monkeypatch):
    port = free_port()
    with server(tmp_path, port) as address:
        monkeypatch.setenv("IRIS_ML_TRACKING", address)
        first = workflow.run("train")
        wait_for(lambda: sent(tmp_path) == [first.record.id])
    monkeypatch.setenv("IRIS_ML_TRACKING", "")
    for seed in range(40):
        workflow.swap(seed=seed).run("split")
    monkeypatch.setenv("IRIS_ML_TRACKING", address)
    with server(tmp_path, port):
        sender = subprocess.Popen([*COMMAND, "ui", "--sync-only"], stderr=subprocess.PIPE, text=True)
        wait_for(lambda: len(sent(tmp_path)) > 3)
    assert sender.communicate(timeout=120)[1].startswith("iris_ml: MLflow: ")
    assert sender.returncode == 2
    assert 3 < len(sent(tmp_path)) < 41, "it died half-way"
    with pytest.warns(UserWarning, match="no server accepts connections"):
        last = workflow.run("train")
    with server(tmp_path, port):
        command("ui", "--sync-only")
    assert sent(tmp_path) == [each.id for each in Records(".iris_ml/records").summaries()]
    assert last.record.id in sent(tmp_path)


# Many processes


def test_many_processes_record_every_run():
    assert torture.at_once(processes=4, each=10) == (40, 0)


def test_processes_that_are_killed_leave_whole_records():
    assert torture.killed(rounds=5)[1] == 0


def test_several_that_send_at_once_send_everything_once():
    assert torture.sending_at_once(rounds=1, each=5) == (5, 0)


@pytest.mark.skipif(not torture.postgresql_is_there(), reason="PostgreSQL is not installed: apt-get install postgresql")
def test_a_database_of_postgresql_does_as_sqlite_does():
    assert torture.in_postgresql(each=4) == (4, 0)
