"""`caves forget`: a customer leaves every table, and what keeps them beyond the tables."""

from collections.abc import Sequence

from app.caves.operations.procedures import call
from app.caves.target import Account

FORGET = "CALL {db}.OPS.FORGET_CUSTOMER(?, ?, ?)"
TABLES = "SHOW TABLES IN DATABASE {db}"
FAIL_SAFE_DAYS = 7
WHAT = {
    "raw_events": "messages in RAW_DATA.RAW_EVENTS_STREAM, redacted",
    "rejected_events": "messages in RAW_DATA.REJECTED_EVENTS, redacted or emptied",
    "stg_orders": "rows of STAGING.STG_ORDERS without customer and address",
    "orders": "rows of PRODUCTION.ORDERS without customer and address",
    "texts": "free texts that mentioned the customer",
}
ELSEWHERE = (
    "Kafka keeps the messages for the topic's retention (retention.ms); what it delivers again is"
    " forgotten again every night",
    "query history keeps the values that statements bound, for up to a year, unless"
    " `caves bootstrap --hide-bind-values` has hidden them",
    "query results that somebody has read stay for a day, and downloads where they were saved",
)


def plan(account: Account, customer: str) -> dict[str, int]:
    """What `forget` would redact, as far as it has come in by now."""
    return call(account, FORGET, (customer, user(account), True))


def forget(account: Account, customer: str) -> dict[str, int]:
    """The numbers of rows redacted; KNOWN is 1 if the customer had been forgotten before."""
    return call(account, FORGET, (customer, user(account), False))


def user(account: Account) -> str:
    return str(account.row("SELECT CURRENT_USER() AS NAME")["NAME"])


def changed(counts: dict[str, int]) -> int:
    return sum(counts[name] for name in WHAT)


def remains(account: Account) -> Sequence[str]:
    """What still has the customer's data, and for how long: docs/privacy.md."""
    days = [int(row["RETENTION_TIME"] or 0) for row in account.rows(TABLES)]
    longest = max(days, default=0)
    travel = (
        f"Time Travel keeps the rows as they were for {longest} days"
        if longest != 1
        else ("Time Travel keeps the rows as they were for a day")
    )
    return (
        f"{travel} (longer while a stream is behind), then Fail-safe for {FAIL_SAFE_DAYS} days,"
        " which Snowflake alone can read",
        *ELSEWHERE,
    )
