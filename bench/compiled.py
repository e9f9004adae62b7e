"""One row in process: through the model as it was fitted, through its compiled form, and through the whole predictor."""

import subprocess
import tempfile
import warnings
from collections.abc import Callable
from contextlib import chdir
from time import process_time
from typing import TYPE_CHECKING

from .environments import PROJECT, command, environment, make_servers
from .timing import quoted, show

if TYPE_CHECKING:
    from iris_ml.workflow.workflow import Workflow

ROUNDS, CALLS = 7, 100
ABOUT = """\
One row in one process; microseconds of processor time, of {rounds} rounds of {calls} calls the median, with least and most.
"Model" and "compiled" begin with a table of features and end with a table of predictions, "arrays" with the arrays that
the compiled file takes and gives; "predictor" begins with a raw row and runs every step, "request" with the checked row of a
request."""
TARGETS = {"logistic": "30", "forest of 200": "60"}


def compare() -> None:
    """Measure in the environment of the API, which has the runtime."""
    if "api" not in make_servers():
        raise SystemExit("the environment of the API cannot be made")
    subprocess.run(command("api", "python", "-m", __name__), cwd=PROJECT, env=environment("api"), check=True)


def _microseconds(call: Callable[[], object]) -> str:
    rounds = []
    for _ in range(ROUNDS + 1):  # the first round only warms up
        start = process_time()
        for _ in range(CALLS):
            call()
        rounds.append((process_time() - start) / CALLS * 1e6)
    return quoted(rounds[1:], ".0f")


def _measure() -> None:
    from sklearn.ensemble import RandomForestClassifier

    from iris_ml.production import workflow

    forest, default = RandomForestClassifier(200, random_state=0), workflow.swap(default_estimator=True)
    flows = {"logistic": workflow, "forest of 200": workflow.swap(estimator=forest), "the default for any table": default}
    rows = []
    for name, flow in flows.items():
        with tempfile.TemporaryDirectory() as folder, chdir(folder), warnings.catch_warnings(action="ignore"):
            calls = _calls(flow)
            rows.append([name, *map(_microseconds, calls.values()), TARGETS.get(name, "")])
    show(ABOUT.format(rounds=ROUNDS, calls=CALLS), ["", *calls, "target for arrays"], rows)


def _calls(flow: "Workflow") -> dict[str, Callable[[], object]]:
    """The ways of one row through a model of this workflow, which is saved and compiled here."""
    from iris_ml.compiled.compiled_model import compile_file
    from iris_ml.compiled.direct_rows import direct_rows
    from iris_ml.models.model_file import load, save
    from iris_ml.models.predictor import Predictor

    run = flow.run(progress=False, checkpoints=False)
    save(run["model"], file := ".iris_ml/model.skops")
    compile_file(file)
    model = load(file)
    before, now = Predictor(model, flow, compiled=False), Predictor(model, flow)
    raw, features = run["raw"].drop(columns="species").head(1), run["features"][model.columns].head(1)
    compiled, direct = now.answering, direct_rows(now)
    given, request = compiled.session.feed(features), raw.to_dict("records")
    return {
        "model": lambda: model.predict(features),
        "compiled": lambda: compiled.predict(features),
        "arrays": lambda: compiled.session.answer(given),
        "predictor before": lambda: before.run(raw),
        "predictor now": lambda: now.run(raw),
        "request": lambda: direct.answer(request),
    }


if __name__ == "__main__":
    _measure()
