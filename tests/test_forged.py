"""A folder from anybody: nothing in its store, its records or its model files is run, or written outside of the store."""

import sys

import pytest

from torture.forged import forged


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted as Linux counts it")
def test_forged_stores_records_and_model_files_do_no_harm():
    assert forged(26, seed=3, every_use=False) == (26, 0)
