"""When alerts run, and what is left when the account or a database goes under them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flocon.core import errors, result
from flocon.jobs import alert_history
from flocon.jobs.alert_history import Entry
from flocon.jobs.definitions import ALERTS, Alert
from flocon.jobs.scheduler import Scheduler
from task_fakes import (
    DATABASE,
    SCHEMA,
    FakeAccount,
    FakeClock,
    FakeSession,
    wait_until,
)

NO_ROWS = result.of({"N": "BIGINT"}, [])


class SchedulerByHand:
    """A scheduler over a small account, told by hand when to look and what time it is."""

    def __init__(self) -> None:
        self.account = FakeAccount()
        self.clock = FakeClock()
        self.scheduler = Scheduler(self.account, self.account.open_session, self.clock)  # type: ignore[arg-type]  # a fake
        self.catalog = self.account.catalog(DATABASE)

    def add(self, name: str, started: bool = True, **properties: Any) -> Alert:
        alert = Alert(
            SCHEMA,
            name,
            condition=f"CONDITION {name}",
            action=f"ACTION {name}",
            owner="OPERATOR",
            properties={"SCHEDULE": "1 MINUTE", "WAREHOUSE": "COMPUTE_WH", **properties},
            state="started" if started else "suspended",
            created_on=self.clock.moment,
            schedule_base=self.clock.moment,
        )
        ALERTS.put(self.catalog, alert)
        return alert

    def alert(self, name: str) -> Alert:
        alert = ALERTS.find(self.catalog, SCHEMA, name)
        assert alert is not None
        return alert

    def tick(self, **later: float) -> None:
        """Goes on in time, lets the scheduler look, and waits for what it started."""
        self.clock.advance(**later)
        self.scheduler.tick()
        assert self.scheduler.wait_idle(10)

    def history(self) -> list[dict[str, Any]]:
        return self.catalog.rows(f"SELECT * FROM {alert_history.TABLE} ORDER BY rowid")

    def states(self) -> list[tuple[str, str]]:
        return [(row["name"], row["state"]) for row in self.history()]


@pytest.fixture
def by_hand() -> Iterator[SchedulerByHand]:
    by_hand = SchedulerByHand()
    yield by_hand
    by_hand.scheduler.close()


def test_an_alert_runs_once_at_each_due_moment(by_hand: SchedulerByHand) -> None:
    by_hand.add("A")
    start = by_hand.clock.moment
    assert by_hand.scheduler.tick() == start + timedelta(minutes=1)
    by_hand.tick(seconds=59)
    assert by_hand.states() == []
    by_hand.tick(seconds=1)
    by_hand.tick(seconds=0.5)
    assert by_hand.account.bodies == ["CONDITION A", "ACTION A"]
    by_hand.tick(seconds=60)
    assert [row["scheduled_time"].minute for row in by_hand.history()] == [1, 2]
    assert {row["scheduled_from"] for row in by_hand.history()} == {"SCHEDULE"}


def test_an_alert_runs_as_its_owner_on_its_warehouse(by_hand: SchedulerByHand) -> None:
    by_hand.add("A")
    by_hand.tick(minutes=1)
    assert by_hand.account.sessions[0].opened == {
        "user": "SYSTEM",
        "role": "OPERATOR",
        "warehouse": "COMPUTE_WH",
        "database": DATABASE,
        "schema": SCHEMA,
    }
    assert by_hand.account.sessions[0].closed


def test_no_action_without_rows_and_the_last_success_is_remembered(
    by_hand: SchedulerByHand,
) -> None:
    by_hand.add("A")
    by_hand.account.script["CONDITION A"] = [NO_ROWS, errors.unsupported("x"), NO_ROWS]
    moment = by_hand.clock.moment + timedelta(minutes=1)
    by_hand.tick(minutes=1)
    assert by_hand.alert("A").last_successful == moment
    by_hand.tick(minutes=1)
    assert (by_hand.alert("A").last_successful, by_hand.alert("A").failures) == (moment, 1)
    by_hand.tick(minutes=1)
    assert by_hand.states() == [
        ("A", "CONDITION_FALSE"),
        ("A", "CONDITION_FAILED"),
        ("A", "CONDITION_FALSE"),
    ]
    assert by_hand.alert("A").failures == 0
    assert "ACTION A" not in by_hand.account.bodies


def test_a_suspended_alert_does_not_run_and_moments_unseen_give_one_run(
    by_hand: SchedulerByHand,
) -> None:
    by_hand.add("A", started=False)
    by_hand.add("B")
    by_hand.tick(minutes=10)
    assert by_hand.states() == [("B", "TRIGGERED")]


def test_an_alert_that_still_runs_misses_its_turn(by_hand: SchedulerByHand) -> None:
    by_hand.add("A")
    by_hand.account.script["ACTION A"] = FakeSession.wait_to_be_cancelled
    by_hand.clock.advance(minutes=1)
    by_hand.scheduler.tick()
    wait_until(lambda: "ACTION A" in by_hand.account.bodies)
    by_hand.clock.advance(minutes=1)
    by_hand.scheduler.tick()
    by_hand.account.sessions[-1].cancel()
    by_hand.tick()
    assert by_hand.states() == [("A", "ACTION_FAILED")]


def test_what_an_orderly_stop_ends_is_cancelled(by_hand: SchedulerByHand) -> None:
    by_hand.add("A")
    by_hand.account.script["ACTION A"] = FakeSession.wait_to_be_cancelled
    by_hand.clock.advance(minutes=1)
    by_hand.scheduler.tick()
    wait_until(lambda: "ACTION A" in by_hand.account.bodies)
    by_hand.scheduler.close()
    assert by_hand.states() == [("A", "CANCELLED")]


def test_what_a_crash_cut_off_is_failed_and_the_alert_goes_on(by_hand: SchedulerByHand) -> None:
    alert = by_hand.add("A")
    alert_history.started(by_hand.catalog, Entry(alert, by_hand.clock.moment, "SCHEDULE"))
    reborn = Scheduler(by_hand.account, by_hand.account.open_session, by_hand.clock)  # type: ignore[arg-type]  # a fake
    reborn.recover()
    assert [(row["state"], row["sql_error_code"]) for row in by_hand.history()] == [
        ("FAILED", 300001)
    ]
    by_hand.clock.advance(minutes=1)
    reborn.tick()
    assert reborn.wait_idle(10)
    assert by_hand.states() == [("A", "FAILED"), ("A", "TRIGGERED")]


def test_a_dropped_database_holds_up_nothing(by_hand: SchedulerByHand) -> None:
    by_hand.add("A")

    def drop(session: FakeSession) -> bool:
        del by_hand.account.catalogs[DATABASE]
        return True

    by_hand.account.script["CONDITION A"] = drop
    by_hand.tick(minutes=1)
    by_hand.tick(minutes=1)


def test_the_history_keeps_seven_days(by_hand: SchedulerByHand) -> None:
    alert = by_hand.add("A", started=False)
    for days in (8, 1):
        moment = by_hand.clock.moment - timedelta(days=days)
        entry = Entry(alert, moment, "SCHEDULE")
        alert_history.started(by_hand.catalog, entry)
        alert_history.HISTORY.finished(by_hand.catalog, entry.entry_id, moment, "TRIGGERED")
    by_hand.tick(hours=2)
    assert len(by_hand.history()) == 1
