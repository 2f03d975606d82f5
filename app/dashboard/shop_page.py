"""What sells, to whom, when, and for how long the stock lasts."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from html import escape

import account
import charts
import filters
import pandas as pd
import stock
import streamlit as st
from account import Question
from charts import Bar
from filters import CONDITION, OF_CATEGORIES, UNKNOWN, Filter
from language import Language
from markup import Card, Name, beside, cards, heading, legend, note, quiet, show, style, table
from shop import SHOP, Shop, the_settings, the_shop

# Two periods in one statement, the earlier one first: it ends before the other begins.
TOTALS = f"""
SELECT
    ORDER_TIMESTAMP >= ?::TIMESTAMP_NTZ AS IS_LATER,
    SUM(TOTAL_AMOUNT)::FLOAT AS REVENUE,
    COUNT(*) AS ORDERS,
    SUM(QUANTITY) AS BOTTLES,
    COUNT(DISTINCT CUSTOMER_ID) AS CUSTOMERS
FROM ANALYTICS.SALES
WHERE
    ORDER_TIMESTAMP >= ?::TIMESTAMP_NTZ
    AND ORDER_TIMESTAMP < ?::TIMESTAMP_NTZ
    AND (ORDER_TIMESTAMP < ?::TIMESTAMP_NTZ OR ORDER_TIMESTAMP >= ?::TIMESTAMP_NTZ)
    AND {OF_CATEGORIES}
GROUP BY 1
"""
FIGURES = ("REVENUE", "ORDERS", "BOTTLES", "CUSTOMERS")
# Everything that the page tells by days or by hours. First by quarters of an hour in UTC, by which
# all time zones differ: the time zone is looked up for a few thousand of them, and not for every
# order.
HOURS = f"""
WITH QUARTERS AS (
    SELECT
        TIME_SLICE(ORDER_TIMESTAMP, 15, 'MINUTE') AS QUARTER,
        SUM(TOTAL_AMOUNT) AS REVENUE
    FROM ANALYTICS.SALES
    WHERE {CONDITION}
    GROUP BY 1
),

CLOCK AS (
    SELECT CONVERT_TIMEZONE('UTC', ?, QUARTER) AS SOLD_AT, REVENUE FROM QUARTERS
)

SELECT SOLD_AT::DATE AS DAY, HOUR(SOLD_AT) AS HOUR, SUM(REVENUE)::FLOAT AS REVENUE
FROM CLOCK
GROUP BY 1, 2
ORDER BY 1, 2
"""
# Of which the page makes the top wines and the categories.
WINES = f"""
SELECT
    PRODUCT_ID,
    COALESCE(PRODUCT_CATEGORY, '{UNKNOWN}') AS CATEGORY,
    MAX_BY(PRODUCT_NAME, ORDER_TIMESTAMP) AS WINE,
    MAX(ORDER_TIMESTAMP) AS LAST_SOLD_AT,
    SUM(TOTAL_AMOUNT)::FLOAT AS REVENUE,
    SUM(QUANTITY) AS BOTTLES
FROM ANALYTICS.SALES
WHERE {CONDITION}
GROUP BY 1, 2
ORDER BY PRODUCT_ID, LAST_SOLD_AT
"""
# Each row says how many there are, and how much they came to.
CANCELLED = f"""
SELECT
    ORDER_ID,
    COALESCE(PRODUCT_NAME, PRODUCT_ID) AS WINE,
    REASON,
    SOLD_AT,
    CANCELLED_AT,
    TOTAL_AMOUNT::FLOAT AS AMOUNT,
    COUNT(*) OVER () AS ORDERS,
    SUM(TOTAL_AMOUNT) OVER ()::FLOAT AS REVENUE
