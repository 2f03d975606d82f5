"""How hard the connector compresses its requests.

It calls gzip at zlib's highest level, which is a third of an ingester's work on a backlog. The
lowest takes an eighth of the time, and events shrink to a sixth instead of a ninth.
"""

import gzip
from types import SimpleNamespace

from snowflake.connector import network

LEVEL = 1


def compress(data: bytes) -> bytes:
    return gzip.compress(data, LEVEL)


def install() -> None:
    """Let the connector compress so, in this process; all else of gzip stays what it is."""
    names = {**vars(gzip), "compress": compress}
    network.gzip = SimpleNamespace(**names)  # type: ignore[assignment]  # in a module's place
