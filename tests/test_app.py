"""The app: the same answers for those who look, and nothing but sentences when something is wrong."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import expect, sync_playwright
from sklearn.svm import LinearSVC
from streamlit.testing.v1 import AppTest

from iris_ml.app import _SCRIPT
from iris_ml.model_files import save
from iris_ml.predict import ask
from iris_ml.production import workflow
from iris_ml.sources import raw

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)


@pytest.fixture(scope="module")
def model():
    return workflow.run("model", progress=False)["model"]


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A function that opens the page in a folder, with a model or with none."""
    monkeypatch.chdir(tmp_path)

    def opened(model=None):
        if model is not None:
            save(model, ".iris_ml/model.skops")
        return AppTest.from_string(_SCRIPT, default_timeout=60).run()

    return opened


def trained(table, **values):
    """A model of another table."""
    columns = [name for name in table if name != "species"]
    return workflow.swap(raw=table, feature_names=columns, classes=[], **values).run("model", progress=False)["model"]


def moved(page, **values):
    """The page after sliders were moved."""
    for name, value in values.items():
        page.slider(key=name).set_value(value)
    return page.run()


def test_the_sliders_stand_at_the_medians_and_end_where_the_training_rows_end(opened, model):
    page = opened(model)
    seen = model.profile["columns"]
    assert [slider.key for slider in page.slider] == list(seen)
    for slider in page.slider:
        bounds = seen[slider.key]
        assert (slider.min, slider.value, slider.max) == (bounds["minimum"], bounds["median"], bounds["maximum"])


def test_the_answer_follows_the_petals(opened, model):
    page = opened(model)
    assert moved(page, petal_length=1.4, petal_width=0.2).metric[0].value == "setosa"
    assert moved(page, petal_length=4.4, petal_width=1.3).metric[0].value == "versicolor"
    assert moved(page, petal_length=6.0, petal_width=2.3).metric[0].value == "virginica"
    assert not page.exception


def test_every_step_is_shown_with_its_value_and_its_place(opened, model):
    page = moved(opened(model), petal_length=6.0)
    run = ask(pd.DataFrame({slider.key: [slider.value] for slider in page.slider}), model)
    assert [step.value for step in page.subheader] == list(run)
    tables = [value for value in map(run.__getitem__, run) if isinstance(value, pd.DataFrame | pd.Series)]
    assert len(tables) == len(page.dataframe) == 5
    for shown, value in zip(page.dataframe, tables, strict=True):
        pd.testing.assert_frame_equal(shown.value, pd.DataFrame(value))
    assert repr(model.estimator) in [code.value for code in page.code]
    for name in "flowers", "features", "predictions", "probabilities":
        assert workflow[name].source.strip() in [code.value.strip() for code in page.code]
        assert workflow[name].place in [caption.value.replace("\\", "") for caption in page.caption]


def test_without_a_model_the_page_is_one_sentence(opened):
    page = opened()
    (error,) = page.error
    assert error.value.replace("\\", "").startswith(".iris_ml/model.skops: there is no model file")
    assert len(page.main.children) == 1
    assert not page.exception


def test_a_damaged_model_is_one_sentence_and_a_mended_one_answers_again(opened, model):
    page = opened(model)
    file = Path(".iris_ml/model.skops")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    page.run()
    assert "the file is damaged" in page.error[0].value
    assert not page.exception
    file.write_bytes(whole)
    assert page.run().metric[0].value == "versicolor"


def test_a_new_model_answers_at_the_next_move(opened, model):
    page = moved(opened(model), petal_width=2.5)
    narrow = raw("package:iris.csv")
    narrow["petal_width"] /= 100
    save(trained(narrow), ".iris_ml/model.skops")
    page.run()
    assert not page.exception
    assert page.slider(key="petal_width").max == 0.025
    assert page.slider(key="petal_width").value < 0.025


def test_a_model_without_probabilities_gives_its_label(opened):
    page = opened(trained(raw("package:iris.csv"), classifier=LinearSVC()))
    assert page.metric[0].value == "versicolor"
    assert not page.exception


def test_names_that_are_markup_are_shown_as_they_stand(opened):
    table = raw("package:iris.csv").rename(columns={"petal_width": "<script>", "sepal_width": "_width_ in **cm**"})
    page = opened(trained(table.assign(species="*" + table.species + "*")))
    assert page.metric[0].value == r"\*versicolor\*"
    assert [slider.label for slider in page.slider][1::2] == [r"\_width\_ in \*\*cm\*\*", r"\<script\>"]


def test_a_column_that_never_varied_cannot_be_moved(opened):
    page = opened(trained(raw("package:iris.csv").assign(constant=3), classifier=LinearSVC()))
    assert page.number_input(key="constant").disabled
    assert page.dataframe[0].value.constant.tolist() == [3.0]


@pytest.fixture
def address(tmp_path, model):
    """The app, served on a free port of this machine."""
    save(model, tmp_path / ".iris_ml" / "model.skops")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = Path(sys.executable).with_name("iris_ml")
    app = subprocess.Popen([command, "app", "--port", str(port)], cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            assert app.poll() is None, "the app ended"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        app.terminate()
        app.wait(timeout=10)


@pytest.fixture
def browser():
    if BROWSER is None and os.environ.get("CI") != "true":
        pytest.skip("there is no Chromium on this machine")
    assert BROWSER, "there is no Chromium on this machine"
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=BROWSER, args=arguments)
        yield browser
        browser.close()


def test_a_browser_shows_an_answer_that_follows_a_key_and_asks_no_other_host(browser, address):
    page = browser.new_page()
    asked = set()
    page.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
    page.goto(address)
    answer = page.get_by_test_id("stMetricValue")
    expect(answer).to_have_text("versicolor", timeout=30_000)
    page.get_by_role("slider", name="petal_length").press("Home")
    page.get_by_role("slider", name="petal_width").press("Home")
    expect(answer).to_have_text("setosa", timeout=30_000)
    drawing = page.get_by_alt_text("The workflow, drawn")
    assert drawing.evaluate("picture => picture.naturalWidth") > 0
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    assert {address.replace("http", scheme) for scheme in ("http", "ws")} >= asked
