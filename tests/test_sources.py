"""Sources: a table is the same however it lies, counts by its content, and never takes more memory than it may."""

import bz2
import gzip
import lzma
import re
import warnings
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iris_ml.base.errors import DataError, SettingsError
from iris_ml.base.settings import Source, change_settings, read_settings
from iris_ml.cache.keys import digest
from iris_ml.io.batches import cut_parts, read_batches
from iris_ml.io.locations import package_file
from iris_ml.io.readers import raw, read_table, write_table
from iris_ml.production import workflow
from iris_ml.stats.column_types import read_columns

IRIS = pd.read_csv(package_file("package:iris.csv"))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def packed(ending, pack):
    def compressed(rows):
        Path(f"rows.csv{ending}").write_bytes(pack(rows.to_csv(index=False).encode()))
        return f"rows.csv{ending}"

    compressed.__name__ = f"csv{ending}"
    return compressed


def zstandard(content):
    stream = pa.BufferOutputStream()
    with pa.CompressedOutputStream(stream, "zstd") as file:
        file.write(content)
    return stream.getvalue().to_pybytes()


def csv(rows):
    write_table(rows, "rows.csv")
    return "rows.csv"


def parquet(rows):
    write_table(rows, "rows.parquet")
    return "rows.parquet"


def feather(rows):
    rows.to_feather("rows.feather", chunksize=40)
    return "rows.feather"


def json(rows):
    rows.to_json("rows.json", orient="records", indent=1)
    return "rows.json"


def json_lines(rows):
    write_table(rows, "rows.jsonl")
    return "rows.jsonl"


def a_folder_of_csv(rows):
    Path("parts/deeper").mkdir(parents=True)
    for start in range(0, len(rows), 40):
        write_table(rows[start : start + 40], f"parts/{'deeper/' if start > 100 else ''}{start:03}.csv")
    Path("parts/notes.txt").write_text("no table")
    return "parts"


def a_pattern_of_parquet(rows):
    for start in range(0, len(rows), 40):
        write_table(rows[start : start + 40], f"part-{start:03}.parquet")
    return "part-*.parquet"


def a_list(rows):
    write_table(rows[:100], "b.csv")
    write_table(rows[100:][[*rows.columns[::-1]]], "a.csv")
    return ["b.csv", "a.csv"]


def an_address(rows):
    fsspec.filesystem("memory").pipe("/flowers/rows.csv", rows.to_csv(index=False).encode())
    return "memory://flowers/rows.csv"


def addresses(rows):
    for start in range(0, len(rows), 40):
        content = rows[start : start + 40].to_csv(index=False).encode()
        fsspec.filesystem("memory").pipe(f"/many/{start:03}.csv.gz", gzip.compress(content))
    return "memory://many/*.gz"


def arrow_over_many_files(rows):
    codes = rows.assign(species=rows.species.astype("category"))
    for start in range(0, len(rows), 40):
        codes[start : start + 40].reset_index(drop=True).to_feather(f"part-{start:03}.arrow")
    return "part-*.arrow"


PACKED = [packed(*each) for each in [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress), (".zst", zstandard)]]
def source_of(files):
    return change_settings(read_settings(), source=files).source


