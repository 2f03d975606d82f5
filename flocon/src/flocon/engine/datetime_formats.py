"""Dates and times as texts in Snowflake's formats, and texts as dates and times.

https://docs.snowflake.com/en/sql-reference/date-time-input-output
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, wraps
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling
from sqlglot import Expr, exp

from flocon.core import errors, timestamp_tz
from flocon.core.errors import SnowflakeError
from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import moments, nanoseconds
from flocon.engine.objects import call
from flocon.engine.types import JSON_TYPES, NTZ_TYPES, TEXT_TYPES

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Longer elements before those that begin like them. What is in double quotes is itself.
_ELEMENT = re.compile(
    r'YYYY|UUUU|YY|MMMM|MON|MM|DD|DY|HH24|HH12|HH|AM|PM|MI|SS|FF[0-9]?|TZH:TZM|TZHTZM|TZH|"[^"]*"',
    re.I,
)

# The formats that AUTO recognizes besides those of ISO, which the engine reads itself.
_AUTO_DATES = ("DD-MON-YYYY", "MM/DD/YYYY")
_AUTO_TIMES = ("HH24:MI:SS.FF", "HH24:MI:SS", "HH24:MI", "HH12:MI:SS.FF AM", "HH12:MI:SS AM",
               "HH12:MI AM")  # fmt: skip
_DAY, _ZONE = "DY, DD MON YYYY ", " TZHTZM"
_AUTO_TIMESTAMPS = (
    *_AUTO_DATES,
    *(_DAY + time + zone for time in _AUTO_TIMES for zone in (_ZONE, "")),
    "DY MON DD HH24:MI:SS TZHTZM YYYY",
    "MM/DD/YYYY HH24:MI:SS",
    *(f'YYYY-MM-DD{between}HH24{rest}' for between in (" ", '"T"') for rest in (
        "", "TZH:TZM", "TZH", " TZH", " TZH:TZM", " TZHTZM", ":MI", ":MITZH:TZM", ":MITZH",
        ":MI TZH", ":MI TZH:TZM", ":MI TZHTZM", ":MI:SSTZH", ":MI:SS TZH", ":MI:SSTZH:TZM",
        ":MI:SS TZH:TZM", ":MI:SSTZHTZM", ":MI:SS TZHTZM", ":MI:SS.FFTZH", ":MI:SS.FF TZH",
        ":MI:SS.FFTZH:TZM", ":MI:SS.FF TZH:TZM", ":MI:SS.FFTZHTZM", ":MI:SS.FF TZHTZM")),
)  # fmt: skip
_AUTO = {"date": _AUTO_DATES, "time": _AUTO_TIMES, "timestamp": _AUTO_TIMESTAMPS}


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let macros and rewrites call the functions below."""
    text = "VARCHAR"
    known: list[tuple[str, Callable[..., Any], list[Any], str]] = [
        ("_account_written", written, ["TIMESTAMP", "BIGINT", text], text),
        ("_account_read", read, [text, text, text, "BOOLEAN"], text),
        ("_account_try_read", try_read, [text, text, text, "BOOLEAN"], text),
        ("_account_shown", timestamp_tz.shown, [text], text),
    ]
    for name, function, kinds, answer in known:
        connection.create_function(
            name, _strict(function), kinds, answer, null_handling=FunctionNullHandling.SPECIAL
        )


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """NULL where an argument is; an error in the words that DuckDB hands on."""

    @wraps(function)  # DuckDB reads the number of arguments from the signature
    def strict(*arguments: Any) -> Any:
        try:
            return None if None in arguments else function(*arguments)
        except SnowflakeError as error:
            raise ValueError(error.message) from None

    return strict


def _elements(format: str) -> list[str]:
    """A format's elements, upper case, and between them what stands for itself, in quotes."""
    found, end = [], 0
    for match in _ELEMENT.finditer(format):
        if literal := format[end : match.start()]:
            found.append(f'"{literal}"')
        found.append(match[0] if match[0].startswith('"') else match[0].upper())
        end = match.end()
    if literal := format[end:]:
        found.append(f'"{literal}"')
    return found


