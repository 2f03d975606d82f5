"""The shop's page: what SQL says, in the shop's days, whole, in its language, for everybody."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from tests.app.dashboard.browser import heading, looked_at, opened, plain, settled
from tests.app.dashboard.conftest import AUTUMN, SPRING, YEAR, Dashboard, days_ago
from tests.procedures.deployment import run_sql_file
from tests.procedures.pipeline import order

from language import ENGLISH  # isort: skip

PARIS = ZoneInfo("Europe/Paris")
# East and west of the shop, each on another day than the shop for half of its day.
FAR_ZONES = ["Pacific/Auckland", "America/New_York"]
SALES = """
SELECT SUM(TOTAL_AMOUNT)::FLOAT, COUNT(*), SUM(QUANTITY), COUNT(DISTINCT CUSTOMER_ID)
FROM ANALYTICS.SALES
WHERE SALES_DATE > DATEADD('day', -28, CONVERT_TIMEZONE('UTC', 'Europe/Paris', SYSDATE())::DATE)
"""
CANCELLED = """
SELECT COUNT(*), SUM(TOTAL_AMOUNT)::FLOAT
FROM PRODUCTION.ORDERS AS SOLD
INNER JOIN STAGING.STG_ORDER_CANCELLATIONS AS CANCELLED
    ON SOLD.ORDER_ID = CANCELLED.ORDER_ID
WHERE SOLD.ORDER_TIMESTAMP > DATEADD('day', -28, SYSDATE())
"""


def cards(page: Page) -> dict[str, list[str]]:
    """Each figure's title, and below it its value and its change."""
    found = page.locator(".caves-cards li")
    found.first.wait_for(state="attached")
    parts = [plain_lines(text) for text in found.all_inner_texts()]
    return {title: rest for title, *rest in parts}


def plain_lines(text: str) -> list[str]:
    return [plain(line) for line in text.splitlines() if line.strip()]


def rows(page: Page, title: str) -> list[list[str]]:
    """The cells of the table whose first column has the title; the first as its lines."""
    table = page.locator("table", has=page.locator("th", has_text=title)).first
    table.wait_for()
    found: list[list[str]] = table.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.children].map(cell => cell.innerText))"
    )
    return [[plain(cell.replace("\n", " | ")) for cell in row] for row in found]


def bars(page: Page, chart: int) -> dict[str, str]:
    """What the bars of a chart say to who cannot see them: the day or the hour, and its revenue."""
    place = page.locator(".chart").nth(chart)
    place.locator("[aria-roledescription=bar]").first.wait_for(state="attached")
    labels = place.locator("[aria-roledescription=bar]").evaluate_all(
        "bars => bars.map(bar => bar.getAttribute('aria-label'))"
    )
    return dict(plain(label).rsplit(": ", 1) for label in labels)


def sold(found: dict[str, str]) -> dict[str, str]:
    return {name: revenue for name, revenue in found.items() if revenue.split()[0] != "€0"}


def test_an_empty_shop_says_what_to_do(page: Page, empty_dashboard: Dashboard) -> None:
    opened(page, empty_dashboard)
    page.locator(".caves-note").nth(1).wait_for()
    notes = [plain(text) for text in page.locator(".caves-note").all_inner_texts()]
    assert notes == [
        "No sale has arrived yet. The first one is here within minutes of its order. If the shop"
        " is open, the pipeline's page says what is in the way.",
        "No stock is known yet: it comes with the first delivery or count (INVENTORY_ADJUSTED).",
    ]
    assert page.get_by_text("Deploy").count() == 0
    assert list(looked_at(page, (390,))) == []


