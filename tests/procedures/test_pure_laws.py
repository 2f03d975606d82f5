"""The thinking part of laws 3 to 5, on Snowpark's own local testing session: the pure functions
against the model, for rows that Hypothesis draws."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from inventory_transforms import current_stock, first_adjustments
from orders_transforms import latest_orders
from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark.types import (
    DataType,
    DecimalType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampTimeZone,
    TimestampType,
)

from tests.procedures import model
from tests.procedures.examples import examples
from tests.procedures.model import Delivery, Reading, Row

TEXT, NUMBER, MONEY = StringType(), LongType(), DecimalType(12, 2)
MOMENT = TimestampType(TimestampTimeZone.NTZ)
NUMBERS = ("QUANTITY", "QUANTITY_CHANGE", "NEW_STOCK_LEVEL", "KAFKA_PARTITION", "KAFKA_OFFSET")
MONIES = ("UNIT_PRICE", "TOTAL_AMOUNT")

moments = st.integers(0, 3).map(lambda hours: datetime(2026, 11, 22, 21) + timedelta(hours=hours))
names = st.sampled_from(["Chablis", "Château 🍷", ""])
categories = st.sampled_from(["Rouge", "Blanc", None])
products = st.integers(1, 5).map("p-{}".format)


@st.composite
def order_rows(draw: st.DrawFn) -> Row:
    """Of one order, one event id and one moment there is one event."""
    n, version, moment = draw(st.integers(0, 5)), draw(st.integers(0, 2)), draw(moments)
    said = n + version + moment.hour
    return {
        "EVENT_ID": f"e-{version}",
        "EVENT_TIMESTAMP": moment,
        "ORDER_ID": f"o-{n}",
        "CUSTOMER_ID": "c-1",
        "PRODUCT_ID": f"p-{said % 6}",
        "PRODUCT_NAME": "Chablis",
        "PRODUCT_CATEGORY": "Blanc" if said % 3 else None,
        "QUANTITY": said + 1,
        "UNIT_PRICE": Decimal("0.07"),
        "TOTAL_AMOUNT": Decimal("0.07") * said,
        "PAYMENT_METHOD": "CARD",
        "SHIPPING_ADDRESS": "Lyon",
    }


adjustment_rows = st.fixed_dictionaries(
    {
        "EVENT_ID": st.sampled_from(["e-1", "e-2"]),
        "EVENT_TIMESTAMP": moments,
        "ADJUSTMENT_ID": st.integers(0, 39).map("a-{:02}".format),
        "PRODUCT_ID": products,
        "PRODUCT_NAME": names,
        "PRODUCT_CATEGORY": categories,
        "ADJUSTMENT_TYPE": st.just("RESTOCK"),
        "QUANTITY_CHANGE": st.integers(-9999999999, 9999999999),
        "NEW_STOCK_LEVEL": st.none() | st.integers(-100, 9999999999),
        "REASON": st.just("counted"),
        "WAREHOUSE_LOCATION": st.sampled_from(["Lyon", "Paris", None]),
    }
)


def kind(name: str) -> DataType:
    if name.endswith("_TIMESTAMP"):
        return MOMENT
    return NUMBER if name in NUMBERS else MONEY if name in MONIES else TEXT


def frame(session: Session, rows: list[Row], columns: list[str]) -> DataFrame:
    schema = StructType([StructField(name, kind(name)) for name in columns])
    return session.create_dataframe([[row[n] for n in columns] for row in rows], schema=schema)


def placed(rows: list[Row]) -> list[Row]:
    """The rows as STAGING has them: with their places in Kafka, in no order."""
    return [
        row | {"KAFKA_PARTITION": n % 2, "KAFKA_OFFSET": (n * 7) % 64} for n, row in enumerate(rows)
    ]


def found(rows: DataFrame, key: str) -> dict[str, Row]:
    """The rows by their key, which is there once."""
    collected = [row.as_dict() for row in rows.collect()]
    assert len({row[key] for row in collected}) == len(collected)
    return {row[key]: row for row in collected}


def of_production(row: Row, noun: str) -> Row:
    rest = {name: value for name, value in row.items() if name != "EVENT_TIMESTAMP"}
    moment = row["EVENT_TIMESTAMP"]
    return rest | {f"{noun}_TIMESTAMP": moment, f"{noun}_DATE": moment.date()}


def test_of_any_orders_the_latest_events_are_chosen(local_session: Session) -> None:
    @examples(10)
    @given(rows=st.lists(order_rows(), min_size=1, max_size=30))
    def they_are(rows: list[Row]) -> None:
        staged = placed(rows)
        latest = found(latest_orders(frame(local_session, staged, list(staged[0]))), "ORDER_ID")
        expected = model.orders(rows)
        assert latest == {id_: of_production(row, "ORDER") for id_, row in expected.items()}

    they_are()


def test_of_any_adjustments_the_first_of_each_are_chosen(local_session: Session) -> None:
    @examples(10)
    @given(rows=st.lists(adjustment_rows, min_size=1, max_size=30))
    def they_are(rows: list[Row]) -> None:
        staged = placed(rows)
        first = found(
            first_adjustments(frame(local_session, staged, list(staged[0]))), "ADJUSTMENT_ID"
        )
        places = [("t", row["KAFKA_PARTITION"], row["KAFKA_OFFSET"]) for row in staged]
        batch = [Reading(Delivery(p, ""), "", r) for p, r in zip(places, rows, strict=True)]
        expected = model.history([batch])
        assert {id_: without_missing(row) for id_, row in first.items()} == {
            id_: without_missing(of_production(row, "ADJUSTMENT")) for id_, row in expected.items()
        }

    they_are()


def test_any_history_adds_up_to_the_stock_of_the_touched_products(local_session: Session) -> None:
    @examples(5)
    @given(
        rows=st.lists(
            adjustment_rows, min_size=1, max_size=40, unique_by=lambda r: r["ADJUSTMENT_ID"]
        ),
        orders=st.lists(order_rows(), max_size=10),
        touched=st.lists(products | st.just("p-0"), min_size=1, max_size=6),
    )
    def it_does(rows: list[Row], orders: list[Row], touched: list[str]) -> None:
        history = [of_production(row, "ADJUSTMENT") for row in rows]
        shown = list(model.orders(orders).values())
        ordered = [of_production(row, "ORDER") for row in shown]
        columns = ["ORDER_ID", "ORDER_TIMESTAMP", "EVENT_ID", "PRODUCT_ID", "PRODUCT_CATEGORY"]
        stock = current_stock(
            frame(local_session, history, [n for n in history[0] if n != "ADJUSTMENT_DATE"]),
            frame(local_session, [{"PRODUCT_ID": product} for product in touched], ["PRODUCT_ID"]),
            frame(local_session, ordered, columns),
        )
        expected = {}
        for product in touched:
            mine = [row for row in rows if row["PRODUCT_ID"] == product]
            lent = [row for row in shown if row["PRODUCT_ID"] == product]
            if mine:
                expected[product] = model.stock(mine, lent)
        assert found(stock, "PRODUCT_ID") == expected

    it_does()


def without_missing(row: Row) -> dict[str, Any]:
    """The local testing session has NaN for a number that is missing beside others."""
    return {name: value for name, value in row.items() if value is not None and value == value}
