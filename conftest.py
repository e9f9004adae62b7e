"""Every cell that exports nothing is a test: run after the cells above it, it gives again what its page shows.

`pytest nbs` runs the pages from their tops, each in one fresh kernel; `pytest nbs -k "05_estimator and cell-07"` names
one cell, by page, number, heading or any word of its code; `pytest nbs --save` keeps what the pages show now.

No plugin does this. nbval, the usual one, leaves out deselected cells that a selected one needs, rejects pages that
nbdev has cleaned of their counts, shows what a semicolon hides, and ignores the updates of a display. nbmake's test is
a whole page, pytest-ipynb2's are the cells with a magic line of its own, and neither compares outputs. Jupyter's own
client, used here, does as Jupyter does.
"""

import json
import os
import re
import sys
from contextlib import ExitStack
from copy import deepcopy
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbdev.clean import clean_nb

from tests.fork_server import FORKED_PYTHON, read_at_start, running_server

# By default, two of a hundred reused results are computed again; in a test, only those for which it asks.
os.environ["IRIS_ML_AUDIT"] = "0"
# Two threads of one process that wait for each other are slow where two processes run tests.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A kernel starts with what was set before any test, in an empty home, without a network, and without progress: a page
# does not show how long a run takes. Matplotlib keeps its list of the machine's fonts, which takes seconds to make.
HOME = TemporaryDirectory()
ENVIRONMENT = {
    **os.environ,
    "HOME": HOME.name,
    "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", str(Path.home() / ".cache" / "matplotlib")),
    "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent / "tests" / "offline"), os.environ.get("PYTHONPATH", "")]),
    "IRIS_ML_PROGRESS": "false",
}

# What Python and the packages read when they start.
STARTED = read_at_start(os.environ)

# What two machines draw differently, and what is a random name, is not compared.
UNCOMPARED = ("image/png", "image/jpeg", "application/vnd.jupyter.widget")
# What brings the programs that some checks need, by the name in the reason for which a test skips.
PACKAGES = {"Chromium": "chromium", "PostgreSQL": "postgresql"}
# Lines that nbdev and Quarto know, and what Jupyter's client calls the same.
TAGS = {"#| eval: false": "skip-execution", "#| error: true": "raises-exception"}
# A cell with one of these lines defines what the package holds; the others are examples.
EXPORTED = re.compile(r"^#\|\s*(default_exp|export[is]?)\b", re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)", re.MULTILINE)


def pytest_addoption(parser):
    parser.addoption("--save", action="store_true", help="keep what the pages show in their fresh run")


def pytest_xdist_auto_num_workers():
    """One more process than cores: many tests wait for a server, a browser or a child."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config):
    """Start a server that forks kernels and commands, once for all processes that run tests."""
    if sys.platform == "linux" and "FORK_SERVER" not in os.environ:
        server = running_server()
        server.__enter__()
        config.add_cleanup(lambda: server.__exit__(None, None, None))


@pytest.fixture(autouse=True, scope="module")
def _same_environment():
    """Undo what the tests of a file leave in the environment."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def _same_start():
    """Undo, before each test, what Dask sets and Python reads when it starts: it would keep the server from forking."""
    for name in read_at_start(os.environ).keys() - STARTED.keys():
        del os.environ[name]
    os.environ.update(STARTED)


def pytest_terminal_summary(terminalreporter):
    """Say which checks were left out because a program is absent, and which command brings it."""
    reasons = " ".join(str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []) if report.longrepr)
    packages = {program: package for program, package in PACKAGES.items() if program in reasons}
    if packages:
        command = f"on Debian this brings them: apt-get install {' '.join(packages.values())}"
        terminalreporter.write_line(f"Left out: the checks that need {' and '.join(packages)}; {command}")


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".ipynb":
        return Page.from_parent(parent, path=file_path)


class ForkedKernel(AsyncKernelManager):
    """A kernel that the server forks, so that it need not import what most pages import."""

    def format_kernel_cmd(self, extra_arguments=None):
        _, *arguments = super().format_kernel_cmd(extra_arguments)
        return [*FORKED_PYTHON, *arguments, f"--IPKernelApp.parent_handle={os.getpid()}"]


