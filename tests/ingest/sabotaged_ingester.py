"""The ingester with a fault in its way to the warehouse, for tests to run as a process.

    python -m tests.ingest.sabotaged_ingester crash-before|crash-after|hang FLAGS…

The fault strikes at the second COMMIT: the process dies like after kill -9, just before the COMMIT
is sent or just after it took effect; or the answer never comes.
"""

import os
import sys
import threading
from typing import Any

from ingest import ingester
from ingest.config import IngesterConfig
from ingest.snowflake_sink import Connect


class Connection:
    def __init__(self, real: Any, fault: str) -> None:
        self._real = real
        self._fault = fault
        self.commits = 0

    def cursor(self) -> "Cursor":
        return Cursor(self, self._real.cursor(), self._fault)

    def close(self, retry: bool = True) -> None:
        self._real.close(retry=retry)


class Cursor:
    def __init__(self, connection: Connection, real: Any, fault: str) -> None:
        self._connection = connection
        self._real = real
        self._fault = fault

    def execute(self, sql: str, parameters: Any = ()) -> None:
        self._connection.commits += sql == "COMMIT"
        strikes = sql == "COMMIT" and self._connection.commits == 2
        if strikes and self._fault == "crash-before":
            os._exit(9)
        if strikes and self._fault == "hang":
            sys.stderr.write("hanging\n")
            threading.Event().wait()
        self._real.execute(sql, parameters)
        if strikes and self._fault == "crash-after":
            os._exit(9)

    def fetchall(self) -> list[Any]:
        return self._real.fetchall()

    @property
    def rowcount(self) -> int:
        return self._real.rowcount


def sabotaged(fault: str) -> Any:
    def connect_with(config: IngesterConfig) -> Connect:
        real = ingester.connector(config)
        return lambda: Connection(real(), fault)

    return connect_with


if __name__ == "__main__":
    sys.exit(ingester.main(sys.argv[2:], os.environ, sabotaged(sys.argv[1])))
