"""Tasks and alerts as they are kept: two kinds of job."""

import uuid
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import Any

from flocon.core.clock import utc_now
from flocon.engine import StoredObjects
from flocon.sql import schedule

_HOUR_MS = 3_600_000

STARTED = "started"
SUSPENDED = "suspended"


@dataclass(frozen=True)
class Job:
    """What runs by itself, as whom, when, and how it stands.

    properties: by Snowflake's names, only those that were set. parameters: of the session that it
    runs in. schedule_base: when it was resumed, the base of an interval. requested_at: an EXECUTE
    that has not begun.
    """

    schema: str
    name: str
    _: KW_ONLY
    owner: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    state: str = SUSPENDED
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_on: datetime = field(default_factory=utc_now)
    schedule_base: datetime | None = None
    requested_at: datetime | None = None

    @property
    def started(self) -> bool:
        return self.state == STARTED

    @property
    def is_root(self) -> bool:
        """Does it start by itself, and not after others?"""
        return True

    @property
    def warehouse(self) -> str | None:
        return self.properties.get("WAREHOUSE")

    @property
    def schedule(self) -> schedule.Schedule | None:
        text = self.properties.get("SCHEDULE")
        return schedule.parse(text) if text else None

    def next_run(self, after: datetime) -> datetime | None:
        """The first scheduled run later than `after`; None without a schedule or suspended."""
        when = self.schedule
        if when is None or not self.started:
            return None
        return when.next_after(after, self.schedule_base or self.created_on)


@dataclass(frozen=True)
class Task(Job):
    """definition: its statement. condition: its WHEN. predecessors: names in the same schema.
    failures: of each task of the graph, its failed runs in a row; kept by the root."""

    definition: str
    _: KW_ONLY
    predecessors: tuple[str, ...] = ()
    condition: str | None = None
    last_committed_on: datetime | None = None
    last_suspended_on: datetime | None = None
    last_suspended_reason: str | None = None
    graph_version: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_root(self) -> bool:
        return not self.predecessors

    @property
    def triggered(self) -> bool:
        """Does a stream start it, instead of a schedule?"""
        return (
            self.is_root
            and "SCHEDULE" not in self.properties
            and "SYSTEM$STREAM_HAS_DATA" in (self.condition or "").upper()
        )

    @property
    def trigger_seconds(self) -> int:
        return self.properties.get("USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS", 30)

    @property
    def timeout_ms(self) -> int | None:
        """A root's is an hour unless it sets another; None for a child that sets no limit."""
        default = _HOUR_MS if self.is_root else None
        return self.properties.get("USER_TASK_TIMEOUT_MS", default)

    @property
    def retries(self) -> int:
        return self.properties.get("TASK_AUTO_RETRY_ATTEMPTS", 0)

    @property
    def suspend_after(self) -> int:
        return self.properties.get("SUSPEND_TASK_AFTER_NUM_FAILURES", 10)


@dataclass(frozen=True)
class Alert(Job):
    """condition: the statement in EXISTS. action: the statement that runs where that answers rows.
    last_successful: the scheduled time of the last run whose condition could be evaluated.
    failures: failed runs in a row."""

    condition: str
    action: str
    _: KW_ONLY
    last_successful: datetime | None = None
    failures: int = 0
    auto_suspended: bool = False

    @property
    def suspend_after(self) -> int:
        """0 is never, the default."""
        return self.properties.get("SUSPEND_ALERT_AFTER_NUM_FAILURES", 0)


def _task(fields: dict[str, Any]) -> Task:
    # Before the failures were counted for each task, they were one number.
    failures = fields["failures"] if isinstance(fields["failures"], dict) else {}
    return Task(**fields | {"predecessors": tuple(fields["predecessors"]), "failures": failures})


_TIMES = ("created_on", "schedule_base", "requested_at")

TASKS = StoredObjects("TASK", _task, times=(*_TIMES, "last_committed_on", "last_suspended_on"))
ALERTS = StoredObjects("ALERT", lambda fields: Alert(**fields), times=(*_TIMES, "last_successful"))
