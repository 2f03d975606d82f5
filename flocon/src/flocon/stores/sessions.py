"""The open sessions of an account, and the passes of procedures to them."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class OpenSession(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def number(self) -> int:
        """The id that clients know: on the wire a session's id is a whole number."""
        ...

    @property
    def user(self) -> str: ...


S = TypeVar("S", bound=OpenSession)


@dataclass
class _Pass:
    session_id: str
    redeemed: bool = False


class Sessions(Generic[S]):
    """Thread-safe."""

    def __init__(self) -> None:
        self._sessions: dict[str, S] = {}
        self._passes: dict[str, _Pass] = {}
        self._lock = threading.Lock()

    def add(self, session: S) -> None:
        with self._lock:
            self._sessions[session.id] = session

    def remove(self, session_id: str) -> None:
        with self._lock:
            self._sessions.pop(session_id, None)

    def all(self) -> list[S]:
        with self._lock:
            return list(self._sessions.values())

    def numbered(self, number: object) -> S | None:
        """The session by the number that its client knows it by."""
        return next((each for each in self.all() if str(each.number) == str(number)), None)

    # --- passes ------------------------------------------------------------------------------

    def issue_pass(self, session_id: str) -> str:
        """A password for one login that continues this session instead of opening another."""
        password = secrets.token_urlsafe(24)
        with self._lock:
            self._passes[password] = _Pass(session_id)
        return password

    def withdraw_pass(self, password: str) -> None:
        """The call is over: a login with this pass ends, too."""
        with self._lock:
            self._passes.pop(password, None)

    def redeem_pass(self, password: str) -> S | None:
        """The session that a pass is for; a pass is good for one login."""
        with self._lock:
            found = self._passes.get(password)
            if found is None or found.redeemed:
                return None
            found.redeemed = True
            return self._sessions.get(found.session_id)

    def has_pass(self, password: str) -> bool:
        """Is the call that got this pass still running?"""
        with self._lock:
            return password in self._passes

    @property
    def size(self) -> tuple[int, int]:
        """How many sessions, and how many passes."""
        with self._lock:
            return len(self._sessions), len(self._passes)
