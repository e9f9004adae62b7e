"""Slices that are planted, and tables without one: how often is the slice found, and how often one that is not there?

The tables have 10,000 rows and six columns; nine of ten answers are right, of a planted slice of 5 % of the rows eight of ten.
"""

import numpy as np
import pandas as pd

from iris_ml.trust.slices import find_slices

ROWS = 10_000


def table(draws):
    """Draw rows of numbers and categories."""
    return pd.DataFrame(
        {
            "age": draws.normal(50, 15, ROWS),
            "income": draws.lognormal(10, 1, ROWS),
            "sex": draws.choice(["f", "m"], ROWS),
            "town": draws.choice([*"abcdefghij"], ROWS, p=[0.05, 0.2, *[0.09375] * 8]),
            "plan": draws.choice(["basic", "family", "plus", "old"], ROWS),
            "is_new": draws.random(ROWS) < 0.2,
        }
    )


def _town(rows):
    return rows.town == "a"


def _young_and_new(rows):
    return rows.is_new & (rows.age <= rows.age.quantile(0.25))


def _town_and_plan(rows):
    return (rows.town == "b") & (rows.plan == "old")


def drawn(draws, planted, numbers=False):
    """Draw a table, its truth and predictions, and the number of rows of the slice that is planted in it."""
    rows = table(draws)
    worse = planted(rows).to_numpy() if planted else np.zeros(ROWS, bool)
    if numbers:  # their error is a half larger
        truth = pd.Series(draws.normal(size=ROWS))
        return rows, truth, truth + draws.normal(size=ROWS) * np.where(worse, 1.5, 1.0), worse.sum()
    truth = pd.Series(draws.choice(["no", "yes"], ROWS))
    return rows, truth, truth.where(draws.random(ROWS) < np.where(worse, 0.8, 0.9), "another"), worse.sum()


PLANTED = {"a town": _town, "young and new": _young_and_new, "a town and a plan": _town_and_plan, "nothing is planted": None}


def _found(draws, planted, numbers):
    rows, truth, predicted, size = drawn(draws, planted, numbers)
    return find_slices(rows, truth, predicted, numbers)[0], size


def planted_slices(times, planted, numbers=False):
    """At least 95 of 100 planted slices must be found, as one of a like size."""
    draws, missed = np.random.default_rng(8), 0
    for _ in range(times):
        found, size = _found(draws, planted, numbers)
        missed += not any(0.7 < each.rows / size < 1.4 for each in found)
    return times, missed if missed > 0.05 * times else 0, f"{times - missed} found, {1 - missed / times:.1%}"


def clean_tables(times, numbers=False):
    """Of tables without a slice, at most five of 100 may report one."""
    draws = np.random.default_rng(9)
    rung = sum(bool(_found(draws, None, numbers)[0]) for _ in range(times))
    return times, rung if rung > 0.05 * times else 0, f"{rung} reported, {rung / times:.1%}"


CAMPAIGNS = {
    "a town": lambda: planted_slices(200, _town),
    "young and new": lambda: planted_slices(200, _young_and_new),
    "a town and a plan": lambda: planted_slices(200, _town_and_plan),
    "a town, of numbers": lambda: planted_slices(200, _town, numbers=True),
    "nothing is planted": lambda: clean_tables(400),
    "nothing is planted, of numbers": lambda: clean_tables(400, numbers=True),
}
