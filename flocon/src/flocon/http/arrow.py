"""Rows as the connector reads them: its description of each column, its form of Arrow.

Source of the formats: snowflake-connector-python (cursor.py, nanoarrow_cpp/ArrowIterator).
"""

import base64
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flocon.core import result, timestamp_tz
from flocon.core.result import Result
from flocon.core.variant_text import indented
from flocon.engine.declared_types import LONGEST_COLUMN, bytes_of
from flocon.http import instants, json_rows
from flocon.stores.result_parts import Part


def row_type(answer: Result) -> list[dict[str, Any]]:
    """The description of a result's columns."""
    count = len(answer.types)
    empty = dict.fromkeys(("byteLength", "length", "scale", "precision", "collation"), None)
    return [
        {
            "name": name,
            "database": "",
            "schema": "",
            "table": "",
            "nullable": not never_null,
            **empty,
            **_column_type(declared or kind),
        }
        for name, kind, declared, never_null in zip(
            answer.names,
            answer.types,
            answer.declared or [""] * count,
            answer.never_null or [answer.statement_type in result.DML] * count,
            strict=True,
        )
    ]


_MOMENTS = {
    "TIME": "TIME(9)",
    **dict.fromkeys(
        ("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_S", "TIMESTAMP_MS"), "TIMESTAMP_NTZ(9)"
    ),
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ(9)",
    timestamp_tz.ENGINE_TYPE: "TIMESTAMP_TZ(9)",
}
_SEMI_STRUCTURED = {"JSON": "variant", "ARRAY": "array", "OBJECT": "object"}


def _column_type(kind: str) -> dict[str, Any]:
    """An engine type → Snowflake's description of the column's type."""
    if match := re.fullmatch(r"(?:DECIMAL|NUMBER)\((\d+),\s*(\d+)\)", kind):
        return {"type": "fixed", "precision": int(match[1]), "scale": int(match[2])}
    if kind in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "UINTEGER"):
        return {"type": "fixed", "precision": 38, "scale": 0}
    if kind in _SEMI_STRUCTURED:
        return {"type": _SEMI_STRUCTURED[kind]}
    if kind in ("DOUBLE", "FLOAT"):
        return {"type": "real"}
    if moment := re.fullmatch(r"(TIME\w*)\((\d)\)", _MOMENTS.get(kind, kind)):
        return {"type": moment[1].lower(), "precision": 0, "scale": int(moment[2])}
    if kind == "BLOB" or kind.startswith("BINARY("):
        length = 8388608 if kind == "BLOB" else int(kind[len("BINARY(") : -1])
        return {"type": "binary", "length": length, "byteLength": length}
    if kind in ("BOOLEAN", "DATE"):
        return {"type": kind.lower()}
    match = re.fullmatch(r"VARCHAR\((\d+)\)", kind)
    length = int(match[1]) if match else LONGEST_COLUMN
    return {"type": "text", "length": length, "byteLength": bytes_of(length)}


def rows(
    answer: Result, columns: Sequence[dict[str, Any]], *, as_json: bool = False, indent: int = 2
) -> tuple[dict[str, Any], Iterator[Part]]:
    """A result's rows: those that come with the answer, and further parts. columns: what `row_type`
    says of them. indent: of JSON."""
    first, *others = _cuts(answer)
    if as_json or answer.statement_type not in _AS_ARROW:
        rowset = json_rows.rowset(answer, columns, indent)
        texts = (rowset[each] for each in others)
        parts = (Part(len(each), json_rows.part(each)) for each in texts)
        return {"queryResultFormat": "json", "rowset": rowset[first]}, parts
    if not answer.table.num_rows:
        # The connector makes the empty table of the row types; a stream without a batch it refuses.
        return {"queryResultFormat": "arrow", "rowsetBase64": ""}, iter(())
    table = _encoded(answer, columns, indent)
    encoded = base64.b64encode(_stream(table, first)).decode("ascii")
    streams = (Part(each.stop - each.start, _stream(table, each)) for each in others)
    return {"queryResultFormat": "arrow", "rowsetBase64": encoded}, streams


