"""`caves demo`: the whole pipeline on this machine, from nothing to a reconciled end."""

import contextlib
import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from app.caves.errors import CommandError
from app.caves.laws import verify
from app.caves.machine import broker
from app.caves.machine.broker import TANSU
from app.caves.machine.programs import HOST, Machine, Place
from app.caves.machine.supervision import Process, ProcessStack, free_port
from app.caves.objects import TOPIC
from app.caves.project import Project
from app.caves.screen import Progress
from app.caves.tables import as_table
from app.caves.target import Account

TASK_SCHEDULE = "10 SECONDS"
SHARES = {"duplicate": 0.04, "late": 0.05, "bad": 0.03, "legacy": 0.08}
INGESTER = ("--batch-max-events", "50", "--batch-max-seconds", "2")
# Larger batches for a history, whose messages come all at once.
INGESTER_OF_HISTORY = ("--batch-max-events", "1000", "--batch-max-seconds", "2")
PROGRESS_SECONDS = 2.5
# Enough to see what a message takes, and too few to be seen in the shop's days.
COUNT_AFTER_HISTORY = 20

HOPS = """
SELECT
    (SELECT COUNT(*) FROM {db}.RAW_DATA.RAW_EVENTS_STREAM) AS RAW,
    (SELECT COUNT(*) FROM {db}.RAW_DATA.REJECTED_EVENTS WHERE STAGE = 'INGEST') AS REJECTED,
    (SELECT COUNT(*) FROM {db}.STAGING.STG_ORDERS) AS STG_ORDERS,
    (SELECT COUNT(*) FROM {db}.STAGING.STG_INVENTORY_ADJ) AS STG_INVENTORY,
    (SELECT COUNT(*) FROM {db}.PRODUCTION.ORDERS) AS ORDERS,
    (SELECT COUNT(*) FROM {db}.PRODUCTION.INVENTORY_HISTORY) AS HISTORY,
    (SELECT COUNT(*) FROM {db}.PRODUCTION.INVENTORY_CURRENT) AS STOCK,
    (SELECT COUNT(*) FROM {db}.RAW_DATA.STREAM_RAW_ORDERS)
        + (SELECT COUNT(*) FROM {db}.RAW_DATA.STREAM_RAW_INVENTORY)
        + (SELECT COUNT(*) FROM {db}.STAGING.STREAM_STG_ORDERS)
        + (SELECT COUNT(*) FROM {db}.STAGING.STREAM_STG_INVENTORY_HISTORY)
        + (SELECT COUNT(*) FROM {db}.STAGING.STREAM_STG_INVENTORY_CURRENT) AS PENDING
"""
REPORTS = (
    (
        "Rows per hop",
        "SELECT HOP, TABLE_NAME, ROW_COUNT FROM {db}.OPS.ROWS_PER_HOP ORDER BY HOP, TABLE_NAME",
    ),
    (
        "Seconds to PRODUCTION, from the event (E) and from its ingestion (I)",
        "SELECT EVENT_TYPE, EVENT_COUNT AS EVENTS,"
        " MEDIAN_FROM_EVENT AS E_MEDIAN, P95_FROM_EVENT AS E_P95, MAX_FROM_EVENT AS E_MAX,"
        " MEDIAN_FROM_INGESTION AS I_MEDIAN, P95_FROM_INGESTION AS I_P95,"
        " MAX_FROM_INGESTION AS I_MAX"
        " FROM {db}.OPS.PIPELINE_LATENCY ORDER BY EVENT_TYPE",
    ),
    (
        "Rejected events by reason",
        "SELECT STAGE, SPLIT_PART(REASON, ':', 1) AS REASON, COUNT(*) AS EVENTS"
        " FROM {db}.RAW_DATA.REJECTED_EVENTS GROUP BY 1, 2 ORDER BY EVENTS DESC, REASON",
    ),
    (
        "ANALYTICS.TOP_PRODUCTS",
        "SELECT PRODUCT_NAME, PRODUCT_CATEGORY, ORDER_COUNT, BOTTLES_SOLD, REVENUE"
        " FROM {db}.ANALYTICS.TOP_PRODUCTS ORDER BY REVENUE DESC LIMIT 5",
    ),
    (
        "ANALYTICS.REVENUE_BY_CATEGORY",
        "SELECT * FROM {db}.ANALYTICS.REVENUE_BY_CATEGORY ORDER BY REVENUE DESC",
    ),
)


