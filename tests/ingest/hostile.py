"""Messages as nobody should send them, each with what must become of it."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

RAW = "RAW"
# What the ingester is told to take at most: less than usual, only to save time.
LIMIT = 1_000_000


class Name(str):
    """A header's name that is sent as other bytes than its text's."""

    sent: bytes = b""

    def encode(self, *_: str) -> bytes:
        return self.sent


def name_of(sent: bytes) -> Name:
    name = Name("name")
    name.sent = sent
    return name


class Hostile(NamedTuple):
    """A message; the reason with which ingestion must reject it, or RAW; and, if it comes into RAW,
    the reason with which the transforms must reject it, or "" where they must take it."""

    value: bytes | None
    ingest: str = RAW
    staging: str | None = None
    key: bytes | None = b"p-1"
    headers: Sequence[tuple[str, bytes]] = ()


ORDER: dict[str, Any] = {
    "event_id": "e-1",
    "event_type": "ORDER_CREATED",
    "event_timestamp": "2026-11-22T10:00:00+01:00",
    "order_id": "o-1",
    "customer_id": "c-1",
    "product_id": "p-1",
    "product_name": "Château Margaux",
    "product_category": "Rouge",
    "quantity": 2,
    "unit_price": 19.9,
    "total_amount": 39.8,
    "payment_method": "CARD",
    "shipping_address": "3 rue du Puits, Lyon",
}
ADJUSTMENT: dict[str, Any] = {
    "event_id": "a-1",
    "event_type": "INVENTORY_ADJUSTED",
    "event_timestamp": "2026-11-22T10:00:00+01:00",
    "adjustment_id": "a-1",
    "product_id": "p-1",
    "product_name": "Château Margaux",
    "product_category": "Rouge",
    "adjustment_type": "RESTOCK",
    "quantity_change": 24,
    "new_stock_level": 48,
    "reason": "livraison",
    "warehouse_location": "Lyon",
}
SQL = "'; DROP TABLE RAW_DATA.RAW_EVENTS_STREAM; --"


def order(**changes: Any) -> bytes:
    return json.dumps(ORDER | changes, ensure_ascii=False).encode()


def adjustment(**changes: Any) -> bytes:
    return json.dumps(ADJUSTMENT | changes, ensure_ascii=False).encode()


def order_with(field: str, text: str) -> bytes:
    """An order whose field has this JSON text as value, valid or not."""
    return order(**{field: "?"}).replace(b'"?"', text.encode())


WHOLE = "a whole number of at most 10 digits"
PRICE = "a number of at most 10 digits, 2 of them decimals"
MOMENT = "an ISO 8601 timestamp of the years 1970 to 2261"
NESTED = "[" * 1000 + "]" * 1000
DIGITS = "9" * 400
DEEP = "not JSON: nested more than 100 levels deep"
UNKNOWN = "event_type is not known"

HOSTILE = (
    # Not even text.
    Hostile(None, "a tombstone: the message has no value"),
    Hostile(b"", "empty: there is nothing in the message"),
    Hostile(b" \r\n\t", "empty: there is nothing in the message"),
    Hostile(b"\xff\xfe{", "not UTF-8: byte 1 cannot stand in a text"),
    Hostile(order()[:-9] + b"\xe9" + b'"}', "not UTF-8: byte 344 cannot stand in a text"),
    Hostile("{}".encode("utf-16"), "not UTF-8: byte 1 cannot stand in a text"),
    Hostile(
        b"\x00\x01\x02\x03",
        "not JSON: a value is missing, or is nothing that JSON knows, at character 1",
    ),
    # Not JSON.
    Hostile(order()[: len(order()) // 2], "not JSON: cut off after 176 characters"),
    Hostile(order()[:-1], "not JSON: cut off after 350 characters"),
    Hostile(
        order() + order(), "not JSON: something follows the end of the object at character 352"
    ),
    Hostile(order_with("quantity", "NaN"), "not JSON: NaN is not a JSON number"),
    Hostile(order_with("quantity", "Infinity"), "not JSON: Infinity is not a JSON number"),
    Hostile(order_with("quantity", "-Infinity"), "not JSON: -Infinity is not a JSON number"),
    Hostile(
        order_with("quantity", '1, "quantity": 2'),
        "not JSON: the field 'quantity' comes twice in one object",
    ),
    Hostile(
        order_with("product_name", '"\\ud83c"'),
        "not JSON: half a character (a lone surrogate, \\ud800 to \\udfff) in a text",
    ),
    Hostile(
        order_with("product_name", '"a\x00b"'),
        "not JSON: a line break or another control character stands in a text at character 180",
    ),
    Hostile(order_with("product_name", NESTED), DEEP),
    Hostile(b'{"a":' * 100_000, DEEP),
    Hostile(
        b"{'event_type': 'ORDER_CREATED'}",
        "not JSON: a field's name in quotes is missing at character 2",
    ),
    # JSON, and no event.
    Hostile(b"null", "not a JSON object: null"),
    Hostile(
        b"[" + order() + b"]",
        "not a JSON object: an array of objects: send each event as a message of its own",
    ),
    Hostile(b'"ORDER_CREATED"', "not a JSON object: a string"),
    Hostile(DIGITS.encode(), "not a JSON object: a number"),
    # Objects of no type that is known: rows of RAW all the same.
    Hostile(b"{}", RAW, "event_type is missing"),
    Hostile(order(event_type=None), RAW, "event_type is missing"),
    Hostile(order(event_type=7), RAW, f"{UNKNOWN}: 7"),
    Hostile(order(event_type={"a": 1}), RAW, f'{UNKNOWN}: {{"a":1}}'),
    Hostile(order(event_type="ORDER_LOST"), RAW, f"{UNKNOWN}: ORDER_LOST"),
    Hostile(order(event_type="order_created"), RAW, f"{UNKNOWN}: order_created"),
    Hostile(order(event_type=SQL), RAW, f"{UNKNOWN}: {SQL[:100]}"),
    Hostile(order(event_type="x" * 300_000), RAW, f"{UNKNOWN}: {'x' * 100}"),
    Hostile(order(event_type="a\x00b"), RAW, f"{UNKNOWN}: a\x00b"),
    # Too large, of one character and of two bytes each.
    Hostile(
        order(shipping_address="x" * 5_000_000),
        "larger than the limit: 5000332 bytes, of which PAYLOAD holds 1000000",
    ),
    Hostile(
        order(shipping_address="é" * 2_500_000),
        "larger than the limit: 5000332 bytes, of which PAYLOAD holds 1000000",
    ),
    Hostile(
        b"\x01" * 900_000,
        "not JSON: a value is missing, or is nothing that JSON knows, at character 1",
    ),
    # Events, in form: RAW keeps them as they are, and the transforms decide.
    Hostile(order(), RAW, ""),
    Hostile(order(event_id="e-2", unknown={"deep": ["x", None, True]}), RAW, ""),
    Hostile(adjustment(), RAW, ""),
    Hostile(b"\n " + order(event_id="e-3") + b" \n", RAW, ""),
    Hostile(order_with("quantity", DIGITS), RAW, f"quantity is not {WHOLE}: {DIGITS[:100]}"),
    Hostile(order_with("product_id", DIGITS), RAW, ""),
    Hostile(order_with("quantity", "1e400"), RAW, f"quantity is not {WHOLE}: 1e400"),
    Hostile(order(quantity=True), RAW, f"quantity is not {WHOLE}: true"),
    Hostile(order(quantity=[2]), RAW, f"quantity is not {WHOLE}: [2]"),
    Hostile(order(quantity={"n": 2}), RAW, f'quantity is not {WHOLE}: {{"n":2}}'),
    Hostile(order(quantity="two"), RAW, f"quantity is not {WHOLE}: two"),
    Hostile(order(quantity=1.5), RAW, f"quantity is not {WHOLE}: 1.5"),
    Hostile(order(quantity=None), RAW, "quantity is missing"),
    Hostile(order(unit_price=12.345), RAW, f"unit_price is not {PRICE}: 12.345"),
    Hostile(
        order(total_amount=[]),
        RAW,
        "total_amount is not a number of at most 12 digits, 2 of them decimals: []",
    ),
    Hostile(order(customer_id=None), RAW, "customer_id is missing"),
    Hostile(order(customer_id={"a": 1}), RAW, 'customer_id is not an id: {"a":1}'),
    Hostile(order(product_id=[]), RAW, "product_id is not an id: []"),
    Hostile(order(order_id=""), RAW, "order_id is not an id: "),
    Hostile(order(event_id=None), RAW, ""),
    Hostile(order(event_id={"a": 1}), RAW, 'event_id is not an id: {"a":1}'),
    Hostile(
        order(event_timestamp="0000-01-01T00:00:00Z"),
        RAW,
        f"event_timestamp is not {MOMENT}: 0000-01-01T00:00:00Z",
    ),
    Hostile(
        order(event_timestamp="0001-01-01T00:00:00+14:00"),
        RAW,
        f"event_timestamp is not {MOMENT}: 0001-01-01T00:00:00+14:00",
    ),
    Hostile(
        order(event_timestamp="9999-12-31T23:59:59.999999999Z"),
        RAW,
        f"event_timestamp is not {MOMENT}: 9999-12-31T23:59:59.999999999Z",
    ),
    Hostile(
        order(event_timestamp="9999-12-31T23:59:59-00:01"),
        RAW,
        f"event_timestamp is not {MOMENT}: 9999-12-31T23:59:59-00:01",
    ),
    Hostile(
        order(event_timestamp="2026-02-30T00:00:00Z"),
        RAW,
        f"event_timestamp is not {MOMENT}: 2026-02-30T00:00:00Z",
    ),
    Hostile(
        order(event_timestamp=1_795_385_003), RAW, f"event_timestamp is not {MOMENT}: 1795385003"
    ),
    Hostile(order(event_timestamp=None), RAW, "event_timestamp is missing"),
    Hostile(order(**dict.fromkeys(set(ORDER) - {"event_type"})), RAW, "event_timestamp is missing"),
    Hostile(b'{"event_type": "ORDER_CREATED"}', RAW, "event_timestamp is missing"),
    Hostile(b'{"event_type": "INVENTORY_ADJUSTED"}', RAW, "event_timestamp is missing"),
    Hostile(b'{"event_type": "ORDER_CANCELLED"}', RAW, "event_timestamp is missing"),
    Hostile(
        order(**dict.fromkeys(set(ORDER) - {"event_type"}, SQL)),
        RAW,
        f"event_timestamp is not {MOMENT}: {SQL}",
    ),
    Hostile(
        adjustment(**dict.fromkeys(set(ADJUSTMENT) - {"event_type"}, SQL)),
        RAW,
        f"event_timestamp is not {MOMENT}: {SQL}",
    ),
    Hostile(order(event_id="e-4", product_name=SQL, shipping_address='";--\\'), RAW, ""),
    Hostile(order(event_id="e-5", product_name="a\x00b"), RAW, ""),
    Hostile(order(event_id="a\x00b"), RAW, ""),
    Hostile(order(event_id="e-6", product_name="\U0001f377" * 50_000), RAW, ""),
    Hostile(order(event_id="e-7", x={"a": [{"b": [{"c": 1}] * 10}] * 10}), RAW, ""),
    Hostile(order_with("x", "[" * 99 + "]" * 99).replace(b"e-1", b"e-8"), RAW, ""),
    Hostile(adjustment(adjustment_id=None, event_id="a-2"), RAW, ""),
    Hostile(adjustment(new_stock_level="many"), RAW, f"new_stock_level is not {WHOLE}: many"),
    Hostile(adjustment(adjustment_id="a-3", quantity_change="1e2"), RAW, ""),
    Hostile(adjustment(quantity_change="1e-2"), RAW, f"quantity_change is not {WHOLE}: 1e-2"),
    # What comes along with an event.
    Hostile(order(event_id="k-1"), RAW, "", key=None),
    Hostile(order(event_id="k-2"), RAW, "", key=b""),
    Hostile(order(event_id="k-3"), RAW, "", key=b"\xff\x00\xfe"),
    Hostile(order(event_id="k-4"), RAW, "", key=SQL.encode()),
    Hostile(order(event_id="h-1"), RAW, "", headers=[("a", b""), ("a", b""), ("", b"\xff\x00")]),
    Hostile(order(event_id="h-2"), RAW, "", headers=[(name_of(b"\xff\xc3"), b"x")]),
    Hostile(order(event_id="h-3"), RAW, "", headers=[("a\x00b", b"a\x00b"), (SQL, SQL.encode())]),
)
