"""A client that a generator writes from the API's description: it has plain names, and gives what the service answers."""

import asyncio
import importlib
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from iris_ml.api.routes import create_app
from iris_ml.models.live_model import load_live_model
from iris_ml.models.model_file import save
from iris_ml.production import workflow

FLOWER = {"sepal_length": 5.0, "sepal_width": 3.0, "petal_length": 1.4, "petal_width": 99.0}


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    file = tmp_path_factory.mktemp("served") / "model.skops"
    save(workflow.run("model", progress=False)["model"], file)
    return create_app(load_live_model(file))


@pytest.fixture(scope="module")
def generated(application, tmp_path_factory):
    """A function that imports a module of the client."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(application.openapi()))
    (folder / "config.yml").write_text("post_hooks: []\n")  # no formatter
    generator = Path(sys.executable).with_name("openapi-python-client")
    where = ["--path", "openapi.json", "--config", "config.yml", "--output-path", "iris_client", "--meta", "none"]
    ended = subprocess.run([generator, "generate", "--fail-on-warning", *where], cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    sys.path.append(str(folder))
    yield lambda name: importlib.import_module(f"iris_client.{name}")
    sys.path.remove(str(folder))


@pytest.fixture
def call(application, generated):
    """A function that calls an operation by its group and its name."""

    def call(operation, **arguments):
        client = generated("client").Client("http://localhost", raise_on_unexpected_status=True)
        transport = httpx.ASGITransport(application)
        client.set_async_httpx_client(httpx.AsyncClient(transport=transport, base_url="http://localhost"))
        return asyncio.run(generated(f"api.{operation}").asyncio(client=client, **arguments))

    return call


def test_a_generated_client_predicts(call, generated):
    models = generated("models")
    answered = call("predictions.predict", body=models.Rows(rows=[models.Row(**FLOWER)]))
    assert isinstance(answered, models.Answers)
    (answer,) = answered.answers
    assert answer.label == "virginica"
    assert answer.probabilities["virginica"] == pytest.approx(1)
    assert answer.out_of_domain == ["petal_width"]


def test_a_generated_client_explains(call, generated):
    models = generated("models")
    explained = call("predictions.explain", body=models.FewRows(rows=[models.Row(**FLOWER)]))
    assert [move.column for move in explained.answers[0].moves] == [*FLOWER]
    assert "predictions" in [step.step for step in explained.steps]


def test_a_generated_client_gets_a_problem_where_a_request_is_refused(call, generated):
    models = generated("models")
    refused = call("predictions.predict", body=models.Rows(rows=[]))
    assert isinstance(refused, models.Problem)
    assert (refused.title, refused.status) == ("Unprocessable Content", 422)
    assert refused.detail.startswith("rows: List should have at least 1 item")


def test_a_generated_client_describes_the_model_by_its_fields(call, generated):
    model = call("model.describe_model")
    assert isinstance(model, generated("models").ModelDescription)
    assert (model.target, model.task) == ("species", "classification")
    column = model.columns["petal_width"]
    assert (column.type_, column.minimum, column.maximum) == ("number", 0.1, 2.5)


def test_the_names_in_the_client_are_those_of_the_field(generated):
    names = {*generated("models").__all__}
    assert {"Rows", "Row", "Answers", "Answer", "Explanations", "ModelDescription", "ColumnDescription", "Problem"} <= names
    assert not [name for name in names if "Document" in name or "HTTP" in name]


def test_the_example_of_a_request_gets_the_example_of_its_response(application):
    predict = application.openapi()["paths"]["/v1/predict"]["post"]
    (request,) = predict["requestBody"]["content"]["application/json"]["schema"]["examples"]
    response = predict["responses"]["200"]["content"]["application/json"]["example"]

    async def post():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://localhost") as client:
            return await client.post("/v1/predict", json=request)

    answered = asyncio.run(post()).json()
    assert answered["answers"] == response["answers"]
    assert len(answered["id"]) == len(response["id"])
    assert answered["model"] == response["model"] == application.version
