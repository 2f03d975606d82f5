"""The offsets that this ingester has reached in its partitions, by INGEST_OFFSETS and by Kafka.

Two numbers per partition. `stored` is what was last read from or written to INGEST_OFFSETS: the
fence's expectation, together with `topic_ids`. `expected` is the lowest offset that may still be
taken from a poll: everything below has been taken already, or was no message. Offsets may have
gaps, so neither is a count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ingest.batch import LastMessage, Stored
from ingest.messages import Message

# How long a partition's end must stay below the stored offset before it is believed. After a change
# of leader a broker may report an older end for a moment.
END_PROOF_SECONDS = 5.0


@dataclass(frozen=True)
class OutOfRange:
    """A stored offset that the topic no longer (or not yet again) has, or that is of another topic
    by the same name. Ids are None where the brokers give none.

    `last` is the message by which INGEST_OFFSETS knows the topic, `ms` the timestamp of the message
    that is in its place now; both are None where nothing can be compared.
    """

    partition: int
    stored: int
    beginning: int
    end: int | None = None
    stored_id: str | None = None
    topic_id: str | None = None
    last: LastMessage | None = None
    ms: int | None = None

    @property
    def recreated(self) -> bool:
        """By its id, or by the message in the place of the last one, it is another topic."""
        other_id = None not in (self.stored_id, self.topic_id) and self.stored_id != self.topic_id
        return other_id or self.replaced

    @property
    def replaced(self) -> bool:
        """Another message is in the place of the last one."""
        return self.last is not None and self.ms is not None and self.last.ms != self.ms

    @property
    def truncated(self) -> bool:
        """By its id it is the same topic, which has lost its end."""
        same = self.stored_id is not None and self.stored_id == self.topic_id
        return same and self.end is not None and self.end < self.stored

    @property
    def in_range(self) -> bool:
        """By its id it is the same topic, and it has the offset."""
        same = self.stored_id is not None and self.stored_id == self.topic_id
        return same and self.end is not None and self.beginning <= self.stored <= self.end

    @property
    def before_start(self) -> bool:
        return not self.recreated and self.stored < self.beginning

    @property
    def goes_on(self) -> int:
        """Where reading continues after `--offsets reset`."""
        return self.end if self.truncated and self.end is not None else self.beginning

    @property
    def unread(self) -> int:
        """How many offsets retention has removed before they were read."""
        return max(self.beginning - self.stored, 0)

    def __str__(self) -> str:
        at = f"partition {self.partition}: INGEST_OFFSETS is at {self.stored}"
        ends = "" if self.end is None else f" and ends at {self.end}"
        if self.replaced and self.last is not None:
            return (
                f"{at} and the message at {self.last.offset} had the timestamp {self.last.ms}, but"
                f" the one that is there now has {self.ms}: the topic was created again, or the"
                " brokers have lost what was read already"
            )
        if self.recreated:
            return (
                f"{at} of the topic with id {self.stored_id}, but the topic has id"
                f" {self.topic_id} now{ends}: it was created again"
            )
        if self.before_start:
            return (
                f"{at} but the topic starts at {self.beginning}: retention has removed"
                f" {self.unread} unread offset{'s'[: self.unread != 1]}"
            )
        if self.truncated:
            return (
                f"{at} but the topic ends at {self.end}: the brokers have lost what was read"
                " already (an unclean election of a leader)"
            )
        if self.end is None:
            return f"{at} but the topic was created again"
        return f"{at} but the topic ends at {self.end}: it was created again"


@dataclass
class Positions:
    stored: dict[int, int] = field(default_factory=dict)
    expected: dict[int, int] = field(default_factory=dict)
    topic_ids: dict[int, str | None] = field(default_factory=dict)
    _suspects: dict[int, float] = field(default_factory=dict)

    def start_at(self, stored: Mapping[int, Stored]) -> None:
        """Take these, just read from or written to INGEST_OFFSETS, as the places to read from."""
        for partition, row in stored.items():
            self.stored[partition] = self.expected[partition] = row.offset
            self.topic_ids[partition] = row.topic_id
            self._suspects.pop(partition, None)

    def forget(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self.stored.pop(partition, None)
            self.expected.pop(partition, None)
            self.topic_ids.pop(partition, None)
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

    def reach(self, partition: int, position: int) -> None:
        """Kafka has given out what it has for this ingester below this position."""
        self.expected[partition] = max(self.expected[partition], position)

    def reached(self) -> dict[int, int]:
        """The partitions whose place to read is beyond what is stored, and that place."""
        return {
            each: offset for each, offset in self.expected.items() if offset > self.stored[each]
        }

    def written(self, offsets: dict[int, int]) -> None:
        """INGEST_OFFSETS now holds these."""
        self.stored.update(offsets)

    def beyond_end(self, ends: dict[int, int | None], now: float) -> list[tuple[int, int]]:
        """Partitions (and their ends) that are proven to end below the place to read.

        `ends` are the ends that the broker reports with each fetch. They are believed once they
        have stayed too low for END_PROOF_SECONDS; a broker that answers "offset out of range"
        needs no such proof. The client's end_offsets() proves nothing: with some brokers it lags.
        """
        proven = []
        for partition, expected in self.expected.items():
            end = ends.get(partition)
            if end is None or end >= expected:
                self._suspects.pop(partition, None)
            elif now - self._suspects.setdefault(partition, now) >= END_PROOF_SECONDS:
                proven.append((partition, end))
        return proven
