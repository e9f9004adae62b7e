"""Judge challengers with the gate, with MLflow's comparison, and with a rule of one sigma."""

import json

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import MetricThreshold
from mlflow.models.evaluation import EvaluationResult

from iris_ml.models.gates import check_better
from torture.promotion import ROWS, drawn_answers, seeds_apart

TRUTH = pd.Series(np.ones(ROWS, dtype=int))
BETTER = {"accuracy": MetricThreshold(min_absolute_change=1e-9, greater_is_better=True)}


def gate(before, after, looks):
    """As a promotion does it: the looks at these rows are paid for."""
    return check_better(TRUTH, pd.DataFrame(before), pd.DataFrame(after), looks=looks).is_open


def of_mlflow(before, after, looks):
    """As MLflow validates a candidate against a baseline."""
    results = [EvaluationResult({"accuracy": float(right.mean())}, {}) for right in (after, before)]
    try:
        mlflow.validate_evaluation_results(BETTER, candidate_result=results[0], baseline_result=results[1])
    except mlflow.exceptions.MlflowException:
        return False
    return True


def one_sigma(before, after, looks):
    """As people do it who have heard of intervals."""
    gain = after - before
    return gain.mean() > gain.std() / np.sqrt(len(gain))


def noise(trials):
    """A search among models that are as good as the champion, and its best one."""
    draws = np.random.default_rng(6)
    for _ in range(100):
        right = drawn_answers(draws, trials + 1).astype(int)
        yield right[0], right[1 + right[1:].mean(axis=1).argmax()], trials


def five_points(looks):
    """Models that are five points better."""
    draws = np.random.default_rng(7)
    for _ in range(200):
        before, after = drawn_answers(draws, 2, 0.05).astype(int)
        yield before, after, looks


ASKED = {
    "the best of 1,000 trials of noise": lambda: noise(1000),
    "the best of 20 trials of noise": lambda: noise(20),
    "a forest with another seed": lambda: ((before, after, 1) for before, after in seeds_apart(200)),
    "five points better, one look": lambda: five_points(1),
    "five points better, after 1,000 looks": lambda: five_points(1000),
}
for what, make in ASKED.items():
    pairs = [*make()]
    for tool, judge in {"iris_ml": gate, "MLflow": of_mlflow, "one sigma": one_sigma}.items():
        print(json.dumps([what, tool, f"{np.mean([judge(*pair) for pair in pairs]):.1%}"]), flush=True)
