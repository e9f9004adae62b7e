"""pandas in chunks: rows in, the rows with their answers out."""

import sys

import joblib
import pyarrow as pa
from pyarrow import parquet

model = joblib.load("model.joblib")
writer = None
for batch in parquet.ParquetFile(sys.argv[1]).iter_batches(100_000):
    rows = batch.to_pandas()
    shares = model.predict_proba(rows)
    rows["species"] = model.classes_[shares.argmax(axis=1)]
    rows[[f"probability_{name}" for name in model.classes_]] = shares
    table = pa.Table.from_pandas(rows, preserve_index=False)
    writer = writer or parquet.ParquetWriter("answers.parquet", table.schema)
    writer.write_table(table)
writer.close()
