"""What statements do with a TIMESTAMP_TZ, in words on its wall clock, its offset and its instant.

The engine has a STRUCT for it (`core.timestamp_tz`). Works on types, before anything is rewritten
for DuckDB: what makes a TIMESTAMP_TZ becomes a STRUCT of an instant and the wall clock then, and
what is asked of one is asked of these. So a TIMESTAMP_TZ that is made and asked at once is never
made: CONVERT_TIMEZONE('UTC', x)::TIMESTAMP_NTZ is a wall clock from the start.

https://docs.snowflake.com/en/sql-reference/data-types-datetime
"""

from collections.abc import Callable, Collection
from functools import cache

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.timestamp_tz import AHEAD, ENGINE_TYPE, MOMENT, NO_MINUTES
from flocon.engine import datetime_formats, inner_kinds, moments, variant_moments
from flocon.engine.choices import CHOICES, chosen
from flocon.engine.objects import call
from flocon.engine.types import JSON_TYPES, NTZ_TYPES, TEXT_TYPES

_Kind = exp.DType
_MICROS_OF_DAY = 86_400_000_000
_STRETCHED = (
    f'struct_pack("{MOMENT}" := _account_utc(x),'
    f' "{AHEAD}" := _account_ahead(x) {{}} to_microseconds({_MICROS_OF_DAY}))'
)
# What other macros ask of a TIMESTAMP_TZ, and how one is made.
PARTS = (
    # The casts are for NULLs, of which DuckDB forgets the type.
    f"_account_utc(x) AS CAST(struct_extract(x, '{MOMENT}') AS TIMESTAMP)",
    f"_account_ahead(x) AS CAST(struct_extract(x, '{AHEAD}') AS INTERVAL)",
    f"_account_minutes(x) AS CAST(date_part('day', _account_ahead(x)) AS BIGINT) - {NO_MINUTES}",
    "_account_at_offset(utc, minutes) AS CASE WHEN utc IS NOT NULL AND minutes IS NOT NULL"
    f' THEN struct_pack("{MOMENT}" := utc, "{AHEAD}" :='
    f" to_days(CASE WHEN abs(minutes) < {NO_MINUTES} THEN CAST(minutes + {NO_MINUTES} AS INTEGER)"
    " ELSE CAST(utc || ' UTC, ' || minutes || ' minutes away: no timestamp field value' AS INTEGER)"
    " END)"
    f" + to_microseconds(({NO_MINUTES} - minutes) * {_MICROS_OF_DAY})) END",
    # Of an instant and the wall clock then; of a wall clock at the offset of another one.
    "_account_zoned(instant, wall) AS _account_at_offset(instant AT TIME ZONE 'UTC',"
    " (epoch_us(wall) - epoch_us(instant)) // 60000000)",
    "_account_beside(wall, x) AS _account_at_offset(wall - to_minutes(_account_minutes(x)),"
    " _account_minutes(x))",
    "_account_local(instant) AS _account_zoned(instant, CAST(instant AS TIMESTAMP))",
    "_account_wall(x) AS _account_utc(x) + to_minutes(_account_minutes(x))",
    "_account_instant(x) AS _account_utc(x) AT TIME ZONE 'UTC'",
    "_account_cut_zoned(x, width) AS"
    " _account_at_offset(time_bucket(width, _account_utc(x)), _account_minutes(x))",
)
MACROS = (
    "_account_zoned_text(x) AS _account_moment(CAST(_account_wall(x) AS VARCHAR))"
    " || CASE WHEN _account_minutes(x) < 0 THEN ' -' ELSE ' +' END"
    " || lpad(CAST(abs(_account_minutes(x)) // 60 AS VARCHAR), 2, '0')"
    " || lpad(CAST(abs(_account_minutes(x)) % 60 AS VARCHAR), 2, '0')",
    f"_account_zoned_text_in_json(x) AS {inner_kinds.TOLD.format('_account_zoned_text(x)')}",
    *(
        f"_account_{name}_once(x) AS list_transform([x], lambda each: _account_{name}(each))[1]"
        for name in ("zoned_text", "zoned_text_in_json")
    ),
    # A text's wall clock is what it says. Digits are seconds since 1970 in UTC, and stay there.
    *(
        f"_account_{how}_zoned(x) AS _account_zoned(_account_{how}_tz(x), _account_{how}_ntz(x))"
        for how in ("read", "tried")
    ),
    # The same, with the readings written once: each is long, and is named many times.
    *(
        f"_account_{how}_zoned_once(x) AS list_transform(list_transform([x], lambda text:"
        f" struct_pack(instant := _account_{how}_tz(text), wall := _account_{how}_ntz(text))),"
        " lambda each: _account_zoned(each.instant, each.wall))[1]"
        for how in ("read", "tried")
    ),
    # Of what may be a text, another moment or a TIMESTAMP_TZ itself, as a bind may. Of a constant
    # DuckDB computes each of these readings. A HAVING and a column's default take no lambda.
    *(
        f"_account_bound_zoned{once}(x) AS CASE typeof(x) WHEN '{ENGINE_TYPE}'"
        f" THEN CAST(x AS {ENGINE_TYPE}) WHEN 'VARCHAR' THEN"
        f" _account_read_zoned{once}(CASE typeof(x) WHEN 'VARCHAR' THEN CAST(x AS VARCHAR) END)"
        " ELSE _account_local(CAST("
        f"CASE WHEN typeof(x) NOT IN ('VARCHAR', '{ENGINE_TYPE}') THEN x END AS TIMESTAMPTZ)) END"
        for once in ("", "_once")
    ),
    # DuckDB's UPDATE passes over a value that equals the one before, and so over another offset: a
    # value is written with a longer interval first (`Connection.dml`).
    f"_account_stretched(x) AS CASE WHEN x IS NOT NULL THEN {_STRETCHED.format('+')} END",
    f"_account_settled(x) AS {_STRETCHED.format('-')}",
    f"_account_is_stretched(x) AS _account_ahead(x) > to_days({2 * NO_MINUTES})",
    "_account_at_one_offset(x, y, answer) AS CASE"
    " WHEN _account_minutes(x) <> _account_minutes(y) THEN CAST(error('Unsupported feature"
    " ''DATEDIFF between two offsets: cast both to TIMESTAMP_LTZ''.') AS BIGINT)"
    " ELSE answer END",
)
_MADE, _BESIDE = "_account_zoned", "_account_beside"
STRETCHED = "_account_stretched"


