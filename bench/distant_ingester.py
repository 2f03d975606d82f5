"""The ingester, on its way to an account that takes its time for the statements of a batch.

    STATEMENT_MS=200 ROWS_MS=1000 python -m bench.distant_ingester --topic …

Takes the ingester's flags. It sleeps after each statement of a batch as long as such an account
would have held what the statement has locked.
"""

import os
import sys
import time
from typing import Any

from ingest import ingester
from ingest.config import IngesterConfig
from ingest.snowflake_sink import Connect

STATEMENT_MS = "STATEMENT_MS"
ROWS_MS = "ROWS_MS"
_ROWS = ("INSERT", "COPY")
_OTHERS = ("BEGIN", "UPDATE", "COMMIT")


class SlowCursor:
    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def execute(self, sql: str, *binds: Any, **options: Any) -> Any:
        words = sql.split(maxsplit=1)
        answer = self._cursor.execute(sql, *binds, **options)
        if words[0] in (*_ROWS, *_OTHERS):
            time.sleep(_milliseconds(ROWS_MS if words[0] in _ROWS else STATEMENT_MS) / 1000)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class SlowConnection:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def cursor(self) -> SlowCursor:
        return SlowCursor(self._connection.cursor())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def connector(config: IngesterConfig) -> Connect:
    connect = ingester.connector(config)

    def slow() -> Any:
        return SlowConnection(connect())

    return slow


def _milliseconds(name: str) -> int:
    return int(os.environ.get(name, "0"))


if __name__ == "__main__":
    sys.exit(ingester.main(connect_with=connector))
