"""Arguments of types that Snowflake's functions do not take, and DuckDB's do.

A text is no JSON to the functions of semi-structured data, as it would be to the engine; there is
no sum of truths and no average of dates; a TIME has no days.

https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from collections.abc import Iterable

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.time_zones import is_zone
from flocon.engine import described, moments
from flocon.engine.types import JSON_TYPES, NTZ_TYPES, SEMI_STRUCTURED, TEXT_TYPES, declared_as

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
_OF_NUMBERS = (exp.ApproxQuantile, exp.Avg, exp.Median, exp.Sum)
_PERCENTILES = (exp.PercentileCont, exp.PercentileDisc)
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
_NOT_STRUCTURED = (
    *TEXT_TYPES, *_TIMESTAMPS, exp.DType.DATE, exp.DType.TIME, exp.DType.BINARY,
    exp.DType.VARBINARY,
)  # fmt: skip
_FLOATS = (exp.DType.DOUBLE, exp.DType.FLOAT)
_ALL_NUMBERS = tuple(exp.DataType.NUMERIC_TYPES)
# What reads texts, and what else it takes.
_TRIED: dict[type[Expr], tuple[exp.DType, ...]] = {
    exp.ToBoolean: (exp.DType.BOOLEAN,),
    exp.ToDouble: (exp.DType.DOUBLE, exp.DType.FLOAT),
    exp.ToNumber: _ALL_NUMBERS,
    exp.TryCast: (),
    exp.TsOrDsToDate: (exp.DType.DATE,),
    exp.TsOrDsToTime: (exp.DType.TIME,),
}
_READ_AS: dict[type[Expr], str] = {
    exp.ToBoolean: "BOOLEAN", exp.ToDouble: "FLOAT", exp.ToNumber: "NUMBER(38,0)",
    exp.TsOrDsToDate: "DATE", exp.TsOrDsToTime: "TIME(9)",
}  # fmt: skip
_NO_TEXTS = (
    *exp.DataType.NUMERIC_TYPES, *exp.DataType.TEMPORAL_TYPES, exp.DType.ARRAY, exp.DType.BINARY,
    exp.DType.BOOLEAN, exp.DType.JSON, exp.DType.OBJECT, exp.DType.VARIANT,
)  # fmt: skip
# DATE_PART has none of these.
_FINER = (
    "MILLISECOND", "MILLISECONDS", "MS", "MSEC", "MICROSECOND", "MICROSECONDS", "US", "USEC",
)  # fmt: skip
CHECKED = frozenset((
    *_STRUCTURED, *_OF_NUMBERS, *_BY_UNITS, *_TRIED, exp.Bracket, exp.Extract, exp.Pow,
    exp.MonthsBetween, exp.WithinGroup,
))  # fmt: skip
# What reads texts, and neither arrays nor objects. Of a BINARY the first ones read the bytes, the
# second ones where all that they get are BINARYs, the others nothing.
_BYTES: dict[type[Expr], str] = {
    exp.Base64Encode: "BASE64_ENCODE",
    exp.ByteLength: "OCTET_LENGTH",
    exp.GroupConcat: "LISTAGG",
    exp.Hex: "HEX_ENCODE",
    exp.Left: "LEFT",
    exp.Length: "LENGTH",
    exp.MD5: "MD5",
    exp.Repeat: "REPEAT",
    exp.Reverse: "REVERSE",
    exp.Right: "RIGHT",
    exp.SHA: "SHA1",
    exp.SHA2: "SHA2",
    exp.Stuff: "INSERT",
    exp.Substring: "SUBSTR",
}
_BYTES_ALONE: dict[type[Expr], str] = {
    exp.Concat: "CONCAT",
    exp.ConcatWs: "CONCAT_WS",
    exp.Contains: "CONTAINS",
    exp.DPipe: "||",
    exp.EndsWith: "ENDSWITH",
    exp.Pad: "LPAD",
    exp.StartsWith: "STARTSWITH",
    exp.StrPosition: "POSITION",
}
_OF_TEXTS: dict[type[Expr], str] = {
    **_BYTES,
    **_BYTES_ALONE,
    exp.Ascii: "ASCII",
    exp.ILike: "ILIKE",
    exp.Initcap: "INITCAP",
    exp.JSONExtractScalar: "JSON_EXTRACT_PATH_TEXT",
    exp.Levenshtein: "EDITDISTANCE",
    exp.Like: "LIKE",
    exp.Lower: "LOWER",
    exp.RegexpCount: "REGEXP_COUNT",
    exp.RegexpExtract: "REGEXP_SUBSTR",
    exp.RegexpExtractAll: "REGEXP_SUBSTR_ALL",
    exp.RegexpInstr: "REGEXP_INSTR",
    exp.RegexpLike: "REGEXP_LIKE",
    exp.RegexpReplace: "REGEXP_REPLACE",
    exp.Replace: "REPLACE",
    exp.Soundex: "SOUNDEX",
    exp.Split: "SPLIT",
    exp.SplitPart: "SPLIT_PART",
    exp.Strtok: "STRTOK",
    exp.StrtokToArray: "STRTOK_TO_ARRAY",
    exp.Translate: "TRANSLATE",
    exp.Trim: "TRIM",
    exp.Unicode: "UNICODE",
    exp.Upper: "UPPER",
}
_BINARIES = (exp.DType.BINARY, exp.DType.VARBINARY)
_MAY_BE_BYTES = (exp.DType.NULL, exp.DType.UNKNOWN, *_BINARIES)
_BLANK = exp.Cast(this=exp.Literal.string(" "), to=exp.DataType.build("TEXT"))
_BLANK.type = _BLANK.to
# What asks a VARIANT: its arguments, that one first.
_OF_VARIANTS: dict[type[Expr], tuple[str, tuple[str, ...]]] = {
    exp.ArrayContains: ("ARRAY_CONTAINS", ("expression", "this")),
    exp.ArrayPosition: ("ARRAY_POSITION", ("expression", "this")),
    exp.ArrayRemove: ("ARRAY_REMOVE", ("expression", "this")),
    exp.JSONFormat: ("TO_JSON", ("this",)),
    exp.StripNullValue: ("STRIP_NULL_VALUE", ("this",)),
    exp.Typeof: ("TYPEOF", ("this",)),
}
# What is a VARIANT without a cast: numbers and truths become one.
BECOME_VARIANTS = (
    *JSON_TYPES, *exp.DataType.NUMERIC_TYPES, exp.DType.BOOLEAN, exp.DType.MAP, exp.DType.NULL,
    exp.DType.STRUCT, exp.DType.UNKNOWN,
)  # fmt: skip
# The members of what makes an object.
_PAIRS: dict[type[Expr], str] = {
    exp.JSONKeyValue: "OBJECT_CONSTRUCT_KEEP_NULL", exp.PropertyEQ: "OBJECT_CONSTRUCT",
}  # fmt: skip
AS_WRITTEN = frozenset((*_OF_TEXTS, *_OF_VARIANTS, *_PAIRS, exp.Add))


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
            name = "APPROX_PERCENTILE" if kind is exp.ApproxQuantile else kind.__name__.upper()
            raise invalid(name, bare)
    elif kind is exp.WithinGroup:
        value = node.expression.expressions[0].this.unnest()
        of_numbers = isinstance(node.this, _PERCENTILES) and isinstance(value, _KNOWN)
        if of_numbers and value.type is not None and value.type.this in _NO_NUMBERS:
            text = f"incompatible types: [{_shown_kind(value.type)}] and [NUMBER(9,0)]"
            raise errors.compilation(errors.COMPILATION, text)
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
        value = _bare(node.args[key]) if isinstance(node.args.get(key), Expr) else None
        if value is not None and value.type is not None and _is_structured(value):
            raise _refused(name, declared_as(value.type))


def check_as_written(node: Expr) -> None:
    """Of one of `AS_WRITTEN`, before anything becomes a text silently: raises 001044 for an array
    or object, or a BINARY, where a text is read, for what becomes no VARIANT without a cast, and
    for a day and a time of day that are added."""
    if type(node) is exp.Add:
        sides = (node.this, node.expression)
        if {_kind(side) for side in sides} == _APART:
            raise _refused("+", ", ".join(map(_shown, sides)))
        return
    if type(node) in _OF_VARIANTS:
        name, keys = _OF_VARIANTS[type(node)]
        value = node.args[keys[0]]
        if value.type is not None and value.type.this not in BECOME_VARIANTS:
            given = [node.args[key] for key in keys]
            raise _of_all(name, reversed(given) if isinstance(node, exp.ArrayRemove) else given)
        return
    if type(node) in _PAIRS:
        _check_key(_PAIRS[type(node)], node.this)
        return
    if isinstance(node, exp.DPipe) and isinstance(node.parent, exp.DPipe):
        return  # The whole chain is asked of.
    values = read_texts(node)
    kinds = [value.type.this for value in values if value.type is not None]
    wrong = any(kind in _BINARIES for kind in kinds) and type(node) not in _BYTES
    if wrong and type(node) in _BYTES_ALONE:
        if isinstance(node, exp.Pad):
            kinds = [kind for kind in kinds if kind not in exp.DataType.NUMERIC_TYPES]
        wrong = any(kind not in _MAY_BE_BYTES for kind in kinds)
    if wrong or any(_is_structured(value) for value in values):
        raise _of_all(_name(node), values)


def read_texts(node: Expr) -> list[Expr]:
    """A function's arguments, as they are called, without those that SQLGlot puts in."""
    if isinstance(node, exp.DPipe):
        return [each for side in (node.this, node.expression) for each in _chained(side)]
    if isinstance(node, exp.StrPosition):
        return [node.args["substr"], node.this]
    if isinstance(node, exp.Initcap):
        return [node.this]
    if isinstance(node, exp.Pad):
        return [node.this, node.expression, node.args.get("fill_pattern") or _BLANK]
    given = [each for key, each in node.args.items() if key not in ("group", "max_line_length")]
    return [_bare(each) for each in node.expressions or given if isinstance(each, Expr)]


