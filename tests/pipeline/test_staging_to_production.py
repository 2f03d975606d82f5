from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import raw_to_staging
import staging_to_production

from tests.procedures.pipeline import Event, Pipeline, adjustment, order, without
from tests.procedures.races import at_the_same_time

ORDERS = (raw_to_staging.orders, staging_to_production.orders)
INVENTORY = (
    raw_to_staging.inventory,
    staging_to_production.inventory_history,
    staging_to_production.inventory_current,
)


def order_events(pipeline: Pipeline, *events: Event) -> dict[str, int]:
    """Takes a batch of order events all the way; returns what the last hop did."""
    pipeline.ingest(*events)
    return pipeline.run(*ORDERS)[-1]


def stock_events(pipeline: Pipeline, *events: Event) -> dict[str, int]:
    pipeline.ingest(*events)
    return pipeline.run(*INVENTORY)[-1]


def levels(pipeline: Pipeline) -> dict[str, int]:
    return dict(pipeline.rows("PRODUCTION.INVENTORY_CURRENT", "PRODUCT_ID, CURRENT_STOCK_LEVEL"))


def at(hour: int) -> dict[str, Any]:
    return {"event_timestamp": f"2026-11-22T{hour:02}:00:00+00:00"}


def test_an_order_reaches_production_whole(pipeline: Pipeline) -> None:
    done = order_events(pipeline, order("o-1", event_timestamp="2026-11-23T00:15:00+01:00"))
    assert done == {"inserted": 1, "updated": 0}
    [row] = pipeline.rows("PRODUCTION.ORDERS", "*")
    *values, created_at, updated_at, event_id = row
    assert values == [
        "o-1",
        date(2026, 11, 22),
        datetime(2026, 11, 22, 23, 15),
        "c-1",
        "p-1",
        "Château Margaux – Grand Vin",
        "🍷 Rouge",
        2,
        Decimal("19.90"),
        Decimal("39.80"),
        "CARD",
        "3 rue du Puits, 69001 Lyon",
    ]
    assert event_id == "event of o-1"
    assert created_at == updated_at
    assert abs(created_at - pipeline.utc_now()) < timedelta(minutes=1)


def test_a_later_event_updates_its_order_and_an_older_one_does_not(pipeline: Pipeline) -> None:
    order_events(pipeline, order("o-1", event_id="e-1", quantity=1, **at(10)))
    [(created, first_update)] = pipeline.rows("PRODUCTION.ORDERS", "CREATED_AT, UPDATED_AT")
    done = order_events(pipeline, order("o-1", event_id="e-2", quantity=2, **at(12)))
    assert done == {"inserted": 0, "updated": 1}
    [(kept, second_update)] = pipeline.rows("PRODUCTION.ORDERS", "CREATED_AT, UPDATED_AT")
    assert kept == created
    assert second_update > first_update
    done = order_events(pipeline, order("o-1", event_id="e-3", quantity=3, **at(11)))
    assert done == {"inserted": 0, "updated": 0}
    assert pipeline.rows("PRODUCTION.ORDERS", "EVENT_ID, QUANTITY, UPDATED_AT") == [
        ("e-2", 2, second_update)
    ]


def test_duplicates_in_a_batch_and_across_batches_change_nothing(pipeline: Pipeline) -> None:
    order_events(pipeline, order("o-1"), order("o-1"), order("o-1"))
    before = pipeline.rows("PRODUCTION.ORDERS", "*")
    done = order_events(pipeline, order("o-1"), order("o-1"))
    assert done == {"inserted": 0, "updated": 0}
    assert pipeline.rows("PRODUCTION.ORDERS", "*") == before
    assert pipeline.count("STAGING.STG_ORDERS") == 5


def test_an_adjustment_is_in_the_history_once_as_it_first_came(pipeline: Pipeline) -> None:
    stock_events(pipeline, adjustment("a-1", quantity_change=5), adjustment("a-1"))
    before = pipeline.rows("PRODUCTION.INVENTORY_HISTORY", "*")
    stock_events(pipeline, adjustment("a-1", quantity_change=99, **at(23)), adjustment("a-2"))
    after = pipeline.rows("PRODUCTION.INVENTORY_HISTORY", "*")
    assert after[0] == before[0]
    *values, created_at, event_id, voids = before[0]
    assert voids is None
    assert values == [
        "a-1",
        date(2026, 11, 22),
        datetime(2026, 11, 22, 10),
        "p-1",
        "Château Margaux – Grand Vin",
        "🍷 Rouge",
        "RESTOCK",
        5,
        None,
        "livraison d'été",
        "Lyon",
    ]
    assert event_id == "event of a-1"
    assert abs(created_at - pipeline.utc_now()) < timedelta(minutes=1)
    assert [row[0] for row in after] == ["a-1", "a-2"]
    assert levels(pipeline) == {"p-1": 29}


