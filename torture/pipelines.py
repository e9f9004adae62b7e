"""Pipelines, drawn from a grammar: each is certified or refused by name, and a certified one gives no wrong answer.

A certified one is compared on 10,000 further rows, which no certificate has seen: some of them are training rows with cells of
other rows, with unknown texts, gaps, huge numbers, and numbers beside those of training.
"""

import warnings
from collections import Counter

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif, f_regression
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    HuberRegressor,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier, XGBRegressor

from iris_ml.compiled.certificate import FeatureMaker, compare, of_model
from iris_ml.compiled.compiled_model import compile_model
from iris_ml.compiled.graph import NotCompiled
from iris_ml.compiled.sql import certify_select
from iris_ml.production import workflow
from iris_ml.steps.default_estimator import boosting, linear, mean_of_both

NUMBERS = ["age", "income", "visits", "score"]


def table(rows=400, seed=0, gaps=True, kind="three"):
    """A table of people: numbers with gaps, a text of few values, one of many, one of words, and a target of a kind."""
    draws = np.random.default_rng(seed)
    made = pd.DataFrame({
        "age": draws.normal(40, 12, rows).round(1),
        "income": draws.lognormal(8, 1, rows),
        "visits": draws.integers(0, 6, rows),
        "score": draws.normal(size=rows),
        "colour": pd.Series(draws.choice(["red", "green", "blue", "grün"], rows), dtype="str"),
        "city": pd.Series([f"city {number}" for number in draws.integers(0, 60, rows)], dtype="str"),
        "note": pd.Series([" ".join(draws.choice("good bad late early new".split(), 3)) for _ in range(rows)], dtype="str"),
    })  # fmt: skip
    truth = made.age / 12 + np.log(made.income) - made.visits / 3 + (made.colour == "red") + draws.normal(size=rows) / 2
    for name in ("age", "score", "colour", "city") if gaps else ():
        made.loc[draws.random(rows) < 0.08, name] = None
    made["target"] = {
        "three": lambda: pd.cut(truth, 3, labels=["low", "middle", "high"]).astype("str"),
        "two": lambda: pd.Series(np.where(truth > truth.median(), "yes", "no"), dtype="str"),
        "number": lambda: truth,
    }[kind]()
    return made


def fitted(estimator, made, columns=None, **settings):
    """A model of the workflow, fitted on the columns of a table."""
    columns = [*(columns or [name for name in made if name not in {"target", "note"}]), "target"]
    settings |= {"task": "regression"} if made.target.dtype.kind == "f" else {}
    flow = workflow.swap(raw=made[columns], target="target", estimator=estimator, **settings)
    with threadpool_limits(1), warnings.catch_warnings(action="ignore"):
        return flow.run("model", progress=False, checkpoints=False)["model"]


def further_rows(made, rows=10_000, seed=1):
    """Rows beside those of a table: cells of other rows, unknown texts, gaps where there were some, huge numbers, neighbours."""
    draws = np.random.default_rng(seed)
    more = made.drop(columns="target").sample(rows, replace=True, random_state=seed).reset_index(drop=True)
    for name in more:
        cells = more[name].copy()
        swapped = draws.random(rows) < 0.3
        cells[swapped] = draws.permutation(cells[swapped].to_numpy())
        if cells.dtype == "str":
            cells[draws.random(rows) < 0.05] = "never seen"
        else:
            cells = cells.astype(float)
            near = draws.random(rows) < 0.3
            cells[near] = np.nextafter(cells[near], draws.choice([-np.inf, np.inf], near.sum()))
            far = draws.random(rows) < 0.05
            cells[far] = cells[far] * draws.choice([-1e3, 1e6, -1e30], far.sum())
            cells = cells.round() if made[name].dtype.kind == "i" else cells
        more[name] = cells.where(more[name].notna() | made[name].isna().any(), cells.dropna().iloc[0])
    return more


def outcome(estimator, made, columns=None, **settings):
    """What becomes of a pipeline: "certified" or the sentence of its refusal, and the wrong answers to further rows."""
    with threadpool_limits(1), warnings.catch_warnings(action="ignore"):
        model = fitted(estimator, made, columns, **settings)
        names = [*model.profile.columns]
        try:
            compiled = compile_model(model, made[names])
        except NotCompiled as error:
            return str(error), 0
        features = FeatureMaker(model).of_checked(further_rows(made)[names])
        classes = model.estimator.classes_ if model.profile.classes else None
        found = compare(compiled.session, of_model(model), classes, features, compiled.certificate.tolerance)
    return "certified", f"{found.where}: {found.what}" if found.where else 0


