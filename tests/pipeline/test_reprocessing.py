"""Today's transforms over a window of RAW: the handler of OPS.REPROCESS."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import forgetting
import pytest
import raw_to_staging
import reprocessing
import staging_to_production
from redaction import FORGOTTEN
from rejections import retry
from reprocessing import reprocess
from snowflake.snowpark import DataFrame

from app.caves.laws.verify import verify
from app.caves.target import Account
from tests.procedures.pipeline import Pipeline, adjustment, cancellation, order
from tests.procedures.races import at_the_same_time

DAY = (datetime(2026, 11, 22), datetime(2026, 11, 23))
TASKS = (
    raw_to_staging.orders,
    raw_to_staging.inventory,
    staging_to_production.orders,
    staging_to_production.inventory_history,
    staging_to_production.inventory_current,
)


def changes(pipeline: Pipeline, since: datetime = DAY[0], until: datetime = DAY[1]) -> Any:
    """What reprocessing did, without the zeros."""
    counts = reprocess(pipeline.session, since, until)
    return {name: value for name, value in counts.items() if value}


def broken_laws(pipeline: Pipeline) -> dict[int, dict[str, int]]:
    """Laws 2 to 5: nobody keeps Kafka's offsets here."""
    account = Account(pipeline.session.connection, pipeline.database)
    return {each.law.number: each.broken for each in verify(account)[1:] if not each.holds}


def test_each_event_is_put_where_todays_transforms_want_it_and_twice_is_as_once(
    pipeline: Pipeline,
) -> None:
    pipeline.ingest(
        order("o-0"),
        order("o-1", product_category="🥂 Blanc", product_id="p-9"),
        order("o-2"),
        order("o-3"),
        order("o-4", quantity=0),
        order("o-5", quantity=-1),
        adjustment("a-6"),
        adjustment("a-7", product_id="p-9", product_category=None),
        adjustment("a-8", product_id="p-9", quantity_change="x"),
        adjustment("a-9", product_id="p-8"),
        order("o-10"),
    )
    pipeline.run(*TASKS)
    for table in ("STAGING.STG_ORDERS", "PRODUCTION.ORDERS"):
        pipeline.sql(
            f"UPDATE {table} SET QUANTITY = 7, PRODUCT_CATEGORY = 'Rot' WHERE ORDER_ID = 'o-1'"
        )
    pipeline.sql(
        "UPDATE PRODUCTION.INVENTORY_CURRENT SET PRODUCT_CATEGORY = 'Rot' WHERE PRODUCT_ID = 'p-9'"
    )
    pipeline.sql("UPDATE STAGING.STG_ORDERS SET EVENT_ID = 'other' WHERE ORDER_ID = 'o-10'")
    pipeline.sql("UPDATE PRODUCTION.ORDERS SET EVENT_ID = 'other' WHERE ORDER_ID = 'o-10'")
    pipeline.sql("DELETE FROM STAGING.STG_ORDERS WHERE ORDER_ID = 'o-2'")
    pipeline.sql("DELETE FROM STAGING.STG_INVENTORY_ADJ WHERE ADJUSTMENT_ID IN ('a-6', 'a-9')")
    for table in ("INVENTORY_HISTORY", "INVENTORY_CURRENT"):
        pipeline.sql(
            f"UPDATE PRODUCTION.{table} SET WAREHOUSE_LOCATION = 'Nice' WHERE PRODUCT_ID = 'p-8'"
        )
    rejected = "UPDATE RAW_DATA.REJECTED_EVENTS SET"
    pipeline.sql(f"{rejected} STATUS = 'DISCARDED' WHERE KAFKA_OFFSET = 5")
    pipeline.sql(f"{rejected} REASON = 'an older rule' WHERE KAFKA_OFFSET = 8")
    pipeline.sql(
        "UPDATE RAW_DATA.RAW_EVENTS_STREAM SET EVENT_DATA ="
        " PARSE_JSON(REPLACE(EVENT_DATA::VARCHAR, '\"quantity\":0', '\"quantity\":4'))"
        " WHERE KAFKA_OFFSET = 4"
    )

    assert changes(pipeline) == {
        "events": 11,
        "discarded": 1,
        "kept": 2,
        "staged": 3,
        "retried": 1,
        "corrected": 1,
        "corrected_orders": 1,
        "still_rejected": 1,
    }
    assert pipeline.rows("STAGING.STG_ORDERS", "KAFKA_OFFSET, QUANTITY") == [
        *((0, 2), (1, 2), (2, 2), (3, 2), (4, 4), (10, 2))
    ]
    assert pipeline.rows(
        "PRODUCTION.ORDERS", "QUANTITY, PRODUCT_CATEGORY, TOTAL_AMOUNT", "ORDER_ID"
    )[1] == (2, "🥂 Blanc", Decimal("39.80"))
    assert pipeline.rows("PRODUCTION.INVENTORY_CURRENT", "PRODUCT_ID, PRODUCT_CATEGORY")[2] == (
        "p-9",
        "🥂 Blanc",
    )
    assert pipeline.rows("RAW_DATA.REJECTED_EVENTS", "KAFKA_OFFSET, STATUS, REASON") == [
        (4, "RETRIED", "quantity is not above 0: 0"),
        (5, "DISCARDED", "quantity is not above 0: -1"),
        (8, "OPEN", "quantity_change is not a whole number of at most 10 digits: x"),
    ]
    pipeline.run(*TASKS[2:])
    # What contradicts the history stays purged from STAGING: the laws need --since for it.
    assert broken_laws(pipeline) == {2: {"MISSING": 1}, 4: {"UNFOUNDED": 1}}
    assert changes(pipeline) == {"events": 11, "discarded": 1, "kept": 2, "still_rejected": 1}


