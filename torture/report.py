"""Reports that are killed while they are made: the old one lies there afterwards, or the new one, and nothing beside it."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from distributed import LocalCluster

from iris_ml.models.model_file import save
from iris_ml.production import workflow
from tests.fork_server import FORKED_PYTHON
from torture.serving import PROJECT

REPORT = ("report.html", "report.json", "report_refused.csv", "report_predictions.parquet")


def killed(moments, rows=400_000, on=()):
    """Kill reports at so many moments of the time that one takes; `on` is what the command says of a cluster."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = workflow.run("raw", "model", progress=False, checkpoints=False)
        save(run["model"], folder / ".iris_ml" / "model.skops")
        _write(run["raw"], folder / "new.parquet", rows)
        _write(run["raw"], folder / "old.parquet", 1_000)
        start = time.perf_counter()
        _started(folder, "new.parquet", on).communicate()
        whole, new = time.perf_counter() - start, _there(folder)
        _started(folder, "old.parquet", on).communicate()
        old = _there(folder)
        assert {*REPORT[:3]} < {*old}
        assert {*REPORT[:3]} < {*new}
        assert old[REPORT[1]] != new[REPORT[1]]
        failures = 0
        for moment in np.linspace(0.2, 1.05, moments) * whole:
            process = _started(folder, "new.parquet", on)
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            failures += _there(folder) not in (old, new)
            _started(folder, "old.parquet", on).communicate()  # takes the place of either, and clears what was left
            failures += _there(folder) != old or bool([*folder.glob(".*.part")])
        return moments, failures


def _write(flowers, path, rows):
    some = flowers.drop(columns="species").iloc[np.random.default_rng(0).integers(0, len(flowers), rows)]
    pq.write_table(pa.Table.from_pandas(some, preserve_index=False), path, row_group_size=50_000)


def _started(folder, file, on):
    start = "from iris_ml.cli.entry import main; main()"
    command, environment = [*FORKED_PYTHON, "-c", start, "report", file, *on], os.environ | {"PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _there(folder):
    """The bytes of a report's files; its predictions may be a folder of them."""
    files = [file for name in REPORT for file in sorted([folder / name, *(folder / name).glob("*")]) if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def killed_on_a_cluster(moments):
    """Kill those who asked a cluster, whose workers go on with what they have."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        return killed(moments, rows=2_000_000, on=("--on", cluster.scheduler_address))


CAMPAIGNS = {
    "kill -9 in a report": lambda: killed(50),
    "kill -9 in a report on a cluster": lambda: killed_on_a_cluster(20),
}
