"""Counts, quantiles and several labels of a row: each task has its own default estimator and metric, on every surface."""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import IsolationForest, RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.metrics import average_precision_score, f1_score, mean_pinball_loss, mean_poisson_deviance, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from iris_ml import predict, save
from iris_ml.api.routes import create_app
from iris_ml.base.errors import DataError
from iris_ml.base.settings import change_settings, read_settings
from iris_ml.cli.commands import application
from iris_ml.models.live_model import load_live_model
from iris_ml.models.predictor import run_model
from iris_ml.production import workflow
from iris_ml.stats.metric import named_metric

DRAWS = np.random.default_rng(0)
VISITS = pd.DataFrame({"warmth": DRAWS.normal(15, 8, 600), "town": DRAWS.choice(["Arles", "Bern"], 600)})
VISITS["came"] = DRAWS.poisson(np.exp(VISITS.warmth / 12) * np.where(VISITS.town == "Bern", 2, 1))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def ran(**changes):
    return workflow.swap(raw=VISITS, target="came", split_by="random", **changes).run(progress=False)


def test_counts_are_predicted_as_rates_and_judged_by_their_deviance():
    run = ran(task="counts")
    truth, predicted = run["test"].came, run["test_predictions"].came
    assert (run["predictions"].came > 0).all()
    assert next(iter(run["scores"])) == "poisson_deviance"
    assert run["scores"]["poisson_deviance"] == pytest.approx(mean_poisson_deviance(truth, predicted))
    assert run["scores"]["poisson_deviance_low"] < run["scores"]["poisson_deviance"] < run["scores"]["poisson_deviance_high"]
    assert run["scores"]["poisson_deviance"] < 1.3  # of the true rates it is about 1
    assert "r2" in run["scores"]


@pytest.mark.parametrize("level", ["0.1", "0.5", "0.9"])
def test_a_quantile_has_about_its_share_of_rows_below(level):
    run = ran(task=f"quantile: {level}")
    truth, predicted = run["test"].came, run["test_predictions"].came
    assert run["scores"][f"pinball: {level}"] == pytest.approx(mean_pinball_loss(truth, predicted, alpha=float(level)))
    assert next(iter(run["scores"])) == f"pinball: {level}"
    below, at_most = (truth < predicted).mean(), (truth <= predicted).mean()
    assert below - 0.1 <= float(level) <= at_most + 0.1


def test_the_deviance_of_an_estimator_that_predicts_negative_counts_is_finite_and_worse():
    compared = workflow.swap(raw=VISITS, target="came", task="counts", split_by="random")
    line = make_pipeline(make_column_transformer(("passthrough", ["warmth"])), LinearRegression())
    table = compared.compare(line=compared.swap(estimator=line)).table
    assert table.verdict.iloc[1] == "worse"
    assert np.isfinite(table.poisson_deviance).all()


def test_another_task_takes_its_own_metric_unless_one_is_named():
    counts = change_settings(read_settings(), target="came", task="counts")
    assert counts.metric == "poisson_deviance"
    assert change_settings(counts, task="quantile: 0.9").metric == "pinball: 0.9"
    assert change_settings(counts, task="regression").metric == ""
    assert change_settings(counts, task="quantile: 0.9", metric="mae").metric == "mae"


@pytest.mark.parametrize("wrong", [-1.0, 0.5])
def test_what_is_no_count_is_refused_with_its_row(wrong):
    table = VISITS.astype({"came": float})
    table.loc[7, "came"] = wrong
    with pytest.raises(DataError, match=f"row 7, column 'came': {wrong:g} is no count; correct it, or set task = "):
        workflow.swap(raw=table, target="came", task="counts").run("rows", progress=False)


@pytest.mark.parametrize(("task", "metric"), [("counts", "poisson_deviance"), ("quantile: 0.9", "pinball: 0.9")])
def test_every_command_follows_the_task(task, metric):
    VISITS.to_csv("visits.csv", index=False)
    Path("iris.toml").write_text(f'source = "visits.csv"\ntarget = "came"\ntask = "{task}"\nsplit_by = "random"\n')
    for command in (["run"], ["predict", "visits.csv", "--to", "answers.csv"], ["report", "visits.csv", "--to", "report.html"]):
        ended = CliRunner().invoke(application, command)
        assert ended.exit_code == 0, ended.output
        assert command != ["run"] or metric in ended.output
    page = Path("report.html").read_text()
    assert f"<p>{named_metric(metric).title} of 600 rows is" in page.replace("&#x27;", "'")


PHOTOGRAPHS = pd.DataFrame(DRAWS.random((400, 3)), columns=["blue", "white", "noise"])
PHOTOGRAPHS["view"] = [
    ";".join(label for label, share in (("snow", white), ("sea", blue)) if share > 0.6) or ";"  # in another order than sorted
    for blue, white in zip(PHOTOGRAPHS.blue, PHOTOGRAPHS.white, strict=True)
]
MULTILABEL = 'source = "photographs.csv"\ntarget = "view"\ntask = "multilabel: ;"\nsplit_by = "random"\n'