def test_what_the_streams_still_hold_is_left_to_them(pipeline: Pipeline) -> None:
    pipeline.ingest(order("o-0"), adjustment("a-1"))
    raw_to_staging.orders(pipeline.session)
    pipeline.ingest(order("o-2", quantity=0))

    assert changes(pipeline) == {"events": 3, "waiting": 2}
    pipeline.run(*TASKS)

    assert broken_laws(pipeline) == {}
    assert pipeline.rows("STAGING.STG_INVENTORY_ADJ", "KAFKA_OFFSET") == [(1,)]
    assert changes(pipeline, until=DAY[0].replace(hour=12)) == {}


def test_reprocessing_twice_beside_a_task_run_has_every_row_once(
    pipeline: Pipeline, account: Any
) -> None:
    pipeline.ingest(order("o-0"), order("o-1"))
    raw_to_staging.orders(pipeline.session)
    pipeline.sql("DELETE FROM STAGING.STG_ORDERS")
    pipeline.ingest(order("o-2"), order("o-3"))
    counts = at_the_same_time(
        pipeline,
        account,
        raw_to_staging.orders,
        *[lambda session: reprocess(session, *DAY)] * 2,
    )

    assert sum(each["staged"] for each in counts) == 4
    assert pipeline.rows("STAGING.STG_ORDERS", "KAFKA_OFFSET") == [(0,), (1,), (2,), (3,)]


def test_an_adjustment_that_comes_late_is_noted_so_that_the_history_may_stay(
    pipeline: Pipeline,
) -> None:
    pipeline.ingest(
        adjustment("a-1", event_id="first", quantity_change=5), adjustment("a-1", event_id="second")
    )
    raw_to_staging.inventory(pipeline.session)
    pipeline.sql("DELETE FROM STAGING.STG_INVENTORY_ADJ WHERE EVENT_ID = 'first'")
    pipeline.run(*TASKS[3:])

    assert changes(pipeline) == {"events": 2, "staged": 1}
    pipeline.run(*TASKS[3:])

    assert broken_laws(pipeline) == {}
    assert pipeline.rows("PRODUCTION.INVENTORY_HISTORY", "EVENT_ID") == [("second",)]
    assert pipeline.rows("RAW_DATA.REJECTED_EVENTS", "EVENT_ID, STATUS") == [("first", "RETRIED")]


