"""Where tests keep what they do not look at afterwards."""

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2 * 1024**3


def keep_in_memory() -> None:
    """Let pytest's temporary folders be in memory, where this machine has such a folder with room.

    An account writes each commit through to the disk, which a kill -9 does not ask for: what tests
    see is the same. To be called from `pytest_configure`; PYTEST_DEBUG_TEMPROOT says it otherwise.
    """
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
