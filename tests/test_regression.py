"""A target of numbers is predicted as a number, by every surface, and judged by R²."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.pipeline import make_pipeline

from iris_ml.base.errors import DataError, IrisError
from iris_ml.batch.drift_report import report_drift
from iris_ml.batch.report import report
from iris_ml.batch.summary import ReportSummary
from iris_ml.cli.parity import check_parity
from iris_ml.models.gates import check_better
from iris_ml.models.model_file import load, save
from iris_ml.models.predictor import predict, run_model
from iris_ml.production import workflow
from iris_ml.steps.default_estimator import boosting

DRAWS = np.random.default_rng(0)
FLATS = pd.DataFrame(
    {
        "size": DRAWS.normal(70, 20, 400).round(1),
        "rooms": DRAWS.integers(1, 6, 400),
        "town": DRAWS.choice(["Arles", "Bern", "Cork"], 400),
        "built": DRAWS.choice(["1950-01-01", "1999-06-30", "2020-12-31"], 400),
        "balcony": DRAWS.choice(["TRUE", "FALSE"], 400),
    }
).mask(DRAWS.random((400, 5)) < 0.05)
FLATS["rent"] = (8.5 * FLATS["size"].fillna(70) + 150 * (FLATS.town == "Bern") + DRAWS.normal(0, 40, 400)).round(2)
SETTINGS = 'source = "flats.csv"\ntarget = "rent"\n'
REGRESSORS = LinearRegression(), HistGradientBoostingRegressor(max_iter=20), RandomForestRegressor(20)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FLATS.to_csv("flats.csv", index=False)
    Path("iris.toml").write_text(SETTINGS)
    return tmp_path


@pytest.fixture(scope="module")
def flats():
    """A run on the table."""
    return workflow.swap(raw=FLATS, target="rent").run(progress=False)


@pytest.fixture
def model(flats):
    save(flats["model"], ".iris_ml/model.skops")
    return load(".iris_ml/model.skops")


def test_a_run_scores_numbers_by_r2_and_errors(flats):
    truth, answers = flats["test"].rent, flats["predictions"].rent[flats["test"].index]
    scores = flats["scores"]
    assert scores["r2"] == pytest.approx(r2_score(truth, answers))
    assert scores["r2_low"] < scores["r2"] < scores["r2_high"]
    assert scores["mae"] == pytest.approx(mean_absolute_error(truth, answers))
    assert scores["test_rows"] == len(truth)
    assert scores["r2"] > 0.8
    assert flats["profile"].task == "regression"
    assert flats["profile"].classes == []


def test_every_surface_gives_the_same_numbers(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        surfaces = check_parity()
    assert set(surfaces.answers) == {"equal"}, surfaces.to_string()


def test_a_report_has_the_scores_that_scikit_learn_computes(model):
    made = report("flats.csv", "report.html", most=37)
    answers = pd.read_csv("report_predictions.csv").rent_predicted
    errors = made.summary.errors
    assert made.summary.labels is None
    assert sum(made.summary.answers.values()) == 400
    assert len(made.summary.answers) == 10
    assert errors.r2 == pytest.approx(r2_score(FLATS.rent, answers))
    assert errors.r2_low < errors.r2 < errors.r2_high
    assert errors.mae == pytest.approx(mean_absolute_error(FLATS.rent, answers))
    assert errors.rows == 400
    largest = [abs(row["error"]) for row in errors.largest_error]
    assert largest == sorted(largest, reverse=True)
    assert largest[0] == pytest.approx((answers - FLATS.rent).abs().max())
    assert ReportSummary.from_json(Path("report.json").read_text()) == made.summary
    page = Path("report.html").read_text()
    assert "R², mean absolute error" in page
    assert "It predicts rent" in page
    assert "Confusion" not in page


def test_one_batch_and_many_give_the_same_report(model):
    one, many = (report("flats.csv", f"{most}.html", most=most).summary for most in (1_000, 7))
    assert one.answers == many.answers
    assert one.errors.rows == many.errors.rows
    assert [row["row"] for row in one.errors.largest_error] == [row["row"] for row in many.errors.largest_error]
    for name in "r2", "r2_low", "r2_high", "mae", "mae_low", "mae_high", "rmse":
        assert getattr(one.errors, name) == pytest.approx(getattr(many.errors, name), rel=1e-9)


def test_a_row_is_explained_by_numbers(model):
    run = run_model(FLATS.drop(columns="rent").head(2), model, debug=True)
    first = run["moves"].loc[0].loc["size"]
    assert first.change == pytest.approx(first.label - run["predictions"].rent[0])


def test_predicted_numbers_drift(model):
    assert not report_drift(["flats.csv"]).drift.drifted["rent, answered"]
    FLATS.assign(size=FLATS["size"] + 60).to_csv("larger.csv", index=False)
    assert report_drift(["larger.csv"]).drift.drifted["rent, answered"]


def test_a_better_regressor_passes_the_gate_and_a_worse_one_does_not(flats):
    truth, good = flats["test"].rent, flats["test_predictions"]
    bad = good + DRAWS.normal(0, 100, (len(good), 1))
    assert check_better(truth, bad, good).is_open
    assert "R² +" in check_better(truth, bad, good).message
    assert not check_better(truth, good, bad).is_open
    assert not check_better(truth, good, good).is_open
    assert check_better(truth, good, good, margin=0.02).is_open


def test_runs_and_trials_are_compared_by_r2():
    flow = workflow.swap(raw=FLATS, target="rent")
    table = flow.compare(constant=flow.swap(estimator=DummyRegressor()), half=flow.swap(test_size=0.5)).table
    assert table.r2["this one"] > 0.8 > 0 >= table.r2["constant"]
    assert table.verdict.tolist() == ["", "worse", "other rows: not to be compared"]
    tried = flow.explore(estimator={"constant": DummyRegressor(), "boosting": boosting("regression")})
    assert tried.r2[0] < 0 < tried.r2[1]


@pytest.mark.parametrize("estimator", REGRESSORS, ids=lambda estimator: type(estimator).__name__)
def test_a_regressor_of_ones_own_is_saved_and_answers(estimator):
    numbers = FLATS[["size", "rooms", "rent"]].fillna(1.0)
    run = workflow.swap(raw=numbers, target="rent", estimator=make_pipeline(estimator)).run(progress=False)
    save(run["model"], "model.skops")
    rows = numbers.drop(columns="rent")
    assert np.allclose(predict(rows, load("model.skops")).rent, run["predictions"].rent, rtol=1e-12)


@pytest.mark.parametrize(("target", "estimator", "held"), [
    ("rent", LogisticRegression(), "the estimator predicts classes, and column 'rent' holds numbers"),
    ("town", LinearRegression(), "the estimator predicts numbers, and column 'town' holds classes"),
])  # fmt: skip
def test_an_estimator_of_the_other_task_is_refused(target, estimator, held):
    table = FLATS[["size", "rooms", target]].dropna()
    with pytest.raises(DataError, match=held):
        workflow.swap(raw=table, target=target, estimator=estimator).run(progress=False)


KINDS = {
    "few whole numbers": ([1, 2, 3] * 20, "", "classification"),
    "few whole numbers, as floats": ([1.0, 2.0, 3.0] * 20, "", "classification"),
    "few whole numbers, to be predicted": ([1, 2, 3] * 20, "regression", "regression"),
    "many whole numbers": (range(60), "", "regression"),
    "many whole numbers, as classes": ([*range(21)] * 5, "classification", "classification"),
    "fractions": ([0.5, 1.5] * 30, "", "regression"),
    "fractions, as classes": ([0.5, 1.5] * 30, "classification", "classification"),
    "texts": (["a", "b"] * 30, "", "classification"),
    "booleans": ([True, False] * 30, "", "classification"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", ["csv", "frame"])
def test_the_target_decides_the_task_and_later_files_are_read_alike(kind, write):
    values, task, expected = KINDS[kind]
    table = pd.DataFrame({"size": DRAWS.normal(size=len(values)), "seen": values})
    table.to_csv("seen.csv", index=False)
    given = {"raw": table} if write == "frame" else {"source": ["seen.csv"]}
    given["estimator"] = DummyRegressor() if expected == "regression" else DummyClassifier()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = workflow.swap(target="seen", task=task, **given).run(progress=False)
    assert run["profile"].task == expected
    assert any('task = "regression"' in str(each.message) for each in caught) == (kind == "many whole numbers")
    save(run["model"], "model.skops")
    again = run_model(table, load("model.skops"))
    assert again["rows"].seen.dtype == run["rows"].seen.dtype
    assert again["rows"].seen.tolist() == run["rows"].seen.tolist()


def test_a_number_that_is_none_is_refused_in_a_sentence():
    table = FLATS.assign(rent=FLATS.rent.astype(object).where(FLATS.index != 3, "unknown"))
    with pytest.raises(DataError, match=r"column 'rent', row 3: .* is not a finite number"):
        workflow.swap(raw=table, target="rent", task="regression").run("split", progress=False)
    with pytest.raises(DataError, match=r"column 'rent': every row is 5\.5"):
        workflow.swap(raw=FLATS.assign(rent=5.5), target="rent").run("split", progress=False)


def test_calibration_of_numbers_is_refused():
    with pytest.raises(IrisError, match="calibrated: a predicted number has no probability to calibrate; set it to false"):
        workflow.swap(raw=FLATS, target="rent", calibrated=True).run(progress=False)
