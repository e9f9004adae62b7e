"""The store of checkpoints gives true results after every fault; `make torture` runs the same at full length."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iris_ml.cache.keys import digest
from iris_ml.cache.serializers import UnserializableError, read_value, write_value
from iris_ml.models.pruning import prune
from iris_ml.workflow.workflow import Workflow
from torture import checkpoints


def test_a_process_killed_at_random_moments_leaves_nothing_wrong():
    died, failures = checkpoints.killed_at_random(10)
    assert died > 0
    assert failures == 0


@pytest.mark.parametrize("harm", [checkpoints.kill, checkpoints.disk_full], ids=lambda harm: harm.__name__)
def test_harm_before_each_write_and_rename_leaves_nothing_wrong(harm):
    moments, failures = checkpoints.at_each_write(harm)
    assert moments > 10
    assert failures == 0


@pytest.mark.parametrize("damage", checkpoints.DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_is_noticed_and_computed_again(damage):
    assert checkpoints.damaged(damage, 25) == (25, 0)


def test_eight_processes_share_a_store():
    assert checkpoints.many_at_once(3) == (3, 0)


def test_a_damaged_file_is_named_in_a_warning_and_set_aside(tmp_path):
    checkpoints.project(tmp_path).run()
    value = next(path for path in tmp_path.glob("checkpoints/values/*"))
    value.write_bytes(b"not what it was")
    run = checkpoints.project(tmp_path).run()
    with pytest.warns(UserWarning, match=f"damaged.*{value.name}"):
        checkpoints.values(run)
    assert (tmp_path / "checkpoints" / "damaged" / value.name).read_bytes() == b"not what it was"


def test_what_is_reused_is_not_loaded_until_somebody_looks(tmp_path):
    checkpoints.project(tmp_path).run()
    for value in tmp_path.glob("checkpoints/values/*"):
        value.write_bytes(b"unreadable")
    run = checkpoints.project(tmp_path).run()
    assert {result.how for result in run.results.values()} == {"reused"}


def test_a_step_that_writes_into_its_input_spoils_nobody_elses(tmp_path):
    def first(rows: checkpoints.pd.DataFrame) -> float:
        rows["length"] = 0.0
        return float(rows.length.sum())

    def second(rows: checkpoints.pd.DataFrame) -> float:
        return float(rows.length.sum())

    settings = checkpoints.change_settings(checkpoints.read_settings(environment={}), store=tmp_path, progress=False)
    run = checkpoints.Workflow(checkpoints.rows, first, second, settings=lambda: settings).run()
    assert run["first"] == 0.0
    assert run["second"] > 0.0
    assert run["rows"].length.sum() == run["second"]


NUMBERS = pd.DataFrame({"length": [1.4, np.nan], "count": [1, 2]})
A_GAP_OF_ANOTHER_MAKE = np.array([0x3FF0000000000000, 0x7FF8000000000001], dtype=np.uint64).view(float)
CLOSE_TO_NUMBERS = {
    "rows counted from one": lambda table: table.set_axis(pd.RangeIndex(1, 3)),
    "rows with a name": lambda table: table.rename_axis("row"),
    "columns with a name": lambda table: table.rename_axis(columns="measure"),
    "names of another type": lambda table: table.set_axis(table.columns.astype("string"), axis=1),
    "names that are objects": lambda table: table.set_axis(table.columns.astype(object), axis=1),
    "a name twice": lambda table: table.set_axis(["length", "length"], axis=1),
    "no labels twice": lambda table: table.set_flags(allows_duplicate_labels=False),
    "a type with gaps": lambda table: table.astype({"count": "Int64"}),
    "no rows": lambda table: table.iloc[:0],
    "a gap of another make": lambda table: table.assign(length=A_GAP_OF_ANOTHER_MAKE),
    "a zero below zero": lambda table: table.assign(length=[0.0, -0.0]),
}
NOT_KEPT = {"names of another type", "names that are objects", "a name twice", "no labels twice"}


@pytest.mark.parametrize("name", CLOSE_TO_NUMBERS)
def test_a_table_close_to_one_that_came_back_comes_back_as_it_is_or_is_not_kept(name, tmp_path):
    write_value(NUMBERS, digest(NUMBERS), tmp_path / "value")
    table = CLOSE_TO_NUMBERS[name](NUMBERS)
    assert digest(table) != digest(NUMBERS)
    if name in NOT_KEPT:
        with pytest.raises(UnserializableError, match="a DataFrame that arrow"):
            write_value(table, digest(table), tmp_path / "value")
    else:
        form = write_value(table, digest(table), tmp_path / "value")
        assert digest(read_value((tmp_path / "value").read_bytes(), form)) == digest(table)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_an_error_though_a_table_of_its_shape_was_written_before(tmp_path):
    write_value(NUMBERS, digest(NUMBERS), tmp_path / "value")
    with pytest.raises(OSError, match="No space left"):
        write_value(NUMBERS, digest(NUMBERS), Path("/dev/full"))



def test_a_symbolic_link_in_a_store_leads_nowhere(tmp_path):
    def numbers() -> list:
        return [1, 2]

    outside, root = tmp_path / "outside", tmp_path / ".iris_ml" / "checkpoints"
    outside.mkdir()
    root.mkdir(parents=True)
    (outside / "mine.txt").write_text("mine", encoding="utf-8")
    os.utime(outside / "mine.txt", (1e9, 1e9))
    for name in "values", "entries", "damaged":
        (root / name).symlink_to(outside)
    workflow = Workflow(numbers).swap(store=tmp_path / ".iris_ml", progress=False)
    with pytest.warns(UserWarning, match="is not kept: .* is a symbolic link"):
        assert workflow.run()["numbers"] == [1, 2]
    prune(root, size=0, age=0)
    assert [path.name for path in outside.iterdir()] == ["mine.txt"]


LOST_BY_ARROW = {
    "words": pd.Series(["a b", "c d"]).str.split().str[0],
    "texts and gaps": pd.DataFrame({"a": np.array(["x", np.nan], object), "b": [1, 2]}),
    "weeks": pd.Series(range(40), pd.date_range("2026-01-01", periods=40)).resample("W").sum(),
    "numbers as names": pd.DataFrame(np.eye(3)),
    "years as names": pd.DataFrame([[1.0, 2.0]], columns=pd.Index([2025, 2026], name="year")),
    "texts and numbers as names": pd.DataFrame([[1, 2.0]], columns=["a", 1]),
    "names of two levels": pd.DataFrame({"k": ["x", "y"], "v": [1, 2]}).groupby("k").agg({"v": ["std", "mean"]}),
    "levels with names": pd.DataFrame(
        np.eye(2), columns=pd.MultiIndex.from_product([["b"], [2, 1]], names=["of", None])
    ).iloc[:, :1],
    "a number as the name of a column": pd.DataFrame(np.eye(3))[0],
    "intervals": pd.cut(pd.Series([1.0, 2.5, 7.0, np.nan], name="x"), 3),
    "intervals beside numbers as names": pd.DataFrame({0: pd.cut([1, 4, 9], [0, 2, 9], right=False), 1: pd.qcut([1, 4, 9.5], 2)}),
    "a number as the name of the rows": pd.Series([1.0, 2.0], pd.Index(["a", "b"], name=0)),
}


@pytest.mark.parametrize("kind", LOST_BY_ARROW)
def test_what_arrow_loses_of_a_table_is_restored(kind, tmp_path):
    value = LOST_BY_ARROW[kind]
    assert write_value(value, digest(value), tmp_path / "value") == "arrow"
    again = read_value((tmp_path / "value").read_bytes(), "arrow")
    assert digest(again) == digest(value)
    if isinstance(value, pd.Series):
        pd.testing.assert_series_equal(again, value, check_freq=True)
    else:
        pd.testing.assert_frame_equal(again, value, check_freq=True, check_column_type="exact")


BEYOND_JSON = {
    "whole numbers as names": {1: "a", 0: "b"},
    "pairs as names": {(1, "a"): None, ("b", 2.5): [True]},
    "tuples within": ["a", ("b", ("c",)), {"d": ()}],
    "names like those of this format": {"\0tuple": [1], "\0pairs": [[1, 2]], "\0": {"\0tuple": ()}},
    "a tuple": (1, "a"),
    "nothing as a name": {None: 1, "None": 2, True: 3},
}


@pytest.mark.parametrize("kind", BEYOND_JSON)
def test_plain_values_that_json_does_not_have_come_back(kind, tmp_path):
    value = BEYOND_JSON[kind]
    assert write_value(value, digest(value), tmp_path / "value") == "json"
    again = read_value((tmp_path / "value").read_bytes(), "json")
    assert (repr(again), digest(again)) == (repr(value), digest(value))


def test_a_value_of_arrays_is_kept_and_one_of_too_many_levels_is_not(tmp_path):
    value, deep = {"weights": np.eye(2), 3: [np.float32(1)]}, []
    assert write_value(value, digest(value), tmp_path / "value") == "skops"
    assert digest(read_value((tmp_path / "value").read_bytes(), "skops")) == digest(value)
    for _ in range(20_000):
        deep = [deep]
    with pytest.raises(UnserializableError, match="too many levels"):
        write_value(deep, "", tmp_path / "value")


def test_a_gap_in_a_list_is_found_again(tmp_path):
    write_value([1.0, np.nan], digest([1.0, np.nan]), tmp_path / "value")
    assert np.nan in read_value((tmp_path / "value").read_bytes(), "json")


def test_aligned_records_are_not_stored(tmp_path):
    records = np.zeros(1, np.dtype([("a", "u1"), ("b", "f8")], align=True))
    with pytest.raises(UnserializableError, match="aligned"):
        write_value(records, digest(records), tmp_path / "value")
