"""A query or DML statement of which everything is known that its text, the current names and the
shapes of tables tell. The account's statement cache keeps it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlglot import Expr

from flocon.access.needs import Demand
from flocon.engine import TEXT, Connection, StatementCache
from flocon.sql.tokens import FullName
from flocon.transactions.stream_view import Stream
from flocon.transactions.streams import Streams

RESOLVED = "resolved"
_BY_ROLE = "INFORMATION_SCHEMA"


@dataclass
class Names:
    """What a statement names: the streams that it reads, and its tables in order of appearance."""

    streams: list[Stream] = field(default_factory=list)
    tables: list[FullName] = field(default_factory=list)


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
    _streams_behind_views: list[Stream] | None = None

    def streams_behind_views(
        self, connection: Connection, streams: Streams, targets: Collection[FullName] = ()
    ) -> list[Stream]:
        """The streams that it reads through views; the tables that it changes are none."""
        if self._streams_behind_views is None:
            sources = [table for table in self.names.tables if table not in targets]
            self._streams_behind_views = streams.behind(connection, sources) if sources else []
        return self._streams_behind_views

    def keep(self, cache: StatementCache) -> ResolvedStatement:
        """Keep it, if its text is all that it comes from; returns it.

        What an INFORMATION_SCHEMA shows depends on the role.
        """
        text = self.tree.meta.get(TEXT)
        by_role = any(name.schema == _BY_ROLE for name in self.reads)
        if text is not None and self.demand is not None and not by_role:
            cache.keep(RESOLVED, text, self)
        return self
