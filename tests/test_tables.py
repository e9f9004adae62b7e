"""Tables with gaps and texts go the whole way, and what was promised of a table is still asked of every row."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from streamlit.testing.v1 import AppTest

from iris_ml.api.routes import create_app
from iris_ml.app.main import _SCRIPT
from iris_ml.base.errors import DataError
from iris_ml.batch.report import report
from iris_ml.models.live_model import load_live_model
from iris_ml.models.model_file import load, save
from iris_ml.models.predictor import out_of_domain, predict, run_model
from iris_ml.production import workflow

TEXTS = OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")
FILLED = make_column_transformer(TEXTS, remainder=make_pipeline(SimpleImputer(), StandardScaler()))
AS_IT_IS = make_column_transformer(TEXTS, remainder="passthrough", sparse_threshold=0)


def classifiers():
    yield pytest.param(make_pipeline(FILLED, LogisticRegression()), id="filled")
    yield pytest.param(make_pipeline(AS_IT_IS, HistGradientBoostingClassifier()), id="as it is")


def houses(rows=200):
    """Houses with gaps in every kind of column, and a price that follows from them."""
    random = np.random.default_rng(0)
    size, town, garden = random.uniform(40, 200, rows), random.choice(["Arles", "Bern", "Cork"], rows), random.random(rows) < 0.5
    price = np.where(size + 40 * (town == "Bern") + 20 * garden > 140, "high", "low")
    table = pd.DataFrame({"size": size, "rooms": size // 25, "town": town, "garden": garden.astype(object)})
    return table.mask(random.random(table.shape) < 0.1).assign(price=price)


@pytest.fixture(scope="module")
def table():
    return houses()


@pytest.fixture(scope="module")
def trained(table):
    """A run of the whole workflow on the houses."""
    estimator = make_pipeline(FILLED, LogisticRegression())
    return workflow.swap(raw=table, target="price", estimator=estimator).run(progress=False)


@pytest.mark.parametrize("estimator", [*classifiers()])
def test_gaps_and_texts_are_trained_scored_saved_loaded_and_answered(estimator, table, tmp_path):
    run = workflow.swap(raw=table, target="price", estimator=estimator).run(progress=False)
    assert run["scores"]["accuracy"] > 0.8
    save(run["model"], tmp_path / "model.skops")
    answers = predict(table.drop(columns="price"), load(tmp_path / "model.skops"))
    assert answers.equals(run["predictions"])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_named_in_the_settings_gives_the_same_model(ending, table, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (table.to_csv if ending == "csv" else table.to_parquet)(f"houses.{ending}", index=False)
    Path("iris.toml").write_text(f'source = "houses.{ending}"\ntarget = "price"')
    run = workflow.swap(estimator=trained["estimator"]).run(progress=False)
    assert run["predictions"].equals(trained["predictions"])
    assert run["scores"] == trained["scores"]
    again = workflow.swap(estimator=trained["estimator"]).run(progress=False)
    assert {again.results[name].how for name in ("rows", "features", "train", "model", "scores")} == {"reused"}


def test_rows_are_answered_alike_alone_and_together_with_gaps_in_any_column(table, trained):
    rows = table.drop(columns="price").head(30)
    rows.iloc[0] = None
    together = predict(rows, trained["model"])
    alone = pd.concat([predict(rows.iloc[[i]], trained["model"]) for i in range(len(rows))])
    pd.testing.assert_frame_equal(alone, together, rtol=0, atol=1e-9)


def test_categories_and_texts_of_any_type_are_one_type_to_the_model(table, trained):
    rows = table.drop(columns="price")
    for kind in "category", "object", "string":
        assert predict(rows.astype({"town": kind}), trained["model"]).equals(trained["predictions"])


def test_a_text_that_was_never_seen_is_answered(table, trained):
    rows = table.drop(columns="price").head(3).assign(town="Delft")
    run = run_model(rows, trained["model"])
    assert out_of_domain(run).town.all()
    # The encoder ignores an unknown text, so the three rows differ from each other in their other columns alone.
    assert run["predictions"].equals(predict(rows.assign(town="Ulm"), trained["model"]))
    assert not run["predictions"].equals(trained["predictions"].head(3))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"size": "large"}, "'large' is not a finite number"),
        ({"size": float("inf")}, "inf is not a finite number"),
        ({"town": [["Arles"]] * 3}, "is not text"),
        ({"garden": "large"}, "'large' is neither true nor false"),
        ({"colour": "red"}, "neither a feature"),
    ],
    ids=str,
)
def test_what_the_model_never_learned_to_read_is_refused(change, refusal, table, trained):
    with pytest.raises(DataError, match=refusal):
        predict(table.drop(columns="price").head(3).assign(**change), trained["model"])


def test_a_gap_where_the_table_had_none_is_refused(table, trained):
    whole = table.assign(size=table["size"].fillna(100.0))
    model = workflow.swap(raw=whole, target="price", estimator=trained["estimator"]).run("model", progress=False)["model"]
    with pytest.raises(DataError, match="column 'size', row 0: a missing value is not a finite number"):
        predict(whole.drop(columns="price").head(3).assign(size=[float("nan"), 50.0, 60.0]), model)


@pytest.mark.parametrize(
    ("named", "refusal"),
    [
        ({}, "is not a finite number"),
        ({"nullable": ["size", "rooms"]}, "column 'town', row 0: '.*' is not a finite number"),
        ({"nullable": ["size", "rooms"], "categorical": ["town", "garden"]}, "is not text"),
    ],
    ids=str,
)
def test_features_that_are_named_are_promised(named, refusal, table):
    columns = ["size", "rooms", "town", "garden"]
    with pytest.raises(DataError, match=refusal):
        workflow.swap(raw=table, target="price", feature_names=columns, **named).run("rows", progress=False)
    kept = {"categorical": ["town", "garden"], "nullable": columns}
    run = workflow.swap(raw=table, target="price", feature_names=columns, **kept).run("rows", progress=False)
    assert len(run["rows"]) == len(table)


@pytest.mark.parametrize("value", [float("nan"), None, "wide", True], ids=str)
def test_iris_takes_finite_numbers_and_nothing_else(value):
    iris = workflow.run("raw", progress=False)["raw"].astype({"petal_width": object})
    iris.loc[7, "petal_width"] = value
    with pytest.raises(DataError, match="column 'petal_width', row 7"):
        workflow.swap(raw=iris).run("rows", progress=False)


def test_a_text_that_is_missing_in_every_golden_row_is_still_a_text(table, trained, tmp_path):
    rare = table.assign(town=table.town.where(table.index % 50 == 7))
    model = workflow.swap(raw=rare, target="price", estimator=trained["estimator"]).run("model", progress=False)["model"]
    assert model.golden["town"] == [None] * 12
    save(model, tmp_path / "model.skops")
    loaded = load(tmp_path / "model.skops")
    labels, shares = zip(*loaded.answers(), strict=True)
    answers = predict(pd.DataFrame(loaded.golden), model)
    assert answers.price.tolist() == list(labels)
    assert np.allclose(answers.iloc[:, 1:], shares, rtol=0, atol=1e-9)


def test_a_column_without_any_value_is_refused(table):
    with pytest.raises(DataError, match="column 'attic': there is no value in it"):
        workflow.swap(raw=table.assign(attic=None), target="price").run("rows", progress=False)


def test_the_service_takes_null_where_values_were_missing(table, trained, tmp_path):
    save(trained["model"], tmp_path / "model.skops")
    client = TestClient(create_app(load_live_model(tmp_path / "model.skops")))
    row = {"size": None, "rooms": 4, "town": "Bern", "garden": None}
    answer = client.post("/v1/predict", json={"rows": [row]})
    assert answer.status_code == 200
    expected = run_model(pd.DataFrame([row]), trained["model"])["predictions"].price[0]
    assert answer.json()["answers"][0]["label"] == expected
    for wrong in {"town": 3}, {"size": "large"}:
        assert client.post("/v1/predict", json={"rows": [row | wrong]}).status_code == 422
    described = client.get("/openapi.json").json()["components"]["schemas"]["Row"]["properties"]["town"]
    assert described["description"] == "in training Arles, Bern, Cork"
    explained = client.post("/v1/explain", json={"rows": [row | {"town": "Ulm"}]}).json()["answers"][0]
    assert explained["out_of_domain"] == ["town"]
    assert {move["column"] for move in explained["moves"]} == set(row)
    assert all(known["town"] in {"Arles", "Bern", "Cork", None} for known in explained["nearest"])


def test_the_app_gives_texts_to_choose_from(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(trained["model"], ".iris_ml/model.skops")
    page = AppTest.from_string(_SCRIPT, default_timeout=60).run()
    assert page.selectbox(key="town").options == ["Arles", "Bern", "Cork"]
    page.selectbox(key="town").set_value("Bern").run()
    assert not page.exception


def test_the_report_tells_of_numbers_and_texts(table, trained, tmp_path):
    table.to_csv(tmp_path / "houses.csv", index=False)
    written = report(tmp_path / "houses.csv", tmp_path / "report.html", trained["model"])
    assert "Arles, Bern, Cork" in written.page.read_text(encoding="utf-8")
    assert pd.read_csv(written.predictions).price_predicted.tolist() == trained["predictions"].price.tolist()


def test_a_profile_is_plain_json_and_covers_what_was_seen(table, trained):
    columns = trained["profile"].columns
    assert json.loads(json.dumps(columns, allow_nan=False)) == columns
    assert {name: column["type"] for name, column in columns.items()} == {
        "size": "number", "rooms": "number", "town": "text", "garden": "boolean"
    }  # fmt: skip
    assert (columns["garden"]["minimum"], columns["garden"]["maximum"]) == (0.0, 1.0)
    assert all(column["nullable"] for column in columns.values())


TABLES = {
    "numbers alone": lambda table: table[["size", "rooms"]],
    "texts alone": lambda table: table[["town"]].assign(large=np.where(table["size"] > 120, "yes", "no")),
    "a text of many values": lambda table: table.assign(street=[f"street {n % 60}" for n in range(len(table))]),
    "a name in each row": lambda table: table.assign(name=[f"name {n}" for n in range(len(table))]),
    "a date": lambda table: table.assign(built=pd.date_range("2001-02-03", periods=len(table))),
    "a column that is empty in training": lambda table: table.assign(attic=np.where(table.index == 7, 1.0, np.nan)),
}


@pytest.mark.parametrize("change", TABLES.values(), ids=TABLES)
def test_the_default_estimator_fits_any_table(change, table, tmp_path):
    rows = change(table)
    run = workflow.swap(raw=rows.assign(price=table.price), target="price").run(progress=False)
    assert run["scores"]["accuracy"] > 0.6
    save(run["model"], tmp_path / "model.skops")
    answers = predict(rows, load(tmp_path / "model.skops"))
    pd.testing.assert_frame_equal(answers, run["predictions"], rtol=0, atol=1e-9)


def test_the_default_estimator_is_seeded_and_iris_keeps_its_own(table):
    run, again = (workflow.swap(raw=table, target="price").run("model", checkpoints=False, progress=False) for _ in "ab")
    assert predict(table, run["model"]).equals(predict(table, again["model"]))
    assert type(run["model"].estimator).__name__ == "VotingClassifier"
    assert type(workflow.run("estimator", progress=False)["estimator"]).__name__ == "Pipeline"
    calibrated = workflow.swap(raw=table, target="price", calibrated=True).run("estimator", progress=False)["estimator"]
    assert type(calibrated).__name__ == "CalibratedClassifierCV"


def test_a_feature_without_gaps_in_training_may_be_missing_where_the_setting_says_so():
    table = pd.DataFrame({"x": np.arange(80.0), "z": np.arange(80) % 3, "y": ["a", "b"] * 40})
    new = table.drop(columns="y").head(3).assign(x=[1.0, None, 2.0])
    other = workflow.swap(raw=table, target="y", feature_names=[], classes=[], default_estimator=True)
    with pytest.raises(DataError, match=r"row 1: a missing value .* name the column under 'nullable' and train again"):
        predict(new, other.run("model", progress=False, checkpoints=False)["model"])
    taken = other.swap(nullable=["x"]).run("model", progress=False, checkpoints=False)["model"]
    assert len(predict(new, taken)) == 3
    with pytest.raises(DataError, match="column 'z', row 0: a missing value"):
        predict(new.assign(z=[None, 1, 2]), taken)
    with pytest.raises(DataError, match="'nullable': no column is called 'xx'; did you mean 'x'"):
        other.swap(nullable=["xx"]).run("profile", progress=False, checkpoints=False)
