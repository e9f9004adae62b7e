"""A champion is compared with a challenger over rows that neither has learned."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from iris_ml.base.settings import Source, read_settings
from iris_ml.models.champion import ChampionInfo
from iris_ml.models.model_file import save
from iris_ml.models.promotion import _known_rows, _row_marks, compare_with_champion, data_versions, learned_rows
from iris_ml.production import workflow


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("iris.toml").write_text('target = "ill"\n')


def noisy(rows):
    draws = np.random.default_rng(0)
    table = pd.DataFrame(draws.normal(size=(rows, 3)).round(2), columns=["age", "weight", "noise"])
    return table.assign(ill=np.where(table.age + draws.normal(size=rows) > 0, "yes", "no"))


GROWN = {
    "rows are added": noisy(460),
    "the rows are in another order": noisy(400).sample(frac=1, random_state=0, ignore_index=True),
    "a row is removed": noisy(400).drop(index=7).reset_index(drop=True),
    "a column is a number now": noisy(460).assign(weight=lambda rows: rows.weight.astype("Float64")),
}


@pytest.mark.parametrize("after", GROWN)
def test_a_champion_is_not_judged_by_rows_that_it_has_learned(after):
    memory = RandomForestClassifier(20, random_state=0)
    flow = workflow.swap(target="ill", split_by="random", estimator=memory)
    before, now = (flow.swap(raw=table).run(progress=False) for table in (noisy(400), GROWN[after]))
    settings = read_settings()
    save(before["model"], settings.model_file)
    known = pd.merge(now["raw"].loc[now["test"].index], before["raw"].loc[before["train"].index])
    assert len(known) > 30
    champion = ChampionInfo(model="0", data=["older"], learned=learned_rows(before))
    gate = compare_with_champion(champion, now.record.content, now, settings)
    new = len(now["test"]) - len(known)
    assert f"over {new} of {len(now['test'])} rows, which the champion has surely not learned, paid for" in gate.message
    change = float(re.search(r"accuracy (\S+) over", gate.message)[1])
    assert change > -0.1  # by all test rows it is -0.2 and less
    all_rows = flow.swap(raw=GROWN[after], split_by="cv: 2").run(progress=False)
    everything = ChampionInfo(model="0", data=["older"], learned=learned_rows(all_rows))
    gate = compare_with_champion(everything, now.record.content, now, settings)
    assert not gate.is_open
    assert gate.message.startswith(f"none of the {len(now['test'])} test rows is surely new to the champion")


def test_the_same_rows_in_another_form_are_no_newer_data(tmp_path):
    noisy(300).to_csv("rows.csv", index=False)
    flow = workflow.swap(source=Source(["rows.csv"]), target="ill", split_by="random", estimator=LogisticRegression())
    before, now = (flow.swap(passthrough=passed).run(progress=False) for passed in ((), ("weight",)))
    settings = read_settings()
    save(before["model"], settings.model_file)
    versions = [data_versions(run.record.content) for run in (before, now)]
    assert versions[0] != versions[1]
    champion = ChampionInfo(model="0", data=versions[0], rows=300, learned=learned_rows(before))
    assert compare_with_champion(champion, now.record.content, now, settings).name == "better"


def test_a_champion_that_learned_many_rows_is_judged_by_those_that_are_surely_new():
    rows = noisy(8_000)
    flow = workflow.swap(target="ill", split_by="random", estimator=LogisticRegression())
    before, now = (flow.swap(raw=table).run(progress=False) for table in (rows[:7_000], rows))
    learned = learned_rows(before)
    assert len(learned) < 22_000
    left, are_all_there = _known_rows(_row_marks(now["raw"], before["model"]), learned)
    assert are_all_there
    new = now["test"].index.difference(left)
    assert not new.isin(before["train"].index).any()
    assert 0.6 < len(new) / len(now["test"].index.difference(before["train"].index)) < 0.95
