"""The process's heap: few arenas, what is free goes back to the system, and the collector of cycles
looks seldom.

Answers of every size are made in dozens of threads. Left alone, glibc keeps an arena for each of
them and gives nothing back, so that the process grows for days though nothing in it does. Where
there is no glibc, `bound` and `trim` leave things as they are.

https://sourceware.org/glibc/manual/latest/html_node/Malloc-Tunable-Parameters.html
"""

import ctypes
import gc
import sys

_ARENA_MAX = -8
_ARENAS = 2
# A statement's trees are some ten thousand objects, and the cache keeps many of them: with Python's
# 700, the collector takes a twelfth of the time of statements that are new.
_COLLECTED_EVERY = 50_000


def bound() -> None:
    """Have threads share few arenas. For the start of a process, before its threads."""
    if libc := _glibc():
        libc.mallopt(_ARENA_MAX, _ARENAS)


def trim() -> None:
    """Give free memory back to the system."""
    if libc := _glibc():
        libc.malloc_trim(0)


def collect_seldom() -> None:
    """Have the collector of cycles look every 50,000 objects. What is there is not frozen: a
    library would say at the end that it has leaked."""
    gc.set_threshold(_COLLECTED_EVERY)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") else None
