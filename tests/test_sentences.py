"""What a command says is true: one sentence, before anything is computed, and an exit code that a script can read."""

import json
import re
import shlex
import socket
import subprocess
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import typer
from fastapi.testclient import TestClient
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from typer.testing import CliRunner

from iris_ml import IrisError, save
from iris_ml.api.routes import create_app
from iris_ml.base.settings import read_settings
from iris_ml.cli.commands import application
from iris_ml.io.locations import package_file
from iris_ml.io.readers import read_table
from iris_ml.models.champion import ChampionInfo, roll_back, set_champion
from iris_ml.models.live_model import load_live_model
from iris_ml.models.model_file import model_version, store_model
from iris_ml.models.promotion import drifted_columns
from iris_ml.models.request_log import RequestLog, read_requests
from iris_ml.production import workflow
from iris_ml.tracking.records import Records
from tests.fork_server import FORKED_PYTHON

ROWS = "sepal_length,sepal_width,petal_length,petal_width\n5.0,3.0,1.4,0.2\n"


@pytest.fixture
def iris_ml_process():
    """A function that runs Python in a process of its own."""
    return lambda *words: subprocess.run([*FORKED_PYTHON, *words], capture_output=True, text=True, check=False)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def typed(*words):
    return CliRunner().invoke(application, [*map(str, words)])


def refused(*words):
    ended = typed(*words)
    assert isinstance(ended.exception, IrisError), ended.output
    return str(ended.exception)


@pytest.mark.parametrize("command", ["serve", "app", "ui"])
def test_a_port_that_is_taken_is_said_before_anything_starts(command):
    save(workflow.run("model", progress=False)["model"], ".iris_ml/model.skops")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert refused(command, "--port", port) == (
            f"127.0.0.1, port {port}: no server can listen there: Address already in use; choose another --port or --host."
        )


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_computed(monkeypatch):
    Path("file").write_text("")
    sentence = "no file can be written there: it is a file; choose another folder."
    monkeypatch.setenv("IRIS_ML_STORE", "file/store")
    for words in ["run"], ["promote"], ["retrain"], ["ui", "--sync-only"]:
        assert refused(*words) == f"the folder file/store: {sentence}"
    monkeypatch.delenv("IRIS_ML_STORE")
    monkeypatch.setenv("IRIS_ML_MODEL_FILE", "file/model.skops")
    for words in ["run"], ["promote"], ["retrain"], ["compile"]:
        assert refused(*words) == f"the folder file: {sentence}"
    monkeypatch.delenv("IRIS_ML_MODEL_FILE")
    assert refused("report", "none.csv", "--predictions", "file/answers.csv") == f"the folder file: {sentence}"
    assert refused("new", "file/metals") == f"the folder {Path.cwd()}/file/metals: {sentence}"
    assert not Path(".iris_ml/checkpoints").exists()
    for command in (["predict", "none.csv"], ["report", "none.csv"], ["monitor", "none.csv"]):
        assert refused(*command, "--to", "file/there/answers.html") == f"the folder file/there: {sentence}"


def test_two_equal_runs_do_not_differ():
    one, other = (workflow.run(progress=False).record.id[-8:] for _ in range(2))
    assert typed("runs", one, other).output == f"Nothing differs between the runs {one} and {other}.\n"
    changed = workflow.swap(seed=1).run(progress=False).record.id[-8:]
    assert "seed" in typed("runs", one, changed).output


def test_runs_of_checks_do_not_fill_the_list():
    assert typed("run", "--quiet").exit_code == 0
    assert typed("check", "reuse").exit_code == 0
    listed = typed("runs").output
    assert listed.count("\n") == 5, listed  # a title, the names, a line, one run, and where the others are
    assert "1 run of checks: iris_ml runs kind=check" in listed
    assert "check" in typed("runs", "kind=check").output.splitlines()[3]


def test_the_size_of_a_model_is_that_of_the_model():
    model = workflow.run("model", progress=False)["model"]
    save(model, ".iris_ml/model.skops")
    file = Path(".iris_ml/model.skops")
    assert load_live_model(file).cost["file_bytes"] == file.stat().st_size


