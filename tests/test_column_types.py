"""The types of columns: decided once, when a model learns, so that a row is the same row in every file and on every surface."""

import gzip
import json
import warnings
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from typer.testing import CliRunner

from iris_ml.api.routes import create_app
from iris_ml.base.errors import DataError, SettingsError
from iris_ml.base.settings import change_settings, read_settings
from iris_ml.batch.drift_report import report_drift
from iris_ml.batch.report import report
from iris_ml.cli.commands import application
from iris_ml.cli.parity import SURFACES, find_differences
from iris_ml.io.readers import read_cells, read_table, write_table
from iris_ml.models.gates import check_shape
from iris_ml.models.live_model import load_live_model
from iris_ml.models.model_file import load, save
from iris_ml.models.predictor import predict
from iris_ml.production import workflow
from iris_ml.stats.column_types import as_type, read_columns, valid_cells
from iris_ml.steps.rows import names_rows

TEXTS = OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")
CAREFUL = make_pipeline(
    make_column_transformer(TEXTS, remainder=make_pipeline(SimpleImputer(), StandardScaler())), LogisticRegression()
)
DRAWS = np.random.default_rng(0)
PEOPLE = pd.DataFrame(
    {
        "age": DRAWS.normal(50, 9, 300).round(1),
        "smoker": DRAWS.choice(["TRUE", "FALSE"], 300),
        "country": DRAWS.choice(["NA", "DE", "None"], 300),
        "dependents": DRAWS.choice(["0", "1", "2", "3+"], 300),
        "zone": DRAWS.choice(["1", "2", "3"], 300),
        "code": DRAWS.choice(["007", "012", "101"], 300),
        "seen": DRAWS.choice(["2026-03-01", "2026-03-02", "2026-07-09"], 300),
    }
)
PEOPLE["risk"] = np.where((PEOPLE.smoker == "TRUE") ^ (PEOPLE.country == "NA") ^ (PEOPLE.code == "007"), "high", "low")
TYPES = {
    "age": "number", "smoker": "boolean", "country": "text", "dependents": "text", "zone": "integer", "code": "text",
    "seen": "date", "risk": "text",
}  # fmt: skip
NEW = PEOPLE.drop(columns="risk").head(40)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    warnings.simplefilter("ignore", UserWarning)  # of texts that may mean a missing value
    return tmp_path


def settings(**values):
    lines = {"source": "people.csv", "target": "risk"} | values
    Path("iris.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items()))


@pytest.fixture
def model(folder):
    PEOPLE.to_csv("people.csv", index=False)
    settings(categorical=["zone"])
    trained = workflow.swap(estimator=CAREFUL).run("model", progress=False)["model"]
    save(trained, ".iris_ml/model.skops")
    return load(".iris_ml/model.skops")


def as_csv(rows):
    rows.to_csv("new.csv", index=False)


def with_semicolons(rows):
    rows.assign(age=rows.age.astype(str).str.replace(".", ",")).to_csv("new.csv", index=False, sep=";")


def with_tabs(rows):
    rows.to_csv("new.tsv", index=False, sep="\t")


def with_a_blank_line_and_a_mark(rows):
    Path("new.csv").write_bytes(b"\xef\xbb\xbf\n" + rows.to_csv(index=False).encode())


def in_utf_16(rows):
    Path("new.csv").write_text(rows.to_csv(index=False), encoding="utf-16")


def in_an_encoding_that_is_set(rows):
    settings(categorical=["zone"], **{"reader.encoding": "utf-16-le"})
    rows.to_csv("new.csv", index=False, encoding="utf-16-le")


def in_a_form_that_is_set(rows):
    settings(categorical=["zone"], **{"reader.separator": "~", "reader.decimal": ",", "reader.comment": "//"})
    written = rows.assign(age=rows.age.astype(str).str.replace(".", ",")).to_csv(index=False, sep="~")
    Path("new.csv").write_text("// of today\n" + written.replace("\n", "\n// more\n", 7), encoding="utf-8-sig")


def with_old_line_ends(rows):
    Path("new.csv").write_text(rows.to_csv(index=False).replace("\n", "\r"))


def as_parquet(rows):
    rows.to_parquet("new.parquet", index=False)


def as_typed_parquet(rows):
    typed = rows.assign(smoker=rows.smoker == "TRUE", zone=rows.zone.astype("Int64"), seen=pd.to_datetime(rows.seen))
    typed.assign(country=rows.country.astype("category")).to_parquet("new.parquet", index=False)


def arrow_file(rows):
    table, file = pa.Table.from_pandas(rows), pa.BufferOutputStream()
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=9)
    return file.getvalue().to_pybytes()


def as_feather(rows):
    rows.to_feather("new.feather", chunksize=7)


def as_typed_arrow(rows):
    zones, days = rows.zone.astype(int).astype("category"), pd.to_datetime(rows.seen)
    Path("new.arrow").write_bytes(arrow_file(rows.assign(smoker=rows.smoker == "TRUE", zone=zones, seen=days)))


def as_json(rows):
    rows.assign(smoker=rows.smoker == "TRUE", zone=rows.zone.astype(int)).to_json("new.json", orient="records")


