"""What is left of a text once a customer is forgotten: pure functions, for OPS.FORGET_CUSTOMER.

A message that is the customer's own keeps the fields that the transforms read, and of these neither
customer nor address: nobody knows what else a producer has put into it. Another customer's message
that mentions this one loses the mention. A text that cannot be read as an event is given up whole.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from event_fields import Field
from event_kinds import (
    CUSTOMER_ID,
    EVENT_ID,
    EVENT_TIMESTAMP,
    KINDS,
    ORDER_CANCELLED,
    PAYMENT_METHOD,
    PRODUCT_ID,
    REASON,
    SHIPPING_ADDRESS,
)

# What stands for a forgotten customer: the transforms take it for an id, and no shop's id has
# parentheses.
FORGOTTEN = "(forgotten)"

FIELDS: dict[str, tuple[Field, ...]] = {kind.event_type: kind.fields for kind in KINDS}
# What every event has, whatever its kind.
ENVELOPE = (EVENT_ID, EVENT_TIMESTAMP, PRODUCT_ID)

WORD = "A-Za-z0-9_-"
ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")


class Number(str):
    """A JSON number as it is written: no digit of an amount may change on the way."""

    @property
    def plain(self) -> str:
        """As the pipeline writes an id: 7.0 and 7 are one."""
        value = Decimal(self)
        return f"{value.normalize():f}" if value else "0"


def names(fields: Iterable[Field]) -> set[str]:
    return {name for each in fields for name in (each.name, *each.synonyms)}


PERSONAL = names((CUSTOMER_ID, SHIPPING_ADDRESS))
# Fields in which people write what they like. The other ones have a vocabulary: a shelf may well be
# called as a customer is.
FREE_TEXT = names((PAYMENT_METHOD, SHIPPING_ADDRESS, REASON))


@dataclass(frozen=True)
class Customer:
    """Who is to be forgotten, and the orders that are known to be theirs."""

    id: str
    orders: frozenset[str] = field(default_factory=frozenset)

    @property
    def pattern(self) -> str:
        """Finds a mention in a text, JSON or not, in SQL as well: no look around.

        An id of digits, or of one or two characters, says nothing by itself: 7 is also a quantity.
        It is a mention behind the word customer alone.
        """
        before = rf"(^|[^{WORD}]|\\[nrtbf])" if self._is_telling else self._behind_customer
        return f"{before}({self._written})($|[^{WORD}])"

    @property
    def _is_telling(self) -> bool:
        return is_telling(self.id)

    @property
    def _behind_customer(self) -> str:
        return "([Cc]ustomer|CUSTOMER)[A-Za-z_]*[^A-Za-z0-9]+([Ii][Dd][^A-Za-z0-9]+)?"

    @property
    def _written(self) -> str:
        """The id, also as JSON escapes it."""
        forms = (self.id, *(json.dumps(self.id, ensure_ascii=each)[1:-1] for each in (False, True)))
        return "|".join(
            re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", each) for each in dict.fromkeys(forms)
        )

    def is_in(self, text: str | None) -> bool:
        return text is not None and re.search(self.pattern, text) is not None

    def without(self, text: str) -> str:
        """The text with FORGOTTEN for each mention."""
        if self._is_telling:
            return re.sub(f"(?<![{WORD}])({self._written})(?![{WORD}])", FORGOTTEN, text)
        behind = f"(?P<before>{self._behind_customer})({self._written})(?![{WORD}])"
        return re.sub(behind, rf"\g<before>{FORGOTTEN}", text)

    def owns_unreadable(self, text: str) -> bool:
        """Whether a text that is no event is about the customer, or about one of their orders."""
        words = set(re.findall(r"[^\s\"',;{}\[\]()\\]+", text))
        return self.is_in(text) or any(map(is_telling, words & self.orders))


def is_telling(id_: str) -> bool:
    return len(id_) > 2 and not id_.isdigit()


def message(text: str, customer: Customer, linked: bool) -> tuple[str, bool]:
    """The JSON object's text without the customer, and whether the message was their own.

    linked: it is of an order that is the customer's; it is theirs unless it names somebody else.
    Raises ValueError where the text is no JSON object with each name once.
    """
    event = parsed(text)
    whose = identifier(event.get(CUSTOMER_ID.name))
    own = whose == customer.id or (
        whose in (None, FORGOTTEN) and (linked or whose == FORGOTTEN or customer.is_in(text))
    )
    after = _own(event, customer) if own else _foreign(event, customer)
    return (text if after == event else written(after)), own


def _own(event: dict[str, Any], customer: Customer) -> dict[str, Any]:
    fields = fields_of(event)
    kept = (names(fields) - PERSONAL) | {"event_type"}
    if fields == ORDER_CANCELLED.fields:
        kept -= names((REASON,))
    has_customer = CUSTOMER_ID in fields
    after = {}
    for name, value in event.items():
        if name in kept:
            after[name] = _redacted(value, customer) if name in FREE_TEXT else value
        elif name == CUSTOMER_ID.name and has_customer and value is not None:
            after[name] = FORGOTTEN
    return after


def _foreign(event: dict[str, Any], customer: Customer) -> dict[str, Any]:
    kept = (names(fields_of(event)) - FREE_TEXT) | {"event_type"}
    rest = {name: value for name, value in event.items() if name not in kept}
    redacted = iter(_redacted(rest, customer).items())
    return dict((name, value) if name in kept else next(redacted) for name, value in event.items())


def fields_of(event: dict[str, Any]) -> tuple[Field, ...]:
    kind = event.get("event_type")
    return FIELDS.get(kind, ENVELOPE) if isinstance(kind, str) else ENVELOPE


def _redacted(value: Any, customer: Customer, of_customer: bool = False) -> Any:
    if isinstance(value, Number):
        return FORGOTTEN if of_customer and value.plain == customer.id else value
    if isinstance(value, str):
        return FORGOTTEN if of_customer and value == customer.id else customer.without(value)
    if isinstance(value, list):
        return [_redacted(each, customer, of_customer) for each in value]
    if isinstance(value, dict):
        return {
            customer.without(name): _redacted(
                each, customer, of_customer or "customer" in name.lower()
            )
            for name, each in value.items()
        }
    return value


def payload(
    text: str, encoding: str | None, customer: Customer, linked: bool
) -> tuple[str | None, bool]:
    """A rejected message without the customer, None where nothing of it can stay, and whether it
    was their own."""
    if encoding != "base64":
        try:
            return message(text, customer, linked)
        except (ValueError, RecursionError):
            return (None, True) if customer.owns_unreadable(text) else (text, False)
    try:
        content = base64.b64decode(text)
    except binascii.Error:
        content = text.encode()
    readings = (content.decode(encoding, "replace") for encoding in ENCODINGS)
    return (None, True) if any(map(customer.owns_unreadable, readings)) else (text, False)


def metadata(text: str | None, customer: Customer, own: bool, product_id: str | None) -> str | None:
    """KAFKA_METADATA without the customer. Of an own message the key stays if it is the product's,
    and no header does."""
    if text is None:
        return None
    kept = json.loads(text, parse_float=Number, parse_int=Number)
    if not isinstance(kept, dict):
        return text
    after = _redacted(kept, customer)
    if own:
        is_products = product_id is None or after.get("key") == product_id
        gone = {"headers"} if is_products else {"headers", "key", "key_encoding"}
        after = {name: each for name, each in after.items() if name not in gone}
    return text if after == kept else written(after)


def reason(text: str | None, customer: Customer, own: bool) -> str | None:
    """Why a message was rejected, without what it says of the customer."""
    if text is None:
        return None
    field_, rule, _ = text.partition(": ")
    if own and rule and (field_.split(" ")[0] in PERSONAL or field_.startswith("refused")):
        return f"{field_}: {FORGOTTEN}"
    return customer.without(text)


def product_of(text: str | None) -> str | None:
    """The product that a message names, if it can be read."""
    try:
        return identifier(parsed(text or "").get(PRODUCT_ID.name))
    except (ValueError, RecursionError):
        return None


def customer_of(text: str | None) -> str | None:
    """The customer that a message names, also where it is cut off or broken."""
    try:
        return identifier(parsed(text or "").get(CUSTOMER_ID.name))
    except (ValueError, RecursionError):
        found = re.search(CUSTOMER_ID.name + r"[^A-Za-z0-9]+([^\s\"',;{}\[\]()\\]+)", text or "")
        return found[1] if found else None


def identifier(value: Any) -> str | None:
    """An id as the pipeline reads it; None for anything else."""
    if isinstance(value, Number):
        return value.plain
    return value if isinstance(value, str) and value.strip(" ") else None


def parsed(text: str) -> dict[str, Any]:
    """Raises ValueError for anything but a JSON object with each name once."""
    found = json.loads(text, parse_float=Number, parse_int=Number, object_pairs_hook=_once)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def written(value: Any) -> str:
    """JSON, each number as it came."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        pairs = (f"{json.dumps(name)}:{written(each)}" for name, each in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)
