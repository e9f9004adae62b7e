"""Many trials: beside the same loop by hand, on one worker and on two, and after a slow start."""

import shutil
import subprocess
import tempfile
from operator import truediv
from pathlib import Path
from statistics import median

from .environments import COPY, PROJECT, command, environment, make
from .timing import ROUNDS, quoted, show, spent

TRIALS = """\
Two hundred trials, twenty classifiers by ten seeds, on all cores, for the same table of scores. By hand: a loop with joblib
over split, fit and scores, nothing kept. Explored: each trial a whole run, with its checkpoints. Whole processes, taking
turns, {rounds} rounds."""
CLUSTER = """\
Sixteen trials of a second on Dask workers of this machine, one thread each; seconds of the trials alone."""
SWAPPED = """\
A multilayer perceptron swapped in where loading takes ten seconds; seconds until its scores are there, and of its fit.
The session has kept models before."""


def compare() -> None:
    """Measure in one environment, so that both sides have the same libraries."""
    make()
    with tempfile.TemporaryDirectory() as folder:
        seconds: dict[str, list[float]] = {"hand.py": [], "explored.py": [], "explored.py again": []}
        for number in range(ROUNDS):
            # A folder of its own: for minutes after files are removed, ext4 looks long for a place for each new one.
            work = Path(folder, f"round {number}")
            shutil.copytree(PROJECT / "bench" / "peers" / "exploration", work)
            shutil.copy(PROJECT / "iris_ml" / "data" / "iris.csv", work)
            for name, spendings in seconds.items():
                spendings.append(spent(command("cluster", "python", name.split()[0]), work, _environment()).seconds)
        hand = seconds["hand.py"]
        rows = [[name, quoted(map(truediv, each, hand)), f"{median(each):.1f}"] for name, each in seconds.items()]
        target = ["target for explored.py", "<= 1.2", ""]
        show(TRIALS.format(rounds=ROUNDS), ["", "of the loop by hand", "seconds"], [target, *rows])
        one, two = (float(_printed(work, "cluster.py", str(workers))) for workers in (1, 2))
        figures = map(_short, (one, two, one / two))
        show(CLUSTER, ["", "one worker", "two", "ratio"], [["target", "", "", ">= 1.6"], ["", *figures]])
        answered, fit = map(float, _printed(work, "swapped.py").split())
        figures = map(_short, (answered, fit, answered / fit))
        show(SWAPPED, ["", "answer", "fit", "ratio"], [["target", "", "", "<= 1.2"], ["", *figures]])


def _short(figure: float) -> str:
    return f"{figure:.2f}"


def _environment() -> dict[str, str]:
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # else cores are fought for inside of a trial
    return environment("cluster") | one | {"PYTHONPATH": str(COPY), "IRIS_ML_PROGRESS": "false", "PYTHONWARNINGS": "ignore"}


def _printed(folder: Path, *words: str) -> str:
    return subprocess.check_output(command("cluster", "python", *words), cwd=folder, env=_environment(), text=True)
