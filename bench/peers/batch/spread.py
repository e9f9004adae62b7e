"""A report on as many Dask workers as the command says, and by hand, in turns; prints the seconds of each."""

import sys
from time import perf_counter

import joblib
import pandas as pd
from dask import dataframe
from distributed import Client, LocalCluster

from iris_ml.batch.report import report


def answered(rows: pd.DataFrame, model) -> pd.DataFrame:
    """The rows with their answers."""
    shares = model.predict_proba(rows)
    given = pd.DataFrame(shares, rows.index, [f"probability_{name}" for name in model.classes_])
    return rows.assign(species=model.classes_[shares.argmax(axis=1)]).join(given)


def report_on(file: str, client: Client) -> None:
    """Report on a file."""
    report(file, on=client)


def by_hand(file: str, client: Client) -> None:
    """Answer each partition where it is, and write it to a file of its own."""
    model, rows = joblib.load("model.joblib"), dataframe.read_parquet(file, split_row_groups=True)
    answers = rows.map_partitions(answered, model, meta=answered(rows.head(3), model))
    answers.to_parquet("parts", overwrite=True, write_index=False)


WAYS = {"report": report_on, "hand": by_hand}

if __name__ == "__main__":
    workers, file, rounds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.wait_for_workers(workers)
        for way in WAYS.values():
            way("1000.parquet", client)  # makes workers import what they need
        for way, do in [*WAYS.items()] * rounds:
            start = perf_counter()
            do(file, client)
            print(way, perf_counter() - start, flush=True)