@pytest.mark.parametrize("zone", FAR_ZONES)
def test_the_figures_are_those_of_sql(
    open_page: Callable[..., Page], dashboard: Dashboard, zone: str
) -> None:
    page = opened(open_page(zone), dashboard, "/?period=28d")
    [(revenue, orders, bottles, customers)] = dashboard.pipeline.sql(SALES)
    assert (revenue, orders, bottles, customers) == (1315.50, 4, 13, 3)
    assert {title: value for title, (value, *_) in cards(page).items()} == {
        "Revenue": f"€{revenue:,.0f}",
        "Orders": str(orders),
        "Bottles": str(bottles),
        "Customers": str(customers),
        "Average order": f"€{revenue / orders:,.2f}",
    }
    assert rows(page, "Bottles") == [
        ["Château Margaux – Grand Vin | 🍷 Rouge", "8", "€1,240", "94%"],
        ["Sancerre | Blanc", "5", "€75", "6%"],
    ]
    assert rows(page, "Category") == [["🍷 Rouge", "€1,240", "94%"], ["Blanc", "€75", "6%"]]
    assert [row[:3] for row in rows(page, "Segment")] == [
        ["Champions | buy often, much, and lately", "1", "€5,198,246"],
        ["New | bought once, lately", "1", "€40"],
        ["Asleep | bought little, long ago", "1", "€15"],
    ]
    [(today,)] = dashboard.pipeline.sql("SELECT MAX(SALES_DATE) FROM ANALYTICS.SALES")
    assert sold(bars(page, 0)) == {
        f"{day:%A} {day.day} {day:%b}. {day.year}".replace("May.", "May"): revenue
        for day, revenue in [
            (today - timedelta(days=12), "€15"),
            (today - timedelta(days=10), "€60"),
            (today, "€1,240"),
        ]
    }
    [(count, amount)] = dashboard.pipeline.sql(CANCELLED)
    assert (count, amount) == (2, 150.25)
    assert plain(page.get_by_text("of this period are cancelled").inner_text()) == (
        f"{count} of {orders + count} orders of this period are cancelled: €{amount:,.0f},"
        f" {100 * amount / (revenue + amount):.0f}% of what was ordered. They count nowhere else on"
        " this page."
    )
    assert [[row[0], row[3]] for row in rows(page, "Order")] == [
        ["<b>o-7</b> | Sancerre · a broken *bottle*", "€50.00"],
        ["o-6 | Château Margaux – Grand Vin · changed their mind", "€100.25"],
    ]
    times = dashboard.pipeline.sql(
        "SELECT SOLD_AT, CANCELLED_AT FROM ANALYTICS.CANCELLED_ORDERS ORDER BY CANCELLED_AT DESC"
    )
    assert [row[1:3] for row in rows(page, "Order")] == [
        [plain(ENGLISH.moment(sold_at)), plain(ENGLISH.moment(cancelled_at))]
        for sold_at, cancelled_at in times
    ]


@pytest.mark.parametrize("zone", ["Europe/Paris", "UTC", "Asia/Tokyo", *FAR_ZONES])
def test_days_and_hours_are_the_shops_across_both_clock_changes_wherever_the_browser_is(
    open_page: Callable[..., Page], dashboard: Dashboard, zone: str
) -> None:
    page = open_page(zone)
    saturday, sunday, monday = (SPRING + timedelta(days=n) for n in (-1, 0, 1))
    opened(page, dashboard, f"/?period=dates&from={saturday}&to={monday}")
    assert sold(bars(page, 0)) == {
        f"Saturday {saturday.day} March {YEAR}": "€1",
        f"Sunday {sunday.day} March {YEAR}": "€30",
        f"{monday:%A} {monday.day} {monday:%B} {YEAR}": "€32",
    }
    # By the hour, as averages of the three days: 3:00 was when it would have been 2:00.
    assert sold(bars(page, 2)) == {
        "00:00": "€11",
        "01:00": "€1",
        "03:00": "€3",
        "23:00": "€6",
    }
    opened(page, dashboard, f"/?period=dates&from={AUTUMN}&to={AUTUMN}")
    assert heading(page, f"Sunday {AUTUMN.day} Oct., by the hour").count() == 1
    # The hour from 2:00 to 3:00 came twice; in brackets the Sunday before.
    assert sold(bars(page, 0)) == {
        "00:00": "€2 (€0)",
        "02:00": "€12 (€0)",
        "23:00": "€16 (€0)",
    }


