"""A share of the processes computes again what it reuses: what is not true is set aside, told and recorded."""

import json
import os
import subprocess
import sys

import pytest

from iris_ml import Workflow
from iris_ml.cache.audit import AUDITED

WORDS = """
import json, warnings
from iris_ml import Workflow

def words() -> list:
    return list({"iron", "tin", "zinc", "lead", "gold", "silver"})

def first(words: list) -> str:
    return words[0]

if __name__ == "__main__":
    with warnings.catch_warnings(record=True) as warned:
        run = Workflow(words, first).run(progress=False)
    truth = Workflow(words, first).run(progress=False, checkpoints=False)
    told = [str(warning.message) for warning in warned]
    print(json.dumps([dict(run.table.how), run["first"], truth["first"], told, run.record.content.notes]))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    AUDITED.clear()
    return tmp_path


def ran(**environment):
    """Run the words in a process of its own; the order of a set is not in the key of a step, but in what it gives."""
    done = subprocess.run([sys.executable, "words.py"], env=os.environ | environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_result_that_is_not_true_is_found_set_aside_and_recorded(folder):
    (folder / "words.py").write_text(WORDS)
    *_, given, truth, _, notes = ran(PYTHONHASHSEED="1")
    assert given == truth
    assert notes == {}
    how, given, truth, told, notes = ran(PYTHONHASHSEED="2")
    assert how == {"words": "reused", "first": "reused"}
    assert given != truth, "this kind of change is not seen"

    how, given, truth, (told,), notes = ran(PYTHONHASHSEED="2", IRIS_ML_AUDIT="1")
    assert given == truth
    assert how["words"] == "computed"
    assert told.startswith("the checkpoint of 'words', which is not true (it was [")
    assert any((folder / ".iris_ml" / "checkpoints" / "damaged").iterdir())
    assert "it was [" in notes["audit"]["words"]

    how, given, truth, told, notes = ran(PYTHONHASHSEED="2")
    assert given == truth
    assert how["words"] == "computed"
    assert not told


def test_a_true_result_is_reused_and_the_record_says_that_it_was_computed_again(folder):
    (folder / "words.py").write_text(WORDS)
    ran(PYTHONHASHSEED="1")
    how, _, _, told, notes = ran(PYTHONHASHSEED="1", IRIS_ML_AUDIT="1")
    assert how == {"words": "reused", "first": "reused"}
    assert not told
    assert notes == {"audit": {"words": "the same result", "first": "the same result"}}


def next_seed(seed: int) -> int:
    return seed + 1


def test_each_process_audits_a_result_once(folder, monkeypatch):
    monkeypatch.setenv("IRIS_ML_AUDIT", "1")
    workflow = Workflow(next_seed)
    audits = [workflow.run(progress=False).results["next_seed"].audit for _ in range(4)]
    assert audits == ["", "the same result", "", ""]


QUICK = """
from iris_ml.cli.commands import run
from iris_ml.cli.entry import quick_answer

for _ in range(2):
    run(quiet=True, why=False)
    print(repr(quick_answer(["run", "--quiet"])))
"""


def test_the_quick_answer_leaves_an_audit_to_the_run(folder):
    audited = os.environ | {"IRIS_ML_AUDIT": "1"}
    done = subprocess.run([sys.executable, "-c", QUICK], env=audited, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "''"], done.stderr
