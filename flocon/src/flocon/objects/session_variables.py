"""Session variables: SET, UNSET, SHOW VARIABLES, GETVARIABLE.

https://docs.snowflake.com/en/sql-reference/session-variables
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flocon.access.demands import nothing
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.session.variables import Variable
from flocon.sql import statements
from flocon.sql.statements import Show
from flocon.sql.tokens import Tokens

_MOST_BYTES = 256


@dataclass(frozen=True)
class SetVariables:
    """values: expressions, as many as names."""

    names: tuple[str, ...]
    values: str


@dataclass(frozen=True)
class UnsetVariables:
    names: tuple[str, ...]


def _names(tokens: Tokens) -> tuple[str, ...]:
    if not tokens.accept("("):
        return (tokens.name().name,)
    names = [tokens.name().name]
    while tokens.accept(","):
        names.append(tokens.name().name)
    tokens.expect(")")
    return tuple(names)


def _read_set(tokens: Tokens) -> SetVariables:
    """SET name = expression, or (name, …) = (expression, …)"""
    tokens.expect("SET")
    several = tokens.peek("(")
    names = _names(tokens)
    tokens.expect("=")
    if not several:
        return SetVariables(names, f"({tokens.rest()})")
    values = tokens.parenthesized()
    tokens.end()
    return SetVariables(names, values)


def _read_unset(tokens: Tokens) -> UnsetVariables:
    tokens.expect("UNSET")
    names = _names(tokens)
    tokens.end()
    return UnsetVariables(names)


def set_variables(context: Context, statement: SetVariables) -> Result:
    """https://docs.snowflake.com/en/sql-reference/sql/set"""
    answer = context.execute(f"SELECT {statement.values}")
    if len(answer.names) != len(statement.names):
        raise errors.compilation(
            errors.COMPILATION,
            f"Assignment of {len(answer.names)} value(s) to {len(statement.names)} variable(s).",
        )
    rows = answer.rows()
    if len(rows) != 1:
        raise errors.compilation(errors.COMPILATION, f"SET needs one row, and got {len(rows)}.")
    found = dict(zip(statement.names, zip(rows[0], answer.types, strict=True), strict=True))
    for name, (value, kind) in found.items():
        if value is not None and kind == "JSON":  # a VARIANT, an array or an object
            raise errors.unsupported("assignment from non-constant source expression")
        if not isinstance(value, str | bytes):
            continue
        size = len(value.encode() if isinstance(value, str) else value)
        if size > _MOST_BYTES:
            raise errors.compilation(
                errors.COMPILATION,
                f"Assignment to '{name}' not done because value exceeds size limit for variables."
                f" Its size is {size}; the limit is {_MOST_BYTES} (internal storage size in"
                " bytes).",
            )
    now = datetime.now(UTC)
    for name, (value, kind) in found.items():
        known = context.variables.get(name)
        context.variables[name] = Variable(value, kind, known.created_on if known else now, now)
    return result.done()


def unset_variables(context: Context, statement: UnsetVariables) -> Result:
    """https://docs.snowflake.com/en/sql-reference/sql/unset"""
    for name in statement.names:
        context.variables.pop(name, None)
    return result.done()


_SHOWN = result.columns(
    "session_id", "created_on", "updated_on", "name", "value", "type", "comment",
)  # fmt: skip


def show_variables(context: Context, statement: Show) -> Result:
    """https://docs.snowflake.com/en/sql-reference/sql/show-variables"""
    found = statement.scope.chosen(sorted(context.variables), str)
    held = [(name, context.variables[name]) for name in found]
    rows = [
        [context.number, each.created_on, each.updated_on, name, each.text, each.type_name, ""]
        for name, each in held
    ]
    return result.of(_SHOWN, rows, result.SHOW)


def get_variable(context: Context, arguments: list[Any]) -> str | None:
    """GETVARIABLE('NAME'): the value as text, NULL for a variable that is not set."""
    held = context.variables.get(str(arguments[0]))
    return held.text if held else None


FUNCTIONS = {"GETVARIABLE": get_variable}
STATEMENTS = (
    Kind(("SET",), _read_set, set_variables, nothing),
    Kind(("UNSET",), _read_unset, unset_variables, nothing),
    Kind(("SHOW", "VARIABLES"), statements.show("VARIABLES"), show_variables, nothing),
)
