"""The steps that trained a model predict with it, on every surface; other steps are refused by name."""

import decimal
import itertools
import json
import linecache
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import requests
from distributed import LocalCluster
from sklearn import get_config, set_config
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from iris_ml import Workflow, load, predict, save
from iris_ml.base import thread_options
from iris_ml.base.errors import WorkflowError
from iris_ml.cache.dependencies import within_project
from iris_ml.cli.parity import SURFACES
from iris_ml.io.readers import raw
from iris_ml.models.predictor import Predictor, run_model
from iris_ml.production import workflow
from iris_ml.steps.estimator import estimator
from iris_ml.steps.model import Model
from iris_ml.steps.model import model as fit
from iris_ml.steps.profile import Profile
from iris_ml.steps.profile import profile as describe
from tests.fork_server import FORKED_PYTHON
from torture.serving import served
from torture.surfaces import every_way

ROWS = raw("package:iris.csv").drop(columns="species")
SHORT = "petal_length"


def tenth(features):
    return features.assign(petal_length=features.petal_length / 10)


def divided(features, by):
    return features.assign(petal_length=features.petal_length / by)


class Scale:
    def apply(self, rows):
        return rows.assign(petal_length=rows.petal_length / 10)


def only_petals(rows):
    return rows[[name for name in rows if name.startswith("petal") or name == "species"]]


CHANGED = {  # how a workflow was changed, and the step that a refusal names
    "a function after features": (workflow.after("features", tenth), "features"),
    "a lambda after features": (workflow.after("features", lambda features: tenth(features)), "features"),
    "a partial function after features": (workflow.after("features", partial(divided, by=10)), "features"),
    "a method after rows": (workflow.after("rows", Scale().apply), "rows"),
    "a function after raw": (workflow.after("raw", tenth), "raw"),
    "other features": (workflow.swap(features=only_petals), "features"),
    "two functions after features": (workflow.after("features", tenth).after("features", tenth), "features"),
    "a function after predictions": (workflow.after("predictions", lambda predictions: predictions[::1]), "predictions"),
    "a setting that a step uses": (
        workflow.after("features", lambda features, seed: features * (seed + 1)).swap(seed=3),
        "features",
    ),
}


@pytest.fixture(scope="module", params=CHANGED)
def trained(request, tmp_path_factory):
    """A folder in which a changed workflow was run, that workflow, its run, and the step that differs from production."""
    other, step = CHANGED[request.param]
    with chdir(folder := tmp_path_factory.mktemp("changed")):
        run = other.run(progress=False)
        save(run["model"], "changed.skops")
    return folder, other, run, step


@pytest.fixture
def changed(trained, monkeypatch):
    """A changed workflow, its run, the path of its model, and the step that differs from production."""
    folder, other, run, step = trained
    monkeypatch.chdir(folder)
    return other, run, "changed.skops", step


def test_the_process_that_trained_predicts_as_the_run(changed):
    _, run, _, _ = changed
    assert predict(ROWS, run["model"]).equals(run["predictions"])


def test_a_loaded_model_predicts_as_the_run_with_the_workflow_that_trained_it(changed):
    other, run, path, _ = changed
    assert predict(ROWS, load(path), workflow=other).equals(run["predictions"])


def test_a_loaded_model_refuses_other_steps_by_name(changed):
    _, _, path, step = changed
    with pytest.raises(WorkflowError, match=rf"step '{step}'.*train"):
        predict(ROWS, load(path))


def test_a_reused_model_knows_its_workflow(changed):
    other, run, _, _ = changed
    again = other.run(progress=False)
    assert again.results["model"].how == "reused"
    assert predict(ROWS, again["model"]).equals(run["predictions"])


@pytest.mark.parametrize(
    "part", [{"split": lambda rows: pd.Series(["train", "test"] * 75, rows.index)}, {"seed": 5}], ids=["the split", "the seed"]
)
def test_steps_before_the_model_may_differ(part, tmp_path):
    run = workflow.swap(**part).run("model", "predictions", checkpoints=False)
    save(run["model"], tmp_path / "model.skops")
    assert predict(ROWS, load(tmp_path / "model.skops")).equals(run["predictions"])


def test_the_origin_is_no_part_of_the_value():
    run = workflow.run("model", checkpoints=False)
    before = run.results["model"].digest
    predict(ROWS, run["model"])
    assert workflow.run("model", checkpoints=False).results["model"].digest == before


DEPENDENT = {  # a step whose result for a row depends on other rows
    "a mean": lambda features: features.assign(petal_length=features.petal_length - features.petal_length.mean()),
    "ranks": lambda features: features.assign(petal_length=features.petal_length.rank()),
    "an order": lambda features: features.sort_values("petal_length").reset_index(drop=True),
}


@pytest.mark.parametrize("how", DEPENDENT)
def test_a_step_that_depends_on_other_rows_is_refused_by_name(how):
    run = workflow.after("features", DEPENDENT[how]).run("model", checkpoints=False)
    with pytest.raises(WorkflowError, match=r"step 'features'.*other rows"):
        predict(ROWS, run["model"])


def test_a_step_that_drops_rows_refuses_the_rows_that_it_drops():
    run = workflow.after("rows", lambda rows: rows[rows.sepal_length < 6]).run("model", checkpoints=False)
    assert len(predict(ROWS.head(10), run["model"])) == 10
    with pytest.raises(WorkflowError, match="step 'rows': it makes 83 rows of 150"):
        predict(ROWS, run["model"])


