"""Small tests of behaviour at its boundaries, which the examples on the pages and the larger tests do not reach."""

import gzip
import json
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sklearn.ensemble import VotingClassifier
from sklearn.tree import DecisionTreeClassifier

from iris_ml.api.routes import Limits, create_app
from iris_ml.api.server import Server
from iris_ml.base.atomic_files import replace_atomically
from iris_ml.base.errors import DataError, IrisError, ModelFileError
from iris_ml.base.settings import Source, read_settings
from iris_ml.base.skops_archive import _is_known
from iris_ml.cache.hashing import digest
from iris_ml.cache.keys import CacheKey
from iris_ml.cache.store import Checkpoints
from iris_ml.io.readers import raw, write_table
from iris_ml.models import gates
from iris_ml.models.champion import ChampionInfo, roll_back, set_champion
from iris_ml.models.gates import check_better
from iris_ml.models.live_model import ModelWatcher, load_live_model
from iris_ml.models.model_file import model_path, model_version, save, store_model
from iris_ml.models.prediction_steps import equal_rows, golden_rows
from iris_ml.models.predictor import Predictor, out_of_domain
from iris_ml.models.request_log import RequestLog, read_requests
from iris_ml.production import workflow
from iris_ml.steps import default_estimator
from iris_ml.steps.rows import rows

FLOWER = {"sepal_length": 5.0, "sepal_width": 3.0, "petal_length": 1.4, "petal_width": 0.2}
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def model():
    return workflow.run("model", progress=False, checkpoints=False)["model"]


@pytest.fixture(scope="module")
def file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.skops"
    save(model, path)
    return path


def test_readyz_compares_the_golden_rows_with_the_recorded_answers(file):
    champion = load_live_model(file)
    assert TestClient(create_app(champion)).get("/readyz").status_code == 200
    wrong = replace(champion, answers=[["another", shares] for _, shares in champion.answers])
    refused = TestClient(create_app(wrong)).get("/readyz")
    assert refused.status_code == 503
    assert "another" in refused.json()["detail"]


def test_readyz_says_that_the_server_is_about_to_stop(file):
    server = Server(ModelWatcher(file))
    server.stopping = True
    refused = TestClient(server).get("/readyz")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "about to stop" in refused.json()["detail"]


def test_the_server_writes_its_request_log_when_it_stops(file, tmp_path):
    server = Server(ModelWatcher(file), request_log=RequestLog(tmp_path / "log", 100))
    with TestClient(server) as client:
        assert client.post("/v1/predict", json={"rows": [FLOWER]}).status_code == 200
    assert len(read_requests(tmp_path / "log", model_version(file))) == 1


