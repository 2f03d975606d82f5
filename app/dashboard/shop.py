"""What the pages know of the shop before they ask anything else: its settings and its clock."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import account
import pandas as pd
import streamlit as st
from account import Question
from language import Language

_SETTINGS = "TIME_ZONE, SHOP_LANGUAGE, LOW_STOCK_THRESHOLD"
SETTINGS = f"SELECT {_SETTINGS} FROM ANALYTICS.SHOP_SETTINGS"
SHOP = Question(f"SELECT {_SETTINGS}, FIRST_SOLD_AT, LAST_SOLD_AT, CATEGORIES FROM ANALYTICS.SHOP")


@dataclass(frozen=True)
class Settings:
    """What a deployment sets. All viewers share them for a moment, so that a page begins with its
    questions rather than with this one."""

    time_zone: str
    language: str
    low_stock_threshold: int

    @property
    def words(self) -> Language:
        return Language(self.language)

    @property
    def now(self) -> datetime:
        """The time on the shop's wall, to the minute: what is asked up to now is kept as long."""
        return datetime.now(ZoneInfo(self.time_zone)).replace(second=0, microsecond=0, tzinfo=None)


@dataclass(frozen=True)
class Shop:
    """Times are those of a clock on the shop's wall: without an offset."""

    settings: Settings
    now: datetime
    first_sold_at: datetime | None
    last_sold_at: datetime | None
    categories: tuple[str, ...] = ()

    @property
    def words(self) -> Language:
        return self.settings.words

    @property
    def time_zone(self) -> str:
        return self.settings.time_zone

    @property
    def low_stock_threshold(self) -> int:
        return self.settings.low_stock_threshold

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def first_day(self) -> date:
        """The day of the first sale; today, where nothing was sold yet."""
        return (self.first_sold_at or self.now).date()


@st.cache_data(ttl=account.FRESH_SECONDS, show_spinner=False)
def the_settings() -> Settings:
    """Those of the last FRESH_SECONDS."""
    return _settings(account.query(SETTINGS))


def the_shop(settings: Settings, now: datetime) -> Shop:
    """Where a deployment has changed the settings since, the page begins again."""
    frame = account.query(SHOP.sql)
    if _settings(frame) != settings:
        the_settings.clear()
        account.forget()
        st.rerun()
    [row] = frame.to_dict("records")
    return Shop(
        settings,
        now,
        None if pd.isna(row["FIRST_SOLD_AT"]) else _moment(row["FIRST_SOLD_AT"]),
        None if pd.isna(row["LAST_SOLD_AT"]) else _moment(row["LAST_SOLD_AT"]),
        tuple(sorted(json.loads(row["CATEGORIES"]))),
    )


def _settings(frame: pd.DataFrame) -> Settings:
    [row] = frame.to_dict("records")
    return Settings(row["TIME_ZONE"], row["SHOP_LANGUAGE"], int(row["LOW_STOCK_THRESHOLD"]))


def _moment(timestamp: pd.Timestamp) -> datetime:
    return timestamp.floor("us").to_pydatetime()
