"""Ten million rows learned piece by piece: beside the same by hand, with how much memory, and on Dask workers."""

import os
import shutil
import subprocess
import tempfile
from operator import truediv
from pathlib import Path
from statistics import median

from .environments import COPY, PROJECT, command, environment, make
from .timing import ROUNDS, Spent, quoted, show, spent

ROWS = int(os.environ.get("ROWS", "10")) * 1_000_000
HAND = """\
{rows:,} rows of Parquet, six numbers and a class each, learned in one round by a scaled linear model. By hand that is all, and
the test rows are those of the first file; iris_ml also reads the table for its sample, holds all rows against the contract, and
counts them for the profile, and bounds the score. Whole processes, taking turns, {rounds} rounds; peak MB of each."""
MEMORY = "Peak memory of iris_ml, by the number of rows, of which the sample takes 50 MB."
SPREAD = """\
The same on Dask workers of this machine, one thread each, in seconds without the start of the cluster, {rounds} rounds."""


def compare() -> None:
    """Measure each in an environment of its own."""
    make()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "work")
        shutil.copytree(PROJECT / "bench" / "peers" / "rows", folder)
        spent(command("batch", "python", "made.py", "2000000", str(ROWS)), folder, environment("batch"))
        spendings: dict[str, list[Spent]] = {"by hand": [], "iris_ml": []}
        for _ in range(ROUNDS):
            spendings["by hand"].append(spent(command("batch", "python", "hand.py", str(ROWS)), folder, environment("batch")))
            spendings["iris_ml"].append(_learned(folder, ROWS))
        by_hand = [one.seconds for one in spendings["by hand"]]
        rows = [["target for iris_ml", "", "", "< 2000"]]
        for way, each in spendings.items():
            seconds, peak = [one.seconds for one in each], max(one.memory for one in each)
            rows.append([way, quoted(map(truediv, seconds, by_hand)), f"{median(seconds):.1f}", f"{peak:.0f}"])
        show(HAND.format(rows=ROWS, rounds=ROUNDS), ["", "of that by hand", "seconds", "peak MB"], rows)
        peaks = {2_000_000: _learned(folder, 2_000_000).memory, ROWS: max(one.memory for one in spendings["iris_ml"])}
        show(MEMORY, ["rows", "peak MB"], [[f"{size:,}", f"{peak:.0f}"] for size, peak in peaks.items()])
        one, two = (_on_workers(folder, workers) for workers in ("1", "2"))
        ratio = quoted([median(one) / median(two)])
        rows = [["target", "", ">= 1.6"], [quoted(one), quoted(two), ratio]]
        show(SPREAD.format(rounds=ROUNDS), ["one worker", "two", "ratio"], rows)


def _learned(folder: Path, rows: int) -> Spent:
    return spent(command("ours", "python", "learned.py", str(rows)), folder, environment("ours"))


def _on_workers(folder: Path, workers: str) -> list[float]:
    words = command("cluster", "python", "learned.py", str(ROWS), workers, str(ROUNDS))
    here = environment("cluster") | {"PYTHONPATH": str(COPY)}
    return [*map(float, subprocess.check_output(words, cwd=folder, env=here, text=True).split())]
