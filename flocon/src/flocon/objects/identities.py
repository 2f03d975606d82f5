"""AUTOINCREMENT and IDENTITY: a column that counts has a sequence of its own that nobody can name.

https://docs.snowflake.com/en/sql-reference/sql/create-table
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlglot import exp

from flocon.core import errors
from flocon.engine import literal, quoted
from flocon.engine.column_defaults import COUNTING, OF_IDENTITIES
from flocon.engine.marked_names import unmarked
from flocon.session.context import Context
from flocon.sql.tokens import FullName

COUNTS = (exp.AutoIncrementColumnConstraint, exp.GeneratedAsIdentityColumnConstraint)
# The default of such a column, as the engine has it.
_DEFAULT = re.compile(rf"nextval\('({OF_IDENTITIES}[^']*)'\)", re.IGNORECASE)
_HOW = re.compile(r"START (-?\d+) INCREMENT (-?\d+) (?:NO)?ORDER")
_WIDEST = "MINVALUE -9223372036854775808 MAXVALUE 9223372036854775807"


def is_counted(default: str | None) -> bool:
    """Is that the default of a column that counts?"""
    return _DEFAULT.fullmatch(default or "") is not None


def told(context: Context, database: str, default: str | None) -> str:
    """How a column of this default counts; '' where it does not."""
    return f"IDENTITY {_found(context, database, default)[0]}" if is_counted(default) else ""


@contextmanager
def counting(context: Context, columns: Iterable[exp.ColumnDef], *schema: str) -> Iterator[None]:
    """Inside, those of these new columns that count have sequences in this schema as defaults."""
    made = []
    for column, constraint in [(c, each) for c in columns for each in c.constraints]:
        if isinstance(constraint.kind, COUNTS):
            _check_type(column)
            start, step, order = _written(constraint.kind)
            name = _create(context, schema, f"START {start} INCREMENT {step} {order}", start)
            default = exp.Anonymous(this="nextval", expressions=[exp.Literal.string(name)])
            constraint.set("kind", exp.DefaultColumnConstraint(this=default))
            made.append(name)
    try:
        yield
    except errors.SnowflakeError:
        for name in made:
            context.connection.values(f"DROP SEQUENCE IF EXISTS {quoted(*schema, name)}")
        raise


def check_empty(context: Context, table: FullName, columns: Iterable[exp.ColumnDef]) -> None:
    """Raises 000002 where one of these is to be added that counts, and the table has rows.

    https://docs.snowflake.com/en/sql-reference/sql/alter-table
    """
    for column in columns:
        counts = any(isinstance(each.kind, COUNTS) for each in column.constraints)
        if counts and context.connection.has_more(quoted(*context.place(table)), 0):
            raise errors.compilation(
                errors.UNSUPPORTED,
                f"Cannot add column '{unmarked(column.name)}' with non-constant default to"
                f" non-empty table '{table.name}'.",
            )


def copied(
    context: Context, database: str, default: str, schema: tuple[str, str], *, goes_on: bool
) -> str:
    """The default of the same column of a clone, which goes on where its source is, or of a table
    that is like another one, which begins anew: with a sequence of its own in that schema.

    https://docs.snowflake.com/en/sql-reference/sql/create-clone
    """
    how, following = _found(context, database, default)
    match = _HOW.fullmatch(how)
    assert match
    name = _create(context, schema, how, following if goes_on else int(match[1]))
    return f"nextval({literal(name)})"


def _check_type(column: exp.ColumnDef) -> None:
    kind = column.args.get("kind")
    if kind is not None and kind.this not in exp.DataType.NUMERIC_TYPES:
        name = unmarked(column.name)
        raise errors.compilation(
            errors.DEFAULT_TYPE,
            f"Default value data type does not match data type for column {name}",
        )


def _written(kind: exp.Expr) -> tuple[int, int, str]:
    start, step = kind.args.get("start"), kind.args.get("increment")
    order = "ORDER" if kind.args.get("order") else "NOORDER"
    return _number(start), _number(step), order


def _number(written: exp.Expr | None) -> int:
    if written is None:
        return 1
    try:
        return int(written.sql().replace(" ", ""))
    except ValueError:
        raise errors.syntax(0, written.sql()) from None


def _create(context: Context, schema: tuple[str, ...], how: str, start: int) -> str:
    match = _HOW.fullmatch(how)
    assert match
    name = f"{OF_IDENTITIES}{uuid.uuid4().hex}"
    place = quoted(*schema, name)
    temporary = "TEMPORARY" if schema[0] == "temp" else ""
    context.connection.values(
        f"CREATE {temporary} SEQUENCE {place} START {start} INCREMENT {match[2]} {_WIDEST}"
    )
    context.connection.values(f"COMMENT ON SEQUENCE {place} IS {literal(how)}")
    return name


def _found(context: Context, database: str, default: str | None) -> tuple[str, int]:
    """How the sequence of this default counts, and its next number."""
    match = _DEFAULT.fullmatch(default or "")
    assert match
    [(how, following)] = context.connection.values(
        f"SELECT {COUNTING.format(s='s')}, coalesce(last_value + increment_by, start_value)"
        " FROM duckdb_sequences() s WHERE database_name = ? AND lower(sequence_name) = lower(?)",
        [database, match[1]],
    )
    return how, following
