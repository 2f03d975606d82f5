"""The days and the categories that a viewer looks at. They are kept in the page's address, so that
a reload, a bookmark and a colleague show the same."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st
from language import Language
from shop import Settings, Shop

UNKNOWN = "Unknown"
# By their names in the address: what they are called, and how many days they have.
PERIODS: dict[str, tuple[str, int | None]] = {
    "today": ("Today", 1),
    "7d": ("7 days", 7),
    "28d": ("28 days", 28),
    "13w": ("13 weeks", 91),
    "all": ("All", None),
    "dates": ("Between two dates", None),
}
USUAL = "7d"
WEEK = 7
ALWAYS, NEVER = datetime(1970, 1, 1), datetime(9999, 12, 31)

# One text for every choice, so that answers are found again in the caches.
OF_CATEGORIES = f"""(
    ? = '[]'
    OR COALESCE(PRODUCT_CATEGORY, '{UNKNOWN}') IN (
        SELECT VALUE::VARCHAR FROM TABLE(FLATTEN(PARSE_JSON(?)))
    )
)"""
# Times in UTC, by which Snowflake prunes partitions; the shop's own day would have to be computed
# for every order there ever was.
CONDITION = f"""
ORDER_TIMESTAMP >= ?::TIMESTAMP_NTZ
AND ORDER_TIMESTAMP < ?::TIMESTAMP_NTZ
AND {OF_CATEGORIES}
"""


@dataclass(frozen=True)
class Filter:
    """Days in the shop's time, both included, the last one up to a moment; no category: all.

    everything: what was sold up to the last day, for which no first one need be known.
    """

    first: date
    last: date
    categories: tuple[str, ...] = ()
    until: datetime = NEVER
    zone: str = "UTC"
    everything: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """The values of CONDITION."""
        return (*self.moments, *self.of_categories)

    @property
    def moments(self) -> tuple[str, str]:
        """From when to before when, in UTC."""
        begin = ALWAYS if self.everything else datetime.combine(self.first, time())
        end = min(datetime.combine(self.last + timedelta(days=1), time()), self.until)
        return in_utc(begin, self.zone), in_utc(end, self.zone)

    @property
    def in_days(self) -> tuple[str, ...]:
        """The values of a query by the shop's days or hours: CONDITION's, and its time zone."""
        return (*self.values, self.zone)

    @property
    def of_categories(self) -> tuple[str, str]:
        """The values of OF_CATEGORIES."""
        categories = json.dumps(self.categories, ensure_ascii=False)
        return categories, categories

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    def day(self, day: date) -> "Filter":
        """One day, with the same categories."""
        return replace(self, first=day, last=day, until=NEVER, everything=False)

    def before(self, now: datetime) -> "Filter":
        """What these days are compared with: as many, whole weeks earlier, so that Saturdays meet
        Saturdays. Where the last day is not over yet, the other one ends at the same time."""
        back = timedelta(days=-(-self.length // WEEK) * WEEK)
        until = now - back if self.last == now.date() else NEVER
        return replace(self, first=self.first - back, last=self.last - back, until=until)

    def over(self, today: date) -> "Filter | None":
        """The days of these that are over."""
        last = min(self.last, today - timedelta(days=1))
        return replace(self, last=last, until=NEVER) if self.first <= last else None


def in_utc(clock: datetime, zone: str) -> str:
    """The moment at which the shop's clock says so, for the first time; where clocks skip it, the
    moment at which they do."""
    moment = clock.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def period(name: str, today: date, beginning: date) -> tuple[date, date]:
    """The days of one of PERIODS, in a shop whose first sale was at its beginning."""
    _, days = PERIODS[name]
    return (min(beginning, today) if days is None else today - timedelta(days=days - 1)), today


def day(text: str | None) -> date | None:
    """A day as addresses have it, or None if the text is not a day."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def at_first(settings: Settings, today: date) -> Filter | None:
    """What the page's address says, before anything is known of the sales; None once the viewer has
    been asked."""
    if "address" in st.session_state:
        return None
    begin = _address_at_first()
    if begin.period == "dates":
        first, last = _days(begin, today)
    else:
        first, last = period(begin.period, today, today)
    return _filter(begin.period, first, last, begin.categories, settings.time_zone)


def ask(shop: Shop) -> Filter:
    """Ask the viewer; begin with what the page's address says."""
    words, begin = shop.words, _address_at_first()
    left, right = st.columns([3, 2])
    with left:
        name = st.radio(
            words.say("Period"),
            list(PERIODS),
            index=list(PERIODS).index(begin.period),
            format_func=lambda each: words.say(PERIODS[each][0]),
            horizontal=True,
        )
        if name == "dates":
            first, last = _two_dates(begin, shop.today, words)
        else:
            first, last = period(name, shop.today, shop.first_day)
    names = list(shop.categories)
    with right:
        categories: Sequence[str] = st.multiselect(
            words.say("Categories"),
            names,
            default=[each for each in begin.categories if each in names],
            placeholder=words.say("All categories"),
            format_func=lambda each: category(each, words),
        )
    days = {"from": first.isoformat(), "to": last.isoformat()} if name == "dates" else {}
    st.query_params.from_dict({"period": name, "category": list(categories), **days})
    return _filter(name, first, last, categories, shop.time_zone)


def _filter(name: str, first: date, last: date, categories: Sequence[str], zone: str) -> Filter:
    return Filter(first, last, tuple(sorted(categories)), zone=zone, everything=name == "all")


def category(name: str, words: Language) -> str:
    return words.say(UNKNOWN) if name == UNKNOWN else name


@dataclass(frozen=True)
class Address:
    period: str
    first: date | None
    last: date | None
    categories: tuple[str, ...]


def _address_at_first() -> Address:
    """What the address said when the page was loaded. It is what the widgets begin with, and no
    more: a widget whose beginning changes is another one, and loses the focus."""
    if "address" not in st.session_state:
        said = st.query_params
        name = said.get("period", USUAL)
        st.session_state["address"] = Address(
            name if name in PERIODS else USUAL,
            day(said.get("from")),
            day(said.get("to")),
            tuple(said.get_all("category")),
        )
    found: Address = st.session_state["address"]
    return found


def _two_dates(begin: Address, today: date, words: Language) -> tuple[date, date]:
    first, last = _days(begin, today)
    chosen = st.date_input(words.say("Days"), (first, last), max_value=today, format="DD/MM/YYYY")
    # While the viewer has clicked the first day only, there is no second.
    days = chosen if isinstance(chosen, tuple) else (chosen,)
    return (days[0], days[-1]) if days else (first, last)


def _days(begin: Address, today: date) -> tuple[date, date]:
    """The two days of an address; the last four weeks, where it has none."""
    last = min(begin.last or today, today)
    return min(begin.first or last - timedelta(days=27), last), last
