"""Sixteen trials of about a second on as many Dask workers as the command says; prints the seconds that they took."""

import sys
from time import perf_counter

from distributed import Client, LocalCluster

from iris_ml.workflow.workflow import Workflow


def scores(seed: int) -> dict:
    """Count for about a second."""
    total = 0
    for number in range(20_000_000):
        total += number ^ seed
    return {"total": total % 97}


if __name__ == "__main__":
    workers = int(sys.argv[1])
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.wait_for_workers(workers)
        counting = Workflow(scores)
        counting.explore(seed=range(1000, 1000 + workers), on=client)  # workers import what they need
        start = perf_counter()
        table = counting.explore(seed=range(100 * workers, 100 * workers + 16), on=client)
        print(perf_counter() - start)
    assert not table.error.any()
