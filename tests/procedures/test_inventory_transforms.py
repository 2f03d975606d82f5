from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from event_kinds import INVENTORY_ADJUSTED, STREAM_OF_THE_UNKNOWN
from inventory_transforms import current_stock, first_adjustments
from judging import judge, own_events
from judging import staged as staged_rows
from snowflake.snowpark import DataFrame, Row, Session
from snowflake.snowpark.types import (
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampTimeZone,
    TimestampType,
)

from tests.procedures.conftest import Raw

ADJUSTMENT: dict[str, Any] = {
    "event_id": "e-1",
    "event_type": "INVENTORY_ADJUSTED",
    "event_timestamp": "2026-11-23T00:15:00+01:00",
    "product_id": "p-1",
    "adjustment_id": "a-1",
    "product_name": "Chablis",
    "product_category": "White",
    "adjustment_type": "SPOILAGE",
    "quantity_change": -2,
    "new_stock_level": 58,
    "reason": "broken in transit",
    "warehouse_location": "Lyon",
}
UTC = TimestampType(TimestampTimeZone.NTZ)


def staged(raw: Raw, event: dict[str, Any], **envelope: Any) -> Row:
    [row] = staged_rows(judge(raw(event, **envelope)), INVENTORY_ADJUSTED).collect()
    return row


def test_an_adjustment_becomes_a_row_of_staging(raw: Raw) -> None:
    assert staged(raw, ADJUSTMENT, event_id="e-1").as_dict() == {
        "EVENT_ID": "e-1",
        "EVENT_TIMESTAMP": datetime(2026, 11, 22, 23, 15),
        "ADJUSTMENT_ID": "a-1",
        "PRODUCT_ID": "p-1",
        "PRODUCT_NAME": "Chablis",
        "PRODUCT_CATEGORY": "White",
        "ADJUSTMENT_TYPE": "SPOILAGE",
        "QUANTITY_CHANGE": Decimal("-2"),
        "NEW_STOCK_LEVEL": Decimal("58"),
        "REASON": "broken in transit",
        "WAREHOUSE_LOCATION": "Lyon",
        "INGESTION_TIMESTAMP": datetime(2026, 11, 22, 12),
        "KAFKA_TOPIC": "sales_events",
        "KAFKA_PARTITION": 3,
        "KAFKA_OFFSET": 41,
    }


def test_the_first_producers_adjustment_is_understood(raw: Raw) -> None:
    event = {
        "event_id": 9001,
        "event_type": "INVENTORY_ADJUSTED",
        "event_ts": "2026-11-22 10:00:00",
        "product_id": 17,
        "category": "White",
        "adjustment_type": "RESTOCK",
        "quantity_change": "24",
    }
    row = staged(raw, event)
    assert row["EVENT_ID"] == "9001"
    assert row["ADJUSTMENT_ID"] == "9001"
    assert row["EVENT_TIMESTAMP"] == datetime(2026, 11, 22, 10)
    assert row["PRODUCT_ID"] == "17"
    assert row["PRODUCT_CATEGORY"] == "White"
    assert row["QUANTITY_CHANGE"] == Decimal("24")
    assert row["NEW_STOCK_LEVEL"] is None


def test_an_adjustment_without_any_id_goes_by_its_place(raw: Raw) -> None:
    row = staged(raw, ADJUSTMENT | {"event_id": None, "adjustment_id": None})
    assert row["ADJUSTMENT_ID"] == "sales_events-3-41"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"adjustment_id": [1]}, "adjustment_id is not an id: [1]"),
        ({"product_id": None}, "product_id is missing"),
        ({"event_timestamp": "2026-11-31T00:00:00Z"}, "event_timestamp is not an ISO 8601 "),
        ({"adjustment_type": " "}, "adjustment_type is blank:  "),
        ({"quantity_change": None}, "quantity_change is missing"),
        ({"quantity_change": "1.5"}, "quantity_change is not a whole number of at most 10 digits"),
        ({"new_stock_level": "many"}, "new_stock_level is not a whole number of at most 10 digits"),
    ],
)
def test_a_broken_rule_is_named_with_its_field_and_value(
    raw: Raw, change: dict[str, Any], expected: str
) -> None:
    judged = judge(raw(ADJUSTMENT | change))
    [row] = judged.select("FAULT").collect()
    assert row["FAULT"].startswith(expected)
    assert staged_rows(judged, INVENTORY_ADJUSTED).collect() == []


