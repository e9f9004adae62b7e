"""The report: true to the door however the rows come, flat in memory, complete or not there at all."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster
from sklearn.metrics import classification_report, log_loss
from sklearn.svm import LinearSVC

import iris_ml.batch.report
from iris_ml.base.errors import DataError, IrisError, ModelFileError, SettingsError
from iris_ml.base.settings import read_settings
from iris_ml.batch.charts import Distribution, distribution, draw_distribution, draw_errors, draw_spans
from iris_ml.batch.report import report
from iris_ml.io.locations import package_file
from iris_ml.io.readers import RowFinder, read_table, write_table
from iris_ml.models.model_file import save
from iris_ml.models.predictor import predict
from iris_ml.production import workflow
from iris_ml.stats.column_types import as_numbers
from tests.fork_server import FORKED_PYTHON
from torture.report import killed

IRIS = read_table(package_file("package:iris.csv"))
NEW = IRIS.drop(columns="species")


@pytest.fixture(scope="module")
def model():
    return workflow.run("model", progress=False)["model"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty working folder with two files of flowers."""
    monkeypatch.chdir(tmp_path)
    write_table(IRIS, "known.csv")
    write_table(NEW, "new.csv")
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


def one(ending):
    """One file of a kind."""

    def file(rows):
        write_table(rows, f"rows.{ending}")
        return f"rows.{ending}"

    file.__name__ = f"one {ending}"
    return file


def compressed(rows):
    Path("rows.csv.gz").write_bytes(gzip.compress(Path(one("csv")(rows)).read_bytes()))
    return "rows.csv.gz"


def two_files(rows):
    write_table(rows[:70], "a.csv")
    write_table(rows[70:], "b.csv")
    return ["a.csv", "b.csv"]


def a_pattern(rows):
    Path("many").mkdir()
    for start in range(0, len(rows), 40):
        write_table(rows[start : start + 40], f"many/{start:03}.parquet")
    return "many/*.parquet"


def a_folder(rows):
    a_pattern(rows)
    return Path("many")


def an_address(rows):
    return Path(one("csv")(rows)).absolute().as_uri()


KINDS = [*map(one, ("csv", "parquet", "jsonl")), compressed, two_files, a_pattern, a_folder, an_address]


@pytest.mark.parametrize("most", [1, 7, 1000])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_predictions_are_those_of_the_door_beside_the_rows_in_their_order(model, kind, most):
    shuffled = NEW.sample(80 if most == 1 else 150, random_state=1, ignore_index=True)
    written = report(kind(shuffled), "page.html", model, most=most)
    answered = read_table(written.predictions)
    flags = answered.pop("out_of_domain").astype("str").fillna("")
    pd.testing.assert_frame_equal(answered, shuffled.join(predict(shuffled, model)), rtol=0, atol=1e-9)
    seen = model.profile.columns
    for name, column in shuffled.items():
        outside = (column < seen[name]["minimum"]) | (column > seen[name]["maximum"])
        assert flags.str.contains(name).tolist() == outside.tolist()


def test_page_and_json_count_what_the_predictions_hold(model):
    written = report("new.csv", model=model)
    said = json.loads(written.data.read_text())
    for species, count in read_table(written.predictions).species.value_counts().items():
        assert f"{species} {count} ({count / 150:.1%})" in words(written.page)
        assert said["answers"][species] == count
    assert (said["rows"], said["answered"], said["refused"]) == (150, 150, 0)