def test_a_file_without_keys_is_read_for_production_only():
    model = load(Path(__file__).parent / "data" / "before_the_move" / "model.skops")
    assert len(predict(ROWS, model)) == 150
    model = load(Path(__file__).parent / "data" / "before_the_move" / "model.skops")
    with pytest.raises(WorkflowError, match="step 'features'"):
        predict(ROWS, model, workflow=workflow.after("features", tenth))


def test_a_step_that_needs_its_own_result_points_to_after():
    with pytest.raises(WorkflowError, match=r"step 'features'.*its own result.*workflow\.after\('features'"):
        workflow.swap(features=lambda features: features).run("model")


def test_a_step_that_fails_for_few_rows_is_refused_by_name_and_its_model_is_saved(tmp_path):
    def many(features):
        if len(features) < 10:
            raise ValueError("too few rows")
        return features

    model = workflow.after("features", many).run("model", checkpoints=False)["model"]
    with pytest.warns(UserWarning, match=r"cannot predict from its file: step 'features': its result for a row depends"):
        save(model, tmp_path / "model.skops")
    for found in model, load(tmp_path / "model.skops"):
        with pytest.raises(WorkflowError, match=r"step 'features'.*other rows"):
            predict(ROWS, found)


def test_a_step_whose_code_or_value_has_no_digest_predicts_only_where_it_was_trained(tmp_path):
    class Odd:
        def __reduce__(self):
            raise TypeError("no state")

    def tool() -> object:
        return None

    def features(rows, tool):
        return rows

    other = workflow.add(tool).swap(features).swap(tool=Odd())
    run = other.run("model", "predictions", checkpoints=False)
    with pytest.warns(UserWarning, match="the model cannot predict from its file"):
        save(run["model"], tmp_path / "model.skops")
    assert predict(ROWS, run["model"]).equals(run["predictions"])
    with pytest.raises(WorkflowError, match=r"step '(features|tool)': it cannot be compared"):
        predict(ROWS, load(tmp_path / "model.skops"), workflow=other)


def test_a_workflow_without_raw_rows_still_saves_its_model(tmp_path):
    def table() -> pd.DataFrame:
        return raw("package:iris.csv")

    def profile(table: pd.DataFrame, target: str) -> Profile:
        return describe(table, pd.Series("train", table.index), target, [], {}, {}, table)

    def model(table: pd.DataFrame, profile: Profile, target: str) -> Model:
        return fit(estimator(), table, profile, target, [], 0)

    trained = Workflow(table, profile, model).run("model", checkpoints=False)["model"]
    save(trained, tmp_path / "model.skops")
    assert load(tmp_path / "model.skops").predict(ROWS).equals(trained.predict(ROWS))


def test_an_explanation_does_not_run_the_step_before_it_twice():
    tripled = workflow.after("rows", lambda rows: rows.assign(petal_length=rows.petal_length * 3))
    model = tripled.run("model", checkpoints=False, progress=False)["model"]
    run = run_model(ROWS, model, debug=True)
    moved = predict(ROWS.assign(petal_length=model.profile.columns["petal_length"]["median"] / 3), model)
    labels = run["moves"].xs("petal_length", level="set to its median").label
    assert labels.tolist() == moved.species.tolist()
    before = run["predictions"]
    for row, label in enumerate(before.species):
        change = moved.iloc[row][f"probability_{label}"] - before.iloc[row][f"probability_{label}"]
        assert run["moves"].loc[(before.index[row], "petal_length"), "change"] == pytest.approx(change)


def test_a_changed_workflow_gives_the_labels_of_its_run_on_every_surface_or_is_refused_there():
    surfaces = {name: SURFACES[name] for name in ("notebook", "command", "report from csv, batches of 5", "API", "app")}
    faults, failures = every_way(["after_features_method"], surfaces)
    assert (faults, failures) == (20, 0)


# A project of its own: other step names, another step between raw and features and one after the predictions, other columns.
PACKAGE = """
from sklearn.linear_model import LogisticRegression

from iris_ml import Workflow
from iris_ml.io.readers import raw
from iris_ml.steps.model import Model, model as fit, predictions as answer
from iris_ml.steps.profile import Profile, profile as describe
from iris_ml.steps.scores import scores
import pandas as pd


def clean(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.dropna()


def density(clean: pd.DataFrame) -> pd.DataFrame:
    return clean.assign(density=clean.weight / clean.volume).drop(columns="volume")


def split(clean: pd.DataFrame) -> pd.Series:
    return pd.Series(["train" if place % 3 else "test" for place in range(len(clean))], clean.index)


def train(density: pd.DataFrame, split: pd.Series) -> pd.DataFrame:
    return density[split == "train"]


def test(density: pd.DataFrame, split: pd.Series) -> pd.DataFrame:
    return density[split == "test"]


def profile(clean: pd.DataFrame, split: pd.Series, target: str, raw: pd.DataFrame) -> Profile:
    return describe(clean, split, target, [], {}, {}, raw)


def estimator() -> LogisticRegression:
    return LogisticRegression()


def model(estimator: LogisticRegression, train: pd.DataFrame, profile: Profile, target: str, seed: int) -> Model:
    return fit(estimator, train, profile, target, [], seed)


def predictions(model: Model, density: pd.DataFrame) -> pd.DataFrame:
    return answer(model, density)


def sure_of_iron(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions.assign(metal=predictions.metal.mask(predictions.probability_iron < 0.6, "aluminium"))


workflow = Workflow(raw, clean, density, split, train, test, profile, estimator, model, predictions, scores)
workflow = workflow.after("predictions", sure_of_iron)
"""
WATCH = """
import atexit, sys
sys.modules.pop("iris_ml.production", None)  # of the process that was forked
atexit.register(lambda: "iris_ml.production" in sys.modules and open("production_was_imported", "a").close())
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with a package, its table and its settings, and a trained model."""
    folder = tmp_path_factory.mktemp("metals")
    (folder / "metals").mkdir()
    (folder / "metals" / "__init__.py").write_text("")
    (folder / "metals" / "flow.py").write_text(PACKAGE)
    (folder / "sitecustomize.py").write_text(WATCH)
    weights = [float(place % 17 + 1) for place in range(90)]
    volumes = [weight / (2.7 if place % 2 else 7.9) * (1 + place % 5 / 50) for place, weight in enumerate(weights)]
    kinds = ["aluminium" if place % 2 else "iron" for place in range(90)]
    pd.DataFrame({"weight": weights, "volume": volumes, "metal": kinds}).to_csv(folder / "metals.csv", index=False)
    pd.DataFrame({"weight": weights, "volume": volumes}).to_csv(folder / "new.csv", index=False)
    (folder / "iris.toml").write_text('workflow = "metals.flow:workflow"\nsource = "metals.csv"\ntarget = "metal"\n')
    ended = typed(folder, "run", "--quiet")
    assert ended.returncode == 0, ended.stderr
    return folder


