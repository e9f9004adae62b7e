"""The app: the same answers for those who look, and nothing but sentences when something is wrong."""

import gzip
import json
import socket
import subprocess
import sys
import time
import urllib.request
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect
from sklearn.svm import LinearSVC
from streamlit.testing.v1 import AppTest

from iris_ml.app.main import _SCRIPT
from iris_ml.io.readers import read_table
from iris_ml.models.champion import ChampionInfo, write_champion
from iris_ml.models.model_file import save
from iris_ml.models.predictor import predict, run_model, sample_rows
from iris_ml.production import workflow
from tests.fork_server import FORKED_PYTHON, search_components_once

IRIS = read_table("package:iris.csv")


@pytest.fixture(scope="module")
def model():
    return workflow.run("model", progress=False)["model"]


@pytest.fixture(autouse=True, scope="module")
def _components():
    search_components_once()


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


def shown(page, *columns):
    """The tables of the page that have these columns."""
    return [table.value for table in page.dataframe if {*columns} <= {*map(str, table.value)}]


def test_the_sliders_stand_at_a_training_row_and_end_where_the_training_rows_end(opened, model):
    page = opened(model)
    seen = model.profile.columns
    assert [slider.key for slider in page.slider] == list(seen)
    for slider in page.slider:
        bounds = seen[slider.key]
        assert (slider.min, slider.value, slider.max) == (bounds["minimum"], bounds["example"], bounds["maximum"])


def test_the_answer_follows_the_petals(opened, model):
    page = opened(model)
    assert moved(page, petal_length=1.4, petal_width=0.2).metric[0].value == "setosa"
    assert moved(page, petal_length=4.4, petal_width=1.3).metric[0].value == "versicolor"
    assert moved(page, petal_length=6.0, petal_width=2.3).metric[0].value == "virginica"
    assert not page.exception


def test_of_many_columns_those_are_drawn_that_tell_the_training_rows_apart(opened):
    noise = np.random.default_rng(0).normal(size=(len(IRIS), 20)).round(2)
    wide = pd.DataFrame(noise, columns=[f"noise_{number}" for number in range(20)]).join(IRIS)
    page = opened(trained(wide))
    assert "The 12 columns that tell the training rows apart best." in [caption.value for caption in page.caption]
    drawn = [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart")]
    titles = [spec["layer"][0]["encoding"]["x"]["title"] for spec in drawn if spec.get("height") == 260]
    assert len(titles) == 12
    assert {*IRIS.columns} - {"species"} <= {title.split()[0] for title in titles}  # without its unit


def test_the_reasons_are_those_of_the_door(opened, model):
    page = moved(opened(model), petal_length=5.1)
    run = run_model(pd.DataFrame({slider.key: [slider.value] for slider in page.slider}), model, debug=True)
    (nearest,) = shown(page, "distance")
    pd.testing.assert_frame_equal(nearest.reset_index(drop=True), run["nearest"].loc[0].reset_index(drop=True))
    (moves,) = shown(page, "species", "change in its probability")
    assert moves["change in its probability"].abs().max() > 0.01
    assert moves["change in its probability"].tolist() == run["moves"].loc[0].change.tolist()
    assert len(page.get("vega_lite_chart")) == 1 + 4


def test_every_step_is_shown_with_its_value_and_its_place(opened, model):
    page = moved(opened(model), petal_length=6.0)
    run = run_model(pd.DataFrame({slider.key: [slider.value] for slider in page.slider}), model)
    assert [step.value for step in page.subheader if step.value in workflow] == list(run)
    (answers,) = shown(page, *(f"probability_{label}" for label in model.profile.classes))
    pd.testing.assert_frame_equal(answers, run["predictions"])
    assert repr(model.estimator) in [code.value for code in page.code]
    for name in "rows", "features", "predictions":
        assert workflow[name].source.strip() in [code.value.strip() for code in page.code]
        assert workflow[name].place in [caption.value.replace("\\", "") for caption in page.caption]


def test_without_a_model_the_page_is_one_sentence(opened):
    page = opened()
    (error,) = page.error
    assert ".iris_ml/model.skops: there is no model file" in error.value.replace("\\", "")
    assert len(page.main.children) == 1
    assert not page.exception


def test_a_damaged_model_is_one_sentence_and_a_mended_one_answers_again(opened, model):
    page = opened(model)
    file = Path(".iris_ml/model.skops")
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b'{"model": "', b'{"model": "0', 1))
    page.run()
    assert "the file is damaged" in page.error[0].value
    assert not page.exception
    file.write_bytes(whole)
    assert page.run().metric[0].value == "setosa"


