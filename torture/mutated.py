"""Model files whose archives were changed, with right digests: each is refused in a sentence or gives its recorded answers.

The bytes of a member of the archive are changed, and every digest is computed again, so that the libraries parse them. Each
file is loaded in a process of its own, which must not die with it.
"""

import json
import random
import re
import sys
import tempfile
import warnings
from collections import Counter
from contextlib import chdir
from functools import partial
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neural_network import MLPClassifier

from iris_ml.base.skops_archive import dump_archive
from iris_ml.io.locations import package_file
from iris_ml.models.model_file import _MODEL, load
from iris_ml.steps.estimator import estimator
from iris_ml.steps.model import model
from iris_ml.steps.profile import Profile

from .forged import used
from .hostile import changed_archive

KINDS = {
    "logistic pipeline": estimator,
    "forest": partial(RandomForestClassifier, 10),
    "gradient boosting": partial(GradientBoostingClassifier, n_estimators=5),
    "histogram boosting": partial(HistGradientBoostingClassifier, max_iter=5),
    "MLP": partial(MLPClassifier, [8], max_iter=50),
    "XGBoost": lambda: import_module("xgboost").XGBClassifier(n_estimators=5),
    "LightGBM": lambda: import_module("lightgbm").LGBMClassifier(n_estimators=5, verbose=-1),
    "CatBoost": lambda: import_module("catboost").CatBoostClassifier(iterations=5, verbose=False, allow_writing_files=False),
}


def installed():
    """The kinds of models whose package is installed; CatBoost is too large for a development tool."""
    return [name for name in KINDS if name != "CatBoost" or find_spec("catboost")]


def _make(name):
    flowers = pd.read_csv(package_file("package:iris.csv"))
    flowers["species"] = flowers.species.astype("category").cat.codes.astype(int)  # XGBoost learns no texts
    with warnings.catch_warnings(action="ignore"):
        made = model(KINDS[name](), flowers, Profile("species"), "species", [], seed=0)
    Path(name).write_bytes(json.dumps(made.answers()).encode() + b"\n" + dump_archive(made))


def places(archive):
    """The parts of an archive that hold what was learned: the member, and the first and last of its bytes that are changed."""
    with ZipFile(BytesIO(archive)) as members:
        contents = {name: members.read(name) for name in members.namelist()}
    for name, content in contents.items():
        if name == "schema.json":
            yield name, 0, len(content)
            yield from ((name, *text.span()) for text in re.finditer(_LIGHTGBM, content))
        else:
            yield name, 128 if name.endswith(".npy") else 0, len(content)


_LIGHTGBM = rb"tree\\\\nversion.*?end of parameters"  # its text lies among the types


def mutated(archive, choose):
    """An archive in which a few bytes of one member are others."""
    name, first, end = choose.choice([place for place in places(archive) if place[1] < place[2]])

    def change(member, content):
        content = bytearray(content)
        is_text, is_changed = member == "schema.json", member == name
        for _ in range(choose.choice([1, 2, 4] if is_text else [1, 4, 16, 64]) * is_changed):
            place = choose.randrange(first, end)
            other = [0, 255, content[place] ^ 1 << choose.randrange(8), choose.randrange(256)]
            if is_text:  # a digit for a digit, so that it is still JSON
                place = next((place for place in range(place, end) if content[place] in b"0123456789"), place)
                other = [*b"0123456789"]
            content[place] = choose.choice(other)
        return [(member, bytes(content))]

    return changed_archive(archive, change)


def write_model(path, archive, answers):
    """Write a model file with its right digests."""
    header = json.dumps({"model": sha256(archive).hexdigest(), "answers": answers}).encode()
    content = header + b"\n" + archive
    path.write_bytes(_MODEL + sha256(content).hexdigest().encode() + b"\n" + content)


def _load(path, answers):
    load(path).verified(answers)
    print("loaded with its answers")


def outcome(code, said):
    """How loading a file ended, in a few words, and whether it may end so."""
    if code == 0:
        return "loaded with its answers", said.endswith("loaded with its answers\n")
    reasons = {
        "its process died": r"was ended by SIG|ended with ", "its process took too long": "took more than",
        "refused by the golden rows": "the golden rows do not", "refused by the archive": r"^[^\n]*\.\n$",
    }  # fmt: skip
    reason = next((reason for reason, text in reasons.items() if re.search(text, said)), "another end")
    return reason, code == 2 and said.startswith("model.skops: ") and said.count("\n") == 1


def mutations(cases, seed=0):
    """Load as many changed files, the same number of each kind."""
    choose, found, failures = random.Random(seed), {name: Counter() for name in installed()}, 0
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        path, output = Path("model.skops"), Path("said")
        for name in found:  # a process whose libraries have started threads cannot be forked
            if used(partial(_make, name), output)[0]:
                raise RuntimeError(output.read_text())
        for case in range(cases):
            name = [*found][case % len(found)]
            line, _, archive = Path(name).read_bytes().partition(b"\n")
            answers, number = json.loads(line), choose.randrange(2**32)
            write_model(path, mutated(archive, random.Random(number)), answers)
            code, said, _ = used(partial(_load, path, answers), output, seconds=300)
            reason, is_right = outcome(code, said)
            found[name][reason] += 1
            failures += not is_right
            if not is_right:
                print(f"{name} ({number}): exit code {code}: {said[-500:]!a}", file=sys.stderr)
    print(pd.DataFrame(found).T.fillna(0).astype(int).to_string(), file=sys.stderr)
    return cases, failures


CAMPAIGNS = {"changed model files": lambda: mutations(504)}
