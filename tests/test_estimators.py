"""Every estimator of scikit-learn is loaded as it was saved, or not saved at all."""

import json
import os
import subprocess
import tomllib
import warnings
from functools import partial
from importlib import import_module
from inspect import Parameter, signature
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from scipy.stats import loguniform
from sklearn.base import RegressorMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import Birch, FeatureAgglomeration
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401  # they add to the list
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import (
    SelectKBest,
    chi2,
    f_classif,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
    r_regression,
)
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor, kernels
from sklearn.impute import IterativeImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, TweedieRegressor
from sklearn.metrics import fbeta_score, get_scorer, get_scorer_names, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    RandomizedSearchCV,
    RepeatedStratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    TunedThresholdClassifierCV,
)
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC, LinearSVC
from sklearn.utils import all_estimators

from iris_ml import load, predict, save
from iris_ml.base.errors import ModelFileError
from iris_ml.base.skops_archive import dump_archive, load_archive
from iris_ml.cache.keys import digest
from iris_ml.production import workflow
from tests.fork_server import FORKED_PYTHON

CHANCE = np.random.default_rng(0)
CLASS = np.repeat(["a", "b", "c"], 12)
X = CHANCE.random((36, 4)) + 0.1 + np.repeat([0, 1, 2], 12)[:, None] * [1, 0.5, 0, 0]
BINARY, NUMBER = np.repeat([0, 1], 18), X @ [1.0, 2.0, 3.0, 4.0]
TABLE = pd.DataFrame(X, columns=["p", "q", "r", "s"]).assign(
    color=["red", "blue", "green"] * 12, kind=pd.Categorical(["u", "v"] * 18)
)
GAPS = TABLE.mask(CHANCE.random(TABLE.shape) < 0.1)
WORDS = ["the red flower", "a blue flower", "red and green", "blue sky", "a green day"] * 7 + ["sky"]
LOGISTIC, RIDGE = LogisticRegression(), Ridge()

