"""A workbook gives the rows that its CSV file gives, on every surface; a damaged one is refused in a sentence."""

import io
import zipfile
from datetime import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from openpyxl import Workbook, load_workbook
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from typer.testing import CliRunner

from iris_ml.base.errors import DataError
from iris_ml.batch.drift_report import report_drift
from iris_ml.batch.report import report
from iris_ml.cli.commands import application
from iris_ml.io.locations import expand_locations
from iris_ml.io.readers import read_cells, read_table
from iris_ml.models.model_file import load, save
from iris_ml.models.predictor import predict
from iris_ml.production import workflow

DRAWS = np.random.default_rng(0)
PEOPLE = pd.DataFrame(
    {
        "number": [f"{place:04}" for place in range(120)],
        "age": DRAWS.integers(20, 80, 120),
        "weight": DRAWS.normal(70, 9, 120).round(2),
        "town": DRAWS.choice(["Namibia", "NA", "Oslo"], 120),
        "joined": pd.Timestamp("2020-01-01") + pd.to_timedelta(DRAWS.integers(0, 900, 120), unit="D"),
        "seen": pd.Timestamp("2026-01-01 08:30") + pd.to_timedelta(DRAWS.integers(0, 900, 120), unit="min"),
        "smokes": DRAWS.random(120) < 0.5,
    }
)
PEOPLE.loc[[3, 8], ["weight", "joined"]] = None
PEOPLE["ill"] = np.where(PEOPLE.age > 50, "yes", "no")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PEOPLE.to_csv("people.csv", index=False)
    PEOPLE.to_excel("people.xlsx", index=False)
    Path("iris.toml").write_text('source = "people.xlsx"\ntarget = "ill"\npassthrough = ["number"]\n')


def test_a_workbook_gives_the_rows_of_its_csv_file():
    assert read_table("people.xlsx").equals(read_table("people.csv"))
    one, other = (
        workflow.swap(source=f"people.{kind}").run("features", progress=False)["features"] for kind in ("xlsx", "csv")
    )
    assert one.equals(other)


def test_every_command_takes_a_workbook():
    typed = CliRunner().invoke
    assert typed(application, ["run", "--quiet"]).exit_code == 0
    model = load(".iris_ml/model.skops")
    assert typed(application, ["predict", "people.xlsx", "--to", "answers.csv"]).exit_code == 0
    assert read_cells("answers.csv").number.tolist() == PEOPLE.number.tolist()
    assert read_table("answers.csv").ill.tolist() == predict(PEOPLE, model).ill.tolist()
    assert report("people.xlsx", "x.html").summary.labels == report("people.csv", "c.html").summary.labels
    assert not report_drift(["people.xlsx"]).drift.drifted.any()


def test_an_edited_workbook_is_read_again():
    first = workflow.run("raw", progress=False)
    assert workflow.run("raw", progress=False).results["raw"].how == "reused"
    PEOPLE.head(100).to_excel("people.xlsx", index=False)
    again = workflow.run("raw", progress=False)
    assert (len(first["raw"]), len(again["raw"])) == (120, 100)


def made(**sheets):
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save("made.xlsx")


def test_the_first_sheet_is_read_or_the_one_that_is_named():
    made(one=[["a"], [1]], two=[[], ["b", "c"], [2, "x"], [], [None, "y"]])
    assert read_table("made.xlsx").to_dict("list") == {"a": [1]}
    two = read_table("made.xlsx", reader={"sheet": "two"})
    assert two.c.tolist() == ["x", "y"]
    with pytest.raises(DataError, match=r"there is no sheet 'three'; choose from one, two"):
        read_table("made.xlsx", reader={"sheet": "three"})
    made(hidden=[["a"], [1]], shown=[["b"], [2]])
    book = load_workbook("made.xlsx")
    book["hidden"].sheet_state = "hidden"
    book.save("made.xlsx")
    assert read_table("made.xlsx").to_dict("list") == {"b": [2]}


def test_times_and_formulas_are_texts_and_values():
    made(one=[["at", "sum"], [time(8, 30), "=1+1"], [time(9), 3]])
    assert read_cells("made.xlsx")["at"].tolist() == ["08:30:00", "09:00:00"]
    assert read_table("made.xlsx")["sum"].isna().tolist() == [True, False], "Excel has not computed it yet"


def test_a_table_may_begin_beside_the_first_column_and_hold_errors_of_formulas():
    made(one=[[], [None, "a", "b"], [None, 1, "#DIV/0!"], [None, 2, 4.5]])
    table = read_table("made.xlsx")
    assert table.a.tolist() == [1, 2]
    assert table.b.isna().tolist() == [True, False]


