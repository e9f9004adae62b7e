"""Make prediction sets of the same rows with ours, MAPIE and crepes, each as it comes."""

import json
from time import perf_counter

import numpy as np
import pandas as pd
from crepes import WrapClassifier, WrapRegressor
from mapie.classification import CrossConformalClassifier
from mapie.regression import CrossConformalRegressor
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from iris_ml.stats.conformal import covered, set_sizes
from torture.coverage import TABLES, TARGET, sets_of, split_in_two

SPLITS = 100


def sides(table, seed):
    """Return the rows to learn and the rows to ask about: features, target, features, target."""
    learned, others = split_in_two(table, np.random.default_rng(seed))
    return learned.drop(columns=TARGET), learned[TARGET], others.drop(columns=TARGET), others[TARGET]


def ours(table, estimator, seed):
    """Return the truth, and the sets of the rows that were not learned."""
    others, sets, _ = sets_of(table, estimator, np.random.default_rng(seed))
    return others[TARGET], sets


def mapie(table, estimator, seed):
    """As it comes: in five folds."""
    X, y, new, truth = sides(table, seed)
    if y.dtype.kind == "f":
        _, found = CrossConformalRegressor(clone(estimator)).fit_conformalize(X, y).predict_interval(new)
        return truth, pd.DataFrame(found[:, :, 0], new.index, ["low", "high"])
    _, found = CrossConformalClassifier(clone(estimator), random_state=seed).fit_conformalize(X, y).predict_set(new)
    return truth, pd.DataFrame(found[:, :, 0], new.index, [str(name) for name in np.unique(y)])


def crepes(table, estimator, seed):
    """As its pages do it: a quarter of the rows calibrates."""
    X, y, new, truth = sides(table, seed)
    X, calibrating, y, known = train_test_split(X, y, test_size=0.25, random_state=seed)
    if y.dtype.kind == "f":
        wrapped = WrapRegressor(clone(estimator))
        wrapped.fit(X, y)
        wrapped.calibrate(calibrating, known)
        return truth, pd.DataFrame(wrapped.predict_int(new, confidence=0.9), new.index, ["low", "high"])
    wrapped = WrapClassifier(clone(estimator))
    wrapped.fit(X, y)
    wrapped.calibrate(calibrating, known, seed=seed)
    names = [str(name) for name in np.unique(y)]
    return truth, pd.DataFrame(wrapped.predict_set(new, confidence=0.9, seed=seed, labels=False) == 1, new.index, names)


for name, make in TABLES.items():
    table, estimator = make()
    for tool, method in {"iris_ml": ours, "MAPIE": mapie, "crepes": crepes}.items():
        shares, sizes, empty, start = [], [], [], perf_counter()
        with threadpool_limits(1):
            for seed in range(SPLITS):
                truth, sets = method(table, estimator, seed)
                shares.append(covered(truth, sets).mean())
                size = set_sizes(sets)
                sizes.append(size.mean())
                empty.append((size < 1e-12).mean())
        spent = (perf_counter() - start) / SPLITS * 1000
        figure = f"{np.mean(shares):.1%}, {np.mean(sizes):.3g}, {np.mean(empty):.1%} empty, {spent:.0f} ms"
        print(json.dumps([name, tool, figure]), flush=True)
