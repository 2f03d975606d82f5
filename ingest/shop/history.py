"""A shop with a past: what it sold in the weeks before now, as a stream of the same messages.

It has a rhythm that a shopkeeper would know: Saturdays, the hours before lunch and after work, the
wine fair of September, Christmas, closed on two days of the year. Cheap wines sell more often than
dear ones, some customers come again and again, a few orders are cancelled, deliveries come on
Tuesdays, and one wine is not delivered any more, so that it runs out. Pure: the same seed and clock
give the same messages.
"""

import heapq
import random
from collections import deque
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ingest.shop.generator import Produced, Shop, encoded
from ingest.shop.wines import SPARKLING, SWEET, WINES, Wine

SHOP_TIME = ZoneInfo("Europe/Paris")
ORDERS_A_DAY = 110
CUSTOMERS = 500
# From Monday to Sunday, around 1.
WEEK = (0.55, 0.8, 0.85, 0.95, 1.35, 1.75, 0.6)
# How much of a day comes in each hour from 9:00 on.
OPENS = 9
HOURS = (3, 6, 10, 9, 4, 5, 7, 9, 12, 14, 9, 6, 4, 2)
CLOSED = ((12, 25), (1, 1))
DELIVERY_DAY = 1
# The wine that its estate has no more of, and for how many days before now.
DISCONTINUED, DISCONTINUED_DAYS = "WINE-018", 26
# Of the bottles that such a wine sells in a day, so many days are in stock after a delivery.
COVER_DAYS = 24
# One event in so many is a broken bottle, a returned one or a miscount.
SURPRISES = 0.02
# One order in so many is cancelled within so many hours, and its bottles go back.
CANCELLED, CANCELLED_HOURS = 0.015, 40
WHY_CANCELLED = ("changed their mind", "ordered twice", "wrong address", "found it elsewhere")


