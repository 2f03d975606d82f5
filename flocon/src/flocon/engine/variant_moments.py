"""What is in a VARIANT as a date, a time or a timestamp.

A number is so many seconds since 1970, whatever its size, as an instant: a TIMESTAMP_NTZ is the
wall clock then in the session's time zone, a TIMESTAMP_TZ has the offset there. A text is read as
one that is in no VARIANT; a TIME alone is read in fewer forms. Nothing else is a timestamp, and no
number is a date or time.

https://docs.snowflake.com/en/sql-reference/functions/to_timestamp
"""

from sqlglot import Expr, exp

from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import moments
from flocon.engine.objects import call
from flocon.engine.types import JSON_TYPES, NTZ_TYPES

_TEXT = "json_extract_string(x, '$')"
_NUMBERS = "'BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE'"
_WALL = "_account_wall_of_seconds(CAST(_account_castable(x) AS DECIMAL(38, 9)), cut)"


def _no(kind: str, engine_type: str) -> str:
    """What is in none of the forms. NULL stays NULL."""
    return f"CAST(CAST(_account_no_moment(x, '{kind}') AS TINYINT) AS {engine_type})"


def _rare(kind: str, engine_type: str, text: str, number: str) -> str:
    """A VARIANT of which it is not known that it is a text of ISO's form."""
    no = _no(kind, engine_type)
    return (
        f"CASE WHEN json_type(x) = 'NULL' THEN CAST(NULL AS {engine_type})"
        f" WHEN json_type(x) = 'VARCHAR' THEN coalesce({text}, {no})"
        f" WHEN json_type(x) IN ({_NUMBERS}) THEN {number or no} ELSE {no} END"
    )


_SIX_DIGITS = f"CASE WHEN cut THEN _account_six_digits({_TEXT}) ELSE {_TEXT} END"
# By the name of the type: what reads a text of ISO's form, and what reads all else.
_READ = {
    "date": (
        "CASE WHEN length(x) = 10 THEN TRY_CAST(x AS DATE)"
        " ELSE CAST(TRY_CAST(x AS TIMESTAMP) AS DATE) END",
        _rare("DATE", "DATE", f"_account_tried_date({_TEXT})", ""),
    ),
    "ntz": (
        "TRY_CAST(x AS TIMESTAMP)",
        _rare(
            "TIMESTAMP_NTZ",
            "TIMESTAMP",
            f"_account_tried_ntz({_SIX_DIGITS})",
            f"CAST({_WALL} AT TIME ZONE 'UTC' AS TIMESTAMP)",
        ),
    ),
    "ltz": (
        "TRY_CAST(_account_offset_text(x) AS TIMESTAMPTZ)",
        _rare(
            "TIMESTAMP_LTZ",
            "TIMESTAMPTZ",
            f"_account_tried_tz({_SIX_DIGITS})",
            f"{_WALL} AT TIME ZONE 'UTC'",
        ),
    ),
}
_ZONED = _rare(
    "TIMESTAMP_TZ",
    ENGINE_TYPE,
    f"_account_tried_zoned({_TEXT})",
    f"_account_local({_WALL.replace('cut', 'false')} AT TIME ZONE 'UTC')",
)
# Texts that columns read, of what a file has for them: a number is none of a date or time.
_LOADED = {
    "ntz": "CAST(_account_variant_ntz(x, false) AS VARCHAR)",
    "ltz": "CAST(_account_variant_ltz(x, false) AS VARCHAR)",
    "other": "json_extract_string(x, '$') || ' (a number)'",
}
MACROS = (
    "_account_no_moment(x, kind) AS"
    " 'Failed to cast variant value ' || _account_compact(CAST(x AS VARCHAR)) || ' to ' || kind",
    "_account_wall_of_seconds(n, cut) AS make_timestamp(CASE WHEN cut"
    " THEN CAST(floor(n * 1000000) AS BIGINT) ELSE _account_whole_micros(n * 1000000) END)",
    # Most texts have this form. What has more digits than the engine goes the other way, but where
    # they are cut off.
    "_account_is_iso(x, cut) AS x LIKE '____-__-__%' AND _account_is_moment(x)"
    " AND (cut OR NOT _account_has_nanoseconds(x))",
    *(
        f"_account_iso_{name}(x, cut) AS CASE WHEN _account_is_iso(x, cut) THEN {iso} END"
        for name, (iso, _) in _READ.items()
    ),
    *(f"_account_rare_{name}(x, cut) AS {rare}" for name, (_, rare) in _READ.items()),
    *(
        f"_account_variant_{name}(x, cut) AS"
        f" coalesce(_account_iso_{name}({_TEXT}, cut), _account_rare_{name}(x, cut))"
        for name in _READ
    ),
    *(
        f"_account_{how}_{name}_once(x, cut) AS"
        f" list_transform([x], lambda each: _account_{how}_{name}(each, cut))[1]"
        for name in _READ
        for how in ("iso", "rare", "variant")
    ),
    f"_account_variant_zoned(x) AS {_ZONED}",
    "_account_variant_zoned_once(x) AS"
    " list_transform([x], lambda each: _account_variant_zoned(each))[1]",
    f"_account_variant_time(x, cut) AS CASE WHEN regexp_full_match({_TEXT},"
    f" '{moments.PLAIN_TIME}') THEN CAST(CASE WHEN cut THEN {_TEXT}"
    f" ELSE _account_micros({_TEXT}) END AS TIME)"
    f" WHEN json_type(x) <> 'NULL' THEN {_no('TIME', 'TIME')} END",
    "_account_variant_time_once(x, cut) AS"
    " list_transform([x], lambda each: _account_variant_time(each, cut))[1]",
    *(
        f"_account_loaded_{name}(x) AS CASE WHEN json_type(x) IN ({_NUMBERS}) THEN {made}"
        " ELSE _account_json_text(x, '$') END"
        for name, made in _LOADED.items()
    ),
)
_NAMES = {
    exp.DType.DATE: "date",
    exp.DType.TIME: "time",
    exp.DType.TIMESTAMPLTZ: "ltz",
    **dict.fromkeys(NTZ_TYPES, "ntz"),
}
_PATH = "_account_json_text"


