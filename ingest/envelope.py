"""The few fields that every event shares, read leniently: what does not parse is None.

Whether an event with such a gap is any good is for the transforms to decide.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ingest.strict_json import Number

ORDER_CREATED = "ORDER_CREATED"
INVENTORY_ADJUSTED = "INVENTORY_ADJUSTED"
EVENT_TYPES = (ORDER_CREATED, INVENTORY_ADJUSTED)

_TIMESTAMP = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T ](?P<minutes>\d\d:\d\d)(?::(?P<seconds>\d\d)"
    r"(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Envelope:
    event_id: str
    event_type: str
    event_timestamp: str | None
    product_id: str | None
    customer_id: str | None


def read_envelope(event: dict[str, Any], place: str) -> Envelope:
    """The envelope of an event of a known type.

    `place` (topic-partition-offset) names an event that brings no usable id of its own. The shop's
    first producer called the timestamp event_ts, and its order lines had no event id.
    """
    event_type = event["event_type"]
    return Envelope(
        event_id=event_id(event) or place,
        event_type=event_type,
        event_timestamp=utc_timestamp(_first(event, "event_timestamp", "event_ts")),
        product_id=identifier(event.get("product_id")),
        customer_id=identifier(event.get("customer_id")),
    )


def event_id(event: dict[str, Any]) -> str | None:
    """The event's own id; an order without one goes by its order's id."""
    own = identifier(event.get("event_id"))
    if own is None and event.get("event_type") == ORDER_CREATED:
        return identifier(event.get("order_id")) or identifier(event.get("order_line_id"))
    return own


def identifier(value: Any) -> str | None:
    """An opaque id: text as it is, a number as its text; blanks, U+0000, anything else None."""
    usable = isinstance(value, str) and value.strip() and "\x00" not in value
    return str(value) if usable else None


def utc_timestamp(value: Any) -> str | None:
    """ISO 8601 text as UTC without an offset, its fraction untouched; no offset means UTC.

    >>> utc_timestamp("2026-11-22T10:00:00.5+01:00")
    '2026-11-22 09:00:00.5'
    """
    if not isinstance(value, str) or isinstance(value, Number):
        return None
    match = _TIMESTAMP.fullmatch(value)
    if match is None:
        return None
    whole = f"{match['date']}T{match['minutes']}:{match['seconds'] or '00'}"
    zone = _full_zone(match["zone"])
    try:
        moment = datetime.fromisoformat(whole + zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    fraction = f".{match['fraction']}" if match["fraction"] else ""
    return moment.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0") + fraction


def _full_zone(zone: str | None) -> str:
    if zone is None or zone in "Zz":
        return "+00:00"
    return f"{zone[:3]}:{zone[-2:] if len(zone) > 3 else '00'}"


def _first(event: dict[str, Any], *names: str) -> Any:
    """The value of the first of these names that the event has and that is not null."""
    return next((event[name] for name in names if event.get(name) is not None), None)
