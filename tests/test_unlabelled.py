"""Rows whose target is missing are not learned and not scored, on every surface; they are predicted."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from iris_ml.base.errors import DataError
from iris_ml.batch.report import report
from iris_ml.cli.parity import check_parity
from iris_ml.models.model_file import save
from iris_ml.models.predictor import predict
from iris_ml.production import workflow

DRAWS = np.random.default_rng(0)
TABLE = pd.DataFrame(DRAWS.normal(size=(200, 2)), columns=["age", "weight"])
SIGN = TABLE.age + DRAWS.normal(size=200) > 0
TARGETS = {
    "texts": SIGN.map({True: "yes", False: "no"}),
    "booleans": SIGN,
    "whole numbers": SIGN.astype(int),
    "many whole numbers": (TABLE.age * 1000).round().astype(int),
    "fractions": (TABLE.age * 3).round(2),
}
GONE = TABLE.index % 5 == 0


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written(kind):
    """A file whose target has gaps, the same file without the rows of the gaps, and an estimator."""
    table = TABLE.assign(seen=TARGETS[kind].astype(object).where(~GONE))
    table.to_csv("gaps.csv", index=False)
    table[~GONE].to_csv("whole.csv", index=False)
    Path("iris.toml").write_text('source = "gaps.csv"\ntarget = "seen"\n')
    return LinearRegression() if kind in {"many whole numbers", "fractions"} else LogisticRegression()


def ran(source, estimator, **changes):
    return workflow.swap(source=source, target="seen", estimator=estimator, **changes).run(progress=False)


@pytest.mark.parametrize("split_by", ["random", "cv: 4", "time: weight"])
@pytest.mark.parametrize("kind", TARGETS)
def test_a_row_without_a_target_is_neither_learned_nor_scored(kind, split_by):
    estimator = written(kind)
    with pytest.warns(UserWarning, match="column 'seen' has no value in 40 of 200 rows; the model does not learn them"):
        run = ran("gaps.csv", estimator, split_by=split_by)
    whole = ran("whole.csv", estimator, split_by=split_by)
    assert run["scores"] == pytest.approx(whole["scores"])
    assert run["train"].seen.dtype == whole["train"].seen.dtype
    assert run["profile"] == whole["profile"] or run["profile"].types == whole["profile"].types
    assert len(run["predictions"]) == 200
    assert run["predictions"].seen.notna().all()
    assert run["predictions"][~GONE].reset_index(drop=True).equals(whole["predictions"])


@pytest.mark.parametrize("kind", TARGETS)
def test_a_report_scores_the_rows_that_have_a_target(kind):
    save(ran("whole.csv", written(kind))["model"], ".iris_ml/model.skops")
    gaps, whole = (report(f"{name}.csv", f"{name}.html", most=30).summary for name in ("gaps", "whole"))
    assert (gaps.rows, gaps.answered, gaps.refused) == (200, 200, 0)
    if whole.labels:
        assert (gaps.labels.rows, gaps.labels.correct) == (160, whole.labels.correct)
        assert gaps.labels.log_loss == pytest.approx(whole.labels.log_loss)
    else:
        assert gaps.errors.rows == 160
        assert gaps.errors.r2 == pytest.approx(whole.errors.r2)


@pytest.mark.parametrize("kind", ["texts", "fractions"])
def test_a_file_whose_target_is_empty_is_predicted(kind):
    run = ran("whole.csv", written(kind))
    empty = TABLE.assign(seen=None)
    empty.to_csv("empty.csv", index=False)
    save(run["model"], ".iris_ml/model.skops")
    summary = report("empty.csv", "empty.html").summary
    assert (summary.answered, summary.labels, summary.errors, summary.metric) == (200, None, None, None)
    assert predict(empty, run["model"]).equals(predict(TABLE, run["model"]))


def test_every_surface_gives_the_same_predictions():
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        save(ran("gaps.csv", written("texts"))["model"], ".iris_ml/model.skops")
        surfaces = check_parity()
    assert {*surfaces.answers} == {"equal"}, surfaces.to_string()


def test_a_target_without_a_value_is_refused():
    with pytest.raises(DataError, match="column 'seen': there is no value in it"):
        workflow.swap(raw=TABLE.assign(seen=None), target="seen").run("split", progress=False)


def test_a_blank_cell_is_no_class():
    table = TABLE.assign(seen=TARGETS["texts"].where(~GONE, "  "))
    table.to_csv("blank.csv", index=False)
    with pytest.warns(UserWarning, match="column 'seen' has no value in 40 of 200 rows"):
        run = ran("blank.csv", LogisticRegression())
    assert run["profile"].classes == ["no", "yes"]
