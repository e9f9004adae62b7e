"""The API over a real socket."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from iris_ml.model_files import save
from iris_ml.production import workflow

FLOWER = {"sepal_length": 5.0, "sepal_width": 3.0, "petal_length": 1.4, "petal_width": 0.2}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Serve on a free port of this machine, until the tests are done."""
    folder = tmp_path_factory.mktemp("served")
    save(workflow.run("model", progress=False)["model"], folder / ".iris_ml" / "model.skops")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = Path(sys.executable).with_name("iris_ml")
    server = subprocess.Popen([command, "serve", "--port", str(port)], cwd=folder)
    try:
        for _ in range(300):
            assert server.poll() is None, "the server ended"
            try:
                requests.get(f"http://127.0.0.1:{port}/openapi.json", timeout=1)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def test_rows_are_answered_in_their_order(address):
    virginica = FLOWER | {"petal_length": 5.8, "petal_width": 2.2}
    answered = requests.post(f"{address}/v1/predict", json={"rows": [FLOWER, virginica, FLOWER]}, timeout=10)
    assert answered.status_code == 200
    assert [answer["label"] for answer in answered.json()["answers"]] == ["setosa", "virginica", "setosa"]
    for answer in answered.json()["answers"]:
        assert sum(answer["probabilities"].values()) == pytest.approx(1)


@pytest.mark.parametrize("value", ["NaN", "Infinity", '"5.0"', "true", "null", "[]"])
def test_what_is_no_number_is_refused_with_its_place(address, value):
    body = f'{{"rows": [{{"sepal_length": {value}, "sepal_width": 3, "petal_length": 1.4, "petal_width": 0.2}}]}}'
    refused = requests.post(
        f"{address}/v1/predict", data=body, headers={"content-type": "application/json"}, timeout=10
    )
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["detail"].startswith("body.rows.0.sepal_length: ")


def test_the_service_describes_what_the_model_was_shown(address):
    described = requests.get(f"{address}/openapi.json", timeout=10).json()["components"]["schemas"]["Row"]
    assert described["required"] == list(FLOWER)
    assert "between 0.1 and 2.5" in described["properties"]["petal_width"]["description"]


def test_its_page_asks_no_other_host(address):
    page = requests.get(f"{address}/docs", timeout=10).text
    assert "swagger-ui" in page
    assert "//" not in page.replace("http://127.0.0.1", "").split("<script")[1]
    assert "https://" not in page
