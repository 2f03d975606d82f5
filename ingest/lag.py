"""How far the warehouse is behind the topic, for metrics and for the log."""

import logging
from collections.abc import Callable
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from ingest.metrics import Metrics
from ingest.positions import Positions

log = logging.getLogger(__name__)

ASK_SECONDS = 10.0
ASK_MS = 2_000
# After so long without asking, the fetches since tell enough.
FORGET_SECONDS = 60.0
LOG_SECONDS = 30.0


class Lag:
    """Offsets between INGEST_OFFSETS and the ends of the partitions.

    Each fetch tells of the ends; while nothing is fetched, because the buffer is full or the
    warehouse is away, the brokers are asked every ASK_SECONDS.
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
            self._ask_at = self._clock() + ASK_SECONDS
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
            ends = self._consumer.end_offsets(partitions, timeout_ms=ASK_MS) if partitions else {}
        except KafkaError as error:
            log.debug("the topic's ends are not known: %s", error)
            return self._asked
        return {each.partition: end for each, end in ends.items()}

    def _tp(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic, partition)
