"""The ingester, with figures: the same program, whose calls of the connector are timed.

    python -m bench.measured_ingester --idle-exit 1 … > figures.json

Takes the ingester's flags; in WATCHED_PIDS the processes whose CPU seconds count as well; in EVENTS
after how many to leave (default: when idle). The figures are those between the last reading of
INGEST_OFFSETS before the first batch and the last commit: starting, joining the group and waiting
for the idle exit are left out.
"""

import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from snowflake.connector import network

from bench import harness
from ingest import ingester
from ingest.config import IngesterConfig
from ingest.fast import connector_gzip
from ingest.snowflake_sink import Connect

WATCHED = "WATCHED_PIDS"
WANTED = "EVENTS"


@dataclass
class Figures:
    """Seconds, CPU seconds of this process, its connector and the watched ones, and counts."""

    watched: list[int] = field(default_factory=list)
    wanted: int = 0
    events: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    connector: float = 0.0
    others: list[float] = field(default_factory=list)
    statements: int = 0
    batches: int = 0
    bytes: int = 0
    compressed: int = 0
    _begun: tuple[float, float, list[float]] | None = None
    _inserted: int = 0

    def begin(self) -> None:
        """From here on; what was counted before is forgotten."""
        self._begun = (time.monotonic(), time.process_time(), self._others())
        self.connector, self.statements, self.batches = 0.0, 0, 0
        self.bytes, self.compressed = 0, 0

    def inserted(self, rows: int) -> None:
        self._inserted += rows

    def committed(self) -> None:
        """Up to here."""
        if self._begun is None:
            return
        started, cpu, others = self._begun
        self.batches += 1
        self.events += self._inserted
        self._inserted = 0
        self.seconds = time.monotonic() - started
        self.cpu = time.process_time() - cpu
        self.others = [now - then for now, then in zip(self._others(), others, strict=True)]

    def _others(self) -> list[float]:
        return [harness.cpu_seconds(pid) for pid in self.watched]

    def as_json(self) -> str:
        public = {name: each for name, each in vars(self).items() if not name.startswith("_")}
        return json.dumps(public)


class MeasuredCursor:
    def __init__(self, cursor: Any, figures: Figures) -> None:
        self._cursor = cursor
        self._figures = figures
        self._copies = False

    def execute(self, sql: str, *binds: Any, **options: Any) -> Any:
        self._copies = sql.lstrip().startswith("COPY")
        if "INGEST_OFFSETS o\nWHERE" in sql and not self._figures.batches:
            answer = self._cursor.execute(sql, *binds, **options)
            self._figures.begin()
            return answer
        started = time.thread_time()
        try:
            return self._cursor.execute(sql, *binds, **options)
        finally:
            self._figures.connector += time.thread_time() - started
            self._figures.statements += 1
            if sql.lstrip().startswith("INSERT"):
                self._figures.inserted(self._cursor.rowcount or 0)
            elif sql == "COMMIT":
                self._figures.committed()
                if 0 < self._figures.wanted <= self._figures.events:
                    os.kill(os.getpid(), signal.SIGTERM)
                    self._figures.wanted = 0

    def fetchall(self) -> Any:
        started = time.thread_time()
        try:
            answer = self._cursor.fetchall()
            if self._copies:
                self._figures.inserted(sum(each[3] for each in answer))
            return answer
        finally:
            self._figures.connector += time.thread_time() - started

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class MeasuredConnection:
    def __init__(self, connection: Any, figures: Figures) -> None:
        self._connection = connection
        self._figures = figures

    def cursor(self) -> MeasuredCursor:
        return MeasuredCursor(self._connection.cursor(), self._figures)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def main() -> int:
    pids = os.environ.get(WATCHED, "")
    wanted = int(os.environ.get(WANTED, "0"))
    figures = Figures([int(pid) for pid in pids.split(",") if pid], wanted)

    def compress(data: bytes) -> bytes:
        packed = connector_gzip.compress(data)
        figures.bytes += len(data)
        figures.compressed += len(packed)
        return packed

    def connector(config: IngesterConfig) -> Connect:
        connect = ingester.connector(config)
        network.gzip = SimpleNamespace(compress=compress)  # type: ignore[assignment]  # and counts

        def measured() -> Any:
            return MeasuredConnection(connect(), figures)

        return measured

    code = ingester.main(connect_with=connector)
    sys.stdout.write(figures.as_json() + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
