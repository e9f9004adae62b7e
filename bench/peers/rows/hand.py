"""Learn a table piece by piece, by hand: the first file scales and is the test."""

import sys
from pathlib import Path

import pandas as pd
from pyarrow import parquet
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import StandardScaler

first, *others = sorted(Path(sys.argv[1]).glob("*.parquet"))
test = pd.read_parquet(first)
scale = StandardScaler().fit(test.drop(columns="truth"))
estimator = SGDClassifier(loss="log_loss", random_state=0)
for file in others:
    for batch in parquet.ParquetFile(file).iter_batches(131_072):
        piece = batch.to_pandas()
        estimator.partial_fit(scale.transform(piece.drop(columns="truth")), piece.truth, classes=[0, 1])
print(estimator.score(scale.transform(test.drop(columns="truth")), test.truth))
