"""Tasks as they are kept."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flocon.sql import schedule
from flocon.stores.documents import Documents

_HOUR_MS = 3_600_000

STARTED = "started"
SUSPENDED = "suspended"

_TIMES = (
    "created_on",
    "schedule_base",
    "last_committed_on",
    "last_suspended_on",
    "requested_at",
)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Task:
    """A task: what to run, when, after what, and how it stands.

    properties: by Snowflake's names, only those that were set. predecessors: names in the same
    schema. schedule_base: when it was resumed, the base of an interval. requested_at: an EXECUTE
    TASK that has not begun. failures: of each task of the graph, its failed runs in a row; kept by
    the root.
    """

    schema: str
    name: str
    definition: str
    owner: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    predecessors: tuple[str, ...] = ()
    condition: str | None = None
    state: str = SUSPENDED
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_on: datetime = field(default_factory=utc_now)
    schedule_base: datetime | None = None
    last_committed_on: datetime | None = None
    last_suspended_on: datetime | None = None
    last_suspended_reason: str | None = None
    requested_at: datetime | None = None
    graph_version: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)

    @property
    def started(self) -> bool:
        return self.state == STARTED

    @property
    def is_root(self) -> bool:
        return not self.predecessors

    @property
    def warehouse(self) -> str | None:
        return self.properties.get("WAREHOUSE")

    @property
    def schedule(self) -> schedule.Schedule | None:
        text = self.properties.get("SCHEDULE")
        return schedule.parse(text) if text else None

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
        """A root has an hour unless it says otherwise; a child may have none of its own."""
        default = _HOUR_MS if self.is_root else None
        return self.properties.get("USER_TASK_TIMEOUT_MS", default)

    @property
    def retries(self) -> int:
        return self.properties.get("TASK_AUTO_RETRY_ATTEMPTS", 0)

    @property
    def suspend_after(self) -> int:
        return self.properties.get("SUSPEND_TASK_AFTER_NUM_FAILURES", 10)

    def next_run(self, moment: datetime) -> datetime | None:
        """The first scheduled run later than `moment`; None without a schedule or suspended."""
        when = self.schedule
        if when is None or not self.started:
            return None
        return when.next_after(moment, self.schedule_base or self.created_on)


def _revived(fields: dict[str, Any]) -> Task:
    # Before the failures were counted for each task, they were one number.
    failures = fields["failures"] if isinstance(fields["failures"], dict) else {}
    return Task(**fields | {"predecessors": tuple(fields["predecessors"]), "failures": failures})


_TASKS = Documents("_account_tasks", _revived, _TIMES)

DDL = _TASKS.ddl
all_tasks = _TASKS.all
schema_tasks = _TASKS.in_schema
find = _TASKS.find
insert = _TASKS.insert
update = _TASKS.update
delete = _TASKS.delete
