"""`caves pause` and `caves resume`: stop the tasks, and start them again."""

import time
from collections.abc import Sequence

from app.caves.deploy import Progress
from app.caves.deployment import tasks
from app.caves.errors import CommandError
from app.caves.shown import SHOW_ALERTS, SHOW_TASKS, parents_of
from app.caves.target import Account, identifier

SUSPEND = "ALTER {kind} {{db}}.OPS.{name} SUSPEND"
# https://docs.snowflake.com/en/sql-reference/functions/current_task_graphs
RUNNING = """
SELECT ROOT_TASK_NAME
FROM TABLE({db}.INFORMATION_SCHEMA.CURRENT_TASK_GRAPHS())
WHERE DATABASE_NAME = '{db}' AND SCHEMA_NAME = 'OPS' AND STATE = 'EXECUTING'
ORDER BY ROOT_TASK_NAME
"""
POLL_SECONDS = 0.2


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
    suspended = tasks.to_start(tasks.read(account), {}, everything=True)
    tasks.start(account, suspended)
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