def as_json_lines(rows):
    write_table(rows.assign(smoker=rows.smoker == "TRUE", zone=rows.zone.astype(float)), "new.jsonl")


SPELLINGS = [
    as_csv, with_semicolons, with_tabs, with_a_blank_line_and_a_mark, with_old_line_ends, in_utf_16, in_an_encoding_that_is_set,
    in_a_form_that_is_set,
    as_parquet, as_typed_parquet, as_feather, as_typed_arrow, as_json, as_json_lines,
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.__name__)
def test_a_row_has_the_same_prediction_in_every_format(spelling, model):
    assert model.profile.types == TYPES
    expected = predict(NEW, model)
    assert expected.risk.nunique() == 2
    spelling(NEW)
    (file,) = Path().glob("new.*")
    for rows in read_cells(file), read_table(file):
        assert predict(rows, model).equals(expected)
    with warnings.catch_warnings(action="error"):
        written = report(file, "report.html", model)
    answers = read_cells(written.predictions, reader={})
    assert answers.risk.tolist() == expected.risk.tolist()
    assert answers.probability_high.astype(float).tolist() == pytest.approx(expected.probability_high.tolist())
    assert written.summary.outside.rows == 0
    assert report_drift([str(file)]).rows.risk.tolist() == expected.risk.tolist()
    assert CliRunner().invoke(application, ["predict", str(file), "--to", "answers.csv"]).exit_code == 0
    assert read_cells("answers.csv", reader={}).risk.tolist() == expected.risk.tolist()


def test_a_request_has_the_same_prediction_as_the_file(model):
    client = TestClient(create_app(load_live_model(Path(".iris_ml/model.skops"))))
    rows = NEW.assign(smoker=NEW.smoker == "TRUE").to_dict("records")
    answers = client.post("/v1/predict", json={"rows": rows}).json()["answers"]
    assert [answer["label"] for answer in answers] == predict(NEW, model).risk.tolist()
    properties = client.get("/openapi.json").json()["components"]["schemas"]["Row"]["properties"]
    assert properties["smoker"]["type"] == "boolean"
    assert properties["seen"]["format"] == "date-time"
    assert properties["country"]["description"] == "in training DE, NA, None"
    for wrong in {"smoker": "TRUE"}, {"zone": True}, {"code": 7}, {"country": 1}, {"seen": "soon"}:
        assert client.post("/v1/predict", json={"rows": [rows[0] | wrong]}).status_code == 422
    coded = [row | {"zone": float(row["zone"]), "dependents": int(row["dependents"].replace("3+", "3"))} for row in rows]
    known = [place for place, row in enumerate(rows) if row["dependents"] != "3+"]
    again = client.post("/v1/predict", json={"rows": [coded[place] for place in known]}).json()["answers"]
    assert [answer["label"] for answer in again] == [answers[place]["label"] for place in known]
    explained = client.post("/v1/explain", json={"rows": rows[:2]}).json()["answers"]
    assert {move["column"] for move in explained[0]["moves"]} == {*NEW}


@pytest.mark.parametrize("surface", [name for name in SURFACES if not name.startswith("report")])
def test_a_surface_that_parity_checks_gives_the_predictions_of_every_type_of_column(surface, model):
    rows = read_columns(NEW.head(8).assign(age=[None, *NEW.age[1:8]]), TYPES)
    model.profile.columns["age"]["nullable"] = True
    save(model, ".iris_ml/model.skops")
    assert [*find_differences(SURFACES[surface](rows, load(".iris_ml/model.skops")), predict(rows, model))] == []


@pytest.mark.parametrize(("labels", "kind"), [(["TRUE", "FALSE"], bool), (["1", "2"], int), (["None", "NA"], str)], ids=str)
def test_labels_of_a_file_are_the_labels_that_were_learned(labels, kind):
    table = PEOPLE[["age", "smoker"]].assign(churned=np.where(PEOPLE.smoker == "TRUE", *labels))
    table.to_csv("people.csv", index=False)
    settings(target="churned")
    model = workflow.swap(estimator=CAREFUL).run("model", progress=False)["model"]
    assert {type(label) for label in model.profile.classes} == {kind}
    assert report("people.csv", "report.html", model).summary.labels.accuracy == 1.0


def test_passed_through_identifiers_are_unchanged(model):
    keys = ["00123", "9007199254740993", "", "NA", "1e5"] * 8
    NEW.assign(customer=keys).to_csv("new.csv", index=False)
    settings(categorical=["zone"], passthrough=["customer"])
    PEOPLE.assign(customer=[f"{n:05}" for n in range(300)]).to_csv("people.csv", index=False)
    model = workflow.swap(estimator=CAREFUL).run("model", progress=False)["model"]
    save(model, ".iris_ml/model.skops")
    written = report("new.csv", "report.html", model)
    CliRunner().invoke(application, ["predict", "new.csv", "--to", "answers.csv"])
    for file in written.predictions, "answers.csv":
        assert read_cells(file).customer.tolist() == keys
    client = TestClient(create_app(load_live_model(Path(".iris_ml/model.skops"))))
    row = json.loads(NEW.head(1).to_json(orient="records"))[0] | {"smoker": True}
    for kind in "predict", "explain":
        sent = [row, *({**row, "customer": key} for key in ("00123", 9007199254740993, 1.5, None))]
        answers = client.post(f"/v1/{kind}", json={"rows": sent}).json()["answers"]
        assert [answer.get("passthrough") for answer in answers] == [None, *({"customer": each["customer"]} for each in sent[1:])]
        assert client.post(f"/v1/{kind}", json={"rows": [{**row, "customers": 1}]}).status_code == 422