@dataclass(frozen=True)
class Plan:
    """How much is produced, and how long everything may take after that.

    broker: which kind is started.
    bootstrap_servers: brokers that are there already, in its place. They get a topic of the demo's
    own, which is deleted at its end.
    history: so many days of sales first ("28d").
    """

    count: int = 600
    rate: float = 40.0
    seed: int = 2026
    timeout: float = 240.0
    broker: str = TANSU
    bootstrap_servers: str | None = None
    history: str | None = None

    def place(self, folder: Path) -> Place:
        place = Place(folder, free_port(HOST), free_port(HOST), self.broker)
        if not self.bootstrap_servers:
            return place
        own = f"{TOPIC}_demo_{secrets.token_hex(4)}"
        return replace(place, servers=self.bootstrap_servers, topic=own, group=own)


def demo(project: Project, plan: Plan, console: Console, progress: Progress) -> bool:
    """Run it; whether every law holds. The data folder is kept only if something went wrong."""
    folder = Path(tempfile.mkdtemp(prefix="caves-demo-"))
    place = plan.place(folder)
    try:
        holds = _run(project, plan, place, console, progress)
    except BaseException:
        progress(f"data and logs are kept in {folder}")
        raise
    if holds:
        shutil.rmtree(folder)
    else:
        progress(f"data and logs are kept in {folder}")
    return holds


def _run(project: Project, plan: Plan, place: Place, console: Console, progress: Progress) -> bool:
    with (
        contextlib.ExitStack() as afterwards,
        ProcessStack(lambda process: progress(f"stopping {process.name}")) as stack,
    ):
        machine = Machine(project, place, stack, progress)
        machine.start_broker()
        if place.servers:
            settings = machine.kafka_settings()
            afterwards.callback(broker.delete_topic, place.servers, place.topic, settings)
        machine.start_account()
        machine.bootstrap()
        machine.deploy(TASK_SCHEDULE)
        machine.start_ingester(*(INGESTER_OF_HISTORY if plan.history else INGESTER))
        with machine.target.connect() as account:
            produced = _produce(machine, plan, account)
            _wait_for_all(machine, account, produced["messages"], plan.timeout)
            console.print(as_table("Produced", [{k.upper(): v for k, v in produced.items()}]))
            for title, query in REPORTS:
                console.print(as_table(title, account.rows(query)))
            verdicts = verify.verify(account)
            verify.show(verdicts, console)
    return verify.all_hold(verdicts) and not any(each.in_flight for each in verdicts)


def _produce(machine: Machine, plan: Plan, account: Account) -> dict[str, int]:
    """Let the producer send its messages, while the ingester and the tasks are at work."""
    past = f"{plan.history} of history, then " if plan.history else ""
    machine.progress(f"producing {past}{plan.count} messages, {plan.rate:g} per second")
    flags: dict[str, object] = {"count": plan.count, "rate": plan.rate, "seed": plan.seed}
    flags |= {f"{kind}-share": share for kind, share in SHARES.items()}
    if plan.history:
        flags["history"] = plan.history
    producer = machine.start_producer(*(f"--{name}={value}" for name, value in flags.items()))
    deadline = time.monotonic() + plan.count / plan.rate + plan.timeout
    while producer.running:
        machine.progress(progress_line(account.row(HOPS)))
        _pause(producer, PROGRESS_SECONDS)
        if time.monotonic() > deadline:
            raise producer.error("has not ended")
    if producer.popen.returncode:
        raise producer.error(f"ended with code {producer.popen.returncode}")
    machine.stack.release(producer)
    produced = machine.produced()
    machine.progress(
        "produced "
        + ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in produced.items())
    )
    return produced


def _pause(process: Process, seconds: float) -> None:
    """Wait, but not longer than the process runs."""
    deadline = time.monotonic() + seconds
    while process.running and time.monotonic() < deadline:
        time.sleep(0.1)


def _wait_for_all(machine: Machine, account: Account, messages: int, timeout: float) -> None:
    """Return once every message is in, and every stream is empty."""
    deadline = time.monotonic() + timeout
    while True:
        machine.stack.check()
        hops = account.row(HOPS)
        machine.progress(progress_line(hops))
        if hops["RAW"] + hops["REJECTED"] >= messages and not hops["PENDING"]:
            return
        if time.monotonic() > deadline:
            raise CommandError(
                f"not everything arrived within {timeout:g} s: {progress_line(hops)}"
            )
        time.sleep(PROGRESS_SECONDS)


def progress_line(hops: dict[str, int]) -> str:
    return (
        f"RAW {hops['RAW']} (+{hops['REJECTED']} rejected)"
        f" -> STAGING {hops['STG_ORDERS']} + {hops['STG_INVENTORY']}"
        f" -> PRODUCTION {hops['ORDERS']} orders, {hops['HISTORY']} adjustments,"
        f" {hops['STOCK']} products; {hops['PENDING']} in streams"
    )