# The rows and the target of the estimators that do not learn a class or a number from a table of numbers.
PAIRS = np.c_[BINARY, BINARY[::-1]]
DATA = {
    **dict.fromkeys(["CCA", "PLSCanonical", "PLSSVD", "RegressorChain", "MultiOutputRegressor"], (X, X[:, :2])),
    **dict.fromkeys(
        ["MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV"], (X, X[:, :2])
    ),
    **dict.fromkeys(["ClassifierChain", "MultiOutputClassifier"], (X, PAIRS)),
    **dict.fromkeys(["FixedThresholdClassifier", "TunedThresholdClassifierCV"], (X, BINARY)),
    **dict.fromkeys(["CountVectorizer", "TfidfVectorizer", "HashingVectorizer"], (WORDS, CLASS)),
    **dict.fromkeys(["LabelBinarizer", "LabelEncoder"], (CLASS, None)),
    **dict.fromkeys(["SelfTrainingClassifier", "LabelPropagation", "LabelSpreading"], (X, np.repeat([0, 1, -1], 12))),
    "DictVectorizer": ([{"a": 1.0}, {"b": 2.0}], None),
    "FeatureHasher": ([{"a": 1.0}, {"b": 2.0}], None),
    "IsotonicRegression": (X[:, 0], NUMBER),
    "KernelRidge": (X, NUMBER),
    "KernelCenterer": (X @ X.T, CLASS),
    "MultiLabelBinarizer": ([["a", "b"], ["c"]], None),
    "PatchExtractor": (CHANCE.random((2, 10, 10)), None),
}
# The parameters without which an estimator cannot be made, or learns for a long time.
PARAMETERS = {
    "ColumnTransformer": {"transformers": [("scale", StandardScaler(), [0, 1])]},
    "FeatureUnion": {"transformer_list": [("scale", StandardScaler())]},
    "Pipeline": {"steps": [("scale", StandardScaler()), ("fit", LOGISTIC)]},
    **{
        f"{name}Classifier": {"estimators": [("a", LOGISTIC), ("b", MultinomialNB())]}
        for name in ("Stacking", "Voting")
    },
    **{f"{name}Regressor": {"estimators": [("a", RIDGE), ("b", Ridge(2))]} for name in ("Stacking", "Voting")},
    **{
        name: {"estimator": LOGISTIC, "param_grid": {"C": [1, 2]}, "cv": 2}
        for name in ("GridSearchCV", "HalvingGridSearchCV")
    },
    "RandomizedSearchCV": {"estimator": LOGISTIC, "param_distributions": {"C": [1, 2]}, "n_iter": 2, "cv": 2},
    "HalvingRandomSearchCV": {"estimator": LOGISTIC, "param_distributions": {"C": [1, 2]}, "cv": 2},
    "FrozenEstimator": {"estimator": LogisticRegression().fit(X, CLASS)},
    "SelfTrainingClassifier": {"estimator": LOGISTIC},
    "SparseCoder": {"dictionary": np.eye(4)},
    "RFECV": {"estimator": LOGISTIC, "cv": 2},
    "SequentialFeatureSelector": {"estimator": LOGISTIC, "n_features_to_select": 1, "cv": 2},
    "LogisticRegressionCV": {"Cs": 2, "cv": 2},
    "CalibratedClassifierCV": {"estimator": LOGISTIC, "cv": 2},
    "TunedThresholdClassifierCV": {"estimator": LOGISTIC, "cv": 2},
    "ARDRegression": {"max_iter": 3},
    "TSNE": {"perplexity": 5, "max_iter": 250, "method": "exact"},
    "HistGradientBoostingClassifier": {"max_iter": 3},
    "HistGradientBoostingRegressor": {"max_iter": 3},
    "SpectralBiclustering": {"n_clusters": 2},
    "SpectralCoclustering": {"n_clusters": 2},
    "MiniBatchKMeans": {"n_clusters": 2, "n_init": 1},
    **{f"{name}RandomProjection": {"n_components": 2} for name in ("Gaussian", "Sparse")},
    "MLPClassifier": {"max_iter": 5},
    "MLPRegressor": {"max_iter": 5},
    "PLSSVD": {"n_components": 1},
    "QuantileTransformer": {"n_quantiles": 5},
    "DictionaryLearning": {"max_iter": 3},
    "MiniBatchDictionaryLearning": {"max_iter": 3},
    "SparsePCA": {"n_components": 2, "max_iter": 3},
    "MiniBatchSparsePCA": {"n_components": 2, "max_iter": 3},
    "LatentDirichletAllocation": {"max_iter": 2},
}
REFUSED = {"Birch": "a tree whose parts refer to each other, which skops does not store"}


def made(kind):
    """A small estimator of a kind, not fitted yet."""
    known, asked = PARAMETERS.get(kind.__name__, {}), signature(kind).parameters
    inner = RIDGE if issubclass(kind, RegressorMixin) else LOGISTIC
    needs = {"estimator": inner} if "estimator" in asked and asked["estimator"].default is Parameter.empty else {}
    few = {name: value for name, value in {"n_estimators": 3, "random_state": 0}.items() if name in asked}
    return kind(**{**few, **needs, **known})


def fitted(estimator, rows, target):
    """An estimator that has learned some rows."""
    with warnings.catch_warnings(action="ignore"):
        return estimator.fit(rows) if target is None else estimator.fit(rows, target)


def results(estimator, rows):
    """All that an estimator gives for rows, by the name of its method; what only learns gives what it has learned."""
    found = {}
    for method in "predict", "predict_proba", "decision_function", "transform", "score_samples", "kneighbors":
        if hasattr(estimator, method):
            with warnings.catch_warnings(action="ignore"):
                found[method] = getattr(estimator, method)(rows)
    return found or {name: value for name, value in vars(estimator).items() if name.endswith("_")}


def check_same(estimator, rows):
    """Fail unless an estimator that was saved and loaded has learned the same, and gives the same results."""
    archive = dump_archive(estimator)
    loaded = load_archive(archive, "a file")
    assert (
        digest(loaded) == digest(estimator) or b".npz" in archive
    )  # a sparse matrix keeps whether its indices are sorted
    before, after = results(estimator, rows), results(loaded, rows)
    assert before
    assert before.keys() == after.keys()
    for method, result in before.items():
        assert_same(result, after[method])


