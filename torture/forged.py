"""Stores, records and model files that somebody forged, used as people use them: nothing is run, or written outside.

A *place* is a folder with two others: `given`, the working folder that somebody gave, and `outside`, in which nothing may
change. A *forgery* takes a place whose store, model and records are sound, and chance, and forges something in it. Each
use is a process of its own: it ends well or with one sentence, takes no more than 500 MB, and its results are true.
"""

import json
import os
import platform
import random
import resource
import shutil
import signal
import stat
import sys
import tempfile
import traceback
import warnings
import zlib
from base64 import b64encode
from collections import Counter
from contextlib import chdir, contextmanager, suppress
from functools import partial
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from unittest.mock import Mock, patch

import joblib
import numpy as np
import pandas as pd
import skops.io
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import FeatureAgglomeration
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from iris_ml.base import background_sync
from iris_ml.base.errors import IrisError
from iris_ml.base.settings import change_settings, read_settings
from iris_ml.cli import mlflow
from iris_ml.cli.entry import main
from iris_ml.io.locations import package_file
from iris_ml.models.champion import ChampionInfo, set_champion
from iris_ml.models.model_file import load, save, store_model
from iris_ml.models.request_log import _Files
from iris_ml.production import workflow as production
from iris_ml.steps.model import Model
from iris_ml.tracking.records import Records, RecordWriter
from iris_ml.workflow.workflow import Workflow

from .forgeries import CACHE, FORGERIES, MANY
from .hostile import Harm


def table() -> pd.DataFrame:
    """Make a table."""
    draws = np.random.default_rng(0).random((60, 2))
    return pd.DataFrame(draws, columns=["length", "width"]).assign(text="mine.txt", label=["a", "b"] * 30)


def grid(table: pd.DataFrame) -> np.ndarray:
    """Make an array."""
    return np.outer(table.length, table.width)


def total(grid: np.ndarray) -> dict[str, float]:
    """Make a dictionary."""
    return {"total": float(grid.sum())}


def recipe() -> Pipeline:
    """Make an estimator that is not fitted yet."""
    return make_pipeline(StandardScaler(), LogisticRegression())


def fitted(table: pd.DataFrame, total: dict[str, float], recipe: object) -> float:
    """Fit what an earlier step has made."""
    shares = []
    for estimator in _estimators(recipe):
        for X in table[["length", "width"]], table.text:
            with suppress(Exception):
                shares.append(clone(estimator).fit(X, table.label).score(X, table.label))
    return sum(shares) + round(total["total"])


def _estimators(value):
    if isinstance(value, BaseEstimator):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple | set | np.ndarray) else ()
    return [found for part in parts for found in _estimators(part)]


STEPS = [table, grid, total, recipe, fitted]


def project():
    """The workflow of these steps, which keeps its results in the store of the folder."""
    settings = change_settings(read_settings(environment={}), progress=False, audit=0.0)
    return Workflow(*STEPS, settings=lambda: settings)


class Place:
    """A folder that somebody gave, and one beside it."""

    def __init__(self, path):
        self.path, self.given, self.outside = Path(path), Path(path, "given"), Path(path, "outside")
        self.store, self.claims = self.given / ".iris_ml", False  # whether a value may be used as what it claims to be
        self.checkpoints, self.records, self.canary = self.store / "checkpoints", self.store / "records", self.outside / "canary"

    def entry(self, step):
        """The path of the entry of a step, and what it holds."""
        for path in sorted(self.checkpoints.glob(f"entries/{step}/*")):
            if (entry := json.loads(path.read_bytes().partition(b"\n")[2])) and not entry["dependencies"]:
                return path, entry

    def forge_entry(self, step, **fields):
        """Write the entry of a step with other fields."""
        path, entry = self.entry(step)
        self.write_digested(path, json.dumps({**entry, **fields}).encode())

    def write_digested(self, path, text):
        """Write a file whose first line is the digest of the rest."""
        path.write_bytes(sha256(text).hexdigest().encode() + b"\n" + text)

    def forge_value(self, step, content, file_format):
        """Give a step another value, with its right digest."""
        file, is_small = sha256(content).hexdigest(), len(content) < 10_000
        (self.checkpoints / "values").mkdir(exist_ok=True)
        if not is_small:
            (self.checkpoints / "values" / file).write_bytes(content)
        fields = {"format": file_format, "file": file, "size": len(content), "result": file}  # so that later steps run
        self.forge_entry(step, **fields, inline_data=b64encode(content).decode() if is_small else "")
        self.claims = True

    def forge_model(self, archive, **header):
        """Write a model file with its right digests."""
        model = self.store / "model.skops"
        about = {**json.loads(self.outside.joinpath("sound.skops").read_bytes().split(b"\n", 2)[1]), **header}
        header = json.dumps({**about, "model": sha256(archive).hexdigest()}).encode()
        packed = archive if len(archive) % 2 else zlib.compress(archive)  # both are read
        self.write_file(model, b"iris_ml model 4 ", header + b"\n" + packed)

    def write_file(self, path, kind, content):
        """Write a model file or a champion file with its right digest."""
        path.write_bytes(kind + sha256(content).hexdigest().encode() + b"\n" + content)

    def archive(self):
        """The archive of a sound model."""
        return zlib.decompress(self.outside.joinpath("sound.skops").read_bytes().split(b"\n", 2)[2])

    def plant(self, estimator, choose, change=lambda archive: archive):
        """Put an estimator where a step, production or a prediction finds it; its archive may be changed."""
        where = choose.choice(["recipe", "recipe", "estimator", "model file"])
        if where != "model file":
            self.forge_value(where, change(skops.io.dumps(estimator)), "skops")
            return ["run"] if where == "recipe" else ["iris_ml run"]
        model = load(self.outside / "sound.skops")
        self.forge_model(change(skops.io.dumps(Model(estimator, model.columns, model.profile, model.golden))))
        return ["load", "iris_ml predict flowers.csv"]

    def state(self):
        """Every file, folder and link of the place but those in the store: its times, its kind, its content."""
        found = {}
        for folder, folders, files in os.walk(self.path):
            if Path(folder) == self.given:
                folders[:] = [name for name in folders if name != ".iris_ml" or self.store.is_symlink()]
            for path in [Path(folder), *(Path(folder, name) for name in files + folders)]:
                kind = path.lstat()
                content = path.read_bytes() if stat.S_ISREG(kind.st_mode) else b""
                found[str(path)] = kind.st_mtime_ns, kind.st_mode, kind.st_ino, content
        return found