class SeasonedShop(Shop):
    """Like `Shop`, but with a rhythm. `past` first, then `next_message` as it is now."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._weights = [_demand(wine) for wine in WINES]
        self._cover = {
            wine.product_id: max(12, round(COVER_DAYS * _bottles_a_day(wine))) for wine in WINES
        }
        self._stock = dict.fromkeys(self._stock, 0)
        self._arriving: deque[tuple[Wine, int]] = deque()
        self._day: date | None = None
        self._discontinued_from: date | None = None
        # What its customers decide, apart from what the shop draws.
        self._decisions = random.Random(f"decisions {self.seed}")
        self._to_cancel: list[tuple[datetime, str, dict[str, Any]]] = []

    def past(self, days: int, now: datetime) -> Iterator[Produced]:
        """The messages of so many days up to now, today included, each at its own moment."""
        end = now.astimezone(SHOP_TIME)
        first = end.date() - timedelta(days=days - 1)
        start = datetime.combine(first, time(), SHOP_TIME)
        self._discontinued_from = end.date() - timedelta(days=DISCONTINUED_DAYS)
        for moment in moments(self._random, start, end):
            while self._to_cancel and self._to_cancel[0][0] <= moment:
                yield self._cancellation()
            while self._expects(moment):
                yield self.next_message(moment, may_hold=False)
            yield self.next_message(moment)
        yield from self.held_back()

    def _ordered_now(self, order: dict[str, Any], moment: datetime) -> None:
        # Of the wine that runs out, nobody gives a bottle back.
        if self._decisions.random() < CANCELLED and order["product_id"] != DISCONTINUED:
            later = moment + timedelta(hours=self._decisions.uniform(0.1, CANCELLED_HOURS))
            heapq.heappush(self._to_cancel, (later, order["order_id"], order))

    def _cancellation(self) -> Produced:
        """The next order that is cancelled, whose bottles go back."""
        moment, order_id, order = heapq.heappop(self._to_cancel)
        self._stock[order["product_id"]] += order["quantity"]
        event = {
            "event_id": f"cancellation of {order_id}",
            "event_type": "ORDER_CANCELLED",
            "event_timestamp": moment.isoformat(),
            "order_id": order_id,
            "reason": self._decisions.choice(WHY_CANCELLED),
        }
        return Produced(order["product_id"].encode(), encoded(event), "cancellation")

    def _expects(self, moment: datetime) -> bool:
        """Whether bottles arrive before what happens at the moment."""
        today = moment.astimezone(SHOP_TIME).date()
        if self._day is None:
            self._arriving.extend((wine, self._cover[wine.product_id]) for wine in WINES)
        elif today > self._day and _delivery_between(self._day, today):
            self._arriving.extend(self._ordered(today))
        self._day = today
        return bool(self._arriving)

    def _ordered(self, today: date) -> Iterator[tuple[Wine, int]]:
        """What a delivery brings: cases of six, for what has sold by a third."""
        for wine in WINES:
            gone = self._discontinued_from and today >= self._discontinued_from
            if wine.product_id == DISCONTINUED and gone:
                continue
            full = self._cover[wine.product_id] * season(wine, today + timedelta(days=7))
            missing = full - self._stock[wine.product_id]
            if missing > full / 3:
                yield wine, -(-round(missing) // 6) * 6

    def _event(self, moment: datetime) -> Produced:
        if self._expects(moment):
            return self._adjustment(self._arriving[0][0], moment, "REPLENISHMENT")
        weights = [
            weight * season(wine, moment.date()) if self._stock[wine.product_id] else 0
            for wine, weight in zip(WINES, self._weights, strict=True)
        ]
        if not any(weights):
            # Sold out: only who sends messages much faster than a shop sells comes here.
            self._arriving.extend((wine, self._cover[wine.product_id]) for wine in WINES)
            return self._adjustment(WINES[0], moment, "REPLENISHMENT")
        [wine] = self._random.choices(WINES, weights)
        if self._random.random() < SURPRISES:
            return self._adjustment(
                wine, moment, self._random.choice(("RESTOCK", "CORRECTION", "SPOILAGE"))
            )
        return self._order(wine, moment)

    def _change(self, kind: str, stock: int) -> int:
        if kind == "REPLENISHMENT":
            return self._arriving.popleft()[1]
        return super()._change(kind, stock)

    def _quantity(self, wine: Wine) -> int:
        dear = wine.cents >= 20_000
        return self._random.choice((1, 1, 1, 2) if dear else (1, 1, 2, 2, 3, 3, 6, 6, 12))

    def _customer(self) -> int:
        return 1 + int(CUSTOMERS * self._random.random() ** 1.5)


def moments(draw: random.Random, start: datetime, end: datetime) -> Iterator[datetime]:
    """When somebody orders, in order: in the shop's days and hours."""
    day = start.date()
    while day <= end.date():
        count = round(ORDERS_A_DAY * visitors(day) * draw.uniform(0.85, 1.15))
        hours = draw.choices(range(OPENS, OPENS + len(HOURS)), HOURS, k=count)
        found = sorted(
            datetime.combine(day, time(hour), SHOP_TIME) + timedelta(seconds=draw.uniform(0, 3600))
            for hour in hours
        )
        yield from (moment for moment in found if start <= moment <= end)
        day += timedelta(days=1)


def visitors(day: date) -> float:
    """How many come on a day; 1 is usual."""
    if (day.month, day.day) in CLOSED:
        return 0
    fair = 1.4 if (9, 5) <= (day.month, day.day) <= (9, 20) else 1
    return WEEK[day.weekday()] * (1 + 1.6 * christmas(day)) * fair


def christmas(day: date) -> float:
    """How near it is: from 0, four weeks before, to 1 on the last day before; 0 from then on."""
    days = (date(day.year, 12, 24) - day).days
    return (1 - days / 28) ** 2 if 0 <= days <= 28 else 0


def season(wine: Wine, day: date) -> float:
    """How much more a wine is asked for on a day than usually."""
    if wine.category in (SPARKLING, SWEET):
        return 1 + 2.5 * christmas(day)
    return 1


def _demand(wine: Wine) -> float:
    return float(wine.cents) ** -0.75


def _bottles_a_day(wine: Wine) -> float:
    share = _demand(wine) / sum(_demand(each) for each in WINES)
    return ORDERS_A_DAY * share * (1.25 if wine.cents >= 20_000 else 4)


def _delivery_between(before: date, today: date) -> bool:
    """Whether a day of deliveries has come, after the one day and up to the other."""
    days = (before + timedelta(days=number + 1) for number in range((today - before).days))
    return any(day.weekday() == DELIVERY_DAY for day in days)
