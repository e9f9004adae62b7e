"""A folder from anybody: nothing in its store, its records or its model files is run, or written outside of the store."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fork_server import FORKED_PYTHON
from torture.forged import forged


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted as Linux counts it")
def test_forged_stores_records_and_model_files_do_no_harm():
    assert forged(26, seed=3, every_use=False) == (26, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted as Linux counts it")
def test_model_files_whose_archives_were_changed_are_refused_or_give_their_recorded_answers():
    program = "from torture.mutated import mutations; print(*mutations(8, seed=3))"  # forked where no library runs threads
    ended = subprocess.run([*FORKED_PYTHON, "-c", program], cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    assert ended.stdout == "8 0\n", ended.stderr