class Page(pytest.File):
    """A notebook, and one kernel in which its cells run from the top, each once, as far as a test asks."""

    def collect(self):
        self.saved = nbformat.read(self.path, as_version=4)
        clean_nb(self.saved)
        for cell in self.saved.cells:
            cell.metadata.tags = [tag for line, tag in TAGS.items() if line in cell.source.splitlines()]
        # A cell's number is the count that Jupyter gives it in a fresh run, as in its tracebacks: Cell In[7].
        self.places = [place for place, cell in enumerate(self.saved.cells) if runs(cell)]
        first = 1
        for number, place in enumerate(self.places, 1):
            source = self.saved.cells[place].source
            # The last cell is a test in any case, so that every cell runs.
            if number == len(self.places) or not EXPORTED.search(source):
                name = " ".join([f"cell-{number:02}", *headings(self.saved.cells[:place])[-1:]])
                yield Example.from_parent(self, name=name, source=source, numbers=range(first, number + 1))
                first = number + 1

    def setup(self):
        self.ran = self.failed = 0
        self.fresh = deepcopy(self.saved)
        self.client = NotebookClient(
            self.fresh,
            timeout=300,
            kernel_name="python3",
            kernel_manager_class=ForkedKernel,
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": self.path.parent}},
        )
        kernel = ExitStack()
        self.addfinalizer(kernel.close)
        kernel.enter_context(self.client.setup_kernel(env=ENVIRONMENT))
        if self.config.getoption("save"):
            self.addfinalizer(self.save)

    def run_to(self, last):
        """Run the cells down to this one that have not run yet."""
        for number in range(self.ran + 1, last + 1):
            if self.failed:
                raise PageFails(f"cell {last} is not run, since cell {self.failed} failed")
            self.failed = number
            try:
                cell = self.fresh.cells[self.places[number - 1]]
                self.client.execute_cell(cell, self.places[number - 1])
                cell.outputs = joined(cell.outputs)
            except Exception as error:
                raise PageFails(f"cell {number} failed: {error}") from error
            self.ran, self.failed = number, 0

    def compare(self, number):
        """Refuse a cell that did not show what the page shows."""
        saved, fresh = (page.cells[self.places[number - 1]] for page in (self.saved, self.fresh))
        clean_nb({"cells": [fresh], "metadata": {}})
        if difference := list(unified_diff(shown(saved), shown(fresh), "saved", "fresh", n=8, lineterm="")):
            raise PageFails("\n".join([f"cell {number} does not show what the page shows", *difference]))

    def save(self):
        """Keep what the whole page shows, unless a cell failed."""
        if not self.failed:
            self.run_to(len(self.places))
            clean_nb(self.fresh)
            self.fresh.metadata = self.saved.metadata
            nbformat.write(self.fresh, self.path)


class Example(pytest.Item):
    """A cell that exports nothing, with the definitions that stand above it and below the example before."""

    def __init__(self, *, source, numbers, **options):
        super().__init__(**options)
        self.numbers = numbers
        self.extra_keyword_matches.add(source)

    def runtest(self):
        self.parent.run_to(self.numbers[-1])
        if not self.config.getoption("save"):
            for number in self.numbers:
                self.parent.compare(number)

    def repr_failure(self, excinfo):
        if isinstance(excinfo.value, PageFails):
            return f"{self.path.name}: {excinfo.value}"
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, None, f"{self.path.name}, {self.name}"


class PageFails(AssertionError):
    """A cell of a page raises, or shows something else than the page."""


def runs(cell):
    """Whether Jupyter's client runs a cell."""
    return cell.cell_type == "code" and cell.source.strip() and "skip-execution" not in cell.metadata.tags


def headings(cells):
    """The headings in the prose among cells."""
    return [heading for cell in cells if cell.cell_type == "markdown" for heading in HEADING.findall(cell.source)]


def joined(outputs):
    """Outputs with what was printed in one go as one, though a slow kernel sends it in pieces."""
    whole = []
    for output in outputs:
        if whole and output.output_type == whole[-1].output_type == "stream" and output.name == whole[-1].name:
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def shown(cell):
    """A cell's code and what it showed, line by line."""
    return [*cell.source.splitlines(), *(f"{kind}: {line}" for output in cell.outputs for kind, line in compared(output))]


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
