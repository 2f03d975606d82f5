"""The connector's protocol: what its requests say, and the responses that it understands.

Source of the formats: snowflake-connector-python (auth/, network.py, cursor.py, converter.py).
"""

import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from flocon.core import errors, result, timestamp_tz
from flocon.core.errors import SnowflakeError
from flocon.core.result import Result
from flocon.engine import NANOSECONDS, SNOWFLAKE_VERSION
from flocon.http import arrow
from flocon.session.context import Context
from flocon.session.parameters import RESULT_FORMATS, of_a_client
from flocon.session.session import Session
from flocon.sql.statement_text import StatementText
from flocon.stores.queries import Names, Query
from flocon.stores.result_parts import Kept, Part

_EPOCH = datetime(1970, 1, 1)
_KEY_PAIR = "SNOWFLAKE_JWT"
Response = dict[str, Any]


# --- requests ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LoginRequest:
    """Who wants in, and the names to begin with. token: that of a key pair, None without one.
    uploads: it carries staged files over HTTP (`flocon.http.files`). client: its name and version,
    for CURRENT_CLIENT()."""

    user: str
    password: str = field(repr=False)
    token: str | None = field(repr=False)
    role: str | None
    warehouse: str | None
    database: str | None
    schema: str | None
    parameters: dict[str, Any]
    uploads: bool = False
    client: str | None = None
    # The connector's validate_default_parameters.
    names_exist: bool = False


def read_login(document: dict[str, Any], address: Mapping[str, str]) -> LoginRequest:
    """A login: its body, and the query string of its address. Raises 001003 where it is not one."""
    data = fields(document, "data")
    parameters = fields(data, "SESSION_PARAMETERS")
    has_key = str(data.get("AUTHENTICATOR", "")).upper() == _KEY_PAIR
    return LoginRequest(
        user=str(data.get("LOGIN_NAME") or "LOCAL").upper(),
        password=str(data.get("PASSWORD", "")),
        token=str(data.get("TOKEN", "")) if has_key else None,
        role=_name(address.get("roleName")),
        warehouse=_name(address.get("warehouse")),
        database=_name(address.get("databaseName")),
        schema=_name(address.get("schemaName")),
        parameters=of_a_client(parameters),
        uploads=_uploads(data),
        client=_client(data),
        names_exist=str(parameters.get("CLIENT_VALIDATE_DEFAULT_PARAMETERS")).upper() == "TRUE",
    )


def _client(data: dict[str, Any]) -> str | None:
    written = f"{data.get('CLIENT_APP_ID', '')} {data.get('CLIENT_APP_VERSION', '')}".strip()
    return written[:_LONGEST_CLIENT] if written.isprintable() and written else None


_LONGEST_CLIENT = 200


def _uploads(data: dict[str, Any]) -> bool:
    """Is it a driver that is made around the common core, as the connector for Python is from
    version 5 on, whatever name it goes by? Version 4 only loads that beside its own code."""
    environment = fields(data, "CLIENT_ENVIRONMENT")
    return "CORE_VERSION" in environment and "PYTHON_VERSION" not in environment


def _name(text: str | None) -> str | None:
    """A name of the login's address: quoted ones keep their case."""
    if not text:
        return None
    return text[1:-1] if text.startswith('"') else text.upper()


@dataclass(frozen=True)
class Statement:
    """One query request. binds: a value per mark; batch: rows of them, for executemany. internal:
    nobody has written it, the client sends it by itself."""

    text: StatementText
    binds: tuple[Any, ...]
    batch: list[tuple[Any, ...]] | None
    describe: bool
    asynchronous: bool
    parameters: dict[str, Any]
    internal: bool

    @property
    def spares_transaction(self) -> bool:
        """Is its DDL to leave an open transaction open? Snowpark asks for it."""
        return str(self.parameters.get("SNOWPARK_SKIP_TXN_COMMIT_IN_DDL")).upper() == "TRUE"


def unreadable(error: object) -> SnowflakeError:
    return SnowflakeError(errors.SYNTAX, f"Unreadable request: {error}")


def fields(document: dict[str, Any], name: str) -> dict[str, Any]:
    """An object in a document, an empty one where it is missing."""
    value = document.get(name) or {}
    if not isinstance(value, dict):
        raise unreadable(f"{name} is no object")
    return value


def read_statement(document: dict[str, Any]) -> Statement:
    """A query request. Raises 001003 where it is not one."""
    try:
        return _statement(document)
    except SnowflakeError:
        raise
    except Exception as error:
        raise unreadable(f"{type(error).__name__}: {error}") from None


