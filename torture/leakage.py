"""Workflows that leak, in each kind that the literature knows, and workflows that do not: how often is the check wrong?

The kinds are those of Kapoor and Narayanan (2023), who found them in 294 papers. The eighth, test rows of another population than
the one that is asked about, is not in the table, and no check can see it there.
"""

import tempfile
import warnings
from contextlib import chdir

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder

from iris_ml.production import workflow
from iris_ml.trust.leakage import find_leaks

DRAWS = np.random.default_rng(0)
PEOPLE = pd.DataFrame(DRAWS.normal(size=(200, 3)), columns=["age", "weight", "noise"])
PEOPLE["ill"] = np.where(PEOPLE.age + DRAWS.normal(size=200) > 0, "yes", "no")
DAYS = pd.date_range("2026-01-01", periods=200)
AMOUNTS = PEOPLE.drop(columns="ill")
VISITS = pd.DataFrame(
    {
        "age": DRAWS.integers(18, 80, 500),
        "mass": DRAWS.normal(27, 4, 500).round(1),
        "town": DRAWS.choice([f"town {number}" for number in range(40)], 500),
        "ill": DRAWS.choice(["yes", "no"], 500),
    }
)
MANY = pd.DataFrame(DRAWS.normal(size=(80, 200))).add_prefix("column_").assign(ill=["yes", "no"] * 40)


def of(table=PEOPLE, target="ill", estimator=None, **changes):
    chosen = {"estimator": LogisticRegression() if estimator is None else estimator} if estimator != "default" else {}
    return workflow.swap(raw=table, target=target, **{"split_by": "random"} | chosen | changes)


DEFAULT = {"estimator": "default"}
RARE = pd.DataFrame(DRAWS.normal(size=(4000, 2)), columns=["age", "weight"])
RARE["ill"] = np.where(np.arange(4000) % 20 == 0, "yes", "no")
CRATES = pd.DataFrame(
    {
        "kilograms": DRAWS.integers(1, 50, 500),
        "crates": DRAWS.integers(1, 30, 500),
        "truck": DRAWS.choice(["old", "new"], 500),
    }
)


def copied(table):
    return pd.concat([table, table.sample(frac=0.5, random_state=0)], ignore_index=True)


def at_random(features):
    sides = np.random.default_rng(0).choice(["train", "train", "test"], len(features))
    return pd.Series(sides, features.index, dtype="str", name="split")


def centered(rows):
    return rows.assign(age=rows.age - rows.age.mean())


def scaled_by_the_target(rows):
    return rows.assign(weight=rows.weight * (rows.ill == "yes").mean())


def encoded_by_the_target(rows):
    tens = rows.weight.round()
    return rows.assign(weight=(rows.ill == "yes").groupby(tens).transform("mean"))


def best_of_many(rows):
    tells = rows.drop(columns="ill").corrwith((rows.ill == "yes").astype(float)).abs()
    return rows[["ill", *tells.nlargest(5).index]]


def hinting(rows):
    return rows.assign(noise=(rows.ill == "yes") + 0.5 * np.sin(1000 * rows.age))


def row_above(rows):
    return rows.assign(noise=rows.age.shift(fill_value=0))


def best_of_test(train, test, target):
    tried = [make_pipeline(PCA(count), LogisticRegression()) for count in (1, 2)]
    columns = train.columns.drop(target)
    return max(tried, key=lambda one: one.fit(train[columns], train[target]).score(test[columns], test[target]))


def columns_of_all(rows, target):
    tells = rows.drop(columns=target).corrwith((rows[target] == "yes").astype(float)).abs()
    return make_pipeline(make_column_transformer(("passthrough", [*tells.nlargest(5).index])), LogisticRegression())


def easy(features, split):
    return features[(split == "test") & ((features.ill == "no") | (features.age > 0))]


def of_training_rows(train, model, target):
    return {"accuracy": float((model.predict(train[model.columns])[target] == train[target]).mean())}


def day_before(rows):
    rows = rows.sort_values("day")
    return rows.assign(before=rows.weight.shift().bfill()).drop(columns="day")


class Memory(ClassifierMixin, BaseEstimator):
    """Remembers all rows that it was made with."""

    def __init__(self, rows=None):
        self.rows = rows

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[len(self.rows) % 2], len(X))


def remembering(rows):
    return Memory(rows)


