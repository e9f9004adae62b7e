"""What a step reads is compared each time that it answers, in every process; what no comparison could show is refused."""

import functools
import glob
import operator
import os
import time
from pathlib import Path

import pandas as pd
import pyarrow.csv as pacsv
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from starlette.testclient import TestClient

from iris_ml import load, predict, save
from iris_ml.api.routes import create_app
from iris_ml.base.errors import DataError, WorkflowError
from iris_ml.models.live_model import LiveModel
from iris_ml.models.predictor import Predictor
from iris_ml.production import workflow
from tests.test_prediction_steps import ROWS, typed


def of_file(features):
    return features.assign(petal_length=features.petal_length * float(Path("k.txt").read_text()))


def of_variable(features):
    return features.assign(petal_length=features.petal_length * float(os.environ["FACTOR_OF_STEP"]))


@functools.lru_cache
def kept_factor():
    return float(os.environ["FACTOR_OF_STEP"])


def of_kept_variable(features):
    return features.assign(petal_length=features.petal_length.where(features.petal_length != 4.9, kept_factor()))


@pytest.fixture(autouse=True)
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACTOR_OF_STEP", "2")
    Path("k.txt").write_text("2")
    kept_factor.cache_clear()


def change(what):
    if what == "file":
        time.sleep(0.01)
        Path("k.txt").write_text("1")
    else:
        os.environ["FACTOR_OF_STEP"] = "1"


@pytest.mark.parametrize(
    ("step", "what"),
    [(of_file, "file"), (of_variable, "variable"), (of_kept_variable, "variable")],
    ids=["file", "variable", "kept"],
)
def test_a_predictor_asks_again_what_its_steps_read(step, what):
    own = workflow.after("features", step)
    model = own.run(progress=False)["model"]
    predictor = Predictor(model, own)
    first = predictor.run(ROWS)["predictions"]
    assert predict(ROWS, model, workflow=own).iloc[:, 0].tolist() == first.iloc[:, 0].tolist()
    change(what)
    named = "file k.txt" if what == "file" else "variable FACTOR_OF_STEP"
    for answer in (lambda: predictor.run(ROWS), lambda: predict(ROWS, model, workflow=own)):
        with pytest.raises(WorkflowError, match=f"{named}: step 'features' reads it, and it has changed since .*; restore it"):
            answer()
    if what == "file":
        Path("k.txt").write_text("2")
    else:
        os.environ["FACTOR_OF_STEP"] = "2"
    pd.testing.assert_frame_equal(predictor.run(ROWS)["predictions"], first)


def of_large(read, lengths):
    return lengths * (read() if (lengths > 8).any() else 1)


def large_by_file(features):
    return features.assign(petal_length=of_large(lambda: float(Path("k.txt").read_text()), features.petal_length))


def large_by_variable(features):
    return features.assign(petal_length=of_large(lambda: float(os.environ["FACTOR_OF_STEP"]), features.petal_length))


def large_by_kept_variable(features):
    return features.assign(petal_length=of_large(kept_factor, features.petal_length))


LARGE = {"file": large_by_file, "variable": large_by_variable, "kept": large_by_kept_variable}


@pytest.mark.parametrize("within", ["step", "estimator"])
@pytest.mark.parametrize("read", [*LARGE])
def test_what_is_read_for_no_row_of_the_training_refuses_the_rows_that_need_it(read, within):
    estimator = make_pipeline(FunctionTransformer(LARGE[read]), LogisticRegression(max_iter=1000))
    own = workflow.after("features", LARGE[read]) if within == "step" else workflow.swap(estimator=estimator)
    predictor = Predictor(own.run(progress=False)["model"], own)
    first = predictor.run(ROWS)["predictions"]
    named = "file k.txt" if read == "file" else "variable FACTOR_OF_STEP"
    for _ in range(2):
        with pytest.raises(WorkflowError, match=f"{named}: a step reads it for these rows, and read it for no row"):
            predictor.run(ROWS.assign(petal_length=9.0))
    pd.testing.assert_frame_equal(predictor.run(ROWS)["predictions"], first)


def rare_by_file(features):
    is_rare = features.petal_length == 1.0  # in one row of the training
    by = float(Path("k.txt").read_text()) if is_rare.any() else 0.0
    return features.assign(petal_length=features.petal_length - by * is_rare)


