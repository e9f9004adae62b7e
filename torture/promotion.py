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


def seeds_apart(times):
    """Fit fifty trees with another seed each time, and return which rows the champion and the challenger answer right."""
    X, y = make_classification(1500 + ROWS, 10, n_informative=4, flip_y=0.2, random_state=0)

    def right(seed):
        return (ExtraTreesClassifier(50, random_state=seed).fit(X[:1500], y[:1500]).predict(X[1500:]) == y[1500:]).astype(int)

    champion = right(0)
    for seed in range(1, times + 1):
        yield champion, right(seed)
        champion = right(10_000 + seed)  # another draw, so that a lucky champion does not decide all


def against_itself(times):
    """A model against itself with another seed: at most one in twenty may be taken for better."""
    truth = pd.Series(np.ones(ROWS, dtype=int))
    pairs = ([pd.DataFrame(right) for right in pair] for pair in seeds_apart(times))
    accepted = sum(check_better(truth, *pair).is_open for pair in pairs)
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


def drawn_answers(draws, models, change=0.0):
    """Draw which rows models answer right, which err on mostly the same rows: 0.85 of them, and `change` more of the last one."""
    shares = np.full(models, 0.85)
    shares[-1] += change
    own = draws.random((models, ROWS)) < 0.1
    return np.where(own, draws.random((models, ROWS)), draws.random(ROWS)) <= shares[:, None]


def best_of_noise(searches, trials, attempts):
    """Search among models that are as good as the champion; at most one search in twenty may promote one."""
    draws, promoted = np.random.default_rng(6), 0
    truth = pd.Series(np.ones(ROWS, dtype=int))
    for _ in range(searches):
        right = drawn_answers(draws, trials + 1).astype(int)
        gains = right[1:].mean(axis=1) - right[0].mean()
        if attempts == "the best at the end":
            tried = {int(gains.argmax()): trials}
        else:  # each one that looks better than those before it, at once
            best = np.maximum.accumulate(gains)
            tried = {place: place + 1 for place in range(trials) if gains[place] == best[place] and gains[place] > 0.01}
        tables = [pd.DataFrame(answers) for answers in right]
        promoted += any(check_better(truth, tables[0], tables[1 + one], looks=looks).is_open for one, looks in tried.items())
    return searches, promoted if promoted > 0.05 * searches else 0, f"{promoted} promoted, {promoted / searches:.1%}"


def five_points_after(times, looks):
    """At least eight in ten models that are five points better must be promoted, also after many looks."""
    draws, opened = np.random.default_rng(7), 0
    truth = pd.Series(np.ones(ROWS, dtype=int))
    for _ in range(times):
        before, after = drawn_answers(draws, 2, 0.05).astype(int)
        opened += check_better(truth, pd.DataFrame(before), pd.DataFrame(after), looks=looks).is_open
    return times, times - opened if opened < 0.8 * times else 0, f"{opened} accepted, {opened / times:.1%}"


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
    "the best of 1,000 trials of noise": lambda: best_of_noise(300, 1000, "the best at the end"),
    "each trial of noise that looks better, of 1,000": lambda: best_of_noise(300, 1000, "each record"),
    "five points better, after 20 looks": lambda: five_points_after(1000, 20),
    "five points better, after 1,000 looks": lambda: five_points_after(1000, 1000),
    "kill -9 in promotions and rollbacks": lambda: killed(100),
}