def test_whole_numbers_beside_missing_ones_and_an_index_are_kept():
    table = pa.table({"customer": pa.array([9007199254740993, None]), "age": [1.5, 2.5]})
    pq.write_table(table, "new.parquet")
    assert [*read_cells("new.parquet").customer.dropna()] == [9007199254740993]
    PEOPLE.set_axis(pd.Index(PEOPLE.code, name="customer")).to_parquet("indexed.parquet")
    PEOPLE[PEOPLE.age > 50].to_parquet("unnamed.parquet")
    assert "customer" in read_cells("indexed.parquet")
    assert [*read_cells("unnamed.parquet")] == [*PEOPLE]


@pytest.mark.parametrize("rows", [300, 40_000])
def test_the_type_of_a_column_is_decided_over_all_of_its_rows(rows):
    code = np.resize(["007", "012", "101"], rows).astype(object)
    code[-5:] = "A1"
    pd.DataFrame({"count": np.arange(rows) % 7, "code": code}).to_csv("codes.csv", index=False)
    for largest in 1000, 0.5:
        typed = workflow.swap(source="codes.csv", largest_table=largest, target="count").run("raw", progress=False)["raw"]
        assert {str(cell)[:1] for cell in typed.code} <= {"0", "1", "A"}
        assert typed["count"].dtype == "int64"


def test_a_text_is_a_missing_value_only_in_columns_of_numbers_or_if_it_is_named():
    table = pd.DataFrame({"size": ["1.5", "NA", ""], "country": ["NA", "DE", ""], "kind": ["None", "b", "b"]})
    table.to_csv("gaps.csv", index=False)
    found = read_table("gaps.csv")
    assert found["size"].isna().tolist() == [False, True, True]
    assert found.country.tolist()[:2] == ["NA", "DE"]
    assert found.kind.tolist() == ["None", "b", "b"]
    with pytest.warns(UserWarning, match=r"column 'country' holds the text 'NA' 1 times.*missing_values = \[\"NA\"\]"):
        workflow.swap(source="gaps.csv", target="kind").run("raw", progress=False)
    named = workflow.swap(source="gaps.csv", target="kind", missing_values=["NA"]).run("raw", progress=False)["raw"]
    assert named.country.isna().tolist() == [True, False, True]


NUMBERS = {
    "decimal points": ("a,b\n1.5,x\n2,y\n", [1.5, 2.0]),
    "decimal commas": ("a;b\n1,5;x\n2;y\n", [1.5, 2.0]),
    "decimal commas in quotation marks": ('a,b\n"1,5",x\n2,y\n', [1.5, 2.0]),
    "points for thousands": ("a;b\n1.234.567,5;x\n2;y\n", [1234567.5, 2.0]),
    "points for thousands in another column": ("a;b;c\n1.234;4,5;x\n996;5;y\n", [1234, 996]),
    "points for decimals, as in another column": ("a;b;c\n1.234;4.5;x\n996;5;y\n", [1.234, 996.0]),
    "commas for thousands": ('a,b\n"1,234",x\n"1,234,567.5",y\n', [1234.0, 1234567.5]),
    "commas of both kinds": ('a,b\n"1,234,567",x\n"1,5",y\n', ["1,234,567", "1,5"]),
    "a comma and a point": ("a;b\n1,5;x\n1.5;y\n", ["1,5", "1.5"]),
    "more digits than a number keeps": ("a,b\n12345678901234567,x\n2,y\n", ["12345678901234567", "2"]),
    "a plus sign": ("a,b\n+5,x\n 6 ,y\n", [5, 6]),
}


