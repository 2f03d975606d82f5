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


class SchedulerByHand:
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
def by_hand() -> Iterator[SchedulerByHand]:
    by_hand = SchedulerByHand()
    yield by_hand
    by_hand.scheduler.close()


# --- when ----------------------------------------------------------------------------------------


def test_a_root_runs_once_at_each_due_moment(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT")
    start = by_hand.clock.moment
    assert by_hand.scheduler.tick() == start + timedelta(minutes=1)
    by_hand.tick(seconds=59)
    assert by_hand.account.bodies == []
    by_hand.tick(seconds=1)
    by_hand.tick(seconds=0.5)
    assert by_hand.account.bodies == ["CALL ROOT()"]
    by_hand.tick(seconds=60)
    assert by_hand.account.bodies == ["CALL ROOT()"] * 2
    assert [row["scheduled_time"].minute for row in by_hand.rows()] == [1, 2]
    assert {row["scheduled_from"] for row in by_hand.rows()} == {"SCHEDULE"}


def test_a_suspended_root_does_not_run(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", started=False)
    by_hand.tick(minutes=5)
    assert by_hand.history() == []
    assert by_hand.scheduler.tick() is None


def test_moments_that_passed_unseen_give_one_run(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT")
    by_hand.tick(hours=3)
    by_hand.tick(seconds=1)
    assert by_hand.account.bodies == ["CALL ROOT()"]


def test_the_past_before_the_scheduler_began_is_not_made_up_for(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT")
    by_hand.clock.advance(hours=1, seconds=20)
    later = Scheduler(by_hand.account, by_hand.account.open_session, by_hand.clock)  # type: ignore[arg-type]  # a fake
    assert later.tick() == by_hand.clock.moment + timedelta(seconds=40)
    assert later.wait_idle(10)
    assert by_hand.history() == []


def test_resuming_restarts_the_interval(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT")
    by_hand.tick(seconds=30)
    base = by_hand.clock.moment
    TASKS.put(by_hand.catalog, replace(by_hand.task("ROOT"), schedule_base=base))
    by_hand.tick(seconds=30)
    assert by_hand.history() == []
    by_hand.tick(seconds=30)
    assert by_hand.history() == [("ROOT", "SUCCEEDED", 1)]


def test_a_cron_schedule_runs_on_the_minute_in_its_zone(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", properties={"SCHEDULE": "USING CRON 30 14 * * * Europe/Paris"})
    by_hand.tick(hours=1)
    assert by_hand.history() == []
    by_hand.tick(minutes=30)
    assert by_hand.history() == [("ROOT", "SUCCEEDED", 1)]


def test_a_root_that_still_runs_misses_its_turn(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT")
    by_hand.hangs("ROOT")
    for _ in range(3):
        by_hand.clock.advance(minutes=1)
        by_hand.scheduler.tick()
    by_hand.end("ROOT")
    by_hand.tick(seconds=30)
    assert by_hand.history() == [("ROOT", "FAILED", 1)]


def test_execute_task_runs_a_suspended_root_once(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", started=False)
    by_hand.request("ROOT")
    by_hand.tick()
    by_hand.tick(minutes=1)
    assert by_hand.history() == [("ROOT", "SUCCEEDED", 1)]
    assert by_hand.rows()[0]["scheduled_from"] == "EXECUTE_TASK"
    assert by_hand.task("ROOT").requested_at is None


def test_execute_task_while_the_graph_runs_gives_one_more_run(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", started=False)
    by_hand.hangs("ROOT")
    by_hand.request("ROOT")
    by_hand.scheduler.tick()
    wait_until(lambda: by_hand.account.bodies == ["CALL ROOT()"])
    for _ in range(2):
        by_hand.clock.advance(seconds=1)
        by_hand.request("ROOT")
        by_hand.scheduler.tick()
    by_hand.end("ROOT")
    by_hand.account.script.clear()
    by_hand.tick()
    by_hand.tick()
    assert by_hand.history() == [("ROOT", "FAILED", 1), ("ROOT", "SUCCEEDED", 1)]


def test_a_run_that_ends_while_the_scheduler_looks_is_not_run_again(
    by_hand: SchedulerByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand.add("ROOT", started=False, condition="c")
    by_hand.request("ROOT")
    go_on = threading.Event()
    by_hand.account.script["SELECT c"] = lambda session: go_on.wait(10)
    by_hand.scheduler.tick()
    reading = by_hand.catalog.rows

    def read_and_see_the_run_end(*query: Any) -> list[dict[str, Any]]:
        monkeypatch.undo()
        rows = reading(*query)
        go_on.set()
        assert by_hand.scheduler.wait_idle(10)
        return rows

    monkeypatch.setattr(by_hand.catalog, "rows", read_and_see_the_run_end)
    by_hand.tick()
    assert by_hand.history() == [("ROOT", "SUCCEEDED", 1)]


def test_a_wish_is_forgotten_only_when_the_history_has_the_run(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", started=False)
    by_hand.request("ROOT")
    seen: list[tuple[bool, int]] = []

    def look(session: FakeSession) -> None:
        seen.append((by_hand.task("ROOT").requested_at is None, len(by_hand.history())))

    by_hand.account.script["CALL ROOT()"] = look
    by_hand.tick()
    assert seen == [(True, 1)]


def test_a_wish_outlives_the_scheduler_that_did_not_come_to_it(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", started=False)
    by_hand.request("ROOT")
    by_hand.scheduler.close()
    by_hand.scheduler = Scheduler(by_hand.account, by_hand.account.open_session, by_hand.clock)  # type: ignore[arg-type]  # a fake
    by_hand.tick()
    assert by_hand.history() == [("ROOT", "SUCCEEDED", 1)]


def test_a_stream_starts_a_triggered_task_not_more_often_than_its_interval(
    by_hand: SchedulerByHand,
) -> None:
    condition = "SYSTEM$STREAM_HAS_DATA('s')"
    by_hand.add("ROOT", properties={}, condition=condition)
    by_hand.account.script[f"SELECT {condition}"] = False
    for _ in range(3):
        by_hand.tick(seconds=1)
    assert by_hand.history() == []
    by_hand.account.script[f"SELECT {condition}"] = True
    for _ in range(31):
        by_hand.tick(seconds=1)
    assert by_hand.history() == [("ROOT", "SUCCEEDED", 1)] * 2
    assert {row["scheduled_from"] for row in by_hand.rows()} == {"TRIGGER"}
    assert by_hand.scheduler.tick() == by_hand.clock.moment + timedelta(seconds=1)


# --- what runs in a graph ------------------------------------------------------------------------


def test_a_child_starts_when_all_its_predecessors_have_succeeded(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT")
    by_hand.add("LEFT", "ROOT")
    by_hand.add("RIGHT", "ROOT")
    by_hand.add("JOIN", "LEFT", "RIGHT")
    both = threading.Barrier(2, timeout=10)
    # Each waits for the other: they can only pass side by side.
    by_hand.account.script["CALL LEFT()"] = lambda session: both.wait() and None
    by_hand.account.script["CALL RIGHT()"] = lambda session: both.wait() and None
    by_hand.tick(minutes=1)
    names = [name for name, _, _ in by_hand.history()]
    assert (names[0], sorted(names[1:3]), names[3]) == ("ROOT", ["LEFT", "RIGHT"], "JOIN")
    assert {state for _, state, _ in by_hand.history()} == {"SUCCEEDED"}
    assert len({row["graph_run_group_id"] for row in by_hand.rows()}) == 1
    assert {row["root_task_id"] for row in by_hand.rows()} == {by_hand.task("ROOT").id}


def test_a_task_runs_in_a_session_of_its_own_that_is_closed(by_hand: SchedulerByHand) -> None:
    by_hand.add(
        "ROOT",
        properties={"SCHEDULE": "1 MINUTE", "WAREHOUSE": "COMPUTE_WH"},
        parameters={"TIMEZONE": "UTC"},
        condition="1 = 1",
    )
    by_hand.account.script["SELECT 1 = 1"] = True
    by_hand.tick(minutes=1)
    common = {
        "user": "SYSTEM",
        "role": "PIPELINE",
        "database": "SHOP",
        "schema": "OPS",
        "parameters": {"TIMEZONE": "UTC"},
    }
    assert by_hand.account.statements == [
        ("SELECT 1 = 1", common),
        ("CALL ROOT()", {**common, "warehouse": "COMPUTE_WH"}),
    ]
    assert all(session.closed for session in by_hand.account.sessions)


def test_a_false_condition_of_the_root_skips_the_whole_graph(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", condition="1 = 0")
    by_hand.add("CHILD", "ROOT")
    by_hand.account.script["SELECT 1 = 0"] = False
    by_hand.tick(minutes=1)
    (row,) = by_hand.rows()
    assert (row["name"], row["state"], row["query_id"]) == ("ROOT", "SKIPPED", None)
    assert row["error_message"] == "Conditional expression for task evaluated to false."


def test_a_false_condition_of_a_child_stops_only_what_comes_after_it(
    by_hand: SchedulerByHand,
) -> None:
    by_hand.add("ROOT")
    by_hand.add("A", "ROOT", condition="1 = 0")
    by_hand.add("B", "ROOT")
    by_hand.add("AFTER_A", "A")
    by_hand.add("AFTER_BOTH", "A", "B")
    by_hand.account.script["SELECT 1 = 0"] = False
    by_hand.tick(minutes=1)
    assert {name: state for name, state, _ in by_hand.history()} == {
        "ROOT": "SUCCEEDED",
        "A": "SKIPPED",
        "B": "SUCCEEDED",
        "AFTER_A": "SKIPPED",
        "AFTER_BOTH": "SKIPPED",
    }
    assert sorted(by_hand.account.bodies) == ["CALL B()", "CALL ROOT()"]


def test_a_failure_is_recorded_with_its_error_and_skips_what_comes_after(
    by_hand: SchedulerByHand,
) -> None:
    by_hand.add("ROOT")
    by_hand.add("CHILD", "ROOT")
    by_hand.fails("ROOT")
    by_hand.tick(minutes=1)
    root, child = by_hand.rows()
    assert (root["state"], root["error_code"], root["error_message"]) == (
        "FAILED",
        "100051",
        "Division by zero",
    )
    assert (child["state"], child["query_id"]) == ("SKIPPED", None)
    assert child["error_message"] == "Skipped: predecessor ROOT did not succeed."


def test_a_condition_that_fails_fails_its_task(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", condition="nonsense")
    by_hand.account.script["SELECT nonsense"] = errors.does_not_exist("Stream", "S")
    by_hand.tick(minutes=1)
    (row,) = by_hand.rows()
    assert (row["state"], row["error_code"]) == ("FAILED", "002003")
    assert by_hand.account.bodies == []


def test_an_accident_in_a_task_is_its_failure_and_not_the_schedulers(
    by_hand: SchedulerByHand,
) -> None:
    by_hand.add("ROOT")
    by_hand.account.script["CALL ROOT()"] = ZeroDivisionError("by accident")
    by_hand.tick(minutes=1)
    (row,) = by_hand.rows()
    assert (row["state"], row["error_code"]) == ("FAILED", "300001")
    assert row["error_message"] == "ZeroDivisionError: by accident"
    by_hand.account.script.clear()
    by_hand.tick(minutes=1)
    assert by_hand.history()[-1] == ("ROOT", "SUCCEEDED", 1)


def test_a_suspended_child_is_passed_as_if_it_had_succeeded(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT")
    by_hand.add("RESTING", "ROOT", started=False)
    by_hand.add("CHILD", "RESTING")
    by_hand.tick(minutes=1)
    assert by_hand.account.bodies == ["CALL ROOT()", "CALL CHILD()"]
    assert [name for name, _, _ in by_hand.history()] == ["ROOT", "CHILD"]


def test_a_run_keeps_the_definitions_that_it_began_with(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT")
    by_hand.add("CHILD", "ROOT")

    def edit(session: FakeSession) -> None:
        TASKS.put(by_hand.catalog, replace(by_hand.task("CHILD"), definition="CALL other()"))

    by_hand.account.script["CALL ROOT()"] = edit
    by_hand.tick(minutes=1)
    assert by_hand.account.bodies == ["CALL ROOT()", "CALL CHILD()"]
    by_hand.tick(minutes=1)
    assert by_hand.account.bodies[2:] == ["CALL ROOT()", "CALL other()"]


# --- failures ------------------------------------------------------------------------------------


def test_a_retry_starts_from_what_failed(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", properties={"SCHEDULE": "1 MINUTE", "TASK_AUTO_RETRY_ATTEMPTS": 2})
    by_hand.add("WEAK", "ROOT")
    by_hand.add("STRONG", "ROOT")
    by_hand.add("LAST", "WEAK")
    by_hand.fails("WEAK", BROKEN, None)
    by_hand.tick(minutes=1)
    history = by_hand.history()
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
    assert len({row["graph_run_group_id"] for row in by_hand.rows()}) == 1
    assert by_hand.task("ROOT").failures == {}


def test_failed_runs_in_a_row_suspend_the_root(by_hand: SchedulerByHand) -> None:
    by_hand.add(
        "ROOT",
        properties={
            "SCHEDULE": "1 MINUTE",
            "SUSPEND_TASK_AFTER_NUM_FAILURES": 2,
            "TASK_AUTO_RETRY_ATTEMPTS": 1,
        },
    )
    by_hand.add("CHILD", "ROOT")
    by_hand.fails("CHILD")
    by_hand.tick(minutes=1)
    assert by_hand.task("ROOT").started
    by_hand.tick(minutes=1)
    assert [entry for entry in by_hand.history() if entry[0] == "CHILD"] == [
        ("CHILD", "FAILED", 1),
        ("CHILD", "FAILED", 2),
        ("CHILD", "FAILED", 1),
        ("CHILD", "FAILED_AND_AUTO_SUSPENDED", 2),
    ]
    root = by_hand.task("ROOT")
    assert (root.state, root.last_suspended_reason) == ("suspended", "SUSPENDED_DUE_TO_ERRORS")
    assert by_hand.task("CHILD").started
    by_hand.tick(minutes=5)
    assert len(by_hand.history()) == 6


def test_a_success_in_between_begins_the_count_anew_and_a_skip_does_not(
    by_hand: SchedulerByHand,
) -> None:
    by_hand.add(
        "ROOT",
        properties={"SCHEDULE": "1 MINUTE", "SUSPEND_TASK_AFTER_NUM_FAILURES": 2},
        condition="c",
    )
    by_hand.account.script["SELECT c"] = [True, True, True, False, True]
    by_hand.fails("ROOT", None, BROKEN, BROKEN)
    for state, failures in [
        ("started", {"ROOT": 1}),
        ("started", {}),
        ("started", {"ROOT": 1}),
        ("started", {"ROOT": 1}),
        ("suspended", {"ROOT": 2}),
    ]:
        by_hand.tick(minutes=1)
        assert (by_hand.task("ROOT").state, by_hand.task("ROOT").failures) == (state, failures)


def test_failures_of_different_tasks_do_not_add_up(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", properties={"SCHEDULE": "1 MINUTE", "SUSPEND_TASK_AFTER_NUM_FAILURES": 2})
    by_hand.add("A", "ROOT")
    by_hand.add("B", "ROOT")
    by_hand.account.script |= {"CALL A()": [BROKEN, None, BROKEN]}
    by_hand.account.script |= {"CALL B()": [None, BROKEN, BROKEN]}
    for failures in ({"A": 1}, {"B": 1}):
        by_hand.tick(minutes=1)
        assert by_hand.task("ROOT").failures == failures
        assert by_hand.task("ROOT").started
    by_hand.tick(minutes=1)
    assert by_hand.task("ROOT").failures == {"A": 1, "B": 2}
    assert not by_hand.task("ROOT").started


def test_never_suspends_where_the_number_of_failures_is_zero(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", properties={"SCHEDULE": "1 MINUTE", "SUSPEND_TASK_AFTER_NUM_FAILURES": 0})
    by_hand.fails("ROOT")
    for _ in range(12):
        by_hand.tick(minutes=1)
    assert by_hand.task("ROOT").started


def test_a_task_that_takes_too_long_is_cancelled_and_failed(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT")
    by_hand.add("CHILD", "ROOT", properties={"USER_TASK_TIMEOUT_MS": 50})
    by_hand.hangs("CHILD")
    by_hand.tick(minutes=1)
    child = by_hand.rows()[1]
    assert (child["name"], child["state"], child["error_code"]) == ("CHILD", "FAILED", "000630")
    assert "timeout of 1 second(s)" in child["error_message"]


def test_the_roots_time_limit_is_that_of_the_whole_graph(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", properties={"SCHEDULE": "1 MINUTE", "USER_TASK_TIMEOUT_MS": 60_000})
    by_hand.add("CHILD", "ROOT")
    by_hand.account.script["CALL ROOT()"] = lambda session: by_hand.clock.advance(seconds=61)
    by_hand.hangs("CHILD")
    by_hand.tick(minutes=1)
    assert by_hand.history() == [("ROOT", "SUCCEEDED", 1), ("CHILD", "FAILED", 1)]


# --- the thread ----------------------------------------------------------------------------------


def test_the_thread_wakes_for_a_wish_and_ends_what_runs_when_it_is_closed(
    by_hand: SchedulerByHand,
) -> None:
    by_hand.add("ROOT", started=False)
    by_hand.add("CHILD", "ROOT")
    by_hand.hangs("CHILD")
    by_hand.scheduler.start()
    by_hand.request("ROOT")
    by_hand.account.tasks_changed()
    wait_until(lambda: by_hand.history()[1:] == [("CHILD", "EXECUTING", 1)])
    by_hand.scheduler.close()
    assert by_hand.history() == [("ROOT", "SUCCEEDED", 1), ("CHILD", "CANCELLED", 1)]
    by_hand.request("ROOT")
    by_hand.account.tasks_changed()
    by_hand.scheduler.tick()
    assert len(by_hand.history()) == 2


def test_what_a_crash_cut_off_is_settled_before_anything_begins(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", started=False)
    run = task_history.Run(by_hand.task("ROOT"), by_hand.clock.moment, "SCHEDULE")
    entry = task_history.Entry(run, by_hand.task("ROOT"), by_hand.clock.moment, 1)
    task_history.started(by_hand.catalog, entry, by_hand.clock.moment)
    by_hand.scheduler.start()
    assert by_hand.history() == [("ROOT", "FAILED", 1)]


def test_the_history_is_trimmed_once_an_hour(by_hand: SchedulerByHand) -> None:
    by_hand.add("ROOT", started=False)
    moment = by_hand.clock.moment - timedelta(days=6, hours=23)
    entry = task_history.Entry(
        task_history.Run(by_hand.task("ROOT"), moment, "SCHEDULE"), by_hand.task("ROOT"), moment, 1
    )
    task_history.started(by_hand.catalog, entry, moment)
    by_hand.tick(minutes=59)
    assert len(by_hand.history()) == 1
    by_hand.tick(minutes=2)
    assert by_hand.history() == []


def test_a_database_that_cannot_be_read_does_not_stop_the_others(by_hand: SchedulerByHand) -> None:
    by_hand.account.catalogs = {"BROKEN": None, **by_hand.account.catalogs}  # type: ignore[dict-item]
    by_hand.add("ROOT")
    by_hand.tick(minutes=1)
    assert by_hand.history() == [("ROOT", "SUCCEEDED", 1)]


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