def typed(folder, *words, program="from iris_ml.cli.entry import main; main()", **environment):
    """Type a command in the folder of the project, whose package can be imported there."""
    path = {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), "IRIS_ML_PROGRESS": "false"}
    command = [*FORKED_PYTHON, "-c", program, *words]
    return subprocess.run(command, cwd=folder, env=os.environ | path | environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def expected(project):
    """The labels that the project's own process gives."""
    program = (
        "import pandas as pd; from metals.flow import workflow; from iris_ml import predict, read_table;"
        "run = workflow.run(progress=False); print(predict(read_table('new.csv'), run['model']).metal.to_json())"
    )
    labels = [*json.loads(typed(project, program=program).stdout).values()]
    assert {*labels} == {"aluminium", "iron"}
    return labels


def test_another_workflow_predicts_and_reports(project, expected):
    assert typed(project, "predict", "new.csv", "--to", "answers.csv").returncode == 0
    assert pd.read_csv(project / "answers.csv").metal.tolist() == expected
    ended = typed(project, "report", "new.csv", "--to", "report.html")
    assert ended.returncode == 0, ended.stderr
    assert pd.read_csv(project / "report_predictions.csv").metal.tolist() == expected
    assert not (project / "production_was_imported").exists()


OWN = """
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from iris_ml.production import workflow as production


class Scale(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return np.asarray(X) / 10


def limit(X):
    return np.minimum(X, 1e6)


def estimator():
    return make_pipeline(Scale(), FunctionTransformer(limit), LogisticRegression())


workflow = production.swap(estimator)
"""


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("(X, 1e6)", "(X, 2e6)", "function limit"),
        ("/ 10", "/ 10 + np.where(np.asarray(X) > 1e6, 1, 0)", "function Scale.transform"),
        ("/ 10", "/ -10", "function Scale.transform"),
    ],
    ids=["a function, which no golden row meets", "a method, which no golden row meets", "a method"],
)
def test_other_code_of_ones_own_in_the_estimator_is_refused_by_name(tmp_path, before, after, named):
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "iris.toml").write_text('workflow = "own:workflow"\ntrusted_types = ["own.Scale", "own.limit"]\n')
    assert typed(tmp_path, "run", "--quiet").returncode == 0
    (tmp_path / "new.csv").write_text(typed(tmp_path, "sample").stdout)
    assert typed(tmp_path, "predict", "new.csv", "--to", "answers.csv").returncode == 0
    (tmp_path / "own.py").write_text(f"# A comment changes nothing.\n{OWN}")
    assert typed(tmp_path, "predict", "new.csv", "--to", "answers.csv").returncode == 0
    (tmp_path / "own.py").write_text(OWN.replace(before, after))
    refused = typed(tmp_path, "predict", "new.csv", "--to", "answers.csv")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert f"{named}, in the estimator: its code differs from that of the training" in refused.stderr


READING = """
import json

from iris_ml.production import workflow as production


def rated(features):
    with open("rates.json") as file:
        return features.assign(petal_length=features.petal_length + features.sepal_length.map(json.load(file)).fillna(0))


workflow = production.after("features", rated)
"""


def test_a_file_that_a_step_reads_is_compared_where_no_golden_row_meets_it(tmp_path):
    (tmp_path / "own.py").write_text(READING)
    (tmp_path / "rates.json").write_text('{"99": 1}')
    (tmp_path / "iris.toml").write_text('workflow = "own:workflow"\n')
    assert typed(tmp_path, "run", "--quiet").returncode == 0
    (tmp_path / "new.csv").write_text(typed(tmp_path, "sample").stdout)
    assert typed(tmp_path, "predict", "new.csv", "--to", "answers.csv").returncode == 0
    (tmp_path / "rates.json").write_text('{"99": 2}')
    refused = typed(tmp_path, "predict", "new.csv", "--to", "answers.csv")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "rates.json: step 'features' reads it, and it has changed since the training" in refused.stderr


def moved(features, length):
    """Other numbers only for rows that are no golden ones."""
    return features.assign(petal_length=features.petal_length.mask(features.petal_length == 1.0, length))


def by_variable(features):
    return moved(features, float(os.environ.get("LENGTH", "1")))


def by_existence(features):
    return moved(features, float(Path("long").exists()))


