"""Many processes that record and send at once, and processes that are killed while they do: every record, once and whole."""

import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import warnings
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from iris_ml.base.settings import change_settings, read_settings
from iris_ml.tracking.records import Records, _read_index
from iris_ml.workflow.workflow import Workflow
from tests.fork_server import FORKED_PYTHON

from .checkpoints import ended, forked

SYNC = [*FORKED_PYTHON, "-c", "from iris_ml.cli.entry import main; main()", "ui", "--sync-only"]
SENT = (
    "SELECT tags.value FROM tags JOIN runs ON tags.run_uuid = runs.run_uuid "
    "WHERE tags.key = 'iris_ml.record' AND runs.lifecycle_stage = 'active' AND runs.status = 'FINISHED'"
)


def number(seed: int) -> int:
    """Make a number."""
    return seed + 1


def scores(number: int) -> dict[str, float]:
    """Make scores."""
    return {"accuracy": 1 / number}


def project(store, seed=0):
    """A workflow that is done in a moment, and leaves its records in a folder."""
    settings = change_settings(read_settings(environment={}), store=store, seed=seed, progress=False)
    return Workflow(number, scores, settings=lambda: settings)


def recorded(folder, runs):
    """Run as often as that, without a warning."""
    with warnings.catch_warnings(action="error"):
        for seed in range(runs):
            project(folder, seed % 10).run()


def whole(folder):
    """How many records there are, and how many of them are not whole, or not in the index."""
    records = Records(Path(folder) / "records")
    indexed = {each.id for each in _read_index(records.root / "index")}
    known = {each.id for each in records.summaries()}
    bad = sum(set(records.read(run_id).steps) != {"number", "scores"} for run_id in known)
    return len(known), bad + len(known - indexed)


def at_once(processes=8, each=100):
    """Let many processes record into one store."""
    with tempfile.TemporaryDirectory() as folder:
        children = [forked(lambda: recorded(folder, each)) for _ in range(processes)]
        failed = sum(ended(child) != 0 for child in children)
        there, bad = whole(folder)
        return there, failed + bad + abs(processes * each - there)


def killed(rounds=100, seed=0):
    """Kill a process at a random moment while it records; what is there is whole, and the index mends itself."""
    choose, failures, there = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            child = forked(lambda: recorded(folder, 1000))
            time.sleep(choose.uniform(0.02, 0.2))
            os.kill(child, signal.SIGKILL)
            failures += ended(child) != -signal.SIGKILL
            whole(folder)
            there, bad = whole(folder)
            failures += bad + len(list(Path(folder, "records").rglob("*.part")))
    return there, failures


def sending(folder, processes=4, **settings):
    """Send from several processes at once; how many failed, and how many runs they say that they sent."""
    environment = os.environ | {"IRIS_ML_STORE": str(folder)} | settings
    senders = [
        subprocess.Popen(SYNC, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    said = [sender.communicate(timeout=300)[0] for sender in senders]
    return sum(sender.returncode != 0 for sender in senders), sum(int(text.split()[-1]) for text in said if text)


def sending_at_once(rounds=20, each=4):
    """Let four processes send the records of a fresh store to a fresh database; everything is there once."""
    there = failures = 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            recorded(folder, each)
            failed, said = sending(folder)
            with closing(sqlite3.connect(Path(folder) / "mlflow.db")) as database:
                sent = [name for (name,) in database.execute(SENT)]
            there += len(sent)
            known = [each.id for each in Records(Path(folder) / "records").summaries()]
            failures += failed + (said != each) + (sorted(sent) != known)
    return there, failures


def _program(name):
    places = [*map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), os.environ["PATH"]]
    return shutil.which(name, path=os.pathsep.join(places))


def postgresql_is_there():
    """Whether a cluster can be made and started."""
    return all(map(_program, ("initdb", "postgres")))


@contextmanager
def postgresql():
    """A cluster of its own, on loopback, by a user who is not root; gives the address of its database."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        person = {}
        if os.geteuid() == 0:  # as whom it does not start
            person = {"user": "nobody", "group": "nogroup"}
            shutil.chown(folder, **person)
        words = [_program("initdb"), "--pgdata", f"{folder}/data", "--auth", "trust", "--username", "ada", "--no-sync"]
        subprocess.run(words, check=True, cwd=folder, stdout=subprocess.DEVNULL, **person)
        words = [_program("postgres"), "-D", f"{folder}/data", "-k", folder, "-h", "127.0.0.1", "-p", str(port), "-F"]
        process = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **person)
        address = f"postgresql+psycopg2://ada@127.0.0.1:{port}/postgres"
        try:
            _wait_for(address, process)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _wait_for(address, process):
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(Exception):
            _connected(address).close()
            return
        time.sleep(0.1)
    raise TimeoutError("PostgreSQL does not start")


def _connected(address):
    import psycopg2

    return psycopg2.connect(address.replace("+psycopg2", ""))


def in_postgresql(each=100):
    """Send to a database of PostgreSQL, from four processes at once, and once more."""
    with tempfile.TemporaryDirectory() as folder, postgresql() as address:
        recorded(folder, each)
        failed, said = sending(folder, IRIS_ML_TRACKING=address)
        again, nothing = sending(folder, processes=1, IRIS_ML_TRACKING=address)
        with closing(_connected(address)) as database, database.cursor() as asked:
            asked.execute(SENT)
            sent = sorted(name for (name,) in asked.fetchall())
        known = [each.id for each in Records(Path(folder) / "records").summaries()]
    return len(sent), failed + again + nothing + abs(said - each) + (sent != known)


CAMPAIGNS = {
    "eight processes, a hundred runs each": at_once,
    "killed while recording": killed,
    "four that send at once, twenty times": sending_at_once,
    "a hundred runs into PostgreSQL, by four": in_postgresql,
}
