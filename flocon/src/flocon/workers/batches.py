"""Batches of rows through a function's handler, in the function's process.

Loaded by `worker` from the file beside it, before the processes are copied: like that program it
imports nothing of the project.

https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-data-type-mapping
"""

import base64
import datetime
import json
import types
import zoneinfo
from collections.abc import Callable
from typing import Any

import pyarrow as pa

_SEMI_STRUCTURED = ("VARIANT", "OBJECT", "ARRAY")
# What values become where Arrow takes them as they are; all others are converted by the account.
_ARROW_TYPES = {
    "NUMBER": pa.int64(),
    "FLOAT": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "BINARY": pa.binary(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "TIMESTAMP_NTZ": pa.timestamp("us"),
}
_PLAIN: dict[str, tuple[type, ...]] = {
    "NUMBER": (int,),
    "FLOAT": (float, int),
    "VARCHAR": (str,),
    "BOOLEAN": (bool,),
    "BINARY": (bytes, bytearray),
    "DATE": (datetime.date,),
    "TIME": (datetime.time,),
    "TIMESTAMP_NTZ": (datetime.datetime,),
}


class SqlNull:
    """NULL where a VARIANT is expected, for None is what the JSON value null becomes."""

    is_sql_null = True


SQL_NULL = SqlNull()


def vectorized(
    *, input: Any, max_batch_size: int | None = None, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`_snowflake.vectorized`: marks a handler that takes a batch as a pandas DataFrame.

    https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-batch
    """

    def marked(handler: Callable[..., Any]) -> Callable[..., Any]:
        # Snowpark marks handlers by these attributes, which a function's type does not have.
        handler._sf_vectorized_input = input  # type: ignore[attr-defined]  # see above
        if max_batch_size is not None:
            handler._sf_max_batch_size = max_batch_size  # type: ignore[attr-defined]  # the same
        return handler

    return marked


def snowflake_module() -> types.ModuleType:
    """The module `_snowflake` that handlers import, as far as it is here."""
    module = types.ModuleType("_snowflake")
    module.vectorized = vectorized  # type: ignore[attr-defined]  # a module made by hand
    return module


def run(
    message: dict[str, Any],
    handler: Callable[..., Any],
    returned: Callable[[Any, str], Any],
) -> dict[str, Any]:
    """The answer to a batch: {"rows": …}, a column in Arrow's stream format, or {"values": …}, the
    packed values one by one, where Arrow would not take them as they are."""
    table = read(message["rows"])
    columns = table.columns if message["arguments"] else []
    if hasattr(handler, "_sf_vectorized_input"):
        values = _vectorized(handler, columns, table.num_rows, message)
    else:
        values = _row_by_row(handler, columns, table.num_rows, message)
    if len(values) != table.num_rows:
        raise ValueError(f"{len(values)} values were returned for {table.num_rows} rows")
    base, as_it_is = message["returns"]
    if base.startswith("TIMESTAMP"):
        values = _timestamps(values, base, message["time_zone"])
    if base == "VARIANT":
        # None is the null of JSON.
        return {"values": [None if v is SQL_NULL else [returned(v, base)] for v in values]}
    column = _column(values, base) if as_it_is else None
    if column is None:
        return {"values": [returned(value, base) for value in values]}
    return {"rows": written(pa.table([column], names=["value"]))}


def read(text: str) -> pa.Table:
    with pa.ipc.open_stream(base64.b64decode(text)) as stream:
        return stream.read_all()


def written(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return base64.b64encode(sink.getvalue()).decode()


def _row_by_row(
    handler: Callable[..., Any], columns: list[Any], count: int, message: dict[str, Any]
) -> list[Any]:
    if not columns:
        return [handler() for _ in range(count)]
    zone = message["time_zone"]
    decoded = [
        _values(column, kind[0], kind[1], zone)
        for column, kind in zip(columns, message["arguments"], strict=True)
    ]
    if not message["strict"]:
        return list(map(handler, *decoded))
    missing = SQL_NULL if message["returns"][0] == "VARIANT" else None
    given = zip(*(column.is_valid().to_pylist() for column in columns), strict=True)
    rows = zip(*decoded, strict=True)
    return [
        handler(*row) if all(present) else missing for row, present in zip(rows, given, strict=True)
    ]


def _vectorized(
    handler: Callable[..., Any], columns: list[Any], count: int, message: dict[str, Any]
) -> list[Any]:
    """A handler that takes a DataFrame, whose columns are numbered, for as many rows as it wants.

    https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-batch
    """
    import pandas

    zone = message["time_zone"]
    kinds = message["arguments"]
    frame = pandas.DataFrame(
        {
            place: _series(column, kind[0], kind[1], zone)
            for place, (column, kind) in enumerate(zip(columns, kinds, strict=True))
        },
        index=range(count),
    )
    step = getattr(handler, "_sf_max_batch_size", None) or count or 1
    values: list[Any] = []
    for start in range(0, count, step):
        part = frame.iloc[start : start + step].reset_index(drop=True)
        found = _listed(handler(part))
        # One value stands for all.
        values += found * len(part) if len(found) == 1 else found
    return values


def _series(column: Any, base: str, scale: int, zone: str) -> Any:
    import pandas

    if base == "NUMBER" and scale:
        return column.cast(pa.float64()).to_pandas()
    if base == "NUMBER":
        return _integers(column)
    if base == "FLOAT":
        return column.to_pandas()
    values = _values(column, base, scale, zone)
    if base == "DATE" or base.startswith("TIMESTAMP"):
        return pandas.Series(pandas.to_datetime(values))
    if base == "TIME":
        times = column.cast(pa.int64()).to_pylist()
        return pandas.Series(pandas.to_timedelta(times, unit="us"))
    if base in _SEMI_STRUCTURED:
        values = [None if value is SQL_NULL else value for value in values]
    return pandas.Series(values, dtype=_DTYPES.get(base, "object"))


_DTYPES = {"BOOLEAN": "boolean", "VARCHAR": "string"}


def _integers(column: Any) -> Any:
    """As the smallest integers of pandas that hold all values, NULLs included; as objects if the
    values need more than 64 bits."""
    import pandas

    values = _values(column, "NUMBER", 0, "")
    present = [value for value in values if value is not None]
    low, high = min(present, default=0), max(present, default=0)
    for bits in (16, 32, 64):
        if -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1):
            name = f"int{bits}" if len(present) == len(values) else f"Int{bits}"
            return pandas.Series(values, dtype=name)
    return pandas.Series(values, dtype="object")


def _listed(values: Any) -> list[Any]:
    """A Series, array or sequence as a list, in which what is missing is None."""
    import pandas

    if isinstance(values, pandas.Series):
        values = values.astype(object).where(values.notna(), None)
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    return [_plain_time(value) for value in listed]


def _plain_time(value: Any) -> Any:
    """pandas' timestamps and timedeltas as Python's datetimes and times."""
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime()
    if isinstance(value, datetime.timedelta):
        return (datetime.datetime.min + value).time()
    return value


def _values(column: Any, base: str, scale: int, zone: str) -> list[Any]:
    """The column's values as the handler gets them."""
    if base == "NUMBER" and not scale:
        try:
            return list(column.cast(pa.int64()).to_pylist())
        except pa.ArrowInvalid:
            return [None if value is None else int(value) for value in column.to_pylist()]
    values = list(column.to_pylist())
    if base in _SEMI_STRUCTURED:
        missing = SQL_NULL if base == "VARIANT" else None
        return [missing if value is None else json.loads(value) for value in values]
    if base == "TIMESTAMP_LTZ":
        local = zoneinfo.ZoneInfo(zone)
        return [v if v is None else v.astimezone(local).replace(tzinfo=None) for v in values]
    if base == "TIMESTAMP_TZ":
        return [v if v is None else datetime.datetime.fromisoformat(v) for v in values]
    return values


def _column(values: list[Any], base: str) -> Any:
    """The values as an Arrow array of their type; None where they need more than that."""
    kind = _ARROW_TYPES.get(base)
    if kind is None:
        return None
    plain = _PLAIN[base]
    if not all(value is None or type(value) in plain for value in values):
        return None
    try:
        return pa.array(values, type=kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return None


def _timestamps(values: list[Any], base: str, zone: str) -> list[Any]:
    """Datetimes with the zone that they are in: without one for all but TIMESTAMP_TZ."""
    for value in values:
        if isinstance(value, datetime.datetime) and (
            (value.tzinfo is None) == (base == "TIMESTAMP_TZ")
        ):
            wanted = "an aware" if base == "TIMESTAMP_TZ" else "a naive"
            raise TypeError(f"{base} takes {wanted} datetime, not {value!r}")
    if base != "TIMESTAMP_LTZ":
        return values
    local = zoneinfo.ZoneInfo(zone)
    return [v.replace(tzinfo=local) if isinstance(v, datetime.datetime) else v for v in values]
