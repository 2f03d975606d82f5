"""The deployed procedures, by CALL, over events of every kind."""

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from app.caves.doctor.assertion import Broken, Subject, expect
from app.caves.doctor.environment import Beside, Environment
from app.caves.doctor.events import FIRST_BATCH, ingest, order
from app.caves.laws.verify import verify
from app.caves.operations.procedures import DISCARD, REPROCESS, RETRY

PROCEDURES = Subject("deploys")
holds = PROCEDURES.holds
PAGE = "developer-guide/stored-procedure/python/procedure-python-overview"
# What `caves` takes for a missing procedure: app/caves/operations/procedures.py, and names without
# a schema.
UNKNOWN = (2003, 2139, 2140, 2141)
LATER = {2043}
FAILED_IN_PYTHON = 100_357


@holds(
    "events-are-ingested",
    "sql-reference/sql/insert",
    "the ingester cannot write a batch on this account",
)
def events_are_ingested(environment: Environment) -> str:
    """The ingester's statements write a batch and move its offsets, in one transaction."""
    ingest(environment.session, FIRST_BATCH, 0)
    rows = environment.ask("SELECT COUNT(*) FROM {db}.RAW_DATA.RAW_EVENTS_STREAM").value
    moved = environment.ask("SELECT NEXT_OFFSET FROM {db}.RAW_DATA.INGEST_OFFSETS").value
    expect((int(rows), int(moved)), (len(FIRST_BATCH), len(FIRST_BATCH)), "rows, next offset")
    return f"{rows} rows"


def _moves(name: str, expected: dict[str, int], needs: tuple[str, ...], says: str) -> None:
    """The assertion that a CALL of one of the tasks' procedures does what it should."""

    def check(environment: Environment) -> str:
        counts = environment.counts(f"CALL {{db}}.OPS.{name}()")
        expect(counts, expected, "counts")
        return ", ".join(f"{value} {key}" for key, value in counts.items())

    check.__doc__ = says
    otherwise = f"the task that calls {name} fails or miscounts: its error is in TASK_HISTORY"
    holds(f"calls-{name.lower().replace('_', '-')}", PAGE, otherwise, needs)(check)


_moves(
    "RAW_TO_STAGING_ORDERS",
    {"staged": 4, "rejected": 2},
    ("events-are-ingested",),
    "RAW_TO_STAGING_ORDERS stages valid orders of both producers, and rejects the others.",
)
_moves(
    "RAW_TO_STAGING_INVENTORY",
    {"staged": 3, "rejected": 1},
    ("events-are-ingested",),
    "RAW_TO_STAGING_INVENTORY stages adjustments with and without an id, and no half bottles.",
)
_moves(
    "STAGING_TO_PROD_ORDERS",
    {"inserted": 2, "updated": 0},
    ("calls-raw-to-staging-orders",),
    "STAGING_TO_PROD_ORDERS merges each order once.",
)
_moves(
    "STAGING_TO_PROD_INVENTORY_HISTORY",
    {"inserted": 3},
    ("calls-raw-to-staging-inventory",),
    "STAGING_TO_PROD_INVENTORY_HISTORY keeps each adjustment once.",
)
_moves(
    "STAGING_TO_PROD_INVENTORY_CURRENT",
    {"history_inserted": 0, "inserted": 2, "updated": 0},
    ("calls-staging-to-prod-inventory-history",),
    "STAGING_TO_PROD_INVENTORY_CURRENT computes each product's level.",
)