LEAKING = {
    "a column is centered over all rows": (
        lambda: of(features=centered),
        "features of the test rows",
        "step 'features'",
    ),
    "a column is scaled by all targets": (
        lambda: of(features=scaled_by_the_target),
        "targets of the test rows",
        "step 'features'",
    ),
    "a column is encoded by all targets": (
        lambda: of(features=encoded_by_the_target),
        "targets of the test rows",
        "step 'features'",
    ),
    "columns are chosen by all targets": (
        lambda: of(MANY, features=best_of_many),
        "targets of the test rows",
        "step 'features'",
    ),
    "a feature holds its row's own target": (
        lambda: of(features=hinting),
        "targets of the test rows",
        "a row's features, and whether it stays, may not depend on its target",
    ),
    "predictions agree with a target of noise": (
        lambda: of(features=hinting),
        "a target of noise",
        "look for what tells it to the features",
    ),
    "predictions agree with numbers of noise": (
        lambda: of(
            AMOUNTS, "weight", Ridge(), task="regression", features=lambda rows: rows.assign(age=rows.weight + rows.age)
        ),
        "a target of noise",
        "look for what tells it to the features",
    ),
    "a row knows the one above it": (
        lambda: of(features=row_above),
        "order of the rows",
        "step 'features' depends on it",
    ),
    "the estimator with the best test rows is taken": (
        lambda: of(estimator=best_of_test),
        "test rows",
        "step 'estimator' fails without them",
    ),
    "the estimator's columns are chosen by all targets": (
        lambda: of(MANY, estimator=columns_of_all),
        "targets of the test rows",
        "step 'estimator'",
    ),
    "hard test rows are left out": (
        lambda: of(test=easy),
        "targets of the test rows",
        "step 'test'",
    ),
    "training rows are scored": (
        lambda: of(scores=of_training_rows),
        "training rows among the test rows",
        "step 'scores' depends on no test row",
    ),
    "there is no test set": (
        lambda: of(test=lambda features, split: features),
        "training rows among the test rows",
        "140 of them",
    ),
    "an estimator holds all rows": (
        lambda: of(PEOPLE[PEOPLE.index > 3], estimator=remembering),
        "test rows",
        "step 'estimator'",
    ),
    "test rows are copies": (
        lambda: of(pd.concat([PEOPLE, PEOPLE[:90]], ignore_index=True)),
        "copies of training rows",
        "are copies",
    ),
    "rows of texts and whole numbers are copied": (
        lambda: of(copied(VISITS), **DEFAULT),
        "copies of training rows",
        "are copies",
    ),
    "copies are written in other letters": (
        lambda: of(pd.concat([VISITS, VISITS[:250].assign(town=VISITS.town.str.upper() + " ")], ignore_index=True), **DEFAULT),
        "copies of training rows",
        "are copies",
    ),
    "copies have a number and a time of their own": (
        lambda: of(
            copied(VISITS).assign(
                record=np.arange(7000, 7750), loaded=pd.date_range("2026-01-01", periods=750, freq="13s")
            ),
            **DEFAULT,
        ),
        "copies of training rows",
        "but for 'record', 'loaded'",
    ),
    "copies have another value in one column": (
        lambda: of(
            pd.concat([PEOPLE, PEOPLE[:90].assign(noise=DRAWS.normal(size=90))], ignore_index=True),
        ),
        "copies of training rows",
        "but for 'noise'",
    ),
    "the rare class is copied eight times": (
        lambda: of(pd.concat([VISITS, *[VISITS[VISITS.age < 22]] * 8], ignore_index=True), **DEFAULT),
        "copies of training rows",
        "are copies",
    ),
    "a step adds rows before the split": (
        lambda: of(rows=lambda raw: pd.concat([raw, raw[raw.ill == "yes"]], ignore_index=True)),
        "rows that a step adds",
        "step 'rows' adds",
    ),
    "the rows are numbered in the order of the target": (
        lambda: of(
            VISITS.sort_values("ill", ignore_index=True).reset_index(names="number").sample(frac=1, random_state=1), **DEFAULT
        ),
        "a column that tells the target",
        "'number'",
    ),
    "the dates that tell are not the first": (
        lambda: of(
            PEOPLE.assign(day=DAYS, due=DAYS + pd.Timedelta("9D"), seen=DAYS + pd.Timedelta("3D")), split_by="time: day"
        ),
        "dates after the time of the row",
        "'due', 'seen'",
    ),
    "a split ignores the time that is declared": (
        lambda: of(PEOPLE.assign(day=DAYS), split_by="time: day", split=at_random),
        "groups or time",
        "training rows lie after the first test row",
    ),
    "a split ignores the groups that are declared": (
        lambda: of(PEOPLE.assign(ward=np.arange(200) % 20), split_by="group: ward", split=at_random),
        "groups or time",
        "groups of 'ward' on both sides",
    ),
    "a column is written afterwards": (
        lambda: of(PEOPLE.assign(treated=PEOPLE.ill == "yes")),
        "a column that tells the target",
        "'treated'",
    ),
    "each record has a number of its own": (
        lambda: workflow.swap(
            raw=pd.concat([PEOPLE, PEOPLE[:90]], ignore_index=True).assign(record=[f"r{place}" for place in range(290)]),
            target="ill",
            split_by="random",
            passthrough=["record"],
        ),
        "copies of training rows",
        "are copies",
    ),
    "patients are numbered by the target": (
        lambda: of(PEOPLE.sort_values("ill", ignore_index=True).assign(bed=np.linspace(1, 9, 200))),
        "a column that tells the target",
        "'bed'",
    ),
    "a number is another form of the target": (
        lambda: of(AMOUNTS.assign(dose=np.exp(AMOUNTS.weight)), "weight", Ridge(), task="regression"),
        "a column that tells the target",
        "'dose'",
    ),
    "a small table holds the rest to a whole": (
        lambda: of(AMOUNTS.head(70).assign(awake=(24 - AMOUNTS.weight).round(2)), "weight", Ridge(), task="regression"),
        "a column that tells the target",
        "'awake'",
    ),
    "a number is a function of the target": (
        lambda: of(PEOPLE.assign(dose=np.where(PEOPLE.ill == "yes", 5.0, 1.0))),
        "a column that tells the target",
        "'dose'",
    ),
    "dates are later than the day that orders the rows": (
        lambda: of(
            PEOPLE.assign(day=DAYS, discharged=DAYS + pd.to_timedelta(DRAWS.integers(0, 9, 200), "D")), split_by="time: day"
        ),
        "dates after the time of the row",
        "dates after 'day': 'discharged'",
    ),
    "later dates that most rows lack": (
        lambda: of(
            PEOPLE.assign(day=DAYS, cured=pd.Series(DAYS + pd.Timedelta("3D")).where(PEOPLE.index % 3 == 0)),
            estimator=HistGradientBoostingClassifier(max_iter=5),
            split_by="time: day",
        ),
        "dates after the time of the row",
        "dates after 'day': 'cured'",
    ),
    "a column holds bands of the target": (
        lambda: of(
            AMOUNTS.assign(band=pd.cut(AMOUNTS.weight, [-9, -1, 0, 1, 9], labels=["a", "d", "b", "c"]).astype("str")),
            "weight",
            task="regression",
            **DEFAULT,
        ),
        "a column that tells the target",
        "'band'",
    ),
    "a flag is set afterwards for most of a rare class": (
        lambda: of(RARE.assign(flag=(RARE.ill == "yes") & (np.arange(4000) % 400 > 0)), **DEFAULT),
        "a column that tells the target",
        "'flag'",
    ),
    "patients are on both sides": (
        lambda: workflow.swap(raw=PEOPLE.assign(patient_id=[f"p{place // 4}" for place in range(200)]), target="ill"),
        "groups or time",
        'set split_by = "group: patient_id"',
    ),
    "days are on both sides": (
        lambda: of(PEOPLE.assign(day=DAYS), split_by=""),
        "groups or time",
        'set split_by = "time: day"',
    ),
    "a code of the target in a small table": (
        lambda: of(PEOPLE.head(80).assign(code=lambda rows: np.where(rows.ill == "yes", 3.5, 7.2))),
        "a column that tells the target",
        "'code'",
    ),
}