@cache
def _type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="snowflake")


def _typed(value: Expr, name: str) -> Expr:
    value.type = _type(name)
    return value


def is_zoned(value: Expr) -> bool:
    return value.type is not None and value.type.this == _Kind.TIMESTAMPTZ


def _kind(value: Expr) -> exp.DType | None:
    return value.type.this if value.type else None


# --- what a TIMESTAMP_TZ is made of --------------------------------------------------------------


def _made(instant: Expr, wall: Expr) -> Expr:
    return _typed(call(_MADE, instant, wall), "TIMESTAMP_TZ")


def _local(instant: Expr) -> Expr:
    """An instant at the offset of the session's time zone then."""
    return _made(instant, _cast(instant.copy(), "TIMESTAMP_NTZ"))


def _parts(value: Expr, name: str) -> list[Expr] | None:
    bare = value.unnest()
    is_call = isinstance(bare, exp.Anonymous) and bare.name == name
    return list(bare.expressions) if is_call else None


def wall(value: Expr) -> Expr:
    """Its wall clock, a TIMESTAMP_NTZ."""
    if made := _parts(value, _MADE):
        return made[1]
    if beside := _parts(value, _BESIDE):
        return beside[0]
    return _typed(call("_account_wall", value), "TIMESTAMP_NTZ")


def instant(value: Expr) -> Expr:
    """Its instant, a TIMESTAMP_LTZ."""
    if made := _parts(value, _MADE):
        return made[0]
    return _typed(call("_account_instant", value), "TIMESTAMP_LTZ")


def _utc(value: Expr) -> Expr:
    """Its instant as a TIMESTAMP_NTZ in UTC: what is compared."""
    if made := _parts(value, _MADE):
        utc: Expr = exp.AtTimeZone(this=exp.paren(made[0]), zone=exp.Literal.string("UTC"))
        return _typed(exp.paren(utc), "TIMESTAMP_NTZ")
    return _typed(call("_account_utc", value), "TIMESTAMP_NTZ")


