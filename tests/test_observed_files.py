"""What a step finds out about files, links and folders counts, also where a compiled library finds it out."""

import io
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pyarrow.csv
import pyarrow.dataset
import pytest

from iris_ml import Workflow
from iris_ml.cache.observation import Observation


def write(name, cells):
    """Write a file that looks old, so that a compiled library does not seem to have written it."""
    Path(name).write_text(cells)
    os.utime(name, (1e9, 1e9))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with a table, another one, a folder, and links to them."""
    monkeypatch.chdir(tmp_path)
    for name, cells in {"one.csv": "a\n1\n", "two.csv": "a\n2\n", "folder/one.csv": "a\n1\n"}.items():
        Path(name).parent.mkdir(exist_ok=True)
        write(name, cells)
    Path("link.csv").symlink_to("one.csv")
    Path("same").symlink_to("folder")
    return tmp_path


def by_link() -> bool:
    return Path("link.csv").is_symlink()


def by_target() -> list:
    return pyarrow.csv.read_csv("link.csv")["a"].to_pylist()


def by_folder_of_target() -> list:
    return pyarrow.csv.read_csv("same/one.csv")["a"].to_pylist()


def by_names() -> int:
    return len(pyarrow.dataset.dataset("folder", format="csv").files)


def by_mode() -> int:
    return os.stat("one.csv")[0]  # noqa: PTH116


def by_time() -> int:
    return int(os.stat("one.csv")[8])  # noqa: PTH116


def by_archive() -> tuple:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write("one.csv")
    return archive.infolist()[0].date_time


def by_tape() -> int:
    with tarfile.open(fileobj=io.BytesIO(), mode="w") as archive:
        archive.add("one.csv")
        return archive.getmembers()[0].mode


def link_becomes_file():
    Path("link.csv").unlink()
    write("link.csv", Path("one.csv").read_text())


def link_leads_elsewhere():
    Path("link.csv").unlink()
    Path("link.csv").symlink_to("two.csv")


def folder_leads_elsewhere():
    Path("same").unlink()
    Path("same").symlink_to("other")
    Path("other").mkdir()
    write("other/one.csv", "a\n3\n")


CHANGES = [
    (by_link, link_becomes_file),
    (by_target, link_leads_elsewhere),
    (by_folder_of_target, folder_leads_elsewhere),
    (by_names, lambda: Path("folder/two.csv").write_text("a\n1\n")),
    (by_mode, lambda: Path("one.csv").chmod(0o700)),
    (by_time, lambda: os.utime("one.csv", (5, 5))),
    (by_archive, lambda: os.utime("one.csv", (2e9, 2e9))),
    (by_tape, lambda: Path("one.csv").chmod(0o700)),
]


@pytest.mark.parametrize(("step", "change"), CHANGES, ids=[step.__name__ for step, _ in CHANGES])
def test_a_change_that_shows_in_the_result_is_seen(step, change):
    workflow = Workflow(step)
    for how in "computed", "reused":
        run = workflow.run(progress=False)
        assert (run.table.how[step.__name__], run.results[step.__name__].note) == (how, "")
    change()
    run, truth = workflow.run(progress=False), workflow.run(progress=False, checkpoints=False)
    assert run[step.__name__] == truth[step.__name__]
    assert run.table.how[step.__name__] == "computed"


def test_a_new_file_counts_only_for_who_lists_the_folder():
    workflow = Workflow(by_target, by_folder_of_target)
    workflow.run(progress=False)
    Path("new.csv").write_text("a\n1\n")
    Path("folder/new.csv").write_text("a\n1\n")
    assert {*workflow.run(progress=False).table.how} == {"reused"}


def test_a_link_to_a_folder_elsewhere_is_followed(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere / "far.csv", "a\n1\n")
    Path("far").symlink_to(elsewhere)
    with Observation(paths=["far/far.csv"]) as watched:
        assert pyarrow.csv.read_csv("far/far.csv")["a"].to_pylist() == [1]
    assert sorted(watched.dependencies) == ["file far/far.csv", "link far"]


FAR = """
import sys
import pyarrow.csv
from iris_ml.cache.observation import Observation
with Observation() as watched:
    pyarrow.csv.read_csv("/".join(sys.argv[1:]))
print(watched.unobserved)
"""


def test_a_file_that_no_event_explains_is_noticed_though_it_is_small(tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere / "far.csv", "a\n1\n")
    said = subprocess.check_output([sys.executable, "-c", FAR, str(elsewhere), "far.csv"], text=True)  # without other threads
    assert said == "it reads more than the open files explain\n"


def test_what_the_system_says_of_a_process_is_not_kept():
    def uptime() -> str:
        return Path("/proc/uptime").read_text()

    run = Workflow(uptime).run(progress=False)
    assert run.why("uptime") == "uptime was computed, and is not kept: it reads /proc/uptime."
