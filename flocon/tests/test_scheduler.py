"""The scheduler: which runs begin, what runs in them, and what the history tells afterwards."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flocon.core import errors
from flocon.jobs import task_graph, task_history
from flocon.jobs.definitions import TASKS, Task
from flocon.jobs.scheduler import Scheduler
from flocon.jobs.task_graph import State
from task_fakes import (
    DATABASE,
    SCHEMA,
    FakeAccount,
    FakeClock,
    FakeSession,
    wait_until,
)

BROKEN = errors.SnowflakeError(errors.DIVISION_BY_ZERO, "Division by zero")


class World:
    """A scheduler over a small account, told by hand when to look and what time it is."""

    def __init__(self) -> None:
        self.account = FakeAccount()
        self.clock = FakeClock()
        self.scheduler = Scheduler(self.account, self.account.open_session, self.clock)  # type: ignore[arg-type]  # a fake
        self.catalog = self.account.catalog(DATABASE)

    def add(self, name: str, *predecessors: str, started: bool = True, **fields: Any) -> None:
        task = Task(
            SCHEMA,
            name,
            definition=f"CALL {name}()",
            owner="PIPELINE",
            predecessors=predecessors,
            state="started" if started else "suspended",
            schedule_base=self.clock.moment,
            created_on=self.clock.moment,
            **{"properties": {} if predecessors else {"SCHEDULE": "1 MINUTE"}} | fields,
        )
        TASKS.put(self.catalog, task)

    def task(self, name: str) -> Task:
        task = TASKS.find(self.catalog, SCHEMA, name)
        assert task is not None
        return task

    def request(self, name: str) -> None:
        TASKS.put(self.catalog, replace(self.task(name), requested_at=self.clock.moment))

    def tick(self, **later: float) -> None:
        """Goes on in time, lets the scheduler look, and waits for what it started."""
        self.clock.advance(**later)
        self.scheduler.tick()
        assert self.scheduler.wait_idle(10)

    def history(self) -> list[tuple[str, str, int]]:
        """Task, state, attempt in the order of their beginnings."""
        rows = self.catalog.rows("SELECT * FROM _account_task_history ORDER BY rowid")
        return [(row["name"], row["state"], row["attempt_number"]) for row in rows]

    def rows(self) -> list[dict[str, Any]]:
        return self.catalog.rows("SELECT * FROM _account_task_history ORDER BY rowid")

    def fails(self, name: str, *then: Any) -> None:
        """The task's body fails, and gives the other answers after that."""
        self.account.script[f"CALL {name}()"] = [BROKEN, *then] if then else BROKEN

    def hangs(self, name: str) -> None:
        self.account.script[f"CALL {name}()"] = FakeSession.wait_to_be_cancelled

    def end(self, name: str) -> None:
        """Waits until the hanging task hangs, and ends it."""
        wait_until(lambda: f"CALL {name}()" in self.account.bodies)
        self.account.sessions[-1].cancel()
        assert self.scheduler.wait_idle(10)


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.scheduler.close()


# --- when ----------------------------------------------------------------------------------------


def test_a_root_runs_once_at_each_due_moment(world: World) -> None:
    world.add("ROOT")
    start = world.clock.moment
    assert world.scheduler.tick() == start + timedelta(minutes=1)
    world.tick(seconds=59)
    assert world.account.bodies == []
    world.tick(seconds=1)
    world.tick(seconds=0.5)
    assert world.account.bodies == ["CALL ROOT()"]
    world.tick(seconds=60)
    assert world.account.bodies == ["CALL ROOT()"] * 2
    assert [row["scheduled_time"].minute for row in world.rows()] == [1, 2]
    assert {row["scheduled_from"] for row in world.rows()} == {"SCHEDULE"}


def test_a_suspended_root_does_not_run(world: World) -> None:
    world.add("ROOT", started=False)
    world.tick(minutes=5)
    assert world.history() == []
    assert world.scheduler.tick() is None


