"""From polled messages to written batches: sorting, batching, and halving where data is refused."""

import logging
from collections import deque
from collections.abc import Callable, Iterable

from ingest.batch import Batch, Buffer, cut_batch, place_of
from ingest.config import IngesterConfig
from ingest.errors import DataRefused, Fatal
from ingest.messages import Message, RawRow, Reject, refused, sort_message, without_payload
from ingest.metrics import Metrics
from ingest.positions import Positions
from ingest.sink import Sink

log = logging.getLogger(__name__)


class Writer:
    """Holds messages in the order in which they came until the sink has taken them.

    When the sink raises Transient, the rows stay here and the next call tries them again. When it
    raises FenceLost, whoever calls must drop them: they have been written by somebody else.
    """

    def __init__(
        self,
        config: IngesterConfig,
        sink: Sink,
        positions: Positions,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._topic = config.topic
        self._max_bytes = config.batch_max_bytes
        self._sink = sink
        self._positions = positions
        self._metrics = metrics
        self._clock = clock
        self._buffer = Buffer(
            config.batch_max_events, config.batch_max_seconds, config.batch_max_bytes
        )
        # Rows that were taken from the buffer and are not written yet, in the order to write them.
        self._pending: deque[list[RawRow | Reject]] = deque()

    @property
    def held(self) -> int:
        """How many messages have been polled and are not written."""
        return len(self._buffer) + sum(map(len, self._pending))

    def add(self, messages: Iterable[Message]) -> None:
        self._buffer.add(messages, self._clock())

    def full(self) -> bool:
        return self._buffer.full()

    def due(self) -> bool:
        return bool(self._pending) or self._buffer.due(self._clock())

    def due_at(self) -> float | None:
        """The moment from which something is due, None while nothing is held."""
        return self._clock() if self._pending else self._buffer.due_at()

    def drop(self, partitions: set[int]) -> None:
        """Forget what is held for these partitions."""
        self._buffer.drop(partitions)
        kept = (
            [row for row in rows if place_of(row)[0] not in partitions] for rows in self._pending
        )
        self._pending = deque(rows for rows in kept if rows)

    def write_next(self) -> None:
        """Write one batch, the oldest that is held, due or not. Refused data takes several calls,
        so that whoever calls can look after Kafka in between."""
        if not self._pending and len(self._buffer):
            taken = self._buffer.take()
            self._pending.append([sort_message(each, self._max_bytes) for each in taken])
        if self._pending:
            self._write(self._pending[0])

    def _write(self, rows: list[RawRow | Reject]) -> None:
        batch = cut_batch(self._topic, rows, self._positions.stored)
        started = self._clock()
        try:
            self._sink.write(batch)
        except DataRefused as error:
            self._halve(str(error))
        else:
            self._pending.popleft()
            self._positions.written(batch.next_offsets)
            self._report(batch, self._clock() - started)

    def _halve(self, reason: str) -> None:
        """Narrow the refused rows down to the one that is at fault, and reject that one."""
        rows = self._pending.popleft()
        if len(rows) > 1:
            middle = len(rows) // 2
            self._pending.extendleft([rows[middle:], rows[:middle]])
            return
        row = rows[0]
        if isinstance(row, RawRow):
            log.warning("%s is refused by the warehouse: %s", row.message.place, reason)
            self._pending.appendleft([refused(row, reason)])
        elif row.payload is not None:
            log.warning("a payload is refused by the warehouse, and left out: %s", reason)
            self._pending.appendleft([without_payload(row, reason)])
        else:
            raise Fatal(
                f"REJECTED_EVENTS does not take the message at offset {row.offset} of partition"
                f" {row.partition} of {row.topic!r}: {reason}"
            )

    def _report(self, batch: Batch, seconds: float) -> None:
        self._metrics.wrote(batch, seconds)
        log.info(
            "wrote %d events and %d rejects of %s in %.0f ms: %s",
            len(batch.raw_rows),
            len(batch.rejects),
            batch.topic,
            seconds * 1000,
            " ".join(f"{each}:{old}-{new}" for each, (old, new) in sorted(batch.moves.items())),
        )
