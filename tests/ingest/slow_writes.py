"""An ingester alone whose warehouse takes its time: what happens while a write is in flight."""

import threading
from collections.abc import Callable, Sequence

from kafka import TopicPartition

from ingest.batch import Batch, Stored
from tests.ingest.fakes import ORDER, FakeConsumer, FakeSink, Record
from tests.ingest.isolated_ingester import IsolatedIngester

PATIENCE_SECONDS = 5.0
# So long a write takes at most where it need not wait for anything else to happen.
SHORT_SECONDS = 0.003

Log = dict[int, dict[int, bytes | None]]


class SlowSink(FakeSink):
    """The next write after `slow()` ends when it is let go. To close or to ask it meanwhile is an
    error, as it is to write."""

    def __init__(self, offsets: dict[int, int] | None = None) -> None:
        super().__init__(offsets)
        self._gate = threading.Event()
        self._gate.set()
        self.busy = False
        self.patient = True
        self.faults: list[str] = []

    @property
    def in_flight(self) -> bool:
        return self.busy and not self._gate.is_set()

    def slow(self) -> None:
        self._gate.clear()

    def let_go(self) -> None:
        self._gate.set()

    def write(self, batch: Batch) -> None:
        self._alone("write")
        self.busy = True
        try:
            seconds = PATIENCE_SECONDS if self.patient else SHORT_SECONDS
            let_go = self._gate.wait(seconds)
            assert let_go or not self.patient, "nothing else happened during the write"
            super().write(batch)
        finally:
            self.busy = False

    def read_stored(self, topic: str, partitions: set[int]) -> dict[int, Stored]:
        self._alone("read_stored")
        return super().read_stored(topic, partitions)

    def name_topic(self, topic: str, topic_id: str) -> None:
        self._alone("name_topic")
        super().name_topic(topic, topic_id)

    def try_out(self, batch: Batch) -> None:
        self._alone("try_out")
        super().try_out(batch)

    def close(self) -> None:
        self._alone("close")
        super().close()

    def _alone(self, what: str) -> None:
        if self.busy:
            self.faults.append(f"{what} during a write")


class AttentiveConsumer(FakeConsumer):
    """Calls `before` before each poll that may bring something."""

    def __init__(self, log: Log, before: Callable[[], None]) -> None:
        super().__init__(log)
        self._before = before

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Record]]:
        if self._assigned:
            self._before()
        return super().poll(timeout_ms)


class SlowlyWritingIngester(IsolatedIngester):
    """The first write is slow. Before each poll during it, the next of `meanwhile` happens; soon
    after the last, the write is let go."""

    def __init__(
        self,
        log: Log,
        *flags: str,
        offsets: dict[int, int] | None = None,
        sink: SlowSink | None = None,
    ) -> None:
        self.slow_sink = sink or SlowSink(offsets)
        super().__init__(log, self.slow_sink, *flags)
        self._meanwhile: list[Callable[[], None]] = []
        self._anyhow = False

    def consumer_of(self, log: Log) -> FakeConsumer:
        return AttentiveConsumer(log, self._before_poll)

    def run_slowly(
        self, *meanwhile: Callable[[], None], polls: int = 20, all_of_it: bool = True
    ) -> int:
        """How much of `meanwhile` did not happen; it is an error unless that was expected."""
        self.slow_sink.slow()
        return self._run(meanwhile, polls, all_of_it)

    def run_anyhow(self, *happenings: Callable[[], None], polls: int) -> None:
        """The happenings come before any poll, whatever is in flight; `slow` is only a while."""
        self._anyhow = True
        self.slow_sink.patient = False
        self._run(happenings, polls)

    def let_go_soon(self, seconds: float = 0.003) -> None:
        """From another thread: what happens now has to wait for the write."""
        threading.Timer(seconds, self.slow_sink.let_go).start()

    def arrive(self, *offsets: int, partition: int = 0) -> None:
        """Messages that can be told apart."""
        self.consumer.log[partition].update({each: marked(each) for each in offsets})

    def _run(
        self, meanwhile: Sequence[Callable[[], None]], polls: int, all_of_it: bool = True
    ) -> int:
        self._meanwhile = list(meanwhile)
        self.run(polls)
        assert self.slow_sink.faults == []
        assert not (all_of_it and self._meanwhile)
        return len(self._meanwhile)

    def _before_poll(self) -> None:
        if not self._anyhow and not self.slow_sink.in_flight:
            return
        try:
            if self._meanwhile:
                self._meanwhile.pop(0)()
        finally:
            # Not before the last has happened: what waits for the write lets it go itself.
            if not self._meanwhile:
                self.let_go_soon()


def marked(offset: int) -> bytes:
    return ORDER + b" " * offset
