"""What today's transforms make of events, beside what STAGING and the history have of them.

Pure functions of DataFrames. A row of STAGING is told from today's by the prefix OLD_.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from event_kinds import INVENTORY_ADJUSTED, Kind
from places import PLACE, renamed, same_place
from snowflake.snowpark import Column, DataFrame, Window
from snowflake.snowpark import functions as F


def beside(judged: DataFrame, stg: DataFrame, kind: Kind) -> DataFrame:
    """Every judged event of the kind beside its row of STAGING, if any."""
    own = judged.filter(F.col("EVENT_TYPE") == F.lit(kind.event_type))
    today = own.select("FAULT", *kind.staged)
    return today.join(renamed(stg.select(*kind.staged), "OLD_"), same_place("OLD_"), "left")


def is_staged() -> Column:
    return F.col("OLD_KAFKA_OFFSET").is_not_null()


def is_corrected(kind: Kind) -> Column:
    """The same event, if STAGING lacks what today's transforms make of it."""
    return is_staged() & F.col("FAULT").is_null() & is_same(kind, "OLD_") & is_due(kind, old="OLD_")


def is_kept(kind: Kind) -> Column:
    """STAGING has it, and today it would be invalid, or another event; of a history, or say
    anything else."""
    is_other = ~is_same(kind, "OLD_")
    if kind.is_history:
        is_other = is_other | (differ(kind.corrected, "OLD_") & ~is_due(kind, old="OLD_"))
    return is_staged() & (F.col("FAULT").is_not_null() | is_other)


def is_same(kind: Kind, prefix: str) -> Column:
    """The same event under the prefix, in all that is never corrected."""
    return ~differ((*kind.identity, *kind.settled), prefix)


def is_due(kind: Kind, old: str = "", new: str = "") -> Column:
    """Whether rows of one event, told apart by these prefixes, differ in what may be corrected: of
    a history, in nothing but that the old one has NULL."""
    pairs = [(F.col(old + name), F.col(new + name)) for name in kind.corrected]
    is_new = reduce(Column.__or__, (~F.equal_null(*pair) for pair in pairs))
    if not kind.is_history:
        return is_new
    kept = (F.equal_null(before, after) | before.is_null() for before, after in pairs)
    return is_new & reduce(Column.__and__, kept)


def differ(columns: Iterable[str], prefix: str) -> Column:
    """Whether any of the columns has another value under the prefix; NULL equals NULL."""
    return reduce(
        Column.__or__, (~F.equal_null(F.col(name), F.col(prefix + name)) for name in columns)
    )


def shown_events(rows: DataFrame, kind: Kind) -> DataFrame:
    """One row per event that production may show: of its deliveries, the first by place in
    Kafka."""
    shown = rows.filter(F.col("FAULT").is_null() & ~is_kept(kind))
    first = Window.partition_by(*kind.identity).order_by(*(F.col(name).asc() for name in PLACE))
    ranked = shown.with_column("PLACE", F.row_number().over(first))
    return ranked.filter(F.col("PLACE") == F.lit(1)).select(*kind.columns)


def same_adjustment(prefix: str) -> Column:
    return F.col("ADJUSTMENT_ID") == F.col(prefix + "ADJUSTMENT_ID")


def is_contradicted(prefix: str) -> Column:
    """The history has this very event, and it says what can only be kept as it is."""
    kind = INVENTORY_ADJUSTED
    same_event = F.col("EVENT_ID") == F.col(prefix + "EVENT_ID")
    other_time = F.col("EVENT_TIMESTAMP") != F.col(prefix + "ADJUSTMENT_TIMESTAMP")
    other = differ(kind.settled, prefix) | (
        differ(kind.corrected, prefix) & ~is_due(kind, old=prefix)
    )
    return same_adjustment(prefix) & same_event & (other_time | other)


def is_of_another_event(prefix: str) -> Column:
    """The history has this adjustment, from an event with another id."""
    return same_adjustment(prefix) & (F.col("EVENT_ID") != F.col(prefix + "EVENT_ID"))
