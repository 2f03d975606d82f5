"""An open transaction: what it saw, what it did, what it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from local.change_log import Tracked
from local.effects import Effect
from local.parser.tokens import FullName


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
    # Tables that only it logs; which of these logs have a table of their own by now; what has been
    # added behind which row and is not logged yet.
    shadows: dict[FullName, Tracked] = field(default_factory=dict)
    made: set[int] = field(default_factory=set)
    added: dict[FullName, tuple[Tracked, int]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    # Logs that the statement before this one wrote to, and how far they have been read.
    written: dict[FullName, Tracked] = field(default_factory=dict)
    read_to: int = 0
    opaque: bool = False
    failed: bool = False
    abandon: Callable[[float], None] | None = None

    def forget_logs(self) -> None:
        """Its snapshot is gone, and with it the logs of its own and what was written to any."""
        self.shadows.clear()
        self.made.clear()
        self.added.clear()
        self.written.clear()
