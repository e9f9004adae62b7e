"""The way of a row through the code is short, and its graph is built once."""

import inspect
import sys
import threading

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from iris_ml.api.routes import create_app
from iris_ml.models.live_model import load_live_model
from iris_ml.models.model_file import save
from iris_ml.models.predictor import Predictor
from iris_ml.production import workflow
from iris_ml.workflow.graph import FunctionGraph

ROW = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
STEPS = "iris_ml.steps."  # what the application does in a step is not part of the way


@pytest.fixture(scope="module")
def model():
    """The model of production."""
    return workflow.run("model", progress=False, checkpoints=False)["model"]


class Walk:
    """Notes the caller of each function of the library, on all threads, while a block runs."""

    def __init__(self):
        self.callers = {}  # function -> the function of the library that called it first
        self.step_callers = set()  # functions that called a step of the application
        self._awaiting = ""  # the coroutine that was entered last: it starts tasks and threads

    def __enter__(self):
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *exception):
        sys.setprofile(None)
        threading.setprofile(None)

    def _note(self, frame, event, argument):
        if event != "call" or not is_ours(frame):
            return
        caller = frame.f_back
        while caller is not None and not is_ours(caller):
            caller = caller.f_back
        by = name_of(caller) if caller else self._awaiting
        if frame.f_globals["__name__"].startswith(STEPS):
            self.step_callers.add(by)
            return
        self.callers.setdefault(name_of(frame), by)
        if frame.f_code.co_flags & inspect.CO_COROUTINE:
            self._awaiting = name_of(frame)

    def chain(self, function):
        """The functions that lead to a function, the first one first."""
        found = [function]
        while (caller := self.callers.get(found[0])) and caller not in found:
            found.insert(0, caller)
        return found


def is_ours(frame):
    """Whether a frame is a function of the library, and no comprehension."""
    return frame.f_globals.get("__name__", "").startswith("iris_ml.") and not frame.f_code.co_name.startswith("<")


def name_of(frame):
    """The full name of a frame's function."""
    return f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}"


def longest_way(walk):
    """The longest chain that leads to a step of the application."""
    return max((walk.chain(caller) for caller in walk.step_callers if not caller.startswith(STEPS)), key=len)


def test_from_an_http_body_to_its_steps_are_at_most_ten_calls(model, tmp_path):
    """Counts the calls from one function of iris_ml to the next, on the longest chain: from the function that reads the body
    to the function that calls a step of the workflow. A call counts also if it goes through Hamilton, a task or a
    thread. Not counted are the steps and what they call, comprehensions, and helpers that return before the chain goes on, with
    properties among them."""
    save(model, tmp_path / "model.skops")
    client = TestClient(create_app(load_live_model(tmp_path / "model.skops")))
    with Walk() as walk:  # the first request of a service, which is answered in a thread: the longest way
        answer = client.post("/v1/predict", json={"rows": [ROW]})
    assert answer.status_code == 200
    way = longest_way(walk)
    assert way[0].endswith("_respond")
    assert "iris_ml.api.batcher.Batcher._call_in_thread" in way
    assert "iris_ml.models.predictor.Predictor.run" in way
    assert len(way) - 1 <= 10, way


def test_a_predictor_calls_its_steps_within_three_calls(model):
    """Counted in the same way, from `Predictor.run`."""
    predictor = Predictor(model, workflow)
    with Walk() as walk:
        predictor.run(pd.DataFrame([ROW]))
    assert len(longest_way(walk)) - 1 <= 3, longest_way(walk)


def test_ten_requests_build_one_graph(model, tmp_path, monkeypatch):
    built = []
    build = FunctionGraph.__init__

    def counted(self, *arguments, **options):
        built.append(self)
        build(self, *arguments, **options)

    monkeypatch.setattr(FunctionGraph, "__init__", counted)
    save(model, tmp_path / "model.skops")
    workflow._graphs.clear()
    with TestClient(create_app(load_live_model(tmp_path / "model.skops"))) as client:
        for _ in range(10):
            assert client.post("/v1/predict", json={"rows": [ROW]}).status_code == 200
    assert len(built) == 1
