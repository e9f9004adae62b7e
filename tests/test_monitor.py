"""The monitor rings when rows are of another kind, and only then; and keeping what was asked is in nobody's way."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from iris_ml.batch.label_report import watch_labels
from iris_ml.cli.commands import application
from iris_ml.models.predictor import run_model, sample_predictions
from iris_ml.models.request_log import RequestLog, read_requests
from iris_ml.production import workflow
from iris_ml.stats.anytime import anytime_interval, watch
from iris_ml.stats.drift import detect_drift
from iris_ml.steps.default_estimator import mean_of_both
from torture.monitor import (
    alarm_for_nothing,
    coverage_alarm_for_nothing,
    false_alarms,
    late_loss_found,
    loss_found,
    missed,
)


@pytest.fixture(scope="module")
def model():
    return workflow.run("model", progress=False, checkpoints=False)["model"]


@pytest.fixture
def flowers(model):
    return pd.DataFrame(model.profile.sample).drop(columns="species")


def drifted(rows, model):
    run = run_model(rows, model)
    table = detect_drift(run["rows"], run["predictions"].iloc[:, 0], model, sample_predictions(model))
    return set(table.index[table.drifted])


def test_batches_on_which_nothing_happened_hardly_ever_ring():
    assert false_alarms(100)[1] == 0


def test_a_column_that_moved_by_a_third_of_its_deviation_is_found():
    assert missed(40)[1] == 0


def test_labels_that_arrive_as_promised_hardly_ever_ring():
    assert alarm_for_nothing(40, 0.9, 300, rows=1000)[1] == 0
    assert coverage_alarm_for_nothing(40, 300, rows=1000)[1] == 0


def test_a_loss_of_ten_points_is_found_within_500_labels():
    assert loss_found(100, 0.9, 2000, 0.95)[1] == 0


def test_a_loss_after_many_good_answers_is_found_too():
    streams, wrong, _ = late_loss_found(30, 0.9, 1000, 0.8)
    assert (streams, wrong) == (30, 0)


def test_a_class_that_the_model_does_not_know_is_a_wrong_answer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris.toml").write_text("coverage = 0.9\ntest_size = 0.5\n")
    assert CliRunner().invoke(application, ["run", "--quiet"]).exit_code == 0
    rows = workflow.run("raw", progress=False)["raw"].sample(300, replace=True, random_state=0, ignore_index=True)
    new = rows.assign(species=rows.species.where(rows.index % 3 > 0, "sibirica")).astype(object)
    new.loc[[1, 2], "petal_length"] = "long"
    new.to_csv("new.csv", index=False)
    found = watch_labels(["new.csv"])
    assert found.refused == 2
    assert found.unknown == {"sibirica": 100}
    assert (found.promises.rows == 298).all()
    assert (found.promises.share < 0.7).all()
    assert (found.promises.lost_at > 0).all()


def test_the_promise_of_few_test_rows_is_not_held_against_a_model():
    assert watch(np.arange(20) > 0, right=10, rows=10).lost_at == 0


def test_an_interval_holds_the_share_at_every_look():
    draws, left = np.random.default_rng(0), 0
    for _ in range(40):
        right = np.cumsum(draws.random(300) < 0.8)
        left += any(not low <= 0.8 <= high for low, high in (anytime_interval(right[n - 1], n) for n in range(1, 301, 30)))
    assert left <= 2


def test_the_command_watches_labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris.toml").write_text("coverage = 0.9\ntest_size = 0.5\n")
    ask = CliRunner().invoke
    assert ask(application, ["run", "--quiet"]).exit_code == 0
    rows = workflow.run("raw", progress=False)["raw"].sample(300, replace=True, random_state=0)
    rows.to_csv("good.csv", index=False)
    rows.assign(species=rows.species.sample(frac=1, random_state=0).to_numpy()).to_csv("bad.csv", index=False)
    good, bad = (ask(application, ["monitor", "--labels", f"{name}.csv"]) for name in ("good", "bad"))
    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert "accuracy" in good.output
    assert "coverage" in good.output
    assert bad.output.count("proven at row") == 2
    other = ask(application, ["monitor", "good.csv", "--labels", "good.csv", "--to", "page.html"])
    assert str(other.exception).startswith("iris_ml monitor: --labels tests labels, and not good.csv")
    rows.drop(columns="species").to_csv("unlabelled.csv", index=False)
    rows.rename(columns={"species": "label"}).to_csv("other.csv", index=False)
    for name in "unlabelled", "other":
        refused = str(ask(application, ["monitor", "--labels", f"{name}.csv"]).exception)
        assert refused.startswith(f"{name}.csv, column 'species': no row has a label; name files with this column")
    rows.assign(species=rows.species.where(np.arange(300) % 50 > 0, "sibirica")).to_csv("new.csv", index=False)
    assert "6 rows have a label that the model has never learned, and count as wrong: sibirica (6)" in ask(
        application, ["monitor", "--labels", "new.csv"]
    ).output


def test_the_training_rows_themselves_do_not_ring(flowers, model):
    assert drifted(flowers, model) == set()


def test_a_unit_that_changed_rings_for_its_column(flowers, model):
    assert "petal_length" in drifted(flowers.assign(petal_length=flowers.petal_length * 10), model)


def test_gaps_that_were_not_there_ring():
    draws = np.random.default_rng(0)
    rows = pd.DataFrame({"width": draws.normal(size=400), "length": draws.normal(size=400)})
    table = rows.assign(kind=np.where(rows.width > 0, "a", "b"))
    table.loc[::100, "length"] = np.nan
    from sklearn.ensemble import HistGradientBoostingClassifier

    mine = workflow.swap(raw=table, target="kind", estimator=HistGradientBoostingClassifier(max_iter=5))
    model = mine.run("model", progress=False, checkpoints=False)["model"]
    assert "length, missing" in drifted(rows.assign(length=rows.length.where(rows.index % 2 == 0)), model)


def test_a_column_that_is_left_out_does_not_ring(flowers, model):
    run = run_model(flowers, model)
    table = detect_drift(run["rows"].drop(columns="sepal_width"), run["predictions"].species, model, sample_predictions(model))
    assert "sepal_width" not in table.index
    assert not table.drifted.any()


def test_one_row_does_not_ring(flowers, model):
    assert drifted(flowers.head(1), model) == set()


def test_a_log_with_no_bound_keeps_nothing_and_starts_nothing(tmp_path, flowers, model):
    log = RequestLog(tmp_path / "asked", max_rows=0)
    log.add(run_model(flowers, model), "3f2a")
    log.close()
    assert not log._thread.is_alive()
    assert [*tmp_path.iterdir()] == []


def test_a_log_holds_rows_and_answers_without_the_columns_left_out(tmp_path, flowers, model):
    log = RequestLog(tmp_path, max_rows=1000, exclude=["sepal_length"])
    run = run_model(flowers, model)
    log.add(run, "3f2a")
    log.close()
    kept = read_requests(tmp_path, "3f2a")
    assert list(kept) == ["sepal_width", "petal_length", "petal_width", "species"]
    assert kept.species.tolist() == run["predictions"].species.tolist()


def test_a_torn_line_is_left_out(tmp_path, flowers, model):
    log = RequestLog(tmp_path, max_rows=1000)
    log.add(run_model(flowers, model), "3f2a")
    log.close()
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text()[:-9])
    assert len(read_requests(tmp_path, "3f2a")) == len(flowers) - 1
    assert all(json.loads(line) for line in file.read_text().splitlines()[:-1])


def test_a_folder_that_cannot_be_made_is_said_once_and_harms_nobody(tmp_path, flowers, model, caplog):
    (tmp_path / "asked").write_text("a file is in the way")
    log = RequestLog(tmp_path / "asked", max_rows=1000)
    log.add(run_model(flowers, model), "3f2a")
    log.close()
    log.add(run_model(flowers, model), "3f2a")
    assert len(caplog.records) == 1
    assert "not logged any more" in caplog.text


def test_a_free_text_is_left_out_and_not_called_unchanged():
    notes = [f"note {n} of {n % 7} words" for n in range(300)]
    table = pd.DataFrame({"size": np.arange(300) % 40 / 10, "note": pd.Series(notes, dtype="str"), "kind": ["a", "b"] * 150})
    run = workflow.swap(raw=table, target="kind", estimator=mean_of_both()).run("model", progress=False)
    rows = table.drop(columns="kind").assign(note="another text altogether")
    answers = pd.Series(["a"] * 300)
    compared = detect_drift(rows, answers, run["model"], sample_predictions(run["model"])).index
    assert "size" in compared
    assert "note" not in compared
