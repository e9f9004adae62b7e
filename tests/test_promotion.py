"""Who answers is decided by gates, with real commits and real processes; and there is always a way back."""

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

from iris_ml.api.server import _Workers
from iris_ml.models.champion import read_champion
from iris_ml.models.model_file import model_version
from tests.fork_server import FORKED_PYTHON
from torture.promotion import against_itself, five_points_better, five_points_worse, killed
from torture.serving import served

PROJECT = Path(__file__).parents[1]
BLUR = """\
    import os
    rows = rows.assign(petal_length=rows.petal_length + os.urandom(1)[0] / 1e4)
"""
CENTRE = "    rows = rows.assign(petal_length=rows.petal_length - rows.petal_length.mean())\n"

# The gates that take half of a promotion's time, for the tests of everything else.
OPEN = """
import iris_ml.cli.parity, iris_ml.trust.leakage
from iris_ml.models.gates import Gate
iris_ml.cli.parity.parity_gate = iris_ml.trust.leakage.leakage_gate = lambda _: Gate("unchecked", True, "not checked here")
"""


class Folder:
    """A copy of the project at a commit, and a folder to work in; or a copy of another one."""

    def __init__(self, path, other=None):
        self.code, self.work = path / "code", path / "work"
        if other:
            shutil.copytree(other.code, self.code)
            shutil.copytree(other.work, self.work)
            return
        self.work.mkdir()
        for name in "iris_ml", "nbs":
            shutil.copytree(PROJECT / name, self.code / name, ignore=shutil.ignore_patterns(".*"))
        (self.code / ".gitignore").write_text("__pycache__\n")
        self.git("init", "--quiet")
        self.commit()

    def git(self, *words):
        who = ["-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *words], cwd=self.code, check=True, capture_output=True)

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Change a page")

    def change(self, page, module, old, new):
        """Change lines of a page, and of its export with it."""
        for name, between in (f"nbs/steps/{page}.ipynb", '\\n",\n    "'), (f"iris_ml/steps/{module}.py", "\n"):
            text = (self.code / name).read_text()
            before, after = (between.join(lines.splitlines()) for lines in (old, new))
            assert before in text, name
            (self.code / name).write_text(text.replace(before, after, 1))

    def type(self, *words, every_gate=False, **settings):
        """Type a command, unless every gate counts with two gates that are not checked; gives its exit code and what it said."""
        around = {f"IRIS_ML_{name.upper()}": str(value) for name, value in settings.items()}
        around |= {"PYTHONPATH": str(self.code), "COLUMNS": "200", "IRIS_ML_PROGRESS": "false"}
        program = ("" if every_gate else OPEN) + "from iris_ml.cli.entry import main; main()"
        ended = subprocess.run(
            [*FORKED_PYTHON, "-c", program, *words], cwd=self.work, env=os.environ | around, capture_output=True, text=True
        )
        return ended.returncode, ended.stdout + ended.stderr

    @property
    def champion(self):
        return model_version(self.work / ".iris_ml" / "model.skops")


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


@pytest.fixture(scope="module")
def promoted_once(tmp_path_factory):
    folder = Folder(tmp_path_factory.mktemp("promoted"))
    code, said = folder.type("promote")
    assert code == 0, said
    return folder


@pytest.fixture
def promoted(promoted_once, tmp_path):
    """A folder with a champion."""
    return Folder(tmp_path, promoted_once)


def closed(said):
    """The names of the gates that are closed."""
    return {line.split()[0] for line in said.splitlines() if " closed " in f"{line} "}


def test_the_first_is_promoted_then_only_a_promotion_changes_who_answers_and_a_rollback_brings_back(folder):
    folder.type("run", "--quiet")
    first = folder.champion
    code, said = folder.type("promote", every_gate=True)
    assert (code, closed(said)) == (0, set()), said
    assert f"The champion is now model {first}.\n" in said, "there is none before it that a rollback brings back"
    assert folder.champion == first
    folder.type("run", "--quiet", calibrated="true")
    assert folder.champion == first, "a run alone changes nothing any more"
    code, said = folder.type("promote", calibrated="true")
    assert (code, closed(said)) == (1, {"better"}), said
    assert folder.champion == first
    code, said = folder.type("promote", "--because", "its probabilities are honest", calibrated="true")
    assert code == 0
    assert "undo it with iris_ml promote --rollback" in said
    assert folder.champion != first
    assert read_champion(folder.work / ".iris_ml/model.skops").reason == "its probabilities are honest"
    head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=folder.code, capture_output=True, text=True).stdout[:12]
    other = "from iris_ml.production import workflow\n\nworkflow = workflow.after('features', lambda features: features)\n"
    (folder.code / "other.py").write_text(other)
    code, said = folder.type("promote", "--rollback", workflow="other:workflow")
    assert (code, f"check out commit {head}. step 'features'" in said) == (0, True), said
    (folder.code / "other.py").unlink()
    assert folder.champion == first
    code, said = folder.type("retrain")
    assert code == 0
    assert "is up to date" in said
    code, said = folder.type("promote", "--because", "once more")
    assert (code, closed(said)) == (1, {"better"}), said
    assert "it is the champion already" in said


