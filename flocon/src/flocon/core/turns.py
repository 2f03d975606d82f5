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
    """Up to which moment each schedule has been seen to, for its present base.

    Moments that passed before `since`, or while nobody looked, give one turn at most.
    """

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._seen: dict[Key, tuple[datetime | None, datetime]] = {}

    def keep(self, keys: Container[Key]) -> None:
        """Forget all others: they were dropped."""
        self._seen = {key: seen for key, seen in self._seen.items() if key in keys}

    def due(self, key: Key, item: Scheduled, now: datetime) -> datetime | None:
        """The scheduled moment that has come since the last look."""
        if not item.started:
            self._seen.pop(key, None)
            return None
        base, seen = self._seen.get(key, (None, self._since))
        if base != item.schedule_base:
            seen = max(item.schedule_base or seen, self._since)
        moment = item.next_run(seen)
        is_due = moment is not None and moment <= now
        self._seen[key] = (item.schedule_base, now if is_due else seen)
        return moment if is_due else None
