"""A table that is larger than the memory is learned whole, piece by piece, and scored by rows that no piece has shown."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier, XGBRegressor

from iris_ml import load, predict, save
from iris_ml.base.errors import SettingsError, WorkflowError
from iris_ml.base.settings import Source
from iris_ml.cli.parity import _function_of_page
from iris_ml.io.pieces import map_pieces, sample_numbers
from iris_ml.models.prediction_steps import prediction_workflow
from iris_ml.models.promotion import _known_rows, _row_marks, learned_rows
from iris_ml.production import workflow
from iris_ml.steps.model import model

ROWS = 300_000


class Seen(ClassifierMixin, BaseEstimator):
    """Notes the rows that it learns, by the number that each has as a feature."""

    def fit(self, X, y, sample_weight=None):
        """Note nothing: the rows are those of the sample."""
        self.classes_ = np.unique(y)
        return self

    def partial_fit(self, X, y, classes, sample_weight=None):
        """Note the rows, their labels and their weights."""
        self.classes_ = classes
        weights = np.ones(len(X)) if sample_weight is None else sample_weight
        found = pd.DataFrame({"y": np.asarray(y), "weight": weights, **{name: X[name].to_numpy() for name in X}})
        self.seen_ = pd.concat([getattr(self, "seen_", found.head(0)), found])
        return self

    def predict(self, X):
        """Answer the first class."""
        return np.repeat(self.classes_[:1], len(X))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    random, folder = np.random.default_rng(0), tmp_path_factory.mktemp("large")
    length, width = random.normal(5, 1, ROWS).round(3), random.normal(3, 1, ROWS).round(3)
    table = pd.DataFrame({"number": np.arange(ROWS), "length": length, "width": width})
    table["colour"] = random.choice([*"abcdefghij"], ROWS)
    table["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 1000, ROWS), "D")
    table["patient"] = random.integers(0, 2000, ROWS)
    table["species"] = np.where(length + random.normal(0, 0.5, ROWS) > 5.5, "virginica", np.where(width > 3, "setosa", "other"))
    table["size"] = 2 * length + random.normal(0, 0.3, ROWS)
    table.to_parquet(folder / "rows.parquet", row_group_size=100_000)
    table[table.index % 3 > 0].to_parquet(folder / "earlier.parquet")
    table[table.index % 3 == 0].to_parquet(folder / "later.parquet")
    table.head(60_000).to_csv(folder / "rows.csv", index=False)
    return folder


@pytest.fixture(autouse=True)
def inside(folder, monkeypatch):
    monkeypatch.chdir(folder)


@pytest.fixture
def table(folder):
    return pd.read_parquet(folder / "rows.parquet")


FEATURES = ["length", "width", "colour"]


def large(estimator, features=("length", "width"), target="species", megabytes=2.0, **settings):
    names = "number", "colour", "day", "patient", "species", "size", *FEATURES
    others = [name for name in names if name not in (*features, target)]
    settings = {"source": "rows.parquet", "split_by": "random", "all_rows": True} | settings
    return workflow.swap(
        target=target, feature_names=[*features], passthrough=[*dict.fromkeys(others)], largest_table=megabytes,
        estimator=estimator, **settings,
    )  # fmt: skip


def ran(chosen, *steps, **options):
    with warnings.catch_warnings(action="ignore"):
        return chosen.run(*steps, progress=False, **{"checkpoints": False, **options})


@pytest.mark.parametrize("source", ["rows.parquet", "rows.csv", "later.parquet"])
def test_the_numbers_of_a_sample_are_found_again(source):
    raw = ran(large(GaussianNB(), source=source, sample_seed=3, megabytes=1), "raw")["raw"]
    whole = ran(large(GaussianNB(), source=source, megabytes=1000), "raw")["raw"]
    numbers = sample_numbers(Source([source]), 1, 3)
    assert 1_000 < len(raw) < len(whole) / 2
    pd.testing.assert_frame_equal(raw, whole.loc[numbers].reset_index(drop=True))


@pytest.mark.parametrize("source", ["rows.parquet", "rows.csv"])
@pytest.mark.parametrize("way", ["random", "time: day", "group: patient"])
def test_a_table_that_fits_gives_the_same_in_pieces(source, way):
    chosen = large(GaussianNB(), source=source, split_by=way, megabytes=1000)
    pieces, whole = ran(chosen), ran(chosen.swap(all_rows=False))
    assert pieces["profile"] == whole["profile"]
    assert pieces["scores"] == pytest.approx(whole["scores"], rel=1e-9)
    for name in "theta_", "var_", "class_count_":
        np.testing.assert_allclose(getattr(pieces["model"].estimator, name), getattr(whole["model"].estimator, name), rtol=1e-9)


@pytest.mark.parametrize(
    ("estimator", "target"),
    [
        (XGBClassifier(n_estimators=5), "species"),
        (XGBRegressor(n_estimators=5), "size"),
        (LGBMClassifier(n_estimators=5, subsample_for_bin=ROWS, verbose=-1), "species"),
        (LGBMRegressor(n_estimators=5, subsample_for_bin=ROWS, verbose=-1), "size"),
    ],
    ids=["XGBoost, classes", "XGBoost, numbers", "LightGBM, classes", "LightGBM, numbers"],
)
def test_a_boosting_reads_the_pieces_and_learns_what_it_learns_from_the_whole(estimator, target, tmp_path):
    chosen = large(make_pipeline(StandardScaler(), estimator), target=target, megabytes=1000)
    pieces, whole = ran(chosen), ran(chosen.swap(all_rows=False))
    assert pieces["scores"] == pytest.approx(whole["scores"], rel=1e-6)
    save(pieces["model"], tmp_path / "m.skops")
    rows = pieces["raw"].drop(columns=target).head(20)
    pd.testing.assert_frame_equal(predict(rows, load(tmp_path / "m.skops")), predict(rows, pieces["model"]))
    sampled = ran(chosen.swap(largest_table=2))
    assert len(sampled["raw"]) < ROWS / 2
    metric = "accuracy" if target == "species" else "r2"
    assert sampled["scores"][metric] == pytest.approx(whole["scores"][metric], abs=0.02)


def test_the_profile_counts_all_training_rows(table):
    run = ran(large(GaussianNB(), FEATURES, categorical=["colour"]), "profile")
    tests = run["split"].index[run["split"] == "test"]
    learned, found = table.drop(index=sample_numbers(Source(["rows.parquet"]), 2, 0)[tests]), run["profile"]
    for name in "length", "width":
        assert found.columns[name]["minimum"] == learned[name].min()
        assert found.columns[name]["maximum"] == learned[name].max()
        assert found.reference[name]["rows"] == len(learned)
        quantiles = np.array([*map(float, found.reference[name]["quantiles"].split())])
        shares = np.searchsorted(np.sort(learned[name]), quantiles, side="right") / len(learned)
        stated = 1.36 / np.sqrt((run["split"] == "train").sum())
        assert np.abs(shares - np.linspace(0, 1, 501)).max() < 1.5 * stated, "the bound of one column in twenty"
    counts = dict(zip(found.reference["colour"]["values"], found.reference["colour"]["counts"], strict=True))
    assert counts == learned.colour.value_counts().to_dict()
    assert found.columns["colour"]["categories"] == [*"abcdefghij"]


@pytest.mark.parametrize("way", ["random", "time: day", "group: patient", "file: later.parquet"])
def test_every_row_is_learned_once_but_test_rows_and_those_like_them(table, way):
    source = ["earlier.parquet", "later.parquet"] if way.startswith("file") else "rows.parquet"
    run = ran(large(Seen(), ("number", "length"), source=source, split_by=way))
    seen, tests = run["model"].estimator.seen_, run["test"].number
    assert seen.number.is_unique
    assert not seen.number.isin(tests).any()
    assert (seen.y.to_numpy() == table.species.loc[seen.number].to_numpy()).all()
    learned, held = table.loc[seen.number], table.loc[tests]
    if way == "random":
        assert len(seen) + len(tests) == ROWS
    elif way == "time: day":
        assert learned.day.max() < held.day.min()
        assert len(seen) == (table.day < held.day.min()).sum()
    elif way == "group: patient":
        assert len(seen) == (~table.patient.isin(held.patient)).sum()
    else:
        assert len(seen) == len(pd.read_parquet("earlier.parquet"))
    assert run["profile"].reference["species"]["rows"] == len(seen)


def test_the_rows_come_through_the_steps_of_the_person(table):
    chosen = large(Seen(), ("number", "length"))
    chosen = chosen.after("raw", lambda raw: raw[raw.number % 2 == 0])
    chosen = chosen.after("features", lambda features: features.assign(length=7.0))
    seen = ran(chosen)["model"].estimator.seen_
    assert (seen.number % 2 == 0).all()
    assert (seen.length == 7).all()
    assert len(seen) > ROWS / 3


def test_a_step_may_number_the_rows_anew_but_not_leave_out_others(table):
    chosen = large(Seen(), ("number", "length"))
    run = ran(chosen.after("features", lambda features: features.merge(pd.DataFrame({"number": np.arange(ROWS)}), "left")))
    seen = run["model"].estimator.seen_
    assert not seen.number.isin(run["test"].number).any()
    assert len(seen) + len(run["test"]) == ROWS
    with pytest.raises(WorkflowError, match="numbers the others anew"):
        ran(chosen.after("rows", lambda rows: rows[rows.length > 4].reset_index(drop=True)))


def test_rows_that_were_put_in_are_all_rows(table):
    run = ran(large(Seen()).swap(raw=table.head(1000)))
    assert run["profile"].reference["species"]["rows"] == 700
    assert not hasattr(run["model"].estimator, "seen_")


def other_rows(source) -> pd.DataFrame:
    return pd.read_parquet("rows.parquet").head(5000).assign(length=1.0)


def test_a_step_raw_that_reads_something_else_is_refused():
    with pytest.raises(WorkflowError, match="gives other rows than the source"):
        ran(large(Seen()).swap(raw=other_rows))


def test_what_only_the_rest_holds_is_learned_too(table):
    rest = table.index.difference(sample_numbers(Source(["rows.parquet"]), 2, 0))
    table.loc[rest[:50], "species"] = "new"
    table.loc[rest[50:60], "length"] = np.nan
    table.loc[rest[60:70], "species"] = None
    table.to_parquet("changed.parquet", row_group_size=100_000)
    run = ran(large(Seen(), ("number", "length"), source="changed.parquet"))
    seen, found = run["model"].estimator.seen_, run["profile"]
    assert (seen.y == "new").sum() == 50
    assert seen.length.isna().sum() == 10
    assert len(seen) == ROWS - len(run["test"]) - 10, "rows without a label are left out"
    assert found.classes == ["new", "other", "setosa", "virginica"]
    assert found.columns["length"]["nullable"]
    with pytest.raises(SettingsError, match="no row of the sample has the class 'new'"):
        ran(large(XGBClassifier(n_estimators=2), source="changed.parquet"))


def test_classes_that_are_balanced_weigh_the_same_over_all_pieces(table):
    seen = ran(large(Seen(), ("number", "length"), class_weight="balanced"))["model"].estimator.seen_
    totals = seen.groupby("y").weight.sum()
    assert totals.to_numpy() == pytest.approx(len(seen) / 3, rel=1e-6)
    assert seen.groupby("y").weight.nunique().max() == 1


@pytest.mark.parametrize("estimator", [SGDClassifier(), SGDRegressor()], ids=["classes", "numbers"])
def test_an_estimator_of_many_rounds_is_seeded(estimator):
    target = "size" if isinstance(estimator, SGDRegressor) else "species"
    chosen = large(make_pipeline(StandardScaler(), estimator), target=target)
    first, second = ran(chosen), ran(chosen)
    assert (first["model"].estimator[-1].coef_ == second["model"].estimator[-1].coef_).all()
    assert first["scores"] == second["scores"]


def test_an_estimator_that_takes_no_pieces_learns_the_sample_and_says_so():
    chosen = large(HistGradientBoostingClassifier(max_iter=2))
    with pytest.warns(UserWarning, match=r"learns the \d+ rows of the sample, \d+\.\d% of the training rows; to learn all"):
        run = chosen.run("model", progress=False, checkpoints=False)
    assert run["profile"].reference["species"]["rows"] > ROWS / 2 > len(run["train"])
    assert run["model"].estimator.n_iter_ == 2, "as it was given"


@pytest.mark.parametrize(
    ("name", "value", "sentence"), [("coverage", 0.9, "no prediction sets"), ("split_by", "cv: 5", "test rows")]
)
def test_what_needs_the_rows_at_once_is_a_sentence(name, value, sentence):
    with pytest.raises(SettingsError, match=sentence):
        ran(large(GaussianNB()).swap(**{name: value}))


def test_parity_takes_a_variant_from_its_own_page_and_leaves_its_step_as_it_is():
    trained = ran(large(GaussianNB()))["model"]
    found = []
    prediction_workflow(trained).map_functions(lambda function: found.append(_function_of_page(function)) or function)
    modules = {function.__qualname__: function.__module__ for function in found}
    assert modules["model__all_rows"] == "iris_ml.steps.all_rows, as written"
    assert model.__annotations__["train"] is pd.DataFrame


def test_a_result_is_reused_until_a_row_of_the_source_changes(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table.to_parquet("own.parquet", row_group_size=100_000)
    chosen = large(GaussianNB(), source="own.parquet")
    first, second = (ran(chosen, checkpoints=True) for _ in range(2))
    assert {result.note for result in first.results.values()} == {""}
    assert {result.how for result in second.results.values()} == {"reused", "overridden"}
    row = table.index.difference(sample_numbers(Source(["own.parquet"]), 2, 0))[0]
    table.assign(length=table.length.where(table.index != row, 1000.0)).to_parquet("own.parquet", row_group_size=100_000)
    third = ran(chosen, checkpoints=True)
    assert third.results["model"].how == "computed"
    assert third["profile"].columns["length"]["maximum"] == 1000


@pytest.mark.parametrize("estimator", [GaussianNB(), DecisionTreeClassifier(max_depth=2)], ids=["all rows", "the sample"])
def test_a_champion_notes_every_row_that_it_has_learned(table, tmp_path, monkeypatch, estimator):
    monkeypatch.chdir(tmp_path)
    table.head(4000).to_parquet("own.parquet")
    run = ran(large(estimator, source="own.parquet", megabytes=0.02))
    numbers = sample_numbers(Source(["own.parquet"]), 0.02, 0)
    assert len(run["raw"]) == len(numbers) < 1000
    tests, sample = numbers[run["test"].index], numbers[run["train"].index]
    known, _ = _known_rows(_row_marks(table.head(4000), run["model"]), learned_rows(run))
    others = table.index[:4000].difference(tests)
    assert {*known} == ({*others} if isinstance(estimator, GaussianNB) else {*sample})


@pytest.mark.parametrize("source", ["rows.parquet", "rows.csv"])
def test_a_cluster_learns_the_same_though_a_worker_dies(client, source):
    chosen = large(make_pipeline(StandardScaler(), SGDClassifier()), source=source)
    here, pid = ran(chosen), min(client.run(os.getpid).values())

    def die():
        while not any(client.processing().values()):
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=die)
    killer.start()
    there = ran(chosen, on=client)
    killer.join()
    assert there["profile"] == here["profile"]
    assert there["scores"] == here["scores"]
    assert (there["model"].estimator[-1].coef_ == here["model"].estimator[-1].coef_).all()


OLD = """
import importlib, pathlib
import own
from distributed import Client, LocalCluster
from iris_ml.base.errors import IrisError

