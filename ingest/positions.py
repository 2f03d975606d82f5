"""Where this ingester stands in each of its partitions, as far as INGEST_OFFSETS and Kafka say.

Two numbers per partition. `stored` is what was last read from or written to INGEST_OFFSETS: the
fence's expectation. `expected` is the lowest offset that may still be taken from a poll: whatever
lies below has been taken already. Offsets may have gaps, so neither is a count.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.messages import Message

# How long a partition's end must stay below the stored offset before it is believed. After a change
# of leader a broker may report an older end for a moment.
END_PROOF_SECONDS = 5.0


@dataclass(frozen=True)
class OutOfRange:
    """A stored offset that the topic no longer (or not yet again) has."""

    partition: int
    stored: int
    beginning: int
    end: int | None = None

    @property
    def before_start(self) -> bool:
        return self.stored < self.beginning

    @property
    def unread(self) -> int:
        """How many offsets retention has removed before they were read."""
        return max(self.beginning - self.stored, 0)

    def __str__(self) -> str:
        if self.before_start:
            return (
                f"partition {self.partition}: INGEST_OFFSETS is at {self.stored} but the topic"
                f" starts at {self.beginning}: retention has removed {self.unread} unread offsets"
            )
        ends = (
            "was created anew" if self.end is None else f"ends at {self.end}: it was created anew"
        )
        return (
            f"partition {self.partition}: INGEST_OFFSETS is at {self.stored} but the topic {ends}"
        )


@dataclass
class Positions:
    stored: dict[int, int] = field(default_factory=dict)
    expected: dict[int, int] = field(default_factory=dict)
    _suspects: dict[int, float] = field(default_factory=dict)

    def place(self, offsets: dict[int, int]) -> None:
        """Take these offsets, just read from or written to INGEST_OFFSETS, as the place to read."""
        self.stored.update(offsets)
        self.expected.update(offsets)
        for partition in offsets:
            self._suspects.pop(partition, None)

    def forget(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self.stored.pop(partition, None)
            self.expected.pop(partition, None)
            self._suspects.pop(partition, None)

    def accept(self, messages: Iterable[Message]) -> list[Message]:
        """Those of one poll's messages that are neither foreign nor already taken."""
        accepted = []
        for message in messages:
            expected = self.expected.get(message.partition)
            if expected is not None and message.offset >= expected:
                self.expected[message.partition] = message.offset + 1
                accepted.append(message)
        return accepted

    def written(self, offsets: dict[int, int]) -> None:
        """INGEST_OFFSETS now holds these."""
        self.stored.update(offsets)

    def beyond_end(self, ends: dict[int, int | None], now: float) -> list[tuple[int, int]]:
        """Partitions (and their ends) that are proven to end below the place to read.

        `ends` are the ends that the broker reports with each fetch. They are believed once they
        have stayed too low for END_PROOF_SECONDS; a broker that answers "offset out of range"
        needs no such proof. The client's end_offsets() is none: with some brokers it lags behind.
        """
        proven = []
        for partition, expected in self.expected.items():
            end = ends.get(partition)
            if end is None or end >= expected:
                self._suspects.pop(partition, None)
            elif now - self._suspects.setdefault(partition, now) >= END_PROOF_SECONDS:
                proven.append((partition, end))
        return proven
