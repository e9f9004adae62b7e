"""Whether reused results are true, asked of a clean process; and what a step may not do if its result is to be kept."""

import calendar
import colorsys
import importlib
import io
import json
import locale
import logging
import math
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import warnings
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial, singledispatch, singledispatchmethod
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from types import ModuleType

import duckdb
import fsspec.implementations.memory  # noqa: F401 - so that no step of a test reads the files of its import
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import threadpoolctl
from rich.console import Console
from rich.progress import track
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestClassifier
from typer.testing import CliRunner
from werkzeug.security import generate_password_hash

import iris_ml
from iris_ml.cache.dependencies import package_settings
from iris_ml.cache.hashing import UnhashableError
from iris_ml.cache.keys import digest, fingerprint
from iris_ml.cache.observation import CHANGED_PACKAGES, Observation
from iris_ml.cli.commands import application
from iris_ml.models.predictor import predict
from iris_ml.production import workflow
from iris_ml.workflow.workflow import Workflow
from tests.fork_server import FORKED_PYTHON


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IRIS_ML_PROGRESS", "false")
    return tmp_path


def check(folder, steps="", **environment):
    """Run `iris_ml check reuse` in a project of one's own."""
    if steps:
        (folder / "own.py").write_text(textwrap.dedent(steps), encoding="utf-8")
        (folder / "iris.toml").write_text('workflow = "own:workflow"', encoding="utf-8")
    command = [*FORKED_PYTHON, "-c", "from iris_ml.cli.entry import main; main()", "check", "reuse"]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)


def test_a_clean_process_gives_what_production_reuses(folder):
    assert check(folder, FORK_SERVER="").returncode == 0, "in processes that are not forked"
    again = check(folder)
    assert again.returncode == 0
    assert again.stdout.count("same") == again.stdout.count("reused") == 13


def test_a_result_that_is_not_the_same_elsewhere_is_named_also_when_it_is_reused(folder):
    steps = """
        from iris_ml import Workflow
        def words() -> list: return list({"a", "b", "c", "d", "e", "f"})
        def result(words: list) -> int: return len(words)
        workflow = Workflow(words, result)
    """
    for how in "computed", "reused":
        found = check(folder, steps)
        assert found.returncode == 1
        assert next(line.split() for line in found.stdout.splitlines() if "words" in line) == ["words", "differs", how]
        assert "step 'words' gives another result in a clean process" in found.stdout


PLACED = """
    import json
    from pathlib import Path

    from sklearn.preprocessing import FunctionTransformer

    from iris_ml import Workflow

    RATES = {}
    RATES.update(json.loads((Path(__file__).parent / "rates.json").read_text()))

    def rated(X): return X * RATES["rate"]

    def estimator() -> FunctionTransformer: return FunctionTransformer(rated)

    workflow = Workflow(estimator)
"""


def test_a_clean_process_may_find_the_code_of_an_estimator_in_another_folder(folder):
    (folder / "rates.json").write_text('{"rate": 2}', encoding="utf-8")
    for how in "computed", "reused":
        found = check(folder, PLACED, IRIS_ML_TRUSTED_TYPES='["own.rated"]')
        assert found.returncode == 0, found.stdout
        assert next(line.split() for line in found.stdout.splitlines() if "estimator" in line) == ["estimator", "same", how]


def test_a_clean_process_reads_the_files_of_the_project(folder):
    (folder / "rates.txt").write_text("1.07", encoding="utf-8")
    steps = """
        from iris_ml import Workflow
        def rate() -> float: return float(open("rates.txt").read())
        workflow = Workflow(rate)
    """
    assert check(folder, steps).returncode == 0
    (folder / "rates.txt").unlink()
    failed = check(folder, steps)
    assert failed.returncode
    assert "rates.txt" in failed.stderr


def observed(function):
    with Observation() as seen:
        function()
    return seen


def test_a_database_counts_by_its_content_and_writing_to_it_is_an_obstacle(folder):
    with sqlite3.connect("rows.db") as base:
        base.execute("create table rows (length real)")
    os.utime("rows.db", (1e9, 1e9))
    read = observed(lambda: sqlite3.connect("rows.db").execute("select * from rows").fetchall())
    assert [*read.dependencies] == ["file rows.db"]
    assert not read.obstacle

    def write():
        with sqlite3.connect("rows.db") as base:
            base.execute("insert into rows values (1.4)")

    assert "rows.db" in observed(write).obstacle


