"""What the test rows tell a model is found, with the step or the column that tells it; a clean workflow raises no alarm."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder
from typer.testing import CliRunner

from iris_ml.cli.commands import application
from iris_ml.production import workflow
from iris_ml.trust.leakage import find_leaks, leakage_gate

DRAWS = np.random.default_rng(0)
PEOPLE = pd.DataFrame(DRAWS.normal(size=(200, 3)), columns=["age", "weight", "noise"])
PEOPLE["ill"] = np.where(PEOPLE.age + DRAWS.normal(size=200) > 0, "yes", "no")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def of(table=PEOPLE, target="ill", estimator=None, **changes):
    chosen = LogisticRegression() if estimator is None else estimator
    return workflow.swap(raw=table, target=target, **{"split_by": "random", "estimator": chosen} | changes)


def leaks(flow):
    return {check: leak for check, leak in find_leaks(flow).leak.items() if leak}


def centered(rows):
    return rows.assign(age=rows.age - rows.age.mean())


def scaled_by_the_target(rows):
    return rows.assign(weight=rows.weight * (rows.ill == "yes").mean())


def encoded_by_the_target(rows):
    tens = rows.weight.round()
    return rows.assign(weight=(rows.ill == "yes").groupby(tens).transform("mean"))


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


CAUGHT = {
    "a column is centered over all rows": (lambda: of(features=centered), "features of the test rows", "step 'features'"),
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
    "an estimator holds all rows": (lambda: of(PEOPLE[PEOPLE.index > 3], estimator=remembering), "test rows", "step 'model'"),
    "test rows are copies": (
        lambda: of(pd.concat([PEOPLE, PEOPLE[:90]], ignore_index=True)),
        "copies of training rows",
        "are copies",
    ),
    "a column is written afterwards": (
        lambda: of(PEOPLE.assign(treated=PEOPLE.ill == "yes")),
        "a column that tells the target",
        "column 'treated' alone",
    ),
    "a number is a function of the target": (
        lambda: of(PEOPLE.assign(dose=np.where(PEOPLE.ill == "yes", 5.0, 1.0))),
        "a column that tells the target",
        "column 'dose' alone",
    ),
    "patients are on both sides": (
        lambda: workflow.swap(raw=PEOPLE.assign(patient_id=[f"p{place // 4}" for place in range(200)]), target="ill"),
        "order of the rows",
        'set split_by = "group: patient_id"',
    ),
    "days are on both sides": (
        lambda: of(PEOPLE.assign(day=pd.date_range("2026-01-01", periods=200)), split_by=""),
        "order of the rows",
        'set split_by = "time: day"',
    ),
}


@pytest.mark.parametrize("kind", CAUGHT)
def test_a_leak_is_found_with_its_step_or_column(kind):
    make, check, where = CAUGHT[kind]
    found = leaks(make())
    assert where in found[check], found


def frame(load):
    return load(as_frame=True).frame


CLEAN = {
    "iris": lambda: workflow,
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
    "rows of each patient together": lambda: of(PEOPLE.assign(patient_id=np.arange(200) // 4), split_by="group: patient_id"),
    "later rows": lambda: of(PEOPLE.assign(day=np.arange(200) % 150), split_by="time: day"),
    "gaps and texts": lambda: workflow.swap(
        raw=PEOPLE.assign(town=DRAWS.choice(["a", "b"], 200)).mask(DRAWS.random((200, 5)) < 0.1).assign(ill=PEOPLE.ill),
        target="ill",
        split_by="random",
    ),
    "repeated categories": lambda: of(PEOPLE[["ill"]].assign(a=DRAWS.integers(0, 3, 200), b=DRAWS.integers(0, 3, 200))),
    "wine": lambda: of(frame(load_wine), "target"),
    "breast cancer": lambda: of(frame(load_breast_cancer), "target", make_pipeline(StandardScaler(), LogisticRegression())),
    "diabetes": lambda: of(frame(load_diabetes), "target", Ridge(), task="regression"),
    "features of each row": lambda: of(features=lambda rows: rows.assign(ratio=rows.age / (1 + rows.weight.abs()))),
    "several labels": lambda: of(PEOPLE.assign(ill=PEOPLE.ill + np.where(PEOPLE.weight > 0, ";old", "")), task="multilabel: ;"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_workflow_raises_no_alarm(name):
    assert not leaks(CLEAN[name]())


def test_a_leak_closes_the_gate_of_promotion(monkeypatch):
    assert leakage_gate(Path("candidate")).is_open
    monkeypatch.setattr("iris_ml.trust.leakage.find_workflow", lambda address: of(features=centered))
    gate = leakage_gate(Path("candidate"))
    assert not gate.is_open
    assert gate.message.startswith("features of the test rows: step 'features' depends on them")


def test_the_command_names_the_leak_and_exits_with_1(monkeypatch):
    assert CliRunner().invoke(application, ["check", "leakage"]).exit_code == 0
    monkeypatch.setattr("iris_ml.workflow.workflow.find_workflow", lambda address: of(features=centered))
    ended = CliRunner().invoke(application, ["check", "leakage"])
    assert ended.exit_code == 1
    assert "step 'features' depends on them" in " ".join(ended.output.split())
