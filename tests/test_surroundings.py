"""What surrounds a process counts: its time zone and encodings, and how installed packages were configured."""

import json
import os
import subprocess
import sys

import pytest

STEPS = """
import email.utils
import tempfile

import labconfig
import labels


def zone() -> str: return str(email.utils.localtime(email.utils.parsedate_to_datetime("Thu, 01 Jan 1970 00:00:00 GMT")))
def encoding() -> str: return open("note.txt").encoding
def digits() -> str:
    try: return str(10 ** 5000)[:1]
    except ValueError: return "too long"
def folder() -> str: return tempfile.gettempdir()
def variable() -> str: return labconfig.from_variable()
def file() -> str: return labconfig.from_file()
def call() -> str: return labconfig.get("unit")
def through_helper() -> str: return labels.unit()
"""
FILES = {
    "steps.py": STEPS,
    "labels.py": "import labconfig\n\n\ndef unit(): return labconfig.get('unit')\n",
    "note.txt": "a note",
    "site-packages/labconfig/__init__.py": """
import json, os
VARIABLE = os.environ.get("LAB_UNIT")
FILE = json.load(open("lab.json"))["unit"]
_config = {}
def configure(**options): _config.update(options)
def get(name): return _lookup(name)
def _lookup(name): return _config[name]
def from_variable(): return VARIABLE
def from_file(): return FILE
""",
    "site-packages/labconfig-1.0.dist-info/METADATA": "Name: labconfig\nVersion: 1.0\n",
    "site-packages/labconfig-1.0.dist-info/RECORD": "labconfig/__init__.py,,\n",
}
PROGRAM = """
import json, sys
sys.path[:0] = [".", "site-packages"]
from iris_ml import Workflow
import labconfig
labconfig.configure(unit=sys.argv[1])
import steps
functions = [value for value in vars(steps).values() if getattr(value, "__module__", "") == "steps"]
workflow = Workflow(*functions)
run = workflow.run(progress=False)
truth = workflow.run(progress=False, checkpoints=False)
print(json.dumps([dict(run.table.how), {name: run[name] for name in run}, {name: truth[name] for name in truth}]))
"""


def ran(folder, unit, **environment):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("IRIS_ML")}
    (folder / "lab.json").write_text(json.dumps({"unit": unit}))
    command = [sys.executable, "-c", PROGRAM, unit]
    done = subprocess.run(
        command, cwd=folder, env=inherited | {"IRIS_ML_AUDIT": "0"} | environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """What three processes gave: the second one surrounded like the first, the third differently in every way."""
    folder = tmp_path_factory.mktemp("surrounded")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "other").mkdir()
    usual = {"TZ": "UTC", "PYTHONUTF8": "1", "LAB_UNIT": "mm", "TMPDIR": str(folder)}
    other = {
        "TZ": "Asia/Tokyo",
        "PYTHONUTF8": "0",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONINTMAXSTRDIGITS": "9999",
    }
    other |= {"LAB_UNIT": "cm", "TMPDIR": str(folder / "other")}
    return [ran(folder, "mm", **usual), ran(folder, "mm", **usual), ran(folder, "cm", **other)]


NAMES = ["zone", "encoding", "digits", "folder", "variable", "file", "call", "through_helper"]


@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_computed_again_when_its_surroundings_differ(runs, name):
    (first, given, _), (second, _, _), (third, now, truth) = runs
    assert (first[name], second[name], third[name]) == ("computed", "reused", "computed")
    assert now[name] == truth[name] != given[name]


def test_all_environment_variables_together_are_not_read_unobserved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from iris_ml.workflow.workflow import Workflow

    def environment() -> int:
        return len(open("/proc/self/environ", "rb").read())

    run = Workflow(environment).run(progress=False)
    assert run.results["environment"].note == "not kept: it reads all environment variables"
