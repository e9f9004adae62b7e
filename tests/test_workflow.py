"""Production is exploration: the declared workflow, entered and left anywhere."""

import logging.config
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score

import iris_ml.workflow.workflow as workflow_module
from iris_ml.base.errors import DataError, WorkflowError
from iris_ml.base.settings import read_settings
from iris_ml.base.variants import when
from iris_ml.cache.keys import fingerprint
from iris_ml.models.model_file import load, save
from iris_ml.models.predictor import predict
from iris_ml.production import workflow
from iris_ml.workflow.workflow import Workflow


@pytest.fixture(scope="module")
def run():
    return workflow.run(progress=False)


def test_declaring_the_workflow_reads_no_file_and_runs_nothing(tmp_path):
    (tmp_path / "iris.toml").write_text("this is no TOML")
    program = "from iris_ml.production import workflow; repr(workflow); workflow._repr_html_(); workflow['model']"
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)


def test_scores_are_a_flat_mapping_of_names_to_floats(run):
    assert {"accuracy", "accuracy_low", "accuracy_high"} <= run["scores"].keys()
    assert all(type(figure) is float for figure in run["scores"].values())


def test_two_runs_give_the_same_values(run):
    again = workflow.run(progress=False)
    for name in "train", "test", "predictions":
        assert again[name].equals(run[name])
    assert again["scores"] == run["scores"]


def test_another_estimator_is_put_in_without_a_change_of_the_library(run):
    forest = workflow.swap(estimator=RandomForestClassifier(20)).run(progress=False)
    assert forest["model"].estimator.random_state == 0, "an open random_state takes the seed, where it can be seen"
    assert forest["scores"] != run["scores"]


def test_another_table_is_put_in_by_value_and_target():
    wine = load_wine(as_frame=True).frame.assign(cultivar=lambda rows: "cultivar " + rows.target.astype(str))
    other = workflow.swap(raw=wine.drop(columns="target"), target="cultivar", seed=3).run(progress=False)
    assert other["scores"]["accuracy"] > 0.7
    rows = wine.drop(columns=["target", "cultivar"]).head(3)
    assert predict(rows, other["model"]).cultivar.tolist() == ["cultivar 0"] * 3


def test_new_rows_are_answered_as_they_were_in_training(run):
    rows = run["raw"].drop(columns="species")
    assert predict(rows, run["model"]).equals(run["predictions"])


def test_silence_is_silent(capfd):
    workflow.run("rows", progress=False)
    assert capfd.readouterr() == ("", "")


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(WorkflowError, match="did you mean 'estimator'"):
        workflow.swap(estimators=RandomForestClassifier())
    with pytest.raises(WorkflowError, match="did you mean 'scores'"):
        workflow.run("score")


def test_a_failing_step_raises_its_own_error_and_names_itself():
    with pytest.raises((AttributeError, TypeError)) as caught:
        workflow.swap(rows=lambda raw: 3).run("features", progress=False, checkpoints=False)
    assert any("in step 'features', nbs/steps/02_features.ipynb, cell" in note for note in caught.value.__notes__)
    assert caught.value.inputs["rows"] == 3
    assert caught.traceback[-1].frame.code.name == "features", "where %debug lands"


def test_what_came_before_a_failing_step_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZeroDivisionError):
        workflow.swap(scores=lambda predictions: 1 / 0).run(progress=False)
    assert workflow.run("predictions", progress=False).table.how.unique().tolist() == ["reused"]


def test_a_change_leaves_the_workflow_alone():
    before = repr(workflow), repr(workflow.run("train", progress=False)["train"])
    workflow.swap(features=lambda rows: rows, seed=3).after("rows", lambda rows: rows[:100]).add(petal_area)
    assert (repr(workflow), repr(workflow.run("train", progress=False)["train"])) == before


def petal_area(rows):
    """Multiply the sides of a petal."""
    return rows.petal_length * rows.petal_width


def test_a_partial_function_replaces_a_step_and_is_named_in_its_note():
    assert len(workflow.swap(features=partial(first_rows, count=100)).run("features", progress=False)["features"]) == 100
    with pytest.raises(TypeError) as caught:
        workflow.swap(features=partial(first_rows, count="none")).run("features", progress=False)
    assert any("test_workflow.py, line " in note for note in caught.value.__notes__)


def first_rows(rows, count):
    """Keep some rows."""
    return rows.head(count)


def test_a_model_and_its_profile_fit_on_a_screen():
    wide = pd.DataFrame({f"column_{number}": [float(number), 1.0, 2.0, 3.5] * 10 for number in range(60)})
    wide = wide.assign(town=[f"a town with the long name {number}" for number in range(20)] * 2, kind=["a", "b", "b", "a"] * 10)
    run = workflow.swap(raw=wide, target="kind", split_by="random").run("model", progress=False)
    for name in "model", "profile":
        lines = repr(run[name]).splitlines()
        assert len(lines) < 30
        assert max(map(len, lines)) <= 120


