"""The one batch that may be on its way into the sink, on a thread of its own."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from ingest.batch import Batch
from ingest.sink import Sink


class InFlight:
    """Starts a write, and hands over its outcome to whoever asks for it; never two at once.

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
        """Has it ended, or does it within these seconds? False where there is none."""
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