@pytest.mark.parametrize("within", ["step", "estimator"])
def test_what_was_read_for_a_row_of_the_training_counts_when_it_is_read_again(within):
    estimator = make_pipeline(FunctionTransformer(rare_by_file), LogisticRegression(max_iter=1000))
    own = workflow.after("features", rare_by_file) if within == "step" else workflow.swap(estimator=estimator)
    run = own.run(progress=False)
    rows = run["raw"].drop(columns="species").assign(petal_length=1.0).head(1)
    expected = predict(rows, run["model"])
    trusted = [f"{__name__}.rare_by_file"]
    save(run["model"], "model.skops", trusted=trusted)
    predictor = Predictor(load("model.skops", trusted), own)
    time.sleep(0.01)
    Path("k.txt").write_text("3")
    reader = "features" if within == "step" else "predictions"
    with pytest.raises(WorkflowError, match=f"file k.txt: step '{reader}' reads it, and it has changed since the training"):
        predictor.run(rows)
    Path("k.txt").write_text("2")
    pd.testing.assert_frame_equal(predictor.run(rows)["predictions"], expected)


def in_millimetres(features):
    scale = 0.1 if features.petal_length.max() > 20 else 1.0
    return features.assign(petal_length=features.petal_length * scale)


@pytest.mark.parametrize("within", ["step", "estimator"])
def test_a_step_that_looks_at_other_rows_only_for_values_that_training_lacks_is_refused(within):
    estimator = make_pipeline(FunctionTransformer(in_millimetres), LogisticRegression(max_iter=1000))
    own = workflow.after("features", in_millimetres) if within == "step" else workflow.swap(estimator=estimator)
    predictor = Predictor(own.run(progress=False)["model"], own)
    predictor.run(ROWS)
    for odd in (0, 75, 149):
        rows = ROWS.assign(petal_length=[45.0 if place == odd else length for place, length in enumerate(ROWS.petal_length)])
        with pytest.raises(WorkflowError, match=r"'(features|predictions)': its result for a row depends on the other rows"):
            predictor.run(rows)


def test_a_server_says_that_it_cannot_answer_by_another_file():
    own = workflow.after("features", of_file)
    model = own.run(progress=False)["model"]
    live = LiveModel(Predictor(model, own), "1a2b", model.answers(), {}, {})
    client = TestClient(create_app(live), raise_server_exceptions=False)
    body = {"rows": ROWS.head(1).to_dict("records")}
    assert (client.post("/v1/predict", json=body).status_code, client.get("/readyz").status_code) == (200, 200)
    change("file")
    for answer in client.post("/v1/predict", json=body), client.get("/readyz"):
        assert answer.status_code == 503
        assert answer.json()["detail"] == "file k.txt: step 'features' reads it, and it has changed since the training"


ELSEWHERE = """
import os
import pathlib
from distributed import Client, LocalCluster
from iris_ml import load
from iris_ml.base.errors import IrisError
from iris_ml.batch.report import report
from iris_ml.base.settings import read_settings

if __name__ == "__main__":
    pathlib.Path("elsewhere").mkdir()
    pathlib.Path("elsewhere/k.txt").write_text("5")
    for change in dict(FACTOR="2"), dict(FACTOR="7"), "elsewhere":
        os.environ["FACTOR"] = change["FACTOR"] if change != "elsewhere" else "2"
        here = os.getcwd()
        os.chdir("elsewhere" if change == "elsewhere" else here)
        with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
            client.run(os.getpid)
            os.chdir(here)
            os.environ["FACTOR"] = "2"
            try:
                report("new.csv", "report.html", on=client)
                print("answered")
            except IrisError as error:
                print(error)
"""
BOTH = """
import os
from pathlib import Path
from iris_ml.production import workflow as production


def rated(features):
    factor = float(Path("k.txt").read_text()) * float(os.environ.get("FACTOR", "1"))
    return features.assign(petal_length=features.petal_length.where(features.petal_length != 4.9, factor))


workflow = production.after("features", rated)
"""


