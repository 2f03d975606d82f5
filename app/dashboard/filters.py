"""The period and the categories that a viewer looks at."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import account
import streamlit as st

SHOP_TIME = ZoneInfo("Europe/Paris")
UNKNOWN = "Unknown"
BEGINNING = date(2000, 1, 1)
PERIODS = {"Today": 1, "Last 7 days": 7, "Last 28 days": 28, "Last 90 days": 90, "All time": None}
CUSTOM = "Between two dates"

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

    @property
    def has_before(self) -> bool:
        return self.first > BEGINNING


def period(choice: str, today: date) -> tuple[date, date]:
    """The days of one of PERIODS."""
    days = PERIODS[choice]
    return (BEGINNING if days is None else today - timedelta(days=days - 1)), today


def in_sidebar() -> Filter:
    """Ask the viewer."""
    today = datetime.now(SHOP_TIME).date()
    with st.sidebar:
        choice = st.selectbox("Period", [*PERIODS, CUSTOM], index=2)
        first, last = _custom(today) if choice == CUSTOM else period(choice, today)
        known = account.query(CATEGORIES)["CATEGORY"].tolist()
        categories: Sequence[str] = st.multiselect("Categories", known, placeholder="All")
    return Filter(first, last, tuple(sorted(categories)))


def _custom(today: date) -> tuple[date, date]:
    chosen = st.date_input("Days", (today - timedelta(days=27), today), max_value=today)
    # While the viewer has clicked the first day only, there is no second.
    days = chosen if isinstance(chosen, tuple) else (chosen,)
    return days[0] if days else today, days[-1] if days else today
