"""An open transaction: what it sees, what it has done, what it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

from flocon.engine import quoted
from flocon.sql.tokens import FullName
from flocon.transactions.change_log import Tracked


@dataclass(frozen=True)
class Effect:
    """The rows that a statement has added to a table and removed, each with its `$op` as in a log,
    and the names of their columns' types. tracked: the table whose log has the same entries; None
    where no stream is on the table."""

    table: FullName
    entries: pa.Table
    types: tuple[str, ...]
    tracked: Tracked | None = None

    @property
    def columns(self) -> str:
        """The table's columns, quoted."""
        own = self.tracked.columns if self.tracked else self.entries.column_names[1:]
        return ", ".join(map(quoted, own))


@dataclass(eq=False)
class Transaction:
    """What streams show in it is fixed when it begins. What tables show is renewed by the
    statement, as long as its effects can be replayed on a newer snapshot.

    explicit: begun by BEGIN, or by DML without AUTOCOMMIT. depth: of the procedure that began it;
    0 is the client.
    """

    id: int
    explicit: bool
    depth: int = 0

    # --- its snapshot

    # How many commits the account had counted when it was taken (`CommitClock`).
    snapshot_commit: int = 0
    # Which state of the logs it has (`TrackedTables`): what was made or altered since is not in it.
    snapshot_tracking_version: int = 0
    # By database: the place of the last commit that its streams show.
    stream_bounds: dict[str, int] = field(default_factory=dict)
    # The databases whose bound the connection has been told.
    bounded_databases: list[str] = field(default_factory=list)
    # By database and id of a stream: (offset, whether the initial rows are still to come).
    stream_positions: dict[tuple[str, int], tuple[int, bool]] = field(default_factory=dict)

    # --- what it has done

    written_tables: set[FullName] = field(default_factory=set)
    # Databases with entries of its in a log.
    logged_databases: set[str] = field(default_factory=set)
    consumed_streams: set[FullName] = field(default_factory=set)
    # By database and id of a stream: the offset that COMMIT gives it.
    new_offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    # The place of the last log entry that is among the effects.
    log_position: int = 0

    # --- what its last statement has done, as long as that is not among the effects

    # Logs with entries of the statement.
    unread_logs: dict[FullName, Tracked] = field(default_factory=dict)
    # Tables without a log: the row id behind which the statement's rows are.
    rows_added_after: dict[FullName, int] = field(default_factory=dict)
    # Tables without a log: the temporary table with the rows from before the statement.
    copies_before: dict[FullName, str] = field(default_factory=dict)

    # --- how it stands

    # It did something that cannot be replayed on another snapshot.
    unrepeatable: bool = False
    # Only ROLLBACK is left to it.
    failed: bool = False
    # Undoes it from another session's thread, if its client has been silent for long.
    undo_if_silent: Callable[[], None] = field(default=lambda: None)

    @property
    def may_be_replayed(self) -> bool:
        """May it have to do the same again on a newer snapshot?"""
        return self.explicit and not self.unrepeatable

    @property
    def has_unread_effects(self) -> bool:
        """Has its last statement done anything that is not among the effects yet?"""
        return bool(self.unread_logs or self.rows_added_after or self.copies_before)

    def forget_last_statement(self) -> None:
        """It is undone: what it wrote to logs is gone, and what was noted of it."""
        self.rows_added_after.clear()
        self.copies_before.clear()
        self.unread_logs.clear()
