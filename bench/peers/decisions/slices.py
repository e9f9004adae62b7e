"""Look for the worst slices with ours and with sliceline."""

import json

import numpy as np
import pandas as pd
from sliceline.slicefinder import Slicefinder

from iris_ml.trust.slices import find_slices
from torture.slices import PLANTED, drawn

TABLES = 20


def ours(rows, truth, predicted):
    """Return the sizes of the slices that are reported."""
    return [each.rows for each in find_slices(rows, truth, predicted, False)[0]]


def sliceline(**asked):
    """Return a search by sliceline, on quarters of the numbers."""

    def find(rows, truth, predicted):
        bins = {name: pd.qcut(cells, 4, labels=False) for name, cells in rows.items() if cells.dtype.kind == "f"}
        found = Slicefinder(verbose=False, **asked).fit(rows.assign(**bins).astype(str), (truth != predicted).to_numpy(float))
        return [each["slice_size"] for each in found.top_slices_statistics_]

    return find


TOOLS = {"iris_ml": ours, "sliceline": sliceline(max_l=2), "sliceline, alpha 0.95": sliceline(max_l=2, alpha=0.95)}
for what, planted in PLANTED.items():
    draws = np.random.default_rng(8)
    asked = [drawn(draws, planted) for _ in range(TABLES)]
    for tool, find in TOOLS.items():
        sizes = [find(*each[:3]) for each in asked]
        if planted is None:
            found = [bool(each) for each in sizes]
        else:
            found = [any(0.7 < size / one[3] < 1.4 for size in each) for each, one in zip(sizes, asked, strict=True)]
        print(json.dumps([what, tool, f"{np.mean(found):.0%}"]), flush=True)