def test_moments_that_passed_unseen_give_one_run(world: World) -> None:
    world.add("ROOT")
    world.tick(hours=3)
    world.tick(seconds=1)
    assert world.account.bodies == ["CALL ROOT()"]


def test_the_past_before_the_scheduler_began_is_not_made_up_for(world: World) -> None:
    world.add("ROOT")
    world.clock.advance(hours=1, seconds=20)
    later = Scheduler(world.account, world.account.open_session, world.clock)  # type: ignore[arg-type]  # a fake
    assert later.tick() == world.clock.moment + timedelta(seconds=40)
    assert later.wait_idle(10)
    assert world.history() == []


def test_resuming_restarts_the_interval(world: World) -> None:
    world.add("ROOT")
    world.tick(seconds=30)
    base = world.clock.moment
    TASKS.put(world.catalog, replace(world.task("ROOT"), schedule_base=base))
    world.tick(seconds=30)
    assert world.history() == []
    world.tick(seconds=30)
    assert world.history() == [("ROOT", "SUCCEEDED", 1)]


def test_a_cron_schedule_runs_on_the_minute_in_its_zone(world: World) -> None:
    world.add("ROOT", properties={"SCHEDULE": "USING CRON 30 14 * * * Europe/Paris"})
    world.tick(hours=1)
    assert world.history() == []
    world.tick(minutes=30)
    assert world.history() == [("ROOT", "SUCCEEDED", 1)]


def test_a_root_that_still_runs_misses_its_turn(world: World) -> None:
    world.add("ROOT")
    world.hangs("ROOT")
    for _ in range(3):
        world.clock.advance(minutes=1)
        world.scheduler.tick()
    world.end("ROOT")
    world.tick(seconds=30)
    assert world.history() == [("ROOT", "FAILED", 1)]


def test_execute_task_runs_a_suspended_root_once(world: World) -> None:
    world.add("ROOT", started=False)
    world.request("ROOT")
    world.tick()
    world.tick(minutes=1)
    assert world.history() == [("ROOT", "SUCCEEDED", 1)]
    assert world.rows()[0]["scheduled_from"] == "EXECUTE_TASK"
    assert world.task("ROOT").requested_at is None


def test_execute_task_while_the_graph_runs_gives_one_more_run(world: World) -> None:
    world.add("ROOT", started=False)
    world.hangs("ROOT")
    world.request("ROOT")
    world.scheduler.tick()
    wait_until(lambda: world.account.bodies == ["CALL ROOT()"])
    for _ in range(2):
        world.clock.advance(seconds=1)
        world.request("ROOT")
        world.scheduler.tick()
    world.end("ROOT")
    world.account.script.clear()
    world.tick()
    world.tick()
    assert world.history() == [("ROOT", "FAILED", 1), ("ROOT", "SUCCEEDED", 1)]


def test_a_run_that_ends_while_the_scheduler_looks_is_not_run_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("ROOT", started=False, condition="c")
    world.request("ROOT")
    go_on = threading.Event()
    world.account.script["SELECT c"] = lambda session: go_on.wait(10)
    world.scheduler.tick()
    reading = world.catalog.rows

    def read_and_see_the_run_end(*query: Any) -> list[dict[str, Any]]:
        monkeypatch.undo()
        rows = reading(*query)
        go_on.set()
        assert world.scheduler.wait_idle(10)
        return rows

    monkeypatch.setattr(world.catalog, "rows", read_and_see_the_run_end)
    world.tick()
    assert world.history() == [("ROOT", "SUCCEEDED", 1)]


def test_a_wish_is_forgotten_only_when_the_history_has_the_run(world: World) -> None:
    world.add("ROOT", started=False)
    world.request("ROOT")
    seen: list[tuple[bool, int]] = []

    def look(session: FakeSession) -> None:
        seen.append((world.task("ROOT").requested_at is None, len(world.history())))

    world.account.script["CALL ROOT()"] = look
    world.tick()
    assert seen == [(True, 1)]


