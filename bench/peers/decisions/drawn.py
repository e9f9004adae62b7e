"""What every tool is asked about: batches, and labels that arrive later. Needs nothing but NumPy and pandas."""

import numpy as np
import pandas as pd

BATCHES = 30
STREAMS = 40
LOOKS = range(500, 5001, 500)
TEST_ROWS = 1000


def rows(number, draws):
    """Draw rows of twenty columns, as the model learned them."""
    return pd.DataFrame(draws.normal(size=(number, 20)), columns=[f"column_{place:02}" for place in range(20)])


def batches(moved):
    """Draw batches of 500 rows; of each, one column has moved by so many standard deviations."""
    draws = np.random.default_rng(2)
    for number in range(BATCHES):
        name, batch = f"column_{1 + number % 19:02}", rows(500, draws)
        yield batch.assign(**{name: batch[name] + moved})


def streams(accuracy):
    """Draw which of 1,000 test rows, 0.9 of them on average, and of later rows were right."""
    draws = np.random.default_rng(3)
    for _ in range(STREAMS):
        yield draws.random(TEST_ROWS) < 0.9, draws.random(LOOKS[-1]) < accuracy


def share(found):
    """Print a share as every table does."""
    found = [*found]
    return f"{np.mean(found):.0%}"