def test_a_sample_can_be_predicted():
    assert typed("run", "--quiet").exit_code == 0
    Path("new.csv").write_text(typed("sample").output)
    assert typed("predict", "new.csv", "--to", "answers.csv").exit_code == 0
    answers = pd.read_csv("answers.csv", keep_default_na=False)
    assert len(answers) == 12
    assert (answers.out_of_domain == "").all()


def test_a_sample_has_the_rows_as_the_table_of_the_workflow_has_them():
    table = {"tail (cm)": [3, 4, 6, 5] * 10, "seen on": ["2026-03-01", "2026-04-02"] * 20, "id": [f"00{n}" for n in range(40)]}
    pd.DataFrame(table).assign(kind=["newt", "frog"] * 20, note="").to_csv("animals.csv", index=False)
    own = 'source = "animals.csv"\ntarget = "kind"\npassthrough = ["id", "note"]\nsplit_by = "random"\n'
    Path("iris.toml").write_text(f'{own}[rename]\n"tail (cm)" = "tail"\n')
    assert typed("run", "--quiet").exit_code == 0
    Path("new.csv").write_text(typed("sample").output)
    assert Path("new.csv").read_text().startswith("tail (cm),seen on,id,note\n")
    assert typed("predict", "new.csv", "--to", "answers.csv").exit_code == 0
    assert pd.read_csv("answers.csv", dtype=str).id.str.startswith("00").all()


def test_predictions_stand_before_their_rows_and_name_what_is_out_of_the_training_domain(monkeypatch):
    assert typed("run", "--quiet").exit_code == 0
    Path("new.csv").write_text(ROWS)
    names, _, row = typed("predict", "new.csv").output.splitlines()[1:]
    assert names.split() == ["species", "probability", *ROWS.partition("\n")[0].split(",")]
    assert row.split()[2:] == ["5.0", "3.0", "1.4", "0.2"]
    Path("new.csv").write_text(f"{ROWS}5.0,3.0,1.4,99\n")
    assert typed("predict", "new.csv").output.splitlines()[4].split()[2:4] == ["petal_width", "5.0"]
    assert typed("predict", "new.csv", "--to", "answers.csv").exit_code == 0
    assert pd.read_csv("answers.csv", keep_default_na=False).out_of_domain.tolist() == ["", "petal_width"]
    monkeypatch.setattr("iris_ml.cli.commands.terminal_width", lambda: 50)
    shown = typed("predict", "new.csv").output.splitlines()
    assert shown[1].split() == ["species", "probability", "out_of_domain"]
    assert shown[-1] == "and 4 more columns; --to FILE writes all of them"


def test_a_ragged_line_is_put_aside_and_the_others_are_predicted(capfd):
    assert typed("run", "--quiet").exit_code == 0
    Path("new.csv").write_text(f"{ROWS}1,2,3,4,5\n5.1,3.0,1.4,0.2\n")
    assert typed("predict", "new.csv", "--to", "answers.csv").exit_code == 3
    assert pd.read_csv("answers.csv").sepal_length.tolist() == [5.0, 5.1]
    refused = pd.read_csv("answers_refused.csv").iloc[0]
    assert refused.place_in_file == "line 3"
    assert refused.refused_because == "the header has 4 cells, and this line has 5: '1,2,3,4,5'"


def test_the_help_of_each_command_has_examples_that_can_be_typed():
    for name, command in typer.main.get_command(application).commands.items():
        assert "Example" in typed(name, "--help").output
        for example in filter(None, command.epilog.splitlines()[1:]):
            program, named, *words = shlex.split(example.partition(" > ")[0])
            assert (program, named) == ("iris_ml", name)
            command.make_context(name, words)  # an error for words that the command does not take


