"""A procedure's arguments and results: SQL values to Python and back, by declared type."""

import datetime
import decimal
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from flocon.core import errors, result, timestamp_tz
from flocon.core import variant_marks as marks
from flocon.sql.datatypes import DataType
from flocon.workers.batches import read
from flocon.workers.worker import unpack

_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})
_SHAPES: dict[str, type] = {"OBJECT": dict, "ARRAY": list}
_EXACT = decimal.Context(prec=80, rounding=decimal.ROUND_HALF_UP)


def to_python(value: Any, engine_type: str, kind: DataType) -> Any:
    """An evaluated argument as the handler gets it; engine_type JSON means it is a VARIANT."""
    if value is None:
        return None
    if kind.semi_structured:
        return _semi_structured(value, engine_type, kind)
    if engine_type == "JSON":
        value = json.loads(marks.plain(value))
        if value is None:
            return None
    return _converted(value, kind)


def one_row(name: str, value: Any, kind: DataType) -> result.Result:
    """CALL's answer: one row, one column with the procedure's name."""
    if value is not None and kind.semi_structured:
        value = _variant(value)
    elif value is not None:
        value = _converted(value, kind)
    arrow, engine_type = arrow_type(kind)
    table = pa.Table.from_arrays([_array([value], arrow)], names=[name])
    return result.Result(table, [engine_type], result.CALL, declared=[declared(kind)])


def declared(kind: DataType) -> str:
    """What its JSON is known to be, else ''."""
    return kind.base if kind.base in _SHAPES else ""


def fits(value: Any, engine_type: str, kind: DataType) -> int | None:
    """How well an argument fits a declared type: 0 exactly, more for worse, None not at all."""
    if value is None:
        return 1
    own = type_name(value, engine_type)
    if own == "VARIANT" and kind.base in _SHAPES:
        return 1 if isinstance(json.loads(marks.plain(value)), _SHAPES[kind.base]) else 2
    return type_fits(own, kind)


def type_fits(own: str, kind: DataType) -> int | None:
    """The same for a value whose type alone is known."""
    if own == kind.base:
        return 0
    if (own.startswith("TIMESTAMP") and kind.timestamp) or (own, kind.base) == ("NUMBER", "FLOAT"):
        return 1
    if own in ("VARCHAR", "VARIANT") or kind.base in ("VARCHAR", "VARIANT"):
        return 2
    return 3 if (own, kind.base) in (("DATE", "TIMESTAMP_NTZ"), ("FLOAT", "NUMBER")) else None


def column(answer: dict[str, Any], kind: DataType) -> pa.Array:
    """A batch of a function's values, as `workers.batches` gives them, in the type that the engine
    takes them in (`function_type`)."""
    arrow = arrow_type(kind)[0] if function_type(kind) != "VARCHAR" else pa.string()
    if "rows" in answer:
        return read(answer["rows"]).column(0).combine_chunks().cast(arrow)
    values = [unpack(value) for value in answer["values"]]
    if kind.base == "VARIANT":
        return pa.array([None if v is None else _variant(v[0]) for v in values], arrow)
    if kind.semi_structured:
        return pa.array([None if v is None else _variant(v) for v in values], arrow)
    converted = [None if v is None else _converted(v, kind) for v in values]
    if kind.base == "NUMBER" and arrow == pa.string():
        converted = [None if v is None else str(v) for v in converted]
    return _array(converted, arrow)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if timestamp_tz.is_column(kind):
        return timestamp_tz.column(values)
    return pa.array(values, kind)


def arguments(columns: Sequence[pa.Array]) -> list[pa.Array]:
    """A batch of a function's arguments as `workers.batches` takes them."""
    return [
        pa.array([v and v.isoformat() for v in timestamp_tz.values(each)], pa.string())
        if timestamp_tz.is_column(each.type)
        else each
        for each in columns
    ]


def function_type(kind: DataType) -> str:
    """The engine's type in which a function's values come; it then makes what is declared."""
    if kind.semi_structured or (kind.base == "NUMBER" and str(kind) != "NUMBER(38,0)"):
        return "VARCHAR"
    return arrow_type(kind)[1]


def is_taken_as_it_is(kind: DataType) -> bool:
    """May Arrow take the values of the type that Python has for it, with nothing to be checked?"""
    if kind.base == "NUMBER":
        return not kind.scale and kind.precision >= _DIGITS_OF_64_BITS
    return not kind.sizes


_DIGITS_OF_64_BITS = 19


def type_name(value: Any, engine_type: str) -> str:
    """A value's type as error messages name it."""
    return "VARIANT" if engine_type == "JSON" else _own_type(value)


def _own_type(value: Any) -> str:
    for classes, name in (
        (bool, "BOOLEAN"),
        (int | Decimal, "NUMBER"),
        (float, "FLOAT"),
        (datetime.datetime, "TIMESTAMP"),
        (datetime.date, "DATE"),
        (datetime.time, "TIME"),
        (bytes, "BINARY"),
    ):
        if isinstance(value, classes):
            return name
    return "VARCHAR"


def _semi_structured(value: Any, engine_type: str, kind: DataType) -> Any:
    if engine_type == "JSON":
        value = json.loads(marks.plain(value))
    expected = _SHAPES.get(kind.base)
    if expected and value is not None and not isinstance(value, expected):
        raise _refused(value, kind)
    return value


def _converted(value: Any, kind: DataType) -> Any:
    """Snowflake's implicit cast of one value, on the way in as on the way out."""
    try:
        return _CONVERSIONS[kind.base](value, kind)
    except (ValueError, TypeError, ArithmeticError):
        raise _refused(value, kind) from None


