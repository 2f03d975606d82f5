"""The pipeline's laws 2 to 5 in plain Python, written from their text and from nothing else.

It shares no code, no SQL and no library with the procedures: events are read with `json`,
`decimal` and `datetime`, rows are dictionaries, and each law is a loop that one can check by eye.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Place = tuple[str, int, int]
Row = dict[str, Any]


@dataclass(frozen=True)
class Delivery:
    """One message as RAW has it: its place in Kafka, its text, and when it came in."""

    place: Place
    text: str
    ingested_at: datetime = datetime(2026, 11, 23, 12)


TABLES = {
    "ORDER_CREATED": "STG_ORDERS",
    "ORDER_CANCELLED": "STG_ORDER_CANCELLATIONS",
    "INVENTORY_ADJUSTED": "STG_INVENTORY_ADJ",
}


@dataclass
class Reading:
    """What a delivery says: a row of the table it belongs to, or the fields that are wrong."""

    delivery: Delivery
    kind: str
    row: Row = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)

    @property
    def table(self) -> str:
        if self.faults:
            return "REJECTED_EVENTS"
        return TABLES[self.kind]


class Reader:
    """Reads fields of one event; notes each field that has no exact reading."""

    def __init__(self, delivery: Delivery) -> None:
        self.event = json.loads(delivery.text, parse_float=Decimal)
        self.ingested_at = delivery.ingested_at
        self.faults: set[str] = set()

    def value(self, *names: str) -> Any:
        """The first of the field's names that has a value."""
        return next((self.event[n] for n in names if self.event.get(n) is not None), None)

    def text(self, *names: str) -> str | None:
        value = self.value(*names)
        return None if value is None else str(value)

    def id(self, *names: str, default: str | None = None) -> str | None:
        """Text or a whole number; without any, the default, or else it is a fault."""
        value = self.value(*names)
        if value is None or not str(value).strip(" "):
            self.faults |= {names[0]} if default is None else set()
            return default
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            self.faults.add(names[0])
        return str(value)

    def number(self, name: str, digits: int, decimals: int, *synonyms: str) -> Decimal | None:
        """The number, if it has at most `digits` digits, of them at most `decimals` decimals."""
        value = self.text(name, *synonyms)
        if value is None or not value.strip(" "):
            return None
        is_number = re.fullmatch(r"[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,3})?", value)
        exact = Decimal(value) if is_number else None
        scaled = exact and exact.scaleb(decimals)
        if exact is None or (scaled and (scaled % 1 or abs(scaled) >= 10**digits)):
            self.faults.add(name)
            return None
        return exact

    def moment(self) -> datetime | None:
        """The event's moment in UTC, from 1970 to 2261 and at most an hour ahead of its coming in;
        without an offset it is UTC."""
        try:
            moment = datetime.fromisoformat(str(self.text("event_timestamp", "event_ts")))
        except ValueError:
            self.faults.add("event_timestamp")
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        found = aware.astimezone(UTC).replace(tzinfo=None)
        latest = self.ingested_at + timedelta(hours=1)
        self.require("event_timestamp", found, 1970 <= found.year <= 2261 and found <= latest)
        return found

    def require(self, name: str, value: Any, holds: bool = True) -> None:
        if value is None or not holds:
            self.faults.add(name)


def read(delivery: Delivery) -> Reading:
    """The event under §3's contract: required fields, exact numbers, synonyms, defaults."""
    reader = Reader(delivery)
    kind = str(reader.event.get("event_type"))
    if kind == "INVENTORY_ADJUSTED":
        row = read_adjustment(reader, "-".join(map(str, delivery.place)))
    elif kind == "ORDER_CANCELLED":
        row = read_cancellation(reader, "-".join(map(str, delivery.place)))
    else:
        row = read_order(reader)
        reader.require("event_type", kind, kind == "ORDER_CREATED")
    return Reading(delivery, kind, row, reader.faults)


def read_order(reader: Reader) -> Row:
    order_id = reader.id("order_id", "order_line_id")
    quantity = reader.number("quantity", 10, 0)
    price = reader.number("unit_price", 10, 2)
    total = reader.number("total_amount", 12, 2, "total_price")
    reader.require("quantity", quantity, quantity is not None and quantity > 0)
    reader.require("unit_price", price, price is not None and price >= 0)
    if total is None and quantity is not None and price is not None:
        total = quantity * price
        reader.require("total_amount", total, abs(total) < 10**10)
    return {
        "EVENT_ID": reader.id("event_id", default=order_id or ""),
        "EVENT_TIMESTAMP": reader.moment(),
        "ORDER_ID": order_id,
        "CUSTOMER_ID": reader.id("customer_id"),
        "PRODUCT_ID": reader.id("product_id"),
        "PRODUCT_NAME": reader.text("product_name"),
        "PRODUCT_CATEGORY": reader.text("product_category", "category"),
        "QUANTITY": quantity,
        "UNIT_PRICE": price,
        "TOTAL_AMOUNT": total,
        "PAYMENT_METHOD": reader.text("payment_method"),
        "SHIPPING_ADDRESS": reader.text("shipping_address"),
    }


