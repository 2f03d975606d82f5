"""The days and the categories that a viewer looks at. They are kept in the page's address, so that
a reload, a bookmark and a colleague show the same."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import account
import shop
import streamlit as st

UNKNOWN = "Unknown"
PERIODS = {"Today": 1, "Last 7 days": 7, "Last 28 days": 28, "Last 90 days": 90, "All time": None}
CUSTOM = "Between two dates"
# The names that the address has for the periods.
ADDRESSES = {
    "today": "Today",
    "7d": "Last 7 days",
    "28d": "Last 28 days",
    "90d": "Last 90 days",
    "all": "All time",
    "dates": CUSTOM,
}

# One text for every choice, so that answers are found again in the caches.
OF_CATEGORIES = f"""(
    ? = '[]'
    OR COALESCE(PRODUCT_CATEGORY, '{UNKNOWN}') IN (
        SELECT VALUE::VARCHAR FROM TABLE(FLATTEN(PARSE_JSON(?)))
    )
)"""
CONDITION = f"SALES_DATE BETWEEN ?::DATE AND ?::DATE AND {OF_CATEGORIES}"
CATEGORIES = f"""
SELECT DISTINCT COALESCE(PRODUCT_CATEGORY, '{UNKNOWN}') AS CATEGORY FROM ANALYTICS.SALES ORDER BY 1
"""


@dataclass(frozen=True)
class Filter:
    """Days in the shop's time, both included; no category means all of them."""

    first: date
    last: date
    categories: tuple[str, ...] = ()
    has_before: bool = True

    @property
    def values(self) -> tuple[str, ...]:
        """The values of CONDITION."""
        categories = json.dumps(self.categories, ensure_ascii=False)
        return self.first.isoformat(), self.last.isoformat(), categories, categories

    @property
    def before(self) -> "Filter":
        """As many days, just before these."""
        length = self.last - self.first + timedelta(days=1)
        return Filter(self.first - length, self.first - timedelta(days=1), self.categories)


def period(choice: str, today: date, beginning: date) -> tuple[date, date]:
    """The days of one of PERIODS, in a shop whose first sale was at its beginning."""
    days = PERIODS[choice]
    return (min(beginning, today) if days is None else today - timedelta(days=days - 1)), today


def day(text: str | None) -> date | None:
    """A day as addresses have it, or None where that is none."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def in_sidebar(known: shop.Shop) -> Filter:
    """Ask the viewer; begin with what the page's address says."""
    address = st.query_params
    asked = ADDRESSES.get(address.get("period", ""), "Last 28 days")
    with st.sidebar:
        choices = [*PERIODS, CUSTOM]
        choice = st.selectbox("Period", choices, index=choices.index(asked))
        if choice == CUSTOM:
            first, last = _custom(known.today)
        else:
            first, last = period(choice, known.today, known.first_day)
            address.pop("from", None)
            address.pop("to", None)
        names = account.query(CATEGORIES)["CATEGORY"].tolist()
        chosen = [name for name in address.get_all("category") if name in names]
        categories: Sequence[str] = st.multiselect(
            "Categories", names, default=chosen, placeholder="All"
        )
    address["period"] = next(name for name, title in ADDRESSES.items() if title == choice)
    address["category"] = list(categories)
    return Filter(first, last, tuple(sorted(categories)), choice != "All time")


def _custom(today: date) -> tuple[date, date]:
    address = st.query_params
    last = min(day(address.get("to")) or today, today)
    first = min(day(address.get("from")) or last - timedelta(days=27), last)
    chosen = st.date_input("Days", (first, last), max_value=today)
    # While the viewer has clicked the first day only, there is no second.
    days = chosen if isinstance(chosen, tuple) else (chosen,)
    found = (days[0], days[-1]) if days else (first, last)
    address["from"], address["to"] = (each.isoformat() for each in found)
    return found