FROM ANALYTICS.CANCELLED_ORDERS
WHERE {CONDITION}
ORDER BY CANCELLED_AT DESC, ORDER_ID
LIMIT 10
"""
LOYALTY = """
SELECT SEGMENT, COUNT(*) AS CUSTOMERS, SUM(REVENUE) AS REVENUE
FROM ANALYTICS.CUSTOMER_LOYALTY
GROUP BY SEGMENT
ORDER BY REVENUE DESC
"""
SEGMENTS = {
    "CHAMPION": ("Champions", "buy often, much, and lately"),
    "LOYAL": ("Loyal", "come back regularly"),
    "PROMISING": ("Promising", "bought lately, not yet often"),
    "NEW": ("New", "bought once, lately"),
    "AT RISK": ("At risk", "have not come back"),
    "ASLEEP": ("Asleep", "bought little, long ago"),
}
# The hours that a day's chart has at least.
OPENS, CLOSES = 9, 20
# Of a chart, so that a bar is a day and not a slab.
FEWEST_DAYS = 7
MOST_DAYS, MOST_WEEKS = 100, 105
TOP = 10


def render() -> None:
    style(charts.STYLE)
    settings = the_settings()
    now = settings.now
    # All that can be asked before anything is answered.
    at_first = filters.at_first(settings, now.date())
    account.ask(
        SHOP,
        *(questions(at_first, now) if at_first else ()),
        Question(stock.STOCK),
        Question(LOYALTY),
    )
    st.title("Les Caves d'Albert")
    shop = the_shop(settings, now)
    words = shop.words
    show(as_of(shop))
    if shop.first_sold_at is None:
        show(
            note(
                words.say("No sale has arrived yet."),
                words.say(
                    "The first one is here within minutes of its order. If the shop is open, the"
                    " pipeline's page says what is in the way."
                ),
            )
        )
        stock.render(shop)
        return
    these = filters.ask(shop)
    account.ask(*questions(these, now))
    hours = sold_by_hour(these)
    sales(shop, these, hours)
    stock.render(shop)
    show(rhythm(shop, these, hours) + loyalty(words))


def as_of(shop: Shop) -> str:
    words = shop.words
    last = shop.last_sold_at
    return (
        f"<p><strong>{words.say('As of {moment}', moment=words.moment(shop.now))}</strong></p>"
        + quiet(
            words.say("Last sale: {moment}.", moment=words.moment(last)) if last else "",
            words.say("Days and hours are those of {zone}.", zone=shop.time_zone),
        )
    )


def questions(these: Filter, now: datetime) -> tuple[Question, ...]:
    """What the page asks of the chosen days, in the order in which it is drawn."""
    return (
        Question(HOURS, with_a_week(these)),
        Question(TOTALS, both(these, now)),
        Question(WINES, these.values),
        Question(CANCELLED, these.values),
    )


def with_a_week(these: Filter) -> tuple[str, ...]:
    """The values of HOURS: the period, and the week before its last day."""
    first = min(these.first, these.last - timedelta(days=filters.WEEK))
    return replace(these, first=first).in_days


def is_comparable(shop: Shop, these: Filter) -> bool:
    """Whether the period before the chosen one is known, too."""
    return not these.everything and shop.first_day <= these.before(shop.now).first


def both(these: Filter, now: datetime) -> tuple[str, ...]:
    """The values of TOTALS: the days, and those that they are compared with."""
    begin, end = these.moments
    earlier_begin, earlier_end = (begin, begin) if these.everything else these.before(now).moments
    return begin, earlier_begin, end, earlier_end, begin, *these.of_categories


def sold_by_hour(these: Filter) -> pd.DataFrame:
    """What was sold in each hour of each day of the period, and of the week before its last day."""
    frame = account.query(HOURS, *with_a_week(these))
    return frame.assign(DAY=pd.to_datetime(frame["DAY"]))


def within(hours: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    return hours[hours["DAY"].between(pd.Timestamp(first), pd.Timestamp(last))]


def sales(shop: Shop, these: Filter, hours: pd.DataFrame) -> None:
    """What was sold in the period."""
    words = shop.words
    now, before = two_periods(shop, these)
    show(totals(shop, these, now, before))
    if not now["ORDERS"]:
        day = words.day(shop.last_sold_at.date()) if shop.last_sold_at else ""
        show(
            note(
                words.say("No sales in this period and these categories."),
                words.say(
                    "The last sale was on {day}: choose a longer period, or other categories.",
                    day=day,
                ),
            )
            + cancelled(shop, these, now)
        )
        return
    if these.length == 1:
        show(by_hour(shop, hours, these.first))
    else:
        today = by_hour(shop, hours, shop.today) if these.last == shop.today else ""
        show(by_day(shop, these, hours) + today)
    sold = account.query(WINES, *these.values)
    revenue = now["REVENUE"]
    show(
        beside(wines(words, sold, revenue), categories(words, sold, revenue))
        + cancelled(shop, these, now)
    )


Figures = dict[str, float]


def two_periods(shop: Shop, these: Filter) -> tuple[Figures, Figures | None]:
    """FIGURES of a period, and of the one before it, if there is one to compare with."""
    frame = account.query(TOTALS, *both(these, shop.now))
    found = {
        bool(row["IS_LATER"]): {name: float(row[name]) for name in FIGURES}
        for row in frame.to_dict("records")
    }
    nothing = dict.fromkeys(FIGURES, 0.0)
    before = found.get(False, nothing) if is_comparable(shop, these) else None
    return found.get(True, nothing), before


def totals(shop: Shop, these: Filter, now: Figures, before: Figures | None) -> str:
    """Five figures, each against a period that it can fairly be compared with."""
    words = shop.words
    average = now["REVENUE"] / now["ORDERS"] if now["ORDERS"] else None
    figures = [
        ("Revenue", words.euros(now["REVENUE"]), "REVENUE"),
        ("Orders", words.number(now["ORDERS"]), "ORDERS"),
        ("Bottles", words.number(now["BOTTLES"]), "BOTTLES"),
        ("Customers", words.number(now["CUSTOMERS"]), "CUSTOMERS"),
    ]
    found = [
        Card(words.say(title), value, *change(now, before, column, words))
        for title, value, column in figures
    ]
    found.append(
        Card(words.say("Average order"), "–" if average is None else words.euros(average, 2))
    )
    return (
        quiet(words.days(these.first, these.last, shop.today))
        + cards(found)
        + quiet(compared_with(shop, these, before is not None))
    )


def compared_with(shop: Shop, these: Filter, known: bool) -> str:
    words = shop.words
    if these.everything:
        day = words.day(shop.first_day)
        return words.say("Everything since the first sale, on {day}.", day=day)
    if not known:
        day = words.day(shop.first_day)
        return words.say("No comparison: sales are known from {day} on.", day=day)
    earlier = these.before(shop.now)
    year = earlier.first.year != shop.today.year
    first, last = words.day(earlier.first, year), words.day(earlier.last, year)
    is_cut = earlier.until != filters.NEVER
    time = words.time(earlier.until)
    if earlier.length == 1:
        day = f"{words.weekday(earlier.first)} {first}"
        day = words.say("{day}, until {time}", day=day, time=time) if is_cut else day
        return one_stop(words.say("Compared with {day}.", day=day))
    period = (
        words.say("{first} to {last}, until {time}", first=first, last=last, time=time)
        if is_cut
        else words.say("{first} to {last}", first=first, last=last)
    )
    return one_stop(words.say("Compared with {period}.", period=period))


def one_stop(sentence: str) -> str:
    """The sentence, whose last word may be a short form that has a full stop already."""
    return f"{sentence.rstrip('.')}."


def change(now: Figures, before: Figures | None, column: str, words: Language) -> tuple[str, str]:
    """By how many per cent a figure differs from the period before, and which way; empty if that
    had nothing."""
    if before is None or not before[column]:
        return "", ""
    percent = round(100 * (now[column] / before[column] - 1))
    if not percent:
        return words.say("unchanged"), ""
    by = words.percent(abs(percent))
    if percent > 0:
        return words.say("up {change}", change=by), "up"
    return words.say("down {change}", change=by), "down"


def by_hour(shop: Shop, hours: pd.DataFrame, day: date) -> str:
    """A day's revenue in each hour, before that of the same weekday a week earlier."""
    words = shop.words
    earlier = day - timedelta(days=filters.WEEK)
    known = shop.first_day <= earlier
    sold = within(hours, day, day).set_index("HOUR")["REVENUE"]
    before = within(hours, earlier, earlier).set_index("HOUR")["REVENUE"]
    before = before if known else before.iloc[:0]
    today = day == shop.today
    bars = []
    for hour in hours_shown([*sold.index, *before.index]):
        value, then = float(sold.get(hour, 0)), float(before.get(hour, 0))
        told = f"{words.hour(int(hour))}: {words.euros(value)}"
        bars.append(
            Bar(
                f"{told} ({words.euros(then)})" if known else told,
                None if today and hour > shop.now.hour else value,
                words.hour(int(hour)),
                behind=then if known else None,
            )
        )
    this = f"{words.weekday(day)} {words.day(day, year=False)}"
    title = words.say(
        "{weekday} {day}, by the hour", weekday=words.weekday(day), day=words.day(day, year=False)
    )
    that = f"{words.weekday(earlier)} {words.day(earlier, year=False)}"
    colours = [(charts.WINE, this), (charts.GREY, that)]
    return (
        heading(title[0].upper() + title[1:])
        + legend(colours if known else colours[:1])
        + charts.upright(bars, words.say("Revenue"), words.euros)
    )