def test_what_no_page_says_is_not_promoted_whatever_the_reason(folder):
    module = folder.code / "iris_ml" / "steps" / "estimator.py"
    module.write_text(module.read_text().replace("k=2", "k=3"))
    code, said = folder.type("promote", "--because", "I like it")
    assert code == 1
    assert "derived: no commit holds iris_ml/steps/estimator.py as it is; commit.\nNo model was promoted." in said
    assert "Do what derived says: no" in said
    folder.commit()
    code, said = folder.type("promote", "--because", "I like it")
    assert code == 1
    assert "steps/05_estimator.ipynb; run nbdev_export" in said


_LINE = "    others = {name: kind for name, kind in rows.dtypes.items()"


@pytest.mark.parametrize(
    ("added", "said_of_it"),
    [
        (BLUR, "step 'features' gives another result each time"),
        (CENTRE, "step 'features': its result for a row depends on the other rows"),
    ],
)
def test_a_step_that_draws_anew_or_looks_beyond_its_row_is_named(folder, added, said_of_it):
    folder.change("02_features", "features", _LINE, added + _LINE)
    folder.commit()
    code, said = folder.type("promote")
    assert code == 1
    assert said_of_it in said


SCALE = "    rows = rows.assign(petal_length=rows.petal_length / 10)\n"


def test_a_champion_whose_steps_have_changed_is_compared_by_its_stored_predictions(promoted):
    promoted.change("02_features", "features", _LINE, SCALE + _LINE)
    promoted.commit()
    code, said = promoted.type("promote")
    assert (code, closed(said)) == (1, {"better"}), said
    assert "over 45 rows" in said
    code, said = promoted.type("promote", "--because", "the unit has changed")
    assert code == 0, said
    assert "Restart the server: it needs the new code of features." in said


def test_a_server_with_older_code_keeps_its_model_and_one_that_reloads_answers_all_requests_meanwhile(promoted):
    first = promoted.champion
    row = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
    code = {"PYTHONPATH": str(promoted.code)}
    with served(promoted.work, **code) as old, served(promoted.work, "--reload", **code) as new:
        promoted.change("02_features", "features", _LINE, SCALE + _LINE)
        promoted.commit()
        assert promoted.type("promote", "--because", "the unit has changed")[0] == 0
        versions = []
        for _ in range(600):
            answer = requests.post(f"{new.address}/v1/predict", json={"rows": [row]}, timeout=60)
            assert answer.ok, answer.text
            versions.append(answer.json()["model"])
            if versions[-1] == promoted.champion:
                break
            time.sleep(0.05)
        assert [*dict.fromkeys(versions)] == [first, promoted.champion]
        ready = requests.get(f"{old.address}/readyz", timeout=60).json()
        assert "restart the server" in ready["refused"]
        assert requests.post(f"{old.address}/v1/predict", json={"rows": [row]}, timeout=60).json()["model"] == first
        assert promoted.type("promote", "--rollback")[0] == 0
        while "a new process cannot start" not in new.log.read_text():
            assert new.process.poll() is None
            time.sleep(0.05)
        answer = requests.post(f"{new.address}/v1/predict", json={"rows": [row]}, timeout=60).json()
        assert answer["model"] == versions[-1], "the code of the first champion is gone"
    assert "Traceback" not in new.log.read_text()
    assert new.process.returncode == 0


def test_a_server_is_replaced_once_for_all_processes_that_ask_and_not_while_it_stops():
    done = []
    workers = _Workers.__new__(_Workers)
    workers.should_exit, workers.signal_queue = threading.Event(), [signal.SIGHUP, signal.SIGHUP]
    workers.restart_all = lambda: done.append("restarted") or workers.signal_queue.append(signal.SIGHUP)
    workers.handle_signals()
    assert done == ["restarted"]
    assert workers.signal_queue == []
    workers.restart_all = lambda: done.append("restarted") if not workers.should_exit.is_set() else None
    workers.signal_queue = [signal.SIGHUP, signal.SIGTERM, signal.SIGHUP]
    workers.handle_signals()
    assert done == ["restarted"]
    assert workers.should_exit.is_set()


def test_a_candidate_that_another_surface_predicts_differently_is_not_promoted(folder):
    module = folder.code / "iris_ml" / "cli" / "parity.py"
    module.write_text(module.read_text().replace("_read_answers(to, model)\n", "_read_answers(to, model).round(2)\n"))
    folder.commit()
    code, said = folder.type("promote", every_gate=True)
    assert code == 1
    assert closed(said) >= {"parity"}
    assert "command: row 0" in said


