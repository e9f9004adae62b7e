"""The report: a page and its predictions, true to the door, complete or not there at all."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from sklearn.svm import LinearSVC

import iris_ml.report
from iris_ml.model_files import save
from iris_ml.predict import predict
from iris_ml.production import workflow
from iris_ml.report import report
from iris_ml.sources import raw, read_table, write_table
from iris_ml.vocabulary import DataError, IrisError, ModelFileError

IRIS = raw("package:iris.csv")


@pytest.fixture(scope="module")
def model():
    return workflow.run("model", progress=False)["model"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty working folder with two files of flowers."""
    monkeypatch.chdir(tmp_path)
    write_table(IRIS, "known.csv")
    write_table(IRIS.drop(columns="species"), "new.csv")
    return tmp_path


def left():
    """What lies in the working folder, without the flowers."""
    return {path.name: path.read_bytes() for path in Path().iterdir() if path.name not in {"known.csv", "new.csv"}}


def elements(page):
    """The tags of a page, each with its attributes."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(Path(page).read_text(encoding="utf-8"))
    return found


def words(page):
    """The text of a page as a reader sees it."""
    texts = []
    parser = HTMLParser()
    parser.handle_data = texts.append
    parser.feed(Path(page).read_text(encoding="utf-8"))
    return " ".join(" ".join(texts).split())


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_predictions_are_those_of_the_door_beside_the_rows_in_their_order(model, ending):
    shuffled = IRIS.drop(columns="species").sample(frac=1, random_state=1)
    write_table(shuffled, f"shuffled.{ending}")
    _, predictions = report(f"shuffled.{ending}", "page.html", model)
    assert predictions.name == f"page_predictions.{ending}"
    rows = read_table(f"shuffled.{ending}")
    pd.testing.assert_frame_equal(read_table(predictions), rows.join(predict(rows, model)), rtol=0, atol=1e-9)


def test_the_page_counts_what_the_predictions_hold(model):
    page, predictions = report("new.csv", model=model)
    for species, count in read_table(predictions).species.value_counts().items():
        assert f"{species} {count} ({count / 150:.1%})" in words(page)
    assert "150 in all" in words(page)


def test_known_labels_give_accuracy_with_interval_and_who_was_taken_for_whom(model):
    page, predictions = report("known.csv", model=model)
    answered = read_table(predictions)
    right = (answered.species == answered.species_predicted).sum()
    assert 0 < right < 150
    assert f"{right} of 150 answers are right: an accuracy of {right / 150:.3f}" in words(page)
    low, high = map(float, re.search(r"between ([\d.]+) and ([\d.]+)\.", words(page)).groups())
    assert low < right / 150 < high
    for species, row in pd.crosstab(answered.species, answered.species_predicted).iterrows():
        assert " ".join([species, *map(str, row)]) in words(page)


def test_unknown_labels_give_no_accuracy(model):
    page, _ = report("new.csv", model=model)
    assert "accuracy" not in words(page)


def test_labels_under_their_names_in_the_source_are_held_against_the_answers():
    names = dict(zip(["SepalLengthCm", "SepalWidthCm", "PetalLengthCm", "PetalWidthCm", "Species"], IRIS, strict=True))
    kaggle = IRIS.set_axis(list(names), axis=1).assign(Species="Iris-" + IRIS.species)
    relabel = {f"Iris-{species}": species for species in IRIS.species.unique()}
    model = workflow.swap(raw=kaggle, rename=names, relabel=relabel).run("model", progress=False)["model"]
    write_table(kaggle, "kaggle.csv")
    page, predictions = report("kaggle.csv", model=model)
    assert int(re.search(r"(\d+) of 150 answers are right", words(page)).group(1)) > 135
    assert list(read_table(predictions))[:6] == [*names, "species"]


def test_a_model_without_probabilities_gets_a_page_without_confidence():
    model = workflow.swap(classifier=LinearSVC()).run("model", progress=False)["model"]
    page, predictions = report("new.csv", model=model)
    assert "Answers" in words(page)
    assert "Confidence" not in words(page)
    assert list(read_table(predictions)) == list(IRIS)


def test_the_approved_model_answers_where_none_is_given(model):
    with pytest.raises(ModelFileError, match="there is no model file"):
        report("new.csv")
    assert left() == {}
    save(model, ".iris_ml/model.skops")
    page, _ = report("new.csv")
    assert "150 in all" in words(page)


HOSTILE = "<script>alert(1)</script>"


def test_hostile_names_of_file_column_and_class_come_out_as_text():
    strange = IRIS.rename(columns={"petal_width": HOSTILE, "sepal_width": '"><img src=x onerror=alert(2)>'})
    strange["species"] = strange.species.replace("setosa", "</main></body><script src=//elsewhere.example/x.js>")
    strange["colour"] = "&lt;b&gt;"
    columns = list(strange.columns[:4])
    trained = workflow.swap(raw=strange, feature_names=columns, classes=[], passthrough=["colour"])
    write_table(strange, "<img src=x>'\".csv")
    page, _ = report("<img src=x>'\".csv", "page.html", trained.run("model", progress=False)["model"])
    found = elements(page)
    assert not {"script", "img"} & {tag for tag, _ in found}
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    for name in [HOSTILE, "<img src=x>'\".csv", "&lt;b&gt;", "</main></body><script src=//elsewhere.example/x.js>"]:
        assert name in words(page)


def test_the_page_fetches_nothing(model):
    page, predictions = report("known.csv", model=model)
    addresses = [value for _, attributes in elements(page) for name, value in attributes.items() if name in {"src", "href"}]
    assert addresses == [predictions.name]
    (policy,) = [attributes["content"] for _, attributes in elements(page) if "http-equiv" in attributes]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert "url(" not in page.read_text(encoding="utf-8")


def test_the_same_rows_give_the_same_bytes(model):
    report("known.csv", model=model)
    before = left()
    report("known.csv", model=model)
    assert left() == before


def a_missing_file():
    return "missing.csv"


def rows_without_a_column():
    write_table(IRIS.drop(columns="petal_width"), "new.csv")
    return "new.csv"


def a_number_that_is_text():
    write_table(IRIS.astype({"petal_width": str}).replace({"petal_width": {"0.2": "narrow"}}), "new.csv")
    return "new.csv"


def an_unknown_label():
    write_table(IRIS.replace({"species": {"setosa": "tulip"}}), "new.csv")
    return "new.csv"


def no_rows():
    write_table(IRIS.head(0), "new.csv")
    return "new.csv"


@pytest.mark.parametrize(
    "mistake", [a_missing_file, rows_without_a_column, a_number_that_is_text, an_unknown_label, no_rows]
)
def test_bad_rows_leave_the_old_report(model, mistake):
    report("known.csv", model=model)
    before = left()
    with pytest.raises(IrisError):
        report(mistake(), model=model)
    assert left() == before


def interrupted_before_the_predictions(table, path):
    raise KeyboardInterrupt


def interrupted_within_the_predictions(table, path):
    def half(self, file, index):
        Path(file).write_text("sepal_length,sep")
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pd.DataFrame, "to_csv", half)
        write_table(table, path)


@pytest.mark.parametrize("interrupted", [interrupted_before_the_predictions, interrupted_within_the_predictions])
@pytest.mark.parametrize("earlier", [["new.csv"], []])
def test_an_interrupted_report_leaves_the_old_one_or_none(model, monkeypatch, interrupted, earlier):
    for file in earlier:
        report(file, model=model)
    before = left()
    monkeypatch.setattr(iris_ml.report, "write_table", interrupted)
    with pytest.raises(KeyboardInterrupt):
        report("known.csv", model=model)
    assert left() == before


def test_what_was_asked_about_is_never_overwritten(model):
    Path("known.csv").rename("page_predictions.csv")
    before = left()
    with pytest.raises(DataError, match="would replace the rows"):
        report("page_predictions.csv", "page.html", model)
    with pytest.raises(DataError, match="this is no name for one"):
        report("page_predictions.csv", "page_predictions.csv", model)
    assert left() == before