def hours_shown(sold: list[int]) -> range:
    """The hours of a chart: those of a usual day, and those in which something was sold."""
    return range(min([OPENS, *sold]), max([CLOSES, *sold]) + 1)


def by_day(shop: Shop, these: Filter, hours: pd.DataFrame) -> str:
    """The revenue of every day, week or month, with the average of a week as its trend."""
    words = shop.words
    first = min(these.first, these.last - timedelta(days=FEWEST_DAYS - 1))
    days = pd.date_range(first, these.last, freq="D")
    sold = within(hours, these.first, these.last).groupby("DAY")["REVENUE"].sum()
    frame = pd.DataFrame({"REVENUE": sold.reindex(days, fill_value=0.0)})
    weeks = len(frame) > MOST_DAYS
    months = weeks and len(frame) > 7 * MOST_WEEKS
    title = "Revenue by month" if months else "Revenue by week" if weeks else "Revenue by day"
    over = these.last < shop.today
    if weeks:
        starts = frame.index.to_period("M" if months else "W-SUN").start_time
        frame = frame.groupby(starts).sum()
    else:
        # Only of days that are over, and that the shop had.
        full = frame["REVENUE"].where(frame.index >= pd.Timestamp(max(these.first, shop.first_day)))
        full = full if over else full.where(frame.index < pd.Timestamp(these.last))
        frame["trend"] = full.rolling(7).mean()
    entries = [(charts.WINE, words.say("Month" if months else "Week" if weeks else "Day"))]
    if not over:
        entries.append((charts.PALE, words.say("Not over yet")))
    bars = []
    for moment, row in frame.iterrows():
        day = moment.date()
        label = f"{words.month(day)} {day.year}" if months else words.day(day, year=False)
        name = (
            label
            if months
            else words.say("Week of {day}", day=words.day(day))
            if weeks
            else f"{words.weekday(day)} {words.day(day)}"
        )
        trend = row.get("trend")
        bars.append(
            Bar(
                f"{name}: {words.euros(row['REVENUE'])}",
                float(row["REVENUE"]),
                label if months else words.day(day, day.year != shop.today.year),
                charts.WINE if over or moment != frame.index[-1] else charts.PALE,
                trend=None if pd.isna(trend) else float(trend),
            )
        )
    if sum(bar.trend is not None for bar in bars) > 1:
        entries.append((charts.GOLD, words.say("Average of seven days")))
    return (
        heading(words.say(title))
        + legend(entries)
        + charts.upright(bars, words.say("Revenue"), words.euros)
    )