def _name(node: Expr) -> str:
    if isinstance(node, exp.Pad) and not node.args.get("is_left"):
        return "RPAD"
    side = node.text("position") if isinstance(node, exp.Trim) else ""
    return f"{side[:1].replace('T', 'R')}{_OF_TEXTS[type(node)]}"


def _chained(side: Expr) -> list[Expr]:
    if isinstance(side, exp.DPipe):
        return [*_chained(side.this), *_chained(side.expression)]
    return [side]


def _bare(value: Expr) -> Expr:
    """LISTAGG has its order and DISTINCT around its value."""
    while isinstance(value, exp.Distinct | exp.Order):
        value = value.expressions[0] if isinstance(value, exp.Distinct) else value.this
    return value


def _is_structured(value: Expr) -> bool:
    kind = value.type
    if kind is None or kind.this not in _STRUCTURED_TYPES:
        return False
    return declared_as(kind) in ("ARRAY", "OBJECT")


_STRUCTURED_TYPES = frozenset((*JSON_TYPES, *SEMI_STRUCTURED))


def _of_all(name: str, values: Iterable[Expr]) -> errors.SnowflakeError:
    shown = ", ".join(map(_shown, values))
    text = f"Invalid argument types for function '{name}': ({shown})"
    return errors.compilation(errors.INVALID_ARGUMENTS, text)