@holds(
    "production-is-what-the-events-say",
    PAGE,
    "production differs from the events: do not run the pipeline on this account until you know"
    " why",
    needs=("calls-staging-to-prod-orders", "calls-staging-to-prod-inventory-current"),
)
def production_is_what_the_events_say(environment: Environment) -> str:
    """Cents, accents, late events and counted stock are in production as the events say."""
    orders = environment.ask(
        "SELECT ORDER_ID, QUANTITY, TOTAL_AMOUNT, PRODUCT_NAME, ORDER_TIMESTAMP"
        " FROM {db}.PRODUCTION.ORDERS ORDER BY ORDER_ID"
    ).rows
    nine, ten = datetime(2026, 1, 15, 9), datetime(2026, 1, 15, 10)
    expected = [
        ("7001", 2, Decimal("38.00"), "Sancerre", nine),
        ("o-1", 3, Decimal("59.70"), "Château Margaux – Grand Vin 🍷", ten),
    ]
    expect(orders, expected, "ORDERS")
    levels = environment.ask(
        "SELECT PRODUCT_ID, CURRENT_STOCK_LEVEL FROM {db}.PRODUCTION.INVENTORY_CURRENT ORDER BY 1"
    ).rows
    expect([(a, int(b)) for a, b in levels], [("p-1", 94), ("p-2", 5)], "INVENTORY_CURRENT")
    return "2 orders, 2 levels"


@holds(
    "call-answers-json",
    "sql-reference/sql/call",
    "`caves` cannot read what procedures answer",
)
def call_answers_json(environment: Environment) -> str:
    """CALL answers one row with one column, named after the procedure: a JSON text."""
    answer = environment.ask("CALL {db}.OPS.STAGING_TO_PROD_ORDERS()")
    expect([name.upper() for name in answer.names], ["STAGING_TO_PROD_ORDERS"], "columns")
    expect(json.loads(answer.value), {"inserted": 0, "updated": 0}, "counts")
    return str(answer.columns[0][1])


@holds(
    "names-are-looked-up-in-the-procedures-database",
    "developer-guide/stored-procedure/stored-procedures-rights",
    "environments work on each other's tables: every CALL would depend on the caller's database",
)
def names_are_looked_up_in_the_procedures_database(environment: Environment) -> str:
    """With owner's rights, names without a database are those of the procedure's own, though the
    caller has none in use."""
    elsewhere = replace(environment.target("DEPLOYER"), database="CAVES_DOCTOR_NOWHERE")
    with elsewhere.connect() as account:
        account.run(f"USE WAREHOUSE {environment.scratch.warehouse}")
        account.run(f"CALL {environment.scratch.database}.OPS.STAGING_TO_PROD_ORDERS()")
    return "called without a database in use"


@holds(
    "unknown-procedure-number",
    "sql-reference/sql/call",
    "`caves` shows Snowflake's error instead of telling to deploy first",
)
def unknown_procedure_number(environment: Environment) -> str:
    """CALL of a procedure that is not there fails with one of the numbers that `caves` knows."""
    errno = environment.session.refusal("CALL {db}.OPS.NOBODY_CALLS_IT()")
    if errno not in UNKNOWN and errno not in LATER:
        raise Broken(f"error {errno}")
    return f"error {errno}"


@holds(
    "two-runs-of-one-stream",
    "user-guide/streams-intro",
    "events are staged twice when a task and a CALL meet",
)
def two_runs_of_one_stream(environment: Environment) -> str:
    """Two calls at the same moment give out each event once, whichever of them fails."""
    first = int(environment.ask("SELECT NEXT_OFFSET FROM {db}.RAW_DATA.INGEST_OFFSETS").value)
    ingest(environment.session, [order("o-20", "e-20"), order("o-21", "e-21")], first)
    with environment.open() as one, environment.open() as other:
        statement = "CALL {db}.OPS.RAW_TO_STAGING_ORDERS()"
        runs = [
            # mypy cannot infer a lambda with a default.
            Beside(lambda each=each: each.refusal(statement))  # type: ignore[misc]  # mypy cannot infer it
            for each in (one, other)
        ]
        errnos = [run.done() for run in runs]
    if all(errnos):
        environment.ask(statement)
    staged = environment.ask(
        "SELECT COUNT(*) FROM {db}.STAGING.STG_ORDERS WHERE ORDER_ID IN ('o-20', 'o-21')"
    ).value
    expect(int(staged), 2, "rows staged of 2 events")
    failed = [errno for errno in errnos if errno]
    return f"2 rows; {f'one failed with {failed[0]}' if failed else 'both succeeded'}"


