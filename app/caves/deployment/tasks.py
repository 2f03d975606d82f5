"""Tasks and alerts: which of them run before a deployment, after it, and after one that failed; and
`caves pause` and `caves resume`.

Here a task is whatever runs by itself. A deployment suspends all of them while it alters them. What
it starts again is what ran before, and what is new; what an operator had suspended stays suspended.
The log row that it writes before it suspends anything is how the next deployment knows what one
that was killed has left suspended.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from snowflake.connector.errors import ProgrammingError

from app.caves.deployment.log import DONE, FAILED, Recorded
from app.caves.errors import CommandError
from app.caves.objects import SHOW_ALERTS, SHOW_TASKS, is_started, parents_of
from app.caves.screen import Progress
from app.caves.target import Account, Row, identifier, is_missing

SUSPEND = "ALTER {kind} {{db}}.OPS.{name} SUSPEND"
RESUME = "ALTER {kind} {{db}}.OPS.{name} RESUME"
SHOW = {"TASK": SHOW_TASKS, "ALERT": SHOW_ALERTS}
SETTLE_SECONDS = 0.5
ATTEMPTS = 3
# https://docs.snowflake.com/en/sql-reference/functions/current_task_graphs
RUNNING = """
SELECT ROOT_TASK_NAME
FROM TABLE({db}.INFORMATION_SCHEMA.CURRENT_TASK_GRAPHS())
WHERE DATABASE_NAME = '{db}' AND SCHEMA_NAME = 'OPS' AND STATE = 'EXECUTING'
ORDER BY ROOT_TASK_NAME
"""
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Task:
    """A task or alert of the account, and why it is suspended, if it is."""

    name: str
    started: bool
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


def running_before(now: Sequence[Task], last: Recorded | None) -> dict[str, bool]:
    """Task to whether it is to run after the deployment, as far as there is a before.

    After a deployment that came to no end it is that one's before which counts: what it had
    suspended starts again. One that FAILED has put its tasks back itself. Either may have made
    tasks and not started them: they are as new as if they were not there.
    """
    before = {task.name: task.started for task in now}
    if last is None or last.outcome == DONE:
        return before
    known = {name: started for name, started in before.items() if name in last.tasks or started}
    if last.outcome == FAILED:
        return known
    return {name: started or last.tasks.get(name, False) for name, started in known.items()}


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


def kept_suspended(now: Sequence[Task], before: Mapping[str, bool]) -> list[Task]:
    """What an operator, or ten failures in a row, had suspended before."""
    return [task for task in now if not task.started and not before.get(task.name, True)]


def start(account: Account, tasks: Sequence[Task]) -> None:
    for task in tasks:
        account.rows(RESUME.format(kind=task.kind, name=identifier(task.name)))


def put_back(account: Account, before: Mapping[str, bool]) -> list[str]:
    """Start again what ran before and does not now; its names.

    It looks again until nothing is left to start: a statement of the step that was cut off may
    still suspend a task after its client has gone.
    """
    ran = [name for name, started in before.items() if started]
    found: list[str] = []
    for attempt in range(ATTEMPTS):
        time.sleep(SETTLE_SECONDS if attempt else 0)
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
    told: Sequence[str] = ()
    while running := [row["ROOT_TASK_NAME"] for row in account.rows(RUNNING)]:
        if running != told:
            told = running
            progress(f"waiting for {', '.join(running)}")
        if time.monotonic() > deadline:
            raise CommandError(
                f"everything is suspended, but after {timeout:g} s there still runs:"
                f" {', '.join(running)}"
            )
        time.sleep(POLL_SECONDS)
