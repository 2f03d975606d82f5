"""A shop's past: whole days up to now, with the rhythm, the seasons and the stock of a shop."""

import functools
import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from ingest.producer import parser
from ingest.shop.generator import Shares
from ingest.shop.history import DISCONTINUED, SHOP_TIME, SeasonedShop
from ingest.shop.wines import SPARKLING, WINES

EVENING = datetime(2026, 11, 28, 19, 0, tzinfo=SHOP_TIME)


@functools.cache
def past(days: int, now: datetime = EVENING, seed: int = 1) -> list[dict[str, Any]]:
    shop = SeasonedShop(seed, Shares())
    return [json.loads(each.value or b"") for each in shop.past(days, now)]


def orders_by_day(events: list[dict[str, Any]]) -> Counter[date]:
    return Counter(
        datetime.fromisoformat(each["event_timestamp"]).astimezone(SHOP_TIME).date()
        for each in events
        if each["event_type"] == "ORDER_CREATED"
    )


def test_the_past_is_as_many_days_as_asked_for_and_ends_now() -> None:
    events = past(28)
    moments = [datetime.fromisoformat(each["event_timestamp"]) for each in events]
    assert moments == sorted(moments)
    assert moments[-1] <= EVENING < moments[-1] + timedelta(hours=1)
    days = sorted(orders_by_day(events))
    assert (days[0], days[-1], len(days)) == (date(2026, 11, 1), date(2026, 11, 28), 28)


def test_the_same_seed_and_clock_give_the_same_past() -> None:
    assert past(3) == past(3)
    assert past(3) != past(3, seed=2)


def test_saturdays_are_full_and_mondays_are_quiet() -> None:
    orders = orders_by_day(past(28))
    weekdays: dict[int, int] = defaultdict(int)
    for day, count in orders.items():
        weekdays[day.weekday()] += count
    assert max(weekdays, key=lambda day: weekdays[day]) == 5
    assert weekdays[5] > 2 * weekdays[0]


def test_before_christmas_more_come_and_more_of_them_for_champagne() -> None:
    events = past(60, datetime(2026, 12, 26, 19, 0, tzinfo=SHOP_TIME))
    orders = orders_by_day(events)
    assert date(2026, 12, 25) not in orders
    # Two Saturdays, one of them the last before Christmas.
    assert orders[date(2026, 12, 19)] > 1.7 * orders[date(2026, 11, 14)]
    champagne: Counter[int] = Counter()
    for each in events:
        if each["event_type"] == "ORDER_CREATED" and each["product_category"] == SPARKLING:
            champagne[datetime.fromisoformat(each["event_timestamp"]).month] += 1
    assert champagne[12] > 2 * champagne[11]


@pytest.mark.parametrize("seed", range(5))
def test_one_wine_runs_out_and_the_others_are_delivered(seed: int) -> None:
    stock: dict[str, int] = {}
    placed: dict[str, dict[str, Any]] = {}
    for each in past(28, seed=seed):
        _count(each, stock, placed)
        assert min(stock.values()) >= 0
    assert set(stock) == {wine.product_id for wine in WINES}
    assert stock[DISCONTINUED] == 0
    assert sum(level > 0 for level in stock.values()) >= len(WINES) - 2


def test_the_shop_goes_on_with_the_stock_that_its_past_has_left() -> None:
    shop = SeasonedShop(1, Shares())
    levels: dict[str, int] = {}
    placed: dict[str, dict[str, Any]] = {}
    for each in shop.past(5, EVENING):
        _count(json.loads(each.value or b""), levels, placed)
    # More than the shop has, so that everything is sold out once.
    for number in range(6000):
        event = json.loads(
            shop.next_message(EVENING + timedelta(seconds=number), may_hold=False).value or b""
        )
        _count(event, levels, placed)
    assert min(levels.values()) >= 0


def _count(
    event: dict[str, Any], levels: dict[str, int], placed: dict[str, dict[str, Any]]
) -> None:
    """What the event does to the stock; bottles of cancelled orders go back."""
    match event["event_type"]:
        case "ORDER_CREATED":
            placed[event["order_id"]] = event
            levels[event["product_id"]] -= event["quantity"]
        case "ORDER_CANCELLED":
            order = placed[event["order_id"]]
            levels[order["product_id"]] += order["quantity"]
        case _:
            product = event["product_id"]
            levels[product] = levels.get(product, 0) + event["quantity_change"]
            assert event["new_stock_level"] == levels[product]


def test_trouble_comes_in_its_shares_in_the_past_too() -> None:
    shop = SeasonedShop(1, Shares(duplicate=0.1, late=0.1, bad=0.1, legacy=0.1))
    kinds = Counter(each.kind for each in shop.past(28, EVENING))
    assert min(kinds["duplicate"], kinds["bad_at_ingest"] + kinds["bad_at_staging"]) > 100


@pytest.mark.parametrize("text", ["28", "0d", "-1d", "4w", "1.5d", "12345d", "d"])
def test_a_history_is_a_number_of_days(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parser({}).parse_args([f"--history={text}"])
    assert left.value.code == 2
    assert "is not a number of days, such as 28d" in capsys.readouterr().err


def test_a_few_orders_are_cancelled_after_they_were_placed() -> None:
    events = past(56)
    placed = {each["order_id"]: each for each in events if each["event_type"] == "ORDER_CREATED"}
    cancelled = [each for each in events if each["event_type"] == "ORDER_CANCELLED"]
    assert 0.005 < len(cancelled) / len(placed) < 0.03
    assert len({each["order_id"] for each in cancelled}) == len(cancelled)
    for each in cancelled:
        order = placed[each["order_id"]]
        delay = moment(each) - moment(order)
        assert timedelta(0) < delay < timedelta(hours=40)
        assert events.index(order) < events.index(each)
        assert each["reason"]


def moment(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["event_timestamp"])
