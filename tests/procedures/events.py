"""Random events: few ids, few moments, and every form that they can be written in.

The pools are small on purpose: what goes wrong goes wrong between events of one order, one
adjustment or one product, so a batch has to be full of such pairs.
"""

from __future__ import annotations

import json
from random import Random

from tests.procedures.pipeline import Event, adjustment, cancellation, order, without

ORDERS = 60
ADJUSTMENTS = 90
PARTITIONS = 3

# Seven instants, most of them in several forms: summer time begins and ends, a UTC midnight lies
# between two days of the shop, and one instant has a fraction.
MOMENTS = (
    "2026-03-29T01:59:59+01:00",
    "2026-03-29T00:59:59Z",
    "2026-03-29T03:00:00+02:00",
    "2026-10-25T02:30:00+02:00",
    "2026-10-25T02:30:00+01:00",
    "2026-11-22T23:30:00+00:00",
    "2026-11-23T00:30:00+01:00",
    "2026-11-23 00:30:00+0100",
    "2026-11-22T18:30:00-05:00",
    "2026-11-22T23:30:00",
    "2026-11-22T23:30:00.000001Z",
    "2026-11-23T00:00:00Z",
    # An hour ahead of the ingestion at noon, to the second.
    "2026-11-23T14:00:00+01:00",
)
NAMES = ("Château Margaux – Grand Vin", "🍾", "x" * 4000, 'O\'Brien "réserve"; DROP TABLE x', "")
CATEGORIES = ("🍷 Rouge", "🥂 Blanc", None)
PRODUCTS = (*(f"p-{n}" for n in range(12)), 5, 501)

ORDER_FAULTS: tuple[Event, ...] = (
    {"quantity": 1.5},
    {"quantity": "1.5"},
    {"quantity": 0},
    {"quantity": -1},
    {"quantity": 12345678901},
    {"quantity": None},
    {"quantity": True},
    {"unit_price": 12.345},
    {"unit_price": "-0.01"},
    {"unit_price": 100000000},
    {"unit_price": "free"},
    {"total_amount": "1.001"},
    {"total_amount": None, "total_price": None, "quantity": 9999999999, "unit_price": 99999999.99},
    {"event_timestamp": "2026-02-30T00:00:00Z"},
    {"event_timestamp": "soon"},
    {"event_timestamp": None},
    {"event_timestamp": "2026-11-23T13:00:00.001Z"},
    {"event_timestamp": "2126-11-22T10:00:00Z"},
    {"event_timestamp": "1969-12-31T23:59:59Z"},
    {"quantity": "1e-1"},
    {"unit_price": "1991E-3"},
    {"order_id": None},
    {"order_id": ["o-1"]},
    {"customer_id": " "},
    {"product_id": None},
    {"event_type": "ORDER_LOST"},
)
ADJUSTMENT_FAULTS: tuple[Event, ...] = (
    {"quantity_change": 1.5},
    {"quantity_change": None},
    {"quantity_change": "10000000000"},
    {"new_stock_level": 0.5},
    {"new_stock_level": "many"},
    {"adjustment_type": None},
    {"adjustment_type": " "},
    {"adjustment_id": {"id": 1}},
    {"product_id": ""},
    {"event_timestamp": "2026-11-31T00:00:00Z"},
    {"event_timestamp": "2026-11-23T13:00:01Z"},
    {"quantity_change": "1E+10"},
)
CANCELLATION_FAULTS: tuple[Event, ...] = (
    {"order_id": None, "order_line_id": None},
    {"order_id": {"id": 1}},
    {"event_timestamp": None, "event_ts": None},
    {"event_timestamp": "soon"},
    {"event_timestamp": "2026-11-23T13:00:01Z"},
    {"event_id": True},
    {"event_type": "ORDER_LOST"},
)
OLD_NAMES = {
    "order_id": "order_line_id",
    "event_timestamp": "event_ts",
    "product_category": "category",
    "total_amount": "total_price",
}


def as_the_first_producer(event: Event) -> Event:
    return {OLD_NAMES.get(name, name): value for name, value in event.items()}


def batch(seed: int, size: int) -> list[tuple[int, str]]:
    """(partition, text) pairs; a smaller batch of the same seed is the start of a larger one."""
    random = Random(seed)
    pairs = []
    for _ in range(size):
        event = random.choice(EVENTS)(random)
        partition = random.randrange(PARTITIONS)
        pairs.append((partition, json.dumps(event, ensure_ascii=False)))
    return pairs


def fault(random: Random, faults: tuple[Event, ...]) -> Event:
    """No change, or in one case of six a fault."""
    return random.choice(faults) if random.randrange(6) == 0 else {}


def order_event(random: Random) -> Event:
    """An order event; the same order with the same event id always says the same."""
    n, version = random.randrange(ORDERS), random.randrange(3)
    said = Random(f"{n}-{version}")
    event = order(
        f"o-{n}",
        event_id=f"e-{version}",
        product_id=said.choice(PRODUCTS),
        product_name=said.choice(NAMES),
        product_category=said.choice(CATEGORIES),
        quantity=said.choice((1, "2", 3.0, "6E+1")),
        unit_price=said.choice((0, "0.1", 19.99, 19.90, 99999999.99)),
        total_amount=said.choice((None, "", "1.01", 0.1, 9999999999.99)),
    )
    if n % 5 == 4:
        event = as_the_first_producer(without(order(f"o-{n}", category="🌸 Rosé"), "event_id"))
    timestamp = "event_ts" if n % 5 == 4 else "event_timestamp"
    return event | {timestamp: random.choice(MOMENTS)} | fault(random, ORDER_FAULTS)


def adjustment_event(random: Random) -> Event:
    """A stock adjustment; of those with one id any may say anything, for only the first counts."""
    event = adjustment(
        f"a-{random.randrange(ADJUSTMENTS)}",
        event_timestamp=random.choice(MOMENTS),
        product_id=random.choice(PRODUCTS),
        product_name=random.choice(NAMES),
        product_category=random.choice(CATEGORIES),
        quantity_change=random.choice((0, -1, "24", "2.4e1", 6.0, 9999999999, "-9999999999")),
        new_stock_level=random.choice((None, None, None, 0, "18", -3, 9999999999)),
    )
    form = random.randrange(8)
    if form == 0:
        event = as_the_first_producer(without(event, "adjustment_id"))
    elif form == 1:
        event = without(event, "adjustment_id", "event_id")
    return event | fault(random, ADJUSTMENT_FAULTS)


def cancellation_event(random: Random) -> Event:
    """A cancellation, of an order that has come, is yet to come, or never does."""
    n, version = random.randrange(ORDERS + 5), random.randrange(3)
    event = cancellation(
        f"o-{n}",
        event_id=f"c-{version}",
        event_timestamp=random.choice(MOMENTS),
        # Of one order, one event id and one moment there is one event.
        reason=Random(f"{n}-{version}").choice(("changed their mind", "🍷 broken", None, "")),
    )
    if n % 5 == 4:
        event = as_the_first_producer(without(event, "event_id"))
    return event | fault(random, CANCELLATION_FAULTS)


EVENTS = (*[order_event, adjustment_event] * 4, cancellation_event)
