"""Test rows are chosen as the setting says, and a score is made of predictions by a model that did not learn its rows."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score, log_loss, r2_score

from iris_ml.base.errors import DataError, IrisError
from iris_ml.base.settings import read_settings
from iris_ml.cli.commands import main
from iris_ml.models.champion import ChampionInfo
from iris_ml.models.model_file import save
from iris_ml.models.predictor import predict, run_model
from iris_ml.models.promotion import compare_with_champion
from iris_ml.production import workflow

DRAWS = np.random.default_rng(0)
OF_PATIENT = {"age": DRAWS.integers(20, 80, 80), "weight": DRAWS.normal(75, 15, 80), "healthy": DRAWS.random(80) < 0.5}
VISITS = pd.DataFrame({"patient": np.arange(80), **OF_PATIENT}).loc[np.repeat(np.arange(80), 4)].reset_index(drop=True)
VISITS.insert(1, "day", np.datetime_as_string(np.datetime64("2026-01-01") + DRAWS.integers(0, 100, 320), unit="D"))
SETTINGS = 'source = "visits.csv"\ntarget = "healthy"\npassthrough = ["patient", "day"]\n'
DAYS = {
    "passed through": (VISITS.day, {}),
    "learned": (VISITS.day, {"passthrough": ["patient"]}),
    "numbers": (np.unique(VISITS.day, return_inverse=True)[1] - 50, {}),
    "durations": (
        np.unique(VISITS.day, return_inverse=True)[1].astype(str) + np.array(" days"),
        {"types": {"day": "duration"}},
    ),
}
FOREST = RandomForestClassifier(20, random_state=0)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    VISITS.to_csv("visits.csv", index=False)
    Path("iris.toml").write_text(SETTINGS)
    return tmp_path


def ran(split_by, **changes):
    changes = {"estimator": FOREST} | changes
    return workflow.swap(split_by=split_by, **changes).run(progress=False)


def test_a_random_split_says_which_setting_an_identifier_or_a_date_asks_for():
    with pytest.warns(UserWarning, match="column 'patient' repeats identifiers") as caught:
        ran("")
    assert 'set split_by = "group: patient", else "random"' in str(caught[0].message)
    VISITS.drop(columns="patient").to_csv("visits.csv", index=False)
    for passed in [], ["day"]:
        with pytest.warns(
            UserWarning, match=r"column 'day' holds dates, .* set split_by = \"time: day\", else \"random\""
        ):
            ran("", passthrough=passed)
    VISITS.to_csv("visits.csv", index=False)
    with warnings.catch_warnings(action="error"):
        ran("random")
        ran("", raw=VISITS.drop(columns=["patient", "day"]), passthrough=[])


def test_whole_groups_are_kept_apart_and_the_score_no_longer_deceives():
    by_chance, run = ran("random"), ran("group: patient")
    learned, tested = ({*run["raw"].patient[run[side].index]} for side in ("train", "test"))
    assert not learned & tested
    assert len(learned | tested) == 80
    assert 0.25 < len(run["test"]) / 320 < 0.35
    assert by_chance["scores"]["accuracy"] > 0.95
    assert run["scores"]["accuracy"] < 0.75


@pytest.mark.parametrize("day", DAYS)
def test_the_latest_rows_are_test_rows_and_a_day_stays_whole(day):
    days, changes = DAYS[day]
    VISITS.assign(day=days).to_csv("visits.csv", index=False)
    run = ran("time: day", **changes)
    places = np.unique(VISITS.day, return_inverse=True)[1]
    assert places[run["train"].index].max() < places[run["test"].index].min()
    assert 0.25 < len(run["test"]) / 320 < 0.35


def test_a_renamed_column_splits_by_its_new_name():
    run = ran("group: person", rename={"patient": "person"}, passthrough=["person", "day"])
    assert not {*run["raw"].patient[run["train"].index]} & {*run["raw"].patient[run["test"].index]}


@pytest.mark.parametrize("inside", [True, False], ids=["a file of the source", "another file"])
def test_the_rows_of_a_file_are_the_test_rows(inside):
    Path("rows").mkdir()
    early, late = VISITS.head(200), VISITS.tail(120)
    early.to_csv("rows/early.csv", index=False)
    late.to_csv("rows/late.csv" if inside else "late.csv", index=False)
    run = ran("file: late.csv", source=["rows"])
    raw = run["raw"]
    assert raw.loc[run["train"].index].patient.tolist() == [*map(str, early.patient)]
    assert raw.loc[run["test"].index].patient.tolist() == [*map(str, late.patient)]
    place = Path("rows/late.csv" if inside else "late.csv")
    place.write_text(place.read_text().replace("True", "False"))
    assert not ran("file: late.csv", source=["rows"])["test"].healthy.any()


def test_a_cross_validation_scores_each_row_by_a_model_that_did_not_learn_it():
    run = ran("cv: 5")
    folds, features, truth = run["split"], run["features"][["age", "weight"]], run["features"].healthy
    assert sorted({*folds}) == [f"fold {number}" for number in range(1, 6)]
    assert pd.crosstab(folds, truth).max().max() - pd.crosstab(folds, truth)[True].min() < 64
    answers, shares = pd.Series(index=truth.index, dtype=bool), pd.Series(index=truth.index, dtype=float)
    for fold in {*folds}:
        fitted = clone(FOREST).fit(features[folds != fold], truth[folds != fold])
        answers[folds == fold] = fitted.predict(features[folds == fold])
        shares[folds == fold] = fitted.predict_proba(features[folds == fold])[:, 1]
    assert run["scores"]["accuracy"] == pytest.approx(accuracy_score(truth, answers))
    assert run["scores"]["log_loss"] == pytest.approx(log_loss(truth, shares))
    assert run["scores"]["test_rows"] == len(run["train"]) == 320
    assert (run["predictions"].healthy == truth).mean() > run["scores"]["accuracy"], "the model itself learned all rows"


def test_a_cross_validation_of_numbers_gives_r2_of_all_rows():
    table = pd.DataFrame(DRAWS.normal(size=(100, 2)), columns=["size", "price"])
    table["price"] += 3 * table["size"]
    run = ran("cv: 4", raw=table, target="price", passthrough=[], estimator=LinearRegression())
    answers = pd.Series(0.0, table.index)
    for fold in {*run["split"]}:
        rest, kept = table[run["split"] != fold], table[run["split"] == fold]
        answers[kept.index] = LinearRegression().fit(rest[["size"]], rest.price).predict(kept[["size"]])
    assert run["scores"]["r2"] == pytest.approx(r2_score(table.price, answers))


@pytest.mark.parametrize("only", ["a", "z"])  # the first or the last of the classes
def test_a_class_with_fewer_rows_than_folds_is_scored_all_the_same(only):
    table = pd.DataFrame({"size": DRAWS.normal(size=43), "kind": [*"gh" * 20, "rare", "rare", only]})
    run = ran("cv: 5", raw=table.sort_values("kind"), target="kind", passthrough=[])
    assert np.isfinite([*run["scores"].values()]).all()
    shares = run["test_predictions"].filter(like="probability_")
    assert shares.notna().all(axis=None)
    assert shares.sum(axis=1).round(9).eq(1).all()


def test_workflows_are_compared_and_explored_on_the_folds():
    flow = workflow.swap(split_by="cv: 5", estimator=FOREST)
    table = flow.compare(one=flow.swap(estimator=RandomForestClassifier(1, random_state=0))).table
    assert table.accuracy["this one"] == pytest.approx(flow.run(progress=False)["scores"]["accuracy"])
    assert table.verdict["one"] != ""
    tried = flow.explore(estimator={"forest": FOREST, "tree": RandomForestClassifier(1, random_state=0)})
    assert tried.accuracy[0] == pytest.approx(table.accuracy["this one"])


def test_a_champion_is_judged_by_models_that_did_not_learn_the_rows():
    one, many = (RandomForestClassifier(trees, random_state=0) for trees in (1, 40))
    Path("iris.toml").write_text(SETTINGS + 'split_by = "cv: 5"\n')
    champion, challenger = ran("cv: 5", estimator=one), ran("cv: 5", estimator=many)
    settings = read_settings()
    save(champion["model"], settings.model_file)
    gate = compare_with_champion(ChampionInfo(model="0", reason=""), challenger.record.content, challenger, settings)
    assert f"{challenger['scores']['accuracy'] - champion['scores']['accuracy']:+.3f}" in gate.message


def test_a_model_that_was_split_by_a_file_predicts_other_files():
    Path("late.csv").write_text(VISITS.tail(120).to_csv(index=False))
    run = ran("file: late.csv")
    expected = run["predictions"].healthy[run["raw"].index < 0]
    assert predict(VISITS.tail(120), run["model"]).healthy.tolist() == expected.tolist()
    assert "test_predictions" not in run_model(VISITS.tail(3), run["model"])


REFUSED = {
    "group: nobody": "no column is called 'nobody'",
    "time: name": "column 'name': its values have no order in time",
    "time: gap": "column 'gap': row 1 has no value in it",
    "group: name": "there are no test rows",
    "time: first": "the training rows hold 1 value of the target",
    "cv: 161": "320 rows are too few",
    "file: visits.csv": "every file of the source holds test rows",
    "file: nothing.csv": "nothing.csv",
}


@pytest.mark.parametrize("split_by", REFUSED)
def test_a_split_that_cannot_be_is_refused_in_a_sentence(split_by):
    first = np.where(VISITS.healthy, 1, 5)
    VISITS.assign(name="a", gap=[1.0, None] * 160, first=first).to_csv("visits.csv", index=False)
    with pytest.raises(IrisError, match=REFUSED[split_by]):
        ran(split_by, passthrough=["patient", "day", "name", "gap", "first"])


@pytest.mark.parametrize("nonsense", ["cv: 1", "cv: five", "group", "time:day", "k-fold"])
def test_a_setting_of_nonsense_is_refused_with_the_ways_that_there_are(nonsense, monkeypatch, capsys):
    Path("iris.toml").write_text(SETTINGS + f'split_by = "{nonsense}"\n')
    monkeypatch.setattr(sys, "argv", ["iris_ml", "run"])
    with pytest.raises(SystemExit):
        main()
    assert '"random", "time: column", "group: column", "file: name" or "cv: 5"' in capsys.readouterr().err


def test_the_setting_is_understood_by_the_name_split_with_a_sentence():
    Path("iris.toml").write_text(SETTINGS + 'split = "group: patient"\n')
    with pytest.warns(FutureWarning, match="write 'split_by'"):
        assert read_settings().split_by == "group: patient"


def test_rows_without_a_class_in_common_are_refused():
    with pytest.raises(DataError, match="every row is False"):
        ran("cv: 5", raw=VISITS.assign(healthy=False))


def test_a_name_that_only_ends_like_an_identifier_is_none():
    with warnings.catch_warnings(action="error"):
        ran("", raw=VISITS.drop(columns="day").rename(columns={"patient": "acid"}), passthrough=["acid"])


def test_the_default_for_numbers_is_chosen_by_the_same_kind_of_split():
    draws, shop = np.random.default_rng(0), np.repeat(np.arange(30), 40)
    place, luck = draws.normal(size=(2, 30))[:, shop]
    shops = pd.DataFrame({"shop": shop, "size": draws.normal(size=1200), "place": place})
    shops["sales"] = 3 * luck + 2 * shops["size"] + draws.normal(scale=0.3, size=1200)
    flow = workflow.swap(raw=shops, target="sales", passthrough=["shop"])
    kinds = {}
    for split_by in "random", "group: shop":
        run = flow.swap(split_by=split_by).run("estimator", progress=False)
        kinds[split_by] = type(run["estimator"][-1]).__name__
    assert kinds == {"random": "HistGradientBoostingRegressor", "group: shop": "RidgeCV"}


NAMES = "{}/rows/late.csv", "{}/rows/../rows/late.csv", "link.csv", "file://{}/rows/late.csv", "rows/late.csv"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_the_same_file_however_it_is_named(name, folder):
    Path("rows").mkdir()
    VISITS.head(200).to_csv("rows/early.csv", index=False)
    VISITS.tail(120).to_csv("rows/late.csv", index=False)
    Path("link.csv").symlink_to(folder / "rows" / "late.csv")
    run = ran("file: " + name.format(folder), source=["rows/early.csv", "rows/late.csv"])
    assert (len(run["raw"]), len(run["train"]), len(run["test"])) == (320, 200, 120)


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_the_columns_of_the_test_file_may_be_in_another_order(kind):
    for name, table in ("early", VISITS.head(200)), ("late", VISITS.tail(120)), ("turned", VISITS.tail(120)[[*VISITS][::-1]]):
        write = {"csv": table.to_csv, "parquet": table.to_parquet, "xlsx": table.to_excel}[kind]
        write(f"{name}.{kind}", index=False)
    runs = [ran(f"file: {name}.{kind}", source=[f"early.{kind}"]) for name in ("late", "turned")]
    assert runs[0]["raw"].equals(runs[1]["raw"])
    assert runs[0]["scores"] == runs[1]["scores"]


TIMES = {
    "with a zone": pd.date_range("2026-01-01", periods=320, tz="Europe/Rome"),
    "dates of Python": pd.date_range("2026-01-01", periods=320).date,
    "periods": pd.period_range("2000-01", periods=320, freq="M"),
}


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("passed", [["patient", "day"], ["patient"]], ids=["passed through", "learned"])
def test_times_of_every_type_have_an_order(times, passed):
    with warnings.catch_warnings(action="ignore"):
        run = ran("time: day", raw=VISITS.assign(day=TIMES[times]), passthrough=passed)
    assert run["train"].index.max() < run["test"].index.min()
