"""What statements mean by their texts: nothing about a text is found out twice.

Pipelines repeat their statements to the letter. Under the same current names, and while no table,
view or stream is reshaped, the same text means the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import Expr

from flocon.access.needs import Demand
from flocon.engine import TEXT
from flocon.session.names import Names
from flocon.sql.tokens import FullName
from flocon.transactions.stream_view import Stream

if TYPE_CHECKING:
    from flocon.session.session import Session

_KEPT = 256
_BY_ROLE = "INFORMATION_SCHEMA"


@dataclass
class Meaning:
    """A query or DML statement whose names are full, what it reads and locks, and what rights it
    asks for.

    Its tree is everybody's: who changes it changes a copy.
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


class Meanings:
    """The meanings of an account's latest statements. Thread-safe."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Meaning] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, text: Hashable) -> Meaning | None:
        """text: what a tree's meta has under TEXT."""
        with self._lock:
            if text in self._kept:
                self._kept.move_to_end(text)
            return self._kept.get(text)

    def keep(self, meaning: Meaning) -> Meaning:
        """Keep it, if its text is all that it comes from; returns it.

        What an INFORMATION_SCHEMA shows depends on the role.
        """
        text = meaning.tree.meta.get(TEXT)
        by_role = any(name.schema == _BY_ROLE for name in meaning.reads)
        if text is not None and meaning.demand is not None and not by_role:
            with self._lock:
                self._kept[text] = meaning
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return meaning
