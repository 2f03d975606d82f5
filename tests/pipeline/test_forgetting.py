"""OPS.FORGET_CUSTOMER: id and address leave every table, amounts and stock stay, the laws hold."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import forgetting
import nightly
import pytest
import rejections
import reprocessing
import retention
from redaction import FORGOTTEN

from app.caves.laws.verify import verify
from app.caves.target import Account
from tests.procedures.modelled_pipeline import HANDLERS, STREAMS
from tests.procedures.pipeline import Event, Pipeline, adjustment, order, without

ANNA = "c-1001"
ADDRESS = "7 quai Saint-Antoine, 69002 Lyon"
NOTHING = {"raw_events": 0, "rejected_events": 0, "stg_orders": 0, "orders": 0, "texts": 0}
DAY, NEXT_DAY = datetime(2026, 11, 22), datetime(2026, 11, 23)


def of_anna(order_id: str, **changes: Any) -> Event:
    return order(order_id, customer_id=ANNA, shipping_address=ADDRESS, **changes)


@pytest.fixture
def shop(pipeline: Pipeline) -> Pipeline:
    """A pipeline that has forgotten nobody."""
    return pipeline


def take(shop: Pipeline, *events: Event | str) -> None:
    """The events all the way, with the ingester's offset beside them."""
    shop.ingest(*events)
    write_offset(shop)
    run(shop)


def write_offset(shop: Pipeline) -> None:
    shop.sql("DELETE FROM RAW_DATA.INGEST_OFFSETS")
    shop.sql(
        "INSERT INTO RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET)"
        " SELECT 'sales_events', 3, ?",
        shop.next_offset,
    )


def run(shop: Pipeline) -> None:
    """What has something to do, in the order of the tasks."""
    for name, handler in HANDLERS.items():
        [(waiting,)] = shop.sql(f"SELECT COUNT(*) FROM {STREAMS[name]}")
        if waiting:
            shop.run(handler)


def reject(shop: Pipeline, payload: str, reason: str = "not JSON", encoding: str = "utf-8") -> None:
    """A message that the ingester rejected, at the partition's next offset."""
    metadata = {"key": "p-1", "headers": [{"name": "trace", "value": payload[:40]}]}
    shop.sql(
        "INSERT INTO RAW_DATA.REJECTED_EVENTS (REJECTED_AT, STAGE, REASON, PAYLOAD,"
        " PAYLOAD_ENCODING, KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, KAFKA_METADATA, STATUS)"
        " SELECT '2026-11-22 12:00:00', 'INGEST', ?, ?, ?, 'sales_events', 3, ?, PARSE_JSON(?),"
        " 'OPEN'",
        reason,
        payload,
        encoding,
        shop.next_offset,
        json.dumps(metadata),
    )
    shop.next_offset += 1
    write_offset(shop)


def forget(shop: Pipeline, customer: str = ANNA) -> dict[str, int]:
    return forgetting.forget_customer(shop.session, customer, "ALBERT", False)


def everything(shop: Pipeline) -> str:
    """All rows of all tables, as one text."""
    tables = shop.sql(
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES"
        " WHERE TABLE_TYPE = 'BASE TABLE'"
    )
    assert len(tables) > 10
    return "\n".join(str(shop.sql(f"SELECT * FROM {schema}.{name}")) for schema, name in tables)


def assert_gone(shop: Pipeline, *traces: str) -> None:
    text = everything(shop)
    for trace in traces or (ANNA, ADDRESS, "Anna"):
        assert re.findall(rf"{trace}(?!\d)", text) == []


def broken(shop: Pipeline) -> dict[int, dict[str, int]]:
    """The violations of laws, as `caves verify` finds them."""
    account = Account(shop.session.connection, shop.database)
    return {each.law.number: each.broken for each in verify(account) if not each.holds}


def messages(shop: Pipeline) -> list[Any]:
    rows = shop.rows("RAW_DATA.RAW_EVENTS_STREAM", "EVENT_DATA::VARCHAR, KAFKA_OFFSET", "2")
    return [json.loads(text) for text, _ in rows]


