from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import raw_to_staging

from tests.procedures.pipeline import Pipeline, adjustment, order, without


def test_valid_events_reach_staging_with_cents_accents_and_emoji(pipeline: Pipeline) -> None:
    pipeline.ingest(order("o-1", event_timestamp="2026-11-23T00:15:00.5+01:00"), adjustment("a-1"))
    counts = pipeline.run(raw_to_staging.orders, raw_to_staging.inventory)
    assert counts == [{"staged": 1, "rejected": 0}, {"staged": 1, "rejected": 0}]
    assert pipeline.rows("STAGING.STG_ORDERS", "*") == [
        (
            "event of o-1",
            datetime(2026, 11, 22, 23, 15, 0, 500000),
            "o-1",
            "c-1",
            "p-1",
            "Château Margaux – Grand Vin",
            "🍷 Rouge",
            2,
            Decimal("19.90"),
            Decimal("39.80"),
            "CARD",
            "3 rue du Puits, 69001 Lyon",
            datetime(2026, 11, 22, 12),
            "sales_events",
            3,
            0,
        )
    ]
    assert pipeline.rows("STAGING.STG_INVENTORY_ADJ", "*") == [
        (
            "event of a-1",
            datetime(2026, 11, 22, 10),
            "a-1",
            "p-1",
            "Château Margaux – Grand Vin",
            "🍷 Rouge",
            "RESTOCK",
            24,
            None,
            "livraison d'été",
            "Lyon",
            datetime(2026, 11, 22, 12),
            "sales_events",
            3,
            1,
        )
    ]
    assert pipeline.count("RAW_DATA.REJECTED_EVENTS") == 0


def test_the_first_producers_events_are_understood(pipeline: Pipeline) -> None:
    line = without(order("-"), "event_id", "order_id", "event_timestamp", "product_category")
    line = without(line, "total_amount") | {
        "order_line_id": 7001,
        "event_ts": "2026-11-22T10:00:00",
        "category": "🥂 Blanc",
        "total_price": "38.00",
        "quantity": "2",
    }
    stock = without(adjustment("-"), "adjustment_id", "event_timestamp", "new_stock_level")
    stock |= {"event_id": "e-9", "event_ts": "2026-11-22 10:00:00"}
    pipeline.ingest(line, stock)
    pipeline.run(raw_to_staging.orders, raw_to_staging.inventory)
    columns = "EVENT_ID, ORDER_ID, EVENT_TIMESTAMP, PRODUCT_CATEGORY, QUANTITY, TOTAL_AMOUNT"
    moment = datetime(2026, 11, 22, 10)
    assert pipeline.rows("STAGING.STG_ORDERS", columns) == [
        ("7001", "7001", moment, "🥂 Blanc", 2, Decimal("38.00"))
    ]
    assert pipeline.rows(
        "STAGING.STG_INVENTORY_ADJ", "EVENT_ID, ADJUSTMENT_ID, EVENT_TIMESTAMP"
    ) == [("e-9", "e-9", moment)]


def test_an_event_without_any_id_goes_by_its_place_in_kafka(pipeline: Pipeline) -> None:
    pipeline.ingest(without(adjustment("-"), "event_id", "adjustment_id"))
    pipeline.run(raw_to_staging.inventory)
    assert pipeline.rows("STAGING.STG_INVENTORY_ADJ", "EVENT_ID, ADJUSTMENT_ID") == [
        ("sales_events-3-0", "sales_events-3-0")
    ]


def test_a_bad_event_is_rejected_with_reason_and_payload_and_stops_nobody(
    pipeline: Pipeline,
) -> None:
    bad = order("o-2", quantity=1.5, product_name="Pétrus 🍷")
    pipeline.ingest(order("o-1"), bad, order("o-3"))
    [counts] = pipeline.run(raw_to_staging.orders)
    assert counts == {"staged": 2, "rejected": 1}
    assert [id_ for (id_,) in pipeline.rows("STAGING.STG_ORDERS", "ORDER_ID")] == ["o-1", "o-3"]
    [row] = pipeline.rows("RAW_DATA.REJECTED_EVENTS", "*")
    rejected_at, stage, reason, event_id, event_type, payload, encoding, *place = row
    assert abs(rejected_at - pipeline.utc_now()) < timedelta(minutes=1)
    assert (stage, event_id, event_type) == ("STAGING", "event of o-2", "ORDER_CREATED")
    assert reason == "quantity is not a whole number of at most 10 digits: 1.5"
    assert json.loads(payload) == bad
    assert (encoding, place) == ("utf-8", ["sales_events", 3, 1, "OPEN", None, None, None])


