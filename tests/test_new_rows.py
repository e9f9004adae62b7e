"""New rows that a stranger made: each is answered alike on every surface, or refused in one sentence."""

import datetime
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sklearn.linear_model import LogisticRegression, Ridge
from typer.testing import CliRunner

from iris_ml.api.routes import create_app
from iris_ml.base.errors import DataError, WorkflowError
from iris_ml.cli.commands import application
from iris_ml.io.readers import read_cells, read_table
from iris_ml.models.live_model import load_live_model
from iris_ml.models.model_file import load, save
from iris_ml.models.predictor import predict
from iris_ml.production import workflow
from iris_ml.stats.column_types import as_type, column_type

DRAWS = np.random.default_rng(0)
NUMBERS = DRAWS.normal(size=400).round(3)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def trained(table, flow=workflow, **values):
    """The model of a table, in a file."""
    settings = {"target": "y", "feature_names": [], "classes": [], "default_estimator": True, "split_by": "random"} | values
    model = flow.swap(raw=table, progress=False, **settings).run("model", checkpoints=False)["model"]
    save(model, ".iris_ml/model.skops")
    return load(".iris_ml/model.skops")


def command(*words):
    return CliRunner().invoke(application, words)


def client():
    return TestClient(create_app(load_live_model(Path(".iris_ml/model.skops"))))


def test_a_column_may_be_called_self():
    table = pd.DataFrame({"z": NUMBERS, "self": DRAWS.choice(["p", "q"], 400)})
    table["y"] = np.where(table.z + (table["self"] == "p") > 0.4, "a", "b")
    new, model = table.drop(columns="y").head(9), trained(table)
    new.to_csv("new.csv", index=False)
    assert command("report", "new.csv").exit_code == 0
    assert read_cells("report_predictions.csv").y.tolist() == predict(new, model).y.tolist()
    assert trained(table.rename(columns={"y": "self", "self": "y"}), target="self").profile.target == "self"


def test_a_code_without_its_zeros_is_refused_by_its_row_in_every_form():
    table = pd.DataFrame({"z": NUMBERS, "code": DRAWS.choice(["01", "02", "10"], 400)})
    table["y"] = np.where(table.code == "01", "a", "b")
    trained(table)
    new = pd.DataFrame({"z": [0.1, 0.2], "code": [1, 10]})
    new.to_csv("new.csv", index=False)
    new.to_json("new.json", orient="records")
    new.to_excel("new.xlsx", index=False)
    for file in "new.csv", "new.json", "new.xlsx":
        ended = command("predict", file)
        assert "column 'code': the model learned '01', not '1'" in ended.output
        assert "1 of 2 rows are refused" in ended.output
    rows = [{"z": 0.1, "code": "1"}]
    answer = client().post("/v1/predict", json={"rows": rows})
    assert (answer.status_code, answer.json()["detail"]) == (422, "column 'code', row 0: the model learned '01', not '1'")


def test_a_request_takes_a_category_as_the_value_that_it_was():
    table = pd.DataFrame({"dose": DRAWS.choice([0.5, 1.0, 2.0], 400), "vip": DRAWS.choice([True, False], 400), "z": NUMBERS})
    table["y"] = np.where((table.dose == 0.5) ^ table.vip, "a", "b")
    model = trained(table, categorical=["dose", "vip"])
    new = table.drop(columns="y").head(20)
    answers = client().post("/v1/predict", json={"rows": json.loads(new.to_json(orient="records"))}).json()["answers"]
    assert [answer["label"] for answer in answers] == predict(new, model).y.tolist()


def test_a_row_whose_feature_is_infinite_is_refused_and_the_others_are_answered():
    waited = pd.to_timedelta(DRAWS.integers(1, 99, 400), unit="s")
    table = pd.DataFrame({"price": NUMBERS, "pieces": DRAWS.integers(1, 9, 400), "waited": waited})
    table["y"] = np.where(table.price / table.pieces > 0, "a", "b")
    flow = workflow.after("features", lambda features: features.assign(each=features.price / features.pieces))
    model = (
        flow.swap(raw=table, target="y", split_by="random", feature_names=[], classes=[], progress=False)
        .swap(estimator=LogisticRegression())
        .run("model", checkpoints=False)["model"]
    )
    new = table.drop(columns="y").head(3).assign(pieces=[2, 0, 1], price=[1.0, 3.5, 2.0])
    with pytest.raises(DataError, match="feature 'each', row 1: it is infinite") as caught:
        predict(new, model)
    assert {*caught.value.rows} == {1}
    with pytest.raises(DataError, match="feature 'each', row 1: it is missing"):
        predict(new.assign(price=0.0), model)
    assert len(predict(table.drop(columns="y"), model)) == 400