def test_customer_and_address_leave_every_table_and_amounts_stay(shop: Pipeline) -> None:
    other = order("o-3", customer_id="c-10011", shipping_address="elsewhere")
    take(
        shop,
        of_anna("o-1", event_id="first", quantity=1, total_amount=19.90, name="Anna"),
        of_anna("o-1", event_timestamp="2026-11-22T11:00:00Z", quantity=3, total_amount=59.70),
        of_anna("o-2", quantity=0),
        other,
        adjustment("a-1"),
    )
    before = shop.rows("PRODUCTION.ORDERS", "ORDER_ID, QUANTITY, TOTAL_AMOUNT, UPDATED_AT")

    assert forget(shop) == {
        "raw_events": 3,
        "rejected_events": 1,
        "stg_orders": 2,
        "orders": 1,
        "texts": 0,
        "known": 0,
    }

    assert_gone(shop)
    assert shop.rows("PRODUCTION.ORDERS", "ORDER_ID, QUANTITY, TOTAL_AMOUNT, UPDATED_AT") == before
    assert shop.rows("PRODUCTION.ORDERS", "ORDER_ID, CUSTOMER_ID, SHIPPING_ADDRESS") == [
        ("o-1", FORGOTTEN, None),
        ("o-3", "c-10011", "elsewhere"),
    ]
    stock = shop.rows("PRODUCTION.INVENTORY_CURRENT", "PRODUCT_ID, CURRENT_STOCK_LEVEL")
    assert stock == [("p-1", 24)]
    assert messages(shop)[0] == {
        **without(of_anna("o-1", event_id="first", quantity=1), "shipping_address"),
        "total_amount": 19.90,
        "customer_id": FORGOTTEN,
    }
    assert messages(shop)[3:] == [other, adjustment("a-1")]
    assert (
        shop.rows("RAW_DATA.RAW_EVENTS_STREAM", "CUSTOMER_ID", "KAFKA_OFFSET")[:3]
        == [(FORGOTTEN,)] * 3
    )
    assert broken(shop) == {}


def test_a_second_time_changes_nothing_and_says_so(shop: Pipeline) -> None:
    take(shop, of_anna("o-1"), of_anna("o-2", quantity=0))
    reject(shop, f'{{"customer_id": "{ANNA}", ')
    assert forget(shop)["known"] == 0
    before = everything(shop)

    assert forget(shop) == NOTHING | {"known": 1}
    assert everything(shop).count("\n") == before.count("\n")
    assert shop.count("RAW_DATA.FORGOTTEN_CUSTOMERS") == 1
    # Neither does somebody whom nobody knows.
    assert forget(shop, "c-7") == NOTHING | {"known": 0}
    assert forget(shop, "' OR 1 = 1 --") == NOTHING | {"known": 0}
    assert shop.count("RAW_DATA.FORGOTTEN_CUSTOMERS") == 1
    with pytest.raises(ValueError, match="blank"):
        forget(shop, " ")


def test_the_log_has_a_salted_hash_and_counts_and_not_the_customer(shop: Pipeline) -> None:
    take(shop, of_anna("o-1"))
    forget(shop)
    [(by, is_now, is_hash, counts)] = shop.sql(
        "SELECT ASKED_BY, ABS(DATEDIFF('minute', FORGOTTEN_AT, SYSDATE())) < 5,"
        " ID_HASH = SHA2(CONCAT(SALT, ?), 256), ROW_COUNTS::VARCHAR"
        " FROM RAW_DATA.FORGOTTEN_CUSTOMERS",
        ANNA,
    )
    assert (by, is_now, is_hash) == ("ALBERT", True, True)
    assert json.loads(counts) == NOTHING | {"raw_events": 1, "stg_orders": 1, "orders": 1}


def test_what_the_plan_counts_is_what_is_forgotten_and_the_plan_changes_nothing(
    shop: Pipeline,
) -> None:
    take(shop, of_anna("o-1"), of_anna("o-2", quantity=0), adjustment("a-1", reason=f"für {ANNA}"))
    reject(shop, f"{ANNA}, {ADDRESS}")
    before = everything(shop)

    planned = forgetting.forget_customer(shop.session, ANNA, "ALBERT", True)

    assert everything(shop) == before
    assert planned == forget(shop)
    assert planned["texts"] == 2


UNREADABLE = (
    (f'{{"customer_id": "{ANNA}", "shipping_address": "{ADDRESS}', "utf-8"),
    (f"order;{ANNA};Anna;{ADDRESS}", "utf-8"),
    (f'{{"customer_id": "x", "customer_id": "{ANNA}"}}', "utf-8"),
    (f'[{{"customer_id": "{ANNA}", "shipping_address": "{ADDRESS}"}}]', "utf-8"),
    (base64.b64encode(f"\xe9 {ANNA} {ADDRESS}".encode("latin-1")).decode(), "base64"),
    (base64.b64encode(f'{{"customer": "{ANNA}"}}'.encode("utf-16")).decode(), "base64"),
    # Cut off before the customer: the order is known to be theirs.
    (f'{{"order_id": "o-1", "shipping_address": "{ADDRESS}", "cust', "utf-8"),
)