def test_known_labels_give_what_scikit_learn_says_of_them(model):
    written = report("known.csv", model=model, most=40)
    labels, answered = json.loads(written.data.read_text())["labels"], read_table(written.predictions)
    right = (answered.species == answered.species_predicted).sum()
    assert 0 < right < 150
    assert f"{right} of 150 predictions are correct: an accuracy of {right / 150:.3f}" in words(written.page)
    low, high = map(float, re.search(r"between ([\d.]+) and ([\d.]+)\.", words(written.page)).groups())
    assert low < right / 150 < high
    for species, row in pd.crosstab(answered.species, answered.species_predicted).iterrows():
        assert " ".join([species, *map(str, row)]) in words(written.page)
        assert labels["confusion"][species] == row.to_dict()
    figures = classification_report(answered.species, answered.species_predicted, output_dict=True)
    for of_class in labels["per_class"]:
        expected = figures[of_class["class"]]
        assert [of_class[name] for name in ("precision", "recall", "f1")] == pytest.approx(
            [expected[name] for name in ("precision", "recall", "f1-score")]
        )
    shares = answered.filter(like="probability_")
    assert labels["log_loss"] == pytest.approx(log_loss(answered.species, shares))
    sure = shares.to_numpy()[np.arange(150), pd.Index(model.profile.classes).get_indexer(answered.species)]
    wrong = sure[answered.species != answered.species_predicted]
    assert [row["probability of truth"] for row in labels["largest_loss"]] == pytest.approx(sorted(wrong)[:20])


def test_unknown_labels_give_no_accuracy(model):
    said = words(report("new.csv", model=model).page)
    assert "accuracy of" not in said
    assert "ROC" not in said


def test_a_drifted_column_is_named_and_the_others_are_not(model):
    write_table(NEW.assign(sepal_width=NEW.sepal_width + 0.5), "moved.csv")
    said = report("moved.csv", model=model).summary
    assert [name for name, column in said.drift.items() if column.drifted] == ["sepal_width"]
    assert "Drifted from the training data: sepal_width." in words("report.html")
    assert not any(column.drifted for column in report("new.csv", model=model).summary.drift.values())


def test_labels_under_their_names_in_the_source_are_held_against_the_answers():
    names = dict(zip(["SepalLengthCm", "SepalWidthCm", "PetalLengthCm", "PetalWidthCm", "Species"], IRIS, strict=True))
    kaggle = IRIS.set_axis(list(names), axis=1).assign(Species="Iris-" + IRIS.species)
    relabel = {f"Iris-{species}": species for species in IRIS.species.unique()}
    model = workflow.swap(raw=kaggle, rename=names, relabel=relabel).run("model", progress=False)["model"]
    write_table(kaggle, "kaggle.csv")
    written = report("kaggle.csv", model=model)
    assert int(re.search(r"(\d+) of 150 predictions are correct", words(written.page)).group(1)) > 135
    assert list(read_table(written.predictions))[:6] == [*names, "species"]


@pytest.mark.filterwarnings("error::pandas.errors.PerformanceWarning")
def test_a_table_of_many_columns_is_reported_without_a_warning():
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 150)).round(2)).add_prefix("c")
    rows["kind"] = np.where(rows.c0 > 0, "a", "b")
    rows.to_parquet("wide.parquet")
    chosen = workflow.swap(raw=rows, target="kind", feature_names=[], classes=[])
    save(chosen.run("model", progress=False)["model"], ".iris_ml/model.skops")
    assert report("wide.parquet", "report.html").summary.answered == len(rows)


def test_a_model_without_probabilities_gets_a_page_without_confidence():
    model = workflow.swap(estimator=LinearSVC()).run("model", progress=False)["model"]
    written = report("known.csv", model=model)
    assert "Predictions" in words(written.page)
    assert "Confidence" not in words(written.page)
    assert list(read_table(written.predictions)) == [*IRIS, "species_predicted", "out_of_domain"]


def test_the_approved_model_answers_where_none_is_given(model):
    with pytest.raises(ModelFileError, match="there is no model file"):
        report("new.csv")
    assert left() == {}
    save(model, ".iris_ml/model.skops")
    assert "150 rows, 150 predictions in" in words(report("new.csv").page)


HOSTILE = "<script>alert(1)</script>"


