"""A forked process is like a fresh one, and none outlives its client or its session."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import iris_ml.production  # noqa: F401, what this process imports does not make others fresh
from tests.fork_server import CLEAN_SEED, FORKED_PYTHON

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the server of processes needs Linux")

SURROUNDINGS = """
import json, os, random, sys
before = sorted(name for name in sys.modules if name.partition(".")[0] in ("pandas", "sklearn", "iris_ml"))
import numpy as np
umask = os.umask(0)
print(json.dumps({
    "modules": [name for name in ("pandas", "sklearn", "iris_ml") if name in before],
    "arguments": sys.argv, "main": __name__, "folder": os.getcwd(), "environment": sorted(os.environ.items()), "umask": umask,
    "path": sys.path, "flags": list(sys.flags), "input": sys.stdin.read(), "descriptors": len(os.listdir("/proc/self/fd")),
    "threads": len(os.listdir("/proc/self/task")), "random": [random.random(), np.random.rand()],
}))
print("an error", file=sys.stderr)
sys.exit(7)
"""


def test_a_forked_process_has_the_surroundings_of_a_fresh_one(tmp_path):
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}", "ONLY_HERE": "1"}
    told = []
    for python in [sys.executable], FORKED_PYTHON, FORKED_PYTHON:
        ended = subprocess.run(
            [*python, "-c", SURROUNDINGS, "a word"],
            cwd=tmp_path, env=environment, umask=0o027, input="given", capture_output=True, text=True,
        )
        assert (ended.returncode, ended.stderr) == (7, "an error\n"), ended.stderr
        told.append(json.loads(ended.stdout))
    modules, randoms, _threads = ([each.pop(name) for each in told] for name in ("modules", "random", "threads"))
    assert modules == [[], ["pandas", "sklearn", "iris_ml"], ["pandas", "sklearn", "iris_ml"]]
    assert len({number for numbers in randoms for number in numbers}) == 6
    assert told[0] == told[1] == told[2]


WHOSE = "import sys; before = 'iris_ml' in sys.modules; import iris_ml; print(before, iris_ml.__file__)"


@pytest.mark.parametrize("place", ["folder", "path", "script"])
def test_a_process_that_finds_another_copy_of_the_library_imports_it(place, tmp_path):
    (tmp_path / "iris_ml").mkdir()
    (tmp_path / "iris_ml" / "__init__.py").write_text("")
    (tmp_path / "whose.py").write_text(WHOSE)
    folder, path = (tmp_path if place == "folder" else "/"), (tmp_path if place == "path" else "")
    words = [tmp_path / "whose.py"] if place == "script" else ["-c", WHOSE]
    environment = {**os.environ, "PYTHONPATH": str(path)}
    said = subprocess.check_output([*FORKED_PYTHON, *words], cwd=folder, env=environment, text=True)
    assert said.split() == ["False", str(tmp_path / "iris_ml" / "__init__.py")]


def imports_at_start(*arguments, **environment):
    """Whether a process had pandas before it imported anything: only a forked one has."""
    program = "import sys; print('pandas' in sys.modules)"
    words = [*FORKED_PYTHON, *arguments, "-c", program]
    return subprocess.check_output(words, env=os.environ | environment, text=True) == "True\n"


def test_what_python_reads_at_its_start_makes_a_fresh_process():
    assert imports_at_start()
    assert imports_at_start(PYTHON_COLORS="0")
    assert imports_at_start(PYTHONUSERBASE="another", PYTHONHASHSEED=CLEAN_SEED)
    assert imports_at_start("-P")
    assert not imports_at_start("-W", "ignore")
    assert not imports_at_start(PYTHONHASHSEED="1")
    assert imports_at_start(PYTHONHASHSEED=CLEAN_SEED)
    assert not imports_at_start(OMP_NUM_THREADS="2")
    assert not imports_at_start(FORK_SERVER="/no/such/socket")


def test_a_clean_process_has_the_hashes_of_its_seed():
    words, environment = ("-c", "print(hash('a word'))"), {**os.environ, "PYTHONHASHSEED": CLEAN_SEED}
    fresh, forked = (subprocess.check_output([*python, *words], env=environment) for python in ([sys.executable], FORKED_PYTHON))
    assert fresh == forked


def test_a_module_and_a_script_run_as_usual(tmp_path):
    (tmp_path / "program.py").write_text("import sys; print(__name__, sys.argv[1:], sys.path[0])")
    for words in ["-m", "program"], ["program.py"]:
        said = {
            subprocess.check_output([*python, *words, "word"], cwd=tmp_path) for python in ([sys.executable], FORKED_PYTHON)
        }
        assert len(said) == 1


@pytest.mark.parametrize("words", [["-c"], ["-P", "-c"]])
def test_the_working_folder_is_in_the_path_as_usual(words, tmp_path):
    words = [*words, "import sys; print(sys.path[:2])"]
    fresh, forked = (subprocess.check_output([*python, *words], cwd=tmp_path) for python in ([sys.executable], FORKED_PYTHON))
    assert fresh == forked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_process_and_its_end_is_seen(number):
    process = sleeping()
    process.stdout.readline()
    process.send_signal(number)
    assert process.wait(10) == -number


SLEEP = """
import os, signal, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
print(os.getpid(), flush=True)
time.sleep(60)
"""


def sleeping():
    """A process that sleeps, and has printed its number."""
    return subprocess.Popen([*FORKED_PYTHON, "-c", SLEEP], stdout=subprocess.PIPE, text=True)


def ends(number, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if "\nState:\tZ" in Path(f"/proc/{number}/status").read_text():
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_a_process_ends_with_its_client():
    process = sleeping()
    number = int(process.stdout.readline())
    assert number != process.pid
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert ends(number)


SESSION = f"""
import subprocess, time
from tests.fork_server import FORKED_PYTHON, running_server
with running_server() as server:
    client = subprocess.Popen([*FORKED_PYTHON, "-c", {SLEEP!r}], stdout=subprocess.PIPE, text=True)
    print(server.pid, client.stdout.readline(), flush=True)
    time.sleep(60)
"""


def test_no_process_outlives_a_session_that_is_killed():
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    session = subprocess.Popen([sys.executable, "-c", SESSION], stdout=subprocess.PIPE, text=True, env=environment)
    server, number = map(int, session.stdout.readline().split())
    session.kill()
    session.wait()
    assert ends(server)
    assert ends(number)
