"""The speed of the digest of a large table, and the memory that it takes."""

import json
import subprocess
import sys
from time import perf_counter

from .environments import PROJECT, command, environment, make
from .timing import ROUNDS, quoted, show

ROWS, COLUMNS = 12_500_000, 10  # 1 GB of 64-bit numbers
LAYOUTS = {"row": "rows lie together", "column": "columns lie together"}
WAYS = {
    "hash": "SHA-256 of the bytes",
    "ours": "iris_ml digest",
    "joblib": "joblib.hash",
    "pandas": "pandas hash_pandas_object",
}
ABOUT = """\
A frame of 10 columns of random 64-bit numbers, 1 GB in all, in memory row by row and column by column. Each figure is from a
process of its own, the median of {rounds} (least to most), all taking turns. Speed is in GB/s, and as a multiple of hashing the
same bytes once in the same round. Memory is the process's peak, over what it had before there was a frame, in frames."""


def compare() -> None:
    """Measure each way in fresh processes, and print a table."""
    make()
    pairs = [(layout, way) for layout in LAYOUTS for way in WAYS]
    found: dict[tuple[str, str], list[tuple[float, float]]] = {pair: [] for pair in pairs}
    for _ in range(ROUNDS):
        for pair in pairs:
            asked = command("ours", "python", "-m", __name__, *pair)
            answer = subprocess.run(asked, cwd=PROJECT, env=environment("ours"), check=True, stdout=subprocess.PIPE)
            found[pair].append(json.loads(answer.stdout))
    rows = [["", "target for iris_ml", "", ">= 0.50", "<= 1.10"]]
    for layout, way in pairs:
        speeds, memories = zip(*found[layout, way], strict=True)
        bare = [speed for speed, _ in found[layout, "hash"]]
        ratios = [speed / alone for speed, alone in zip(speeds, bare, strict=True)]
        rows.append([LAYOUTS[layout], WAYS[way], quoted(speeds), quoted(ratios), quoted(memories)])
    show(ABOUT.format(rounds=ROUNDS), ["", "", "GB/s", "of the hash", "memory"], rows)


def _measure(layout: str, way: str) -> tuple[float, float]:
    """Build the frame, digest it once, and say how fast that was and how many frames it took."""
    from hashlib import sha256
    from resource import RUSAGE_SELF, getrusage

    import joblib
    import numpy as np
    import pandas as pd

    from iris_ml.cache.keys import digest

    def peak() -> int:
        return getrusage(RUSAGE_SELF).ru_maxrss * 1024

    ways = {
        "hash": lambda frame, numbers: sha256(numbers.data),
        "ours": lambda frame, numbers: digest(frame),
        "joblib": lambda frame, numbers: joblib.hash(frame),
        "pandas": lambda frame, numbers: pd.util.hash_pandas_object(frame),
    }
    for use in ways.values():  # whatever is imported late
        use(pd.DataFrame(np.ones((3, 3))), np.ones((3, 3)))
    before = peak()
    numbers = np.empty((ROWS, COLUMNS) if layout == "row" else (COLUMNS, ROWS))
    np.random.default_rng(0).random(out=numbers)
    frame = pd.DataFrame(numbers if layout == "row" else numbers.T, copy=False)
    start = perf_counter()
    ways[way](frame, numbers)
    return numbers.nbytes / 1e9 / (perf_counter() - start), (peak() - before) / numbers.nbytes


if __name__ == "__main__":
    print(json.dumps(_measure(*sys.argv[1:])))
