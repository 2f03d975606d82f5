"""The few fields that every event shares, read leniently: what does not parse is None.

Whether an event with such a gap is any good is for the transforms to decide.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from ingest.strict_json import Number, plain_number

ORDER_CREATED = "ORDER_CREATED"

# Date, minutes, seconds, fraction, zone: the grammar of docs/events.md, as the procedures have it.
_TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?"
    r"([Zz]|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?",
    re.ASCII,
)
# Years in UTC: what every reader of the warehouse can show, in every time zone.
_FIRST_YEAR, _LAST_YEAR = 1970, 2261


class Envelope(NamedTuple):
    event_id: str
    event_type: str | None
    event_timestamp: str | None
    product_id: str | None
    customer_id: str | None


def read_envelope(event: dict[str, Any], place: str) -> Envelope:
    """The envelope of an event of any type, or of none: the procedures decide which they know.

    `place` (topic-partition-offset) names an event that brings no usable id of its own. The shop's
    first producer called the timestamp event_ts, and its order lines had no event id.
    """
    event_type = event.get("event_type")
    is_text = isinstance(event_type, str) and not isinstance(event_type, Number)
    return Envelope(
        event_id=event_id(event) or place,
        event_type=identifier(event_type) if is_text else None,
        event_timestamp=utc_timestamp(_first(event, "event_timestamp", "event_ts")),
        product_id=identifier(event.get("product_id")),
        customer_id=identifier(event.get("customer_id")),
    )


def event_id(event: dict[str, Any]) -> str | None:
    """The event's own id; for an order without one, its order's id."""
    own = identifier(event.get("event_id"))
    if own is None and event.get("event_type") == ORDER_CREATED:
        return identifier(event.get("order_id")) or identifier(event.get("order_line_id"))
    return own


def identifier(value: Any) -> str | None:
    """An opaque id: text as it is, a number as a VARIANT writes it; blanks, U+0000, anything else
    None."""
    if isinstance(value, Number):
        return plain_number(value)
    usable = isinstance(value, str) and "\x00" not in value and value.strip(" ")
    return str(value) if usable else None


def utc_timestamp(value: Any) -> str | None:
    """ISO 8601 text of the years 1970 to 2261 as UTC without an offset, its fraction untouched; no
    offset means UTC.

    >>> utc_timestamp("2026-11-22T10:00:00.5+01:00")
    '2026-11-22 09:00:00.5'
    """
    if not isinstance(value, str) or isinstance(value, Number):
        return None
    match = _TIMESTAMP.fullmatch(value)
    if match is None:
        return None
    date, minutes, seconds, fraction, zone = match.groups()
    minute = _utc_minute(date, minutes, zone)
    if minute is None:
        return None
    return f"{minute}:{seconds or '00'}.{fraction}" if fraction else f"{minute}:{seconds or '00'}"


@lru_cache(maxsize=1024)
def _utc_minute(date: str, minutes: str, zone: str | None) -> str | None:
    """A minute of a zone as UTC's; events come thousands to the minute."""
    try:
        moment = datetime.fromisoformat(f"{date}T{minutes}{_full_zone(zone)}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment.replace(tzinfo=None).isoformat(" ", "minutes")


def _full_zone(zone: str | None) -> str:
    if zone is None or zone in "Zz":
        return "+00:00"
    return f"{zone[:3]}:{zone[-2:] if len(zone) > 3 else '00'}"


def _first(event: dict[str, Any], *names: str) -> Any:
    """The value of the first of these names that the event has and that is not null."""
    for name in names:
        if (value := event.get(name)) is not None:
            return value
    return None
