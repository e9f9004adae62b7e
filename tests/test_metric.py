"""The metric that the settings name decides on every surface, with an interval; the other figures are shown beside it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    mean_absolute_error,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.svm import LinearSVC

from iris_ml.app.model import compare_models
from iris_ml.base.errors import DataError
from iris_ml.base.settings import read_settings
from iris_ml.batch.report import report
from iris_ml.batch.summary import ReportSummary
from iris_ml.models.champion import ChampionInfo
from iris_ml.models.model_file import save
from iris_ml.models.promotion import compare_with_champion
from iris_ml.production import workflow
from iris_ml.stats.metric import METRICS, score, score_difference
from iris_ml.steps.scores import scores

DRAWS = np.random.default_rng(0)
PEOPLE = pd.DataFrame(DRAWS.normal(size=(600, 3)), columns=["age", "weight", "noise"])
PEOPLE["ill"] = np.where(PEOPLE.age + PEOPLE.weight + DRAWS.normal(size=600) > 2, "yes", "no")
WINE = PEOPLE.drop(columns="ill").assign(
    kind=pd.qcut(PEOPLE.age + DRAWS.normal(size=600), 3, ["c", "a", "b"]).astype(str)
)
RENT = PEOPLE.drop(columns="ill").assign(rent=PEOPLE.age * 3 + DRAWS.normal(size=600))
CLASSES = [name for name, metric in METRICS.items() if metric.task == "classification"]
NUMBERS = [name for name, metric in METRICS.items() if metric.task == "regression"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PEOPLE.to_csv("people.csv", index=False)
    Path("iris.toml").write_text('source = "people.csv"\ntarget = "ill"\nmetric = "roc_auc"\n')


def ran(table=PEOPLE, target="ill", estimator=None, **changes):
    estimator = estimator or LogisticRegression()
    return workflow.swap(raw=table, target=target, estimator=estimator, **changes).run(progress=False)


def computed(run, target):
    truth, answered = run["test"][target], run["test_predictions"]
    labels, shares = answered[target], answered.filter(like="probability_").to_numpy()
    two = shares.shape[1] == 2
    ranked = (truth == sorted({*truth})[1], shares[:, 1]) if two else (truth, shares)
    each = [average_precision_score(truth == name, shares[:, i]) for i, name in enumerate(sorted({*truth}))]
    return {
        "accuracy": (truth == labels).mean(),
        "balanced_accuracy": balanced_accuracy_score(truth, labels),
        "f1_macro": f1_score(truth, labels, average="macro"),
        "roc_auc": roc_auc_score(*ranked) if two else roc_auc_score(*ranked, multi_class="ovr"),
        "average_precision": each[1] if two else np.mean(each),
        "log_loss": log_loss(truth, shares),
        "brier": brier_score_loss(truth, shares, labels=sorted({*truth})),
    }


@pytest.mark.parametrize(
    ("table", "target"), [(PEOPLE, "ill"), (WINE, "kind"), (PEOPLE.assign(ill=PEOPLE.ill == "yes"), "ill")]
)
def test_the_figures_are_those_of_scikit_learn(table, target):
    run = ran(table, target, metric="")
    assert {name: run["scores"][name] for name in CLASSES} == pytest.approx(computed(run, target))


def test_the_figures_of_numbers_are_those_of_scikit_learn():
    run = ran(RENT, "rent", LinearRegression(), metric="rmse")
    truth, answers = run["test"].rent, run["test_predictions"].rent
    assert run["scores"]["rmse"] == pytest.approx(root_mean_squared_error(truth, answers))
    assert run["scores"]["mae"] == pytest.approx(mean_absolute_error(truth, answers))


@pytest.mark.parametrize("name", CLASSES + NUMBERS)
def test_the_scores_begin_with_the_metric_and_its_interval(name):
    of_numbers = (RENT, "rent", LinearRegression()) if name in NUMBERS else (PEOPLE, "ill")
    figures = ran(*of_numbers, metric=name)["scores"]
    assert [*figures][:3] == [name, f"{name}_low", f"{name}_high"]
    low, value, high = (figures[f"{name}{end}"] for end in ("_low", "", "_high"))
    assert low < value < high
    assert high - low < 0.7
    assert {*figures} >= {*(NUMBERS if name in NUMBERS else CLASSES)}


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "accuracy"])
def test_an_interval_holds_the_truth(name):
    def drawn(rows):
        ill = DRAWS.permutation(np.arange(rows) < rows / 5)
        odds = np.exp(1.5 * DRAWS.normal(ill * 1.5, size=rows) - 2.5)
        shares = {"probability_False": 1 / (1 + odds), "probability_True": odds / (1 + odds)}
        return pd.Series(ill), pd.DataFrame({"ill": odds > 1, **shares})

    truth = METRICS[name].compute(*drawn(100_000))
    intervals = np.array([score(*drawn(100), METRICS[name])[1:] for _ in range(40)])
    assert np.mean((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])) >= 0.85


def test_a_perfect_share_keeps_an_interval_that_grows_as_the_rarest_class_shrinks():
    reach = []
    for rare in 40, 4:
        truth = pd.Series(np.arange(200) < rare)
        perfect = pd.DataFrame({"ill": truth, "probability_False": 1.0 - truth, "probability_True": 1.0 * truth})
        value, low, high = score(truth, perfect, METRICS["roc_auc"])
        assert (value, high) == (1, 1)
        reach.append(low)
    assert 0.95 < reach[0] < 1
    assert reach[1] < 0.75


@pytest.mark.parametrize("name", CLASSES + NUMBERS)
def test_a_better_estimator_is_better_by_every_metric_and_equal_ones_are_not(name):
    if name in NUMBERS:
        flow = workflow.swap(raw=RENT, target="rent", estimator=LinearRegression(), metric=name)
        others = {"same": LinearRegression(), "lazy": DummyRegressor()}
    else:
        flow = workflow.swap(raw=WINE, target="kind", estimator=LogisticRegression(), metric=name)
        others = {"same": LogisticRegression(C=1.0), "lazy": DummyClassifier(strategy="stratified", random_state=0)}
    table = flow.compare(**{each: flow.swap(estimator=estimator) for each, estimator in others.items()}).table
    assert name in table
    assert table.verdict.tolist() == ["", "within noise", "worse"]
    assert table.difference["lazy"] < 0
    figures = table[name]
    assert (figures["this one"] < figures["lazy"]) == METRICS[name].is_loss


def test_an_exploration_shows_the_metric_first_and_the_others():
    flow = workflow.swap(raw=PEOPLE, target="ill", metric="average_precision")
    table = flow.explore(estimator={"linear": LogisticRegression(), "lazy": DummyClassifier()})
    assert [*table][:4] == ["estimator", "average_precision", "average_precision_low", "average_precision_high"]
    assert {*CLASSES} < {*table}


def test_the_gate_judges_by_the_metric_and_names_it():
    lazy, good = ran(estimator=DummyClassifier()), ran()
    settings = read_settings()
    save(lazy["model"], settings.model_file)
    gate = compare_with_champion(ChampionInfo(model="0"), good.record.content, good, settings)
    assert gate.is_open
    assert "ROC AUC +" in gate.message
    save(good["model"], settings.model_file)
    assert not compare_with_champion(ChampionInfo(model="0"), lazy.record.content, lazy, settings).is_open
    loss = ran(metric="log_loss")
    save(lazy["model"], settings.model_file)
    gate = compare_with_champion(ChampionInfo(model="0"), loss.record.content, loss, settings)
    assert gate.is_open
    assert "log loss +" in gate.message
    assert "+ is an improvement" in gate.message


def test_a_report_shows_the_metric_and_does_not_depend_on_batches():
    run = ran()
    save(run["model"], read_settings().model_file)
    one, many = (report("people.csv", f"{most}.html", most=most).summary for most in (1_000, 7))
    assert one.metric == many.metric
    share = run["predictions"]["probability_yes"]
    assert one.metric.value == pytest.approx(roc_auc_score(PEOPLE.ill == "yes", share))
    assert one.metric.low < one.metric.value < one.metric.high
    assert one.metric.rows == 600
    assert "ROC AUC of 600 rows is" in Path("7.html").read_text()
    assert ReportSummary.from_json(Path("7.json").read_text()) == replace(many)
    Path("iris.toml").write_text('source = "people.csv"\ntarget = "ill"\n')
    assert report("people.csv", "default.html").summary.metric is None


def test_a_report_refuses_a_metric_of_the_other_task():
    save(ran()["model"], read_settings().model_file)
    Path("iris.toml").write_text('source = "people.csv"\ntarget = "ill"\nmetric = "r2"\n')
    with pytest.raises(DataError, match="metric 'r2': column 'ill' holds classes"):
        report("people.csv", "report.html")
    assert not Path("report.html").exists()


def test_the_app_compares_models_by_the_metric():
    good, lazy = (ran(estimator=estimator)["model"] for estimator in (None, DummyClassifier()))
    table, verdict, _ = compare_models(good, lazy, PEOPLE, "roc_auc")
    assert [*table] == ["ROC AUC", "low", "high"]
    assert "The other model is worse" in verdict


def profit(predictions: pd.DataFrame, test: pd.DataFrame, target: str) -> dict[str, float]:
    right = predictions.loc[test.index].iloc[:, 0] == test[target]
    return {**scores(predictions, test, target), "profit": float(3 * right.sum() - (~right).sum())}


def cost(test_predictions: pd.DataFrame, test: pd.DataFrame, target: str) -> dict[str, float]:
    return {"error_cost": float((test_predictions.iloc[:, 0] != test[target]).sum())}


@pytest.mark.parametrize(("step", "name"), [(profit, "profit"), (cost, "error_cost")])
def test_a_figure_of_ones_own_step_decides_too(step, name):
    flow = workflow.swap(raw=WINE, target="kind", estimator=LogisticRegression(), scores=step, metric=name)
    table = flow.compare(
        lazy=flow.swap(estimator=DummyClassifier()), half=flow.swap(features=lambda rows: rows[["age", "kind"]])
    ).table
    run = flow.run(progress=False)
    assert table[name]["this one"] == run["scores"][name]
    assert table.verdict["lazy"] == "worse"
    assert table.least["half"] < table.difference["half"] < table.most["half"]
    settings = read_settings()
    save(flow.swap(estimator=DummyClassifier()).run(progress=False)["model"], settings.model_file)
    gate = compare_with_champion(ChampionInfo(model="0"), run.record.content, run, settings)
    assert gate.is_open
    assert name in gate.message


REFUSED = {
    "auc": (PEOPLE, "ill", LogisticRegression(), "metric 'auc': there is no such metric; did you mean 'roc_auc'"),
    "r2": (PEOPLE, "ill", LogisticRegression(), "metric 'r2': column 'ill' holds classes; choose from accuracy"),
    "accuracy": (
        RENT,
        "rent",
        LinearRegression(),
        "metric 'accuracy': column 'rent' holds numbers; choose from r2, mae, rmse",
    ),
    "roc_auc": (PEOPLE, "ill", LinearSVC(), "metric 'roc_auc': the model gives no probabilities; choose from accuracy"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_metric_that_does_not_fit_is_refused_in_a_sentence(name):
    table, target, estimator, held = REFUSED[name]
    with pytest.raises(DataError, match=held):
        ran(table, target, estimator, metric=name)


def test_a_misspelt_metric_is_refused_before_anything_is_computed():
    def raw() -> pd.DataFrame:
        pytest.fail("a step ran")

    with pytest.raises(DataError, match="metric 'roc_acu': there is no such metric; did you mean 'roc_auc'"):
        workflow.swap(raw, metric="roc_acu").run(progress=False)
    own = workflow.swap(scores=lambda test, test_predictions: {"mine": 1.0}, metric="mine").run(progress=False)
    assert own["scores"] == {"mine": 1.0}


def test_figures_that_no_row_decides_are_left_out():
    table = PEOPLE.assign(ill=["yes", *["no"] * 599])
    figures = ran(table, metric="")["scores"]
    assert "roc_auc" not in figures
    assert np.isfinite([*figures.values()]).all()
    truth = pd.Series(["no"] * 9)
    answered = pd.DataFrame({"ill": truth, "probability_no": 0.9, "probability_yes": 0.1})
    value, low, high = score(truth, answered, METRICS["roc_auc"])
    assert np.isnan(value)
    assert (low, high) == (0.0, 1.0)
    assert not score_difference(truth, answered, answered, METRICS["roc_auc"])[1] > 0


def test_a_metric_that_the_test_rows_cannot_give_is_refused():
    table = PEOPLE.assign(place=range(600), ill=["yes", "no"] * 250 + ["yes"] * 100)
    with pytest.raises(DataError, match="metric 'roc_auc': the 90 test rows hold 1 class of column 'ill'"):
        ran(table, split_by="time: place", test_size=0.15)