def outcome_in_sql(estimator, made, columns=None):
    """What becomes of a pipeline as one SELECT, and the wrong answers of DuckDB to further rows."""
    with threadpool_limits(1), warnings.catch_warnings(action="ignore"):
        model = fitted(estimator, made, columns)
        names = [*model.profile.columns]
        try:
            statement, certificate = certify_select(model, made[names])
        except NotCompiled as error:
            return str(error), 0
        rows = FeatureMaker(model).of_checked(further_rows(made)[names])
        answers = asked(statement, rows)
        is_answered = answers.target.notna().to_numpy()  # the original refuses some of the others
        answers, wanted = answers[is_answered].reset_index(drop=True), model.predict(rows[is_answered]).reset_index(drop=True)
    if [*answers] != [*wanted] or len(answers) < len(rows) / 2:
        return "certified", f"{len(answers)} of {len(rows)} rows have the answers {[*answers]}"
    if model.profile.classes and (other := (answers.pop("target") != wanted.pop("target"))).any():
        return "certified", f"{other.sum()} other labels"
    numbers, right = answers.to_numpy(float), wanted.to_numpy(float)
    off = (np.abs(numbers - right) / np.maximum(1.0, np.abs(right))).max(initial=0.0)
    return "certified", f"off by {off:g}" if off > certificate.tolerance else 0


def asked(statement, new_rows):
    """What DuckDB answers to rows."""
    database = duckdb.connect()
    database.register("new_rows", pa.Table.from_pandas(new_rows, preserve_index=False))
    return database.execute(statement).fetchdf()


def filled(*steps):
    return make_pipeline(SimpleImputer(strategy="median", add_indicator=True), *steps)


def encoded(estimator, *numbers, many=TargetEncoder):
    few, other = (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["colour"]), (many(), ["city"])
    rest = filled(*numbers), make_column_selector(dtype_include="number")
    return make_pipeline(make_column_transformer(few, other, rest), estimator)


def ordinal():
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)


THIRTY = {  # name -> estimator, columns (none: all), kind of target, and the estimator that is refused
    "logistic": (make_pipeline(StandardScaler(), LogisticRegression()), NUMBERS, "three", ""),
    "logistic, two classes, selected": (make_pipeline(SelectKBest(k=2), LogisticRegression()), NUMBERS, "two", ""),
    "ridge": (make_pipeline(RobustScaler(), Ridge()), NUMBERS, "number", ""),
    "elastic net of polynomials": (
        make_pipeline(PolynomialFeatures(2), StandardScaler(), ElasticNet(0.1)), NUMBERS, "number", "",
    ),
    "Poisson": (make_pipeline(StandardScaler(), PoissonRegressor()), NUMBERS, "number", ""),
    "gradient descent": (make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss")), NUMBERS, "three", ""),
    "linear SVM": (make_pipeline(MinMaxScaler(), LinearSVC()), NUMBERS, "three", ""),
    "SVM": (make_pipeline(StandardScaler(), SVC()), NUMBERS, "three", ""),
    "SVM of numbers": (make_pipeline(StandardScaler(), SVR()), NUMBERS, "number", ""),
    "neighbours": (make_pipeline(StandardScaler(), KNeighborsClassifier()), NUMBERS, "three", ""),
    "weighted neighbours": (KNeighborsClassifier(weights="distance"), NUMBERS, "three", "KNeighborsClassifier"),
    "neighbours of numbers": (make_pipeline(MaxAbsScaler(), KNeighborsRegressor()), NUMBERS, "number", ""),
    "naive Bayes": (GaussianNB(), NUMBERS, "three", ""),
    "tree": (DecisionTreeClassifier(), NUMBERS, "three", ""),
    "forest": (RandomForestClassifier(30), NUMBERS, "three", ""),
    "forest with gaps, encoded": (encoded(RandomForestClassifier(30), many=ordinal), None, "two", ""),
    "forest of numbers": (RandomForestRegressor(30), NUMBERS, "number", ""),
    "extra trees behind a scaler": (make_pipeline(RobustScaler(), ExtraTreesClassifier(30)), NUMBERS, "three", ""),
    "extra trees behind components": (
        make_pipeline(PCA(3), ExtraTreesClassifier(30)), NUMBERS, "three", "ExtraTreesClassifier: it splits numbers",
    ),
    "gradient boosting": (GradientBoostingClassifier(n_estimators=30), NUMBERS, "three", ""),
    "histogram boosting with gaps": (HistGradientBoostingClassifier(max_iter=30), NUMBERS, "three", ""),
    "AdaBoost": (AdaBoostClassifier(n_estimators=20), NUMBERS, "three", ""),
    "network": (make_pipeline(StandardScaler(), MLPClassifier(max_iter=50)), NUMBERS, "three", ""),
    "calibrated": (CalibratedClassifierCV(make_pipeline(StandardScaler(), LinearSVC())), NUMBERS, "three", ""),
    "calibrated, isotonic": (CalibratedClassifierCV(RandomForestClassifier(20), method="isotonic"), NUMBERS, "two", ""),
    "voting": (
        VotingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(20))], voting="soft"), NUMBERS, "three", "",
    ),
    "hard voting": (
        VotingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier()), ("c", LogisticRegression())]),
        NUMBERS, "three", "",
    ),
    "stacking": (
        StackingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(20))], LogisticRegression()),
        NUMBERS, "two", "",
    ),
    "bins": (make_pipeline(KBinsDiscretizer(4, encode="onehot-dense"), LogisticRegression()), NUMBERS, "three", ""),
    "imputed from neighbours": (make_pipeline(KNNImputer(), LogisticRegression()), NUMBERS, "three", "KNNImputer"),
    "words": (
        make_pipeline(make_column_transformer((TfidfVectorizer(), "note")), LogisticRegression()),
        ["note"], "three", "TfidfVectorizer",
    ),
    "XGBoost": (XGBClassifier(n_estimators=20), NUMBERS, "three", ""),
    "XGBoost of numbers": (XGBRegressor(n_estimators=20), NUMBERS, "number", ""),
    "LightGBM": (LGBMClassifier(n_estimators=20, verbose=-1), NUMBERS, "three", ""),
    "LightGBM of numbers": (LGBMRegressor(n_estimators=20, verbose=-1), NUMBERS, "number", ""),
    "the default for two classes": (mean_of_both(), None, "two", ""),
    "the default for three classes": (mean_of_both(), None, "three", ""),
    "the default for numbers, boosted": (boosting("regression"), None, "number", ""),
    "the default for numbers, linear": (linear("regression"), None, "number", ""),
}  # fmt: skip
WITH_GAPS = {"forest with gaps, encoded", "histogram boosting with gaps", "imputed from neighbours", "XGBoost", "LightGBM"}


