"""`iris_ml new`: a project of one's own from any table, whose pages, commands and tests work at once; and its updates."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest
import requests

from iris_ml.base.errors import IrisError
from iris_ml.cli.commands import main
from iris_ml.io.locations import package_file
from iris_ml.template.merge import merge_pages
from iris_ml.template.pages import FreshPage
from iris_ml.template.project import TEMPLATE, commit_template, export_pages, git, new_project, render
from iris_ml.template.update import update_project
from tests.fork_server import FORKED_PYTHON
from torture.merges import EDITS, by_git, merged, run_again
from torture.serving import served

PROJECT = Path(__file__).parents[1]


def sales():
    """A number to predict; dates, missing values and truth values, and rows without the number."""
    draws = np.random.default_rng(0)
    rows = pd.DataFrame({"row": range(1, 401), "day": pd.date_range("2024-01-01", periods=200).repeat(2)})
    rows = rows.assign(shop=draws.choice(["north", "south"], 400), price=draws.uniform(1, 5, 400).round(2))
    rows["holiday"] = draws.random(400) < 0.1
    rows["sold"] = (80 - 12 * rows.price + 9 * (rows.shop == "north") + draws.normal(0, 6, 400)).round(1)
    return rows.assign(price=rows.price.mask(draws.random(400) < 0.2), sold=rows.sold.mask(draws.random(400) < 0.05))


def letters():
    """A class to predict, from texts only; repeated customers, and a text that means a missing value."""
    draws = np.random.default_rng(1)
    words = {"praise": ["good", "fine"], "complaint": ["late", "broken"]}
    kind = draws.choice([*words], 200, p=[0.7, 0.3])
    text = [" ".join([*draws.choice(words[each], 3), *draws.choice(["parcel", "came", "box"], 4)]) for each in kind]
    customer = draws.integers(100, 140, 200)
    return pd.DataFrame({"customer_id": customer, "letter": text, "land": draws.choice(["NL", "NA", "DE"], 200), "kind": kind})


TABLES = {"shop": (sales, "sold"), "post": (letters, "kind")}


@pytest.fixture(scope="session")
def projects(tmp_path_factory):
    """A project of each table, and one of iris whose pages are not run."""
    folder = tmp_path_factory.mktemp("projects")
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(FreshPage, "environment", None)  # as it is outside of these tests
        for name, (table, target) in TABLES.items():
            table().to_csv(folder / f"{name}.csv", index=False)
            list(new_project(folder / name, str(folder / f"{name}.csv"), target))
        changed.setattr("iris_ml.template.project.save_pages", lambda project: iter(()))
        list(new_project(folder / "flowers"))
    return folder


@pytest.fixture(params=TABLES)
def project(request, projects):
    return projects / request.param


@pytest.fixture
def shop(projects, tmp_path):
    """A copy of the project of sales, to change it."""
    return Path(shutil.copytree(projects / "shop", tmp_path / "shop"))


def pages(project):
    return {path.stem: nbformat.read(path, as_version=4) for path in sorted((project / "nbs").glob("*.ipynb"))}


def prose(page):
    return "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")


def typed(project, *words):
    """Type the command of a project, in its folder."""
    program = project.parent / "bin" / project.name
    program.parent.mkdir(exist_ok=True)
    program.write_text("from iris_ml.cli.entry import project\n\nproject()\n")
    around = {"PYTHONPATH": os.pathsep.join(map(str, (project, PROJECT))), "IRIS_ML_PROGRESS": "false", "COLUMNS": "200"}
    command = [*FORKED_PYTHON, str(program), *map(str, words)]
    return subprocess.run(command, cwd=project, env=os.environ | around, capture_output=True, text=True)


def test_every_page_is_executed_and_shows_its_table_without_a_warning(project):
    for name, page in pages(project).items():
        outputs = [output for cell in page.cells for output in cell.get("outputs", [])]
        assert outputs or name == "02_split"
        assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"], name
        assert str(project.parent) not in json.dumps(page)
        assert page.cells[0].source.startswith("# ")
        assert any(cell.source.startswith("#| export") for cell in page.cells)


def test_the_sentences_of_a_page_are_true_for_its_table(projects):
    flowers, shop, post = (
        {name: prose(page) for name, page in pages(projects / name).items()} for name in ("flowers", "shop", "post")
    )
    assert "The column `day` holds dates" in shop["02_split"]
    assert "The column `customer_id` repeats identifiers" in post["02_split"]
    assert "neither times nor groups" in flowers["02_split"]
    assert "Nothing, in the columns" in flowers["01_rows"]
    assert "have no" not in flowers["01_rows"]
    assert "Rows without a target" in shop["01_rows"]
    assert "mean a missing value: `NA`" in post["01_rows"]
    assert "a date becomes" in shop["03_features"]
    assert "numbers stay numbers" not in post["03_features"]
    assert "R²" in shop["05_scores"]
    assert "accuracy" in post["05_scores"]
    assert "R²" not in flowers["05_scores"]


def test_a_project_holds_steps_and_no_machinery(project):
    own = [path for path in project.rglob("*.py") if path.parent != project / project.name]
    assert sum(len(path.read_text().splitlines()) for path in own) <= 200
    exported = [ast.parse(path.read_text()) for path in (project / project.name).glob("*.py")]
    defined = {node.name for tree in exported for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert defined == {"features", "estimator"}


def test_git_holds_all_but_what_runs_leave(project):
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "log", "--format=%s").splitlines()[1:] == ["Take over the template"]
    assert os.access(project / ".ci" / "run", os.X_OK)


SPECIFIED = [
    "hadolint Containerfile",
    "check-jsonschema --builtin-schema vendor.compose-spec compose.yaml",
    "check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/test.yml",
    "ruff check .",
    "make --dry-run test",
]


@pytest.mark.parametrize("command", SPECIFIED)
def test_the_files_keep_to_their_specifications(projects, command):
    program, *words = command.split()
    program = shutil.which(program, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run([program, *words], cwd=projects / "shop", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_own_tests_pass_and_find_a_page_that_shows_something_else(projects, tmp_path):
    project = Path(shutil.copytree(projects / "post", tmp_path / "post"))
    page = project / "nbs" / "05_scores.ipynb"
    assert "test_rows" in page.read_text()
    page.write_text(page.read_text().replace("test_rows", "rows_of_test", 1))
    around = os.environ | {"PYTHONPATH": str(PROJECT)}
    words = ["-q", "-p", "tests.forked_kernels", "-p", "no:cacheprovider", "--color=no", "tests", "nbs/05_scores.ipynb", "--cov"]
    done = subprocess.run([*FORKED_PYTHON, "-m", "pytest", *words], cwd=project, env=around, capture_output=True, text=True)
    assert re.findall(r"^FAILED (\S+)", done.stdout, re.MULTILINE) == ["nbs/05_scores.ipynb::cell-03"], done.stdout
    assert "7 of 7 exported cells ran whole" in done.stdout


def test_an_example_of_production_depends_on_nothing_hidden(projects):
    around = os.environ | {"PYTHONPATH": str(PROJECT)}
    words = ["-q", "-p", "tests.forked_kernels", "-p", "no:cacheprovider", "--alone", "nbs/production.ipynb"]
    command = [*FORKED_PYTHON, "-m", "pytest", *words]
    done = subprocess.run(command, cwd=projects / "post", env=around, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_its_command_trains_predicts_promotes_and_serves(shop):
    ran = typed(shop, "run")
    assert ran.returncode == 0, ran.stderr
    assert "shop predict FILE" in ran.stdout
    new = sales().drop(columns="sold").head(3)
    new.to_csv(shop / "new.csv", index=False)
    assert typed(shop, "predict", "new.csv", "--to", "answers.csv").returncode == 0
    promoted = typed(shop, "promote")
    assert promoted.returncode == 0, promoted.stdout
    rows = json.loads(new.assign(day=new.day.astype(str)).to_json(orient="records"))
    with served(shop, PYTHONPATH=os.pathsep.join(map(str, (shop, PROJECT)))) as server:
        answers = requests.post(f"{server.address}/v1/predict", json={"rows": rows}, timeout=60).json()["answers"]
    assert [answer["label"] for answer in answers] == pytest.approx(pd.read_csv(shop / "answers.csv").sold.tolist())


def test_its_command_is_named_in_help_and_refuses_another_folder(shop):
    assert "Usage: shop" in typed(shop, "--help").stdout
    (shop / "iris.toml").write_text('workflow = "mine.production:workflow"\n')
    refused = typed(shop, "run")
    assert refused.returncode == 2
    assert refused.stderr == "shop: the project is not in this folder; go to the folder whose iris.toml names its workflow.\n"


REFUSED = {
    "a folder that holds something": ("full", "sales.csv", "sold"),
    "a file in its place": ("sales_file", "sales.csv", "sold"),
    "a table that is not there": ("shop", "absent.csv", "sold"),
    "a table that cannot be read": ("shop", "broken.parquet", "sold"),
    "no name of a package": ("My-Shop", "sales.csv", "sold"),
    "a keyword": ("lambda", "sales.csv", "sold"),
    "a module of Python": ("random", "sales.csv", "sold"),
    "the tests of Python": ("test", "sales.csv", "sold"),
    "an installed package": ("pandas", "sales.csv", "sold"),
    "no target": ("shop", "sales.csv", ""),
    "a target that is not there": ("shop", "sales.csv", "salt"),
    "a target with one value": ("shop", "alike.csv", "sold"),
    "a target alone": ("shop", "alone.csv", "sold"),
    "a header alone": ("shop", "header.csv", "sold"),
    "an empty file": ("shop", "sales_file", "sold"),
    "one row": ("shop", "one.csv", "sold"),
    "two columns with one name": ("shop", "twice.csv", "sold"),
    "a password": ("shop", "postgresql://ada:secret@host/shop#select 1", "sold"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_become_a_project_is_refused_in_a_sentence_and_nothing_is_written(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = sales()
    rows.to_csv("sales.csv", index=False)
    rows.assign(sold=3).to_csv("alike.csv", index=False)
    rows[["sold"]].to_csv("alone.csv", index=False)
    rows.head(0).to_csv("header.csv", index=False)
    rows.head(1).to_csv("one.csv", index=False)
    rows[[*rows, "price"]].to_csv("twice.csv", index=False)
    Path("broken.parquet").write_text("no table")
    Path("sales_file").write_text("")
    Path("full").mkdir()
    Path("full", "note").write_text("mine")
    before = sorted(map(str, tmp_path.rglob("*")))
    name, source, target = REFUSED[case]
    words = ["new", name, "--from", source, *(["--target", target] if target else [])]
    monkeypatch.setattr(sys, "argv", ["iris_ml", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert re.fullmatch(r"iris_ml: [^\n]+[.?]\n", said), said
    assert "secret" not in said
    assert sorted(map(str, tmp_path.rglob("*"))) == before


# Updates


@pytest.fixture
def metals(tmp_path):
    """A project whose pages were not run, and the template of it; `release` changes the template."""
    template, project = Path(shutil.copytree(TEMPLATE, tmp_path / "template")), tmp_path / "metals"
    answers = {"name": "metals", "version": "1", "source": "metals.csv", "target": "metal", "task": "classification"}
    render(project, answers, template)
    git(project, "init", "--quiet")
    git(project, "reset", "--quiet", "--hard", commit_template(project, project, "1"))
    export_pages(project)
    commit(project)

    def release(name, old, new):
        text = (template / name).read_text()
        assert old in text, name
        (template / name).write_text(text.replace(old, new, 1))

    return SimpleNamespace(project=project, template=template, release=release)


def commit(project):
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--allow-empty", "--message", "Change pages")


def edit(project, number):
    """Make five edits in each of the six pages: prose, a new cell at each end, an output, and an exported cell."""
    for name, page in pages(project).items():
        decision = next(cell for cell in page.cells if cell.source.startswith("## "))
        decision.source += f"\n\nEdit {number}a of {name}."
        exported = next(cell for cell in page.cells if cell.source.startswith("#| export"))
        exported.source += f"\n\nedit_{number}b = {number}"
        shown = next(cell for cell in page.cells if cell.cell_type == "code" and cell.source.startswith("import"))
        shown.outputs = [nbformat.v4.new_output("stream", text=f"edit {number}c\n")]
        page.cells.insert(1, nbformat.v4.new_markdown_cell(f"Edit {number}d of {name}."))
        page.cells.append(nbformat.v4.new_code_cell(f"edit = '{number}e of {name}'"))
        nbformat.write(page, project / "nbs" / f"{name}.ipynb")


def edits(project):
    """The edits that are found in the pages, and in their modules."""
    texts = {name: json.dumps(page) for name, page in pages(project).items()}
    found = {(name, edit) for name, text in texts.items() for edit in re.findall(r"(?i)edit.{1,4}\d[a-e]", text)}
    modules = {path.stem for path in (project / "metals").glob("*.py") if "edit_0b = 0" in path.read_text()}
    return len(found), len(modules)


def test_no_edit_is_lost_over_two_versions_of_the_template(metals):
    edit(metals.project, 0)
    commit(metals.project)
    assert edits(metals.project) == (30, 0)
    for name in ("01_rows", "03_features", "05_scores"):
        metals.release(f"nbs/{name}.md.jinja", "## Decision\n", "## Decision\n\nA sentence of version 2.\n")
    metals.release("Makefile.jinja", "## this list", "## the list of version 2")
    assert "2 now" in update_project(metals.project, metals.template, "2")
    metals.release("nbs/03_features.md.jinja", "## Decision", "```python\nversion = 3\n```\n\n## Decision")
    metals.release("README.md.jinja", "make help", "make help (of version 3)")
    assert "3 now" in update_project(metals.project, metals.template, "3")
    assert edits(metals.project) == (30, 6), "each edit is in its page, and each exported one in its module"
    whole = json.dumps(pages(metals.project))
    assert whole.count("A sentence of version 2.") == 3
    assert "version = 3" in whole
    assert "of version 2" in (metals.project / "Makefile").read_text()
    assert "of version 3" in (metals.project / "README.md").read_text()
    assert not [page for page in pages(metals.project).values() if nbformat.validate(page)]
    assert git(metals.project, "status", "--porcelain") == ""
    assert "already" in update_project(metals.project, metals.template, "3")


def test_a_conflict_in_a_page_leaves_a_notebook_and_both_sides(metals):
    metals.release("nbs/03_features.md.jinja", "No feature of our own has proved better yet.", "There is no feature of our own.")
    page = metals.project / "nbs" / "03_features.ipynb"
    page.write_text(page.read_text().replace("No feature of our own has proved better yet.", "The density is a feature."))
    commit(metals.project)
    with pytest.raises(IrisError, match=r"^nbs/03_features.ipynb: the template and the project changed the same place; "):
        update_project(metals.project, metals.template, "2")
    nbformat.validate(nbformat.read(page, as_version=4))
    assert all(side in page.read_text() for side in ("There is no feature", "The density is"))
    assert git(metals.project, "diff", "--name-only", "--diff-filter=U") == "nbs/03_features.ipynb"
    git(metals.project, "merge", "--abort")
    assert git(metals.project, "status", "--porcelain") == ""


def test_a_cell_that_one_deletes_and_the_other_edits_is_a_conflict(metals):
    metals.release("nbs/03_features.md.jinja", "No feature of our own has proved better yet.", "There is no feature of our own.")
    path = metals.project / "nbs" / "03_features.ipynb"
    page = nbformat.read(path, as_version=4)
    page.cells = [cell for cell in page.cells if "No feature of our own has proved better yet." not in cell.source]
    nbformat.write(page, path)
    commit(metals.project)
    with pytest.raises(IrisError, match=r"^nbs/03_features.ipynb: .*; edit or remove them, then type nbdev_export, "):
        update_project(metals.project, metals.template, "2")
    assert "There is no feature of our own." in path.read_text()


def test_changes_that_are_not_committed_stay_as_they_are(metals):
    (metals.project / "README.md").write_text("mine")
    metals.release("README.md.jinja", "make help", "make help now")
    with pytest.raises(IrisError, match="not committed"):
        update_project(metals.project, metals.template, "2")
    assert (metals.project / "README.md").read_text() == "mine"


def test_a_project_in_another_repository_gets_none_of_its_own(tmp_path, monkeypatch):
    git(tmp_path, "init", "--quiet")
    monkeypatch.setattr("iris_ml.template.project.save_pages", lambda project: iter(()))
    list(new_project(tmp_path / "inside", str(package_file("package:iris.csv")), "species"))
    assert not (tmp_path / "inside" / ".git").exists()
    with pytest.raises(IrisError, match="no repository of its own"):
        update_project(tmp_path / "inside")


def without_git(folder, base, ours, theirs):
    """Merge notebooks as the driver of git does; gives the names of those that conflict."""
    found = {name: merge_pages(base[name], ours[name], theirs[name]) for name in base}
    for name, (page, _) in found.items():
        nbformat.write(page, folder / name)
    return [name for name, (_, has_conflict) in found.items() if has_conflict]


@pytest.mark.parametrize("kind", EDITS)
def test_no_edit_of_two_people_is_lost_when_their_notebooks_are_merged(kind):
    _, failures, description = merged(EDITS[kind], 50, without_git)
    assert not failures, description


def test_git_merges_the_notebooks_of_two_people():
    _, failures, description = merged(EDITS["both add cells"], 2, by_git)
    assert not failures, description
    assert merged([run_again, run_again], 1, by_git)[2] .startswith("1 conflicts")
