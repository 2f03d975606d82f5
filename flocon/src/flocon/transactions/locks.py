"""Locks: who changes rows of a table, or consumes a stream, excludes others until it ends.

UPDATE, DELETE, MERGE, TRUNCATE and INSERT OVERWRITE of one table exclude one another; INSERT and
COPY INTO run beside each other and beside them.
https://docs.snowflake.com/en/sql-reference/transactions#resource-locking
"""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from flocon.core import errors
from flocon.sql.tokens import FullName

_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Waiter:
    """Who asks for a lock. callers: transactions that cannot end before this one does."""

    owner: int
    patience: float
    callers: Collection[int] = ()
    cancelled: threading.Event = field(default_factory=threading.Event)


class Locks:
    """The locks of an account; an owner is a transaction. Thread-safe."""

    def __init__(self) -> None:
        self._owners: dict[FullName, int] = {}
        self._waited_for: dict[int, FullName] = {}
        self._condition = threading.Condition()

    def take(self, name: FullName, waiter: Waiter, blocked: Callable[[int], None]) -> None:
        """Hold the lock until `release`; blocked(owner) is called while another has it.

        Raises 000625 where it is not free in time or never will be, 000604 when cancelled.
        """
        deadline = time.monotonic() + waiter.patience
        try:
            while (owner := self._try(name, waiter)) is not None:
                if waiter.cancelled.is_set():
                    raise errors.SnowflakeError(errors.CANCELLED, "SQL execution canceled")
                if time.monotonic() > deadline:
                    raise _locked(name, "has not been released in time")
                blocked(owner)
        finally:
            with self._condition:
                self._waited_for.pop(waiter.owner, None)

    def _try(self, name: FullName, waiter: Waiter) -> int | None:
        """Take a free lock, or wait a little; returns who still has it."""
        with self._condition:
            if self._owners.setdefault(name, waiter.owner) == waiter.owner:
                return None
            self._waited_for[waiter.owner] = name
            if self._is_deadlock(name, waiter):
                raise _locked(name, "waits for this one: a deadlock")
            self._condition.wait(_LOOK_SECONDS)
            owner = self._owners.setdefault(name, waiter.owner)
            return None if owner == waiter.owner else owner

    def _is_deadlock(self, name: FullName, waiter: Waiter) -> bool:
        """Does the lock's owner wait, over whatever others, for this one?"""
        waited_for: FullName | None = name
        for _ in range(len(self._waited_for) + 1):
            owner = self._owners.get(waited_for) if waited_for else None
            if owner is None:
                return False
            if owner == waiter.owner or owner in waiter.callers:
                return True
            waited_for = self._waited_for.get(owner)
        return False

    def release(self, owner: int) -> None:
        """Give back all that it holds."""
        with self._condition:
            for name in [name for name, holder in self._owners.items() if holder == owner]:
                del self._owners[name]
            self._condition.notify_all()


def _locked(name: FullName, why: str) -> errors.SnowflakeError:
    return errors.SnowflakeError(
        errors.LOCKED,
        f"Statement was aborted because another transaction has a lock on '{name}' that {why}."
        " Run it again, or roll back.",
    )
