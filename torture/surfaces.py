"""Changed workflows through every surface: the labels of the run that trained the model, or a refusal that names the step."""

import os
import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from iris_ml.base.settings import read_settings
from iris_ml.cli.parity import SURFACES, find_differences
from iris_ml.io.locations import package_file
from iris_ml.models.model_file import load, save
from iris_ml.models.prediction_steps import golden_rows
from iris_ml.models.predictor import Predictor
from iris_ml.workflow.workflow import find_workflow

# A module of its own, so that other processes find the same steps.
WAYS = '''
"""Ways to change the workflow of production, for any table."""

from functools import partial

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from iris_ml.production import workflow as production

texts = make_column_selector(dtype_exclude="number")
columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), texts), remainder=SimpleImputer())
workflow = production.swap(estimator=make_pipeline(columns, LogisticRegression(max_iter=1000)))


def divide(features, by=10):
    return features.assign(**features.select_dtypes("number") / by)


class Divide:
    def __init__(self, by):
        self.by = by

    def __call__(self, features):
        return divide(features, self.by)

    def features(self, features):
        return divide(features, self.by)


def features(rows):
    return divide(rows.astype(dict.fromkeys(rows.select_dtypes("number"), "float64")), 3)


def double(raw):
    return raw.assign(**raw.select_dtypes("number") * 2)


def total(rows):
    return rows.select_dtypes("number").sum(axis=1)


nothing = workflow
after_features_function = workflow.after("features", divide)
after_features_lambda = workflow.after("features", lambda features: divide(features, 80))
after_features_partial = workflow.after("features", partial(divide, by=5))
after_features_method = workflow.after("features", Divide(4).features)
after_features_object = workflow.after("features", Divide(6))
swap_features = workflow.swap(features)
after_raw = workflow.after("raw", double)
after_rows = workflow.after("rows", lambda rows: rows.assign(**rows.select_dtypes("number") * 3))
add_a_step = workflow.add(total).after("features", lambda features, total: features.assign(total=total))
swap_classifier_and_split = workflow.swap(
    estimator=make_pipeline(columns, RandomForestClassifier(20, random_state=0)), test_size=0.4
).after("features", divide)
'''
NAMES = [line.partition(" = ")[0] for line in WAYS.splitlines() if " = workflow" in line]  # such as "after_raw"


def tables(folder):
    """Write two tables: the flowers, and one with texts and missing cells."""
    draws = np.random.default_rng(0)
    age = pd.Series(draws.uniform(1, 80, 300)).where(draws.uniform(size=300) > 0.2)
    fare = pd.Series(draws.lognormal(3, 1, 300).round(2))
    town = pd.Series(draws.choice(["Cork", "Southampton", "Cherbourg"], 300))
    lived = np.where(fare / 30 + (town == "Cork") + draws.normal(0, 0.5, 300) > 1.2, "yes", "no")
    pd.DataFrame({"age": age, "fare": fare, "town": town, "lived": lived}).to_csv(folder / "passengers.csv", index=False)
    pd.read_csv(package_file("package:iris.csv")).to_csv(folder / "flowers.csv", index=False)
    return {"passengers.csv": "lived", "flowers.csv": "species"}


def find_fault(surface, rows, model, expected):
    """What is wrong with the predictions of a surface: a difference, or a refusal that names no step."""
    try:
        differences = [*find_differences(surface(rows, model), expected)]
    except Exception as error:
        return "" if "step '" in str(error) else f"refused without a step: {error}"
    return differences[0] if differences else ""


def every_way(names=NAMES, surfaces=SURFACES):
    """Train with each way to change the workflow, and ask each surface, with that workflow and with production's."""
    faults, failures = 0, []
    with tempfile.TemporaryDirectory() as place, patch.object(sys, "path", [place, *sys.path]):
        Path(place, "ways.py").write_text(WAYS)
        for source, target in tables(Path(place)).items():
            for name in names:
                folder = Path(place, f"{source}-{name}")
                folder.mkdir()
                path = os.pathsep.join([place, os.environ.get("PYTHONPATH", "")])
                around = {"IRIS_ML_SOURCE": f"{place}/{source}", "IRIS_ML_TARGET": target, "PYTHONPATH": path}
                with chdir(folder), patch.dict(os.environ, around | {"IRIS_ML_WORKFLOW": f"ways:{name}"}):
                    run = find_workflow(read_settings().workflow).run(progress=False)
                    save(run["model"], read_settings().model_file)
                    rows = golden_rows(run["model"])
                    expected = Predictor(run["model"], run["model"].workflow).run(rows)["predictions"]
                    for address in f"ways:{name}", "iris_ml.production:workflow":
                        with patch.dict(os.environ, {"IRIS_ML_WORKFLOW": address}):
                            for title, surface in surfaces.items():
                                faults += 1
                                model = load(read_settings().model_file)
                                if wrong := find_fault(surface, rows, model, expected):
                                    failures.append(f"{source}, {name}, {address}, {title}: {wrong}")
        sys.modules.pop("ways", None)
    for failure in failures:
        print(failure, file=sys.stderr)
    return faults, len(failures)


CAMPAIGNS = {"ways to change a workflow, through every surface": every_way}
