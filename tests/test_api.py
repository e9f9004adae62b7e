"""The API: a real server over a real socket, what it promises, and short forms of the campaigns of `make torture`."""

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import requests

from iris_ml.models.model_file import save
from iris_ml.models.predictor import predict
from tests.fork_server import FORKED_PYTHON
from torture import api
from torture.serving import request, served

FLOWER = {"sepal_length": 5.0, "sepal_width": 3.0, "petal_length": 1.4, "petal_width": 0.2}
VIRGINICA = FLOWER | {"petal_length": 5.8, "petal_width": 2.2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model."""
    folder = tmp_path_factory.mktemp("served")
    subprocess.run([*FORKED_PYTHON, Path(sys.executable).with_name("iris_ml"), "run", "--quiet"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def server(folder):
    """A server of this folder, until the tests are done."""
    with served(folder) as server:
        yield server


@pytest.fixture
def address(server):
    """Where it listens."""
    return server.address


def post(address, body, path="/v1/predict", **headers):
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return requests.post(f"{address}{path}", data=data, headers={"content-type": "application/json"} | headers, timeout=60)


def test_rows_are_answered_in_their_order_as_the_workflow_answers_them(address):
    rows = [FLOWER, VIRGINICA, FLOWER]
    answered = post(address, {"rows": rows})
    assert answered.status_code == 200
    assert [answer["label"] for answer in answered.json()["answers"]] == ["setosa", "virginica", "setosa"]
    expected = predict(pd.DataFrame(rows), api.trained()).filter(like="probability_").to_numpy()
    given = [list(answer["probabilities"].values()) for answer in answered.json()["answers"]]
    assert given == pytest.approx(expected, abs=1e-9)


def test_each_response_has_an_id_of_its_own_and_names_the_model(address):
    first, second = (post(address, {"rows": [FLOWER]}).json() for _ in range(2))
    assert first["id"] != second["id"]
    assert first["model"] == second["model"] == requests.get(f"{address}/v1/model", timeout=60).json()["version"]


def test_a_value_outside_of_what_was_seen_is_answered_and_said_to_be_outside(address):
    (answer,) = post(address, {"rows": [FLOWER | {"petal_length": 40}]}).json()["answers"]
    assert answer["out_of_domain"] == ["petal_length"]


def test_an_explanation_gives_the_same_answer_and_its_reasons(address):
    (answer,) = post(address, {"rows": [VIRGINICA]}).json()["answers"]
    explained = post(address, {"rows": [VIRGINICA]}, "/v1/explain").json()
    (reasons,) = explained["answers"]
    assert {name: reasons[name] for name in answer} == answer
    moves = {move["column"]: move["change"] for move in reasons["moves"]}
    assert list(moves) == list(FLOWER)
    assert min(moves, key=moves.get) == "petal_length"
    assert {neighbour["species"] for neighbour in reasons["nearest"]} == {"virginica"}
    steps = {step["step"]: step for step in explained["steps"]}
    assert steps["raw"]["value"] == [VIRGINICA]
    assert re.fullmatch(r"nbs/steps/02_features.ipynb, cell \w+", steps["features"]["place"])


@pytest.mark.parametrize("value", ["NaN", "Infinity", '"5.0"', "true", "null", "[]", "1e400"])
def test_what_is_no_number_is_refused_with_its_place(address, value):
    refused = post(address, f'{{"rows": [{{"sepal_length": {value}, "sepal_width": 3, "petal_length": 1, "petal_width": 1}}]}}')
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["detail"].startswith("rows.0.sepal_length: ")
    assert refused.json()["title"] == "Unprocessable Content"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (FLOWER, 'rows: Field required; a body is {"rows": [a row, ...]}, and a row an object'),
        ([FLOWER], '; a body is {"rows": [a row, ...]}, and a row an object'),
        ({"rows": [FLOWER | {"petal_lenght": 1}]}, "rows.0.petal_lenght: Extra inputs are not permitted"),
        ({"rows": [dict.fromkeys(FLOWER, "x")]}, "rows.0.petal_width: Input should be a valid number"),
    ],
    ids=["a row", "a list", "a misspelt column", "four faults"],
)
def test_a_body_that_is_refused_is_told_what_to_mend(address, body, told):
    assert told in post(address, body).json()["detail"]


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (415, "{}", {"content-type": "text/plain"}),
        (422, {"rows": [FLOWER] * 5_001}, {}),
        (413, b" " * 1_000_001, {}),
        (413, b" " * 1_000_001, {"expect": "100-continue"}),
        (422, json.dumps({"rows": [FLOWER]}).replace("sepal_width", "sepal_length"), {}),
        (422, '{"rows": [], "rows": []}', {}),
        (422, b"[" * 100_000, {}),
    ],
)
def test_what_breaks_a_limit_gets_its_status(address, status, body, headers):
    refused = post(address, body, **headers)
    assert (refused.status_code, refused.json()["status"]) == (status, status)


def test_a_body_exactly_at_the_limit_is_answered(address):
    body = json.dumps({"rows": [FLOWER]}).encode()
    assert post(address, body + b" " * (1_000_000 - len(body))).status_code == 200


def test_what_is_not_there_is_told_as_a_problem_too(address):
    for method, path, status in ("GET", "/nowhere", 404), ("GET", "/v1/predict", 405), ("PUT", "/livez", 405):
        refused = requests.request(method, f"{address}{path}", timeout=60)
        assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")
    assert "POST" in requests.get(f"{address}/v1/predict", timeout=60).headers["allow"]


def test_a_body_that_does_not_come_is_not_waited_for(folder):
    with served(folder) as server, socket.create_connection(("127.0.0.1", server.port), timeout=60) as waiting:
        waiting.sendall(request(b"x" * 100)[:-50])
        assert waiting.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_the_service_describes_what_the_model_was_shown(address):
    described = requests.get(f"{address}/openapi.json", timeout=60).json()["components"]["schemas"]["Row"]
    assert described["required"] == list(FLOWER)
    assert "between 0.1 and 2.5" in described["properties"]["petal_width"]["description"]
    assert described["properties"]["petal_width"]["x-training"]["maximum"] == 2.5


def test_another_table_is_described_without_an_edit(tmp_path):
    wine = pd.DataFrame({"alcohol": [9.5, 10.0, 12.0, 13.5] * 10, "quality": [3, 4] * 20})
    save(api.trained(raw=wine, target="quality"), tmp_path / ".iris_ml" / "model.skops")
    with served(tmp_path) as server:
        document = requests.get(f"{server.address}/openapi.json", timeout=60).json()
        assert list(document["components"]["schemas"]["Row"]["properties"]) == ["alcohol"]
        assert post(server.address, {"rows": [{"alcohol": 10}]}).json()["answers"][0]["label"] in (3, 4)


def test_its_page_asks_no_other_host(address):
    page = requests.get(f"{address}/docs", timeout=60).text
    assert "swagger-ui" in page
    assert "//" not in page.replace("http://127.0.0.1", "").split("<script")[1]
    assert "https://" not in page


def test_the_model_is_described_with_its_data_scores_pages_and_cost(address):
    about = requests.get(f"{address}/v1/model", timeout=60).json()
    assert about["classes"] == ["setosa", "versicolor", "virginica"]
    assert about["pages"]["estimator"].startswith("nbs/steps/05_estimator.ipynb, cell ")
    assert about["cost"]["file_bytes"] > 0
    assert about["scores"]["accuracy"] > 0.9
    assert re.fullmatch("[0-9a-f]{12}", about["data"])
    assert re.fullmatch("[0-9a-f]{64}", about["key"])
    assert "sample" not in about, "the training rows are nobody's business"


def test_the_metrics_count_what_was_answered(address):
    def counted():
        text = requests.get(f"{address}/metrics", timeout=60).text
        found = re.search(r'^iris_ml_requests_total\{page="/v1/predict",status="200"\} (\S+)', text, re.MULTILINE)
        return float(found[1]) if found else 0

    before = counted()
    for _ in range(3):
        post(address, {"rows": [FLOWER]})
    assert counted() == before + 3


def test_whoever_listens_elsewhere_needs_a_key(folder, tmp_path):
    start = "from iris_ml.cli.entry import main; main()"
    command = [sys.executable, "-c", start, "serve", "--host", "0.0.0.0"]
    refused = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "an API key is required on a non-loopback address" in refused.stderr
    (tmp_path / "key").write_text("sésame\n")
    with served(folder, "--host", "0.0.0.0", IRIS_API_KEY_FILE=str(tmp_path / "key")) as server:
        for given in {}, {"authorization": "Bearer wrong"}, {"authorization": "sésame".encode()}:
            assert post(server.address, {"rows": [FLOWER]}, **given).status_code == 401
        assert post(server.address, {"rows": [FLOWER]}, authorization="Bearer sésame".encode()).status_code == 200
        assert requests.get(f"{server.address}/livez", timeout=60).ok
        assert requests.get(f"{server.address}/openapi.json", timeout=60).status_code == 401


def test_workers_share_the_work_and_the_metrics(folder):
    with served(folder, "--workers", "2") as server:
        for _ in range(20):
            assert post(server.address, {"rows": [FLOWER]}).ok

        def counted():
            text = requests.get(f"{server.address}/metrics", timeout=60).text
            return float(re.search(r'page="/v1/predict",status="200"\} (\S+)', text)[1])

        end = time.monotonic() + 60
        while counted() < 20 and time.monotonic() < end:  # an answer is counted when it has been sent
            time.sleep(0.05)
        assert {counted() for _ in range(5)} == {20}


def test_a_broken_model_is_not_served_and_both_the_log_and_readyz_say_so(folder, tmp_path):
    model = tmp_path / ".iris_ml" / "model.skops"
    model.parent.mkdir()
    good = (folder / ".iris_ml" / "model.skops").read_bytes()
    model.write_bytes(good)
    with served(tmp_path) as server:
        model.write_bytes(good[:-100])
        ready = {}
        for _ in range(1000):
            ready = requests.get(f"{server.address}/readyz", timeout=60).json()
            if ready["refused"]:
                break
            time.sleep(0.05)
        assert ready["ready"]
        assert "damaged" in ready["refused"]
        assert str(tmp_path) not in str(ready)
        assert post(server.address, {"rows": [FLOWER]}).ok
        assert "the new model is refused" in Path(server.log).read_text()


CAMPAIGNS = {
    "what Schemathesis makes": lambda: api.generated(60),
    "bodies that are wrong": lambda: api.raw(80, seed=1),
    "large bodies": lambda: api.large((1, 10)),
    "SIGTERM under load": lambda: api.stopped(2),
    "swaps under load": lambda: api.swapped(6, 2),
    "too much at once": lambda: api.overloaded(2, connections=600),
    "hostile files": lambda: api.hostile(10),
}


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_nothing_comes_through_of(campaign):
    faults, failures = CAMPAIGNS[campaign]()
    assert faults > 0
    assert failures == 0