def test_changes_add_up_until_somebody_counts(pipeline: Pipeline) -> None:
    stock_events(pipeline, adjustment("a-1", quantity_change=24, **at(8)))
    assert levels(pipeline) == {"p-1": 24}
    stock_events(pipeline, adjustment("a-2", quantity_change=-4, **at(9)))
    assert levels(pipeline) == {"p-1": 20}
    stock_events(pipeline, adjustment("a-3", quantity_change=0, new_stock_level=18, **at(11)))
    assert levels(pipeline) == {"p-1": 18}
    stock_events(pipeline, adjustment("a-4", quantity_change=6, **at(12)))
    assert levels(pipeline) == {"p-1": 24}


def test_an_adjustment_from_before_the_count_that_comes_late_is_in_the_count(
    pipeline: Pipeline,
) -> None:
    counted = adjustment("a-2", quantity_change=0, new_stock_level=18, **at(11))
    stock_events(pipeline, counted, adjustment("a-3", quantity_change=2, **at(12)))
    done = stock_events(pipeline, adjustment("a-1", quantity_change=-5, **at(9)))
    assert done == {"history_inserted": 0, "inserted": 0, "updated": 1}
    assert levels(pipeline) == {"p-1": 20}


def test_the_last_adjustment_gives_name_category_place_and_time(pipeline: Pipeline) -> None:
    late = {"product_name": "Old name", "warehouse_location": "Paris", **at(7)}
    stock_events(pipeline, adjustment("a-2", **at(9)), adjustment("a-1", **late))
    columns = "PRODUCT_ID, PRODUCT_NAME, PRODUCT_CATEGORY, LAST_ADJ_TIMESTAMP, WAREHOUSE_LOCATION"
    assert pipeline.rows("PRODUCTION.INVENTORY_CURRENT", columns) == [
        ("p-1", "Château Margaux – Grand Vin", "🍷 Rouge", datetime(2026, 11, 22, 9), "Lyon")
    ]


def test_a_category_that_only_orders_know_comes_from_the_latest_order(pipeline: Pipeline) -> None:
    order_events(
        pipeline,
        order("o-2", product_category="🥂 Blanc", **at(12)),
        order("o-1", product_category="🌸 Rosé", **at(11)),
        order("o-3", product_category="🍾 Champagne", product_id="p-2", **at(13)),
    )
    stock_events(pipeline, without(adjustment("a-1"), "product_category"))
    assert pipeline.rows("PRODUCTION.INVENTORY_CURRENT", "PRODUCT_ID, PRODUCT_CATEGORY") == [
        ("p-1", "🥂 Blanc")
    ]


def test_a_run_touches_only_the_products_of_its_rows(pipeline: Pipeline) -> None:
    stock_events(pipeline, adjustment("a-1"), adjustment("a-2", product_id="p-2"))
    before = dict(pipeline.rows("PRODUCTION.INVENTORY_CURRENT", "PRODUCT_ID, UPDATED_AT"))
    done = stock_events(pipeline, adjustment("a-3", product_id="p-2"))
    after = dict(pipeline.rows("PRODUCTION.INVENTORY_CURRENT", "PRODUCT_ID, UPDATED_AT"))
    assert done["updated"] == 1
    assert after["p-1"] == before["p-1"]
    assert after["p-2"] > before["p-2"]
    assert levels(pipeline) == {"p-1": 24, "p-2": 48}


def test_levels_hold_sums_that_no_single_adjustment_could(pipeline: Pipeline) -> None:
    full = {"quantity_change": 9999999999}
    stock_events(pipeline, adjustment("a-1", **full), adjustment("a-2", **full))
    assert levels(pipeline) == {"p-1": 19999999998}


def test_levels_that_run_ahead_of_the_history_take_it_along(pipeline: Pipeline) -> None:
    pipeline.ingest(adjustment("a-1", quantity_change=5))
    done = pipeline.run(raw_to_staging.inventory, staging_to_production.inventory_current)[-1]
    assert done == {"history_inserted": 1, "inserted": 1, "updated": 0}
    assert levels(pipeline) == {"p-1": 5}
    assert pipeline.run(staging_to_production.inventory_history) == [{"inserted": 0}]
    assert pipeline.count("PRODUCTION.INVENTORY_HISTORY") == 1


def test_levels_that_run_behind_the_history_catch_up(pipeline: Pipeline) -> None:
    stock_events(pipeline, adjustment("a-1", quantity_change=5))
    pipeline.ingest(adjustment("a-2", quantity_change=7))
    pipeline.run(raw_to_staging.inventory, staging_to_production.inventory_history)
    assert levels(pipeline) == {"p-1": 5}
    pipeline.run(staging_to_production.inventory_current)
    assert levels(pipeline) == {"p-1": 12}


def test_history_and_levels_at_the_same_moment_have_each_adjustment_once(
    pipeline: Pipeline, account: Any
) -> None:
    pipeline.ingest(*(adjustment(f"a-{n}", quantity_change=1) for n in range(3)))
    raw_to_staging.inventory(pipeline.session)
    runs = at_the_same_time(
        pipeline,
        account,
        staging_to_production.inventory_history,
        staging_to_production.inventory_current,
    )

    assert runs[0]["inserted"] + runs[1]["history_inserted"] == 3
    history = pipeline.rows("PRODUCTION.INVENTORY_HISTORY", "ADJUSTMENT_ID")
    assert history == [("a-0",), ("a-1",), ("a-2",)]
    assert levels(pipeline) == {"p-1": 3}