def test_what_a_compiled_library_opens_in_a_folder_that_is_new_is_seen(folder):
    def make(place):
        place.mkdir()
        pq.write_table(pa.table({"length": [1.4]}), place / "rows.parquet")
        os.utime(place / "rows.parquet", (1e9, 1e9))

    def is_seen(place):
        file = f"{place}/rows.parquet"
        return f"file {file}" in observed(lambda: pq.read_table(file, memory_map=True)).dependencies

    observed(lambda: None)  # the folders that are there are watched from now on
    for place in folder.with_name("outside"), Path("made"), Path("made/inside"):
        make(place)
    folder.with_name("outside").rename("moved")
    assert all(map(is_seen, ("made", "made/inside", "moved")))
    shutil.rmtree("made")
    make(Path("made"))
    assert is_seen("made")


def test_the_network_and_changes_outside_are_obstacles(folder):
    def connect():
        with socket.socket() as mine:
            mine.settimeout(0.1)
            mine.connect_ex(("127.0.0.1", 1))

    assert observed(connect).obstacle == "it uses the network"
    assert observed(lambda: Path("made").mkdir()).obstacle == "it writes made"
    assert observed(lambda: os.environ.update(WIDTH="1")).obstacle == "it changes the environment variable WIDTH"
    assert observed(lambda: os.chdir(".")).obstacle == "it changes the working folder"
    assert not observed(lambda: Path("made").exists()).obstacle


def test_a_file_that_changes_while_it_is_read_is_an_obstacle(folder):
    rates = folder / "rates.txt"
    rates.write_text("1.07", encoding="utf-8")

    def read():
        rates.read_text(encoding="utf-8")
        subprocess.run([sys.executable, "-c", f"open({str(rates)!r}, 'w').write('1.195')"], check=True)

    seen = observed(read)
    assert seen.obstacle == "rates.txt changed while it was read"
    assert seen.unobserved == "it starts other programs"


def test_a_step_whose_files_another_program_reads_is_not_kept(folder):
    Path("rates.txt").write_text("1.07", encoding="utf-8")

    def rate() -> str:
        return subprocess.run(["cat", "rates.txt"], capture_output=True, text=True, check=True).stdout

    run = Workflow(rate).run()
    assert run.results["rate"].note == "not kept: it starts other programs, and its code uses subprocess.run"


def test_the_reason_names_the_file(folder):
    def rate() -> str:
        return Path("rates.txt").read_text(encoding="utf-8")

    Path("rates.txt").write_text("1.07", encoding="utf-8")
    Workflow(rate).run()
    Path("rates.txt").write_text("1.19", encoding="utf-8")
    run = Workflow(rate).run()
    assert run.why("rate") == "rate was computed because the file rates.txt changed."
    Path("rates.txt").write_text("1.07", encoding="utf-8")
    assert Workflow(rate).run().results["rate"].how == "reused", "both contents are kept"


def test_where_a_link_leads_and_who_may_run_a_file_count(folder):
    def link() -> str:
        return os.readlink("latest")  # noqa: PTH115 - as projects write it

    def may_run() -> bool:
        return os.access("run.sh", os.R_OK)

    Path("run.sh").touch(0o600)
    Path("latest").symlink_to("one")
    assert Workflow(link, may_run).run()["link"] == "one"
    Path("latest").unlink()
    Path("latest").symlink_to("two")
    Path("run.sh").chmod(0o400)
    again = Workflow(link, may_run).run()
    assert again["link"] == "two"
    assert [result.how for result in again.results.values()] == ["computed", "computed"]


def test_a_text_that_is_no_path_may_be_an_input():
    def text() -> str:
        return "setosa/" * 2_000 + "\0"

    def length(text: str) -> int:
        return len(text)

    assert Workflow(text, length).run()["length"] == 14_001


