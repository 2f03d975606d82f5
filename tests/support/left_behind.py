"""A run of tests leaves no program behind, also where kill -9 lets no fixture end one."""

import atexit
import functools

from app.caves.machine.watchdog import Watchdog


@functools.cache
def watchdog() -> Watchdog:
    """One for all programs of this process: they end with it at the latest."""
    made = Watchdog()
    atexit.register(made.close)
    return made