def test_hostile_names_of_file_column_and_class_come_out_as_text():
    strange = IRIS.rename(columns={"petal_width": HOSTILE, "sepal_width": '"><img src=x onerror=alert(2)>'})
    strange["species"] = strange.species.replace("setosa", "</main></body><script src=//elsewhere.example/x.js>")
    strange["colour"] = "&lt;b&gt;"
    columns = list(strange.columns[:4])
    trained = workflow.swap(raw=strange, feature_names=columns, classes=[], passthrough=["colour"])
    write_table(strange, "<img src=x>'\".csv")
    page = report("<img src=x>'\".csv", "page.html", trained.run("model", progress=False)["model"]).page
    found = elements(page)
    assert not {"script", "img"} & {tag for tag, _ in found}
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    for name in [HOSTILE, "<img src=x>'\".csv", "&lt;b&gt;", "</main></body><script src=//elsewhere.example/x.js>"]:
        assert name in words(page)


def test_the_page_fetches_nothing(model):
    written = report("known.csv", model=model)
    found = elements(written.page)
    addresses = [value for _, attributes in found for name, value in attributes.items() if name in {"src", "href"}]
    assert addresses == [written.predictions.name]
    (policy,) = [attributes["content"] for _, attributes in found if "http-equiv" in attributes]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert "url(" not in written.page.read_text(encoding="utf-8")


def test_the_same_rows_give_the_same_bytes(model):
    report("known.csv", model=model)
    before = left()
    report("known.csv", model=model)
    assert left() == before


@pytest.mark.parametrize("most", [1, 10, 1000])
def test_wrong_rows_are_put_aside_with_their_number_and_reason_and_the_others_answered(model, most):
    rows = IRIS.astype({"petal_width": object})
    rows.loc[3, "petal_width"], rows.loc[60, "species"], rows.loc[61, "sepal_width"] = "wide", "tulip", np.inf
    write_table(rows, "wrong.csv")
    written = report("wrong.csv", model=model, most=most)
    refused = pd.read_csv(written.refused, index_col="row")
    assert refused.refused_because.to_dict() == {
        3: "column 'petal_width': 'wide' is not a finite number",
        60: "column 'species': 'tulip' is none of setosa, versicolor, virginica",
        61: "column 'sepal_width': inf is not a finite number",
    }
    right = NEW.drop(index=[3, 60, 61])
    answered = read_table(written.predictions)
    assert answered.species_predicted.tolist() == predict(right, model).species.tolist()
    assert (written.summary.rows, written.summary.answered, written.summary.refused) == (150, 147, 3)


def csv_with_torn_lines():
    lines = NEW.to_csv(index=False).splitlines()
    lines[3], lines[60], lines[150] = "5.1,3.5", f"{lines[60]},setosa", '"5.1'
    Path("torn.csv").write_text("\n".join([*lines[:100], "", *lines[100:], ""]))
    told = "the header has 4 cells, and this line has {}: {!r}".format
    return "torn.csv", {2: told(2, "5.1,3.5"), 59: told(5, lines[60]), 149: told(1, '"5.1')}


def json_lines_with_torn_lines():
    write_table(NEW, "torn.jsonl")
    lines = Path("torn.jsonl").read_text().splitlines()
    lines[2], lines[59], lines[149] = '{"sepal_length": 5', "[5.1, 3.5]", "\udcff"
    Path("torn.jsonl").write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    told = "the line is not a JSON object: {!r}".format
    return "torn.jsonl", {2: told(lines[2]), 59: told(lines[59]), 149: told("\ufffd")}


@pytest.mark.parametrize("most", [1, 10, 1000])
@pytest.mark.parametrize("torn", [csv_with_torn_lines, json_lines_with_torn_lines])
def test_lines_that_are_no_rows_are_put_aside_among_the_others(model, torn, most):
    file, reasons = torn()
    written = report(file, model=model, most=most)
    refused = pd.read_csv(written.refused, index_col="row")
    assert refused.refused_because.to_dict() == reasons
    lines = [3, 60, 150] if torn is json_lines_with_torn_lines else [4, 61, 152]  # below the header and an empty line
    assert refused.place_in_file.tolist() == [f"line {line}" for line in lines]
    answered, right = read_table(written.predictions), NEW.drop(index=[*reasons])
    pd.testing.assert_frame_equal(answered[[*NEW]], right.reset_index(drop=True))
    assert answered.species.tolist() == predict(right, model).species.tolist()
    assert (written.summary.rows, written.summary.answered, written.summary.refused) == (150, 147, 3)


