"""The tasks and the alert, as deployed."""

import time

from app.caves.deployment import tasks
from app.caves.doctor.assertion import Broken, Subject, expect
from app.caves.doctor.environment import Environment
from app.caves.doctor.events import SECOND_BATCH, ingest
from app.caves.laws.verify import verify
from app.caves.objects import SHOW_ALERTS, SHOW_TASKS, is_started
from app.caves.objects import TASKS as NAMES
from app.caves.operations import graph

TASKS = Subject("deploys")
holds = TASKS.holds
RUN_SECONDS = 240.0
ALERT_SECONDS = 90.0
ALERT_RUNS = """
SELECT STATE, SQL_ERROR_CODE
FROM TABLE({db}.INFORMATION_SCHEMA.ALERT_HISTORY(
    SCHEDULED_TIME_RANGE_START => DATEADD('hour', -1, CURRENT_TIMESTAMP())
))
WHERE DATABASE_NAME = '{db}' AND NAME = 'ALERT_INCIDENTS'
    AND STATE NOT IN ('SCHEDULED', 'EXECUTING')
"""


@holds(
    "tasks-run",
    "sql-reference/sql/execute-task",
    "the tasks fail on this account; TASK_HISTORY has their error",
    needs=("events-are-ingested",),
)
def tasks_run(environment: Environment) -> str:
    """EXECUTE TASK runs both graphs to their ends, and each task succeeds."""
    first = int(environment.ask("SELECT NEXT_OFFSET FROM {db}.RAW_DATA.INGEST_OFFSETS").value)
    ingest(environment.session, SECOND_BATCH, first)
    with environment.account() as account:
        runs = graph.run(account, RUN_SECONDS, environment.progress)
    states = {name: state for each in runs for name, state in each.states.items()}
    failed = {name: text for each in runs for name, text in each.errors.items()}
    if failed:
        raise Broken("; ".join(f"{name}: {text}" for name, text in failed.items()))
    wanted = {name.split(".")[1]: "SUCCEEDED" for name in NAMES if "PURGE" not in name}
    expect(states, wanted, "states")
    return f"{len(states)} tasks"


@holds(
    "tasks-move-events",
    "user-guide/tasks-graphs",
    "tasks succeed and events do not arrive: a child runs before its parent's rows are there",
    needs=("tasks-run", "production-is-what-the-events-say"),
)
def tasks_move_events(environment: Environment) -> str:
    """One run of the graphs takes events from RAW to production, in the order of the graph."""
    orders = environment.ask(
        "SELECT ORDER_ID, QUANTITY FROM {db}.PRODUCTION.ORDERS WHERE ORDER_ID IN ('o-1', 'o-9')"
        " ORDER BY 1"
    ).rows
    level = environment.ask(
        "SELECT CURRENT_STOCK_LEVEL FROM {db}.PRODUCTION.INVENTORY_CURRENT WHERE PRODUCT_ID = 'p-1'"
    ).value
    expect([(a, int(b)) for a, b in orders], [("o-1", 4), ("o-9", 2)], "ORDERS")
    expect(int(level), 104, "level of p-1")
    with environment.account() as account:
        broken = {each.law.number: each.broken for each in verify(account) if not each.holds}
    expect(broken, {}, "broken laws")
    return "orders and levels"


@holds(
    "alert-runs",
    "sql-reference/sql/execute-alert",
    "no incident is ever told of: ALERT_HISTORY has the error",
)
def alert_runs(environment: Environment) -> str:
    """EXECUTE ALERT looks, and its run ends without an error."""
    environment.ask("EXECUTE ALERT {db}.OPS.ALERT_INCIDENTS")
    deadline = time.monotonic() + ALERT_SECONDS
    while not environment.session.look(ALERT_RUNS):
        if time.monotonic() > deadline:
            raise Broken(f"no run in ALERT_HISTORY after {ALERT_SECONDS:g} s")
        time.sleep(1)
    rows = environment.ask(ALERT_RUNS).rows
    states = {str(state) for state, _ in rows}
    if failed := {state for state in states if "FAILED" in state}:
        raise Broken(f"{', '.join(sorted(failed))}: {rows[0][1]}")
    return ", ".join(sorted(states))


@holds(
    "pause-and-resume",
    "sql-reference/sql/alter-task",
    "`caves pause` or `caves resume` leaves tasks as they were",
)
def pause_and_resume(environment: Environment) -> str:
    """`caves pause` suspends roots and alert, `caves resume` starts all of them."""
    with environment.account() as account:
        paused = tasks.pause(account, RUN_SECONDS, environment.progress)
        tasks.resume(account)
        rows = [*account.rows(SHOW_TASKS), *account.rows(SHOW_ALERTS)]
    expect([str(row["NAME"]) for row in rows if not is_started(row)], [], "suspended")
    return f"{len(paused)} paused, {len(rows)} started"
