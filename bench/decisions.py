"""Five decisions, each beside other tools: how often is each tool wrong?"""

import json
import subprocess
import sys

from .environments import PROJECT, command, environment, make_deciders
from .timing import show

TITLES = {
    "leakage": """\
A workflow that leaks, in each kind that the literature knows, and twenty that do not: which tool says so? skore's two checks of
leakage get the rows, the split and the estimator.""",
    "coverage": """\
Prediction sets that shall hold the truth of nine in ten rows, on 100 splits: the share that is held, the mean size, the share of
empty sets, and the milliseconds to learn and to answer. MAPIE as it comes, in five folds; crepes with a quarter to calibrate.""",
    "monitoring": """\
Batches of twenty columns on which nothing happened, or of which one moved by 0.3 standard deviations; and labels that arrive
later, looked at every 500 rows up to 5,000: how often is there an alarm? evidently with the tests of its presets; one sigma: the
accuracy is more than one standard error below that of 1,000 test rows.""",
    "promotion": """\
1,000 test rows, a champion that is right on 85 of 100, challengers that err on mostly the same rows: how often is one promoted?
MLflow with the least threshold that its comparison takes; one sigma: better by more than a standard error.""",
    "slices": """\
10,000 rows, nine of ten right, of a planted slice of 5 % eight of ten: how often is the slice found, and how often one where
there is none? sliceline with at most two conditions, on quarters of the numbers.""",
}
PEERS = {"monitoring": ["evidently"]}  # in an environment of their own: they need another pandas


def compare() -> None:
    """Print a table for each decision."""
    make_deciders()
    for name, title in TITLES.items():
        told = _answers("decisions", name) + [line for tool in PEERS.get(name, []) for line in _answers(tool, f"{name}_{tool}")]
        tools = [*dict.fromkeys(tool for _, tool, _ in told)]
        cells = {(what, tool): figure for what, tool, figure in told}
        rows = [[what, *(cells.get((what, tool), "") for tool in tools)] for what in dict.fromkeys(what for what, _, _ in told)]
        show(title, ["", *tools], rows)


def _answers(environment_name: str, script: str) -> list[tuple[str, str, str]]:
    """What a script found: what was asked, of which tool, and its figure."""
    words = command(environment_name, "python", "-W", "ignore", "-m", f"bench.peers.decisions.{script}")
    ended = subprocess.run(words, cwd=PROJECT, env=environment(environment_name), capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"{script} failed:\n{ended.stderr}")
    print(f"{script} is through", file=sys.stderr, flush=True)
    return [tuple(json.loads(line)) for line in ended.stdout.splitlines() if line.startswith("[")]
