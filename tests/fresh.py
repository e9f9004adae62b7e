"""Runs small projects, each run in a process of its own, forked from one that has imported the library and no project.

`python fresh.py` reads a list of `[folder, [[form, files], ...]]` as JSON from its input. For each of the stages it
writes the files into the folder and runs the project as a module or as a notebook; it prints what all stages gave.
A file keeps its time when it is edited.
"""

import gc
import json
import os
import platform
import sys
import traceback
import warnings
from importlib import import_module
from pathlib import Path

from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell

from iris_ml.base.packages import owner, package_versions
from iris_ml.cache.import_effects import package_effects
from iris_ml.cache.observation import SETTLED
from iris_ml.workflow.workflow import Workflow

HEAVY = ("fsspec", "iris_ml.io.readers", "pyarrow", "sklearn.dummy", "sklearn.linear_model", "sklearn.pipeline", "skops.io")


def main():
    for package in HEAVY:  # which a project may import, at no cost then
        import_module(package)
    for package in SETTLED:
        package_versions(package)
    package_effects()  # whose modules they are takes a process longer than all that a project does
    for module in [*sys.modules]:
        owner(module)
    platform.platform()  # it starts a program, and keeps what that printed
    HistoryManager.enabled = False  # it runs in a thread, which no fork takes along
    InteractiveShell.instance()
    gc.freeze()  # so that no fork copies what it does not touch
    projects = json.load(sys.stdin)
    json.dump([[stage(Path(folder), *given) for given in stages] for folder, stages in projects], sys.stdout)


def stage(folder, form, files):
    """Bring the folder to a stage, run it in a new process, and return what the run gave."""
    write(folder, files)
    return in_new_process(lambda: outcome(folder, form))


def write(folder, files, times=()):
    """Write the files of a project; each has the same time as before, or the one that is given for it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        os.utime(folder / name, (dict(times).get(name, 1e9),) * 2)


def in_new_process(work):
    """Return what a function gives in a fork of this process, by way of JSON; what it prints is lost."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        for stream in sys.stdout, sys.stderr:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        with os.fdopen(writer, "w") as pipe:
            json.dump(work(), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        given = pipe.read()
    os.waitpid(child, 0)
    return json.loads(given or '{"error": "the process died"}')


def outcome(folder, form):
    """What each run of the project gave, what it should have given, and how each step came about."""
    os.chdir(folder)
    sys.path[:0] = [str(folder), str(folder / "site-packages")]
    try:
        return FORMS[form]()
    except Exception:
        return {"error": traceback.format_exc()}


def ran(namespace):
    """Run the steps in a namespace, with and without checkpoints."""
    workflow = Workflow(*(namespace[name] for name in STEPS if name in namespace))
    with warnings.catch_warnings(record=True, action="always") as told:
        run = workflow.run(progress=False)
        given = {name: repr(run[name]) for name in run}
        truth = workflow.run(progress=False, checkpoints=False)
    return {
        "given": given,
        "truth": {name: repr(truth[name]) for name in truth},
        "how": {name: result.how for name, result in run.results.items()},
        "notes": " ".join(result.note for result in run.results.values()),
        "why": {name: run.why(name) for name in run},
        "warnings": [str(warning.message) for warning in told],
    }


STEPS = ("raw", "rows", "classifier", "pipeline", "model", "result", "result__other")


def as_module():
    import steps

    return ran(vars(steps))


def as_notebook():
    """Run the cells of a notebook as a kernel would, and then its steps."""
    for cell in cells():
        InteractiveShell.instance().run_cell(cell, store_history=True).raise_error()
    return ran(InteractiveShell.instance().user_ns)


def as_session():
    """Run the steps twice after each cell of a notebook, all in this process."""
    outcomes = []
    for cell in cells():
        InteractiveShell.instance().run_cell(cell, store_history=True).raise_error()
        outcomes += [ran(InteractiveShell.instance().user_ns), ran(InteractiveShell.instance().user_ns)]
    return outcomes


def cells():
    return [cell["source"] for cell in json.loads(Path("steps.ipynb").read_text(encoding="utf-8"))["cells"]]


FORMS = {"module": as_module, "notebook": as_notebook, "session": as_session}


def notebook(text):
    """A text as a notebook: each paragraph is a cell."""
    empty = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    cells = [{**empty, "id": f"cell-{i}", "source": cell} for i, cell in enumerate(text.split("\n\n"))]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


if __name__ == "__main__":
    main()
