"""INFORMATION_SCHEMA.WAREHOUSE_LOAD_HISTORY."""

from datetime import datetime, timedelta
from typing import Any

from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.session.arguments import check_names, timestamp
from flocon.session.context import Context
from flocon.sql.tokens import Tokens
from flocon.stores.warehouse_load import INTERVAL, KEPT_FOR

COLUMNS = result.columns(
    "START_TIME", "END_TIME", "WAREHOUSE_NAME", "AVG_RUNNING", "AVG_QUEUED_LOAD",
    "AVG_QUEUED_PROVISIONING", "AVG_BLOCKED",
)  # fmt: skip
# Shorter ranges come in intervals of seconds, longer ones of minutes.
_SHORT = timedelta(hours=8)
_LONG_INTERVAL = 300


def warehouse_load_history(
    context: Context, database: str, arguments: dict[str, Any]
) -> result.Result:
    """TABLE(INFORMATION_SCHEMA.WAREHOUSE_LOAD_HISTORY(…)): the load of one warehouse.

    Statements here never wait for a warehouse, so nothing is queued, provisioned or blocked.
    https://docs.snowflake.com/en/sql-reference/functions/warehouse_load_history
    """
    check_names(arguments, ("DATE_RANGE_START", "DATE_RANGE_END", "WAREHOUSE_NAME"))
    end = timestamp(arguments, "DATE_RANGE_END") or _midnight()
    start = timestamp(arguments, "DATE_RANGE_START") or end - timedelta(minutes=10)
    if start < utc_now() - KEPT_FOR - timedelta(days=1):
        raise errors.compilation(
            errors.COMPILATION, f"DATE_RANGE_START {start} must be within the last 14 days."
        )
    given = arguments.get("WAREHOUSE_NAME")
    name = Tokens(given).name().name if given else context.warehouse
    width = INTERVAL if end - start < _SHORT else _LONG_INTERVAL
    rows = context.account.warehouse_load.history(name, start, end, width) if name else []
    return result.of(
        COLUMNS,
        [[first, last, name, load, 0.0, 0.0, 0.0] for first, last, load in rows],
        result.SELECT,
    )


def _midnight() -> datetime:
    return utc_now().replace(hour=0, minute=0, second=0, microsecond=0)


TABLE_FUNCTIONS = {"WAREHOUSE_LOAD_HISTORY": warehouse_load_history}