def test_a_body_may_have_exactly_the_bytes_of_its_limit(file):
    body = json.dumps({"rows": [FLOWER]}).encode()
    client = TestClient(create_app(load_live_model(file), limits=Limits(max_body=len(body))))
    answer = client.post("/v1/predict", content=body, headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    expected = JSON | {"expect": "100-continue"}
    assert client.post("/v1/predict", content=body, headers=expected).status_code == 200
    assert client.post("/v1/predict", content=body + b" ", headers=JSON).status_code == 413


def test_golden_answers_are_compared_at_1e_9_and_in_their_number(model):
    answers = model.answers()
    assert model.verified(answers) is model
    label, shares = answers[-1]
    with pytest.raises(ModelFileError, match="it predicts"):
        model.verified([*answers[:-1], [label, [share + 1e-8 for share in shares]]])
    for recorded in answers[:-1], [*answers, answers[0]]:
        with pytest.raises(ValueError, match="zip"):
            model.verified(recorded)


def test_a_model_keeps_twelve_raw_rows(model):
    assert len(golden_rows(model)) == 12


def test_golden_rows_hold_texts_though_every_text_is_missing(model):
    empty = replace(model, columns=["town"], golden={"town": [None, None]})
    assert empty.golden_rows().town.dtype == "str"


def test_values_at_the_bounds_of_training_are_inside(model):
    predictor, columns = Predictor(model), model.profile.columns
    bounds = pd.DataFrame([{name: seen[end] for name, seen in columns.items()} for end in ("minimum", "maximum")])
    assert not out_of_domain(predictor.run(bounds)).to_numpy().any()
    beyond = pd.DataFrame([bounds.iloc[0] - 1e-6, bounds.iloc[1] + 1e-6])
    assert out_of_domain(predictor.run(beyond)).to_numpy().all()


def test_roll_back_refuses_a_model_that_does_not_load(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = read_settings()
    path = settings.model_file
    save(workflow.swap(seed=1).run("model", progress=False, checkpoints=False)["model"], tmp_path / "other.skops")
    first, second = store_model(file, path), store_model(tmp_path / "other.skops", path)
    for number in first, second:
        set_champion(settings, ChampionInfo(number))
    stored = model_path(path, first)
    stored.write_bytes(stored.read_bytes()[:-1])
    with pytest.raises(ModelFileError, match="damaged"):
        roll_back()
    assert model_version(path) == second[:12]


@pytest.mark.parametrize("margin", [0.0, 0.02])
def test_the_gate_is_closed_when_the_least_change_is_exactly_the_bound(margin, monkeypatch):
    answers = pd.Series(["a", "b"])
    for least, is_open in (-margin, False), (1e-6 - margin, True):
        monkeypatch.setattr(gates, "score_difference", lambda *_, least=least, **__: (0.0, -1.0, 1.0, least, 0.1))
        assert check_better(answers, answers.to_frame(), answers.to_frame(), margin).is_open is is_open


@pytest.mark.parametrize("value", [1e-3, 1e3])
def test_the_gate_of_shapes_compares_numbers_of_any_size_at_1e_9(value):
    whole = pd.Series([value, value])
    for difference, alike in (5e-10, True), (5e-9, False):
        assert equal_rows(whole, whole + difference, [0, 1]) is alike


def test_the_gate_of_shapes_allows_the_rounding_of_large_numbers_and_no_more():
    whole = pd.Series([1e8, np.nan, np.inf])
    for difference, alike in (5e-6, True), (5e-5, False):
        assert equal_rows(whole, whole + difference, [0, 1, 2]) is alike


def test_the_gate_is_closed_when_no_answer_changes():
    answers = pd.Series(["a", "b"] * 20)
    assert not check_better(answers, answers.to_frame(), answers.to_frame()).is_open


def entry_file(root, key):
    return root / "entries" / key.step / key.key


def test_an_entry_under_another_key_is_not_used(tmp_path):
    store, right, wrong = Checkpoints(tmp_path), CacheKey("step", "a" * 64, {}, {}), CacheKey("step", "b" * 64, {}, {})
    store.keep(1.5, right, digest(1.5), 0.1, "1.5")
    entry_file(tmp_path, wrong).write_bytes(entry_file(tmp_path, right).read_bytes())
    with pytest.warns(UserWarning, match="a damaged checkpoint is moved"):
        assert store.find(wrong) is None
    assert store.load(store.find(right)) == 1.5


def test_another_process_finds_the_entry_that_was_used_last(tmp_path):
    keys = [CacheKey("step", letter * 64, {}, {}) for letter in "abc"]
    for time, key in zip([2e9, 3e9, 1e9], keys, strict=True):
        Checkpoints(tmp_path).keep(1.5, key, digest(1.5), 0.1, "1.5")
        os.utime(entry_file(tmp_path, key), (time, time))
    entry_file(tmp_path, keys[0]).with_name("moved").symlink_to("elsewhere")  # an entry that is gone when its time is asked for
    other = Checkpoints(tmp_path / "x" / "..")  # this process remembers what it used by the name of the folder
    (tmp_path / "x").mkdir()
    assert other.last("step").cache_key == keys[1]


def test_a_digest_sees_the_keys_of_a_dictionary():
    assert digest({"a": 1}) != digest({"b": 1})
    assert digest({1: "a"}) != digest({"1": "a"})


def test_a_compressed_table_does_not_escape_the_largest_table(tmp_path):
    table = pd.DataFrame({"x": [1.0] * 5_000, "y": [2.0] * 5_000})
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(table.to_csv(index=False).encode()))
    with pytest.warns(UserWarning, match="of 5000 rows a sample is read"):
        sampled = raw(Source([str(tmp_path / "rows.csv.gz")]), 0.05)
    assert 0 < len(sampled) < 5_000


def test_json_lines_hold_no_nan(tmp_path):
    write_table(pd.DataFrame({"x": [1.5, np.nan], "name": ["a", None]}), tmp_path / "rows.jsonl")
    lines = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    read = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert read == [{"x": 1.5, "name": "a"}, {"x": None, "name": None}]


def test_columns_passed_through_are_not_learned_when_names_are_inferred():
    table = pd.DataFrame({"Id": [None] * 40, "x": [1.0, 2.0] * 20, "y": ["a", "b"] * 20})
    options = {"categorical": (), "nullable": (), "classes": (), "rename": {}, "relabel": {}}
    kept = rows(table, target="y", feature_names=(), passthrough=("Id",), **options)
    assert list(kept) == ["x", "Id", "y"]
    with pytest.raises(DataError, match="column 'Id': there is no value in it"):
        rows(table, target="y", feature_names=(), passthrough=(), **options)
    swapped = workflow.swap(raw=table.assign(Id=range(40)), target="y", feature_names=(), passthrough=("Id",))
    assert swapped.run("model", progress=False, checkpoints=False)["model"].columns == ["x"]


def test_only_estimators_of_scikit_learn_are_trusted_by_their_names():
    assert _is_known("sklearn.linear_model._logistic.LogisticRegression")
    assert not _is_known("sklearn.utils._repr_html.base.ReprHTMLMixin")


@pytest.mark.parametrize(("synced", "times"), [(False, 0), (True, 2)])
def test_a_file_waits_for_the_disk_only_when_it_has_to(synced, times, tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(os, "fsync", waited.append)
    with replace_atomically(tmp_path / "file", synced=synced) as part:
        part.write_text("content")
    assert len(waited) == times


def test_the_request_log_creates_its_folder_and_the_folders_above(model, tmp_path):
    log = RequestLog(tmp_path / "deeper" / "log", 100)
    log.add(Predictor(model).run(pd.DataFrame([FLOWER])), "a version")
    log.close()
    assert read_requests(tmp_path / "deeper" / "log", "a version").species.tolist() == ["setosa"]


@pytest.mark.parametrize(("different", "listed"), [(60, 60), (119, 119), (120, 120), (170, None), (1_001, None)])
def test_a_profile_lists_the_categories_that_come_back(different, listed):
    rows = 240 if different < 200 else 10_000
    table = pd.DataFrame({"town": [f"town {i % different}" for i in range(rows)], "y": ["a", "a", "b", "b"] * (rows // 4)})
    split = pd.Series("train", table.index, name="split")
    changed = workflow.swap(raw=table, target="y", split=split)
    profile = changed.run("profile", progress=False, checkpoints=False)["profile"]
    found = profile.columns["town"].get("categories")
    assert (found and len(found)) == listed


class Cautious(VotingClassifier):
    """A vote that is not the largest probability."""

    def predict(self, X):
        """Give the first class to each row."""
        return np.repeat(self.classes_[:1], len(X))


def test_labels_are_what_an_estimator_predicts_and_not_its_largest_probability():
    estimator = Cautious([("tree", DecisionTreeClassifier())], voting="soft")
    run = workflow.swap(estimator=estimator).run("predictions", progress=False, checkpoints=False)
    assert {*run["predictions"].species} == {"setosa"}


@pytest.mark.parametrize(("count", "share"), [(500, 1), (501, 1 / 4)])
def test_weights_are_sought_on_all_of_few_rows_and_on_a_quarter_of_more(count, share, monkeypatch):
    asked = []

    def predicted(estimator, X, y, is_asked, seed):
        asked.append(is_asked)
        return pd.DataFrame({"predicted": y[is_asked]})

    monkeypatch.setattr(default_estimator, "_predicted", predicted)
    X = pd.DataFrame({"x": np.linspace(0, 1, count)})
    default_estimator.weighted_mean(X, X.x, 0)
    times = np.sum(asked, axis=0)  # that each row was predicted, by two estimators
    assert times.max() == 2
    assert times.mean() == pytest.approx(2 * share, abs=0.01)


@pytest.mark.parametrize(("task", "rows", "sought"), [("regression", 50_000, True), ("regression", 50_001, False)])
def test_weights_are_sought_up_to_a_number_of_rows(task, rows, sought, monkeypatch):
    monkeypatch.setattr(default_estimator, "weighted_mean", lambda *_: "sought")
    X = pd.DataFrame({"x": np.linspace(0, 1, rows)})
    assert (default_estimator.default_estimator(X, X.x, 0, task=task) == "sought") is sought


@pytest.mark.parametrize(("rows", "leaves"), [(8_000, 15), (8_001, 31)])
@pytest.mark.parametrize("task", ["classification", "regression", "counts"])
def test_trees_are_small_up_to_a_number_of_rows(task, rows, leaves):
    assert default_estimator.boosting(task, rows)[-1].max_leaf_nodes == leaves
    assert dict(default_estimator.mean_of_both(task, rows=rows).estimators)["boosting"][-1].max_leaf_nodes == leaves


def test_a_function_after_a_swapped_value_takes_that_value():
    table = workflow.run("rows", progress=False)["rows"].head(7)
    changed = workflow.swap(rows=table).after("rows", lambda rows: rows.head(5))
    run = changed.run("rows", progress=False, checkpoints=False)
    assert run["rows"].equals(table.head(5))


def test_roll_back_without_a_champion_before_is_a_sentence(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = read_settings()
    set_champion(settings, ChampionInfo(store_model(file, settings.model_file)))
    with pytest.raises(IrisError, match="there was no champion before"):
        roll_back()