def _statement(document: dict[str, Any]) -> Statement:
    if not isinstance(document["sqlText"], str):
        raise ValueError("sqlText is no text")
    if document.get("bindStage"):
        raise errors.unsupported("binds in a stage")
    bindings = fields(document, "bindings")
    ordered = [bindings[key] for key in sorted(bindings, key=int)]
    batch = None
    if ordered and any(isinstance(b["value"], list) and b["type"] != "ARRAY" for b in ordered):
        columns = [[_bind(b["type"], value) for value in b["value"]] for b in ordered]
        batch = list(zip(*columns, strict=True))
    return Statement(
        text=StatementText(document["sqlText"]),
        binds=() if batch is not None else tuple(_bind(b["type"], b["value"]) for b in ordered),
        batch=batch,
        describe=bool(document.get("describeOnly")),
        asynchronous=bool(document.get("asyncExec")),
        parameters=fields(document, "parameters"),
        internal=bool(document.get("isInternal")),
    )


def _bind(kind: str, value: Any) -> Any:
    """A bind as the connector writes it → a Python value."""
    if value is None:
        return None
    convert = _BINDS.get(kind.upper())
    return convert(value) if convert else value


def _since_epoch(nanoseconds: str) -> datetime:
    micros, rest = divmod(int(nanoseconds), 1000)
    if rest:
        raise errors.unsupported(NANOSECONDS)
    return _EPOCH + timedelta(microseconds=micros)


def _fixed(value: str) -> int | Decimal:
    return int(value) if re.fullmatch(r"[+-]?\d+", value) else Decimal(value)


def _time(value: str) -> time:
    return _since_epoch(value).time()


def _with_zone(value: str) -> datetime:
    """ "<nanoseconds> <minutes + 1440>" → a TIMESTAMP_TZ."""
    nanoseconds, _, minutes = value.partition(" ")
    instant = _since_epoch(nanoseconds).replace(tzinfo=UTC)
    if not minutes:
        return instant
    ahead = timedelta(minutes=int(minutes) - timestamp_tz.NO_MINUTES)
    return timestamp_tz.of(instant.astimezone(timezone(ahead)))


def _date(value: str) -> date:
    return (_EPOCH + timedelta(milliseconds=int(value))).date()


_BINDS: dict[str, Callable[[Any], Any]] = {
    "FIXED": _fixed,
    "REAL": float,
    "BOOLEAN": lambda value: str(value).lower() == "true",
    "BINARY": binascii.unhexlify,
    "DATE": _date,
    "TIME": _time,
    "TIMESTAMP_NTZ": _since_epoch,
    "TIMESTAMP_LTZ": lambda value: _since_epoch(value).replace(tzinfo=UTC),
    "TIMESTAMP_TZ": _with_zone,
    "ARRAY": json.dumps,
}


# --- responses -----------------------------------------------------------------------------------


