"""A compiled model gives the answers of its original, or there is none; whatever happens to its file, the original answers."""

import json
import os
import pickle
import re
import shutil
import sys
import warnings
from contextlib import contextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from starlette.testclient import TestClient
from typer.testing import CliRunner

from iris_ml.api.routes import create_app
from iris_ml.api.schemas import answers_json, direct_json
from iris_ml.base.errors import IrisError
from iris_ml.base.settings import read_settings
from iris_ml.cli import parity
from iris_ml.cli.commands import application
from iris_ml.compiled.certificate import FeatureMaker, certify
from iris_ml.compiled.compiled_model import (
    CompiledModel,
    compile_file,
    compile_model,
    compiled_gate,
    compiled_path,
    find_compiled,
)
from iris_ml.compiled.direct_rows import direct_rows
from iris_ml.compiled.graph import NotCompiled
from iris_ml.compiled.runtime import Session
from iris_ml.compiled.trees import Tree
from iris_ml.models.champion import ChampionInfo, roll_back, set_champion
from iris_ml.models.live_model import ModelWatcher, find_lineage, load_live_model
from iris_ml.models.model_file import load, model_version, save, store_model
from iris_ml.models.prediction_steps import plan_predictions
from iris_ml.models.predictor import Predictor, predict
from iris_ml.production import workflow
from iris_ml.steps.default_estimator import linear, mean_of_both
from iris_ml.tracking.records import Records
from torture.pipelines import NUMBERS, THIRTY, encoded, fitted, further_rows, fuzz, outcome, table, table_of