def test_a_new_model_answers_at_the_next_move(opened, model):
    page = moved(opened(model), petal_width=2.5)
    narrow = IRIS.assign(petal_width=IRIS.petal_width / 100)
    save(trained(narrow), ".iris_ml/model.skops")
    page.run()
    assert not page.exception
    assert page.slider(key="petal_width").max == 0.025
    assert page.slider(key="petal_width").value < 0.025


def test_a_model_without_probabilities_gives_its_label(opened):
    page = opened(trained(IRIS, estimator=LinearSVC()))
    assert page.metric[0].value == "setosa"
    assert not page.exception


def test_names_that_are_markup_are_shown_as_they_stand(opened):
    table = IRIS.rename(columns={"petal_width": "<script>", "sepal_width": "_width_ in **cm**"})
    page = opened(trained(table.assign(species="*" + table.species + "*")))
    assert page.metric[0].value == r"\*setosa\*"
    assert [slider.label for slider in page.slider][1::2] == [r"\_width\_ in \*\*cm\*\*", r"\<script\>"]


def test_a_column_that_never_varied_cannot_be_moved(opened):
    page = opened(trained(IRIS.assign(constant=3), estimator=LinearSVC()))
    assert page.number_input(key="constant").disabled
    assert shown(page, "constant")[-1].constant.tolist()[0] == 3.0
    assert not page.exception


def uploaded(page, *files):
    """The page after files were put in."""
    page.file_uploader(key=" rows").set_value([(name, content, "text/plain") for name, content in files])
    return page.run()


def as_parquet(rows):
    content = BytesIO()
    rows.to_parquet(content, index=False)
    return content.getvalue()


def as_csv(rows):
    return rows.to_csv(index=False).encode()


NEW = IRIS.drop(columns="species")
UPLOADS = {
    "csv": [("new.csv", as_csv(NEW))],
    "parquet": [("new.parquet", as_parquet(NEW))],
    "compressed": [("new.csv.gz", gzip.compress(as_csv(NEW)))],
    "two of one name": [("new.csv", as_csv(NEW[:70])), ("new.csv", as_csv(NEW[70:]))],
}


@pytest.mark.parametrize("upload", UPLOADS)
def test_an_uploaded_file_is_answered_and_can_be_taken_away(opened, model, upload):
    page = uploaded(opened(model), *UPLOADS[upload])
    assert not page.exception
    assert not page.error
    assert [success.value for success in page.success] == ["Predictions for 150 of 150 rows."]
    (first,) = shown(page, "out_of_domain", *NEW)
    pd.testing.assert_series_equal(first.species, predict(NEW, model).species)
    given = ["Download sample.csv", "Download predictions.csv", "Download report.html"]
    assert [button.label for button in page.download_button] == given
    page.radio(key=" kind").set_value("parquet").run()
    assert page.download_button[1].label == "Download predictions.parquet"


def test_refused_rows_are_shown_with_their_reason_and_can_be_taken_away(opened, model):
    page = uploaded(opened(model), ("new.csv", as_csv(IRIS.replace({"species": {"virginica": "tulip"}}))))
    assert page.success[0].value == "Predictions for 100 of 150 rows."
    (refused,) = shown(page, "refused_because")
    assert refused.refused_because[0] == "column 'species': 'tulip' is none of setosa, versicolor, virginica"
    assert page.download_button[3].label == "Download report_refused.csv"


def test_the_columns_of_a_file_are_listed_with_their_units_beside_a_sample_that_is_answered(opened, model):
    page = opened(model)
    (columns,) = shown(page, "in training")
    assert columns.index.tolist() == [*NEW]
    assert columns.loc["petal_width"].tolist() == ["number", "cm", "0.1 to 2.5"]
    assert page.slider(key="petal_width").label == r"petal_width \(cm\)"
    assert page.download_button[0].label == "Download sample.csv"
    page = uploaded(page, ("sample.csv", sample_rows(model).to_csv(index=False).encode()))
    assert page.success[0].value == "Predictions for 12 of 12 rows."


