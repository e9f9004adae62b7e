"""The monitor rings when rows are of another kind, and only then; and keeping what was asked is in nobody's way."""

import json

import numpy as np
import pandas as pd
import pytest

from iris_ml.models.predictor import run_model, sample_predictions
from iris_ml.models.request_log import RequestLog, read_requests
from iris_ml.production import workflow
from iris_ml.stats.drift import detect_drift
from torture.monitor import false_alarms, missed


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
