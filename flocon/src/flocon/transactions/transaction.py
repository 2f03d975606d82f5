"""An open transaction: what it saw, what it did, what it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flocon.sql.tokens import FullName
from flocon.transactions.change_log import Tracked
from flocon.transactions.effects import Effect


@dataclass
class Transaction:
    """What streams show in it ends at bounds, the place of each database's last commit when it
    began; what tables show is renewed by the statement, as long as its effects can be repeated.

    seen: the account's clock of commits when its snapshot was taken. opaque: it did something that
    cannot be repeated on another snapshot. abandon undoes it from another session's thread, if its
    own has been silent for so long.
    """

    id: int
    explicit: bool
    depth: int = 0
    epoch: int = 0
    seen: int = 0
    bounds: dict[str, int] = field(default_factory=dict)
    # The databases whose streams the connection was told to end there.
    shown: list[str] = field(default_factory=list)
    # Streams in it, by database and id: (offset, whether the initial rows are still to come).
    positions: dict[tuple[str, int], tuple[int, bool]] = field(default_factory=dict)
    consumed: dict[tuple[str, int], int] = field(default_factory=dict)
    logged: set[str] = field(default_factory=set)
    tables: set[FullName] = field(default_factory=set)
    # Streams that it consumes.
    streams: set[FullName] = field(default_factory=set)
    # What its last statement did to tables that no stream is on (`own_effects`): behind which
    # row it has added others, and where the rows are from before it changed any.
    added: dict[FullName, int] = field(default_factory=dict)
    before: dict[FullName, str] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    # Logs that the statement before this one wrote to, and how far they have been read.
    written: dict[FullName, Tracked] = field(default_factory=dict)
    read_to: int = 0
    opaque: bool = False
    failed: bool = False
    abandon: Callable[[float], None] | None = None

    @property
    def is_repeatable(self) -> bool:
        """May it have to do the same again on a newer snapshot?"""
        return self.explicit and not self.opaque

    @property
    def has_unread(self) -> bool:
        """Has its last statement done anything that is not among the effects yet?"""
        return bool(self.written or self.added or self.before)

    def forget_statement(self) -> None:
        """Its last statement is undone: what it wrote to logs is gone, and what was noted of it."""
        self.added.clear()
        self.before.clear()
        self.written.clear()