def test_a_wish_outlives_the_scheduler_that_did_not_come_to_it(world: World) -> None:
    world.add("ROOT", started=False)
    world.request("ROOT")
    world.scheduler.close()
    world.scheduler = Scheduler(world.account, world.account.open_session, world.clock)  # type: ignore[arg-type]  # a fake
    world.tick()
    assert world.history() == [("ROOT", "SUCCEEDED", 1)]


def test_a_stream_starts_a_triggered_task_not_more_often_than_its_interval(world: World) -> None:
    condition = "SYSTEM$STREAM_HAS_DATA('s')"
    world.add("ROOT", properties={}, condition=condition)
    world.account.script[f"SELECT {condition}"] = False
    for _ in range(3):
        world.tick(seconds=1)
    assert world.history() == []
    world.account.script[f"SELECT {condition}"] = True
    for _ in range(31):
        world.tick(seconds=1)
    assert world.history() == [("ROOT", "SUCCEEDED", 1)] * 2
    assert {row["scheduled_from"] for row in world.rows()} == {"TRIGGER"}
    assert world.scheduler.tick() == world.clock.moment + timedelta(seconds=1)


# --- what runs in a graph ------------------------------------------------------------------------


def test_a_child_starts_when_all_its_predecessors_have_succeeded(world: World) -> None:
    world.add("ROOT")
    world.add("LEFT", "ROOT")
    world.add("RIGHT", "ROOT")
    world.add("JOIN", "LEFT", "RIGHT")
    both = threading.Barrier(2, timeout=10)
    # Each waits for the other: they can only pass side by side.
    world.account.script["CALL LEFT()"] = lambda session: both.wait() and None
    world.account.script["CALL RIGHT()"] = lambda session: both.wait() and None
    world.tick(minutes=1)
    names = [name for name, _, _ in world.history()]
    assert (names[0], sorted(names[1:3]), names[3]) == ("ROOT", ["LEFT", "RIGHT"], "JOIN")
    assert {state for _, state, _ in world.history()} == {"SUCCEEDED"}
    assert len({row["graph_run_group_id"] for row in world.rows()}) == 1
    assert {row["root_task_id"] for row in world.rows()} == {world.task("ROOT").id}


def test_a_task_runs_in_a_session_of_its_own_that_is_closed(world: World) -> None:
    world.add(
        "ROOT",
        properties={"SCHEDULE": "1 MINUTE", "WAREHOUSE": "COMPUTE_WH"},
        parameters={"TIMEZONE": "UTC"},
        condition="1 = 1",
    )
    world.account.script["SELECT 1 = 1"] = True
    world.tick(minutes=1)
    common = {
        "user": "SYSTEM",
        "role": "PIPELINE",
        "database": "SHOP",
        "schema": "OPS",
        "parameters": {"TIMEZONE": "UTC"},
    }
    assert world.account.statements == [
        ("SELECT 1 = 1", common),
        ("CALL ROOT()", {**common, "warehouse": "COMPUTE_WH"}),
    ]
    assert all(session.closed for session in world.account.sessions)


def test_a_false_condition_of_the_root_skips_the_whole_graph(world: World) -> None:
    world.add("ROOT", condition="1 = 0")
    world.add("CHILD", "ROOT")
    world.account.script["SELECT 1 = 0"] = False
    world.tick(minutes=1)
    (row,) = world.rows()
    assert (row["name"], row["state"], row["query_id"]) == ("ROOT", "SKIPPED", None)
    assert row["error_message"] == "Conditional expression for task evaluated to false."


def test_a_false_condition_of_a_child_stops_only_what_comes_after_it(world: World) -> None:
    world.add("ROOT")
    world.add("A", "ROOT", condition="1 = 0")
    world.add("B", "ROOT")
    world.add("AFTER_A", "A")
    world.add("AFTER_BOTH", "A", "B")
    world.account.script["SELECT 1 = 0"] = False
    world.tick(minutes=1)
    assert {name: state for name, state, _ in world.history()} == {
        "ROOT": "SUCCEEDED",
        "A": "SKIPPED",
        "B": "SUCCEEDED",
        "AFTER_A": "SKIPPED",
        "AFTER_BOTH": "SKIPPED",
    }
    assert sorted(world.account.bodies) == ["CALL B()", "CALL ROOT()"]