def labels_of(texts):
    return np.array([["sea" in text, "snow" in text] for text in texts])


def photographed(**changes):
    return workflow.swap(raw=PHOTOGRAPHS, target="view", task="multilabel: ;", split_by="random", **changes).run(progress=False)


def test_several_labels_of_a_row_are_predicted_each_with_its_probability():
    run = photographed()
    assert run["model"].profile.classes == ["sea", "snow"]
    assert list(run["predictions"]) == ["view", "probability_sea", "probability_snow"]
    assert set(run["predictions"].view) == {";", "sea", "snow", "sea;snow"}
    assert run["scores"]["accuracy"] > 0.9


@pytest.mark.parametrize("estimator", [LogisticRegression(C=100), LinearSVC(), RandomForestClassifier(20)], ids=repr)
def test_any_classifier_learns_each_label(estimator):
    run = photographed(estimator=estimator, metric="f1_macro")
    truth, answered = labels_of(run["test"].view), labels_of(run["test_predictions"].view)
    assert run["scores"]["f1_macro"] == pytest.approx(f1_score(truth, answered, average="macro"))
    assert next(iter(run["scores"])) == "f1_macro"
    assert ("roc_auc" in run["scores"]) == hasattr(estimator, "predict_proba")


def test_the_figures_of_labels_are_those_of_scikit_learn():
    run = photographed(estimator=LogisticRegression())
    truth, shares = labels_of(run["test"].view), run["test_predictions"].iloc[:, 1:].to_numpy()
    assert run["scores"]["roc_auc"] == pytest.approx(roc_auc_score(truth, shares, average="macro"))
    assert run["scores"]["average_precision"] == pytest.approx(average_precision_score(truth, shares, average="macro"))
    assert run["scores"]["accuracy"] == (run["test"].view == run["test_predictions"].view).mean()


def test_a_combination_that_no_row_has_is_predicted():
    apart = PHOTOGRAPHS[PHOTOGRAPHS.view != "snow;sea"]
    run = workflow.swap(raw=apart, target="view", task="multilabel: ;", split_by="random", estimator=LogisticRegression(C=1000))
    model = run.run("model", progress=False)["model"]
    both = pd.DataFrame({"blue": [0.95], "white": [0.95], "noise": [0.5]})
    assert predict(both, model).view.tolist() == ["sea;snow"]


REFUSED = [{"threshold": 0.3}, {"class_weight": "balanced"}, {"metric": "balanced_accuracy"}, {"metric": "r2"}]


@pytest.mark.parametrize("refused", REFUSED, ids=str)
def test_what_has_no_meaning_for_several_labels_is_refused(refused):
    with pytest.raises(DataError, match=r"several labels|column 'view' holds labels"):
        photographed(**refused)


