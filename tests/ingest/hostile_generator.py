"""Any number of messages as nobody should send them, each with what must become of it.

A seed says which; the same seed gives the same messages. An event is put together of values of
which it is known whether the field may have them, so what must become of it is known without any of
the pipeline's code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import NamedTuple

from tests.readings import IDS, NUMBER_TEXTS, NUMBERS, TIMESTAMPS

# What a terminal, a message or a statement might obey.
NASTY = (
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b31m",
    "\x7f",
    "a\u202eb\u2066c",
    "\u2028\u2029\u0085",
    "line\r\nCLOSED LOW_STOCK p-1",
    "<!channel> <https://example.org|here>",
    "'; DROP TABLE RAW_DATA.RAW_EVENTS_STREAM; --",
    "[red]markup[/]",
    "{{ctx.env.database}} <% ctx.env.database %>",
    "\U0001f377\u200d\U0001f468",
    "\ufeff\u200b",
    "\u0301" * 20,
    "x" * 20_000,
)


@dataclass
class Written:
    """A field's value as JSON text, None where the field is left out, and whether it is valid."""

    text: str | None
    is_valid: bool
    number: Decimal | None = None


@dataclass
class Generated:
    """A message; how a reject of the ingester begins, or the fields of an event that are faulty."""

    value: bytes | None
    ingest: str | None = None
    faults: set[str] = field(default_factory=set)
    key: bytes | None = b"p-1"
    headers: list[tuple[str, bytes]] = field(default_factory=list)


class Number(NamedTuple):
    digits: int
    decimals: int


def messages(seed: int, count: int, now: datetime) -> list[Generated]:
    random = Random(seed)
    return [_message(random, number, now) for number in range(count)]


def _message(random: Random, number: int, now: datetime) -> Generated:
    make = random.choice((_order, _order, _adjustment, _adjustment, _broken, _of_no_type))
    message = make(random, number, now)
    message.key = random.choice((b"p-1", None, b"", b"\xff\x00", random.randbytes(20)))
    if message.value is None:
        message.key = b"p-1"  # a client sends no message without both
    message.headers = [
        (random.choice(("trace", "", "é")), random.randbytes(5)) for _ in range(random.randrange(3))
    ]
    return message


def _order(random: Random, number: int, now: datetime) -> Generated:
    quantity = _number(random, Number(10, 0), lambda value: value > 0)
    price = _number(random, Number(10, 2), lambda value: value >= 0)
    total = _optional(random, Number(12, 2))
    faulty = _faults({"quantity": quantity, "unit_price": price, "total_amount": total})
    if total.text is None and not faulty:
        assert quantity.number is not None
        assert price.number is not None
        if abs(quantity.number * price.number) >= 10**10:
            faulty.add("total_amount")
    fields = {
        "event_id": _event_id(random, number),
        "event_timestamp": _moment(random, now),
        "order_id": _id(random, f"o-{number}"),
        "customer_id": _id(random, "c-1"),
        "product_id": _id(random, f"p-{number % 7}"),
        "product_name": _text(random),
        "product_category": _text(random),
        "payment_method": _text(random),
        "shipping_address": _text(random),
    }
    everything = {**fields, "quantity": quantity, "unit_price": price, "total_amount": total}
    return _event(random, "ORDER_CREATED", everything, faulty | _faults(fields))


def _adjustment(random: Random, number: int, now: datetime) -> Generated:
    fields = {
        "event_id": _event_id(random, number),
        "event_timestamp": _moment(random, now),
        "adjustment_id": _id(random, f"a-{number}"),
        "product_id": _id(random, f"p-{number % 7}"),
        "product_name": _text(random),
        "adjustment_type": _mostly(
            random, Written('"COUNT"', True), Written('" "', False), Written(None, False)
        ),
        "quantity_change": _number(random, Number(10, 0), lambda value: True),
        "new_stock_level": _optional(random, Number(10, 0)),
        "reason": _text(random),
        "warehouse_location": _text(random),
    }
    if _is_missing(fields["adjustment_id"]):
        fields["adjustment_id"].is_valid = True
    return _event(random, "INVENTORY_ADJUSTED", fields, _faults(fields))


def _event(
    random: Random, event_type: str, fields: dict[str, Written], faults: set[str]
) -> Generated:
    """The event's text: fields in any order, and others that nobody knows between them."""
    pairs = [(name, each.text) for name, each in fields.items() if each.text is not None]
    pairs.append(("event_type", f'"{event_type}"'))
    pairs += [(f"unknown {n}", _any(random)) for n in range(random.randrange(3))]
    random.shuffle(pairs)
    blank = random.choice(("", " ", "\n"))
    text = ",".join(f"{json.dumps(name)}:{blank}{value}" for name, value in pairs)
    return Generated(f"{{{text}}}".encode(), faults=faults)


def _faults(fields: dict[str, Written]) -> set[str]:
    return {name for name, each in fields.items() if not each.is_valid}


def _mostly(random: Random, usual: Written, *others: Written) -> Written:
    """The usual value, or one time in eight another."""
    chosen = random.choice(others) if random.randrange(8) == 0 else usual
    return Written(chosen.text, chosen.is_valid, chosen.number)