def test_an_input_with_a_default_may_be_missing_and_the_step_is_reused():
    def counted(doubled: int, weight: int | None = None) -> int:
        return doubled if weight is None else doubled * weight

    flow = Workflow(doubled, counted)
    assert flow.swap(seed=3).run(progress=False)["counted"] == 6
    assert flow.swap(seed=3).outdated() == []
    assert flow.swap(seed=3).run(progress=False).results["counted"].how == "reused"


def test_a_new_step_that_no_step_uses_is_marked():
    assert re.search(r"petal_area +needs rows  \(unused\)", repr(workflow.add(petal_area)))
    used = workflow.add(petal_area).swap(features=lambda rows, petal_area: rows.assign(petal_area=petal_area))
    assert "petal_area" in used.run("train", progress=False)["train"]
    assert "unused" not in repr(used)


def test_what_comes_after_a_step_is_seen_by_all_who_ask_for_it(run):
    short = workflow.after("rows", lambda rows: rows[rows.sepal_length < 5.0]).run(progress=False)
    assert len(short["rows"]) == 22
    assert short["rows_before"].equals(run["rows"])
    assert short.results["rows_before"].how == "reused", "a move costs nothing"
    assert short["train"].sepal_length.max() < 5.0


def test_a_function_swapped_in_undoes_what_stood_there(run):
    other = workflow.after("rows", lambda rows: rows[:100]).swap(features=3 * run["features"].iloc[:, :4])
    back = other.swap(rows=lambda raw: raw, features=lambda rows: rows)
    assert back.run("features", progress=False)["features"].equals(run["raw"])


def test_two_changes_after_one_step_follow_each_other():
    twice = workflow.after("rows", lambda rows: rows[:100]).after("rows", lambda rows: rows[-10:])
    assert twice.run("rows", progress=False)["rows"].index.tolist() == [*range(90, 100)]


def test_a_value_put_in_before_a_change_stays_the_value_of_its_step(run):
    other = workflow.swap(rows=run["rows"][:60]).after("rows", lambda rows: rows[:50])
    assert len(other.run("rows", progress=False)["rows"]) == 50


@pytest.mark.parametrize("value", [3, "wine.csv", None], ids=str)
def test_a_value_of_another_type_is_refused(value):
    with pytest.raises(WorkflowError, match="'raw' is a value of type DataFrame"):
        workflow.swap(raw=value)


def test_a_flag_chooses_the_variant_and_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workflow.run(progress=False)
    monkeypatch.setenv("IRIS_ML_CALIBRATED", "true")
    calibrated = workflow.run(progress=False)
    assert type(calibrated["estimator"]).__name__ == "CalibratedClassifierCV"
    assert calibrated.results["train"].how == "reused"
    assert calibrated.why("model") == "model was computed because flag calibrated (now True) changed, and with it estimator."
    assert workflow.swap(calibrated=False).run(progress=False).results["model"].how == "reused"


def variant():
    @when(calibrated=False)
    def height__plain() -> int:
        return 7

    return height__plain


FORMULA = """
formula = "age * 2"


def doubled(rows):
    return rows.assign(double=rows.eval(formula))


declared = workflow.after("features", doubled)
"""


def test_a_formula_that_is_a_constant_of_the_module_counts_and_the_declared_workflow_does_not():
    codes = []
    for text in FORMULA, FORMULA.replace("age * 2", "age * 3"):
        scope = {"__name__": "formulas", "workflow": workflow}
        exec(text, scope)
        codes.append(fingerprint(scope["doubled"]).code)
    assert codes[0] != codes[1]


def test_a_column_called_timestamp_is_no_question_about_the_time_zone():
    assert not fingerprint(lambda rows: rows.assign(age=rows.timestamp)).uses_time_zone
    assert fingerprint(lambda rows: rows.day.map(lambda day: day.timestamp())).uses_time_zone


@pytest.mark.parametrize("graphs", [1, 2, 3])
def test_a_variant_has_one_code_however_many_graphs_hamilton_has_built_of_it(graphs):
    function = variant()
    for _ in range(graphs):
        Workflow(function).swap(calibrated=False).run(progress=False, checkpoints=False)
    assert function.__name__ == "height"  # which Hamilton has changed
    assert fingerprint(function).code == fingerprint(variant()).code