def _minutes(value: Expr) -> Expr:
    """Its offset."""
    return call("_account_minutes", value)


def _beside(wall: Expr, value: Expr) -> Expr:
    """A wall clock at the offset of a TIMESTAMP_TZ."""
    found = _parts(value, _BESIDE)
    return _typed(call(_BESIDE, wall, found[1] if found else value), "TIMESTAMP_TZ")


def cut(value: Expr, digits: int) -> Expr:
    """With so many digits of its second."""
    if made := _parts(value, _MADE):
        return _made(*(moments.cut(each, digits, is_time=False) for each in made))
    width = moments.width(digits)
    return _typed(call("_account_cut_zoned", value, width), "TIMESTAMP_TZ")


# --- what becomes a TIMESTAMP_TZ -----------------------------------------------------------------


def of(value: Expr) -> Expr:
    """A value as a TIMESTAMP_TZ; where its type is not known, the engine knows it."""
    kind, bare = _kind(value), value.unnest()
    if kind == _Kind.TIMESTAMPTZ:
        return value
    if kind in exp.DataType.NUMERIC_TYPES:
        seconds = exp.Anonymous(this="TO_TIMESTAMP_LTZ", expressions=[value])
        return _local(_typed(seconds, "TIMESTAMP_LTZ"))
    if kind == _Kind.TIMESTAMPLTZ:
        return _local(value)
    if kind in (*NTZ_TYPES, _Kind.DATE):
        return _local(_cast(value, "TIMESTAMP_LTZ"))
    if kind in TEXT_TYPES or bare.is_string:
        return _of_text(value, exp.Cast)
    if kind in JSON_TYPES:
        made = _typed(variant_moments.zoned(value), "TIMESTAMP_TZ")
        made.meta[OF_VARIANT] = True
        return made
    if kind == _Kind.NULL or isinstance(bare, exp.Null):
        return _made(_cast(value, "TIMESTAMP_LTZ"), _cast(value.copy(), "TIMESTAMP_NTZ"))
    once = "" if value.find_ancestor(exp.Having) else "_once"
    return _typed(call(f"_account_bound_zoned{once}", value), "TIMESTAMP_TZ")


# In the meta of a TIMESTAMP_TZ: it is made of a VARIANT.
OF_VARIANT = "of a variant"
# What may be written several times.
_SHORT = (exp.Column, exp.Literal, exp.Null, exp.Placeholder)


def _of_text(value: Expr, kind: type[exp.Cast]) -> Expr:
    """A text's wall clock is what it says, whatever its offset."""
    at = datetime_formats.read_by_form(_cast(value.copy(), "TIMESTAMP_LTZ", kind))
    if isinstance(value, exp.Literal):
        return _made(at, datetime_formats.read_by_form(_cast(value.copy(), "TIMESTAMP_NTZ", kind)))
    how = "tried" if kind is exp.TryCast else "read"
    if not isinstance(value.unnest(), _SHORT) and not value.find_ancestor(exp.Having):
        return _typed(call(f"_account_{how}_zoned_once", value), "TIMESTAMP_TZ")
    return _made(at, _typed(call(f"_account_{how}_ntz", value.copy()), "TIMESTAMP_NTZ"))


def _cast(value: Expr, name: str, kind: type[exp.Cast] = exp.Cast) -> exp.Cast:
    cast = kind(this=value, to=_type(name).copy())
    cast.type = cast.to
    return cast


def cast(value: Expr, name: str) -> Expr:
    """A TIMESTAMP_TZ as a value of another type."""
    return made(_cast(value, name))


def _tried(value: Expr) -> Expr:
    """TRY_CAST and TRY_TO_TIMESTAMP_TZ."""
    if _kind(value) in TEXT_TYPES or isinstance(value.unnest(), exp.Placeholder) or value.is_string:
        return _of_text(value, exp.TryCast)
    return _made(
        _cast(value, "TIMESTAMP_LTZ", exp.TryCast),
        _cast(value.copy(), "TIMESTAMP_NTZ", exp.TryCast),
    )


