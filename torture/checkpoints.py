"""Faults done to a store of checkpoints by real processes; afterwards every result must be the true one.

A *project* here is a workflow of five steps: a table, an array, a number, a dictionary, an estimator. Each campaign does its
harm in forked processes, and `sound` then asks the questions that matter: are all values true, does nothing raise, is
nothing left behind, and is everything reused the second time?
"""

import errno
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from iris_ml.base.settings import change_settings, read_settings
from iris_ml.cache.store import Checkpoints
from iris_ml.workflow.workflow import Workflow


def rows(seed: int) -> pd.DataFrame:
    """Make a table."""
    return pd.DataFrame({"length": np.random.default_rng(seed).random(50), "name": ["a", "b"] * 25})


def grid(rows: pd.DataFrame) -> np.ndarray:
    """Make an array."""
    return np.outer(rows.length, rows.length)


def total(grid: np.ndarray) -> float:
    """Make a number."""
    return float(grid.sum())


def summary(total: float, rows: pd.DataFrame) -> dict[str, float]:
    """Make a dictionary."""
    return {"total": total, "rows": float(len(rows))}


def fitted(rows: pd.DataFrame) -> LogisticRegression:
    """Make an estimator."""
    return LogisticRegression().fit(rows[["length"]], rows.name)


def project(store, seed=0):
    """The workflow that keeps its results in a folder."""
    settings = change_settings(read_settings(environment={}), store=store, seed=seed, progress=False)
    return Workflow(rows, grid, total, summary, fitted, settings=lambda: settings)


def values(run):
    """What a run gave, in a form that can be compared."""
    return [run["rows"].to_csv(), run["grid"].tobytes(), run["total"], run["summary"], run["fitted"].coef_.tobytes()]


def sound(store, seeds=(0,)):
    """Whether every result from a store is true, now and when it is reused, and nothing is left behind."""
    with warnings.catch_warnings(action="ignore"):
        for seed in seeds:
            truth = values(project(store, seed).run(checkpoints=False))
            if values(project(store, seed).run()) != truth:
                return False
            again = project(store, seed).run()
            if values(again) != truth or {result.how for result in again.results.values()} != {"reused"}:
                return False
    Checkpoints(Path(store) / "checkpoints")
    return not list(Path(store).rglob("*.part"))


def forked(work):
    """Start a process that does the work, and ends well or with exit code 1."""
    sys.stdout.flush()
    if child := os.fork():
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)


def ended(child):
    """Wait for a process; the signal that killed it, as a negative number, or its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at_random(times, seed=0):
    """Kill a process at random moments while it fills a store."""
    choose, died = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            first = choose.randrange(10**6)
            child = forked(lambda first=first: [project(folder, first + i).run() for i in range(100)])
            time.sleep(choose.uniform(0.005, 0.12))
            os.kill(child, signal.SIGKILL)
            died += ended(child) == -signal.SIGKILL
            if not sound(folder, range(first, first + 3)):
                return died, 1
    return died, 0


def at_each_write(harm):
    """Do harm in place of the first write, rename or commit of a run, of the second, and so on to the last."""
    moments = failures = 0
    while True:
        with tempfile.TemporaryDirectory() as folder:
            code = ended(forked(lambda moment=moments, folder=folder: _harmed(folder, moment, harm)))
            failures += not sound(folder) or code not in (0, -signal.SIGKILL)
            if code == 0 and not (Path(folder) / "harmed").exists():
                return moments, failures
        moments += 1


def _harmed(folder, moment, harm):
    truth, left = values(project(folder).run(checkpoints=False)), [moment]

    def hook(event, arguments):
        writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wxa+")
        if (writes or event in {"os.rename", "os.mkdir"}) and str(folder) in str(arguments[0]) and left[0] is not None:
            left[0] -= 1
            if left[0] < 0:
                left[0] = None
                (Path(folder) / "harmed").touch()
                harm()

    sys.addaudithook(hook)
    with warnings.catch_warnings(action="ignore"):
        assert values(project(folder).run()) == truth


def kill():
    """Die at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def disk_full():
    """Find no space left."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def a_bit_flipped(path, choose):
    """Turn one bit."""
    content = bytearray(path.read_bytes())
    content[choose.randrange(len(content))] ^= 1 << choose.randrange(8)
    path.write_bytes(content)


def a_file_cut(path, choose):
    """Cut a file at a random place."""
    os.truncate(path, choose.randrange(path.stat().st_size))


def a_file_zeroed(path, choose):
    """Fill a file with zeros."""
    path.write_bytes(bytes(path.stat().st_size))


def a_file_deleted(path, choose):
    """Delete a file."""
    path.unlink()


DAMAGES = (a_bit_flipped, a_file_cut, a_file_zeroed, a_file_deleted)


def damaged(damage, times, seed=0):
    """Damage a random file of a store, again and again."""
    choose, failures = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        project(folder).run()
        for _ in range(times):
            files = [path for path in Path(folder).rglob("*") if path.is_file() and path.stat().st_size]
            damage(choose.choice(sorted(files)), choose)
            failures += not sound(folder)
            shutil.rmtree(Path(folder) / "checkpoints" / "damaged", ignore_errors=True)
    return times, failures


def many_at_once(rounds, processes=8):
    """Let processes write and read the same and different results of one store."""
    failures = 0
    for turn in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            truths = {seed: values(project(folder, seed).run(checkpoints=False)) for seed in (0, 1, turn + 2)}

            def work(folder=folder, truths=truths):
                for seed, truth in random.sample(sorted(truths.items(), key=str), len(truths)):
                    assert values(project(folder, seed).run()) == truth

            codes = [ended(child) for child in [forked(work) for _ in range(processes)]]
            failures += any(codes) or not sound(folder, truths)
    return rounds, failures


CAMPAIGNS = {
    "kill -9 at random moments": lambda: killed_at_random(200),
    "kill -9 before each write and rename": lambda: at_each_write(kill),
    "disk full at each write and rename": lambda: at_each_write(disk_full),
    **{damage.__doc__.rstrip("."): lambda damage=damage: damaged(damage, 250) for damage in DAMAGES},
    "eight writers and readers": lambda: many_at_once(50),
}
