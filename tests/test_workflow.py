"""Production is exploration: the declared workflow, entered and left anywhere."""

import subprocess
import sys

import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier

from iris_ml.predict import predict
from iris_ml.production import workflow
from iris_ml.vocabulary import WorkflowError


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
    for name in "train", "test", "predictions", "probabilities":
        assert again[name].equals(run[name])
    assert again["scores"] == run["scores"]


def test_another_estimator_is_put_in_without_a_change_of_the_library(run):
    forest = workflow.swap(classifier=RandomForestClassifier(20)).run(progress=False)
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
    assert predict(rows, run["model"]).species.equals(run["predictions"])


def test_silence_is_silent(capfd):
    workflow.run("flowers", progress=False)
    assert capfd.readouterr() == ("", "")


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(WorkflowError, match="did you mean 'classifier'"):
        workflow.swap(clasifier=RandomForestClassifier())
    with pytest.raises(WorkflowError, match="did you mean 'scores'"):
        workflow.run("score")


def test_a_failing_step_raises_its_own_error_and_names_itself():
    with pytest.raises(TypeError) as caught:
        workflow.swap(raw=pd.DataFrame({"a": [1]}), flowers=3).run("features", progress=False)
    assert any("in step 'features', nbs/11_features.ipynb, cell" in note for note in caught.value.__notes__)
