"""Events in which nothing is unusual, as nearly all are, read in two thirds of the time.

`strict_json` and `envelope` say what an event means. Each function here says the same, or None
where only they can tell.
"""

import json
import re
from functools import lru_cache
from typing import Any

from ingest.envelope import Envelope, utc_timestamp
from ingest.strict_json import Number, is_kept, refuse_constant

_SECONDS = re.compile(r"[0-5]\d(?:\.\d{1,9})?", re.ASCII)


@lru_cache(maxsize=4096)
def _kept_number(number: str) -> Number:
    """Quantities and prices come again and again. Raises ValueError for one that a VARIANT would
    not keep."""
    if not is_kept(number):
        raise ValueError(number)
    return Number(number)


_SCANNER: Any = json.JSONDecoder(
    parse_constant=refuse_constant, parse_float=_kept_number, parse_int=_kept_number
)
_scan = _SCANNER.scan_once


def plain_object(text: str) -> dict[str, Any] | None:
    """The value of a JSON object that is strict, flat, and has neither a backslash nor a number
    that a VARIANT would not keep; None for any other text.

    The parser asks nobody about keys, so it would keep the last of two equal ones. Without a
    backslash each quotation mark stands at an end of a key or a string, so if the object's own keys
    and strings make up for all of them, no key was lost to an equal one, and none is inside: what
    is nested here is empty.
    """
    if "\\" in text or "[" in text:
        return None
    try:
        value, end = _scan(text, 0)
    except (ValueError, StopIteration, RecursionError):
        return None
    if type(value) is not dict or end != len(text):
        return None
    strings = list(map(type, value.values())).count(str)
    return value if text.count('"') == 2 * (len(value) + strings) else None


def plain_envelope(event: dict[str, Any]) -> Envelope | None:
    """The envelope of a plain object whose ids are texts, and whose timestamp has seconds and an
    offset; None for any other.

    A text of a plain object has no U+0000, and one that begins with anything but a blank is an id.
    """
    get = event.get
    event_id, event_type, product_id = get("event_id"), get("event_type"), get("product_id")
    timestamp, customer_id = get("event_timestamp"), get("customer_id")
    if not (
        type(event_id) is str
        and type(event_type) is str
        and type(product_id) is str
        and type(timestamp) is str
        and (customer_id is None or (type(customer_id) is str and customer_id >= "!"))
        and event_id >= "!"
        and event_type >= "!"
        and product_id >= "!"
    ):
        return None
    zone = -1 if timestamp[-1:] == "Z" else -6
    minute, seconds = _minute(timestamp[:17], timestamp[zone:]), timestamp[17:zone]
    if minute is None or _SECONDS.fullmatch(seconds) is None:
        return None
    return Envelope(event_id, event_type, minute + seconds, product_id, customer_id)


@lru_cache(maxsize=1024)
def _minute(start: str, zone: str) -> str | None:
    """A timestamp up to its minute's colon, as UTC; events come thousands to the minute."""
    if not zone.startswith(("Z", "+", "-")):
        return None
    moment = utc_timestamp(f"{start}00{zone}")
    return None if moment is None else moment[:-2]