@contextmanager
def sound_place():
    """A place in which everything is sound."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
        place = Place(folder)
        place.given.mkdir()
        place.outside.mkdir()
        with chdir(place.given), patch.dict(os.environ, {"IRIS_ML_PROGRESS": "false", "IRIS_ML_AUDIT": "0"}):
            shutil.copy(package_file("package:iris.csv"), "flowers.csv")
            code, said, _ = used(partial(_fill, place), Path(folder, "said"))
            if code:
                raise RuntimeError(said)
        yield place


def _fill(place):
    project().run()
    models = [production.swap(seed=seed).run("model", progress=False, checkpoints=False)["model"] for seed in (1, 2)]
    with suppress(SystemExit):
        _command("run", "--quiet")
    shutil.copy(place.store / "model.skops", place.outside / "sound.skops")
    save(models[0], "one")
    store_model("one", place.store / "champion")
    save(models[1], "two")
    for name in "one", "two":
        digest = store_model(name, place.store / "champion")
        with patch.dict(os.environ, {"IRIS_ML_MODEL_FILE": ".iris_ml/champion"}):
            set_champion(read_settings(), ChampionInfo(digest, f"turn {name}"))
        Path(name).unlink()
    pipeline = Pipeline([("scale", StandardScaler()), ("fit", LogisticRegression())], memory=CACHE)
    fitted(table(), {"total": 0.0}, [pipeline, FeatureAgglomeration(1, memory=CACHE)])
    for path in Path(CACHE).rglob("*.pkl"):
        joblib.dump(Harm("../outside/canary"), path)
    (place.outside / "mine.txt").write_text("mine")
    (place.outside / f".{platform.node()}.999999999.{'0' * 32}.part").write_text("somebody works on this")
    (place.store / "manifest").unlink(missing_ok=True)


@contextmanager
def copied(place):
    """A copy of a place."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(place.path, folder, symlinks=True, dirs_exist_ok=True)
        yield Place(folder)


def used(work, output, seconds=40):
    """Do work in a process of its own: how it ended, what it said, and by how many MB its memory grew."""
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    sys.stdout.flush()
    if child := os.fork():
        _, status, usage = os.wait4(child, 0)
        said = output.read_bytes().decode(errors="replace")
        return os.waitstatus_to_exitcode(status), said, (usage.ru_maxrss * 1024 - before) / 1e6
    signal.alarm(seconds)  # what waits forever is a failure
    code = 1
    try:
        stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, errors="replace", closefd=False) for number in (1, 2))
        work()
        code = 0
    except SystemExit as end:
        code = 0 if end.code in (0, None) else 2
    except IrisError as error:
        print(error)
        code = 2
    except BaseException as error:
        code = 3 if hasattr(error, "step") else 1  # the code of a step works with a value that claims to be another
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
        os._exit(code)


def _run():
    run = project().run()
    print("result", sha256(run["table"].to_csv().encode() + run["grid"].tobytes()).hexdigest(), run["total"], run["fitted"])
    project().run()


