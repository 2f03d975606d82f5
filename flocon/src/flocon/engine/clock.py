"""CURRENT_TIMESTAMP and its like: the statement's start, throughout the statement."""

from datetime import UTC, datetime

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import moments

# The bind that holds the statement's start.
NOW = "account_now"
CLOCKS = (
    exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.Localtime, exp.Localtimestamp,
)  # fmt: skip


def now() -> datetime:
    """To the millisecond, the most that Snowflake's clocks tell in practice.

    https://docs.snowflake.com/en/sql-reference/functions/current_timestamp
    """
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def clock(node: Expr) -> Expr:
    """Raises 000002 for a clock with other digits of a second than a time can have."""
    if isinstance(node, CLOCKS):
        _check(node)
    if isinstance(node, exp.CurrentTimestamp) and node.args.get("sysdate"):
        return _utc_now()
    if isinstance(node, exp.CurrentTimestamp | exp.Localtimestamp):
        return _cut(_now(), node)
    if isinstance(node, exp.CurrentDate | exp.CurrentTime | exp.Localtime):
        kind = "DATE" if isinstance(node, exp.CurrentDate) else "TIME"
        wall = exp.cast(_now(), "TIMESTAMP", dialect="duckdb")
        return exp.cast(_cut(wall, node), kind, dialect="duckdb")
    if isinstance(node, exp.Anonymous) and node.name.upper() == "SYSDATE":
        return _utc_now()
    return node


def _check(node: Expr) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/current_timestamp"""
    asked = node.this
    if asked is not None and not (
        isinstance(asked, exp.Literal) and asked.is_int and len(asked.name) == 1
    ):
        raise errors.unsupported(
            f"{node.sql('snowflake')}: a time has up to nine digits of a second"
        )


def _cut(now: Expr, node: Expr) -> Expr:
    """To the digits of a second that a clock is asked for."""
    asked = node.this
    if not (isinstance(asked, exp.Literal) and asked.is_int):
        return now
    digits = moments.digits(f"TIME({asked.name})")
    return now if digits is None else moments.cut(now, digits, is_time=False)


def _now() -> Expr:
    return exp.cast(exp.Placeholder(this=NOW), "TIMESTAMPLTZ", dialect="duckdb")


def _utc_now() -> Expr:
    return exp.paren(exp.AtTimeZone(this=_now(), zone=exp.Literal.string("UTC")))
