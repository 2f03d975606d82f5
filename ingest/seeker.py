"""Where to read from: INGEST_OFFSETS decides, and the consumer seeks there."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from ingest.batch import Batch, Sink, Stored
from ingest.config import IngesterConfig
from ingest.errors import Fatal
from ingest.kafka.clients import CALL_MS, translate
from ingest.messages import Reject
from ingest.positions import OutOfRange, Positions

log = logging.getLogger(__name__)

# How often the topic's id is asked for while nothing is written.
ASK_ID_SECONDS = 10.0


class PartitionSeeker:
    """The assigned partitions. One whose offset has not been read yet (`to_seek`) stays paused.

    A stored offset that the topic does not have, or that is of another topic by the same name,
    stops the ingester (Fatal), or, with `--offsets reset`, moves to where the topic starts and
    leaves a row in REJECTED_EVENTS that says so.

    `ask_id` gives the topic's id, or None where the brokers give none. Without ids a topic that was
    created again is recognised by its offsets. Once it has grown beyond the stored ones, it is
    recognised only when offsets are read, by the message that is now at the offset of the last one:
    `ask_timestamps` gives, for {partition: offset}, {partition: timestamp of the message there}
    where there is one.
    """

    def __init__(
        self,
        config: IngesterConfig,
        consumer: Any,
        sink: Sink,
        positions: Positions,
        clock: Callable[[], float],
        ask_id: Callable[[], str | None],
        ask_timestamps: Callable[[Mapping[int, int]], dict[int, int]],
    ) -> None:
        self._topic = config.topic
        self._may_reset = config.offsets == "reset"
        self._consumer = consumer
        self._sink = sink
        self._positions = positions
        self._clock = clock
        self._ask_id = ask_id
        self._ask_timestamps = ask_timestamps
        self._asked_at = clock()
        self.to_seek: set[int] = set()

    def seek_again(self, partitions: set[int]) -> None:
        """Their offsets have to be read, again or for the first time."""
        self._positions.forget(partitions)
        self.to_seek |= partitions

    def forget(self, partitions: set[int]) -> None:
        """They belong to somebody else."""
        self._positions.forget(partitions)
        self.to_seek -= partitions

    def seek(self) -> None:
        """Read INGEST_OFFSETS for the partitions to seek, add the rows that are missing, seek."""
        partitions = set(self.to_seek)
        topic_id = self._asked_id()
        beginnings = self._beginnings(partitions)
        stored = self._sink.read_stored(self._topic, partitions)
        missing = partitions - stored.keys()
        if missing:
            new = {each: beginnings[each] for each in missing}
            self._sink.create_offsets(self._topic, new, topic_id)
            stored = self._sink.read_stored(self._topic, partitions)
        if topic_id is not None and any(each.topic_id is None for each in stored.values()):
            self._sink.name_topic(self._topic, topic_id)
            stored = self._sink.read_stored(self._topic, partitions)
        now_there = {} if topic_id else self._now_there(stored, beginnings)
        found = [
            OutOfRange(
                each,
                *_numbers(stored[each], beginnings[each]),
                topic_id=topic_id,
                last=stored[each].last,
                ms=now_there.get(each),
            )
            for each in sorted(partitions)
        ]
        wrong = [each for each in found if each.recreated or each.before_start]
        if wrong:
            moving = wrong
            if any(each.replaced for each in wrong):
                # The topic moves as a whole: not every partition needs a message that proves it.
                moving = [each for each in found if each.recreated or each.stored != each.beginning]
            stored |= self._reset(wrong, moving)
        self._seek(stored)
        self.to_seek -= partitions

    def recreated(self) -> bool:
        """Ask the brokers: is the topic another one than that of the partitions read here? If
        they do not say, it is not. Everything that was polled before this question is of the topic
        that they name, for ids are never used again."""
        topic_id = self._asked_id()
        known = self._positions.topic_ids
        if topic_id is None:
            return False
        nameless = [each for each, its_id in known.items() if its_id is None]
        if nameless:
            self._sink.name_topic(self._topic, topic_id)
            known.update(dict.fromkeys(nameless, topic_id))
        return any(each != topic_id for each in known.values())

    def asked_long_ago(self) -> bool:
        """It is time to ask for the topic's id, even if there is nothing to write."""
        return self._clock() - self._asked_at >= ASK_ID_SECONDS

    def return_to_expected(self) -> None:
        """Have the consumer read on from where messages are expected, whatever it has returned
        in vain."""
        for partition in self._positioned():
            self._consumer.seek(self._tp(partition), self._positions.expected[partition])

    def note_positions(self) -> None:
        """Take as read what the consumer has passed: markers of transactions, messages of aborted
        ones, what compaction has removed. Only right after a poll that has given nothing."""
        for partition in self._positioned():
            position = self._consumer.position(self._tp(partition), timeout_ms=0)
            if position is not None:
                self._positions.reach(partition, position)

    def certain(self) -> bool:
        """Every assigned partition has its offset, and is known to reach at least to that."""
        ends = self._ends()
        return not self.to_seek and all(
            end is not None and end >= self._positions.expected[each] for each, end in ends.items()
        )

    def beyond_end(self) -> dict[int, int | None]:
        """Partitions that are proven to end below their offset, with their ends."""
        return dict(self._positions.beyond_end(self._ends(), self._clock()))

    def doubtful(self) -> bool:
        """Some partition seems to end below its offset. Until that is proven or refuted, nothing
        should be written: the topic may be another one by the same name."""
        expected = self._positions.expected
        return any(end is not None and end < expected[each] for each, end in self._ends().items())

    def resolve_out_of_range(self, ends: dict[int, int | None]) -> None:
        """Stop or reset at these partitions, whose offset is not in the topic, and read on from
        what INGEST_OFFSETS holds. Nothing may be held any more. An end of None is asked for.

        A topic that was deleted and created again moves as a whole: the first messages of
        partitions that have grown beyond their old offset would be skipped otherwise.
        """
        topic_id = self._asked_id()
        stored = {
            each: Stored(offset, self._positions.topic_ids[each])
            for each, offset in self._positions.stored.items()
        }
        beginnings = self._beginnings(set(stored))
        known = {**ends, **self._asked_ends({each for each in ends if ends[each] is None})}
        everything = [
            OutOfRange(each, *_numbers(stored[each], beginnings[each], known.get(each)), topic_id)
            for each in sorted(stored)
        ]
        found = [each for each in everything if each.recreated or each.partition in ends]
        found = [each for each in found if not each.in_range]
        moving = found
        if any(not each.before_start and not each.truncated for each in found):
            moving = [
                each for each in everything if each.recreated or each.stored != each.beginning
            ]
        moved = self._reset(found, moving) if found else {}
        self._seek(stored | moved)

    def _reset(self, found: list[OutOfRange], moving: list[OutOfRange]) -> dict[int, Stored]:
        """Because of those found, move these partitions to where they go on, if the operator said
        so. Returns their new rows of INGEST_OFFSETS."""
        if not self._may_reset:
            raise Fatal(
                f"topic {self._topic!r}, {'; '.join(map(str, found))}. Nothing was moved. Start"
                " once with --offsets reset to go on from the topic's start; REJECTED_EVENTS will"
                " tell of the gap"
            )
        [topic_id] = {each.topic_id for each in moving}
        batch = Batch(
            self._topic,
            {each.partition: (each.stored, each.goes_on) for each in moving},
            [gap(self._topic, each) for each in moving],
            {each.partition: each.unread - 1 for each in moving if each.before_start},
            {each.partition: each.stored_id for each in moving},
            topic_id,
        )
        self._sink.write(batch)
        log.warning("offsets reset: %s", "; ".join(map(str, moving)))
        return {
            each.partition: Stored(each.goes_on, each.topic_id or each.stored_id) for each in moving
        }

    def _seek(self, stored: dict[int, Stored]) -> None:
        self._positions.start_at(stored)
        for partition, row in stored.items():
            self._consumer.seek(self._tp(partition), row.offset)

    def _positioned(self) -> set[int]:
        """A cooperative rebalance reports partitions that are revoked when they are no longer
        assigned."""
        assigned = {each.partition for each in self._consumer.assignment()}
        return assigned & self._positions.expected.keys()

    def _asked_id(self) -> str | None:
        self._asked_at = self._clock()
        return self._ask_id()

    def _now_there(
        self, stored: Mapping[int, Stored], beginnings: Mapping[int, int]
    ) -> dict[int, int]:
        """The timestamps of the messages that are now at the offsets of the last ones. Retention
        and
        compaction may have removed them; that says nothing."""
        offsets = {
            partition: place.last.offset
            for partition, place in stored.items()
            if place.last and beginnings[partition] <= place.last.offset < place.offset
        }
        return self._ask_timestamps(offsets) if offsets else {}

    def _beginnings(self, partitions: set[int]) -> dict[int, int]:
        try:
            found = self._consumer.beginning_offsets(
                [self._tp(each) for each in partitions], timeout_ms=CALL_MS
            )
        except KafkaError as error:
            raise translate(error, "asking for the topic's start") from error
        return {each.partition: offset for each, offset in found.items()}

    def _asked_ends(self, partitions: set[int]) -> dict[int, int]:
        partitions_asked = [self._tp(each) for each in partitions]
        try:
            found = (
                self._consumer.end_offsets(partitions_asked, timeout_ms=CALL_MS)
                if partitions_asked
                else {}
            )
        except KafkaError as error:
            raise translate(error, "asking for the topic's end") from error
        return {each.partition: end for each, end in found.items()}

    def _ends(self) -> dict[int, int | None]:
        """The ends that the last fetches reported; None before the first."""
        return {each: self._consumer.highwater(self._tp(each)) for each in self._positioned()}

    def _tp(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic, partition)


def _numbers(
    stored: Stored, beginning: int, end: int | None = None
) -> tuple[int, int, int | None, str | None]:
    return stored.offset, beginning, end, stored.topic_id


def gap(topic: str, found: OutOfRange) -> Reject:
    """The row for messages that were never read, at the offset of the first of them. A topic
    that was deleted and created again counts from 0, so there the old offset names no message and
    is left out."""
    return Reject(
        reason=f"gap: {found}; reading goes on from {found.goes_on}",
        topic=topic,
        partition=found.partition,
        offset=found.stored if found.before_start else None,
        status="DISCARDED",
    )