def top_wines(sold: pd.DataFrame) -> pd.DataFrame:
    """The ten wines with the most revenue, each under its latest name and category."""
    latest = sold.drop_duplicates("PRODUCT_ID", keep="last").set_index("PRODUCT_ID")
    found = sold.groupby("PRODUCT_ID")[["REVENUE", "BOTTLES"]].sum()
    found = found.join(latest[["WINE", "CATEGORY"]]).reset_index()
    return found.sort_values(["REVENUE", "PRODUCT_ID"], ascending=[False, True]).head(TOP)


def by_category(sold: pd.DataFrame) -> pd.DataFrame:
    found = sold.groupby("CATEGORY", as_index=False)["REVENUE"].sum()
    return found.sort_values(["REVENUE", "CATEGORY"], ascending=[False, True])


def wines(words: Language, sold: pd.DataFrame, revenue: float) -> str:
    found = top_wines(sold)
    most = found["REVENUE"].max()
    return heading(words.say("Top wines")) + table(
        [words.say("Wine"), words.say("Bottles"), words.say("Revenue"), words.say("Share")],
        [
            (
                Name(
                    each["WINE"] or "–",
                    filters.category(each["CATEGORY"], words),
                    each["REVENUE"] / most if most else 0,
                ),
                words.number(each["BOTTLES"]),
                words.euros(each["REVENUE"]),
                words.share(each["REVENUE"], revenue),
            )
            for each in found.to_dict("records")
        ],
        wide=True,
    )


def categories(words: Language, sold: pd.DataFrame, revenue: float) -> str:
    found = by_category(sold)
    most = found["REVENUE"].max()
    return heading(words.say("Categories")) + table(
        [words.say("Category"), words.say("Revenue"), words.say("Share")],
        [
            (
                Name(
                    filters.category(each["CATEGORY"], words),
                    share=each["REVENUE"] / most if most else 0,
                ),
                words.euros(each["REVENUE"]),
                words.share(each["REVENUE"], revenue),
            )
            for each in found.to_dict("records")
        ],
    )


