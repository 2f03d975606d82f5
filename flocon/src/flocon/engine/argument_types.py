"""Arguments of types that Snowflake's functions do not take, and DuckDB's do.

A text is no JSON to the functions of semi-structured data, as it would be to the engine; there is
no sum of truths and no average of dates; a TIME has no days.

https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.time_zones import is_zone
from flocon.engine.types import DECLARED, NTZ_TYPES, TEXT_TYPES

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
_TIMESTAMPS = (*NTZ_TYPES, *_ZONED)
_FLOATS = (exp.DType.DOUBLE, exp.DType.FLOAT)
# What takes texts, and no array or object.
OF_TEXTS: dict[type[Expr], tuple[str, tuple[str, ...]]] = {
    exp.Concat: ("CONCAT", ("expressions",)),
    exp.ConcatWs: ("CONCAT_WS", ("expressions",)),
    exp.DPipe: ("||", ("this", "expression")),
    exp.EndsWith: ("ENDSWITH", ("this", "expression")),
    exp.GroupConcat: ("LISTAGG", ("this",)),
    exp.Initcap: ("INITCAP", ("this",)),
    exp.Left: ("LEFT", ("this",)),
    exp.Length: ("LENGTH", ("this",)),
    exp.Lower: ("LOWER", ("this",)),
    exp.Pad: ("LPAD", ("this",)),
    exp.RegexpReplace: ("REGEXP_REPLACE", ("this",)),
    exp.Repeat: ("REPEAT", ("this",)),
    exp.Replace: ("REPLACE", ("this",)),
    exp.Right: ("RIGHT", ("this",)),
    exp.Split: ("SPLIT", ("this",)),
    exp.SplitPart: ("SPLIT_PART", ("this",)),
    exp.StartsWith: ("STARTSWITH", ("this", "expression")),
    exp.Substring: ("SUBSTR", ("this",)),
    exp.Trim: ("TRIM", ("this",)),
    exp.Upper: ("UPPER", ("this",)),
}
_INSIDE = {exp.DType.ARRAY: "ARRAY", exp.DType.OBJECT: "OBJECT", exp.DType.STRUCT: "OBJECT"}
# What reads texts, and what else it takes.
_TRIED: dict[type[Expr], tuple[exp.DType, ...]] = {
    exp.ToBoolean: (exp.DType.BOOLEAN,),
    exp.ToDouble: (exp.DType.DOUBLE, exp.DType.FLOAT),
    exp.TryCast: (),
    exp.TsOrDsToDate: (exp.DType.DATE,),
    exp.TsOrDsToTime: (exp.DType.TIME,),
}
_READ_AS: dict[type[Expr], str] = {
    exp.ToBoolean: "BOOLEAN", exp.ToDouble: "FLOAT", exp.TsOrDsToDate: "DATE",
    exp.TsOrDsToTime: "TIME(9)",
}  # fmt: skip
_NO_TEXTS = (
    *exp.DataType.NUMERIC_TYPES, *exp.DataType.TEMPORAL_TYPES, exp.DType.ARRAY, exp.DType.BINARY,
    exp.DType.BOOLEAN, exp.DType.OBJECT,
)  # fmt: skip
# DATE_PART has none of these.
_FINER = (
    "MILLISECOND", "MILLISECONDS", "MS", "MSEC", "MICROSECOND", "MICROSECONDS", "US", "USEC",
)  # fmt: skip
CHECKED = frozenset((
    *_STRUCTURED, *_OF_NUMBERS, *_BY_UNITS, *_TRIED, exp.Bracket, exp.Extract, exp.Pow,
    exp.MonthsBetween,
))  # fmt: skip


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
    elif kind is exp.MonthsBetween:
        for each in (node.this, node.expression):
            if each.type is not None and each.type.this in TEXT_TYPES:
                text = "Function EXTRACT does not support VARCHAR argument type"
                raise errors.compilation(errors.COMPILATION, text)
    elif kind is exp.Pow:
        for each in (node.this, node.expression):
            if isinstance(each.unnest(), _KNOWN) and each.type and each.type.this in _NO_NUMBERS:
                raise invalid("POWER", each)
    elif kind is exp.Extract:
        if (part := node.name.upper()) in _FINER:
            text = f"invalid value [{part}] for parameter 'DATE_PART date/time part'"
            raise errors.compilation(errors.COMPILATION, text)
    elif kind in _TRIED:
        if kind is exp.TryCast or node.args.get("safe"):
            _check_tried(node, _TRIED[kind])
        elif kind is exp.ToDouble:
            _check_float(node.this, "TO_DOUBLE(BOOLEAN)")
    elif kind is exp.ConvertTimezone:
        # A wall clock is one of the zone that is named; these have a zone.
        moment = node.args["timestamp"]
        if node.args.get("source_tz") and moment.type and moment.type.this in _ZONED:
            raise invalid("CONVERT_TIMEZONE", moment)
        for zone in (node.args.get("source_tz"), node.args.get("target_tz")):
            if isinstance(zone, exp.Literal) and zone.is_string and not is_zone(zone.name):
                text = f"Unknown time zone '{zone.name}'"
                raise errors.SnowflakeError(errors.TIMESTAMP_VALUE, text)
    else:
        name, keys = _STRUCTURED[kind]
        for key in keys:
            value = node.args.get(key)
            for each in value if isinstance(value, list) else [value]:
                _check_structured(name, each)


_SYMBOLS: dict[type[Expr], str] = {
    exp.Add: "+", exp.Div: "/", exp.Mod: "%", exp.Mul: "*", exp.Neg: "-", exp.Sub: "-",
}  # fmt: skip


def check_numbers(node: Expr) -> None:
    """Of what takes numbers: raises 001044 for an array and an object, of which a VARIANT's number
    is none.

    https://docs.snowflake.com/en/sql-reference/data-type-conversion
    """
    name = node.sql_names()[0] if isinstance(node, exp.Func) else _SYMBOLS[type(node)]
    for key in ("this", "expression"):
        _check_text(name, node.args.get(key))


def check_cast(cast: exp.Cast) -> None:
    """Raises 001065 for a truth that would be a floating-point number, and for such a number that
    would be a moment."""
    if cast.to.this in _FLOATS:
        _check_float(cast.this, f"CAST(BOOLEAN AS {cast.to.sql('snowflake')})")
    of_float = cast.this.type is not None and cast.this.type.this in _FLOATS
    if of_float and cast.to.this in _TIMESTAMPS:
        kind = cast.to.sql("snowflake")
        raise errors.compilation(
            errors.ARGUMENT_TYPES, f"invalid type [CAST(FLOAT AS {kind})] for parameter 'TO_{kind}'"
        )


def _check_float(value: Expr, shown: str) -> None:
    if value.type is not None and value.type.this == exp.DType.BOOLEAN:
        raise errors.compilation(
            errors.ARGUMENT_TYPES, f"invalid type [{shown}] for parameter 'TO_DOUBLE'"
        )


def check_texts(node: Expr) -> None:
    """Of one of `OF_TEXTS`: raises 001044 for an array or an object.

    https://docs.snowflake.com/en/sql-reference/data-type-conversion
    """
    name, keys = OF_TEXTS[type(node)]
    for key in keys:
        value = node.args.get(key)
        for each in value if isinstance(value, list) else [value]:
            _check_text(name, each)


def _check_text(name: str, value: Expr | None) -> None:
    value = value.this if isinstance(value, exp.Order) else value
    value = value.expressions[0] if isinstance(value, exp.Distinct) else value
    if not isinstance(value, Expr) or value.type is None:
        return
    kind = _INSIDE.get(value.type.this) or str(value.type.meta.get(DECLARED, ""))
    if kind in _INSIDE.values():
        raise _refused(name, kind)


def _check_tried(node: Expr, others: tuple[exp.DType, ...]) -> None:
    """Raises 001065 for what is no text to TRY_CAST and TRY_TO_….

    https://docs.snowflake.com/en/sql-reference/functions/try_cast
    """
    kind = node.this.type
    if kind is None or kind.this not in _NO_TEXTS or kind.this in others:
        return
    if isinstance(node, exp.TryCast):
        if node.to.this == kind.this and kind.this in exp.DataType.TEMPORAL_TYPES:
            return
        read_as = node.to.sql("snowflake")
    else:
        read_as = _READ_AS[type(node)]
    raise errors.compilation(
        errors.ARGUMENT_TYPES,
        f"Function TRY_CAST cannot be used with arguments of types {_shown(kind)} and {read_as}",
    )


def _shown(kind: exp.DataType) -> str:
    """A type in an error."""
    if kind.this in _FLOATS:
        return "FLOAT"
    if kind.this in exp.DataType.NUMERIC_TYPES:
        return "NUMBER"
    return kind.sql("snowflake").replace("TIMESTAMPNTZ", "TIMESTAMP_NTZ")


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
    return _refused(name, _shown(value.type) if value.type else "")


def _refused(name: str, shown: str) -> errors.SnowflakeError:
    text = f"Invalid argument types for function '{name}': ({shown})"
    return errors.compilation(errors.INVALID_ARGUMENTS, text)