def test_a_failure_is_recorded_with_its_error_and_skips_what_comes_after(world: World) -> None:
    world.add("ROOT")
    world.add("CHILD", "ROOT")
    world.fails("ROOT")
    world.tick(minutes=1)
    root, child = world.rows()
    assert (root["state"], root["error_code"], root["error_message"]) == (
        "FAILED",
        "100051",
        "Division by zero",
    )
    assert (child["state"], child["query_id"]) == ("SKIPPED", None)
    assert child["error_message"] == "Skipped: predecessor ROOT did not succeed."


def test_a_condition_that_fails_fails_its_task(world: World) -> None:
    world.add("ROOT", condition="nonsense")
    world.account.script["SELECT nonsense"] = errors.does_not_exist("Stream", "S")
    world.tick(minutes=1)
    (row,) = world.rows()
    assert (row["state"], row["error_code"]) == ("FAILED", "002003")
    assert world.account.bodies == []


def test_an_accident_in_a_task_is_its_failure_and_not_the_schedulers(world: World) -> None:
    world.add("ROOT")
    world.account.script["CALL ROOT()"] = ZeroDivisionError("by accident")
    world.tick(minutes=1)
    (row,) = world.rows()
    assert (row["state"], row["error_code"]) == ("FAILED", "300001")
    assert row["error_message"] == "ZeroDivisionError: by accident"
    world.account.script.clear()
    world.tick(minutes=1)
    assert world.history()[-1] == ("ROOT", "SUCCEEDED", 1)


def test_a_suspended_child_is_passed_as_if_it_had_succeeded(world: World) -> None:
    world.add("ROOT")
    world.add("RESTING", "ROOT", started=False)
    world.add("CHILD", "RESTING")
    world.tick(minutes=1)
    assert world.account.bodies == ["CALL ROOT()", "CALL CHILD()"]
    assert [name for name, _, _ in world.history()] == ["ROOT", "CHILD"]


def test_a_run_keeps_the_definitions_that_it_began_with(world: World) -> None:
    world.add("ROOT")
    world.add("CHILD", "ROOT")

    def edit(session: FakeSession) -> None:
        TASKS.put(world.catalog, replace(world.task("CHILD"), definition="CALL other()"))

    world.account.script["CALL ROOT()"] = edit
    world.tick(minutes=1)
    assert world.account.bodies == ["CALL ROOT()", "CALL CHILD()"]
    world.tick(minutes=1)
    assert world.account.bodies[2:] == ["CALL ROOT()", "CALL other()"]


# --- failures ------------------------------------------------------------------------------------


def test_a_retry_starts_from_what_failed(world: World) -> None:
    world.add("ROOT", properties={"SCHEDULE": "1 MINUTE", "TASK_AUTO_RETRY_ATTEMPTS": 2})
    world.add("WEAK", "ROOT")
    world.add("STRONG", "ROOT")
    world.add("LAST", "WEAK")
    world.fails("WEAK", BROKEN, None)
    world.tick(minutes=1)
    history = world.history()
    assert sorted(history[:3]) == [
        ("ROOT", "SUCCEEDED", 1),
        ("STRONG", "SUCCEEDED", 1),
        ("WEAK", "FAILED", 1),
    ]
    assert history[3:] == [
        ("WEAK", "FAILED", 2),
        ("WEAK", "SUCCEEDED", 3),
        ("LAST", "SUCCEEDED", 3),
    ]
    assert len({row["graph_run_group_id"] for row in world.rows()}) == 1
    assert world.task("ROOT").failures == {}


