"""When INGEST_OFFSETS has to be written although there is nothing to write.

Who looks at Snowflake alone cannot tell a shop that sells nothing from an ingester that is not
there. So a partition of which nothing was committed for `sign_of_life_seconds` takes part in a
batch that leaves its offset as it is, behind the same fence, and moves UPDATED_AT. That says that
the leader of the partition has just answered, and had nothing that is not in RAW yet.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from ingest.config import IngesterConfig
from ingest.positions import Positions

log = logging.getLogger(__name__)

# An ingester that starts, or gets a partition, signs so soon; one that fails and starts over and
# over does not live so long. And so soon a leader that has not answered is asked again.
PATIENCE_SECONDS = 10.0
ASK_MS = 5_000


class SignOfLife:
    """`committed_at` says when each partition was last committed by this ingester."""

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
        self._patience = min(self._seconds, PATIENCE_SECONDS)
        self._consumer = consumer
        self._positions = positions
        self._committed_at = committed_at
        self._clock = clock
        self._placed_at: dict[int, float] = {}
        self._asked_at = float("-inf")

    def due(self) -> bool:
        """Is there a partition of which nothing was committed for too long?"""
        now = self._clock()
        stored = self._positions.stored
        self._placed_at = {each: self._placed_at.get(each, now) for each in stored}
        if not self._seconds or now - self._asked_at < self._patience:
            return False
        return any(now >= self._due_at(each) for each in stored)

    def partitions(self) -> set[int]:
        """The partitions of which nothing waits in Kafka, all that are placed, late or not: one
        batch for all. Asks their leaders; none where one of them does not answer."""
        self._asked_at = self._clock()
        expected = self._positions.expected
        places = {TopicPartition(self._topic, each): each for each in expected}
        try:
            ends = self._consumer.end_offsets(list(places), timeout_ms=ASK_MS)
        except KafkaError as error:
            log.warning("no sign of life: the topic's ends are not known: %s", error)
            return set()
        return {places[each] for each, end in ends.items() if end <= expected[places[each]]}

    def _due_at(self, partition: int) -> float:
        settled_at = self._placed_at[partition] + self._patience
        committed_at = self._committed_at.get(partition)
        if committed_at is None or committed_at < self._placed_at[partition]:
            return settled_at
        return max(settled_at, committed_at + self._seconds)