def frame(load):
    return load(as_frame=True).frame


CLEAN = {
    "iris": lambda: workflow,
    "few rows": lambda: of(PEOPLE.head(80).assign(town=DRAWS.choice(["a", "b"], 80)), **DEFAULT),
    "a rare class among few rows": lambda: of(
        PEOPLE.head(60).assign(ill=["yes"] * 5 + ["no"] * 55, town=["a"] * 5 + ["b"] * 55), **DEFAULT
    ),
    "iris, calibrated": lambda: workflow.swap(calibrated=True),
    "iris in folds": lambda: workflow.swap(split_by="cv: 3"),
    "people": of,
    "scaled": lambda: of(estimator=make_pipeline(StandardScaler(), LogisticRegression())),
    "encoded by the target in the pipeline": lambda: of(
        PEOPLE.assign(noise=PEOPLE.noise.round()), estimator=make_pipeline(TargetEncoder(), LogisticRegression())
    ),
    "calibrated": lambda: of(estimator=CalibratedClassifierCV(LogisticRegression())),
    "forest": lambda: of(estimator=RandomForestClassifier(20)),
    "default": lambda: workflow.swap(raw=PEOPLE, target="ill", split_by="random"),
    "weights": lambda: of(class_weight="balanced"),
    "threshold": lambda: of(threshold="tuned"),
    "rows of each patient together": lambda: of(
        PEOPLE.assign(patient_id=np.arange(200) // 4), split_by="group: patient_id"
    ),
    "earlier dates": lambda: of(PEOPLE.assign(day=DAYS, born=DAYS - pd.Timedelta("9000D")), split_by="time: day"),
    "later rows": lambda: of(PEOPLE.assign(day=np.arange(200) % 150), split_by="time: day"),
    "training rows are repeated": lambda: workflow.swap(raw=PEOPLE, target="ill", split_by="random").after(
        "train", lambda train: train.loc[train.index.repeat(np.where(train.ill == "yes", 2, 1))]
    ),
    "a strong column": lambda: of(
        PEOPLE.assign(age=PEOPLE.age + (PEOPLE.ill == "yes")), estimator=RandomForestClassifier(20)
    ),
    "gaps and texts": lambda: workflow.swap(
        raw=PEOPLE.assign(town=DRAWS.choice(["a", "b"], 200)).mask(DRAWS.random((200, 5)) < 0.1).assign(ill=PEOPLE.ill),
        target="ill",
        split_by="random",
    ),
    "repeated categories": lambda: of(PEOPLE[["ill"]].assign(a=DRAWS.integers(0, 3, 200), b=DRAWS.integers(0, 3, 200))),
    "wine": lambda: of(frame(load_wine), "target"),
    "breast cancer": lambda: of(
        frame(load_breast_cancer), "target", make_pipeline(StandardScaler(), LogisticRegression())
    ),
    "diabetes": lambda: of(frame(load_diabetes), "target", Ridge(), task="regression"),
    "features of each row": lambda: of(features=lambda rows: rows.assign(ratio=rows.age / (1 + rows.weight.abs()))),
    "crates that weigh the same": lambda: of(
        CRATES.assign(load=CRATES.kilograms * CRATES.crates + np.where(CRATES.truck == "old", 900.0, 1200.0)),
        "load",
        task="regression",
        **DEFAULT,
    ),
    "answers from one to five": lambda: of(
        pd.DataFrame(DRAWS.integers(1, 4, (500, 4))).add_prefix("question_").assign(ill=DRAWS.choice(["yes", "no"], 500)),
        **DEFAULT,
    ),
    "codes of countries": lambda: of(
        PEOPLE.assign(country_code=DRAWS.choice(["de", "fr", "it", "pl"], 200)), split_by="", **DEFAULT
    ),
    "equal rows are left out": lambda: of(copied(PEOPLE), rows=lambda raw: raw.drop_duplicates()),
    "the number of the day before": lambda: of(
        AMOUNTS.assign(day=DAYS), "weight", Ridge(), task="regression", split_by="time: day", features=day_before
    ),
    "rows of high numbers are left out": lambda: of(
        AMOUNTS, "weight", Ridge(), task="regression", rows=lambda raw: raw[raw.weight < 1.5]
    ),
    "days of birth": lambda: of(PEOPLE.assign(birth_date=DAYS - pd.Timedelta("9000D")), split_by="", **DEFAULT),
    "a date that is known before": lambda: of(PEOPLE.assign(day=DAYS, due=DAYS + pd.Timedelta("9D")), split_by="time: day"),
    "several labels": lambda: of(
        PEOPLE.assign(ill=PEOPLE.ill + np.where(PEOPLE.weight > 0, ";old", "")), task="multilabel: ;"
    ),
}

KNOWN = {"a date that is known before": ["due"]}


KINDS = {
    "no test set": "there is no test set",
    "preparation over all rows": "a column is centered over all rows",
    "columns chosen over all rows": "columns are chosen by all targets",
    "copies on both sides": "test rows are copies",
    "a column of afterwards": "a column is written afterwards",
    "the future is learned": "days are on both sides",
    "one patient on both sides": "patients are on both sides",
}


def leaks(flow, known=()):
    """Return the checks that find a leak, and what they say."""
    with warnings.catch_warnings(action="ignore"):
        return {check: leak for check, leak in find_leaks(flow, known).leak.items() if leak}


def missed():
    """Each leak must be found by its check, with its step or column."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        wrong = [name for name, (make, check, where) in LEAKING.items() if where not in leaks(make()).get(check, "")]
    return len(LEAKING), len(wrong), ", ".join(wrong) or "each is found"


def false_alarms():
    """No check may ring at a workflow that does not leak."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        wrong = [name for name, make in CLEAN.items() if leaks(make(), KNOWN.get(name, ()))]
    return len(CLEAN), len(wrong), ", ".join(wrong) or "none rang"


def noise(tables):
    """Tables in which nothing tells the target, each with another draw: no check may ring at more than one in a hundred."""
    rung = 0
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for seed in range(tables):
            draws = np.random.default_rng(seed)
            table = (
                pd.DataFrame(draws.normal(size=(120, 3)))
                .add_prefix("column_")
                .assign(ill=draws.choice(["yes", "no"], 120))
            )
            rung += bool(leaks(of(table)))
    return tables, rung if rung > 0.01 * tables else 0, f"{rung} rang, {rung / tables:.1%}"


CAMPAIGNS = {
    "workflows that leak": missed,
    "workflows that do not": false_alarms,
    "tables of noise": lambda: noise(100),
}
