"""One event with a wrong clock does not decide for ever."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
import raw_to_staging
import rejections
import reprocessing

from tests.procedures.deployment import filled
from tests.procedures.modelled_pipeline import HANDLERS
from tests.procedures.pipeline import HOUR, Pipeline, adjustment, order

RULE = "event_timestamp is in the future by more than max_event_future_seconds: "
STATUSES = "KAFKA_OFFSET, REASON, STATUS, NOTE"


@pytest.fixture
def pipeline(pipeline: Pipeline) -> Pipeline:
    """With the limit that the project has."""
    pipeline.limit_future(HOUR)
    return pipeline


def run_all(pipeline: Pipeline) -> None:
    for handler in HANDLERS.values():
        handler(pipeline.session)


def rejected(pipeline: Pipeline) -> list[tuple[object, ...]]:
    return pipeline.rows("RAW_DATA.REJECTED_EVENTS", STATUSES)


def test_an_event_may_be_an_hour_ahead_of_its_ingestion_and_no_more(pipeline: Pipeline) -> None:
    pipeline.ingested_at = "2026-11-20 12:00:00"
    pipeline.ingest(
        order("o-1", event_timestamp="2026-11-20T14:00:00+01:00"),
        order("o-2", event_timestamp="2026-11-20T13:00:00.000001Z"),
        adjustment("a-1", event_timestamp="2026-11-20T13:00:00Z"),
        adjustment("a-2", event_timestamp="2126-11-20T10:00:00Z"),
    )
    pipeline.run(raw_to_staging.orders, raw_to_staging.inventory)

    assert pipeline.rows("STAGING.STG_ORDERS", "ORDER_ID") == [("o-1",)]
    assert pipeline.rows("STAGING.STG_INVENTORY_ADJ", "ADJUSTMENT_ID") == [("a-1",)]
    assert rejected(pipeline) == [
        (1, RULE + "2026-11-20T13:00:00.000001Z", "OPEN", None),
        (3, RULE + "2126-11-20T10:00:00Z", "OPEN", None),
    ]


def test_a_count_and_an_order_of_the_next_century_decide_nothing(pipeline: Pipeline) -> None:
    century = {"event_timestamp": "2126-11-20T10:00:00Z"}
    pipeline.ingest(
        adjustment("s1", quantity_change=0, new_stock_level=3, **century),
        adjustment("s2", quantity_change=0, new_stock_level=500),
        adjustment("s3", quantity_change=100, event_timestamp="2026-11-22T12:00:00Z"),
        order("o-1", event_id="s4", quantity=1, **century),
        order("o-1", event_id="s5", quantity=12),
    )
    run_all(pipeline)

    assert pipeline.rows("PRODUCTION.INVENTORY_CURRENT", "CURRENT_STOCK_LEVEL") == [(600,)]
    assert pipeline.rows("PRODUCTION.ORDERS", "QUANTITY") == [(12,)]


def test_what_came_too_early_is_taken_once_it_is_due(pipeline: Pipeline) -> None:
    soon = pipeline.utc_now() + timedelta(hours=2)
    pipeline.ingested_at = "2024-11-20 12:00:00"
    pipeline.ingest(
        order("o-1", event_timestamp="2024-11-22T10:00:00Z"),
        order("o-2", event_timestamp=soon.isoformat()),
        order("o-3", event_timestamp=(soon - timedelta(minutes=61)).isoformat()),
    )
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 0, "rejected": 3}]

    done = rejections.retry(pipeline.session, None, "max_event_future_seconds")

    assert done == {"staged": 2, "retried": 2, "still_rejected": 1}
    assert pipeline.rows("STAGING.STG_ORDERS", "ORDER_ID") == [("o-1",), ("o-3",)]
    assert [status for _, _, status, _ in rejected(pipeline)] == ["RETRIED", "OPEN", "RETRIED"]


def test_reprocessing_takes_what_is_due_and_leaves_the_rest(pipeline: Pipeline) -> None:
    pipeline.ingested_at = "2024-11-20 12:00:00"
    pipeline.ingest(
        order("o-1", event_timestamp="2024-11-22T10:00:00Z"),
        order("o-2", event_timestamp="2126-11-22T10:00:00Z"),
    )
    pipeline.run(raw_to_staging.orders)
    day = datetime(2024, 11, 20)
    counts = reprocessing.reprocess(pipeline.session, day, day + timedelta(days=1))
    assert (counts["retried"], counts["still_rejected"]) == (1, 1)
    assert pipeline.rows("STAGING.STG_ORDERS", "ORDER_ID") == [("o-1",)]


def test_an_operator_takes_a_named_event_from_the_future_and_leaves_a_note(
    pipeline: Pipeline,
) -> None:
    """A pre-order may well be of next year; the event's other faults stay faults."""
    pipeline.ingest(
        order("o-1", event_timestamp="2127-01-01T00:00:00Z"),
        order("o-2", event_timestamp="2127-01-01T00:00:00Z"),
        order("o-3", event_timestamp="2127-01-01T00:00:00Z", quantity=0),
    )
    run_all(pipeline)
    places = [f"sales_events/3/{offset}" for offset in (0, 2)]

    done = rejections.accept_future(pipeline.session, places, "accepted by ALBERT: pre-order")

    assert done == {"staged": 1, "retried": 1, "still_rejected": 1}
    assert rejected(pipeline) == [
        (0, RULE + "2127-01-01T00:00:00Z", "RETRIED", "accepted by ALBERT: pre-order"),
        (1, RULE + "2127-01-01T00:00:00Z", "OPEN", None),
        (2, "quantity is not above 0: 0", "OPEN", None),
    ]
    run_all(pipeline)
    moment = datetime(2127, 1, 1)
    assert pipeline.rows("PRODUCTION.ORDERS", "ORDER_ID, ORDER_TIMESTAMP") == [("o-1", moment)]


@pytest.mark.parametrize(("seconds", "staged"), [(0, 0), (7200, 1)])
def test_the_limit_is_a_setting(pipeline: Pipeline, seconds: int, staged: int) -> None:
    [view] = re.findall(
        r"^CREATE OR REPLACE VIEW OPS.EVENT_LIMITS[^;]+",
        filled("02_tables.sql", {"max_event_future_seconds": str(seconds)}),
        re.M,
    )
    pipeline.sql(view)
    pipeline.future_limit = seconds
    pipeline.ingested_at = "2026-11-20 12:00:00"
    pipeline.ingest(order("o-1", event_timestamp="2026-11-20T12:00:01Z"))
    [done] = pipeline.run(raw_to_staging.orders)
    assert done == {"staged": staged, "rejected": 1 - staged}