def assert_same(one, other):
    """Fail unless two results are the same."""
    assert type(one) is type(other)
    if isinstance(one, list | tuple):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_same(*pair)
    elif hasattr(one, "toarray"):
        assert np.array_equal(one.toarray(), other.toarray())
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    elif np.asarray(one).dtype.kind == "f":  # the last bit of a product depends on where its arrays lie in memory
        np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-14)
    elif isinstance(one, np.ndarray | int | str):
        assert np.array_equal(one, other)


KINDS = dict(all_estimators())


@pytest.mark.parametrize("name", KINDS)
def test_every_estimator_gives_the_same_results_after_it_was_loaded(name):
    rows, target = DATA.get(name, (X, NUMBER if issubclass(KINDS[name], RegressorMixin) else CLASS))
    estimator = fitted(made(KINDS[name]), rows, target)
    if name in REFUSED:
        with pytest.raises(ModelFileError, match=f"{name}: skops cannot store it"):
            dump_archive(estimator)
    else:
        check_same(estimator, rows)


def columns(**numbers):
    """The usual preparation of a table with gaps and text."""
    scaled = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore", min_frequency=2, sparse_output=False)
    return ColumnTransformer(
        [("scale", scaled, make_column_selector(**numbers)), ("one_hot", one_hot, ["color", "kind"])]
    )


