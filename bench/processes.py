"""The same work by every tool, as whole processes: the first time, again, and with another estimator."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from operator import truediv
from pathlib import Path
from statistics import median

from .environments import COPY, PROJECT, command, environment, make
from .timing import ROUNDS, Spent, quoted, show, spent

ROWS = {"first run": "<= 1.25", "unchanged": "<= 0.25", "estimator changed": "<= 1.15"}
READING = "    if fits_memory(found, largest_table)"  # the line of iris_ml's module before which a slow table waits
CHOOSING = "LogisticRegression(max_iter"  # in every tool's file
ABOUT = """\
The work: read the iris table, split it, select two columns by F-value, fit a logistic regression, score it, save it.
{slow} Each run is a process of its own, each tool in an environment of its own.
"Estimator changed" is an edit, C=0.5, of the file in which a person would make it: the script, Hamilton's module, the
fitting stage; for iris_ml the estimator's module, in a copy of this project. iris_ml also holds the table against its
contract, profiles it, answers every row, bounds the score and keeps golden rows with the model.
Multiples of the plain script's seconds in the same round, all tools taking turns; of several rounds ({rounds} here) the
median, with least and most. Then the median seconds of the three, and of the first run CPU seconds and peak MB."""


@dataclass(frozen=True)
class Peer:
    """A tool, and how a person does the work with it."""

    name: str
    room: str  # its environment
    files: str  # the folder of its files
    run: tuple[str, ...] = ("python", "train.py")
    reads: str = "train.py"  # the file in which the table is read
    chooses: str = "train.py"  # the file in which the estimator is built
    start: tuple[str, ...] = ()  # what makes a folder the tool's own; not timed


PEERS = [
    Peer("plain script", "plain", "plain"),
    Peer("iris_ml run --quiet", "ours", "ours", ("iris_ml", "run", "--quiet"), "io/readers.py", "steps/estimator.py"),
    Peer("iris_ml in a script", "ours", "ours", ("python", "run.py"), "io/readers.py", "steps/estimator.py"),
    Peer("and save the model", "ours", "ours", ("python", "train.py"), "io/readers.py", "steps/estimator.py"),
    Peer("joblib.Memory", "plain", "joblib"),
    Peer("Hamilton, its cache", "hamilton", "hamilton", ("python", "train.py"), "steps.py", "steps.py"),
    Peer("DVC", "dvc", "stages", ("dvc", "repro", "-q"), "load.py", "fit.py", start=("dvc", "init", "--no-scm", "-q")),
    Peer("Snakemake", "snakemake", "stages", ("snakemake", "--cores", "1", "--quiet"), "load.py", "fit.py"),
]


def compare(loading: int = 0, rounds: int = ROUNDS) -> None:
    """Time every tool in every situation, and print a table."""
    make()
    spendings: dict[tuple[str, str], list[Spent]] = {(peer.name, row): [] for peer in PEERS for row in ROWS}
    with tempfile.TemporaryDirectory() as folder:
        for peer in PEERS:  # a first run that does not count: files get compiled, and come into memory
            _prepare(peer, "first run", Path(folder, peer.name), loading=0)
            _run(peer, Path(folder, peer.name))
        for _ in range(rounds):
            for row in ROWS:
                for peer in PEERS:
                    _prepare(peer, row, Path(folder, peer.name), loading)
                    spendings[peer.name, row].append(_run(peer, Path(folder, peer.name)))
    _print(spendings, loading, rounds)


def _run(peer: Peer, folder: Path) -> Spent:
    return spent(command(peer.room, *peer.run), folder, environment(peer.room))


def _prepare(peer: Peer, row: str, folder: Path, loading: int) -> None:
    """Bring a peer's files into the state that they have before a run."""
    code = COPY / "iris_ml" if peer.room == "ours" else folder
    if row == "first run":
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(PROJECT / "bench" / "peers" / peer.files, folder)
        shutil.copy(PROJECT / "iris_ml" / "data" / "iris.csv", folder)
        if peer.room == "ours":
            for name in peer.reads, peer.chooses:
                (code / name).write_text((PROJECT / "iris_ml" / name).read_text())
            if loading:
                waiting = f"    import time\n\n    time.sleep({loading})\n"
                _edit(code / peer.reads, READING, f"{waiting}{READING}")
        else:
            _edit(code / peer.reads, "sleep(0)", f"sleep({loading})")
        if peer.start:
            subprocess.run(command(peer.room, *peer.start), cwd=folder, env=environment(peer.room), check=True)
    if row == "estimator changed":
        _edit(code / peer.chooses, CHOOSING, CHOOSING.replace("(", "(C=0.5, "))


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    if new not in text:
        if old not in text:
            raise SystemExit(f"{file.name} has no {old!r} to be edited")
        file.write_text(text.replace(old, new))


def _print(spendings: dict[tuple[str, str], list[Spent]], loading: int, rounds: int) -> None:
    rows = [["target for iris_ml", *ROWS.values(), "", "", ""]]
    for peer in PEERS:
        ratios, seconds = [], []
        for row in ROWS:
            mine, plain = ([each.seconds for each in spendings[name, row]] for name in (peer.name, PEERS[0].name))
            ratios.append(quoted(map(truediv, mine, plain)))
            seconds.append(f"{median(mine):.2f}")
        first = spendings[peer.name, "first run"]
        cpu, memory = median(each.cpu for each in first), median(each.memory for each in first)
        rows.append([peer.name, *ratios, " ".join(seconds), f"{cpu:.1f}", f"{memory:.0f}"])
    slow = f"Reading the table takes {loading} seconds more." if loading else "Reading the table takes milliseconds."
    show(ABOUT.format(slow=slow, rounds=rounds), ["", *ROWS, "seconds", "CPU, first", "MB, first"], rows)
