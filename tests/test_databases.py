"""The result of a query is a table like any other, on every surface: its content counts, and no password is shown."""

import os
import sqlite3
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine
from typer.testing import CliRunner

from iris_ml.base.errors import DataError
from iris_ml.batch.report import report
from iris_ml.cli.commands import application
from iris_ml.io.readers import read_cells, read_table
from iris_ml.models.model_file import load
from iris_ml.models.predictor import predict
from iris_ml.production import workflow
from torture import records as torture

DRAWS = np.random.default_rng(0)
PEOPLE = pd.DataFrame({"age": DRAWS.integers(20, 80, 150), "weight": DRAWS.normal(70, 9, 150).round(2)})
PEOPLE["town"] = DRAWS.choice(["Oslo", "NA", "Rome"], 150)
PEOPLE["ill"] = np.where(PEOPLE.age > 50, "yes", "no")
PEOPLE.loc[4, "weight"] = None
ALL = "sqlite:///people.db#select * from people order by rowid"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keep(PEOPLE)
    Path("iris.toml").write_text(f'source = "{ALL}"\ntarget = "ill"\n')


def keep(table):
    with closing(sqlite3.connect("people.db")) as database:
        table.to_sql("people", database, if_exists="replace", index=False)
    earlier = time.time() - 1  # of a library, a file of the last hundredth of a second counts as written
    os.utime("people.db", (earlier, earlier))


@pytest.mark.parametrize("source", ["sqlite:///people.db#people", ALL])
def test_a_table_or_a_query_gives_the_rows(source):
    rows = read_table(source)
    assert rows.astype({"weight": float}).equals(PEOPLE.astype({"age": "int64", "town": "str", "ill": "str"}))


def test_every_command_takes_a_query():
    typed = CliRunner().invoke
    assert typed(application, ["run", "--quiet"]).exit_code == 0
    model = load(".iris_ml/model.skops")
    query = "sqlite:///people.db#select age, weight, town from people order by rowid"
    assert typed(application, ["predict", query, "--to", "answers.csv"]).exit_code == 0
    assert read_cells("answers.csv").ill.tolist() == predict(PEOPLE, model).ill.tolist()
    assert report(ALL, "report.html").summary.labels.rows == 150
    assert typed(application, ["monitor", ALL]).exit_code == 0


def test_a_result_is_reused_until_the_content_changes():
    run = workflow.run("raw", progress=False)
    assert workflow.run("raw", progress=False).results["raw"].how == "reused"
    keep(PEOPLE.assign(age=PEOPLE.age + 1))
    again = workflow.run("raw", progress=False)
    assert again.results["raw"].how == "computed"
    assert (again["raw"].age == run["raw"].age + 1).all()


def test_an_unchanged_run_is_not_answered_from_an_older_content():
    typed = CliRunner().invoke
    assert "150" in typed(application, ["run"]).output
    keep(PEOPLE.head(100))
    assert "100 rows" in typed(application, ["run"]).output


FAULTS = {
    "sqlite:///people.db": "the address of the database is followed by no query",
    "postgresql://ada:hunter2@127.0.0.1:9/db": r"as in postgresql://ada:\.\.\.@127.0.0.1:9/db#sales",
    "sqlite:///people.db#animals": r"\(sqlite3.OperationalError\) no such table: animals; correct the address or the query",
    "sqlite:///people.db#select age from": "incomplete input",
    "sqlite:///nothing.db#people": "No such file or directory",
    "sqlite:///iris.toml#people": "file is not a database",
    "postgresql://ada:hunter2@127.0.0.1:9/db#people": r"postgresql://ada:\.\.\.@127.0.0.1:9/db#people: the table cannot be read",
    "oracle://ada@127.0.0.1:9/db#people": r"the package '\w+' is not installed; type: pip install",
    "sqlite:///people.db#select * from people where age > 200": "there are no rows",
    "sqlite:///people.db#select age, age from people": "duplicate column 'age'; give it another name with `as`",
}


@pytest.mark.parametrize("source", FAULTS)
def test_a_query_that_fails_is_a_sentence_and_leaves_nothing(source):
    before = {path.name for path in Path().iterdir()}
    with pytest.raises(DataError, match=FAULTS[source]) as caught:
        read_cells(source)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert {path.name for path in Path().iterdir()} == before


WRITING = [
    "delete from people where age > 0",
    "drop table people",
    "pragma user_version = 7",
    "attach 'other.db' as other",
    "/* all */ update people set age = 0",
    "with some as (select 1) delete from people",
]


@pytest.mark.parametrize("query", WRITING)
def test_nothing_is_written_by_a_query(query):
    before = Path("people.db").read_bytes()
    with pytest.raises(DataError):
        read_cells(f"sqlite:///people.db#{query}")
    assert Path("people.db").read_bytes() == before
    assert not Path("other.db").exists()


def test_each_of_several_queries_is_reused():
    for query in ["people", "select age, ill from people where age > 30"] * 2:
        kept = [
            workflow.swap(source=[f"sqlite:///people.db#{query}"]).run("raw", progress=False).results["raw"]
            for _ in range(2)
        ]
        assert (kept[0].note, kept[1].how) == ("", "reused")


SALES = """
create table shop.sales (id uuid, day date, at timestamp, price numeric(9, 2), sold boolean, pieces smallint, kind text);
insert into shop.sales
select ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, date '2026-01-01' + n,
    timestamp '2026-01-01 08:30' + n * interval '1 hour', n * 1.25, n % 2 = 0, nullif(n, 7), '50 %'
from generate_series(1, 60) n
"""


@pytest.mark.skipif(not torture.postgresql_is_there(), reason="PostgreSQL is not installed: apt-get install postgresql")
def test_the_types_of_postgresql_are_read():
    with torture.postgresql() as address:
        engine = create_engine(address)
        with engine.begin() as connection:
            connection.exec_driver_sql("create schema shop")
            connection.execution_options(no_parameters=True).exec_driver_sql(SALES)
        cells = read_cells(f"{address}#shop.sales")
        assert cells.id[0] == str(UUID(int=1))
        assert cells.price.tolist()[:2] == [Decimal("1.25"), Decimal("2.50")]
        rows = read_table(
            f"{address}#select day, at, price, sold, pieces from shop.sales where kind like '50 %' and at::text like '%:30%'"
        )
        assert [kind.kind for kind in rows.dtypes] == ["M", "M", "f", "b", rows.pieces.dtype.kind]
        assert rows.pieces.isna().sum() == 1
        run = workflow.swap(source=[f"{address}#shop.sales"], target="sold", passthrough=["id"]).run(progress=False)
        assert len(run["predictions"]) == 60
        secret = address.replace("ada@", "ada:hunter2@")
        assert workflow.swap(source=[f"{secret}#shop.sales"], target="sold", passthrough=["id"]).run(progress=False)[
            "scores"
        ]
    kept = [path.read_bytes() for path in Path(".iris_ml").rglob("*") if path.is_file()]
    assert len(kept) > 5
    assert not any(b"hunter2" in content for content in kept)
