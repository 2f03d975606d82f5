"""The engine's own reading of the statements that come again and again.

DuckDB reads a text each time that it is executed: 10 ms for the 20 kB of a pipeline's INSERT, a
quarter of what a small statement takes. What it has read it takes in the text's place.
"""

import threading
from collections import OrderedDict

import duckdb

# Characters of text: what is read of them takes 20 times as much memory.
_CHARACTERS = 1_000_000
_LONGEST = 100_000


class ParsedStatements:
    """The latest texts of an account's connections, as DuckDB has read them. Thread-safe."""

    def __init__(self, *, fast: bool) -> None:
        """fast: False keeps nothing."""
        self._fast = fast
        # None for a text that came once: most do not come again.
        self._parsed: OrderedDict[str, duckdb.Statement | None] = OrderedDict()
        self._characters = 0
        self._lock = threading.Lock()

    def of(self, connection: duckdb.DuckDBPyConnection, sql: str) -> str | duckdb.Statement:
        """What `execute` takes for a text: the statement as it was read, or the text itself."""
        if not self._fast or len(sql) > _LONGEST:
            return sql
        with self._lock:
            came = sql in self._parsed
            known = self._parsed.setdefault(sql, None)
            if came:
                self._parsed.move_to_end(sql)
            else:
                self._characters += len(sql)
            while self._characters > _CHARACTERS:
                self._characters -= len(self._parsed.popitem(last=False)[0])
        if known is not None or not came:
            return sql if known is None else known
        found = connection.extract_statements(sql)
        # A PIVOT is several to the engine, made of what it finds each time.
        if len(found) != 1 or found[0].type == duckdb.StatementType.MULTI:
            return sql
        with self._lock:
            if sql in self._parsed:
                self._parsed[sql] = found[0]
        return found[0]