def _sent():
    client, records = Mock(), Records(".iris_ml/records")
    client.create_run.return_value.info.run_id = "1"
    for each in records.summaries():
        with patch.object(mlflow, "load_model"), suppress(IrisError, TypeError, ValueError, OverflowError):  # `sync` says it
            mlflow.send_record(client, "1", records.read(each.id), {}, records, read_settings())
    for call in client.log_artifact.call_args_list:
        assert Path(call.args[1]).resolve().is_relative_to(records.root.resolve()), "it sends a file from outside"


def _sending():
    with patch.object(background_sync, "Popen"):
        background_sync.sync_in_background("sqlite:///runs.db", read_settings().store)


def _logged():
    files = _Files(read_settings().request_log, 10)
    with suppress(OSError):  # the log says it
        files.write([{"a": 1}], "version")


def _recorded():
    run = project().run()
    run.record.note("figure", Mock())
    records = Records(".iris_ml/records")
    for each in records.summaries():
        with suppress(IrisError):
            RecordWriter(records, records.read(each.id)).note("a", 1)


def _command(*words):
    sys.argv[1:] = words
    main()


def _shown(kind):
    return [path.stem for path in sorted(Path(".iris_ml/records", kind).glob("*.json"))][-1:]


USES = {
    "run": _run,
    "load": lambda: load(".iris_ml/model.skops"),
    "runs ID": lambda: _command("runs", *_shown("")),
    "data VERSION": lambda: _command("data", *_shown("data")),
    "sent": _sent,
    "rollback": lambda: (os.environ.update(IRIS_ML_MODEL_FILE=".iris_ml/champion"), _command("promote", "--rollback")),
    "predict with the champion": lambda: (
        os.environ.update(IRIS_ML_MODEL_FILE=".iris_ml/champion"), _command("predict", "flowers.csv")
    ),
    "iris_ml run with the champion": lambda: (
        os.environ.update(IRIS_ML_MODEL_FILE=".iris_ml/champion"), _command("run")
    ),
    "audited": lambda: (os.environ.update(IRIS_ML_AUDIT="1"), _command("run")),
    "recorded": _recorded,
    "sending": _sending,
    "logged": _logged,
    "iris_ml store --prune": lambda: _command("store", "--prune", "--size", "0", "--age", "0"),
}  # fmt: skip


def find_use(name):
    """The work of a use."""
    return USES.get(name) or partial(_command, *name.split()[1:])


def faults_of(place, use, before, truth, output):
    """What is wrong with a use of a place."""
    code, said, grown = used(find_use(use), output)
    after, found = place.state(), []
    if place.canary.exists():
        found.append("an execution")
    if changed := [path for path in {**before, **after} if before.get(path) != after.get(path)]:
        found.append(f"a write outside: {', '.join(changed[:3])}")
    if grown > 500:
        found.append(f"{grown:.0f} MB more memory")
    if code < 0:
        found.append(f"it does not end: {code}")
    if code == 1 or (code == 3 and not place.claims) or ("Traceback" in said and code != 3):
        found.append("a traceback")
    if any(letter != "\n" and not letter.isprintable() and letter != "\ufffd" for letter in said):
        found.append("control characters")
    if not place.claims and code == 0 and truth.get(use) and result_in(said) != truth[use]:
        found.append("a wrong result")
    return found


def result_in(said):
    """The lines of an output that must be the same each time."""
    return [line.strip() for line in said.splitlines() if line.strip().startswith(("result", "accuracy", "0 ", "1 "))]


def forged(cases, seed=0, every_use=True):
    """Forge as many places, and use each as people do."""
    choose, failures, kinds = random.Random(seed), 0, Counter()
    makers = choose.sample(FORGERIES + MANY, len(FORGERIES + MANY))
    around = {"IRIS_ML_PROGRESS": "false", "IRIS_ML_AUDIT": "0"}
    with sound_place() as sound, patch.dict(os.environ, around), warnings.catch_warnings(action="ignore"):
        truth, output = {}, sound.path / "said"
        for use in ["run", "iris_ml run", "iris_ml predict flowers.csv"]:
            with copied(sound) as place, chdir(place.given):
                truth[use] = result_in(used(find_use(use), output)[1])
        for maker in islice(cycle(makers), cases):
            kinds[maker.__name__] += 1
            number, uses = choose.randrange(2**32), None
            while uses is None or uses:  # each use has a place of its own
                with copied(sound) as place, chdir(place.given):
                    named = maker(place, random.Random(number))
                    if uses is None:
                        uses = [*named] if every_use else choose.sample(named, 1)
                    use = uses.pop()
                    found = faults_of(place, use, place.state(), truth, output)
                failures += len(found)
                for fault in found:
                    print(f"{maker.__name__} ({number}), {use}: {fault}", file=sys.stderr)
                if found:
                    print(*map(ascii, output.read_text(errors="replace").splitlines()[-12:]), sep="\n", file=sys.stderr)
    print("  " + ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in kinds.items()), file=sys.stderr)
    return cases, failures


CAMPAIGNS = {"forged stores, records and model files": lambda: forged(290)}