def test_failed_runs_in_a_row_suspend_the_root(world: World) -> None:
    world.add(
        "ROOT",
        properties={
            "SCHEDULE": "1 MINUTE",
            "SUSPEND_TASK_AFTER_NUM_FAILURES": 2,
            "TASK_AUTO_RETRY_ATTEMPTS": 1,
        },
    )
    world.add("CHILD", "ROOT")
    world.fails("CHILD")
    world.tick(minutes=1)
    assert world.task("ROOT").started
    world.tick(minutes=1)
    assert [entry for entry in world.history() if entry[0] == "CHILD"] == [
        ("CHILD", "FAILED", 1),
        ("CHILD", "FAILED", 2),
        ("CHILD", "FAILED", 1),
        ("CHILD", "FAILED_AND_AUTO_SUSPENDED", 2),
    ]
    root = world.task("ROOT")
    assert (root.state, root.last_suspended_reason) == ("suspended", "SUSPENDED_DUE_TO_ERRORS")
    assert world.task("CHILD").started
    world.tick(minutes=5)
    assert len(world.history()) == 6


def test_a_success_in_between_begins_the_count_anew_and_a_skip_does_not(world: World) -> None:
    world.add(
        "ROOT",
        properties={"SCHEDULE": "1 MINUTE", "SUSPEND_TASK_AFTER_NUM_FAILURES": 2},
        condition="c",
    )
    world.account.script["SELECT c"] = [True, True, True, False, True]
    world.fails("ROOT", None, BROKEN, BROKEN)
    for state, failures in [
        ("started", {"ROOT": 1}),
        ("started", {}),
        ("started", {"ROOT": 1}),
        ("started", {"ROOT": 1}),
        ("suspended", {"ROOT": 2}),
    ]:
        world.tick(minutes=1)
        assert (world.task("ROOT").state, world.task("ROOT").failures) == (state, failures)


def test_failures_of_different_tasks_do_not_add_up(world: World) -> None:
    world.add("ROOT", properties={"SCHEDULE": "1 MINUTE", "SUSPEND_TASK_AFTER_NUM_FAILURES": 2})
    world.add("A", "ROOT")
    world.add("B", "ROOT")
    world.account.script |= {"CALL A()": [BROKEN, None, BROKEN]}
    world.account.script |= {"CALL B()": [None, BROKEN, BROKEN]}
    for failures in ({"A": 1}, {"B": 1}):
        world.tick(minutes=1)
        assert world.task("ROOT").failures == failures
        assert world.task("ROOT").started
    world.tick(minutes=1)
    assert world.task("ROOT").failures == {"A": 1, "B": 2}
    assert not world.task("ROOT").started


def test_never_suspends_where_the_number_of_failures_is_zero(world: World) -> None:
    world.add("ROOT", properties={"SCHEDULE": "1 MINUTE", "SUSPEND_TASK_AFTER_NUM_FAILURES": 0})
    world.fails("ROOT")
    for _ in range(12):
        world.tick(minutes=1)
    assert world.task("ROOT").started


def test_a_task_that_takes_too_long_is_cancelled_and_failed(world: World) -> None:
    world.add("ROOT")
    world.add("CHILD", "ROOT", properties={"USER_TASK_TIMEOUT_MS": 50})
    world.hangs("CHILD")
    world.tick(minutes=1)
    child = world.rows()[1]
    assert (child["name"], child["state"], child["error_code"]) == ("CHILD", "FAILED", "000630")
    assert "timeout of 1 second(s)" in child["error_message"]


def test_the_roots_time_limit_is_that_of_the_whole_graph(world: World) -> None:
    world.add("ROOT", properties={"SCHEDULE": "1 MINUTE", "USER_TASK_TIMEOUT_MS": 60_000})
    world.add("CHILD", "ROOT")
    world.account.script["CALL ROOT()"] = lambda session: world.clock.advance(seconds=61)
    world.hangs("CHILD")
    world.tick(minutes=1)
    assert world.history() == [("ROOT", "SUCCEEDED", 1), ("CHILD", "FAILED", 1)]


