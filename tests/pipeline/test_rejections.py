"""Retrying and discarding: the handlers of OPS.RETRY_REJECTED and OPS.DISCARD_REJECTED."""

from __future__ import annotations

import json
from typing import Any

import pytest
import raw_to_staging
import rejections
from snowflake.snowpark import Session

from tests.procedures.pipeline import Pipeline, adjustment, order
from tests.procedures.races import at_the_same_time

REJECTED = "RAW_DATA.REJECTED_EVENTS"


def reject(pipeline: Pipeline, offset: int, payload: str, **changes: Any) -> None:
    """An OPEN rejection, as RAW_TO_STAGING leaves one."""
    row = {
        "STAGE": "STAGING",
        "REASON": "quantity is not above 0: 0",
        "EVENT_ID": f"e-{offset}",
        "EVENT_TYPE": "ORDER_CREATED",
        "PAYLOAD": payload,
        "PAYLOAD_ENCODING": "utf-8",
        "KAFKA_TOPIC": "sales_events",
        "KAFKA_PARTITION": 3,
        "KAFKA_OFFSET": offset,
        "STATUS": "OPEN",
    } | changes
    marks = ", ".join("?" for _ in row)
    pipeline.sql(
        f"INSERT INTO {REJECTED} (REJECTED_AT, {', '.join(row)})"
        f" SELECT '2026-11-22 12:00:05', {marks}",
        *row.values(),
    )


GOOD = (
    '{"event_type":"ORDER_CREATED","event_id":"e","event_timestamp":"2026-11-22T10:00:00Z",'
    '"order_id":"o-1","customer_id":"c","product_id":"p","quantity":2,"unit_price":"9.50"}'
)
BAD = GOOD.replace('"quantity":2', '"quantity":1.5')
NOT_WHOLE = "quantity is not a whole number of at most 10 digits: 1.5"


