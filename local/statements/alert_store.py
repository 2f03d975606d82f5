"""Alerts as they are kept: one row each, the whole definition and state in one document."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from local import schedule
from local.statements.task_store import STARTED, SUSPENDED, Catalog, utc_now

DDL = """
CREATE TABLE IF NOT EXISTS _account_alerts (
    "schema" VARCHAR, name VARCHAR, document VARCHAR
);
"""

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


def all_alerts(catalog: Catalog) -> list[Alert]:
    """Every alert of a database, by schema and name."""
    rows = catalog.rows('SELECT document FROM _account_alerts ORDER BY "schema", name')
    return [_read(row["document"]) for row in rows]


def find(catalog: Catalog, schema: str, name: str) -> Alert | None:
    rows = catalog.rows(
        'SELECT document FROM _account_alerts WHERE "schema" = ? AND name = ?', [schema, name]
    )
    return _read(rows[0]["document"]) if rows else None


def insert(catalog: Catalog, alert: Alert) -> None:
    """The caller holds the account's lock and knows that the name is free."""
    catalog.write(
        "INSERT INTO _account_alerts VALUES (?, ?, ?)", [alert.schema, alert.name, _document(alert)]
    )


def update(catalog: Catalog, alert: Alert) -> None:
    """The caller holds the account's lock and has read the alert under it."""
    catalog.write(
        'UPDATE _account_alerts SET document = ? WHERE "schema" = ? AND name = ?',
        [_document(alert), alert.schema, alert.name],
    )


def delete(catalog: Catalog, alert: Alert) -> None:
    catalog.write(
        'DELETE FROM _account_alerts WHERE "schema" = ? AND name = ?', [alert.schema, alert.name]
    )


def _document(alert: Alert) -> str:
    fields = asdict(alert)
    for name in _TIMES:
        fields[name] = fields[name] and fields[name].isoformat()
    return json.dumps(fields)


def _read(document: str) -> Alert:
    fields = json.loads(document)
    for name in _TIMES:
        fields[name] = fields[name] and datetime.fromisoformat(fields[name])
    return Alert(**fields)