def has_zone(format: str) -> bool:
    """Does it tell the offset of a zone?"""
    return any(each.startswith("TZH") for each in _elements(format))


# --- writing -------------------------------------------------------------------------------------


def written(moment: datetime, offset: int, format: str) -> str:
    """A wall clock's moment, so many minutes before UTC, in a format."""
    return "".join(write(moment, offset) for write in _writers(format))


_Write = Callable[[datetime, int], str]


@lru_cache(maxsize=256)
def _writers(format: str) -> list[_Write]:
    return [_writer(element) for element in _elements(format)]


def _writer(element: str) -> _Write:
    if element.startswith('"'):
        return lambda moment, offset: element[1:-1]
    if element.startswith("FF"):
        digits = int(element[2:] or 9)
        return lambda moment, offset: f"{moment.microsecond:06d}000"[:digits]
    return _WRITERS[element]


def _zone(offset: int, between: str) -> str:
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02d}{between}{minutes:02d}"


_WRITERS: dict[str, _Write] = {
    "YYYY": lambda moment, offset: f"{moment.year:04d}",
    "UUUU": lambda moment, offset: f"{moment.year:04d}",
    "YY": lambda moment, offset: f"{moment.year % 100:02d}",
    "MMMM": lambda moment, offset: _MONTHS[moment.month - 1],
    "MON": lambda moment, offset: _MONTHS[moment.month - 1][:3],
    "MM": lambda moment, offset: f"{moment.month:02d}",
    "DD": lambda moment, offset: f"{moment.day:02d}",
    "DY": lambda moment, offset: _DAYS[moment.weekday()][:3],
    "HH24": lambda moment, offset: f"{moment.hour:02d}",
    "HH": lambda moment, offset: f"{moment.hour:02d}",
    "HH12": lambda moment, offset: f"{(moment.hour + 11) % 12 + 1:02d}",
    "AM": lambda moment, offset: "AM" if moment.hour < 12 else "PM",
    "PM": lambda moment, offset: "AM" if moment.hour < 12 else "PM",
    "MI": lambda moment, offset: f"{moment.minute:02d}",
    "SS": lambda moment, offset: f"{moment.second:02d}",
    "TZH:TZM": lambda moment, offset: _zone(offset, ":"),
    "TZHTZM": lambda moment, offset: _zone(offset, ""),
    "TZH": lambda moment, offset: _zone(offset, "")[:3],
}


# What the engine writes the same, faster.
_STRFTIME = {
    "YYYY": "%Y", "MMMM": "%B", "MON": "%b", "MM": "%m", "DD": "%d", "DY": "%a", "HH24": "%H",
    "HH12": "%I", "MI": "%M", "SS": "%S", "AM": "%p", "PM": "%p",
}  # fmt: skip


def strftime(format: str) -> str | None:
    """The format in the engine's words; None where it lacks some."""
    elements = _elements(format)
    if any(not each.startswith('"') and each not in _STRFTIME for each in elements):
        return None
    return "".join(_STRFTIME.get(each) or each[1:-1].replace("%", "%%") for each in elements)


# --- reading -------------------------------------------------------------------------------------

_PATTERNS = {
    "YYYY": r"(?P<year>\d{4})",
    "UUUU": r"(?P<year>\d{4})",
    "YY": r"(?P<short>\d{2})",
    "MMMM": f"(?P<month>{'|'.join(_MONTHS)})",
    "MON": f"(?P<month>{'|'.join([*_MONTHS, *(name[:3] for name in _MONTHS)])})",
    "MM": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{1,2})",
    "DY": f"(?:{'|'.join(name[:3] for name in _DAYS)})",
    "HH24": r"(?P<hour>\d{1,2})",
    "HH": r"(?P<hour>\d{1,2})",
    "HH12": r"(?P<half>\d{1,2})",
    "AM": r"(?P<part>[AP]M)",
    "PM": r"(?P<part>[AP]M)",
    "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2})",
    "TZH:TZM": r"(?P<zone>Z|[+-]\d{1,2}:\d{2})",
    "TZHTZM": r"(?P<zone>Z|[+-]\d{3,4})",
    "TZH": r"(?P<zone>Z|[+-]\d{1,2})",
}


