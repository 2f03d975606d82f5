"""An event that should never have been: production goes without it, and nothing is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import corrections
import pytest
import reprocessing
import retention

from app.caves.laws.verify import verify
from app.caves.target import Account
from tests.procedures.modelled_pipeline import HANDLERS
from tests.procedures.pipeline import Event, Pipeline, adjustment, cancellation, order

CENTURY = {"event_timestamp": "2126-11-20T10:00:00Z"}
COUNTED_WRONG = adjustment("s1", quantity_change=7, new_stock_level=3, **CENTURY)
ORDERED_WRONG = order("o-1", event_id="s4", quantity=1, **CENTURY)


def take(pipeline: Pipeline, *events: Event) -> None:
    """The events all the way, as they came before there was a limit for the future."""
    pipeline.ingested_at = "2126-11-20 12:00:00"
    pipeline.ingest(*events)
    for handler in HANDLERS.values():
        handler(pipeline.session)


def levels(pipeline: Pipeline) -> list[tuple[object, ...]]:
    columns = "PRODUCT_ID, CURRENT_STOCK_LEVEL, LAST_ADJ_TIMESTAMP"
    return pipeline.rows("PRODUCTION.INVENTORY_CURRENT", columns)


def orders(pipeline: Pipeline) -> list[tuple[object, ...]]:
    return pipeline.rows("PRODUCTION.ORDERS", "ORDER_ID, EVENT_ID, QUANTITY")


def history(pipeline: Pipeline) -> list[tuple[object, ...]]:
    columns = "QUANTITY_CHANGE, ADJUSTMENT_TYPE, NEW_STOCK_LEVEL, REASON, VOIDS_ADJUSTMENT_ID"
    return pipeline.rows("PRODUCTION.INVENTORY_HISTORY", columns, "CREATED_AT, ADJUSTMENT_ID")


@pytest.fixture
def lawful(pipeline: Pipeline) -> Iterator[Pipeline]:
    """The pipeline, and behind the test all laws hold."""
    yield pipeline
    laws_hold(pipeline)


def laws_hold(pipeline: Pipeline) -> None:
    for verdict in verify(Account(pipeline.session.connection, pipeline.database))[1:]:
        assert verdict.holds, (verdict.law.title, verdict.figures)


def test_a_void_count_frees_its_products_stock(lawful: Pipeline) -> None:
    take(
        lawful,
        COUNTED_WRONG,
        adjustment("s2", quantity_change=0, new_stock_level=500),
        adjustment("s3", quantity_change=100, event_timestamp="2026-11-22T12:00:00Z"),
    )
    assert levels(lawful) == [("p-1", 3, datetime(2126, 11, 20, 10))]

    done = corrections.void_adjustment(lawful.session, "s1", "ALBERT: the scanner's clock")

    assert done == {"voided": 1, "known": 1}
    assert levels(lawful) == [("p-1", 600, datetime(2026, 11, 22, 12))]
    assert history(lawful)[-1] == (-7, "VOID", None, "ALBERT: the scanner's clock", "s1")
    assert len(history(lawful)) == 4
    laws_hold(lawful)

    # It stays so: repeated, delivered again, and with what comes after it.
    assert corrections.void_adjustment(lawful.session, "s1", "again") == {"voided": 0, "known": 1}
    take(lawful, COUNTED_WRONG)
    assert levels(lawful) == [("p-1", 600, datetime(2026, 11, 22, 12))]
    take(lawful, adjustment("s5", quantity_change=1, event_timestamp="2026-11-22T13:00:00Z"))
    assert levels(lawful) == [("p-1", 601, datetime(2026, 11, 22, 13))]


def test_a_product_of_which_no_adjustment_stands_has_no_stock(lawful: Pipeline) -> None:
    take(lawful, COUNTED_WRONG, adjustment("s2", product_id="p-2"))
    corrections.void_adjustment(lawful.session, "s1", "no such wine")
    assert [product for product, *_ in levels(lawful)] == ["p-2"]
    take(lawful, adjustment("s3", quantity_change=5))
    assert [row[:2] for row in levels(lawful)] == [("p-1", 5), ("p-2", 24)]


def test_neither_what_is_unknown_nor_a_voiding_entry_can_be_voided(lawful: Pipeline) -> None:
    take(lawful, COUNTED_WRONG)
    nothing = {"voided": 0, "known": 0}
    assert corrections.void_adjustment(lawful.session, "' OR 1 = 1 --", "x") == nothing
    corrections.void_adjustment(lawful.session, "s1", "x")
    [(entry,)] = lawful.sql(
        "SELECT ADJUSTMENT_ID FROM PRODUCTION.INVENTORY_HISTORY WHERE ADJUSTMENT_TYPE = 'VOID'"
    )
    assert corrections.void_adjustment(lawful.session, entry, "x") == nothing
    assert len(history(lawful)) == 2


def test_an_order_goes_by_its_other_events_when_one_is_withdrawn(lawful: Pipeline) -> None:
    take(
        lawful,
        ORDERED_WRONG,
        order("o-1", event_id="s5", quantity=12),
        order("o-1", event_id="s3", quantity=5, event_timestamp="2026-11-22T09:00:00Z"),
        order("o-2"),
    )
    assert orders(lawful)[0] == ("o-1", "s4", 1)

    done = corrections.withdraw_order_event(lawful.session, "o-1", "s4", "ALBERT: a wrong clock")

    assert done == {"withdrawn": 1, "shown": 1, "removed": 0}
    assert orders(lawful)[0] == ("o-1", "s5", 12)
    columns = "ORDER_ID, EVENT_ID, EVENT_TIMESTAMP, NOTE"
    assert lawful.rows("OPS.WITHDRAWN_ORDER_EVENTS", columns) == [
        ("o-1", "s4", datetime(2126, 11, 20, 10), "ALBERT: a wrong clock")
    ]
    laws_hold(lawful)

    # It stays so: delivered again, reprocessed, and with a correction after it.
    take(lawful, ORDERED_WRONG)
    day = datetime(2126, 11, 20)
    reprocessing.reprocess(lawful.session, day, datetime(2126, 11, 21))
    assert orders(lawful)[0] == ("o-1", "s5", 12)
    again = corrections.withdraw_order_event(lawful.session, "o-1", "s4", "again")
    assert again == {"withdrawn": 0, "shown": 0, "removed": 0}
    take(lawful, order("o-1", event_id="s6", quantity=13, event_timestamp="2026-11-23T09:00:00Z"))
    assert orders(lawful)[0] == ("o-1", "s6", 13)


def test_an_order_without_another_event_is_gone_until_a_right_one_comes(lawful: Pipeline) -> None:
    take(lawful, ORDERED_WRONG)
    done = corrections.withdraw_order_event(lawful.session, "o-1", "s4", "x")
    assert done == {"withdrawn": 1, "shown": 0, "removed": 1}
    assert orders(lawful) == []
    laws_hold(lawful)
    take(lawful, order("o-1", event_id="s4", quantity=12))
    assert orders(lawful) == [("o-1", "s4", 12)]


def test_an_event_that_does_not_show_is_withdrawn_without_a_trace_in_orders(
    lawful: Pipeline,
) -> None:
    take(lawful, order("o-1", event_id="old", event_timestamp="2026-11-21T10:00:00Z"), order("o-1"))
    done = corrections.withdraw_order_event(lawful.session, "o-1", "old", "x")
    assert done == {"withdrawn": 1, "shown": 0, "removed": 0}
    assert orders(lawful) == [("o-1", "event of o-1", 2)]
    unknown = corrections.withdraw_order_event(lawful.session, "o-1", "new", "x")
    assert unknown == {"withdrawn": 0, "shown": 0, "removed": 0}


def test_what_staging_no_longer_has_comes_from_raw(pipeline: Pipeline) -> None:
    pipeline.ingested_at = "2026-11-10 12:00:00"
    pipeline.ingest(order("o-1", event_id="right", event_timestamp="2026-11-10T10:00:00Z"))
    for handler in HANDLERS.values():
        handler(pipeline.session)
    pipeline.sql("UPDATE PRODUCTION.ORDERS SET CREATED_AT = '2026-11-10 12:01:00'")
    assert retention.purge(pipeline.session, 3650, 1)["stg_orders"] == 1
    take(pipeline, ORDERED_WRONG)
    assert orders(pipeline) == [("o-1", "s4", 1)]

    done = corrections.withdraw_order_event(pipeline.session, "o-1", "s4", "x")

    assert done == {"withdrawn": 1, "shown": 1, "removed": 0}
    assert orders(pipeline) == [("o-1", "right", 2)]


def test_a_cancellation_that_is_withdrawn_leaves_the_order_standing(lawful: Pipeline) -> None:
    take(
        lawful,
        order("o-1"),
        cancellation("o-1", event_id="c-2", event_timestamp="2026-11-22T13:00:00Z"),
        cancellation("o-1", event_id="c-1", event_timestamp="2026-11-22T12:00:00Z"),
    )
    cancelled = "ORDER_ID, CANCELLED_AT, EVENT_ID"
    at_noon = [("o-1", datetime(2026, 11, 22, 12), "c-1")]
    assert lawful.rows("PRODUCTION.ORDER_CANCELLATIONS", cancelled) == at_noon

    counts = corrections.withdraw_order_event(lawful.session, "o-1", "c-1", "another order")
    assert counts == {"withdrawn": 1, "shown": 0, "removed": 0}
    later = [("o-1", datetime(2026, 11, 22, 13), "c-2")]
    assert lawful.rows("PRODUCTION.ORDER_CANCELLATIONS", cancelled) == later
    corrections.withdraw_order_event(lawful.session, "o-1", "c-2", "another order")
    assert lawful.rows("PRODUCTION.ORDER_CANCELLATIONS", cancelled) == []
    assert orders(lawful) == [("o-1", "event of o-1", 2)]