@pytest.mark.parametrize("target", ["ill", "cost"])
def test_a_model_of_a_table_of_ones_own_takes_new_rows_in_the_workflow_too(target):
    draws = np.random.default_rng(0)
    table = pd.DataFrame({"age": draws.normal(size=60), "ward": draws.choice(["a", "b"], 60), "cost": draws.random(60)})
    table["ill"] = np.where(table.age > 0, "yes", "no")
    trained = workflow.swap(raw=table, target=target, split_by="random", progress=False)
    fitted, new = trained.run("model")["model"], table.drop(columns=target).head(5)
    expected = predict(new, fitted, workflow=trained)
    pd.testing.assert_frame_equal(trained.swap(raw=new, model=fitted).run("predictions")["predictions"], expected)
    pd.testing.assert_frame_equal(workflow.swap(raw=new).swap(model=fitted).run("predictions")["predictions"], expected)


def test_a_model_is_used_by_the_steps_that_trained_it_and_by_no_others(run, tmp_path):
    save(run["model"], tmp_path / "model.skops")
    tenth = workflow.after("features", lambda features: features.assign(petal_length=features.petal_length / 10))
    none = workflow.after("predictions", lambda predictions: predictions.iloc[:0])
    for model in (run["model"], load(tmp_path / "model.skops")):
        with pytest.raises(WorkflowError, match="step 'features': it differs from the step that trained the model"):
            tenth.swap(model=model).run("scores", progress=False)
        assert not len(none.swap(model=model).run("predictions", progress=False)["predictions"])
        tenth.swap(model=model).run("features", progress=False)  # which does not use it


@pytest.mark.parametrize(("told", "made"), [("nothing", lambda rows: None), ("an array", lambda rows: rows.to_numpy())])
def test_a_step_that_returns_no_table_is_named_and_not_the_step_after_it(told, made):
    with pytest.raises(WorkflowError, match=f"step 'features': it returns {told}, and a DataFrame is needed"):
        workflow.swap(features=made).run("scores", progress=False)


@pytest.mark.filterwarnings("error")
def test_rows_of_a_single_class_are_judged_without_a_warning(run):
    setosa = run["test"][run["test"].species == "setosa"]
    assert workflow.swap(test=setosa).run("scores", progress=False)["scores"]["balanced_accuracy"] == 1.0


def test_the_balanced_accuracy_is_the_one_of_scikit_learn(run):
    forest = workflow.swap(estimator=RandomForestClassifier(3), seed=3).run(progress=False)
    truth = forest["test"].species
    expected = balanced_accuracy_score(truth, forest["predictions"][truth.name][truth.index])
    assert expected < 1
    assert forest["scores"]["balanced_accuracy"] == pytest.approx(expected, abs=1e-12)


def doubled(seed: int) -> int:
    """Take the seed twice."""
    return 2 * seed


def total(doubled: int) -> int:
    """Add one."""
    return doubled + 1


renamed = Workflow(doubled, total, renamed={"twice": "doubled"})


def twice(seed: int) -> int:
    """Replace a step by its former name."""
    return 20 + seed


FORMER_NAMES = {
    "after": (lambda: renamed.after("twice", lambda doubled: doubled + 5), 6),
    "after, parameter": (lambda: renamed.after("doubled", lambda seed, twice: twice + 5), 6),
    "swap, value": (lambda: renamed.swap(twice=7), 8),
    "swap, function": (lambda: renamed.swap(twice), 21),
    "swap, function by name": (lambda: renamed.swap(twice=lambda seed: 9), 10),
    "swap, parameter": (lambda: renamed.swap(total=lambda twice: twice + 3), 3),
    "swap, typed parameter": (lambda: renamed.swap(total=lengthened), 4),
    "add, parameter": (lambda: renamed.add(more).swap(total=lambda more: more), 6),
}


def lengthened(twice: int) -> int:
    """Use a step by its former name."""
    return twice + 4


def more(twice: int) -> int:
    """Use a step by its former name."""
    return twice + 6


@pytest.mark.parametrize("use", FORMER_NAMES)
def test_a_former_name_of_a_step_is_understood_with_a_warning(use):
    change, expected = FORMER_NAMES[use]
    with pytest.warns(FutureWarning, match="'twice' is now called 'doubled'") as caught:
        changed = change()
    assert {Path(warning.filename) for warning in caught} == {Path(__file__)}, "the warning names the user's line"
    assert changed.swap(seed=0).run("total", progress=False)["total"] == expected


def test_a_former_name_of_an_option_names_the_line_of_the_user():
    with pytest.raises(WorkflowError, match="'scores'"), pytest.warns(FutureWarning, match="is now called") as caught:
        renamed.explore(twice=[1])
    assert {Path(warning.filename) for warning in caught} == {Path(__file__)}