def test_a_message_that_is_no_event_loses_its_payload_if_the_customer_is_in_it(
    shop: Pipeline,
) -> None:
    take(shop, of_anna("o-1"))
    for payload, encoding in UNREADABLE:
        reject(shop, payload, "not JSON: line 1", encoding)
    reject(shop, '{"customer_id": "c-10011", "shipping', "not JSON: line 2")

    assert forget(shop)["rejected_events"] == len(UNREADABLE)

    assert_gone(shop)
    columns = "REASON, PAYLOAD, STATUS, NOTE, KAFKA_METADATA::VARCHAR"
    *gone, kept = shop.rows("RAW_DATA.REJECTED_EVENTS", columns)
    what = ("not JSON: line 1", None, "OPEN", "its customer was forgotten", '{"key":"p-1"}')
    assert gone == [what] * len(UNREADABLE)
    assert kept[1] == '{"customer_id": "c-10011", "shipping'


def test_a_rejected_event_is_redacted_as_in_raw_and_can_still_be_retried(shop: Pipeline) -> None:
    take(
        shop,
        of_anna("o-1", unit_price="cheap"),
        of_anna("o-2", quantity=0) | {"customer_id": {"id": ANNA, "name": "Anna"}},
        without(of_anna("o-3"), "customer_id"),
        of_anna("o-3", event_id="right"),
    )
    shop.sql("UPDATE RAW_DATA.REJECTED_EVENTS SET NOTE = ?", f"asked {ANNA}, who is on holiday")

    counts = forget(shop)

    assert counts["rejected_events"] == 3
    assert_gone(shop)
    reasons = shop.rows("RAW_DATA.REJECTED_EVENTS", "REASON, NOTE", "KAFKA_OFFSET")
    note = f"asked {FORGOTTEN}, who is on holiday"
    assert reasons == [
        ("unit_price is not a number of at most 10 digits, 2 of them decimals: cheap", note),
        (f"customer_id is not an id: {FORGOTTEN}", note),
        ("customer_id is missing", note),
    ]
    payloads = shop.rows("RAW_DATA.REJECTED_EVENTS", "PAYLOAD", "KAFKA_OFFSET")
    assert [json.loads(text) for (text,) in payloads] == messages(shop)[:3]
    shop.sql(
        "UPDATE RAW_DATA.REJECTED_EVENTS SET PAYLOAD = REPLACE(PAYLOAD, '\"cheap\"', '5')"
        " WHERE KAFKA_OFFSET = 0"
    )
    retried = rejections.retry(shop.session, None, None)
    assert retried == {"staged": 1, "retried": 1, "still_rejected": 2}
    run(shop)
    assert shop.rows("PRODUCTION.ORDERS", "ORDER_ID, CUSTOMER_ID")[0] == ("o-1", FORGOTTEN)
    assert broken(shop) == {}


def test_what_a_stream_of_raw_still_holds_does_not_bring_the_customer_back(shop: Pipeline) -> None:
    """An append-only stream gives out a row as it was inserted."""
    take(shop, of_anna("o-1"))
    shop.ingest(of_anna("o-2"))

    assert forget(shop)["raw_events"] == 2

    run(shop)
    assert_gone(shop)
    assert [row[0] for row in shop.rows("PRODUCTION.ORDERS", "ORDER_ID")] == ["o-1", "o-2"]


