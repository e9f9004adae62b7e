"""The Snakefile: a rule for every command, and files that are made again only when they have to be."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from iris_ml.cli.commands import application
from iris_ml.io.locations import package_file
from iris_ml.io.readers import read_table, write_table
from tests.fork_server import FORKED_PYTHON

COMMAND = Path(sys.executable).with_name("iris_ml")
IRIS = read_table(package_file("package:iris.csv"))
PROJECT = Path(__file__).parents[1]
RULES = """
    all app check compile data docs dossier everything key lab monitor new predict
    promote report retrain run runs sample serve settings store test ui update_project verify
""".split()


def snakemake(*words, folder=PROJECT):
    """Type a snakemake command; gives whether it succeeded, and what it said."""
    programs = Path(os.environ.get("FORK_SERVER", sys.executable)).parent  # where `iris_ml` is forked
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    typed = [*FORKED_PYTHON, COMMAND.with_name("snakemake"), "--cores", "2", "--printshellcmds", *map(str, words)]
    done = subprocess.run(
        typed, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.returncode == 0, done.stdout


def test_a_dry_run_of_every_rule_runs_each_command_that_there_is():
    succeeded, said = snakemake("--dry-run", "--forceall", *RULES)
    assert succeeded, said
    assert sorted(re.findall(r"^rule (\w+):$", said, re.MULTILINE)) == RULES
    commands = re.findall(r"^Shell command: iris_ml (\w+)", said, re.MULTILINE)
    assert sorted(commands) == sorted(typer.main.get_command(application).commands)


def test_a_run_and_the_site_depend_on_every_module_and_every_page():
    text = (PROJECT / "workflow" / "Snakefile").read_text(encoding="utf-8")
    globs = dict(re.findall(r"^(modules|pages) = (sorted\(.*\))$", text, re.MULTILINE))
    for name, folder, ending in ("modules", "iris_ml", ".py"), ("pages", "nbs", ".ipynb"):
        tracked = subprocess.run(
            ["git", "ls-files", folder], cwd=PROJECT, check=True, capture_output=True, text=True
        ).stdout
        listed = {str(path.relative_to(PROJECT)) for path in eval(globs[name], {"Path": PROJECT.joinpath})}
        assert {path for path in tracked.splitlines() if path.endswith(ending)} <= listed


@pytest.fixture
def project(tmp_path):
    """A copy of what a run needs."""
    for folder in "workflow", "iris_ml":
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    return tmp_path


def test_everything_is_made_side_by_side_and_then_there_is_nothing_to_do(project):
    for name in "nbs", "docs":
        shutil.copytree(PROJECT / name, project / name)
    for name in "README.md", "CHANGELOG.md", "CONTRIBUTING.md":
        shutil.copy2(PROJECT / name, project)
    site = project / "_docs" / "html" / "index.html"  # test_site.py makes the site; here it is there already
    site.parent.mkdir(parents=True)
    site.touch()
    succeeded, said = snakemake("everything", "--config", "page=results/page.html", folder=project)
    assert succeeded, said
    assert sorted(path.name for path in project.glob("results/*")) == [
        "answers.csv",
        "page.html",
        "page.json",
        "page_predictions.csv",
        "page_refused.csv",
        "parity.txt",
    ]
    assert (project / ".iris_ml" / "model.skops").exists()
    assert (
        "Nothing to be done"
        in snakemake("everything", "--dry-run", "--config", "page=results/page.html", folder=project)[1]
    )


def test_a_run_that_fails_leaves_the_old_model(project):
    model = project / ".iris_ml" / "model.skops"
    model.parent.mkdir()
    model.write_text("the old model")
    (project / "iris.toml").write_text('target = "colour"\n')
    succeeded, said = snakemake("run", "--forcerun", "run", folder=project)
    assert not succeeded
    assert "\niris_ml: " in said, "the command itself said why"
    assert model.read_text() == "the old model"


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """A folder with a table of its own, its model, and the predictions for a file."""
    folder = tmp_path_factory.mktemp("answered")
    shutil.copytree(PROJECT / "workflow", folder / "workflow")
    write_table(IRIS, folder / "flowers.csv")
    write_table(IRIS.drop(columns="species").head(3), folder / "new.csv")
    (folder / "iris.toml").write_text('source = "flowers.csv"\n')
    succeeded, said = predict(folder)
    assert succeeded, said
    return folder


def predict(folder, *words):
    config = ["--config", "file=new.csv", "to=answers.csv"]
    return snakemake("run", "predict", *words, *config, folder=folder)


def rules_to_run(folder):
    """The rules that a dry run names."""
    succeeded, said = predict(folder, "--dry-run")
    assert succeeded, said
    return {*re.findall(r"^(?:local)?rule (\w+):$", said, re.MULTILINE)}


def put_an_older_file(folder):
    """Put other rows in the place of the file, with a time of last year."""
    write_table(IRIS.drop(columns="species").tail(3), folder / "new.csv")
    os.utime(folder / "new.csv", (1e9, 1e9))


def put_an_older_table(folder):
    """Put another table in the place of the one to learn from, with a time of last year."""
    write_table(IRIS.drop(index=[0, 60, 110]), folder / "flowers.csv")
    os.utime(folder / "flowers.csv", (1e9, 1e9))


def put_an_older_model(folder):
    """Put another model in the place of the model, with a time of last year."""
    model = folder / ".iris_ml" / "model.skops"
    model.write_bytes(model.read_bytes() + b"\0")
    os.utime(model, (1e9, 1e9))


def change_a_setting(folder):
    """Change a setting that a step uses."""
    (folder / "iris.toml").write_text('source = "flowers.csv"\nseed = 3\n')


def touch_every_file(folder):
    """Give every file the present time."""
    for file in folder.glob("*.*"):
        file.touch()


def change_a_setting_of_no_step(folder):
    """Change a setting that no result depends on."""
    (folder / "iris.toml").write_text('source = "flowers.csv"\nprogress = false\nrecord = false\n')


CHANGES = {
    put_an_older_file: {"predict"},
    put_an_older_table: {"run", "predict"},
    put_an_older_model: {"run", "predict"},  # which computes nothing, and writes the model file again
    change_a_setting: {"run", "predict"},
    touch_every_file: set(),
    change_a_setting_of_no_step: set(),
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_content_decides_what_is_made_again_and_not_time(answered, tmp_path, change):
    folder = tmp_path / "project"
    shutil.copytree(answered, folder)  # which keeps all times
    assert rules_to_run(folder) == set()
    change(folder)
    assert rules_to_run(folder) == CHANGES[change]
    why = subprocess.run(
        [*FORKED_PYTHON, COMMAND, "run", "--why"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    assert ("was computed" in why) == ("run" in CHANGES[change] and change is not put_an_older_model)


def test_answers_are_made_again_in_the_run_that_makes_another_model(answered, tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(answered, folder)
    before = (folder / "answers.csv").read_text()
    put_an_older_table(folder)
    succeeded, said = predict(folder)
    assert succeeded, said
    assert (folder / "answers.csv").read_text() != before
    assert rules_to_run(folder) == set()