@holds(
    "a-failed-procedure-changes-nothing",
    "sql-reference/transactions",
    "a procedure that fails leaves half of its work",
)
def a_failed_procedure_changes_nothing(environment: Environment) -> str:
    """A Python error in a procedure is 100357, and undoes its transaction."""
    environment.ask("UPDATE {db}.OPS.REPAIR_LOCK SET TURNS = 0")
    environment.ask("INSERT INTO {db}.OPS.REPAIR_LOCK (TURNS) SELECT 0")
    try:
        errno = environment.session.refusal(DISCARD, "[]", None, None)
        turns = environment.ask("SELECT SUM(TURNS) FROM {db}.OPS.REPAIR_LOCK").value
    finally:
        environment.ask("DELETE FROM {db}.OPS.REPAIR_LOCK")
        environment.ask("INSERT INTO {db}.OPS.REPAIR_LOCK (TURNS) SELECT 0")
    expect((errno, int(turns)), (FAILED_IN_PYTHON, 0), "error, turns taken")
    return f"error {errno}"


@holds(
    "calls-retry-rejected",
    PAGE,
    "`caves rejected retry` fails",
    needs=("calls-raw-to-staging-orders", "calls-raw-to-staging-inventory"),
)
def calls_retry_rejected(environment: Environment) -> str:
    """RETRY_REJECTED judges what is OPEN once more, and changes no valid row."""
    counts = environment.counts(RETRY, None, None)
    expect(counts, {"staged": 0, "retried": 0, "still_rejected": 3}, "counts")
    return "3 still rejected"


@holds(
    "calls-discard-rejected",
    PAGE,
    "`caves rejected discard` fails",
    needs=("calls-retry-rejected",),
)
def calls_discard_rejected(environment: Environment) -> str:
    """DISCARD_REJECTED takes an array of places."""
    places = json.dumps(["sales_events/0/4"])
    counts = environment.counts(DISCARD, places, None, "sent again")
    expect(counts, {"discarded": 1}, "counts")
    return "1 discarded"


@holds(
    "calls-reprocess",
    PAGE,
    "`caves reprocess` fails",
    needs=("calls-discard-rejected",),
)
def calls_reprocess(environment: Environment) -> str:
    """REPROCESS finds nothing to correct in what was processed by the same transforms."""
    counts = environment.counts(REPROCESS, "2026-01-01 00:00:00", "2100-01-01 00:00:00")
    changed = {
        name: value
        for name, value in counts.items()
        if value and name not in ("events", "discarded", "still_rejected")
    }
    expect(changed, {}, "changes")
    expect(counts["discarded"], 1, "discarded")
    return f"{counts['events']} events, no change"


@holds(
    "calls-purge",
    PAGE,
    "old rows are never deleted",
)
def calls_purge(environment: Environment) -> str:
    """PURGE deletes nothing that is younger than its days."""
    counts = environment.counts("CALL {db}.OPS.PURGE(30, 7)")
    tables = ("stg_orders", "stg_inventory_adj", "raw_events_stream")
    expect(counts, dict.fromkeys((*tables, "forgotten_again"), 0), "counts")
    return "0 rows"


@holds(
    "calls-update-incidents",
    "developer-guide/stored-procedure/stored-procedures-rights",
    "no incident is ever opened: the alert's procedure may not read table functions of"
    " INFORMATION_SCHEMA",
)
def calls_update_incidents(environment: Environment) -> str:
    """UPDATE_INCIDENTS reads OBJECT_HEALTH, histories included, with its owner's rights."""
    counts = environment.counts("CALL {db}.OPS.UPDATE_INCIDENTS('', '', '')")
    expect(counts["told"], 0, "incidents notified")
    return f"{counts['opened']} opened"


@holds(
    "the-laws-hold",
    "sql-reference/transactions",
    "rows were lost or doubled on the way; `caves verify` says which",
    needs=("production-is-what-the-events-say",),
)
def the_laws_hold(environment: Environment) -> str:
    """`caves verify` finds every law kept."""
    with environment.account() as account:
        broken = {each.law.number: each.broken for each in verify(account) if not each.holds}
    expect(broken, {}, "broken laws")
    return "all"
