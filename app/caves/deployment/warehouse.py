"""The warehouse that the pipeline runs on: who made it, and what it costs an hour.

COMPUTE_WH is in every new account, and others may work with it: who made a warehouse decides what
bootstrap does with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.caves.cost_model import DAY, credits_per_hour
from app.caves.target import Account, Row

SHOW = "SHOW WAREHOUSES"
# How app/sql/01_database.sql has begun the comment of each warehouse that it made.
MADE_HERE = "Runs the pipeline of Les Caves d'Albert"
LONGEST_MONTH = 31
NOTHING = ("", "null", "none")


@dataclass(frozen=True)
class Warehouse:
    """A warehouse as SHOW WAREHOUSES lists it."""

    name: str
    comment: str
    monitor: str | None
    size: str
    generation: str | None
    acceleration: bool
    auto_suspend: float | None

    @property
    def ours(self) -> bool:
        return self.comment.startswith(MADE_HERE)

    def description(self) -> str:
        suspends = f"after {self.auto_suspend:g} s" if self.auto_suspend else "never"
        return (
            f"{self.name} ({self.size}, generation {self.generation or 'unknown'}, query"
            f" acceleration {'on' if self.acceleration else 'off'}, suspends {suspends})"
        )


@dataclass(frozen=True)
class Verdict:
    """Whether the project's monitor goes onto the warehouse, and what to report about it."""

    monitored: bool
    notes: tuple[str, ...] = ()


def find(account: Account, name: str) -> Warehouse | None:
    """By its whole name: in LIKE `_` would be any character. None where the role sees none."""
    rows = [row for row in account.rows(SHOW) if row["NAME"] == name]
    return _warehouse(rows[0]) if rows else None


def _warehouse(row: Row) -> Warehouse:
    suspend = row["AUTO_SUSPEND"]
    return Warehouse(
        name=str(row["NAME"]),
        comment=str(row["COMMENT"] or ""),
        monitor=_text(row.get("RESOURCE_MONITOR")),
        size=str(row["SIZE"]),
        generation=_text(row.get("GENERATION")),
        acceleration=str(row.get("ENABLE_QUERY_ACCELERATION")).lower() == "true",
        auto_suspend=None if _text(suspend) is None else float(suspend),
    )


def _text(value: Any) -> str | None:
    """SHOW gives what is not there as NULL, or as the text `null`."""
    text = str(value if value is not None else "")
    return None if text.lower() in NOTHING else text


def judge(found: Warehouse | None, monitor: str, adopt: bool) -> Verdict:
    """found: as it was before bootstrap, None where bootstrap makes it. adopt: the administrator's
    word that the monitor may go onto any warehouse."""
    if found is None or adopt:
        return Verdict(True)
    if found.monitor == monitor:
        return Verdict(True)
    if not found.ours:
        under = f", under the monitor {found.monitor}" if found.monitor else ", without a monitor"
        why = f"warehouse {found.description()} was there before this project{under}"
    elif found.monitor:
        why = f"warehouse {found.description()} has the monitor {found.monitor}"
    else:
        return Verdict(True)
    note = f"{why}: left as it is; --adopt-warehouse puts {monitor} on it, or choose another"
    return Verdict(False, (note,))


def too_small(found: Warehouse, env: Mapping[str, str]) -> str | None:
    """A warning where a warehouse that never suspends would use up the month's quota."""
    quota = float(env["monthly_credits"])
    hourly = credits_per_hour(found.size, found.generation or "1")
    month = hourly * DAY / 3600 * LONGEST_MONTH
    if quota >= month:
        return None
    day = int(quota / (hourly * DAY / 3600)) + 1
    return (
        f"monthly_credits is {quota:g}: {found.description()} may use {month:.0f} in a month,"
        f" and would be suspended on day {day}"
    )
