"""What an alert's condition and action may ask about their run.

https://docs.snowflake.com/en/sql-reference/functions/scheduled_time
https://docs.snowflake.com/en/sql-reference/functions/last_successful_scheduled_time
https://docs.snowflake.com/en/sql-reference/functions/get_condition_query_uuid
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flocon.core import errors
from flocon.session.context import AlertRun, Context


def _of_run(name: str, value: Callable[[AlertRun], datetime | str]) -> Any:
    def ask(context: Context, arguments: list[Any]) -> datetime | str:
        if arguments:
            raise errors.compilation(errors.COMPILATION, f"{name} takes no arguments.")
        if context.alert is None:
            raise errors.compilation(
                errors.COMPILATION, f"{name} can only be called from within an alert."
            )
        return value(context.alert)

    return ask


def alert_config(context: Context, arguments: list[Any]) -> None:
    """Goes with CONFIG, which alerts here have not."""
    raise errors.unsupported("SYSTEM$GET_ALERT_CONFIG")


FUNCTIONS = {"SYSTEM$GET_ALERT_CONFIG": alert_config}

NAMESPACED = {
    f"SNOWFLAKE.ALERT.{name}": _of_run(name, value)
    for name, value in (
        ("SCHEDULED_TIME", lambda run: run.scheduled_time),
        ("LAST_SUCCESSFUL_SCHEDULED_TIME", lambda run: run.last_successful),
        ("GET_CONDITION_QUERY_UUID", lambda run: run.condition_query_id),
    )
}
