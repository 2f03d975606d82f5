"""snowflake.connector as programs import it that make no DataFrames."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _NoPandas:
    @classmethod
    def find_spec(cls, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=name)


@contextmanager
def without_pandas() -> Iterator[None]:
    """Within the block pandas is not there. The connector imports it wherever it is installed,
    which takes 40 of an ingester's 160 MB and an eighth of its start. Without it the connector
    lacks `fetch_pandas_all` and its like. What is imported already stays, and what imports pandas
    afterwards gets it, as pyarrow does for its first array."""
    sys.meta_path.insert(0, _NoPandas)
    try:
        yield
    finally:
        sys.meta_path.remove(_NoPandas)
