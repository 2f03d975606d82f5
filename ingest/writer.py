"""From polled messages to written batches: sorting, batching, and halving where data is refused."""

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from ingest.batch import Batch, Buffer, Held, Sink, coordinates_of, cut_batch, size_of
from ingest.config import IngesterConfig
from ingest.errors import DataRefused, Fatal
from ingest.fast.bind_rows import bound_row
from ingest.messages import Message, RawRow, Reject, refused, sort_message, twin, without_payload
from ingest.metrics import Metrics
from ingest.positions import Positions

log = logging.getLogger(__name__)


class Writer:
    """Holds messages in the order in which they came until the sink has taken them.

    A batch is on its way between `begin` and `finish`; meanwhile messages may be added, and their
    rows are made ready to be sent. Nothing else here knows what the write has done before
    `finish`. No more than `batch_max_bytes` are on their way, or `file_max_bytes` where the sink
    takes files, and the caller stops adding once the writer is full, which is at as many more: so
    it holds about twice as much at most.

    When the sink raises Transient, the rows stay here and the next call tries them again. When it
    raises FenceLost, the caller must drop them: another ingester has written them.
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
        self._file_min_bytes = config.file_min_bytes
        self._file_max_bytes = config.file_max_bytes
        self._max_seconds = config.batch_max_seconds
        self._positions = positions
        self._metrics = metrics
        self._clock = clock
        self._buffer = Buffer(
            config.batch_max_events, config.batch_max_seconds, config.batch_max_bytes
        )
        # Since when there are offsets without a message behind what is written.
        self._ahead_since: float | None = None
        # Rows that were taken from the buffer and are not written yet, in the order to write them:
        # those that are in flight, and those that wait for their turn.
        self._sent: list[Held] = []
        self._pending: deque[list[Held]] = deque()
        # In a backlog one file follows another, and rows need not be made ready for a statement.
        self._last_was_file = False
        self._sink = sink
        self._in_flight = InFlight(sink, clock)
        # When each partition last took part in a batch that was written.
        self.committed_at: dict[int, float] = {}
        self._signing = False

    @property
    def held(self) -> int:
        """How many messages have been polled and are not known to be written."""
        return len(self._buffer) + len(self._sent) + sum(map(len, self._pending))

    @property
    def writing(self) -> bool:
        """Is a batch in flight, or has it ended without `finish` having asked how?"""
        return bool(self._in_flight)

    @property
    def writing_seconds(self) -> float:
        """How long the write in flight has taken so far."""
        return self._in_flight.seconds

    @property
    def signing(self) -> bool:
        """Is what is in flight a sign of life alone, which changes no offset?"""
        return self.writing and self._signing

    def add(self, messages: Iterable[Message]) -> None:
        now = self._clock()
        bind = None if self._last_was_file else bound_row
        for message in messages:
            row = sort_message(message, self._max_bytes, bind)
            self._buffer.add(row, message.size, now)

    def full(self) -> bool:
        most = self._max_bytes
        if self._takes_files:
            most = max(most, self._file_max_bytes)
        return self._buffer.bytes >= most

    def due(self) -> bool:
        due_at = self.due_at()
        return due_at is not None and due_at <= self._clock()

    def due_at(self) -> float | None:
        """The moment from which something is due, None while there is nothing to write."""
        if self._pending:
            return self._clock()
        if self._ahead_since is not None and not len(self._buffer):
            return self._ahead_since + self._max_seconds
        return self._buffer.due_at()

    @property
    def unwritten(self) -> bool:
        """Is anything held, or has Kafka been read further than INGEST_OFFSETS says?"""
        return self.held > 0 or bool(self._positions.reached())

    def look_ahead(self) -> None:
        """While nothing is held: what has been read beyond the last message is due, too, in its
        time."""
        ahead = self.held == 0 and bool(self._positions.reached())
        if not ahead:
            self._ahead_since = None
        elif self._ahead_since is None:
            self._ahead_since = self._clock()

    def drop(self, partitions: set[int]) -> None:
        """Forget what is held for these partitions. Nothing may be in flight."""
        if self.writing:
            raise RuntimeError("what is in flight cannot be dropped")
        self._buffer.drop(partitions)
        kept = (
            [held for held in rows if coordinates_of(held.row)[0] not in partitions]
            for rows in self._pending
        )
        self._pending = deque(rows for rows in kept if rows)

    def write_next(self) -> None:
        """Write one batch, the oldest that is held, due or not: the one in flight, if there is one.
        Refused data takes several calls, so that the caller can look after Kafka in between."""
        if not self.writing:
            self.begin()
        self.finish()

    def begin(self, signs: Collection[int] = ()) -> None:
        """Send the oldest batch that is held on its way, due or not, and with it a sign of life for
        these partitions. Nothing may be in flight."""
        if not self._pending and len(self._buffer):
            files = self._takes_files and self._buffer.bytes >= self._file_min_bytes
            self._pending.append(
                self._buffer.take(self._file_max_bytes if files else self._max_bytes)
            )
        rows = self._pending[0] if self._pending else []
        as_file = self._goes_as_file(rows)
        if not as_file and size_of(rows) > self._max_bytes:
            rows = self._cut_first()
        # With nothing else held, all that Kafka has given out is in these rows.
        alone = len(self._pending) < 2 and not len(self._buffer)
        reached = self._positions.reached() if alone else {}
        if rows or reached or signs:
            positions = self._positions
            self._in_flight.start(
                cut_batch(
                    self._topic,
                    [held.row for held in rows],
                    positions.stored,
                    positions.topic_ids,
                    reached,
                    signs,
                    as_file,
                )
            )
            self._last_was_file = as_file
            self._signing = not rows and not reached
            self._sent = self._pending.popleft() if rows else []

    @property
    def _takes_files(self) -> bool:
        return self._file_max_bytes > 0 and self._sink.takes_files

    def _goes_as_file(self, rows: Sequence[Held]) -> bool:
        """Enough for a file, and more than one row of RAW: a row is rejected by the word of a plain
        INSERT alone."""
        if not self._takes_files:
            return False
        raw = [held for held in rows if isinstance(held.row, RawRow)]
        return len(raw) > 1 and size_of(raw) >= self._file_min_bytes

    def _cut_first(self) -> list[Held]:
        """Cut what is too much for a statement off the rows that are next; returns what is left."""
        rows = self._pending.popleft()
        left = self._max_bytes
        end = 0
        while end < len(rows) and (not end or left >= rows[end].size):
            left -= rows[end].size
            end += 1
        first, rest = rows[:end], rows[end:]
        if rest:
            self._pending.appendleft(rest)
        self._pending.appendleft(first)
        return first

    def landed(self, seconds: float = 0.0) -> bool:
        """Has a write that was in flight ended, or does it within these seconds?"""
        return self._in_flight.ended(seconds)

    def finish(self) -> None:
        """Wait for the write in flight, if there is one, and account for what it has done."""
        if not self.writing:
            return
        rows, self._sent = self._sent, []
        try:
            batch, seconds = self._in_flight.outcome()
        except DataRefused as error:
            self._halve(rows, str(error))
        except BaseException:
            if rows:
                self._pending.appendleft(rows)
            raise
        else:
            self._positions.written(batch.next_offsets)
            self.committed_at |= dict.fromkeys(batch.moves, self._clock())
            self._report(batch, seconds)

    def _halve(self, rows: list[Held], reason: str) -> None:
        """Narrow the refused rows down to the one that is at fault, and reject that one, unless it
        is the table that is at fault."""
        if len(rows) > 1:
            middle = len(rows) // 2
            self._pending.extendleft([rows[middle:], rows[:middle]])
            return
        [held] = rows
        row = held.row
        try:
            self._blame_the_table(row, reason)
        except BaseException:
            self._pending.appendleft(rows)
            raise
        if isinstance(row, RawRow):
            log.warning("%s is refused by the warehouse: %s", row.message.coordinates, reason)
            self._pending.appendleft([Held(refused(row, reason), held.size, held.came)])
        elif row.payload is not None:
            log.warning("a payload is refused by the warehouse, and left out: %s", reason)
            self._pending.appendleft([Held(without_payload(row, reason), held.size, held.came)])
        else:
            raise Fatal(
                f"REJECTED_EVENTS does not take the message at offset {row.offset} of partition"
                f" {row.partition} of {row.topic!r}: {reason}"
            )

    def _blame_the_table(self, row: RawRow | Reject, reason: str) -> None:
        """Raises Fatal if the warehouse also refuses a row of this shape without its data."""
        try:
            self._sink.try_out(Batch(self._topic, {}, [twin(row)]))
        except DataRefused as error:
            table = "RAW_EVENTS_STREAM" if isinstance(row, RawRow) else "REJECTED_EVENTS"
            partition, offset = coordinates_of(row)
            raise Fatal(
                f"{table} does not take rows as this application makes them: {reason}. The message"
                f" at offset {offset} of partition {partition} of {self._topic!r} is not to blame:"
                f" a row of that shape without its data is refused as well ({error}). Neither its"
                " row was written nor its offset moved; undo what was changed in the table"
                " (app/sql/02_tables.sql has its columns), then start again"
            ) from error

    def _report(self, batch: Batch, seconds: float) -> None:
        if not batch.rows and all(old == new for old, new in batch.moves.values()):
            log.info("nothing came: a sign of life for partitions %s", sorted(batch.moves))
            return
        if not batch.rows:
            moved = " ".join(
                f"{each}:{old}-{new}" for each, (old, new) in sorted(batch.moves.items())
            )
            log.info("no messages, only offsets without any, of %s: %s", batch.topic, moved)
            return
        self._metrics.wrote(batch, seconds)
        log.info(
            "wrote %d events and %d rejects of %s in %.0f ms%s: %s",
            len(batch.raw_rows),
            len(batch.rejects),
            batch.topic,
            seconds * 1000,
            " as a file" if batch.as_file else "",
            " ".join(f"{each}:{old}-{new}" for each, (old, new) in sorted(batch.moves.items())),
        )


class InFlight:
    """Starts a write, and hands over its outcome when asked; never two at a time.

    The thread touches the sink and the batch, and nothing else. Until the outcome has been taken,
    the sink must not be touched by anybody else.
    """

    def __init__(self, sink: Sink, clock: Callable[[], float]) -> None:
        self._sink = sink
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="write")
        self._write: tuple[Batch, Future[float]] | None = None
        self._started = 0.0

    def __bool__(self) -> bool:
        return self._write is not None

    def start(self, batch: Batch) -> None:
        if self._write is not None:
            raise RuntimeError("a write is in flight, and its outcome has not been taken")
        self._started = self._clock()
        self._write = batch, self._thread.submit(self._timed, batch)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return self._clock() - self._started

    def ended(self, seconds: float = 0.0) -> bool:
        """Has it ended, or does it within these seconds? False if no write is in flight."""
        return self._write is not None and bool(wait([self._write[1]], seconds).done)

    def outcome(self) -> tuple[Batch, float]:
        """Wait for its end, however long: the batch that is written now, and the seconds that it
        took. Raises what the sink has raised."""
        if self._write is None:
            raise RuntimeError("no write is in flight")
        batch, seconds = self._write
        wait([seconds])
        self._write = None
        return batch, seconds.result()

    def _timed(self, batch: Batch) -> float:
        started = self._clock()
        self._sink.write(batch)
        return self._clock() - started
