"""A swapped estimator where loading takes ten seconds: prints the seconds of the answer, and of the fit alone."""

from time import perf_counter, sleep

import pandas as pd
import skops.io  # noqa: F401 - once in a session, when the first model is kept
from sklearn.neural_network import MLPClassifier

from iris_ml.base.settings import Source
from iris_ml.io.readers import read_table
from iris_ml.production import workflow


def raw(source: Source) -> pd.DataFrame:
    """Load, slowly."""
    sleep(10)
    return read_table(source)


slow = workflow.swap(raw, source="iris.csv")
slow.run("scores", progress=False)

network = MLPClassifier((300, 300), max_iter=5000, n_iter_no_change=200, random_state=0)
start = perf_counter()
run = slow.swap(estimator=network).run("scores", progress=False)
answered = perf_counter() - start

train = run["train"]
start = perf_counter()
network.fit(train.drop(columns="species"), train["species"])
print(answered, perf_counter() - start)