@lru_cache(maxsize=512)
def _pattern(format: str) -> re.Pattern[str]:
    """What a text of this format looks like. Digits beside digits have their full number."""
    elements, made, seen = _elements(format), [], set()
    for place, element in enumerate(elements):
        if element.startswith('"'):
            made.append(re.escape(element[1:-1]))
        elif element.startswith("FF"):
            fraction = r"(?P<fraction>\d{1,9})"
            if made and made[-1].endswith(r"\."):
                # A text may end before it, with its point.
                made[-1], fraction = made[-1].removesuffix(r"\."), rf"(?:\.{fraction})?"
            made.append(fraction)
        else:
            pattern = _PATTERNS[element]
            beside = [*elements[max(place - 1, 0) : place], *elements[place + 1 : place + 2]]
            if any(each in _OF_DIGITS for each in beside):
                pattern = pattern.replace("{1,2}", "{2}")
            group = re.match(r"\(\?P<(\w+)>", pattern)
            if group and group[1] in seen:
                pattern = pattern.replace(f"?P<{group[1]}>", "?:", 1)
            seen |= {group[1]} if group else set()
            made.append(pattern)
    return re.compile("".join(made), re.I)


_OF_DIGITS = {"YYYY", "UUUU", "YY", "MM", "DD", "HH24", "HH", "HH12", "MI", "SS"}


# What the engine reads itself.
_ISO = re.compile(
    r"\s*\d{4}-\d\d-\d\d([ T](?!24)\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)?)?\s*"
)


# The engine takes more for a moment than Snowflake does (the macro `_account_is_moment`).
_OF_ENGINE = re.compile(r"\s*[+-]?\d(?!\d{0,2}/)(?!.*:.* [A-Za-z])(?!.*[ Tt]24(:|\s*$))", re.S)


def reads_by_itself(value: Expr) -> bool:
    """Is it a constant that the engine takes for a date or timestamp?"""
    return isinstance(value, exp.Literal) and _ISO.fullmatch(value.name) is not None


def try_read(text: str, kind: str, format: str, zoned: bool) -> str | None:
    """A text in a format, or in one that AUTO recognizes, as ISO writes it; None where it is not.
    Raises 000002 for a date or time of nanoseconds.

    kind: date, time or timestamp. zoned: with the offset that the text has, if any.
    """
    is_auto = format.upper() == "AUTO"
    if is_auto and re.fullmatch(r"\s*-?\d+\s*", text):
        return _of_epoch(int(text), zoned and kind == "timestamp", is_date=kind == "date")
    formats: Sequence[str] = _AUTO[kind] if is_auto else (format,)
    for each in formats:
        match = _pattern(each).fullmatch(text.strip())
        if match and kind != "date" and (match.groupdict().get("fraction") or "")[6:].strip("0"):
            raise errors.unsupported(nanoseconds.REFUSED)
        found = _moment(match.groupdict(), zoned) if match else None
        if found:
            return found
    return None