def _shown(value: Expr) -> str:
    """A value's type as Snowflake's errors have it."""
    if value.is_string or isinstance(value, exp.JSONPath):
        return f"VARCHAR({max(len(value.name), 1)})"
    if (said := described.of(value)) is not None:
        return described.shown(said)
    kind = value.type
    if kind is None:
        return "NULL"
    if kind.this in JSON_TYPES or kind.this == exp.DType.STRUCT:
        return declared_as(kind) or "VARIANT"
    if kind.this in exp.DataType.FLOAT_TYPES:
        return "FLOAT"
    return moments.name(kind) or kind.sql("snowflake")


def check_cast(cast: exp.Cast) -> None:
    """Raises 001065 for a truth that would be a floating-point number, and for such a number that
    would be a moment."""
    if cast.to.this in _FLOATS:
        _check_float(cast.this, f"CAST(BOOLEAN AS {cast.to.sql('snowflake')})")
    of_float = cast.this.type is not None and cast.this.type.this in _FLOATS
    if isinstance(cast.this, exp.Literal) and "e" not in cast.this.name.lower():
        of_float = False  # SQLGlot takes a NUMBER with decimals for one.
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


def check_one(node: Expr) -> None:
    """Of what reads a date or time in a VARIANT: raises 000939 for a format or a scale.

    https://docs.snowflake.com/en/sql-reference/functions/to_timestamp
    """
    if node.args.get("format") is not None or node.args.get("scale") is not None:
        call = node.sql("snowflake")[:200]
        text = f"too many arguments for function [{call}] expected 1, got 2"
        raise errors.compilation(errors.TOO_MANY_ARGUMENTS, text)


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
        "Function TRY_CAST cannot be used with arguments of types"
        f" {_shown_kind(kind)} and {read_as}",
    )


