"""How hard the connector compresses its requests, and with what.

It calls gzip at zlib's highest level, which is a third of an ingester's work on a backlog. ISA-L,
made for processors with vector instructions, takes a thirtieth of that at its level 1, and events
shrink to a sixth instead of a ninth.

The connector has no setting for it, so its module's own name for gzip is replaced. That is done
only in the versions that were looked at; another compresses as it likes, and all else is the same.
"""

import gzip
import logging
from types import SimpleNamespace

import snowflake.connector
from snowflake.connector import network

try:
    from isal import igzip
except ImportError:
    igzip = None  # type: ignore[assignment]  # it is optional

log = logging.getLogger(__name__)

# Of 0 to 3. At 3 it takes five times as long, and saves nothing.
LEVEL = 1
# Major and minor version: there network.py imports gzip and calls gzip.compress(data).
KNOWN_VERSIONS = ("4.7",)


def compress(data: bytes) -> bytes:
    return igzip.compress(data, LEVEL)


def install() -> bool:
    """Let the connector compress so, in this process; all else of gzip stays what it is.

    Returns False, and changes nothing, where there is no isal, or the connector is another than
    those known.
    """
    if igzip is None:
        return False
    version = str(snowflake.connector.__version__)
    is_known = ".".join(version.split(".")[:2]) in KNOWN_VERSIONS
    found = getattr(network, "gzip", None)
    if not is_known or getattr(found, "compress", None) not in (gzip.compress, compress):
        log.info("connector %s compresses requests by itself, which costs more CPU", version)
        return False
    names = {**vars(gzip), "compress": compress}
    network.gzip = SimpleNamespace(**names)  # type: ignore[assignment]  # in a module's place
    return True