def _of_epoch(number: int, zoned: bool, *, is_date: bool) -> str | None:
    """Seconds since 1970 in UTC, or milliseconds … where there are so many."""
    per_second = next((unit for limit, unit in _UNITS if number < limit), 10**9)
    if per_second == 10**9 and number % 1000 and not is_date:
        raise errors.unsupported(nanoseconds.REFUSED)
    try:
        moment = datetime(1970, 1, 1) + timedelta(microseconds=number * 10**6 // per_second)
    except OverflowError:
        return None
    return moment.isoformat(" ") + ("+00:00" if zoned else "")


# Up to which number it is of which unit: https://docs.snowflake.com/en/sql-reference/functions/to_date
_UNITS = ((31536 * 10**6, 1), (31536 * 10**9, 10**3), (31536 * 10**12, 10**6))


def read(text: str, kind: str, format: str, zoned: bool) -> str:
    """The same; an error where the text is not in the format."""
    found = try_read(text, kind, format, zoned)
    if found is None and format.upper() == "AUTO":
        raise ValueError(f"{kind.capitalize()} '{text}' is not recognized")
    if found is None:
        raise ValueError(f"Can't parse '{text}' as {kind} with format '{format}'")
    return found


def _moment(parts: dict[str, str | None], zoned: bool) -> str | None:
    hour = int(parts.get("hour") or 0)
    if half := parts.get("half"):
        if not 1 <= int(half) <= 12:
            return None
        hour = int(half) % 12 + (12 if (parts.get("part") or "AM").upper() == "PM" else 0)
    elif parts.get("part"):
        return None
    year = int(parts.get("year") or 1970)
    if short := parts.get("short"):
        year = int(short) + (1900 if int(short) >= 70 else 2000)
    try:
        moment = datetime(
            year,
            _month(parts.get("month") or "1"),
            int(parts.get("day") or 1),
            hour,
            int(parts.get("minute") or 0),
            int(parts.get("second") or 0),
            int((parts.get("fraction") or "0").ljust(9, "0")[:6]),
        )
    except ValueError:
        return None
    offset = parts.get("zone")
    return moment.isoformat(" ") + (_offset(offset) if zoned and offset else "")


def _month(text: str) -> int:
    return int(text) if text.isdigit() else 1 + [m[:3] for m in _MONTHS].index(text[:3].title())


def _offset(text: str) -> str:
    if text.upper() == "Z":
        return "+00:00"
    sign = text[0] if text[0] in "+-" else "+"
    digits = text.lstrip("+-").replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "00")
    return f"{sign}{int(hours):02d}:{minutes}"


# --- trees ---------------------------------------------------------------------------------------

_ZONED = (exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ)


def text(node: exp.ToChar) -> Expr:
    """TO_CHAR of a date or time in a format. What it is of has its type.

    https://docs.snowflake.com/en/sql-reference/functions/to_char
    """
    value, format = node.this, node.args["format"]
    kind = value.type.this
    made = None
    if isinstance(format, exp.Literal) and kind != exp.DType.TIME:
        plain = strftime(format.name)
        made = plain and call("strftime", value, exp.Literal.string(plain))
    if not made:
        offset: Expr = exp.Literal.number(0)
        if kind == exp.DType.TIME:
            value = exp.Add(
                this=exp.cast(exp.Literal.string("1970-01-01"), "DATE"), expression=value
            )
        elif kind in _ZONED:
            seconds = call("date_part", exp.Literal.string("timezone"), value.copy())
            offset = exp.IntDiv(this=seconds, expression=exp.Literal.number(60))
        wall = exp.cast(value, "TIMESTAMP", dialect="duckdb")
        made = call("_account_written", wall, offset, format)
    made.type = exp.DataType.build("VARCHAR")
    return made


def functions(node: Expr) -> Expr:
    """TO_DATE, TO_TIME, TO_TIMESTAMP…, TRY_TO_… of a text in a format.

    https://docs.snowflake.com/en/sql-reference/functions/to_timestamp
    """
    if isinstance(node, _FROM_PARTS) and node.args.get("year"):
        return _from_parts(node)
    if isinstance(node, _FROM_PARTS):
        _check_date_and_time(node)
    if isinstance(node, exp.TimeFromParts) and node.args.get("nano"):
        return _time_from_parts(node)
    format = node.args.get("format")
    word = _WORDS.get(type(node))
    if word is None or format is None:
        return node
    target = node.args.get("target_type")
    zoned = target is not None and target.this in _ZONED
    function = "_account_try_read" if node.args.get("safe") else "_account_read"
    read = call(function, node.this, exp.Literal.string(word), format, exp.convert(zoned))
    moment = exp.cast(read, "TIMESTAMPLTZ" if zoned else "TIMESTAMP", dialect="duckdb")
    return moment if word == "timestamp" else exp.cast(moment, word, dialect="duckdb")