def test_the_statements_of_a_module_count_again_when_it_is_loaded_again(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    before = "import json\njson.WIDTH = 1\ndef width() -> int: return vars(json)['WIDTH']\n"
    Path("widths.py").write_text(before, encoding="utf-8")
    import widths

    assert Workflow(widths.width).run()["width"] == 1
    Path("widths.py").write_text(before.replace("= 1", "= 22"), encoding="utf-8")
    importlib.reload(widths)
    assert Workflow(widths.width).run()["width"] == 22
    del json.WIDTH, sys.modules["widths"]


def test_unseeded_numbers_of_threads_that_a_step_starts_are_not_kept():
    def drawn() -> float:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: np.random.default_rng().random()).result()

    note = Workflow(drawn).run().results["drawn"].note
    assert note == "not kept: it draws random numbers in several threads; pass seeded generators"


def test_a_cache_that_was_filled_before_is_named():
    @cache
    def rate() -> float:
        return 1.07

    def doubled() -> float:
        return 2 * rate()

    rate()
    assert "cache_clear()" in Workflow(doubled).run().results["doubled"].note
    rate.cache_clear()
    assert [Workflow(doubled).run().results["doubled"].how for _ in range(2)] == ["computed", "reused"]


def test_a_step_that_registers_a_class_is_not_kept():
    class Base(ABC):
        @abstractmethod
        def width(self): ...

    class One:
        pass

    def raw() -> int:
        Base.register(One)
        return 1

    assert "not kept: it changes" in Workflow(raw).run().results["raw"].note


def test_a_result_that_a_function_keeps_and_a_step_can_change_is_not_kept():
    @cache
    def seen() -> list:
        return [9]

    def raw() -> int:
        seen().append(3)
        return 1

    def result(seed: int) -> list:
        return [*seen(), seed]

    note = Workflow(raw, result).run().results["raw"].note
    assert note.startswith("not kept: ")
    assert "seen keeps a result that a step can change" in note


def test_a_step_that_asks_what_was_called_is_not_kept():
    @cache
    def seen() -> int:
        return 1

    def result() -> int:
        return seen.cache_info().currsize

    assert "cache_info" in Workflow(result).run().results["result"].note


@pytest.mark.parametrize(
    ("name", "asks"),
    [
        ("sys.flags", lambda: sys.flags.dev_mode),  # python -X dev
        ("sys._xoptions", lambda: len(sys._xoptions)),
        ("threadpoolctl.threadpool_info", lambda: len(threadpoolctl.threadpool_info())),
        ("threading.active_count", lambda: threading.active_count()),
        ("_mgr", lambda: len(pd.DataFrame({"a": [1]})._mgr.blocks)),
    ],
)
def test_what_only_this_process_tells_is_not_kept(name, asks):
    def result() -> int:
        return int(asks())

    assert Workflow(result).run().results["result"].note.startswith(f"not kept: code that uses {name}")


def fill_duckdb() -> int:
    duckdb.execute("create table if not exists kept as select 5 as width")
    duckdb.execute("insert into kept values (1)")
    return 1


def ask_duckdb(fill_duckdb: int) -> int:
    return int(duckdb.execute("select sum(width) from kept").fetchall()[0][0])


def write_in_memory() -> int:
    pd.DataFrame({"a": [1]}).to_csv("memory://kept.csv", index=False)
    return 1


def read_from_memory(write_in_memory: int) -> int:
    return len(pd.read_csv("memory://kept.csv"))


def test_what_a_package_holds_for_everybody_counts():
    flow = Workflow(fill_duckdb, ask_duckdb, write_in_memory, read_from_memory)
    first, again = flow.run(progress=False), flow.run(progress=False)
    assert (first["ask_duckdb"], again["ask_duckdb"]) == (6, 7)
    notes = [first.results[name].note for name in ("fill_duckdb", "write_in_memory")]
    told = "not kept: what {} holds for the whole process changes, or cannot be compared"
    assert notes == [told.format(package) for package in ("duckdb", "fsspec")]
    assert again.results["read_from_memory"].how == "reused", again.why("read_from_memory")
    duckdb.execute("drop table kept")
    with pytest.raises(duckdb.CatalogException):
        flow.swap(fill_duckdb=1).run("ask_duckdb", progress=False)


