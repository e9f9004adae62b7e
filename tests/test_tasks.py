"""Counts and quantiles are predicted as numbers, each with its own default estimator and metric."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_pinball_loss, mean_poisson_deviance
from sklearn.pipeline import make_pipeline
from typer.testing import CliRunner

from iris_ml.base.errors import DataError
from iris_ml.base.settings import change_settings, read_settings
from iris_ml.cli.commands import application
from iris_ml.production import workflow
from iris_ml.stats.metric import named_metric

DRAWS = np.random.default_rng(0)
VISITS = pd.DataFrame({"warmth": DRAWS.normal(15, 8, 600), "town": DRAWS.choice(["Arles", "Bern"], 600)})
VISITS["came"] = DRAWS.poisson(np.exp(VISITS.warmth / 12) * np.where(VISITS.town == "Bern", 2, 1))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def ran(**changes):
    return workflow.swap(raw=VISITS, target="came", split_by="random", **changes).run(progress=False)


def test_counts_are_predicted_as_rates_and_judged_by_their_deviance():
    run = ran(task="counts")
    truth, predicted = run["test"].came, run["test_predictions"].came
    assert (run["predictions"].came > 0).all()
    assert next(iter(run["scores"])) == "poisson_deviance"
    assert run["scores"]["poisson_deviance"] == pytest.approx(mean_poisson_deviance(truth, predicted))
    assert run["scores"]["poisson_deviance_low"] < run["scores"]["poisson_deviance"] < run["scores"]["poisson_deviance_high"]
    assert run["scores"]["poisson_deviance"] < 1.3  # of the true rates it is about 1
    assert "r2" in run["scores"]


@pytest.mark.parametrize("level", ["0.1", "0.5", "0.9"])
def test_a_quantile_has_about_its_share_of_rows_below(level):
    run = ran(task=f"quantile: {level}")
    truth, predicted = run["test"].came, run["test_predictions"].came
    assert run["scores"][f"pinball: {level}"] == pytest.approx(mean_pinball_loss(truth, predicted, alpha=float(level)))
    assert next(iter(run["scores"])) == f"pinball: {level}"
    below, at_most = (truth < predicted).mean(), (truth <= predicted).mean()
    assert below - 0.1 <= float(level) <= at_most + 0.1


def test_the_deviance_of_an_estimator_that_predicts_negative_counts_is_finite_and_worse():
    compared = workflow.swap(raw=VISITS, target="came", task="counts", split_by="random")
    line = make_pipeline(make_column_transformer(("passthrough", ["warmth"])), LinearRegression())
    table = compared.compare(line=compared.swap(estimator=line)).table
    assert table.verdict.iloc[1] == "worse"
    assert np.isfinite(table.poisson_deviance).all()


def test_another_task_takes_its_own_metric_unless_one_is_named():
    counts = change_settings(read_settings(), target="came", task="counts")
    assert counts.metric == "poisson_deviance"
    assert change_settings(counts, task="quantile: 0.9").metric == "pinball: 0.9"
    assert change_settings(counts, task="regression").metric == ""
    assert change_settings(counts, task="quantile: 0.9", metric="mae").metric == "mae"


@pytest.mark.parametrize("wrong", [-1.0, 0.5])
def test_what_is_no_count_is_refused_with_its_row(wrong):
    table = VISITS.astype({"came": float})
    table.loc[7, "came"] = wrong
    with pytest.raises(DataError, match=f"row 7, column 'came': {wrong:g} is no count; correct it, or set task = "):
        workflow.swap(raw=table, target="came", task="counts").run("rows", progress=False)


@pytest.mark.parametrize(("task", "metric"), [("counts", "poisson_deviance"), ("quantile: 0.9", "pinball: 0.9")])
def test_every_command_follows_the_task(task, metric):
    VISITS.to_csv("visits.csv", index=False)
    Path("iris.toml").write_text(f'source = "visits.csv"\ntarget = "came"\ntask = "{task}"\nsplit_by = "random"\n')
    for command in (["run"], ["predict", "visits.csv", "--to", "answers.csv"], ["report", "visits.csv", "--to", "report.html"]):
        ended = CliRunner().invoke(application, command)
        assert ended.exit_code == 0, ended.output
        assert command != ["run"] or metric in ended.output
    page = Path("report.html").read_text()
    assert f"<p>{named_metric(metric).title} of 600 rows is" in page.replace("&#x27;", "'")
