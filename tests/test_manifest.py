"""An unchanged run is answered before anything heavy is imported, and only an unchanged one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import iris_ml

PROGRAM = """
import sys
sys.argv = ["iris_ml", *sys.argv[1:]]
from iris_ml.cli.entry import main
try:
    main()
finally:
    print("imported pandas" if "pandas" in sys.modules else "imported nothing heavy")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the package, a table, and a first run."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(iris_ml.__path__[0], folder / "code" / "iris_ml")
    shutil.copy(folder / "code" / "iris_ml" / "data" / "iris.csv", folder / "table.csv")
    (folder / "iris.toml").write_text('source = "table.csv"\n')
    run(folder)
    return folder


def run(folder, *words, **environment):
    """Type `iris_ml run` in a fresh process, and give what it printed."""
    command = [sys.executable, "-c", PROGRAM, "run", *words]
    environment = {**os.environ, "PYTHONPATH": str(folder / "code"), **environment}
    return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout


def test_nothing_changed_is_answered_at_once_and_says_what_the_last_run_said(project):
    printed = run(project)
    assert "imported nothing heavy" in printed
    assert printed.count("reused") == 13
    assert "accuracy" in printed
    assert run(project, "--quiet") == "imported nothing heavy\n"


def test_the_installed_command_answers_at_once_too(project, tmp_path):
    shutil.copy(project / "table.csv", tmp_path)
    (tmp_path / "iris.toml").write_text('source = "table.csv"\n')
    command = [sys.executable, "-X", "importtime", Path(sys.executable).with_name("iris_ml"), "run", "--quiet"]
    first, again = (subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stderr for _ in range(2))
    assert " pandas\n" in first
    assert " pandas\n" not in again


def a_comment_in_the_code(folder):
    with (folder / "code" / "iris_ml" / "steps" / "split.py").open("a") as module:
        module.write("# a comment\n")


def a_new_file_in_the_code(folder):
    (folder / "code" / "iris_ml" / "steps" / "another.py").touch()


def a_file_less_in_the_code(folder):
    (folder / "code" / "iris_ml" / "batch" / "report.py").unlink()


def a_settings_file_that_says_the_same(folder):
    (folder / "iris.toml").write_text('source = "table.csv"  # mine\n')


def a_package_installed(folder):
    (folder / "code" / "newcomer-1.0.dist-info").mkdir()


def a_model_that_is_gone(folder):
    (folder / ".iris_ml" / "model.skops").unlink()


def a_model_that_is_damaged(folder):
    model = folder / ".iris_ml" / "model.skops"
    model.write_bytes(model.read_bytes()[:-1])


def a_manifest_that_is_torn(folder):
    manifest = folder / ".iris_ml" / "manifest"
    manifest.write_bytes(manifest.read_bytes()[:-1])


@pytest.mark.parametrize(
    "change",
    [
        a_comment_in_the_code,
        a_new_file_in_the_code,
        a_file_less_in_the_code,
        a_settings_file_that_says_the_same,
        a_package_installed,
        a_model_that_is_gone,
        a_model_that_is_damaged,
        a_manifest_that_is_torn,
    ],
    ids=lambda change: change.__name__,
)
def test_any_difference_is_left_to_the_ordinary_way_which_reuses_what_is_true(project, change):
    change(project)
    printed = run(project)
    assert "imported pandas" in printed
    assert printed.count("reused") == 13
    assert (project / ".iris_ml" / "model.skops").stat().st_size > 10_000
    assert "imported nothing heavy" in run(project), "and the next one is answered at once again"


def test_a_table_edited_to_the_same_size_and_time_is_seen(project):
    table = project / "table.csv"
    before, times = table.read_text(), table.stat()
    table.write_text(before.replace("5.1,3.5", "5.2,3.5", 1))
    os.utime(table, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert table.stat().st_size == times.st_size
    printed = run(project, "--why")
    assert "computed" in printed
    assert "raw was computed because the file table.csv changed." in printed
    table.write_text(before)
    run(project)


def test_a_setting_in_the_environment_is_seen(project):
    assert "split was computed because seed (now 5) changed." in run(project, "--why", IRIS_ML_SEED="5")


def test_an_edited_classifier_computes_the_model_and_reuses_the_data(project):
    page = project / "code" / "iris_ml" / "steps" / "estimator.py"
    page.write_text(page.read_text().replace("k=2", "k=3"))
    lines = {words[0]: words[1] for line in run(project).splitlines() if len(words := line.split()) > 1}
    assert lines["raw"] == lines["features"] == lines["train"] == lines["profile"] == "reused"
    assert lines["estimator"] == lines["model"] == "computed"


def test_a_step_that_cannot_be_kept_keeps_the_manifest_away(project):
    page = Path(project / "code" / "iris_ml" / "steps" / "scores.py")
    page.write_text(page.read_text().replace("    figures: dict", "    eval('1')\n    figures: dict", 1))
    assert "not kept: code that uses eval" in " ".join(run(project).split())
    printed = run(project)
    assert "imported pandas" in printed
    assert re.search(r"scores +computed", printed)
