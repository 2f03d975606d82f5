"""ALTER SESSION: parameters that are followed, that change nothing here, or that are refused.

https://docs.snowflake.com/en/sql-reference/parameters
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from local import errors, result
from local.result import Result

if TYPE_CHECKING:
    from local.session import Session


def alter_session(session: Session, tree: exp.Alter) -> Result:
    for action in tree.find_all(exp.AlterSession):
        unset = bool(action.args.get("unset"))
        for item in action.expressions:
            if unset:
                session.set_parameter(item.this.name if item.this else item.name, None)
            else:
                assignment = item.this if isinstance(item, exp.SetItem) else item
                value = assignment.expression
                text = value.name if not isinstance(value, exp.Boolean) else str(value.this)
                _check_parameter(assignment.this.name.upper(), text)
                session.set_parameter(assignment.this.name, text)
    return result.status("Statement executed successfully.", result.UNKNOWN)


# Parameters that the account follows, or that change no answer here, and the only value that it
# knows of the others.
_PARAMETERS = {
    "TIMEZONE", "AUTOCOMMIT", "QUERY_TAG", "LOCK_TIMEOUT", "STATEMENT_TIMEOUT_IN_SECONDS",
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", "USE_CACHED_RESULT", "ABORT_DETACHED_QUERY",
    "LOG_LEVEL", "TRACE_LEVEL", "METRIC_LEVEL", "TRANSACTION_ABORT_ON_ERROR",
}  # fmt: skip
_ONLY_VALUES = {
    "DATE_INPUT_FORMAT": "AUTO",
    "TIME_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "ERROR_ON_NONDETERMINISTIC_MERGE": "TRUE",
    "ERROR_ON_NONDETERMINISTIC_UPDATE": "FALSE",
    "WEEK_START": "0",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": "FALSE",
}


def _check_parameter(name: str, value: str) -> None:
    """Raises 000002 for a parameter that would change answers and does not here."""
    if name in _PARAMETERS or name.startswith(("CLIENT_", "PYTHON_", "JDBC_", "ODBC_")):
        return
    if name in _ONLY_VALUES and value.upper() == _ONLY_VALUES[name]:
        return
    raise errors.unsupported(f"ALTER SESSION SET {name} = {value}")
