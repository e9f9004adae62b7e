"""Arrow's batches with NumPy: rows in, the rows with their answers out."""

import sys
import warnings

import joblib
import numpy as np
import pyarrow as pa
from pyarrow import parquet

warnings.filterwarnings("ignore")  # that arrays have no names
model = joblib.load("model.joblib")
classes, writer = [*map(str, model.classes_)], None
for batch in parquet.ParquetFile(sys.argv[1]).iter_batches(100_000):
    shares = model.predict_proba(np.column_stack([column.to_numpy() for column in batch.columns]))
    labels = pa.DictionaryArray.from_arrays(shares.argmax(axis=1).astype("int8"), classes).cast("string")
    columns = [*batch.columns, labels, *(pa.array(np.ascontiguousarray(share)) for share in shares.T)]
    names = [*batch.schema.names, "species", *(f"probability_{name}" for name in classes)]
    table = pa.table(columns, names=names)
    writer = writer or parquet.ParquetWriter("answers.parquet", table.schema)
    writer.write_table(table)
writer.close()
