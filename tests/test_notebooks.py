"""The notebooks are clean, and the package is what they export: nothing else, and nothing by hand."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


@pytest.fixture
def project(tmp_path):
    """A copy of what nbdev reads and writes, so that no test touches the project itself."""
    caches = shutil.ignore_patterns("__pycache__", ".*")
    for folder in "nbs", "iris_ml":
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=caches)
    shutil.copy(PROJECT / "settings.ini", tmp_path)
    return tmp_path


def nbdev(command, project):
    """Run one of nbdev's commands as a person would."""
    # Inside its own tests nbdev exports nothing; here it has to.
    environment = {name: value for name, value in os.environ.items() if name != "IN_TEST"}
    subprocess.run([Path(sys.executable).with_name(command)], cwd=project, env=environment, check=True)


def contents(folder, pattern):
    """The bytes of each file, by name."""
    return {path.name: path.read_bytes() for path in folder.glob(pattern)}


def different(before, after):
    """The names of the files that are not the same, or not there, on both sides."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def changed_by_cleaning(project):
    """The notebooks that `nbdev_clean` would change."""
    before = contents(project / "nbs", "*.ipynb")
    nbdev("nbdev_clean", project)
    return different(before, contents(project / "nbs", "*.ipynb"))


def changed_by_exporting(project):
    """The modules that a fresh `nbdev_export` would change, add or leave out."""
    before = contents(project / "iris_ml", "*.py")
    for name in before:
        (project / "iris_ml" / name).unlink()
    nbdev("nbdev_export", project)
    return different(before, contents(project / "iris_ml", "*.py"))


def test_cleaning_the_notebooks_leaves_no_diff(project):
    assert changed_by_cleaning(project) == [], "these notebooks are not clean: type nbdev_clean"


def test_exporting_the_notebooks_leaves_no_diff(project):
    assert changed_by_exporting(project) == [], "these modules are not what the notebooks export: type nbdev_export"


def test_a_notebook_with_a_count_is_not_clean(project):
    page = first_page(project)
    notebook = json.loads(page.read_text(encoding="utf-8"))
    next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")["execution_count"] = 7
    page.write_text(json.dumps(notebook), encoding="utf-8")
    assert page.name in changed_by_cleaning(project)


def test_a_module_edited_by_hand_is_found(project):
    with (project / "iris_ml" / exported(first_page(project))).open("a") as module:
        module.write("\nanswer = 42\n")
    assert exported(first_page(project)) in changed_by_exporting(project)


def test_a_module_without_a_page_is_found(project):
    (project / "iris_ml" / "helpers.py").touch()
    assert "helpers.py" in changed_by_exporting(project)


def test_a_page_without_its_module_is_found(project):
    (project / "iris_ml" / exported(first_page(project))).unlink()
    assert exported(first_page(project)) in changed_by_exporting(project)


def test_no_page_shows_a_path_of_the_machine_that_ran_it():
    paths = str(PROJECT), f"{Path.home()}{os.sep}", sys.prefix, "site-packages"
    pages = {page.name: page.read_text(encoding="utf-8") for page in (PROJECT / "nbs").glob("*.ipynb")}
    assert [name for name, text in pages.items() if any(path in text for path in paths)] == []


def first_page(project):
    return min((project / "nbs").glob("*.ipynb"))


def exported(page):
    return page.stem.split("_", 1)[1] + ".py"
