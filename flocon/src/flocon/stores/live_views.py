"""Views over what only the account knows: its own functions, and table functions of histories.

DuckDB cannot compute those. To it such a view is an empty one with the right columns, which
listings and DESCRIBE show; a statement that reads the view gets the view's own query in its place.
"""

from __future__ import annotations

from flocon.engine import Catalog
from flocon.sql.tokens import FullName
from flocon.stores import notes


class LiveViews:
    """The queries of all such views of an account, by full name, as `notes` keep them."""

    def __init__(self) -> None:
        self._queries: dict[FullName, str] = {}

    def __len__(self) -> int:
        return len(self._queries)

    def open(self, catalog: Catalog) -> None:
        """Take in the views of a database that is opened."""
        for (schema, name), note in notes.every(catalog, "VIEW").items():
            self.put(FullName(catalog.database, schema, name), note.query)

    def put(self, view: FullName, query: str | None) -> None:
        """A view's query; None for a view that DuckDB can compute."""
        if query is None:
            self._queries.pop(view, None)
        else:
            self._queries[view] = query

    def query_of(self, view: FullName) -> str | None:
        """A dropped view stays known until another takes its name."""
        return self._queries.get(view)