def read(cast: exp.Cast) -> Expr | None:
    """A VARIANT that is cast to a date, time or timestamp, in the engine's words; None where
    something else is cast. What is read at a path may be read together with others there
    (`fast.variant_paths`): the text is asked first."""
    name, value = _NAMES.get(cast.to.this), cast.this
    is_path = isinstance(value, exp.Anonymous) and value.name == _PATH
    is_variant = value.type is not None and value.type.this in JSON_TYPES
    if name is None or not (is_path or is_variant):
        return None
    # A HAVING takes no lambda.
    document = value.expressions[0] if is_path else value
    is_short = isinstance(document, exp.Column) or cast.find_ancestor(exp.Having)
    once = "" if is_short else "_once"
    cut = exp.convert(name == "date" or moments.is_cut(moments.name(cast.to)))
    if is_path and name != "time":
        part = call("json_extract", *(each.copy() for each in value.expressions))
        iso = call(f"_account_iso_{name}{once or _once(cast)}", value, cut)
        rare = call(f"_account_rare_{name}{once or _once(cast)}", part, cut.copy())
        return exp.Coalesce(this=iso, expressions=[rare])
    if is_path:
        value = call("json_extract", *value.expressions)
    return call(f"_account_variant_{name}{once}", value, cut)


def loaded(member: Expr, kind: str) -> Expr | None:
    """The text of a file's VARIANT for a column of an engine's type; None where it is of no date
    or time."""
    if kind.startswith((ENGINE_TYPE, "TIMESTAMP WITH TIME ZONE")):
        return call("_account_loaded_ltz", member)
    if kind.startswith("TIMESTAMP"):
        return call("_account_loaded_ntz", member)
    return call("_account_loaded_other", member) if kind.startswith(("DATE", "TIME")) else None


def _once(cast: exp.Cast) -> str:
    return "" if cast.find_ancestor(exp.Having) else "_once"


def zoned(value: Expr) -> Expr:
    """A VARIANT that becomes a TIMESTAMP_TZ."""
    is_short = isinstance(value, exp.Column) or value.find_ancestor(exp.Having)
    return call(f"_account_variant_zoned{'' if is_short else '_once'}", value)