def test_functions_that_duckdb_was_given_are_not_compared():
    def doubled() -> int:
        return int(duckdb.execute("select double_of(2)").fetchall()[0][0])

    duckdb.create_function("double_of", lambda x: 2 * x, ["BIGINT"], "BIGINT")
    try:
        assert "duckdb" in Workflow(doubled).run(progress=False).results["doubled"].note
    finally:
        duckdb.remove_function("double_of")


def test_a_package_that_is_imported_and_workers_that_start_make_no_result_depend_on_the_environment(monkeypatch):
    def shared() -> int:
        import sklearn.linear_model  # noqa: F401 - reads variables, if it was not imported before
        from joblib import Parallel, delayed

        return sum(Parallel(n_jobs=2)(delayed(abs)(each) for each in (-1, 2)))

    Workflow(shared).run(progress=False)
    monkeypatch.setenv("SOME_OTHER_TERMINAL", "yes")
    assert Workflow(shared).run(progress=False).results["shared"].how == "reused"


def test_an_encoding_is_the_same_in_upper_and_lower_case(monkeypatch):
    names = []
    for name in "UTF-8", "utf-8":  # the first with LANG=C.UTF-8, the second without it, as in a cron job
        monkeypatch.setattr(locale, "getpreferredencoding", lambda _, name=name: name)
        names.append(package_settings("python"))
    assert names[0] == names[1]


STATE = {"a": 0}


def test_a_value_that_was_not_stored_is_computed_before_another_step_changes_what_it_reads():
    def raw() -> object:
        return DummyRegressor(constant=STATE["a"])

    def result() -> int:
        STATE["a"] = 1
        return 2

    for _ in range(3):
        STATE["a"] = 0
        assert Workflow(raw, result).run()["raw"].constant == 0


def test_a_result_is_not_what_a_later_step_made_of_it():
    seen = []

    def raw() -> list:
        return seen

    def result() -> int:
        seen.append(1)
        return 1

    for _ in range(2):
        seen.clear()
        assert Workflow(raw, result).run()["raw"] == []


def test_the_command_is_in_the_help():
    assert "reuse" in CliRunner().invoke(application, ["check", "--help"]).output


@pytest.mark.parametrize(
    "fitted",
    [
        "TfidfVectorizer().fit(['one two', 'two three'])",
        "HistGradientBoostingClassifier(max_iter=3, random_state=0).fit([[i] for i in range(60)], [0, 1] * 30)",
        "RandomizedSearchCV(HistGradientBoostingClassifier(), {'learning_rate': loguniform(0.01, 1)})",
        "lambda rows: norm.pdf(rows)",
    ],
    ids=["texts", "boosting", "search in a distribution", "function of a distribution"],
)
def test_an_estimator_or_a_function_has_one_digest_on_any_number_of_cores_and_in_any_process(fitted):
    program = f"""
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import RandomizedSearchCV
from scipy.stats import loguniform, norm
from iris_ml.cache.keys import digest
print(digest({fitted}))
"""
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "OMP_NUM_THREADS": cores, "PYTHONHASHSEED": cores},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for cores in ("1", "2")
    }
    assert len(digests) == 1


class Times:
    """A step with a state of its own."""

    def __init__(self):
        self.by = 1

    def __call__(self, rows):
        return rows.assign(x=rows.x * self.by)


@dataclass
class Multiplied(Times):
    by: int = 1


@dataclass(frozen=True)
class AlwaysEqual:
    by: int

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1

    def __call__(self, rows):
        return rows.assign(x=rows.x * self.by)


def of_steps(step, factors):
    table = pd.DataFrame({"x": [1.0, 2.0] * 20, "y": ["a", "b"] * 20})
    flow, sums = workflow.swap(raw=table, target="y"), []
    for factor in factors:
        run = flow.after("rows", step(factor)).run("features", progress=False)
        sums.append((run["features"].x.sum(), run.results["rows"].how))
    return sums


