"""Each law against real streams: it holds on sound data, and each way to break it is seen."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from app.caves.laws.verify import LAWS, figures_text, verify
from app.caves.project import Project
from app.caves.target import Account
from tests.procedures.deployment import run_sql_file
from tests.procedures.modelled_pipeline import TO_EMPTY

TOPIC = "sales_events"
NOON = "2026-11-20 12:00:00"
ONE = "2026-11-20 13:00:00"
TWO = "2026-11-20 14:00:00"
ROME = "Châteauneuf-du-Pape – « Côté Rôti »"


@pytest.fixture(scope="module")
def history_of_all(account: Any) -> Iterator[Account]:
    """A database with the pipeline's tables and streams, and a small, sound history in it."""
    database = f"LAWS_{uuid.uuid4().hex[:12].upper()}"
    with Account(account.connect(), database) as opened:
        for file in Project.find().sql_files()[:3]:
            run_sql_file(opened.connection, file.path.name, database)
        fill(opened)
        give_out(opened)
        yield opened
        opened.rows("DROP DATABASE {db}")


@pytest.fixture
def pipeline(history_of_all: Account) -> Iterator[Account]:
    """The history, which is written once more after the test: what streams give out cannot be
    rolled back."""
    yield history_of_all
    for table in TO_EMPTY:
        history_of_all.rows(f"DELETE FROM {{db}}.{table}")
    fill(history_of_all)
    give_out(history_of_all)


@pytest.fixture
def undone(history_of_all: Account) -> Iterator[Account]:
    """The history; what a test does to it is rolled back."""
    history_of_all.rows("BEGIN TRANSACTION")
    yield history_of_all
    history_of_all.rows("ROLLBACK")


def insert(opened: Account, table: str, **values: Any) -> None:
    columns = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    opened.rows(f"INSERT INTO {{db}}.{table} ({columns}) SELECT {marks}", tuple(values.values()))


def place(partition: int, offset: int) -> dict[str, Any]:
    return {"KAFKA_TOPIC": TOPIC, "KAFKA_PARTITION": partition, "KAFKA_OFFSET": offset}


def raw(opened: Account, event_type: str, partition: int, offset: int, at: str = NOON) -> None:
    insert(
        opened,
        "RAW_DATA.RAW_EVENTS_STREAM",
        EVENT_ID=f"e-{partition}-{offset}",
        EVENT_TYPE=event_type,
        INGESTION_TIMESTAMP=at,
        **place(partition, offset),
    )


def rejected(
    opened: Account, stage: str, partition: int, offset: int | None, at: str = NOON
) -> None:
    insert(
        opened,
        "RAW_DATA.REJECTED_EVENTS",
        REJECTED_AT=at,
        STAGE=stage,
        REASON="quantity: x",
        KAFKA_TOPIC=TOPIC,
        KAFKA_PARTITION=partition,
        KAFKA_OFFSET=offset,
        STATUS="OPEN",
    )


def order_columns(order_id: str, quantity: int) -> dict[str, Any]:
    return {
        "ORDER_ID": order_id,
        "CUSTOMER_ID": "c-1",
        "PRODUCT_ID": "p-1",
        "PRODUCT_NAME": ROME,
        "PRODUCT_CATEGORY": "🍷 Rouge",
        "QUANTITY": quantity,
        "UNIT_PRICE": "12.50",
        "TOTAL_AMOUNT": f"{quantity * 12.5:.2f}",
        "PAYMENT_METHOD": None,
        "SHIPPING_ADDRESS": "1 rue de l’Église",
    }


def staged_order(
    opened: Account, order_id: str, offset: int, at: str, quantity: int, ingested: str = NOON
) -> None:
    insert(
        opened,
        "STAGING.STG_ORDERS",
        EVENT_ID=f"e-0-{offset}",
        EVENT_TIMESTAMP=at,
        INGESTION_TIMESTAMP=ingested,
        **order_columns(order_id, quantity),
        **place(0, offset),
    )


def adjustment_columns(adjustment_id: str, change: int, level: int | None) -> dict[str, Any]:
    return {
        "ADJUSTMENT_ID": adjustment_id,
        "PRODUCT_ID": "p-1",
        "PRODUCT_NAME": ROME,
        "PRODUCT_CATEGORY": "🍷 Rouge",
        "ADJUSTMENT_TYPE": "SPOILAGE",
        "QUANTITY_CHANGE": change,
        "NEW_STOCK_LEVEL": level,
        "REASON": None,
        "WAREHOUSE_LOCATION": "Lyon",
    }