def test_a_former_name_reads_a_step_a_run_and_a_table_of_trials():
    with pytest.warns(FutureWarning, match="'twice' is now called 'doubled'"):
        assert renamed["twice"].name == "doubled"
    with pytest.warns(FutureWarning, match="'twice' is now called 'doubled'"):
        run = renamed.swap(seed=4).run("twice", progress=False)
    assert list(run) == ["doubled"]
    with pytest.warns(FutureWarning, match="'twice' is now called 'doubled'"):
        assert run["twice"] == 8
    with pytest.raises(WorkflowError, match="there is no 'thrice'"):
        renamed["thrice"]


@pytest.mark.filterwarnings("error")
def test_a_step_of_ones_own_may_have_a_former_name():
    assert renamed.add(twice).swap(seed=1).run("twice", "doubled", progress=False)["twice"] == 21
    own = renamed.add(twice).swap(total=lambda twice: twice)
    assert own.swap(seed=1).run("total", progress=False)["total"] == 21


def test_the_graph_is_built_once_for_a_description_and_its_flags(monkeypatch):
    built = []
    build = workflow_module.build_graph
    monkeypatch.setattr(workflow_module, "build_graph", lambda *given: built.append(given) or build(*given))
    fresh = Workflow(doubled, total)
    for seed in range(3):
        assert fresh.swap(seed=seed, doubled=seed).run(progress=False)["total"] == seed + 1
    assert len(built) == 1
    fresh.swap(total=lambda doubled: doubled).run(progress=False)
    assert len(built) == 2


FORMER_SETTINGS = [("asked", "request_log_rows", 5), ("asked_without", "request_log_exclude", ("sepal_width",))]


@pytest.mark.parametrize(("old", "new", "value"), FORMER_SETTINGS)
def test_a_renamed_setting_is_understood_and_its_warning_names_the_new_one(old, new, value, tmp_path):
    written = value if isinstance(value, int) else list(value)
    (tmp_path / "iris.toml").write_text(f"{old} = {written}")
    for places in (tmp_path, {}), (".", {f"IRIS_ML_{old.upper()}": str(written)}):
        with pytest.warns(FutureWarning, match=new):
            assert getattr(read_settings(*places), new) == value
    with pytest.warns(FutureWarning, match=new):
        workflow.swap(**{old: value})


def test_the_former_name_of_the_estimator_is_understood_with_a_warning():
    forest = RandomForestClassifier(5)
    with pytest.warns(FutureWarning, match="'classifier' is now called 'estimator'"):
        run = workflow.swap(classifier=forest).run(progress=False)
    assert run["scores"] == workflow.swap(estimator=forest).run(progress=False)["scores"]
    with pytest.warns(FutureWarning, match="'classifier'"):
        assert run["classifier"] is run["estimator"]
    with pytest.warns(FutureWarning, match="'classifier'"):
        assert workflow.explore(classifier=[forest]).error.tolist() == [""]


def test_a_server_that_configures_logging_does_not_make_hamilton_write_rows_into_the_log(caplog):
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})  # as uvicorn does
    with pytest.raises(ZeroDivisionError):
        Workflow(broken).run(progress=False, checkpoints=False)
    assert not caplog.records


def broken() -> int:
    """Fail."""
    return 1 // 0


MISTAKES = {
    "an infinite feature": (
        "features",
        lambda features: features.assign(ratio=features.sepal_width.mask(features.index == 7, np.inf)),
        "feature 'ratio', row 7: it is infinite, which the estimator does not take",
    ),
    "a gap": (
        "features",
        lambda features: features.assign(ratio=features.sepal_width.mask(features.index == 7)),
        "feature 'ratio', row 7: it is missing, which the estimator does not take",
    ),
    "a feature twice": (
        "features",
        lambda features: pd.concat([features, features[["sepal_width"]]], axis=1),
        "column 'sepal_width': the rows have this column twice",
    ),
    "other names of rows": (
        "features",
        lambda features: features.set_axis(range(1000, 1000 + len(features))),
        "step 'split': it has no row 0; keep the index of the rows in the steps before it",
    ),
    "a word of one's own": (
        "split",
        lambda split: split.replace({"train": "learn"}),
        "step 'split': it calls rows 'learn'; name them train",
    ),
}


@pytest.mark.parametrize("default_estimator", [False, True])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_step_is_told_by_what_is_wrong(mistake, default_estimator):
    step, function, told = MISTAKES[mistake]
    own = workflow.after(step, function).swap(default_estimator=default_estimator, feature_names=[], progress=False)
    if mistake == "a gap" and default_estimator:  # which takes it
        assert own.run("scores", checkpoints=False)["scores"]["accuracy"] > 0.8
        return
    with pytest.raises((DataError, WorkflowError), match=told):
        own.run("scores", checkpoints=False)
