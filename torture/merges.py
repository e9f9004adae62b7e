"""Two people edit a notebook, and git merges their branches as `make lab` sets it up: no edit is lost, no notebook is broken."""

import json
import random
import shutil
import subprocess
import sys
import tempfile
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PROJECT = Path(__file__).parents[1]


def page(draws):
    """Return a page of some ideas, each with prose, a definition, and an example with its output."""
    cells = [new_markdown_cell("# A page\n\n> A sentence.")]
    for idea in range(draws.randint(2, 6)):
        cells.append(new_markdown_cell(f"## Idea {idea}\n\nA question.\nAn answer.\nA reason."))
        cells.append(new_code_cell(f"#| export\ndef step_{idea}(rows):\n    first = rows + {idea}\n    return first"))
        cells.append(new_code_cell(f"step_{idea}(1)", outputs=[new_output("stream", text=f"{idea + 1}\n")]))
    return new_notebook(cells=cells)


# Each edit leaves a mark, by which it is found again.


def change_prose(cells, draws, mark):
    cell = draws.choice([cell for cell in cells if cell.cell_type == "markdown"])
    lines = cell.source.splitlines()
    lines.insert(draws.randint(1, len(lines)), mark)
    cell.source = "\n".join(lines)


def add_cell(cells, draws, mark):
    make = draws.choice([new_markdown_cell, new_code_cell])
    cells.insert(draws.randint(1, len(cells)), make(f"# {mark}"))


def change_code(cells, draws, mark):
    cell = draws.choice([cell for cell in cells if cell.cell_type == "code"])
    cell.source += f"  # {mark}"


def move_cell(cells, draws, mark):
    cell = cells.pop(draws.randrange(1, len(cells)))
    cell.source += f"\n# {mark}" * draws.randint(0, 1)
    cells.insert(draws.randint(1, len(cells)), cell)


def run_again(cells, draws, mark):
    for cell in cells:
        if cell.get("outputs") and draws.random() < 0.7:
            cell.outputs = [new_output("stream", text=f"{mark}\n")]


def delete_cell(cells, draws, mark):
    del cells[draws.randrange(1, len(cells))]


EDITS = {
    "both change prose": (change_prose, change_prose),
    "both add cells": (add_cell, add_cell),
    "one moves a cell, one edits": (move_cell, change_code),
    "outputs on both sides": (run_again, run_again),
    "one deletes a cell, one edits": (delete_cell, change_code),
}


def _git(folder, *words):
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=False)


def _commit(folder, branch, pages):
    _git(folder, "checkout", "-q", "-b", branch, *(["base"] if branch != "base" else []))
    for name, notebook in pages.items():
        nbformat.write(notebook, folder / f"{name}.ipynb")
    _git(folder, "add", "--all")
    assert not _git(folder, "commit", "-q", "-m", branch).returncode


def edited(notebook, edits, draws, who):
    """Return a notebook after some edits, and the marks that they left."""
    notebook = deepcopy(notebook)
    marks = [f"{who} {number}" for number, _ in enumerate(edits)]
    for edit, mark in zip(edits, marks, strict=True):
        edit(notebook.cells, draws, mark)
    return notebook, [mark for mark in marks if mark in json.dumps(notebook)]


def merged(edits, times, merge):
    """Merge pages that two people edited, in a folder; gives their number, that of the failures, and a description of all."""
    base, ours, theirs, marks = {}, {}, {}, {}
    for seed in range(times):
        name, draws = f"{seed:02}_page.ipynb", random.Random(seed)
        base[name], more = page(draws), draws.choice([[], [change_prose], [add_cell], [change_code]])
        ours[name], by_ada = edited(base[name], [edits[0], *more], draws, "ada")
        theirs[name], by_ben = edited(base[name], [edits[1], *more], draws, "ben")
        marks[name] = [*by_ada, *by_ben]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        conflicts = merge(folder, base, ours, theirs)
        wrong = {each: _wrong(folder / each, marks[each], each in conflicts) for each in base}
    failures = [f"{each} {what}" for each, what in wrong.items() if what]
    return times, len(failures), "; ".join([f"{len(conflicts)} conflicts, all named", *failures])


def by_git(folder, base, ours, theirs):
    """Merge two branches as `make lab` sets it up; gives the names of the notebooks that conflict."""

    def git(*words):
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True).stdout

    git("init", "-q")
    for file in ".gitconfig", ".gitattributes":
        shutil.copy(PROJECT / file, folder)
    (folder / ".venv").symlink_to(sys.prefix)
    git("config", "--local", "include.path", "../.gitconfig")
    for branch, pages in {"base": base, "theirs": theirs, "ours": ours}.items():
        git("checkout", "-q", "-b", branch, *(["base"] if branch != "base" else []))
        for name, notebook in pages.items():
            nbformat.write(notebook, folder / name)
        git("add", "*.ipynb", ".gitattributes")
        git("commit", "-q", "-m", branch)
    git("merge", "-q", "--no-commit", "theirs")
    return set(git("diff", "--name-only", "--diff-filter=U").split())


def _wrong(path, marks, is_named):
    """What is wrong with a merged notebook; nothing where it is whole."""
    text = path.read_text(encoding="utf-8")
    try:
        notebook = json.loads(text)
        nbformat.validate(notebook)
    except ValueError as error:
        return f"is broken: {str(error).splitlines()[0]}"
    ids = [cell["id"] for cell in notebook["cells"]]
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    sources = [source for source in sources if not source.startswith("<span")]  # the borders of a conflict
    if len({*ids}) < len(ids):
        return "has two cells with one id"
    if len({*sources}) < len(sources):
        return "has a cell twice"
    if lost := [mark for mark in marks if mark not in text]:
        return f"has lost an edit: {', '.join(lost)}"
    if ("<<<<<<<" in text) != is_named:
        return "has a conflict that is not named" if not is_named else "has no conflict, and one is named"
    return ""


CAMPAIGNS = {f"two people edit a page, {name}": lambda edits=edits: merged(edits, 50, by_git) for name, edits in EDITS.items()}
