"""Watch batches, and labels that arrive later, with ours and with a rule of one sigma."""

import json

import numpy as np

from bench.peers.decisions.drawn import LOOKS, TEST_ROWS, batches, share, streams
from iris_ml.stats.anytime import watch
from torture.monitor import alarmed

QUIET, MOVED = "a batch on which nothing happened", "one column of it moved by 0.3 standard deviations"
for what, moved in {QUIET: 0.0, MOVED: 0.3}.items():
    print(json.dumps([what, "iris_ml", share(bool(alarmed(batch)) for batch in batches(moved))]), flush=True)


def one_sigma(test, later):
    """Ring where the accuracy of the rows so far is a standard error below that of the test rows, at any look."""
    for rows in LOOKS:
        error = np.sqrt(later[:rows].var() / rows + test.var() / TEST_ROWS)
        if later[:rows].mean() < test.mean() - error:
            return True
    return False


SAME, LOST, EARLY = "labels: as right as in the test", "labels: ten points fewer", "labels: found by the 500th row"
for what, accuracy in {SAME: 0.9, LOST: 0.8}.items():
    drawn = [*streams(accuracy)]
    found = [watch(later, test.sum(), TEST_ROWS).lost_at for test, later in drawn]
    print(json.dumps([what, "iris_ml", share(place > 0 for place in found)]))
    print(json.dumps([what, "one sigma", share(one_sigma(test, later) for test, later in drawn)]))
    if accuracy < 0.9:
        print(json.dumps([EARLY, "iris_ml", share(0 < place <= 500 for place in found)]))