def welcome(session: Session, token: str) -> Response:
    """The answer to a login. Clients are told the names that they have asked for, also where these
    do not exist and are not current: https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    database, schema = session.asked
    data = {
        "token": token,
        "masterToken": token,
        "validityInSeconds": 14400,
        "masterValidityInSeconds": 14400,
        "displayUserName": session.user,
        "serverVersion": SNOWFLAKE_VERSION,
        "sessionId": session.number,
        "parameters": [
            {"name": "AUTOCOMMIT", "value": session.context.parameters["AUTOCOMMIT"]},
            {"name": "TIMEZONE", "value": session.context.parameters["TIMEZONE"]},
            {"name": "CLIENT_SESSION_KEEP_ALIVE", "value": False},
            {"name": "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "value": 3600},
            # Snowpark tells by this what nothing limits from a column's 16777216 characters.
            {"name": "VARCHAR_AND_BINARY_MAX_SIZE_IN_RESULT", "value": 134217728},
            # Rows of executemany come with the statement, never through a stage
            # (`flocon.objects.stages`).
            {"name": "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "value": 0},
            # Threads may share a Snowpark session: `DataFrameReader.dbapi` has threads of its own.
            {"name": "PYTHON_SNOWPARK_ENABLE_THREAD_SAFE_SESSION", "value": True},
        ],
        "sessionInfo": {
            "databaseName": session.context.database or database,
            "schemaName": session.context.schema or schema,
            "warehouseName": session.context.warehouse,
            "roleName": session.context.role,
        },
    }
    return done(data)


def done(data: Any = None) -> Response:
    """The answer to a request that is no statement."""
    return {"data": data, "success": True, "code": None, "message": None}


# Keeps the further parts of an answer, and says where they are.
Keep = Callable[[Iterator[Part]], Response]


def answer(
    query_id: str, outcome: Result | SnowflakeError | None, names: Names, keep: Keep
) -> Response:
    """The response to a query: its rows or its error."""
    if isinstance(outcome, Result):
        return _success(query_id, outcome, names, keep)
    unsaid = SnowflakeError(errors.INTERNAL, "The query ended without an answer.")
    return failure(outcome or unsaid, query_id)


def _success(query_id: str, found: Result, names: Names, keep: Keep) -> Response:
    if found.put is not None:
        return done(found.put)
    columns = arrow.row_type(found)
    as_json = names.result_format == "JSON"
    first, parts = arrow.rows(found, columns, as_json=as_json, indent=names.json_indent)
    return done(
        {
            # How a client that writes values itself is to write them.
            "parameters": [
                {"name": "TIMEZONE", "value": names.time_zone},
                *({"name": name, "value": value} for name, value in names.formats.parameters()),
            ],
            "rowtype": columns,
            "total": found.table.num_rows,
            "returned": found.table.num_rows,
            "queryId": query_id,
            "statementTypeId": found.statement_type,
            "finalDatabaseName": names.database,
            "finalSchemaName": names.schema,
            "finalRoleName": names.role,
            "finalWarehouseName": names.warehouse,
            **first,
            **keep(parts),
            **_parts(found),
            **_changes(found),
        }
    )


def kept(parts: Kept, address: str) -> Response:
    """Where the further parts of an answer are, and what the client sends along for them."""
    if not parts.sizes:
        return {}
    chunks = [
        {
            "url": f"{address}{PARTS.format(name=parts.name, number=number)}",
            "rowCount": rows,
            "uncompressedSize": size,
            "compressedSize": size,
        }
        for number, (rows, size) in enumerate(parts.sizes)
    ]
    return {"chunks": chunks, "chunkHeaders": {KEY_OF_PARTS: parts.key}}


PARTS = "/local/results/{name}/{number}"
# The header in which a client sends the key of an answer's parts, as to Amazon's cloud.
KEY_OF_PARTS = "x-amz-server-side-encryption-customer-key"


def current_names(context: Context, parameters: Mapping[str, Any] = MappingProxyType({})) -> Names:
    """What a client is told of its session after a statement, which has parameters of its own."""
    formats = (
        given.get(name) for given in (parameters, context.parameters) for name in RESULT_FORMATS
    )
    return Names(
        context.database,
        context.schema,
        context.role,
        context.warehouse,
        str(context.parameters["TIMEZONE"]),
        next((str(each).upper() for each in formats if each), "ARROW"),
        2 if (indent := context.parameters.get("JSON_INDENT")) is None else int(indent),
        context.connection.formats,
    )


_CHANGING = result.DML | {result.COPY}
# Which rows a statement has changed, as its answer says it.
_CHANGES = {
    "numRowsInserted": re.compile("number of rows inserted|rows_loaded"),
    "numRowsUpdated": re.compile("number of rows updated"),
    "numRowsDeleted": re.compile("number of rows deleted"),
    "numDmlDuplicates": re.compile("number of multi-joined rows updated"),
}


def _changes(found: Result) -> Response:
    """What a cursor has as `stats`: of DML, TRUNCATE, COPY INTO and CREATE TABLE … AS."""
    if found.statement_type == result.DDL and found.affected is not None:
        counts = {**dict.fromkeys(_CHANGES, 0), "numRowsInserted": found.affected}
    elif found.statement_type in _CHANGING:
        rows = [dict(zip(found.names, row, strict=True)) for row in found.rows()]
        counts = {
            key: sum(row[name] for row in rows for name in found.names if of.match(name))
            for key, of in _CHANGES.items()
        }
    elif found.deleted:
        counts = dict.fromkeys(_CHANGES, 0)
    else:
        return {}
    counts["numRowsDeleted"] += found.deleted
    # A statement that has changed nothing says nothing of it.
    return {"stats": counts} if any(counts.values()) else {}


def _parts(found: Result) -> dict[str, str]:
    """Where the answers of several statements are."""
    if not found.parts:
        return {}
    ids, types = zip(*found.parts, strict=True)
    return {"resultIds": ",".join(ids), "resultTypes": ",".join(map(str, types))}


def failure(error: SnowflakeError, query_id: str | None = None) -> Response:
    """The response to a request or a statement that failed."""
    code = f"{error.errno:06d}"
    return {
        "data": {
            "errorCode": code,
            "sqlState": error.sqlstate,
            "queryId": query_id,
            "internalError": False,
        },
        "code": code,
        "message": error.message,
        "success": False,
    }


def in_progress(query_id: str, *, asynchronous: bool = False) -> Response:
    """The client is to ask for the answer, at once or, where it said so itself, some time."""
    data = {
        "queryId": query_id,
        "getResultUrl": f"/queries/{query_id}/result",
        "queryAbortsAfterSecs": 3600,
        "progressDesc": None,
    }
    return {**done(data), "code": "333334" if asynchronous else "333333"}


def query_status(query: Query | None) -> Response:
    """What the client may know of a query; one that is not known has no status."""
    if query is None:
        return done({"queries": []})
    status: dict[str, Any] = {"status": "SUCCESS" if query.over.done() else "RUNNING"}
    if isinstance(query.outcome, SnowflakeError):
        status = {
            "status": "FAILED_WITH_ERROR",
            "errorCode": f"{query.outcome.errno:06d}",
            "errorMessage": query.outcome.message,
        }
    return done({"queries": [status]})
