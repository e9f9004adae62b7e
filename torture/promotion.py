"""Promotions that chance decides, and promotions that are killed: how often does the gate err, and who answers afterwards?"""

import os
import random
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier

from iris_ml.base.settings import read_settings
from iris_ml.models.champion import ChampionInfo, read_champion, roll_back, set_champion
from iris_ml.models.gates import check_better
from iris_ml.models.model_file import load, save, store_model
from iris_ml.production import workflow
from torture.checkpoints import ended, forked

ROWS = 1000  # by which a challenger is judged


def against_itself(times):
    """Fit fifty trees with another seed each time; at most one in twenty may be taken for better."""
    X, y = make_classification(1500 + ROWS, 10, n_informative=4, flip_y=0.2, random_state=0)
    truth = pd.Series(y[1500:])

    def answers(seed):
        return pd.Series(ExtraTreesClassifier(50, random_state=seed).fit(X[:1500], y[:1500]).predict(X[1500:]))

    champion = answers(0)
    accepted = 0
    for seed in range(1, times + 1):
        challenger = answers(seed)
        accepted += check_better(truth, champion.to_frame(), challenger.to_frame()).is_open
        champion = answers(10_000 + seed)  # another draw, so that a lucky champion does not decide all
    return times, accepted if accepted > 0.05 * times else 0, f"{accepted} accepted, {accepted / times:.1%}"


def _judged(times, change):
    """Draw answers of two models that err on mostly the same rows, of which the second is right more often by `change`."""
    draws, opened = np.random.default_rng(0), 0
    truth = pd.Series(np.zeros(ROWS, dtype=int))
    for _ in range(times):
        difficulty = draws.random(ROWS)
        before, after = (
            (np.where(draws.random(ROWS) < 0.1, draws.random(ROWS), difficulty) > share).astype(int)
            for share in (0.85, 0.85 + change)
        )
        opened += check_better(truth, pd.DataFrame(before), pd.DataFrame(after)).is_open
    return opened


def five_points_better(times):
    """At least nine in ten of these must be taken for better."""
    opened = _judged(times, 0.05)
    return times, times - opened if opened < 0.9 * times else 0, f"{opened} accepted, {opened / times:.1%}"


def five_points_worse(times):
    """At least 99 in a hundred of these must be refused."""
    opened = _judged(times, -0.05)
    return times, opened if opened > 0.01 * times else 0, f"{times - opened} refused, {1 - opened / times:.1%}"


def killed(times):
    """Kill promotions and ways back at random moments; then a champion must load that is one of the two, and whole."""
    models = [workflow.swap(seed=seed).run("model", progress=False, checkpoints=False)["model"] for seed in (1, 2)]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IRIS_ML_STORE"], os.environ["IRIS_ML_MODEL_FILE"] = folder, f"{folder}/champion"
        path, known = Path(folder, "champion"), {}
        for number, model in enumerate(models):
            save(model, Path(folder, str(number)))
            digest = store_model(Path(folder, str(number)), path)
            known[digest] = model.answers()
            set_champion(read_settings(), ChampionInfo(digest, "it begins"))
        digests = [*known]

        def work():
            turn = 0
            while True:
                turn += 1
                set_champion(read_settings(), ChampionInfo(digests[turn % 2], f"turn {turn}"))
                roll_back()

        for _ in range(times):
            child = forked(work)
            time.sleep(random.uniform(0.0, 0.05))
            os.kill(child, signal.SIGKILL)
            ended(child)
            try:
                champion = load(path)
                failures += known[read_champion(path).model] != champion.answers()
                if len(read_champion(path).history) > 200:  # who was champion ten thousand times takes long to write
                    path.unlink()
                    for digest in digests:
                        set_champion(read_settings(), ChampionInfo(digest, "it begins again"))
            except Exception as error:
                print(error)
                failures += 1
        del os.environ["IRIS_ML_STORE"], os.environ["IRIS_ML_MODEL_FILE"]
    return times, failures


CAMPAIGNS = {
    "a model against itself with another seed": lambda: against_itself(1000),
    "challengers five points better": lambda: five_points_better(1000),
    "challengers five points worse": lambda: five_points_worse(1000),
    "kill -9 in promotions and rollbacks": lambda: killed(100),
}
