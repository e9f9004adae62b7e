"""Write tables of numbers and a class as Parquet, each as a folder of files of a million rows."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

random = np.random.default_rng(0)
for rows in map(int, sys.argv[1:]):
    Path(str(rows)).mkdir()
    for number in range(rows // 1_000_000):
        columns = {name: random.normal(size=1_000_000) for name in "abcdef"}
        truth = (columns["a"] + columns["b"] + random.normal(size=1_000_000) > 0.5).astype("int8")
        table = pa.table({**columns, "truth": truth})
        parquet.write_table(table, f"{rows}/{number:03}.parquet", row_group_size=131_072)