def test_the_model_in_use_is_known_when_it_is_uploaded_for_a_comparison(opened, model):
    page = opened(model)
    page.file_uploader(key=" other").set_value(("other.skops", Path(".iris_ml/model.skops").read_bytes(), ""))
    assert page.run().info[0].value.startswith("This file holds the model in use, ")
    assert not shown(page, "accuracy", "low", "high")


BAD = {
    "empty": ("new.csv", b""),
    "only a header": ("new.csv", as_csv(NEW.head(0))),
    "no table": ("new.csv", bytes(range(256)) * 10),
    "no parquet": ("new.parquet", b"PAR1 and no more"),
    "no gzip": ("new.csv.gz", b"petal_width"),
    "no json": ("new.jsonl", b"{"),
    "a column too few": ("new.csv", as_csv(NEW.drop(columns="petal_width"))),
    "a column too many": ("new.csv", as_csv(NEW.assign(colour="blue"))),
    "nothing but a torn line": ("new.csv", as_csv(NEW.head(0)) + b"1,2\n"),
    "nothing but text": ("new.csv", as_csv(NEW.astype(str) + " cm")),
}


def test_an_upload_with_a_torn_line_is_answered_and_the_line_is_told(opened, model):
    page = uploaded(opened(model), ("new.csv", as_csv(NEW) + b"1,2\n"))
    assert [success.value for success in page.success] == ["Predictions for 150 of 151 rows."]
    (refused,) = shown(page, "refused_because")
    assert refused.refused_because.tolist() == ["the header has 4 cells, and this line has 2: '1,2'"]


@pytest.mark.parametrize("upload", BAD)
def test_a_bad_upload_is_a_sentence(opened, model, upload):
    page = uploaded(opened(model), BAD[upload])
    assert not page.exception
    (error,) = page.error
    assert "Traceback" not in error.value
    assert "/tmp" not in error.value
    assert not page.success
    assert page.metric[0].value == "setosa", "the rest of the page is as it was"


def test_the_model_is_shown_with_its_scores_its_cost_and_the_place_of_each_step(opened, monkeypatch):
    run = workflow.run(progress=False)
    page = opened(run["model"])
    (record,) = shown(page, "page and cell")
    assert record["page and cell"].to_dict() == {name: workflow[name].place for name in workflow}
    assert {"model file", "load time", "prediction time"} <= {metric.label for metric in page.metric}
    (confusion,) = shown(page, "setosa", "versicolor", "virginica")
    assert confusion.to_numpy().sum() == len(run["model"].profile.sample["species"])
    assert "The sample is too small for slices" in " ".join(caption.value for caption in page.caption)


def test_the_slices_on_which_the_model_is_worse_are_shown_with_it(opened):
    rows = pd.DataFrame({"size": [1.0, 2.0] * 60, "kind": ["a", "a", "b", "b"] * 30, "sold": ["yes", "no"] * 60})
    rows.loc[rows.kind == "a", "sold"] = ["yes", "yes", "no", "no"] * 15  # the size tells nothing of these
    page = opened(workflow.swap(raw=rows, target="sold", split_by="random").run("model", progress=False)["model"])
    (slices,) = shown(page, "rows where")
    assert slices["rows where"].tolist() == ["kind = a"]


def test_a_model_that_was_trained_here_brings_its_scores(opened):
    opened()
    subprocess.run([*FORKED_PYTHON, Path(sys.executable).with_name("iris_ml"), "run", "--quiet"], check=True)
    (record,) = Path(".iris_ml/records").glob("*.json")
    page = opened()
    scores = json.loads(record.read_text())["scores"]
    assert f"{scores['accuracy']:.3f}" in [metric.value for metric in page.metric if metric.label == "accuracy"]
    assert any(f"record {record.stem}" in caption.value.replace("\\", "") for caption in page.caption)
    (confusion,) = shown(page, "setosa", "versicolor", "virginica")
    assert confusion.to_numpy().sum() == scores["test_rows"], "those are judged that the model has not learned"
    assert confusion.to_numpy().trace() == pytest.approx(scores["accuracy"] * scores["test_rows"])


def test_an_uploaded_table_with_labels_is_drawn_as_in_the_report(opened, model):
    page = opened(model)
    strange = IRIS.assign(petal_length=IRIS.petal_length.where(IRIS.index != 3, 90.0))
    page.file_uploader(key=" rows").set_value([("rows.csv", as_csv(strange), "text/csv")])
    headings = [heading.value for heading in page.run().subheader]
    assert {"ROC, precision and recall", "Beside the training rows", "Outliers", "Confusion matrix", "Calibration"} <= {*headings}


