"""polars, lazily: rows in, the rows with their answers out."""

import sys
import warnings

import joblib
import numpy as np
import polars as pl

warnings.filterwarnings("ignore")  # that arrays have no names
model = joblib.load("model.joblib")
labels, names = np.array([*map(str, model.classes_)], dtype=object), [f"probability_{name}" for name in model.classes_]


def answered(rows):
    shares = model.predict_proba(rows.to_numpy())
    label = pl.Series("species", labels[shares.argmax(axis=1)], dtype=pl.String)
    return rows.with_columns(label, *(pl.Series(name, share) for name, share in zip(names, shares.T, strict=True)))


rows = pl.scan_parquet(sys.argv[1])
schema = {**rows.collect_schema(), "species": pl.String, **dict.fromkeys(names, pl.Float64)}
rows.map_batches(answered, schema=schema, streamable=True).sink_parquet("answers.parquet")
