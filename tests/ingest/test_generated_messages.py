"""Hostile messages of a generator, all the way: each is there once, for a reason that is true, and
nothing of them reaches a terminal or a message that is not printable.

`make test` sends a few hundred, the same each time. For more, and others:
HOSTILE_MESSAGES=4000 HOSTILE_SEED=7 python -m pytest tests/ingest/test_generated_messages.py
"""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import alert_messages
import pytest
import raw_to_staging
import staging_to_production
from snowflake.snowpark import Row

from app.caves import cli
from app.caves.laws.verify import verify
from app.caves.target import Account, Target
from tests.conftest import RunningAccount
from tests.ingest.hostile_generator import Generated, messages
from tests.ingest.ingestion import Ingestion, Sent
from tests.procedures.deployment import run_sql_file

COUNT = int(os.environ.get("HOSTILE_MESSAGES", "250"))
SEED = int(os.environ.get("HOSTILE_SEED", "1"))
DATABASE = "GENERATED_MESSAGES"
PARTITION = 1
STAGED = (
    "SELECT KAFKA_OFFSET FROM STAGING.STG_ORDERS"
    " UNION ALL SELECT KAFKA_OFFSET FROM STAGING.STG_INVENTORY_ADJ"
)
HANDLERS = (
    raw_to_staging.orders,
    raw_to_staging.inventory,
    staging_to_production.orders,
    staging_to_production.inventory_history,
    staging_to_production.inventory_current,
)

Arrived = tuple[Ingestion, list[Generated]]


@pytest.fixture(scope="module")
def arrived(
    account: RunningAccount,
    broker: str,
    programs: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Arrived]:
    """All of them in one partition, ingested, and taken as far as each goes."""
    sent = messages(SEED, COUNT, datetime(2026, 11, 28))
    with account.connect() as connection:
        for script in ("01_database.sql", "02_tables.sql", "03_streams.sql"):
            run_sql_file(connection, script, DATABASE)
        ingestion = Ingestion(account, broker, DATABASE, tmp_path_factory.mktemp("generated"))
        ingestion.send(*(Sent(each.value, PARTITION, each.key, each.headers) for each in sent))
        ingester = ingestion.ingester(
            *("--idle-exit", "1", "--batch-max-seconds", "0.5", "--batch-max-events", "500")
        )
        assert ingestion.left(ingester) == 0, ingester.log
        with account.snowpark(database=DATABASE) as session:
            for handler in HANDLERS:
                handler(session)
        yield ingestion, sent
        ingestion.kill_all()
        connection.cursor().execute(f"DROP DATABASE {DATABASE}")


def reasons(ingestion: Ingestion, stage: str) -> dict[int, str]:
    """{offset: reason}, each of one message."""
    rows = ingestion.rows(
        "SELECT KAFKA_OFFSET, REASON FROM RAW_DATA.REJECTED_EVENTS WHERE STAGE = ?", stage
    )
    found = {int(offset): reason for offset, reason in rows}
    assert len(found) == len(rows)
    return found


def test_each_message_is_there_once(arrived: Arrived) -> None:
    ingestion, sent = arrived
    rows = ingestion.rows(
        "SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA.RAW_EVENTS_STREAM UNION ALL"
        " SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA.REJECTED_EVENTS"
        " WHERE STAGE = 'INGEST'"
    )
    assert sorted(map(tuple, rows)) == [(PARTITION, offset) for offset in range(len(sent))]


def test_what_is_no_event_is_rejected_by_the_ingester_and_why_is_said(arrived: Arrived) -> None:
    ingestion, sent = arrived
    found = reasons(ingestion, "INGEST")
    expected = {n: each.ingest for n, each in enumerate(sent) if each.ingest is not None}
    assert found.keys() == expected.keys()
    assert [(n, found[n]) for n, start in expected.items() if not found[n].startswith(start)] == []


def test_an_event_is_taken_unless_a_field_is_faulty_and_the_reason_names_it(
    arrived: Arrived,
) -> None:
    ingestion, sent = arrived
    found = reasons(ingestion, "STAGING")
    staged = sorted(int(offset) for [offset] in ingestion.rows(STAGED))
    faulty = {n: each.faults for n, each in enumerate(sent) if each.ingest is None}
    assert staged == [n for n, faults in faulty.items() if not faults]
    assert found.keys() == {n for n, faults in faulty.items() if faults}
    untrue = [n for n, reason in found.items() if reason.split(" ")[0] not in faulty[n]]
    assert [(sent[n].value, found[n], faulty[n]) for n in untrue] == []


def test_all_laws_hold(arrived: Arrived) -> None:
    ingestion, _ = arrived
    with ingestion.account.connect(database=DATABASE) as connection:
        for verdict in verify(Account(connection, DATABASE)):
            assert verdict.holds, (verdict.law.title, verdict.figures)
            assert not verdict.in_flight


def test_nothing_of_them_reaches_a_terminal_that_is_not_printable(
    arrived: Arrived, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ingestion, sent = arrived
    account: Any = ingestion.account
    monkeypatch.setattr(Target, "connect", lambda self: Account(account.connect(), self.database))
    rejected = {**reasons(ingestion, "INGEST"), **reasons(ingestion, "STAGING")}
    shown = sorted(rejected)[:40]
    commands = [
        ["rejected", "list", "--limit", str(len(sent))],
        ["rejected", "list", "--limit", str(len(sent)), "--json"],
        *(["rejected", "show", f"{ingestion.topic}/{PARTITION}/{offset}"] for offset in shown),
        ["verify"],
    ]
    for command in commands:
        assert cli.main([*command, "--database", DATABASE]) == 0, command
        out, err = capsys.readouterr()
        lines = f"{out}{err}".split("\n")
        assert [line for line in lines if not line.isprintable()] == [], command


def test_no_alert_says_more_lines_than_its_own(arrived: Arrived) -> None:
    ingestion, _ = arrived
    products = ingestion.rows("SELECT PRODUCT_ID, PRODUCT_NAME FROM PRODUCTION.INVENTORY_CURRENT")
    assert products
    moment = datetime(2026, 11, 28)
    incidents = [
        Row(
            METRIC="LOW_STOCK",
            OBJECT=product,
            OPENED_AT=moment,
            CLOSED_AT=None,
            VALUE=1.0,
            THRESHOLD=50.0,
            UNIT="units",
            DETAIL=name,
            ACTION="Tell procurement",
        )
        for product, name in products[: alert_messages.LISTED]
    ]
    lines = alert_messages.body(incidents).split("\n")
    assert len(lines) == 2 * len(incidents)
    assert [line for line in lines if not line.isprintable()] == []