FILE = Path(".iris_ml/model.skops")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def model_of(estimator=None, **changes):
    """A model of the iris workflow."""
    flow = workflow.swap(**changes) if estimator is None else workflow.swap(estimator=estimator, **changes)
    return flow.run("model", progress=False, checkpoints=False)["model"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with the model of iris, its compiled form and its certificate."""
    here = Path.cwd()
    os.chdir(place := tmp_path_factory.mktemp("written"))
    try:
        save(model_of(), FILE)
        compile_file(FILE)
    finally:
        os.chdir(here)
    return place


@pytest.fixture
def compiled(written, tmp_path):
    """The compiled file, in a copy of that folder."""
    shutil.copytree(written / ".iris_ml", tmp_path / ".iris_ml")
    (file,) = Path(".iris_ml/models").glob("*.onnx")
    return file


@contextmanager
def told(*words):
    """The only warning inside has these words in this order."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    (sentence,) = [str(each.message) for each in caught if each.category is UserWarning]
    place = 0
    for word in words:
        assert word in sentence[place:], sentence
        place = sentence.index(word, place)


def answering():
    """What answers for the model of this folder, and its answers to the flowers, which are those of the model itself."""
    model = load(FILE)
    predictor, flowers = Predictor(model), workflow.run("raw", progress=False, checkpoints=False)["raw"].drop(columns="species")
    answers = predictor.run(flowers)["predictions"]
    pd.testing.assert_frame_equal(answers, model.predict(flowers), rtol=0, atol=1e-9)
    return predictor.answering


@pytest.mark.parametrize("name", THIRTY)
def test_a_pipeline_is_certified_or_refused_by_name_and_gives_no_wrong_answer(name):
    estimator, columns, _, refused = THIRTY[name]
    what, wrong = outcome(estimator, table_of(name), columns)
    assert not wrong
    assert f"estimator {refused}" in what if refused else what == "certified"


def test_random_pipelines_are_certified_or_refused_and_give_no_wrong_answer():
    _, failures, outcomes = fuzz(12)
    assert not failures
    assert "certified" in outcomes


def test_a_compiled_model_answers_in_place_of_its_model_by_itself(compiled):
    assert isinstance(answering(), CompiledModel)


def test_the_setting_turns_it_off(compiled, monkeypatch):
    monkeypatch.setenv("IRIS_ML_COMPILED", "false")
    assert not isinstance(answering(), CompiledModel)


def test_explanations_stay_on_the_original(compiled, monkeypatch):
    predictor = Predictor(load(FILE))
    monkeypatch.setattr(Session, "run", lambda self, features: pytest.fail("the compiled form was called"))
    run = predictor.run(predictor.model.golden_rows(), debug=True)
    assert {"moves", "nearest", "outside"} <= {*run}


def test_ties_are_answered_by_the_original():
    model = model_of(RandomForestClassifier(2))
    compiled, flowers = compile_model(model), workflow.run("raw", progress=False, checkpoints=False)["raw"]
    features = FeatureMaker(model).of_raw(flowers)
    shares = model.predict(features).iloc[:, 1:].to_numpy()
    ties = np.sort(shares)[:, -1] == np.sort(shares)[:, -2]
    assert ties.any()
    assert (compiled.session.run(features).is_certain == ~ties).all()
    assert compiled.predict(features).equals(model.predict(features))


def test_numbers_that_the_original_refuses_are_refused_in_its_words():
    model = model_of(RandomForestClassifier(5))
    features = model.golden_rows().assign(petal_length=1e300)
    with pytest.raises(ValueError, match="too large") as wanted:
        model.predict(features)
    with pytest.raises(ValueError, match="too large") as given:
        compile_model(model).predict(features)
    assert str(given.value) == str(wanted.value)


def test_an_unknown_category_that_the_original_refuses_is_refused():
    made = table(kind="two", gaps=False)
    encoder = make_column_transformer((OneHotEncoder(), ["colour"]), ("passthrough", NUMBERS))
    model = fitted(make_pipeline(encoder, LogisticRegression(max_iter=1000)), made, [*NUMBERS, "colour"])
    compiled = compile_model(model)
    rows = made.head(3).drop(columns=["target", "city", "note"])
    pd.testing.assert_frame_equal(predict(rows, compiled), predict(rows, model), rtol=0, atol=1e-9)
    with pytest.raises(ValueError, match="unknown categories"):
        predict(rows.assign(colour="violet"), compiled)


def test_a_column_of_another_kind_is_answered_by_the_original():
    made = table(kind="two", gaps=False)
    model = fitted(encoded(LogisticRegression(max_iter=1000)), made)
    features = FeatureMaker(model).of_raw(made[[*model.profile.columns]]).astype({"colour": "category"})
    with told("the original model answers, because its compiled form fails: a column of texts holds something else"):
        answers = compile_model(model).predict(features)
    assert answers.equals(model.predict(features))


def test_an_empty_text_is_not_taken_for_a_missing_one():
    made = table(kind="two")
    model = fitted(encoded(LogisticRegression(max_iter=1000)), made)
    compiled, features = compile_model(model), FeatureMaker(model).of_raw(made[[*model.profile.columns]])
    features["colour"] = ["", "red"] * (len(features) // 2)
    assert (compiled.session.run(features).is_certain == (features.colour != "")).all()
    pd.testing.assert_frame_equal(compiled.predict(features), model.predict(features), rtol=0, atol=1e-9)


def test_steps_before_the_model_stay_python_and_are_named():
    def features(rows):
        return rows.assign(area=rows.petal_length * rows.petal_width, ratio=np.log(rows.sepal_length / rows.sepal_width))

    model = workflow.swap(features=features).run("model", progress=False, checkpoints=False)["model"]
    compiled = compile_model(model)
    assert compiled.certificate.python == ["rows", "features"]
    assert compiled.certificate.compiled == ["model"]
    flowers = workflow.run("raw", progress=False, checkpoints=False)["raw"].drop(columns="species")
    pd.testing.assert_frame_equal(predict(flowers, compiled), predict(flowers, model), rtol=0, atol=1e-9)


def test_a_threshold_between_two_classes_is_kept():
    made = table(kind="two", gaps=False)
    model = fitted(LogisticRegression(max_iter=1000), made, NUMBERS, threshold=0.2)
    rows = made[NUMBERS]
    answers = predict(rows, compile_model(model))
    assert (answers.target == predict(rows, model).target).all()
    assert ((answers.target == "yes") & (answers.probability_yes < 0.5)).any()


class Rounder(ClassifierMixin, BaseEstimator):
    """An estimator of one's own."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[np.zeros(len(X), dtype=int)]


def test_an_estimator_of_ones_own_is_refused_by_name():
    with pytest.raises(NotCompiled) as refused:
        compile_model(model_of(Rounder()))
    assert str(refused.value) == "estimator Rounder: no compiled form of it is known; the original model answers."


def test_a_fault_of_the_converter_is_found_and_named_with_step_row_and_field(monkeypatch):
    """Thresholds in float32, as converters write them, send rows the wrong way."""
    honest = Tree.__init__

    def careless(self, *arrays):
        honest(self, *[cells.astype(np.float32).astype(float) if cells.dtype == float else cells for cells in arrays])

    model = model_of(HistGradientBoostingClassifier(max_iter=20))
    monkeypatch.setattr(Tree, "__init__", careless)
    with pytest.raises(NotCompiled) as refused:
        certify(model)
    assert re.fullmatch(r"step 'model', [\w ]+, (\w+, )?row \d+, the (label|probability of \w+)", refused.value.where)
    assert " instead of " in refused.value.what


def cut(file):
    file.write_bytes(file.read_bytes()[:-7])


def altered(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def without_a_certificate(file):
    file.with_suffix(".json").unlink()


def torn_certificate(file):
    file.with_suffix(".json").write_text(file.with_suffix(".json").read_text()[:-30])


def of_another_type(file):
    changed(file, rows=3)


def of_another_runtime(file):
    changed(file, runtime="onnxruntime 0.1")


def of_another_model(file):
    changed(file, model="0" * 64)


def generous(file):
    changed(file, tolerance=0.5)


def changed(path, /, **fields):
    """Change fields of the certificate."""
    about = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(about | fields))


def forged(file):
    """The file of another model, under a certificate that names it and this model."""
    other = compile_model(model_of(RandomForestClassifier(3)))
    file.write_bytes(other.content)
    changed(file, file=sha256(other.content).hexdigest())


def forged_without_doubts(file):
    """No ONNX file at all, under a certificate that names it."""
    file.write_bytes(b"not a graph")
    changed(file, file=sha256(b"not a graph").hexdigest())


FAULTS = {
    cut: "it is not the file of the certificate",
    altered: "it is not the file of the certificate",
    without_a_certificate: "it is no certificate",
    torn_certificate: "it is no certificate",
    of_another_type: "it is no certificate",
    of_another_runtime: "it was certified with onnxruntime 0.1",
    of_another_model: "it was made from another model",
    generous: "its tolerance is 0.5",
    forged: "instead of",
    forged_without_doubts: "cannot be trusted",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_compiled_file_that_cannot_be_trusted_is_not_used_and_a_sentence_says_why(compiled, fault):
    fault(compiled)
    with told("the original model answers", FAULTS[fault], "iris_ml compile"):
        assert not isinstance(answering(), CompiledModel)


def test_a_missing_runtime_is_told_where_somebody_compiles_and_where_a_compiled_file_lies(compiled, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with told("the original model answers", "onnxruntime"):
        assert not isinstance(answering(), CompiledModel)
    ended = CliRunner().invoke(application, ["compile"])
    assert isinstance(ended.exception, IrisError)
    assert 'type: pip install "iris_ml[fast]"' in str(ended.exception)


def test_without_a_compiled_file_nothing_is_said(written, tmp_path, monkeypatch):
    shutil.copy(written / FILE, (tmp_path / ".iris_ml").mkdir() or tmp_path / FILE)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert not isinstance(answering(), CompiledModel)


def test_a_runtime_that_fails_later_leaves_everything_to_the_original(compiled, monkeypatch):
    predictor = Predictor(load(FILE))
    assert isinstance(predictor.answering, CompiledModel)

    def fail(self, given, start=0, end=None):
        raise RuntimeError("out of order")

    monkeypatch.setattr(Session, "answer", fail)
    flowers = predictor.model.golden_rows()
    with told("the original model answers, because its compiled form fails: out of order"):
        answers = predictor.run(flowers)["predictions"]
    assert answers.equals(predictor.model.predict(flowers))


def test_a_compiled_model_travels_to_another_process(compiled):
    predictor = Predictor(load(FILE))
    flowers = predictor.model.golden_rows()
    again = pickle.loads(pickle.dumps(predictor.answering))
    assert again.predict(flowers).equals(predictor.answering.predict(flowers))
    assert again.certificate == predictor.answering.certificate


def test_another_model_in_the_file_does_not_take_the_compiled_form_of_the_first(compiled):
    watcher = ModelWatcher(FILE)
    assert isinstance(watcher.champion.predictor.answering, CompiledModel)
    save(model_of(seed=1), FILE)
    assert watcher.reload_if_changed()
    assert not isinstance(watcher.champion.predictor.answering, CompiledModel)
    compile_file(FILE)
    assert isinstance(answering(), CompiledModel)
    assert not compiled.exists()  # no model is left that it belongs to


def test_each_champion_and_a_rollback_bring_their_own_compiled_form():
    digests, candidate = [], FILE.with_name("candidate")
    for estimator in None, RandomForestClassifier(10):
        save(model_of(estimator), candidate)
        assert compiled_gate(candidate).facts
        digests.append(store_model(candidate, FILE))
        set_champion(read_settings(), ChampionInfo(digests[-1]))
        assert answering().certificate.model == digests[-1]
    roll_back()
    assert answering().certificate.model == digests[0]


def test_the_command_writes_the_file_and_its_certificate(written, tmp_path):
    shutil.copy(written / FILE, (tmp_path / ".iris_ml").mkdir() or tmp_path / FILE)
    ended = CliRunner().invoke(application, ["compile"])
    assert ended.exit_code == 0, ended.output
    model = load(FILE)
    file = compiled_path(*model.file)
    about = json.loads(file.with_suffix(".json").read_text())
    assert about["model"] == model.file[1]
    assert about["file"] == sha256(file.read_bytes()).hexdigest()
    assert about["rows"]["training rows"] == 150
    assert str(file) in ended.output


def test_the_record_of_the_run_holds_the_certificate(compiled):
    runner = CliRunner()
    for words in ["run", "--quiet"], ["compile"]:
        ended = runner.invoke(application, words)
        assert ended.exit_code == 0, ended.output
    records = Records(read_settings().records)
    record = records.read(find_lineage(model_version(FILE), records.root)["record"])
    assert record.notes["compiled"] == asdict(Predictor(load(FILE)).answering.certificate)
    assert compiled_gate(FILE).facts == record.notes["compiled"]


def test_parity_has_a_surface_for_the_compiled_form(compiled, monkeypatch):
    monkeypatch.setattr(parity, "SURFACES", {"module": parity._module})
    assert parity.check_parity().answers.to_dict() == {"module": "equal", "compiled": "equal"}
    compiled.unlink()
    assert parity.check_parity().answers.to_dict() == {"module": "equal"}


def test_the_gate_is_open_and_says_what_answers(compiled, monkeypatch):
    assert compiled_gate(FILE).message.startswith("equal labels, and numbers within 1e-09 on ")
    save(model_of(KNeighborsClassifier(weights="distance")), FILE)
    gate = compiled_gate(FILE)
    assert gate.is_open
    assert gate.message.startswith("the original answers: estimator KNeighborsClassifier: ")
    monkeypatch.setenv("IRIS_ML_COMPILED", "false")
    assert compiled_gate(FILE).message == "the original answers: the setting 'compiled' is false"


def rows_of(table):
    """The rows of a table as a request holds them."""
    cells = table.astype(object)
    return cells.where(cells.notna(), None).to_dict("records")


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_rows_of_a_request_get_the_same_answers_without_a_table(kind):
    people = table(kind=kind)
    made = people.assign(member=people.age > 40)
    model = fitted(mean_of_both() if kind != "number" else linear("regression"), made)
    predictor = Predictor(model)
    predictor.answering = compile_model(model)
    predictor._plan = plan_predictions(predictor.answering, predictor.workflow)
    direct, names = direct_rows(predictor), [*model.profile.columns]
    rows = further_rows(people, 300).assign(member=lambda rows: rows.score > 0)[names]
    rows.loc[0, ["age", "colour"]] = None
    is_direct = [direct.answer(rows_of(rows.iloc[[place]])) is not None for place in range(len(rows))]
    rows = rows[is_direct]  # the others are far out of the domain, and need the table
    assert len(rows) > 200
    wanted = answers_json(predictor.run(rows))
    for start, size in [*((start, 1) for start in range(50)), (50, 50), (100, 200)]:
        part = rows_of(rows.iloc[start : start + size])
        for given, expected in zip(direct_json(direct.answer(part)), wanted[start : start + size], strict=True):
            assert given["out_of_domain"] == expected["out_of_domain"]
            assert given["probabilities"] == pytest.approx(expected["probabilities"], rel=0, abs=1e-9)
            assert given["label"] == (pytest.approx(expected["label"], rel=1e-9) if kind == "number" else expected["label"])


@pytest.mark.parametrize(
    "changes",
    [
        {"features": lambda rows: rows.assign(petal_length=rows.petal_length * 2)},
        {"predictions": lambda model, features: model.predict(features).round(3)},
        {"rows": lambda raw, target: raw},
        {"rename": {"sepal_length": "sepal_width", "sepal_width": "sepal_length"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_steps_that_may_change_a_row_need_the_table(changes):
    flow = workflow.swap(**changes)
    model = flow.run("model", progress=False, checkpoints=False)["model"]
    predictor = Predictor(model, flow)
    predictor.answering = compile_model(model, workflow=flow)
    assert direct_rows(predictor) is None


def test_a_request_with_an_uncertain_row_goes_the_long_way(compiled):
    direct = direct_rows(Predictor(load(FILE)))
    flower = load(FILE).golden_rows().iloc[0].to_dict()
    assert direct.answer([flower]).labels == ["setosa"]
    assert direct.answer([flower, flower | {"petal_length": float("nan")}]) is None


def test_the_service_answers_without_a_table_and_describes_the_certificate(compiled, monkeypatch):
    live = load_live_model(FILE)
    flower = live.model.golden_rows().iloc[0].to_dict()
    client = TestClient(create_app(live), base_url="http://localhost")
    monkeypatch.setattr(type(live.predictor), "run", lambda self, rows, debug=False: pytest.fail("a table was made"))
    (answer,) = client.post("/v1/predict", json={"rows": [flower]}).json()["answers"]
    assert answer["label"] == "setosa"
    assert client.get("/v1/model").json()["compiled"] == asdict(live.predictor.answering.certificate)


IN_BULK = [(RandomForestClassifier(5), False), (HistGradientBoostingClassifier(max_iter=5), True)]


@pytest.mark.parametrize(("estimator", "in_bulk"), IN_BULK)
def test_in_bulk_answers_what_is_quicker(estimator, in_bulk, monkeypatch):
    model = model_of(estimator)
    compiled, features = compile_model(model), pd.concat([model.golden_rows()] * 200, ignore_index=True)
    assert compiled.certificate.in_bulk == in_bulk
    asked = []
    honest = Session.run
    monkeypatch.setattr(Session, "run", lambda self, rows: asked.append(len(rows)) or honest(self, rows))
    pd.testing.assert_frame_equal(compiled.predict(features), model.predict(features), rtol=0, atol=1e-9)
    assert asked == [len(features)] * in_bulk
    compiled.predict(features.head(3))
    assert asked[-1] == 3


def test_a_certificate_survives_json(compiled):
    certificate = find_compiled(load(FILE), workflow).certificate
    assert replace(certificate, **json.loads(json.dumps(asdict(certificate)))) == certificate