def table_of(name):
    """The table that one of the thirty learns from."""
    _, columns, kind, _ = THIRTY[name]
    return table(gaps=name in WITH_GAPS or columns is None, kind=kind)


# The grammar: a preparation of columns, some steps on numbers, and an estimator, which may be made of others.

SCALERS = [StandardScaler, RobustScaler, MinMaxScaler, MaxAbsScaler, Normalizer]
CLASSIFIERS = [
    lambda draw: LogisticRegression(C=10.0 ** draw(5)),
    lambda draw: SGDClassifier(loss=["log_loss", "hinge", "modified_huber"][draw(3)]),
    lambda draw: RidgeClassifier(),
    lambda draw: LinearSVC(),
    lambda draw: SVC(kernel=["rbf", "linear", "poly"][draw(3)], max_iter=1000),
    lambda draw: GaussianNB(),
    lambda draw: KNeighborsClassifier(1 + draw(9), weights=["uniform", "uniform", "distance"][draw(3)]),
    lambda draw: DecisionTreeClassifier(max_depth=[None, 2, 5][draw(3)]),
    lambda draw: RandomForestClassifier(1 + draw(40), max_depth=[None, 4][draw(2)], criterion=["gini", "entropy"][draw(2)]),
    lambda draw: ExtraTreesClassifier(1 + draw(30), bootstrap=bool(draw(2))),
    lambda draw: GradientBoostingClassifier(n_estimators=1 + draw(30), subsample=[1.0, 0.5][draw(2)]),
    lambda draw: HistGradientBoostingClassifier(max_iter=1 + draw(30), max_leaf_nodes=[2, 31][draw(2)]),
    lambda draw: AdaBoostClassifier(n_estimators=1 + draw(20)),
    lambda draw: MLPClassifier((1 + draw(20),) * (1 + draw(2)), ["relu", "tanh", "logistic"][draw(3)], max_iter=20),
    lambda draw: XGBClassifier(n_estimators=1 + draw(20), max_depth=1 + draw(6)),
    lambda draw: LGBMClassifier(n_estimators=1 + draw(20), num_leaves=2 + draw(30), verbose=-1),
]
REGRESSORS = [
    lambda draw: LinearRegression(),
    lambda draw: Ridge(10.0 ** draw(3)),
    lambda draw: ElasticNet(0.1),
    lambda draw: HuberRegressor(),
    lambda draw: PoissonRegressor(),
    lambda draw: SVR(kernel=["rbf", "linear", "poly"][draw(3)], max_iter=1000),
    lambda draw: KNeighborsRegressor(1 + draw(9), weights=["uniform", "uniform", "distance"][draw(3)]),
    lambda draw: DecisionTreeRegressor(max_depth=[None, 2, 5][draw(3)]),
    lambda draw: RandomForestRegressor(1 + draw(40), criterion=["squared_error", "absolute_error"][draw(2)]),
    lambda draw: ExtraTreesRegressor(1 + draw(30)),
    lambda draw: GradientBoostingRegressor(n_estimators=1 + draw(30), loss=["squared_error", "huber", "quantile"][draw(3)]),
    lambda draw: HistGradientBoostingRegressor(max_iter=1 + draw(30), loss=["squared_error", "poisson", "gamma"][draw(3)]),
    lambda draw: MLPRegressor(hidden_layer_sizes=(1 + draw(20),), activation=["relu", "tanh", "logistic"][draw(3)], max_iter=20),
    lambda draw: XGBRegressor(n_estimators=1 + draw(20), max_depth=1 + draw(6)),
    lambda draw: LGBMRegressor(n_estimators=1 + draw(20), num_leaves=2 + draw(30), verbose=-1),
]


