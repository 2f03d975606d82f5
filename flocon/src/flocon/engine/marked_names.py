"""A column's name in the engine, which does not tell "a" from A, as Snowflake does: behind a name
with lower-case letters there is a mark that says which of them these are.

So `A` is A, and `a` is `a` with a mark. Names of temporary stages and file formats have one, too,
which says whose session's they are. What leaves the account is without marks.

https://docs.snowflake.com/en/sql-reference/identifiers-syntax
"""

import re

import pyarrow as pa
from sqlglot import exp

from flocon.core import errors

BEGIN, _END = "\uf8e0", "\uf8e1"
_MARK = re.compile(f"{BEGIN}[0-9A-F]+{_END}")
# The same in DuckDB's SQL, for texts in which names may be.
PATTERN = _MARK.pattern


def marked(name: str) -> str:
    """A column's name as the engine has it. Raises 000002 for one with the sign of a mark."""
    if BEGIN in name:
        raise errors.unsupported(f"a name with the character U+{ord(BEGIN):X}")
    if name == name.upper():
        return name
    places = sum(1 << place for place, sign in enumerate(name) if "a" <= sign <= "z")
    return f"{name}{BEGIN}{places:X}{_END}" if places else name


def of_session(name: str, session_id: str) -> str:
    """The name of a temporary stage or file format, which is its session's alone."""
    return f"{name}{mark_of_session(session_id)}"


def mark_of_session(session_id: str) -> str:
    return f"{BEGIN}{session_id.replace('-', '').upper()}{_END}"


def is_of_a_session(name: str) -> bool:
    return BEGIN in name


def is_unmarked(name: str) -> bool:
    """Is it a name that the engine would have with a mark?"""
    return BEGIN not in name and marked(name) != name


def unmarked(text: str) -> str:
    """A name, or a text with names in it, as Snowflake has it."""
    return _MARK.sub("", text) if BEGIN in text else text


def name_pattern(like: str) -> str:
    """A pattern of ILIKE for Snowflake's names as a regular expression for the engine's."""
    signs = {"%": f"[^{BEGIN}]*", "_": f"[^{BEGIN}]"}
    named = "".join(signs.get(sign) or re.escape(sign) for sign in like)
    return f"(?is)^{named}({PATTERN})?$"


def with_marks(table: pa.Table) -> pa.Table:
    """Rows with Snowflake's names, on their way into the engine."""
    return table.rename_columns([marked(name) for name in table.column_names])


def without_marks(table: pa.Table) -> pa.Table:
    """Rows that leave the engine."""
    names = table.column_names
    if any(BEGIN in name for name in names):
        return table.rename_columns([unmarked(name) for name in names])
    return table


# What else has a name in quotes, and under which of its keys; None for any.
_NO_COLUMNS: dict[type, tuple[str, ...] | None] = {
    exp.Anonymous: None,
    exp.Column: ("table", "db", "catalog"),
    exp.Dot: None,
    exp.Table: None,
    exp.TableAlias: ("this",),
}


def names_column(identifier: exp.Identifier) -> bool:
    """Is it the name of a column, and of nothing else?"""
    keys = _NO_COLUMNS.get(type(identifier.parent), ())
    return keys is not None and identifier.arg_key not in keys
