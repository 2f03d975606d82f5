"""Finding the place to read from: INGEST_OFFSETS decides, Kafka is told to seek there."""

import logging
from collections.abc import Callable
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from ingest.batch import Batch
from ingest.config import IngesterConfig
from ingest.errors import Fatal
from ingest.kafka_clients import CALL_MS, translate
from ingest.messages import Reject
from ingest.positions import OutOfRange, Positions
from ingest.sink import Sink

log = logging.getLogger(__name__)


class Places:
    """The assigned partitions, placed or not. An unplaced one must stay paused.

    A stored offset that the topic does not have stops the ingester (Fatal), or, with
    `--offsets reset`, moves to the topic's start and leaves a row in REJECTED_EVENTS that says so.
    What cannot be seen from offsets: a topic that was created anew and has since grown beyond the
    stored offset.
    """

    def __init__(
        self,
        config: IngesterConfig,
        consumer: Any,
        sink: Sink,
        positions: Positions,
        clock: Callable[[], float],
    ) -> None:
        self._topic = config.topic
        self._may_reset = config.offsets == "reset"
        self._consumer = consumer
        self._sink = sink
        self._positions = positions
        self._clock = clock
        self.unplaced: set[int] = set()

    def unplace(self, partitions: set[int]) -> None:
        """Their place has to be read, again or for the first time."""
        self._positions.forget(partitions)
        self.unplaced |= partitions

    def forget(self, partitions: set[int]) -> None:
        """They belong to somebody else."""
        self._positions.forget(partitions)
        self.unplaced -= partitions

    def find(self) -> None:
        """Place what is unplaced: read INGEST_OFFSETS, add the rows that are missing, seek."""
        partitions = set(self.unplaced)
        beginnings = self._beginnings(partitions)
        stored = self._sink.read_offsets(self._topic, partitions)
        missing = partitions - stored.keys()
        if missing:
            self._sink.create_offsets(self._topic, {each: beginnings[each] for each in missing})
            stored = self._sink.read_offsets(self._topic, partitions)
        early = [
            OutOfRange(each, stored[each], beginnings[each])
            for each in sorted(partitions)
            if stored[each] < beginnings[each]
        ]
        if early:
            stored |= self._reset(early, early)
        self._seek(stored)
        self.unplaced -= partitions

    def certain(self) -> bool:
        """Every assigned partition is placed, and known to reach at least to its place."""
        ends = self._ends()
        return not self.unplaced and all(
            end is not None and end >= self._positions.expected[each] for each, end in ends.items()
        )

    def beyond_end(self) -> dict[int, int | None]:
        """Partitions that are proven to end below their place, with their ends."""
        return dict(self._positions.beyond_end(self._ends(), self._clock()))

    def doubtful(self) -> bool:
        """Some partition seems to end below its place. Until that is proven or refuted, nothing
        should be written: the topic may be another one by the same name."""
        expected = self._positions.expected
        return any(end is not None and end < expected[each] for each, end in self._ends().items())

    def settle(self, ends: dict[int, int | None]) -> None:
        """Stop or reset at these partitions, whose place is not in the topic, and read on from what
        INGEST_OFFSETS holds. Nothing may be held any more. An end of None is asked for.

        A place beyond the end means that the topic was created anew, so a reset then moves all of
        its partitions: the others' first messages would be skipped otherwise.
        """
        stored = dict(self._positions.stored)
        beginnings = self._beginnings(set(stored))
        known = {**ends, **self._asked_ends({each for each in ends if ends[each] is None})}
        found = [
            OutOfRange(each, stored[each], beginnings[each], known[each])
            for each in sorted(ends.keys() & stored.keys())
        ]
        moving = found
        if any(not each.before_start for each in found):
            moving = [
                OutOfRange(each, offset, beginnings[each], known.get(each))
                for each, offset in sorted(stored.items())
                if offset != beginnings[each]
            ]
        moved = self._reset(found, moving) if found else {}
        self._seek(stored | moved)

    def _reset(self, found: list[OutOfRange], moving: list[OutOfRange]) -> dict[int, int]:
        """Because of those found, move these partitions to the topic's start, if the operator said
        so. Returns their new places."""
        if not self._may_reset:
            raise Fatal(
                f"topic {self._topic!r}, {'; '.join(map(str, found))}. Nothing was moved. Start"
                " once with --offsets reset to go on from the topic's start; REJECTED_EVENTS will"
                " tell of the gap"
            )
        moves = {each.partition: (each.stored, each.beginning) for each in moving}
        skipped = {each.partition: each.unread - 1 for each in moving if each.before_start}
        batch = Batch(self._topic, moves, [gap(self._topic, each) for each in moving], skipped)
        self._sink.write(batch)
        log.warning("offsets reset: %s", "; ".join(map(str, moving)))
        return batch.next_offsets

    def _seek(self, offsets: dict[int, int]) -> None:
        self._positions.place(offsets)
        for partition, offset in offsets.items():
            self._consumer.seek(self._tp(partition), offset)

    def _beginnings(self, partitions: set[int]) -> dict[int, int]:
        try:
            found = self._consumer.beginning_offsets(
                [self._tp(each) for each in partitions], timeout_ms=CALL_MS
            )
        except KafkaError as error:
            raise translate(error, "asking for the topic's start") from error
        return {each.partition: offset for each, offset in found.items()}

    def _asked_ends(self, partitions: set[int]) -> dict[int, int]:
        wanted = [self._tp(each) for each in partitions]
        try:
            found = self._consumer.end_offsets(wanted, timeout_ms=CALL_MS) if wanted else {}
        except KafkaError as error:
            raise translate(error, "asking for the topic's end") from error
        return {each.partition: end for each, end in found.items()}

    def _ends(self) -> dict[int, int | None]:
        """The ends that the last fetches told of; None before the first."""
        return {each: self._consumer.highwater(self._tp(each)) for each in self._positions.expected}

    def _tp(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic, partition)


def gap(topic: str, found: OutOfRange) -> Reject:
    """The row that tells of messages nobody has read, in the place of the first of them. A topic
    that was created anew counts from 0 again, so there the old offset names no message and is left
    out."""
    return Reject(
        reason=f"gap: {found}; reading goes on from {found.beginning}",
        topic=topic,
        partition=found.partition,
        offset=found.stored if found.before_start else None,
        status="DISCARDED",
    )
