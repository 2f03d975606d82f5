"""Alerts as they are kept."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flocon.jobs.task_store import STARTED, SUSPENDED, utc_now
from flocon.sql import schedule
from flocon.stores.documents import Documents

_TIMES = ("created_on", "schedule_base", "requested_at", "last_successful")


@dataclass(frozen=True)
class Alert:
    """What to look for, what to do then, when, and how it stands.

    properties: by Snowflake's names, only those that were set. schedule_base: when it was resumed,
    the base of an interval. requested_at: an EXECUTE ALERT that has not begun. failures: failed
    runs in a row. last_successful: the scheduled time of the last run whose condition could be
    evaluated.
    """

    schema: str
    name: str
    condition: str
    action: str
    owner: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    state: str = SUSPENDED
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_on: datetime = field(default_factory=utc_now)
    schedule_base: datetime | None = None
    requested_at: datetime | None = None
    last_successful: datetime | None = None
    failures: int = 0
    auto_suspended: bool = False

    @property
    def started(self) -> bool:
        return self.state == STARTED

    @property
    def warehouse(self) -> str | None:
        return self.properties.get("WAREHOUSE")

    @property
    def suspend_after(self) -> int:
        """0 is never, the default."""
        return self.properties.get("SUSPEND_ALERT_AFTER_NUM_FAILURES", 0)

    def next_run(self, moment: datetime) -> datetime | None:
        """The first scheduled run later than `moment`; None while it is suspended."""
        if not self.started:
            return None
        base = self.schedule_base or self.created_on
        return schedule.parse(self.properties["SCHEDULE"]).next_after(moment, base)


_ALERTS = Documents("_account_alerts", lambda fields: Alert(**fields), _TIMES)

DDL = _ALERTS.ddl
all_alerts = _ALERTS.all
find = _ALERTS.find
insert = _ALERTS.insert
update = _ALERTS.update
delete = _ALERTS.delete