@pytest.mark.parametrize("split_by", ["cv: 3", "group: place"])
def test_label_sets_are_split_in_every_way(split_by):
    table = PHOTOGRAPHS.assign(place=np.arange(400) // 20)
    run = workflow.swap(raw=table, target="view", task="multilabel: ;", split_by=split_by, estimator=LogisticRegression(C=100))
    assert run.run(progress=False)["scores"]["accuracy"] > 0.8


def test_every_command_takes_several_labels():
    PHOTOGRAPHS.to_csv("photographs.csv", index=False)
    Path("iris.toml").write_text(MULTILABEL)
    named = ["predict", "photographs.csv", "--to", "answers.csv"], ["report", "photographs.csv"], ["monitor", "photographs.csv"]
    for command in (["run"], *named):
        ended = CliRunner().invoke(application, command)
        assert ended.exit_code == 0, ended.output
    answers, summary = pd.read_csv("answers.csv", keep_default_na=False), json.loads(Path("report.json").read_text())
    right = answers.view.map(lambda text: ";".join(sorted(filter(None, text.split(";")))) or ";") == answers.view_predicted
    assert summary["labels"]["correct"] == right.sum()
    assert [each["class"] for each in summary["labels"]["per_class"]] == ["sea", "snow"]
    assert summary["labels"]["confusion"]["sea"].keys() == {"sea", "snow", "no such label"}
    of_sea = summary["labels"]["per_class"][0]
    truth, found = answers.view.str.contains("sea"), answers.view_predicted.str.contains("sea")
    both = (truth & found).sum()
    assert (of_sea["precision"], of_sea["recall"]) == pytest.approx((both / found.sum(), both / truth.sum()))
    assert summary["answers"]["sea"] == found.sum()


def test_the_api_and_the_app_answer_with_several_labels():
    model = photographed()["model"]
    save(model, ".iris_ml/model.skops")
    row = {"blue": 0.9, "white": 0.9, "noise": 0.5}
    client = TestClient(create_app(load_live_model(Path(".iris_ml/model.skops"))))
    for path in "predict", "explain":
        answer = client.post(f"/v1/{path}", json={"rows": [row]}).json()["answers"][0]
        assert answer["label"] == "sea;snow"
        assert answer["probabilities"].keys() == {"sea", "snow"}
    app = AppTest.from_string("from iris_ml.app.main import main\n\nmain()\n", default_timeout=60).run()
    assert not app.exception
    assert app.metric[0].value.replace("\\", "") in {"sea", "snow", "sea;snow", ";"}


def test_a_label_that_every_row_has_is_learned_in_silence(recwarn):
    everywhere = PHOTOGRAPHS.assign(view="every;" + PHOTOGRAPHS.view)
    run = workflow.swap(raw=everywhere, target="view", task="multilabel: ;", split_by="random", estimator=LogisticRegression())
    predictions = run.run("predictions", progress=False)["predictions"]
    assert predictions.view.str.contains("every").all()
    assert not [each for each in recwarn if "Label" in str(each.message)]


def test_a_move_shows_the_label_that_changes_most():
    model = photographed(estimator=LogisticRegression(C=100))["model"]
    moves = run_model(pd.DataFrame({"blue": [0.95], "white": [0.95], "noise": [0.5]}), model, debug=True)["moves"].loc[0]
    assert moves.loc["blue"].label == "snow"
    assert moves.loc["blue"].change < -0.5


@pytest.mark.parametrize("largest", [10**11, 10**15])
def test_large_counts_stay_counts(largest):
    table = VISITS.assign(came=VISITS.came.where(VISITS.index % 50 != 0, largest))
    table.to_csv("visits.csv", index=False)
    run = workflow.swap(source="visits.csv", target="came", task="counts", split_by="random", estimator=PoissonRegressor())
    estimator = make_pipeline(make_column_transformer(("passthrough", ["warmth"])), PoissonRegressor())
    assert run.swap(estimator=estimator).run("model", progress=False)["model"].profile.task == "regression"


@pytest.mark.parametrize("wrong", [IsolationForest(), KMeans(2), StandardScaler()], ids=repr)
def test_what_learns_no_target_is_refused(wrong):
    with pytest.raises(DataError, match=f"{type(wrong).__name__} is a .*, and predicts no target; give another estimator"):
        workflow.swap(estimator=wrong).run("model", progress=False)


@pytest.mark.parametrize("wrong", [3, LogisticRegression, None], ids=repr)
def test_what_is_no_estimator_is_refused(wrong):
    def estimator():
        return wrong

    with pytest.raises(DataError, match=r"step 'estimator': .* is no estimator; return an object .*, such as "):
        workflow.swap(estimator).run("model", progress=False)


def test_a_stack_that_predicts_only_when_it_is_fitted_is_taken():
    stack = StackingClassifier([("tree", DecisionTreeClassifier())])
    assert not hasattr(stack, "predict")
    assert workflow.swap(estimator=stack).run("scores", progress=False)["scores"]["accuracy"] > 0.8


@pytest.mark.parametrize("asked", [{}, {"task": "classification"}, {"types": {"seen": "date"}}], ids=str)
def test_a_target_of_dates_is_refused_with_the_line_that_makes_it_a_text(asked):
    days = pd.Series(pd.to_datetime(["2026-01-01", "2026-05-05"] * 20), name="seen")
    table = pd.DataFrame({"size": np.arange(40) % 7, "weight": np.arange(40) % 3, "seen": days})
    with pytest.raises(DataError, match=r"column 'seen': a date can be no target; .* set types = {\"seen\" = \"text\"}"):
        workflow.swap(raw=table, target="seen", **asked).run("model", progress=False)
    run = workflow.swap(raw=table, target="seen", types={"seen": "text"}).run("model", progress=False)
    assert run["model"].profile.classes == ["2026-01-01 00:00:00", "2026-05-05 00:00:00"]


@pytest.mark.parametrize(
    ("count", "said"),
    [(10, None), (14, "14 different whole numbers, and is predicted as classes"), (30, "more than 20 .* predicted as a number")],
)
def test_a_target_of_whole_numbers_says_what_it_is_taken_for(count, said):
    table = pd.DataFrame({"x": np.linspace(0, 1, 120), "sold": np.arange(120) % count})
    with warnings.catch_warnings(record=True, action="always") as told:
        workflow.swap(raw=table, target="sold", feature_names=[], classes=[]).run("rows", progress=False, checkpoints=False)
    texts = [str(each.message) for each in told if "whole numbers" in str(each.message)]
    assert len(texts) == (said is not None)
    assert said is None or re.search(said, texts[0])
