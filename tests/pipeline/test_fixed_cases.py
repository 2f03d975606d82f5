"""The cases that such pipelines get wrong, with the rows that are right.

All events go through all five procedures; each test reads what became of its own. Events of one
test have ids and products of their own, so they share a few runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.procedures.modelled_pipeline import HANDLERS, ModelledPipeline
from tests.procedures.pipeline import Event, Pipeline, adjustment, order, without
from tests.procedures.tapped import failing, tap

LONG = "Romanée-Conti 🍷 " * 500
NOON = "2026-11-22T12:00:00Z"
ELEVEN = "2026-11-22T11:00:00Z"

FIRST_BATCH: list[Event] = [
    # cents
    order("cents", quantity=3, unit_price=19.99, total_amount=None),
    order("cents as text", quantity="3", unit_price="0.07", total_amount="0.21"),
    order("a discount", quantity=3, unit_price=0.1, total_amount=0.29),
    order("all that fits", quantity=9999999999, unit_price=99999999.99, total_amount=9999999999.99),
    # values that a cast would change
    order("3 decimals", unit_price=19.999),
    order("3 decimals in total", total_amount="39.801"),
    order("1.5 bottles", quantity=1.5),
    order("11 digits", quantity=12345678901),
    order("11 digits of money", unit_price=123456789.01),
    adjustment("1.5 bottles", product_id="p-half", quantity_change=1.5),
    adjustment("11 digits", product_id="p-half", new_stock_level="12345678901"),
    # an order's versions
    order("late", event_id="new", quantity=5, event_timestamp=NOON),
    order("same moment", event_id="e-2", quantity=2, event_timestamp=NOON),
    order("same moment, once more", event_id="e-1", quantity=1, event_timestamp=NOON),
    order("twice", event_id="same", quantity=4),
    order("twice", event_id="same", quantity=4),
    # a count, with changes around it
    adjustment("c-1", product_id="p-count", quantity_change=10, event_timestamp=ELEVEN),
    adjustment("c-3", product_id="p-count", quantity_change=-2, event_timestamp=NOON),
    adjustment("n-1", product_id="p-never", quantity_change=-7),
    # a category that only orders know
    order("lends", product_id="p-lent", product_category="🥂 Blanc", event_timestamp=NOON),
    order("older", product_id="p-lent", product_category="🍷 Rouge", event_timestamp=ELEVEN),
    without(adjustment("borrows", product_id="p-lent"), "product_category"),
    adjustment("borrows not", product_id="p-own", product_category="🌸 Rosé"),
    # names
    order("🍾-1", product_name='👩‍🌾 Domaine d\'Été – «Vin» "naturel"; DROP TABLE ORDERS --'),
    order("long", product_name=LONG, shipping_address="\t1 rue\n2e étage\\"),
    # timestamps around midnight and the changes of the clock
    order("before midnight UTC", event_timestamp="2026-11-23T00:59:59+01:00"),
    order("midnight UTC", event_timestamp="2026-11-23T01:00:00+01:00"),
    order("west of UTC", event_timestamp="2026-11-22T19:00:00-05:00"),
    order("new year", event_timestamp="2026-01-01T00:30:00.5+01:00"),
    order("winter time", event_timestamp="2026-03-29T01:59:59+01:00"),
    order("a second later", event_timestamp="2026-03-29T03:00:00+02:00"),
    order("2:30 in summer time", event_timestamp="2026-10-25T02:30:00+02:00"),
    order("2:30 once more", event_timestamp="2026-10-25T02:30:00+01:00"),
    order("half hours", event_timestamp="2026-11-23T05:15:00+0530"),
    order("no offset", event_timestamp="2026-11-22T23:59:59.999999"),
    adjustment("midnight UTC", product_id="p-date", event_timestamp="2026-11-23T00:59:59+01:00"),
]
SECOND_BATCH: list[Event] = [
    order("late", event_id="old", quantity=1, event_timestamp=ELEVEN),
    order("same moment", event_id="e-1", quantity=1, event_timestamp=NOON),
    order("same moment, once more", event_id="e-2", quantity=2, event_timestamp=NOON),
    order("twice", event_id="same", quantity=4),
    adjustment(
        "c-2",
        product_id="p-count",
        quantity_change=0,
        new_stock_level=50,
        event_timestamp="2026-11-22T11:30:00Z",
    ),
    adjustment("c-4", product_id="p-count", quantity_change=5, event_timestamp=NOON),
    adjustment("c-0", product_id="p-count", quantity_change=99, event_timestamp="2026-11-22T01:00"),
    adjustment("n-2", product_id="p-never", quantity_change=3),
    adjustment("n-2", product_id="p-never", quantity_change=1000),
]


@pytest.fixture(scope="module")
def done(shared_pipeline: ModelledPipeline) -> Iterator[Pipeline]:
    """Both batches, each taken all the way."""
    shared_pipeline.reset()
    for events in (FIRST_BATCH, SECOND_BATCH):
        shared_pipeline.ingester.ingest(*events)
        for handler in HANDLERS.values():
            handler(shared_pipeline.pipeline.session)
    yield shared_pipeline.ingester


def ordered(done: Pipeline, columns: str, *order_ids: str) -> dict[str, Any]:
    names = ", ".join("?" * len(order_ids))
    rows = done.sql(
        f"SELECT ORDER_ID, {columns} FROM PRODUCTION.ORDERS WHERE ORDER_ID IN ({names})", *order_ids
    )
    return {
        order_id: values[0] if len(values) == 1 else tuple(values) for order_id, *values in rows
    }


def test_cents_are_exact(done: Pipeline) -> None:
    ids = ("cents", "cents as text", "a discount", "all that fits")
    assert ordered(done, "UNIT_PRICE, TOTAL_AMOUNT", *ids) == {
        "cents": (Decimal("19.99"), Decimal("59.97")),
        "cents as text": (Decimal("0.07"), Decimal("0.21")),
        "a discount": (Decimal("0.10"), Decimal("0.29")),
        "all that fits": (Decimal("99999999.99"), Decimal("9999999999.99")),
    }


def test_what_a_cast_would_change_is_rejected_and_nothing_else(done: Pipeline) -> None:
    number = "is not a number of at most {} digits, 2 of them decimals: {}"
    whole = "is not a whole number of at most 10 digits: {}"
    assert done.rows("RAW_DATA.REJECTED_EVENTS", "REASON, EVENT_ID", "KAFKA_OFFSET") == [
        (f"unit_price {number.format(10, 19.999)}", "event of 3 decimals"),
        (f"total_amount {number.format(12, 39.801)}", "event of 3 decimals in total"),
        (f"quantity {whole.format(1.5)}", "event of 1.5 bottles"),
        (f"quantity {whole.format(12345678901)}", "event of 11 digits"),
        (f"unit_price {number.format(10, 123456789.01)}", "event of 11 digits of money"),
        (f"quantity_change {whole.format(1.5)}", "event of 1.5 bottles"),
        (f"new_stock_level {whole.format(12345678901)}", "event of 11 digits"),
    ]
    payloads = done.rows("RAW_DATA.REJECTED_EVENTS", "PAYLOAD", "KAFKA_OFFSET")
    assert [json.loads(payload) for (payload,) in payloads] == FIRST_BATCH[4:11]


def test_a_late_event_does_not_undo_a_newer_one(done: Pipeline) -> None:
    assert ordered(done, "EVENT_ID, QUANTITY", "late", "twice") == {
        "late": ("new", 5),
        "twice": ("same", 4),
    }


def test_of_two_events_at_the_same_moment_the_greater_id_wins_in_either_order(
    done: Pipeline,
) -> None:
    ids = ("same moment", "same moment, once more")
    assert ordered(done, "EVENT_ID, QUANTITY", *ids) == dict.fromkeys(ids, ("e-2", 2))


def test_adjustments_without_a_level_add_to_the_last_one_that_has_one(done: Pipeline) -> None:
    current = "PRODUCT_ID, CURRENT_STOCK_LEVEL, LAST_ADJ_TIMESTAMP"
    found = {row[0]: row[1:] for row in done.rows("PRODUCTION.INVENTORY_CURRENT", current)}
    assert found["p-count"] == (50 - 2 + 5, datetime(2026, 11, 22, 12))
    assert found["p-never"] == (-7 + 3, datetime(2026, 11, 22, 10))
    assert "p-half" not in found


def test_a_category_that_only_orders_know_is_the_latest_orders(done: Pipeline) -> None:
    found = dict(done.rows("PRODUCTION.INVENTORY_CURRENT", "PRODUCT_ID, PRODUCT_CATEGORY"))
    assert (found["p-lent"], found["p-own"]) == ("🥂 Blanc", "🌸 Rosé")
    history = dict(done.rows("PRODUCTION.INVENTORY_HISTORY", "ADJUSTMENT_ID, PRODUCT_CATEGORY"))
    assert history["borrows"] is None


def test_names_come_through_whole(done: Pipeline) -> None:
    assert ordered(done, "PRODUCT_NAME, SHIPPING_ADDRESS", "🍾-1", "long") == {
        "🍾-1": (
            '👩‍🌾 Domaine d\'Été – «Vin» "naturel"; DROP TABLE ORDERS --',
            "3 rue du Puits, 69001 Lyon",
        ),
        "long": (LONG, "\t1 rue\n2e étage\\"),
    }


def test_the_date_of_an_order_is_its_day_in_utc(done: Pipeline) -> None:
    expected = {
        "before midnight UTC": datetime(2026, 11, 22, 23, 59, 59),
        "midnight UTC": datetime(2026, 11, 23),
        "west of UTC": datetime(2026, 11, 23),
        "new year": datetime(2025, 12, 31, 23, 30, 0, 500000),
        "winter time": datetime(2026, 3, 29, 0, 59, 59),
        "a second later": datetime(2026, 3, 29, 1),
        "2:30 in summer time": datetime(2026, 10, 25, 0, 30),
        "2:30 once more": datetime(2026, 10, 25, 1, 30),
        "half hours": datetime(2026, 11, 22, 23, 45),
        "no offset": datetime(2026, 11, 22, 23, 59, 59, 999999),
    }
    assert ordered(done, "ORDER_TIMESTAMP", *expected) == expected
    assert ordered(done, "ORDER_DATE", *expected) == {
        order_id: moment.date() for order_id, moment in expected.items()
    }
    columns = "ADJUSTMENT_ID, ADJUSTMENT_DATE"
    assert dict(done.rows("PRODUCTION.INVENTORY_HISTORY", columns))["midnight UTC"] == date(
        2026, 11, 22
    )


def test_a_purge_of_staging_between_two_runs_changes_nothing_and_hides_nothing(
    modelled: ModelledPipeline,
) -> None:
    staged = modelled.ingester
    staged.ingest(order("o-1"), adjustment("a-1", quantity_change=5))
    for handler in HANDLERS.values():
        handler(modelled.pipeline.session)
    staged.sql("DELETE FROM STAGING.STG_ORDERS")
    staged.sql("DELETE FROM STAGING.STG_INVENTORY_ADJ")
    staged.ingest(order("o-2"), adjustment("a-2", quantity_change=7))
    for handler in HANDLERS.values():
        handler(modelled.pipeline.session)
    assert staged.rows("PRODUCTION.ORDERS", "ORDER_ID") == [("o-1",), ("o-2",)]
    assert staged.rows("PRODUCTION.INVENTORY_HISTORY", "ADJUSTMENT_ID") == [("a-1",), ("a-2",)]
    assert staged.rows("PRODUCTION.INVENTORY_CURRENT", "CURRENT_STOCK_LEVEL") == [(12,)]
    assert not staged.has_data("STAGING.STREAM_STG_ORDERS")


def test_stream_rows_from_before_a_failed_run_come_with_the_new_ones(
    modelled: ModelledPipeline,
) -> None:
    modelled.ingester.ingest(order("o-1"))
    handler = HANDLERS["RAW_TO_STAGING_ORDERS"]
    with (
        tap(modelled.pipeline.session, failing(2)),
        pytest.raises(Exception, match=r"(?i)division"),
    ):
        handler(modelled.pipeline.session)
    modelled.ingester.ingest(order("o-2"), order("o-3", quantity=0))
    assert handler(modelled.pipeline.session) == {"staged": 2, "rejected": 1}
    assert modelled.ingester.rows("STAGING.STG_ORDERS", "ORDER_ID") == [("o-1",), ("o-2",)]
