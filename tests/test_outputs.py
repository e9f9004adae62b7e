"""What others read: no passwords, no formulas that a spreadsheet would run, and a sentence if a source cannot be reached."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from iris_ml.base.errors import IrisError, hide_passwords
from iris_ml.batch.report import report
from iris_ml.io.readers import escape_formula, escape_formulas
from iris_ml.production import workflow
from tests.fork_server import FORKED_PYTHON

COMMAND = [*FORKED_PYTHON, Path(sys.executable).with_name("iris_ml")]
NOBODY = "127.0.0.1:9"  # where nobody listens


def typed(folder, *words, **environment):
    """Type a command in a folder, with further variables of the environment."""
    command = [*COMMAND, *map(str, words)]
    return subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True)


@pytest.fixture
def run(tmp_path):
    """A function that types a command in an empty folder."""
    return partial(typed, tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a model."""
    folder = tmp_path_factory.mktemp("trained")
    typed(folder, "run", "--quiet")
    return folder


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://ada:hunter2@host/rows.csv", "http://ada:...@host/rows.csv"),
        ("postgresql://ada:hun@ter2@host:5432/runs", "postgresql://ada:...@host:5432/runs"),
        ("http://:hunter2@host", "http://:...@host"),
        ("see http://ada:hunter2@a/x and http://bob:hunter2@b/y", "see http://ada:...@a/x and http://bob:...@b/y"),
        ('{"source": "http://ada:hunter2@host", "n": 1}', '{"source": "http://ada:...@host", "n": 1}'),
        ("https://host/x.csv?sig=hunter2&page=3", "https://host/x.csv?sig=...&page=3"),
        ("https://host/x.csv?page=3&X-Amz-Signature=hunter2", "https://host/x.csv?page=3&X-Amz-Signature=..."),
        ("http://host:8000/a@b.csv", "http://host:8000/a@b.csv"),
        ("http://ada@host/x.csv", "http://ada@host/x.csv"),
        ("no address, but a time: 12:30@noon", "no address, but a time: 12:30@noon"),
    ],
)
def test_the_passwords_and_keys_of_addresses_are_hidden(text, shown):
    assert hide_passwords(text) == shown
    assert str(IrisError(text, text)) == f"{shown}: {shown}."


@pytest.mark.parametrize("words", [["run"], ["settings"], ["runs"], ["data"], ["ui", "--sync-only"]], ids=" ".join)
def test_a_password_in_a_setting_is_written_nowhere(run, tmp_path, words):
    secret = {
        "IRIS_ML_SOURCE": f"http://ada:hunter2@{NOBODY}/rows.csv",
        "IRIS_ML_TRACKING": f"http://ada:hunter2@{NOBODY}?token=hunter2",
    }
    run("run", **secret)
    ended = run(*words, **secret)
    assert "hunter2" not in ended.stdout + ended.stderr
    assert [file for file in tmp_path.rglob("*") if file.is_file() and b"hunter2" in file.read_bytes()] == []


def test_the_record_of_a_run_that_succeeds_holds_no_password(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="no server accepts connections at http://ada:...@"):
        done = workflow.swap(tracking=f"http://ada:hunter2@{NOBODY}").run(progress=False)
    (record,) = Path(".iris_ml/records").glob("*.json")
    assert json.loads(record.read_text())["settings"]["tracking"] == f"http://ada:...@{NOBODY}"
    with pytest.warns(UserWarning, match="no server accepts"):
        workflow.swap(tracking=f"http://ada:hunter2@{NOBODY}").run(progress=False)
    assert done.record.id
    assert [file for file in tmp_path.rglob("*") if file.is_file() and b"hunter2" in file.read_bytes()] == []


@pytest.mark.parametrize(
    "source",
    [
        f"http://ada:hunter2@{NOBODY}/rows.csv",
        f"http://{NOBODY}/parts/*.csv",
        f"http://{NOBODY}/rows.parquet",
        f"ftp://{NOBODY}/rows.csv",
        "gopher://host/rows.csv",
        "http://no.such.host.invalid/rows.csv",
        "http://[::1/rows.csv",
        "nowhere.csv",
    ],
)
@pytest.mark.parametrize("command", ["run", "predict", "report"])
def test_a_source_that_cannot_be_reached_is_a_sentence(run, trained, command, source):
    ended = run("run", IRIS_ML_SOURCE=source) if command == "run" else typed(trained, command, source)
    assert ended.returncode == 2
    (sentence,) = ended.stderr.splitlines()
    assert sentence.startswith(f"iris_ml: {hide_passwords(source)}: ")


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "+49 30 123"])
def test_a_cell_that_a_spreadsheet_would_run_is_escaped(cell):
    assert escape_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-1", "+1.5", "-1e-5", "-12,5", "-3%", "-", "+", "=", "a=b", "", 3, -1.5, None, True])
def test_any_other_cell_stays_as_it_is(cell):
    assert escape_formula(cell) is cell


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_cells_of_every_type_of_text_are_escaped(dtype):
    table = pd.DataFrame({"=note": ["=1", None, "fine"], "x": [-1, 2, 3]}, index=[3, 4, 5]).astype({"=note": dtype})
    escaped = escape_formulas(table)
    assert escaped.to_csv(index=False) == "'=note,x\n'=1,-1\n,2\nfine,3\n"
    assert escaped.x.equals(table.x)


ROWS = "id,sepal_length,sepal_width,petal_length,petal_width\n=1+1,5.1,3.5,1.4,0.2\n-7,6.7,3.0,5.2,2.3\n"


def test_predictions_are_written_for_spreadsheets(run, tmp_path):
    (tmp_path / "rows.csv").write_text(ROWS)
    settings = {"IRIS_ML_PASSTHROUGH": '["id"]'}
    run("run", "--quiet", **settings)
    for words, cell in ([], "'=1+1"), (["--raw"], "=1+1"):
        assert run("predict", "rows.csv", "--to", "answers.csv", *words, **settings).returncode == 0
        assert pd.read_csv(tmp_path / "answers.csv").id.tolist() == [cell, "-7"]
        assert run("report", "rows.csv", *words, **settings).returncode == 0
        assert pd.read_csv(tmp_path / "report_predictions.csv").id.tolist() == [cell, "-7"]


def test_refused_rows_are_written_for_spreadsheets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS.replace("id,", "").replace("=1+1,", "").replace("-7,", "") + "=cmd,3.0,5.2,2.3\n")
    model = workflow.run("model", progress=False, checkpoints=False)["model"]
    for raw, cell in (False, "'=cmd"), (True, "=cmd"):
        made = report("rows.csv", "report.html", model, raw=raw)
        assert pd.read_csv(made.refused).sepal_length.tolist() == [cell]