def test_a_worker_that_reads_another_file_or_variable_is_refused(tmp_path):
    (tmp_path / "own.py").write_text(BOTH)
    (tmp_path / "elsewhere.py").write_text(ELSEWHERE)
    (tmp_path / "iris.toml").write_text('workflow = "own:workflow"\n')
    (tmp_path / "new.csv").write_text(ROWS.to_csv(index=False))
    assert typed(tmp_path, "run", "--quiet", FACTOR="2").returncode == 0
    ended = typed(tmp_path, program="import runpy; runpy.run_path('elsewhere.py', run_name='__main__')", FACTOR="2")
    assert ended.returncode == 0, ended.stderr
    same, variable, file = ended.stdout.splitlines()
    assert same == "answered"
    assert variable.startswith("variable FACTOR: step 'features' reads it, and it has changed since the training")
    assert file.startswith("file k.txt: step 'features' reads it, and it has changed since the training")


def by_clock(X):
    return X + time.time() * 0


def by_hash(X):
    return X + hash("abc") * 0


def by_method(X):
    return X + "abc".__hash__() * 0


@pytest.mark.parametrize(("function", "used"), [(by_clock, "time.time"), (by_hash, "hash"), (by_method, "__hash__")])
def test_code_of_an_estimator_that_is_another_each_time_is_refused(function, used):
    own = workflow.swap(estimator=make_pipeline(FunctionTransformer(function), LogisticRegression(max_iter=1000)))
    model = own.run(progress=False)["model"]
    with pytest.raises(WorkflowError, match=f"function {function.__name__}, in the estimator: it uses {used}, whose result"):
        predict(ROWS, model)


def numbered(features):
    return features.assign(petal_length=features.petal_length + "abc".__hash__() * 0)


def test_the_number_of_a_text_is_no_result_of_a_step():
    model = workflow.after("features", numbered).run(progress=False)["model"]
    with pytest.raises(WorkflowError, match=r"step 'features': it cannot be compared .*: code that uses __hash__"):
        predict(ROWS, model, workflow=workflow.after("features", numbered))


def filled(features):
    return features.fillna(features.mean(numeric_only=True))


@pytest.mark.parametrize("places", [(3,), (700, 2001)])
def test_a_gap_in_a_few_rows_shows_that_a_step_looks_at_the_others(places):
    rows = pd.concat([ROWS.assign(species=workflow.run("raw", progress=False)["raw"].species)] * 20, ignore_index=True)
    rows.loc[[*places], "sepal_width"] = float("nan")
    own = workflow.swap(raw=rows, nullable=["sepal_width"]).after("features", filled)
    with pytest.raises(WorkflowError, match="its result for a row depends on the other rows"):
        predict(rows.drop(columns="species").head(4), own.run(progress=False)["model"])


@pytest.mark.parametrize("text", ["007", "1e3", "1.50"])
def test_a_number_is_not_taken_for_a_text_that_it_does_not_show(text):
    rows = pd.DataFrame({"code": [text, "abc", "456", "12"] * 50, "kind": ["a", "b", "a", "b"] * 50})
    own = workflow.swap(raw=rows, target="kind", split_by="random", default_estimator=True)
    model = own.run(progress=False)["model"]
    new = pd.DataFrame({"code": [text] * 3})
    assert len(predict(new, model)) == 3
    with pytest.raises(DataError, match=f"column 'code': it holds numbers, and the model learned texts such as '{text}'"):
        predict(pd.DataFrame({"code": [float(text)] * 3}), model)


@pytest.mark.parametrize("numbers", [[456, 12], [456.0, 12.0]])
def test_a_number_is_taken_for_the_text_that_it_shows(numbers):
    rows = pd.DataFrame({"code": ["3+", "abc", "456", "12"] * 50, "kind": ["a", "b", "a", "b"] * 50})
    model = workflow.swap(raw=rows, target="kind", split_by="random", default_estimator=True).run(progress=False)["model"]
    assert predict(pd.DataFrame({"code": numbers}), model).kind.tolist() == ["a", "b"]


def given_in_turn(rows):
    yield rows


async def awaited(rows):
    return rows


@functools.singledispatch
def dispatched(rows):
    return rows


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (given_in_turn, "step 'features': it is a generator, or async, and returns no result"),
        (awaited, "step 'features': it is a generator, or async, and returns no result"),
        (dispatched, "step 'features': a single-dispatch function takes no argument by its name"),
        (operator.itemgetter("species"), "its parameters cannot be read"),
    ],
    ids=["generator", "async", "single dispatch", "without parameters"],
)
def test_a_function_that_can_be_no_step_is_a_sentence(function, sentence):
    with pytest.raises(WorkflowError, match=sentence):
        workflow.swap(features=function)


