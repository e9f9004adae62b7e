"""Random programs of steps, edited at random: is a result that is reused ever another than a run without a store gives?

A *program* consists of definitions in several modules that use each other, their data, and steps that use them. An *edit* makes
another program of it. Both run over one store, in new processes: before, before, after, after, before. Each result is compared
with the one of a run without a store, in a folder and a process of its own. A program whose seed is a multiple of 4 runs as a
notebook, too.

`python -m torture.programs SEED` shows a program, its edit, and both answers of each run; with `reduce`, of the smallest
program that still shows the fault.
"""

import ast
import gc
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import unified_diff
from importlib import import_module
from pathlib import Path

from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell

from iris_ml.base.packages import package_versions
from iris_ml.cache.import_effects import package_effects
from iris_ml.cache.observation import SETTLED
from tests.fresh import in_new_process, write

from .edits import HARMLESS, Edits, spliced, starts
from .generator import NAMES, Maker, Program


def shown(value):
    """A value as a text that no option of a package changes."""
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

    match value:
        case pd.DataFrame():
            columns = [shown(value.iloc[:, place]) for place in range(value.shape[1])]
            return f"table {[*value.columns]!r} {[*value.index]!r} {value.index.names} {columns}"
        case pd.Series():
            return f"{value.dtype!r} {[*map(repr, value.tolist())]}"
        case np.ndarray() | np.generic():
            return f"{value.dtype.str} {value.shape} {value.tolist()!r}"
        case BaseEstimator():
            return f"{type(value).__name__} { {name: shown(inner) for name, inner in sorted(vars(value).items())} }"
        case dict():
            return f"{ {shown(name): shown(inner) for name, inner in value.items()} }"
        case list() | tuple():
            return f"{type(value).__name__} {[*map(shown, value)]}"
        case type():
            return value.__qualname__
    return repr(value)


def answered(folder, files, times, checkpoints, form="module"):
    """Bring a folder to a program, run it in a new process, and return what each step gave and how."""
    folder = Path(folder)
    for path in sorted(folder.rglob("*"), reverse=True):
        if ".iris_ml" not in path.parts and path.is_file() and str(path.relative_to(folder)) not in files:
            path.unlink()
    write(folder, files, times)

    def work():
        signal.alarm(60)
        return results(folder, files.get("environment", ""), checkpoints, form)

    return in_new_process(work)


def results(folder, environment, checkpoints, form):
    """What each step of the program in a folder gives, and how."""
    from iris_ml.workflow.workflow import Workflow

    os.chdir(folder)
    sys.path[:0] = [str(folder), str(folder / "site-packages")]
    os.environ.update(line.split("=", 1) for line in environment.splitlines())
    try:
        steps = vars(import_module("steps")) if form == "module" else cells(folder / "steps.py")
        workflow = Workflow(*(steps[name] for name in [*NAMES, "result"] if name in steps))
        run = workflow.run(progress=False, checkpoints=checkpoints)
        return {
            "values": {name: shown(run[name]) for name in run},
            "how": {name: result.how for name, result in run.results.items()},
            "notes": {name: result.note for name, result in run.results.items()},
        }
    except Exception:
        return {"error": traceback.format_exc()}


def cells(path):
    """The names that a notebook has when its cells, the statements of a module, have run."""
    shell, lines = InteractiveShell.instance(), path.read_text(encoding="utf-8").splitlines()
    for first, node in starts(ast.parse("\n".join(lines)).body):
        shell.run_cell("\n".join(lines[first : node.end_lineno]), store_history=True).raise_error()
    path.unlink()
    return shell.user_ns


def serve():
    """Answer requests, one line each, until the input ends."""
    HistoryManager.enabled = False  # it runs in a thread, which no fork takes along
    InteractiveShell.instance()
    for package in ("iris_ml.workflow.workflow", "iris_ml.io.readers", "pyarrow", "sklearn.dummy", "sklearn.linear_model",
                    "sklearn.pipeline", "sklearn.preprocessing", "skops.io", "asyncio"):  # fmt: skip
        import_module(package)
    for package in SETTLED:
        package_versions(package)  # at no cost then
    package_effects()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(answered(*json.loads(line))), flush=True)


