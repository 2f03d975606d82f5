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


class World:
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
def world() -> Iterator[World]:
    world = World()
    yield world
    world.scheduler.close()


def test_an_alert_runs_once_at_each_due_moment(world: World) -> None:
    world.add("A")
    start = world.clock.moment
    assert world.scheduler.tick() == start + timedelta(minutes=1)
    world.tick(seconds=59)
    assert world.states() == []
    world.tick(seconds=1)
    world.tick(seconds=0.5)
    assert world.account.bodies == ["CONDITION A", "ACTION A"]
    world.tick(seconds=60)
    assert [row["scheduled_time"].minute for row in world.history()] == [1, 2]
    assert {row["scheduled_from"] for row in world.history()} == {"SCHEDULE"}


def test_an_alert_runs_as_its_owner_on_its_warehouse(world: World) -> None:
    world.add("A")
    world.tick(minutes=1)
    assert world.account.sessions[0].opened == {
        "user": "SYSTEM",
        "role": "OPERATOR",
        "warehouse": "COMPUTE_WH",
        "database": DATABASE,
        "schema": SCHEMA,
    }
    assert world.account.sessions[0].closed


def test_no_action_without_rows_and_the_last_success_is_remembered(world: World) -> None:
    world.add("A")
    world.account.script["CONDITION A"] = [NO_ROWS, errors.unsupported("x"), NO_ROWS]
    moment = world.clock.moment + timedelta(minutes=1)
    world.tick(minutes=1)
    assert world.alert("A").last_successful == moment
    world.tick(minutes=1)
    assert (world.alert("A").last_successful, world.alert("A").failures) == (moment, 1)
    world.tick(minutes=1)
    assert world.states() == [
        ("A", "CONDITION_FALSE"),
        ("A", "CONDITION_FAILED"),
        ("A", "CONDITION_FALSE"),
    ]
    assert world.alert("A").failures == 0
    assert "ACTION A" not in world.account.bodies


def test_a_suspended_alert_does_not_run_and_moments_unseen_give_one_run(world: World) -> None:
    world.add("A", started=False)
    world.add("B")
    world.tick(minutes=10)
    assert world.states() == [("B", "TRIGGERED")]


def test_an_alert_that_still_runs_misses_its_turn(world: World) -> None:
    world.add("A")
    world.account.script["ACTION A"] = FakeSession.wait_to_be_cancelled
    world.clock.advance(minutes=1)
    world.scheduler.tick()
    wait_until(lambda: "ACTION A" in world.account.bodies)
    world.clock.advance(minutes=1)
    world.scheduler.tick()
    world.account.sessions[-1].cancel()
    world.tick()
    assert world.states() == [("A", "ACTION_FAILED")]


def test_what_an_orderly_stop_ends_is_cancelled(world: World) -> None:
    world.add("A")
    world.account.script["ACTION A"] = FakeSession.wait_to_be_cancelled
    world.clock.advance(minutes=1)
    world.scheduler.tick()
    wait_until(lambda: "ACTION A" in world.account.bodies)
    world.scheduler.close()
    assert world.states() == [("A", "CANCELLED")]


def test_what_a_crash_cut_off_is_failed_and_the_alert_goes_on(world: World) -> None:
    alert = world.add("A")
    alert_history.started(world.catalog, Entry(alert, world.clock.moment, "SCHEDULE"))
    reborn = Scheduler(world.account, world.account.open_session, world.clock)  # type: ignore[arg-type]  # a fake
    reborn.recover()
    assert [(row["state"], row["sql_error_code"]) for row in world.history()] == [
        ("FAILED", 300001)
    ]
    world.clock.advance(minutes=1)
    reborn.tick()
    assert reborn.wait_idle(10)
    assert world.states() == [("A", "FAILED"), ("A", "TRIGGERED")]


def test_a_dropped_database_holds_up_nothing(world: World) -> None:
    world.add("A")

    def drop(session: FakeSession) -> bool:
        del world.account.catalogs[DATABASE]
        return True

    world.account.script["CONDITION A"] = drop
    world.tick(minutes=1)
    world.tick(minutes=1)


def test_the_history_keeps_seven_days(world: World) -> None:
    alert = world.add("A", started=False)
    for days in (8, 1):
        moment = world.clock.moment - timedelta(days=days)
        entry = Entry(alert, moment, "SCHEDULE")
        alert_history.started(world.catalog, entry)
        alert_history.HISTORY.finished(world.catalog, entry.entry_id, moment, "TRIGGERED")
    world.tick(hours=2)
    assert len(world.history()) == 1