@pytest.mark.parametrize("kind", [Times, Multiplied])
def test_an_object_that_is_a_step_is_known_by_its_state(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = kind()

    def changed(factor):
        one.by = factor
        return one

    assert of_steps(changed, (1, 2, 1)) == [(60.0, "computed"), (120.0, "computed"), (60.0, "reused")]


def test_an_object_that_can_be_called_is_swapped_in_as_a_step(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame({"x": [1.0, 2.0] * 20, "y": ["a", "b"] * 20})
    flow = workflow.swap(raw=table, target="y", features=lambda rows: rows).swap(features=Multiplied(2))
    assert flow.run("features", progress=False)["features"].x.sum() == 120


def test_two_steps_that_claim_to_be_equal_are_two(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [total for total, _ in of_steps(lambda factor: partial(AlwaysEqual(factor).__call__), (1, 2))] == [60.0, 120.0]


def test_the_code_of_a_step_is_traced_once_while_nothing_changes():
    def table(rows: dict) -> pd.DataFrame:
        return pd.DataFrame.from_dict(rows).assign(since=pd.Timestamp.fromisoformat("2026-01-01"))

    functions = [table, *(node.callable.function for node in workflow.plan("scores").nodes)]
    assert all(fingerprint(function) is fingerprint(function) for function in functions)


class Slotted:
    __slots__ = ("rates",)


@dataclass(frozen=True)
class Frozen(Slotted):
    name: str = "a frozen dataclass, which inherits a slot"


RATED = {"first": Frozen()}


def test_what_a_frozen_value_holds_in_a_slot_counts():
    def rated(x: int) -> int:
        return x * RATED["first"].rates[0]

    object.__setattr__(RATED["first"], "rates", [1])
    before = fingerprint(rated)
    RATED["first"].rates[0] = 2
    assert fingerprint(rated).digest != before.digest


def test_a_warning_of_a_package_is_no_change_of_it():
    registry = vars(colorsys).setdefault("__warningregistry__", {"version": -1})  # of the filters that were in force
    with Observation(packages=["colorsys"]) as observation, warnings.catch_warnings(action="ignore"):
        warnings.warn_explicit("it is old", UserWarning, "colorsys.py", 1, "colorsys", registry)
    assert registry["version"] != -1
    assert observation.obstacle == ""
    with pytest.MonkeyPatch.context() as patch, Observation(packages=["colorsys"]) as observation:
        patch.setattr(colorsys, "ONE_THIRD", 0.5)
    CHANGED_PACKAGES.discard("colorsys")
    assert observation.obstacle == "it changes colorsys.ONE_THIRD"


def test_what_a_step_adds_to_a_class_of_a_package_is_a_change():
    with pytest.MonkeyPatch.context() as patch, Observation(reached=[Fraction]) as observation:
        patch.setattr(Fraction, "rounds", True, raising=False)
    assert observation.obstacle == "it changes fractions.Fraction.rounds"


def test_a_name_that_a_package_gives_is_not_imported_as_a_module(monkeypatch):
    def step():
        from iris_ml import predict

        return predict

    monkeypatch.delitem(sys.modules, "iris_ml.predict", raising=False)
    monkeypatch.delitem(vars(iris_ml), "predict", raising=False)
    with suppress(UnhashableError):
        fingerprint(step)
    assert step() is predict


@singledispatch
def describe(value):
    """Describe a value."""
    return 0


class Describer:
    @singledispatchmethod
    def describe(self, value):
        return 0


def described():
    """Use what a later cell may register."""
    return describe([])


def described_by_a_method():
    """Use what a later cell may register for a method."""
    return Describer().describe([])


@pytest.mark.parametrize(("step", "generic"), [(described, describe), (described_by_a_method, vars(Describer)["describe"])])
def test_an_implementation_that_is_registered_again_counts(step, generic):
    given = []
    for number in 1, 2, 3:
        generic.register(list)(eval(f"lambda *values: {number}"))
        given.append(Workflow(step).run(progress=False)[step.__name__])
    assert given == [1, 2, 3]


def test_a_module_that_another_one_replaces_counts(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    Path("replaced.py").write_text("K = 1\n", encoding="utf-8")

    def constant():
        import replaced

        return replaced.K

    assert Workflow(constant).run(progress=False)["constant"] == 1
    monkeypatch.setitem(sys.modules, "replaced", stub := ModuleType("replaced"))
    for stub.K in 7, 8:
        assert Workflow(constant).run(progress=False)["constant"] == stub.K


@pytest.mark.parametrize("kind", ["function", "class"])
def test_annotations_that_are_changed_in_place_count(kind):
    def rate(amount: int) -> str:
        return str(amount)

    class Rate:
        amount: int

    annotated = rate if kind == "function" else Rate

    def names() -> str:
        return " ".join(annotated.__annotations__)

    before = Workflow(names).run(progress=False)["names"]
    annotated.__annotations__["currency"] = str
    assert Workflow(names).run(progress=False)["names"] == f"{before} currency"
    annotated.__annotations__.clear()
    assert Workflow(names).run(progress=False)["names"] == ""


ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(5, 1000))).T.set_axis(list("abcde"), axis=1)  # cells row by row
VIEWS = {
    "rows": lambda: ROWS.copy(),
    "some columns": lambda: ROWS[["e", "a"]],
    "every other row": lambda: ROWS.assign(text="x").iloc[::2],
    "a column": lambda: ROWS.a,
}


@pytest.mark.parametrize("kind", VIEWS)
def test_a_sum_has_the_same_digits_over_a_table_and_its_checkpoint(kind):
    def made():
        return VIEWS[kind]()

    def first(made):
        return digits(made)

    def second(made):
        return digits(made)

    def digits(table):
        cells = table.select_dtypes("number") if isinstance(table, pd.DataFrame) else table
        return str(cells.to_numpy().strides), cells.to_numpy().sum().item().hex()

    one, two = (Workflow(made, step).run(progress=False) for step in (first, second))
    pd.testing.assert_frame_equal(pd.DataFrame(one["made"]), pd.DataFrame(VIEWS[kind]()), check_exact=True)
    assert two.results["made"].how == "reused"
    assert one["first"] == two["second"]


def test_a_table_that_is_put_in_gives_the_same_digits_however_it_lies_in_the_memory():
    def made():
        return ROWS

    def total(made):
        return made.to_numpy().sum().item().hex()

    by_columns = pd.DataFrame({name: ROWS[name].copy() for name in ROWS})
    assert by_columns.to_numpy().strides != ROWS.to_numpy().strides
    flows = [Workflow(made, total).swap(made=table) for table in (ROWS, by_columns)]
    assert len({flow.run(progress=False, checkpoints=False)["total"] for flow in flows}) == 1


def test_an_attribute_of_a_table_is_not_lost_where_an_equal_table_without_it_is_kept():
    def plain():
        return pd.DataFrame({"a": [1]})

    def noted():
        table = pd.DataFrame({"a": [1]})
        vars(table)["note"] = "x"
        return table

    for _ in range(2):
        run = Workflow(plain, noted).run(progress=False)
        assert run["noted"].note == "x"
        assert run.results["plain"].how in {"computed", "reused"}
    assert "not kept: a DataFrame that arrow does not restore exactly" in run.results["noted"].note


def test_a_class_whose_annotations_somebody_asks_for_is_the_same_class():
    class Scale:
        factor = 2

    def scaled():
        return 3 * Scale().factor

    before = fingerprint(scaled).code
    assert "__annotations__" not in vars(Scale)
    assert Scale.__annotations__ == {}
    assert "__annotations__" in vars(Scale)
    assert fingerprint(scaled).code == before


CLOCK, SYSTEM = "it reads the clock", "it asks the system for random numbers"
expiring = SimpleCookie({"a": "1"})["a"]
expiring["expires"] = 5
ASKING = {
    "the date": (lambda: time.strftime("%Y"), CLOCK),
    "a clock by number": (lambda: time.clock_gettime(time.CLOCK_REALTIME), CLOCK),
    "a compressed table": (lambda: pd.DataFrame([1]).to_csv(io.BytesIO(), compression="gzip"), CLOCK),
    "a cookie": (lambda: Morsel.output(expiring), CLOCK),
    "a salt": (lambda: generate_password_hash("a"), SYSTEM),
    "a table as HTML": (lambda: pd.DataFrame([1]).style.to_html(), SYSTEM),
    "a port": (lambda: socket.create_server(("127.0.0.1", 0)).close(), "it uses the network"),
    "the name of the machine": (socket.gethostname, "it reads the name of this machine"),
    "a query": (lambda: duckdb.sql("select 1").df(), ""),
    "a progress bar": (lambda: list(track([1], console=Console(file=io.StringIO()))), ""),
    "a date": (lambda: time.strftime("%Y", (2026, 1, 1, 0, 0, 0, 0, 1, 0)), ""),
    "a calendar": (lambda: calendar.month(2026, 1), ""),
    "a warning in the log": (lambda: logging.getLogger("a").warning("careful"), ""),
    "a fit in several threads": (lambda: RandomForestClassifier(4, n_jobs=2).fit([[1], [2]], [1, 2]), ""),
}


@pytest.mark.parametrize("what", ASKING)
def test_what_asks_the_clock_or_the_system_is_not_kept_whoever_asks(what):
    ask, obstacle = ASKING[what]
    assert observed(ask).obstacle == obstacle
    assert (type(time.time), type(os.urandom)) == (type(len), type(len))


def test_a_seeded_forest_that_fits_in_threads_is_kept():
    def model(seed: int) -> RandomForestClassifier:
        return RandomForestClassifier(10, n_jobs=2, random_state=seed).fit([[1], [2], [3], [4]], [1, 2, 1, 2])

    assert not Workflow(model).run(progress=False).results["model"].note


@pytest.mark.parametrize("nan", [np.nan, math.nan, float("nan")])
def test_a_nan_is_found_again_if_and_only_if_it_was_found_before(nan):
    def counts() -> dict[object, list[float]]:
        return {nan: [nan, 1.0], 2: [2.0]}

    def found(counts: dict[object, list[float]]) -> list[bool]:
        return [counts.get(np.nan) is not None, np.nan in counts[2] + next(iter(counts.values()))]

    flow = Workflow(counts, found)
    first = flow.run("counts", progress=False)["counts"]
    expected = [first.get(np.nan) is not None, np.nan in next(iter(first.values()))]
    again = flow.run("counts", progress=False)
    assert again.results["counts"].how == "reused"
    assert [again["counts"].get(np.nan) is not None, np.nan in next(iter(again["counts"].values()))] == expected
    assert [*flow.run(progress=False)["found"]] == expected


def test_a_text_with_the_address_of_an_object_is_not_kept():
    def shown() -> str:
        return repr(object())

    assert "address of an object" in Workflow(shown).run(progress=False).results["shown"].note


def test_a_masked_array_without_a_mask_is_another_one_than_with_an_empty_mask():
    plain = np.ma.array([1, 2])
    assert digest(plain) != digest(np.ma.array([1, 2], mask=[False, False])) != digest(np.array([1, 2]))


def test_files_in_memory_and_beside_cached_code_count(folder):
    Path("__pycache__").mkdir()
    Path("vendor/site-packages").mkdir(parents=True)
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        for path in file.name, "__pycache__/rates.csv", "vendor/site-packages/rates.csv":
            Path(path).write_text("1", encoding="utf-8")
            name = path if path.startswith("/") else f"./{path}"
            assert f"file {path}" in observed(partial(Path(name).read_text, encoding="utf-8")).dependencies


def test_a_method_of_an_object_that_changed_is_said_to_have_changed():
    class Rates:
        def __init__(self, rate):
            self.rate = rate

        def rated(self) -> int:
            return self.rate

    Workflow(Rates(1).rated).run(progress=False)
    run = Workflow(Rates(2).rated).run(progress=False)
    assert run["rated"] == 2
    assert run.why("rated") == "rated was computed because a value of its function changed, such as an attribute of its object."


def test_a_folder_that_was_only_looked_at_may_get_new_files_meanwhile(tmp_path):
    folder = tmp_path.parent / "outside"
    folder.mkdir()

    def touch(name):
        subprocess.run(["touch", folder / name], check=True)

    assert not observed(lambda: (folder.is_dir(), touch("a"))).obstacle
    assert observed(lambda: ([*folder.iterdir()], touch("b"))).obstacle.endswith("outside changed while it was read")


def test_what_another_thread_reads_meanwhile_is_not_what_the_step_reads():
    reads, ended = threading.Event(), threading.Event()

    def read_on():
        with open("/dev/zero", "rb", buffering=0) as zeros:
            while not ended.is_set():
                zeros.read(100_000)
                reads.set()

    other = threading.Thread(target=read_on)
    other.start()
    reads.wait()
    try:
        assert not observed(lambda: time.sleep(0.1)).unobserved
    finally:
        ended.set()
        other.join()
