"""DuckDB and fakesnow behind one door: nothing else in this package imports them."""

from flocon.engine.catalog import HIDDEN_SCHEMA, Catalog
from flocon.engine.clock import NOW
from flocon.engine.connection import OF_THE_ENGINE, Connection
from flocon.engine.engine import Engine
from flocon.engine.failures import Conflict, translate
from flocon.engine.fast.statement_cache import TEXT, StatementCache
from flocon.engine.quoting import literal, quoted
from flocon.engine.rendering import Binds, used
from flocon.engine.types import compressed

__all__ = [
    "HIDDEN_SCHEMA",
    "NOW",
    "OF_THE_ENGINE",
    "TEXT",
    "Binds",
    "Catalog",
    "Conflict",
    "Connection",
    "Engine",
    "StatementCache",
    "compressed",
    "literal",
    "quoted",
    "translate",
    "used",
]