def test_the_champion_file_itself_and_a_model_of_another_target_are_not_compared(opened, model, tmp_path):
    page = opened(model)
    write_champion(tmp_path / "champion", ChampionInfo("0" * 64))
    page.file_uploader(key=" other").set_value(("model.skops", (tmp_path / "champion").read_bytes(), ""))
    assert "This file only names the champion, 000000000000" in page.run().info[0].value
    other = workflow.swap(raw=IRIS.rename(columns={"species": "kind"}), target="kind").run("model", progress=False)["model"]
    save(other, tmp_path / "other.skops")
    page.file_uploader(key=" other").set_value(("other.skops", (tmp_path / "other.skops").read_bytes(), ""))
    assert "it predicts 'kind', and this model 'species'" in page.run().error[0].value.replace("\\", "")


def test_another_model_is_laid_beside_this_one_on_the_same_rows(opened, model, tmp_path):
    page = opened(model)
    save(trained(IRIS, estimator=LinearSVC()), tmp_path / "other.skops")
    page.file_uploader(key=" other").set_value(("other.skops", (tmp_path / "other.skops").read_bytes(), ""))
    page.file_uploader(key=" labelled").set_value(("known.csv", as_csv(IRIS), "text/csv"))
    page.run()
    assert not page.exception
    (table,) = shown(page, "accuracy", "low", "high")
    assert table.accuracy["this model"] == pytest.approx((predict(IRIS, model).species == IRIS.species).mean())
    page.file_uploader(key=" other").set_value(("other.skops", b"no model", ""))
    assert "this is not a model file of iris" in page.run().error[0].value


@pytest.fixture
def address(tmp_path, model):
    """The app, served on a free port of this machine."""
    save(model, tmp_path / ".iris_ml" / "model.skops")
    (tmp_path / "new.csv").write_bytes(as_csv(IRIS))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*FORKED_PYTHON, Path(sys.executable).with_name("iris_ml"), "app", "--port", str(port)]
    app = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        for _ in range(1200):
            assert app.poll() is None, "the app ended"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5)
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        app.terminate()
        app.wait(timeout=60)


def test_a_browser_shows_an_answer_that_follows_a_key_and_asks_no_other_host(browser, address):
    page = browser.new_page()
    asked = set()
    page.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
    page.goto(address)
    answer = page.get_by_test_id("stMetricValue").first
    expect(answer).to_have_text("setosa")
    page.get_by_role("slider", name="petal_length").press("End")
    page.get_by_role("slider", name="petal_width").press("End")
    expect(answer).to_have_text("virginica")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    page.get_by_role("tab", name="Model").click()
    drawing = page.get_by_alt_text("The workflow: raw, rows")
    expect(drawing).to_be_visible()
    assert drawing.evaluate("picture => picture.naturalWidth") > 0
    assert {address.replace("http", scheme) for scheme in ("http", "ws")} >= asked


def settle(page):
    """Wait until the app has run, and a moment more for the browser to draw it."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(500)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_each_page_fits_the_window_and_leaves_a_picture(browser, address, tmp_path, scheme, width, request):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(address)
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("setosa")
    for tab in "Try", "File", "Model":
        page.get_by_role("tab", name=tab).click()
        if tab == "File":
            page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(tmp_path / "new.csv")
            expect(page.get_by_text("Predictions for 150 of 150 rows.")).to_be_visible()
        settle(page)
        whole = page.get_by_test_id("stMainBlockContainer").bounding_box()["height"]
        page.set_viewport_size({"width": width, "height": int(whole) + 120})
        settle(page)
        picture = tmp_path / f"{tab}-{scheme}-{width}.png"
        page.screenshot(path=picture)
        assert picture.stat().st_size > 20_000
        if (tab, scheme, width) == ("Try", "light", 1280) and request.config.getoption("save"):  # for the site's first page
            above = {"x": 40, "y": 90, "width": width - 80, "height": 980}
            page.screenshot(path=Path(__file__).parents[1] / "docs" / "app.png", clip=above)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing lies beside the window"
        page.set_viewport_size({"width": width, "height": 900})