KINDS = [
    csv, parquet, feather, json, json_lines, a_folder_of_csv, a_pattern_of_parquet, arrow_over_many_files,
    a_list, an_address, addresses, *PACKED,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_table_is_the_same_however_it_lies_and_no_step_is_changed(kind):
    source = source_of(kind(IRIS))
    pd.testing.assert_frame_equal(raw(source, 1000, 0), IRIS)
    run = workflow.swap(source=source).run("model", "scores", progress=False)
    assert run["scores"] == workflow.run("scores", progress=False)["scores"]


def test_the_settings_take_a_list_and_refuse_what_is_none():
    assert change_settings(read_settings(), source=["a.csv", "b.csv"]).source == ("a.csv", "b.csv")
    for wrong in [[]], [3], "":
        with pytest.raises(SettingsError, match="it should name a file"):
            change_settings(read_settings(), source=wrong)


def test_what_a_column_holds_is_told_by_all_of_its_files():
    write_table(pd.DataFrame({"code": [1, 2]}), "a.csv")
    write_table(pd.DataFrame({"code": ["x", "2"]}), "b.csv")
    assert read_table(["a.csv", "b.csv"]).code.tolist() == ["1", "2", "x", "2"]


def test_a_json_file_beside_tables_describes_them():
    Path("rows").mkdir()
    Path("rows/a.csv").write_text("x\n1\n")
    Path("rows/metadata.json").write_text('{"licence": "open"}')
    assert read_table("rows").x.tolist() == [1]
    Path("rows/a.csv").rename("a.csv")
    Path("rows/b.json").write_text('[{"x": 2}]')
    Path("rows/metadata.json").unlink()
    assert read_table("rows").x.tolist() == [2]


def test_categories_that_are_numbers_are_texts_in_every_piece():
    for name, codes in ("a.arrow", [1, 2]), ("b.arrow", [2.0, None]):
        pd.DataFrame({"code": pd.Categorical(codes)}).to_feather(name)
    assert read_table(["a.arrow", "b.arrow"]).code.fillna("none").tolist() == ["1", "2", "2", "none"]


def test_a_file_more_or_another_content_is_another_table_and_a_name_or_a_compression_is_not():
    known = digest(source_of(csv(IRIS)))
    Path("other.csv").write_bytes(Path("rows.csv").read_bytes())
    assert digest(Source(["other.csv"])) == known
    for kind in PACKED:
        assert digest(source_of(kind(IRIS))) == known
    many = digest(source_of(a_folder_of_csv(IRIS)))
    write_table(IRIS.head(1), "parts/z.csv")
    assert digest(Source(["parts"])) != many
    write_table(IRIS.head(2), "parts/z.csv")
    longer = digest(Source(["parts"]))
    Path("parts/z.csv").unlink()
    assert digest(Source(["parts"])) == many != longer


def test_an_unchanged_folder_is_not_read_again_and_a_changed_one_is():
    source = a_folder_of_csv(IRIS)
    workflow.swap(source=source).run("rows", progress=False)
    assert workflow.swap(source=source).run("rows", progress=False).table.how["raw"] == "reused"
    write_table(IRIS.head(3), "parts/z.csv")
    run = workflow.swap(source=source).run("rows", progress=False)
    assert run.table.how["raw"] == "computed"
    assert len(run["raw"]) == 153


@pytest.mark.parametrize("kind", [csv, parquet, feather, json_lines, a_folder_of_csv])
def test_a_table_that_is_too_large_is_a_sample_by_the_seed_with_a_notice(kind):
    many = pd.DataFrame(np.random.default_rng(5).random((20_000, 3)), columns=["x", "y", "z"]).assign(name="n")
    source = source_of(kind(many))
    with pytest.warns(UserWarning, match="of 20000 rows a sample is read"):
        sample = raw(source, 0.2, 0)
    assert 500 < len(sample) < 10_000
    pd.testing.assert_frame_equal(sample, sample.drop_duplicates())
    assert len(sample.merge(many)) == len(sample), "every row is one of the table"
    assert sample.x.mean() == pytest.approx(0.5, abs=0.05)
    with warnings.catch_warnings(action="ignore"):
        assert raw(source, 0.2, 0).equals(sample)
        assert not raw(source, 0.2, 1).equals(sample)


def test_a_sample_needs_no_more_memory_than_a_few_times_the_limit():
    random = np.random.default_rng(0)
    table = pa.table({name: random.random(500_000) for name in "abcdefgh"})
    with pq.ParquetWriter("large.parquet", table.schema) as writer:
        for _ in range(10):
            writer.write_table(table)  # 320 MB in memory
    before = peak()
    with pytest.warns(UserWarning, match="of 5000000 rows"):
        sample = raw(Source(["large.parquet"]), 20, 0)
    assert len(sample) * 8 * 8 <= 20e6
    assert peak() - before < 200


def peak():
    """The most memory that this process ever had, in megabytes."""
    return int(next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line).split()[1]) / 1000


