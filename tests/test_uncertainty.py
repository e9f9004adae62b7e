"""Prediction sets hold the truth as often as they promise, are those of MAPIE and crepes, and reach every answer."""


import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from crepes import ConformalClassifier, ConformalRegressor
from fastapi.testclient import TestClient
from mapie.classification import SplitConformalClassifier
from mapie.regression import CrossConformalRegressor
from sklearn.datasets import load_diabetes, make_classification
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.svm import LinearSVC
from typer.testing import CliRunner

from iris_ml.api.routes import create_app
from iris_ml.base.errors import IrisError, ModelFileError
from iris_ml.base.settings import read_settings
from iris_ml.batch.report import report
from iris_ml.cli.commands import application
from iris_ml.compiled.compiled_model import compile_file, compile_model
from iris_ml.models.live_model import load_live_model
from iris_ml.models.model_file import load, save
from iris_ml.models.predictor import predict
from iris_ml.production import workflow
from iris_ml.stats.conformal import Uncertainty, class_scores, fit_uncertainty, set_columns
from iris_ml.stats.metric import fitting_metrics
from iris_ml.steps.model import Model
from torture.coverage import TABLES, each_class, each_group, kept, label_is_enough, named

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 3)), columns=["age", "weight", "noise"])
PEOPLE = ROWS.assign(
    ill=np.where(ROWS.age + np.random.default_rng(1).normal(size=300) > 0, "yes", "no"),
    cost=10 + ROWS.age + np.random.default_rng(2).normal(size=300),
    visits=np.random.default_rng(3).poisson(np.exp(1 + 0.3 * ROWS.age)).astype(float),
    ward=np.where(ROWS.index % 3 == 0, "night", "day"),
)


def of(target, **changes):
    table = PEOPLE[["age", "weight", "noise", target, *(["ward"] if changes.get("mondrian") == "ward" else [])]]
    asked = {"raw": table, "coverage": 0.9, "split_by": "random", "default_estimator": True, "record": False, "progress": False}
    return workflow.swap(target=target, **asked | changes)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["five classes, one in ten wrong", "diabetes"])
def test_sets_hold_the_truth_in_nine_of_ten_rows(name):
    assert kept(TABLES[name], 60)[1] == 0


def test_a_set_is_never_empty_where_the_label_alone_is_enough():
    assert label_is_enough(10)[1] == 0


def test_each_group_is_covered():
    assert each_group(60)[1] == 0


def test_each_class_is_covered_also_a_rare_one():
    assert each_class(60)[1] == 0


def test_a_report_says_what_each_class_is_covered(folder):
    rare = PEOPLE[["age", "weight", "noise"]].assign(ill=np.where(ROWS.age + ROWS.weight > 1.9, "yes", "no"))
    rare.to_csv("rows.csv", index=False)
    Path("iris.toml").write_text('source = "rows.csv"\ntarget = "ill"\ncoverage = 0.9\nmondrian = "ill"\n')
    assert CliRunner().invoke(application, ["run", "--quiet"]).exit_code == 0
    summary = report("rows.csv").summary
    assert {each.group: each.labelled for each in summary.sets} == rare.ill.value_counts().to_dict()
    rare.drop(columns="ill").to_csv("new.csv", index=False)
    (unlabelled,) = report("new.csv").summary.sets
    assert (unlabelled.group, unlabelled.rows) == ("", 300)
    assert CliRunner().invoke(application, ["predict", "new.csv", "--to", "answers.csv"]).exit_code == 0
    assert pd.read_csv("answers.csv").ill_set.tolist() == pd.read_csv("report_predictions.csv").ill_set.tolist()




