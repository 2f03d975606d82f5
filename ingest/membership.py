"""A member that its consumer group gives no answer, and how it gets out of that.

A JoinGroup is answered within the group's rebalance. Some brokers can lose a group's leader and
then keep every member waiting for ever (Tansu 0.6.0 does: docs/guarantees.md). Leaving does not
help there, for the group remembers; so its deletion is asked for. Kafka refuses that while others
are members, Tansu does not, and nothing rests on it: whoever is thrown out joins anew, and reads on
where INGEST_OFFSETS says; the fence decides between two who believe they have a partition. With
a cooperative assignor there is no such way out: use an eager one, as by default, with Tansu.
"""

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from kafka import KafkaConsumer

# A healthy group has waited out a dead member after one session timeout, and needs one rebalance
# more. Beyond that, rejoining costs nobody anything.
PATIENCE_SESSIONS = 5
DEFAULT_SESSION_MS = KafkaConsumer.DEFAULT_CONFIG["session_timeout_ms"]


class Membership:
    """Since when this member waits for the group's answer. Having been given no partitions, with
    more members than partitions, is an answer."""

    def __init__(self, kafka: Mapping[str, Any], clock: Callable[[], float]) -> None:
        session_ms = kafka.get("session_timeout_ms") or DEFAULT_SESSION_MS
        # A cooperative rebalance that gives nothing, or takes only, is told to nobody.
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