def test_a_reload_keeps_the_choice_and_shows_new_sales(page: Page, dashboard: Dashboard) -> None:
    sql, later = dashboard.pipeline.sql, "PRODUCTION.ORDERS WHERE ORDER_ID = 'o-8'"
    dashboard.arrive(
        order(
            "o-8",
            event_timestamp=days_ago(10),
            product_id="p-2",
            product_name="Sancerre",
            product_category="Blanc",
            total_amount=24.80,
        )
    )
    # Answers are kept for a minute, in which a busy machine may not get it all the way.
    sql(f"CREATE TABLE PRODUCTION.LATER AS SELECT * FROM {later}")
    sql(f"DELETE FROM {later}")
    try:
        opened(page, dashboard, "/?period=28d&category=Blanc")
        assert cards(page)["Revenue"][0] == "€75"
        page.get_by_text("13 weeks").click()
        page.wait_for_url("**/?period=13w&category=Blanc")
        sql("INSERT INTO PRODUCTION.ORDERS SELECT * FROM PRODUCTION.LATER")
        # As long as the page is not loaded again, it keeps its answers.
        page.get_by_text("28 days", exact=True).click()
        page.wait_for_url("**/?period=28d&category=Blanc")
        assert cards(settled(page))["Revenue"][0] == "€75"
        page.reload()
        assert cards(settled(page))["Revenue"][0] == "€100"
        assert page.url.endswith("/?period=28d&category=Blanc")
    finally:
        sql(f"DELETE FROM {later}")
        sql("DROP TABLE PRODUCTION.LATER")


def test_the_period_is_chosen_by_keyboard(page: Page, dashboard: Dashboard) -> None:
    opened(page, dashboard, "/?period=today")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "radio":
            break
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/?period=7d")
    # It still has the focus, or else the next key would go nowhere.
    settled(page).keyboard.press("ArrowRight")
    page.wait_for_url("**/?period=28d")


def test_a_period_without_sales_says_when_the_last_one_was(
    page: Page, dashboard: Dashboard
) -> None:
    opened(page, dashboard, f"/?period=dates&from={YEAR}-05-01&to={YEAR}-05-02")
    note = page.locator(".caves-note").first.inner_text()
    [(last,)] = dashboard.pipeline.sql("SELECT MAX(SALES_DATE) FROM ANALYTICS.SALES")
    assert plain(note) == (
        "No sales in this period and these categories. The last sale was on"
        f" {plain(ENGLISH.day(last))}: choose a longer period, or other categories."
    )
    assert cards(page)["Average order"] == ["–"]
    text = plain(page.inner_text("[data-testid=stMain]"))
    today = datetime.now(PARIS).date()
    before = ENGLISH.days(date(YEAR, 4, 24), date(YEAR, 4, 25), today)
    assert f"Compared with {plain(before)}." in text


def test_figures_and_names_are_whole_and_everybody_can_read_them(
    page: Page, dashboard: Dashboard
) -> None:
    opened(page, dashboard, "/?period=all")
    assert cards(page)["Revenue"] == ["€5,198,301"]
    assert "Everything since the first sale, on " in page.inner_text("[data-testid=stMain]")
    assert heading(page, "Revenue by week").count() == 1
    page.locator("[aria-roledescription=bar]").first.wait_for(state="attached")
    assert list(looked_at(page)) == []


@pytest.fixture
def in_french(dashboard: Dashboard) -> Iterator[None]:
    connection, database = dashboard.pipeline.session.connection, dashboard.pipeline.database
    run_sql_file(connection, "06_analytics.sql", database, {"shop_language": "fr"})
    yield
    run_sql_file(connection, "06_analytics.sql", database)