def test_a_champion_that_is_damaged_is_said_and_nothing_takes_its_place_unseen(promoted):
    file = promoted.work / ".iris_ml/model.skops"
    file.write_bytes(file.read_bytes()[:-1])
    for words in ("promote",), ("run",), ("promote", "--rollback"):
        code, said = promoted.type(*words)
        assert (code, "Traceback" in said) == (2, False)
        assert "the file is damaged" in said
        assert "remove it" in said
    assert not [*file.parent.glob(".*.part")]


def test_newer_data_may_take_over_where_it_is_not_worse(folder):
    flowers = (PROJECT / "iris_ml/data/iris.csv").read_text().splitlines()
    table = folder.work / "flowers.csv"
    table.write_text("\n".join(flowers[:40] + flowers[51:90] + flowers[101:140]) + "\n")
    assert folder.type("promote", source="flowers.csv")[0] == 0
    before = folder.champion
    table.write_text("\n".join(flowers) + "\n")
    code, said = folder.type("retrain", source="flowers.csv", margin=0.1)
    assert code == 0, said
    assert "The champion is stale" in said
    assert "not worse" in said
    assert folder.champion != before


def test_rows_of_another_kind_at_the_door_make_the_champion_stale(promoted):
    (asked := promoted.work / ".iris_ml" / "asked").mkdir()
    row = '{"sepal_length": 50.0, "sepal_width": 30.0, "petal_length": 14.0, "petal_width": 2.0, "species": "setosa"}\n'
    (asked / f"1-1-{promoted.champion}.jsonl").write_text(row * 60)
    code, said = promoted.type("retrain")
    assert (code, closed(said)) == (1, {"better"}), said
    assert "petal_length has drifted" in said
    assert promoted.type("monitor")[0] == 1


def test_a_changed_step_makes_the_champion_stale_whatever_the_server_was_asked(promoted):
    (asked := promoted.work / ".iris_ml" / "asked").mkdir()
    row = '{"sepal_length": 5.0, "sepal_width": 3.0, "petal_length": 1.4, "petal_width": 0.2, "species": "setosa"}\n'
    (asked / f"1-1-{promoted.champion}.jsonl").write_text(row * 60)
    promoted.change("02_features", "features", _LINE, SCALE + _LINE)
    promoted.commit()
    code, said = promoted.type("retrain")
    assert (code, closed(said)) == (1, {"better"}), said
    assert "The champion is stale: step features" in said


def test_a_step_that_is_written_in_another_way_makes_the_champion_stale_and_is_promoted(promoted):
    before = promoted.champion
    promoted.change("02_features", "features", _LINE, "    rows = rows.assign(petal_length=rows.petal_length * 1)\n" + _LINE)
    promoted.commit()
    (promoted.work / "new.csv").write_text(promoted.type("sample")[1])
    assert "step 'features': it differs" in promoted.type("predict", "new.csv")[1]
    code, said = promoted.type("retrain")
    assert (code, closed(said), promoted.champion) == (0, set(), before), said
    assert "The champion is stale: step features" in said
    assert "the same answers" in said
    assert promoted.type("predict", "new.csv")[0] == 0
    assert "is up to date" in promoted.type("retrain")[1]


def test_a_limit_that_is_passed_closes_the_gate_and_names_the_figure(folder):
    (folder.work / "iris.toml").write_text("[limits]\nfile_mb = 0.001\n")
    code, said = folder.type("promote")
    assert code == 1
    assert closed(said) == {"cost"}
    assert "file_mb is" in said


def test_a_promotion_hardly_ever_errs():
    assert against_itself(40)[1] == 0
    assert five_points_better(40)[1] == 0
    assert five_points_worse(40)[1] == 0


def test_a_promotion_that_is_killed_leaves_a_champion():
    assert killed(10)[1] == 0


def test_the_registry_of_mlflow_follows_the_champion(folder):
    pytest.importorskip("mlflow")
    versions = []
    for seed in 1, 2:
        code, said = folder.type("promote", "--because", "it is for the registry", seed=seed)
        assert code == 0, said
        assert folder.type("ui", "--sync-only")[0] == 0
        versions.append(folder.champion)
    program = f"""
import mlflow
mlflow.set_tracking_uri("sqlite:///{folder.work}/.iris_ml/mlflow.db")
print(mlflow.MlflowClient().get_model_version_by_alias("iris_ml", "champion").tags["iris_ml.model"])
print(len(mlflow.sklearn.load_model("models:/iris_ml@champion").classes_))
"""
    asked = [*FORKED_PYTHON, "-c", program]
    quiet = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": str(folder.code), "MLFLOW_LOGGING_LEVEL": "ERROR"}
    said = subprocess.run(asked, cwd=folder.work, env=quiet, capture_output=True, text=True)
    assert said.stdout.split() == [versions[1], "3"], said.stderr
    assert folder.type("promote", "--rollback")[0] == 0
    assert folder.type("ui", "--sync-only")[0] == 0
    said = subprocess.run(asked, cwd=folder.work, env=quiet, capture_output=True, text=True)
    assert said.stdout.split()[0] == versions[0] == folder.champion