NOT_WHOLE = "quantity is not a whole number of at most 10 digits: "


def with_quantity(literal: str) -> str:
    """An order whose quantity is this piece of JSON."""
    return json.dumps(order("o-1", quantity="?")).replace('"?"', literal)


def test_a_value_that_a_cast_would_change_is_rejected(pipeline: Pipeline) -> None:
    reasons = {
        "1.5": NOT_WHOLE + "1.5",
        '"1.5"': NOT_WHOLE + "1.5",
        '"1e-2"': NOT_WHOLE + "1e-2",
        '"3\\n"': NOT_WHOLE + "3\n",
        '"\\u0663"': NOT_WHOLE + "٣",
        "10000000000": NOT_WHOLE + "10000000000",
        "true": NOT_WHOLE + "true",
        '{"bottles":3}': NOT_WHOLE + '{"bottles":3}',
        "[3]": NOT_WHOLE + "[3]",
        '""': NOT_WHOLE,
        "null": "quantity is missing",
        "0": "quantity is not above 0: 0",
    }
    pipeline.ingest(*(with_quantity(literal) for literal in reasons))
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 0, "rejected": len(reasons)}]
    found = pipeline.rows("RAW_DATA.REJECTED_EVENTS", "REASON, KAFKA_OFFSET", "KAFKA_OFFSET")
    assert [reason for reason, _ in found] == list(reasons.values())


def test_a_float_of_a_variant_is_the_number_that_it_shows(pipeline: Pipeline) -> None:
    """RAW had such before the ingester kept the digits, and a payload written by hand may have."""
    pipeline.ingest(*map(with_quantity, ("1e2", "1" * 42, "1.5e0")))
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 1, "rejected": 2}]
    assert pipeline.rows("STAGING.STG_ORDERS", "QUANTITY") == [(100,)]


def test_numbers_and_timestamps_are_taken_in_every_form_that_is_exact(pipeline: Pipeline) -> None:
    pipeline.ingest(
        order("o-1", quantity="3", unit_price="7.10", total_amount=None),
        order("o-2", quantity=3.0, unit_price=0, total_amount="+0.00"),
        order("o-3", quantity=9999999999, unit_price="0.1", total_amount=9999999999.99),
        order("o-4", unit_price=99999999.99, event_timestamp="2026-11-22T10:30+0530"),
        order("o-5", event_timestamp="2026-12-31 23:59:59.999999-00:30"),
        order("o-6", event_timestamp="2026-11-22T10:30:00Z"),
        order("o-7", event_timestamp="2026-11-22T10:30:00"),
    )
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 7, "rejected": 0}]
    columns = "ORDER_ID, QUANTITY, UNIT_PRICE, TOTAL_AMOUNT"
    assert pipeline.rows("STAGING.STG_ORDERS", columns)[:4] == [
        ("o-1", 3, Decimal("7.10"), Decimal("21.30")),
        ("o-2", 3, Decimal("0.00"), Decimal("0.00")),
        ("o-3", 9999999999, Decimal("0.10"), Decimal("9999999999.99")),
        ("o-4", 2, Decimal("99999999.99"), Decimal("39.80")),
    ]
    assert pipeline.rows("STAGING.STG_ORDERS", "ORDER_ID, EVENT_TIMESTAMP")[3:] == [
        ("o-4", datetime(2026, 11, 22, 5, 0)),
        ("o-5", datetime(2027, 1, 1, 0, 29, 59, 999999)),
        ("o-6", datetime(2026, 11, 22, 10, 30)),
        ("o-7", datetime(2026, 11, 22, 10, 30)),
    ]


def test_a_timestamp_that_its_offset_moves_out_of_the_range_is_rejected(
    pipeline: Pipeline,
) -> None:
    pipeline.ingest(
        order("o-1", event_timestamp="1970-01-01T00:59:59+00:59"),
        order("o-2", event_timestamp="1970-01-01T00:59:59+01:00"),
        adjustment("a-1", event_timestamp="9999-12-31T23:59:59.999999-14:00"),
    )
    pipeline.run(raw_to_staging.orders, raw_to_staging.inventory)
    assert pipeline.rows("STAGING.STG_ORDERS", "ORDER_ID, EVENT_TIMESTAMP") == [
        ("o-1", datetime(1970, 1, 1, 0, 0, 59))
    ]
    rule = "event_timestamp is not an ISO 8601 timestamp of the years 1970 to 2261: "
    assert pipeline.rows("RAW_DATA.REJECTED_EVENTS", "REASON", "KAFKA_OFFSET") == [
        (rule + "1970-01-01T00:59:59+01:00",),
        (rule + "9999-12-31T23:59:59.999999-14:00",),
    ]