@pytest.mark.parametrize("change", [{"new_stock_level": None}, {"adjustment_type": "FESTIVAL"}])
def test_any_kind_of_adjustment_with_or_without_a_count_is_valid(
    raw: Raw, change: dict[str, Any]
) -> None:
    [row] = judge(raw(ADJUSTMENT | change)).select("FAULT").collect()
    assert row["FAULT"] is None


def test_orders_are_left_to_the_orders_procedure(raw: Raw) -> None:
    for event_type, own in (("ORDER_CREATED", 0), ("UNKNOWN", 0), ("INVENTORY_ADJUSTED", 1)):
        event = raw(ADJUSTMENT, event_type=event_type)
        assert own_events(event, INVENTORY_ADJUSTED.stream).count() == own
        assert own_events(event, STREAM_OF_THE_UNKNOWN).count() == 1 - own


def test_an_adjustment_id_that_comes_twice_counts_as_it_first_came(local_session: Session) -> None:
    columns = [
        "EVENT_ID",
        "EVENT_TIMESTAMP",
        "ADJUSTMENT_ID",
        "PRODUCT_ID",
        "PRODUCT_NAME",
        "PRODUCT_CATEGORY",
        "ADJUSTMENT_TYPE",
        "QUANTITY_CHANGE",
        "NEW_STOCK_LEVEL",
        "REASON",
        "WAREHOUSE_LOCATION",
        "KAFKA_PARTITION",
        "KAFKA_OFFSET",
    ]
    moment = datetime(2026, 11, 22, 23, 59)

    def row(event_id: str, adjustment_id: str, change: int, place: tuple[int, int]) -> list[Any]:
        product = ["p-1", "Chablis", "White"]
        return [
            event_id,
            moment,
            adjustment_id,
            *product,
            "RESTOCK",
            change,
            60,
            "",
            "Lyon",
            *place,
        ]

    rows = [
        row("e-2", "a-1", 7, (0, 12)),
        row("e-1", "a-1", 6, (0, 11)),
        row("e-3", "a-2", 1, (0, 13)),
    ]
    for arrival in (rows, rows[::-1]):
        first = first_adjustments(local_session.create_dataframe(arrival, schema=columns))
        found = sorted(first.collect(), key=lambda row: row["ADJUSTMENT_ID"])
        assert [(row["EVENT_ID"], row["QUANTITY_CHANGE"]) for row in found] == [
            ("e-1", 6),
            ("e-3", 1),
        ]
        assert found[0]["ADJUSTMENT_DATE"] == date(2026, 11, 22)
        assert found[0]["ADJUSTMENT_TIMESTAMP"] == moment


HISTORY = StructType(
    [
        StructField("ADJUSTMENT_ID", StringType()),
        StructField("ADJUSTMENT_TIMESTAMP", UTC),
        StructField("PRODUCT_ID", StringType()),
        StructField("PRODUCT_NAME", StringType()),
        StructField("PRODUCT_CATEGORY", StringType()),
        StructField("QUANTITY_CHANGE", LongType()),
        StructField("NEW_STOCK_LEVEL", LongType()),
        StructField("WAREHOUSE_LOCATION", StringType()),
    ]
)
ORDERS = StructType(
    [
        StructField("ORDER_ID", StringType()),
        StructField("ORDER_TIMESTAMP", UTC),
        StructField("EVENT_ID", StringType()),
        StructField("PRODUCT_ID", StringType()),
        StructField("PRODUCT_CATEGORY", StringType()),
    ]
)


def adjustment(
    id_: str,
    hour: int,
    product: str,
    change: int,
    level: int | None,
    category: str | None = "White",
) -> list[Any]:
    moment = datetime(2026, 11, 22, hour)
    return [id_, moment, product, f"name at {hour}", category, change, level, f"cellar {hour}"]


def stock(
    session: Session, history: list[list[Any]], touched: list[str], orders: Sequence[list[Any]] = ()
) -> dict[str, dict[str, Any]]:
    found: DataFrame = current_stock(
        session.create_dataframe(history, schema=HISTORY),
        session.create_dataframe([[product] for product in touched], schema=["PRODUCT_ID"]),
        session.create_dataframe(list(orders), schema=ORDERS),
    )
    return {row["PRODUCT_ID"]: row.as_dict() for row in found.collect()}