def encoded(encoder):
    """The preparation of a table whose text becomes numbers."""
    return ColumnTransformer(
        [
            ("encode", encoder, ["color", "kind"]),
            ("bins", KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"), ["p"]),
            ("log", FunctionTransformer(np.log1p, feature_names_out="one-to-one"), slice("q", "r")),
        ],
        remainder="passthrough",
    )


def beta(weight):
    """A scorer of one's own."""
    return make_scorer(fbeta_score, beta=weight, average="macro")


STEPS = Pipeline([("scale", StandardScaler()), ("fit", SVC())])
GRID = [{"fit": [LOGISTIC, SVC()], "scale": ["passthrough", MinMaxScaler()]}, {"fit__C": np.logspace(-1, 1, 2)}]
ORDINAL = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.int32)
VOTERS = [("a", LOGISTIC), ("b", RandomForestClassifier(3, random_state=0)), ("c", SVC())]
SMALL = HistGradientBoostingClassifier(max_iter=2)
USUAL = {
    "a search in a pipeline": (GridSearchCV(STEPS, GRID, cv=KFold(2, shuffle=True, random_state=0)), X, CLASS),
    "a search with scores": (
        GridSearchCV(LOGISTIC, {"C": [1]}, scoring=["accuracy", "f1_macro"], refit="accuracy", cv=2),
        X,
        CLASS,
    ),
    "a search with a scorer": (
        GridSearchCV(LOGISTIC, {"C": [1]}, scoring={"beta": beta(2)}, refit="beta", cv=2),
        X,
        CLASS,
    ),
    "a random search": (
        RandomizedSearchCV(LOGISTIC, {"C": [1, 2]}, n_iter=1, cv=2, random_state=np.random.RandomState(0)),
        X,
        CLASS,
    ),
    "a search in the columns": (
        GridSearchCV(make_pipeline(columns(dtype_include=np.number), LOGISTIC), {}, cv=2),
        GAPS,
        CLASS,
    ),
    "columns by their type": (make_pipeline(columns(dtype_include="number"), SMALL), GAPS, CLASS),
    "columns without objects": (
        make_pipeline(columns(dtype_exclude=[object, "category", "str"]), LOGISTIC),
        GAPS,
        CLASS,
    ),
    "columns as tables": (
        make_pipeline(columns(dtype_include=[np.number]).set_output(transform="pandas"), SMALL),
        GAPS,
        CLASS,
    ),
    "columns as numbers": (make_pipeline(encoded(ORDINAL), LOGISTIC), TABLE, CLASS),
    "columns by the target": (make_pipeline(encoded(TargetEncoder(cv=2, random_state=0)), LOGISTIC), TABLE, CLASS),
    "votes": (VotingClassifier(VOTERS), X, CLASS),
    "soft votes": (VotingClassifier(VOTERS[:2], voting="soft", weights=[1, 2]), X, CLASS),
    "a stack": (
        StackingClassifier(VOTERS, GradientBoostingClassifier(n_estimators=2), cv=2, passthrough=True),
        X,
        CLASS,
    ),
    "a threshold": (TunedThresholdClassifierCV(LOGISTIC, scoring=beta(2), cv=2, store_cv_results=True), X, BINARY),
    "a threshold by name": (
        TunedThresholdClassifierCV(
            FrozenEstimator(clone(LOGISTIC).fit(X, BINARY)), scoring="f1", cv="prefit", refit=False
        ),
        X,
        BINARY,
    ),
    "a target in logarithms": (TransformedTargetRegressor(RIDGE, func=np.log1p, inverse_func=np.expm1), X, NUMBER),
    "gaps": (IterativeImputer(max_iter=2, random_state=0, add_indicator=True), GAPS[["p", "q", "r", "s"]], None),
    "categories of a boosting": (
        HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype"),
        TABLE[["p", "kind"]],
        CLASS,
    ),
    "the exponential loss": (GradientBoostingClassifier(loss="exponential", n_estimators=2, init=LOGISTIC), X, BINARY),
    "a selection": (
        make_pipeline(SelectKBest(partial(mutual_info_classif, random_state=0), k=2), LinearSVC()),
        X,
        CLASS,
    ),
    "clusters of columns": (FeatureAgglomeration(2, pooling_func=np.median), X, None),
    "sparse coefficients": (FrozenEstimator(clone(LOGISTIC).fit(X, CLASS).sparsify()), X, CLASS),
    **{
        f"{type(words).__name__} and {type(learner).__name__}": (make_pipeline(words, clone(learner)), WORDS, CLASS)
        for words in (
            CountVectorizer(ngram_range=(1, 2), stop_words="english"),
            TfidfVectorizer(dtype=np.float32, vocabulary={"red": 0, "blue": 1}),
            HashingVectorizer(n_features=16, alternate_sign=False),
        )
        for learner in (LOGISTIC, MultinomialNB(), KNeighborsClassifier(3), SVC(), SGDClassifier(random_state=0))
    },
    **{
        f"the loss {loss} of a {kind.__name__}": (kind(loss=loss, **few), X, NUMBER)
        for kind, few, losses in (
            (
                HistGradientBoostingRegressor,
                {"max_iter": 2, "quantile": 0.5},
                "squared_error absolute_error gamma poisson quantile",
            ),
            (GradientBoostingRegressor, {"n_estimators": 2}, "squared_error absolute_error huber quantile"),
        )
        for loss in losses.split()
    },
    **{
        f"the power {power}": (TweedieRegressor(power=power, link=link), X, NUMBER)
        for power, link in ((0, "log"), (0, "identity"), (1.5, "auto"))
    },
    **{
        f"the score {score.__name__}": (SelectKBest(score, k=2), X, target)
        for scores, target in (
            ((chi2, f_classif, mutual_info_classif), CLASS),
            ((f_regression, mutual_info_regression, r_regression), NUMBER),
        )
        for score in scores
    },
    **{
        f"the distance {metric}": (
            KNeighborsClassifier(3, metric=metric, algorithm="ball_tree", metric_params=more),
            X.mean() < X,
            CLASS,
        )
        for metric, more in {
            **dict.fromkeys("braycurtis canberra chebyshev dice euclidean hamming jaccard manhattan minkowski".split()),
            **dict.fromkeys("rogerstanimoto russellrao sokalsneath".split()),
            "seuclidean": {"V": np.ones(4)},
            "mahalanobis": {"VI": np.eye(4)},
        }.items()
    },
    "the distance haversine": (KNeighborsClassifier(3, metric="haversine", algorithm="ball_tree"), X[:, :2], CLASS),
    **{
        f"the kernel {kernel}": (GaussianProcessRegressor(kernel, optimizer=None, alpha=100.0), X, NUMBER)
        for kernel in (
            kernels.RBF() + kernels.WhiteKernel(),
            kernels.RationalQuadratic() * kernels.DotProduct() ** 2,
            kernels.ExpSineSquared() + kernels.Matern() + kernels.PairwiseKernel(),
        )
    },
}


@pytest.mark.parametrize("use", USUAL)
def test_usual_settings_give_the_same_results_after_they_were_loaded(use):
    estimator, rows, target = USUAL[use]
    check_same(fitted(estimator, rows, target), rows)


