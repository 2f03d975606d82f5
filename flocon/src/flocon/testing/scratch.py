"""Where tests keep what they do not look at afterwards."""

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2 * 1024**3


def keep_in_memory() -> None:
    """Put pytest's temporary folders into memory, where /dev/shm has 2 GiB free. Call it from
    `pytest_configure`; a PYTEST_DEBUG_TEMPROOT that is set stays.

    An account writes each commit through to the disk, which only a power cut asks for: tests that
    kill it see the same.
    """
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