class Server:
    """A process that runs programs in children of its own, with one order of sets and texts."""

    def __init__(self, seed):
        environment = {name: text for name, text in os.environ.items() if not name.startswith("IRIS_ML")}
        command = [sys.executable, "-B", "-c", "from torture.programs import serve; serve()"]  # -B: edits keep a file's time
        environment["IRIS_ML_AUDIT"] = "0"
        environment |= {"PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()

    def run(self, folder, program, checkpoints=True, form="module"):
        """Run a program in a folder, as a module or as a notebook."""
        with self.lock:
            print(json.dumps([str(folder), program.files, program.times, checkpoints, form]), file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())


@contextmanager
def running(count):
    """Servers, each with another order of sets."""
    servers = [*map(Server, range(1, count + 1))]
    try:
        yield servers
    finally:
        for server in servers:
            server.process.stdin.close()
            server.process.wait()


@dataclass
class Trial:
    """A program, its edit, and what their runs gave."""

    seed: int
    kind: str
    before: Program
    after: Program
    truths: dict[str, dict]  # side -> what a run without a store gives
    stages: list[dict] = field(default_factory=list)
    again: Counter = field(default_factory=Counter)  # programs and edits that failed by themselves, and were made again

    @property
    def matters(self):
        """Whether the edit changes a result."""
        return self.truths["before"]["values"] != self.truths["after"]["values"]

    @property
    def wrong(self):
        """The stages and steps that gave something else than a run without a store."""
        for number, (side, stage) in enumerate(zip(SIDES, self.stages, strict=True), 1):
            truth = self.truths[side]["values"]
            for name in truth:
                if stage.get("values", {}).get(name) != truth[name]:
                    yield number, name


SIDES = "before", "before", "after", "after", "before"


def made(seed, servers):
    """Make a program and an edit that fail with no store."""
    choose, again = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as folder:
        while "error" in (truth := servers[0].run(f"{folder}/before", before := Maker(choose).program(), False)):
            again["programs"] += 1
            shutil.rmtree(f"{folder}/before")
        drawn = choose.choice([1, 4, 8])  # edits; the first that changes a result is taken, or else the last
        while True:
            try:
                with _PARSING:
                    kind, after = Edits(choose).edited(before)
            except SyntaxError:
                continue
            if after is None or after == before:
                continue
            truth_after = servers[0].run(f"{folder}/after{again.total()}", after, False)
            drawn -= 1
            if "error" in truth_after:
                again["edits"] += 1
            elif truth_after["values"] != truth["values"] or drawn <= 0:
                return Trial(seed, kind, before, after, {"before": truth, "after": truth_after}, again=again)


_PARSING = threading.Lock()  # before 3.11.5, `ast.parse` fails in two threads at once: github.com/python/cpython/issues/106905


def tried(seed, servers):
    """Make a program and an edit, and run them over one store."""
    return run_over_store(made(seed, servers), servers)


def run_over_store(trial, servers):
    """Run a program and its edit over one store, in processes whose sets have different orders."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {"before": trial.before, "after": trial.after}
        is_notebook = trial.seed % 4 == 0 and not any("__file__" in program.files["steps.py"] for program in sides.values())
        trial.stages = [
            servers[number % 2].run(folder, sides[side], form="notebook" if is_notebook and number in (1, 3) else "module")
            for number, side in enumerate(SIDES)
        ]
    return trial


def is_repeatable(trial, servers):
    """Whether both programs give the same in every process with no store."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {"before": trial.before, "after": trial.after}
        return all(
            server.run(f"{folder}/{side}{number}", sides[side], False) == trial.truths[side]
            for side in sides for number, server in enumerate(servers)
        )  # fmt: skip


def trials(seeds, servers):
    """The trials of seeds, in their order."""
    orders = [servers, servers[::-1]]
    with ThreadPoolExecutor(len(servers)) as pool:
        yield from pool.map(lambda seed: tried(seed, orders[seed % 2]), seeds)


def random_programs(count, first=0):
    """Run random programs; how many, how many gave a wrong result, and what they were like."""
    total = Counter()
    with running(2) as servers:
        for trial in trials(range(first, first + count), servers):
            total += figures(trial)
            if [*trial.wrong]:
                verdict = "stale" if is_repeatable(trial, servers) else "not repeatable"
                total[verdict] += 1
                print(f"seed {trial.seed}, {trial.kind}, {verdict}: {[*trial.wrong]}", file=sys.stderr, flush=True)
    shares = {
        "of the results reused where nothing changed": (total["reused"], total["results"]),
        "of the edits changed a result": (total["matters"], count),
        "of the harmless edits left all reused": (total["left"], total["harmless"]),
        "of the programs failed by themselves": (total["programs"], count + total["programs"]),
        "of the edits failed by themselves": (total["edits"], count + total["edits"]),
    }
    said = [f"{part / max(whole, 1):.0%} {what}" for what, (part, whole) in shares.items()]
    return count, total["stale"], ", ".join([*said, f"{total['not repeatable']} not repeatable"])


def figures(trial):
    """What is counted of a trial."""
    known = [how for stage in (1, 3, 4) for how in trial.stages[stage].get("how", {}).values()]  # where nothing has changed
    before, after = (trial.stages[stage].get("how") for stage in (1, 2))
    is_harmless = trial.kind in HARMLESS
    return trial.again + Counter(
        matters=trial.matters, reused=known.count("reused"), results=len(known),
        harmless=is_harmless, left=is_harmless and before == after,
    )  # fmt: skip


def show(trial):
    """Print a program, its edit, and the answers of each run."""
    for path in sorted({*trial.before.files, *trial.after.files}):
        before, after = (program.files.get(path, "").splitlines() for program in (trial.before, trial.after))
        if "site-packages" not in path or before != after:
            lines = [*unified_diff(before, after, path, path, n=999, lineterm="")][3:] or [f" {line}" for line in before]
            print(f"--- {path}", *lines, sep="\n")
    print(f"--- {trial.kind}; times {trial.after.times}")
    for number, (side, stage) in enumerate(zip(SIDES, trial.stages, strict=True), 1):
        print(f"--- run {number}, {side}", stage.get("error", ""))
        for name, truth in trial.truths[side]["values"].items():
            given, how = stage.get("values", {}).get(name), stage.get("how", {}).get(name)
            print(f"{name}: {given} {'=' if given == truth else '!= ' + truth} ({how}) {stage.get('notes', {}).get(name)}")


def smallest(trial, servers):
    """The smallest program and edit that still give a wrong result: of what both have, pieces are left out or made shorter."""
    for shorter in removals, replacements, removals:
        changed = True
        while changed:
            changed = False
            for path in sorted(trial.before.files):
                text = trial.before.files[path] if path in trial.after.files and "site-packages" not in path else ""
                pieces = {*text.split("\n\n"), *text.splitlines(keepends=True)}
                for piece in sorted(filter(str.strip, pieces), key=lambda piece: (-len(piece), piece)):
                    found = (still_wrong(trial, path, piece, new, servers) for new in shorter(piece))
                    if smaller := next(filter(None, found), None):
                        trial, changed = smaller, True
    return trial


def removals(piece):
    """Nothing, instead of a piece of a program."""
    yield ""


def replacements(piece):
    """Shorter texts for a piece of a program."""
    text = piece.strip()
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.Call | ast.IfExp | ast.Subscript | ast.Attribute):
            for inner in ["1", *(ast.unparse(each) for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr))]:
                yield piece.replace(text, spliced(text, node, inner))