def _cuts(answer: Result) -> list[slice]:
    """Where an answer is cut into parts: the first one comes at once, and is small."""
    count, size = answer.table.num_rows, answer.table.nbytes
    if answer.statement_type in result.DML or (count <= _FIRST_ROWS and size <= _FIRST_BYTES):
        return [slice(0, count)]
    of_row = max(1, size // count)
    start = max(1, min(_FIRST_ROWS, _FIRST_BYTES // of_row))
    step = max(1, min(_PART_ROWS, _PART_BYTES // of_row))
    ends = [0, *range(start, count, step), count]
    return [slice(begin, end) for begin, end in itertools.pairwise(ends)]


# Other statements answer in JSON: clients read affected counts from it, and have no table of Arrow
# or pandas of what they say.
# https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas
_AS_ARROW = (result.SELECT, result.CALL)
_FIRST_ROWS, _FIRST_BYTES = 10_000, 1024**2
_PART_ROWS, _PART_BYTES = 100_000, 8 * 1024**2


def _encoded(answer: Result, rows: Sequence[dict[str, Any]], indent: int) -> pa.Table:
    """Rows as the connector's Arrow iterator wants them. All parts have the same types."""
    bounded = answer.bounded or [False] * len(rows)
    columns = [
        _narrowed(_column(column, kind, indent), kind, by_values=by_values)
        for column, kind, by_values in zip(answer.table.columns, rows, bounded, strict=True)
    ]
    fields = [
        pa.field(kind["name"], column.type, kind["nullable"], _metadata(kind))
        for column, kind in zip(columns, rows, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _stream(table: pa.Table, part: slice) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.slice(part.start, part.stop - part.start))
    return bytes(sink.getvalue())


def _metadata(kind: dict[str, Any]) -> dict[str, str]:
    return {
        "logicalType": kind["type"].upper(),
        "precision": str(kind["precision"] or 38),
        "scale": str(kind["scale"] or 0),
        "charLength": str(kind["length"] or 0),
        "byteLength": str(_BYTES_OF_FEW if 0 <= (kind["scale"] or 0) <= _FEW else _BYTES),
    }


_BYTES, _BYTES_OF_FEW = 16, 8


def _column(column: pa.ChunkedArray, kind: dict[str, Any], indent: int) -> pa.Array:
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], whole.type)
    if timestamp_tz.is_column(whole.type):
        return _zoned(whole, kind["scale"])
    if pa.types.is_timestamp(whole.type):
        return _timestamps(whole, kind["scale"])
    if pa.types.is_time(whole.type):
        return _units(instants.micros(whole), kind["scale"])
    if pa.types.is_decimal(whole.type):
        return _decimals(whole)
    if pa.types.is_uint64(whole.type):
        return _decimals(whole.cast(pa.decimal128(38, 0)))
    if pa.types.is_integer(whole.type):
        return whole.cast(pa.int64())
    if pa.types.is_null(whole.type):
        return whole.cast(pa.string())
    if isinstance(whole, pa.ExtensionArray):
        whole = whole.storage
    if kind["type"] in _SEMI_STRUCTURED.values() and pa.types.is_string(whole.type):
        texts = (None if text is None else indented(text, indent) for text in whole.to_pylist())
        return pa.array(texts, pa.string())
    return whole


def _narrowed(column: pa.Array, kind: dict[str, Any], *, by_values: bool) -> pa.Array:
    """Whole numbers in as many bytes as their digits may take, or as their values do where bounds
    of these are known: pandas has int8 to int64 of them.

    https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas
    """
    if kind["type"] != "fixed" or kind["scale"] or column.type != pa.int64():
        return column
    bounds = pc.min_max(column).as_py()
    if bounds["min"] is None:
        return column
    of_digits = 0 if by_values else kind["precision"]
    for digits, most, width in _WIDTHS:
        if of_digits <= digits and -most <= bounds["min"] and bounds["max"] < most:
            return column.cast(width)
    return column


# Up to how many digits, and below which number.
_WIDTHS = ((2, 2**7, pa.int8()), (4, 2**15, pa.int16()), (9, 2**31, pa.int32()))


def _decimals(whole: pa.Array) -> pa.Array:
    """Numbers that fit travel as 64 bits without their point, whose place the description tells:
    pandas has int64 and float64 of them then, and not objects."""
    wide = whole.cast(pa.decimal128(38, whole.type.scale))
    digits = pa.Array.from_buffers(
        pa.decimal128(38, 0), len(wide), wide.buffers(), wide.null_count, wide.offset
    )
    try:
        return digits.cast(pa.int64())
    except pa.ArrowInvalid:
        return wide


def _units(micros: pa.Array, digits: int) -> pa.Array:
    """Microseconds in units of the column's last digit, of which they are multiples."""
    if digits < _MICRO:
        return pc.divide(micros, 10 ** (_MICRO - digits))
    return pc.multiply(micros, 10 ** (digits - _MICRO))


_MICRO = 6
# Up to so many digits clients read a moment with a zone in one number.
_FEW = 3


def _timestamps(whole: pa.Array, digits: int) -> pa.Array:
    """{epoch seconds, nanoseconds}, NULL where the timestamp is. Of few digits it is the epoch in
    units of the last one."""
    micros = instants.micros(whole)
    return _units(micros, digits) if digits <= _MICRO else _struct(whole, **_seconds(micros))


def _zoned(whole: pa.StructArray, digits: int) -> pa.Array:
    """The same with the offset: {epoch seconds, nanoseconds, minutes + 1440}, and of few digits
    {epoch in units of the last one, minutes + 1440}."""
    micros = instants.micros(timestamp_tz.instants(whole)).fill_null(0)
    days = timestamp_tz.days(whole)
    if digits <= _FEW:
        return _struct(whole, epoch=_units(micros, digits), timezone=days)
    return _struct(whole, **_seconds(micros), timezone=days)


def _seconds(micros: pa.Array) -> dict[str, pa.Array]:
    micros = micros.fill_null(0)
    seconds = pc.divide(micros, 1_000_000)
    rest = pc.subtract(micros, pc.multiply(seconds, 1_000_000))
    # Integer division goes towards zero; before 1970 the second began earlier.
    before = pc.less(rest, 0)
    seconds = pc.if_else(before, pc.subtract(seconds, 1), seconds)
    rest = pc.if_else(before, pc.add(rest, 1_000_000), rest)
    return {"epoch": seconds, "fraction": pc.multiply(rest, 1000).cast(pa.int32())}


def _struct(whole: pa.Array, **parts: pa.Array) -> pa.StructArray:
    fields = [pa.field(name, part.type, nullable=False) for name, part in parts.items()]
    return pa.StructArray.from_arrays(list(parts.values()), fields=fields, mask=whole.is_null())
