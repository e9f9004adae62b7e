"""A model file from elsewhere is read in a process of its own first, and only once."""

import os
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.tree import DecisionTreeClassifier

from iris_ml.base.errors import ModelFileError
from iris_ml.base.settings import read_settings
from iris_ml.base.skops_archive import dump_archive
from iris_ml.cli.commands import main
from iris_ml.io.readers import raw
from iris_ml.models import model_file, unknown_files
from iris_ml.models.champion import ChampionInfo, set_champion
from iris_ml.models.model_file import load, save, store_model
from iris_ml.steps.model import model
from iris_ml.steps.profile import Profile
from tests.fork_server import FORKED_PYTHON
from torture.mutated import write_model

IRIS = raw("package:iris.csv")


def fitted(estimator):
    """Fit an estimator to iris as the workflow does."""
    return model(estimator, IRIS, Profile("species"), "species", [], seed=0)


SOUND = fitted(make_pipeline(LogisticRegression(max_iter=1000)))
TREE = fitted(DecisionTreeClassifier())
PYTHON = sys.executable


@pytest.fixture
def checked(tmp_path, monkeypatch):
    """Work in a folder in which nothing is known; gives the files that were read by another process."""
    monkeypatch.chdir(tmp_path)
    if server := os.environ.get("FORK_SERVER"):  # so that another process starts quickly
        monkeypatch.setattr(sys, "executable", str(Path(server).with_name("python")))
    monkeypatch.setattr(unknown_files, "_KNOWN", set())
    seen, check = [], model_file.check_apart
    monkeypatch.setattr(model_file, "check_apart", lambda *given: (seen.append(given[2]), check(*given)))
    return seen


def forget():
    """What this process knows, another does not know."""
    unknown_files._KNOWN.clear()


def from_elsewhere(path, changed=SOUND):
    """Write a file with right digests, as another machine would."""
    write_model(Path(path), dump_archive(changed), (TREE if hasattr(changed.estimator, "tree_") else SOUND).answers())


def test_a_model_that_was_saved_here_is_known(checked):
    Path(".iris_ml").mkdir()
    save(SOUND, "model.skops")
    assert load("model.skops").predict(IRIS).equals(SOUND.predict(IRIS))
    forget()
    load("model.skops")
    assert checked == []


def test_an_unknown_model_costs_one_process_and_is_known_afterwards(checked):
    Path(".iris_ml").mkdir()
    from_elsewhere("model.skops")
    for _ in range(2):
        forget()
        assert load("model.skops").predict(IRIS).equals(SOUND.predict(IRIS))
        load("model.skops")
    assert checked == ["model.skops"]


def test_a_copied_store_and_its_marks_prove_nothing(checked):
    Path(".iris_ml").mkdir()
    save(SOUND, ".iris_ml/model.skops")
    forget()
    shutil.copytree(".iris_ml", "copy")
    shutil.rmtree(".iris_ml")
    shutil.copytree("copy", ".iris_ml")
    load(".iris_ml/model.skops")
    assert checked == [".iris_ml/model.skops"]


@pytest.mark.parametrize("content", [b"", b"yes", b"1" * 5000, b"-1", b"\xff"])
def test_a_mark_that_this_library_did_not_write_proves_nothing(checked, content):
    Path(".iris_ml/known").mkdir(parents=True)
    digest = save(SOUND, "model.skops")
    forget()
    Path(".iris_ml/known", digest).write_bytes(content)
    assert not unknown_files.is_known(digest)


def test_nothing_is_written_where_there_is_no_store_or_a_link_leads_elsewhere(checked):
    from_elsewhere("model.skops")
    load("model.skops")
    assert [*Path().iterdir()] == [Path("model.skops")]
    Path("elsewhere").mkdir()
    Path(".iris_ml").mkdir()
    Path(".iris_ml/known").symlink_to(Path("elsewhere").absolute())
    forget()
    load("model.skops")
    assert checked == ["model.skops"] * 2
    assert [*Path("elsewhere").iterdir()] == []


def test_settings_that_cannot_be_read_do_not_stop_a_model_from_being_loaded(checked):
    from_elsewhere("model.skops")
    Path("iris.toml").write_text("store = 3")
    load("model.skops")
    assert checked == ["model.skops"]


