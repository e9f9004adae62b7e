"""A model file comes back as it was, or not at all."""

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import skops.io
from numpy.random import RandomState
from scipy.stats import loguniform
from sklearn.cluster import FeatureAgglomeration
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils import all_estimators

from iris_ml.base.errors import ModelFileError
from iris_ml.base.skops_archive import _is_known, dump_archive, load_archive
from iris_ml.io.readers import raw
from iris_ml.models.model_file import load, save
from iris_ml.steps.estimator import estimator as of_iris
from iris_ml.steps.model import Model, model
from iris_ml.steps.profile import Profile

IRIS = raw("package:iris.csv")


def fitted(estimator):
    """Fit an estimator to iris as the workflow does."""
    return model(estimator, IRIS, Profile("species"), "species", [], seed=0)


def classifiers():
    """Every estimator of scikit-learn that can be made without parameters and learns iris."""
    for name, kind in all_estimators(type_filter="classifier"):
        try:
            with warnings.catch_warnings(action="ignore"):
                kind().fit(IRIS.drop(columns="species"), IRIS.species)
        except (TypeError, ValueError):
            continue
        yield pytest.param(kind, id=name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", list(classifiers()))
def test_every_classifier_comes_back_with_the_same_answers(kind, tmp_path):
    before = fitted(kind())
    save(before, tmp_path / "model.skops")
    after = load(tmp_path / "model.skops")
    assert after.predict(IRIS).equals(before.predict(IRIS))


def test_selections_and_estimators_without_probabilities_come_back(tmp_path):
    for estimator in make_pipeline(SelectKBest(mutual_info_classif, k=2), LinearSVC()), LinearSVC():
        save(fitted(estimator), tmp_path / "model.skops")
        assert load(tmp_path / "model.skops").predict(IRIS).species.nunique() == 3


def test_functions_that_only_compute_come_back_however_skops_was_imported():
    program = """
import numpy, scipy.special
from sklearn.preprocessing import FunctionTransformer
from iris_ml.base.quick_imports import import_skops
from iris_ml.base.skops_archive import dump_archive, load_archive
QUICKLY
for function in numpy.log1p, numpy.add, scipy.special.expit, scipy.special.logit:
    assert load_archive(dump_archive(FunctionTransformer(function)), "a file").func is function
"""
    for quickly in "import_skops()", "import skops.io", "":
        subprocess.run([sys.executable, "-c", program.replace("QUICKLY", quickly)], check=True)


def test_another_program_in_the_process_has_the_whole_of_skops():
    program = """
import sys
BEFORE
from iris_ml.base.quick_imports import import_skops
own = import_skops()
assert "skops.io" not in sys.modules or sys.modules["skops.io"] is not own
import skops.io
assert skops.io is sys.modules["skops.io"] is not own
assert "sklearn.svm._classes.SVC" in skops.io._trusted_types.SKLEARN_ESTIMATOR_TYPE_NAMES
import numpy, sklearn.utils
assert "log1p" in dir(numpy) and sklearn.utils.all_estimators()
"""
    for before in "import skops.io", "":
        subprocess.run([sys.executable, "-c", program.replace("BEFORE", before)], check=True)


class Contrary(Pipeline):
    """A pipeline that goes its own way to an answer."""

    def predict(self, X):
        """Answer the other way round."""
        return super().predict(X)[::-1]


def test_a_pipeline_of_another_kind_answers_by_itself():
    steps = make_pipeline(SelectKBest(k=2), LinearSVC()).steps
    answers = fitted(Contrary(steps)).predict(IRIS)
    assert answers.species[::-1].tolist() == fitted(Pipeline(steps)).predict(IRIS).species.tolist()
    assert answers.species.tolist() != fitted(Pipeline(steps)).predict(IRIS).species.tolist()


class Column(LinearSVC):
    """A classifier that returns labels as a column, as CatBoost does."""

    def predict(self, X):
        """Return a column."""
        return super().predict(X).reshape(-1, 1)

    def predict_proba(self, X):
        """Be certain of each label."""
        return (super().predict(X)[:, None] == self.classes_).astype(float)


def test_labels_may_be_a_column():
    assert fitted(Column()).predict(IRIS).species.tolist() == fitted(LinearSVC()).predict(IRIS).species.tolist()


def test_a_file_that_is_cut_or_changed_anywhere_is_refused(tmp_path):
    path = tmp_path / "model.skops"
    save(fitted(of_iris()), path)
    sound = path.read_bytes()
    places = np.random.default_rng(0).integers(0, len(sound), 40)
    archive = len(sound) - len(sound.split(b"\n", 2)[2])
    for place in [0, 15, 16, 79, 80, 81, 160, archive - 1, archive, len(sound) - 1, *places]:
        path.write_bytes(sound[:place])
        with pytest.raises(ModelFileError):
            load(path)
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 4]) + sound[place + 1 :])
        with pytest.raises(ModelFileError):
            load(path)


