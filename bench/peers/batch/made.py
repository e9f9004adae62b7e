"""The rows that are asked about, as many as the command says, and the estimator that is asked."""

import sys

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

flowers = pd.read_csv("iris.csv")
measured = flowers.drop(columns="species")
joblib.dump(make_pipeline(SelectKBest(k=2), LogisticRegression(max_iter=1000)).fit(measured, flowers["species"]), "model.joblib")

random = np.random.default_rng(0)
for rows in map(int, sys.argv[1:]):
    schema = pa.schema([(name, pa.float64()) for name in measured])
    with parquet.ParquetWriter(f"{rows}.parquet", schema) as writer:
        for start in range(0, rows, 1_000_000):
            drawn = measured.to_numpy()[random.integers(0, len(measured), min(1_000_000, rows - start))]
            near = (drawn + random.normal(0, 0.05, drawn.shape)).round(2).clip(0.1)
            writer.write_table(pa.table([*near.T], schema=schema))
