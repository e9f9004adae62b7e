"""What is built is whole: a wheel made from the archive of the sources installs into an empty environment, and works there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from bench.processes import CHOOSING, PEERS, READING

PROJECT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent


def typed(*words, **options):
    """Type a command; gives what it said."""
    done = subprocess.run([*map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the archive of the sources, and the wheel that was made from it."""
    folder = tmp_path_factory.mktemp("package")
    tracked = typed("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=PROJECT).splitlines()
    for name in filter(lambda name: (PROJECT / name).exists(), tracked):
        (folder / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, folder / "project" / name)
    typed(PROGRAMS / "uv", "build", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, folder / "project")
    return folder


def test_the_wheel_holds_the_whole_template(built):
    tracked = typed("git", "ls-files", "iris_ml/template/files", cwd=PROJECT).splitlines()
    (wheel,) = built.glob("*.whl")
    assert len(tracked) > 25
    assert {*tracked} <= {*ZipFile(wheel).namelist()}


def test_archive_and_wheel_are_as_an_index_wants_them(built):
    assert typed(PROGRAMS / "twine", "check", "--strict", *built.glob("iris_ml-*")).count("PASSED") == 2


def test_the_wheel_holds_every_module_of_every_room_and_the_data(built):
    (wheel,) = built.glob("*.whl")
    files = {path for path in (PROJECT / "iris_ml").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    expected = {path.relative_to(PROJECT).as_posix() for path in files}
    with ZipFile(wheel) as archive:
        assert sorted(name for name in archive.namelist() if name.startswith("iris_ml/")) == sorted(expected)


def test_the_wheel_works_in_an_empty_environment_and_passes_its_own_tests_there(built, tmp_path):
    (wheel,) = built.glob("*.whl")
    python = tmp_path / "empty" / "bin" / "python"
    install = PROGRAMS / "uv", "pip", "install", "--quiet", "--python", python
    typed(PROGRAMS / "uv", "venv", "--quiet", "--python", sys.executable, tmp_path / "empty")
    typed(*install, "--require-hashes", "--requirements", PROJECT / "requirements" / "run.txt")
    typed(*install, "--constraints", PROJECT / "requirements" / "dev.txt", "pytest")
    typed(*install, "--no-deps", wheel)
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "IRIS_ML_", "PYTEST_"))}
    (tmp_path / "away").mkdir()
    assert "The model is in" in typed(python.with_name("iris_ml"), "run", cwd=tmp_path / "away", env=alone)
    assert (tmp_path / "away" / ".iris_ml" / "manifest").is_file(), "an unchanged run is answered without another one"
    assert "differs" not in typed(python.with_name("iris_ml"), "check", "parity", cwd=tmp_path / "away", env=alone)
    _check_promotion(python, tmp_path / "away", alone)
    shutil.copy(PROJECT / "tests" / "test_workflow.py", tmp_path / "away")
    said = typed(python, "-m", "pytest", "-q", cwd=tmp_path / "away", env=alone)
    assert " passed" in said
    assert str(tmp_path / "empty") in typed(python, "-c", "import iris_ml; print(iris_ml.__file__)", cwd=tmp_path, env=alone)


def _check_promotion(python, folder, environment):
    """A wheel stands for the commit that it was built from, as long as its files are unchanged."""
    assert "the wheel iris_ml" in typed(python.with_name("iris_ml"), "promote", cwd=folder, env=environment)
    (module,) = python.parent.parent.glob("lib/*/site-packages/iris_ml/steps/rows.py")
    text = module.read_text(encoding="utf-8")
    module.write_text(f"{text}# edited\n", encoding="utf-8")
    ended = subprocess.run([python.with_name("iris_ml"), "promote"], cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "iris_ml/steps/rows.py is not the file of the wheel" in " ".join(ended.stdout.split())
    module.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_the_benchmark_edits_files_and_lines_that_exist(peer):
    ours = peer.room == "ours"
    folder = PROJECT / "iris_ml" if ours else PROJECT / "bench" / "peers" / peer.files
    assert (READING if ours else "sleep(0)") in (folder / peer.reads).read_text(encoding="utf-8")
    assert CHOOSING in (folder / peer.chooses).read_text(encoding="utf-8")