def _of_function(node: exp.Anonymous) -> Expr:
    name, value = node.name.upper(), node.expressions[0] if len(node.expressions) == 1 else None
    if value is None:
        return node
    if name == "TRY_TO_TIMESTAMP_TZ":
        return _tried(value)
    if name == "TO_TIMESTAMP_TZ":
        return of(value)
    if is_zoned(value) and name in ("TO_TIMESTAMP", "TO_TIMESTAMP_NTZ"):
        return wall(value)
    if is_zoned(value) and name == "TO_TIMESTAMP_LTZ":
        return instant(value)
    return node


def _retyped(node: Expr, name: str) -> Expr:
    """A function of a text or a number, its answer of another type."""
    made = node.copy()
    made.set("target_type", _type(name).copy())
    return _typed(made, name)


def _of_parts(node: Expr) -> Expr:
    """TIMESTAMP_TZ_FROM_PARTS: https://docs.snowflake.com/en/sql-reference/functions/timestamp_from_parts"""
    zone = node.args.get("zone")
    clock = exp.TimestampFromParts(**{k: v for k, v in node.args.items() if k != "zone"})
    _typed(clock, "TIMESTAMP_NTZ")
    if zone is None:
        return _local(_cast(clock, "TIMESTAMP_LTZ"))
    at = _typed(exp.paren(exp.AtTimeZone(this=exp.paren(clock), zone=zone)), "TIMESTAMP_LTZ")
    there = exp.paren(exp.AtTimeZone(this=at.copy(), zone=zone.copy()))
    return _made(at, _typed(there, "TIMESTAMP_NTZ"))


def _converted(node: exp.ConvertTimezone) -> Expr:
    """CONVERT_TIMEZONE of two arguments. A wall clock is one of the session's time zone.

    https://docs.snowflake.com/en/sql-reference/functions/convert_timezone
    """
    at = instant(of(node.args["timestamp"]))
    there = exp.AtTimeZone(this=exp.paren(at.copy()), zone=node.args["target_tz"])
    return _made(at, _typed(exp.paren(there), "TIMESTAMP_NTZ"))


def _of_cast(node: exp.Cast) -> Expr:
    value, to = node.this, node.to.this
    if isinstance(node, exp.TryCast):
        if is_zoned(value):
            raise errors.compilation(
                errors.ARGUMENT_TYPES,
                "Function TRY_CAST cannot be used with arguments of types TIMESTAMP_TZ(9) and"
                f" {node.to.sql('snowflake')}",
            )
        return _tried(value) if to == _Kind.TIMESTAMPTZ else node
    if to == _Kind.TIMESTAMPTZ:
        return of(value)
    if not is_zoned(value):
        return node
    if to in NTZ_TYPES:
        return wall(value)
    if to == _Kind.TIMESTAMPLTZ:
        return instant(value)
    if to in (_Kind.DATE, _Kind.TIME):
        node.set("this", wall(value))
    return node


# --- what is asked of it -------------------------------------------------------------------------

# Answered by the wall clock, for each with the arguments that are moments.
_OF_WALL_CLOCK: dict[type[Expr], tuple[str, ...]] = {
    **dict.fromkeys(
        (
            exp.Day, exp.DayOfMonth, exp.DayOfWeek, exp.DayOfWeekIso, exp.DayOfYear, exp.Dayname,
            exp.Hour, exp.LastDay, exp.Minute, exp.Month, exp.Monthname, exp.NextDay,
            exp.PreviousDay, exp.Quarter, exp.Second, exp.Time, exp.TsOrDsToDate, exp.TsOrDsToTime,
            exp.Week, exp.WeekOfYear, exp.Year, exp.YearOfWeek, exp.YearOfWeekIso,
        ),
        ("this",),
    ),
    exp.MonthsBetween: ("this", "expression"),
    exp.ConvertTimezone: ("timestamp",),
}  # fmt: skip
# Moved by the wall clock: the answer keeps the offset.
_MOVES = (
    exp.AddMonths, exp.DateAdd, exp.DateSub, exp.DateTrunc, exp.TimeAdd, exp.TimeSlice,
    exp.TimestampAdd, exp.TimestampSub, exp.TimestampTrunc,
)  # fmt: skip
_COMPARED = (
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.EqualNull, exp.NullSafeEQ,
    exp.NullSafeNEQ,
)  # fmt: skip


