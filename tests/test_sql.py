"""A model as one SELECT: it gives the answers of the model, NULL, or there is none."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier
from typer.testing import CliRunner

from iris_ml.cli.commands import application
from iris_ml.compiled.compile import compile_estimator
from iris_ml.compiled.graph import NotCompiled
from iris_ml.compiled.sql import as_select, certify_select, literal
from iris_ml.io.readers import read_table
from iris_ml.models.model_file import load
from iris_ml.production import workflow
from torture.pipelines import THIRTY, asked, fitted, outcome_in_sql, table_of

FILE = Path(".iris_ml/model.skops")
QUICK = {  # one of the thirty pipelines that soon have an outcome -> the node for which it is refused
    "logistic, two classes, selected": "", "elastic net of polynomials": "", "Poisson": "", "gradient descent": "",
    "linear SVM": "", "SVM": "SVMClassifier", "neighbours": "Unsqueeze", "naive Bayes": "Pow", "tree": "", "bins": "",
    "gradient boosting": "", "calibrated": "", "the default for numbers, linear": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", QUICK)
def test_a_pipeline_is_certified_or_refused_by_name_and_gives_no_wrong_answer(name):
    estimator, columns, *_ = THIRTY[name]
    what, wrong = outcome_in_sql(estimator, table_of(name), columns)
    assert f"its node {QUICK[name]} has no form in SQL" in what if QUICK[name] else what == "certified"
    assert not wrong


VALUES = ["it's", "", "_iris_0", True, -2, 0.1, 1e300, 5e-324, -1.5, 2.0**53 + 2, float("inf"), float("-inf")]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_read_as_it_was_written(value):
    (found,) = duckdb.connect().execute(f"SELECT {literal(value)}").fetchone()
    assert (found, type(found)) == (value, type(value))
    assert duckdb.connect().execute(f"SELECT 1 -{literal(-1.5)}").fetchone() == (2.5,), "two signs are no comment"


def strange():
    """Rows under strange names, with strange texts, gaps, and classes that are numbers."""
    draws = np.random.default_rng(0)
    rows = pd.DataFrame({"a b": draws.normal(size=200), 'the "x"': draws.normal(size=200)})
    rows["it's"] = pd.Series(draws.choice(["O'Neill", '"', "_iris_1", "ü\n", "; DROP TABLE new_rows; --"], 200), dtype="str")
    rows["target"] = np.where(rows["a b"] + (rows["it's"] == '"') > 0, 3, -4)
    return rows


ENCODED = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["it's"]), remainder="passthrough")


def test_strange_names_texts_and_classes_are_what_they_are():
    rows = strange()
    flow = workflow.swap(raw=rows, target="target", estimator=make_pipeline(ENCODED, LogisticRegression()))
    model = flow.run("model", progress=False)["model"]
    answers = asked(certify_select(model, rows)[0], rows)
    assert answers.target.tolist() == model.predict(rows.drop(columns="target")).target.tolist()
    assert {*answers.target} == {3, -4}


def test_a_row_is_known_again_and_what_the_model_has_to_answer_is_null():
    rows = strange().assign(who=[f"person {number}" for number in range(200)])
    estimator = make_pipeline(ENCODED, LogisticRegression())
    flow = workflow.swap(raw=rows, target="target", passthrough=("who",), estimator=estimator)
    statement, _ = certify_select(flow.run("model", progress=False)["model"], rows)
    odd = rows.drop(columns="target").head(5)
    odd.iloc[0, 0] = None
    odd.iloc[1, 2] = None
    odd.iloc[2, 2] = ""
    odd.iloc[3, 1] = np.inf
    answers = asked(statement, odd)
    assert answers.who.tolist() == odd.who.tolist()
    assert answers.target.notna().tolist() == [False, False, False, False, True]
    assert answers.probability_3.notna().tolist() == [False, False, False, False, True]


def test_a_wrong_statement_is_never_certified(monkeypatch):
    monkeypatch.setitem(as_select.__globals__["_EACH"], "Sigmoid", "{0} / (1e0 + abs({0})) / 2e0 + 0.5e0")
    made = table_of("logistic, two classes, selected")
    with pytest.raises(NotCompiled, match=r"golden rows, row \d+, the probability of no"):
        certify_select(fitted(LogisticRegression(), made, ["age", "score"]))


def test_a_step_that_computes_a_column_is_refused_by_name():
    def features(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(petal_width=rows.petal_width * 2)

    model = workflow.swap(features, estimator=LogisticRegression(max_iter=500)).run("model", progress=False)["model"]
    with pytest.raises(NotCompiled, match="step 'features': it gives a column 'petal_width' that the table does not hold so"):
        certify_select(model)


def test_a_date_that_the_estimator_gets_is_refused_by_name():
    rows = read_table("package:iris.csv").assign(day=pd.date_range("2026-01-01", periods=150))
    chosen = workflow.swap(raw=rows, features=lambda rows: rows, feature_names=[], default_estimator=True)
    with pytest.raises(NotCompiled, match="column 'day': dates and durations have no form in SQL"):
        certify_select(chosen.run("model", progress=False)["model"], workflow=chosen)


def test_a_step_that_changes_only_texts_which_the_training_does_not_hold_is_refused_by_name():
    def features(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(**{"it's": rows["it's"].str.strip()})

    estimator = make_pipeline(ENCODED, LogisticRegression())
    rows = strange()
    rows["it's"] = rows["it's"].str.strip()
    model = workflow.swap(features, raw=rows, target="target", estimator=estimator).run("model", progress=False)["model"]
    with pytest.raises(NotCompiled, match="step 'features': it gives a column \"it's\" that the table does not hold so"):
        certify_select(model, rows)


def test_a_statement_that_is_too_long_is_refused_before_the_database_gets_it(monkeypatch):
    monkeypatch.setitem(certify_select.__globals__, "_MOST_CHARACTERS", 1_000)
    with pytest.raises(NotCompiled, match="the statement: it would have"):
        certify_select(fitted(DecisionTreeClassifier(), table_of("tree"), ["age", "score"]))


def test_many_terms_are_added_in_parts():
    draws = np.random.default_rng(0)
    X = pd.DataFrame(draws.normal(size=(300, 250)), columns=[f"x{number}" for number in range(250)])
    ridge = Ridge().fit(X, X.sum(axis=1))
    answers = asked(as_select(compile_estimator(ridge, X)[0]), X)
    assert np.abs(answers.prediction - ridge.predict(X)).max() < 1e-9


def test_the_command_writes_the_statement_beside_the_model_and_notes_its_certificate():
    runner = CliRunner()
    for words in ["run", "--quiet"], ["compile", "--to", "sql"]:
        ended = runner.invoke(application, words)
        assert ended.exit_code == 0, ended.output
    (file,) = Path(".iris_ml/models").glob("*.sql")
    assert f"{file} answers the rows of a table or a view 'new_rows' as model {file.stem[:12]}" in " ".join(ended.output.split())
    raw = workflow.run("raw", progress=False)["raw"]
    wanted = load(FILE).predict(raw.drop(columns="species"))
    pd.testing.assert_frame_equal(asked(file.read_text(), raw), wanted, check_dtype=False, rtol=0, atol=1e-9)
    (record,) = (path for path in Path(".iris_ml/records").rglob("*.json") if '"duckdb ' in path.read_text())
    assert json.dumps(file.stem)[1:13] in record.read_text()


def test_a_statement_goes_with_its_model():
    runner = CliRunner()
    runner.invoke(application, ["run", "--quiet"])
    runner.invoke(application, ["compile", "--to", "sql"])
    Path("iris.toml").write_text("seed = 3\n")
    for words in ["run", "--quiet"], ["compile", "--to", "sql"]:
        assert runner.invoke(application, words).exit_code == 0
    assert len([*Path(".iris_ml/models").glob("*.sql")]) == 1


def test_without_duckdb_a_sentence_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    CliRunner().invoke(application, ["run", "--quiet"])
    ended = CliRunner().invoke(application, ["compile", "--to", "sql"])
    assert ended.exit_code != 0
    assert "iris_ml[sql]" in str(ended.exception or ended.output)