# --- the thread ----------------------------------------------------------------------------------


def test_the_thread_wakes_for_a_wish_and_ends_what_runs_when_it_is_closed(world: World) -> None:
    world.add("ROOT", started=False)
    world.add("CHILD", "ROOT")
    world.hangs("CHILD")
    world.scheduler.start()
    world.request("ROOT")
    world.account.tasks_changed()
    wait_until(lambda: world.history()[1:] == [("CHILD", "EXECUTING", 1)])
    world.scheduler.close()
    assert world.history() == [("ROOT", "SUCCEEDED", 1), ("CHILD", "CANCELLED", 1)]
    world.request("ROOT")
    world.account.tasks_changed()
    world.scheduler.tick()
    assert len(world.history()) == 2


def test_what_a_crash_cut_off_is_settled_before_anything_begins(world: World) -> None:
    world.add("ROOT", started=False)
    run = task_history.Run(world.task("ROOT"), world.clock.moment, "SCHEDULE")
    entry = task_history.Entry(run, world.task("ROOT"), world.clock.moment, 1)
    task_history.started(world.catalog, entry, world.clock.moment)
    world.scheduler.start()
    assert world.history() == [("ROOT", "FAILED", 1)]


def test_the_history_is_trimmed_once_an_hour(world: World) -> None:
    world.add("ROOT", started=False)
    moment = world.clock.moment - timedelta(days=6, hours=23)
    entry = task_history.Entry(
        task_history.Run(world.task("ROOT"), moment, "SCHEDULE"), world.task("ROOT"), moment, 1
    )
    task_history.started(world.catalog, entry, moment)
    world.tick(minutes=59)
    assert len(world.history()) == 1
    world.tick(minutes=2)
    assert world.history() == []


def test_a_database_that_cannot_be_read_does_not_stop_the_others(world: World) -> None:
    world.account.catalogs = {"BROKEN": None, **world.account.catalogs}  # type: ignore[dict-item]
    world.add("ROOT")
    world.tick(minutes=1)
    assert world.history() == [("ROOT", "SUCCEEDED", 1)]


# --- the graph, without anything around it -------------------------------------------------------


def graph(**links: str) -> dict[str, Task]:
    """Tasks by name, each with its predecessors; a name in lower case is a suspended task."""
    tasks = {}
    for name, parents in links.items():
        above = tuple(parents.split())
        state = "started" if name.isupper() else "suspended"
        tasks[name] = Task(SCHEMA, name, "SELECT 1", predecessors=above, state=state)
    return tasks


def test_descendants_come_after_all_their_predecessors() -> None:
    tasks = graph(A="", E="A D", D="C", C="B", B="A", X="", Y="X")
    assert task_graph.descendants(tasks, "A") == ["B", "C", "D", "E"]
    assert task_graph.roots_above(tasks, "E", "Y") == {"A", "X"}


def test_a_join_needs_one_resumed_predecessor_and_all_resumed_ones_to_succeed() -> None:
    tasks = graph(ROOT="", a="ROOT", b="ROOT", C="ROOT", NONE="a b", SOME="a C", ALONE="a")
    states = {"ROOT": State.SUCCEEDED}
    assert task_graph.advance(tasks, states) == ["C", "ALONE"]
    assert states == {
        "ROOT": State.SUCCEEDED,
        "a": State.PASSED,
        "b": State.PASSED,
        "NONE": State.BLOCKED,
    }
    states |= {"C": State.SUCCEEDED, "ALONE": State.FAILED}
    assert task_graph.advance(tasks, states) == ["SOME"]


def test_a_suspended_task_behind_a_failure_is_no_way_past_it() -> None:
    tasks = graph(ROOT="", a="ROOT", B="a")
    states = {"ROOT": State.FAILED}
    assert task_graph.advance(tasks, states) == []
    assert states == {"ROOT": State.FAILED, "a": State.BLOCKED, "B": State.BLOCKED}
    assert task_graph.to_retry(states) == {}