def staged_adjustment(
    opened: Account, adjustment_id: str, offset: int, at: str, change: int, level: int | None
) -> None:
    insert(
        opened,
        "STAGING.STG_INVENTORY_ADJ",
        EVENT_ID=f"e-1-{offset}",
        EVENT_TIMESTAMP=at,
        INGESTION_TIMESTAMP=NOON,
        **adjustment_columns(adjustment_id, change, level),
        **place(1, offset),
    )


def history(
    opened: Account, adjustment_id: str, offset: int, at: str, change: int, level: int | None
) -> None:
    insert(
        opened,
        "PRODUCTION.INVENTORY_HISTORY",
        EVENT_ID=f"e-1-{offset}",
        ADJUSTMENT_DATE=at[:10],
        ADJUSTMENT_TIMESTAMP=at,
        CREATED_AT=TWO,
        **adjustment_columns(adjustment_id, change, level),
    )


def fill(opened: Account) -> None:
    """Partition 0: an order, its correction, a message that is no event, an order without a price.
    Partition 1: a count, a breakage, and the count once more.
    """
    for partition, next_offset in ((0, 4), (1, 3)):
        insert(
            opened,
            "RAW_DATA.INGEST_OFFSETS",
            TOPIC=TOPIC,
            PARTITION=partition,
            NEXT_OFFSET=next_offset,
        )
    for offset in (0, 1, 3):
        raw(opened, "ORDER_CREATED", 0, offset)
    for offset in (0, 1, 2):
        raw(opened, "INVENTORY_ADJUSTED", 1, offset)
    rejected(opened, "INGEST", 0, 2)
    rejected(opened, "STAGING", 0, 3)
    staged_order(opened, "o-1", 0, ONE, quantity=6)
    staged_order(opened, "o-1", 1, TWO, quantity=5)
    insert(
        opened,
        "PRODUCTION.ORDERS",
        EVENT_ID="e-0-1",
        ORDER_DATE=TWO[:10],
        ORDER_TIMESTAMP=TWO,
        CREATED_AT=TWO,
        **order_columns("o-1", 5),
    )
    staged_adjustment(opened, "a-1", 0, ONE, change=3, level=40)
    staged_adjustment(opened, "a-2", 1, TWO, change=-2, level=None)
    staged_adjustment(opened, "a-1", 2, ONE, change=3, level=40)
    history(opened, "a-1", 0, ONE, change=3, level=40)
    history(opened, "a-2", 1, TWO, change=-2, level=None)
    insert(
        opened,
        "PRODUCTION.INVENTORY_CURRENT",
        PRODUCT_ID="p-1",
        PRODUCT_NAME=ROME,
        PRODUCT_CATEGORY="🍷 Rouge",
        CURRENT_STOCK_LEVEL=38,
        LAST_ADJ_TIMESTAMP=TWO,
        WAREHOUSE_LOCATION="Lyon",
    )


def give_out(opened: Account) -> None:
    """Move every stream to now, as the procedures do, without writing anything."""
    for stream in (
        "RAW_DATA.STREAM_RAW_ORDERS",
        "RAW_DATA.STREAM_RAW_INVENTORY",
        "STAGING.STREAM_STG_ORDERS",
        "STAGING.STREAM_STG_INVENTORY_HISTORY",
        "STAGING.STREAM_STG_INVENTORY_CURRENT",
    ):
        opened.rows(
            "INSERT INTO {db}.RAW_DATA.REJECTED_EVENTS (EVENT_ID)"
            f" SELECT EVENT_ID FROM {{db}}.{stream} WHERE 1 = 0"
        )


def broken(opened: Account, since: datetime | None = None) -> dict[int, dict[str, int]]:
    """The violations by law."""
    return {each.law.number: each.broken for each in verify(opened, since) if not each.holds}


def test_every_law_holds_on_sound_data_and_tells_its_figures(undone: Account) -> None:
    verdicts = verify(undone)

    assert [figures_text(each) for each in verdicts] == [
        "2 partitions, 6 in raw, 1 rejected, 0 skipped; 0 missing, 0 twice, 0 beyond",
        "6 given out, 0 in flight, 2 in STG_ORDERS, 0 in STG_ORDER_CANCELLATIONS,"
        " 3 in STG_INVENTORY_ADJ, 1 rejected;"
        " 0 missing, 0 twice, 0 too early, 0 unfounded, 0 unread",
        "2 events, 0 in flight, 1 orders; 0 missing, 0 wrong, 0 twice, 0 unfounded",
        "3 events, 0 in flight, 2 adjustments, 0 voided; 0 missing, 0 wrong, 0 twice, 0 unfounded",
        "2 adjustments, 0 in flight, 1 products; 0 missing, 0 unfounded, 0 twice",
    ]


