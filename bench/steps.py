"""What a step costs in one process, reused and computed, over Hamilton alone."""

import importlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from types import ModuleType

from .environments import PROJECT, command, environment, make
from .timing import quoted, show

STEPS, ROUNDS = 100, 7
CHAINS = {
    "scalars": ("int", "seed", "{} + 1"),
    "frames of 150 rows and 4 columns": (
        "pd.DataFrame",
        "pd.DataFrame(np.random.default_rng(seed).random((150, 4)), columns=[*'abcd'])",
        "{} + 1",
    ),
}
ABOUT = """\
{steps} steps in a row, each adding one to {kind}; one process, the last value read.
Microseconds a step, the median of {rounds} rounds (least to most), all ways taking turns; and how much over Hamilton alone.
"Reused" asks again for what was computed before, "computed" for what a new seed changes. Stores lie in memory where that
can be had, so that the tools are compared and not the moods of a disk."""
IN_MEMORY = Path("/dev/shm")


def compare() -> None:
    """Measure in the environment of iris_ml, which has Hamilton and joblib too."""
    make()
    subprocess.run(command("ours", "python", "-m", __name__), cwd=PROJECT, env=environment("ours"), check=True)


def _measure(kind: str) -> None:
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        ways = _ways(_chain(Path(folder), kind), Path(folder))
        spendings: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for seed in range(1, ROUNDS + 2):
            for name, ask in ways.items():
                spendings[name].append((_microseconds(ask, 0), _microseconds(ask, seed * STEPS)))
    rows = [["target for iris_ml", "<= 100", "", "", "<= 600"]]
    bare = spendings["Hamilton alone"][1:]
    for name, (_, *spent) in spendings.items():  # the first round only warms up
        over = [[mine[i] - alone[i] for mine, alone in zip(spent, bare, strict=True)] for i in (0, 1)]
        row = [name]
        for i in 0, 1:
            row += [quoted((each[i] for each in spent), ".0f"), f"{median(over[i]):.0f}" if spent != bare else ""]
        rows.append(row)
    about = ABOUT.format(steps=STEPS, kind=kind, rounds=ROUNDS)
    show(about, ["", "reused", "over", "computed", "over"], rows)


def _microseconds(ask: Callable[[int], object], seed: int) -> float:
    start = perf_counter()
    ask(seed)
    return (perf_counter() - start) / STEPS * 1e6


def _chain(folder: Path, kind: str) -> ModuleType:
    """Write the steps into a module, where every tool can read them, and import it."""
    result, first, following = CHAINS[kind]
    name = f"chain_of_{kind.split()[0]}"
    lines = ["import numpy as np", "import pandas as pd", "", f"def step_0(seed: int) -> {result}: return {first}"]
    for number in range(1, STEPS):
        before = f"step_{number - 1}"
        lines.append(f"def step_{number}({before}: {result}) -> {result}: return {following.format(before)}")
    (folder / f"{name}.py").write_text("\n".join(lines) + "\n")
    sys.path.insert(0, str(folder))
    return importlib.import_module(name)


def _ways(chain: ModuleType, folder: Path) -> dict[str, Callable[[int], object]]:
    """The ways to get the last step's value for a seed."""
    import joblib
    from hamilton import driver

    from iris_ml.base.settings import change_settings, read_settings
    from iris_ml.workflow.workflow import Workflow

    last = f"step_{STEPS - 1}"
    functions = [getattr(chain, f"step_{number}") for number in range(STEPS)]
    builder = driver.Builder().with_modules(chain)
    alone, cached = builder.build(), builder.copy().with_cache(path=str(folder / "hamilton")).build()
    remembered = [joblib.Memory(folder / "joblib", verbose=0).cache(function) for function in functions]
    settings = {
        seed: change_settings(read_settings(), store=folder / "iris_ml", seed=seed)
        for seed in range(0, STEPS * (ROUNDS + 2), STEPS)
    }
    chosen = [0]  # the seed that the settings hold
    workflow = Workflow(*functions, settings=lambda: settings[chosen[0]])

    def ours(seed: int) -> object:
        chosen[0] = seed
        return workflow.run(last, progress=False)[last]

    def swapped(seed: int) -> object:
        chosen[0] = 0
        return workflow.swap(seed=seed + 2**31).run(last, progress=False)[last]

    def joblibs(seed: int) -> object:
        value = seed
        for function in remembered:
            value = function(value)
        return value

    return {
        "Hamilton alone": lambda seed: alone.execute([last], inputs={"seed": seed}),
        "iris_ml": ours,
        "iris_ml, seed swapped in": swapped,
        "joblib.Memory": joblibs,
        "Hamilton, its cache": lambda seed: cached.execute([last], inputs={"seed": seed}),
    }


if __name__ == "__main__":
    for kind in CHAINS:
        _measure(kind)
