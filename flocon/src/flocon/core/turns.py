"""Which scheduled moments of tasks and alerts have come, each told once."""

from collections.abc import Container
from datetime import datetime
from typing import Protocol

# A place: database, schema, name.
Key = tuple[str, str, str]


class Scheduled(Protocol):
    """Something with a schedule, which counts from the moment that it was resumed."""

    @property
    def started(self) -> bool: ...

    @property
    def schedule_base(self) -> datetime | None: ...

    def next_run(self, moment: datetime) -> datetime | None: ...


class Turns:
    """Up to which moment the turns of each schedule are done, for its present base.

    Moments that passed before `since`, or between two looks, give one turn at most.
    """

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._done_until: dict[Key, tuple[datetime | None, datetime]] = {}

    def keep(self, keys: Container[Key]) -> None:
        """Forget all others: they were dropped."""
        self._done_until = {
            key: done_until for key, done_until in self._done_until.items() if key in keys
        }

    def due(self, key: Key, item: Scheduled, now: datetime) -> datetime | None:
        """The scheduled moment that has come since the last look."""
        if not item.started:
            self._done_until.pop(key, None)
            return None
        base, done_until = self._done_until.get(key, (None, self._since))
        if base != item.schedule_base:
            done_until = max(item.schedule_base or done_until, self._since)
        moment = item.next_run(done_until)
        is_due = moment is not None and moment <= now
        self._done_until[key] = (item.schedule_base, now if is_due else done_until)
        return moment if is_due else None