def by_folder(features):
    return moved(features, len([*Path("lengths").iterdir()]))


def by_optional_file(features):
    try:
        return moved(features, float(Path("length").read_text()))
    except FileNotFoundError:
        return features


def by_map(features):
    return moved(features, float(np.memmap("numbers", np.uint8)[0]))  # opened as if it might be written


def by_remembered_lines(features):
    return moved(features, float(linecache.getline("numbers", 1)))


def by_local_hour(features):
    return moved(features, datetime.fromtimestamp(0).hour)


def another_variable(monkeypatch):
    monkeypatch.setenv("LENGTH", "2")


def another_time_zone(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo" if time.timezone == 0 else "UTC")
    time.tzset()


@pytest.fixture
def same_time_zone():
    yield
    time.tzset()  # after the variable is as it was


@pytest.mark.parametrize(
    ("step", "change", "named"),
    [
        (by_variable, another_variable, "variable LENGTH"),
        (by_existence, lambda _: Path("long").touch(), "path long"),
        (by_folder, lambda _: Path("lengths", "another").touch(), "folder lengths"),
        (by_optional_file, lambda _: Path("length").write_text("2"), "file length"),
        (by_optional_file, None, "file length"),
        (by_map, lambda _: Path("numbers").write_text("2"), "file numbers"),
        (by_remembered_lines, lambda _: Path("numbers").write_text("2"), "file numbers"),
        (by_local_hour, another_time_zone, "time zone"),
    ],
)
@pytest.mark.usefixtures("same_time_zone")
def test_what_else_a_step_reads_is_compared_where_no_golden_row_meets_it(step, change, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("lengths").mkdir()
    Path("numbers").write_text("1")
    happened = "is missing" if change is None else "has changed"
    if change is None:
        Path("length").write_text("2")
        change = lambda _: Path("length").unlink()  # noqa: E731
    other = workflow.after("features", step)
    run = other.run(progress=False, checkpoints=step is by_remembered_lines)  # whose second reading needs no file
    save(run["model"], "model.skops")
    assert predict(ROWS, load("model.skops"), workflow=other).equals(run["predictions"])
    change(monkeypatch)
    with pytest.raises(WorkflowError, match=f"{named}: step 'features' reads it, and it {happened}"):
        predict(ROWS, load("model.skops"), workflow=other)


@pytest.mark.usefixtures("same_time_zone")
def test_a_model_answers_in_another_time_zone_unless_a_step_depends_on_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = workflow.run(progress=False)
    save(run["model"], "model.skops")
    another_time_zone(monkeypatch)
    assert predict(ROWS, load("model.skops")).equals(run["predictions"])


def test_a_variable_that_only_a_library_asks_for_may_differ(tmp_path, monkeypatch):
    forest = RandomForestClassifier(5, n_jobs=-1)  # whose joblib asks how many cores it may use
    save(workflow.swap(estimator=forest).run("model", checkpoints=False)["model"], tmp_path / "model.skops")
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert len(predict(ROWS, load(tmp_path / "model.skops"), workflow=workflow)) == len(ROWS)


def by_numpy(features):
    return moved(features, np.random.normal(size=len(features)))


def by_python(features):
    return moved(features, random.random())


def by_program(features):
    return moved(features, float(subprocess.run(["echo", "2"], capture_output=True, check=True).stdout))


def by_hash(features):
    return moved(features, hash("length") % 7)


@pytest.mark.filterwarnings("ignore:the model cannot predict from its file")
@pytest.mark.parametrize(
    ("step", "what"),
    [
        (by_numpy, "it draws random numbers"),
        (by_python, "it draws random numbers"),
        (by_program, "it reads what cannot be compared with the training"),
        (by_hash, "it cannot be compared with that of the training: code that uses hash"),
    ],
)
def test_a_step_that_no_later_process_can_repeat_is_refused_by_name(step, what, tmp_path):
    other = workflow.after("features", step)
    save(other.run("model", checkpoints=False)["model"], tmp_path / "model.skops")
    with pytest.raises(WorkflowError, match=f"step 'features': {what}"):
        predict(ROWS, load(tmp_path / "model.skops"), workflow=other)


def by_target(features):
    return features.assign(petal_length=(features["species"] == "setosa") if "species" in features else 0.0)


def by_many_rows(features):
    return features.assign(petal_length=features.petal_length + (len(features) > 100))


COUNT = itertools.count()


def by_count(features):
    return features.assign(petal_length=features.petal_length + next(COUNT))


@pytest.mark.filterwarnings("ignore:the model cannot predict from its file")
@pytest.mark.parametrize(
    ("step", "what"),
    [
        (by_target, "for a row depends on the target"),
        (by_many_rows, "for a row depends on the other rows of the table"),
        (by_count, "for the same rows is another one when it runs again"),
    ],
)
def test_a_step_that_gives_new_rows_other_results_is_refused_by_name(step, what, tmp_path):
    model = workflow.after("features", step).run("model", checkpoints=False)["model"]
    save(model, tmp_path / "model.skops")
    for found in model, load(tmp_path / "model.skops"):
        with pytest.raises(WorkflowError, match=f"step 'features': its result {what}"):
            predict(ROWS, found)


def kept(raw):
    """A step that drops training rows by their target, and takes only targets that a training row could have."""
    if "sepal_width" in raw and (raw.sepal_width < 1).any():
        raise ValueError("no flower is so narrow")
    return raw[raw.sepal_width > 1] if "sepal_width" in raw else raw


def test_a_step_that_selects_training_rows_by_the_target_is_no_obstacle():
    of_widths = workflow.after("raw", kept).swap(target="sepal_width", feature_names=[], classes=[], passthrough=["species"])
    run = of_widths.swap(estimator=LinearRegression()).run(progress=False)
    assert predict(run["raw"].drop(columns="sepal_width"), run["model"]).equals(run["predictions"])


def test_a_table_that_is_put_in_after_a_change_stands_for_both():
    run = workflow.after("raw", tenth).swap(raw=raw("package:iris.csv")).run(progress=False)
    assert predict(ROWS, run["model"]).equals(run["predictions"])
    assert predict(ROWS.head(3), run["model"]).equals(run["predictions"].head(3))


def test_a_loaded_model_that_cannot_predict_may_still_be_saved_again(tmp_path):
    with pytest.warns(UserWarning, match="the model cannot predict from its file: step 'features'"):
        save(workflow.after("features", by_hash).run("model", checkpoints=False)["model"], tmp_path / "model.skops")
    save(load(tmp_path / "model.skops"), tmp_path / "again.skops")
    with pytest.raises(WorkflowError, match="step 'features': it cannot be compared"):
        predict(ROWS, load(tmp_path / "again.skops"), workflow=workflow.after("features", by_hash))


def test_the_order_of_the_columns_changes_nothing():
    other = workflow.after("rows", lambda rows: rows.assign(petal_length=rows.iloc[:, 0] * 2 + rows.iloc[:, 1]))
    other = other.swap(target="sepal_width", feature_names=[], classes=[], passthrough=["species"])
    run = other.swap(estimator=LinearRegression()).run(progress=False)
    rows = run["raw"].drop(columns="sepal_width")
    for table in rows, rows[rows.columns[::-1]]:
        assert predict(table, run["model"]).equals(run["predictions"])


def limited(X, rule):
    return rule(X)


def below_a_million(X):
    return X.clip(upper=RATE["most"])


@pytest.mark.parametrize(
    "own",
    [
        FunctionTransformer(partial(limited, rule=below_a_million)),
        FunctionTransformer(limited, kw_args={"rule": below_a_million}),
        make_pipeline(make_column_transformer((FunctionTransformer(below_a_million), [SHORT]), remainder="passthrough")),
    ],
    ids=["in a partial function", "in an argument", "in a pipeline in a pipeline"],
)
def test_code_of_ones_own_is_found_wherever_the_estimator_holds_it(own, tmp_path, monkeypatch):
    monkeypatch.setitem(RATE, "most", 1e6)
    trusted = [f"{__name__}.{function.__name__}" for function in (limited, below_a_million)] + ["functools.partial"]
    run = workflow.swap(estimator=make_pipeline(own, LogisticRegression(max_iter=1000))).run("model", checkpoints=False)
    save(run["model"], tmp_path / "model.skops", trusted=trusted)
    assert len(predict(ROWS, load(tmp_path / "model.skops", trusted), workflow=workflow)) == len(ROWS)
    monkeypatch.setitem(RATE, "most", 2e6)
    with pytest.raises(WorkflowError, match="global RATE, in the estimator: its code differs from that of the training"):
        predict(ROWS, load(tmp_path / "model.skops", trusted), workflow=workflow)


def capped():
    return make_pipeline(FunctionTransformer(below_a_million), LogisticRegression(max_iter=1000))


@pytest.mark.parametrize("own", [capped(), capped], ids=["put in", "made by a step"])
@pytest.mark.parametrize("is_first", [True, False], ids=["before it predicts", "after it predicted"])
def test_code_of_the_estimator_that_changes_after_the_run_is_noticed_where_it_was_trained(own, is_first, tmp_path, monkeypatch):
    monkeypatch.setitem(RATE, "most", 1e6)
    trained = workflow.swap(estimator=own)
    run = trained.run(progress=False)
    assert is_first or predict(ROWS, run["model"]).equals(run["predictions"])
    monkeypatch.setitem(RATE, "most", 2e6)
    for given in (None, trained):
        with pytest.raises(WorkflowError, match=r"estimator.*(its code differs|has changed since the run)"):
            predict(ROWS, run["model"], workflow=given)
    with pytest.raises(WorkflowError, match=r"estimator.*(its code differs|has changed since the run)"):
        save(run["model"], tmp_path / "model.skops", trusted=[f"{__name__}.below_a_million"])  # predictions of other code


@pytest.mark.filterwarnings("error")
def test_a_model_whose_value_was_not_stored_is_not_made_by_code_that_changed_after_the_run(monkeypatch):
    monkeypatch.setitem(RATE, "most", 1e6)
    trained = workflow.swap(estimator=capped())
    before = trained.run(progress=False).results["model"].digest
    run = trained.run(progress=False)
    assert run.results["model"].how == "reused"
    monkeypatch.setitem(RATE, "most", 2.0)
    with pytest.raises(WorkflowError, match=r"step 'model': estimator has changed since the run, .*; run the workflow again"):
        run["model"]
    monkeypatch.setitem(RATE, "most", 1e6)
    again = trained.run(progress=False).results["model"]
    assert (again.how, again.digest) == ("reused", before)
    assert again.value.predict(ROWS).species.nunique() == 3


EDITED = """
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from iris_ml.production import workflow as production


def doubled(X):
    return X * 2.0


def estimator():
    return make_pipeline(FunctionTransformer(doubled), LogisticRegression(max_iter=1000))


workflow = production.swap(estimator)
"""
ON_OLD_WORKERS = """
import importlib, pathlib
import own
from distributed import Client, LocalCluster
from iris_ml import save
from iris_ml.base.errors import IrisError
from iris_ml.batch.report import report
from iris_ml.base.settings import read_settings

def tried():
    save(own.workflow.run(progress=False)["model"], read_settings().model_file)
    for cluster in None, client:
        for options in {"seed": [0]}, {"estimator": {"own": own.estimator()}}:
            trial = own.workflow.explore(on=cluster, **options).iloc[0]
            print("trial:", trial.error or round(trial.accuracy, 1))
    try:
        report("new.csv", "report.html", on=client)
        print("report:")
    except IrisError as error:
        print("report:", error)

with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
    tried()
    file = pathlib.Path("own.py")
    file.write_text(file.read_text().replace("2.0", "0.0"))
    importlib.reload(own)
    tried()
"""


def test_a_process_that_started_before_an_edit_is_replaced_or_gives_an_error_and_no_other_score(tmp_path):
    (tmp_path / "own.py").write_text(EDITED)
    (tmp_path / "iris.toml").write_text('workflow = "own:workflow"\ntrusted_types = ["own.doubled"]\n')
    (tmp_path / "new.csv").write_text(ROWS.to_csv(index=False))
    ended = typed(tmp_path, program=ON_OLD_WORKERS)
    assert ended.returncode == 0, ended.stderr
    *before, first, second, third, fourth, reported = ended.stdout.splitlines()
    assert before == ["trial: 1.0"] * 4 + ["report:"]
    assert (first, second) == ("trial: 0.3", "trial: 0.3")  # in new processes
    assert all("step 'estimator': the process that runs the trial has other code of it" in line for line in (third, fourth))
    assert "function doubled: a worker of the cluster has other code of it" in reported


CHOOSING = """
import importlib
import sys

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from iris_ml.production import workflow as production


class Chosen(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X.map(FOUND)


def estimator():
    return make_pipeline(Chosen(), LogisticRegression(max_iter=1000))


workflow = production.swap(estimator)
"""


@pytest.mark.parametrize(
    "found",
    ["importlib.import_module('mine.large').large", "__import__('mine.large').large.large", "sys.modules['mine.large'].large"],
)
def test_code_that_an_estimator_names_only_when_it_runs_counts_with_its_whole_package(tmp_path, found):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text("import mine.large\n")
    (tmp_path / "mine" / "large.py").write_text("def large(x):\n    return x * 1.0 if x > 100 else x\n")
    (tmp_path / "mine" / "flow.py").write_text(CHOOSING.replace("FOUND", found))
    (tmp_path / "iris.toml").write_text('workflow = "mine.flow:workflow"\ntrusted_types = ["mine.flow.Chosen"]\n')
    assert typed(tmp_path, "run", "--quiet").returncode == 0
    (tmp_path / "new.csv").write_text(typed(tmp_path, "sample").stdout)
    assert typed(tmp_path, "predict", "new.csv", "--to", "answers.csv").returncode == 0
    (tmp_path / "mine" / "large.py").write_text("def large(x):\n    return x * 50.0 if x > 100 else x\n")
    refused = typed(tmp_path, "predict", "new.csv", "--to", "answers.csv")
    assert "a module of mine, in the estimator: its code differs from that of the training" in refused.stderr


def test_a_file_in_the_working_folder_has_its_place_where_the_path_of_modules_is_a_notebooks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert within_project(f"{tmp_path}/mine/parts.py") == "./mine/parts.py"


def test_a_workflow_that_is_declared_with_changes_is_not_changed_by_hand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = ModuleType("declared_with_changes")
    module.workflow = workflow.after("features", tenth).swap(estimator=LogisticRegression())
    monkeypatch.setitem(sys.modules, module.__name__, module)
    Path("iris.toml").write_text(f'workflow = "{module.__name__}:workflow"\n')
    assert module.workflow.run(progress=False).record.content.changes == []
    assert module.workflow.swap(seed=3, estimator=LogisticRegression()).run(progress=False).record.content.changes != []
    assert workflow.after("features", tenth).run(progress=False).record.content.changes != []


PLACED = """
import json
import os
from pathlib import Path

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from iris_ml.production import workflow as production

HERE = Path(__file__).parent
RATES = os.path.join(os.path.dirname(__file__), "rates.json")
LIMITS = {}
LIMITS.update(json.loads((HERE / "limits.json").read_text()))


def rated(features):
    with open(RATES) as file:
        rate = json.load(file)["rate"] + len((HERE / "own.py").suffix)
    return features.assign(petal_length=features.petal_length * rate)


def at_home(X):
    return X[: len(X) + (0 if HERE.exists() else 1)].clip(upper=LIMITS["most"])


def estimator():
    return make_pipeline(FunctionTransformer(at_home), LogisticRegression(max_iter=1000))


workflow = production.swap(estimator).after("features", rated)
"""


@pytest.mark.parametrize("folder", ["after", "site-packages"])  # the latter: installed, as its wheel would be
def test_a_project_may_be_moved_with_its_model(tmp_path, folder):
    before, after, work = tmp_path / "before", tmp_path / folder, tmp_path / "work"
    before.mkdir()
    work.mkdir()
    (before / "own.py").write_text(PLACED)
    (before / "rates.json").write_text('{"rate": 2}')
    (before / "limits.json").write_text('{"most": 1000}')
    (work / "iris.toml").write_text('workflow = "own:workflow"\ntrusted_types = ["own.at_home"]\n')
    assert typed(work, "run", "--quiet", PYTHONPATH=str(before)).returncode == 0
    (work / "new.csv").write_text(typed(work, "sample", PYTHONPATH=str(before)).stdout)
    assert typed(work, "predict", "new.csv", "--to", "before.csv", PYTHONPATH=str(before)).returncode == 0
    before.rename(after)
    about = after / "own-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 1.0\nRequires-Dist: iris_ml\n")
    (about / "RECORD").write_text("own.py,,\nown-1.0.dist-info/METADATA,,\n")
    ended = typed(work, "predict", "new.csv", "--to", "after.csv", PYTHONPATH=str(after))
    assert ended.returncode == 0, ended.stderr
    assert (work / "after.csv").read_bytes() == (work / "before.csv").read_bytes()
    (after / "rates.json").write_text('{"rate": 3}')
    refused = typed(work, "predict", "new.csv", PYTHONPATH=str(after))
    assert "file rates.json: step 'features' reads it, and it has changed" in refused.stderr
    (after / "rates.json").write_text('{"rate": 2}')
    (after / "own.py").write_text(PLACED.replace("petal_length * rate", "petal_length * rate * 3"))
    refused = typed(work, "predict", "new.csv", PYTHONPATH=str(after))
    assert "step 'features': it differs from the step that trained the model" in refused.stderr


TIDIED = """
from iris_ml.production import workflow as production


def tidy(rows):
    return rows.assign(colour=rows.colour.str.strip().str.lower())


workflow = production.after("rows", tidy)
"""


def test_texts_that_a_step_tidies_are_the_same_on_every_surface(tmp_path):
    (tmp_path / "own.py").write_text(TIDIED)
    colours = ["Red ", " red", "BLUE", "blue"] * 15
    rows = pd.DataFrame({"colour": colours, "size": range(5, 125, 2), "kind": ["a", "a", "b", "b"] * 15})
    rows.to_csv(tmp_path / "table.csv", index=False)
    settings = 'source = "table.csv"\ntarget = "kind"\ntypes = {size = "integer"}\nfeature_names = []\nclasses = []\n'
    (tmp_path / "iris.toml").write_text(f'workflow = "own:workflow"\n{settings}')
    ended = typed(tmp_path, "run", "--quiet")
    assert ended.returncode == 0, ended.stderr
    ended = typed(tmp_path, "check", "parity")
    assert ended.returncode == 0, ended.stdout + ended.stderr


RATE = {"unit": 10.0}


def test_code_and_files_that_change_after_the_run_are_noticed_where_it_was_trained(tmp_path, monkeypatch):
    file = tmp_path / "rate.txt"
    file.write_text("10")

    def by_global(features):
        return features.assign(petal_length=features.petal_length / RATE["unit"])

    def by_file(features):
        return features.assign(petal_length=features.petal_length / float(file.read_text()))

    models = [workflow.after("features", step).run(progress=False)["model"] for step in (by_global, by_file)]
    assert all(len(predict(ROWS, model)) == len(ROWS) for model in models)
    monkeypatch.setitem(RATE, "unit", 1.0)
    file.write_text("1")
    for model in models:
        with pytest.raises(WorkflowError, match="step 'features': its code, or what it reads, has changed since the run"):
            predict(ROWS, model)
    late = workflow.after("features", by_global).run(progress=False)["model"]
    monkeypatch.setitem(RATE, "unit", 2.0)
    with pytest.raises(WorkflowError, match="run the workflow again"):  # it would record other code than that of the training
        save(late, tmp_path / "model.skops")


def test_code_that_changes_between_two_predictions_of_a_loaded_model_is_noticed(tmp_path, monkeypatch):
    flow = workflow.after("features", lambda features: features.assign(petal_length=features.petal_length / RATE["unit"]))
    save(flow.run(progress=False)["model"], tmp_path / "model.skops")
    model = load(tmp_path / "model.skops")
    first = predict(ROWS, model, workflow=flow)
    assert predict(ROWS, model, workflow=flow).equals(first)
    monkeypatch.setitem(RATE, "unit", 1.0)
    for given in flow, None:
        with pytest.raises(WorkflowError, match="step 'features': it differs from the step that trained the model"):
            predict(ROWS, model, workflow=given)


def test_a_step_that_renames_columns_is_named_when_somebody_predicts(tmp_path):
    renamed = workflow.after("rows", lambda rows: rows.rename(columns={SHORT: "petal"}))
    model = renamed.run("model", checkpoints=False)["model"]
    with pytest.warns(UserWarning, match="the model cannot predict from its file: step 'rows': it fails"):
        save(model, tmp_path / "model.skops")
    for found in model, load(tmp_path / "model.skops"):
        with pytest.raises(WorkflowError, match=r"step 'rows': it fails .*column 'petal': the column is missing"):
            predict(ROWS, found)
    other = workflow.after("predictions", lambda predictions: predictions.rename(columns={"species": "kind"}))
    with pytest.raises(WorkflowError, match=r"step 'predictions': it has no column 'species'"):
        predict(ROWS, other.run("model", checkpoints=False)["model"])


def test_another_workflow_is_the_same_on_every_surface(project):
    ended = typed(project, "check", "parity")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "differs" not in ended.stdout
    assert not (project / "production_was_imported").exists()


def test_another_workflow_is_served(project, expected):
    rows = pd.read_csv(project / "new.csv").to_dict("records")
    with served(project, PYTHONPATH=os.pathsep.join([str(project), *sys.path])) as server:
        answers = requests.post(f"{server.address}/v1/predict", json={"rows": rows}, timeout=60).json()["answers"]
    assert [answer["label"] for answer in answers] == expected


def test_another_workflow_is_monitored(project):
    ended = typed(project, "monitor", "new.csv")
    assert ended.returncode in (0, 1), ended.stdout + ended.stderr
    assert "weight" in ended.stdout
    assert not (project / "production_was_imported").exists()


def test_another_workflow_reports_on_a_cluster(project, expected, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(project)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        ended = typed(project, "report", "new.csv", "--to", "cluster.html", "--on", cluster.scheduler_address)
    assert ended.returncode == 0, ended.stderr
    assert pd.read_csv(project / "cluster_predictions.csv").metal.tolist() == expected


def test_another_workflow_has_rules_and_its_code_is_an_input_of_them(project):
    snakefile = Path(__file__).parents[1] / "workflow" / "Snakefile"
    programs = Path(os.environ.get("FORK_SERVER", sys.executable)).parent  # where `iris_ml` is forked
    around = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join([str(project), *sys.path])}
    command = [*FORKED_PYTHON, programs / "snakemake", "--snakefile", snakefile, "--cores", "1"]

    def made(*words):
        done = subprocess.run([*command, *words], cwd=project, env=os.environ | around, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    made("all", "predict", "--config", "file=new.csv", "to=results/new.csv")
    assert "Nothing to be done" in made("all")
    flow = project / "metals" / "flow.py"
    flow.touch()
    assert "Nothing to be done" in made("all")
    text = flow.read_text()
    flow.write_text(text.replace("LogisticRegression()", "LogisticRegression(C=2.0)"))
    assert "rule run" in made("all", "--dry-run")
    ran = typed(project, program="from metals.flow import workflow; workflow.run(progress=False)")
    assert ran.returncode == 0, ran.stderr
    assert "rule run" in made("all", "--dry-run")  # all is in the store, and the model file has the model before
    flow.write_text(text)


def test_another_workflow_is_promoted_from_a_commit_of_its_own_project(project):
    who = ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    for words in ["init", "--quiet"], ["add", "metals", "sitecustomize.py"], ["commit", "--quiet", "--message", "Start"]:
        subprocess.run([*who, *words], cwd=project, check=True)
    ended = typed(project, "promote")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    flow = project / "metals" / "flow.py"
    text = flow.read_text()
    flow.write_text(f"{text}\n\n# edited\n")
    ended = typed(project, "promote")
    assert (ended.returncode, "no commit holds metals/flow.py as it is; commit" in ended.stdout) == (1, True), ended.stdout
    flow.write_text(text)
    ended = typed(project, "retrain")
    assert ended.stdout == "The champion is up to date.\n", ended.stdout + ended.stderr
    assert not (project / "production_was_imported").exists()


@pytest.mark.parametrize(
    ("address", "sentence"),
    {
        "nowhere.flow:workflow": "the module cannot be imported",
        "leaves:workflow": "the module cannot be imported: SystemExit: 0; correct leaves.py, line 1.",
        "misspelt:workflow": "the module cannot be imported: the workflow: there is no 'densty'; did you mean 'density'?",
        "metals.flow": "there is no workflow",
        "metals.flow:clean": "there is no workflow",
    }.items(),
)
def test_a_wrong_address_is_a_sentence(project, address, sentence):
    (project / "leaves.py").write_text("raise SystemExit(0)\n")
    (project / "misspelt.py").write_text("from metals.flow import workflow\n\nworkflow = workflow.after('densty', print)\n")
    ended = typed(project, "predict", "new.csv", IRIS_ML_WORKFLOW=address)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_production_refuses_the_model_of_another_project(project):
    ended = typed(project, "predict", "new.csv", IRIS_ML_WORKFLOW="iris_ml.production:workflow")
    assert ended.returncode == 2
    assert "the model was trained with" in ended.stderr or "differs from the step that trained" in ended.stderr


def divides_quietly():
    try:
        return bool(np.float64(1) / np.float64(0))
    except FloatingPointError:
        return False


OPTIONS = {  # of a thread -> how to set one, and what a step sees of it
    "scikit-learn": (
        lambda: set_config(transform_output="pandas"),
        lambda: isinstance(StandardScaler().fit_transform(np.ones((2, 1))), pd.DataFrame),
    ),
    "NumPy": (lambda: np.seterr(divide="raise"), divides_quietly),
    "decimal": (lambda: setattr(decimal.getcontext(), "prec", 3), lambda: len(str(decimal.Decimal(1) / 3)) < 10),
}


@pytest.fixture
def plain_options():
    """A function that sets the options of this thread back."""
    config, errors, context = get_config(), np.geterr(), decimal.getcontext().copy()

    def set_back():
        set_config(**config)
        np.seterr(**errors)
        decimal.setcontext(context.copy())

    yield set_back
    set_back()
    thread_options._NOTED.clear()


@pytest.mark.parametrize("package", OPTIONS)
def test_every_thread_predicts_with_the_options_of_the_one_that_made_the_predictor(package, plain_options):
    choose, sees = OPTIONS[package]

    def features(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(petal_width=rows.petal_width * (2.0 if sees() else -3.0))

    choose()
    chosen = workflow.swap(features)
    run = chosen.run(progress=False, checkpoints=False)
    predictor, rows = Predictor(run["model"], chosen), run["raw"].drop(columns="species")

    def there(predictor):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(predictor.run, rows).result()["predictions"]

    pd.testing.assert_frame_equal(there(predictor), predictor.run(rows)["predictions"])
    plain_options()
    later = chosen.run(progress=False, checkpoints=False)
    again = Predictor(later["model"], chosen)
    pd.testing.assert_frame_equal(there(again), again.run(rows)["predictions"])
