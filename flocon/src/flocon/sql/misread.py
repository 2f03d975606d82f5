"""What SQLGlot takes, or falls over, that is no statement of Snowflake's.

Most of it lacks something. Of two the tree does not tell: the text is asked for these.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import Expr, exp

from flocon.core import errors

# What its readers raise, instead of a ParseError, where they meet a word that they do not expect.
STUMBLES = (AttributeError, TypeError, ValueError, LookupError, AssertionError)


def unread() -> errors.SnowflakeError:
    """001003 for a text over which SQLGlot has stumbled; it does not say where."""
    return _syntax("the statement cannot be read")


def see(node: Expr, sql: str) -> None:
    """Raises 001003 for what is no statement of Snowflake's; node: one of CONCERNED."""
    _SEEN[type(node)](node, sql)


def _select(node: Expr, _: str) -> None:
    if not node.expressions:
        raise _syntax("a SELECT without columns")


def _assignments(node: Expr, _: str) -> None:
    for each in node.expressions:
        if not isinstance(each, exp.EQ):
            raise _syntax(f"'{each.sql('snowflake')}' is no assignment")


def _distinct(node: Expr, _: str) -> None:
    if None in node.expressions:
        raise _syntax("DISTINCT without an argument")


def _files(node: Expr, _: str) -> None:
    """A table without files is loaded from its own stage."""
    files = node.args.get("files") or ()
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    named = (exp.DynamicIdentifier, exp.Identifier)
    is_table = isinstance(target, exp.Table) and isinstance(target.this, named)
    if any(each.name == "@" for each in files) or not (files or is_table):
        raise _syntax("a COPY without a place or a source")


def _options(node: Expr, _: str) -> None:
    """Of a file format."""
    for each in node.expressions:
        if isinstance(each, exp.Property) and not isinstance(each.this, exp.Var):
            raise _syntax(f"'{each.sql('snowflake')}' is no option")
    if not node.expressions and not node.args.get("expression"):
        raise _syntax(f"{node.name} without a value")


def _column(node: Expr, _: str) -> None:
    for each in node.args.get("constraints") or ():
        if not isinstance(each.args.get("kind"), exp.ColumnConstraintKind | exp.Reference):
            raise _syntax(f"what is said of column {node.name}")


def _size(node: Expr, _: str) -> None:
    """Of a type."""
    if isinstance(node.this, exp.Literal) and not node.name.isdecimal():
        raise _syntax(f"'{node.name}' is no size of a type")


def _sample(node: Expr, _: str) -> None:
    for each in (node.args.get("size"), node.args.get("percent")):
        if isinstance(each, exp.Literal) and each.is_string:
            raise _syntax(f"'{each.name}' is no size of a sample")


def _digits(node: Expr, _: str) -> None:
    if isinstance(node.this, exp.Literal) and not node.name.isdecimal():
        raise _syntax(f"'{node.name}' is no number of digits")


def _reference(node: Expr, _: str) -> None:
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    if not isinstance(target, exp.Table):
        raise _syntax("REFERENCES without a table")


def _nulls(node: Expr, sql: str) -> None:
    if isinstance(node.this, exp.Lag | exp.Lead | exp.NthValue) and _INSIDE.search(sql):
        raise _syntax("IGNORE NULLS of LAG, LEAD and NTH_VALUE stands behind the parenthesis")


_INSIDE = re.compile(
    r"\b(?:LAG|LEAD|NTH_VALUE)\s*\([^()]*(?:\([^()]*\)[^()]*)*\b(?:IGNORE|RESPECT)\s+NULLS\s*\)",
    re.IGNORECASE,
)


def _joined(node: Expr, sql: str) -> None:
    if isinstance(node.this, exp.Table) and node.this.args.get("joins") and _LISTED.search(sql):
        raise _syntax("sources in parentheses are joined by JOIN")


_LISTED = re.compile(
    r"\b(?:FROM|JOIN)\s*\(\s*(?!(?:SELECT|WITH|VALUES)\b)[\w$.\"]+(?:\s+(?:AS\s+)?[\w$\"]+)?\s*,",
    re.IGNORECASE,
)


def _syntax(text: str) -> errors.SnowflakeError:
    return errors.compilation(errors.SYNTAX, f"syntax error: {text}.")


_SEEN: dict[type[Expr], Callable[[Expr, str], None]] = {
    exp.ColumnDef: _column,
    exp.Copy: _files,
    exp.CopyParameter: _options,
    exp.CurrentTime: _digits,
    exp.CurrentTimestamp: _digits,
    exp.DataTypeParam: _size,
    exp.Distinct: _distinct,
    exp.IgnoreNulls: _nulls,
    exp.Localtime: _digits,
    exp.Reference: _reference,
    exp.RespectNulls: _nulls,
    exp.Select: _select,
    exp.Subquery: _joined,
    exp.TableSample: _sample,
    exp.Update: _assignments,
}
CONCERNED = frozenset(_SEEN)