def cancelled(shop: Shop, these: Filter, now: Figures) -> str:
    """The orders of the period that were cancelled since, which no other figure has."""
    words = shop.words
    title = heading(words.say("Cancelled orders"))
    found = account.query(CANCELLED, *these.values).to_dict("records")
    if not found:
        return title + quiet(words.say("No order of this period is cancelled."))
    orders, revenue = int(found[0]["ORDERS"]), found[0]["REVENUE"]
    text = (
        "1 of {total} orders of this period is cancelled: {amount}, {share} of what was ordered."
        " It counts nowhere else on this page."
        if orders == 1
        else "{count} of {total} orders of this period are cancelled: {amount}, {share} of what was"
        " ordered. They count nowhere else on this page."
    )
    told = words.say(
        text,
        count=words.number(orders),
        total=words.number(orders + now["ORDERS"]),
        amount=words.euros(revenue),
        share=words.share(revenue, revenue + now["REVENUE"]),
    )
    rows = [
        (
            Name(each["ORDER_ID"], " · ".join(filter(None, (each["WINE"], each["REASON"])))),
            words.moment(each["SOLD_AT"]),
            words.moment(each["CANCELLED_AT"]),
            words.euros(each["AMOUNT"], 2),
        )
        for each in found
    ]
    titles = [words.say(title) for title in ("Order", "Sold", "Cancelled", "Amount")]
    shown = words.number(len(rows))
    last = words.say("The last {count} that were cancelled.", count=shown)
    more = quiet(last) if orders > len(rows) else ""
    return title + note(told) + table(titles, rows, wide=True) + more


def rhythm(shop: Shop, these: Filter, hours: pd.DataFrame) -> str:
    """What a usual day of the week and a usual hour bring, in days that are over."""
    words = shop.words
    title = heading(words.say("Rhythm"))
    over = these.over(shop.today)
    sold = within(hours, over.first, over.last) if over else hours.iloc[:0]
    if sold.empty:
        return title + quiet(words.say("No day of this period is over yet: choose a longer one."))
    days = sold.groupby("DAY")["REVENUE"].sum()
    by_weekday = days.groupby(days.index.dayofweek).mean()
    monday = date(2026, 1, 5)
    names = [words.weekday(monday + timedelta(days=number)) for number in range(7)]
    by_hour_of_day = sold.groupby("HOUR")["REVENUE"].sum() / len(days)
    shown = hours_shown([*by_hour_of_day.index])
    by_day_of_week = {name: float(by_weekday.get(at, 0)) for at, name in enumerate(names)}
    by_hours = {words.hour(hour): float(by_hour_of_day.get(hour, 0)) for hour in shown}
    return (
        title
        + quiet(
            words.say("Average revenue of a day that is over and had sales, in the period above.")
        )
        + beside(
            averages(words.say("By day of the week"), by_day_of_week, words, letters=3),
            averages(words.say("By hour"), by_hours, words),
        )
    )


def averages(
    title: str, found: dict[str, float], words: Language, letters: int | None = None
) -> str:
    bars = [
        Bar(f"{name}: {words.euros(value)}", value, name[:letters]) for name, value in found.items()
    ]
    return f"<h4>{escape(title)}</h4>" + charts.upright(
        bars, words.say("Average revenue"), words.euros
    )


def loyalty(words: Language) -> str:
    title = heading(words.say("Loyalty")) + quiet(
        words.say(
            "All customers and all their orders, whatever the period above: a segment says how"
            " they have bought up to now."
        )
    )
    found = account.query(LOYALTY)
    if found.empty:
        return title + quiet(words.say("No customers yet: they come with the first sale."))
    revenue = found["REVENUE"].sum()
    return title + table(
        [
            words.say("Segment"),
            words.say("Customers"),
            words.say("Revenue"),
            words.say("Share"),
        ],
        [
            (
                Name(
                    words.say(SEGMENTS[each["SEGMENT"]][0]),
                    words.say(SEGMENTS[each["SEGMENT"]][1]),
                ),
                words.number(each["CUSTOMERS"]),
                words.euros(each["REVENUE"]),
                words.share(each["REVENUE"], revenue),
            )
            for each in found.to_dict("records")
        ],
        wide=True,
    )