def test_a_report_says_how_many_rows_it_refused(capfd):
    assert typed("run", "--quiet").exit_code == 0
    rows = typed("sample").output.splitlines()
    Path("new.csv").write_text("\n".join([*rows, "long,3,1,0.2"]))
    ended = typed("report", "new.csv")
    assert ended.exit_code == 3
    assert f"1 of {len(rows)} rows are refused; report_refused.csv has the reasons." in ended.output


def test_a_report_names_its_model_and_its_scores_at_training_beside_those_of_now():
    assert typed("run", "--quiet").exit_code == 0
    read_table(package_file("package:iris.csv")).to_csv("flowers.csv", index=False)
    assert typed("report", "flowers.csv").exit_code == 0
    summary, version = json.loads(Path("report.json").read_text()), model_version(".iris_ml/model.skops")
    (record,) = Records(read_settings().records).summaries()
    assert (summary["model"], summary["training"]["record"], summary["training"]["scores"]) == (version, record.id, record.scores)
    page = re.sub(r"<[^>]*>", " ", Path("report.html").read_text())
    by = rf"by run {record.id[-8:]} on package:iris.csv, version {record.data[0]}"
    assert re.search(rf"Model {version}, trained \S+ \S+ UTC {by}", page)
    now = f"{summary['labels']['accuracy']:.3f}"
    assert re.search(rf"at training\s+now\s+accuracy\s+1.000 \(0.921 to 1.000\)\s+{now} \(", page)


def test_the_first_rows_of_a_report_have_the_numbers_of_the_file_and_the_probability_of_their_label():
    assert typed("run", "--quiet").exit_code == 0
    Path("new.csv").write_text(f"{ROWS}long,3.0,1.4,0.2\n5.1,3.0,1.4,99\n")
    assert typed("report", "new.csv").exit_code == 3
    page = Path("report.html").read_text()
    table = page.partition("All rows")[2].partition("</table>")[0].replace("</tr>", "\n")
    names, *rows, _ = re.sub(r"(<[^>]*>)+", " ", table).splitlines()
    assert names.split()[:5] == ["row", "species", "probability", "out_of_domain", "sepal_length"]
    assert [row.split()[:2] for row in rows] == [["line", "2"], ["line", "4"]]
    assert rows[1].split()[4] == "petal_width"
    assert "line 4, petal_width" in page, "an outlier is named in the same way"
    assert "line 3" in Path("report_refused.csv").read_text()


def test_a_missing_source_is_a_sentence_in_a_notebook_too():
    cell = "from iris_ml.production import workflow\nworkflow.swap(source='nowhere.csv').run(progress=False)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    with pytest.raises(CellExecutionError):
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = notebook.cells[0].outputs[-1]["traceback"]
    assert shown[0].startswith("DataError: nowhere.csv: the table cannot be read")
    assert len(shown) <= 3


def test_the_api_has_names_that_a_generated_client_can_be_read_with():
    save(workflow.run("model", progress=False)["model"], "model.skops")
    client = TestClient(create_app(load_live_model(Path("model.skops"))))
    document = client.get("/openapi.json").json()
    operations = {path: next(iter(ways.values())) for path, ways in document["paths"].items()}
    names = {path: operation["operationId"] for path, operation in operations.items()}
    assert names.pop("/v1/model") == "describe_model"
    assert names == {"/v1/predict": "predict", "/v1/explain": "explain", "/livez": "livez", "/readyz": "readyz"}
    assert all(operation["summary"] and operation["description"] for operation in operations.values())
    described = client.get("/v1/model").json()
    assert described.keys() == document["components"]["schemas"]["ModelDescription"]["properties"].keys()
    assert "golden" not in described
    assert client.get("/", follow_redirects=False).headers["location"] == "/docs"