# Each case is a product: its adjustments, and the level after them.
LEVELS: list[tuple[list[tuple[str, int, int, int | None]], int]] = [
    ([("a-1", 1, 5, None)], 5),
    ([("a-1", 1, 5, None), ("a-2", 2, -7, None)], -2),
    ([("a-1", 1, 5, 100)], 100),
    ([("a-1", 1, 5, 100), ("a-2", 2, 3, None)], 103),
    ([("a-1", 1, 5, None), ("a-2", 2, 3, 50)], 50),
    ([("a-1", 1, 5, 100), ("a-2", 2, 3, 40), ("a-3", 3, -1, None), ("a-4", 4, -2, None)], 37),
    ([("a-2", 1, 5, 70), ("a-1", 1, 3, 40)], 70),
    ([("a-1", 1, 5, 0), ("a-2", 2, 4, None)], 4),
    # Of one moment: what follows the count by its id is added, what precedes it is in the count.
    ([("a-1", 1, 5, None), ("a-2", 1, 3, 40), ("a-3", 1, 2, None), ("a-4", 2, 9, None)], 51),
    ([("a-1", 1, 5, 60), ("a-2", 1, 3, None), ("a-3", 1, 2, 70), ("a-4", 1, 1, None)], 71),
    # Nobody counted, and two are the last of one moment.
    ([("a-1", 1, 5, None), ("a-2", 2, 3, None), ("a-3", 2, -1, None)], 7),
]


def test_a_level_is_the_newest_count_plus_the_changes_after_it(local_session: Session) -> None:
    history = [
        adjustment(id_, hour, f"p-{n}", change, level)
        for n, (adjustments, _) in enumerate(LEVELS)
        for id_, hour, change, level in adjustments
    ]
    expected = {f"p-{n}": level for n, (_, level) in enumerate(LEVELS)}
    found = stock(local_session, [*history[1::2], *history[::2][::-1]], list(expected))
    assert {id_: row["CURRENT_STOCK_LEVEL"] for id_, row in found.items()} == expected


def test_the_other_columns_are_the_last_adjustments(local_session: Session) -> None:
    history = [adjustment("a-2", 9, "p", 1, None, "Red"), adjustment("a-1", 3, "p", 1, 10, "White")]
    assert stock(local_session, history, ["p"])["p"] == {
        "PRODUCT_ID": "p",
        "PRODUCT_NAME": "name at 9",
        "PRODUCT_CATEGORY": "Red",
        "CURRENT_STOCK_LEVEL": 11,
        "LAST_ADJ_TIMESTAMP": datetime(2026, 11, 22, 9),
        "WAREHOUSE_LOCATION": "cellar 9",
    }


def test_only_touched_products_are_computed_and_each_by_itself(local_session: Session) -> None:
    history = [
        adjustment("a-1", 1, "p", 5, None),
        adjustment("a-2", 2, "q", 7, 20),
        adjustment("a-3", 3, "r", 9, None),
    ]
    found = stock(local_session, history, ["p", "q", "q", "never adjusted"])
    assert {product: row["CURRENT_STOCK_LEVEL"] for product, row in found.items()} == {
        "p": 5,
        "q": 20,
    }


def test_a_missing_category_is_the_one_of_the_products_latest_order(local_session: Session) -> None:
    history = [
        adjustment("a-1", 1, "p", 5, None, "Old"),
        adjustment("a-2", 2, "p", 5, None, None),
        adjustment("a-3", 2, "q", 5, None, None),
        adjustment("a-4", 2, "r", 5, None, "Sparkling"),
    ]
    orders = [
        ["o-1", datetime(2026, 11, 20), "e-1", "p", "Rosé"],
        ["o-2", datetime(2026, 11, 21), "e-2", "p", "Red"],
        ["o-3", datetime(2026, 11, 21), "e-3", "r", "White"],
    ]
    found = stock(local_session, history, ["p", "q", "r"], orders)
    assert {product: row["PRODUCT_CATEGORY"] for product, row in found.items()} == {
        "p": "Red",
        "q": None,
        "r": "Sparkling",
    }
