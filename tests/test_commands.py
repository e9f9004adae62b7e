"""The command: bad input ends in one sentence and exit code 2, and nothing is written but checkpoints."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import iris_ml
from iris_ml.base.settings import read_settings
from iris_ml.cli.commands import main
from iris_ml.io.locations import package_file
from iris_ml.models.live_model import find_lineage
from iris_ml.models.model_file import model_version
from iris_ml.production import workflow

IRIS = pd.read_csv(package_file("package:iris.csv"))


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Type a command in an empty folder; gives its exit code, what it printed and its error line."""
    monkeypatch.chdir(tmp_path)

    def typed(*words):
        monkeypatch.setattr(sys, "argv", ["iris_ml", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return typed


def test_run_leaves_a_model_that_predicts_from_csv_and_parquet(command):
    code, printed, _ = command("run")
    assert code == 0
    assert "accuracy" in printed
    assert "iris_ml predict" in printed
    new = IRIS.drop(columns="species").iloc[[0, 60, 120]]
    for ending in "csv", "parquet":
        getattr(new, f"to_{ending}")(f"new.{ending}", index=False)
        assert command("predict", f"new.{ending}", "--to", f"answers.{ending}")[0] == 0
        answers = getattr(pd, f"read_{ending}")(f"answers.{ending}")
        assert answers.species.tolist() == ["setosa", "versicolor", "virginica"]
        assert answers.filter(like="probability_").sum(axis=1).to_numpy() == pytest.approx(1)


def test_the_csv_that_kaggle_serves_loads_through_settings_alone(command):
    names = ["SepalLengthCm", "SepalWidthCm", "PetalLengthCm", "PetalWidthCm", "Species"]
    kaggle = IRIS.set_axis(names, axis=1).assign(Species="Iris-" + IRIS.species)
    kaggle.insert(0, "Id", range(1, 151))
    kaggle.to_csv("Iris.csv", index=False)
    Path("iris.toml").write_text(
        'source = "Iris.csv"\npassthrough = ["Id"]\n'
        '[rename]\nSepalLengthCm = "sepal_length"\nSepalWidthCm = "sepal_width"\n'
        'PetalLengthCm = "petal_length"\nPetalWidthCm = "petal_width"\nSpecies = "species"\n'
        '[relabel]\nIris-setosa = "setosa"\nIris-versicolor = "versicolor"\nIris-virginica = "virginica"\n'
    )
    assert command("run")[0] == 0
    kaggle.drop(columns="Species").to_csv("new.csv", index=False)
    assert command("predict", "new.csv", "--to", "answers.csv")[0] == 0
    answered = pd.read_csv("answers.csv")
    assert answered.Id.tolist() == kaggle.Id.tolist(), "what is passed through comes out again"
    assert (answered.species == IRIS.species).mean() > 0.9


def written():
    """What lies in the folder, but for the checkpoints of the steps that were right."""
    return [path for path in Path().rglob("*") if ".iris_ml" not in path.parts]


def empty(rows):
    return rows.head(0)


def a_missing_column(rows):
    return rows.drop(columns="petal_width")


def an_unknown_column(rows):
    return rows.assign(colour="blue")


def a_column_twice(rows):
    return rows.set_axis(["sepal_length", "sepal_width", "petal_length", "petal_length", "species"], axis=1)


def text_where_a_number_belongs(rows):
    return rows.assign(petal_width=rows.petal_width.astype(str).mask(rows.index == 7, "wide"))


def a_gap(rows):
    return rows.assign(petal_width=rows.petal_width.mask(rows.index == 7))


def infinity(rows):
    return rows.assign(petal_width=rows.petal_width.mask(rows.index == 7, float("inf")))


def an_unknown_species(rows):
    return rows.assign(species=rows.species.mask(rows.index == 7, "tulip"))


def one_class_only(rows):
    return rows.head(50)


def fewer_rows_than_classes(rows):
    return rows.iloc[[0, 50]]


BAD_TABLES = {
    empty: ["no rows"],
    a_missing_column: ["'petal_width'"],
    an_unknown_column: ["'colour'"],
    a_column_twice: ["'petal_length'", "duplicate"],
    text_where_a_number_belongs: ["'petal_width'", "row 7", "'wide'"],
    a_gap: ["'petal_width'", "row 7"],
    infinity: ["'petal_width'", "row 7", "inf"],
    an_unknown_species: ["'species'", "row 7", "'tulip'"],
    one_class_only: ["'species'", "'setosa'"],
    fewer_rows_than_classes: ["'species'", "too few"],
}


@pytest.mark.parametrize("mistake", BAD_TABLES, ids=lambda mistake: mistake.__name__)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_bad_table_is_refused_by_column_and_row_and_nothing_is_written(command, mistake, ending):
    if (mistake, ending) == (a_column_twice, "parquet"):
        with pytest.raises(ValueError, match="Duplicate column names"):
            mistake(IRIS).to_parquet("bad.parquet")
        return
    getattr(mistake(IRIS), f"to_{ending}")(f"bad.{ending}", index=False)
    Path("iris.toml").write_text(f'source = "bad.{ending}"\n')
    before = sorted(written())
    code, printed, error = command("run")
    assert code == 2
    assert printed == ""
    assert error.count("\n") == 1
    assert "Traceback" not in error
    for said in BAD_TABLES[mistake]:
        assert said in error
    assert sorted(written()) == before


BAD_SETTINGS = {
    'sed = 3\n': ["iris.toml", "'sed'", "did you mean 'seed'"],
    'seed = "3"\n': ["iris.toml", "seed", "integer"],
    "test_size = 1.5\n": ["iris.toml", "test_size", "1.5"],
    "seed 3\n": ["iris.toml", "line 1"],
    'source = "missing.csv"\n': ["missing.csv", "No such file"],
}


@pytest.mark.parametrize("written", BAD_SETTINGS, ids=str.strip)
def test_a_bad_setting_is_one_sentence_with_its_place(command, written):
    Path("iris.toml").write_text(written)
    code, printed, error = command("run")
    assert code == 2
    assert printed == ""
    assert error.count("\n") == 1
    for said in BAD_SETTINGS[written]:
        assert said in error
    assert [path.name for path in Path().iterdir()] == ["iris.toml"]


def test_settings_come_from_three_places_and_say_which(command, monkeypatch):
    Path("iris.toml").write_text("seed = 7\ntest_size = 0.2\n")
    monkeypatch.setenv("IRIS_ML_SEED", "8")
    lines = {words[0]: words[1:] for line in command("settings")[1].splitlines() if (words := line.split())}
    assert lines["seed"] == ["the", "environment", "8"]
    assert lines["test_size"] == ["iris.toml", "0.2"]
    assert lines["target"] == ["the", "defaults", "species"]


def test_help_imports_nothing_heavy():
    program = "import sys, iris_ml.cli.commands as c\ntry: c.application(['--help'])\nfinally: print(sorted(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "predict" in printed
    for heavy in "pandas", "sklearn", "numpy", "hamilton", "pydantic", "skops", "fastapi", "streamlit":
        assert f"'{heavy}'" not in printed


def test_it_says_its_version(command):
    assert command("--version")[:2] == (0, f"iris_ml {iris_ml.__version__}\n")


def test_the_command_itself_ends_with_two_and_no_traceback(tmp_path):
    script = Path(sys.executable).with_name("iris_ml")
    ended = subprocess.run([script, "predict", "none.csv"], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr.startswith("iris_ml: none.csv: ")
    assert list(tmp_path.iterdir()) == []


def test_a_working_folder_that_was_removed_is_one_sentence(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = ["sh", "-c", 'rmdir ../gone; exec "$0" run', Path(sys.executable).with_name("iris_ml")]
    done = subprocess.run(command, cwd=gone, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "iris_ml: the working folder: it no longer exists; change into another.\n")


def test_pruning_leaves_what_the_model_can_be_traced_by(command):
    command("run", "--quiet")
    other = workflow.swap(seed=5)
    other.run(progress=False)
    command("store", "--prune", "--size", "0")
    settings = read_settings()
    assert find_lineage(model_version(settings.model_file), settings.records)["scores"]["accuracy"] > 0.9
    assert set(workflow.run(progress=False).table.how) == {"reused"}
    assert other.run(progress=False).results["train"].how == "computed"


def test_predictions_never_replace_the_rows_or_the_table(command, monkeypatch):
    IRIS.to_csv("rows.csv", index=False)
    before = Path("rows.csv").read_bytes()
    command("run", "--quiet")
    code, _, said = command("predict", "rows.csv", "--to", "./rows.csv")
    assert (code, Path("rows.csv").read_bytes()) == (2, before)
    assert "rows.csv: the rows are in this file; write to another one" in said
    monkeypatch.setenv("IRIS_ML_SOURCE", "table.csv")
    IRIS.to_csv("table.csv", index=False)
    for words in ("predict", "rows.csv", "--to", "table.csv"), ("report", "rows.csv", "--predictions", "table.csv"):
        code, _, said = command(*words)
        assert (code, Path("table.csv").read_bytes()) == (2, before)
        assert "table.csv: the table to learn from is in this file; write to another one" in said


def test_refused_rows_of_an_earlier_file_do_not_stay(command):
    command("run", "--quiet")
    rows = IRIS.drop(columns="species").head(5)
    rows.assign(petal_width=[0.2, "wide", 0.2, 0.2, 0.2]).to_csv("new.csv", index=False)
    assert command("predict", "new.csv", "--to", "answers.csv")[0] == 3
    assert Path("answers_refused.csv").exists()
    rows.to_csv("new.csv", index=False)
    assert command("predict", "new.csv", "--to", "answers.csv")[0] == 0
    assert not Path("answers_refused.csv").exists()


def test_a_workflow_without_a_model_is_run_in_python(command, monkeypatch):
    program = "from iris_ml.workflow.workflow import Workflow\n\ndef total() -> int: return 3\n\nworkflow = Workflow(total)\n"
    Path("sums.py").write_text(program)
    monkeypatch.syspath_prepend(Path.cwd())
    monkeypatch.setenv("IRIS_ML_WORKFLOW", "sums:workflow")
    code, _, said = command("run")
    told = "iris_ml: sums:workflow: it has no step 'model'; add the step, or run the workflow in Python with workflow.run()."
    assert (code, said.strip()) == (2, told)