def read_cancellation(reader: Reader, place: str) -> Row:
    return {
        "EVENT_ID": reader.id("event_id", default=place),
        "EVENT_TIMESTAMP": reader.moment(),
        "ORDER_ID": reader.id("order_id", "order_line_id"),
        "REASON": reader.text("reason"),
    }


def read_adjustment(reader: Reader, place: str) -> Row:
    event_id = reader.id("event_id", default=place)
    change = reader.number("quantity_change", 10, 0)
    kind = reader.text("adjustment_type")
    reader.require("quantity_change", change)
    reader.require("adjustment_type", kind, bool(kind and kind.strip(" ")))
    return {
        "EVENT_ID": event_id,
        "EVENT_TIMESTAMP": reader.moment(),
        "ADJUSTMENT_ID": reader.id("adjustment_id", default=event_id),
        "PRODUCT_ID": reader.id("product_id"),
        "PRODUCT_NAME": reader.text("product_name"),
        "PRODUCT_CATEGORY": reader.text("product_category", "category"),
        "ADJUSTMENT_TYPE": kind,
        "QUANTITY_CHANGE": change,
        "NEW_STOCK_LEVEL": reader.number("new_stock_level", 10, 0),
        "REASON": reader.text("reason"),
        "WAREHOUSE_LOCATION": reader.text("warehouse_location"),
    }


def orders(events: Iterable[Row]) -> dict[str, Row]:
    """Law 3: per ORDER_ID the event with the greatest (EVENT_TIMESTAMP, EVENT_ID)."""
    found: dict[str, Row] = {}
    for event in events:
        shown = found.get(event["ORDER_ID"])
        if shown is None or rank_of_order(event) > rank_of_order(shown):
            found[event["ORDER_ID"]] = event
    return found


def rank_of_order(event: Row) -> tuple[datetime, str]:
    return event["EVENT_TIMESTAMP"], event["EVENT_ID"]


def cancellations(events: Iterable[Row]) -> dict[str, Row]:
    """Per ORDER_ID the cancellation with the smallest (EVENT_TIMESTAMP, EVENT_ID)."""
    found: dict[str, Row] = {}
    for event in events:
        shown = found.get(event["ORDER_ID"])
        if shown is None or rank_of_order(event) < rank_of_order(shown):
            found[event["ORDER_ID"]] = event
    return found


def history(batches: Iterable[Iterable[Reading]]) -> dict[str, Row]:
    """Law 4: each ADJUSTMENT_ID once, as it first came: in the first batch that has it, at the
    smallest place in Kafka there."""
    found: dict[str, Row] = {}
    for batch in batches:
        for adjustment in sorted(batch, key=lambda reading: reading.delivery.place):
            found.setdefault(adjustment.row["ADJUSTMENT_ID"], adjustment.row)
    return found


def stock(adjustments: Iterable[Row], ordered: Iterable[Row]) -> Row:
    """Law 5: one product's INVENTORY_CURRENT from its adjustments, at least one, and orders."""
    level = Decimal(0)
    last: Row = {}
    for last in sorted(adjustments, key=lambda a: (a["EVENT_TIMESTAMP"], a["ADJUSTMENT_ID"])):
        counted = last["NEW_STOCK_LEVEL"]
        level = level + last["QUANTITY_CHANGE"] if counted is None else counted
    category = last["PRODUCT_CATEGORY"]
    latest = sorted(ordered, key=lambda o: (*rank_of_order(o), o["ORDER_ID"]))[-1:]
    if category is None and latest:
        category = latest[0]["PRODUCT_CATEGORY"]
    return {
        "PRODUCT_ID": last["PRODUCT_ID"],
        "PRODUCT_NAME": last["PRODUCT_NAME"],
        "PRODUCT_CATEGORY": category,
        "CURRENT_STOCK_LEVEL": level,
        "LAST_ADJ_TIMESTAMP": last["EVENT_TIMESTAMP"],
        "WAREHOUSE_LOCATION": last["WAREHOUSE_LOCATION"],
    }