def _id(random: Random, usual: str) -> Written:
    others = [Written(text, id_ is not None) for text, id_ in IDS.items()]
    others += [Written(json.dumps(text), True) for text in NASTY]
    return _mostly(random, Written(json.dumps(usual), True), Written(None, False), *others)


def _is_missing(written: Written) -> bool:
    return (
        written.text is None or not (json.loads(written.text) or " ").strip(" ")
        if (written.text is None or written.text == "null" or written.text.startswith('"'))
        else False
    )


def _event_id(random: Random, number: int) -> Written:
    """Optional, but if it is there it has to be an id."""
    written = _id(random, f"e-{number}")
    return Written(written.text, written.is_valid or _is_missing(written))


def _moment(random: Random, now: datetime) -> Written:
    usual = Written('"2026-11-22T10:00:00+01:00"', True)
    others = [
        Written(json.dumps(value), moment is not None and datetime.fromisoformat(moment) <= now)
        for value, moment in TIMESTAMPS.items()
    ]
    return _mostly(random, usual, Written(None, False), *others)


def _number(random: Random, number: Number, holds: Callable[[Decimal], bool]) -> Written:
    others = [Written(text, False) for text in (None, "null", "true", "[]", '{"a":1}', '""')]
    others += [_read(text, number, holds) for text in _numbers(random)]
    return _mostly(random, _read("2", number, holds), *others)


def _optional(random: Random, number: Number) -> Written:
    others = [Written(text, True) for text in (None, "null", '""', '"  "')]
    others += [Written(text, False) for text in ("false", "[1]", "{}")]
    others += [_read(text, number, lambda value: True) for text in _numbers(random)]
    return _mostly(random, others[0], *others)


def _numbers(random: Random) -> list[str]:
    """As JSON, and as texts, with one more that nobody has thought of."""
    drawn = f"{random.randrange(10 ** random.randrange(1, 14))}E{random.randrange(-12, 12)}"
    bare = [each.written for each in NUMBERS] + [drawn]
    return bare + [json.dumps(text) for text in (*bare, *(each.written for each in NUMBER_TEXTS))]


def _read(text: str, number: Number, holds: Callable[[Decimal], bool]) -> Written:
    """By Python's decimals."""
    written = json.loads(text) if text.startswith('"') else text
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", written):
        return Written(text, False)
    value = Decimal(written)
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if value:
        short = "".join(map(str, digits)).rstrip("0")
        exponent += len(digits) - len(short)
        fits = -exponent <= number.decimals
        fits = fits and len(short.lstrip("0")) + exponent <= number.digits - number.decimals
    else:
        fits, value = True, Decimal(0)
    return Written(text, fits and holds(value), value if fits else None)


def _text(random: Random) -> Written:
    """Anything is a text, or becomes one."""
    nasty = [Written(json.dumps(each, ensure_ascii=random.random() < 0.5), True) for each in NASTY]
    return _mostly(random, Written('"Château"', True), Written(None, True), *nasty)


def _any(random: Random) -> str:
    depth = random.choice((0, 1, 5, 90))
    return "[" * depth + random.choice(("1e400", "null", '"\\u0000"', "-0.0")) + "]" * depth


def _broken(random: Random, number: int, now: datetime) -> Generated:
    """No event at all."""
    good = _order(random, number, now).value or b""
    text = good.decode()
    pieces = (
        (None, "a tombstone"),
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"\xff\xfe" + random.randbytes(30), "not UTF-8"),
        (good[: -random.randrange(1, min(len(good), 300))].rstrip(), "not "),
        (good + good, "not JSON: something follows"),
        (text.replace("{", '{"a":1,"a":2,', 1).encode(), "not JSON: the field 'a' comes twice"),
        (text.replace("{", '{"a":"\\ud83c",', 1).encode(), "not JSON: half a character"),
        (text.replace("{", '{"a":NaN,', 1).encode(), "not JSON: NaN"),
        (text.replace("{", '{"a":01,', 1).encode(), "not JSON: "),
        (text.replace("{", '{"a":"\x07",', 1).encode(), "not JSON: "),
        (b'{"a":' * random.choice((101, 5000)) + b"1", "not JSON: "),
        (b"[" * 200 + b"]" * 200, "not JSON: nested"),
        (b"\xef\xbb\xbf" + good, "not JSON: a byte order mark"),
        (b"[" + good + b"]", "not a JSON object: an array"),
        (random.choice((b"7", b'"x"', b"true", b"null")), "not a JSON object: "),
        # As registries wrap an event.
        (b"\x00\x00\x00\x00\x07" + good, ""),
    )
    value, reason = random.choice(pieces)
    return Generated(value, ingest=reason)


def _of_no_type(random: Random, number: int, now: datetime) -> Generated:
    """An object, and thus a row of RAW, whose type nobody knows."""
    good = _order(random, number, now).value or b""
    pieces = (
        json.dumps({"event_type": random.choice(NASTY)}).encode(),
        json.dumps({"event_type": random.choice(([], {}, 7, True))}).encode(),
        b"{}",
        b'{"event_type":null}',
        # As connectors wrap an event.
        b'{"schema":{},"payload":' + good + b"}",
        b'{"specversion":"1.0","type":"x","id":"1","source":"s","data":' + good + b"}",
        b'{"before":null,"after":' + good + b',"op":"c"}',
    )
    return Generated(random.choice(pieces), faults={"event_type"})
