"""Every cell that exports nothing is a test, by the plugin of `nbs/template/01_pages.ipynb`; here are its surroundings."""

import compileall
import os
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.fork_server import read_at_start, running_server

pytest_plugins = ["iris_ml.template.pages", "tests.forked_kernels"]

# By default, two of a hundred reused results are computed again; in a test, only those for which it asks.
os.environ["IRIS_ML_AUDIT"] = "0"
# The modules are compiled once. Python would write what it compiles, and overlook an edit to the same size in the same second.
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
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

# What Python and the packages read when they start, and the module from which processes that start later import.
STARTED = read_at_start(os.environ)
MAIN = sys.modules["__main__"]

# What brings the programs that some checks need, by the name in the reason for which a test skips.
PACKAGES = {"Chromium": "chromium", "PostgreSQL": "postgresql"}


def pytest_xdist_auto_num_workers():
    """One more process than cores: many tests wait for a server, a browser or a child."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config):
    """Compile the modules, and start a server that forks kernels and commands, once for all processes that run tests."""
    from iris_ml.template.pages import FreshPage  # only now, because pytest changes a plugin before its first import

    config.add_cleanup(HOME.cleanup)
    config.add_cleanup(partial(setattr, FreshPage, "environment", FreshPage.environment))  # a test may run pytest itself
    FreshPage.environment = ENVIRONMENT
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(Path(__file__).with_name("iris_ml"), quiet=2)
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
    """Undo, before each test, what Dask sets and what Streamlit's test client sets: processes that start later would see it."""
    sys.modules["__main__"] = MAIN
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
