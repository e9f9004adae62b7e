"""The trials as a person writes them with joblib, for the same table of scores, who keeps nothing else."""

import warnings
from itertools import product

import pandas as pd
from joblib import Parallel, delayed
from scipy.stats import binomtest
from sklearn.base import clone
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import label_binarize
from trials import CLASSIFIERS, SEEDS


def trial(flowers, estimator, seed):
    warnings.simplefilter("ignore")
    train, test = train_test_split(flowers, test_size=0.3, random_state=seed, stratify=flowers["species"])
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    estimator.fit(train.drop(columns="species"), train["species"])
    rows, truth = test.drop(columns="species"), test["species"]
    answers = estimator.predict(rows)
    bounds = binomtest(int((answers == truth).sum()), len(truth)).proportion_ci(0.95, method="wilson")
    scores = {
        "accuracy": accuracy_score(truth, answers),
        "accuracy_low": bounds.low,
        "accuracy_high": bounds.high,
        "balanced_accuracy": balanced_accuracy_score(truth, answers),
        "f1_macro": f1_score(truth, answers, average="macro"),
    }
    if hasattr(estimator, "predict_proba"):
        shares, labels = estimator.predict_proba(rows), list(estimator.classes_)
        scores |= {
            "roc_auc": roc_auc_score(truth, shares, multi_class="ovr", labels=labels),
            "average_precision": average_precision_score(label_binarize(truth, classes=labels), shares),
            "log_loss": log_loss(truth, shares, labels=labels),
            "brier": brier_score_loss(truth, shares, labels=labels),
        }
    return {**scores, "test_rows": len(truth)}


flowers = pd.read_csv("iris.csv")
trials = [*product(CLASSIFIERS, SEEDS)]
scores = Parallel(n_jobs=-1)(delayed(trial)(flowers, CLASSIFIERS[name], seed) for name, seed in trials)
table = pd.DataFrame(trials, columns=["estimator", "seed"]).join(pd.DataFrame(scores))
print(table.groupby("estimator").accuracy.mean())