def test_a_hint_that_only_a_type_checker_knows_is_left_out(tmp_path):
    (tmp_path / "hinted.py").write_text(
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from pandas import DataFrame\n"
        "def features(rows: DataFrame, seed: int) -> DataFrame:\n    return rows\n"
    )
    program = "from hinted import features; from iris_ml.production import workflow;"
    ended = typed(tmp_path, program=f"{program} print(len(workflow.swap(features).run('features', progress=False)['features']))")
    assert (ended.returncode, ended.stdout) == (0, "150\n"), ended.stderr


HELPED = """
from iris_ml.production import workflow as production

FACTOR = 2.0


def inner(lengths):
    return lengths * FACTOR


def helper(lengths):
    return inner(lengths)


def features(rows):
    return rows.assign(petal_length=helper(rows.petal_length))


workflow = production.swap(features)
"""


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("FACTOR = 2.0", "FACTOR = 2.5", ", by global FACTOR"),
        ("lengths * FACTOR", "lengths * FACTOR / 2", ", by function inner"),
        ("petal_length=helper", "sepal_length=helper", ""),
        ("FACTOR = 2.0", "FACTOR = 2.0\nimport pandas\npandas.DataFrame.own = 3", ", by statement pandas.DataFrame.own"),
    ],
)
def test_a_refusal_names_the_part_of_a_step_that_differs(tmp_path, before, after, named):
    (tmp_path / "own.py").write_text(HELPED)
    (tmp_path / "iris.toml").write_text('workflow = "own:workflow"\n')
    (tmp_path / "new.csv").write_text(ROWS.head(3).to_csv(index=False))
    assert typed(tmp_path, "run", "--quiet").returncode == 0
    (tmp_path / "own.py").write_text(HELPED.replace(before, after))
    refused = typed(tmp_path, "predict", "new.csv").stderr
    assert f": it differs from the step that trained the model{named}; pass" in refused


def test_a_step_that_fills_a_dictionary_is_told_to_keep_results_otherwise(tmp_path):
    memo = HELPED.replace("FACTOR = 2.0", "KEPT = {}").replace("lengths * FACTOR", "lengths * KEPT.setdefault('factor', 2.0)")
    (tmp_path / "own.py").write_text(memo)
    (tmp_path / "iris.toml").write_text('workflow = "own:workflow"\n')
    (tmp_path / "new.csv").write_text(ROWS.head(3).to_csv(index=False))
    assert typed(tmp_path, "run", "--quiet").returncode == 0
    refused = typed(tmp_path, "predict", "new.csv").stderr
    assert "by global KEPT; train a model and promote it; if the step itself fills this" in " ".join(refused.split())


def test_a_step_that_is_written_in_another_way_answers_after_the_next_run(tmp_path):
    (tmp_path / "own.py").write_text(HELPED)
    (tmp_path / "iris.toml").write_text('workflow = "own:workflow"\n')
    (tmp_path / "new.csv").write_text(ROWS.head(3).to_csv(index=False))
    assert typed(tmp_path, "run", "--quiet").returncode == 0
    (tmp_path / "own.py").write_text(HELPED.replace("lengths * FACTOR", "FACTOR * lengths"))
    assert "by function inner" in typed(tmp_path, "predict", "new.csv").stderr
    assert typed(tmp_path, "run", "--quiet").returncode == 0
    answered = typed(tmp_path, "predict", "new.csv")
    assert answered.returncode == 0, answered.stderr


def test_a_file_that_says_the_same_in_another_way_answers_after_the_next_run(tmp_path):
    (tmp_path / "own.py").write_text(HELPED.replace("FACTOR = 2.0", "FACTOR = 1.0").replace(
        "lengths * FACTOR", "lengths * float(open('k.txt').read())"
    ))
    (tmp_path / "iris.toml").write_text('workflow = "own:workflow"\n')
    (tmp_path / "new.csv").write_text(ROWS.head(3).to_csv(index=False))
    (tmp_path / "k.txt").write_text("2")
    assert typed(tmp_path, "run", "--quiet").returncode == 0
    (tmp_path / "k.txt").write_text("2.0")
    assert "k.txt: step 'features' reads it, and it has changed" in typed(tmp_path, "predict", "new.csv").stderr
    assert typed(tmp_path, "run", "--quiet").returncode == 0
    answered = typed(tmp_path, "predict", "new.csv")
    assert answered.returncode == 0, answered.stderr