def is_there(nodes: Collection[Expr]) -> bool:
    """Is there a TIMESTAMP_TZ among a statement's expressions?"""
    return any(type(node) in _BRINGING and (is_zoned(node) or makes(node)) for node in nodes)


def made(node: Expr) -> Expr:
    """What makes a TIMESTAMP_TZ, casts it or says its offset, in the engine's words; the node
    itself where it does none of these."""
    if isinstance(node, exp.Cast):
        return _of_cast(node)
    if isinstance(node, exp.Anonymous):
        return _of_function(node)
    if isinstance(node, exp.Extract) and is_zoned(node.expression):
        return _offset_part(node)
    if isinstance(node, exp.ToChar) and node.args.get("format") and is_zoned(node.this):
        return _written(node)
    if not makes(node):
        return node
    if isinstance(node, exp.ConvertTimezone):
        return _converted(node)
    if isinstance(node, exp.UnixToTime) and node.this.is_string and not node.args.get("scale"):
        return _of_text(node.this, exp.Cast)
    if isinstance(node, exp.UnixToTime):
        return _local(datetime_formats.read_by_form(_retyped(node, "TIMESTAMP_LTZ")))
    if isinstance(node, exp.StrToTime):
        return _made(_retyped(node, "TIMESTAMP_LTZ"), _retyped(node, "TIMESTAMP_NTZ"))
    return _of_parts(node)


def makes(node: Expr) -> bool:
    """Does it make a TIMESTAMP_TZ? It need not have a type, as in VALUES."""
    if not isinstance(node, _MAKERS):
        return False
    if isinstance(node, exp.Cast):
        return node.to.this == _Kind.TIMESTAMPTZ
    if isinstance(node, exp.Anonymous):
        return node.name.upper() in ("TO_TIMESTAMP_TZ", "TRY_TO_TIMESTAMP_TZ")
    if isinstance(node, exp.UnixToTime | exp.StrToTime):
        kind = node.args.get("target_type")
        return kind is not None and kind.this == _Kind.TIMESTAMPTZ
    if isinstance(node, exp.ConvertTimezone):
        return not node.args.get("source_tz")
    if isinstance(node, exp.TimestampFromParts):
        return node.args.get("zone") is not None
    return True


_MAKERS = (
    exp.Anonymous, exp.Cast, exp.ConvertTimezone, exp.StrToTime, exp.TimestampFromParts,
    exp.TimestampTzFromParts, exp.TryCast, exp.UnixToTime,
)  # fmt: skip
_BRINGING = frozenset((exp.Column, *_MAKERS))
# All that `made` and `asked` change.
CONCERNED = frozenset(
    (
        *_MAKERS, *_OF_WALL_CLOCK, *_MOVES, *_COMPARED, *CHOICES, exp.Add, exp.Between,
        exp.ConcatWs, exp.DateDiff, exp.Extract, exp.In, exp.Sub, exp.ToChar,
    )
)  # fmt: skip


def _offset_part(node: exp.Extract) -> Expr:
    """https://docs.snowflake.com/en/sql-reference/functions/date_part"""
    kind = {"TIMEZONE_HOUR": exp.IntDiv, "TIMEZONE_MINUTE": exp.Mod}.get(node.name.upper())
    if kind is None:
        return node
    return _typed(
        exp.paren(kind(this=_minutes(node.expression), expression=exp.Literal.number(60))), "INT"
    )


def _written(node: exp.ToChar) -> Expr:
    """https://docs.snowflake.com/en/sql-reference/functions/to_char"""
    value, format = node.this, node.args["format"]
    text = call("_account_written", wall(value.copy()), _minutes(value.copy()), format)
    return _typed(text, "VARCHAR")


