"""Rows may weigh more than others in training, and two classes may be told apart at another threshold than a half."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from typer.testing import CliRunner

from iris_ml import load, predict, save
from iris_ml.base.errors import DataError, SettingsError
from iris_ml.cli.commands import application
from iris_ml.production import workflow

DRAWS = np.random.default_rng(0)
PEOPLE = pd.DataFrame(DRAWS.normal(size=(500, 3)), columns=["age", "weight", "noise"])
PEOPLE["ill"] = np.where(PEOPLE.age + DRAWS.normal(size=500) > 1.6, "yes", "no")
PEOPLE["people"] = DRAWS.integers(1, 4, 500)
RENT = PEOPLE.drop(columns="ill").assign(rent=PEOPLE.age * 3 + DRAWS.normal(size=500))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def ran(table=PEOPLE, target="ill", **changes):
    return workflow.swap(raw=table, target=target, split_by="random", **changes).run(progress=False)


LINEAR = LogisticRegression(C=0.1, tol=1e-8, max_iter=10_000)
LEARN_BY_WEIGHT = {
    "alone": LINEAR,
    "scaled": make_pipeline(StandardScaler(), LINEAR),
    "voting": VotingClassifier([("a", make_pipeline(StandardScaler(), LINEAR)), ("b", LINEAR)], voting="soft"),
    "tree": DecisionTreeClassifier(max_depth=3, random_state=0),
}


@pytest.mark.parametrize("estimator", LEARN_BY_WEIGHT.values(), ids=LEARN_BY_WEIGHT)
def test_a_row_of_weight_three_counts_as_three_rows(estimator):
    run = ran(estimator=estimator, sample_weight="people")
    train, test = run["train"], run["test"]
    assert list(run["model"].columns) == ["age", "weight", "noise"]  # the weight is no feature
    repeated = train.loc[train.index.repeat(train.people.astype(int))]
    expected = estimator.fit(repeated[["age", "weight", "noise"]], repeated.ill).predict_proba(test[["age", "weight", "noise"]])
    shares = run["predictions"].loc[test.index].filter(like="probability_")
    np.testing.assert_allclose(shares, expected, atol=1e-4)


TAKE_WEIGHTS = {
    "default": None,
    "calibrated": CalibratedClassifierCV(make_pipeline(StandardScaler(), LINEAR)),
    "search": GridSearchCV(make_pipeline(StandardScaler(), LINEAR), {"logisticregression__C": [0.1, 1.0]}, cv=3),
    "stacking": StackingClassifier([("a", make_pipeline(StandardScaler(), LINEAR)), ("b", RandomForestClassifier(10))], LINEAR),
    "ada": AdaBoostClassifier(n_estimators=5),
}


@pytest.mark.parametrize("estimator", TAKE_WEIGHTS.values(), ids=TAKE_WEIGHTS)
def test_balanced_classes_find_more_of_the_rare_one(estimator):
    given = {} if estimator is None else {"estimator": estimator}
    found = {weights: (ran(class_weight=weights, **given)["predictions"].ill == "yes").sum() for weights in ("", "balanced")}
    assert found["balanced"] > found[""]


def test_balanced_is_that_of_scikit_learn_and_weights_of_classes_and_rows_multiply():
    run = ran(estimator=LINEAR, class_weight="balanced")
    own = LogisticRegression(C=0.1, tol=1e-8, max_iter=10_000, class_weight="balanced")
    X = ["age", "weight", "noise", "people"]
    own.fit(run["train"][X], run["train"].ill)
    np.testing.assert_allclose(run["predictions"].iloc[:, 1:], own.predict_proba(PEOPLE[X]), atol=1e-6)
    both = ran(estimator=LINEAR, class_weight={"yes": 2.0}, sample_weight="people")["predictions"]
    product = PEOPLE.assign(people=PEOPLE.people * np.where(PEOPLE.ill == "yes", 2.0, 1.0))
    expected = ran(product, estimator=LINEAR, sample_weight="people")["predictions"]
    np.testing.assert_allclose(both.iloc[:, 1:], expected.iloc[:, 1:])


@pytest.mark.parametrize(
    ("labels", "named"),
    [((0, 1), {"1": 3.0}), ((False, True), {"true": 3.0}), ((False, True), {"True": 3.0}), ((2, 7), {"2": 0.5, "7": 1.5})],
    ids=str,
)
def test_classes_are_named_as_texts_whatever_they_are(labels, named):
    table = PEOPLE.assign(ill=np.where(PEOPLE.ill == "yes", labels[1], labels[0]))
    text = PEOPLE.assign(ill=np.where(PEOPLE.ill == "yes", "b", "a"))
    of_text = dict(zip("ab" if len(named) == 2 else "b", named.values(), strict=True))
    one, other = ran(table, estimator=LINEAR, class_weight=named), ran(text, estimator=LINEAR, class_weight=of_text)
    np.testing.assert_allclose(one["predictions"].iloc[:, 2], other["predictions"].iloc[:, 2])


def test_an_estimator_that_is_put_in_is_calibrated_too():
    runs = [ran(estimator=DecisionTreeClassifier(random_state=0), calibrated=each) for each in (True, False)]
    shares = [run["predictions"].probability_yes for run in runs]
    assert set(shares[1]) == {0.0, 1.0}
    assert len(set(shares[0])) > 2
    with pytest.raises(DataError, match="a predicted number has no probability to calibrate"):
        ran(RENT, "rent", estimator=RidgeCV(), calibrated=True)


class Squares(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X**2


def test_a_transformer_of_ones_own_that_learns_nothing_is_used():
    run = ran(estimator=make_pipeline(Squares(), LINEAR))
    X = ["age", "weight", "noise", "people"]
    expected = LINEAR.fit(run["train"][X] ** 2, run["train"].ill).predict_proba(PEOPLE[X] ** 2)
    np.testing.assert_allclose(run["predictions"].iloc[:, 1:], expected)


def test_weights_hold_in_each_fold_and_for_numbers():
    run = workflow.swap(raw=PEOPLE, target="ill", estimator=LINEAR, split_by="cv: 3", sample_weight="people").run(progress=False)
    fold = run["split"] == "fold 2"
    X, others = ["age", "weight", "noise"], PEOPLE[~fold]
    expected = LINEAR.fit(others[X], others.ill, sample_weight=others.people).predict_proba(PEOPLE.loc[fold, X])
    np.testing.assert_allclose(run["test_predictions"][fold].iloc[:, 1:], expected)
    given = {"sample_weight": "people"}, {"passthrough": ["people"]}
    numbers = [ran(RENT, "rent", estimator=RidgeCV(), **each) for each in given]
    assert not np.allclose(*(run["predictions"].rent for run in numbers))


def without_its_column(tables):
    ran(sample_weight="persons")


def a_negative_weight(tables):
    ran(tables.assign(people=-1), sample_weight="people")


def a_text_as_weight(tables):
    ran(tables.assign(people="many"), sample_weight="people")


def an_unknown_class(tables):
    ran(tables, class_weight={"ja": 2.0})


def an_estimator_without_weights(tables):
    ran(tables, class_weight="balanced", estimator=make_pipeline(StandardScaler(), KNeighborsClassifier()))


def an_estimator_that_cannot_pass_them_on(tables):
    ran(tables, class_weight="balanced", estimator=AdaBoostClassifier(make_pipeline(StandardScaler(), LINEAR)))


def weights_of_classes_for_numbers(tables):
    ran(RENT, "rent", class_weight="balanced")


def weights_of_nothing(tables):
    ran(tables.assign(people=0), sample_weight="people")


def three_classes_at_a_threshold(tables):
    ran(tables.assign(ill=pd.qcut(tables.age, 3, ["a", "b", "c"]).astype(str)), threshold=0.3)


def a_number_at_a_threshold(tables):
    ran(RENT, "rent", threshold="tuned")


def a_threshold_without_probabilities(tables):
    ran(tables, threshold=0.3, estimator=LinearSVC())


REFUSED = {
    without_its_column: "the setting 'passthrough' or 'sample_weight': no column is called 'persons'; choose from age, weight",
    a_negative_weight: "is no weight; give a number that is not negative",
    a_text_as_weight: "column 'people': 'many' is no weight; give a number that is not negative",
    an_unknown_class: "the setting 'class_weight': no training row is of class 'ja'; choose from no, yes",
    weights_of_classes_for_numbers: "column 'rent' holds numbers; remove it, or set sample_weight",
    weights_of_nothing: "column 'people': every weight is 0; give some rows a weight",
    an_estimator_without_weights: "KNeighborsClassifier takes no weights",
    an_estimator_that_cannot_pass_them_on: "it cannot pass weights on: AdaBoostClassifier.fit cannot accept given metadata",
    three_classes_at_a_threshold: "the target has 3 classes; remove it; a threshold decides between two classes",
    a_number_at_a_threshold: "the target is a number",
    a_threshold_without_probabilities: "the estimator gives no probabilities",
}


@pytest.mark.parametrize("fault", REFUSED, ids=lambda fault: fault.__name__)
def test_what_cannot_weigh_or_decide_is_refused_in_a_sentence(fault):
    with pytest.raises(DataError) as error:
        fault(PEOPLE)
    assert REFUSED[fault] in str(error.value)


def test_a_fixed_threshold_decides_the_labels_and_leaves_the_probabilities():
    plain, low = ran(estimator=LINEAR)["predictions"], ran(estimator=LINEAR, threshold=0.2)["predictions"]
    assert low.probability_yes.equals(plain.probability_yes)
    assert (low.ill == "yes").equals(low.probability_yes >= 0.2)
    assert (low.ill != plain.ill).any()


def test_a_tuned_threshold_is_that_of_scikit_learn_for_the_metric():
    run = ran(estimator=LINEAR, threshold="tuned", metric="balanced_accuracy")
    X = ["age", "weight", "noise", "people"]
    for scoring, threshold in ("balanced_accuracy", "tuned"), ("f1_macro", "tuned: f1_macro"), ("accuracy", "tuned: accuracy"):
        own = TunedThresholdClassifierCV(LINEAR, scoring=scoring, random_state=0).fit(run["train"][X], run["train"].ill)
        answered = ran(estimator=LINEAR, threshold=threshold)["predictions"].ill
        assert answered.tolist() == own.predict(PEOPLE[X]).tolist()
    plain = ran(estimator=LINEAR, metric="balanced_accuracy")
    truth = run["test"].ill
    better, worse = (balanced_accuracy_score(truth, each["predictions"].ill[truth.index]) for each in (run, plain))
    assert better > worse


def test_a_saved_model_decides_at_its_threshold_in_every_form():
    run = ran(threshold="tuned", class_weight="balanced")  # the default estimator
    save(run["model"], "model.skops")
    answered = predict(PEOPLE.drop(columns="ill"), load("model.skops"))
    pd.testing.assert_frame_equal(answered, run["predictions"])


def test_the_command_line_takes_weights_and_a_threshold():
    PEOPLE.to_csv("people.csv", index=False)
    Path("iris.toml").write_text(
        'source = "people.csv"\ntarget = "ill"\nsplit_by = "random"\n'
        'sample_weight = "people"\nclass_weight = { yes = 2 }\nthreshold = 0.4\n'
    )
    PEOPLE.drop(columns=["ill", "people"]).head(20).to_csv("new.csv", index=False)  # a new row has no weight
    for command in (["run"], ["predict", "new.csv", "--to", "answers.csv"], ["report", "people.csv"]):
        ended = CliRunner().invoke(application, command)
        assert ended.exit_code == 0, ended.output
    answers = pd.read_csv("answers.csv")
    assert (answers.ill == "yes").equals(answers.probability_yes >= 0.4)


@pytest.mark.parametrize("name", ["ill", "age"])
def test_the_target_or_a_feature_is_no_weight(name):
    with pytest.raises(SettingsError, match=f"sample_weight is '{name}', but it is the target, or a feature"):
        ran(feature_names=["age", "weight"], sample_weight=name)


def test_another_metric_or_another_way_to_judge_fits_no_model_again():
    ran(threshold="tuned")
    again = ran(threshold="tuned", metric="roc_auc")
    assert again.results["model"].how == "reused"
    assert again.results["scores"].how == "computed"


@pytest.mark.parametrize("wrong", [1.5, 0.0, "half", "tuned: roc_auc", True])
def test_what_is_no_threshold_is_refused(wrong):
    with pytest.raises(SettingsError, match=r"threshold is .*; set the probability from which a row is of the second"):
        ran(threshold=wrong)