def test_every_scorer_and_splitter_of_a_search_is_loaded():
    for name in get_scorer_names():
        search = GridSearchCV(LOGISTIC, {}, scoring=get_scorer(name))
        assert vars(load_archive(dump_archive(search), "a file").scoring) == vars(search.scoring)
    for splitter in RepeatedStratifiedKFold(), LeaveOneOut(), StratifiedShuffleSplit(), TimeSeriesSplit(), GroupKFold():
        assert repr(load_archive(dump_archive(GridSearchCV(LOGISTIC, {}, cv=splitter)), "a file").cv) == repr(splitter)


def test_what_cannot_be_loaded_is_refused_when_it_is_saved_with_the_line_that_allows_it():
    search = fitted(RandomizedSearchCV(LOGISTIC, {"C": loguniform(1, 2)}, n_iter=1, cv=2, random_state=0), X, CLASS)
    names = ["scipy.stats._continuous_distns.reciprocal_gen", "scipy.stats._distn_infrastructure.rv_continuous_frozen"]
    with pytest.raises(ModelFileError) as caught:
        dump_archive(search)
    assert caught.value.advice.endswith(f'trusted_types = ["{names[0]}", "{names[1]}"]')
    with pytest.raises(ModelFileError) as caught:
        dump_archive(search, names[:1])
    assert caught.value.advice.endswith(f'trusted_types = ["{names[0]}", "{names[1]}"]')
    loaded = load_archive(dump_archive(search, names), "a file", names)
    assert (loaded.predict(X) == search.predict(X)).all()


def test_a_search_does_not_set_what_reads_files():
    for reading in {"memory": ["cache"]}, [{"input": ["filename"]}]:
        with pytest.raises(ModelFileError, match="makes it read or write files"):
            dump_archive(GridSearchCV(STEPS, reading))


def test_an_estimator_that_refers_to_itself_is_refused_when_it_is_saved():
    boosting = fitted(HistGradientBoostingClassifier(max_iter=2, early_stopping=True, scoring="accuracy"), X, CLASS)
    with pytest.raises(ModelFileError, match="refers back to the whole"):
        dump_archive(boosting)
    with pytest.raises(ModelFileError, match="skops cannot store it"):
        dump_archive([Birch()])


def check_reused(estimator, rows, target):
    """Fail unless an estimator is loaded as it was saved, a second fit has the same digest, and another parameter another."""
    with warnings.catch_warnings(action="ignore"):
        assert digest(load_archive(dump_archive(estimator), "a file")) == digest(estimator)
        check_same(first := clone(estimator).fit(rows, target), rows)
        assert digest(clone(estimator).fit(rows, target)) == digest(first)
        changed = clone(estimator).set_params(**{next(name for name in first.get_params() if "max_depth" in name): 1})
        assert digest(changed) != digest(estimator)
        assert digest(changed.fit(rows, target)) != digest(first)


FEW = {
    "xgboost.XGB": {"n_estimators": 3},
    "xgboost.XGBRF": {"n_estimators": 3},
    "lightgbm.LGBM": {"n_estimators": 3, "min_child_samples": 2, "verbose": -1},
    "catboost.CatBoost": {"iterations": 3, "max_depth": 2, "verbose": False, "allow_writing_files": False},
}
WITHIN = {
    "alone": lambda learner: learner,
    "in a pipeline": lambda learner: make_pipeline(columns(dtype_include="number"), learner),
    "in votes": lambda learner: VotingClassifier([("a", LOGISTIC), ("b", learner)], voting="soft"),
    "calibrated": lambda learner: CalibratedClassifierCV(learner, cv=2),
    "in a stack": lambda learner: StackingClassifier([("a", learner)], LOGISTIC, cv=2),
    "with a threshold": lambda learner: FixedThresholdClassifier(learner, threshold=0.3),
}


def boosting(name, task):
    """An estimator of a boosting library, or a reason to skip the test."""
    module, _, kind = name.partition(".")
    missing = "the package takes 340 MB, so `make test` does not install it: pip install catboost"
    package = pytest.importorskip(module, reason=missing) if module == "catboost" else import_module(module)
    return getattr(package, f"{kind}{task}")(**FEW[name])


