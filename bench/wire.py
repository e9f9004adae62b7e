"""The same row asked of every server over a real socket, in turns: answers a second, and how long each takes."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from operator import truediv
from pathlib import Path
from statistics import median

from .environments import PROJECT, command, environment, make_servers
from .timing import ROUNDS, quoted, show

PEERS = PROJECT / "bench" / "peers" / "wire"
FLOWER = {"sepal_length": 5.0, "sepal_width": 3.0, "petal_length": 1.4, "petal_width": 0.2}
ABOUT = """\
One row asked of every server, over connections that stay open, by wrk on the same machine; one worker each, all of
uvicorn's at its defaults but its access log. "Typed FastAPI" takes and gives the same bodies and does nothing; "handler"
is an `async def` that makes a table of the typed rows and asks scikit-learn. iris_ml holds the rows against the contract,
runs every step, marks what lies outside of the training domain, counts, and names the model.
Answers a second as a share of typed FastAPI's in the same round, of {rounds} rounds the median, with least and most;
then the median answers a second, milliseconds of the median answer, and of the 99th of 100."""


@dataclass(frozen=True)
class Server:
    """A server, and how it is started."""

    name: str
    room: str  # its environment
    start: tuple[str, ...]
    path: str = "/v1/predict"
    body: str = json.dumps({"rows": [FLOWER]})
    model: str = "regression"


def _uvicorn(application: str) -> tuple[str, ...]:
    return ("uvicorn", application, "--port", "PORT", "--no-access-log", "--log-level", "warning")


IRIS = Server("iris_ml", "api", ("iris_ml", "serve", "--port", "PORT"))
SERVERS = [
    Server("typed FastAPI", "api", _uvicorn("typed:nothing")),
    IRIS,
    Server("bare ASGI", "api", _uvicorn("bare:application")),
    Server("handler", "api", _uvicorn("typed:regression")),
    Server(
        "MLflow", "mlflow", ("mlflow", "models", "serve", "-m", "model", "--env-manager", "local", "-p", "PORT"),
        "/invocations", json.dumps({"dataframe_records": [FLOWER]}),
    ),
    Server("BentoML", "bentoml", ("bentoml", "serve", "bento:Flowers", "--port", "PORT")),
    Server("LitServe", "litserve", ("python", "lit.py", "PORT")),
]  # fmt: skip
FORESTS = [
    Server("handler, 200 trees", "api", _uvicorn("typed:forest"), model="forest"),
    Server("iris_ml, 200 trees", "api", IRIS.start, model="forest"),
]


@dataclass(frozen=True)
class Load:
    """What a load of some seconds gave."""

    rate: float  # answers a second
    middle: float  # milliseconds of the median answer
    late: float  # milliseconds of the 99th of 100


def compare() -> None:
    """Ask every server over 8 and over 64 connections, and print tables."""
    if shutil.which("wrk") is None:
        raise SystemExit("there is no wrk to ask with; on Debian: apt-get install wrk")
    rooms = make_servers()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _prepare(folder, rooms)
        running = {
            server: port
            for server in [*SERVERS, *FORESTS]
            if server.room in rooms and (port := stack.enter_context(_started(server, folder)))
        }
        for connections in 8, 64:
            _print(connections, {one: port for one, port in running.items() if one in SERVERS})
        _print_forests({one: port for one, port in running.items() if one in FORESTS})
    _print_start(rooms)


def _prepare(folder: Path, rooms: set[str]) -> None:
    for room in rooms:
        shutil.copytree(PEERS, folder / room)
        shutil.copy(PROJECT / "iris_ml" / "data" / "iris.csv", folder / room)
        subprocess.run(command(room, "python", "made.py", room), cwd=folder / room, env=environment(room), check=True)
    forest = "workflow.swap(estimator=RandomForestClassifier(200, random_state=0))"
    for name, workflow in {"regression": "workflow", "forest": forest}.items():
        (folder / "api" / name).mkdir()
        program = (
            "from sklearn.ensemble import RandomForestClassifier\nfrom iris_ml.compiled.compiled_model import compile_file\n"
            "from iris_ml.models.model_file import save\nfrom iris_ml.production import workflow\n"
            f"save({workflow}.run('model', progress=False)['model'], '.iris_ml/model.skops')\n"
            "compile_file('.iris_ml/model.skops')"
        )
        subprocess.run(command("api", "python", "-c", program), cwd=folder / "api" / name, env=environment("api"), check=True)


@contextmanager
def _started(server: Server, folder: Path) -> Iterator[int]:
    """Start a server on a free port, and end it with all its processes; 0 where it does not start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ours = server.start[0] == "iris_ml"
    here = folder / server.room / server.model if ours else folder / server.room
    words = [word.replace("PORT", str(port)) for word in command(server.room, *server.start)]
    quiet = {"BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PYTHONPATH": str(here)}
    with open(folder / f"{server.name}.log", "w") as log:
        process = subprocess.Popen(
            words, cwd=here, env=environment(server.room) | quiet, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield port if _answers(server, port, process) else 0
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _answers(server: Server, port: int, process: subprocess.Popen) -> bool:
    address = f"http://127.0.0.1:{port}{server.path}"
    request = urllib.request.Request(address, server.body.encode(), {"Content-Type": "application/json"})
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            time.sleep(0.02)
    print(f"{server.name} does not start here, and is left out", flush=True)
    return False


def _load(server: Server, port: int, connections: int, seconds: int = 3) -> Load:
    asked = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "-s", str(PEERS / "ask.lua")]
    asked.append(f"http://127.0.0.1:{port}{server.path}")
    said = subprocess.run(asked, env=os.environ | {"BODY": server.body}, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"{server.name} refused what was asked:\n{said}")
    late = {share: float(number) * UNITS[unit] for share, number, unit in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s)\b", said)}
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    return Load(float(found[1]) if found else 0.0, late["50"], late["99"])


UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def _loads(running: dict[Server, int], connections: int) -> dict[Server, list[Load]]:
    loads: dict[Server, list[Load]] = {server: [] for server in running}
    for server, port in running.items():
        _load(server, port, connections, 1)
    for _ in range(ROUNDS):
        for server, port in running.items():
            loads[server].append(_load(server, port, connections))
    return loads


def _row(name: str, loads: Sequence[Load], first: Sequence[Load]) -> list[str]:
    rates = [load.rate for load in loads]
    shares = quoted(map(truediv, rates, (load.rate for load in first)))
    return [name, shares, f"{median(rates):.0f}", *(f"{median(t):.1f}" for t in zip(*((one.middle, one.late) for one in loads)))]  # noqa: B905


def _print(connections: int, running: dict[Server, int]) -> None:
    loads = _loads(running, connections)
    target = {8: ">= 0.5", 64: ">= 0.8"}[connections]
    head = [f"{connections} connections", "of typed FastAPI", "a second", "median ms", "99 % ms"]
    rows = [["target for iris_ml", target, "", "", "<= 3 medians"]]
    rows += [_row(server.name, loads[server], loads[SERVERS[0]]) for server in running]
    show(ABOUT.format(rounds=ROUNDS), head, rows)


def _print_forests(running: dict[Server, int]) -> None:
    loads = _loads(running, 64)
    head = ["64 connections", "of the handler", "a second", "median ms", "99 % ms"]
    rows = [["target for iris_ml", ">= 15", "", "", "<= 3 medians"]]
    rows += [_row(server.name, loads[server], loads[FORESTS[0]]) for server in running]
    show("A forest of 200 trees, where a call takes many milliseconds.", head, rows)


def _print_start(rooms: set[str]) -> None:
    seconds: dict[str, list[float]] = {"import sklearn": [], "iris_ml serve, to its first answer": []}
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder), {"api"})
        for _ in range(ROUNDS + 1):
            start = time.perf_counter()
            subprocess.run(command("api", "python", "-c", "import sklearn"), env=environment("api"), check=True)
            seconds["import sklearn"].append(time.perf_counter() - start)
            start = time.perf_counter()
            with _started(IRIS, Path(folder)):
                seconds["iris_ml serve, to its first answer"].append(time.perf_counter() - start)
    first = seconds["import sklearn"]
    rows = [["target for iris_ml", "<= 1.5", ""]]
    rows += [[name, quoted(map(truediv, took[1:], first[1:])), f"{median(took[1:]):.2f}"] for name, took in seconds.items()]
    show("From nothing to the first answer.", ["", "of import sklearn", "seconds"], rows)


def grow(requests: int = 1_000_000) -> None:
    """Ask a million times, and print how much the server's memory grew."""
    rooms = make_servers()
    with tempfile.TemporaryDirectory() as name:
        _prepare(Path(name), rooms & {"api"})
        with _started(IRIS, Path(name)) as port:
            rows, asked = [], 0
            while asked < requests:
                asked += round(10 * _load(IRIS, port, 64, 10).rate)
                rows.append([f"{asked}", f"{_memory(port):.1f}"])
    first, last = float(rows[0][1]), float(rows[-1][1])
    rows = [["target", "< 5 %"], *rows[:: max(1, len(rows) // 8)], ["growth", f"{last / first - 1:.1%}"]]
    show("Memory of a server that is asked again and again.", ["requests", "MB"], rows)


def _memory(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        found = re.search(r"^process_resident_memory_bytes (\S+)", answer.read().decode(), re.MULTILINE)
    return float(found[1]) / 1e6 if found else 0.0
