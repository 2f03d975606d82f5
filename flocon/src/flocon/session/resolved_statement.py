"""A query or DML statement of which everything is known that its text, the current names and the
shapes of tables tell. The account's statement cache keeps it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import Expr

from flocon.access.needs import Demand
from flocon.engine import TEXT
from flocon.session.names import Names
from flocon.sql.tokens import FullName
from flocon.transactions.stream_view import Stream

if TYPE_CHECKING:
    from flocon.engine import StatementCache
    from flocon.session.session import Session

RESOLVED = "resolved"
_BY_ROLE = "INFORMATION_SCHEMA"


@dataclass
class ResolvedStatement:
    """The tree with full names, what it reads and locks, and what rights it asks for.

    The tree is shared by all who run the statement: who changes it changes a copy.
    """

    tree: Expr
    names: Names
    reads: Sequence[FullName]
    demand: Demand | None
    locks: Sequence[FullName] = ()
    _behind: list[Stream] | None = None

    def behind(self, session: Session, targets: Collection[FullName] = ()) -> list[Stream]:
        """The streams that it reads through views; the tables that it changes are none."""
        if self._behind is None:
            sources = [table for table in self.names.tables if table not in targets]
            streams = session.account.streams
            self._behind = streams.behind(session.connection, sources) if sources else []
        return self._behind

    def keep(self, cache: StatementCache) -> ResolvedStatement:
        """Keep it, if its text is all that it comes from; returns it.

        What an INFORMATION_SCHEMA shows depends on the role.
        """
        text = self.tree.meta.get(TEXT)
        by_role = any(name.schema == _BY_ROLE for name in self.reads)
        if text is not None and self.demand is not None and not by_role:
            cache.keep(RESOLVED, text, self)
        return self
