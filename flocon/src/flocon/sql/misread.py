"""What SQLGlot takes, or falls over, that is no statement of Snowflake's.

It lacks something, or has a clause of another dialect. What the tree does not tell, the text is
asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import Expr, TokenType, exp

from flocon.core import errors
from flocon.sql.tokens import tokenize

# What its readers raise, instead of a ParseError, where they meet a word that they do not expect.
STUMBLES = (AttributeError, TypeError, ValueError, LookupError, AssertionError)


def unread() -> errors.SnowflakeError:
    """001003 for a text over which SQLGlot has stumbled; it does not say where."""
    return _syntax("the statement cannot be read")


def see(node: Expr, sql: str) -> None:
    """Raises 001003 for what is no statement of Snowflake's, 000002 for CHECK. node: one of
    CONCERNED."""
    _SEEN[type(node)](node, sql)


def _clauses(node: Expr, _: str) -> None:
    """Those that other dialects have."""
    for clause in _FOREIGN[type(node)]:
        if node.args.get(clause):
            raise _syntax(f"unexpected '{_WORDS.get(clause) or clause.strip('_').upper()}'")


# By the names that SQLGlot has for them.
_FOREIGN: dict[type[Expr], tuple[str, ...]] = {
    exp.Alter: ("cluster", "not_valid", "only", "options"),
    exp.Delete: ("cluster", "limit", "order", "returning", "tables"),
    exp.Drop: ("cluster", "concurrently", "force", "purge", "sync", "temporary"),
    exp.Insert: (
        "alternative", "by_name", "conflict", "default", "exists", "ignore", "partition",
        "returning", "settings", "source", "stored", "where",
    ),
    exp.Join: ("global_", "hint"),
    exp.Lateral: ("view",),
    exp.Merge: ("returning", "using_cond"),
    exp.Select: (
        "cluster", "distribute", "format", "into", "kind", "locks", "operation_modifiers",
        "options", "prewhere", "settings", "sort",
    ),
    exp.Table: ("hints", "indexed", "only", "partition", "rows_from"),
    exp.TruncateTable: ("cluster", "identity", "is_database", "only", "option", "partition"),
    exp.Update: ("limit", "options", "order", "returning"),
}  # fmt: skip
# What such a clause begins with, where it is not called so.
_WORDS = {
    "alternative": "OR", "by_name": "BY NAME", "conflict": "ON CONFLICT", "hints": "WITH",
    "locks": "FOR UPDATE", "option": "CASCADE",
}  # fmt: skip
_GAP = r"(?:\s|--[^\n]*\n|//[^\n]*\n|/\*.*?\*/)+"


def _select(node: Expr, sql: str) -> None:
    _clauses(node, sql)
    if _FROM_FIRST.search(sql):
        tokens = [token.token_type for token in tokenize(sql)]
        before = [TokenType.L_PAREN, *tokens]
        if (TokenType.L_PAREN, TokenType.FROM) in zip(before, tokens, strict=False):
            raise _syntax("unexpected 'FROM'")
    if not node.expressions:
        raise _syntax("a SELECT without columns")


# Also in a text: the tokens decide.
_FROM_FIRST = re.compile(rf"(?:^|\()(?:{_GAP})?FROM\b", re.IGNORECASE | re.DOTALL)


def _insert(node: Expr, sql: str) -> None:
    """That of a MERGE has no INTO."""
    _clauses(node, sql)
    if not isinstance(node.parent, exp.When) and not _INTO.search(sql):
        raise _syntax("INSERT without INTO")


_INTO = re.compile(
    rf"\bINSERT{_GAP}(?:OVERWRITE{_GAP})?(?:INTO|ALL|FIRST|WHEN)\b", re.IGNORECASE | re.DOTALL
)


def _truncate(node: Expr, sql: str) -> None:
    _clauses(node, sql)
    if len(node.expressions) > 1:
        raise _syntax("TRUNCATE of several tables")


def _join(node: Expr, sql: str) -> None:
    _clauses(node, sql)
    kind = str(node.args.get("kind") or "")
    if kind not in _JOINS:
        raise _syntax(f"unexpected '{kind}'")


_JOINS = ("", "CROSS", "INNER", "OUTER")


def _check(node: Expr, _: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/constraints-overview"""
    raise errors.unsupported("CHECK")


def _update(node: Expr, sql: str) -> None:
    _clauses(node, sql)
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
    exp.Alter: _clauses,
    exp.CheckColumnConstraint: _check,
    exp.ColumnDef: _column,
    exp.Copy: _files,
    exp.CopyParameter: _options,
    exp.CurrentTime: _digits,
    exp.CurrentTimestamp: _digits,
    exp.DataTypeParam: _size,
    exp.Delete: _clauses,
    exp.Distinct: _distinct,
    exp.Drop: _clauses,
    exp.IgnoreNulls: _nulls,
    exp.Insert: _insert,
    exp.Join: _join,
    exp.Lateral: _clauses,
    exp.Localtime: _digits,
    exp.Merge: _clauses,
    exp.Reference: _reference,
    exp.RespectNulls: _nulls,
    exp.Select: _select,
    exp.Subquery: _joined,
    exp.Table: _clauses,
    exp.TableSample: _sample,
    exp.TruncateTable: _truncate,
    exp.Update: _update,
}
CONCERNED = frozenset(_SEEN)