def test_batches_are_the_table_and_texts_that_pass_through_stay_as_they_are():
    Path("rows.csv").write_text("id,x,town\n007,1.5,Bern\n008,,NA\n009,wide,\n")
    (batch,) = read_batches("rows.csv")
    rows = read_columns(batch.rows, {"x": "number", "town": "text"})
    assert rows.id.tolist() == ["007", "008", "009"]
    assert rows.x.tolist()[0] == 1.5
    assert rows.x.tolist()[2] == "wide"
    assert rows.town.tolist()[:2] == ["Bern", "NA"]
    assert rows.town.isna().tolist() == [False, False, True]
    assert [len(batch) for batch in read_batches("rows.csv", most=2)] == [2, 1]


NONE = {
    "missing.csv": "missing.csv: the table cannot be read: No such file or directory",
    "missing/": "missing: a file without a suffix",
    "none-*.csv": "none-*.csv: no tables found",
    "memory://none.csv": "memory://none.csv: the table cannot be read",
    "strange://x.csv": "strange://x.csv: unknown kind of address: Protocol not known: strange",
    "x.xls": "x.xls: .xls is not a table format",
    "empty": "empty: no tables found",
}


@pytest.mark.parametrize(("name", "sentence"), NONE.items())
def test_what_is_no_source_is_a_sentence(name, sentence):
    Path("empty").mkdir()
    with pytest.raises(DataError, match=f"^{re.escape(sentence)}"):
        raw(Source([name]), 1000, 0)


@pytest.mark.parametrize("groups", [[7], [100], [30, 30, 1, 0, 29], [1] * 40, [5, 200, 3], [64, 64, 64]], ids=str)
def test_parts_are_the_table_however_its_rows_are_grouped(groups):
    rows = pd.DataFrame({"x": range(sum(groups)), "name": [f"n{row}" for row in range(sum(groups))]})
    table = pa.Table.from_pandas(rows)
    with pq.ParquetWriter("a.parquet", table.schema) as writer:
        for group, start in zip(groups, np.cumsum([0, *groups]), strict=False):
            writer.write_table(table.slice(start, group))
    write_table(rows.head(10), "b.parquet")
    found = [batch for part in cut_parts(["a.parquet", "b.parquet"], most=16, many=4) for batch in part.batches()]
    assert max(map(len, found)) <= 16
    pd.testing.assert_frame_equal(pd.concat([batch.rows for batch in found]), pd.concat([rows, rows.head(10)], ignore_index=True))


REUSED = {
    "rows.csv.gz": lambda rows, path: rows.to_csv(path, index=False),
    "rows.csv.zst": lambda rows, path: Path(path).write_bytes(zstandard(rows.to_csv(index=False).encode())),
    "utf16.csv": lambda rows, path: rows.to_csv(path, index=False, encoding="utf-16"),
    "rows.parquet": lambda rows, path: rows.to_parquet(path),
    "rows.parquet.bz2": lambda rows, path: Path(path).write_bytes(bz2.compress(rows.to_parquet())),
    "rows.feather": lambda rows, path: rows.to_feather(path),
    "rows.json": lambda rows, path: rows.to_json(path, orient="records"),
    "rows.jsonl.xz": lambda rows, path: rows.to_json(path, orient="records", lines=True),
    "rows.xlsx": lambda rows, path: rows.to_excel(path, index=False),
}


@pytest.mark.parametrize("name", REUSED)
def test_a_table_in_any_form_is_reused_until_it_changes(name):
    def how():
        run = workflow.swap(source=[name]).run("raw", progress=False)
        return run.results["raw"].how, run.results["raw"].note

    REUSED[name](IRIS, name)
    assert [how(), how()] == [("computed", ""), ("reused", "")]
    REUSED[name](IRIS.head(140), name)
    assert [how(), how()] == [("computed", ""), ("reused", "")]
