"""Tasks and alerts of OPS: read, start, pause, resume them, and run both graphs now.

Here a task is anything that runs by itself, an alert included.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from snowflake.connector.errors import ProgrammingError

from app.caves.errors import CommandError, python_reason
from app.caves.objects import ROOT_TASKS, SHOW_ALERTS, SHOW_TASKS, is_started, parents_of
from app.caves.screen import Progress
from app.caves.target import Account, Row, identifier, is_missing

SUSPEND = "ALTER {kind} {{db}}.OPS.{name} SUSPEND"
RESUME = "ALTER {kind} {{db}}.OPS.{name} RESUME"
SHOW = {"TASK": SHOW_TASKS, "ALERT": SHOW_ALERTS}
RESTART_SECONDS = 0.5
ATTEMPTS = 3
# https://docs.snowflake.com/en/sql-reference/functions/current_task_graphs
RUNNING = """
SELECT ROOT_TASK_NAME
FROM TABLE({db}.INFORMATION_SCHEMA.CURRENT_TASK_GRAPHS())
WHERE DATABASE_NAME = '{db}' AND SCHEMA_NAME = 'OPS' AND STATE = 'EXECUTING'
ORDER BY ROOT_TASK_NAME
"""
POLL_SECONDS = 0.2

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
RUN_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Task:
    """A task or alert of the account, and why it is suspended, if it is."""

    name: str
    started: bool = True
    parents: tuple[str, ...] = ()
    reason: str | None = None
    kind: str = "TASK"


def read(account: Account) -> list[Task]:
    """Those of OPS; none where there is no database yet."""
    try:
        return [_task(kind, row) for kind, show in SHOW.items() for row in account.rows(show)]
    except ProgrammingError as error:
        if is_missing(error):
            return []
        raise


def _task(kind: str, row: Row) -> Task:
    return Task(
        name=row["NAME"],
        started=is_started(row),
        parents=tuple(parents_of(row)) if kind == "TASK" else (),
        reason=row.get("LAST_SUSPENDED_REASON"),
        kind=kind,
    )


def to_start(now: Sequence[Task], before: Mapping[str, bool], everything: bool) -> list[Task]:
    """What is suspended and shall run, children before their parents: a graph whose root runs
    cannot be changed. https://docs.snowflake.com/en/user-guide/tasks-graphs
    Alerts last, since a task that is suspended for a moment is no incident.
    """
    chosen = [
        task for task in now if not task.started and (everything or before.get(task.name, True))
    ]
    return sorted(
        chosen, key=lambda task: (task.kind == "ALERT", -depth(task.name, now), task.name)
    )


def depth(name: str, tasks: Sequence[Task]) -> int:
    """How far below its root a task is; 0 of a root."""
    parents = {task.name: task.parents for task in tasks}
    return max((1 + depth(parent, tasks) for parent in parents.get(name, ())), default=0)


def start(account: Account, tasks: Sequence[Task]) -> None:
    for task in tasks:
        account.rows(RESUME.format(kind=task.kind, name=identifier(task.name)))


def restart(account: Account, before: Mapping[str, bool]) -> list[str]:
    """Start again what ran before and does not now; its names.

    It looks again until nothing is left to start: a statement of the step that was cut off may
    still suspend a task after its client has gone.
    """
    ran = [name for name, started in before.items() if started]
    found: list[str] = []
    for attempt in range(ATTEMPTS):
        time.sleep(RESTART_SECONDS if attempt else 0)
        only = [task for task in read(account) if task.name in ran]
        chosen = to_start(only, before, everything=False)
        start(account, chosen)
        found += [task.name for task in chosen]
        if attempt and not chosen:
            break
    return list(dict.fromkeys(found))


def pause(account: Account, timeout: float, progress: Progress) -> list[str]:
    """Suspend every root task and every alert, and wait for the runs that are going on.

    Children stay as they are: nothing starts them but their roots. Rows wait in the streams, which
    stay readable for at least 14 days. Returns what was suspended; raises where a run has not ended
    within `timeout` seconds, with everything suspended all the same.
    """
    roots, alerts = root_tasks(account), alert_names(account)
    # Alerts first: a graph that is suspended on purpose is no incident.
    for kind, names in (("ALERT", alerts), ("TASK", roots)):
        for name in names:
            account.rows(SUSPEND.format(kind=kind, name=identifier(name)))
    _wait(account, timeout, progress)
    return [*roots, *alerts]


def resume(account: Account) -> list[str]:
    """Start each task and alert that is suspended, leaves first; returns their names.

    One by one, by ALTER TASK, which OPERATE is enough for; SYSTEM$TASK_DEPENDENTS_ENABLE is for the
    owner. https://docs.snowflake.com/en/sql-reference/functions/system_task_dependents_enable
    """
    root_tasks(account)
    suspended = to_start(read(account), {}, everything=True)
    start(account, suspended)
    return [task.name for task in suspended]


def root_tasks(account: Account) -> list[str]:
    """The tasks of OPS that nothing but a schedule or a stream starts."""
    found = [row["NAME"] for row in account.rows(SHOW_TASKS) if not parents_of(row)]
    if not found:
        raise CommandError(f"no tasks in {account.database}.OPS: run `caves deploy` first")
    return sorted(found)


def alert_names(account: Account) -> list[str]:
    return sorted(row["NAME"] for row in account.rows(SHOW_ALERTS))


def _wait(account: Account, timeout: float, progress: Progress) -> None:
    deadline = time.monotonic() + timeout
    printed: Sequence[str] = ()
    while running := [row["ROOT_TASK_NAME"] for row in account.rows(RUNNING)]:
        if running != printed:
            printed = running
            progress(f"waiting for {', '.join(running)}")
        if time.monotonic() > deadline:
            raise CommandError(
                f"everything is suspended, but these still run after {timeout:g} s:"
                f" {', '.join(running)}"
            )
        time.sleep(POLL_SECONDS)


@dataclass
class GraphRun:
    """One run of one graph: the state of each task that has begun, by name."""

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
    tasks = [each for each in read(account) if each.kind == "TASK"]
    known = {(row["NAME"], row["RUN_ID"]) for row in account.rows(RUNS)}
    for name in ROOT_TASKS:
        account.rows(EXECUTE.format(task=name))
    deadline = time.monotonic() + timeout
    printed: dict[str, str] = {}
    while True:
        rows = account.rows(RUNS)
        runs = [_graph_run(name.split(".")[1], rows, known) for name in ROOT_TASKS]
        for each in runs:
            _print_changes(each, printed, progress)
        waiting = [name for each in runs for name in awaited(each.root, tasks, each.states)]
        if not waiting or any(each.failed for each in runs):
            return runs
        if time.monotonic() > deadline:
            raise CommandError(f"not finished after {timeout:g} s: {', '.join(waiting)}")
        time.sleep(RUN_POLL_SECONDS)


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


def _print_changes(run: GraphRun, printed: dict[str, str], progress: Progress) -> None:
    for name, state in run.states.items():
        if printed.get(name) != state:
            printed[name] = state
            progress(f"{name} {state.lower()}")
