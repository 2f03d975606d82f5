"""The shop's stream: true stock, exact money, and trouble in the shares that were asked for."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ingest.messages import Message, RawRow, sort_message
from ingest.producer import stream
from ingest.shop.generator import Counts, Produced, Shares, Shop
from ingest.shop.wines import WAREHOUSES, WINES

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def ticking(seconds: float = 1.0) -> Any:
    moments = (START + timedelta(seconds=seconds * number) for number in range(1_000_000))
    return lambda: next(moments)


def produce(
    count: int, shares: Shares | None = None, seed: int = 7, seconds: float = 1.0
) -> list[Produced]:
    shop = Shop(seed, shares or Shares())
    return list(stream(shop, count, ticking(seconds), lambda: False))


def events(messages: list[Produced]) -> list[dict[str, Any]]:
    parsed = [json.loads(each.value or b"", parse_float=Decimal) for each in messages]
    return sorted(parsed, key=lambda each: datetime.fromisoformat(each["event_timestamp"]))


def counted(messages: list[Produced]) -> Counts:
    counts = Counts()
    for each in messages:
        counts.add(each)
    return counts


def test_the_same_seed_and_clock_give_the_same_messages() -> None:
    shares = Shares(0.1, 0.1, 0.1, 0.1)
    assert produce(300, shares) == produce(300, shares)
    assert produce(300, shares) != produce(300, shares, seed=8)


def test_seven_of_ten_events_are_orders() -> None:
    counts = counted(produce(4000))
    assert counts.messages == counts.events == 4000
    assert 0.66 <= counts.orders / 4000 <= 0.74
    assert counts.orders + counts.adjustments == 4000


def test_every_stock_level_is_true_and_no_order_takes_more_than_there_is() -> None:
    stock: dict[str, int] = {}
    for event in events(produce(5000, Shares(late=0.1))):
        product = event["product_id"]
        if event["event_type"] == "ORDER_CREATED":
            if product in stock:
                stock[product] -= event["quantity"]
        else:
            if product in stock:
                assert event["new_stock_level"] == stock[product] + event["quantity_change"]
            stock[product] = event["new_stock_level"]
        assert stock.get(product, 0) >= 0
    assert len(stock) == len(WINES)


def test_money_has_two_decimals_at_most_and_totals_are_price_times_quantity_or_less() -> None:
    prices = {wine.product_id: Decimal(wine.cents) / 100 for wine in WINES}
    orders = [e for e in events(produce(2000)) if e["event_type"] == "ORDER_CREATED"]
    for order in orders:
        assert order["unit_price"] == prices[order["product_id"]]
        assert round(order["total_amount"], 2) == order["total_amount"]
        full = order["unit_price"] * order["quantity"]
        assert full * Decimal("0.94") < order["total_amount"] <= full


def test_no_number_is_written_with_more_than_two_decimals_or_an_exponent() -> None:
    for each in produce(2000):
        text = re.sub(r'"[^"]*"', '""', (each.value or b"").decode())
        assert not re.search(r"\.\d{3}|\d[eE]", text)


def test_moments_of_a_stream_differ_even_if_the_clock_stands_still() -> None:
    moments = [each["event_timestamp"] for each in events(produce(500, seconds=0))]
    assert len({datetime.fromisoformat(each) for each in moments}) == 500


def test_the_shares_of_trouble_are_what_was_asked_for() -> None:
    counts = counted(produce(4000, Shares(duplicate=0.1, late=0.1, bad=0.05, legacy=0.2)))
    assert counts.messages == 4000 == counts.events + counts.duplicates + counts.bad
    assert 320 <= counts.duplicates <= 480
    assert 150 <= counts.bad <= 250
    assert 280 <= counts.late <= 460
    assert 560 <= counts.legacy <= 840
    assert counts.bad == counts.bad_at_ingest + counts.bad_at_staging
    assert min(counts.bad_at_ingest, counts.bad_at_staging) > 50


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_the_count_is_exact_even_if_everything_is_late(count: int) -> None:
    assert len(produce(count, Shares(late=1.0))) == count


def test_a_late_event_comes_behind_later_ones_of_its_product() -> None:
    moments: dict[bytes, datetime] = {}
    behind = 0
    for each in produce(3000, Shares(late=0.1)):
        moment = datetime.fromisoformat(json.loads(each.value or b"")["event_timestamp"])
        late = each.key in moments and moment < moments[each.key]
        assert each.late or not late
        behind += late
        moments[each.key] = max(moment, moments.get(each.key, moment))
    assert behind > 50


def test_stopping_sends_what_was_held_back() -> None:
    shop = Shop(7, Shares(late=0.5))
    left = 100

    def stopped() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    messages = list(stream(shop, 0, ticking(), stopped))
    assert shop.held == 0
    assert len(messages) > 100


def test_a_duplicate_is_an_earlier_event_byte_for_byte() -> None:
    seen: set[bytes | None] = set()
    for each in produce(1000, Shares(duplicate=0.2)):
        assert (each.value in seen) == (each.kind == "duplicate")
        seen.add(each.value)


def test_ingestion_rejects_exactly_what_is_meant_for_it() -> None:
    kinds: Counter[tuple[str, bool]] = Counter()
    for offset, each in enumerate(produce(4000, Shares(bad=0.1))):
        row = sort_message(Message("sales", 0, offset, each.value), 100_000)
        kinds[each.kind, isinstance(row, RawRow)] += 1
    assert {kind for kind, taken in kinds if not taken} == {"bad_at_ingest"}
    assert ("bad_at_ingest", True) not in kinds


def test_the_first_producers_names_are_the_synonyms() -> None:
    def by_type() -> Iterator[tuple[str, set[str]]]:
        for each in produce(200, Shares(legacy=1.0)):
            event = json.loads(each.value or b"")
            yield event["event_type"], set(event)

    assert dict(by_type()) == {
        "ORDER_CREATED": {
            "event_type",
            "event_ts",
            "order_line_id",
            "customer_id",
            "product_id",
            "product_name",
            "category",
            "quantity",
            "unit_price",
            "total_price",
            "payment_method",
            "shipping_address",
        },
        "INVENTORY_ADJUSTED": {
            "event_id",
            "event_type",
            "event_ts",
            "product_id",
            "product_name",
            "category",
            "adjustment_type",
            "quantity_change",
            "new_stock_level",
            "reason",
            "warehouse_location",
        },
    }


def test_wines_are_french_and_named_as_the_shop_names_them() -> None:
    assert len({wine.product_id for wine in WINES}) == len(WINES)
    assert {wine.category for wine in WINES} == {
        "🍷 Vin Rouge",
        "🥂 Vin Blanc",
        "🌸 Vin Rosé",
        "🍾 Champagne – Effervescent",
        "🍯 Vin Doux – Liquoreux",
    }
    assert len(WAREHOUSES) == 4
    text = (produce(1)[0].value or b"").decode()
    assert "–" in text and "\\u" not in text
