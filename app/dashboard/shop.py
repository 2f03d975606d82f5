"""What the pages know of the shop before they ask anything else: its settings and its clock."""

import json
from dataclasses import dataclass
from datetime import date, datetime

import account
import pandas as pd
from language import Language

SHOP = """
SELECT
    TIME_ZONE,
    SHOP_LANGUAGE,
    LOW_STOCK_THRESHOLD,
    SHOP_TIME,
    FIRST_SOLD_AT,
    LAST_SOLD_AT,
    CATEGORIES
FROM ANALYTICS.SHOP
"""
LANGUAGE = "SELECT SHOP_LANGUAGE FROM ANALYTICS.SHOP_SETTINGS"


@dataclass(frozen=True)
class Shop:
    """Times are those of a clock on the shop's wall: without an offset."""

    time_zone: str
    words: Language
    low_stock_threshold: int
    now: datetime
    first_sold_at: datetime | None
    last_sold_at: datetime | None
    categories: tuple[str, ...] = ()

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def first_day(self) -> date:
        """The day of the first sale; today, where nothing was sold yet."""
        return (self.first_sold_at or self.now).date()


def the_language() -> Language:
    """All that the pipeline's page needs to know of the shop."""
    [row] = account.query(LANGUAGE).to_dict("records")
    return Language(row["SHOP_LANGUAGE"])


def the_shop() -> Shop:
    [row] = account.query(SHOP).to_dict("records")
    return Shop(
        row["TIME_ZONE"],
        Language(row["SHOP_LANGUAGE"]),
        int(row["LOW_STOCK_THRESHOLD"]),
        _moment(row["SHOP_TIME"]),
        None if pd.isna(row["FIRST_SOLD_AT"]) else _moment(row["FIRST_SOLD_AT"]),
        None if pd.isna(row["LAST_SOLD_AT"]) else _moment(row["LAST_SOLD_AT"]),
        tuple(sorted(json.loads(row["CATEGORIES"]))),
    )


def _moment(timestamp: pd.Timestamp) -> datetime:
    return timestamp.floor("us").to_pydatetime()