BREAKS = [
    pytest.param(
        1,
        "DELETE FROM {db}.RAW_DATA.RAW_EVENTS_STREAM WHERE EVENT_ID = 'e-0-1'",
        {"MISSING": 1},
        id="law 1: a message is lost",
    ),
    pytest.param(
        1,
        "INSERT INTO {db}.RAW_DATA.RAW_EVENTS_STREAM SELECT * FROM"
        " {db}.RAW_DATA.RAW_EVENTS_STREAM WHERE EVENT_ID = 'e-1-1'",
        {"TWICE": 1},
        id="law 1: a message is in RAW twice",
    ),
    pytest.param(
        1,
        "UPDATE {db}.RAW_DATA.INGEST_OFFSETS o SET NEXT_OFFSET = 3 WHERE o.PARTITION = 0",
        {"BEYOND": 1},
        id="law 1: a message is in, and its offset is not counted",
    ),
    pytest.param(
        1,
        "UPDATE {db}.RAW_DATA.REJECTED_EVENTS SET KAFKA_OFFSET = 1 WHERE STAGE = 'INGEST'",
        {"MISSING": 1, "TWICE": 1},
        id="law 1: a message is in RAW and rejected too",
    ),
    pytest.param(
        2,
        "DELETE FROM {db}.STAGING.STG_ORDERS WHERE EVENT_ID = 'e-0-0'",
        {"MISSING": 1},
        id="law 2: a row never reached STAGING",
    ),
    pytest.param(
        2,
        "INSERT INTO {db}.STAGING.STG_INVENTORY_ADJ SELECT * FROM"
        " {db}.STAGING.STG_INVENTORY_ADJ WHERE EVENT_ID = 'e-1-1'",
        {"TWICE": 1},
        id="law 2: a row is in STAGING twice",
    ),
    pytest.param(
        2,
        "UPDATE {db}.RAW_DATA.REJECTED_EVENTS SET KAFKA_OFFSET = 0 WHERE STAGE = 'STAGING'",
        {"MISSING": 1, "TWICE": 1},
        id="law 2: a row is staged and rejected too",
    ),
    pytest.param(
        2,
        "DELETE FROM {db}.RAW_DATA.RAW_EVENTS_STREAM WHERE EVENT_ID = 'e-1-2'",
        {"UNFOUNDED": 1},
        id="law 2: a staged row is of no message",
    ),
    pytest.param(
        2,
        "UPDATE {db}.RAW_DATA.RAW_EVENTS_STREAM SET EVENT_DATA = t.EVENT FROM"
        """ (SELECT PARSE_JSON('{{"category": "Rouge", "payment_method": "CARD"}}') AS EVENT) t"""
        " WHERE EVENT_ID = 'e-0-1'",
        {"UNREAD": 1},
        id="law 2: a column is NULL for which the event has a value",
    ),
    pytest.param(
        3,
        "UPDATE {db}.PRODUCTION.ORDERS SET QUANTITY = 6",
        {"WRONG": 1},
        id="law 3: an order shows something else",
    ),
    pytest.param(
        3,
        "UPDATE {db}.PRODUCTION.ORDERS SET PAYMENT_METHOD = 'CB'",
        {"WRONG": 1},
        id="law 3: an order has a value that no event gave it",
    ),
    pytest.param(
        3, "DELETE FROM {db}.PRODUCTION.ORDERS", {"MISSING": 1}, id="law 3: an order is missing"
    ),
    pytest.param(
        3,
        "INSERT INTO {db}.PRODUCTION.ORDERS SELECT * FROM {db}.PRODUCTION.ORDERS",
        {"TWICE": 1},
        id="law 3: an order is there twice",
    ),
    pytest.param(
        3,
        "INSERT INTO {db}.PRODUCTION.ORDERS (ORDER_ID, CREATED_AT) SELECT 'o-9', '2026-11-20'",
        {"UNFOUNDED": 1},
        id="law 3: an order came from nowhere",
    ),
    pytest.param(
        4,
        "DELETE FROM {db}.PRODUCTION.INVENTORY_HISTORY WHERE ADJUSTMENT_ID = 'a-2'",
        {"MISSING": 1},
        id="law 4: an adjustment is missing",
    ),
    pytest.param(
        4,
        "UPDATE {db}.PRODUCTION.INVENTORY_HISTORY SET EVENT_ID = 'e-1-2'"
        " WHERE ADJUSTMENT_ID = 'a-1'",
        {"WRONG": 1},
        id="law 4: not the first delivery but the second",
    ),
    pytest.param(
        4,
        "INSERT INTO {db}.PRODUCTION.INVENTORY_HISTORY SELECT * FROM"
        " {db}.PRODUCTION.INVENTORY_HISTORY WHERE ADJUSTMENT_ID = 'a-1'",
        {"TWICE": 1},
        id="law 4: an adjustment is there twice",
    ),
    pytest.param(
        4,
        "INSERT INTO {db}.PRODUCTION.INVENTORY_HISTORY (ADJUSTMENT_ID, CREATED_AT)"
        " SELECT 'a-9', '2026-11-20'",
        {"UNFOUNDED": 1},
        id="law 4: an adjustment came from nowhere",
    ),
    pytest.param(
        5,
        "UPDATE {db}.PRODUCTION.INVENTORY_CURRENT SET CURRENT_STOCK_LEVEL = 39",
        {"MISSING": 1, "UNFOUNDED": 1},
        id="law 5: the level is wrong",
    ),
    pytest.param(
        5,
        "UPDATE {db}.PRODUCTION.INVENTORY_CURRENT SET PRODUCT_CATEGORY = '🍾 Bulles'",
        {"MISSING": 1, "UNFOUNDED": 1},
        id="law 5: the category is not the last adjustment's",
    ),
    pytest.param(
        5,
        "DELETE FROM {db}.PRODUCTION.INVENTORY_CURRENT",
        {"MISSING": 1},
        id="law 5: a product is missing",
    ),
    pytest.param(
        5,
        "INSERT INTO {db}.PRODUCTION.INVENTORY_CURRENT (PRODUCT_ID, CURRENT_STOCK_LEVEL)"
        " SELECT 'p-9', 1",
        {"UNFOUNDED": 1},
        id="law 5: a product without a history",
    ),
    pytest.param(
        5,
        "INSERT INTO {db}.PRODUCTION.INVENTORY_CURRENT SELECT * FROM"
        " {db}.PRODUCTION.INVENTORY_CURRENT",
        {"TWICE": 1},
        id="law 5: a product is there twice",
    ),
]


