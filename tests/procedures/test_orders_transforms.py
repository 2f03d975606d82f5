from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from event_kinds import ORDER_CREATED
from judging import judge, own_events
from judging import staged as staged_rows
from orders_transforms import latest_orders
from snowflake.snowpark import Row, Session

from tests.procedures.conftest import Raw

ORDER: dict[str, Any] = {
    "event_id": "e-1",
    "event_type": "ORDER_CREATED",
    "event_timestamp": "2026-11-22T23:30:00.250-05:00",
    "order_id": "o-1",
    "customer_id": "c-1",
    "product_id": "p-1",
    "product_name": "Chateau Margaux",
    "product_category": "Red",
    "quantity": 3,
    "unit_price": 12.5,
    "total_amount": 35.00,
    "payment_method": "CARD",
    "shipping_address": "3 rue du Puits",
}
FIRST_PRODUCER: dict[str, Any] = {
    "event_type": "ORDER_CREATED",
    "event_ts": "2026-11-22T10:00:00",
    "order_line_id": "line-7",
    "customer_id": 501,
    "product_id": 17,
    "product_name": "Chablis",
    "category": "White",
    "quantity": "2",
    "unit_price": "19.90",
    "total_price": "39.80",
}


def staged(raw: Raw, event: dict[str, Any], **envelope: Any) -> Row:
    [row] = staged_rows(judge(raw(event, **envelope)), ORDER_CREATED).collect()
    return row


def reason(raw: Raw, event: dict[str, Any] | None, **envelope: Any) -> str | None:
    [row] = judge(raw(event, **envelope)).select("FAULT").collect()
    return row["FAULT"]


def test_an_order_becomes_a_row_of_staging(raw: Raw) -> None:
    assert staged(raw, ORDER, event_id="e-1").as_dict() == {
        "EVENT_ID": "e-1",
        "EVENT_TIMESTAMP": datetime(2026, 11, 23, 4, 30, 0, 250000),
        "ORDER_ID": "o-1",
        "CUSTOMER_ID": "c-1",
        "PRODUCT_ID": "p-1",
        "PRODUCT_NAME": "Chateau Margaux",
        "PRODUCT_CATEGORY": "Red",
        "QUANTITY": Decimal("3"),
        "UNIT_PRICE": Decimal("12.50"),
        "TOTAL_AMOUNT": Decimal("35.00"),
        "PAYMENT_METHOD": "CARD",
        "SHIPPING_ADDRESS": "3 rue du Puits",
        "INGESTION_TIMESTAMP": datetime(2026, 11, 22, 12),
        "KAFKA_TOPIC": "sales_events",
        "KAFKA_PARTITION": 3,
        "KAFKA_OFFSET": 41,
    }


def test_the_first_producers_order_is_understood(raw: Raw) -> None:
    row = staged(raw, FIRST_PRODUCER)
    assert row["EVENT_ID"] == "line-7"
    assert row["EVENT_TIMESTAMP"] == datetime(2026, 11, 22, 10)
    assert row["ORDER_ID"] == "line-7"
    assert row["CUSTOMER_ID"] == "501"
    assert row["PRODUCT_ID"] == "17"
    assert row["PRODUCT_CATEGORY"] == "White"
    assert row["QUANTITY"] == Decimal("2")
    assert row["UNIT_PRICE"] == Decimal("19.90")
    assert row["TOTAL_AMOUNT"] == Decimal("39.80")


def test_an_absent_total_is_quantity_times_price(raw: Raw) -> None:
    assert staged(raw, ORDER | {"total_amount": None})["TOTAL_AMOUNT"] == Decimal("37.50")


def test_optional_fields_may_be_absent(raw: Raw) -> None:
    bare = {
        key: ORDER[key]
        for key in ("event_type", "event_timestamp", "order_id", "customer_id", "product_id")
    }
    row = staged(raw, bare | {"quantity": 1, "unit_price": 0})
    assert row["PRODUCT_NAME"] is None
    assert row["PAYMENT_METHOD"] is None
    assert row["TOTAL_AMOUNT"] == Decimal("0.00")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"order_id": None}, "order_id is missing"),
        ({"product_id": ""}, "product_id is not an id: "),
        ({"customer_id": [1]}, "customer_id is not an id: [1]"),
        ({"event_id": True}, "event_id is not an id: true"),
        ({"event_timestamp": None}, "event_timestamp is missing"),
        (
            {"event_timestamp": "soon"},
            "event_timestamp is not an ISO 8601 timestamp of the years 1970 to 2261: soon",
        ),
        ({"quantity": None}, "quantity is missing"),
        ({"quantity": 1.5}, "quantity is not a whole number of at most 10 digits: 1.5"),
        ({"quantity": 0}, "quantity is not above 0: 0"),
        ({"quantity": "-2"}, "quantity is not above 0: -2"),
        ({"unit_price": None}, "unit_price is missing"),
        (
            {"unit_price": 12.345},
            "unit_price is not a number of at most 10 digits, 2 of them decimals: 12.345",
        ),
        ({"unit_price": "-0.01"}, "unit_price is negative: -0.01"),
        (
            {"total_amount": "free"},
            "total_amount is not a number of at most 12 digits, 2 of them decimals: free",
        ),
        (
            {"total_amount": None, "quantity": 9999999999, "unit_price": 1000},
            "total_amount of quantity and price is not a number of at most 12 digits, "
            "2 of them decimals: 9999999999000.00",
        ),
        ({"quantity": 0, "unit_price": -1}, "quantity is not above 0: 0"),
    ],
)
def test_a_broken_rule_is_named_with_its_field_and_value(
    raw: Raw, change: dict[str, Any], expected: str
) -> None:
    broken = raw(ORDER | change)
    assert reason(raw, ORDER | change) == expected
    assert staged_rows(judge(broken), ORDER_CREATED).collect() == []


