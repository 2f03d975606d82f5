"""What the loop looks at on each round beside messages: does the group answer, how far behind is
RAW, is a sign of life due.
"""

import logging
import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from ingest.config import IngesterConfig
from ingest.metrics import Metrics
from ingest.positions import Positions

log = logging.getLogger(__name__)

# A healthy group has waited out a dead member after one session timeout, and needs one rebalance
# more. Beyond that, rejoining disturbs no other member.
PATIENCE_SESSIONS = 5
DEFAULT_SESSION_MS = KafkaConsumer.DEFAULT_CONFIG["session_timeout_ms"]

ASK_FOR_ENDS_SECONDS = 10.0
ASK_FOR_ENDS_MS = 2_000
# After this time without asking, the fetches since then are enough.
FORGET_SECONDS = 60.0
LOG_SECONDS = 30.0

# How long an ingester that starts, or gets a partition, waits before its first sign of life: one
# that fails and restarts in a loop does not live that long. The same wait before a leader that has
# not answered is asked again.
FIRST_SIGN_SECONDS = 10.0
ASK_LEADERS_MS = 5_000


class Membership:
    """Since when this member waits for the group's answer. Having been given no partitions, with
    more members than partitions, is an answer.

    A JoinGroup is answered within the group's rebalance. Some brokers can lose a group's leader and
    then keep every member waiting for ever (Tansu 0.6.0 does: docs/guarantees.md). Leaving does not
    help there, for the group remembers; so its deletion is asked for. Kafka refuses that while
    others are members, Tansu does not, and nothing rests on it: a member that is thrown out joins
    again, and reads on where INGEST_OFFSETS says; the fence decides between two who believe they
    have a partition. With a cooperative assignor there is no such way out: use an eager one, as by
    default, with Tansu.
    """

    def __init__(self, kafka: Mapping[str, Any], clock: Callable[[], float]) -> None:
        session_ms = kafka.get("session_timeout_ms") or DEFAULT_SESSION_MS
        # A cooperative rebalance that assigns nothing, or only revokes, calls no listener.
        cooperative = "cooperative" in (kafka.get("partition_assignment_strategy") or "")
        self._patience = math.inf if cooperative else PATIENCE_SESSIONS * session_ms / 1000
        self._clock = clock
        self._waits_since: float | None = None
        self._limit = 0.0

    def asked(self) -> None:
        """The member has begun to join, for the first time or again."""
        self._waits_since = self._clock()
        # Members that were left waiting together should not start over together.
        self._limit = self._patience * random.uniform(1.0, 1.5)

    def answered(self) -> None:
        self._waits_since = None

    def waited_too_long(self) -> float | None:
        """The seconds that it has waited, if they are too many."""
        if self._waits_since is None:
            return None
        waited = self._clock() - self._waits_since
        return waited if waited > self._limit else None


class Lag:
    """How far the warehouse is behind the topic, for metrics and for the log: offsets between
    INGEST_OFFSETS and the ends of the partitions.

    Each fetch reports the ends; while nothing is fetched, because the buffer is full or the
    warehouse is away, the brokers are asked every ASK_FOR_ENDS_SECONDS.
    """

    def __init__(
        self,
        topic: str,
        consumer: Any,
        positions: Positions,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._topic = topic
        self._consumer = consumer
        self._positions = positions
        self._metrics = metrics
        self._clock = clock
        self._asked: dict[int, int] = {}
        self._ask_at = 0.0
        self._log_at = clock() + LOG_SECONDS

    def report(self, held: int, fetching: bool) -> None:
        """Set the metrics and, while there is a lag, log it now and then. `held` messages wait."""
        now = self._clock()
        if not fetching and now >= self._ask_at:
            self._asked = self._ask()
            self._ask_at = self._clock() + ASK_FOR_ENDS_SECONDS
        elif fetching and now >= self._ask_at + FORGET_SECONDS:
            self._asked = {}
        lags = self._lags()
        self._metrics.buffered.set(held)
        self._metrics.set_lags(lags)
        if self._clock() >= self._log_at:
            self._log_at = self._clock() + LOG_SECONDS
            if any(lags.values()):
                log.info(
                    "lag: %d messages of %s are not in the warehouse yet, %d of them are held here",
                    sum(lags.values()),
                    self._topic,
                    held,
                )

    def _lags(self) -> dict[int, int]:
        lags = {}
        for partition, stored in self._positions.stored.items():
            fetched = self._consumer.highwater(self._tp(partition))
            known = [end for end in (fetched, self._asked.get(partition)) if end is not None]
            if known:
                lags[partition] = max(0, max(known) - stored)
        return lags

    def _ask(self) -> dict[int, int]:
        partitions = [self._tp(each) for each in self._positions.stored]
        try:
            ends = (
                self._consumer.end_offsets(partitions, timeout_ms=ASK_FOR_ENDS_MS)
                if partitions
                else {}
            )
        except KafkaError as error:
            log.debug("the topic's ends are not known: %s", error)
            return self._asked
        return {each.partition: end for each, end in ends.items()}

    def _tp(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic, partition)


class SignOfLife:
    """When INGEST_OFFSETS has to be written although there is nothing to write.

    Seen from Snowflake alone, a shop that sells nothing and an ingester that does not run look the
    same. So a partition for which nothing was committed for `sign_of_life_seconds`
    takes part in a batch that leaves its offset as it is, behind the same fence, and moves
    UPDATED_AT. That says that the leader of the partition has just answered, and had nothing that
    is not in RAW yet.

    `committed_at` says when each partition was last committed by this ingester.
    """

    def __init__(
        self,
        config: IngesterConfig,
        consumer: Any,
        positions: Positions,
        committed_at: Mapping[int, float],
        clock: Callable[[], float],
    ) -> None:
        self._topic = config.topic
        self._seconds = config.sign_of_life_seconds
        self._patience = min(self._seconds, FIRST_SIGN_SECONDS)
        self._consumer = consumer
        self._positions = positions
        self._committed_at = committed_at
        self._clock = clock
        self._placed_at: dict[int, float] = {}
        self._asked_at = float("-inf")

    def due(self) -> bool:
        """Is there a partition for which nothing was committed for too long?"""
        now = self._clock()
        stored = self._positions.stored
        self._placed_at = {each: self._placed_at.get(each, now) for each in stored}
        if not self._seconds or now - self._asked_at < self._patience:
            return False
        return any(now >= self._due_at(each) for each in stored)

    def partitions(self) -> set[int]:
        """The partitions for which no message waits in Kafka, overdue or not: one batch for all.
        Asks their leaders; empty if one of them does not answer."""
        self._asked_at = self._clock()
        expected = self._positions.expected
        places = {TopicPartition(self._topic, each): each for each in expected}
        try:
            ends = self._consumer.end_offsets(list(places), timeout_ms=ASK_LEADERS_MS)
        except KafkaError as error:
            log.warning("no sign of life: the topic's end offsets are unknown: %s", error)
            return set()
        return {places[each] for each, end in ends.items() if end <= expected[places[each]]}

    def _due_at(self, partition: int) -> float:
        settled_at = self._placed_at[partition] + self._patience
        committed_at = self._committed_at.get(partition)
        if committed_at is None or committed_at < self._placed_at[partition]:
            return settled_at
        return max(settled_at, committed_at + self._seconds)