def test_a_step_that_clips_by_the_other_rows_is_refused_although_it_leaves_most_as_they_are():
    def clipped(rows):
        return rows.assign(z=rows.z.clip(upper=rows.z.quantile(0.99))) if len(rows) >= 150 else rows

    table = pd.DataFrame({"z": DRAWS.standard_t(2, 400), "q": NUMBERS})
    table["y"] = 10 * table.z + table.q
    model = (
        workflow.after("rows", clipped)
        .swap(raw=table, target="y", task="regression", split_by="random", feature_names=[], progress=False, estimator=Ridge())
        .run("model", checkpoints=False)["model"]
    )
    assert len(predict(table.drop(columns="y").head(10), model)) == 10
    with pytest.raises(WorkflowError, match="step 'rows': its result for a row depends on the other rows"):
        predict(table.drop(columns="y"), model)


def test_a_step_that_needs_a_column_that_is_passed_through_is_refused_by_name():
    table = pd.DataFrame({"id": DRAWS.choice(["DE-1", "FR-2"], 400), "z": NUMBERS})
    table["y"] = np.where(table.z + (table.id == "DE-1") > 0.5, "a", "b")
    flow = workflow.after("features", lambda features: features.assign(region=features.id.str[:2]))
    settings = {"target": "y", "passthrough": ["id"], "split_by": "random", "feature_names": [], "classes": []}
    model = flow.swap(raw=table, default_estimator=True, progress=False, **settings).run("model", checkpoints=False)["model"]
    with pytest.warns(UserWarning, match="step 'features': it reads a column that is passed through"):
        save(model, "model.skops")
    with pytest.raises(WorkflowError, match="step 'features': it reads a column that is passed through"):
        predict(table.drop(columns="y"), model)
    assert trained(table, passthrough=["id"]).columns == ["z"]


def test_a_label_that_a_step_makes_after_the_model_is_reported():
    table = pd.DataFrame({"z": NUMBERS})
    table["y"] = np.where(table.z + DRAWS.normal(size=400) > 0, "a", "b")
    Path("unsure.py").write_text(
        "from iris_ml.production import workflow\n\n"
        "def unsure(predictions):\n"
        "    return predictions.assign(y=predictions.y.where(~predictions.probability_a.between(0.4, 0.6), 'review'))\n\n"
        "flow = workflow.after('predictions', unsure)\n"
    )
    table.to_csv("table.csv", index=False)
    Path("iris.toml").write_text('source = "table.csv"\ntarget = "y"\nworkflow = "unsure:flow"\nprogress = false\n')
    assert command("run", "--quiet").exit_code == 0
    ended = command("report", "table.csv")
    assert ended.exit_code == 0, ended.output
    answered = read_cells("report_predictions.csv")
    assert {"a", "b", "review"} == {*answered.iloc[:, 2]}
    summary = json.loads(Path("report.json").read_text())
    right = (answered.iloc[:, 2].to_numpy() == table.y.to_numpy()).sum()
    assert sum(sum(row.values()) for row in summary["labels"]["confusion"].values()) == (answered.iloc[:, 2] != "review").sum()
    assert summary["labels"]["correct"] == right


def test_whole_numbers_that_a_drawing_cannot_tell_apart_are_reported():
    table = pd.DataFrame({"device": 10**17 + DRAWS.integers(0, 9, 400), "z": NUMBERS, "y": np.where(NUMBERS > 0, "a", "b")})
    trained(table)
    table.drop(columns="y").head(12).to_parquet("new.parquet")
    assert command("report", "new.parquet").exit_code == 0


def test_the_folders_of_a_partitioned_table_are_a_column():
    table = pd.DataFrame({"z": NUMBERS, "country": DRAWS.choice(["DE", "a b"], 400)})
    table.to_parquet("table", partition_cols=["country"])
    read = read_table("table")
    assert read.groupby("country").z.sum().round(6).to_dict() == table.groupby("country").z.sum().round(6).to_dict()
    assert read_table("table/country=DE").country.unique().tolist() == ["DE"]


