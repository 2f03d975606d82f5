"""The views of ANALYTICS over rows that are written as production writes them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from snowflake.connector import DictCursor, SnowflakeConnection

from tests.procedures.deployment import run_sql_file

Row = tuple[Any, ...]
VIEWS = (
    "SALES",
    "CANCELLED_ORDERS",
    "SHOP_SETTINGS",
    "SHOP",
    "TOP_PRODUCTS",
    "REVENUE_BY_CATEGORY",
    "CUSTOMER_LOYALTY",
    "STOCKOUT_FORECAST",
    "SEASONALITY",
    "LOW_STOCK_ALERTS",
)
SUNDAY_NOON = datetime(2026, 11, 22, 11)


class Shop:
    """PRODUCTION and ANALYTICS of one database."""

    def __init__(self, connection: SnowflakeConnection) -> None:
        self.connection = connection

    def sql(self, text: str, *binds: Any) -> list[Row]:
        return self.connection.cursor().execute(text, binds or None).fetchall()  # type: ignore[return-value, union-attr] # tuples, and there is a cursor

    def view(self, name: str, columns: str = "*", order_by: str = "1") -> list[Row]:
        return self.sql(f"SELECT {columns} FROM ANALYTICS.{name} ORDER BY {order_by}")

    def sell(
        self,
        order_id: str,
        at: datetime = SUNDAY_NOON,
        customer: str = "c-1",
        product: str = "p-1",
        name: str = "Château Margaux – Grand Vin",
        category: str | None = "🍷 Rouge",
        quantity: int = 1,
        total: str = "10.00",
    ) -> None:
        self.sql(
            "INSERT INTO PRODUCTION.ORDERS (ORDER_ID, ORDER_DATE, ORDER_TIMESTAMP, CUSTOMER_ID,"
            " PRODUCT_ID, PRODUCT_NAME, PRODUCT_CATEGORY, QUANTITY, UNIT_PRICE, TOTAL_AMOUNT,"
            " PAYMENT_METHOD, SHIPPING_ADDRESS)"
            " SELECT ?, ?::DATE, ?::TIMESTAMP_NTZ, ?, ?, ?, ?, ?, 10.00, ?::NUMBER(12, 2), 'CARD',"
            " '3 rue du Puits'",
            order_id,
            at.date().isoformat(),
            at.isoformat(" "),
            customer,
            product,
            name,
            category,
            quantity,
            total,
        )

    def cancel(self, order_id: str, at: datetime = SUNDAY_NOON, reason: str = "broken") -> None:
        self.sql(
            "INSERT INTO STAGING.STG_ORDER_CANCELLATIONS"
            " (EVENT_ID, EVENT_TIMESTAMP, ORDER_ID, REASON)"
            " SELECT ?, ?::TIMESTAMP_NTZ, ?, ?",
            f"x-{order_id}",
            at.isoformat(" "),
            order_id,
            reason,
        )

    def stock(self, product: str, level: int, adjusted_at: datetime = SUNDAY_NOON) -> None:
        self.sql(
            "INSERT INTO PRODUCTION.INVENTORY_CURRENT (PRODUCT_ID, PRODUCT_NAME, PRODUCT_CATEGORY,"
            " CURRENT_STOCK_LEVEL, LAST_ADJ_TIMESTAMP, WAREHOUSE_LOCATION)"
            " SELECT ?, ?, '🍷 Rouge', ?, ?::TIMESTAMP_NTZ, 'Lyon'",
            product,
            f"Vin {product}",
            level,
            adjusted_at.isoformat(" "),
        )


@pytest.fixture(scope="module")
def opened_shop(account: Any) -> Iterator[Shop]:
    database = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    with account.connect() as connection:
        for name in ("01_database.sql", "02_tables.sql", "06_analytics.sql"):
            run_sql_file(connection, name, database)
        yield Shop(connection)
        connection.cursor().execute(f"DROP DATABASE {database}")


@pytest.fixture
def shop(opened_shop: Shop) -> Shop:
    opened_shop.sql("TRUNCATE TABLE PRODUCTION.ORDERS")
    opened_shop.sql("TRUNCATE TABLE STAGING.STG_ORDER_CANCELLATIONS")
    opened_shop.sql("TRUNCATE TABLE PRODUCTION.INVENTORY_CURRENT")
    return opened_shop


def ago(**duration: float) -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) - timedelta(**duration)


@pytest.mark.parametrize("view", [view for view in VIEWS if not view.startswith("SHOP")])
def test_without_data_a_view_is_empty(shop: Shop, view: str) -> None:
    assert shop.view(view) == []


def test_every_view_says_what_it_is_for(shop: Shop) -> None:
    cursor = shop.connection.cursor(DictCursor)
    views = cursor.execute("SHOW VIEWS IN SCHEMA ANALYTICS").fetchall()
    assert sorted(view["name"] for view in views) == sorted(VIEWS)
    assert all(len(view["comment"]) > 20 for view in views)


def test_sales_have_the_shops_own_day_and_hour_and_no_address(shop: Shop) -> None:
    shop.sell("summer", datetime(2026, 7, 14, 22, 30))
    shop.sell("winter", datetime(2026, 12, 31, 23, 30))
    assert shop.view("SALES", "ORDER_ID, SOLD_AT, SALES_DATE") == [
        ("summer", datetime(2026, 7, 15, 0, 30), date(2026, 7, 15)),
        ("winter", datetime(2027, 1, 1, 0, 30), date(2027, 1, 1)),
    ]
    columns = shop.connection.cursor().describe("SELECT * FROM ANALYTICS.SALES")
    assert "SHIPPING_ADDRESS" not in [column.name for column in columns]


def test_a_cancelled_order_is_no_sale_and_says_why_in_the_shops_time(shop: Shop) -> None:
    shop.sell("stands", datetime(2026, 11, 22, 11))
    shop.sell("cancelled", datetime(2026, 11, 22, 23, 30), total="30.00")
    shop.sell("to be cancelled", ago(hours=1))
    shop.cancel("cancelled", datetime(2026, 11, 23, 23, 30), "a broken bottle")
    shop.cancel("to be cancelled", ago(hours=-1))
    assert [order_id for (order_id,) in shop.view("SALES", "ORDER_ID")] == [
        "stands",
        "to be cancelled",
    ]
    assert shop.view(
        "CANCELLED_ORDERS", "ORDER_ID, SOLD_AT, CANCELLED_AT, REASON, TOTAL_AMOUNT::FLOAT"
    ) == [
        (
            "cancelled",
            datetime(2026, 11, 23, 0, 30),
            datetime(2026, 11, 24, 0, 30),
            "a broken bottle",
            30.0,
        )
    ]


def test_no_view_shows_an_address(shop: Shop) -> None:
    """Whatever views there are: of everything that they show, in the shop's own words, none of it
    is where the wine went."""
    shop.sell("o-1")
    shop.sell("o-2")
    shop.cancel("o-2")
    shop.stock("p-1", 1)
    cursor = shop.connection.cursor(DictCursor)
    names = [row["name"] for row in cursor.execute("SHOW VIEWS IN SCHEMA ANALYTICS").fetchall()]
    assert len(names) >= len(VIEWS)
    for name in names:
        rows = shop.view(name)
        assert rows, name
        assert "3 rue du Puits" not in str(rows), name
        columns = shop.connection.cursor().describe(f"SELECT * FROM ANALYTICS.{name}")
        assert [each.name for each in columns if "ADDRESS" in each.name] == [], name


def test_a_forgotten_customer_is_nobody_and_the_revenue_stays(shop: Shop) -> None:
    shop.sell("o-1", customer="(forgotten)")
    shop.sell("o-2", customer="(forgotten)")
    shop.sell("o-3", customer="c-1")
    assert shop.view("SALES", "ORDER_ID, CUSTOMER_ID") == [
        ("o-1", None),
        ("o-2", None),
        ("o-3", "c-1"),
    ]
    assert shop.view("CUSTOMER_LOYALTY", "CUSTOMER_ID, ORDER_COUNT") == [("c-1", 1)]
    figures = shop.view("REVENUE_BY_CATEGORY", "ORDER_COUNT, CUSTOMER_COUNT, REVENUE")
    assert figures == [(3, 1, Decimal("30.00"))]


# The moment in UTC, and what the clocks of five places say. In Paris clocks change at 01:00 UTC.
CLOCK_CHANGES = [
    ("2026-03-29 00:59:59", ["2026-03-29 01:59:59", "2026-03-29 00:59:59", "2026-03-29 09:59:59",
                             "2026-03-29 13:59:59", "2026-03-28 20:59:59"]),
    ("2026-03-29 01:00:00", ["2026-03-29 03:00:00", "2026-03-29 01:00:00", "2026-03-29 10:00:00",
                             "2026-03-29 14:00:00", "2026-03-28 21:00:00"]),
    ("2026-03-29 22:00:00", ["2026-03-30 00:00:00", "2026-03-29 22:00:00", "2026-03-30 07:00:00",
                             "2026-03-30 11:00:00", "2026-03-29 18:00:00"]),
    ("2026-10-25 00:30:00", ["2026-10-25 02:30:00", "2026-10-25 00:30:00", "2026-10-25 09:30:00",
                             "2026-10-25 13:30:00", "2026-10-24 20:30:00"]),
    ("2026-10-25 01:30:00", ["2026-10-25 02:30:00", "2026-10-25 01:30:00", "2026-10-25 10:30:00",
                             "2026-10-25 14:30:00", "2026-10-24 21:30:00"]),
    ("2026-10-25 23:00:00", ["2026-10-26 00:00:00", "2026-10-25 23:00:00", "2026-10-26 08:00:00",
                             "2026-10-26 12:00:00", "2026-10-25 19:00:00"]),
]  # fmt: skip
ZONES = ["Europe/Paris", "UTC", "Asia/Tokyo", "Pacific/Auckland", "America/New_York"]


@pytest.mark.parametrize("zone", ZONES)
def test_days_and_hours_are_of_the_setting_across_the_clock_changes(
    opened_shop: Shop, shop: Shop, zone: str
) -> None:
    database = shop.sql("SELECT CURRENT_DATABASE()")[0][0]
    for moment, _ in CLOCK_CHANGES:
        shop.sell(moment, datetime.fromisoformat(moment))
    try:
        run_sql_file(shop.connection, "06_analytics.sql", database, {"shop_time_zone": zone})
        sold = shop.sql("SELECT ORDER_ID, SOLD_AT, SALES_DATE FROM ANALYTICS.SALES ORDER BY 1")
        hours = shop.sql(
            "SELECT PERIOD, ORDER_COUNT FROM ANALYTICS.SEASONALITY WHERE GRAIN = 'HOUR' ORDER BY 1"
        )
        named = shop.sql("SELECT TIME_ZONE, FIRST_SOLD_AT, LAST_SOLD_AT FROM ANALYTICS.SHOP")
    finally:
        run_sql_file(shop.connection, "06_analytics.sql", database)
    clocks = [
        (moment, datetime.fromisoformat(there[ZONES.index(zone)]))
        for moment, there in CLOCK_CHANGES
    ]
    assert sold == [(moment, clock, clock.date()) for moment, clock in clocks]
    assert named == [(zone, clocks[0][1], clocks[-1][1])]
    assert hours == sorted(Counter(clock.hour for _, clock in clocks).items())


def test_the_shop_says_its_settings_and_its_time_without_a_sale(shop: Shop) -> None:
    columns = "SHOP_LANGUAGE, LOW_STOCK_THRESHOLD, FIRST_SOLD_AT, LAST_SOLD_AT"
    assert shop.view("SHOP", columns) == [("en", 50, None, None)]
    [(shown,)] = shop.view("SHOP", "SHOP_TIME")
    now = datetime.now(ZoneInfo("Europe/Paris")).replace(tzinfo=None)
    assert timedelta(0) <= now - shown < timedelta(minutes=1)


def test_top_products_rank_by_revenue_under_their_latest_name(shop: Shop) -> None:
    shop.sell("o-1", SUNDAY_NOON, name="Old name", total="10.20", quantity=2)
    shop.sell("o-2", SUNDAY_NOON + timedelta(hours=1), name="New name", total="39.80", quantity=2)
    shop.sell("o-3", product="p-2", category="Blanc", total="49.99")
    shop.sell("o-4", product="p-3", category="Blanc", total="49.99")
    assert shop.view("TOP_PRODUCTS", "*", "REVENUE_RANK, PRODUCT_ID") == [
        ("p-1", "New name", "🍷 Rouge", 2, 4, Decimal("50.00"), 1),
        ("p-2", "Château Margaux – Grand Vin", "Blanc", 1, 1, Decimal("49.99"), 2),
        ("p-3", "Château Margaux – Grand Vin", "Blanc", 1, 1, Decimal("49.99"), 2),
    ]


def test_revenue_is_counted_for_each_category_the_unknown_one_too(shop: Shop) -> None:
    shop.sell("o-1", customer="c-1", total="10.00", quantity=2)
    shop.sell("o-2", customer="c-1", total="0.01")
    shop.sell("o-3", customer="c-2", total="39.99")
    shop.sell("o-4", category=None, total="5.00")
    assert shop.view("REVENUE_BY_CATEGORY") == [
        ("🍷 Rouge", 3, 2, 4, Decimal("50.00")),
        (None, 1, 1, 1, Decimal("5.00")),
    ]


def loyalty(shop: Shop) -> list[Row]:
    scores = "RECENCY_SCORE, FREQUENCY_SCORE, MONETARY_SCORE"
    return shop.view("CUSTOMER_LOYALTY", f"CUSTOMER_ID, {scores}, SEGMENT")


def test_five_customers_share_the_five_scores(shop: Shop) -> None:
    customers = {"best": (1, 5), "loyal": (40, 4), "fading": (80, 3), "rare": (160, 2)}
    for customer, (days, orders) in customers.items():
        for number in range(orders):
            shop.sell(f"{customer}-{number}", ago(days=days), customer)
    shop.sell("first", ago(days=3), "newcomer", total="5.00")
    assert loyalty(shop) == [
        ("best", 5, 5, 5, "CHAMPION"),
        ("fading", 2, 3, 3, "AT RISK"),
        ("loyal", 3, 4, 4, "LOYAL"),
        ("newcomer", 4, 1, 1, "NEW"),
        ("rare", 1, 2, 2, "ASLEEP"),
    ]


def test_one_customer_alone_is_in_the_middle(shop: Shop) -> None:
    shop.sell("o-1", ago(days=3), total="10.00")
    shop.sell("o-2", ago(days=3), total="20.50")
    assert loyalty(shop) == [("c-1", 3, 3, 3, "LOYAL")]
    numbers = "ORDER_COUNT, REVENUE, DAYS_SINCE_LAST_ORDER"
    assert shop.view("CUSTOMER_LOYALTY", numbers) == [(2, Decimal("30.50"), 3)]


def test_equal_customers_have_equal_scores(shop: Shop) -> None:
    for customer in ("c-1", "c-2", "c-3"):
        shop.sell(f"order of {customer}", ago(days=3), customer)
    assert loyalty(shop) == [(customer, 3, 3, 3, "NEW") for customer in ("c-1", "c-2", "c-3")]


def test_who_bought_once_like_most_is_not_frequent(shop: Shop) -> None:
    for customer in ("c-1", "c-2", "c-3", "c-4"):
        shop.sell(f"order of {customer}", ago(days=3), customer)
    shop.sell("first", ago(days=3), "regular")
    shop.sell("second", ago(days=3), "regular")
    frequencies = shop.view("CUSTOMER_LOYALTY", "CUSTOMER_ID, FREQUENCY_SCORE")
    assert frequencies == [("c-1", 2), ("c-2", 2), ("c-3", 2), ("c-4", 2), ("regular", 5)]


def forecast(shop: Shop) -> Sequence[Row]:
    numbers = "CURRENT_STOCK_LEVEL, SOLD_SINCE_ADJUSTMENT, EXPECTED_STOCK, DAILY_SALES, DAYS_LEFT"
    return shop.view("STOCKOUT_FORECAST", f"PRODUCT_ID, {numbers}")


def test_what_was_sold_since_the_last_adjustment_is_no_longer_in_stock(shop: Shop) -> None:
    shop.stock("p-1", 100, ago(days=5))
    shop.sell("before", ago(days=10), quantity=40)
    shop.sell("after", ago(days=2), quantity=16)
    assert forecast(shop) == [
        ("p-1", 100, 16, 84, Decimal("5.600"), Decimal("15.0")),
    ]


def test_sales_older_than_28_days_do_not_count_as_daily_sales(shop: Shop) -> None:
    shop.stock("p-1", 50, ago(days=1))
    shop.sell("long ago", ago(days=200), quantity=1000)
    shop.sell("lately", ago(days=20), quantity=28)
    assert forecast(shop) == [("p-1", 50, 0, 50, Decimal("1.000"), Decimal("50.0"))]


def test_a_product_that_nobody_buys_lasts_without_end(shop: Shop) -> None:
    shop.stock("p-1", 12)
    assert forecast(shop) == [("p-1", 12, 0, 12, Decimal("0.000"), None)]


def test_a_product_that_is_oversold_has_no_day_left(shop: Shop) -> None:
    shop.stock("p-1", 3, ago(hours=5))
    shop.sell("o-1", ago(hours=2), quantity=5)
    assert forecast(shop) == [("p-1", 3, 5, -2, None, Decimal("0.0"))]


def test_a_wine_that_has_sold_for_less_than_a_day_has_no_average_yet(shop: Shop) -> None:
    shop.stock("p-1", 100, ago(days=1))
    shop.sell("o-1", ago(minutes=35), quantity=5)
    assert forecast(shop) == [("p-1", 100, 5, 95, None, None)]
    shop.sell("o-2", ago(days=2), quantity=5)
    assert forecast(shop) == [("p-1", 100, 5, 95, Decimal("5.000"), Decimal("19.0"))]


def test_the_sales_of_other_products_do_not_matter(shop: Shop) -> None:
    shop.stock("p-2", 12)
    shop.sell("o-1", ago(hours=2), product="p-1", quantity=5)
    assert forecast(shop) == [("p-2", 12, 0, 12, Decimal("0.000"), None)]


def test_seasons_are_by_day_hour_and_month_of_the_shop(shop: Shop) -> None:
    shop.sell("o-1", datetime(2026, 11, 22, 23, 30), total="10.00", quantity=2)
    shop.sell("o-2", datetime(2026, 11, 23, 9, 0), total="20.00")
    shop.sell("o-3", datetime(2026, 11, 30, 9, 59), total="60.00")
    columns = "GRAIN, PERIOD, PERIOD_NAME, ORDER_COUNT, BOTTLES_SOLD, REVENUE, AVERAGE_REVENUE"
    assert shop.view("SEASONALITY", columns, "1, 2") == [
        ("DAY OF WEEK", 1, "Mon", 3, 4, Decimal("90.00"), Decimal("45.00")),
        ("HOUR", 0, "00:00", 1, 2, Decimal("10.00"), Decimal("10.00")),
        ("HOUR", 10, "10:00", 2, 2, Decimal("80.00"), Decimal("40.00")),
        ("MONTH", 11, "Nov", 3, 4, Decimal("90.00"), Decimal("90.00")),
    ]


def test_low_stock_is_below_fifty_and_worse_without_any(shop: Shop) -> None:
    for product, level in {"p-1": 50, "p-2": 49, "p-3": 0, "p-4": -2}.items():
        shop.stock(product, level)
    columns = "PRODUCT_ID, CURRENT_STOCK_LEVEL, THRESHOLD, SEVERITY"
    assert shop.view("LOW_STOCK_ALERTS", columns) == [
        ("p-2", 49, 50, "LOW"),
        ("p-3", 0, 50, "OUT OF STOCK"),
        ("p-4", -2, 50, "OUT OF STOCK"),
    ]
