"""The best of many trials must be better by more than the only one, and another seed is no better model."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier
from typer.testing import CliRunner

from iris_ml.base.settings import read_settings
from iris_ml.cli.commands import _judged_by, application
from iris_ml.models.champion import ChampionInfo
from iris_ml.models.promotion import compare_with_champion, data_versions, only_seed_differs
from iris_ml.production import workflow
from iris_ml.tracking.history import judged_models
from iris_ml.tracking.records import Records
from torture.promotion import best_of_noise, five_points_after


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris.toml").write_text("progress = false\nsplit_by = 'random'\n")


def trained(**changes):
    run = workflow.swap(**changes).run()
    return run, run.record.content


def champion_of(record):
    later = "2100-01-01T00:00:00"  # the looks before its promotion count, too
    return ChampionInfo("00", run=record.id, key=record.model.key, data=data_versions(record), when=later)


@pytest.mark.parametrize("attempts", ["the best at the end", "each record"])
def test_the_best_of_a_thousand_trials_of_noise_is_hardly_ever_promoted(attempts):
    assert best_of_noise(10, 1000, attempts)[1] == 0


@pytest.mark.parametrize("looks", [1, 20, 1000])
def test_five_real_points_are_promoted_however_often_somebody_looked(looks):
    assert five_points_after(100, looks)[1] == 0


def test_each_model_is_one_look_and_the_same_model_again_is_none():
    _, first = trained()
    trained()
    _, other = trained(estimator=DecisionTreeClassifier())
    workflow.explore(estimator={str(k): KNeighborsClassifier(k) for k in (1, 3, 5)})
    other_table = pd.DataFrame({"x": [0.0, 1.0] * 20, "species": ["setosa", "virginica"] * 20})
    trained(raw=other_table, feature_names=["x"])
    seen = judged_models(Records(read_settings().records), data_versions(first))
    assert len(seen) == 5
    assert {first.model.key, other.model.key} < seen


def test_a_look_at_another_version_of_the_table_is_a_look():
    run, first = trained()
    trained(raw=run["raw"].iloc[:-1])
    trained(raw=run["raw"].assign(place="garden"), passthrough=["place"])
    trained(raw=run["raw"].sample(frac=1, random_state=0))
    assert len(judged_models(Records(read_settings().records), data_versions(first))) == 4


def test_the_gate_says_for_how_many_looks_it_was_paid(monkeypatch):
    run, first = trained()
    for depth in 1, 2, 3, 4:
        other, record = trained(estimator=DecisionTreeClassifier(max_depth=depth, random_state=0))
    monkeypatch.setattr("iris_ml.models.promotion.load", lambda *_: run["model"])
    gate = compare_with_champion(champion_of(first), record, other, read_settings())
    assert not gate.is_open
    assert "paid for 4 looks" in gate.message
    assert "naive" in gate.message


@pytest.mark.parametrize("seeds", [{"seed": 1}, {"estimator": DecisionTreeClassifier(max_depth=2, random_state=7)}])
def test_another_seed_is_never_promoted(seeds):
    _, first = trained(estimator=DecisionTreeClassifier(max_depth=2, random_state=0))
    kept = {} if "estimator" in seeds else {"estimator": DecisionTreeClassifier(max_depth=2, random_state=0)}
    run, record = trained(**kept, **seeds)
    assert only_seed_differs(champion_of(first), record, Records(read_settings().records))
    gate = compare_with_champion(champion_of(first), record, run, read_settings())
    assert not gate.is_open
    assert "seeds only" in gate.message


@pytest.mark.parametrize(
    "change",
    [
        {"estimator": DecisionTreeClassifier(max_depth=3, random_state=7)},
        {"seed": 1, "test_size": 0.4},
        {"seed": 1, "estimator": DecisionTreeClassifier(max_depth=3, random_state=0)},
    ],
)
def test_more_than_a_seed_is_not_taken_for_one(change):
    _, first = trained(estimator=DecisionTreeClassifier(max_depth=2, random_state=0))
    _, record = trained(**{"estimator": DecisionTreeClassifier(max_depth=2, random_state=0)} | change)
    records = Records(read_settings().records)
    assert not only_seed_differs(champion_of(first), record, records)
    assert not only_seed_differs(replace(champion_of(first), run="no such run"), record, records)


def test_a_comparison_and_an_exploration_show_both_intervals():
    compared = workflow.compare(tree=workflow.swap(estimator=DecisionTreeClassifier(max_depth=1, random_state=0)))
    row = compared.table.loc["tree"]
    assert row.honest_least < row.least < row.most < row.honest_most
    assert "pay for 1 look at" in repr(compared)
    trials = workflow.explore(estimator={str(k): KNeighborsClassifier(k) for k in range(1, 8)})
    assert (trials.honest_low < trials.accuracy_low).all()
    assert (trials.looks == 9).all(), "the two that were compared, and the seven"
    again = workflow.compare(tree=workflow.swap(estimator=DecisionTreeClassifier(max_depth=1, random_state=0)))
    assert "pay for 8 looks" in repr(again)
    assert again.table.loc["tree"].honest_least < row.honest_least


def test_a_run_names_its_metric_and_how_many_models_its_test_rows_judged_before(monkeypatch):
    monkeypatch.setenv("IRIS_ML_PROGRESS", "false")
    said = CliRunner().invoke(application, ["run"]).output
    assert "The metric is accuracy. By the records, this table judged no other model before." in said
    monkeypatch.setenv("IRIS_ML_SEED", "3")
    for _ in range(2):  # the second one is unchanged
        said = CliRunner().invoke(application, ["run"]).output
        judged = "By the records, this table or a version of it judged 1 other model before"
        assert f"{judged}; the interval that pays for all of them is 0." in said


def test_a_run_whose_scores_are_something_else_has_no_metric_to_name():
    assert [_judged_by(scores, None, Path("records")) for scores in ({}, 0.9, pd.Series([0.9]))] == [""] * 3
