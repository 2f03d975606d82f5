"""Arguments of types that Snowflake's functions do not take, and DuckDB's do.

A text is no JSON to the functions of semi-structured data, as it would be to the engine; there is
no sum of truths and no average of dates; a TIME has no days.

https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.types import TEXT_TYPES

# Arrays, objects and VARIANTs.
_STRUCTURED: dict[type[Expr], tuple[str, tuple[str, ...]]] = {
    exp.ArrayAppend: ("ARRAY_APPEND", ("this",)),
    exp.ArrayCompact: ("ARRAY_COMPACT", ("this",)),
    exp.ArrayConcat: ("ARRAY_CAT", ("this", "expressions")),
    exp.ArrayContains: ("ARRAY_CONTAINS", ("this",)),
    exp.ArrayDistinct: ("ARRAY_DISTINCT", ("this",)),
    exp.ArrayExcept: ("ARRAY_EXCEPT", ("this", "expression")),
    exp.ArrayInsert: ("ARRAY_INSERT", ("this",)),
    exp.ArrayIntersect: ("ARRAY_INTERSECTION", ("expressions",)),
    exp.ArrayMax: ("ARRAY_MAX", ("this",)),
    exp.ArrayMin: ("ARRAY_MIN", ("this",)),
    exp.ArrayOverlaps: ("ARRAYS_OVERLAP", ("this", "expression")),
    exp.ArrayPosition: ("ARRAY_POSITION", ("this",)),
    exp.ArrayPrepend: ("ARRAY_PREPEND", ("this",)),
    exp.ArrayRemove: ("ARRAY_REMOVE", ("this",)),
    exp.ArrayRemoveAt: ("ARRAY_REMOVE_AT", ("this",)),
    exp.ArrayReverse: ("ARRAY_REVERSE", ("this",)),
    exp.ArraySize: ("ARRAY_SIZE", ("this",)),
    exp.ArraySlice: ("ARRAY_SLICE", ("this",)),
    exp.ArrayToString: ("ARRAY_TO_STRING", ("this",)),
    exp.Flatten: ("ARRAY_FLATTEN", ("this",)),
    exp.GetExtract: ("GET", ("this",)),
    exp.GetIgnoreCase: ("GET_IGNORE_CASE", ("this",)),
    exp.JSONExtract: ("GET", ("this",)),
    exp.JSONKeys: ("OBJECT_KEYS", ("this",)),
    exp.ObjectInsert: ("OBJECT_INSERT", ("this",)),
    exp.SortArray: ("ARRAY_SORT", ("this",)),
}
_NO_NUMBERS = (
    exp.DType.BOOLEAN, exp.DType.DATE, exp.DType.TIME, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPLTZ,
    exp.DType.TIMESTAMPNTZ,
)  # fmt: skip
# What has the type that is said of it.
_KNOWN = (
    exp.Anonymous, exp.Boolean, exp.Booland, exp.Boolnot, exp.Boolor, exp.Cast, exp.Column,
    exp.Connector, exp.Contains, exp.EndsWith, exp.EqualNull, exp.IsArray, exp.IsNullValue, exp.Not,
    exp.Predicate, exp.RegexpLike, exp.StartsWith, exp.Xor,
)  # fmt: skip
_OF_NUMBERS = (exp.Avg, exp.Median, exp.Sum)
_OF_DAYS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
_BY_UNITS: dict[type[Expr], str] = {
    exp.Add: "",
    exp.DateAdd: "DATEADD",
    exp.DateTrunc: "DATE_TRUNC",
    exp.Sub: "",
    exp.TimeAdd: "DATEADD",
    exp.TimestampTrunc: "DATE_TRUNC",
}
_ZONED = (exp.DType.TIMESTAMPLTZ, exp.DType.TIMESTAMPTZ)
_FLOATS = (exp.DType.DOUBLE, exp.DType.FLOAT)
CHECKED = frozenset((*_STRUCTURED, *_OF_NUMBERS, *_BY_UNITS, exp.Bracket, exp.ToDouble))


def check(node: Expr) -> None:
    """Of one of `CHECKED`, whose types are known: raises 001044 for such an argument, 001007 for
    such a part."""
    kind = type(node)
    if kind in _BY_UNITS:
        _check_unit(node, _BY_UNITS[kind])
    elif kind in _OF_NUMBERS:
        bare = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
        bare = bare.unnest() if isinstance(bare, Expr) else exp.Null()
        known = isinstance(bare, _KNOWN)
        if known and bare.type is not None and bare.type.this in _NO_NUMBERS:
            raise invalid(kind.__name__.upper(), bare)
    elif kind is exp.Bracket:
        _check_structured("GET", node.this)
    elif kind is exp.ToDouble:
        _check_float(node.this, "TO_DOUBLE(BOOLEAN)")
    elif kind is exp.ConvertTimezone:
        # A wall clock is one of the zone that is named; these have a zone.
        moment = node.args["timestamp"]
        if node.args.get("source_tz") and moment.type and moment.type.this in _ZONED:
            raise invalid("CONVERT_TIMEZONE", moment)
    else:
        name, keys = _STRUCTURED[kind]
        for key in keys:
            value = node.args.get(key)
            for each in value if isinstance(value, list) else [value]:
                _check_structured(name, each)


def check_cast(cast: exp.Cast) -> None:
    """Raises 001065 for a truth that would be a floating-point number."""
    if cast.to.this in _FLOATS:
        _check_float(cast.this, f"CAST(BOOLEAN AS {cast.to.sql('snowflake')})")


def _check_float(value: Expr, shown: str) -> None:
    if value.type is not None and value.type.this == exp.DType.BOOLEAN:
        raise errors.compilation(
            errors.ARGUMENT_TYPES, f"invalid type [{shown}] for parameter 'TO_DOUBLE'"
        )


def check_input(value: Expr) -> None:
    """The same of FLATTEN's."""
    _check_structured("FLATTEN", value)


def _check_structured(name: str, value: Expr | None) -> None:
    if value is not None and value.type is not None and value.type.this in TEXT_TYPES:
        raise invalid(name, value)


def _check_unit(node: Expr, name: str) -> None:
    moment, unit = node.this, node.args.get("unit")
    if not name:
        moved = (node.this, node.expression)
        interval = next((side for side in moved if isinstance(side, exp.Interval)), None)
        if interval is None:
            return
        moment = moved[1] if interval is moved[0] else moved[0]
        unit, name = interval.args.get("unit"), "+" if isinstance(node, exp.Add) else "-"
    if moment.type is None or moment.type.this != exp.DType.TIME or unit is None:
        return
    if unit.name.upper().removesuffix("S") in _OF_DAYS:
        text = f"'{unit.name.upper()}' is not a valid date/time component for function {name}"
        raise errors.compilation(errors.COMPILATION, f"{text} of a TIME.")


def invalid(name: str, value: Expr) -> errors.SnowflakeError:
    """001044: a function takes no value of this type."""
    shown = value.type.sql("snowflake") if value.type else ""
    text = f"Invalid argument types for function '{name}': ({shown})"
    return errors.compilation(errors.INVALID_ARGUMENTS, text)
