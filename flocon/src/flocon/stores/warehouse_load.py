"""How busy the warehouses are: the seconds that statements ran in each interval."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import time

INTERVAL = 5
KEPT_FOR = timedelta(days=14)


class WarehouseLoad:
    """Running time by warehouse and interval, as long as KEPT_FOR. Safe for threads."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seconds: defaultdict[tuple[str, int], float] = defaultdict(float)
        self._next_trim = 0.0

    @contextmanager
    def running(self, warehouse: str | None) -> Iterator[None]:
        """A statement that runs on a warehouse, until the block's end."""
        started = self._clock()
        try:
            yield
        finally:
            if warehouse is not None:
                self._add(warehouse, started, self._clock())

    def _add(self, warehouse: str, started: float, ended: float) -> None:
        with self._lock:
            if ended >= self._next_trim:
                self._trim(ended)
            for interval in range(int(started // INTERVAL), int(ended // INTERVAL) + 1):
                first, last = interval * INTERVAL, (interval + 1) * INTERVAL
                self._seconds[warehouse, interval] += min(ended, last) - max(started, first)

    def _trim(self, now: float) -> None:
        oldest = int((now - KEPT_FOR.total_seconds()) // INTERVAL)
        for key in [key for key in self._seconds if key[1] < oldest]:
            del self._seconds[key]
        self._next_trim = now + 3600

    def history(
        self, warehouse: str, start: datetime, end: datetime, width: int
    ) -> list[tuple[datetime, datetime, float]]:
        """(start, end, load) of each interval of `width` seconds in which something ran.

        The load is the statements' running time over the interval's. Times are in UTC.
        """
        loads: defaultdict[int, float] = defaultdict(float)
        with self._lock:
            for (name, interval), seconds in self._seconds.items():
                if name == warehouse and start.timestamp() <= interval * INTERVAL < end.timestamp():
                    loads[interval * INTERVAL // width] += seconds
        return [
            (_utc(number * width), _utc((number + 1) * width), seconds / width)
            for number, seconds in sorted(loads.items())
        ]


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
