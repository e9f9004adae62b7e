"""Prediction sets of models on six tables: how often do they hold the truth of rows that no model learned?

Each split leaves a third of the rows for the question. The label alone is right in less than nine of ten of these rows, else no
set that is never empty could hold the truth in nine of ten; what happens then is a campaign of its own.
"""

import warnings

import numpy as np
import pandas as pd
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    load_wine,
    make_classification,
    make_friedman1,
)
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from iris_ml.stats.conformal import Uncertainty, covered, set_sizes
from iris_ml.steps.model import model
from iris_ml.steps.profile import Profile
from iris_ml.steps.uncertainty import uncertainty

TARGET = "target"


def named(X, y):
    """Make a table of features and a target."""
    table = pd.DataFrame(np.asarray(X, float)).add_prefix("column_")
    return table.assign(**{TARGET: y})


def sepals():
    X, y = load_iris(return_X_y=True)
    return named(X[:, :2], y), GaussianNB()


def cultivars():
    X, y = load_wine(return_X_y=True)
    return named(X[:, [1, 2, 4]], y), make_pipeline(StandardScaler(), LogisticRegression())


def tumours():
    X, y = load_breast_cancer(return_X_y=True)
    return named(X[:, [1, 4, 8]], y), make_pipeline(StandardScaler(), LogisticRegression())


def blobs():
    X, y = make_classification(900, 8, n_informative=5, n_classes=5, flip_y=0.1, random_state=0)
    return named(X, y), KNeighborsClassifier(25)


def diabetes():
    return named(*load_diabetes(return_X_y=True)), Ridge(0.1)


def friedman():
    return named(*make_friedman1(600, noise=2.0, random_state=0)), RandomForestRegressor(15, min_samples_leaf=3, random_state=0)


def visits():
    draws = np.random.default_rng(0)
    X = draws.normal(size=(600, 3))
    return named(X, draws.poisson(np.exp(1.5 + X @ [0.5, 0.3, 0.0])).astype(float)), PoissonRegressor()


def petals():
    return named(*load_iris(return_X_y=True)), LogisticRegression(max_iter=1000)


def split_in_two(table, draws):
    """Draw a third of the rows, and return the others before them."""
    places = draws.permutation(len(table))
    return table.iloc[places[len(table) // 3 :]], table.iloc[places[: len(table) // 3]]


def sets_of(table, estimator, draws, **asked):
    """Fit a model on two thirds of a table, and return the other third with its prediction sets and predictions."""
    learned, others = split_in_two(table, draws)
    numbers = table[TARGET].dtype.kind == "f"
    classes, types = ([], {TARGET: "number"}) if numbers else (sorted(table[TARGET].unique().tolist()), {})
    about = Profile(TARGET, classes, types=types)
    carried = [asked["mondrian"]] if asked.get("mondrian", TARGET) != TARGET else []
    made = uncertainty(estimator, learned, about, TARGET, carried, int(draws.integers(1000)), **{"coverage": 0.9} | asked)
    fitted = model(estimator, learned, about, TARGET, carried, 0)
    predictions = fitted.predict(others)
    return others, Uncertainty(**made).sets(predictions, others), predictions


def kept(make, times, **asked):
    """Count how often the sets hold the truth; it must be 90 ± 1 % of the rows of all splits."""
    table, estimator = make()
    draws, shares, sizes = np.random.default_rng(1), [], []
    with warnings.catch_warnings(action="ignore"), threadpool_limits(1):
        for _ in range(times):
            others, sets, _ = sets_of(table, estimator, draws, **asked)
            shares.append(covered(others[TARGET], sets).mean())
            sizes.append(set_sizes(sets).mean())
    share = np.mean(shares)
    return times, times if abs(share - 0.9) > 0.01 else 0, f"{share:.1%} covered, mean size {np.mean(sizes):.3g}"


def label_is_enough(times):
    """Where the label is right more often than is asked for, no set is empty, and sets hold the truth as often as it."""
    table, estimator = petals()
    draws, wrong, shares = np.random.default_rng(1), 0, []
    for _ in range(times):
        others, sets, predictions = sets_of(table, estimator, draws)
        right = (predictions[TARGET] == others[TARGET]).to_numpy()
        shares.append(covered(others[TARGET], sets).mean())
        wrong += set_sizes(sets).min() < 1 or shares[-1] < right.mean()
    return times, wrong + (times if np.mean(shares) < 0.9 else 0), f"{np.mean(shares):.1%} covered"


def each_group(times):
    """Two groups of rows, one in five rows of the noisy one: each is covered in 90 ± 1 %."""
    draws, shares = np.random.default_rng(1), {"calm": [], "noisy": []}
    for _ in range(times):
        group = draws.choice(["calm", "noisy"], 900, p=[0.8, 0.2])
        X = draws.normal(size=(900, 2))
        y = X.sum(axis=1) + draws.normal(scale=np.where(group == "noisy", 4.0, 1.0))
        others, sets, _ = sets_of(named(X, y).assign(group=group), Ridge(), draws, mondrian="group")
        right = pd.Series(covered(others[TARGET], sets)).groupby(others["group"].to_numpy()).mean()
        for name, share in right.items():
            shares[name].append(share)
    found = {name: np.mean(each) for name, each in shares.items()}
    is_wrong = any(abs(share - 0.9) > 0.01 for share in found.values())
    return times, times if is_wrong else 0, ", ".join(f"{name} {share:.1%}" for name, share in found.items())


def each_class(times):
    """One row in ten is of the rare class: its sets hold the truth in 90 ± 1 %, those of the other, mostly alone, in more."""
    draws, shares = np.random.default_rng(2), {0: [], 1: []}
    for _ in range(times):
        y = (draws.random(1500) < 0.1).astype(int)
        X = draws.normal(size=(1500, 2)) + y[:, None]
        others, sets, _ = sets_of(named(X, y), LogisticRegression(), draws, mondrian=TARGET)
        right = pd.Series(covered(others[TARGET], sets)).groupby(others[TARGET].to_numpy()).mean()
        for name, share in right.items():
            shares[name].append(share)
    found = {name: np.mean(each) for name, each in shares.items()}
    is_wrong = abs(found[1] - 0.9) > 0.01 or found[0] < 0.89
    return times, times if is_wrong else 0, ", ".join(f"class {name} {share:.1%}" for name, share in found.items())


TABLES = {
    "three species by their sepals": sepals,
    "three cultivars by three columns": cultivars,
    "two kinds of tumour by three columns": tumours,
    "five classes, one in ten wrong": blobs,
    "diabetes": diabetes,
    "friedman, a forest": friedman,
    "visits, which are counts": visits,
}

CAMPAIGNS = {name: lambda make=make: kept(make, 1000) for name, make in TABLES.items()} | {
    "the label alone is right more often": lambda: label_is_enough(200),
    "each of two groups": lambda: each_group(300),
    "each of two classes": lambda: each_class(300),
}
