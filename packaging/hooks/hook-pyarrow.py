"""What a Parquet file needs of pyarrow, and no more; the usual hook takes all of it, 100 MB above this.

The compiled libraries follow from the modules. `bridge.parquet` is the only one that imports pyarrow.
"""

# Imported by compiled modules, where they are not seen.
hiddenimports = [
    "pyarrow._compute_docstrings",
    "pyarrow.compute",
    "pyarrow.ipc",
    "pyarrow.pandas_compat",
    "pyarrow.parquet.core",
    "pyarrow.types",
    "pyarrow.util",
    "pyarrow.vendored.docscrape",
    "pyarrow.vendored.version",
]
# Each is optional to who imports it: file systems of other hosts, query engines, other formats.
excludedimports = [
    "pyarrow._azurefs",
    "pyarrow._dataset_orc",
    "pyarrow._flight",
    "pyarrow._gcsfs",
    "pyarrow._hdfs",
    "pyarrow._orc",
    "pyarrow._parquet_encryption",
    "pyarrow._s3fs",
    "pyarrow._substrait",
    "pyarrow.cuda",
    "pyarrow.dataset",
    "pyarrow.flight",
    "pyarrow.tests",
]