def _refused(value: Any, kind: DataType) -> errors.SnowflakeError:
    if kind.base == "NUMBER":
        return errors.SnowflakeError(
            errors.NUMERIC_VALUE, f"Numeric value '{value}' is not recognized"
        )
    if kind.timestamp:
        return errors.SnowflakeError(
            errors.TIMESTAMP_VALUE, f"Timestamp '{value}' is not recognized"
        )
    return errors.SnowflakeError(
        errors.VARIANT_VALUE, f"Failed to cast value {value!r} to {kind.base}"
    )


def _number(value: Any, kind: DataType) -> int | Decimal:
    if isinstance(value, dict | list):
        raise ValueError(value)
    exact = Decimal(str(int(value) if isinstance(value, bool) else value).strip())
    scaled = exact.quantize(Decimal(1).scaleb(-kind.scale), context=_EXACT)
    # abs() would round to the 28 digits of the default context.
    if scaled.copy_abs() >= Decimal(10) ** (kind.precision - kind.scale):
        raise errors.SnowflakeError(
            errors.NUMERIC_RANGE, f"Number out of representable range: {value}"
        )
    return scaled if kind.scale else int(scaled)


def _text(value: Any, kind: DataType) -> str:
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, datetime.datetime):
        value = value.isoformat(sep=" ", timespec="milliseconds")
    elif isinstance(value, dict | list):
        value = marks.plain(_variant(value))
    text = str(value)
    if kind.sizes and len(text) > kind.sizes[0]:
        raise errors.SnowflakeError(
            errors.Code(100078, "22000"),
            f"String '{text}' is too long and would be truncated",
        )
    return text


def _boolean(value: Any, kind: DataType) -> bool:
    if isinstance(value, str):
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        raise ValueError(value)
    if isinstance(value, dict | list):
        raise ValueError(value)
    return bool(value)


def _date(value: Any, kind: DataType) -> datetime.date:
    if isinstance(value, datetime.datetime):
        return value.date()
    return value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)


def _time(value: Any, kind: DataType) -> datetime.time:
    return value if isinstance(value, datetime.time) else datetime.time.fromisoformat(value)


def _timestamp(value: Any, kind: DataType) -> datetime.datetime:
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value.strip())
    elif not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if kind.base == "TIMESTAMP_NTZ":
        return value.replace(tzinfo=None)
    return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)


def _binary(value: Any, kind: DataType) -> bytes:
    return bytes.fromhex(value) if isinstance(value, str) else bytes(value)


_CONVERSIONS = {
    "NUMBER": _number,
    "FLOAT": lambda value, kind: float(value),
    "VARCHAR": _text,
    "BOOLEAN": _boolean,
    "DATE": _date,
    "TIME": _time,
    "TIMESTAMP_NTZ": _timestamp,
    "TIMESTAMP_LTZ": _timestamp,
    "TIMESTAMP_TZ": _timestamp,
    "BINARY": _binary,
}


def _variant(value: Any) -> str:
    """A VARIANT as the engine has it. A float is a floating-point number there, a Decimal a
    fixed-point one; dates and times are texts.

    https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-data-type-mapping
    """
    if isinstance(value, dict):
        members = (f"{_text_in_json(key)}:{_variant(each)}" for key, each in value.items())
        return f"{{{','.join(members)}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_variant, value))}]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float):
        if value != value or abs(value) == float("inf"):
            raise errors.SnowflakeError(errors.JSON_VALUE, f"A VARIANT cannot hold {value!r}")
        return marks.of_float(float(value))
    if isinstance(value, int):
        return marks.marked(str(int(value)))
    if isinstance(value, Decimal):
        return marks.marked(f"{value:f}")
    return _text_in_json(value)


def _text_in_json(value: Any) -> str:
    """A text, or a key: those that are none are written as json.dumps does."""
    if isinstance(value, bytes):
        value = value.hex().upper()
    elif value is None or isinstance(value, bool | int | float):
        value = json.dumps(value)
    return marks.spelled(json.dumps(str(value), ensure_ascii=False))


def arrow_type(kind: DataType) -> tuple[pa.DataType, str]:
    """The arrow type and the engine's name of it."""
    if kind.base == "NUMBER":
        precision, scale = kind.precision, kind.scale
        return pa.decimal128(precision, scale), f"DECIMAL({precision},{scale})"
    return _ARROW_TYPES[kind.base]


_ARROW_TYPES: dict[str, tuple[pa.DataType, str]] = {
    "FLOAT": (pa.float64(), "DOUBLE"),
    "VARCHAR": (pa.string(), "VARCHAR"),
    "BOOLEAN": (pa.bool_(), "BOOLEAN"),
    "DATE": (pa.date32(), "DATE"),
    "TIME": (pa.time64("us"), "TIME"),
    "TIMESTAMP_NTZ": (pa.timestamp("us"), "TIMESTAMP"),
    "TIMESTAMP_LTZ": (pa.timestamp("us", tz="UTC"), "TIMESTAMP WITH TIME ZONE"),
    "TIMESTAMP_TZ": (timestamp_tz.ARROW_TYPE, timestamp_tz.ENGINE_TYPE),
    "BINARY": (pa.binary(), "BLOB"),
    "VARIANT": (pa.string(), "JSON"),
    "OBJECT": (pa.string(), "JSON"),
    "ARRAY": (pa.string(), "JSON"),
}