def statuses(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    return pipeline.rows(REJECTED, "KAFKA_OFFSET, STATUS, REASON")


def test_what_is_valid_today_is_staged_and_the_rest_shows_todays_reason(pipeline: Pipeline) -> None:
    stock = adjustment("a-1", event_id="s")
    pipeline.ingest(order("o-1", quantity=0), stock)
    reject(pipeline, 0, GOOD)
    reject(pipeline, 1, json.dumps(stock), EVENT_TYPE="INVENTORY_ADJUSTED")
    reject(pipeline, 2, BAD)
    reject(pipeline, 3, "no json {")

    counts = rejections.retry(pipeline.session, None, None)

    assert counts == {"staged": 2, "retried": 2, "still_rejected": 2}
    assert statuses(pipeline) == [
        (0, "RETRIED", "quantity is not above 0: 0"),
        (1, "RETRIED", "quantity is not above 0: 0"),
        (2, "OPEN", NOT_WHOLE),
        (3, "OPEN", "event_timestamp is missing"),
    ]
    columns = "EVENT_ID, QUANTITY, INGESTION_TIMESTAMP::VARCHAR, KAFKA_PARTITION, KAFKA_OFFSET"
    assert pipeline.rows("STAGING.STG_ORDERS", columns) == [
        ("event of o-1", 2, "2026-11-22 12:00:00.000", 3, 0)
    ]
    assert pipeline.rows("STAGING.STG_INVENTORY_ADJ", "ADJUSTMENT_ID, KAFKA_OFFSET") == [("a-1", 1)]
    decided = pipeline.rows(REJECTED, "KAFKA_OFFSET, DECIDED_AT IS NOT NULL")
    assert [bool(each) for _, each in decided] == [True, True, False, False]


def test_only_what_is_chosen_is_retried_by_place_or_by_a_part_of_the_reason(
    pipeline: Pipeline,
) -> None:
    for offset in (1, 11, 111):
        reject(pipeline, offset, GOOD, REASON=f'Rule {offset % 3}: it\'s 100% "odd"')

    assert rejections.retry(pipeline.session, ["sales_events/3/11"], None)["retried"] == 1
    assert rejections.retry(pipeline.session, None, "IT'S 100% \"ODD")["retried"] == 2
    assert rejections.retry(pipeline.session, [], None)["retried"] == 0
    assert [status for _, status, _ in statuses(pipeline)] == ["RETRIED"] * 3


def test_neither_ingest_rejects_nor_decided_ones_are_retried(pipeline: Pipeline) -> None:
    reject(pipeline, 0, GOOD, STAGE="INGEST")
    reject(pipeline, 1, GOOD, STATUS="DISCARDED")
    reject(pipeline, 2, GOOD, STATUS="RETRIED")

    counts = rejections.retry(pipeline.session, None, None)

    assert counts == {"staged": 0, "retried": 0, "still_rejected": 0}
    assert pipeline.count("STAGING.STG_ORDERS") == 0


def test_what_is_in_staging_already_is_not_staged_again(pipeline: Pipeline) -> None:
    reject(pipeline, 0, GOOD)
    rejections.retry(pipeline.session, None, None)
    pipeline.sql(f"UPDATE {REJECTED} SET STATUS = 'OPEN'")

    counts = rejections.retry(pipeline.session, None, None)

    assert counts == {"staged": 0, "retried": 1, "still_rejected": 0}
    assert pipeline.count("STAGING.STG_ORDERS") == 1


def test_discarding_keeps_the_event_and_why_and_leaves_decided_ones_alone(
    pipeline: Pipeline,
) -> None:
    reject(pipeline, 0, BAD)
    reject(pipeline, 1, "?", STAGE="INGEST")
    reject(pipeline, 2, GOOD, STATUS="RETRIED")
    places = [f"sales_events/3/{offset}" for offset in range(3)]

    counts = rejections.discard(pipeline.session, places, None, "c'était un essai")

    assert counts == {"discarded": 2}
    assert pipeline.rows(REJECTED, "KAFKA_OFFSET, STATUS, NOTE, PAYLOAD") == [
        (0, "DISCARDED", "c'était un essai", BAD),
        (1, "DISCARDED", "c'était un essai", "?"),
        (2, "RETRIED", None, GOOD),
    ]


def test_a_failure_changes_nothing(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> int:
        raise RuntimeError("cut off")

    reject(pipeline, 0, GOOD)
    monkeypatch.setattr(rejections, "show_reasons", lambda *_: fail)
    with pytest.raises(RuntimeError, match="cut off"):
        rejections.retry(pipeline.session, None, None)

    assert pipeline.count("STAGING.STG_ORDERS") == 0
    assert [status for _, status, _ in statuses(pipeline)] == ["OPEN"]


def test_without_the_locks_row_the_way_out_is_named(pipeline: Pipeline) -> None:
    pipeline.sql("DELETE FROM OPS.REPAIR_LOCK")
    try:
        with pytest.raises(RuntimeError, match="run `caves deploy`"):
            rejections.retry(pipeline.session, None, None)
    finally:
        pipeline.sql("INSERT INTO OPS.REPAIR_LOCK (TURNS) SELECT 0")


def test_the_statements_are_the_same_for_no_event_and_for_many(pipeline: Pipeline) -> None:
    expected = ["BEGIN", "UPDATE", *["MERGE"] * 3, "UPDATE", "UPDATE", "COMMIT"]
    assert pipeline.statements(lambda s: rejections.retry(s, None, None)) == expected
    for offset in range(5):
        reject(pipeline, offset, GOOD if offset % 2 else BAD)
    assert pipeline.statements(lambda s: rejections.retry(s, None, None)) == expected


def test_two_retries_at_the_same_moment_have_the_effect_of_one(
    pipeline: Pipeline, account: Any
) -> None:
    for offset in range(4):
        reject(pipeline, offset, GOOD)

    def retry(session: Session) -> int:
        return rejections.retry(session, None, None)["retried"]

    assert sorted(at_the_same_time(pipeline, account, retry, retry)) == [0, 4]
    assert pipeline.rows("STAGING.STG_ORDERS", "KAFKA_OFFSET") == [(0,), (1,), (2,), (3,)]


def test_of_a_retry_and_a_discard_at_the_same_moment_one_wins(
    pipeline: Pipeline, account: Any
) -> None:
    reject(pipeline, 0, GOOD)
    retried, discarded = at_the_same_time(
        pipeline,
        account,
        lambda session: rejections.retry(session, None, None)["retried"],
        lambda session: rejections.discard(session, ["sales_events/3/0"], None, None)["discarded"],
    )

    assert retried + discarded == 1
    assert pipeline.count("STAGING.STG_ORDERS") == retried
    assert statuses(pipeline)[0][1] == ("RETRIED" if retried else "DISCARDED")


def test_a_task_run_beside_a_retry_stages_its_own_rows_only(
    pipeline: Pipeline, account: Any
) -> None:
    pipeline.next_offset = 20
    reject(pipeline, 0, GOOD)
    pipeline.ingest(order("o-20"), order("o-21"))
    at_the_same_time(
        pipeline, account, raw_to_staging.orders, lambda s: rejections.retry(s, None, None)
    )

    assert pipeline.rows("STAGING.STG_ORDERS", "KAFKA_OFFSET") == [(0,), (20,), (21,)]
