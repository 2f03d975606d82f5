"""ALTER SESSION: parameters that are followed, that change nothing here, or that are refused.

https://docs.snowflake.com/en/sql-reference/parameters
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context


def alter_session(context: Context, tree: exp.Alter) -> Result:
    for action in tree.find_all(exp.AlterSession):
        unset = bool(action.args.get("unset"))
        for item in action.expressions:
            if unset:
                name = (item.this.name if item.this else item.name).upper()
                if not _is_known(name):
                    raise errors.unsupported(f"ALTER SESSION UNSET {name}")
                context.set_parameter(name, None)
            else:
                assignment = item.this if isinstance(item, exp.SetItem) else item
                value = assignment.expression
                text = value.name if not isinstance(value, exp.Boolean) else str(value.this)
                check_parameter(assignment.this.name.upper(), text, "ALTER SESSION SET")
                context.set_parameter(assignment.this.name, text)
    return result.done(result.UNKNOWN)


# Those of a session's answers: the connector's own, and the one for all clients.
RESULT_FORMATS = ("PYTHON_CONNECTOR_QUERY_RESULT_FORMAT", "QUERY_RESULT_FORMAT")
# What a session shows of itself: name → default and type.
_SHOWN: dict[str, tuple[str, str]] = {
    "ABORT_DETACHED_QUERY": ("false", "BOOLEAN"),
    "AUTOCOMMIT": ("true", "BOOLEAN"),
    "CLIENT_ENABLE_LOG_INFO_STATEMENT_PARAMETERS": ("false", "BOOLEAN"),
    "CLIENT_ENCRYPTION_KEY_SIZE": ("128", "NUMBER"),
    "CLIENT_MEMORY_LIMIT": ("1536", "NUMBER"),
    "CLIENT_METADATA_REQUEST_USE_CONNECTION_CTX": ("false", "BOOLEAN"),
    "CLIENT_METADATA_USE_SESSION_DATABASE": ("false", "BOOLEAN"),
    "CLIENT_PREFETCH_THREADS": ("4", "NUMBER"),
    "CLIENT_RESULT_CHUNK_SIZE": ("160", "NUMBER"),
    "CLIENT_RESULT_COLUMN_CASE_INSENSITIVE": ("false", "BOOLEAN"),
    "CLIENT_SESSION_KEEP_ALIVE": ("false", "BOOLEAN"),
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": ("3600", "NUMBER"),
    "CLIENT_TIMESTAMP_TYPE_MAPPING": ("TIMESTAMP_LTZ", "STRING"),
    "DATE_INPUT_FORMAT": ("AUTO", "STRING"),
    "ERROR_ON_NONDETERMINISTIC_MERGE": ("true", "BOOLEAN"),
    "ERROR_ON_NONDETERMINISTIC_UPDATE": ("false", "BOOLEAN"),
    "LOCK_TIMEOUT": ("43200", "NUMBER"),
    "LOG_LEVEL": ("OFF", "STRING"),
    "METRIC_LEVEL": ("NONE", "STRING"),
    "MULTI_STATEMENT_COUNT": ("1", "NUMBER"),
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": ("ARROW", "STRING"),
    "QUERY_TAG": ("", "STRING"),
    "QUOTED_IDENTIFIERS_IGNORE_CASE": ("false", "BOOLEAN"),
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": ("0", "NUMBER"),
    "STATEMENT_TIMEOUT_IN_SECONDS": ("172800", "NUMBER"),
    "TIMESTAMP_INPUT_FORMAT": ("AUTO", "STRING"),
    "TIMESTAMP_TYPE_MAPPING": ("TIMESTAMP_NTZ", "STRING"),
    "TIMEZONE": ("UTC", "STRING"),
    "TIME_INPUT_FORMAT": ("AUTO", "STRING"),
    "TRACE_LEVEL": ("OFF", "STRING"),
    "TRANSACTION_ABORT_ON_ERROR": ("false", "BOOLEAN"),
    "USE_CACHED_RESULT": ("true", "BOOLEAN"),
    "WEEK_START": ("0", "NUMBER"),
}
# Another value of these would change answers, and does not here. The others are followed, or are
# the client's own, or change nothing: there are no queues here, no cache of results and no queries
# without a client, and a failed statement always aborts its transaction.
_FIXED = {
    "DATE_INPUT_FORMAT", "ERROR_ON_NONDETERMINISTIC_MERGE", "ERROR_ON_NONDETERMINISTIC_UPDATE",
    "LOG_LEVEL", "METRIC_LEVEL", "QUOTED_IDENTIFIERS_IGNORE_CASE", "TIMESTAMP_INPUT_FORMAT",
    "TIMESTAMP_TYPE_MAPPING", "TIME_INPUT_FORMAT", "TRACE_LEVEL", "WEEK_START",
}  # fmt: skip
_OTHER_FORMATS = ("JDBC_QUERY_RESULT_FORMAT", "ODBC_QUERY_RESULT_FORMAT", "QUERY_RESULT_FORMAT")
_KNOWN = {*_SHOWN, *_OTHER_FORMATS}
_VALUES = {"AUTOCOMMIT": ("TRUE", "FALSE")} | dict.fromkeys(
    RESULT_FORMATS, ("ARROW", "ARROW_FORCE", "JSON")
)
_NUMBERS = ("LOCK_TIMEOUT", "STATEMENT_TIMEOUT_IN_SECONDS", "MULTI_STATEMENT_COUNT")


def check_parameter(name: str, value: str, statement: str) -> None:
    """Raises 000002 for a parameter that would change answers and does not here, 001481 for a value
    that a parameter cannot have."""
    if name in _VALUES and value.upper() not in _VALUES[name]:
        raise errors.invalid_value(name, value)
    if name in _NUMBERS and not value.isdigit():
        raise errors.invalid_value(name, value)
    is_other = name in _FIXED and value.upper() != _SHOWN[name][0].upper()
    if is_other or not _is_known(name):
        raise errors.unsupported(f"{statement} {name} = {value}")


def _is_known(name: str) -> bool:
    """Snowpark sets switches of its own."""
    return name in (*_KNOWN, "SUPPRESS_INCIDENT_DUMPS") or name.startswith("PYTHON_SNOWPARK_")


def session_parameters(
    parameters: Mapping[str, Any],
) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, value, default, level and type of what a session shows."""
    for name, (default, kind) in _SHOWN.items():
        value = parameters.get(name)
        text = default if value in (None, "") else str(value)
        if kind == "BOOLEAN":
            text = text.lower()
        yield name, text, default, "" if text == default else "SESSION", kind