@pytest.mark.parametrize("seed", range(0, 100, 10))
def test_intervals_are_those_of_mapie_and_crepes(seed):
    X, y = load_diabetes(return_X_y=True)
    table = named(X, y)
    for more in range(10):
        folds, estimator = KFold(5, shuffle=True, random_state=seed + more), Ridge(0.1)
        order = np.random.default_rng(seed + more).permutation(len(table))
        learned, others = table.iloc[order[:300]], table.iloc[order[300:]]
        known, new = learned.drop(columns="target"), others.drop(columns="target")
        guessed = pd.DataFrame({"target": cross_val_predict(estimator, known, learned.target, cv=folds)}, learned.index)
        ours = fit_uncertainty(learned.target, guessed, learned, 0.9, "numbers")
        predicted = estimator.fit(known, learned.target).predict(new)
        sets = ours.sets(pd.DataFrame({"target": predicted}, others.index), others).to_numpy()
        of_crepes = ConformalRegressor().fit((learned.target - guessed.target).to_numpy()).predict_int(predicted, confidence=0.9)
        theirs = CrossConformalRegressor(estimator, 0.9, method="base", cv=folds).fit_conformalize(known, learned.target)
        _, of_mapie = theirs.predict_interval(new)
        assert np.allclose(sets, of_crepes, rtol=1e-12)
        assert np.allclose(sets, of_mapie[:, :, 0], rtol=1e-12)


@pytest.mark.parametrize("seed", range(0, 100, 10))
def test_sets_of_classes_are_those_of_crepes_and_of_two_classes_those_of_mapie(seed):
    for more, classes in zip(range(10), [2, 4] * 5, strict=True):
        made = {"n_informative": 5, "n_classes": classes, "flip_y": 0.25, "random_state": seed + more}
        table = named(*make_classification(600, 6, n_redundant=0, **made))
        learned, judged, others = table.iloc[:200], table.iloc[200:400], table.iloc[400:]
        fitted = LogisticRegression().fit(learned.drop(columns="target"), learned.target)

        def answers(rows, fitted=fitted):
            shares = pd.DataFrame(fitted.predict_proba(rows.drop(columns="target")), rows.index).add_prefix("probability_")
            shares.insert(0, "target", fitted.predict(rows.drop(columns="target")))
            return shares

        ours = fit_uncertainty(judged.target, answers(judged), judged, 0.9, "classes").sets(answers(others), others).to_numpy()
        scores = class_scores(answers(judged).iloc[:, 1:].to_numpy())
        of_truth = scores[np.arange(len(judged)), judged.target]
        of_crepes = ConformalClassifier().fit(of_truth).predict_set(
            class_scores(answers(others).iloc[:, 1:].to_numpy()), confidence=0.9, smoothing=False
        )
        assert (ours == of_crepes).all()
        if classes == 2:
            theirs = SplitConformalClassifier(fitted, 0.9, prefit=True).conformalize(judged.drop(columns="target"), judged.target)
            assert (ours == theirs.predict_set(others.drop(columns="target"))[1][:, :, 0]).all()


def test_groups_are_the_bins_of_crepes():  # which rounds 1 - 0.9 to less than a tenth, so not at 0.9
    draws = np.random.default_rng(0)
    rows = pd.DataFrame({"ward": draws.choice(["day", "night"], 400)})
    truth, guessed = pd.Series(draws.normal(size=400) * (1 + (rows.ward == "day"))), pd.DataFrame({"hours": np.zeros(400)})
    ours = fit_uncertainty(truth, guessed, rows, 0.875, "numbers", "ward").sets(guessed, rows).to_numpy()
    theirs = ConformalRegressor().fit(truth.to_numpy(), bins=rows.ward.to_numpy())
    assert np.allclose(ours, theirs.predict_int(np.zeros(400), bins=rows.ward.to_numpy(), confidence=0.875))


@pytest.mark.parametrize("target", ["ill", "cost", "visits"])
@pytest.mark.parametrize("split_by", ["random", "cv: 5", "group: ward", "time: noise"])
def test_every_task_and_every_split_has_sets(target, split_by):
    task = "counts" if target == "visits" else ""
    extra = {"split_by": split_by, "task": task}
    if "ward" in split_by:
        people = PEOPLE.assign(ward=PEOPLE.index % 20)
        extra["raw"] = people[["age", "weight", "noise", "ward", target]]
    run = of(target, **extra).run("scores")
    made = run["model"].uncertainty
    assert made.kind == {"ill": "classes", "cost": "numbers", "visits": "counts"}[target]
    assert ("coverage" in run["scores"]) == (split_by != "cv: 5")


