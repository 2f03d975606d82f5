"""ALTER SESSION: parameters that are followed, that change nothing here, or that are refused.

https://docs.snowflake.com/en/sql-reference/parameters
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flocon.access.demands import nothing
from flocon.core import errors, result
from flocon.core.output_formats import DEFAULT as DEFAULT_FORMATS
from flocon.core.result import Result
from flocon.core.time_zones import is_zone
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql.tokens import Tokens


@dataclass(frozen=True)
class AlterSession:
    """values: by the parameters' names; None for those to unset."""

    values: Mapping[str, str | None]


def _read(tokens: Tokens) -> AlterSession:
    """ALTER SESSION SET name = value … | UNSET name …: with commas between them or without."""
    tokens.expect("ALTER", "SESSION")
    sets = not tokens.accept("UNSET")
    if sets:
        tokens.expect("SET")
    values: dict[str, str | None] = {}
    while not tokens.done or not values:
        name = tokens.word()
        values[name] = _value(tokens) if sets else None
        tokens.accept(",")
    return AlterSession(values)


def _value(tokens: Tokens) -> str:
    tokens.expect("=")
    sign = "-" if tokens.accept("-") else ""
    return sign + tokens.value()


def alter_session(context: Context, statement: AlterSession) -> Result:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-session"""
    for name, value in statement.values.items():
        if value is not None:
            check_parameter(name, value, "ALTER SESSION SET")
        elif not _is_known(name):
            raise errors.unsupported(f"ALTER SESSION UNSET {name}")
    for name, value in statement.values.items():
        context.set_parameter(name, value)
    return result.done(result.UNKNOWN)


STATEMENTS = (Kind(("ALTER", "SESSION"), _read, alter_session, nothing),)


# Those of a session's answers: the connector's own, and the one for all clients.
RESULT_FORMATS = ("PYTHON_CONNECTOR_QUERY_RESULT_FORMAT", "QUERY_RESULT_FORMAT")
# What a session shows of itself: name → default and type.
_SHOWN: dict[str, tuple[str, str]] = {
    "ABORT_DETACHED_QUERY": ("false", "BOOLEAN"),
    "AUTOCOMMIT": ("true", "BOOLEAN"),
    "BINARY_INPUT_FORMAT": ("HEX", "STRING"),
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
    "DEFAULT_NULL_ORDERING": ("LAST", "STRING"),
    "ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION": ("true", "BOOLEAN"),
    "ERROR_ON_NONDETERMINISTIC_MERGE": ("true", "BOOLEAN"),
    "ERROR_ON_NONDETERMINISTIC_UPDATE": ("false", "BOOLEAN"),
    "JDBC_TREAT_DECIMAL_AS_INT": ("true", "BOOLEAN"),
    "JDBC_TREAT_TIMESTAMP_NTZ_AS_UTC": ("false", "BOOLEAN"),
    "JDBC_USE_SESSION_TIMEZONE": ("true", "BOOLEAN"),
    "JSON_INDENT": ("2", "NUMBER"),
    "JS_TREAT_INTEGER_AS_BIGINT": ("false", "BOOLEAN"),
    "LOCK_TIMEOUT": ("43200", "NUMBER"),
    "LOG_LEVEL": ("OFF", "STRING"),
    "METRIC_LEVEL": ("NONE", "STRING"),
    "MULTI_STATEMENT_COUNT": ("1", "NUMBER"),
    "NOORDER_SEQUENCE_AS_DEFAULT": ("true", "BOOLEAN"),
    "ODBC_TREAT_DECIMAL_AS_INT": ("false", "BOOLEAN"),
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": ("ARROW", "STRING"),
    "QUERY_TAG": ("", "STRING"),
    "QUOTED_IDENTIFIERS_IGNORE_CASE": ("false", "BOOLEAN"),
    "ROWS_PER_RESULTSET": ("0", "NUMBER"),
    "SEARCH_PATH": ("$current, $public", "STRING"),
    "SIMULATED_DATA_SHARING_CONSUMER": ("", "STRING"),
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": ("0", "NUMBER"),
    "STATEMENT_TIMEOUT_IN_SECONDS": ("172800", "NUMBER"),
    "STRICT_JSON_OUTPUT": ("false", "BOOLEAN"),
    "TIMESTAMP_DAY_IS_ALWAYS_24H": ("false", "BOOLEAN"),
    "TIMESTAMP_INPUT_FORMAT": ("AUTO", "STRING"),
    "TIMESTAMP_TYPE_MAPPING": ("TIMESTAMP_NTZ", "STRING"),
    "TIMEZONE": ("UTC", "STRING"),
    "TIME_INPUT_FORMAT": ("AUTO", "STRING"),
    "TRACE_LEVEL": ("OFF", "STRING"),
    "TRANSACTION_ABORT_ON_ERROR": ("false", "BOOLEAN"),
    "TRANSACTION_DEFAULT_ISOLATION_LEVEL": ("READ COMMITTED", "STRING"),
    "TWO_DIGIT_CENTURY_START": ("1970", "NUMBER"),
    "UNSUPPORTED_DDL_ACTION": ("ignore", "STRING"),
    "USE_CACHED_RESULT": ("true", "BOOLEAN"),
    "WEEK_OF_YEAR_POLICY": ("0", "NUMBER"),
    "WEEK_START": ("0", "NUMBER"),
    **{name: (value, "STRING") for name, value in DEFAULT_FORMATS.parameters()},
}
# Another value of these would change answers, and does not here. The others are followed, or are
# the client's own, or change nothing: there are no queues here, no cache of results and no queries
# without a client.
_FIXED = {
    "BINARY_INPUT_FORMAT", "DATE_INPUT_FORMAT", "DEFAULT_NULL_ORDERING",
    "ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION", "ERROR_ON_NONDETERMINISTIC_MERGE",
    "ERROR_ON_NONDETERMINISTIC_UPDATE", "LOG_LEVEL", "METRIC_LEVEL", "NOORDER_SEQUENCE_AS_DEFAULT",
    "QUOTED_IDENTIFIERS_IGNORE_CASE", "ROWS_PER_RESULTSET", "SEARCH_PATH",
    "SIMULATED_DATA_SHARING_CONSUMER", "STRICT_JSON_OUTPUT", "TIMESTAMP_DAY_IS_ALWAYS_24H",
    "TIMESTAMP_INPUT_FORMAT", "TIMESTAMP_TYPE_MAPPING", "TIME_INPUT_FORMAT", "TRACE_LEVEL",
    "TRANSACTION_DEFAULT_ISOLATION_LEVEL", "TWO_DIGIT_CENTURY_START", "UNSUPPORTED_DDL_ACTION",
    "WEEK_OF_YEAR_POLICY", "WEEK_START",
}  # fmt: skip
_OTHER_FORMATS = ("JDBC_QUERY_RESULT_FORMAT", "ODBC_QUERY_RESULT_FORMAT", "QUERY_RESULT_FORMAT")
# SUPPRESS_INCIDENT_DUMPS changes nothing here: an account dumps no incidents.
_KNOWN = {*_SHOWN, *_OTHER_FORMATS, "SUPPRESS_INCIDENT_DUMPS"}
_BOOLEAN = ("TRUE", "FALSE")
_VALUES = {
    **{name: _BOOLEAN for name, (_, kind) in _SHOWN.items() if kind == "BOOLEAN"},
    **dict.fromkeys(RESULT_FORMATS, ("ARROW", "ARROW_FORCE", "JSON")),
    "BINARY_INPUT_FORMAT": ("HEX", "BASE64", "UTF8", "UTF-8"),
    "BINARY_OUTPUT_FORMAT": ("HEX", "BASE64"),
}
# They are followed, and not for one statement alone.
_OF_SESSIONS = {
    "AUTOCOMMIT", "JSON_INDENT", "LOCK_TIMEOUT", "STATEMENT_TIMEOUT_IN_SECONDS", "TIMEZONE",
    "TRANSACTION_ABORT_ON_ERROR", *dict(DEFAULT_FORMATS.parameters()),
}  # fmt: skip
_WITHOUT_FORMAT = re.compile("(DATE|TIME|TIMESTAMP)_OUTPUT_FORMAT")
_DEEPEST_INDENT = 16
_NUMBERS = ("JSON_INDENT", "LOCK_TIMEOUT", "STATEMENT_TIMEOUT_IN_SECONDS", "MULTI_STATEMENT_COUNT")


def check_parameter(name: str, value: str, statement: str) -> None:
    """Raises 000002 for a parameter that would change answers and does not here, 001481 for a value
    that a parameter cannot have."""
    if name in _VALUES and value.upper() not in _VALUES[name]:
        raise errors.invalid_value(name, value)
    if name == "TIMEZONE" and not is_zone(value):
        raise errors.invalid_value(name, value)
    if name in _NUMBERS and not value.isdigit():
        raise errors.invalid_value(name, value)
    if name == "JSON_INDENT" and int(value) > _DEEPEST_INDENT:
        raise errors.invalid_value(name, value)
    if _WITHOUT_FORMAT.fullmatch(name) and not value:
        raise errors.invalid_value(name, value)
    is_auto = name.endswith("_OUTPUT_FORMAT") and value.upper() == "AUTO"
    is_other = name in _FIXED and value.upper() != _SHOWN[name][0].upper()
    if is_other or is_auto or not _is_known(name):
        raise errors.unsupported(f"{statement} {name} = {value}")


def of_a_client(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a client sends along with a login or a statement, by their names in upper
    case, but for those that only clients know. Raises as `check_parameter`.

    https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-connect
    """
    known = {
        name.upper(): value
        for name, value in given.items()
        if value is not None and _is_known(name.upper())
    }
    for name, value in known.items():
        check_parameter(name, str(value), "a session with")
    return known


def check_statement(given: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """The same for a statement's own. Raises 000002 for what only a session can have here.

    parameters: the session's.
    """
    for name, value in of_a_client(given).items():
        current = parameters.get(name)
        current = _SHOWN.get(name, ("", ""))[0] if current is None else current
        if name in _OF_SESSIONS and str(value).upper() != str(current).upper():
            raise errors.unsupported(f"one statement with {name} = {value}")


def _is_known(name: str) -> bool:
    """Snowpark sets switches of its own."""
    return name in _KNOWN or name.startswith("PYTHON_SNOWPARK_")


def session_parameters(
    parameters: Mapping[str, Any],
) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, value, default, level and type of what a session shows."""
    for name, (default, kind) in _SHOWN.items():
        value = parameters.get(name)
        text = default if value is None else str(value)
        if kind == "BOOLEAN":
            text = text.lower()
        elif name in RESULT_FORMATS:
            text = text.upper()
        yield name, text, default, "" if text == default else "SESSION", kind
