"""Learn all rows of a table with iris_ml, here or on a cluster of so many workers; print the seconds of each round."""

import sys
import warnings
from time import perf_counter

from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from iris_ml.production import workflow


def learn(rows, on=None):
    """Run the workflow, without what it stores."""
    large = workflow.swap(
        source=f"{rows}/*.parquet",
        target="truth",
        split_by="random",
        largest_table=50,
        all_rows=True,
        estimator=make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss")),
    )
    with warnings.catch_warnings(action="ignore"):
        return large.run("scores", progress=False, checkpoints=False, on=on)


def main():
    rows, *more = sys.argv[1:]
    if not more:
        print(learn(rows)["scores"]["accuracy"])
        return
    from distributed import Client, LocalCluster

    workers, rounds = map(int, more)
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        learn(rows, client)  # a round that does not count
        for _ in range(rounds):
            start = perf_counter()
            learn(rows, client)
            print(perf_counter() - start)


if __name__ == "__main__":
    main()