def _shown_kind(kind: exp.DataType) -> str:
    """A type in an error."""
    if kind.this in _FLOATS:
        return "FLOAT"
    if kind.this in exp.DataType.NUMERIC_TYPES:
        return "NUMBER"
    return kind.sql("snowflake").replace("TIMESTAMPNTZ", "TIMESTAMP_NTZ")


def check_input(value: Expr, parameter: str) -> None:
    """Raises 001065 for what FLATTEN does not take as its input."""
    known = (*JSON_TYPES, exp.DType.NULL, exp.DType.STRUCT, exp.DType.UNKNOWN)
    if value.type is not None and value.type.this not in known:
        raise wrong(parameter, value)


def check_split(value: Expr, place: int) -> None:
    """The same of an argument of SPLIT_TO_TABLE, which takes texts and VARIANTs."""
    known = (*TEXT_TYPES, exp.DType.VARIANT, exp.DType.NULL, exp.DType.UNKNOWN)
    is_wrong = value.type is not None and value.type.this not in known
    if is_wrong or _is_structured(value):
        raise wrong(str(place + 1), value)


def wrong(parameter: str, value: Expr) -> errors.SnowflakeError:
    """001065: a parameter takes no value of this type."""
    text = f"invalid type [{_shown(value)}] for parameter '{parameter}'"
    return errors.compilation(errors.ARGUMENT_TYPES, text)


def _check_key(name: str, key: Expr) -> None:
    """Raises 002270 for a key that is no text.

    https://docs.snowflake.com/en/sql-reference/functions/object_construct
    """
    kind = None if key.type is None else key.type.this
    if kind is not None and kind not in (*TEXT_TYPES, exp.DType.NULL, exp.DType.UNKNOWN):
        raise _wrong_key(name, _shown(key))


def _wrong_key(name: str, kind: str) -> errors.SnowflakeError:
    text = f"Function {name} does not support {kind} argument type for keys"
    return errors.compilation(errors.TYPE_OF_KEY, text)


def check_lambda_keys(function: exp.Lambda) -> None:
    """Raises 002270 for an argument without a type, which is a VARIANT. Where its name is a text,
    as in {'x': 1}, SQLGlot keeps no place of it."""
    names = {argument.name.upper() for argument in function.expressions}
    for pair in function.this.find_all(*_PAIRS):
        key = pair.this
        if isinstance(key, exp.Identifier) and key.name.upper() in names and "line" in key.meta:
            raise _wrong_key(_PAIRS[type(pair)], "VARIANT")


def _check_structured(name: str, value: Expr | None) -> None:
    if value is not None and value.type is not None and value.type.this in _NOT_STRUCTURED:
        raise invalid(name, value)


# A day and a time of day: the engine makes a timestamp of them, Snowflake adds them nowhere.
_APART = {exp.DType.DATE, exp.DType.TIME}


def _kind(value: Expr) -> exp.DType | None:
    return value.type.this if value.type is not None else None


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
    return _refused(name, _shown_kind(value.type) if value.type else "")


def _refused(name: str, shown: str) -> errors.SnowflakeError:
    text = f"Invalid argument types for function '{name}': ({shown})"
    return errors.compilation(errors.INVALID_ARGUMENTS, text)
