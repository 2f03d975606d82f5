"""DuckDB and fakesnow behind one door: nothing else in this package imports them."""

from local.engine.catalog import HIDDEN_SCHEMA, Catalog
from local.engine.clock import NOW
from local.engine.connection import OF_THE_ENGINE, Connection
from local.engine.engine import Engine
from local.engine.failures import Conflict, translate
from local.engine.quoting import literal, quoted
from local.engine.rendering import TEXT, Binds, used
from local.engine.types import compressed

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
    "compressed",
    "literal",
    "quoted",
    "translate",
    "used",
]