@pytest.mark.usefixtures("in_french")
def test_the_page_is_in_french_where_the_setting_says_so(page: Page, dashboard: Dashboard) -> None:
    before = datetime.now(PARIS)
    opened(page, dashboard, "/?period=all")
    assert {title: value for title, (value, *_) in cards(page).items()} == {
        "Chiffre d'affaires": "5 198 301 €",
        "Commandes": "17",
        "Bouteilles": "137",
        "Clients": "3",
        "Panier moyen": "305 782,38 €",
    }
    assert plain(page.get_by_text("sont annulées").inner_text()) == (
        "2 commandes sur 19 de cette période sont annulées : 150 €, soit < 1 % du montant commandé."
        " Elles ne comptent nulle part ailleurs sur cette page."
    )
    text = plain(page.inner_text("[data-testid=stMain]"))
    # It may have been midnight.
    assert any(f"État au {now.day}" in text for now in (before, datetime.now(PARIS)))
    assert "Jours et heures de Europe/Paris." in text
    headings = {plain(each) for each in page.locator("h2").all_inner_texts()}
    assert {"Meilleures ventes", "Catégories", "Fidélité"} <= headings
    assert {"Vin", "Reste", "Épuisé"} <= set(page.locator("th").all_inner_texts())
    assert page.get_by_text("The pipeline").count() == 0


def test_the_stock_says_what_runs_out_and_what_to_order(
    page: Page, dashboard: Dashboard, tmp_path: Path
) -> None:
    before = datetime.now(PARIS).date()
    opened(page, dashboard)
    forecast = dashboard.pipeline.sql(
        "SELECT PRODUCT_NAME, EXPECTED_STOCK FROM ANALYTICS.STOCKOUT_FORECAST ORDER BY DAYS_LEFT"
    )
    assert forecast == [("Sancerre", 25), ("Château Margaux – Grand Vin", 92)]
    assert [row[:4] for row in rows(page, "State")] == [
        ["Sancerre | Blanc · Lyon", "Below 50", "25", "0.4"],
        ["Château Margaux – Grand Vin | 🍷 Rouge · Lyon", "Enough", "92", "0.3"],
    ]
    with page.expect_download() as download:
        page.get_by_role("button", name="Purchase list (CSV)").click()
    file = tmp_path / "list.csv"
    download.value.save_as(file)
    days = (before, datetime.now(PARIS).date())
    assert download.value.suggested_filename in {f"purchase-list-{day}.csv" for day in days}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        listed = list(csv.DictReader(lines))
    assert [(each["Product"], each["Wine"], each["To order"]) for each in listed] == [
        ("p-2", "Sancerre", "30")
    ]


def test_a_name_is_a_name_whatever_it_is_written_in(page: Page, dashboard: Dashboard) -> None:
    name = '<img src=x onerror="document.title=1">[Chablis](https://example.com) **1er**'
    try:
        dashboard.arrive(order("o-9", event_timestamp=days_ago(0), product_id="p-3",
                               product_name=name, product_category="<b>Blanc</b>"))  # fmt: skip
        opened(page, dashboard, "/?period=today")
        assert f"{name} | <b>Blanc</b>" in [row[0] for row in rows(page, "Bottles")]
        assert page.locator(".caves img, .caves a, .caves tbody b").count() == 0
    finally:
        dashboard.pipeline.sql("DELETE FROM PRODUCTION.ORDERS WHERE ORDER_ID = 'o-9'")


def test_views_that_are_gone_are_named_without_a_traceback(
    page: Page, dashboard: Dashboard
) -> None:
    """The last test of the file."""
    dashboard.pipeline.sql(f"DROP SCHEMA {dashboard.pipeline.database}.ANALYTICS CASCADE")
    page.goto(dashboard.url)
    page.get_by_text("Snowflake has not answered").wait_for()
    assert page.locator("[data-testid=stException]").count() == 0