def still_wrong(trial, path, piece, new, servers):
    """The trial with a piece replaced on both sides, if it is still wrong; None otherwise."""
    before, after = (program.files.get(path, "") for program in (trial.before, trial.after))
    if before.count(piece) != 1 or after.count(piece) != 1 or piece == new:
        return None
    sides = {
        "before": trial.before.with_file(path, before.replace(piece, new)),
        "after": trial.after.with_file(path, after.replace(piece, new)),
    }
    with tempfile.TemporaryDirectory() as folder:
        truths = {}
        for side in sides:
            truths[side] = servers[0].run(f"{folder}/{side}", sides[side], False)
            if "error" in truths[side]:
                return None
    smaller = run_over_store(Trial(trial.seed, trial.kind, sides["before"], sides["after"], truths), servers)
    fails = {"error" in stage for stage in trial.stages} == {"error" in stage for stage in smaller.stages}
    return smaller if fails and [*smaller.wrong] and is_repeatable(smaller, servers) else None


def main(seed, *words):
    """Show the program of a seed."""
    with running(2) as servers:
        [trial] = trials([int(seed)], servers)
        show(smallest(trial, servers) if "reduce" in words and [*trial.wrong] else trial)


CAMPAIGNS = {"random programs, edited at random": lambda: random_programs(2000)}

if __name__ == "__main__":
    main(*sys.argv[1:])
