"""Ten million rows answered: beside the same by hand with three libraries, with how much memory, and on Dask workers."""

import shutil
import subprocess
import tempfile
from operator import truediv
from pathlib import Path
from statistics import median

from .environments import COPY, PROJECT, command, environment, make
from .timing import ROUNDS, Spent, quoted, show, spent

ROWS = 10_000_000
HAND = """\
{rows:,} rows of Parquet, asked about and written again with a label and three probabilities each. By hand that is all; the report
also holds the rows against the contract, marks what lies outside, counts, looks for drift, and writes a page. Whole
processes, taking turns, {rounds} rounds; peak MB of the largest process."""
MEMORY = "Peak memory of the report, by the number of rows."
SPREAD = """\
The same on Dask workers of this machine, one thread each, in seconds without the start of the cluster, taking turns, {rounds}
rounds. Both leave a folder of parts."""
PEERS = {
    "iris_ml report": ("ours", ("iris_ml", "report")),
    "pandas in chunks": ("batch", ("python", "chunks.py")),
    "Arrow and NumPy": ("batch", ("python", "arrays.py")),
    "polars": ("batch", ("python", "frames.py")),
}


def compare() -> None:
    """Measure each in an environment of its own."""
    make()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "work")
        shutil.copytree(PROJECT / "bench" / "peers" / "batch", folder)
        shutil.copy(PROJECT / "iris_ml" / "data" / "iris.csv", folder)
        _do("batch", ("python", "made.py", "1000", "1000000", str(ROWS), str(3 * ROWS)), folder)
        _do("ours", ("iris_ml", "run", "--quiet"), folder)
        _compare(folder)
        _grow(folder)
        _spread(folder)


def _do(room: str, words: tuple[str, ...], folder: Path) -> Spent:
    return spent(command(room, *words), folder, environment(room))


def _compare(folder: Path) -> None:
    spendings: dict[str, list[Spent]] = {name: [] for name in PEERS}
    for _ in range(ROUNDS + 1):
        for name, (room, words) in PEERS.items():
            spendings[name].append(_do(room, (*words, f"{ROWS}.parquet"), folder))
    seconds = {name: [one.seconds for one in each[1:]] for name, each in spendings.items()}  # the first round only warms up
    by_hand = [seconds[name] for name in PEERS if name != "iris_ml report"]
    best = [min(each) for each in zip(*by_hand, strict=True)]
    rows = [["target for iris_ml", "<= 1", "", "< 600"]]
    for name, each in seconds.items():
        peak = max(one.memory for one in spendings[name])
        rows.append([name, quoted(map(truediv, each, best)), f"{median(each):.2f}", f"{peak:.0f}"])
    show(HAND.format(rows=ROWS, rounds=ROUNDS), ["", "of the best by hand", "seconds", "peak MB"], rows)


def _grow(folder: Path) -> None:
    sizes = 1_000_000, ROWS, 3 * ROWS
    peaks = [_do("ours", ("iris_ml", "report", f"{size}.parquet"), folder).memory for size in sizes]
    rows = [["target for iris_ml", "< 600"], *([f"{size:,}", f"{peak:.0f}"] for size, peak in zip(sizes, peaks, strict=True))]
    show(MEMORY, ["rows", "peak MB"], rows)


def _spread(folder: Path) -> None:
    seconds: dict[tuple[str, str], list[float]] = {}
    for workers in "1", "2":
        words = command("cluster", "python", "spread.py", workers, f"{ROWS}.parquet", str(ROUNDS))
        here = environment("cluster") | {"PYTHONPATH": str(COPY)}
        for line in subprocess.check_output(words, cwd=folder, env=here, text=True).splitlines():
            seconds.setdefault((line.split()[0], workers), []).append(float(line.split()[1]))
    rows = [["target for iris_ml", "", "", ">= 1.6", "< 1"]]
    for name, way in ("iris_ml report", "report"), ("map_partitions", "hand"):
        one, two, by_hand = (seconds[key] for key in ((way, "1"), (way, "2"), ("hand", "2")))
        ratios = quoted([median(one) / median(two)]), quoted(map(truediv, two, by_hand))
        rows.append([name, quoted(one), quoted(two), *ratios])
    show(SPREAD.format(rounds=ROUNDS), ["", "one worker", "two", "ratio", "two, of those by hand"], rows)
