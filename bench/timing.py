"""Time whole processes in turns, and print what came of it."""

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

ROUNDS = int(os.environ.get("ROUNDS", "3"))  # of whole processes


@dataclass(frozen=True)
class Spent:
    """What a process cost, with all the processes that it started and waited for."""

    seconds: float
    cpu: float  # seconds, over all cores
    memory: float  # MB, at the peak of the largest process


def spent(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Spent:
    """Run a command to its end; what it printed is shown if it fails."""
    with tempfile.TemporaryFile() as output:
        start = perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{output.read().decode()}")
    return Spent(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def quoted(figures: Iterable[float], form: str = ".2f") -> str:
    """The median, and in brackets the least and the most."""
    figures = list(figures)
    low, middle, high = (format(figure, form) for figure in (min(figures), median(figures), max(figures)))
    return f"{middle} ({low} to {high})" if len(figures) > 1 else middle


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    print(f"\n{title}\n")
    for row in head, ["-" * width for width in widths], *rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