def test_a_model_that_answers_otherwise_under_this_library_is_refused(tmp_path, monkeypatch):
    changed = fitted(of_iris())
    answers = changed.answers()
    changed.estimator[-1].intercept_[0] += 1e-6  # as another version of a library might have it
    monkeypatch.setattr(Model, "answers", lambda model: answers)
    save(changed, tmp_path / "model.skops")
    monkeypatch.undo()
    with pytest.raises(ModelFileError, match="golden row 0"):
        load(tmp_path / "model.skops")


def test_nothing_that_is_not_trusted_is_called(tmp_path):
    called = []
    hostile = fitted(make_pipeline(FunctionTransformer(pd.DataFrame.abs), LinearSVC()))
    with pytest.raises(ModelFileError, match=r'trusted_types = \["pandas.core.generic.abs"\]'):
        save(hostile, tmp_path / "model.skops")
    save(hostile, tmp_path / "model.skops", dump_archive(hostile, None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pd.DataFrame, "abs", called.append)
        with pytest.raises(ModelFileError, match="not trusted: pandas"):
            load(tmp_path / "model.skops")
    assert called == []


def test_an_interrupted_save_leaves_the_old_model(tmp_path, monkeypatch):
    path = tmp_path / "model.skops"
    save(fitted(of_iris()), path)
    before = path.read_bytes()
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space left"):
        save(fitted(LinearSVC()), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_every_estimator_of_scikit_learn_is_trusted_by_our_own_rule():
    names = [f"{kind.__module__}.{kind.__name__}" for _, kind in all_estimators()]
    assert [name for name in names if name.startswith("sklearn.") and not _is_known(name)] == []


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(LinearSVC(), memory="cache"),
        make_pipeline(make_pipeline(StandardScaler(), memory="cache"), LinearSVC()),
        FeatureAgglomeration(memory="cache"),
        TfidfVectorizer(input="filename"),
    ],
    ids=["memory", "memory_inside", "memory_of_a_clustering", "names_of_files"],
)
def test_an_estimator_that_reads_files_is_neither_written_nor_read(estimator):
    with pytest.raises(ModelFileError, match="makes it read or write files"):
        dump_archive(estimator)
    with pytest.raises(ModelFileError, match="makes it read or write files"):
        load_archive(skops.io.dumps(estimator), "a file")


def test_the_same_estimators_without_it_are_written_and_read():
    for estimator in make_pipeline(LinearSVC()), FeatureAgglomeration(), TfidfVectorizer():
        assert type(load_archive(dump_archive(estimator), "a file")) is type(estimator)


def test_a_loaded_distribution_draws_from_the_global_generator_as_before():
    search = RandomizedSearchCV(LogisticRegression(), {"C": loguniform(0.01, 1)}, random_state=0)
    trusted = ["scipy.stats._continuous_distns.reciprocal_gen", "scipy.stats._distn_infrastructure.rv_continuous_frozen"]
    loaded = load_archive(dump_archive(search, trusted), "a test", trusted)
    assert loaded.param_distributions["C"].dist._random_state is np.random.mtrand._rand
    own = RandomState(3)
    assert load_archive(dump_archive(own), "a test").random_sample() == own.random_sample()
