"""One transaction's worth of rows, and the interface by which it is written to the warehouse."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ingest.messages import RawRow, Reject, known_timestamp


class LastMessage(NamedTuple):
    """A message by which its topic can be recognised: its offset and its timestamp, in ms."""

    offset: int
    ms: int


@dataclass(frozen=True)
class Batch:
    """One transaction's worth: rows in the order of their offsets, and where they leave each
    partition. `moves` is {partition: (offset expected in INGEST_OFFSETS, offset to write there)};
    `skipped` counts the offsets in between for which the broker had no message.
    `topic_ids` are the topic's ids that are expected in INGEST_OFFSETS, as the offsets are; a
    partition that is missing is expected to have none. `new_topic_id` is written there instead.
    `last` are the last messages of the partitions, of those that have one with a timestamp.
    `as_file`: its rows of RAW are to go as a file of the stage rather than bound to a statement.
    """

    topic: str
    moves: dict[int, tuple[int, int]]
    rows: Sequence[RawRow | Reject]
    skipped: dict[int, int] = field(default_factory=dict)
    topic_ids: Mapping[int, str | None] = field(default_factory=dict)
    new_topic_id: str | None = None
    last: Mapping[int, LastMessage] = field(default_factory=dict)
    as_file: bool = False

    @property
    def raw_rows(self) -> list[RawRow]:
        return [row for row in self.rows if isinstance(row, RawRow)]

    @property
    def rejects(self) -> list[Reject]:
        return [row for row in self.rows if isinstance(row, Reject)]

    @property
    def signs(self) -> list[int]:
        """The partitions that take part and stay where they are."""
        return sorted(each for each, (before, after) in self.moves.items() if before == after)

    @property
    def next_offsets(self) -> dict[int, int]:
        return {partition: after for partition, (_, after) in self.moves.items()}


def cut_batch(
    topic: str,
    rows: Sequence[RawRow | Reject],
    stored: Mapping[int, int],
    topic_ids: Mapping[int, str | None] | None = None,
    reached: Mapping[int, int] | None = None,
    signs: Iterable[int] = (),
    as_file: bool = False,
) -> Batch:
    """The batch of these rows, on top of the offsets and topic ids that are stored now.

    `reached` are the offsets below which there are no other messages than these; the batch takes
    its partitions there, past markers of transactions and what compaction has removed. `signs` are
    partitions that take part even if they stay where they are.
    """
    partitions = [coordinates_of(row)[0] for row in rows]
    messages = Counter(partitions)
    last_rows = dict(zip(partitions, rows, strict=True))
    moves = {
        partition: (stored[partition], coordinates_of(row)[1] + 1)
        for partition, row in last_rows.items()
    }
    for partition, offset in (reached or {}).items():
        before, after = moves.get(partition, (stored[partition], stored[partition]))
        if offset > after:
            moves[partition] = (before, offset)
    for partition in signs:
        moves.setdefault(partition, (stored[partition], stored[partition]))
    skipped = {
        each: after - before - messages[each]
        for each, (before, after) in moves.items()
        if after - before > messages[each]
    }
    last = {
        each: LastMessage(coordinates_of(row)[1], ms)
        for each, row in last_rows.items()
        if (ms := _timestamp(row)) is not None
    }
    return Batch(topic, moves, rows, skipped, topic_ids or {}, last=last, as_file=as_file)


def coordinates_of(row: RawRow | Reject) -> tuple[int, int]:
    """Partition and offset of the message behind a row."""
    message = row.message if isinstance(row, RawRow) else row
    if message.offset is None:
        raise ValueError("a gap has no message behind it")
    return message.partition, message.offset


def _timestamp(row: RawRow | Reject) -> int | None:
    """When the message behind a row was sent, in ms; None where Kafka does not say."""
    if isinstance(row, RawRow):
        return known_timestamp(row.message.timestamp)
    return known_timestamp((row.metadata or {}).get("timestamp"))


class Held(NamedTuple):
    """A row between poll and write: what its message counts for, in bytes, and when it came."""

    row: RawRow | Reject
    size: int
    came: float


def size_of(rows: Iterable[Held]) -> int:
    return sum(held.size for held in rows)


@dataclass
class Buffer:
    """Rows between poll and write, oldest first.

    Due at `max_events`, at `max_seconds` after the first, or when `max_bytes` are reached.
    """

    max_events: int
    max_seconds: float
    max_bytes: int
    bytes: int = 0
    _rows: deque[Held] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: RawRow | Reject, size: int, now: float) -> None:
        self._rows.append(Held(row, size, now))
        self.bytes += size

    def due_at(self) -> float | None:
        """The moment from which the buffer is due, None while it is empty."""
        if not self._rows:
            return None
        first = self._rows[0].came
        if len(self._rows) >= self.max_events or self.bytes >= self.max_bytes:
            return first
        return first + self.max_seconds

    def due(self, now: float) -> bool:
        due_at = self.due_at()
        return due_at is not None and due_at <= now

    def take(self, most: int) -> list[Held]:
        """Remove and return the oldest rows: all, up to so many bytes, no more than
        `max_bytes` of them rejects; and never less than one row."""
        taken: list[Held] = []
        left, rejects_left = most, self.max_bytes
        while self._rows:
            held = self._rows[0]
            left -= held.size
            if isinstance(held.row, Reject):
                rejects_left -= held.size
            if taken and (left < 0 or rejects_left < 0):
                break
            taken.append(self._rows.popleft())
        self.bytes -= size_of(taken)
        return taken

    def drop(self, partitions: Iterable[int]) -> int:
        """Forget the rows of these partitions; their messages are still in Kafka. Returns how
        many."""
        gone = set(partitions)
        before = len(self._rows)
        self._rows = deque(held for held in self._rows if coordinates_of(held.row)[0] not in gone)
        self.bytes = sum(held.size for held in self._rows)
        return before - len(self._rows)


class Stored(NamedTuple):
    """A row of INGEST_OFFSETS. It has no topic id where no broker has given one yet, and no last
    message before the first."""

    offset: int
    topic_id: str | None = None
    last: LastMessage | None = None


class Sink(Protocol):
    @property
    def takes_files(self) -> bool:
        """Can a batch go as a file now?"""

    def read_stored(self, topic: str, partitions: set[int]) -> dict[int, Stored]:
        """What INGEST_OFFSETS holds for those of these partitions that it knows."""

    def create_offsets(
        self, topic: str, offsets: dict[int, int], topic_id: str | None = None
    ) -> None:
        """Add the missing ones of these rows; rows that exist stay as they are."""

    def name_topic(self, topic: str, topic_id: str) -> None:
        """Fill in this id where rows of the topic have none."""

    def write(self, batch: Batch) -> None:
        """Write the batch and move its offsets, all or nothing.

        Raises Transient (nothing is known to be written; the fence decides on the next attempt),
        DataRefused (nothing was written), FenceLost (nothing was written), Fatal.
        """

    def try_out(self, batch: Batch) -> None:
        """Insert the batch's rows and undo it, in any case; offsets are not looked at.

        Raises what `write` raises, except for FenceLost.
        """

    def close(self) -> None:
        """Let go of the warehouse; a transaction that is still open is rolled back."""