def asked(node: Expr) -> Callable[[Expr], Expr] | None:
    """Let a node ask wall clocks and instants instead of a TIMESTAMP_TZ. Returns what makes the
    node's answer of what the node answers then, None where that is the same."""
    for key in _OF_WALL_CLOCK.get(type(node), ()):
        if (value := node.args.get(key)) is not None and is_zoned(value):
            node.set(key, wall(value))
    if isinstance(node, exp.Extract) and is_zoned(node.expression):
        ask = _utc if node.name.upper().startswith("EPOCH") else wall
        node.set("expression", ask(node.expression))
    elif isinstance(node, exp.DateDiff):
        return _difference(node)
    elif isinstance(node, _MOVES) and is_zoned(node.this):
        return _moved(node, "this")
    elif isinstance(node, exp.Add | exp.Sub):
        for key, other in (("this", "expression"), ("expression", "this")):
            if isinstance(node.args[other], exp.Interval) and is_zoned(node.args[key]):
                return _moved(node, key)
    elif isinstance(node, (*_COMPARED, exp.In, exp.Between)):
        if not isinstance(node.parent, exp.Update):
            _compare(node)
    elif isinstance(node, CHOICES):
        _choose(node)
        if isinstance(node, exp.Case) and node.this is not None:
            _compare(node)
    elif isinstance(node, exp.ConcatWs):
        texts = [_text(each) if is_zoned(each) else each for each in node.expressions]
        node.set("expressions", texts)
    return None


def _text(value: Expr) -> Expr:
    is_short = isinstance(value.unnest(), exp.Column) or value.find_ancestor(exp.Having)
    return _typed(call(f"_account_zoned_text{'' if is_short else '_once'}", value), "VARCHAR")


def _moved(node: Expr, key: str) -> Callable[[Expr], Expr]:
    value: Expr = node.args[key].copy()
    node.set(key, wall(value.copy()))
    node.type = _type("TIMESTAMP_NTZ")
    return lambda answer: _beside(answer, value)


def _difference(node: exp.DateDiff) -> Callable[[Expr], Expr] | None:
    """Snowflake's pages leave open by which clock it counts between two offsets."""
    sides = [node.this, node.expression]
    if not any(map(is_zoned, sides)):
        return None
    if not all(_kind(each) in _DIFFERENT or _is_readable(each) for each in sides):
        raise errors.unsupported("DATEDIFF of a TIMESTAMP_TZ and another type: cast it first")
    one, other = (of(each.copy()) for each in sides)
    node.set("this", wall(one.copy()))
    node.set("expression", wall(other.copy()))
    return lambda answer: _typed(call("_account_at_one_offset", one, other, answer), "BIGINT")


_DIFFERENT = (_Kind.TIMESTAMPLTZ, _Kind.TIMESTAMPTZ)


def _is_readable(value: Expr) -> bool:
    """Is it a text, or a bind?"""
    return _kind(value) in TEXT_TYPES or value.is_string or datetime_formats.is_bind(value.unnest())


def _compare(node: Expr) -> None:
    """TIMESTAMP_TZs are compared by their instants, and so are others with them. What is not known
    is left to the engine, which compares STRUCTs by the same rule and refuses anything else."""
    keys = ("this", "expression", "low", "high")
    sides = [value for key in keys if isinstance(value := node.args.get(key), Expr)]
    sides += node.args.get("expressions") or [each.this for each in node.args.get("ifs") or ()]
    if any(map(is_zoned, sides)) and all(map(_is_comparable, sides)) and not node.args.get("query"):
        for side in sides:
            side.replace(_utc(of(side.copy())))


def _is_comparable(value: Expr) -> bool:
    return _kind(value) in _COMPARABLE or _is_readable(value)


_COMPARABLE = (
    *NTZ_TYPES, *JSON_TYPES, _Kind.DATE, _Kind.NULL, _Kind.TIMESTAMPLTZ, _Kind.TIMESTAMPTZ,
)  # fmt: skip


def _choose(node: Expr) -> None:
    """Beside a TIMESTAMP_TZ a text is one. Of two types of moments Snowflake's pages leave open
    which it is: the engine refuses them."""
    values = list(chosen(node))
    if any(map(is_zoned, values)):
        for value in values:
            if not is_zoned(value) and _is_readable(value):
                value.replace(of(value.copy()))
        node.type = _type("TIMESTAMP_TZ")