def test_a_champion_of_a_copied_folder_is_read_apart_once(checked):
    save(SOUND, "one.skops")
    settings = read_settings()
    set_champion(settings, ChampionInfo(store_model("one.skops", settings.model_file)))
    forget()
    for _ in range(2):
        load(settings.model_file)
    assert checked == [str(settings.model_file)]


def nowhere():
    """A tree that leads out of its memory."""
    changed = deepcopy(TREE)
    changed.estimator.tree_.children_left[0] = 10**12
    return changed


def endless():
    """A tree that leads back."""
    changed = deepcopy(TREE)
    changed.estimator.tree_.children_left[0], changed.estimator.tree_.threshold[0] = 0, 100
    return changed


def enormous():
    """A step that makes a billion columns."""
    changed = fitted(make_pipeline(PolynomialFeatures(2), LogisticRegression(max_iter=2000)))
    changed.estimator[0]._min_degree, changed.estimator[0]._max_degree = 0, 2
    changed.estimator[0].n_output_features_ = changed.estimator[0]._n_out_full = 10**10
    return changed


def test_what_ends_a_process_does_not_end_this_one(checked):
    from_elsewhere("nowhere.skops", nowhere())
    for _ in range(2):
        with pytest.raises(ModelFileError, match="the process that read it first was ended by SIG"):
            load("nowhere.skops")
    assert len(checked) == 2  # it is not known


def test_what_takes_too_much_memory_is_refused_in_its_process(checked):
    from_elsewhere("enormous.skops", enormous())
    with pytest.raises(ModelFileError, match="the golden rows do not give the recorded predictions: Unable to allocate"):
        load("enormous.skops")


def test_what_never_ends_is_ended(checked):
    with pytest.raises(ModelFileError, match="the process that read it first took more than 1 seconds"):
        unknown_files.check_apart(dump_archive(endless()), TREE.answers(), "endless.skops", seconds=1)


def test_a_process_that_cannot_start_is_a_sentence(checked, monkeypatch):
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(ModelFileError, match="the process that read it first ended with exit code 1"):
        unknown_files.check_apart(dump_archive(SOUND), SOUND.answers(), "model.skops")


def test_types_of_the_project_are_found_by_the_process(checked, monkeypatch):
    Path("own.py").write_text("from sklearn.linear_model import LogisticRegression\nclass Own(LogisticRegression): pass\n")
    program = """
import sys
from iris_ml.models.model_file import load, save
from iris_ml.steps.model import model
from iris_ml.steps.profile import Profile
from iris_ml.io.readers import raw
import own
made = model(own.Own(max_iter=1000), raw("package:iris.csv"), Profile("species"), "species", [], seed=0)
save(made, "own.skops", trusted=["own.Own"])
"""
    subprocess.run([*FORKED_PYTHON, "-c", program], check=True)
    monkeypatch.syspath_prepend(str(Path.cwd()))
    assert type(load("own.skops", ["own.Own"]).estimator).__name__ == "Own"
    assert checked == ["own.skops"]


@pytest.mark.parametrize("words", [["predict", "rows.csv"], ["report", "rows.csv"]])
def test_a_command_ends_with_one_sentence(checked, words, monkeypatch, capsys):
    IRIS.drop(columns="species").to_csv("rows.csv", index=False)
    Path(".iris_ml").mkdir()
    from_elsewhere(".iris_ml/model.skops", nowhere())
    monkeypatch.setattr(sys, "argv", ["iris_ml", *words])
    with pytest.raises(SystemExit) as end:
        main()
    printed = capsys.readouterr()
    assert end.value.code == 2
    assert printed.err.count("\n") == 1
    assert "was ended by SIG" in printed.err


def test_the_process_imports_nothing_from_a_folder_that_this_one_does_not_import_from(checked, monkeypatch):
    monkeypatch.setattr(sys, "executable", PYTHON)  # a forked one has imported pandas
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if Path(folder).absolute() != Path.cwd()])
    for module in "json", "pandas", "own":
        Path(f"{module}.py").write_text("from pathlib import Path\nPath('canary').touch()\n")
    from_elsewhere("model.skops")
    load("model.skops")
    assert checked == ["model.skops"]
    assert not Path("canary").exists()
