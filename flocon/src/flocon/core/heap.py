"""The process's heap: few arenas, and what is free goes back to the system.

Answers of every size are made in dozens of threads. Left alone, glibc keeps an arena for each of
them and gives nothing back, so that the process grows for days though nothing in it does. Where
there is no glibc, both functions leave things as they are.

https://sourceware.org/glibc/manual/latest/html_node/Malloc-Tunable-Parameters.html
"""

import ctypes
import sys

_ARENA_MAX = -8
_ARENAS = 2


def bound() -> None:
    """Have threads share few arenas. For the start of a process, before its threads."""
    if libc := _glibc():
        libc.mallopt(_ARENA_MAX, _ARENAS)


def trim() -> None:
    """Give free memory back to the system."""
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") else None
