"""A warehouse and a Kafka consumer in memory, for tests of the loop's thinking."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from kafka import TopicPartition

from ingest.batch import Batch, LastMessage, Stored
from ingest.config import IngesterConfig, read_config
from ingest.errors import DataRefused, FenceLost, Transient
from ingest.messages import RawRow

TOPIC = "sales"
ORDER = b'{"event_type": "ORDER_CREATED", "event_id": "E1"}'


def config(*flags: str) -> IngesterConfig:
    return read_config(["--topic", TOPIC, *flags], {})


# Stands in a log for what takes an offset and is no message: the marker of a transaction, a message
# of one that was aborted, one that compaction has removed.
NO_MESSAGE = b"(no message)"


class Record(NamedTuple):
    partition: int
    offset: int
    value: bytes | None = ORDER
    topic: str = TOPIC
    key: bytes | None = None
    timestamp: int = 0
    timestamp_type: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


class FakeSink:
    """Keeps what is written. `refuses` holds texts that it does not take; `troubles` are raised,
    one per write, before anything is written, and `read_troubles` likewise.
    """

    takes_files = False

    def __init__(self, offsets: dict[int, int] | None = None) -> None:
        self.offsets = dict(offsets or {})
        self.topic_ids: dict[int, str | None] = {}
        self.last: dict[int, LastMessage] = {}
        self.skipped: Counter[int] = Counter()
        self.rows: list[tuple[int, int]] = []
        self.rejects: list[tuple[int, int | None, str]] = []
        self.batches: list[list[int | None]] = []
        self.moves: list[dict[int, tuple[int, int]]] = []
        self.refuses: set[str] = set()
        self.troubles: list[Exception] = []
        self.read_troubles: list[Exception] = []
        self.closed = False

    def read_stored(self, topic: str, partitions: set[int]) -> dict[int, Stored]:
        if self.read_troubles:
            raise self.read_troubles.pop(0)
        known = partitions & self.offsets.keys()
        ids, last = self.topic_ids, self.last
        return {each: Stored(self.offsets[each], ids.get(each), last.get(each)) for each in known}

    def create_offsets(
        self, topic: str, offsets: dict[int, int], topic_id: str | None = None
    ) -> None:
        new = offsets.keys() - self.offsets.keys()
        self.offsets = {**offsets, **self.offsets}
        self.topic_ids |= dict.fromkeys(new, topic_id)

    def name_topic(self, topic: str, topic_id: str) -> None:
        for partition in self.offsets:
            if self.topic_ids.get(partition) is None:
                self.topic_ids[partition] = topic_id

    def write(self, batch: Batch) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        if any(self.offsets[each] != expected for each, (expected, _) in batch.moves.items()):
            raise FenceLost("not as expected")
        if any(self.topic_ids.get(each) != batch.topic_ids.get(each) for each in batch.moves):
            raise FenceLost("of another topic")
        if any(row.text in self.refuses for row in batch.raw_rows):
            raise DataRefused("100069: not for me")
        self.moves.append(dict(batch.moves))
        self.offsets |= batch.next_offsets
        if batch.new_topic_id is not None:
            self.topic_ids |= dict.fromkeys(batch.moves, batch.new_topic_id)
        kept = {k: last for k, last in self.last.items() if last.offset < self.offsets[k]}
        self.last = {**kept, **batch.last}
        self.skipped.update(batch.skipped)
        self.rows += [(each.message.partition, each.message.offset) for each in batch.raw_rows]
        self.rejects += [(each.partition, each.offset, each.reason) for each in batch.rejects]
        self.batches.append(
            [r.message.offset if isinstance(r, RawRow) else r.offset for r in batch.rows]
        )

    def try_out(self, batch: Batch) -> None:
        """A table as the application makes it takes whatever is harmless."""

    def close(self) -> None:
        self.closed = True


class FakeConsumer:
    """A consumer of TOPIC whose log is `log`: {partition: {offset: value}}. `script` is called
    before each poll and stands for the rest of the world: it produces, rebalances, passes time."""

    def __init__(self, log: dict[int, dict[int, bytes | None]], most: int = 500) -> None:
        self.log = log
        self.beginnings = dict.fromkeys(log, 0)
        self.ends: dict[int, int] = {}
        self.most = most
        self.positions: dict[int, int] = {}
        self._paused: set[int] = set()
        self._assigned: set[int] = set()
        self.listener: Any = None
        self.subscriptions = 0
        self.script: Callable[[], None] = lambda: None
        self.committed: dict[int, int] = {}
        self.timeouts: list[int] = []
        self.closed = False

    def partitions_for_topic(self, topic: str) -> set[int]:
        return set(self.log)

    def subscribe(self, topics: list[str], listener: Any) -> None:
        self.listener = listener
        self.subscriptions += 1

    def unsubscribe(self) -> None:
        self._assigned = set()

    def assign(self, partitions: Iterable[int]) -> None:
        self._assigned = set(partitions)
        self._paused = set()
        self.positions = {}
        self.listener.on_partitions_assigned({TopicPartition(TOPIC, p) for p in self._assigned})

    def revoke(self, lost: bool = False) -> None:
        partitions = {TopicPartition(TOPIC, each) for each in self._assigned}
        if lost:
            self.listener.on_partitions_lost(partitions)
        else:
            self.listener.on_partitions_revoked(partitions)

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Record]]:
        self.timeouts.append(timeout_ms)
        if timeout_ms:
            self.script()
        found: dict[TopicPartition, list[Record]] = {}
        for partition in sorted(self._assigned - self._paused):
            place = self.positions[partition]
            offsets = [each for each in sorted(self.log[partition]) if each >= place][: self.most]
            if offsets:
                self.positions[partition] = offsets[-1] + 1
                values = {each: self.log[partition][each] for each in offsets}
                records = [Record(partition, o, v) for o, v in values.items() if v != NO_MESSAGE]
                if records:
                    found[TopicPartition(TOPIC, partition)] = records
        return found

    def position(self, partition: TopicPartition, timeout_ms: int) -> int:
        return self.positions[partition.partition]

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition(TOPIC, each) for each in self._assigned}

    def paused(self) -> set[TopicPartition]:
        return {TopicPartition(TOPIC, each) for each in self._paused}

    def pause(self, *partitions: TopicPartition) -> None:
        self._paused |= {each.partition for each in partitions}

    def resume(self, *partitions: TopicPartition) -> None:
        self._paused -= {each.partition for each in partitions}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition.partition] = offset

    def highwater(self, partition: TopicPartition) -> int | None:
        log = self.log[partition.partition]
        return self.ends.get(partition.partition, max(log) + 1 if log else 0)

    def beginning_offsets(
        self, partitions: list[TopicPartition], timeout_ms: int
    ) -> dict[TopicPartition, int]:
        return {each: self.beginnings[each.partition] for each in partitions}

    def end_offsets(
        self, partitions: list[TopicPartition], timeout_ms: int
    ) -> dict[TopicPartition, int]:
        return {each: self.highwater(each) or 0 for each in partitions}

    def commit_async(self, offsets: dict[TopicPartition, Any]) -> None:
        self.committed |= {each.partition: value.offset for each, value in offsets.items()}

    def commit(self, offsets: dict[TopicPartition, Any], timeout_ms: int) -> None:
        self.commit_async(offsets)

    def close(self, autocommit: bool, timeout_ms: int) -> None:
        assert not autocommit
        self.closed = True


class FakeClock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def transient(text: str = "no route to the warehouse") -> Transient:
    return Transient(text)
