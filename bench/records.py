"""What recording costs: a run, a process, and the question what was run; and what MLflow costs where it is called directly."""

import importlib
import subprocess
import sys
import tempfile
from dataclasses import replace
from operator import sub, truediv
from pathlib import Path
from shutil import copy
from statistics import median
from time import perf_counter

from .environments import PROJECT, command, environment, make, make_server
from .timing import ROUNDS, quoted, show, spent

RUNS, RECORDS = 40, 10_000
RUN = """\
A run of production in one process, with its record and without, taking turns: {runs} runs each, of {rounds} rounds the median
(least to most), in milliseconds. "Computed" has a new seed each time, "reused" asks for the same again."""
PROCESS = """\
Whole processes of a first run, in an empty folder: multiples of the same without recording, in the same round; and of the plain
script, where MLflow is called by hand and by its autolog, on a store that exists. {rounds} rounds."""
ASKED = """\
What was run, of {records} records, as a whole process; multiples of `import pandas` in the same round. {rounds} rounds."""


def compare() -> None:
    """Measure the runs, the processes and the question."""
    make()
    subprocess.run(command("ours", "python", "-m", __name__), cwd=PROJECT, env=environment("ours"), check=True)
    with tempfile.TemporaryDirectory() as folder:
        _processes(Path(folder))
        _asked(Path(folder))


def _runs() -> None:
    workflow = importlib.import_module("iris_ml.production").workflow
    rows, seeds = [["target for iris_ml", "", "", "<= 10"]], iter(range(10**6))
    with tempfile.TemporaryDirectory() as folder:
        ways = [workflow.swap(store=Path(folder, str(record)), record=record) for record in (True, False)]
        for kind in "computed", "reused":
            spendings = []
            for _ in range(ROUNDS + 1):
                times: list[list[float]] = [[], []]
                for _ in range(RUNS):
                    seed = next(seeds) if kind == "computed" else 0
                    for way, mine in zip(ways, times, strict=True):
                        start = perf_counter()
                        way.swap(seed=seed).run(progress=False)
                        mine.append((perf_counter() - start) * 1e3)
                spendings.append([median(mine) for mine in times])
            on, off = zip(*spendings[1:], strict=True)  # the first round only warms up
            rows.append([kind, quoted(on), quoted(off), quoted(map(sub, on, off))])
    show(RUN.format(runs=RUNS, rounds=ROUNDS), ["", "recorded", "not recorded", "difference"], rows)


def _processes(folder: Path) -> None:
    rows = [["target for iris_ml", "<= 1.03", ""]]
    by_mlflow = make_server("mlflow")
    for name in ("plain", "ours", "mlflow") if by_mlflow else ("plain", "ours"):
        (folder / name).mkdir()
        copy(PROJECT / "bench" / "peers" / name / "train.py", folder / name)
        copy(PROJECT / "iris_ml" / "data" / "iris.csv", folder / name)
    ways = {
        "plain script": ("plain", ["python", "train.py"], {}),
        "iris_ml, not recorded": ("ours", ["python", "train.py"], {"IRIS_ML_RECORD": "false"}),
        "iris_ml, recorded": ("ours", ["python", "train.py"], {}),
    }
    if by_mlflow:
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true"}
        ways["MLflow by hand"] = "mlflow", ["python", "train.py"], quiet
        ways["MLflow, autolog"] = "mlflow", ["python", "train.py", "autolog"], quiet
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS + 1):
        for name, (room, words, variables) in ways.items():
            subprocess.run(["rm", "-rf", ".iris_ml"], cwd=folder / room, check=True)
            seconds[name].append(spent(command(room, *words), folder / room, environment(room) | variables).seconds)
    plain, unrecorded = (seconds[name][1:] for name in ("plain script", "iris_ml, not recorded"))
    for name, mine in seconds.items():
        beside = quoted(map(truediv, mine[1:], unrecorded)) if name == "iris_ml, recorded" else ""
        rows.append([name, beside, quoted(map(truediv, mine[1:], plain))])
    show(PROCESS.format(rounds=ROUNDS), ["", "over not recorded", "over the plain script"], rows)


def _asked(folder: Path) -> None:
    program = "import sys; from iris_ml.tracking.records import Records; from bench.records import fill\n"
    program += "fill(Records(sys.argv[1]))"
    store = folder / "asked"
    typed = command("ours", "python", "-c", program, str(store / ".iris_ml" / "records"))
    subprocess.run(typed, cwd=PROJECT, env=environment("ours"), check=True)
    pandas, rows = command("ours", "python", "-c", "import pandas"), [["target for iris_ml", "<= 0.50"]]
    questions = [["runs"], ["runs", "accuracy>0.99", "who=ada"], ["runs", f"{777:08x}"], ["data"]]
    times: list[list[float]] = [[] for _ in range(len(questions) + 1)]
    for _ in range(ROUNDS + 1):
        for mine, words in zip(times, [pandas, *(command("ours", "iris_ml", *words) for words in questions)], strict=True):
            mine.append(spent(words, store, environment("ours")).seconds)
    for words, mine in zip(questions, times[1:], strict=True):
        rows.append([f"iris_ml {' '.join(words)}", quoted(map(truediv, mine[1:], times[0][1:]))])
    show(ASKED.format(records=RECORDS, rounds=ROUNDS), ["", "over import pandas"], rows)


def fill(records: object) -> None:
    """Write many records, such as a run of production leaves."""
    workflow = importlib.import_module("iris_ml.production").workflow
    with tempfile.TemporaryDirectory() as folder:
        record = workflow.swap(store=Path(folder)).run(progress=False).record.content
        described = type(records)(Path(folder) / "records")  # type: ignore[call-arg]
        for kind in "data", "environments":
            for name, known in described.read_shared(kind).items():  # type: ignore[attr-defined]
                records.write_shared(kind, name, lambda known=known: known)  # type: ignore[attr-defined]
    for number in range(RECORDS):
        name = f"20260714-10{number // 600 % 60:02}{number // 10 % 60:02}.{number:06}-{number:08x}"
        scores = record.scores | {"accuracy": number / RECORDS}
        records.write(replace(record, id=name, who=["ada@laptop", "bob@desk"][number % 2], scores=scores))  # type: ignore[attr-defined]


if __name__ == "__main__":
    _runs()
    sys.exit()
