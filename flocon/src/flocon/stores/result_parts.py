"""The parts of large answers that clients fetch by themselves: files, good for six hours, as
Snowflake's are.

https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-distributed-fetch
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 6 * 3600.0
_MOST_BYTES = 4 * 1024**3


@dataclass(frozen=True)
class Part:
    """So many rows in one of the forms in which they travel."""

    rows: int
    content: bytes


@dataclass(frozen=True)
class Kept:
    """The parts of one answer. key: what who fetches them has to know. sizes: their rows and
    bytes."""

    name: str
    key: str
    sizes: tuple[tuple[int, int], ...]
    until: float

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.sizes)


class ResultParts:
    """Thread-safe. Of too many bytes the oldest answers' go, and none outlives the account."""

    def __init__(
        self, folder: Path, seconds: float = _SECONDS, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._folder = folder
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()
        shutil.rmtree(folder, ignore_errors=True)

    def keep(self, parts: Iterable[Part]) -> Kept:
        """Write them to files."""
        name = secrets.token_hex(8)
        sizes: list[tuple[int, int]] = []
        folder = self._folder / name
        try:
            for number, part in enumerate(parts):
                if not sizes:
                    self._folder.mkdir(mode=0o700, exist_ok=True)
                    folder.mkdir(mode=0o700)
                (folder / str(number)).write_bytes(part.content)
                sizes.append((part.rows, len(part.content)))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        until = time.monotonic() + self._seconds
        kept = Kept(name, secrets.token_urlsafe(32), tuple(sizes), until)
        if sizes:
            with self._lock:
                self._kept[name] = kept
        self.sweep()
        return kept

    def read(self, name: str, number: int, key: str) -> bytes | None:
        """A part of an answer; None where it is gone, and for who does not know the key."""
        with self._lock:
            kept = self._kept.get(name)
        if kept is None or not secrets.compare_digest(kept.key.encode(), key.encode()):
            return None
        try:
            return (self._folder / name / str(number)).read_bytes()
        except OSError:
            return None

    def state(self) -> dict[str, int]:
        """How much there is, in numbers."""
        with self._lock:
            return {"result parts KB": sum(kept.bytes for kept in self._kept.values()) // 1024}

    def sweep(self) -> None:
        """Remove those whose time is over, and the oldest of too many."""
        now, gone = time.monotonic(), []
        with self._lock:
            size = sum(kept.bytes for kept in self._kept.values())
            while self._kept:
                oldest = next(iter(self._kept.values()))
                if oldest.until >= now and (size <= self._most_bytes or len(self._kept) == 1):
                    break
                size -= oldest.bytes
                gone.append(self._kept.popitem(last=False)[0])
        for name in gone:
            shutil.rmtree(self._folder / name, ignore_errors=True)
