"""TIMESTAMP_…(n) and TIME(n): as many digits of a second as they are declared with.

The engine has microseconds in all of them. What a value has beyond its type's digits is cut off,
where it is cast and where it is stored.

https://docs.snowflake.com/en/sql-reference/data-types-datetime
"""

import re

from sqlglot import Expr, exp

_NAMES = {
    exp.DType.TIMESTAMP: "TIMESTAMP_NTZ",
    exp.DType.TIMESTAMPNTZ: "TIMESTAMP_NTZ",
    exp.DType.DATETIME: "TIMESTAMP_NTZ",
    exp.DType.TIMESTAMPLTZ: "TIMESTAMP_LTZ",
    exp.DType.TIMESTAMPTZ: "TIMESTAMP_TZ",
    exp.DType.TIME: "TIME",
}
KINDS = (*_NAMES,)
# What the engine's types are where nothing else is declared.
_PLAIN = ("TIME(9)", "TIMESTAMP_NTZ(9)", "TIMESTAMP_LTZ(9)", "TIMESTAMP_TZ(9)")
_DECLARED = re.compile(r"(TIME|TIMESTAMP_(?:NTZ|LTZ|TZ))\((\d)\)")
ALL_DIGITS = 9
# A text of a time of day, as a regular expression of the engine's.
PLAIN_TIME = r"\s*([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9]([.][0-9]*)?)?\s*"
# What a TIME has that Snowflake's JSON leaves out.
NO_FRACTION = "a TIME with a fraction of a second in a VARIANT: cast it to TIME(0) or VARCHAR"
_OF_ENGINE = 6


def name(kind: exp.DataType) -> str:
    """The type as Snowflake shows it, '' for others than these."""
    if kind.this not in _NAMES:
        return ""
    digits = kind.expressions[0].name if kind.expressions else ALL_DIGITS
    return f"{_NAMES[kind.this]}({digits})"


def declared(kind: exp.DataType) -> str:
    """The same, and '' where the engine's type tells it."""
    said = name(kind)
    return "" if said in _PLAIN else said


def read(declared: str) -> tuple[str, int] | None:
    """Name and digits of a type as Snowflake shows it; None for other types than these."""
    match = _DECLARED.fullmatch(declared)
    return (match[1], int(match[2])) if match else None


def digits(declared: str) -> int | None:
    """How many digits such a type keeps; None where that is all that the engine has."""
    said = read(declared)
    return said[1] if said and said[1] < _OF_ENGINE else None


def is_cut(declared: str) -> bool:
    """Are further digits than such a type's cut off, as Snowflake does? What it keeps and the
    engine has not is refused (`nanoseconds`)."""
    said = read(declared)
    return said is not None and said[1] <= _OF_ENGINE


def cut(value: Expr, digits: int, *, is_time: bool) -> Expr:
    """A moment with so many digits of its second, in the engine's words: the value stands in them
    once."""
    if digits == _OF_ENGINE:
        return value
    if is_time:
        day = exp.cast(exp.Literal.string("2000-01-01"), "DATE", dialect="duckdb")
        value = exp.paren(exp.Add(this=day, expression=value))
    made: Expr = exp.Anonymous(this="time_bucket", expressions=[width(digits), value])
    return exp.cast(made, "TIME", dialect="duckdb") if is_time else made


def width(digits: int) -> Expr:
    """The interval that the last of so many digits stands for."""
    micros = exp.Literal.number(10 ** (_OF_ENGINE - digits))
    return exp.Anonymous(this="to_microseconds", expressions=[micros])


def without_digits(kind: exp.DataType) -> None:
    """Leave the engine's type of a column or a cast. A column's default is cut here: of a row that
    does not name the column the engine takes it as it is. That of a TIMESTAMP_TZ becomes one."""
    kept, column = digits(name(kind)), kind.parent
    if isinstance(column, exp.ColumnDef) and (
        kept is not None or kind.this == exp.DType.TIMESTAMPTZ
    ):
        for constraint in column.args.get("constraints") or ():
            if isinstance(default := constraint.kind, exp.DefaultColumnConstraint):
                default.set("this", _default(default.this, kind.this, kept))
    kind.set("expressions", None)


# In the meta of a column's default: is it a TIMESTAMP_TZ already?
ZONED = "zoned"
# What a column's default reads as that is written as the group in it.
DEFAULT_WITH_OFFSET = (
    r"(?:_account_cut_zoned\()?_account_bound_zoned\((.*?)\)(?:, to_microseconds\([0-9]+\)\))?"
)


def _default(value: Expr, kind: exp.DType, kept: int | None) -> Expr:
    if kind != exp.DType.TIMESTAMPTZ:
        bare = exp.cast(value, exp.DataType.build(kind))
        return bare if kept is None else cut(bare, kept, is_time=kind == exp.DType.TIME)
    made = value
    if not value.meta.get(ZONED):
        # It names its argument many times: a long one would take the engine seconds.
        made = exp.Anonymous(this="_account_bound_zoned", expressions=[value])
    if kept is None:
        return made
    return exp.Anonymous(this="_account_cut_zoned", expressions=[made, width(kept)])
