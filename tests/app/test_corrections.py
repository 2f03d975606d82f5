"""`caves void`, `withdraw` and `rejected retry --accept-future`, as they are called on a deployed
pipeline: a clock a century ahead has decided a stock level and an order."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.caves.flags import now
from app.caves.operations import tasks
from tests.support.deployed import Deployed, deployed_pipeline

RAW = (
    "INSERT INTO {db}.RAW_DATA.RAW_EVENTS_STREAM (EVENT_ID, EVENT_TYPE, EVENT_DATA,"
    " INGESTION_TIMESTAMP, KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET)"
    " SELECT ?, ?, PARSE_JSON(?), CAST(? AS TIMESTAMP_NTZ), 'sales_events', 0, ?"
)
OFFSETS = (
    "INSERT INTO {db}.RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET)"
    " SELECT 'sales_events', 0, ?"
)
CENTURY = "2126-11-20T10:00:00Z"
# When there was no limit for the future yet, it counted as its ingestion's moment.
BEFORE_THE_LIMIT = "2126-11-20 10:00:00"
ORDER = {"customer_id": "c-1", "order_id": "o-1", "unit_price": 10}


def ingest(deployed: Deployed, *events: tuple[str, str, dict[str, Any]]) -> None:
    """What the ingester writes for events (event_id, ingestion, fields); then the tasks run."""
    [[count]] = [
        row.values()
        for row in deployed.rows("SELECT COUNT(*) FROM {db}.RAW_DATA.RAW_EVENTS_STREAM")
    ]
    for offset, (event_id, moment, fields) in enumerate(events, start=int(count)):
        kind = "ORDER_CREATED" if "order_id" in fields else "INVENTORY_ADJUSTED"
        event = {"event_id": event_id, "event_type": kind, "product_id": "p-1", **fields}
        deployed.rows(RAW, event_id, kind, json.dumps(event), moment, offset)
    deployed.rows("DELETE FROM {db}.RAW_DATA.INGEST_OFFSETS")
    deployed.rows(OFFSETS, int(count) + len(events))
    tasks.run(deployed.account, 120, lambda text: None)


@pytest.fixture(scope="module")
def deployed(account: Any) -> Iterator[Deployed]:
    today, recently = (
        f"{now():%Y-%m-%d %H:%M:%S}",
        f"{now() - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
    )
    wrong = {"adjustment_type": "CORRECTION", "quantity_change": 3, "new_stock_level": 3}
    right = {"adjustment_type": "CORRECTION", "quantity_change": 500, "new_stock_level": 500}
    more = {"adjustment_type": "RESTOCK", "quantity_change": 100}
    with deployed_pipeline(account) as pipeline:
        ingest(
            pipeline,
            ("s1", BEFORE_THE_LIMIT, {"adjustment_id": "s1", "event_timestamp": CENTURY, **wrong}),
            ("s2", today, {"adjustment_id": "s2", "event_timestamp": recently, **right}),
            (
                "s3",
                today,
                {"adjustment_id": "s3", "event_timestamp": f"{now():%Y-%m-%dT%H:%M:%SZ}", **more},
            ),
            ("s4", BEFORE_THE_LIMIT, {**ORDER, "event_timestamp": CENTURY, "quantity": 1}),
            ("s5", today, {**ORDER, "event_timestamp": recently, "quantity": 12}),
            ("s6", today, {**ORDER, "order_id": "o-2", "event_timestamp": CENTURY, "quantity": 6}),
        )
        yield pipeline


def shown(deployed: Deployed, columns: str, table: str) -> list[tuple[Any, ...]]:
    rows = deployed.rows(f"SELECT {columns} FROM {{db}}.PRODUCTION.{table} ORDER BY 1, 2")
    return [tuple(row.values()) for row in rows]


@pytest.fixture(autouse=True)
def _laws_hold_afterwards(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield
    assert deployed.caves(monkeypatch, "verify") == 0


def test_a_wrong_count_is_made_void_and_the_stock_is_that_of_the_others(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(deployed, "PRODUCT_ID, CURRENT_STOCK_LEVEL", "INVENTORY_CURRENT") == [("p-1", 3)]

    assert deployed.caves_json(
        monkeypatch, capsys, "void", "s1", "--note", "the scanner's clock"
    ) == {"voided": 1, "known": 1}

    assert shown(deployed, "PRODUCT_ID, CURRENT_STOCK_LEVEL", "INVENTORY_CURRENT") == [("p-1", 600)]
    columns = "QUANTITY_CHANGE, ADJUSTMENT_TYPE, VOIDS_ADJUSTMENT_ID"
    assert shown(deployed, columns, "INVENTORY_HISTORY") == [
        (-3, "VOID", "s1"),
        (3, "CORRECTION", None),
        (100, "RESTOCK", None),
        (500, "CORRECTION", None),
    ]
    again = deployed.caves_json(monkeypatch, capsys, "void", "s1", "--note", "once more")
    assert again == {"voided": 0, "known": 1}


def test_a_wrong_order_event_is_withdrawn_and_the_order_shows_its_latest_other_one(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(deployed, "ORDER_ID, EVENT_ID, QUANTITY", "ORDERS") == [("o-1", "s4", 1)]

    assert deployed.caves_json(
        monkeypatch, capsys, "withdraw", "o-1", "s4", "--note", "the till's clock"
    ) == {"withdrawn": 1, "shown": 1, "removed": 0}

    assert shown(deployed, "ORDER_ID, EVENT_ID, QUANTITY", "ORDERS") == [("o-1", "s5", 12)]


def test_what_is_not_there_is_said_and_a_reason_is_asked_for(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deployed.caves(monkeypatch, "void", "s99", "--note", "x") == 1
    assert "INVENTORY_HISTORY has no adjustment with this id" in capsys.readouterr().err
    assert deployed.caves(monkeypatch, "withdraw", "o-1", "s99", "--note", "x") == 1
    assert "this order has no such event" in capsys.readouterr().err
    assert deployed.caves(monkeypatch, "void", "s2", "--note", " ") == 2


def test_an_event_of_the_future_is_rejected_until_somebody_accepts_it_by_name(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [event] = deployed.caves_json(monkeypatch, capsys, "rejected", "list")["events"]
    assert "is in the future by more than max_event_future_seconds" in event["REASON"]
    place = event["ID"]
    assert deployed.caves_json(monkeypatch, capsys, "rejected", "retry", place)["retried"] == 0

    note = ("--accept-future", "--note", "pre-order")
    found = deployed.caves_json(monkeypatch, capsys, "rejected", "retry", place, *note)
    assert found["retried"] == 1
    tasks.run(deployed.account, 120, lambda text: None)

    orders = shown(deployed, "ORDER_ID, EVENT_ID, QUANTITY", "ORDERS")
    assert ("o-2", "s6", 6) in orders
    kept = deployed.caves_json(monkeypatch, capsys, "rejected", "show", place)
    assert (kept["STATUS"], kept["NOTE"].endswith(": pre-order")) == ("RETRIED", True)