@pytest.mark.parametrize("within", WITHIN)
@pytest.mark.parametrize("name", FEW)
def test_classifiers_of_boosting_libraries_are_loaded_as_they_were_saved(name, within):
    rows = TABLE if within == "in a pipeline" else X
    check_reused(WITHIN[within](boosting(name, "Classifier")), rows, BINARY)


@pytest.mark.parametrize("name", FEW)
def test_regressors_and_rankers_of_boosting_libraries_are_loaded_as_they_were_saved(name):
    check_reused(boosting(name, "Regressor"), X, NUMBER)
    if name != "xgboost.XGBRF":
        groups = {"group_id": np.repeat([0, 1, 2], 12)} if "catboost" in name else {"group": [12, 12, 12]}
        check_same(boosting(name, "Ranker").fit(X, BINARY, **groups), X)


@pytest.mark.parametrize("name", FEW)
def test_a_search_over_a_boosting_library_is_loaded(name):
    learner = boosting(name, "Classifier")
    check_same(GridSearchCV(learner, {"max_depth": [1, 2]}, cv=2).fit(X, BINARY), X)
    check_same(TunedThresholdClassifierCV(learner, cv=2, store_cv_results=True).fit(X, BINARY), X)


@pytest.mark.parametrize("name", FEW)
def test_early_stopping_and_categories_of_a_boosting_library_are_loaded(name):
    learner, more, table = boosting(name, "Classifier"), {}, TABLE.drop(columns="color")
    if name == "catboost.CatBoost":
        learner.set_params(early_stopping_rounds=2, cat_features=["kind"])
    elif name == "lightgbm.LGBM":
        more = {"callbacks": [import_module("lightgbm").early_stopping(2, verbose=False)]}
    elif name == "xgboost.XGB":
        learner.set_params(early_stopping_rounds=2, enable_categorical=True)
    else:
        learner.set_params(enable_categorical=True)
    with warnings.catch_warnings(action="ignore"):  # LightGBM is to call its argument otherwise
        learner.fit(table, BINARY, eval_set=[(table[::2], BINARY[::2])], **more)
    check_same(learner, table)


@pytest.mark.parametrize("name", ["xgboost.XGB", "lightgbm.LGBM", "catboost.CatBoost"])
def test_a_model_of_a_boosting_library_is_reused_by_another_process_and_fitted_again_to_the_same(name, tmp_path):
    boosting(name, "Classifier")
    module, _, kind = name.partition(".")
    TABLE[["p", "q"]].assign(label=BINARY).to_csv(tmp_path / "rows.csv", index=False)
    program = f"""
import sys
from sklearn.pipeline import make_pipeline
from {module} import {kind}Classifier
from iris_ml.production import workflow
learner = {kind}Classifier(**{FEW[name]}, random_state=int(sys.argv[1]))
changed = workflow.swap(source="rows.csv", target="label", estimator=make_pipeline(learner))
model = changed.run("model", progress=False, checkpoints=len(sys.argv) < 3).results["model"]
print(model.how, model.digest)
"""
    said = []
    for words in ["0"], ["0"], ["0", "afresh"], ["1"]:
        command = [*FORKED_PYTHON, "-c", program, *words]
        said.append(subprocess.check_output(command, cwd=tmp_path, text=True, env={**os.environ, "IRIS_ML_AUDIT": "0"}).split())
    how, digests = zip(*said, strict=True)
    assert how == ("computed", "reused", "computed", "computed")
    assert digests[0] == digests[1] == digests[2] != digests[3]


def test_a_boosting_library_is_imported_only_for_its_own_models():
    program = """
import sys
from sklearn.linear_model import LogisticRegression
from iris_ml.base.skops_archive import dump_archive, load_archive
load_archive(dump_archive(LogisticRegression()), "a file")
import iris_ml.models.model_file
assert not {"xgboost", "lightgbm", "catboost", "imblearn", "skrub"} & {*sys.modules}
"""
    subprocess.run([*FORKED_PYTHON, "-c", program], check=True)


