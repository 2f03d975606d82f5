"""Who may log in, and the logins: each has a token, and ends when its client is silent.

Snowflake ends a session that sends nothing for four hours.
https://docs.snowflake.com/en/user-guide/session-policies
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flocon.core import errors
from flocon.core.errors import SnowflakeError
from flocon.session.session import Session
from flocon.stores.sessions import Sessions

IDLE_SECONDS = 4 * 3600.0
_REMEMBERED = 1_000


@dataclass(frozen=True)
class Credentials:
    """The account's one user and password; without a password any will do."""

    user: str = "LOCAL"
    password: str | None = field(default=None, repr=False)

    @property
    def required(self) -> bool:
        return self.password is not None

    def check(self, user: str, password: str) -> None:
        """Raises 390100 for a wrong user or password, and does not say which of the two."""
        if self.password is None:
            return
        # Both are compared, each in a time that does not depend on where it differs.
        right_user = _same(user.upper(), self.user.upper())
        right_password = _same(password, self.password)
        if not (right_user and right_password):
            raise SnowflakeError(
                errors.WRONG_PASSWORD, "Incorrect username or password was specified."
            )


@dataclass
class Login:
    """One client's way to its session. A procedure's login continues its caller's session, as
    long as its pass is good; running counts its statements of this moment. files_address: see
    `session.context.Context`."""

    session: Session
    procedure_pass: str | None = None
    files_address: str | None = None
    running: int = 0
    last_used: float = field(default_factory=time.monotonic)

    @property
    def nested(self) -> bool:
        return self.procedure_pass is not None


class Logins:
    """Tokens and whose they are. Thread-safe."""

    def __init__(self, sessions: Sessions[Session], idle_seconds: float = IDLE_SECONDS) -> None:
        self._sessions = sessions
        self._idle_seconds = idle_seconds
        self._logins: dict[str, Login] = {}
        # Tokens that were good once: their clients are told that they have expired.
        self._expired: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._logins)

    def open(
        self,
        session: Session,
        procedure_pass: str | None = None,
        files_address: str | None = None,
    ) -> str:
        """The token of a new login."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._logins[token] = Login(session, procedure_pass, files_address)
        return token

    def find(self, token: str) -> Login:
        """Raises 390104 for an unknown token, 390114 for one that has expired."""
        with self._lock:
            login = self._logins.get(token)
            if login and self._is_over(login):
                del self._logins[token]
                login = None
            if login is None:
                raise _expired() if token in self._expired else _unknown()
            login.last_used = time.monotonic()
            return login

    @contextmanager
    def at_work(self, login: Login) -> Iterator[None]:
        """A login with a running statement is not idle, however long that takes."""
        with self._lock:
            login.running += 1
        try:
            yield
        finally:
            with self._lock:
                login.running -= 1
                login.last_used = time.monotonic()

    def end(self, token: str) -> Session | None:
        """Forget a login; returns the session that ends with it."""
        with self._lock:
            login = self._logins.pop(token, None)
        return login.session if login and not login.nested else None

    def sweep(self) -> None:
        """End what no client will come back to: idle logins, and those of calls that are over."""
        limit = time.monotonic() - self._idle_seconds
        with self._lock:
            over = [token for token, login in self._logins.items() if self._is_over(login)]
            idle = {
                token: login.session
                for token, login in self._logins.items()
                if not login.nested and not login.running and login.last_used < limit
            }
            for token in (*over, *idle):
                del self._logins[token]
            self._expired.update(dict.fromkeys(idle))
            while len(self._expired) > _REMEMBERED:
                self._expired.popitem(last=False)
        for session in idle.values():
            session.close()

    def _is_over(self, login: Login) -> bool:
        """Is its call over? What the process still sends must not reach the caller's session."""
        return login.nested and not self._sessions.has_pass(login.procedure_pass or "")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def _unknown() -> SnowflakeError:
    return SnowflakeError(
        errors.UNKNOWN_SESSION,
        "Session no longer exists. New login required to access the service.",
    )


def _expired() -> SnowflakeError:
    return SnowflakeError(
        errors.EXPIRED_TOKEN, "Authentication token has expired. The user must authenticate again."
    )
