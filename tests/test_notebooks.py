"""The notebooks are clean, and the package is what they export: nothing else, and nothing by hand."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from iris_ml.base.environment import current_user

PROJECT = Path(__file__).parent.parent


@pytest.fixture
def project(tmp_path):
    """A copy of what nbdev reads and writes, so that no test touches the project itself."""
    hidden = shutil.ignore_patterns(".*")
    for folder in "nbs", "iris_ml":
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=hidden)
    shutil.copy(PROJECT / "settings.ini", tmp_path)
    return tmp_path


def nbdev(command, project):
    """Run one of nbdev's commands as a person would."""
    # Inside its own tests nbdev exports nothing; here it has to.
    environment = {name: value for name, value in os.environ.items() if name != "IN_TEST"}
    program, *words = command.split()
    subprocess.run([Path(sys.executable).with_name(program), *words], cwd=project, env=environment, check=True)


def contents(folder, pattern):
    """The bytes of each file in a folder and its rooms, by its path in the folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob(pattern)}


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


def first_page(project):
    """The first page of a room."""
    return min((project / "nbs").glob("*/*.ipynb"))


def exported(page):
    """The module that a page exports, by its path in the package."""
    return f"{page.parent.name}/{page.stem.split('_', 1)[1]}.py"


def test_cleaning_the_notebooks_leaves_no_diff(project):
    assert changed_by_cleaning(project) == [], "these notebooks are not clean: type nbdev_clean"


def test_exporting_the_notebooks_leaves_no_diff(project):
    assert changed_by_exporting(project) == [], "these modules are not what the notebooks export: type nbdev_export"


def test_a_notebook_with_a_count_is_not_clean(project):
    page = first_page(project)
    notebook = json.loads(page.read_text(encoding="utf-8"))
    next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")["execution_count"] = 7
    page.write_text(json.dumps(notebook), encoding="utf-8")
    assert changed_by_cleaning(project) == [page.relative_to(project / "nbs").as_posix()]


def test_a_module_edited_by_hand_is_found(project):
    with (project / "iris_ml" / exported(first_page(project))).open("a") as module:
        module.write("\nanswer = 42\n")
    assert exported(first_page(project)) in changed_by_exporting(project)


@pytest.mark.parametrize("name", ["helpers.py", "base/helpers.py"])
def test_a_module_without_a_page_is_found(project, name):
    (project / "iris_ml" / name).touch()
    assert name in changed_by_exporting(project)


def test_a_page_without_its_module_is_found(project):
    (project / "iris_ml" / exported(first_page(project))).unlink()
    assert exported(first_page(project)) in changed_by_exporting(project)


def test_the_site_of_those_who_have_quarto_lists_every_page(project):
    nbdev("nbdev_sidebar", project)
    listed = re.findall(r"[\w/]+\.ipynb", (project / "nbs" / "sidebar.yml").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(contents(PROJECT / "nbs", "*.ipynb"))


def test_cleaning_twice_equals_cleaning_once(project):
    for page in (project / "nbs").rglob("*.ipynb"):
        notebook = json.loads(page.read_text(encoding="utf-8"))
        for count, cell in enumerate(cell for cell in notebook["cells"] if cell["cell_type"] == "code"):
            cell |= {"execution_count": count, "metadata": {"scrolled": True}}
        page.write_text(json.dumps(notebook), encoding="utf-8")
    assert changed_by_cleaning(project)
    assert changed_by_cleaning(project) == []
    assert different(contents(project / "nbs", "*.ipynb"), contents(PROJECT / "nbs", "*.ipynb")) == []


# A private key, tokens of well-known services, a signed web token, and whatever is called a secret.
SECRET = re.compile(r"-----BEGIN|AKIA[0-9A-Z]{16}|gh[oprsu]_\w{36}|eyJ[\w-]{8,}\.eyJ|(?i:password|token|api_key)=['\"]?\w{6,}")


def tells(text):
    """What a text says about the machine or the person that ran it."""
    kept = re.compile("KEY|PASSWORD|SECRET|TOKEN")
    theirs = [value for name, value in os.environ.items() if kept.search(name) and len(value) > 7]
    known = [str(PROJECT), f"{Path.home()}{os.sep}", sys.prefix, "site-packages", tempfile.gettempdir() + os.sep, current_user()]
    return [word for word in [*known, *theirs] if word in text] + SECRET.findall(text)


def test_no_page_tells_a_path_a_name_or_a_secret_of_whoever_ran_it():
    pages = contents(PROJECT / "nbs", "*.ipynb")
    assert len({Path(name).parent for name in pages}) > 10, "the pages of the rooms are read too"
    assert {name: told for name, page in pages.items() if (told := tells(page.decode()))} == {}


@pytest.mark.parametrize("text", ["-----BEGIN RSA PRIVATE KEY-----", "AKIA" + "A1" * 8, "?token=abcdef012345", sys.prefix])
def test_what_a_page_must_not_tell_is_found(text):
    assert tells(f'"text": "{text}"')


@pytest.fixture
def elsewhere(project):
    """The copy in a folder of another depth, with what runs its pages."""
    folder = project / "a" / "deeper" / "folder"
    folder.mkdir(parents=True)
    for name in "nbs", "iris_ml", "settings.ini":
        (project / name).rename(folder / name)
    shutil.copy(PROJECT / "conftest.py", folder)
    shutil.copytree(PROJECT / "tests" / "offline", folder / "tests" / "offline")
    for program in (PROJECT / "tests").glob("fork*.py"):
        shutil.copy(program, folder / "tests")
    return folder


def ran(page, folder, seed):
    """Run a page in a folder with a hash seed; gives whether it shows what it shows here, and what pytest said."""
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"nbs/{page}"]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(folder)}
    done = subprocess.run(words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


@pytest.mark.parametrize("seed", [1, 2])
def test_a_page_shows_the_same_in_another_folder_with_another_order_of_sets(elsewhere, seed):
    same, said = ran("workflow/04_runner.ipynb", elsewhere, seed)
    assert same, said


def test_a_page_whose_cells_are_shuffled_is_rejected(elsewhere):
    page = elsewhere / "nbs" / "workflow" / "04_runner.ipynb"
    notebook = json.loads(page.read_text(encoding="utf-8"))
    random.Random(0).shuffle(notebook["cells"])
    page.write_text(json.dumps(notebook), encoding="utf-8")
    same, said = ran("workflow/04_runner.ipynb", elsewhere, 0)
    assert not same
    assert "1 failed" in said, said


def test_a_page_has_no_network_and_an_empty_home(elsewhere):
    network = "import socket\nsocket.create_connection(('192.0.2.1', 80), 1)"
    home = "from pathlib import Path\n[path.name for path in Path.home().iterdir() if not path.name.startswith('.')]"
    cells = [nbformat.v4.new_code_cell(home, outputs=[nbformat.v4.new_output("execute_result", {"text/plain": "[]"})])]
    cells += [nbformat.v4.new_code_cell(network)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), elsewhere / "nbs" / "99_away.ipynb")
    same, said = ran("99_away.ipynb", elsewhere, 0)
    assert not same
    assert "1 passed, 1 failed" in said or "1 failed, 1 passed" in said, said
    assert "there is no network, and 192.0.2.1 was asked for" in said


# nbdev's own commands


def test_an_edit_of_a_module_goes_back_into_its_page(project):
    module, page = project / "iris_ml" / "steps" / "split.py", project / "nbs" / "steps" / "03_split.ipynb"
    old, new = "    truth = features[target] if _is", "    truth = features[target] if True and _is"
    before = contents(project / "nbs", "*.ipynb")
    text = module.read_text(encoding="utf-8")
    assert old in text
    module.write_text(text.replace(old, new), encoding="utf-8")
    nbdev("nbdev_update", project)
    assert different(before, contents(project / "nbs", "*.ipynb")) == ["steps/03_split.ipynb"]
    assert any(new in "".join(cell["source"]) for cell in json.loads(page.read_text(encoding="utf-8"))["cells"])
    assert changed_by_exporting(project) == []


def keep_pages(project, *names):
    """Delete all other pages."""
    for page in (project / "nbs").rglob("*.ipynb"):
        if page.stem not in names:
            page.unlink()


def test_pages_that_run_in_one_process_do_not_depend_on_each_other(project):
    keep_pages(project, "05_security", "07_server", "07_progress", "02_four_wishes", "04_your_own_table")
    nbdev("nbdev_test --n_workers 0", project)


def test_nbdev_prepare_leaves_no_diff(project):
    keep_pages(project, "07_progress")
    before = contents(project / "nbs", "*.ipynb"), contents(project / "iris_ml", "*.py")
    nbdev("nbdev_prepare", project)
    assert (contents(project / "nbs", "*.ipynb"), contents(project / "iris_ml", "*.py")) == before
