"""The default beside three estimators that people begin with, on the same rows; and a trial of `explore`."""

import json
import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from iris_ml.production import workflow
from iris_ml.stats.metric import METRICS


def boosting(model):
    """Boosted trees, texts as numbers of categories."""
    texts = (
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        make_column_selector(dtype_exclude="number"),
    )
    return make_pipeline(make_column_transformer(texts, remainder="passthrough"), model)


def linear(model):
    """A scaled linear model, texts one-hot."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore", max_categories=40), make_column_selector(dtype_exclude="number")
    return make_pipeline(make_column_transformer(texts, remainder=numbers), model)


def peers(is_regression):
    from skrub import tabular_pipeline

    if is_regression:
        return {
            "boosting": boosting(HistGradientBoostingRegressor(random_state=0)),
            "linear": linear(Ridge()),
            "skrub": tabular_pipeline("regressor"),
        }
    return {
        "boosting": boosting(HistGradientBoostingClassifier(random_state=0)),
        "linear": linear(LogisticRegression(max_iter=1000)),
        "skrub": tabular_pipeline("classifier"),
    }


def score(metric, estimator, train, test, target, columns):
    """Fit and score a peer."""
    fitted = estimator.fit(train[columns], train[target])
    answers = pd.DataFrame({target: fitted.predict(test[columns])}, test.index)
    if metric.uses_probabilities:
        shares = fitted.predict_proba(test[columns])
        answers = answers.join(pd.DataFrame(shares, test.index, [f"probability_{name}" for name in fitted.classes_]))
    return metric.compute(test[target], answers)


def main():
    warnings.simplefilter("ignore")
    run = workflow.run("scores", "train", "test", progress=False)
    profile, train, test = run["model"].profile, run["train"], run["test"]
    is_regression = profile.task == "regression"
    metric = METRICS["r2" if is_regression else "roc_auc"]
    columns = run["model"].columns
    found = {"metric": metric.name, "default": run["scores"].get(metric.name, np.nan)}
    for name, estimator in peers(is_regression).items():
        found[name] = score(metric, estimator, train, test, profile.target, columns)
    if "explore" in sys.argv:
        found["explored"] = bool((workflow.explore(seed=[0, 1]).error == "").all())
    print(json.dumps(found))


if __name__ == "__main__":
    main()
