from collections.abc import Sequence
from typing import Any

import pytest

from app.caves.deployment.desired_state import desired_state
from app.caves.deployment.plan import look
from app.caves.errors import CommandError
from app.caves.operations import tasks
from app.caves.project import Project
from app.caves.settings import effective
from app.caves.target import Row
from tests.support.deployed import deployed_pipeline

TASKS: list[Row] = [
    {"NAME": "TASK_ROOT", "PREDECESSORS": "[]", "STATE": "suspended"},
    {"NAME": "TASK_CHILD", "PREDECESSORS": '["D.OPS.TASK_ROOT"]', "STATE": "suspended"},
    {"NAME": "TASK_LEAF", "PREDECESSORS": '["D.OPS.TASK_CHILD"]', "STATE": "suspended"},
    {"NAME": "TASK_RUNS", "PREDECESSORS": '["D.OPS.TASK_ROOT"]', "STATE": "started"},
    {"NAME": "TASK_ALONE", "PREDECESSORS": "[]", "STATE": "suspended"},
]


class Said:
    """An account with tasks and an alert, that notes what is altered; graphs run for a while."""

    database = "D"

    def __init__(self, running: list[list[str]], tasks: list[Row] = TASKS) -> None:
        self.running = running
        self.tasks = tasks
        self.altered: list[str] = []

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        if statement == tasks.SHOW_TASKS:
            return self.tasks
        if statement == tasks.SHOW_ALERTS:
            return [{"NAME": "ALERT_HEALTH", "STATE": "suspended"}]
        if statement == tasks.RUNNING:
            return [{"ROOT_TASK_NAME": name} for name in self.running.pop(0)]
        self.altered.append(statement.format(db=self.database))
        return []


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "POLL_SECONDS", 0)


def paused(account: Said, timeout: float = 60) -> tuple[list[str], list[str]]:
    """What was suspended, and what was told meanwhile."""
    told: list[str] = []
    names = tasks.pause(account, timeout, told.append)  # type: ignore[arg-type]  # a fake of it
    return names, told


def test_alerts_and_roots_are_suspended_and_children_left_alone() -> None:
    account = Said(running=[[]])

    assert paused(account) == (["TASK_ALONE", "TASK_ROOT", "ALERT_HEALTH"], [])
    assert account.altered == [
        "ALTER ALERT D.OPS.ALERT_HEALTH SUSPEND",
        "ALTER TASK D.OPS.TASK_ALONE SUSPEND",
        "ALTER TASK D.OPS.TASK_ROOT SUSPEND",
    ]


def test_runs_that_are_going_on_are_waited_for_and_told_once() -> None:
    both = ["TASK_ALONE", "TASK_ROOT"]
    account = Said(running=[both, both, ["TASK_ROOT"], []])

    assert paused(account)[1] == ["waiting for TASK_ALONE, TASK_ROOT", "waiting for TASK_ROOT"]
    assert account.running == []


def test_a_run_that_does_not_end_is_named() -> None:
    account = Said(running=[["TASK_ROOT"]] * 2)

    with pytest.raises(CommandError, match=r"everything is suspended, but .* TASK_ROOT"):
        paused(account, timeout=-1)
    assert len(account.altered) == 3


def test_resuming_starts_what_is_suspended_one_by_one_leaves_first() -> None:
    account = Said(running=[])

    found = tasks.resume(account)  # type: ignore[arg-type]  # a fake of it
    assert found == ["TASK_LEAF", "TASK_CHILD", "TASK_ALONE", "TASK_ROOT", "ALERT_HEALTH"]
    assert account.altered == [
        "ALTER TASK D.OPS.TASK_LEAF RESUME",
        "ALTER TASK D.OPS.TASK_CHILD RESUME",
        "ALTER TASK D.OPS.TASK_ALONE RESUME",
        "ALTER TASK D.OPS.TASK_ROOT RESUME",
        "ALTER ALERT D.OPS.ALERT_HEALTH RESUME",
    ]


def test_a_database_without_tasks_has_nothing_to_pause() -> None:
    with pytest.raises(CommandError, match=r"no tasks in D\.OPS: run `caves deploy` first"):
        paused(Said(running=[], tasks=[]))


def test_tasks_with_names_of_any_kind_are_stopped_and_started(account: Any) -> None:
    """Names are what somebody chose: none of them ends a statement or is taken for another one."""
    names = ['a"; DROP.{db}', "lower", "My.Child"]
    with deployed_pipeline(account) as pipeline:
        for name, after in zip(names, ("", "", "lower"), strict=True):
            schedule = f'AFTER OPS."{after}"' if after else "SCHEDULE = '60 MINUTES'"
            pipeline.account.connection.cursor().execute(
                f"CREATE TASK {pipeline.database}.OPS.{quoted(name)} WAREHOUSE = COMPUTE_WH"
                f" {schedule.replace('OPS.', pipeline.database + '.OPS.')} AS SELECT 1"
            )
        pipeline.account.connection.cursor().execute(
            f'CREATE PROCEDURE {pipeline.database}.OPS."my proc{{db}}"() RETURNS VARCHAR'
            " LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python')"
            " HANDLER = 'run' AS 'def run(session): return 1'"
        )
        tasks.resume(pipeline.account)
        states = {row["NAME"]: row["STATE"] for row in pipeline.rows(tasks.SHOW_TASKS)}
        assert {states[name] for name in names} == {"started"}
        assert {*names[:2]} <= {*tasks.pause(pipeline.account, 30, lambda text: None)}
        states = {row["NAME"]: row["STATE"] for row in pipeline.rows(tasks.SHOW_TASKS)}
        assert [states[name] for name in names] == ["suspended", "suspended", "started"]

        project = Project.find()
        env = {**effective(project.env, {}), "database": pipeline.database}
        assert "OPS.my proc{db}()" not in str(
            look(pipeline.account, desired_state(project, env)).obsolete
        )


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