def test_offsets_without_a_message_are_told_but_not_missed(undone: Account) -> None:
    undone.rows(
        "UPDATE {db}.RAW_DATA.INGEST_OFFSETS o SET NEXT_OFFSET = 7, SKIPPED = 3"
        " WHERE o.PARTITION = 0"
    )
    law = verify(undone)[0]
    assert (law.figures["SKIPPED"], law.broken) == (3, {})

    undone.rows("DELETE FROM {db}.RAW_DATA.RAW_EVENTS_STREAM WHERE EVENT_ID = 'e-0-1'")
    assert verify(undone)[0].broken == {"MISSING": 1}


@pytest.mark.parametrize(("law", "statement", "violations"), BREAKS)
def test_a_broken_law_is_seen(
    undone: Account, law: int, statement: str, violations: dict[str, int]
) -> None:
    undone.rows(statement)

    assert broken(undone)[law] == violations


def test_every_violation_that_a_law_names_has_its_test() -> None:
    named = {(law.number, name) for law in LAWS for name in law.violations}
    tested = {(param.values[0], name) for param in BREAKS for name in param.values[2]}  # type: ignore[attr-defined]  # a law's violations are a dict

    assert named - tested == {(2, "TOO_EARLY")}


def test_what_the_streams_have_not_given_out_is_in_flight_and_no_failure(
    pipeline: Account,
) -> None:
    raw(pipeline, "ORDER_CREATED", 0, 4)
    raw(pipeline, "INVENTORY_ADJUSTED", 1, 3)
    pipeline.rows("UPDATE {db}.RAW_DATA.INGEST_OFFSETS SET NEXT_OFFSET = NEXT_OFFSET + 1")

    verdicts = verify(pipeline)
    assert [each.broken for each in verdicts] == [{}, {}, {}, {}, {}]
    assert [each.in_flight for each in verdicts] == [0, 2, 0, 0, 0]