class InTable(LogisticRegression):
    def predict_proba(self, X):
        return pd.DataFrame(super().predict_proba(X), columns=self.classes_)


def test_an_estimator_may_return_its_probabilities_as_a_table():
    own, usual = (workflow.swap(estimator=kind(max_iter=1000)).run("predictions") for kind in (InTable, LogisticRegression))
    pd.testing.assert_frame_equal(own["predictions"], usual["predictions"])


READERS = {
    "CSV": lambda: pd.read_csv("rates.csv").rate[0],
    "CSV by its full path": lambda: pd.read_csv(Path("rates.csv").resolve()).rate[0],
    "CSV by Arrow": lambda: pacsv.read_csv("rates.csv")["rate"][0].as_py(),
    "Parquet": lambda: pd.read_parquet("rates.parquet").rate[0],
    "all of a pattern": lambda: pd.concat(map(pd.read_csv, sorted(Path().glob("rates*.csv")))).rate.iloc[0],
    "all below the folder": lambda: pd.concat(map(pd.read_csv, sorted(Path().rglob("rates*.csv")))).rate.iloc[0],
    "all by Python's glob": lambda: pd.concat(map(pd.read_csv, sorted(glob.glob("rates*.csv")))).rate.iloc[0],  # noqa: PTH207
    "if it is there": lambda: pd.read_csv("rates.csv").rate[0] if os.path.exists("rates.csv") else 1.0,  # noqa: PTH110
}


@pytest.mark.parametrize("reader", READERS)
def test_a_table_that_a_step_reads_is_read_again_for_new_rows(reader, tmp_path):
    rates = pd.DataFrame({"rate": [2.0, 3.0]})
    rates.to_csv("rates.csv", index=False)
    rates.to_parquet("rates.parquet")
    read = READERS[reader]
    own = workflow.after("features", lambda features: features.assign(petal_length=features.petal_length * read()))
    run = own.run(progress=False)
    expected = run["predictions"].iloc[ROWS.index]
    save(run["model"], tmp_path / "model.skops")
    Path("report.html").write_text("made meanwhile")
    loaded = load(tmp_path / "model.skops")
    for model in run["model"], loaded:
        pd.testing.assert_frame_equal(predict(ROWS, model, workflow=own), expected)
    assert own.run(progress=False).results["features"].how == "reused"
    time.sleep(0.01)
    rates.assign(rate=9.0).to_csv("rates.csv", index=False)
    rates.assign(rate=9.0).to_parquet("rates.parquet")
    with pytest.raises(WorkflowError, match=r"rates\.(csv|parquet): step 'features' reads it, and it has changed"):
        predict(ROWS, loaded, workflow=own)


def test_a_file_that_a_pattern_finds_later_counts(tmp_path):
    Path("rates.csv").write_text("rate\n2\n")
    read = READERS["all of a pattern"]
    own = workflow.after("features", lambda features: features.assign(petal_length=features.petal_length * read()))
    save(own.run(progress=False)["model"], tmp_path / "model.skops")
    Path("rates-2026.csv").write_text("rate\n3\n")
    assert own.run(progress=False).results["features"].how == "computed"
    with pytest.raises(WorkflowError, match=r"names rates\*\.csv: step 'features' reads it, and it has changed"):
        predict(ROWS, load(tmp_path / "model.skops"), workflow=own)


@functools.cache
def codes():
    return {}


@functools.cache
def firsts():
    return []


def by_first_batch(features):
    if not firsts():
        firsts().append(features.petal_length.mean())
    return features.assign(petal_length=features.petal_length - firsts()[0])


def by_order(features):
    found = [codes().setdefault(width, len(codes())) for width in features.petal_width]
    return features.assign(petal_length=found)


@pytest.mark.parametrize("step", [by_first_batch, by_order])
def test_a_step_that_remembers_the_rows_before_is_refused(step, tmp_path):
    codes.cache_clear()
    firsts.cache_clear()
    model = workflow.after("features", step).run(progress=False)["model"]
    with pytest.warns(UserWarning, match="step 'features': its result for a row depends on the other rows"):
        save(model, tmp_path / "model.skops")
