"""The ingester's loop: what to do next, and what to do about trouble.

Three threads; only one at a time decides or changes anything here.

- The loop's own. It polls, sorts, decides, and asks the sink for everything but the writes.
- The Kafka client's, which calls the rebalance listener, but only while the loop waits inside
  poll() or close().
- The write's (in_flight), which carries one batch into the sink while the loop polls and sorts the
  next. It touches that batch and the sink. What it has done is learned by `Writer.finish`, on one
  of the other two; so everything that concerns the sink, the offsets or the buffer calls that
  first: a rebalance, a new offset to read from, an error, leaving. Polling and sorting alone do not
  wait.
"""

import contextlib
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kafka import ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from ingest.batch import Sink
from ingest.config import IngesterConfig
from ingest.errors import Fatal, FenceLost, IngestError, NoBroker, Transient
from ingest.kafka.clients import CALL_MS, translate
from ingest.liveness import Lag, Membership, SignOfLife
from ingest.messages import message_of
from ingest.metrics import Metrics
from ingest.positions import Positions
from ingest.seeker import PartitionSeeker
from ingest.writer import Writer

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
# How often Kafka is polled while a write is in flight, but only in the write's first seconds: if it
# is slow, a rebalance would wait for it on the client's thread, and its heartbeats with it.
BESIDE_WRITE_SECONDS = 0.02
SLOW_WRITE_SECONDS = 2.0
TOPIC_CHECK_SECONDS = 1.0
TOPIC_LOG_SECONDS = 30.0
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 60.0
LONGEST_BROKER_SECONDS = 3.0
# How long an ingester that stops, or gives up partitions, tries to write what it holds. Kubernetes
# kills after 30 s by default.
LEAVE_SECONDS = 20.0
# The same while no broker answers: what is held cannot be written then.
LEAVE_BROKER_SECONDS = 1.0
# How often offsets are committed to Kafka for lag monitors, even if nothing has changed: the last
# commit may have been lost, or the group deleted.
TELL_MONITORS_SECONDS = 60.0


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
        forget_group: Callable[[], str] | None = None,
        ask_id: Callable[[], str | None] = lambda: None,
        ask_timestamps: Callable[[Mapping[int, int]], dict[int, int]] = lambda offsets: {},
    ) -> None:
        self._topic = config.topic
        self._idle_exit = config.idle_exit
        self._consumer = consumer
        self._sink = sink
        self._metrics = metrics
        self._stop = stop
        self._clock = clock
        self._positions = Positions()
        self._seeker = PartitionSeeker(
            config, consumer, sink, self._positions, clock, ask_id, ask_timestamps
        )
        self._membership = Membership(config.kafka, clock)
        self._forget_group = forget_group
        self._writer = Writer(config, sink, self._positions, metrics, clock)
        self._sign = SignOfLife(config, consumer, self._positions, self._writer.committed_at, clock)
        self._lag = Lag(config.topic, consumer, self._positions, metrics, clock)
        self._failures = 0
        self._retry_at = 0.0
        # Seconds of listening in vain; None while there is nothing to listen to.
        self._quiet: float | None = None
        self._leaving = False
        self._monitors_told_at = clock()

    def run(self) -> None:
        """Raises Fatal where going on would lose or repeat messages. Closes consumer and sink."""
        try:
            if self._await_topic():
                self._join_group()
                while not self._stop.is_set() and not self._may_leave():
                    self._step()
                self._write_rest()
                self._commit_to_kafka(wait=True)
        finally:
            self._leaving = True
            with contextlib.ExitStack() as last:
                last.callback(self._sink.close)
                last.callback(self._consumer.close, autocommit=False, timeout_ms=CALL_MS)
                self._wait_for_write()

    # What the listener calls, on the Kafka client's thread.

    def on_assigned(self, partitions: set[int]) -> None:
        """Hold these partitions until their place has been read. No calls here that wait for the
        brokers. Mostly nothing is in flight: partitions are given up before others are given."""
        self._wait_for_write()
        for partition in partitions:
            # Any position will do to keep the client from looking for one; it is never read from.
            self._consumer.seek(self._tp(partition), 0)
            self._consumer.pause(self._tp(partition))
        self._seeker.seek_again(partitions)
        self._membership.answered()
        self._listen_anew()
        log.info("assigned partitions %s of %s", sorted(partitions), self._topic)

    def on_revoked(self, partitions: set[int]) -> None:
        """Write what is held, first what is in flight, with one attempt and for LEAVE_SECONDS at
        most: heartbeats wait for it. What is left is only dropped, and read again by the next owner
        of the partition."""
        if self._leaving:
            return
        deadline = self._clock() + LEAVE_SECONDS
        try:
            self._writer.finish()
            while self._may_write() and self._writer.unwritten and self._clock() < deadline:
                if self._seeker.recreated():
                    self._start_over()
                    break
                self._writer.write_next()
        except IngestError as error:
            self._give_up(error)
        self.on_lost(partitions)

    def on_lost(self, partitions: set[int]) -> None:
        """Forget these partitions: they belong to somebody else already. What is in flight cannot
        be called back; the fence decides whether it was in time."""
        self._wait_for_write()
        self._membership.asked()
        self._writer.drop(partitions)
        self._seeker.forget(partitions)
        self._metrics.forget_lags(partitions)
        self._quiet = None
        if partitions:
            log.info("gave up partitions %s of %s", sorted(partitions), self._topic)

    # The loop.

    def _await_topic(self) -> bool:
        """Wait for the topic to exist. False: stopped, or idle, before it did."""
        started = next_log = self._clock()
        while not self._topic_exists():
            if self._clock() >= next_log:
                log.info("the topic %r does not exist yet; waiting for it", self._topic)
                next_log = self._clock() + TOPIC_LOG_SECONDS
            waited = self._clock() - started
            if self._stop.wait(TOPIC_CHECK_SECONDS) or 0 < self._idle_exit <= waited:
                return False
        return True

    def _topic_exists(self) -> bool:
        try:
            return bool(self._consumer.partitions_for_topic(self._topic))
        except KafkaError as error:
            ours = translate(error, "looking for the topic")
            if isinstance(ours, Fatal):
                raise ours from error
            log.warning("%s; asking again", ours)
            return False

    def _join_group(self) -> None:
        self._membership.asked()
        self._consumer.subscribe([self._topic], listener=_Listener(self))

    def _join_anew(self, waited: float) -> None:
        """Leave the group that does not answer, have the broker forget it, and join it again."""
        log.warning(
            "the group has given no answer for %.0f s; leaving and joining it again", waited
        )
        self._wait_for_write()
        with contextlib.suppress(KafkaError):
            self._consumer.unsubscribe()
        if self._forget_group:
            log.info("asked for the deletion of the group: %s", self._forget_group())
        self._join_group()

    def _step(self) -> None:
        if (waited := self._membership.waited_too_long()) is not None:
            self._join_anew(waited)
        try:
            self._listen()
            if self._clock() >= self._retry_at and not self._writer.writing:
                self._work()
        except FenceLost as error:
            self._metrics.fences_lost.inc()
            self._start_over()
            self._back_off(error)
        except Transient as error:
            self._back_off(error)
        self._hold_or_release()
        self._lag.report(self._writer.held, fetching=not self._blocked())

    def _listen(self) -> None:
        """Poll once, and count the time if nothing came. A process that was stopped or a machine
        that slept has not listened any longer than the poll was meant to take."""
        started = self._clock()
        if self._writer.writing:
            came = self._listen_beside_write()
        else:
            came = self._poll(self._poll_seconds())
        if self._quiet is not None and not came:
            self._quiet += min(POLL_SECONDS, self._clock() - started)

    def _listen_beside_write(self) -> bool:
        """While a write is in flight: poll as long as there is room, wait, see to it if it has
        ended. Each of these for a moment only."""
        if not self._writer.landed():
            seconds = POLL_SECONDS
            if not self._blocked() and self._writer.writing_seconds < SLOW_WRITE_SECONDS:
                if self._poll(0):
                    return True
                seconds = BESIDE_WRITE_SECONDS
            if not self._writer.landed(seconds):
                return False
        signing = self._writer.signing
        self._writer.finish()
        self._went_well()
        if not signing:
            self._listen_anew()
            self._commit_to_kafka()
        return False

    def _work(self) -> None:
        """With nothing in flight: find places, send the batch that is due on its way."""
        if self._seeker.to_seek:
            self._seeker.seek()
            self._listen_anew()
            self._commit_to_kafka()
        beyond = self._seeker.beyond_end()
        if beyond:
            self._resolve_out_of_range(beyond)
        elif self._seeker.asked_long_ago():
            with contextlib.suppress(NoBroker):
                self._resolve_recreated_topic()
        if self._clock() - self._monitors_told_at >= TELL_MONITORS_SECONDS:
            self._commit_to_kafka()
        if self._writer.due() and not self._seeker.doubtful():
            # A batch that is due includes everything that has been polled already.
            while not self._writer.full() and self._poll(0):
                continue
            if not self._resolve_recreated_topic():
                self._writer.begin(self._sign.partitions() if self._sign.due() else ())
        elif self._sign.due() and not self._writer.unwritten and not self._seeker.doubtful():
            self._leave_sign()
        if not self._writer.writing:
            self._went_well()

    def _leave_sign(self) -> None:
        """Say in INGEST_OFFSETS that nothing came, if the brokers say so, too. Without an answer
        the row stays old, and its age says so."""
        with contextlib.suppress(NoBroker):
            signs = self._sign.partitions()
            if signs and not self._resolve_recreated_topic():
                self._writer.begin(signs)

    def _poll(self, seconds: float) -> bool:
        """Take what Kafka has into the buffer. False: it had nothing."""
        try:
            # Rounded down, the last millisecond before something is due would be spent spinning.
            polled = self._consumer.poll(timeout_ms=math.ceil(seconds * 1000))
            if not polled:
                self._seeker.note_positions()
        except OffsetOutOfRangeError as error:
            self._resolve_out_of_range({each.partition: None for each in error.args[0]})
            return False
        except KafkaError as error:
            # What this poll had in hand when it failed is not lost on the way.
            self._seeker.return_to_expected()
            raise translate(error, "polling") from error
        for records in polled.values():
            self._writer.add(self._positions.accept(map(message_of, records)))
        self._writer.look_ahead()
        if polled:
            self._listen_anew()
        return bool(polled)

    def _poll_seconds(self) -> float:
        """Not past the moment at which there is something to do."""
        moment = self._retry_at or self._writer.due_at()
        if moment is None or self._seeker.doubtful():
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.0, moment - self._clock()))

    def _resolve_out_of_range(self, ends: dict[int, int | None]) -> None:
        self._writer.finish()
        self._writer.drop(self._assigned())
        try:
            self._seeker.resolve_out_of_range(ends)
        except IngestError:
            # What was dropped must be read again, so nothing may go on from behind it.
            self._seeker.seek_again(self._assigned())
            raise
        self._listen_anew()

    def _resolve_recreated_topic(self) -> bool:
        """Stop or reset if the topic is another one by now. Nothing may be in flight."""
        if not self._seeker.recreated():
            return False
        # What is held may be of either topic.
        self._resolve_out_of_range({})
        return True

    def _may_leave(self) -> bool:
        """No message has come for idle_exit seconds, and the topic is still the one
        that was read."""
        if not self._idle():
            return False
        try:
            return not self._resolve_recreated_topic()
        except Transient as error:
            self._back_off(error)
            return False

    def _write_rest(self) -> None:
        """Before leaving: write what is held, or say what stays behind."""
        deadline = self._clock() + LEAVE_SECONDS
        if self._seeker.doubtful():
            self._wait_for_write()
            self._start_over()
        while self._writer.unwritten:
            try:
                self._writer.finish()
                if not self._resolve_recreated_topic():
                    self._writer.write_next()
            except FenceLost:
                self._start_over()
            except Transient as error:
                if not self._writer.held:
                    # Only offsets without messages are left: the next one to start passes them.
                    return
                self._back_off(error)
                if isinstance(error, NoBroker):
                    # Without a broker nothing may be written, and nothing is lost.
                    deadline = min(deadline, self._clock() + LEAVE_BROKER_SECONDS)
                if self._retry_at > deadline:
                    raise self._left_behind(str(error)) from error
                time.sleep(max(0.0, self._retry_at - self._clock()))
            if self._writer.held and self._clock() > deadline:
                raise self._left_behind(f"no time left after {LEAVE_SECONDS:.0f} s")

    def _left_behind(self, why: str) -> Fatal:
        return Fatal(
            f"left without writing {self._writer.held} messages ({why}); nothing is lost: they are"
            " read again at the next start"
        )

    # Trouble, pauses, reports.

    def _wait_for_write(self) -> None:
        """Let the write in flight land, if there is one. If it fails, start over: this is no
        moment for another attempt."""
        try:
            self._writer.finish()
        except IngestError as error:
            self._give_up(error)

    def _give_up(self, error: IngestError) -> None:
        log.warning("not written, and given up here: %s", error)
        if isinstance(error, FenceLost):
            self._metrics.fences_lost.inc()
        self._start_over()

    def _start_over(self) -> None:
        """Drop everything that is held, and read all offsets again."""
        assigned = self._assigned()
        self._writer.drop(assigned)
        self._seeker.seek_again(assigned)

    def _went_well(self) -> None:
        """The end of trouble, if there was any."""
        if self._retry_at:
            self._listen_anew()
        self._failures = 0
        self._retry_at = 0.0

    def _back_off(self, error: Exception) -> None:
        self._failures += 1
        most = LONGEST_BROKER_SECONDS if isinstance(error, NoBroker) else LONGEST_BACKOFF_SECONDS
        longest = min(most, FIRST_BACKOFF_SECONDS * 2 ** (self._failures - 1))
        seconds = longest * random.uniform(0.5, 1.0)
        self._retry_at = self._clock() + seconds
        self._metrics.retries.inc()
        log.warning(
            "%s; trying again in %.1f s (attempt %d), holding %d messages meanwhile",
            error,
            seconds,
            self._failures,
            self._writer.held,
        )

    def _may_write(self) -> bool:
        return not self._retry_at and not self._seeker.doubtful()

    def _blocked(self) -> bool:
        return self._retry_at > 0 or self._writer.full()

    def _hold_or_release(self) -> None:
        """Pause what must not be read now: everything while there is trouble or the buffer is full,
        and always the partitions whose place is not known."""
        assigned = self._assigned()
        hold = assigned if self._blocked() else assigned & self._seeker.to_seek
        paused = {each.partition for each in self._consumer.paused()} & assigned
        self._consumer.pause(*map(self._tp, hold - paused))
        self._consumer.resume(*map(self._tp, paused - hold))

    def _commit_to_kafka(self, wait: bool = False) -> None:
        """Show Kafka's lag monitors where INGEST_OFFSETS is. Nothing reads it back."""
        self._monitors_told_at = self._clock()
        offsets = {
            self._tp(each): OffsetAndMetadata(offset, "", -1)
            for each, offset in self._positions.stored.items()
        }
        if not offsets:
            return
        try:
            if wait:
                self._consumer.commit(offsets, timeout_ms=CALL_MS)
            else:
                self._consumer.commit_async(offsets)
        except KafkaError as error:
            log.info("Kafka did not take the offsets for its lag monitors: %s", error)

    def _idle(self) -> bool:
        if self._quiet is None or self._retry_at or self._writer.writing:
            return False
        return 0 < self._idle_exit <= self._quiet and self._seeker.certain()

    def _listen_anew(self) -> None:
        """Something came, or nothing could come because there was something else to do."""
        self._quiet = 0.0

    def _assigned(self) -> set[int]:
        return {each.partition for each in self._consumer.assignment()}

    def _tp(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic, partition)


class _Listener(ConsumerRebalanceListener):
    def __init__(self, ingester: Ingester) -> None:
        self._ingester = ingester

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._ingester.on_assigned({each.partition for each in assigned})

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._ingester.on_revoked({each.partition for each in revoked})

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self._ingester.on_lost({each.partition for each in lost})