OWN = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class First(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))
"""


def test_the_line_that_a_refusal_names_is_the_one_that_helps(iris_ml_process):
    Path("own.py").write_text(OWN)
    script = "import own\nfrom iris_ml import save\nfrom iris_ml.production import workflow\n"
    script += "save(workflow.swap(estimator=own.First()).run(progress=False)['model'], '.iris_ml/model.skops')\n"
    refusal = iris_ml_process("-c", script).stderr
    line = refusal.partition("write in iris.toml: ")[2].strip().rstrip(".")
    assert line == 'trusted_types = ["own.First"]'
    Path("iris.toml").write_text(line)
    assert iris_ml_process("-c", script).returncode == 0
    loading = "from iris_ml import load\nprint(type(load('.iris_ml/model.skops').estimator).__name__)"
    assert iris_ml_process("-c", loading).stdout == "First\n"
    Path("new.csv").write_text(ROWS)
    predicting = "import sys; sys.path = [each for each in sys.path if each]\nfrom iris_ml.cli.commands import main; main()"
    ended = iris_ml_process("-c", predicting, "predict", "new.csv")
    assert ended.returncode == 0, ended.stderr
    Path("own.py").unlink()
    ended = iris_ml_process("-c", predicting, "predict", "new.csv")
    assert ended.returncode == 2
    assert "it needs the module 'own', which cannot be imported; install it, or run where its file lies." in ended.stderr


def test_a_rollback_after_the_first_promotion_has_nothing_to_go_back_to():
    model = workflow.run("model", progress=False)["model"]
    settings = read_settings()
    digest = save(model, settings.model_file)
    store_model(settings.model_file, settings.model_file)
    set_champion(settings, ChampionInfo(digest, ""))
    with pytest.raises(IrisError, match="there was no champion before this one"):
        roll_back()


FAILING = """
from iris_ml.production import workflow as production
from sklearn.linear_model import LogisticRegression

def features(rows):
    return rows.assign(area=rows.height)

missing = production.swap(features=features)
negative = production.swap(estimator=LogisticRegression(C=-1))
"""


@pytest.mark.parametrize(("name", "code"), [("missing", 1), ("negative", 2)])
def test_a_step_that_fails_shows_its_own_lines_and_nothing_of_what_called_it(name, code, iris_ml_process):
    Path("own.py").write_text(FAILING)
    Path("iris.toml").write_text(f'workflow = "own:{name}"')
    failed = iris_ml_process("-c", "from iris_ml.cli.commands import main; main()", "run", "--quiet")
    assert failed.returncode == code
    if name == "missing":
        assert "return rows.assign(area=rows.height)" in failed.stderr
        assert failed.stderr.endswith("in step 'features', own.py, line 5\n")
        assert "iris_ml/" not in failed.stderr
    else:
        assert failed.stderr.startswith("iris_ml: step 'estimator': The 'C' parameter of LogisticRegression must be a float")
        assert failed.stderr.count("\n") == 1
    (record,) = Records(read_settings().records).summaries()
    assert (record.kind, bool(record.error)) == ("command", True)
    assert "data raw" not in typed("runs").output


def test_a_row_with_a_missing_date_is_explained_and_a_date_is_logged_and_compared():
    days = pd.date_range("2026-01-01", periods=60).strftime("%Y-%m-%d")
    table = pd.DataFrame({"bottled": days, "weight": [0.5, 1.5, None] * 20, "sold": ["yes", "no"] * 30})
    table.loc[::7, "bottled"] = None
    table.to_csv("sales.csv", index=False)
    model = workflow.swap(source="sales.csv", target="sold", split_by="random").run("model", progress=False)["model"]
    save(model, ".iris_ml/model.skops")
    log = RequestLog(read_settings().request_log, 100)
    client = TestClient(create_app(load_live_model(".iris_ml/model.skops"), request_log=log))
    rows = [{"bottled": "2026-03-01", "weight": 1.0}, {"bottled": None, "weight": None}]
    explained = client.post("/v1/explain", json={"rows": rows})
    assert explained.status_code == 200, explained.text
    (step,) = (step for step in explained.json()["steps"] if step["step"] == "rows")
    assert step["value"][1] == {"bottled": None, "weight": None}
    assert client.post("/v1/predict", json={"rows": rows * 40}).status_code == 200
    log.close()
    logged = read_requests(read_settings().request_log, model_version(".iris_ml/model.skops"), model)
    assert logged.bottled.dtype.kind == "M"
    assert drifted_columns(read_settings())
