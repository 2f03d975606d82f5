"""What is left of each wine, what runs out first, and what to order."""

import math
from typing import Any

import account
import filters
import pandas as pd
import purchase_list
import streamlit as st
from filters import UNKNOWN
from language import Language
from markup import Name, State, folded, heading, note, quiet, show, table
from shop import Shop

STOCK = f"""
SELECT
    PRODUCT_ID,
    PRODUCT_NAME AS WINE,
    COALESCE(PRODUCT_CATEGORY, '{UNKNOWN}') AS CATEGORY,
    WAREHOUSE_LOCATION AS WAREHOUSE,
    EXPECTED_STOCK,
    DAILY_SALES,
    DAYS_LEFT
FROM ANALYTICS.STOCKOUT_FORECAST
ORDER BY DAYS_LEFT NULLS LAST, EXPECTED_STOCK, WINE, PRODUCT_ID
"""
# Rows that are seen at once, and those behind a click.
FIRST_ROWS, MOST_ROWS = 10, 100
SOON_DAYS = 7
ORDER = ("OUT", "SOON", "LOW", "ENOUGH")
# What an order should last for, and how bottles are packed.
ORDER_DAYS, CASE = 28, 6


def render(shop: Shop) -> None:
    words = shop.words
    title = heading(words.say("Stock"))
    frame = account.query(STOCK)
    if frame.empty:
        show(
            title
            + note(
                words.say(
                    "No stock is known yet: it comes with the first delivery or count"
                    " (INVENTORY_ADJUSTED)."
                )
            )
        )
        return
    title += quiet(
        words.say(
            "What is left now, whatever the period above: the last known stock, less what was"
            " sold since. Bottles a day are the average of at most 28 days."
        )
    )
    # Those that need an order first.
    wines = [
        each | {"NEEDS": needs(each, shop.low_stock_threshold)} for each in frame.to_dict("records")
    ]
    wines.sort(key=lambda each: ORDER.index(state(each, shop.low_stock_threshold)))
    to_order = [each for each in wines if each["NEEDS"]]
    soon = sum(state(each, shop.low_stock_threshold) in ("OUT", "SOON") for each in wines)
    show(title + note(told(words, len(to_order), soon)))
    if to_order:
        st.download_button(
            words.say("Purchase list (CSV)"),
            purchase_list.as_csv(to_order, shop.low_stock_threshold, words),
            file_name=f"{words.say('purchase-list')}-{shop.today.isoformat()}.csv",
            mime="text/csv",
            on_click="ignore",
        )
    titles = [words.say(title) for title in ("Wine", "State", "Left", "Sold a day", "Runs out")]
    rows = [row(each, shop) for each in wines[:MOST_ROWS]]
    first = max(FIRST_ROWS, min(len(to_order), 2 * FIRST_ROWS))
    shown = table(titles, rows[:first], wide=True)
    if rows[first:]:
        shown += folded(words.say("The rest"), table(titles, rows[first:], wide=True))
    if len(wines) > MOST_ROWS:
        shown += quiet(
            words.say(
                "The first {count} of {total}: the rest lasts longer.",
                count=words.number(MOST_ROWS),
                total=words.number(len(wines)),
            )
        )
    show(shown)


def told(words: Language, count: int, soon: int) -> str:
    if not count:
        return words.say("No wine needs an order.")
    if count == 1:
        return words.say("One wine needs an order.")
    text = (
        "{count} wines need an order. One of them has run out, or will within a week."
        if soon == 1
        else "{count} wines need an order. Have run out, or will within a week: {soon}."
    )
    return words.say(text, count=words.number(count), soon=words.number(soon))


def state(wine: dict[str, Any], threshold: int) -> str:
    """OUT, SOON, LOW or ENOUGH: the worst that is true."""
    if wine["EXPECTED_STOCK"] <= 0:
        return "OUT"
    if not pd.isna(wine["DAYS_LEFT"]) and wine["DAYS_LEFT"] < SOON_DAYS:
        return "SOON"
    return "LOW" if wine["EXPECTED_STOCK"] < threshold else "ENOUGH"


def needs(wine: dict[str, Any], threshold: int) -> int:
    """How many bottles to order, in cases: for four weeks, and not below the threshold; 0 where
    there is enough."""
    if state(wine, threshold) == "ENOUGH":
        return 0
    daily = 0 if pd.isna(wine["DAILY_SALES"]) else wine["DAILY_SALES"]
    wanted = max(math.ceil(ORDER_DAYS * daily), threshold) - int(wine["EXPECTED_STOCK"])
    return max(0, -(-wanted // CASE) * CASE)


def row(wine: dict[str, Any], shop: Shop) -> tuple[Name | State | str, ...]:
    words = shop.words
    found = state(wine, shop.low_stock_threshold)
    badges = {
        "OUT": State(words.say("Out of stock"), "bad"),
        "SOON": State(words.say("Runs out within a week"), "bad"),
        "LOW": State(
            words.say("Below {threshold}", threshold=words.number(shop.low_stock_threshold)),
            "poor",
        ),
        "ENOUGH": State(words.say("Enough"), "good"),
    }
    known = not pd.isna(wine["DAILY_SALES"])
    where = " · ".join(
        filter(None, [filters.category(wine["CATEGORY"], words), wine["WAREHOUSE"] or ""])
    )
    return (
        Name(wine["WINE"] or wine["PRODUCT_ID"], where),
        badges[found],
        words.number(wine["EXPECTED_STOCK"]),
        words.number(wine["DAILY_SALES"], 1) if known else words.say("too early to say"),
        runs_out(wine, shop),
    )


def runs_out(wine: dict[str, Any], shop: Shop) -> str:
    words = shop.words
    if wine["EXPECTED_STOCK"] <= 0:
        return words.say("now")
    if pd.isna(wine["DAILY_SALES"]):
        return words.say("too early to say")
    if pd.isna(wine["DAYS_LEFT"]):
        return words.say("nobody buys it")
    if wine["DAYS_LEFT"] > 365:
        return words.say("more than a year")
    day = (shop.now + pd.Timedelta(days=wine["DAYS_LEFT"])).date()
    return words.day(day, day.year != shop.today.year)