def test_torn_lines_are_counted_on_from_file_to_file(model, client):
    file, reasons = csv_with_torn_lines()
    Path("nothing_else.csv").write_text("\n".join([",".join(NEW), "1", "2", ""]))
    expected = {*reasons, 150, 151, *(152 + row for row in reasons)}
    for on in None, client:
        written = report([file, "nothing_else.csv", file], model=model, on=on, most=40)
        refused = pd.read_csv(written.refused, index_col="row")
        assert {*refused.index} == expected
        places = refused.place_in_file[[2, 151, 154]].tolist()
        assert places == ["torn.csv, line 4", "nothing_else.csv, line 3", "torn.csv, line 4"]
        assert written.summary.rows == 302


@pytest.mark.parametrize("header", ["size,note", '"size\n(cm)",note', ""])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_row_is_found_on_its_line_in_any_form_of_a_file(header, ending):
    text = f'{header}\r\n1,"two\r\nlines, ""quoted"""\r\n\r\n# a comment\r\n2,none\r\n3,"é"\r\n'.lstrip("\r\n")
    reader = {"encoding": "cp1252", "comment": "#"} | ({} if header else {"header": "none"})
    content = text.encode("cp1252")
    Path(f"rows.csv{ending}").write_bytes(gzip.compress(content) if ending else content)
    found = RowFinder([f"rows.csv{ending}"], reader).find(range(3))
    lines = re.split(r"\r?\n", text)
    starts = [next(number for number, line in enumerate(lines, 1) if line.startswith(f"{row},")) for row in (1, 2, 3)]
    assert found == [f"line {line}" for line in starts]


def test_strictly_a_torn_line_stops_everything(model):
    file, _ = csv_with_torn_lines()
    with pytest.raises(DataError, match="line 4: the header has 4 cells, and this line has 2"):
        report(file, model=model, strict=True)
    assert [*left()] == [file]


def a_missing_file():
    return "missing.csv"


def rows_without_a_column():
    write_table(IRIS.drop(columns="petal_width"), "new.csv")
    return "new.csv"


def nothing_but_wrong_rows():
    write_table(IRIS.assign(petal_width="wide"), "new.csv")
    return "new.csv"


def nothing_but_torn_lines():
    Path("new.csv").write_text("a,b\n1\n2\n")
    return "new.csv"


def no_rows():
    write_table(IRIS.head(0), "new.csv")
    return "new.csv"


def a_file_of_another_table_among_them():
    write_table(IRIS.assign(colour="blue"), "other.csv")
    return ["new.csv", "other.csv"]


