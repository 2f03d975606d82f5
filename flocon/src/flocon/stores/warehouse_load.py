"""How busy the warehouses are: the seconds that statements ran in each interval."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import time

from flocon.core import errors
from flocon.engine import Tables

DDL = """
CREATE TABLE IF NOT EXISTS _account_warehouse_load (
    warehouse VARCHAR, interval_number BIGINT, seconds DOUBLE
);
"""
INTERVAL = 5
KEPT_FOR = timedelta(days=14)
_TRIM_SECONDS = 3600


class WarehouseLoad:
    """Running time by warehouse and interval, as long as KEPT_FOR. Safe for threads.

    What has run since the last `save` is not in the tables yet.
    """

    def __init__(self, tables: Tables, clock: Callable[[], float] = time) -> None:
        self._tables = tables
        self._clock = clock
        self._lock = threading.Lock()
        self._unsaved: defaultdict[tuple[str, int], float] = defaultdict(float)
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
            for interval in range(int(started // INTERVAL), int(ended // INTERVAL) + 1):
                first, last = interval * INTERVAL, (interval + 1) * INTERVAL
                self._unsaved[warehouse, interval] += min(ended, last) - max(started, first)

    def save(self) -> None:
        """To be called now and then, and at the end."""
        with self._lock:
            unsaved = dict(self._unsaved)
            self._unsaved.clear()
        if unsaved:
            try:
                names, intervals = zip(*unsaved, strict=True)
                self._tables.write(
                    "INSERT INTO _account_warehouse_load SELECT unnest(?), unnest(?), unnest(?)",
                    [list(names), list(intervals), list(unsaved.values())],
                )
            except errors.SnowflakeError:
                with self._lock:
                    for key, seconds in unsaved.items():
                        self._unsaved[key] += seconds
                raise
        if (now := self._clock()) >= self._next_trim:
            self._next_trim = now + _TRIM_SECONDS
            self._tables.write(
                "DELETE FROM _account_warehouse_load WHERE interval_number < ?",
                [int((now - KEPT_FOR.total_seconds()) // INTERVAL)],
            )

    def history(
        self, warehouse: str, start: datetime, end: datetime, width: int
    ) -> list[tuple[datetime, datetime, float]]:
        """(start, end, load) of each interval of `width` seconds in which something ran.

        The load is the statements' running time over the interval's. Times are in UTC.
        """
        self.save()
        rows = self._tables.rows(
            "SELECT interval_number * ? // ? AS number, sum(seconds) AS seconds"
            " FROM _account_warehouse_load WHERE warehouse = ?"
            " AND interval_number * ? >= ? AND interval_number * ? < ? GROUP BY 1 ORDER BY 1",
            [INTERVAL, width, warehouse, INTERVAL, start.timestamp(), INTERVAL, end.timestamp()],
        )
        return [
            (
                _utc(row["number"] * width),
                _utc((row["number"] + 1) * width),
                row["seconds"] / width,
            )
            for row in rows
        ]


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