@pytest.mark.parametrize(("content", "numbers"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_are_read_in_the_form_that_their_file_has(content, numbers):
    Path("numbers.csv").write_text(content)
    assert read_table("numbers.csv").a.tolist() == numbers


@pytest.mark.parametrize("setting", ["types", "categorical"])
def test_a_setting_for_a_column_that_is_not_there_is_refused(setting):
    value = {"zonne": "text"} if setting == "types" else ["zonne"]
    with pytest.raises(DataError, match=f"'{setting}': no column is called 'zonne'; did you mean 'zone'"):
        workflow.swap(raw=PEOPLE, target="risk", **{setting: value}).run("rows", progress=False)
    with pytest.raises(SettingsError, match=r"types\.zone is 'txt', but it should be 'number'"):
        change_settings(read_settings(), types={"zone": "txt"})


def test_files_without_commas_are_read_like_those_with_commas():
    Path("a.csv").write_text("a;b\n1;x\n2;y\n")
    Path("b.csv").write_text("a;b\n1,5;x\n2,5;y\n")
    for largest in 1000, 1e-4:
        read = workflow.swap(source=["a.csv", "b.csv"], target="b", largest_table=largest).run("raw", progress=False)["raw"]
        assert {*read.a} <= {1.0, 2.0, 1.5, 2.5}
    assert read_table(["a.csv", "b.csv"]).a.tolist() == [1.0, 2.0, 1.5, 2.5]
    assert read_table(["b.csv", "a.csv"]).a.tolist() == [1.5, 2.5, 1.0, 2.0]


def test_files_with_different_commas_are_refused():
    Path("a.csv").write_text('a,b\n"1,5",x\n')
    Path("b.csv").write_text('a,b\n"1,234",x\n')
    with pytest.raises(DataError, match=r"b\.csv: its numbers have other commas than those of the files before"):
        read_table(["a.csv", "b.csv"])


def test_a_cell_may_be_as_long_as_a_book():
    Path("long.csv").write_text(f"a,b\n1,{'x' * 200_000}\n2,y\n")
    assert read_table("long.csv").b.str.len().tolist() == [200_000, 1]


def test_rows_may_have_any_index():
    table = PEOPLE[["age", "zone"]].set_axis([f"row {n}" for n in range(300)])
    assert len(workflow.swap(raw=table, target="zone").run("split", progress=False)["split"]) == 300


VALUES = {
    "number": [pd.array([1, None], "Int64"), [Decimal("1.5"), None], pd.array([1.5, None], "double[pyarrow]")],
    "boolean": [pd.array([True, None], "boolean"), [True, None], ["TRUE", "false"], [1, 0]],
    "date": [pd.period_range("2026-01", periods=2, freq="M"), pd.date_range("2026-01-01", periods=2, tz="Europe/Berlin")],
    "duration": [pd.to_timedelta(["1h", None]), [3600.0, None]],
    "text": [pd.Categorical([1, 2]), pd.Categorical(["a", None]), pd.array(["a", None], "string")],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "values"), [(kind, values) for kind, each in VALUES.items() for values in each], ids=str)
def test_every_dtype_of_pandas_is_trained_and_predicted(kind, values):
    column = pd.Series(values).repeat(20).reset_index(drop=True)
    table = pd.DataFrame({"x": DRAWS.random(40), "given": column, "y": ["a", "b"] * 20})
    run = workflow.swap(raw=table, target="y", estimator=CAREFUL, types={"given": kind}).run(progress=False)
    assert run["profile"].columns["given"]["type"] == kind
    assert predict(table.drop(columns="y"), run["model"]).equals(run["predictions"])


OTHERS = {
    "integer": [[pd.Timedelta("1h")], [pd.Timestamp(0)], [True], [pd.Period("2026-01")]],
    "number": [[pd.Timedelta("1h")], [pd.Timestamp(0)], [True], [pd.Timestamp(0, tz="UTC")]],
    "boolean": [[pd.Timedelta("1h")], [pd.Timestamp(0)], [2], [0.5]],
    "date": [[pd.Timedelta("1h")], [2026], [2026.5], [True]],
    "duration": [[pd.Timestamp(0)], [pd.Period("2026-01")], [True], ["soon"]],
}


@pytest.mark.parametrize(("kind", "values"), [(kind, values) for kind, each in OTHERS.items() for values in each], ids=str)
def test_a_value_of_another_type_is_not_converted(kind, values):
    for column in pd.Series(values), pd.Series(values, dtype=object):
        assert not valid_cells(as_type(column, kind), kind).any()


def test_dates_that_pandas_cannot_count_in_nanoseconds_are_learned_and_answered():
    ends = DRAWS.choice(["9999-12-31", "1600-01-01", "2026-01-05"], 80)
    table = pd.DataFrame({"age": DRAWS.normal(size=80), "end": ends, "y": np.where(ends > "2027", "open", "ended")})
    table.to_csv("contracts.csv", index=False)
    run = workflow.swap(source="contracts.csv", target="y", split_by="random").run(progress=False)
    assert run["profile"].columns["end"]["type"] == "date"
    assert run["scores"]["accuracy"] == 1
    asked = table.drop(columns="y")
    answers = predict(asked, run["model"])
    assert answers.equals(predict(asked.assign(end=pd.to_datetime(ends)), run["model"]))
    save(run["model"], "contracts.skops")
    client = TestClient(create_app(load_live_model(Path("contracts.skops"))))
    answered = client.post("/v1/predict", json={"rows": asked.to_dict("records")}).json()["answers"]
    assert [answer["label"] for answer in answered] == answers["y"].tolist()


@pytest.mark.parametrize("rows", [{"age": [1]}, [{"age": 1}], np.zeros((1, 1)), pd.Series([1]), "new.csv"], ids=str)
def test_what_is_no_table_is_a_sentence(model, rows):
    with pytest.raises(DataError, match="predict: rows are a table, and this is a"):
        predict(rows, model)


def test_a_target_that_is_not_there_is_told_beside_what_is():
    Path("odd.csv").write_text("a~y\n1~x\n2~z\n")
    with pytest.raises(DataError, match=r"no target to learn, only 'a~y'; say what separates its columns"):
        workflow.swap(source="odd.csv", target="y").run("rows", progress=False)


def test_a_gap_where_there_was_none_refuses_its_row_alone(model):
    NEW.assign(age=[None, *NEW.age[1:]]).to_csv("new.csv", index=False)
    assert report("new.csv", "report.html", model).summary.refused == 1
    ended = CliRunner().invoke(application, ["predict", "new.csv", "--to", "answers.csv"])
    assert ended.exit_code == 3
    assert len(read_cells("answers.csv")) == 39
    assert read_cells("answers_refused.csv").refused_because.tolist() == ["column 'age': a missing value is not a finite number"]


FAR_BELOW = b"a\n" + (b"x" * 999 + b"\n") * 9_000 + b"\xe9\n"
FAULTS = {
    "one cell more in each row": ("new.csv", "a,b\n1,2,3\n4,5,6\n", r"line 2: the header has 2 cells, and this line has 3"),
    "names of rows": ("new.csv", '"a","b"\n"1",2,3\n', r"line 2: the header has 2 cells, and this line has 3"),
    "an open quotation mark": ("new.csv", 'a,b\n1,"2\n3,4\n', "a quotation mark is not closed"),
    "another encoding": ("new.csv", "a\n\nJosé\n".encode("latin-1"), 'line 3 .* UTF-8; .* reader = { encoding = "cp1252" }'),
    "another encoding in the header": ("new.csv", "Größe,a\n1,2\n".encode("latin-1"), "line 1 is not encoded in UTF-8"),
    "another encoding in a compressed file": ("new.csv.gz", gzip.compress(b"a\n\xe9\n"), "line 2 is not encoded in UTF-8"),
    "another encoding far below": ("new.csv", FAR_BELOW, "line 9002 is not encoded in UTF-8"),
    "UTF-16 without a mark": ("new.csv", "a\n1\n".encode("utf-16-le"), 'reader = { encoding = "utf-16-le" }'),
    "half a character of UTF-16": ("new.csv", "a\n1\n".encode("utf-16")[:-1], "cannot be read: 'utf-16.*truncated data"),
    "a byte of zero": ("new.csv", b"a,b\n1,x\n2,y\0\n", "line 3 holds a byte of zero"),
    "a compressed file under another name": ("new.csv", gzip.compress(b"a\n1\n"), "it is no text, but a gz file"),
    "a Parquet file under another name": ("new.csv", b"PAR1" + bytes(99), "it is no text, but a parquet file"),
    "a title above the header": ("new.csv", "People\na,b\n1,2\n", "say where the header is"),
    "no rows": ("new.csv", "a,b\n", "there are no rows"),
    "no rows in a compressed file": ("new.csv.gz", gzip.compress(b"a,b\n"), "there are no rows"),
    "nothing": ("new.csv", "\n\n", "the file is empty"),
    "a text as Parquet": ("new.parquet", "a,b\n1,2\n", "the table cannot be read: Parquet magic bytes not found"),
    "a text as Feather": ("new.feather", "a,b\n1,2\n" * 9, "the table cannot be read: Not an Arrow file"),
    "half an Arrow file": ("new.arrow", arrow_file(NEW)[:999], "the table cannot be read: Not an Arrow file"),
    "JSON lines as JSON": ("new.json", '{"a": 1}\n{"a": 2}\n', "it is not one JSON value: Extra data: line 2 column 1"),
    "half a JSON file": ("new.json", '[{"a": 1}, {"a"', "it is not one JSON value"),
    "an object of columns": ("new.json", '{"a": {"0": 1}}', "it is not an array of objects"),
    "an array of numbers": ("new.json", "[1, 2]", "it is not an array of objects"),
    "nested too deeply": ("new.json", "[" * 100_000, "the table cannot be read: maximum recursion depth exceeded"),
    "a line nested too deeply": ("new.jsonl", "[" * 100_000, "the table cannot be read: maximum recursion depth exceeded"),
    "a JSON file without rows": ("new.json", "[]", "there are no rows"),
    "an Arrow file without rows": ("new.arrow", arrow_file(NEW.head(0)), "there are no rows"),
}


@pytest.mark.parametrize(("name", "content", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_file_that_cannot_be_learned_from_is_refused_by_every_surface(name, content, sentence, model):
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=sentence):
        read_table(name)
    with pytest.raises(DataError, match=sentence):
        workflow.swap(source=name, target="a").run("raw", progress=False)
    for of_rows in lambda: report(name, "report.html", model), lambda: report_drift([name]):
        with pytest.raises(DataError):
            of_rows()
    ended = CliRunner().invoke(application, ["predict", name])
    assert isinstance(ended.exception, DataError) or "no row is valid" in ended.output


def test_a_setting_that_says_how_files_are_read_holds_wherever_one_is_read(model):
    Path("new.csv").write_bytes("age,risk,town\n50,low,Zürich\n".encode("cp1252"))
    with pytest.raises(DataError, match="line 2 is not encoded in UTF-8"):
        read_table("new.csv")
    assert read_table("new.csv", reader={"encoding": "cp1252"}).town.tolist() == ["Zürich"]
    settings(source="new.csv", **{"reader.encoding": "cp1252"})
    assert read_table("new.csv").town.tolist() == workflow.run("raw", progress=False)["raw"].town.tolist() == ["Zürich"]
    settings(source="new.csv", **{"reader.encoding": "ascii"})
    with pytest.raises(DataError, match="line 2 is not encoded in ASCII"):
        workflow.run("raw", progress=False)
    with pytest.raises(SettingsError, match=r"reader.* Python knows no such encoding"):
        change_settings(read_settings(), reader={"encoding": "base64"})
    for wrong in {"separator": ";;"}, {"separator": "a"}, {"decimal": ";"}, {"comment": ""}, {"header": "0"}:
        with pytest.raises(SettingsError, match="reader"):
            change_settings(read_settings(), reader=wrong)


FORMS = {
    "spaces": ("a b\n1 x\n2 y\n", {"separator": " "}, {"a": [1, 2], "b": ["x", "y"]}),
    "a header of more signs": ("a|b;c\n1;2\n", {"separator": ";"}, {"a|b": [1], "c": [2]}),
    "thousands of three digits": ("a;b\n1.234;x\n2.345;y\n", {"decimal": ","}, {"a": [1234, 2345], "b": ["x", "y"]}),
    "decimals of three digits": ("a;b\n1,234;x\n2,345;y\n", {"decimal": ","}, {"a": [1.234, 2.345], "b": ["x", "y"]}),
    "commas of thousands": ("a;b\n1,234;x\n2,345;y\n", {"decimal": "."}, {"a": [1234, 2345], "b": ["x", "y"]}),
    "a header below other lines": ("Sales of 2026\n\nby me, x\na;b\n1;x\n2;y\n", {"header": "4"}, {"a": [1, 2], "b": ["x", "y"]}),
    "no header": ("1,x\n2,y\n", {"header": "none"}, {"column 1": [1, 2], "column 2": ["x", "y"]}),
    "comments": ('#x\na,b\n#"\n1,"x\n#y"\n2,#\n#', {"comment": "#"}, {"a": [1, 2], "b": ["x\n#y", "#"]}),
}


@pytest.mark.parametrize(("content", "form", "expected"), FORMS.values(), ids=FORMS)
def test_a_form_that_a_file_does_not_show_is_set(content, form, expected):
    Path("new.csv").write_text(content)
    assert read_table("new.csv", form).to_dict("list") == expected


def test_a_header_below_the_last_line_is_a_sentence():
    Path("new.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"no column is named in line 9 or below; set 'reader\.header'"):
        read_table("new.csv", {"header": "9"})


def test_surfaces_are_compared_whatever_the_settings_say_of_files(model):
    settings(categorical=["zone"], **{"reader.encoding": "utf-16", "reader.separator": ";", "reader.decimal": ","})
    for surface in "command", "report from csv, batches of 5":
        assert [*find_differences(SURFACES[surface](NEW.head(8), model), predict(NEW.head(8), model))] == []


def test_classes_and_new_labels_hold_for_numbers_too():
    table = PEOPLE[["age"]].assign(grade=[1, 2, 3] * 100)
    relabelled = workflow.swap(raw=table, target="grade", relabel={"1": "low", "2": "low"}).run("rows", progress=False)["rows"]
    assert {*relabelled.grade} == {"low", "3"}
    with pytest.raises(DataError, match="column 'grade', row 2: 3 is none of 1, 2"):
        workflow.swap(raw=table, target="grade", classes=["1", "2"]).run("rows", progress=False)


def test_a_named_target_called_species_does_not_use_the_settings_of_iris():
    pd.DataFrame({"bill": [1.0, 2.0] * 20, "species": ["Gentoo", "Adelie"] * 20}).to_csv("penguins.csv", index=False)
    settings(source="penguins.csv", target="species")
    assert len(workflow.run("rows", progress=False)["rows"]) == 40


def test_a_column_that_counts_the_rows_gives_a_warning():
    table = PEOPLE[["age"]].assign(number=range(300), kind=["a"] * 150 + ["b"] * 150)
    with pytest.warns(UserWarning, match=r"column 'number' counts the rows.*passthrough = \[\"number\"\]"):
        workflow.swap(raw=table, target="kind").run("rows", progress=False, checkpoints=False)


@pytest.mark.parametrize(
    ("cells", "names_them"),
    [
        ([f"P-{n:05}" for n in range(300)], True),
        ([f"ab{n:x}-{n * 7919:08x}" for n in range(300)], True),
        ([f"ward {n}" for n in range(300)], False),
        ([f"{n}kg" for n in range(300)], False),
        (["Ann", "Ben"] * 150, False),
        ([*(f"P-{n:05}" for n in range(299)), "P-00000"], False),
    ],
    ids=["numbered", "hexadecimal", "words", "units", "names", "one twice"],
)
def test_a_column_of_codes_that_name_the_rows_gives_a_warning(cells, names_them):
    table = PEOPLE[["age"]].assign(number=pd.Series(cells, dtype="str"), kind=["a"] * 150 + ["b"] * 150)
    with warnings.catch_warnings(record=True, action="always") as caught:
        workflow.swap(raw=table, target="kind").run("rows", progress=False, checkpoints=False)
    told = [each for each in caught if "column 'number' gives each row a code of its own" in str(each.message)]
    assert len(told) == names_them


def test_a_column_of_120_categories_is_neither_out_of_domain_nor_drifted():
    draws, cities = np.random.default_rng(0), [f"city {n}" for n in range(120)]  # whatever was drawn before
    table = pd.DataFrame({"x": draws.random(3_000), "city": draws.choice(cities, 3_000)})
    table.assign(kind=np.where(table.x > 0.5, "a", "b")).to_csv("people.csv", index=False)
    settings(target="kind")
    save(workflow.swap(estimator=CAREFUL).run("model", progress=False)["model"], ".iris_ml/model.skops")
    assert not report_drift(["people.csv"]).drift.drifted.any()
    assert report("people.csv", "report.html").summary.outside.rows == 0


def test_the_gate_of_shapes_takes_columns_of_every_type():
    table = pd.DataFrame({"age": DRAWS.integers(20, 80, 90).astype(float)})
    table["joined"] = pd.date_range("2020-01-31 08:30:01.25", periods=90)
    table["took"] = pd.to_timedelta(DRAWS.integers(1, 9_000_000, 90), unit="ms")
    table["smokes"] = pd.Series(DRAWS.random(90) < 0.5, dtype="boolean").mask(table.index == 3)
    table["visits"] = pd.Series(DRAWS.integers(0, 9, 90), dtype="Int64").mask(table.index == 4)
    table["town"] = DRAWS.choice(["Oslo", "NA"], 90)
    for name in table:
        table[name] = table[name].mask(table.index == 7)
    table["ill"] = np.where(table.age > 50, "yes", "no")
    run = workflow.swap(raw=table, target="ill").run(progress=False)
    assert check_shape(table.drop(columns="ill"), run["model"]).message.endswith("in any order and from JSON")


def of_storage(rows):
    """Features that depend on how wide the numbers are and what the unit of the dates is."""
    whole = rows.assign(squared=(rows.small * rows.small).astype(float), stamp=rows.seen.astype("int64").astype(float) % 1e9)
    return whole.assign(last=(rows.large % 10).astype(float)).drop(columns=["seen", "large"])


def test_a_step_computes_the_same_whatever_the_width_of_the_numbers_in_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame({"small": np.arange(-60, 60, dtype="int8"), "large": 2**53 + 3 * np.arange(120) + 1})
    table["seen"] = pd.date_range("2026-01-01 05:30", periods=120, freq="7h").astype("datetime64[ns]")
    table.assign(kind=np.where(table.small % 3, "a", "b")).to_parquet("table.parquet")
    write_table(table, "new.csv")
    table.to_json("new.jsonl", orient="records", lines=True, date_format="iso")
    table.to_parquet("new.parquet")
    other = workflow.swap(features=of_storage, source="table.parquet", target="kind", feature_names=[], classes=[])
    run = other.swap(passthrough=[], estimator=DecisionTreeClassifier()).run(progress=False)
    assert run["features"].squared.max() == 3600
    for name in "new.csv", "new.jsonl", "new.parquet":
        assert predict(read_table(name), run["model"]).equals(run["predictions"]), name


def test_a_second_line_of_names_or_units_is_named_as_such():
    table = pd.DataFrame({"x": DRAWS.random(41), "amount": ["cm", *map(str, range(40))], "y": ["", *["a", "b"] * 20]})
    told = "because of its first cell 'cm'; if the others are numbers or dates, remove that row, or set reader"
    with pytest.warns(UserWarning, match=told):
        workflow.swap(raw=table.astype({"amount": "str"}), target="y").run("rows", progress=False, checkpoints=False)


FORMS = {
    "amounts": [f"€ {n}" for n in range(40)],
    "a total": [*map(str, range(39)), "Total"],
    "a sign for what is missing": [*map(str, range(30)), *["-"] * 10],
    "dates": [f"{n % 28 + 1}.12.2026" for n in range(40)],
    "dates with two digits": [f"{n % 28 + 1:02}/08/2026" for n in range(40)],
    "dates with the name of the month": [f"{n % 28 + 1:02}-Sep-2026" for n in range(40)],
    "nanoseconds": [f"2026-09-{n % 28 + 1:02}T08:00:00.123456789" for n in range(40)],
}


@pytest.mark.parametrize("cells", FORMS.values(), ids=FORMS)
def test_numbers_and_dates_that_are_read_as_texts_are_named(cells):
    table = pd.DataFrame({"x": DRAWS.random(40), "amount": cells, "y": ["a", "b"] * 20}).astype({"amount": "str"})
    told = "column 'amount' is learned as text because of cells such as"
    with pytest.warns(UserWarning, match=told):
        workflow.swap(raw=table, target="y").run("rows", progress=False, checkpoints=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=told)
        workflow.swap(raw=table, target="y", types={"amount": "text"}).run("rows", progress=False, checkpoints=False)
        plain = table.assign(amount=[f"ward {n}" for n in range(40)])
        workflow.swap(raw=plain, target="y").run("rows", progress=False, checkpoints=False)


ADVICE = {
    "a sign for what is missing": r"set missing_values = \[.-.\]",
    "amounts": "if it holds numbers, write them without currency and unit",
    "dates": "if it holds dates, write them as 2026-12-31",
}


@pytest.mark.parametrize("form", ADVICE)
def test_the_advice_for_numbers_that_are_read_as_texts_fits_the_cell(form):
    table = pd.DataFrame({"x": DRAWS.random(40), "amount": FORMS[form], "y": ["a", "b"] * 20}).astype({"amount": "str"})
    with pytest.warns(UserWarning, match=ADVICE[form]):
        workflow.swap(raw=table, target="y").run("rows", progress=False, checkpoints=False)


def test_a_target_of_numbers_that_are_read_as_texts_is_named():
    table = pd.DataFrame({"x": DRAWS.random(60), "y": [f"{n % 30} %" for n in range(60)]}).astype({"y": "str"})
    with pytest.warns(UserWarning, match="'y' is predicted as classes because of cells such as '0 %'"):
        workflow.swap(raw=table, target="y").run("rows", progress=False, checkpoints=False)


def test_a_table_of_the_target_alone_is_refused_in_a_sentence():
    with pytest.raises(DataError, match="there is no column to learn from"):
        workflow.swap(raw=pd.DataFrame({"y": ["a", "b"] * 20}), target="y").run("rows", progress=False, checkpoints=False)


DURATION = pd.to_timedelta([60_390, 5], unit="s")


@pytest.mark.parametrize(
    "cells",
    [pd.Series(DURATION, dtype=object), pd.Series(DURATION, dtype="duration[us][pyarrow]"), pd.Series(["60390.0", "5"]),
     pd.Series([60_390, 5.0]), pd.Series(DURATION.to_pytimedelta(), dtype=object), pd.Series(["16:46:30", "0:00:05"])],
    ids=["objects of pandas", "Arrow", "seconds as texts", "seconds", "objects of Python", "hours"],
)  # fmt: skip
def test_a_duration_is_read_from_every_form(cells):
    read = as_type(cells, "duration")
    assert read.dtype == "m8[us]"
    assert read.tolist() == DURATION.tolist()


@pytest.mark.parametrize("write", [str, lambda waited: f"PT{int(waited.total_seconds())}.5S"], ids=["pandas", "ISO 8601"])
def test_a_column_of_durations_is_one_in_a_file_too(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    waited = pd.Series(pd.to_timedelta(DRAWS.integers(1, 10**6, 80), unit="s"))
    table = pd.DataFrame({"waited": waited.map(write), "y": np.where(waited > pd.Timedelta("5D"), "long", "short")})
    table.to_csv("table.csv", index=False)
    assert read_table("table.csv").waited.dtype == "m8[us]"
    table.assign(waited="").to_csv("empty.csv", index=False)
    assert read_table(["empty.csv", "table.csv"]).waited.dtype == "m8[us]"
    Path("iris.toml").write_text('source = "table.csv"\ntarget = "y"\nprogress = false\n')
    model = workflow.run("model")["model"]
    save(model, "model.skops")
    expected = predict(table.drop(columns="y"), model).y.tolist()
    client = TestClient(create_app(load_live_model(Path("model.skops"))))
    for values in table.waited.tolist(), table.waited.map(pd.Timedelta).dt.total_seconds().tolist():
        answered = client.post("/v1/predict", json={"rows": [{"waited": value} for value in values]})
        assert [answer["label"] for answer in answered.json()["answers"]] == expected
    wrong = client.post("/v1/predict", json={"rows": [{"waited": "soon"}]})
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "column 'waited', row 0: 'soon' is not a duration")


def test_a_category_that_is_a_whole_number_is_the_same_in_every_form(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    grades = pd.Series(["1", "2", "3+"] * 20, dtype="str")
    table = pd.DataFrame({"x": DRAWS.random(60), "grade": grades, "y": grades.map({"1": "a", "2": "b", "3+": "c"})})
    other = workflow.swap(raw=table, target="y", default_estimator=True, feature_names=[], classes=[])
    model = other.run("model", progress=False, checkpoints=False)["model"]
    new = pd.DataFrame({"x": [0.1, 0.2, 0.3], "grade": [1.0, 2.0, 1.0]})
    new.to_csv("new.csv", index=False)
    new.to_parquet("new.parquet")
    given = [new, read_table("new.csv"), read_table("new.parquet"), new.assign(grade=["1", "2.0", "1"])]
    assert [predict(rows, model).y.tolist() for rows in given] == [["a", "b", "a"]] * 4


CODES = {
    "letters": [f"P-{n:04}" for n in range(40)],
    "a year": [f"2024-{n:05}" for n in range(40)],
    "addresses": [f"{name}{n}@example.org" for name in "abcd" for n in "klmnopqrst"],
    "many digits": [f"{4_000_000_000_000_000 + 7919 * n}" for n in range(40)],
    "zeros": [f"{n:05}" for n in range(40)],
}
NO_CODES = {
    "names": [f"ward {n}" for n in range(40)],
    "numbers": [f"{n / 7 - 3}" for n in range(40)],
    "whole numbers": [f"{7 * n - 99}" for n in range(40)],
    "shares": [f"{n}/40" for n in range(40)],
    "dates": [f"2026-0{n // 28 + 1}-{n % 28 + 1:02}" for n in range(40)],
    "the same twice": [f"P-{n // 2:04}" for n in range(40)],
}


@pytest.mark.parametrize("form", [*CODES, *NO_CODES])
def test_a_code_for_each_row_is_told_from_what_is_none(form):
    assert names_rows(pd.Series({**CODES, **NO_CODES}[form], dtype="str")) == (form in CODES)
