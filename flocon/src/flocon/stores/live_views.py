"""Views over what only the account knows: its own functions, and table functions of histories.

DuckDB cannot compute those. To it such a view is an empty one with the right columns, which
listings and DESCRIBE show; a statement that reads the view gets the view's own query in its place.
"""

from __future__ import annotations

import threading

from flocon.engine import Catalog
from flocon.sql.tokens import FullName

DDL = """
CREATE TABLE IF NOT EXISTS _account_live_views (
    schema_name VARCHAR, name VARCHAR, query VARCHAR
);
"""


class LiveViews:
    """The queries of all such views of an account, by full name. Thread-safe."""

    def __init__(self) -> None:
        self._queries: dict[FullName, str] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._queries)

    def open(self, catalog: Catalog) -> None:
        """Take in the views of a database that is opened."""
        rows = catalog.rows("SELECT schema_name, name, query FROM _account_live_views")
        with self._lock:
            for row in rows:
                name = FullName(catalog.database, row["schema_name"], row["name"])
                self._queries[name] = row["query"]

    def put(self, catalog: Catalog, view: FullName, query: str | None) -> None:
        """Note a view's query; None for a view that DuckDB can compute."""
        with self._lock:
            if query is None and view not in self._queries:
                return
            catalog.write(
                "DELETE FROM _account_live_views WHERE (schema_name, name) = (?, ?)",
                [view.schema, view.name],
            )
            self._queries.pop(view, None)
            if query is not None:
                row = [view.schema, view.name, query]
                catalog.write("INSERT INTO _account_live_views VALUES (?, ?, ?)", row)
                self._queries[view] = query

    def query_of(self, view: FullName) -> str | None:
        """A dropped view stays noted until another takes its name."""
        return self._queries.get(view)