def test_a_column_that_is_null_is_filled_and_nothing_that_the_stock_depends_on_changes(
    pipeline: Pipeline,
) -> None:
    """As after a column was added: of an order, a cancellation, and two adjustments."""
    pipeline.ingest(
        order("o-0"),
        cancellation("o-0", reason="trop cher"),
        adjustment("a-2", reason="cassé"),
        adjustment("a-3", reason="volé"),
    )
    pipeline.run(*TASKS)
    for table in ("STAGING.STG_ORDERS", "PRODUCTION.ORDERS"):
        pipeline.sql(f"UPDATE {table} SET PAYMENT_METHOD = NULL")
    pipeline.sql("UPDATE STAGING.STG_ORDER_CANCELLATIONS SET REASON = NULL")
    for table in ("STAGING.STG_INVENTORY_ADJ", "PRODUCTION.INVENTORY_HISTORY"):
        pipeline.sql(f"UPDATE {table} SET REASON = NULL")
        pipeline.sql(f"UPDATE {table} SET WAREHOUSE_LOCATION = NULL WHERE ADJUSTMENT_ID = 'a-3'")
    assert broken_laws(pipeline)[2] == {"UNREAD": 4}

    assert changes(pipeline) == {"events": 4, "kept": 1, "corrected": 3, "corrected_orders": 1}
    assert pipeline.rows("PRODUCTION.ORDERS", "PAYMENT_METHOD") == [("CARD",)]
    assert pipeline.rows("PRODUCTION.ORDER_CANCELLATIONS", "REASON") == [("trop cher",)]
    history = pipeline.rows("PRODUCTION.INVENTORY_HISTORY", "ADJUSTMENT_ID, REASON")
    assert history == [("a-2", "cassé"), ("a-3", None)]
    assert broken_laws(pipeline)[2] == {"UNREAD": 1}


def test_a_customer_who_is_forgotten_meanwhile_stays_forgotten(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are judged before the lock is taken; what was judged too early is not used."""
    pipeline.ingest(order("o-1", customer_id="c-1"), order("o-2", customer_id="c-2"))
    pipeline.run(raw_to_staging.orders)
    pipeline.sql("UPDATE STAGING.STG_ORDERS SET QUANTITY = 7")
    judged, customers = reprocessing.contents_of, ["c-1"]

    def meanwhile(found: DataFrame) -> reprocessing.Contents:
        for customer in customers:
            forgetting.forget_customer(pipeline.session, customer, "ALBERT", False)
        return judged(found)

    monkeypatch.setattr(reprocessing, "contents_of", meanwhile)
    assert changes(pipeline) == {"events": 2, "corrected": 2}
    expected = [("o-1", FORGOTTEN, 2), ("o-2", "c-2", 2)]
    assert pipeline.rows("STAGING.STG_ORDERS", "ORDER_ID, CUSTOMER_ID, QUANTITY") == expected


def test_where_there_is_no_event_the_lock_is_left_alone(pipeline: Pipeline) -> None:
    locked = "SELECT TURNS FROM OPS.REPAIR_LOCK"
    before = pipeline.sql(locked)
    assert changes(pipeline) == {}
    assert pipeline.sql(locked) == before


def test_nothing_is_asked_about_columns_while_the_lock_is_held(pipeline: Pipeline) -> None:
    """Others wait for the lock meanwhile: it is held for the statements that do something."""
    pipeline.ingest(order("o-0"), order("o-1", quantity=0), adjustment("a-2"))
    pipeline.run(*TASKS)
    for repair, statements in (
        (lambda s: reprocess(s, *DAY), 14),
        (lambda s: retry(s, None, None), 7),
    ):
        with pipeline.session.query_history(include_describe=True) as history:
            repair(pipeline.session)
        queries = list(history.queries)
        [taken] = [
            place
            for place, query in enumerate(queries)
            if query.sql_text.split()[:2] == ["UPDATE", "OPS.REPAIR_LOCK"]
        ]
        [ended] = [n for n, query in enumerate(queries) if query.sql_text == "COMMIT"]
        sent = [bool(query.is_describe) for query in queries[taken : ended + 1]]
        assert sent == [False] * statements


def test_events_are_judged_by_one_statement_and_what_is_kept_of_them_is_dropped(
    pipeline: Pipeline,
) -> None:
    pipeline.ingest(order("o-0"), order("o-1", quantity=0), adjustment("a-2"))
    pipeline.run(*TASKS)
    with pipeline.session.query_history() as history:
        reprocess(pipeline.session, *DAY)
    texts = [query.sql_text for query in history.queries]
    assert sum("is not above 0" in text for text in texts) == 1
    made, dropped = (
        re.findall(
            rf"^\s*{verb} .*?TABLE .*?(SNOWPARK_TEMP_TABLE_\w+)", "\n".join(texts), re.I | re.M
        )
        for verb in ("CREATE", "DROP")
    )
    assert made == dropped != []
