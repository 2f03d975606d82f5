"""The deployed pipeline at work: its tasks, its alert, and the corrections that people make."""

import time

from app.caves.doctor.assertion import Broken, Subject, expect
from app.caves.doctor.environment import Environment
from app.caves.doctor.events import SECOND_BATCH, ingest
from app.caves.laws.verify import verify
from app.caves.objects import SHOW_ALERTS, SHOW_TASKS, is_started
from app.caves.objects import TASKS as NAMES
from app.caves.operations import tasks
from app.caves.operations.procedures import ACCEPT_FUTURE, FORGET, VOID, WITHDRAW

TASKS = Subject("deploys")
holds = TASKS.holds
CORRECTIONS = Subject("deploys", "tasks-move-events")
CUSTOMER = "c-1"
PAGE = "developer-guide/stored-procedure/python/procedure-python-overview"
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
        runs = tasks.run(account, RUN_SECONDS, environment.progress)
    states = {name: state for each in runs for name, state in each.states.items()}
    failed = {name: text for each in runs for name, text in each.errors.items()}
    if failed:
        raise Broken("; ".join(f"{name}: {text}" for name, text in failed.items()))
    expected = {name.split(".")[1]: "SUCCEEDED" for name in NAMES if "PURGE" not in name}
    expect(states, expected, "states")
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
    "no incident is ever notified: ALERT_HISTORY has the error",
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


@CORRECTIONS.holds("calls-void-adjustment", PAGE, "`caves void` fails")
def calls_void_adjustment(environment: Environment) -> str:
    """VOID_ADJUSTMENT takes an adjustment back, and the level with it."""
    counts = environment.counts(VOID, "a-3", "doctor")
    expect(counts, {"voided": 1, "known": 1}, "counts")
    level = environment.ask(
        "SELECT CURRENT_STOCK_LEVEL FROM {db}.PRODUCTION.INVENTORY_CURRENT WHERE PRODUCT_ID = 'p-1'"
    ).value
    expect(int(level), 94, "level of p-1")
    return "level 94 again"


@CORRECTIONS.holds("calls-withdraw-order-event", PAGE, "`caves withdraw` fails")
def calls_withdraw_order_event(environment: Environment) -> str:
    """WITHDRAW_ORDER_EVENT lets an order show the latest of its other events."""
    counts = environment.counts(WITHDRAW, "o-1", "e-10", "doctor")
    expect(counts, {"withdrawn": 1, "shown": 1, "removed": 0}, "counts")
    quantity = environment.ask(
        "SELECT QUANTITY FROM {db}.PRODUCTION.ORDERS WHERE ORDER_ID = 'o-1'"
    ).value
    expect(int(quantity), 3, "quantity of o-1")
    return "quantity 3 again"


@CORRECTIONS.holds("calls-accept-future", PAGE, "`caves rejected retry --accept-future` fails")
def calls_accept_future(environment: Environment) -> str:
    """ACCEPT_FUTURE changes only the events that are named."""
    counts = environment.counts(ACCEPT_FUTURE, "[]", "doctor")
    expect(counts, {"staged": 0, "retried": 0, "still_rejected": 0}, "counts")
    return "none named, none touched"


@CORRECTIONS.holds(
    "calls-forget-customer", PAGE, "`caves forget` fails, or leaves something behind"
)
def calls_forget_customer(environment: Environment) -> str:
    """FORGET_CUSTOMER removes the customer from every table, and keeps their orders."""
    orders = "SELECT COUNT(*) FROM {db}.PRODUCTION.ORDERS"
    before = environment.ask(orders).value
    counts = environment.counts(FORGET, CUSTOMER, "doctor", False)
    expect(counts["orders"] > 0, True, f"orders of {CUSTOMER} redacted")
    left = environment.counts(FORGET, CUSTOMER, "doctor", True)
    expect({**left, "known": 0}, dict.fromkeys(left, 0), "what is left")
    expect(environment.ask(orders).value, before, "number of orders")
    return f"{counts['orders']} orders without a customer"


@CORRECTIONS.holds(
    "the-laws-hold-after-corrections",
    "sql-reference/transactions",
    "a correction broke what production promises; `caves verify` says which law",
    needs=("calls-void-adjustment", "calls-withdraw-order-event"),
)
def the_laws_hold_after_corrections(environment: Environment) -> str:
    """`caves verify` finds every law kept, the corrections included."""
    with environment.account() as account:
        broken = {each.law.number: each.broken for each in verify(account) if not each.holds}
    expect(broken, {}, "broken laws")
    return "all"
