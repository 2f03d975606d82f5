"""What the account's own functions need. Histories show the runs that the role may see, of all.

The pages of the functions have their "Usage notes", which are followed here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flocon.access.needs import Need
from flocon.access.securables import ACCOUNT, Securable, inside
from flocon.access.trees import staged
from flocon.core import errors
from flocon.session.context import Context
from flocon.sql.tokens import Tokens


def check(context: Context, function: str, arguments: list[Any]) -> None:
    """Raises 003001 or 002003 where the role may not call the function with these arguments, 000002
    for a function whose needs are not known."""
    if context.access.privileges is None or function in _FOR_ALL:
        return
    need = _NEEDS.get(function)
    if need is None:
        raise errors.unsupported(f"access control of {function}")
    need(context, arguments)


# What answers of itself only with what the role may see, or with nothing that is a secret.
_FOR_ALL = {
    "ALERT_HISTORY",
    "COMPLETE_TASK_GRAPHS",
    "CURRENT_AVAILABLE_ROLES",
    "CURRENT_SECONDARY_ROLES",
    "CURRENT_TASK_GRAPHS",
    "CURRENT_TRANSACTION",
    "GETVARIABLE",
    "GET_DDL",
    "LAST_QUERY_ID",
    "RESULT_SCAN",
    "SYSTEM$ARE_ANACONDA_TERMS_ACKNOWLEDGED",
    "SYSTEM$CANCEL_ALL_QUERIES",
    "SYSTEM$CANCEL_QUERY",
    "_FUNCTIONS",
    "_TABLES_WITH_SIZES",
    "SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY",
    "SYSTEM$GET_SNOWSIGHT_HOST",
    "SYSTEM$RETURN_CURRENT_ORG_NAME",
    "SYSTEM$WAIT",
    "TASK_HISTORY",
}


def _on(kind: str, *privileges: str) -> Callable[[Context, list[Any]], None]:
    """A privilege on the object that the first argument names."""

    def check(context: Context, arguments: list[Any]) -> None:
        if arguments:
            name = context.resolve(Tokens(str(arguments[0])).name())
            context.access.require(Need(inside(kind, name), privileges))

    return check


def _warehouse(context: Context, arguments: list[Any]) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/warehouse_load_history"""
    held = context.access.privileges
    if held is None or "MONITOR USAGE" in held.on(ACCOUNT):
        return
    names = [text for text in arguments if isinstance(text, str)]
    name = Tokens(names[-1]).name().name if names else context.warehouse or ""
    context.access.require(Need(Securable("WAREHOUSE", (name,)), ("MONITOR",)))


def _stage(context: Context, arguments: list[Any]) -> None:
    location = next(text for text in arguments if str(text).startswith("@"))
    for need in staged(str(location), context, "READ"):
        context.access.require(need)


_NEEDS: dict[str, Callable[[Context, list[Any]], None]] = {
    "INFER_SCHEMA": _stage,
    "SYSTEM$RESTART_STREAMLIT": _on("STREAMLIT", "OWNERSHIP"),
    "SYSTEM$STREAM_HAS_DATA": _on("STREAM", "SELECT"),
    "SYSTEM$TASK_DEPENDENTS_ENABLE": _on("TASK", "OWNERSHIP"),
    "SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS": _on("TASK", "OPERATE"),
    "TASK_DEPENDENTS": _on("TASK"),
    "WAREHOUSE_LOAD_HISTORY": _warehouse,
}
