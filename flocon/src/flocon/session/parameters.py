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
                _check_name(name)
                context.set_parameter(name, None)
            else:
                assignment = item.this if isinstance(item, exp.SetItem) else item
                value = assignment.expression
                text = value.name if not isinstance(value, exp.Boolean) else str(value.this)
                check_parameter(assignment.this.name.upper(), text, "ALTER SESSION SET")
                context.set_parameter(assignment.this.name, text)
    return result.done(result.UNKNOWN)


# Parameters that the account follows.
_SECONDS = ("LOCK_TIMEOUT", "STATEMENT_TIMEOUT_IN_SECONDS")
# Those of a session's answers: the connector's own, and the one for all clients.
RESULT_FORMATS = ("PYTHON_CONNECTOR_QUERY_RESULT_FORMAT", "QUERY_RESULT_FORMAT")
_FORMATS = ("ARROW", "ARROW_FORCE", "JSON")
_FOLLOWED = (
    "TIMEZONE", "AUTOCOMMIT", "QUERY_TAG", "MULTI_STATEMENT_COUNT", *_SECONDS, *RESULT_FORMATS,
)  # fmt: skip
# What there is nothing of here: queues, a cache of results, queries without a client. A failed
# statement always aborts its transaction.
_OF_NOTHING = (
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", "USE_CACHED_RESULT", "ABORT_DETACHED_QUERY",
    "TRANSACTION_ABORT_ON_ERROR",
)  # fmt: skip
# What clients read from their own session, https://docs.snowflake.com/en/sql-reference/parameters;
# Snowpark sets its switches.
_OF_CLIENTS = (
    "CLIENT_ENABLE_LOG_INFO_STATEMENT_PARAMETERS", "CLIENT_ENCRYPTION_KEY_SIZE",
    "CLIENT_MEMORY_LIMIT", "CLIENT_METADATA_REQUEST_USE_CONNECTION_CTX",
    "CLIENT_METADATA_USE_SESSION_DATABASE", "CLIENT_PREFETCH_THREADS", "CLIENT_RESULT_CHUNK_SIZE",
    "CLIENT_RESULT_COLUMN_CASE_INSENSITIVE", "CLIENT_SESSION_KEEP_ALIVE",
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "CLIENT_TIMESTAMP_TYPE_MAPPING",
    "JDBC_QUERY_RESULT_FORMAT", "ODBC_QUERY_RESULT_FORMAT",
)  # fmt: skip
_KNOWN = {*_FOLLOWED, *_OF_NOTHING, *_OF_CLIENTS}
# The only value that the account knows of the others.
_ONLY_VALUES = {
    "LOG_LEVEL": "OFF",
    "TRACE_LEVEL": "OFF",
    "METRIC_LEVEL": "NONE",
    "DATE_INPUT_FORMAT": "AUTO",
    "TIME_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "ERROR_ON_NONDETERMINISTIC_MERGE": "TRUE",
    "ERROR_ON_NONDETERMINISTIC_UPDATE": "FALSE",
    "WEEK_START": "0",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": "FALSE",
}


def check_parameter(name: str, value: str, statement: str) -> None:
    """Raises 000002 for a parameter that would change answers and does not here, 001481 for a value
    that a parameter cannot have."""
    if name == "AUTOCOMMIT" and value.upper() not in ("TRUE", "FALSE"):
        raise errors.invalid_value(name, value)
    if name in (*_SECONDS, "MULTI_STATEMENT_COUNT") and not value.isdigit():
        raise errors.invalid_value(name, value)
    if name in RESULT_FORMATS and value.upper() not in _FORMATS:
        raise errors.invalid_value(name, value)
    if name in _KNOWN or name.startswith("PYTHON_SNOWPARK_"):
        return
    if name in _ONLY_VALUES and value.upper() == _ONLY_VALUES[name]:
        return
    raise errors.unsupported(f"{statement} {name} = {value}")


# What a session shows of itself: name → default and type.
SHOWN: dict[str, tuple[str, str]] = {
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


def shown(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, value, default, level and type of what a session shows."""
    for name, (default, kind) in SHOWN.items():
        value = parameters.get(name)
        text = default if value in (None, "") else str(value)
        if kind == "BOOLEAN":
            text = text.lower()
        yield name, text, default, "" if text == default else "SESSION", kind


def _check_name(name: str) -> None:
    """Raises 000002 for a parameter that there is no default of."""
    if name not in _KNOWN and name not in _ONLY_VALUES and not name.startswith("PYTHON_SNOWPARK_"):
        raise errors.unsupported(f"ALTER SESSION UNSET {name}")