_WORDS: dict[type[Expr], str] = {
    exp.StrToTime: "timestamp",
    exp.TsOrDsToDate: "date",
    exp.TsOrDsToTime: "time",
}


def _reading(name: str, word: str, kind: str, *, zoned: bool) -> Iterator[str]:
    """The macros that read a text: as the engine does, else as AUTO does."""
    for made, function in (("read", "_account_read"), ("tried", "_account_try_read")):
        macro = f"_account_{made}_{name}"
        rest = f"CAST({function}(x, '{word}', 'AUTO', {zoned}) AS TIMESTAMP{'TZ' * zoned})"
        yield f"{macro}(x) AS coalesce(_account_try_{name}(x), CAST({rest} AS {kind}))"
        yield f"{macro}_once(x) AS list_transform([x], lambda each: {macro}(each))[1]"


# By the engine's types: a text as one of them, NULL where it is none.
TRIED = {
    "DATE": "_account_tried_date({})",
    "TIME": "_account_try_read({}, 'time', 'AUTO', false)",
    "TIMESTAMP": "_account_tried_ntz({})",
    "TIMESTAMP WITH TIME ZONE": "_account_tried_tz({})",
    ENGINE_TYPE: "_account_tried_zoned_once({})",
}
_FROM_PARTS = (exp.TimestampFromParts, exp.TimestampLtzFromParts, exp.TimestampTzFromParts)
# All that `functions` changes.
KINDS = (*_WORDS, *_FROM_PARTS, exp.TimeFromParts)
_BOUND = {
    "date": ("DATE", "_account_read_date_once({})"),
    "ntz": ("TIMESTAMP", "_account_read_ntz_once({})"),
    "tz": ("TIMESTAMPTZ", "_account_read_tz_once({})"),
    "time": ("TIME", "CAST(CAST(_account_read({}, 'time', 'AUTO', false) AS TIMESTAMP) AS TIME)"),
}
MACROS = (
    # The engine wants an offset as +00:00, and Snowflake writes +0000.
    "_account_offset_text(x) AS regexp_replace(x, ' ([+-][0-9]{2})([0-9]{2})$', '\\1:\\2')",
    *_reading("date", "date", "DATE", zoned=False),
    *_reading("ntz", "timestamp", "TIMESTAMP", zoned=False),
    *_reading("tz", "timestamp", "TIMESTAMPTZ", zoned=True),
    *(
        f"_account_bound_{name}(x) AS CASE WHEN typeof(x) = 'VARCHAR'"
        f" THEN {read.format('CAST(x AS VARCHAR)')} ELSE CAST(x AS {kind}) END"
        for name, (kind, read) in _BOUND.items()
    ),
    "_account_from_parts(y, mo, d, h, mi, s, ns) AS CAST(make_date(CAST(y AS BIGINT), 1, 1)"
    " AS TIMESTAMP) + to_months(CAST(mo - 1 AS INTEGER)) + to_days(CAST(d - 1 AS INTEGER))"
    " + to_hours(CAST(h AS BIGINT)) + to_minutes(CAST(mi AS BIGINT))"
    " + to_microseconds(CAST(s AS BIGINT) * 1000000 + _account_micros_of(ns))",
)


