"""Ask the check of leakage, and skore's checks, about workflows that leak and workflows that do not."""

import json
import tempfile
from contextlib import chdir

from skore import EstimatorReport

from iris_ml.models.prediction_steps import predicted_table
from torture.leakage import CLEAN, KINDS, LEAKING, leaks

RANG = "alarms at workflows that do not leak"
OF_LEAKAGE = {"SKD011": "one column is as good as all", "SKD013": "times overlap"}


def asked_skore(flow):
    """Name skore's checks of leakage that find something."""
    run = flow.swap(record=False).run("model", progress=False)
    table, split, target = run[predicted_table(flow)], run["split"], run["model"].profile.target
    known, asked = (table[(split == "test") == side] for side in (False, True))
    sides = {"X_train": known.drop(columns=target), "y_train": known[target]}
    sides |= {"X_test": asked.drop(columns=target), "y_test": asked[target]}
    found = EstimatorReport(run["estimator"], **sides).checks.summarize().frame()
    rang = set(found[found.section.isin(["issue", "tip"])].code)
    return [what for code, what in OF_LEAKAGE.items() if code in rang]


def asked_here(flow):
    """Name the checks that find something, for somebody who knows when a thing is due."""
    columns = flow.swap(record=False).run("raw", progress=False)["raw"].columns
    return leaks(flow, columns.intersection(["due"]))


def said(ask, flow):
    """Name the first check that finds a leak; a tool that cannot be asked finds none."""
    try:
        return next(iter(ask(flow)), "-")
    except Exception:
        return "cannot be asked"


with tempfile.TemporaryDirectory() as folder, chdir(folder):
    for kind, name in KINDS.items():
        for tool, ask in {"iris_ml": asked_here, "skore": asked_skore}.items():
            print(json.dumps([kind, tool, said(ask, LEAKING[name][0]())]), flush=True)
    for tool in "iris_ml", "skore":
        print(json.dumps(["test rows of another population", tool, "-"]))
    for tool, ask in {"iris_ml": asked_here, "skore": asked_skore}.items():
        told = [said(ask, make()) for make in CLEAN.values()]
        unasked = told.count("cannot be asked")
        figure = f"{len(told) - told.count('-') - unasked} of {len(told) - unasked}"
        print(json.dumps([RANG, tool, figure + (f", {unasked} cannot be asked" if unasked else "")]), flush=True)