def test_a_valid_order_has_no_reason(raw: Raw) -> None:
    assert reason(raw, ORDER) is None


def test_an_event_type_that_nobody_knows_is_rejected_here(raw: Raw) -> None:
    assert reason(raw, ORDER, event_type="ORDER_LOST") == "event_type is not known: ORDER_LOST"
    assert reason(raw, None) == "event_type is missing"


def test_inventory_events_are_left_to_the_inventory_procedure(raw: Raw) -> None:
    assert (
        own_events(raw(ORDER, event_type="INVENTORY_ADJUSTED"), ORDER_CREATED.stream).count() == 0
    )


STAGED = [
    "EVENT_ID",
    "EVENT_TIMESTAMP",
    "ORDER_ID",
    "CUSTOMER_ID",
    "PRODUCT_ID",
    "PRODUCT_NAME",
    "PRODUCT_CATEGORY",
    "QUANTITY",
    "UNIT_PRICE",
    "TOTAL_AMOUNT",
    "PAYMENT_METHOD",
    "SHIPPING_ADDRESS",
    "KAFKA_PARTITION",
    "KAFKA_OFFSET",
]


def stg(
    event_id: str, order_id: str, moment: datetime, quantity: int, place: tuple[int, int]
) -> list[Any]:
    price = Decimal("10.00")
    order = [order_id, "c-1", "p-1", "Chablis", "White", quantity, price, price, "CARD", "Paris"]
    return [event_id, moment, *order, *place]


def test_the_latest_event_of_an_order_wins_whatever_the_order_of_arrival(
    local_session: Session,
) -> None:
    rows = [
        stg("e-2", "o-1", datetime(2026, 11, 22, 11), 2, (0, 1)),
        stg("e-1", "o-1", datetime(2026, 11, 22, 10), 1, (0, 2)),
        stg("e-3", "o-2", datetime(2026, 11, 22, 10), 3, (0, 3)),
        stg("e-4", "o-2", datetime(2026, 11, 22, 10), 4, (0, 4)),
        stg("e-5", "o-3", datetime(2026, 11, 22, 23, 59), 5, (1, 9)),
        stg("e-5", "o-3", datetime(2026, 11, 22, 23, 59), 6, (1, 8)),
    ]
    expected = [("o-1", "e-2", 2), ("o-2", "e-4", 4), ("o-3", "e-5", 6)]
    for arrival in (rows, rows[::-1]):
        latest = latest_orders(local_session.create_dataframe(arrival, schema=STAGED))
        found = [(row["ORDER_ID"], row["EVENT_ID"], row["QUANTITY"]) for row in latest.collect()]
        assert sorted(found) == expected


def test_a_production_order_has_its_day_and_its_way_back_to_the_event(
    local_session: Session,
) -> None:
    row = stg("e-1", "o-1", datetime(2026, 11, 22, 23, 59, 59), 2, (0, 1))
    [order] = latest_orders(local_session.create_dataframe([row], schema=STAGED)).collect()
    assert order.as_dict() == {
        "ORDER_ID": "o-1",
        "ORDER_DATE": date(2026, 11, 22),
        "ORDER_TIMESTAMP": datetime(2026, 11, 22, 23, 59, 59),
        "CUSTOMER_ID": "c-1",
        "PRODUCT_ID": "p-1",
        "PRODUCT_NAME": "Chablis",
        "PRODUCT_CATEGORY": "White",
        "QUANTITY": 2,
        "UNIT_PRICE": Decimal("10.00"),
        "TOTAL_AMOUNT": Decimal("10.00"),
        "PAYMENT_METHOD": "CARD",
        "SHIPPING_ADDRESS": "Paris",
        "EVENT_ID": "e-1",
    }
