"""OPS.PURGE: what is old goes, what somebody waits for stays, and the laws hold afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import raw_to_staging
import rejections
import retention
import staging_to_production

from app.caves.laws.verify import verify
from app.caves.target import Account
from tests.procedures.modelled_pipeline import ModelledPipeline
from tests.procedures.pipeline import Pipeline, adjustment, order

STAGE = (raw_to_staging.orders, raw_to_staging.inventory)
PRODUCE = (
    staging_to_production.orders,
    staging_to_production.inventory_history,
    staging_to_production.inventory_current,
)
NOTHING = {"stg_orders": 0, "stg_inventory_adj": 0, "raw_events_stream": 0}
TABLES = ("RAW_DATA.RAW_EVENTS_STREAM", "STAGING.STG_ORDERS", "STAGING.STG_INVENTORY_ADJ")


@pytest.fixture
def kept(pipeline: Pipeline) -> Pipeline:
    """A pipeline that has purged nothing."""
    return pipeline


def take_in(pipeline: Pipeline, days: int, *events: dict[str, Any]) -> None:
    """Events that came so many days ago, with the ingester's offset beside them."""
    usual, moment = pipeline.ingested_at, pipeline.utc_now() - timedelta(days=days)
    pipeline.ingested_at = moment.isoformat(" ")
    pipeline.ingest(*events)
    pipeline.ingested_at = usual
    pipeline.sql("DELETE FROM RAW_DATA.INGEST_OFFSETS")
    pipeline.sql(
        "INSERT INTO RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET)"
        " SELECT 'sales_events', 3, ?",
        pipeline.next_offset,
    )


def skip(pipeline: Pipeline, stream: str) -> None:
    """Moves a stream to now, as a procedure does that finds nothing of its own in it."""
    pipeline.sql(
        "INSERT INTO RAW_DATA.REJECTED_EVENTS (REASON)"
        f" SELECT METADATA$ACTION FROM {stream} WHERE 1 = 0"
    )


def known_since_then(pipeline: Pipeline) -> None:
    """Production has each event since the moment that it came."""
    for table, staged in (("ORDERS", "STG_ORDERS"), ("INVENTORY_HISTORY", "STG_INVENTORY_ADJ")):
        pipeline.sql(
            f"UPDATE PRODUCTION.{table} AS P SET CREATED_AT = S.INGESTION_TIMESTAMP"
            f" FROM STAGING.{staged} AS S WHERE P.EVENT_ID = S.EVENT_ID"
        )


def purge(pipeline: Pipeline) -> dict[str, int]:
    return retention.purge(pipeline.session, 30, 7)


def offsets(pipeline: Pipeline, table: str) -> list[int]:
    return [offset for (offset,) in pipeline.rows(table, "KAFKA_OFFSET")]


def broken(pipeline: Pipeline) -> dict[int, dict[str, int]]:
    """The violations of laws, as `caves verify` finds them."""
    account = Account(pipeline.session.connection, pipeline.database)
    return {each.law.number: each.broken for each in verify(account) if not each.holds}


def test_old_rows_go_young_ones_stay_and_a_loss_is_seen_as_before(kept: Pipeline) -> None:
    for days, number in ((40, 1), (10, 2), (1, 3), (1, 4)):
        take_in(kept, days, order(f"o-{number}"), adjustment(f"a-{number}"))
    kept.run(*STAGE, *PRODUCE)
    known_since_then(kept)
    assert broken(kept) == {}
    assert purge(kept) == {"stg_orders": 2, "stg_inventory_adj": 2, "raw_events_stream": 2}
    assert [offsets(kept, table) for table in TABLES] == [[2, 3, 4, 5, 6, 7], [4, 6], [5, 7]]
    assert broken(kept) == {}
    assert kept.count("PRODUCTION.ORDERS") == kept.count("PRODUCTION.INVENTORY_HISTORY") == 4
    columns = (
        "TABLE_NAME, KAFKA_TOPIC, KAFKA_PARTITION, ROW_COUNT, FROM_OFFSET, TO_OFFSET,"
        " DATEDIFF('day', INGESTED_BEFORE, PURGED_AT)"
    )
    assert kept.rows("OPS.RETENTION_LOG", columns) == [
        ("RAW_DATA.RAW_EVENTS_STREAM", "sales_events", 3, 2, 0, 1, 30),
        ("STAGING.STG_INVENTORY_ADJ", "sales_events", 3, 2, 1, 3, 7),
        ("STAGING.STG_ORDERS", "sales_events", 3, 2, 0, 2, 7),
    ]
    assert purge(kept) == NOTHING

    kept.sql("DELETE FROM RAW_DATA.RAW_EVENTS_STREAM WHERE KAFKA_OFFSET = 5")
    kept.sql("DELETE FROM STAGING.STG_ORDERS WHERE KAFKA_OFFSET = 6")
    kept.sql("DELETE FROM STAGING.STG_INVENTORY_ADJ WHERE KAFKA_OFFSET = 7")
    assert broken(kept) == {
        1: {"MISSING": 1},
        2: {"MISSING": 2, "UNFOUNDED": 1},
        3: {"UNFOUNDED": 1},
        4: {"UNFOUNDED": 1},
    }