def test_a_booster_is_made_from_bytes_and_never_from_the_name_of_a_file():
    booster = import_module("xgboost").XGBRegressor(n_estimators=2).fit(X, NUMBER).get_booster()
    archive = dump_archive(booster)
    with ZipFile(BytesIO(archive)) as members:
        schema = json.loads(members.read("schema.json"))
    assert load_archive(archive, "a file").save_raw() == booster.save_raw()
    params, cache, model = schema["content"]["content"]
    text = {**params, "content": '"model.ubj"', "__id__": 1}
    hidden = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": [text]}
    for forged in [params, cache, text], [{**params, "__id__": 1}, cache, {**model, "lure": hidden}], [hidden, cache, model]:
        schema["content"]["content"] = forged
        with ZipFile(changed := BytesIO(), "w") as members:
            members.writestr("schema.json", json.dumps(schema).ljust(len(archive)))
        with pytest.raises(ModelFileError, match="is not as skops writes it"):
            load_archive(changed.getvalue(), "a file")


@pytest.mark.parametrize("name", ["forcedsplits_filename", "machine_list_file", "machines", "train_dir", "json_log"])
def test_parameters_of_boosting_libraries_that_name_files_are_refused(name):
    with pytest.raises(ModelFileError, match=f"its parameter '{name}' makes it read or write files"):
        dump_archive(make_pipeline(import_module("lightgbm").LGBMRegressor(**{name: "elsewhere"})))


IMBALANCED = {
    "a pipeline": lambda: import_module("imblearn.pipeline").make_pipeline(smote(), LOGISTIC),
    "a balanced forest": lambda: import_module("imblearn.ensemble").BalancedRandomForestClassifier(3, random_state=0),
    "an easy ensemble": lambda: import_module("imblearn.ensemble").EasyEnsembleClassifier(3, random_state=0),
    "boosting": lambda: import_module("imblearn.ensemble").RUSBoostClassifier(n_estimators=3, random_state=0),
}


def smote():
    """Made-up rows of the rare class."""
    return import_module("imblearn.over_sampling").SMOTE(random_state=0, k_neighbors=2)


@pytest.mark.parametrize("use", IMBALANCED)
def test_estimators_of_imbalanced_learn_give_the_same_results_after_they_were_loaded(use):
    check_same(IMBALANCED[use]().fit(X, np.repeat([0, 1], [28, 8])), X)
    assert repr(load_archive(dump_archive(smote()), "a file")) == repr(smote())


@pytest.mark.parametrize("use", ["tabular_pipeline", "GapEncoder"])
def test_estimators_of_skrub_are_refused_when_they_are_saved_and_loaded_with_the_line_that_allows_them(use):
    arguments = {"tabular_pipeline": ["classifier"], "GapEncoder": [2]}[use]
    rows = TABLE.color if use == "GapEncoder" else TABLE
    estimator = fitted(getattr(import_module("skrub"), use)(*arguments), rows, CLASS)
    with pytest.raises(ModelFileError, match=r"it holds types that could not be loaded: .*skrub\.") as caught:
        dump_archive(estimator)
    names = tomllib.loads(caught.value.advice.partition("iris.toml: ")[2])["trusted_types"]
    archive = dump_archive(estimator, names)
    for method, result in results(estimator, rows).items():
        assert_same(result, results(load_archive(archive, "a file", names), rows)[method])
    with pytest.raises(ModelFileError, match="it holds types that are not trusted"):
        load_archive(archive, "a file", names[1:])


@pytest.mark.parametrize("changes", [{}, {"class_weight": "balanced"}, {"split_by": "cv: 3"}], ids=str)
def test_xgboost_learns_labels_that_are_texts(changes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    xgboost = pytest.importorskip("xgboost")
    trees = xgboost.XGBClassifier(n_estimators=5)
    for estimator in trees, make_pipeline(StandardScaler(), trees):
        run = workflow.swap(estimator=estimator, **changes).run(progress=False)
        assert run["scores"]["accuracy"] > 0.9
        save(run["model"], "model.skops")
        answered = predict(run["raw"].drop(columns="species"), load("model.skops"))
        assert answered.species.tolist() == run["predictions"].species.tolist()


class AsCatBoost:
    """A classifier that has what an estimator has, and is none of scikit-learn's."""

    def fit(self, X, y):
        self.classes_ = sorted(set(y))
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))

    def get_params(self, deep=True):
        return {}

    def set_params(self, **values):
        return self


def test_an_estimator_of_another_library_is_put_in_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = workflow.swap(estimator=AsCatBoost()).run("predictions", progress=False)
    assert set(run["predictions"].species) == {"setosa"}