def test_staged_rows_on_their_way_to_production_are_in_flight(pipeline: Account) -> None:
    raw(pipeline, "ORDER_CREATED", 0, 4)
    raw(pipeline, "INVENTORY_ADJUSTED", 1, 3)
    pipeline.rows("UPDATE {db}.RAW_DATA.INGEST_OFFSETS SET NEXT_OFFSET = NEXT_OFFSET + 1")
    for stream in ("STREAM_RAW_ORDERS", "STREAM_RAW_INVENTORY"):
        pipeline.rows(
            "INSERT INTO {db}.RAW_DATA.REJECTED_EVENTS (EVENT_ID)"
            f" SELECT EVENT_ID FROM {{db}}.RAW_DATA.{stream} WHERE 1 = 0"
        )
    staged_order(pipeline, "o-2", 4, TWO, quantity=1)
    staged_adjustment(pipeline, "a-3", 3, TWO, change=-1, level=None)

    verdicts = verify(pipeline)
    assert [each.broken for each in verdicts] == [{}, {}, {}, {}, {}]
    assert [each.in_flight for each in verdicts] == [0, 0, 1, 1, 1]


def test_a_row_that_is_staged_before_its_stream_moved_breaks_law_2(pipeline: Account) -> None:
    raw(pipeline, "ORDER_CREATED", 0, 4)
    staged_order(pipeline, "o-2", 4, TWO, quantity=1)

    assert broken(pipeline)[2] == {"TOO_EARLY": 1}


def test_verifying_moves_no_stream(pipeline: Account) -> None:
    raw(pipeline, "ORDER_CREATED", 0, 4)

    first, second = verify(pipeline), verify(pipeline)

    assert [each.figures for each in first] == [each.figures for each in second]
    assert first[1].in_flight == 1


def test_an_accepted_gap_has_no_offset_and_counts_for_nothing(undone: Account) -> None:
    rejected(undone, "INGEST", 0, None)

    assert broken(undone) == {}


def test_a_topic_that_was_created_anew_is_judged_from_then_on(pipeline: Account) -> None:
    """Its places are the old ones once more, and an old purge was not of its rows."""
    insert(
        pipeline,
        "OPS.RETENTION_LOG",
        PURGED_AT=NOON,
        INGESTED_BEFORE=NOON,
        TABLE_NAME="RAW_DATA.RAW_EVENTS_STREAM",
        KAFKA_TOPIC=TOPIC,
        KAFKA_PARTITION=0,
        TO_OFFSET=1,
    )
    rejected(pipeline, "INGEST", 0, None, at=ONE)
    pipeline.rows("UPDATE {db}.RAW_DATA.INGEST_OFFSETS SET NEXT_OFFSET = 2 WHERE PARTITION = 0")
    for offset in (0, 1):
        raw(pipeline, "ORDER_CREATED", 0, offset, at=TWO)
        staged_order(pipeline, "o-1", offset, ONE, quantity=6, ingested=TWO)
    give_out(pipeline)

    assert {each.law.number for each in verify(pipeline) if not each.holds} & {1, 2} == set()
    pipeline.rows(
        "DELETE FROM {db}.RAW_DATA.RAW_EVENTS_STREAM"
        f" WHERE KAFKA_PARTITION = 0 AND KAFKA_OFFSET = 1 AND INGESTION_TIMESTAMP = '{TWO}'"
    )
    assert broken(pipeline)[1] == {"MISSING": 1}
    assert broken(pipeline)[2] == {"UNFOUNDED": 1}


def test_rows_that_are_older_than_since_may_have_been_purged(undone: Account) -> None:
    undone.rows("DELETE FROM {db}.STAGING.STG_ORDERS")
    undone.rows("DELETE FROM {db}.STAGING.STG_INVENTORY_ADJ")

    assert set(broken(undone)) == {2, 3, 4}
    assert broken(undone, since=datetime(2026, 11, 21)) == {}


def test_a_category_may_be_lent_by_an_order_of_the_product(undone: Account) -> None:
    undone.rows(
        "UPDATE {db}.PRODUCTION.INVENTORY_HISTORY SET PRODUCT_CATEGORY = NULL"
        " WHERE ADJUSTMENT_ID = 'a-2'"
    )

    assert 5 not in broken(undone)
    undone.rows("UPDATE {db}.PRODUCTION.INVENTORY_CURRENT SET PRODUCT_CATEGORY = 'Blanc'")
    assert broken(undone)[5] == {"MISSING": 1, "UNFOUNDED": 1}
