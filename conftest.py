"""Every page is a test: run from its top in a fresh kernel, it gives again what it shows.

`pytest nbs` runs the pages, and `pytest nbs --save` keeps what they show now. nbval, the usual tool for this,
rejects pages that nbdev has cleaned of their counts, shows what a semicolon hides, and ignores the updates of a
display; Jupyter's own client, used here, does as Jupyter does.
"""

import json
import os
from copy import deepcopy
from difflib import unified_diff

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbdev.clean import clean_nb

# A kernel starts with what was set before any test, and without progress: a page does not show how long a run takes.
ENVIRONMENT = {**os.environ, "IRIS_ML_PROGRESS": "false"}

# What two machines draw differently, and what is a random name, is not compared.
UNCOMPARED = ("image/png", "image/jpeg", "application/vnd.jupyter.widget")
# Lines that nbdev and Quarto know, and what Jupyter's client calls the same.
TAGS = {"#| eval: false": "skip-execution", "#| error: true": "raises-exception"}


def pytest_addoption(parser):
    parser.addoption("--save", action="store_true", help="keep what the pages show in their fresh run")


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".ipynb":
        return Page.from_parent(parent, path=file_path)


class Page(pytest.File):
    """A notebook."""

    def collect(self):
        yield FreshRun.from_parent(self, name="fresh run")


class FreshRun(pytest.Item):
    """A run of the whole page in a kernel of its own, with the outputs compared."""

    def runtest(self):
        saved = nbformat.read(self.path, as_version=4)
        fresh = deepcopy(saved)
        for cell in fresh.cells:
            cell.metadata.tags = [tag for line, tag in TAGS.items() if line in cell.source.splitlines()]
        NotebookClient(
            fresh,
            timeout=300,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": self.path.parent}},
        ).execute(env=ENVIRONMENT)
        for page in saved, fresh:
            clean_nb(page)
        if self.config.getoption("save"):
            fresh.metadata = saved.metadata
            nbformat.write(fresh, self.path)
        elif difference := list(unified_diff(shown(saved), shown(fresh), "saved", "fresh", n=8, lineterm="")):
            raise OutputsDiffer("\n".join(difference))

    def repr_failure(self, excinfo):
        if isinstance(excinfo.value, OutputsDiffer | CellExecutionError):
            return f"{self.path.name}: {excinfo.value}"
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, None, f"{self.path.name}, run afresh"


class OutputsDiffer(AssertionError):
    """A fresh run of a page shows something else than the page."""


def shown(page):
    """The page's code and what it showed, line by line."""
    lines = []
    for cell in page.cells:
        if cell.cell_type == "code":
            lines += ["", *cell.source.splitlines()]
            lines += [f"{kind}: {line}" for output in cell.outputs for kind, line in compared(output)]
    return lines


def compared(output):
    """What of an output is compared, each line with its kind."""
    contents = {
        "stream": lambda: {output.name: output.text},
        "error": lambda: {output.ename: output.evalue},
    }.get(output.output_type, lambda: output.data)()
    for kind, content in sorted(contents.items()):
        if kind.startswith(UNCOMPARED):
            yield kind, "..."
        else:
            text = content if isinstance(content, str) else json.dumps(content, sort_keys=True, indent=1)
            yield from ((kind, line) for line in text.splitlines())
