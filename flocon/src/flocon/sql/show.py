"""SHOW's tail: which objects, where, and how many."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flocon.core import errors
from flocon.sql.tokens import Name, Tokens

T = TypeVar("T")


def _name(item: Any) -> str:
    return str(item.name)


@dataclass(frozen=True)
class ShowScope:
    """LIKE '…' IN {ACCOUNT | DATABASE d | SCHEMA s | s} STARTS WITH '…' LIMIT n FROM '…'.

    kind is ACCOUNT, DATABASE or SCHEMA, and None without IN; name is None for the current one.
    root_only is SHOW TASKS … ROOT ONLY.
    """

    like: str | None = None
    kind: str | None = None
    name: Name | None = None
    starts_with: str | None = None
    limit: int | None = None
    start_from: str | None = None
    root_only: bool = False

    def admits(self, name: str) -> bool:
        """Does an object's name pass LIKE and STARTS WITH?"""
        return (self.like is None or like(self.like, name)) and (
            self.starts_with is None or name.startswith(self.starts_with)
        )

    def chosen(self, items: Iterable[T], name: Callable[[T], str] = _name) -> list[T]:
        """Those whose names pass LIKE and STARTS WITH, as far as LIMIT … FROM goes. items: sorted
        by name."""
        found = [item for item in items if self.admits(name(item))]
        if self.start_from is not None:
            passed = sum(name(item) <= self.start_from for item in found)
            found = found[passed:]
        return found if self.limit is None else found[: self.limit]


def like(pattern: str, text: str) -> bool:
    r"""SHOW's LIKE: % and _, \ takes the next character as it is, case does not matter."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wildcards = {"%": ".*", "_": "."}
    expression = "".join(wildcards.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(expression, text, re.IGNORECASE | re.DOTALL) is not None


def show_scope(tokens: Tokens, *, of_tasks: bool = False) -> ShowScope:
    """Reads the rest of a SHOW statement."""
    pattern = tokens.string() if tokens.accept("LIKE") else None
    kind, name = scope_place(tokens) if tokens.accept("IN") else (None, None)
    starts_with = tokens.string() if tokens.accept("STARTS", "WITH") else None
    root_only = of_tasks and tokens.accept("ROOT", "ONLY")
    limit = _limit(tokens)
    start_from = tokens.string() if limit is not None and tokens.accept("FROM") else None
    tokens.end()
    return ShowScope(pattern, kind, name, starts_with, limit, start_from, root_only)


def _limit(tokens: Tokens) -> int | None:
    """LIMIT n. Of no rows nothing is shown on Snowflake: an error."""
    if not tokens.accept("LIMIT"):
        return None
    if not (limit := tokens.number()):
        raise errors.compilation(
            errors.SYNTAX, f"Invalid row count '{limit}' in limit clause: must be greater than 0"
        )
    return limit


def scope_place(tokens: Tokens) -> tuple[str, Name | None]:
    if tokens.accept("ACCOUNT"):
        return "ACCOUNT", None
    for kind in ("DATABASE", "SCHEMA"):
        if tokens.accept(kind):
            named = not tokens.done and not tokens.peek_any("STARTS", "LIMIT", "ROOT")
            return kind, tokens.name() if named else None
    return "SCHEMA", tokens.name()


@dataclass(frozen=True)
class ShowColumns:
    """SHOW COLUMNS: of a table or view (kind: which word), or of all in a scope. pattern: LIKE."""

    scope: ShowScope
    kind: str = ""
    relation: Name | None = None
    pattern: str | None = None
    limit: int | None = None
    start_from: str | None = None

    def without_limit(self) -> tuple["ShowColumns", int | None, str | None]:
        return replace(self, limit=None, start_from=None), self.limit, self.start_from

    def cut(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """As far as LIMIT … FROM goes."""
        if self.start_from is not None:
            rows = [row for row in rows if row["column_name"] > self.start_from]
        return rows if self.limit is None else rows[: self.limit]


def read_show_columns(tokens: Tokens) -> ShowColumns:
    """SHOW COLUMNS [LIKE '…'] [IN {ACCOUNT | DATABASE d | SCHEMA s | [TABLE | VIEW] n}] [LIMIT]"""
    tokens.expect("SHOW", "COLUMNS")
    pattern = tokens.string() if tokens.accept("LIKE") else None
    scope, kind, relation = ShowScope(), "", None
    if tokens.accept("IN"):
        if tokens.peek_any("ACCOUNT", "DATABASE", "SCHEMA"):
            scope = ShowScope(None, *scope_place(tokens))
        else:
            kind = "VIEW" if tokens.accept("VIEW") else "TABLE"
            tokens.accept("TABLE")
            relation = tokens.name()
    limit = _limit(tokens)
    start_from = tokens.string() if limit is not None and tokens.accept("FROM") else None
    tokens.end()
    return ShowColumns(scope, kind, relation, pattern, limit, start_from)
