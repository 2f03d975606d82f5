"""`caves run`: both task graphs now, until they have finished."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.caves.errors import CommandError, python_reason
from app.caves.objects import ROOT_TASKS, SHOW_TASKS, parents_of
from app.caves.screen import Progress
from app.caves.target import Account, Row

EXECUTE = "EXECUTE TASK {{db}}.{task}"
RUNS = """
SELECT NAME, STATE, RUN_ID, ATTEMPT_NUMBER, SCHEDULED_FROM, SCHEDULED_TIME, QUERY_START_TIME,
    COMPLETED_TIME, ERROR_CODE, ERROR_MESSAGE, RETURN_VALUE
FROM TABLE({db}.INFORMATION_SCHEMA.TASK_HISTORY(
    SCHEDULED_TIME_RANGE_START => DATEADD('hour', -1, CURRENT_TIMESTAMP()),
    RESULT_LIMIT => 10000,
    DATABASE_NAME => '{db}', SCHEMA_NAME => 'OPS'
))
"""
BY_HAND = {"EXECUTE_TASK", "EXECUTE TASK"}
FAILED = {"FAILED", "FAILED_AND_AUTO_SUSPENDED", "CANCELLED"}
FINISHED = {*FAILED, "SUCCEEDED", "SKIPPED"}
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Task:
    """What of a task decides whether it will run."""

    name: str
    parents: tuple[str, ...] = ()
    started: bool = True


@dataclass
class GraphRun:
    """One run of one graph, as far as it has come: the state of each task, by name."""

    root: str
    states: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return any(state in FAILED for state in self.states.values())


def awaited(root: str, tasks: Sequence[Task], states: Mapping[str, str]) -> list[str]:
    """The tasks of the root's graph that have still to finish, or to start.

    A task runs once its parents have succeeded; a suspended one is passed over; below one that
    failed or was skipped nothing runs.
    """
    waiting, succeeded = [], set()
    todo = [task for task in tasks if task.name == root]
    while todo:
        task = todo.pop(0)
        state = states.get(task.name, "")
        if not task.started and task.name != root:
            state = "SUCCEEDED"
        if state not in FINISHED:
            waiting.append(task.name)
        elif state == "SUCCEEDED":
            succeeded.add(task.name)
            todo += [
                each
                for each in tasks
                if task.name in each.parents and succeeded.issuperset(each.parents)
            ]
    return waiting


def run(account: Account, timeout: float, progress: Progress) -> list[GraphRun]:
    """Execute both root tasks and wait for their graphs; raise on the deadline."""
    tasks = [
        Task(row["NAME"], tuple(parents_of(row)), str(row["STATE"]).lower() == "started")
        for row in account.rows(SHOW_TASKS)
    ]
    known = {(row["NAME"], row["RUN_ID"]) for row in account.rows(RUNS)}
    for name in ROOT_TASKS:
        account.rows(EXECUTE.format(task=name))
    deadline = time.monotonic() + timeout
    told: dict[str, str] = {}
    while True:
        rows = account.rows(RUNS)
        runs = [_graph_run(name.split(".")[1], rows, known) for name in ROOT_TASKS]
        for each in runs:
            _tell(each, told, progress)
        waiting = [name for each in runs for name in awaited(each.root, tasks, each.states)]
        if not waiting or any(each.failed for each in runs):
            return runs
        if time.monotonic() > deadline:
            raise CommandError(f"after {timeout:g} s not finished: {', '.join(waiting)}")
        time.sleep(POLL_SECONDS)


def _graph_run(root: str, rows: Sequence[Row], known: set[tuple[str, object]]) -> GraphRun:
    """The run that EXECUTE TASK made: the first of the root that was not there before."""
    mine = sorted(
        row["RUN_ID"]
        for row in rows
        if row["NAME"] == root
        and row["SCHEDULED_FROM"] in BY_HAND
        and (root, row["RUN_ID"]) not in known
    )
    run = GraphRun(root)
    if not mine:
        return run
    of_run = [row for row in rows if row["RUN_ID"] == mine[0]]
    for row in sorted(of_run, key=lambda row: row["ATTEMPT_NUMBER"] or 1):
        run.states[row["NAME"]] = row["STATE"]
        if row["STATE"] in FAILED:
            run.errors[row["NAME"]] = python_reason(str(row["ERROR_MESSAGE"]))
    return run


def _tell(run: GraphRun, told: dict[str, str], progress: Progress) -> None:
    for name, state in run.states.items():
        if told.get(name) != state:
            told[name] = state
            progress(f"{name} {state.lower()}")