def _from_parts(node: Expr) -> Expr:
    """TIMESTAMP_…_FROM_PARTS: parts beyond their range go into the next ones.

    https://docs.snowflake.com/en/sql-reference/functions/timestamp_from_parts
    """
    keys = ("year", "month", "day", "hour", "min", "sec")
    wall = call("_account_from_parts", *(node.args[key] for key in keys),
                node.args.get("nano") or exp.Literal.number(0))  # fmt: skip
    if zone := node.args.get("zone"):
        return exp.paren(exp.AtTimeZone(this=wall, zone=zone))
    if isinstance(node, exp.TimestampFromParts):
        return wall
    return exp.cast(wall, "TIMESTAMPLTZ", dialect="duckdb")


def _check_date_and_time(node: Expr) -> None:
    """Raises 001044 for numbers in their place."""
    values = (node.this, node.expression)
    kinds = [value.type.this if value is not None and value.type else None for value in values]
    if any(kind in exp.DataType.NUMERIC_TYPES for kind in kinds):
        shown = ", ".join(value.type.sql("snowflake") for value in values if value and value.type)
        text = f"Invalid argument types for function 'TIMESTAMP_NTZ_FROM_PARTS': ({shown})"
        raise errors.compilation(errors.INVALID_ARGUMENTS, text)


def _time_from_parts(node: Expr) -> Expr:
    """https://docs.snowflake.com/en/sql-reference/functions/time_from_parts"""
    day = (exp.Literal.number(each) for each in (1970, 1, 1))
    parts = (node.args[key] for key in ("hour", "min", "sec", "nano"))
    return exp.cast(call("_account_from_parts", *day, *parts), "TIME", dialect="duckdb")


_KINDS = {
    exp.DType.DATE: "date",
    exp.DType.TIME: "time",
    **dict.fromkeys((*NTZ_TYPES, *_ZONED), "timestamp"),
}
_CODES = {
    "date": errors.DATE_VALUE,
    "time": errors.TIME_VALUE,
    "timestamp": errors.TIMESTAMP_VALUE,
}


def read_by_form(node: Expr) -> Expr:
    """A text that becomes a date or time is read in any of the forms that AUTO recognizes.

    The engine reads those of ISO. Of constants the others are written as those; of columns they
    are read where the engine gave up.
    """
    cast = _cast_of(node)
    if cast is None:
        return node
    value, kind = cast.this, cast.to
    word, safe = _KINDS[kind.this], isinstance(cast, exp.TryCast)
    if isinstance(value, exp.Literal) and value.is_string:
        return _constant(node, cast, word, safe=safe)
    bare = value.unnest()
    if not safe and is_bind(bare):
        return of_bind(bare, kind)
    if (bare.type is not None and bare.type.this in TEXT_TYPES) or (
        # Nothing but texts is tried, and the engine knows no bind's type here.
        safe and isinstance(bare, exp.Placeholder)
    ):
        return _read(value, kind, word, safe=safe)
    if bare.type is not None and bare.type.this in JSON_TYPES:
        if safe:
            tried = (
                f"{bare.type.sql('snowflake')} and {moments.name(kind) or kind.sql('snowflake')}"
            )
            text = f"Function TRY_CAST cannot be used with arguments of types {tried}"
            raise errors.compilation(errors.ARGUMENT_TYPES, text)
        cast.type = kind
        return cast
    return cast if isinstance(node, exp.Time) else node


# In the meta of a column: it holds the values of a bind.
BOUND = "bound"


def is_bind(value: Expr) -> bool:
    """Is it a bind, whose type is known when it is bound?"""
    return isinstance(value, exp.Placeholder) or BOUND in value.meta


def of_bind(value: Expr, kind: exp.DataType) -> Expr:
    """A bind as a date or time: a text is read as such, and anything else cast."""
    name = "tz" if kind.this in _ZONED else _KINDS[kind.this].replace("timestamp", "ntz")
    made = call(f"_account_bound_{name}", value.copy())
    made.type = kind
    return made