def made_of_others(draw, single, is_classifier):
    """An estimator, or one that is made of several."""
    kinds = {
        "vote": (VotingClassifier, VotingRegressor),
        "stack": (StackingClassifier, StackingRegressor),
    }
    kind = ["alone", "alone", "alone", "vote", "stack", "calibrated", "bagging"][draw(7)]
    if kind in kinds:
        parts = [(f"part {place}", single()) for place in range(2 + draw(2))]
        more = {"voting": ["soft", "hard"][draw(2)]} if kind == "vote" and is_classifier else {}
        if kind == "stack":
            more = {"final_estimator": single() if draw(2) else LogisticRegression() if is_classifier else Ridge()}
        return kinds[kind][0 if is_classifier else 1](parts, **more)
    if kind == "calibrated" and is_classifier:
        return CalibratedClassifierCV(single(), method=["sigmoid", "isotonic", "temperature"][draw(3)], cv=2)
    return BaggingClassifier(single(), 1 + draw(5), max_features=0.7) if kind == "bagging" and is_classifier else single()


def random_pipeline(seed):
    """A pipeline, its table and its columns, drawn with a seed."""
    draws = np.random.default_rng(seed)

    def draw(most):
        return int(draws.integers(most))

    kind = ["three", "two", "number"][draw(3)]
    is_classifier, mixed = kind != "number", draw(2)
    choices = CLASSIFIERS if is_classifier else REGRESSORS
    estimator = made_of_others(draw, lambda: choices[draw(len(choices))](draw), is_classifier)
    steps = []
    if draw(3) == 0:
        steps.append(PolynomialFeatures(2, interaction_only=bool(draw(2)), include_bias=bool(draw(2))))
    if draw(2):
        steps.append(SCALERS[draw(len(SCALERS))]())
    if draw(4) == 0:
        steps.append(SelectKBest(f_classif if is_classifier else f_regression, k=3) if draw(2) else VarianceThreshold())
    if draw(5) == 0:
        steps.append([PCA(2), KBinsDiscretizer(3, encode=["onehot-dense", "ordinal"][draw(2)])][draw(2)])
    made = table(200 + draw(200), seed, gaps=bool(mixed), kind=kind)
    if kind == "number":
        made.target += 1 - made.target.min()  # Poisson and gamma need it above zero
    if mixed:
        return encoded(estimator, *steps, many=[TargetEncoder, ordinal][draw(2)]), made, None
    return make_pipeline(*steps, estimator), made, NUMBERS


def fuzz(pipelines, first=0, outcome=outcome):
    """Certify so many pipelines, and compare each certified one on further rows."""
    outcomes, failures = Counter(), []
    for seed in range(first, first + pipelines):
        estimator, made, columns = random_pipeline(seed)
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            try:
                fitted(estimator, made, columns).predict(made)
            except Exception:  # a pipeline that cannot learn or predict this table, such as a soft vote without probabilities
                outcomes["not fitted"] += 1
                continue
            try:
                what, wrong = outcome(estimator, made, columns)
            except Exception as error:
                what, wrong = "failed", f"{type(error).__name__}: {error}"
        outcomes["certified" if what == "certified" else "refused" if what != "failed" else "failed"] += 1
        if wrong:
            failures.append(f"pipeline {seed}: {wrong}")
    for failure in failures:
        print(failure)
    return pipelines, len(failures), ", ".join(f"{count} {what}" for what, count in sorted(outcomes.items()))


CAMPAIGNS = {
    "random pipelines are certified or refused, and give no wrong answer": lambda: fuzz(2_000),
    "random pipelines in SQL are certified or refused, and give no wrong answer": lambda: fuzz(100, outcome=outcome_in_sql),
}
