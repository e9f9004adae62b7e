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

PROJECT = Path(__file__).parents[1]
RULES = """
    all app check data docs everything lab monitor predict
    promote report retrain run runs serve settings store test ui
""".split()


def snakemake(*words, folder=PROJECT):
    """Type a snakemake command; gives whether it succeeded, and what it said."""
    programs = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    typed = [programs / "snakemake", "--cores", "2", "--printshellcmds", *map(str, words)]
    done = subprocess.run(typed, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
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
        tracked = subprocess.run(["git", "ls-files", folder], cwd=PROJECT, check=True, capture_output=True, text=True).stdout
        listed = {str(path.relative_to(PROJECT)) for path in eval(globs[name], {"Path": PROJECT.joinpath})}
        assert {path for path in tracked.splitlines() if path.endswith(ending)} <= listed


@pytest.fixture
def project(tmp_path):
    """A copy of what a run needs."""
    for folder in "workflow", "iris_ml":
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
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
    assert "Nothing to be done" in snakemake("everything", "--dry-run", "--config", "page=results/page.html", folder=project)[1]


def test_a_run_that_fails_leaves_the_old_model(project):
    model = project / ".iris_ml" / "model.skops"
    model.parent.mkdir()
    model.write_text("the old model")
    (project / "iris.toml").write_text('target = "colour"\n')
    succeeded, said = snakemake("run", "--forcerun", "run", folder=project)
    assert not succeeded
    assert "\niris_ml: " in said, "the command itself said why"
    assert model.read_text() == "the old model"