def test_a_quantile_has_an_interval_too():
    assert of("cost", task="quantile: 0.9").run("scores")["scores"]["coverage"] > 0.8


def test_nothing_is_fitted_where_no_coverage_is_asked_for(monkeypatch):
    monkeypatch.setattr("iris_ml.steps.uncertainty.model", None)
    run = of("ill", coverage=0.0).run("scores")
    assert run["uncertainty"] == {}
    assert run["model"].uncertainty is None
    assert "coverage" not in run["scores"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"task": "multilabel: ;"}, "a row may have several labels"),
        ({"estimator": LinearSVC()}, "the estimator gives no probabilities"),
        ({"mondrian": "ward", "raw": PEOPLE[["age", "ill"]]}, "no column has this name"),
        ({"mondrian": "age"}, "no group of column 'age' has 9 rows"),
    ],
)
def test_what_has_no_set_is_refused_in_a_sentence(changes, sentence):
    with pytest.raises(IrisError, match=sentence):
        of("ill", **changes).run("scores")


def test_a_workflow_without_the_step_refuses_coverage():
    steps = [workflow[name].function for name in workflow if name != "uncertainty"]
    flow = type(workflow)(*steps).swap(coverage=0.9, record=False)
    with pytest.raises(IrisError, match="no step 'uncertainty'"):
        flow.run("model", progress=False)


@pytest.fixture
def stored(folder):
    """Leave a model of people in the folder, with a group of its own for each ward."""
    run = of("ill", mondrian="ward").run("model")
    settings = read_settings()
    save(run["model"], settings.model_file)
    return settings, run["model"]


def test_every_answer_has_the_set(stored, tmp_path):
    settings, _ = stored
    rows = PEOPLE[["age", "weight", "noise", "ward"]].head(40)
    rows.to_csv("rows.csv", index=False)
    expected = predict(rows, load(settings.model_file)).ill_set.astype(str).tolist()
    assert {*expected} <= {"yes", "no", "no, yes"}
    assert CliRunner().invoke(application, ["predict", "rows.csv", "--to", "answers.csv"]).exit_code == 0
    assert pd.read_csv("answers.csv").ill_set.tolist() == expected
    for kind in "csv", "parquet":
        rows.to_csv("rows.csv", index=False) if kind == "csv" else rows.to_parquet("rows.parquet")
        made = report(f"rows.{kind}", tmp_path / f"{kind}.html", most=7)
        answers = pd.read_csv(made.predictions) if kind == "csv" else pd.read_parquet(made.predictions)
        assert answers.ill_set.tolist() == expected
        assert "Prediction sets" in made.page.read_text()
    client = TestClient(create_app(load_live_model(settings.model_file)), base_url="http://localhost")
    body = {"rows": rows.to_dict("records")}
    found = client.post("/v1/predict", json=body).json()["answers"]
    assert [", ".join(answer["prediction_set"]) for answer in found] == expected
    assert client.get("/v1/model").json()["coverage"] == 0.9
    assert all("interval" not in answer for answer in found)
    explained = client.post("/v1/explain", json={"rows": body["rows"][:2]}).json()["answers"]
    assert [", ".join(answer["prediction_set"]) for answer in explained] == expected[:2]


def test_a_compiled_model_answers_with_the_same_sets(stored):
    settings, model = stored
    rows = PEOPLE[["age", "weight", "noise", "ward"]].head(40)
    with suppress(IrisError):  # of an estimator that does not compile
        compile_file(settings.model_file)
    compiled = predict(rows, load(settings.model_file))
    assert compiled.ill_set.astype(str).tolist() == predict(rows, model).ill_set.astype(str).tolist()
    quick = compile_model(workflow.swap(coverage=0.99, record=False).run("model", progress=False)["model"])
    assert quick.uncertainty.coverage == 0.99


