"""Batches that are like the training rows, and batches that are not: how often is one alarmed for nothing, how often in time?

The training table has twenty columns and 5,000 training rows; each campaign counts the batches on which the monitor is wrong, and
fails where these are more than the share that is promised. Labels that arrive later are drawn as right or wrong answers, and are
looked at again and again.
"""

import tempfile
from contextlib import chdir
from functools import cache

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from iris_ml.models.predictor import run_model, sample_predictions
from iris_ml.production import workflow
from iris_ml.stats.anytime import watch
from iris_ml.stats.conformal import conformal_threshold
from iris_ml.stats.drift import detect_drift

COLUMNS = [f"column_{number:02}" for number in range(20)]


def batch(rows, draws):
    """Draw rows of the world in which the model learned."""
    return pd.DataFrame(draws.normal(size=(rows, len(COLUMNS))), columns=COLUMNS)


@cache
def model():
    """Fit a model on rows of that world."""
    draws = np.random.default_rng(0)
    rows = batch(6250, draws)
    table = rows.assign(kind=np.where(rows.column_00 + draws.normal(size=len(rows)) > 0, "warm", "cold"))
    mine = workflow.swap(raw=table, estimator=LogisticRegression(), target="kind", test_size=0.2, progress=False)
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        return mine.run("model")["model"]


def alarmed(rows):
    """Say whether the monitor rings at rows, and why."""
    run = run_model(rows, model())
    table = detect_drift(run["rows"], run["predictions"].iloc[:, 0], model(), sample_predictions(model()))
    return [*table.index[table.drifted]]


def false_alarms(batches):
    """Look at batches of 100 to 1,000 rows on which nothing happened; at most one in a hundred may ring."""
    draws = np.random.default_rng(1)
    rung = sum(bool(alarmed(batch(draws.integers(100, 1001), draws))) for _ in range(batches))
    return batches, rung if rung > 0.01 * batches else 0, f"{rung} rang, {rung / batches:.1%}"


def missed(batches):
    """Look at 500 rows of which one column moved by 0.3 standard deviations; at least 95 in a hundred must ring."""
    draws, quiet = np.random.default_rng(2), 0
    for number in range(batches):
        rows, name = batch(500, draws), COLUMNS[1 + number % 19]
        quiet += name not in alarmed(rows.assign(**{name: rows[name] + 0.3}))
    return batches, quiet if quiet > 0.05 * batches else 0, f"{quiet} missed, {quiet / batches:.1%}"


def alarm_for_nothing(streams, accuracy, test_rows, rows=10_000):
    """Draw test rows and later rows that are right equally often; at most one in a hundred may ring, over all looks."""
    draws = np.random.default_rng(3)
    rung = sum(
        watch(draws.random(rows) < accuracy, draws.binomial(test_rows, accuracy), test_rows).lost_at > 0 for _ in range(streams)
    )
    return streams, rung if rung > 0.01 * streams else 0, f"{rung} rang, {rung / streams:.1%}"


def coverage_alarm_for_nothing(streams, calibration_rows, rows=10_000):
    """Draw thresholds of 0.9, which cover a little more or less, and later rows; at most one in a hundred may ring."""
    draws, rung = np.random.default_rng(4), 0
    for _ in range(streams):
        threshold = conformal_threshold(draws.random(calibration_rows), 0.9)
        rung += watch(draws.random(rows) <= threshold, 0.9 * calibration_rows, calibration_rows).lost_at > 0
    return streams, rung if rung > 0.01 * streams else 0, f"{rung} rang, {rung / streams:.1%}"


def late_loss_found(streams, accuracy, test_rows, expected):
    """Draw 2,000 rows, of whose second half ten points fewer are right; the expected share must be found, and not before."""
    draws, answers = np.random.default_rng(6), np.where(np.arange(2000) < 1000, accuracy, accuracy - 0.1)
    found = np.array(
        [watch(draws.random(2000) < answers, draws.binomial(test_rows, accuracy), test_rows).lost_at for _ in range(streams)]
    )
    early, late = found[(found > 0) & (found <= 1000)], found[found > 1000]
    is_wrong = len(late) / streams < expected or len(early) > 0.01 * streams
    after = np.median([*late] or [0])
    return streams, streams if is_wrong else 0, f"{len(late) / streams:.1%} found, half of them by row {after:.0f}"


def loss_found(streams, accuracy, test_rows, expected):
    """Draw 500 rows of which ten points fewer are right; the expected share of such losses must be found."""
    draws = np.random.default_rng(5)
    found = [
        watch(draws.random(500) < accuracy - 0.1, draws.binomial(test_rows, accuracy), test_rows).lost_at for _ in range(streams)
    ]
    share, after = np.mean(np.array(found) > 0), np.median([row for row in found if row] or [0])
    return streams, streams if share < expected else 0, f"{share:.1%} found, half of them by row {after:.0f}"


LATER = {
    f"{accuracy} right of {rows} test rows, ten points fewer": lambda accuracy=accuracy, rows=rows, least=least: loss_found(
        500, accuracy, rows, least
    )
    for rows, accuracy, least in [
        (300, 0.9, 0.5), (1000, 0.95, 0.95), (1000, 0.9, 0.9), (1000, 0.8, 0.6), (3000, 0.9, 0.95), (3000, 0.8, 0.8)
    ]
}  # fmt: skip

LATER |= {
    f"{accuracy} right of {rows} test rows, ten points fewer after 1,000": lambda accuracy=accuracy, rows=rows, least=least: (
        late_loss_found(500, accuracy, rows, least)
    )
    for rows, accuracy, least in [(1000, 0.95, 0.95), (1000, 0.9, 0.9), (3000, 0.9, 0.95)]
}

CAMPAIGNS = {
    "batches on which nothing happened": lambda: false_alarms(2000),
    "a column moved by 0.3 standard deviations": lambda: missed(500),
    "labels, 0.9 right, 100 test rows": lambda: alarm_for_nothing(1000, 0.9, 100),
    "labels, 0.9 right, 1,000 test rows": lambda: alarm_for_nothing(1000, 0.9, 1000),
    "labels, 0.7 right, 1,000 test rows": lambda: alarm_for_nothing(1000, 0.7, 1000),
    "labels, coverage 0.9 of 300 training rows": lambda: coverage_alarm_for_nothing(1000, 300),
} | LATER
