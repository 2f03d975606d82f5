"""Folders of stages that clients may write to, or read from, over HTTP: what PUT and GET offer."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 3600.0
_MOST = 10_000


@dataclass(frozen=True)
class Transfer:
    folder: Path
    writes: bool
    until: float

    def file(self, name: str) -> Path | None:
        """The file of a name; None for one that leads elsewhere."""
        if "\0" in name:
            return None
        found = (self.folder / name).resolve()
        return found if found.is_relative_to(self.folder.resolve()) else None


class Transfers:
    """Thread-safe. An offer is good for an hour, as Snowflake's are."""

    def __init__(self) -> None:
        self._offers: OrderedDict[str, Transfer] = OrderedDict()
        self._lock = threading.Lock()

    def offer(self, folder: Path, *, writes: bool) -> str:
        """A token for the files in a folder."""
        token, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            while self._offers and next(iter(self._offers.values())).until < now:
                self._offers.popitem(last=False)
            while len(self._offers) >= _MOST:
                self._offers.popitem(last=False)
            self._offers[token] = Transfer(folder, writes, now + _SECONDS)
        return token

    def find(self, token: str) -> Transfer | None:
        with self._lock:
            found = self._offers.get(token)
        return found if found and found.until >= time.monotonic() else None