MISTAKES = [
    a_missing_file,
    rows_without_a_column,
    nothing_but_wrong_rows,
    nothing_but_torn_lines,
    no_rows,
    a_file_of_another_table_among_them,
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_bad_table_leaves_the_old_report(model, mistake):
    report("known.csv", model=model)
    source = mistake()
    before = left()
    with pytest.raises(IrisError):
        report(source, model=model)
    assert left() == before


def test_strictly_the_first_wrong_row_stops_everything(model):
    report("known.csv", model=model)
    write_table(IRIS.replace({"species": {"virginica": "tulip"}}), "new.csv")
    before = left()
    with pytest.raises(DataError, match="line 102: column 'species': 'tulip'"):
        report("new.csv", model=model, strict=True)
    assert left() == before


@pytest.mark.parametrize("where", ["summarize_counts", "render_report", "merge_counts"])
def test_an_interrupted_report_leaves_the_old_one(model, monkeypatch, where):
    def interrupted(*_):
        raise KeyboardInterrupt

    report("new.csv", model=model)
    before = left()
    monkeypatch.setattr(iris_ml.batch.report, where, interrupted)
    with pytest.raises(KeyboardInterrupt):
        report("known.csv", model=model)
    assert left() == before


def test_what_was_asked_about_is_never_overwritten(model):
    Path("known.csv").rename("page_predictions.csv")
    before = left()
    with pytest.raises(DataError, match="the rows are in this file"):
        report("page_predictions.csv", "page.html", model)
    with pytest.raises(DataError, match="a report is an HTML page"):
        report("page_predictions.csv", "page_predictions.csv", model)
    assert left() == before


def flowers(rows, path):
    """Write many flowers, a hundred thousand at a time."""
    random = np.random.default_rng(0)
    with pq.ParquetWriter(path, iris_ml.batch.scoring._arrow(NEW).schema) as writer:
        for _ in range(rows // 100_000):
            some = NEW.iloc[random.integers(0, 150, 100_000)] + random.normal(0, 0.02, (100_000, 4))
            writer.write_table(iris_ml.batch.scoring._arrow(some.clip(lower=0.1)))


def started(*words):
    """A report in a process of its own."""
    command = [*FORKED_PYTHON, Path(sys.executable).with_name("iris_ml"), "report", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_memory_does_not_grow_with_the_rows(model):
    save(model, ".iris_ml/model.skops")
    last = "import atexit, pathlib; atexit.register(lambda: print(pathlib.Path('/proc/self/status').read_text()))"
    peaks = []
    for rows in 1_000_000, 4_000_000:
        flowers(rows, "many.parquet")
        command = [sys.executable, "-c", f"{last}; from iris_ml.cli.entry import main; main()", "report", "many.parquet"]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        assert pq.ParquetFile("report_predictions.parquet").metadata.num_rows == rows
        peaks.append(int(re.search(r"VmHWM:\s+(\d+) kB", said)[1]) / 1000)
    assert max(peaks) < 600, peaks
    assert peaks[1] < peaks[0] + 120, "3 million rows with their answers would take 200 MB"


def test_killed_at_any_moment_it_leaves_the_old_report_or_the_new_one():
    assert killed(6, rows=100_000) == (6, 0)


def test_exit_codes_tell_a_scheduler_what_happened(model):
    save(model, ".iris_ml/model.skops")
    write_table(IRIS.replace({"species": {"virginica": "tulip"}}), "wrong.csv")
    ended = {words: started(*words) for words in [("new.csv",), ("wrong.csv",), ("wrong.csv", "--strict"), ("missing.csv",)]}
    told = {words: process.communicate() for words, process in ended.items()}
    assert [process.returncode for process in ended.values()] == [0, 3, 2, 2], told
    assert "Traceback" not in str(told)


def test_a_terminated_report_clears_up(model):
    save(model, ".iris_ml/model.skops")
    flowers(3_000_000, "many.parquet")
    process = started("many.parquet")
    while not [*Path().glob(".*.part")]:
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    said = process.communicate()
    assert process.returncode == 143, said
    assert not [*Path().glob(".*.part")]
    assert not [*Path().glob("report*")]


def test_a_library_that_makes_an_error_of_the_signal_does_not_change_the_exit_code():
    swallowed = """if True:
        import os, signal, time
        import iris_ml.batch.report

        def report(*_, **__):
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(10)
            except SystemExit as error:
                raise ValueError("made of it") from error

        iris_ml.batch.report.report = report
        from iris_ml.cli.entry import main

        main()"""
    ended = subprocess.run([*FORKED_PYTHON, "-c", swallowed, "report", "new.csv"], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (143, "")


def dying(client):
    """Kill a worker as soon as the first parts are written."""
    pids = {*client.run(os.getpid).values()}
    assert len(pids) == 2
    assert os.getpid() not in pids

    def die():
        while len([*Path().glob(".*.part/*.parquet")]) < 2:
            time.sleep(0.01)
        os.kill(min(pids), signal.SIGKILL)

    killer = threading.Thread(target=die)
    killer.start()
    return killer, pids


def test_a_cluster_gives_the_same_answers_in_the_same_order_though_a_worker_dies(model, client):
    flowers(1_000_000, "many.parquet")
    here = report("many.parquet", "here.html", model, most=20_000)
    killer, pids = dying(client)
    there = report("many.parquet", "there.html", model, on=client, most=20_000)
    killer.join()
    assert {*client.run(os.getpid).values()} != pids, "the worker was replaced"
    assert len([*there.predictions.iterdir()]) == 20, "each worker wrote its parts itself, two for each group of rows"
    pd.testing.assert_frame_equal(pd.read_parquet(there.predictions), pd.read_parquet(here.predictions), check_exact=True)
    assert replace(there.summary, predictions="", refused_rows="") == replace(here.summary, predictions="", refused_rows="")
    assert there.page.read_text().replace("there_", "here_") == here.page.read_text()


def test_a_worker_that_dies_while_the_report_begins_leaves_the_work_to_the_others(model, client):
    flowers(100_000, "many.parquet")
    pid = next(iter(client.run(os.getpid).values()))
    os.kill(pid, signal.SIGSTOP)  # it takes part, and answers nothing
    killer = threading.Timer(1, os.kill, (pid, signal.SIGKILL))
    killer.start()
    made = report("many.parquet", "there.html", model, on=client)
    killer.join()
    assert made.summary.answered == 100_000


def test_a_cluster_without_a_worker_is_a_sentence(model):
    with (
        LocalCluster(n_workers=0, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
        pytest.raises(SettingsError, match="has no worker"),
    ):
        report("new.csv", model=model, on=client)


def test_answers_of_a_cluster_and_of_this_machine_take_each_others_place(model, client):
    flowers(100_000, "many.parquet")
    for on in None, client, client, None:
        made = report("many.parquet", model=model, on=on)
        assert made.predictions.is_dir() == (on is not None)
        assert len(pd.read_parquet(made.predictions)) == 100_000
        assert not [*Path().glob(".*.part")]


def test_where_workers_do_not_see_the_folder_the_answers_come_back(model, client, monkeypatch):
    flowers(100_000, "many.parquet")
    monkeypatch.setattr("iris_ml.batch.writers.visible_to_workers", lambda *_: False)
    made = report("many.parquet", "there.html", model, on=client)
    here = report("many.parquet", "here.html", model)
    assert made.predictions.read_bytes() == here.predictions.read_bytes()


def test_wrong_rows_are_put_aside_by_a_cluster_as_well(model, client):
    flowers(100_000, "many.parquet")
    rows = pd.read_parquet("many.parquet").assign(petal_width=lambda rows: rows.petal_width.mask(rows.index % 3 == 1))
    rows.to_parquet("gaps.parquet")
    here, there = (report("gaps.parquet", f"{on is None}.html", model, on=on, most=10_000) for on in (None, client))
    assert here.refused.read_text() == there.refused.read_text()
    pd.testing.assert_frame_equal(pd.read_parquet(there.predictions), pd.read_parquet(here.predictions), check_exact=True)


def test_a_cluster_that_does_not_answer_is_a_sentence(model):
    save(model, ".iris_ml/model.skops")
    process = started("new.csv", "--on", "nowhere://127.0.0.1:1")
    _, error = process.communicate()
    assert process.returncode == 2
    assert error.startswith("iris_ml: nowhere://127.0.0.1:1: no Dask scheduler answers")


MIXED = {  # the second of two rows of JSON, and the value of a column that the first row gives in another type
    "a number as a text": ({"sepal_length": "5.5"}, "sepal_length", 5.5),
    "a whole number": ({"sepal_length": 5}, "sepal_length", 5.0),
    "a number among texts": ({"place": 7}, "place", "7"),
    "a truth among texts": ({"place": True}, "place", "True"),
}


@pytest.mark.parametrize("how", MIXED)
def test_a_column_of_json_may_hold_several_types(how, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    changed, name, value = MIXED[how]
    row = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2, "place": "Bern"}
    Path("new.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(row | changed)}\n")
    flowers = IRIS.assign(place="Bern")
    save(workflow.swap(raw=flowers, passthrough=["place"]).run("model", progress=False)["model"], read_settings().model_file)
    report("new.jsonl", "report.html")
    by_report = pd.read_csv("report_predictions.csv")
    assert by_report[name].tolist() == [row[name], value]
    for file in "answers.csv", "answers.parquet":
        ended = subprocess.run(
            [*FORKED_PYTHON, "-c", "from iris_ml.cli.entry import main; main()", "predict", "new.jsonl", "--to", file]
        )
        assert ended.returncode == 0
    pd.testing.assert_frame_equal(pd.read_csv("answers.csv"), by_report, check_dtype=False)
    assert pd.read_parquet("answers.parquet")[name].tolist() == [row[name], value]


def test_dates_truths_and_texts_are_drawn_as_what_they_are():
    days = pd.Series(pd.date_range("2024-01-01", periods=40))
    seconds = " ".join(str(float(second)) for second in as_numbers(days))
    quantiles = {"quantiles": seconds, "rows": 40, "missing": 0}
    drawn = draw_distribution(distribution(days, quantiles, kind="date"), "day")
    assert "2024-01-01" in drawn
    assert "e+09" not in drawn
    truths = {"quantiles": "0.0 0.0 0.0 1.0", "rows": 4, "missing": 0}
    assert distribution(pd.Series([True, False]), truths, kind="boolean") == Distribution(
        ["false", "true"], [0.75, 0.25], [0.5, 0.5], is_number=False
    )
    free = {"values": ["hello"], "counts": [1], "others": 99, "rows": 100, "missing": 0}
    assert distribution(pd.Series(["a", "b"]), free) is None
    listed = {"values": ["a", "b"], "counts": [60, 30], "others": 10, "rows": 100, "missing": 0}
    assert distribution(pd.Series(["a", "z"]), listed) == Distribution(
        ["a", "b", "others"], [0.6, 0.3, 0.1], [0.5, 0.0, 0.5], is_number=False
    )


def test_a_value_far_away_leaves_the_others_apart():
    numbers = np.linspace(0, 100, 200)
    reference = {"quantiles": " ".join(map(repr, map(float, numbers))), "rows": 200, "missing": 0}
    found = distribution(pd.Series([*numbers + 20, 1e6]), reference)
    assert found.beyond == 1
    assert max(found.now) < 0.2
    assert "beyond: 1 of these rows" in draw_distribution(found, "size")
    points = [(float(place), (-1.0) ** place) for place in range(100)] + [(1e6, 5e5)]
    assert "Far outside of the drawing: 1 of 101 points" in draw_errors(points, "price")


def test_an_interval_is_drawn_with_the_truth_inside_or_outside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    drawn = draw_spans([(0.0, 2.0, 1.0), (1.0, 3.0, 5.0)], "price")
    assert (drawn.count("<polyline"), drawn.count("<circle")) == (2, 2)
    assert "truth 5, interval 1 to 3" in drawn
    numbers = np.random.default_rng(0).normal(size=(300, 2))
    rows = pd.DataFrame({"size": numbers[:, 0], "price": 3 * numbers[:, 0] + numbers[:, 1]})
    model = workflow.swap(raw=rows, target="price", coverage=0.9).run("model", progress=False)["model"]
    rows.to_csv("rows.csv", index=False)
    made = report("rows.csv", "report.html", model)
    assert all(low <= high for low, high, _ in made.summary.plots.spans)
    assert "truth inside of its interval" in Path("report.html").read_text()
