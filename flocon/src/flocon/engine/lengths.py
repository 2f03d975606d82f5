"""VARCHAR(n) and BINARY(n): a value that is longer is an error, where it is cast and where it is
stored. COPY INTO says it in other words, or cuts the value off where it is told to.

https://docs.snowflake.com/en/sql-reference/data-types-text
"""

import re

import duckdb
from sqlglot import Expr, exp

from flocon.engine import column_defaults
from flocon.engine.types import TEXT_TYPES

# The longest that there are: nothing is checked for them.
_LONGEST = {"VARCHAR": 16777216, "BINARY": 8388608}
LONGEST = {name: f"{name}({length})" for name, length in _LONGEST.items()}
_DECLARED = re.compile(r"(VARCHAR|BINARY)\((\d+)\)")
_OF_ENGINE = {"VARCHAR": "VARCHAR", "BINARY": "BLOB"}
_SIZED = re.compile(r"(VARCHAR|BLOB)\((\d+)\)")
# Of one character where no length is said.
_OF_ONE = (exp.DType.CHAR, exp.DType.NCHAR)
_BINARIES = (exp.DType.BINARY, exp.DType.VARBINARY)
# What may stand in a macro several times: it is as it was, and soon read.
REPEATABLE = (exp.Cast, exp.Column, exp.DataType, exp.Identifier, exp.Literal, exp.Null,
               exp.Placeholder)  # fmt: skip


# So many signs of a value does an error show.
SHOWN = 200


def _shown(x: str) -> str:
    return f"CASE WHEN length({x}) > {SHOWN} THEN left({x}, {SHOWN}) || '...' ELSE {x} END"


def _failing(text: str) -> str:
    """An expression that fails with this text. Beside the engine's error() a query could not name a
    column again by its alias: it would have a side effect."""
    return f"CAST(CAST({text} AS TINYINT) AS VARCHAR)"


_END = "''' is too long and would be truncated'"
_TEXT_ERROR = _failing(f"'String ''' || {_shown('CAST(x AS VARCHAR)')} || {_END}")
_HEX_ERROR = _failing(f"'Binary value ''' || {_shown('hex(x)')} || {_END}")
_LOADED_ERROR = _failing(
    "'User character length limit (' || n || ') exceeded by string ''' ||"
    f" {_shown('CAST(x AS VARCHAR)')} || ''''"
)
# How many bytes a text has is known without reading it.
_IS_LONG = "strlen(CAST(x AS VARCHAR)) > n AND length(CAST(x AS VARCHAR)) > n"
MACROS = (
    f"_account_fitting(x, n) AS CASE WHEN {_IS_LONG} THEN {_TEXT_ERROR}"
    " ELSE CAST(x AS VARCHAR) END",
    "_account_fitting_once(x, n) AS list_transform([x], lambda each: _account_fitting(each, n))[1]",
    f"_account_fitting_binary(x, n) AS CASE WHEN octet_length(x) > n THEN CAST({_HEX_ERROR}"
    " AS BLOB) ELSE x END",
    "_account_fitting_binary_once(x, n) AS"
    " list_transform([x], lambda each: _account_fitting_binary(each, n))[1]",
    f"_account_loaded(x, n) AS CASE WHEN {_IS_LONG} THEN {_LOADED_ERROR}"
    " ELSE CAST(x AS VARCHAR) END",
)


def declared(kind: exp.DataType) -> str:
    """A type as Snowflake shows it; '' where no length is said, and for other types."""
    name = "VARCHAR" if kind.this in TEXT_TYPES else "BINARY" if kind.this in _BINARIES else ""
    length = kind.expressions[0].name if kind.expressions else "1" if kind.this in _OF_ONE else ""
    return f"{name}({length})" if name and length.isdigit() else ""


def said(declared: str) -> int | None:
    """The length that such a type names; None for others."""
    found = _DECLARED.fullmatch(declared)
    return int(found[2]) if found else None


def of_column(declared: str) -> str:
    """The same of a column that a query makes: of texts and BINARYs those have another limit."""
    found = _DECLARED.fullmatch(declared)
    is_longer = found is not None and int(found[2]) > _LONGEST[found[1]]
    return LONGEST[found[1]] if found and is_longer else declared


