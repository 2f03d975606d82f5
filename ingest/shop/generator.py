"""The shop's day as a stream of messages. Pure: the same seed and clock give the same messages.

Every product has a running stock, from which orders take and which adjustments change, so that each
new_stock_level is true at its timestamp. On top of that comes trouble, in the shares asked for:

- duplicate: a message that was sent before, byte for byte;
- late: an event that is held back and sent behind 5 to 40 later messages;
- bad: a message that ingestion or the transforms have to reject;
- legacy: an event as the shop's first producer wrote it.
"""

import json
import random
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from ingest.shop.wines import ADDRESSES, PAYMENT_METHODS, REASONS, WAREHOUSES, WINES, Wine

ORDER_SHARE = 0.7
LOW_STOCK = 24
REMEMBERED = 200
LATE_BY = (5, 40)
# The warehouses write local time; the offset in the text is what counts.
WAREHOUSE_TIME = timezone(timedelta(hours=1))


@dataclass(frozen=True)
class Shares:
    """How much of the stream is trouble, each between 0 and 1."""

    duplicate: float = 0.0
    late: float = 0.0
    bad: float = 0.0
    legacy: float = 0.0


@dataclass(frozen=True)
class Produced:
    """A message to send, and what it is."""

    key: bytes
    value: bytes | None
    kind: str  # order, adjustment, cancellation, duplicate, bad_at_ingest, bad_at_staging
    late: bool = False
    legacy: bool = False


@dataclass
class Counts:
    """How many messages of each kind there were. messages = events + duplicates + bad."""

    messages: int = 0
    events: int = 0
    orders: int = 0
    adjustments: int = 0
    cancellations: int = 0
    duplicates: int = 0
    late: int = 0
    bad: int = 0
    bad_at_ingest: int = 0
    bad_at_staging: int = 0
    legacy: int = 0

    def add(self, produced: Produced) -> None:
        self.messages += 1
        self.orders += produced.kind == "order"
        self.adjustments += produced.kind == "adjustment"
        self.cancellations += produced.kind == "cancellation"
        self.duplicates += produced.kind == "duplicate"
        self.bad_at_ingest += produced.kind == "bad_at_ingest"
        self.bad_at_staging += produced.kind == "bad_at_staging"
        self.events = self.orders + self.adjustments + self.cancellations
        self.bad = self.bad_at_ingest + self.bad_at_staging
        self.late += produced.late
        self.legacy += produced.legacy

    def as_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass
class Shop:
    """Ask `next_message` as often as you like, then `held_back` for the rest."""

    seed: int
    shares: Shares = field(default_factory=Shares)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._stock = {wine.product_id: self._random.randint(60, 240) for wine in WINES}
        self._sent: deque[Produced] = deque(maxlen=REMEMBERED)
        self._held: list[tuple[int, Produced]] = []
        self._number = 0
        self._last: datetime | None = None

    def next_message(self, now: datetime, may_hold: bool = True) -> Produced:
        """The next message of the stream; `now` is the time in the shop, with its offset.

        Unless it may not, it may hold back another one in passing.
        """
        self._number += 1
        due = next((held for held in self._held if held[0] <= self._number), None)
        if due is not None:
            self._held.remove(due)
            return self._remember(due[1])
        draw = self._random.random()
        if draw < self.shares.duplicate and self._sent:
            again = self._random.choice(self._sent)
            return Produced(again.key, again.value, "duplicate")
        if self.shares.duplicate <= draw < self.shares.duplicate + self.shares.bad:
            return self._bad(self._moment(now))
        if self._random.random() < self.shares.late and may_hold:
            late = self._event(self._moment(now))
            release = self._number + self._random.randint(*LATE_BY)
            held = Produced(late.key, late.value, late.kind, late=True, legacy=late.legacy)
            self._held.append((release, held))
        return self._remember(self._event(self._moment(now)))

    def held_back(self) -> Iterator[Produced]:
        """The late events that have not been sent yet."""
        while self._held:
            yield self._held.pop(0)[1]

    @property
    def held(self) -> int:
        return len(self._held)

    def _remember(self, produced: Produced) -> Produced:
        self._sent.append(produced)
        return produced

    def _moment(self, now: datetime) -> datetime:
        """Now, but later than any moment before: two events of a product have an order."""
        if self._last is not None and now <= self._last:
            now = self._last + timedelta(microseconds=1)
        self._last = now
        return now

    def _event(self, moment: datetime) -> Produced:
        wine = self._random.choice(WINES)
        stock = self._stock[wine.product_id]
        if stock < LOW_STOCK and self._random.random() < 0.5:
            return self._adjustment(wine, moment, "REPLENISHMENT")
        if stock and self._random.random() < ORDER_SHARE:
            return self._order(wine, moment)
        return self._adjustment(wine, moment, self._random.choice(tuple(REASONS)))

    def _order(self, wine: Wine, moment: datetime) -> Produced:
        stock = self._stock[wine.product_id]
        quantity = min(stock, self._quantity(wine))
        self._stock[wine.product_id] = stock - quantity
        total = quantity * wine.cents
        if quantity == 12:
            total = total * 95 // 100  # a case of twelve is 5 % off
        event = {
            "event_id": self._id(),
            "event_type": "ORDER_CREATED",
            "event_timestamp": moment.isoformat(),
            "order_id": f"ORD-{self._id()}",
            "customer_id": f"CUST-{self._customer():05d}",
            "product_id": wine.product_id,
            "product_name": wine.name,
            "product_category": wine.category,
            "quantity": quantity,
            "unit_price": euros(wine.cents),
            "total_amount": euros(total),
            "payment_method": self._random.choice(PAYMENT_METHODS),
            "shipping_address": self._random.choice(ADDRESSES),
        }
        self._ordered_now(event, moment)
        return self._produced(event, "order")

    def _ordered_now(self, order: dict[str, Any], moment: datetime) -> None:
        """For a shop in which an order has consequences."""

    def _quantity(self, wine: Wine) -> int:
        return self._random.choice((1, 1, 2, 2, 3, 6, 6, 12))

    def _customer(self) -> int:
        return self._random.randint(1, 500)

    def _adjustment(self, wine: Wine, moment: datetime, kind: str) -> Produced:
        change = self._change(kind, self._stock[wine.product_id])
        self._stock[wine.product_id] += change
        event = {
            "event_id": self._id(),
            "event_type": "INVENTORY_ADJUSTED",
            "event_timestamp": moment.astimezone(WAREHOUSE_TIME).isoformat(),
            "adjustment_id": f"ADJ-{self._id()}",
            "product_id": wine.product_id,
            "product_name": wine.name,
            "product_category": wine.category,
            "adjustment_type": kind,
            "quantity_change": change,
            "new_stock_level": self._stock[wine.product_id],
            "reason": self._random.choice(REASONS[kind]),
            "warehouse_location": self._random.choice(WAREHOUSES),
        }
        return self._produced(event, "adjustment")

    def _change(self, kind: str, stock: int) -> int:
        if kind == "REPLENISHMENT":
            return self._random.choice((24, 36, 60, 120))
        if kind == "RESTOCK":
            return self._random.randint(1, 6)
        lost = -min(stock, self._random.randint(1, 4))
        return lost if kind == "SPOILAGE" else self._random.choice((lost, -lost))

    def _produced(self, event: dict[str, Any], kind: str) -> Produced:
        legacy = self._random.random() < self.shares.legacy
        written = as_first_producer(event) if legacy else event
        return Produced(event["product_id"].encode(), encoded(written), kind, legacy=legacy)

    def _bad(self, moment: datetime) -> Produced:
        wine = self._random.choice(WINES)
        good = {
            "event_id": self._id(),
            "event_type": "ORDER_CREATED",
            "event_timestamp": moment.isoformat(),
            "order_id": f"ORD-{self._id()}",
            "customer_id": "CUST-00000",
            "product_id": wine.product_id,
            "product_name": wine.name,
            "product_category": wine.category,
            "quantity": 1,
            "unit_price": euros(wine.cents),
            "total_amount": euros(wine.cents),
            "payment_method": PAYMENT_METHODS[0],
            "shipping_address": ADDRESSES[0],
        }
        if self._random.random() < 0.5:
            spoil = self._random.choice(BAD_AT_INGEST)
            return Produced(wine.product_id.encode(), spoil(encoded(good)), "bad_at_ingest")
        wrong = self._random.choice(BAD_AT_STAGING)
        return Produced(wine.product_id.encode(), encoded(wrong(good)), "bad_at_staging")

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def as_first_producer(event: dict[str, Any]) -> dict[str, Any]:
    """The event under the names that the shop's first producer used."""
    renamed = {
        "order_id": "order_line_id",
        "event_timestamp": "event_ts",
        "product_category": "category",
        "total_amount": "total_price",
    }
    unknown = {"adjustment_id"} if event["event_type"] == "INVENTORY_ADJUSTED" else {"event_id"}
    return {renamed.get(name, name): value for name, value in event.items() if name not in unknown}


def euros(cents: int) -> float:
    """Cents as the JSON number of euros, which prints with two decimals at most."""
    return cents / 100


def encoded(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


Event = dict[str, Any]


# Messages that must be rejected, as shops really send them, for drills and demonstrations.
# Bytes of a good event -> bytes of a message that ingestion rejects (None is a tombstone).
BAD_AT_INGEST: tuple[Callable[[bytes], bytes | None], ...] = (
    lambda good: None,
    lambda good: b"",
    lambda good: good[: len(good) // 2],
    lambda good: good.decode().encode("latin-1", errors="replace") + b"\xe9",
    lambda good: b"[" + good + b"]",
    lambda good: good.replace(b'"quantity": 1', b'"quantity": NaN'),
    lambda good: good.replace(b'"quantity": 1', b'"quantity": 1, "quantity": 2'),
)

# A good order -> an order in good JSON that the transforms reject.
BAD_AT_STAGING: tuple[Callable[[Event], Event], ...] = (
    lambda order: {**order, "quantity": 0},
    lambda order: {**order, "quantity": 1.5},
    lambda order: {**order, "quantity": "a dozen"},
    lambda order: {**order, "unit_price": 12.345},
    lambda order: {**order, "unit_price": -1},
    lambda order: {**order, "event_timestamp": "yesterday"},
    lambda order: {name: value for name, value in order.items() if name != "customer_id"},
    lambda order: {name: value for name, value in order.items() if name != "product_id"},
    lambda order: {**order, "order_id": None},
    lambda order: {**order, "event_type": "GIFT_SENT"},
    lambda order: {name: value for name, value in order.items() if name != "event_type"},
)
