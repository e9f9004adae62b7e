"""Watch the same batches and labels with evidently, whose presets bring their own tests."""

import json

import numpy as np
import pandas as pd
from evidently import BinaryClassification, DataDefinition, Dataset, Report
from evidently.presets import ClassificationPreset, DataDriftPreset

from bench.peers.decisions.drawn import LOOKS, batches, rows, share, streams

LEARNED = rows(5000, np.random.default_rng(0))
TRUTH = DataDefinition(classification=[BinaryClassification(target="target", prediction_labels="prediction")])


def failed(preset, now, before, definition=None):
    """Name the tests of a preset that fail."""
    given = [Dataset.from_pandas(table, data_definition=definition) for table in (now, before)]
    tests = Report([preset], include_tests=True).run(*given).dict()["tests"]
    return [test["name"] for test in tests if str(getattr(test["status"], "value", test["status"])).upper() == "FAIL"]


def labels(right):
    """Make a table of labels and predictions, of which these are right."""
    truth = np.random.default_rng(len(right)).integers(0, 2, len(right))
    return pd.DataFrame({"target": truth, "prediction": np.where(right, truth, 1 - truth)})


def rang(test, later):
    """Whether a test fails at any look."""
    looks = (labels(later[:number]) for number in LOOKS)
    return any(failed(ClassificationPreset(), look, labels(test), TRUTH) for look in looks)


QUIET, MOVED = "a batch on which nothing happened", "one column of it moved by 0.3 standard deviations"
for what, moved in {QUIET: 0.0, MOVED: 0.3}.items():
    found = [failed(DataDriftPreset(), batch, LEARNED) for batch in batches(moved)]
    print(json.dumps([what, "evidently, any test", share(map(bool, found))]), flush=True)
    print(json.dumps([what, "evidently, the share", share(any("Share" in name for name in each) for each in found)]), flush=True)
SAME, LOST, EARLY = "labels: as right as in the test", "labels: ten points fewer", "labels: found by the 500th row"
for what, accuracy in {SAME: 0.9, LOST: 0.8}.items():
    drawn = [*streams(accuracy)]
    print(json.dumps([what, "evidently, any test", share(rang(*each) for each in drawn)]), flush=True)
    if accuracy < 0.9:
        early = [failed(ClassificationPreset(), labels(later[:500]), labels(test), TRUTH) for test, later in drawn]
        print(json.dumps([EARLY, "evidently, any test", share(map(bool, early))]))
