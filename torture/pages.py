"""Every page far from home: in other folders, with other hash seeds, twice; and with its cells shuffled, which must not pass."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def _copied(folder):
    for name in "nbs", "iris_ml", "tests/offline":
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in "settings.ini", "conftest.py", "tests/fork_client.py", "tests/fork_server.py", "tests/forked_kernels.py":
        shutil.copy(PROJECT / name, folder / name)
    return folder


def _failed(folder, seed):
    """Run all pages in a folder; gives the number of cells that were run, and the pages that do not show what they show here."""
    words = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile", "-p", "no:cacheprovider", "nbs"]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(folder)}
    said = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True).stdout
    counted = {kind: int(number) for number, kind in re.findall(r"(\d+) (passed|failed)", said.splitlines()[-1])}
    assert counted, said
    return sum(counted.values()), sorted(set(re.findall(r"^FAILED nbs/([\w/]+)\.ipynb", said, re.MULTILINE)))


def elsewhere(times):
    """Run every page in folders of different depths, each with a hash seed of its own."""
    cells, failures = 0, []
    for seed in range(times):
        with tempfile.TemporaryDirectory() as folder:
            ran, failed = _failed(_copied(Path(folder, *["deeper"] * seed, "project")), seed)
            cells, failures = cells + ran, [*failures, *failed]
    return cells, len(failures), ", ".join(failures) or "all the same"


def shuffled():
    """Shuffle the cells of every page, its last code to the front; a page that passes nevertheless is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        project = _copied(Path(folder, "project"))
        pages = sorted((project / "nbs").rglob("[0-9]*.ipynb"))
        for page in pages:
            notebook = json.loads(page.read_text(encoding="utf-8"))
            last = max(place for place, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code")
            first = notebook["cells"].pop(last)
            random.Random(page.name).shuffle(notebook["cells"])
            notebook["cells"].insert(0, first)
            page.write_text(json.dumps(notebook), encoding="utf-8")
        passed = sorted({str(page.relative_to(project / "nbs").with_suffix("")) for page in pages} - {*_failed(project, 0)[1]})
    return len(pages), len(passed), ", ".join(passed) or "all rejected"


CAMPAIGNS = {
    "every page, in two folders, with two hash seeds": lambda: elsewhere(2),
    "every page, its cells shuffled": shuffled,
}
