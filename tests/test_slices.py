"""Where a model is worse than elsewhere is found, in the report too; on clean tables nothing is."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import demographic_parity_difference, equal_opportunity_difference, equalized_odds_difference

from iris_ml.batch.report import report
from iris_ml.batch.summary import ReportSummary
from iris_ml.production import workflow
from iris_ml.trust.slices import find_slices, group_differences, group_scores
from torture.slices import CAMPAIGNS, _town, clean_tables, planted_slices


@pytest.mark.parametrize("numbers", [False, True])
def test_planted_slices_are_found_and_none_on_clean_tables(numbers):
    assert planted_slices(40, _town, numbers)[1] == 0
    assert clean_tables(40, numbers)[1] == 0
    assert len(CAMPAIGNS) == 6


def test_tables_of_odd_columns_have_slices_too():
    draws = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "day": pd.date_range("2026-01-01", periods=400, freq="h"),
            "gap": np.where(draws.random(400) < 0.3, np.nan, draws.normal(size=400)),
            "word": pd.Series(draws.choice(["a", "b"], 400)).astype("str").where(draws.random(400) < 0.8),
            "empty": np.nan,
            "same": 1.0,
        }
    )
    truth = pd.Series(draws.choice(["no", "yes"], 400))
    found, looked = find_slices(rows, truth, truth.where(rows.gap.notna(), "another"))
    assert found[0].conditions == "gap is missing"
    assert looked > 10
    assert find_slices(rows, truth, truth) == ([], looked) or find_slices(rows, truth, truth)[0] == []
    assert find_slices(rows.head(5), truth.head(5), truth.head(5)) == ([], 0)


def test_a_group_that_is_not_worse_has_a_large_p_value():
    draws = np.random.default_rng(0)
    groups, truth = pd.Series(draws.choice([*"ab"], 2000)), pd.Series(np.zeros(2000, dtype=int))
    first, second = group_scores(groups, truth, truth.where(draws.random(2000) > np.where(groups == "a", 0.05, 0.2), 1))
    assert first.p_value == 1
    assert second.p_value < 0.001
    assert second.high < first.low


def test_a_report_says_where_it_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draws = np.random.default_rng(0)
    rows = pd.DataFrame({"age": draws.normal(size=4000), "ward": draws.choice(["day", "night"], 4000)})
    answers = np.where(rows.age > 0, "yes", "no")
    wrong = draws.random(4000) < np.where(rows.ward == "night", 0.3, 0.05)
    people = rows.assign(ill=np.where(wrong, np.where(answers == "yes", "no", "yes"), answers))
    flow = workflow.swap(raw=people, target="ill", split_by="random", record=False, progress=False)
    model = flow.run("model")["model"]
    people.to_csv("people.csv", index=False)
    monkeypatch.setenv("IRIS_ML_MONDRIAN", "ward")
    made = report("people.csv", model=model, most=1000)
    assert made.summary.slices.worst[0].conditions == "ward = night"
    assert [each.conditions for each in made.summary.slices.groups] == ["day", "night"]
    assert [each.label for each in made.summary.slices.differences] == ["no", "yes"]
    assert "ward = night" in made.page.read_text()
    assert "demographic parity" in made.page.read_text()
    assert ReportSummary.from_json(made.data.read_text()).slices == made.summary.slices
    people.drop(columns="ill").to_csv("unlabelled.csv", index=False)
    assert report("unlabelled.csv", model=model).summary.slices is None


def test_differences_between_groups_are_those_of_fairlearn():
    draws = np.random.default_rng(3)
    for _ in range(20):
        groups = pd.Series(draws.choice(["a", "b", "c"], 300, p=[0.5, 0.4, 0.1]))
        truth, predicted = (pd.Series(draws.choice(["no", "yes"], 300)) for _ in range(2))
        known = {each.label: each for each in group_differences(groups, truth, predicted)}["yes"]
        given = {"y_true": truth == "yes", "y_pred": predicted == "yes", "sensitive_features": groups}
        assert known.predicted == pytest.approx(demographic_parity_difference(**given))
        assert known.found == pytest.approx(equal_opportunity_difference(**given))
        assert max(known.found, known.mistaken) == pytest.approx(equalized_odds_difference(**given))


def test_a_group_without_a_row_of_the_class_has_no_share_of_it():
    groups, truth = pd.Series(["a", "a", "b", "b"]), pd.Series(["x", "y", "x", "x"])
    by_label = {each.label: each for each in group_differences(groups, truth, truth)}
    assert (by_label["y"].predicted, by_label["y"].found, by_label["y"].mistaken) == (0.5, None, 0.0)
