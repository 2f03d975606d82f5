"""The ingester's loop: from polled messages to written batches, each message exactly once.

Two threads. The loop's own, which does all work with the warehouse. And the Kafka client's, which
calls the rebalance listener, but only while the loop waits inside poll() or close(); so nothing
here is ever touched by both at once.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from kafka import ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from ingest.batch import Batch, Buffer, cut_batch
from ingest.config import IngesterConfig
from ingest.errors import DataRefused, Fatal, FenceLost, IngestError, Transient
from ingest.messages import Message, RawRow, Reject, refused, sort_message
from ingest.metrics import Metrics
from ingest.positions import OutOfRange, Positions
from ingest.sink import Sink

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
TOPIC_CHECK_SECONDS = 1.0
TOPIC_LOG_SECONDS = 30.0
KAFKA_CALL_MS = 10_000
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 60.0
# How long a stopping ingester tries to write what it holds. Kubernetes kills after 30 s by default.
LEAVE_SECONDS = 20.0

Rows = list[RawRow | Reject]


class Ingester:
    """Reads its share of the topic until `stop` is set or nothing comes for idle_exit seconds.

    The consumer must neither commit nor choose positions by itself (kafka_clients.open_consumer).
    """

    def __init__(
        self,
        config: IngesterConfig,
        consumer: Any,
        sink: Sink,
        metrics: Metrics,
        stop: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._consumer = consumer
        self._sink = sink
        self._metrics = metrics
        self._stop = stop
        self._clock = clock
        self._positions = Positions()
        self._buffer = Buffer(
            config.batch_max_events, config.batch_max_seconds, config.batch_max_bytes
        )
        # Rows that were taken from the buffer and are not written yet, in the order to write them.
        self._pending: deque[Rows] = deque()
        # Assigned partitions whose place in INGEST_OFFSETS has not been read yet; always paused.
        self._unplaced: set[int] = set()
        self._failures = 0
        self._retry_at = 0.0
        self._last_arrival: float | None = None
        self._leaving = False

    def run(self) -> None:
        """Raises Fatal where going on would lose or repeat messages. Closes the consumer."""
        try:
            self._sink.check(self._config.topic)
            if self._await_topic():
                self._consumer.subscribe([self._config.topic], listener=_Listener(self))
                while not self._stop.is_set() and not self._idle():
                    self._step()
                self._write_rest()
                self._commit_to_kafka(wait=True)
        finally:
            self._leaving = True
            self._consumer.close(autocommit=False, timeout_ms=KAFKA_CALL_MS)
            self._sink.close()

    # What the listener calls, on the Kafka client's thread.

    def on_assigned(self, partitions: set[int]) -> None:
        """Hold these partitions until their place has been read. No waiting calls here."""
        for partition in partitions:
            # Any position will do to keep the client from looking for one; it is never read from.
            self._consumer.seek(self._tp(partition), 0)
            self._consumer.pause(self._tp(partition))
        self._unplaced |= partitions
        self._positions.forget(partitions)
        if self._last_arrival is None:
            self._last_arrival = self._clock()
        log.info("assigned partitions %s of %s", sorted(partitions), self._config.topic)

    def on_revoked(self, partitions: set[int]) -> None:
        """Write what is held, with one attempt: heartbeats wait for it. What fails is only dropped,
        and read again by whoever gets the partition next."""
        if self._leaving:
            return
        try:
            self._write_all()
        except IngestError as error:
            log.warning("not written before the partitions were given up: %s", error)
            self._restart_from_offsets(self._assigned() - partitions)
        self.on_lost(partitions)

    def on_lost(self, partitions: set[int]) -> None:
        """Forget these partitions: they belong to somebody else already."""
        self._buffer.drop(partitions)
        self._pending.clear()
        self._positions.forget(partitions)
        self._unplaced -= partitions
        self._metrics.forget_lags(partitions)
        if partitions:
            log.info("gave up partitions %s of %s", sorted(partitions), self._config.topic)

    # The loop.

    def _await_topic(self) -> bool:
        """Wait for the topic to exist. False: told to stop, or idle, before it did."""
        started = self._clock()
        next_log = started
        while not self._consumer.partitions_for_topic(self._config.topic):
            now = self._clock()
            if now >= next_log:
                log.info("the topic %r does not exist yet; waiting for it", self._config.topic)
                next_log = now + TOPIC_LOG_SECONDS
            if self._stop.wait(TOPIC_CHECK_SECONDS) or self._is_long_ago(started):
                return False
        return True

    def _step(self) -> None:
        try:
            self._poll(self._poll_seconds())
            if self._clock() >= self._retry_at:
                self._place()
                self._check_ends()
                if self._pending or self._buffer.due(self._clock()):
                    self._drain()
                    self._write_due()
                self._failures = 0
                self._retry_at = 0.0
        except (FenceLost, Transient) as error:
            self._back_off(error)
        self._hold_or_release()
        self._report()

    def _poll(self, seconds: float) -> bool:
        """Take what Kafka has into the buffer. False: it had nothing."""
        try:
            polled = self._consumer.poll(timeout_ms=int(seconds * 1000))
        except OffsetOutOfRangeError as error:
            self._settle_out_of_range({each.partition: None for each in error.args[0]})
            return False
        except KafkaError as error:
            raise _kafka_error("polling", error) from error
        for records in polled.values():
            self._buffer.add(self._positions.accept(map(_message, records)), self._clock())
        if polled:
            self._last_arrival = self._clock()
        return bool(polled)

    def _poll_seconds(self) -> float:
        """Not past the moment at which there is something to do."""
        due_at = self._buffer.due_at()
        moments = [] if due_at is None else [due_at]
        if self._retry_at:
            moments = [self._retry_at]
        waits = [max(0.0, moment - self._clock()) for moment in moments]
        return min([POLL_SECONDS, *waits])

    def _drain(self) -> None:
        """A batch that is due takes along whatever has been polled already."""
        while not self._buffer.full() and self._poll(0):
            continue

    # Places.

    def _place(self) -> None:
        """Read the place of newly assigned partitions in INGEST_OFFSETS, and read on from there."""
        if not self._unplaced:
            return
        partitions = set(self._unplaced)
        topic = self._config.topic
        beginnings = self._beginnings(partitions)
        stored = self._sink.read_offsets(topic, partitions)
        missing = partitions - stored.keys()
        if missing:
            self._sink.create_offsets(topic, {each: beginnings[each] for each in missing})
            stored = self._sink.read_offsets(topic, partitions)
        early = [
            OutOfRange(each, stored[each], beginnings[each])
            for each in sorted(partitions)
            if stored[each] < beginnings[each]
        ]
        self._unplaced -= partitions
        self._seek(stored)
        if early:
            self._reset(early)
        self._last_arrival = self._clock()
        self._commit_to_kafka()

    def _seek(self, offsets: dict[int, int]) -> None:
        self._positions.place(offsets)
        for partition, offset in offsets.items():
            self._consumer.seek(self._tp(partition), offset)

    def _check_ends(self) -> None:
        ends = {each: self._consumer.highwater(self._tp(each)) for each in self._positions.expected}
        beyond = self._positions.beyond_end(ends, self._clock())
        if beyond:
            self._settle_out_of_range(dict(beyond))

    def _settle_out_of_range(self, ends: dict[int, int | None]) -> None:
        """Stop, or reset if the operator said so, at partitions whose place is not in the topic."""
        self._write_all()
        partitions = {each for each in ends if each in self._positions.stored}
        beginnings = self._beginnings(partitions)
        unknown = [self._tp(each) for each in partitions if ends[each] is None]
        asked = self._consumer.end_offsets(unknown) if unknown else {}
        found = [
            OutOfRange(
                each,
                self._positions.stored[each],
                beginnings[each],
                ends[each] if ends[each] is not None else asked[self._tp(each)],
            )
            for each in sorted(partitions)
        ]
        if found:
            self._reset(found)

    def _reset(self, found: list[OutOfRange]) -> None:
        text = "; ".join(map(str, found))
        if self._config.offsets != "reset":
            raise Fatal(
                f"topic {self._config.topic!r}, {text}. Nothing was moved. Start once with"
                " --offsets reset to go on from the topic's start; REJECTED_EVENTS will tell of"
                " the gap"
            )
        moves = {each.partition: (each.stored, each.beginning) for each in found}
        gaps = [_gap(self._config.topic, each) for each in found]
        batch = Batch(self._config.topic, moves, gaps)
        self._sink.write(batch)
        self._seek(batch.next_offsets)
        log.warning("offsets reset: %s", text)

    def _beginnings(self, partitions: set[int]) -> dict[int, int]:
        try:
            found = self._consumer.beginning_offsets(
                [self._tp(each) for each in partitions], timeout_ms=KAFKA_CALL_MS
            )
        except KafkaError as error:
            raise _kafka_error("asking for the topic's start", error) from error
        return {each.partition: offset for each, offset in found.items()}

    # Writing.

    def _write_due(self) -> None:
        self._write_pending()
        while self._buffer.due(self._clock()):
            self._take()
            self._write_pending()

    def _write_all(self) -> None:
        """Write everything that is held, due or not."""
        self._write_pending()
        while len(self._buffer):
            self._take()
            self._write_pending()

    def _take(self) -> None:
        limit = self._config.batch_max_bytes
        self._pending.append([sort_message(each, limit) for each in self._buffer.take()])

    def _write_pending(self) -> None:
        """Write the pending rows, halving wherever the warehouse refuses the data of a row."""
        while self._pending:
            batch = cut_batch(self._config.topic, self._pending[0], self._positions.stored)
            started = self._clock()
            try:
                self._sink.write(batch)
            except DataRefused as error:
                self._halve(str(error))
            except FenceLost:
                self._metrics.fences_lost.inc()
                self._restart_from_offsets(self._assigned())
                raise
            else:
                self._pending.popleft()
                self._wrote(batch, self._clock() - started)

    def _halve(self, reason: str) -> None:
        rows = self._pending.popleft()
        if len(rows) > 1:
            middle = len(rows) // 2
            self._pending.extendleft([rows[middle:], rows[:middle]])
            return
        row = rows[0]
        if isinstance(row, Reject):
            raise Fatal(
                f"REJECTED_EVENTS does not take the message at offset {row.offset} of partition"
                f" {row.partition} of {row.topic!r}: {reason}"
            )
        log.warning("%s is refused by the warehouse: %s", row.message.place, reason)
        self._pending.appendleft([refused(row, reason)])

    def _wrote(self, batch: Batch, seconds: float) -> None:
        self._positions.written(batch.next_offsets)
        self._metrics.wrote(batch, seconds)
        self._commit_to_kafka()
        log.info(
            "wrote %d events and %d rejects of %s in %.0f ms: %s",
            len(batch.raw_rows),
            len(batch.rejects),
            batch.topic,
            seconds * 1000,
            " ".join(f"{each}:{old}-{new}" for each, (old, new) in sorted(batch.moves.items())),
        )

    def _write_rest(self) -> None:
        """Before leaving: write what is held, or say what stays behind."""
        deadline = self._clock() + LEAVE_SECONDS
        while self._pending or len(self._buffer):
            try:
                self._write_all()
            except FenceLost:
                continue  # everything held is dropped by now; another ingester has it
            except Transient as error:
                self._back_off(error)
                if self._retry_at > deadline:
                    held = len(self._buffer) + sum(map(len, self._pending))
                    raise Fatal(
                        f"left without writing {held} messages ({error}); nothing is lost: they are"
                        " read again at the next start"
                    ) from error
                time.sleep(max(0.0, self._retry_at - self._clock()))

    # Trouble, pauses, reports.

    def _restart_from_offsets(self, partitions: set[int]) -> None:
        """Drop what is held for these partitions and find their place anew."""
        self._buffer.drop(partitions)
        self._pending.clear()
        self._positions.forget(partitions)
        self._unplaced |= partitions

    def _back_off(self, error: Exception) -> None:
        self._failures += 1
        longest = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (self._failures - 1))
        seconds = longest * random.uniform(0.5, 1.0)
        self._retry_at = self._clock() + seconds
        self._metrics.retries.inc()
        log.warning("%s; trying again in %.1f s (attempt %d)", error, seconds, self._failures)

    def _hold_or_release(self) -> None:
        """Pause what must not be read now: everything while the warehouse is in trouble or the
        buffer is full, and always the partitions whose place is not known yet."""
        assigned = self._assigned()
        blocked = self._retry_at > 0 or self._buffer.full()
        hold = assigned if blocked else assigned & self._unplaced
        paused = {each.partition for each in self._consumer.paused()} & assigned
        self._consumer.pause(*map(self._tp, hold - paused))
        self._consumer.resume(*map(self._tp, paused - hold))

    def _commit_to_kafka(self, wait: bool = False) -> None:
        """Show Kafka's lag monitors where INGEST_OFFSETS is. Nothing reads it back."""
        offsets = {
            self._tp(each): OffsetAndMetadata(offset, "", -1)
            for each, offset in self._positions.stored.items()
        }
        if not offsets:
            return
        try:
            if wait:
                self._consumer.commit(offsets, timeout_ms=KAFKA_CALL_MS)
            else:
                self._consumer.commit_async(offsets)
        except KafkaError as error:
            log.info("Kafka did not take the offsets for its lag monitors: %s", error)

    def _report(self) -> None:
        self._metrics.buffered.set(len(self._buffer) + sum(map(len, self._pending)))
        lags = {}
        for partition, stored in self._positions.stored.items():
            end = self._consumer.highwater(self._tp(partition))
            if end is not None:
                lags[partition] = max(0, end - stored)
        self._metrics.set_lags(lags)

    def _idle(self) -> bool:
        return (
            self._last_arrival is not None
            and not self._pending
            and not self._unplaced
            and self._is_long_ago(self._last_arrival)
        )

    def _is_long_ago(self, moment: float) -> bool:
        patience = self._config.idle_exit
        return patience > 0 and self._clock() - moment >= patience

    def _assigned(self) -> set[int]:
        return {each.partition for each in self._consumer.assignment()}

    def _tp(self, partition: int) -> TopicPartition:
        return TopicPartition(self._config.topic, partition)


class _Listener(ConsumerRebalanceListener):
    def __init__(self, ingester: Ingester) -> None:
        self._ingester = ingester

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._ingester.on_assigned({each.partition for each in assigned})

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._ingester.on_revoked({each.partition for each in revoked})

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self._ingester.on_lost({each.partition for each in lost})


def _message(record: Any) -> Message:
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        value=record.value,
        key=record.key,
        timestamp=record.timestamp,
        timestamp_type=record.timestamp_type,
        headers=tuple(record.headers or ()),
    )


def _gap(topic: str, found: OutOfRange) -> Reject:
    """The row that tells of messages nobody has read. A topic that was created anew counts from 0
    again, so there the old offset names no message and is left out."""
    return Reject(
        reason=f"gap: {found}; reading goes on from {found.beginning}",
        topic=topic,
        partition=found.partition,
        offset=found.stored if found.before_start else None,
        status="DISCARDED",
    )


def _kafka_error(doing: str, error: KafkaError) -> IngestError:
    text = f"{doing}: {' '.join(str(error).split()) or type(error).__name__}"
    return Transient(text) if error.retriable else Fatal(text)