def test_a_report_with_labels_says_what_each_group_is_covered(stored):
    PEOPLE[["age", "weight", "noise", "ward", "ill"]].to_csv("rows.csv", index=False)
    summary = report("rows.csv", most=50).summary
    assert [each.group for each in summary.sets] == ["day", "night"]
    assert all(each.low < each.covered < each.high and each.covered > 0.87 for each in summary.sets)  # most were learned
    assert sum(each.labelled for each in summary.sets) == 300


def test_a_report_with_labels_shows_the_coverage_now_beside_that_of_the_test_rows(folder):
    PEOPLE[["age", "weight", "noise", "ill"]].to_csv("rows.csv", index=False)
    Path("iris.toml").write_text('source = "rows.csv"\ntarget = "ill"\ncoverage = 0.9\n')
    assert CliRunner().invoke(application, ["run", "--quiet"]).exit_code == 0
    made = report("rows.csv")
    (covered,) = made.summary.sets
    shown = re.search(r"<th scope=\"row\">coverage</th>(.*?)</tr>", made.page.read_text())[1]
    assert f">{made.summary.training.scores['coverage']:.3f} (" in shown
    assert f">{covered.covered:.3f} ({covered.low:.3f} to {covered.high:.3f})<" in shown
    assert f">{covered.mean_size:.3f}<" in re.search(r"<th scope=\"row\">set_size</th>(.*?)</tr>", made.page.read_text())[1]
    assert made.summary.scores.keys() >= made.summary.training.scores.keys() & fitting_metrics(PEOPLE.ill).keys()


def test_an_interval_is_served_as_two_numbers(folder):
    model = of("cost").run("model")["model"]
    settings = read_settings()
    save(model, settings.model_file)
    client = TestClient(create_app(load_live_model(settings.model_file)), base_url="http://localhost")
    rows = PEOPLE[["age", "weight", "noise"]].head(3)
    answers = client.post("/v1/predict", json={"rows": rows.to_dict("records")}).json()["answers"]
    expected = predict(rows, model)
    assert [answer["interval"][0] for answer in answers] == pytest.approx(expected.cost_low.tolist())
    assert [answer["interval"][1] for answer in answers] == pytest.approx(expected.cost_high.tolist())


def test_a_row_of_no_known_group_has_the_largest_threshold():
    made = Uncertainty(0.9, "numbers", "ward", {"1": 1.0, "2": 5.0})
    guessed = pd.DataFrame({"cost": np.zeros(2)})
    for rows in pd.DataFrame({"ward": [3, 4]}), pd.DataFrame({"ward": [np.nan, 7.5]}), pd.DataFrame({"age": [3, 4]}):
        assert made.sets(guessed, rows).high.tolist() == [5.0, 5.0]
    with_a_gap_elsewhere = pd.DataFrame({"ward": [1.0, 2.0]})
    assert made.sets(guessed, with_a_gap_elsewhere).high.tolist() == [1.0, 5.0]


def test_a_class_with_a_comma_is_told_from_two_classes():
    sets = pd.DataFrame([[True, True, False], [False, False, True]], columns=["a", "b", "a, b"])
    assert set_columns(sets, "kind").kind_set.tolist() == ["a, b", '"a, b"']


def test_sets_do_not_depend_on_the_other_rows(stored):
    _, model = stored
    rows = PEOPLE[["age", "weight", "noise", "ward"]].head(30)
    together = predict(rows, model).ill_set.astype(str)
    alone = pd.concat([predict(rows.iloc[[place]], model).ill_set.astype(str) for place in range(len(rows))])
    assert together.equals(alone)


@pytest.mark.parametrize("made", [{"coverage": "much"}, {"thresholds": {"day": "low"}}, {"thresholds": {}}, {"more": 1}])
def test_a_file_with_strange_thresholds_is_refused(stored, made, monkeypatch):
    settings, model = stored
    honest = Model.__getstate__

    def forged(self):
        state = honest(self)
        return state | {"uncertainty": state["uncertainty"] | made}

    monkeypatch.setattr(Model, "__getstate__", forged)
    save(model, settings.model_file)
    monkeypatch.undo()
    with pytest.raises(ModelFileError):
        load(settings.model_file)