def test_a_timestamp_without_an_offset_is_utc_whatever_the_sessions_time_zone(
    pipeline: Pipeline,
) -> None:
    pipeline.sql("ALTER SESSION SET TIMEZONE = 'America/Los_Angeles'")
    try:
        a_timestamp_without_an_offset_is_utc(pipeline)
    finally:
        pipeline.sql("ALTER SESSION UNSET TIMEZONE")


def a_timestamp_without_an_offset_is_utc(pipeline: Pipeline) -> None:
    pipeline.ingest(order("o-1", event_timestamp="2026-11-22T10:30:00"), order("o-2", quantity=0))
    pipeline.run(raw_to_staging.orders)
    assert pipeline.rows("STAGING.STG_ORDERS", "EVENT_TIMESTAMP") == [
        (datetime(2026, 11, 22, 10, 30),)
    ]
    [(rejected_at,)] = pipeline.rows("RAW_DATA.REJECTED_EVENTS", "REJECTED_AT")
    assert abs(rejected_at - pipeline.utc_now()) < timedelta(minutes=1)


def test_a_product_of_quantity_and_price_that_is_too_long_is_rejected_not_an_error(
    pipeline: Pipeline,
) -> None:
    pipeline.ingest(order("o-1", quantity=9999999999, unit_price="99999999.99", total_amount=None))
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 0, "rejected": 1}]
    assert pipeline.rows("RAW_DATA.REJECTED_EVENTS", "REASON") == [
        (
            "total_amount of quantity and price is not a number of at most 12 digits, "
            "2 of them decimals: 999999999800000000.01",
        )
    ]


def test_every_raw_row_ends_in_exactly_one_place(pipeline: Pipeline) -> None:
    pipeline.ingest(
        order("o-1"),
        order("o-1"),
        adjustment("a-1"),
        order("o-2", unit_price="cheap"),
        adjustment("a-2", quantity_change=None),
        order("o-3", event_type="ORDER_LOST"),
        without(order("o-4"), "event_type"),
    )
    pipeline.run(raw_to_staging.orders, raw_to_staging.inventory)
    places = [
        offset
        for table in ("STAGING.STG_ORDERS", "STAGING.STG_INVENTORY_ADJ", "RAW_DATA.REJECTED_EVENTS")
        for (offset,) in pipeline.rows(table, "KAFKA_OFFSET")
    ]
    assert places == [0, 1, 2, 3, 4, 5, 6]


def test_a_second_run_finds_nothing_and_a_third_only_what_is_new(pipeline: Pipeline) -> None:
    pipeline.ingest(order("o-1"))
    assert pipeline.run(raw_to_staging.orders)[0]["staged"] == 1
    assert pipeline.run(raw_to_staging.orders)[0]["staged"] == 0
    pipeline.ingest(order("o-2"))
    assert pipeline.run(raw_to_staging.orders)[0]["staged"] == 1
    assert pipeline.count("STAGING.STG_ORDERS") == 2


def test_a_run_without_own_rows_moves_the_stream_on_all_the_same(pipeline: Pipeline) -> None:
    pipeline.ingest(adjustment("a-1"))
    assert pipeline.has_data("RAW_DATA.STREAM_RAW_ORDERS")
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 0, "rejected": 0}]
    assert not pipeline.has_data("RAW_DATA.STREAM_RAW_ORDERS")


def test_events_that_come_while_a_procedure_runs_are_left_to_the_next_run_whole(
    pipeline: Pipeline, account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    divide = raw_to_staging.divide

    def others_write(*events: dict[str, Any], at: int) -> None:
        with account.snowpark(database=pipeline.database) as other:
            Pipeline(other, pipeline.database, next_offset=at).ingest(*events)

    def divide_between_writers(*given: Any) -> list[int]:
        others_write(order("o-3"), at=10)
        counts = divide(*given)
        others_write(order("o-4", quantity=0), at=11)
        return counts

    pipeline.ingest(order("o-1"), order("o-2", quantity=0))
    monkeypatch.setattr(raw_to_staging, "divide", divide_between_writers)
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 1, "rejected": 1}]
    monkeypatch.undo()
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 1, "rejected": 1}]
    assert pipeline.rows("STAGING.STG_ORDERS", "KAFKA_OFFSET") == [(0,), (10,)]
    assert pipeline.rows("RAW_DATA.REJECTED_EVENTS", "KAFKA_OFFSET") == [(1,), (11,)]
