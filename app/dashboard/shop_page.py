"""What sells, to whom, when, and for how long the stock lasts."""

from typing import Any

import account
import charts
import filters
import pandas as pd
import shop
import streamlit as st
from filters import CONDITION, OF_CATEGORIES, UNKNOWN, Filter

TOTALS = f"""
SELECT
    COALESCE(SUM(TOTAL_AMOUNT), 0)::FLOAT AS REVENUE,
    COUNT(*) AS ORDERS,
    COALESCE(SUM(QUANTITY), 0) AS BOTTLES,
    COUNT(DISTINCT CUSTOMER_ID) AS CUSTOMERS
FROM ANALYTICS.SALES
WHERE {CONDITION}
"""
DAYS = f"""
SELECT SALES_DATE AS DAY, SUM(TOTAL_AMOUNT) AS REVENUE, COUNT(*) AS ORDERS
FROM ANALYTICS.SALES
WHERE {CONDITION}
GROUP BY SALES_DATE
ORDER BY SALES_DATE
"""
WINES = f"""
SELECT
    MAX_BY(PRODUCT_NAME, ORDER_TIMESTAMP) AS WINE,
    SUM(TOTAL_AMOUNT) AS REVENUE,
    SUM(QUANTITY) AS BOTTLES,
    COUNT(*) AS ORDERS
FROM ANALYTICS.SALES
WHERE {CONDITION}
GROUP BY PRODUCT_ID
ORDER BY REVENUE DESC, PRODUCT_ID
LIMIT 10
"""
CATEGORIES = f"""
SELECT COALESCE(PRODUCT_CATEGORY, '{UNKNOWN}') AS CATEGORY, SUM(TOTAL_AMOUNT) AS REVENUE
FROM ANALYTICS.SALES
WHERE {CONDITION}
GROUP BY 1
ORDER BY REVENUE DESC, CATEGORY
"""
LOYALTY = """
SELECT SEGMENT, COUNT(*) AS CUSTOMERS, SUM(REVENUE) AS REVENUE
FROM ANALYTICS.CUSTOMER_LOYALTY
GROUP BY SEGMENT
ORDER BY REVENUE DESC
"""
SEASONS = """
SELECT PERIOD_NAME, REVENUE, AVERAGE_REVENUE, ORDER_COUNT
FROM ANALYTICS.SEASONALITY
WHERE GRAIN = ?
ORDER BY PERIOD
"""
STOCK = f"""
SELECT
    PRODUCT_NAME AS WINE,
    COALESCE(PRODUCT_CATEGORY, '{UNKNOWN}') AS CATEGORY,
    EXPECTED_STOCK,
    DAILY_SALES,
    DAYS_LEFT,
    WAREHOUSE_LOCATION AS WAREHOUSE
FROM ANALYTICS.STOCKOUT_FORECAST
WHERE {OF_CATEGORIES}
ORDER BY DAYS_LEFT NULLS LAST, EXPECTED_STOCK, WINE
"""
LOW_STOCK = """
SELECT COUNT(*) AS LOW, COALESCE(MIN(THRESHOLD), 0) AS THRESHOLD FROM ANALYTICS.LOW_STOCK_ALERTS
"""
SEGMENTS = {
    "CHAMPION": "buy often, much, and lately",
    "LOYAL": "come back regularly",
    "PROMISING": "bought lately, not yet often",
    "NEW": "bought once, lately",
    "AT RISK": "have not come back",
    "ASLEEP": "bought little, long ago",
}


def render() -> None:
    st.title("Les Caves d'Albert")
    chosen = filters.in_sidebar(shop.the_shop())
    totals(chosen)
    if not int(account.query(TOTALS, *chosen.values)["ORDERS"].iloc[0]):
        st.info("No sales in this period and these categories.")
    else:
        sales(chosen)
    left, right = st.columns(2)
    with left:
        loyalty()
    with right:
        seasons()
    stock(chosen)


def totals(chosen: Filter) -> None:
    """Five figures, each against the same number of days before."""
    now = account.query(TOTALS, *chosen.values).iloc[0]
    before = account.query(TOTALS, *chosen.before.values).iloc[0] if chosen.has_before else None
    places = st.columns(5)
    figures = {
        "Revenue": ("REVENUE", "€{:,.0f}"),
        "Orders": ("ORDERS", "{:,.0f}"),
        "Bottles": ("BOTTLES", "{:,.0f}"),
        "Customers": ("CUSTOMERS", "{:,.0f}"),
    }
    for place, (label, (column, form)) in zip(places, figures.items(), strict=False):
        place.metric(label, form.format(now[column]), change(now, before, column), border=True)
    average = f"€{now['REVENUE'] / now['ORDERS']:,.2f}" if now["ORDERS"] else "–"
    places[-1].metric("Average order", average, border=True)


def change(now: pd.Series, before: pd.Series | None, column: str) -> str | None:
    """By how many per cent a figure differs from the period before; None if that had nothing."""
    if before is None or not before[column]:
        return None
    return f"{100 * (now[column] / before[column] - 1):+.0f} %"


def sales(chosen: Filter) -> None:
    st.subheader("Revenue")
    charts.days(account.query(DAYS, *chosen.values), "DAY", "REVENUE", "Revenue, €")
    left, right = st.columns(2)
    with left:
        st.subheader("Top wines")
        charts.table(account.query(WINES, *chosen.values), REVENUE=euros())
    with right:
        st.subheader("Categories")
        charts.bars(account.query(CATEGORIES, *chosen.values), "REVENUE", "CATEGORY", "Revenue, €")


def loyalty() -> None:
    st.subheader("Loyalty")
    st.caption("All customers, by how recently, how often and for how much they buy.")
    segments = account.query(LOYALTY)
    if segments.empty:
        st.info("No customers yet.")
        return
    segments["WHO"] = segments["SEGMENT"].map(SEGMENTS)
    charts.table(segments, REVENUE=euros())


def seasons() -> None:
    st.subheader("Seasons")
    st.caption("All sales, on the shop's clock; the average of the days or months with sales.")
    grains = {"Day of the week": "DAY OF WEEK", "Hour": "HOUR", "Month": "MONTH"}
    for tab, grain in zip(st.tabs(list(grains)), grains.values(), strict=True):
        with tab:
            frame = account.query(SEASONS, grain)
            if frame.empty:
                st.info("No sales yet.")
            else:
                charts.columns(frame, "PERIOD_NAME", "AVERAGE_REVENUE", "Average revenue, €")


def stock(chosen: Filter) -> None:
    st.subheader("Stock")
    low = account.query(LOW_STOCK).iloc[0]
    if low["LOW"]:
        count, threshold = int(low["LOW"]), int(low["THRESHOLD"])
        st.warning(f"{count} products have fewer than {threshold} units: tell procurement.")
    frame = account.query(STOCK, chosen.values[2], chosen.values[3])
    if frame.empty:
        st.info("No stock is known yet.")
        return
    charts.table(
        frame,
        EXPECTED_STOCK=st.column_config.NumberColumn(
            help="The last known stock, less what was sold since"
        ),
        DAILY_SALES=st.column_config.NumberColumn(
            format="%.1f", help="Bottles a day, over the last 28 days at most"
        ),
        DAYS_LEFT=st.column_config.NumberColumn(
            format="%.1f", help="Empty: nobody buys it at present"
        ),
    )


def euros() -> Any:
    return st.column_config.NumberColumn(format="€%.2f")