FORMS = {
    "an encoding": '{ encoding = "cp1252" }',
    "a separator": '{ separator = ";" }',
    "a comma": '{ decimal = "," }',
    "a header further down": '{ header = "3" }',
}


@pytest.mark.parametrize("form", FORMS)
def test_the_sample_is_written_in_the_form_that_is_read(form):
    table = pd.DataFrame({"town": DRAWS.choice(["Köln", "Bonn"], 400), "z": NUMBERS})
    table["y"] = np.where(table.town == "Köln", "a", "b")
    table.to_parquet("table.parquet")
    Path("iris.toml").write_text(f'source = "table.parquet"\ntarget = "y"\nprogress = false\nreader = {FORMS[form]}\n')
    assert command("run", "--quiet").exit_code == 0
    Path("new.csv").write_bytes(command("sample").stdout_bytes)
    assert command("predict", "new.csv", "--to", "answers.csv", "--raw").exit_code == 0
    answered = pd.read_csv("answers.csv")
    assert answered.y.tolist() == np.where(answered.town == "Köln", "a", "b").tolist()


def test_what_is_no_duration_is_refused_whatever_it_is():
    assert as_type(pd.Series([Decimal("5.5"), 7], dtype=object), "duration").tolist() == [*pd.to_timedelta([5.5, 7], unit="s")]
    for wrong in datetime.time(16, 40), [1], 1e30, b"5", True:
        cells = pd.Series([wrong, pd.Timedelta(5, "s")], dtype=object)
        assert as_type(cells, "duration").iloc[0] is wrong


def test_a_time_of_day_is_a_text_in_every_form():
    times = pd.Series([datetime.time(11, 30), datetime.time(8), None], dtype=object)
    assert column_type(times) == "text"
    assert as_type(times, "text").tolist()[:2] == ["11:30:00", "08:00:00"]


def test_a_column_that_is_not_named_gets_advice_that_works():
    table = pd.DataFrame({"z": NUMBERS, "w": 1.5, "y": np.where(NUMBERS > 0, "a", "b")})
    with pytest.raises(DataError, match=r'remove it, or train with passthrough = \["w"\]'):
        trained(table, feature_names=["z"])
    assert trained(table, feature_names=["z"], passthrough=["w"]).columns == ["z"]


def test_a_new_name_for_no_column_is_refused():
    table = pd.DataFrame({"z": NUMBERS, "y": np.where(NUMBERS > 0, "a", "b")})
    with pytest.raises(DataError, match="the setting 'rename': no column is called 'zz'; did you mean 'z'"):
        trained(table, rename={"zz": "width"})
    assert trained(table, rename={"z": "width"}).columns == ["width"]
    assert trained(table, rename={"old": "z"}).columns == ["z"]  # a file that has the new name already


COLUMNS = {
    "sparse numbers": pd.Series(pd.arrays.SparseArray(np.where(NUMBERS > 1, 1.0, 0.0))),
    "sparse booleans": pd.Series(pd.arrays.SparseArray(NUMBERS > 1)),
    "intervals": pd.Series(pd.cut(NUMBERS, 5)),
    "bytes that are no text": pd.Series(np.where(NUMBERS > 0, b"x", b"\xff\xfe")),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_a_seldom_type_is_learned_or_passed_through_and_answered_alike(name):
    table = pd.DataFrame({"z": NUMBERS, "s": COLUMNS[name], "y": np.where(NUMBERS > 0, "a", "b")})
    carried = ["s"] if name.startswith("bytes") else []
    model = trained(table, passthrough=carried)
    assert (predict(table.drop(columns="y"), model).y == table.y).mean() > 0.98
    assert model.profile.golden
    assert carried or {"s"} < {*model.columns}


def test_a_step_that_looks_at_the_number_of_a_row_is_refused_where_it_matters():
    table = pd.DataFrame({"z": NUMBERS, "y": np.where(NUMBERS > 0, "a", "b")})
    late = workflow.after("features", lambda features: features.assign(w=features.z * np.where(features.index > 1500, -1, 1)))
    model, new = trained(table, late), table.drop(columns="y")
    own = late.swap(raw=table, target="y", feature_names=[])
    assert len(predict(new, model, workflow=own)) == 400
    with pytest.raises(WorkflowError, match="step 'features': its result for a row depends on the other rows"):
        predict(pd.concat([new] * 4, ignore_index=True), model, workflow=own)
