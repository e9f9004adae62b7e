"""What was written before the modules moved into rooms is still read."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import iris_ml
from iris_ml import load, predict
from iris_ml.base.errors import IrisError, ModelFileError
from iris_ml.models.champion import read_champion
from iris_ml.models.model_file import model_version
from iris_ml.production import workflow
from iris_ml.steps.profile import read_profile
from iris_ml.tracking.records import Records

OLD = Path(__file__).parent / "data" / "before_the_move"
IRIS = pd.read_csv(Path(iris_ml.__path__[0]) / "data" / "iris.csv")


@pytest.fixture
def champion(tmp_path):
    """The file that names the champion, with the champion's own file beside it."""
    (tmp_path / "models").mkdir()
    shutil.copy(OLD / "model.skops", tmp_path / "models" / "6484ae3d117f.skops")
    return shutil.copy(OLD / "champion.skops", tmp_path / "model.skops")


def test_a_model_gives_the_recorded_answers(champion):
    model = load(OLD / "model.skops")  # which compares its answers to the golden rows
    answers = predict(IRIS.drop(columns="species"), model)
    assert (answers.species == IRIS.species).mean() == pytest.approx(0.96, abs=0.02)
    assert np.allclose(answers.iloc[:, 1:].sum(axis=1), 1.0)


def test_a_champion_is_found_with_its_history(champion):
    assert model_version(champion) == "6484ae3d117f"
    assert read_champion(champion).reason == ""
    assert type(load(champion)).__module__ == "iris_ml.steps.model"


def test_a_model_whose_bytes_were_changed_is_refused_before_a_name_in_it_is_read(tmp_path):
    content = bytearray((OLD / "model.skops").read_bytes())
    content[-100] ^= 1
    (tmp_path / "model.skops").write_bytes(content)
    with pytest.raises(ModelFileError, match="damaged"):
        load(tmp_path / "model.skops")


def test_a_record_is_listed_and_read(tmp_path):
    shutil.copytree(OLD / "records", tmp_path / "records")
    records = Records(tmp_path / "records")
    (summary,) = records.summaries()
    assert summary.who == "ada@laptop"
    assert summary.scores["accuracy"] == 1.0
    assert list(records.read(summary.id).steps)[:2] == ["raw", "flowers"]
    assert records.read(summary.id).steps["raw"].summary == "150 rows, 5 columns"


def test_a_store_of_checkpoints_gives_true_results(tmp_path):
    shutil.copytree(OLD / "checkpoints", tmp_path / "store" / "checkpoints")
    run = workflow.swap(store=tmp_path / "store").run(progress=False)
    truth = workflow.run(progress=False, checkpoints=False)
    assert {name: result.digest for name, result in run.results.items()} == {
        name: result.digest for name, result in truth.results.items()
    }
    pd.testing.assert_frame_equal(run["predictions"], truth["predictions"])


def test_a_record_or_profile_of_another_format_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "1.json").write_text('{"id": "1", "format": 3}')
    (tmp_path / "2.json").write_text('{"id": "2", "colour": "red"}')
    for run_id, sentence in (
        ("1", "its format is 3, and this release reads formats 1 and 2"),
        ("2", "RunRecord has no field 'colour'"),
    ):
        with pytest.raises(IrisError, match=sentence):
            Records(tmp_path).read(run_id)
    for values, sentence in ({"format": 3}, "reads format 2"), ({"colour": "red"}, "unknown field 'colour'"):
        with pytest.raises(ValueError, match=sentence):
            read_profile({"target": "species"} | values)