def main():
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        for factor in "1.0", "3.0":
            file = pathlib.Path("own.py")
            file.write_text(file.read_text().replace("1.0", factor))
            importlib.reload(own)
            try:
                run = own.workflow.run("scores", progress=False, checkpoints=False, on=client)
                print(round(run["scores"]["accuracy"], 1))
            except IrisError as error:
                print(error)

if __name__ == "__main__":
    main()
"""
OWN = """
from iris_ml.production import workflow as production
from sklearn.naive_bayes import GaussianNB


def scaled(features):
    return features.assign(length=features.length * 1.0)


workflow = production.after("features", scaled).swap(
    source="rows.csv", target="species", feature_names=["length", "width"], largest_table=0.5, all_rows=True,
    split_by="random", passthrough=["number", "colour", "day", "patient", "size"], estimator=GaussianNB())
"""


def test_a_worker_with_older_code_of_a_step_is_refused(folder, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "old.py").write_text(OLD)
    (tmp_path / "rows.csv").write_bytes((folder / "rows.csv").read_bytes())
    ended = subprocess.run([sys.executable, "old.py"], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    first, second = ended.stdout.splitlines()
    assert float(first) > 0.7
    assert second.startswith("function scaled: a worker of the cluster has other code of it")


def test_the_command_uses_a_cluster_and_says_what_share_the_sample_is(client, tmp_path, folder):
    passed = '["number", "day", "patient", "size", "colour"]'
    settings = f'source = "{folder}/rows.csv"\ntarget = "species"\npassthrough = {passed}\nlargest_table = 0.5\nall_rows = true\n'
    (tmp_path / "iris.toml").write_text(f'{settings}split_by = "random"\n')
    command = ["iris_ml", "run", "--quiet", "--on", client.scheduler.address]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "of the training rows; to learn all, choose an estimator with partial_fit, XGBoost or LightGBM" in ended.stderr
    counted = load(tmp_path / ".iris_ml/model.skops").profile.reference["species"]["rows"]
    assert counted > 50_000


def test_an_item_of_a_source_is_taken_in_the_order_of_its_rows():
    raw = pd.read_parquet("rows.parquet").head(3)
    numbers = map_pieces(lambda piece: piece.index.tolist(), Source(["rows.parquet"]), raw)
    assert [number for piece in numbers for number in piece] == [*range(ROWS)]