def test_an_order_that_came_in_between_is_found_by_the_next_look(
    shop: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(shop, of_anna("o-1"))
    redact, late = forgetting.Look.redact, [of_anna("o-2")]

    def meanwhile(look: forgetting.Look) -> Any:
        if late:
            shop.ingest(late.pop())
        return redact(look)

    monkeypatch.setattr(forgetting.Look, "redact", meanwhile)
    assert forget(shop)["stg_orders"] == 2
    run(shop)
    assert_gone(shop)


def test_a_failure_half_way_leaves_everything_as_it_was(
    shop: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(shop, of_anna("o-1"), of_anna("o-2", quantity=0))
    before = everything(shop)

    def cut_short(*arguments: Any) -> None:
        raise ConnectionError("cut short")

    with monkeypatch.context() as patch, pytest.raises(ConnectionError):
        patch.setattr(forgetting, "_log", cut_short)
        forget(shop)
    assert everything(shop) == before
    assert broken(shop) == {}
    assert forget(shop)["orders"] == 1
    assert_gone(shop)


def test_reprocessing_leaves_a_forgotten_customer_forgotten(shop: Pipeline) -> None:
    take(shop, of_anna("o-1"), of_anna("o-2", quantity=0))
    forget(shop)
    shop.sql("DELETE FROM STAGING.STG_ORDERS")
    done = reprocessing.reprocess(shop.session, DAY, NEXT_DAY)
    assert (done["staged"], done["rejected"], done["still_rejected"]) == (1, 0, 1)
    run(shop)
    assert_gone(shop)
    assert shop.rows("PRODUCTION.ORDERS", "CUSTOMER_ID, TOTAL_AMOUNT") == [
        (FORGOTTEN, Decimal("39.80"))
    ]
    assert reprocessing.reprocess(shop.session, DAY, NEXT_DAY)["corrected"] == 0
    assert broken(shop) == {}


def test_after_a_purge_production_alone_is_left_to_forget(shop: Pipeline) -> None:
    shop.ingested_at = "2026-09-01 12:00:00"
    take(shop, of_anna("o-1"))
    shop.sql("UPDATE PRODUCTION.ORDERS SET CREATED_AT = '2026-09-01 12:01:00'")
    purged = retention.purge(shop.session, 30, 7)
    assert (purged["raw_events_stream"], purged["stg_orders"]) == (1, 1)

    assert forget(shop) == NOTHING | {"orders": 1, "known": 0}

    assert_gone(shop)
    assert broken(shop) == {}


def test_what_comes_in_late_is_forgotten_again_at_night(shop: Pipeline) -> None:
    take(shop, of_anna("o-1"))
    forget(shop)
    # Kafka delivers the old event once more, a late one, one without a customer, and a broken one.
    take(shop, of_anna("o-1"), of_anna("o-2"), without(of_anna("o-1"), "customer_id"))
    reject(shop, f'{{"customer_id": "{ANNA}", "shipping_address": "{ADDRESS}')
    take(shop, order("o-4", customer_id="c-2"))
    assert ANNA in everything(shop)

    assert nightly.purge(shop.session, 3650, 3650)["forgotten_again"] > 0

    assert_gone(shop)
    assert shop.rows("PRODUCTION.ORDERS", "ORDER_ID, CUSTOMER_ID") == [
        ("o-1", FORGOTTEN),
        ("o-2", FORGOTTEN),
        ("o-4", "c-2"),
    ]
    assert broken(shop) == {}
    assert nightly.purge(shop.session, 3650, 3650)["forgotten_again"] == 0
    by = shop.rows("RAW_DATA.FORGOTTEN_CUSTOMERS", "ASKED_BY, ID_HASH", "FORGOTTEN_AT")
    assert [row[0] for row in by] == ["ALBERT", "OPS.PURGE"]
    assert by[0][1] == by[1][1]


def test_free_texts_lose_the_mention_and_keep_the_rest(shop: Pipeline) -> None:
    take(
        shop,
        of_anna("o-1", payment_method=f"ACCOUNT OF {ANNA}"),
        order("o-2", customer_id="c-2", shipping_address=f"c/o {ANNA}", gift={"for": [ANNA]}),
        adjustment("a-1", reason=f"returned by {ANNA}, {ANNA}", warehouse_location=ANNA),
        {"event_type": "ORDER_CREATED", "customer": {"id": ANNA}, "mail": "anna@example.com"},
    )
    shop.sql("INSERT INTO OPS.ALERT_LOG (DETAIL) SELECT ?", f"no number: '{ANNA}'")

    forget(shop)

    assert shop.rows("PRODUCTION.ORDERS", "PAYMENT_METHOD, SHIPPING_ADDRESS") == [
        (f"ACCOUNT OF {FORGOTTEN}", None),
        ("CARD", f"c/o {FORGOTTEN}"),
    ]
    reason = f"returned by {FORGOTTEN}, {FORGOTTEN}"
    # A warehouse that is called as the customer is stays what it is.
    columns = "REASON, WAREHOUSE_LOCATION"
    assert shop.rows("PRODUCTION.INVENTORY_HISTORY", columns) == [(reason, ANNA)]
    assert shop.rows("STAGING.STG_INVENTORY_ADJ", columns) == [(reason, ANNA)]
    assert shop.rows("OPS.ALERT_LOG", "DETAIL") == [(f"no number: '{FORGOTTEN}'",)]
    found = messages(shop)
    assert found[1]["gift"] == {"for": [FORGOTTEN]}
    assert found[3] == {"event_type": "ORDER_CREATED"}
    assert reprocessing.reprocess(shop.session, DAY, NEXT_DAY)["kept"] == 0
    assert broken(shop) == {}


def test_why_an_order_was_cancelled_is_forgotten_with_its_customer(shop: Pipeline) -> None:
    def cancelled(order_id: str) -> Event:
        return {
            "event_id": f"end of {order_id}",
            "event_type": "ORDER_CANCELLED",
            "event_timestamp": "2026-11-22T11:00:00+00:00",
            "order_id": order_id,
            "reason": "Anna moved" if order_id == "o-1" else "too late",
        }

    take(shop, of_anna("o-1"), order("o-2"), cancelled("o-1"), cancelled("o-2"))
    assert forget(shop) == NOTHING | {
        "raw_events": 2,
        "stg_orders": 1,
        "orders": 1,
        "texts": 1,
        "known": 0,
    }
    assert_gone(shop)
    assert shop.rows("STAGING.STG_ORDER_CANCELLATIONS", "ORDER_ID, REASON") == [
        ("o-1", None),
        ("o-2", "too late"),
    ]
    assert messages(shop)[2] == without(cancelled("o-1"), "reason")
    assert broken(shop) == {}
    assert forget(shop) == NOTHING | {"known": 1}


def test_an_id_of_digits_is_no_quantity(shop: Pipeline) -> None:
    take(
        shop,
        order("o-1", customer_id=7, quantity=7, shipping_address=ADDRESS),
        order("o-2", customer_id="c-2", quantity=7, payment_method="7 times"),
        adjustment("a-1", quantity_change=7, reason="7 broken by customer 7"),
    )
    reject(shop, '{"quantity": 7, ')
    reject(shop, '{"customer_id": 7, ')

    assert forget(shop, "7") == {
        "raw_events": 2,
        "rejected_events": 1,
        "stg_orders": 1,
        "orders": 1,
        "texts": 2,
        "known": 0,
    }

    assert shop.rows("PRODUCTION.ORDERS", "ORDER_ID, QUANTITY, CUSTOMER_ID, PAYMENT_METHOD") == [
        ("o-1", 7, FORGOTTEN, "CARD"),
        ("o-2", 7, "c-2", "7 times"),
    ]
    history = shop.rows("PRODUCTION.INVENTORY_HISTORY", "QUANTITY_CHANGE, REASON")
    assert history == [(7, f"7 broken by customer {FORGOTTEN}")]
    payloads = shop.rows("RAW_DATA.REJECTED_EVENTS", "PAYLOAD", "KAFKA_OFFSET")
    assert payloads == [('{"quantity": 7, ',), (None,)]
    assert broken(shop) == {}


def test_many_rows_go_in_chunks_within_one_transaction(
    shop: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "CHUNK_ROWS", 2)
    take(shop, *(of_anna(f"o-{number}", quantity=number) for number in range(5)))
    assert forget(shop) == NOTHING | {
        "raw_events": 5,
        "rejected_events": 1,
        "stg_orders": 4,
        "orders": 4,
        "known": 0,
    }
    assert_gone(shop)
    [(commits,)] = shop.sql("SELECT COUNT(DISTINCT FORGOTTEN_AT) FROM RAW_DATA.FORGOTTEN_CUSTOMERS")
    assert commits == 1


# Texts that stay: ids that the shop gives its own things, vocabularies, names that are Kafka's
# or the pipeline's.
EVENTS = {"EVENT_ID", "EVENT_TYPE", "KAFKA_TOPIC", "PRODUCT_ID"}
PRODUCT = {"PRODUCT_ID", "PRODUCT_NAME", "PRODUCT_CATEGORY", "WAREHOUSE_LOCATION"}
STAYING = {
    "RAW_DATA.RAW_EVENTS_STREAM": EVENTS,
    "RAW_DATA.REJECTED_EVENTS": {"STAGE", "STATUS", "PAYLOAD_ENCODING", *EVENTS} - {"PRODUCT_ID"},
    "RAW_DATA.INGEST_OFFSETS": {"TOPIC", "TOPIC_ID", "SIGNS"},
    "RAW_DATA.FORGOTTEN_CUSTOMERS": {"ASKED_BY", "SALT", "ID_HASH", "ROW_COUNTS"},
    "STAGING.STG_ORDERS": {"EVENT_ID", "ORDER_ID", "KAFKA_TOPIC", *PRODUCT}
    - {"WAREHOUSE_LOCATION"},
    "STAGING.STG_ORDER_CANCELLATIONS": {"EVENT_ID", "ORDER_ID", "KAFKA_TOPIC"},
    "STAGING.STG_INVENTORY_ADJ": {
        "EVENT_ID",
        "ADJUSTMENT_ID",
        "ADJUSTMENT_TYPE",
        "KAFKA_TOPIC",
        *PRODUCT,
    },
    "PRODUCTION.ORDERS": {"ORDER_ID", "EVENT_ID", *PRODUCT} - {"WAREHOUSE_LOCATION"},
    "PRODUCTION.INVENTORY_CURRENT": PRODUCT,
    "PRODUCTION.INVENTORY_HISTORY": {
        "ADJUSTMENT_ID",
        "ADJUSTMENT_TYPE",
        "EVENT_ID",
        "VOIDS_ADJUSTMENT_ID",
        *PRODUCT,
    },
    "OPS.WITHDRAWN_ORDER_EVENTS": {"ORDER_ID", "EVENT_ID"},
    "OPS.RETENTION_LOG": {"TABLE_NAME", "KAFKA_TOPIC"},
    "OPS.ALERT_LOG": {"INCIDENT_ID", "METRIC", "OBJECT", "UNIT", "ACTION"},
    "OPS.DEPLOYMENT_LOG": {
        "DEPLOYMENT_ID",
        "DEPLOYED_BY",
        "REVISION",
        "OUTCOME",
        "SETTINGS",
        "TASKS_BEFORE",
        "OBJECTS_AFTER",
    },
}


def test_each_column_that_can_hold_a_text_is_redacted_or_holds_nothing_personal(
    shop: Pipeline,
) -> None:
    """A new column belongs into one of the two: see docs/privacy.md."""
    found = shop.sql(
        "SELECT C.TABLE_SCHEMA || '.' || C.TABLE_NAME, C.COLUMN_NAME"
        " FROM INFORMATION_SCHEMA.COLUMNS AS C"
        " INNER JOIN INFORMATION_SCHEMA.TABLES AS T"
        " ON C.TABLE_SCHEMA = T.TABLE_SCHEMA AND C.TABLE_NAME = T.TABLE_NAME"
        " WHERE T.TABLE_TYPE = 'BASE TABLE'"
        " AND C.DATA_TYPE IN ('TEXT', 'VARIANT', 'OBJECT', 'ARRAY', 'BINARY')"
    )
    staying = {(table, column) for table, columns in STAYING.items() for column in columns}
    assert {*found} - forgetting.REDACTED - staying == set()
    assert forgetting.REDACTED | staying == {*found}


def test_every_free_text_is_looked_through(shop: Pipeline) -> None:
    keys = {
        "PRODUCTION.ORDERS": "ORDER_ID",
        "PRODUCTION.INVENTORY_HISTORY": "ADJUSTMENT_ID",
        "OPS.WITHDRAWN_ORDER_EVENTS": "EVENT_TIMESTAMP, ORDER_ID, EVENT_ID",
        "OPS.DEPLOYMENT_LOG": "DEPLOYMENT_ID",
    }
    for table, column in forgetting.TEXTS:
        names = [name for name in keys.get(table, "").split(", ") if name]
        values = ", ".join("SYSDATE()" if "TIME" in name else f"'{column}'" for name in names)
        shop.sql(
            f"INSERT INTO {table} ({', '.join([*names, column])}) SELECT {values or ''}"
            f"{', ' if values else ''}'of {ANNA}, again'"
        )
    assert forget(shop) == NOTHING | {"texts": len(forgetting.TEXTS), "known": 0}
    assert everything(shop).count(f"'of {FORGOTTEN}, again'") == len(forgetting.TEXTS)


def test_nothing_about_a_customer_is_logged() -> None:
    """What run_log wraps repeats its errors, and an error may name whom it was to forget."""
    for handler in (forgetting.forget_customer, forgetting.forget_again):
        assert not hasattr(handler, "__wrapped__")