def _constant(node: Expr, cast: exp.Cast, word: str, *, safe: bool) -> Expr:
    value, zoned = cast.this, cast.to.this in _ZONED
    said = moments.read(moments.name(cast.to))
    if said and nanoseconds.has(value.name, said[1]):
        raise errors.unsupported(nanoseconds.REFUSED)
    if found := try_read(value.name, word, "AUTO", zoned):
        value.set("this", found if word == "timestamp" else found.split(" ")[word == "time"])
        return node if isinstance(node, _CASTS) else cast
    # The engine reads dates of ISO itself; all times are known here.
    is_none = word == "time" or not _OF_ENGINE.match(value.name)
    if safe and node is cast and is_none:
        node.set("this", exp.Null())
    elif not safe and is_none:
        text = f"{word.capitalize()} '{value.name}' is not recognized"
        raise errors.SnowflakeError(_CODES[word], text)
    return cast if isinstance(node, exp.Time) else node


_CASTS = (exp.Cast, exp.TsOrDsToDate, exp.TsOrDsToTime)


def _read(value: Expr, kind: exp.DataType, word: str, *, safe: bool) -> Expr:
    """A text that is no constant, as a date or time: most are of ISO, which the engine reads."""
    zoned = kind.this in _ZONED
    if word == "time":
        how = (*map(exp.Literal.string, (word, "AUTO")), exp.convert(False))
        made: Expr = call("_account_try_read" if safe else "_account_read", value.copy(), *how)
        made = exp.cast(exp.cast(made, "TIMESTAMP", dialect="duckdb"), word, dialect="duckdb")
    else:
        name = "_tz" if zoned else "_date" if word == "date" else "_ntz"
        # What is long is written once. A HAVING takes no lambda.
        is_long = len(list(value.walk())) > _SHORT and not value.find_ancestor(exp.Having)
        macro = f"_account_{'tried' if safe else 'read'}{name}{'_once' if is_long else ''}"
        made = call(macro, value.copy())
    made.type = kind
    return made


_SHORT = 5


# As far as SQLGlot leaves them as they are: where they are given a text of digits.
_FUNCTIONS = {
    "DATE": "DATE", "TO_DATE": "DATE", "TO_TIME": "TIME", "TRY_TO_DATE": "DATE",
    "TRY_TO_TIME": "TIME",
}  # fmt: skip


def _cast_of(node: Expr) -> exp.Cast | None:
    """What a function that reads a text in no given format means."""
    if isinstance(node, exp.Cast):
        return node if node.to.this in _KINDS else None
    if isinstance(node, exp.TsOrDsToDate | exp.TsOrDsToTime):
        kind = "DATE" if isinstance(node, exp.TsOrDsToDate) else "TIME"
        if node.args.get("format") is not None:
            return None
        made = exp.TryCast if node.args.get("safe") else exp.Cast
        return made(this=node.this, to=exp.DataType.build(kind))
    if isinstance(node, exp.UnixToTime):
        target = node.args.get("target_type") or exp.DataType.build("TIMESTAMP")
        of_text = node.this.is_string and node.args.get("scale") is None
        return exp.Cast(this=node.this, to=target) if of_text else None
    if isinstance(node, exp.Time):
        only = node.this is not None and sum(map(bool, node.args.values())) == 1
        return exp.Cast(this=node.this, to=exp.DataType.build("TIME")) if only else None
    name = node.name.upper()
    if (word := _FUNCTIONS.get(name)) and len(node.expressions) == 1:
        made = exp.TryCast if name.startswith("TRY") else exp.Cast
        return made(this=node.expressions[0], to=exp.DataType.build(word))
    if not name.startswith(("TO_TIMESTAMP", "TRY_TO_TIMESTAMP")) or len(node.expressions) != 1:
        return None
    kind = "TIMESTAMPLTZ" if name.endswith("TZ") and not name.endswith("NTZ") else "TIMESTAMPNTZ"
    made = exp.TryCast if name.startswith("TRY") else exp.Cast
    return made(this=node.expressions[0], to=exp.DataType.build(kind))