def most(declared: str) -> int | None:
    """How long a value may be that is declared so; None where nothing is to be checked."""
    said = _DECLARED.fullmatch(declared)
    return int(said[2]) if said and int(said[2]) < _LONGEST[said[1]] else None


def sized(declared: str) -> str:
    """The same as a type of the engine's with a length; '' where nothing is to be checked."""
    length = most(declared)
    return "" if length is None else f"{_OF_ENGINE[declared.partition('(')[0]]}({length})"


def read(kind: str) -> tuple[str, int] | None:
    """The engine's type and the length of such; None for others."""
    said = _SIZED.fullmatch(kind)
    return (said[1], int(said[2])) if said else None


def checked(value: Expr, kind: str, length: int) -> Expr:
    """A value of the engine's type VARCHAR or BLOB that is no longer than this, or an error."""
    if _fits(value, length):
        return value
    name = "_account_fitting" if kind == "VARCHAR" else "_account_fitting_binary"
    # A HAVING takes no lambda.
    repeatable = all(isinstance(node, REPEATABLE) for node in value.walk())
    once = "" if repeatable or value.find_ancestor(exp.Having) else "_once"
    return exp.Anonymous(this=f"{name}{once}", expressions=[value, exp.Literal.number(length)])


def hold_defaults(tree: Expr) -> None:
    """Let an expression that is a column's default be no longer than the column's values may be:
    of a row that does not name the column the engine takes it as it is."""
    for column in tree.find_all(exp.ColumnDef):
        kind, default = column.args.get("kind"), column.find(exp.DefaultColumnConstraint)
        if not isinstance(kind, exp.DataType) or default is None:
            continue
        length = most(declared(kind))
        if length is None or isinstance(default.this, exp.Null) or _fits(default.this, length):
            continue
        is_binary = kind.this in _BINARIES
        value = default.this
        if value.name != column_defaults.NAME:
            to = exp.DataType.build("BINARY" if is_binary else "VARCHAR", dialect="snowflake")
            value = exp.Cast(this=value, to=to)
        name = "_account_held_binary" if is_binary else "_account_held"
        made = exp.Anonymous(this=name, expressions=[value, exp.Literal.number(length)])
        default.set("this", made)


# What a column's default reads as that is written as the group in it.
DEFAULT_WITH_LENGTH = r"_account_held(?:_binary)?\(CAST\((.*) AS (?:TEXT|VARCHAR|BLOB)\), [0-9]+\)"


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let columns' defaults call `held`: the engine takes none with a lambda, and a macro would ask
    a sequence twice."""
    connection.create_function("_account_held", held, ["VARCHAR", "BIGINT"], "VARCHAR")
    connection.create_function("_account_held_binary", held, ["BLOB", "BIGINT"], "BLOB")


def held(value: str | bytes, length: int) -> str | bytes:
    """A value that is no longer than this, or a ValueError."""
    if len(value) <= length:
        return value
    name, text = (
        ("String", value) if isinstance(value, str) else ("Binary value", value.hex().upper())
    )
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    raise ValueError(f"{name} '{shown}' is too long and would be truncated")


def _fits(value: Expr, length: int) -> bool:
    if isinstance(value, exp.Left):
        return value.expression == exp.Literal.number(length)
    if isinstance(value, exp.Literal):
        return value.is_string and len(value.name) <= length
    return isinstance(value, exp.Anonymous) and value.name == _LOADED


_LOADED = "_account_loaded"


def loaded(value: Expr, length: int) -> Expr:
    """The same in the words of COPY INTO. value: of any type."""
    text = exp.cast(value, "VARCHAR", dialect="snowflake")
    return exp.Anonymous(this=_LOADED, expressions=[text, exp.Literal.number(length)])


def said_of_loaded(value: str, length: int) -> str:
    """What COPY INTO says of a value that is too long."""
    shown = value if len(value) <= SHOWN else f"{value[:SHOWN]}..."
    return f"User character length limit ({length}) exceeded by string '{shown}'"


def cut(value: Expr, length: int) -> Expr:
    """As much of a value as there is room for."""
    return exp.Left(this=value, expression=exp.Literal.number(length))


def without_length(kind: exp.DataType) -> None:
    """Leave the engine's type of a cast."""
    kind.set("expressions", None)