def bomb():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 50_000_000)
    return packed.getvalue()


def changed(name, content):
    """A workbook with another part."""
    packed = io.BytesIO()
    with zipfile.ZipFile("people.xlsx") as archive, zipfile.ZipFile(packed, "w") as other:
        for part in archive.namelist():
            other.writestr(part, content if part == name else archive.read(part))
    return packed.getvalue()


FAULTS = {
    "half of it": (
        lambda: Path("people.xlsx").read_bytes()[:3_000],
        "this is not an Excel workbook, or it has a password",
    ),
    "an old workbook or a password": (lambda: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(999), "or it has a password"),
    "a text": (lambda: b"a,b\n1,2\n", "this is not an Excel workbook"),
    "a bomb": (bomb, "it would unpack to 50 MB"),
    "a sheet that is no XML": (lambda: changed("xl/worksheets/sheet1.xml", b"<no"), "the workbook is damaged"),
    "a list of sheets that is no XML": (lambda: changed("xl/workbook.xml", b""), "the workbook is damaged"),
    "an archive of something else": (lambda: changed("[Content_Types].xml", b"<Types/>"), "the workbook is damaged"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_workbook_is_refused_by_every_surface(fault):
    content, sentence = FAULTS[fault]
    plain = PEOPLE[["age", "ill"]]
    model = workflow.swap(raw=plain, target="ill", estimator=make_pipeline(LogisticRegression()), passthrough=[])
    save(model.run("model", progress=False)["model"], ".iris_ml/model.skops")
    Path("bad.xlsx").write_bytes(content())
    for of_rows in (
        lambda: read_table("bad.xlsx"),
        lambda: workflow.swap(source="bad.xlsx").run("raw", progress=False),
        lambda: report("bad.xlsx", "report.html"),
        lambda: report_drift(["bad.xlsx"]),
    ):
        with pytest.raises(DataError, match=sentence):
            of_rows()
    assert isinstance(CliRunner().invoke(application, ["predict", "bad.xlsx"]).exception, DataError)
    assert not Path("report.html").exists()


HEADERS = {
    "no rows": ([["a", "b"]], "there are no rows"),
    "nothing": ([], "there are no rows"),
    "a name twice": ([["a", "a"], [1, 2]], "duplicate column 'a'"),
    "a column without a name": ([["a", None, "c"], [1, 2, 3]], "column 2 has no name"),
    "a cell beside the table": ([["a"], [1, None, "see below"]], "the header has 1 cells, and row 2 has more"),
    "a cell before the table": ([[None, "a"], ["see below", 1]], "the header has 1 cells, and row 2 has more"),
    "a cell below an empty row": ([["a"], [1], [], [2, "see below"]], "the header has 1 cells, and row 4 has more"),
}


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_does_not_fit_is_refused(header):
    rows, sentence = HEADERS[header]
    made(one=rows)
    with pytest.raises(DataError, match=sentence):
        read_table("made.xlsx")


def test_the_lock_of_an_open_workbook_is_no_table():
    Path("books").mkdir()
    PEOPLE.to_excel("books/people.xlsx", index=False)
    Path("books/~$people.xlsx").write_bytes(b"ada")
    assert [Path(place).name for place in expand_locations("books")] == ["people.xlsx"]


class Frame:
    """A table of another library, which gives its columns to Arrow."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("library", [lambda table: table, Frame], ids=["Arrow", "another"])
def test_a_table_of_another_library_gives_the_same_predictions(library):
    table = pa.Table.from_pandas(PEOPLE, preserve_index=False)
    flow = workflow.swap(target="ill", passthrough=["number"])
    expected, run = (flow.swap(raw=raw).run(progress=False) for raw in (PEOPLE, library(table)))
    assert run["predictions"].equals(expected["predictions"])
    assert predict(library(table.drop_columns(["ill"])), expected["model"]).equals(expected["predictions"])


@pytest.mark.parametrize("above", [[["Sales"], ["of", "2026"]], [["Sales", "of", "2026"], []]])
def test_the_row_of_the_header_is_set(above):
    made(one=[*above, ["a", "b"], [1, "x"], [2, "y"]])
    assert read_table("made.xlsx", reader={"header": "3"}).to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
    with pytest.raises(DataError, match=r"no column is named in line 6 or below; set 'reader\.header'"):
        read_table("made.xlsx", reader={"header": "6"})
    made(one=[[1, "x"], [2, "y"]])
    assert read_table("made.xlsx", reader={"header": "none"}).to_dict("list") == {
        "column 1": [1, 2],
        "column 2": ["x", "y"],
    }