def test_what_a_stream_holds_stays_however_old(kept: Pipeline) -> None:
    take_in(kept, 40, order("o-1"), adjustment("a-1"))
    assert purge(kept) == NOTHING
    kept.run(raw_to_staging.orders)
    assert purge(kept) == NOTHING
    kept.run(raw_to_staging.inventory, *PRODUCE[:2])
    known_since_then(kept)
    # The history's stream has given the adjustment out, the current stock's has not.
    assert purge(kept) == {"stg_orders": 1, "stg_inventory_adj": 0, "raw_events_stream": 2}
    assert [offsets(kept, table) for table in TABLES] == [[], [], [1]]

    # Production knows the order since long ago, and not yet its last event.
    last = order("o-1", event_id="last", event_timestamp="2026-11-22T11:00:00Z", quantity=3)
    take_in(kept, 40, last)
    kept.run(raw_to_staging.orders)
    skip(kept, "RAW_DATA.STREAM_RAW_INVENTORY")
    assert purge(kept) == NOTHING | {"raw_events_stream": 1}
    kept.run(*PRODUCE)
    assert kept.rows("PRODUCTION.ORDERS", "QUANTITY") == [(3,)]
    assert kept.rows("PRODUCTION.INVENTORY_CURRENT", "CURRENT_STOCK_LEVEL") == [(24,)]
    assert purge(kept) == {"stg_orders": 1, "stg_inventory_adj": 1, "raw_events_stream": 0}
    assert broken(kept) == {}


def test_what_was_produced_or_rejected_only_lately_stays_and_what_is_open(kept: Pipeline) -> None:
    take_in(kept, 40, *(order(f"o-{number}", quantity=0) for number in range(3)))
    take_in(kept, 10, order("o-3"))
    skip(kept, "RAW_DATA.STREAM_RAW_INVENTORY")
    kept.run(raw_to_staging.orders, staging_to_production.orders)
    rejections.discard(kept.session, ["sales_events/3/1", "sales_events/3/2"], None, None)
    kept.sql(
        "UPDATE RAW_DATA.REJECTED_EVENTS SET REJECTED_AT = DATEADD('day', -40, SYSDATE())"
        " WHERE KAFKA_OFFSET IN (0, 2)"
    )
    assert purge(kept) == NOTHING | {"raw_events_stream": 1}
    assert offsets(kept, "RAW_DATA.RAW_EVENTS_STREAM") == [0, 1, 3]
    assert broken(kept) == {}


def test_a_purge_that_is_cut_short_has_done_whole_chunks_and_the_next_goes_on(
    kept: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(kept, 40, *(order(f"o-{number}") for number in range(5)))
    skip(kept, "RAW_DATA.STREAM_RAW_INVENTORY")
    kept.run(raw_to_staging.orders, staging_to_production.orders)
    known_since_then(kept)
    monkeypatch.setattr(retention, "CHUNK_ROWS", 2)
    delete, calls = retention._delete, []

    def fails_in_the_second(*arguments: Any) -> int:
        calls.append(arguments)
        if len(calls) == 2:
            raise ConnectionError("cut short")
        return delete(*arguments)

    monkeypatch.setattr(retention, "_delete", fails_in_the_second)
    with pytest.raises(ConnectionError):
        purge(kept)
    assert offsets(kept, "STAGING.STG_ORDERS") == [2, 3, 4]
    assert purge(kept) == {"stg_orders": 3, "stg_inventory_adj": 0, "raw_events_stream": 5}
    logged = "SELECT TABLE_NAME, SUM(ROW_COUNT), COUNT(*) FROM OPS.RETENTION_LOG GROUP BY 1"
    assert sorted(kept.sql(logged)) == [
        ("RAW_DATA.RAW_EVENTS_STREAM", 5, 3),
        ("STAGING.STG_ORDERS", 5, 3),
    ]
    assert broken(kept) == {}


@pytest.mark.parametrize(("raw_days", "staging_days"), [(0, 7), (30, -1)])
def test_a_retention_below_one_day_is_refused(
    shared_pipeline: ModelledPipeline, raw_days: int, staging_days: int
) -> None:
    with pytest.raises(ValueError, match="must be at least 1, not"):
        retention.purge(shared_pipeline.pipeline.session, raw_days, staging_days)
