"""What Python handlers log: LOG_LEVEL of a database, set beside its comment, and the account's
event table.

https://docs.snowflake.com/en/developer-guide/logging-tracing/telemetry-levels
https://docs.snowflake.com/en/developer-guide/logging-tracing/event-table-columns
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flocon.access.demands import on_account, owns
from flocon.access.needs import Demand
from flocon.access.securables import Securable, database
from flocon.access.trees import Place
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import Catalog
from flocon.procedures.store import Procedure
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import definitions
from flocon.sql.definitions import Definition
from flocon.sql.tokens import Tokens
from flocon.stores import notes
from flocon.stores.stores import Stores

# The latest messages alone are kept.
ACCOUNT_DDL = """
CREATE SEQUENCE IF NOT EXISTS _account_event_numbers;
CREATE TABLE IF NOT EXISTS _account_events (
    number BIGINT DEFAULT nextval('_account_event_numbers'), logged_at TIMESTAMP,
    resource VARCHAR, scope VARCHAR, record VARCHAR, attributes VARCHAR, message VARCHAR
);
"""
KEPT = 10_000
OFF = "OFF"
_LEVEL = "LOG_LEVEL"
# Snowflake's levels as numbers of Python's, and its names of Python's levels.
LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "ERROR": 40, "FATAL": 50, OFF: None}
_SEVERITIES = {"WARNING": "WARN", "CRITICAL": "FATAL"}

# What the event table and its view are read as.
EVENTS = "_EVENTS"
QUERY = f"SELECT * FROM TABLE(SNOWFLAKE.INFORMATION_SCHEMA.{EVENTS}())"
_COLUMNS = {
    "TIMESTAMP": "TIMESTAMP",
    "START_TIMESTAMP": "TIMESTAMP",
    "OBSERVED_TIMESTAMP": "TIMESTAMP",
    "TRACE": "JSON",
    "RESOURCE": "JSON",
    "RESOURCE_ATTRIBUTES": "JSON",
    "SCOPE": "JSON",
    "SCOPE_ATTRIBUTES": "JSON",
    "RECORD_TYPE": "VARCHAR",
    "RECORD": "JSON",
    "RECORD_ATTRIBUTES": "JSON",
    "VALUE": "JSON",
    "EXEMPLARS": "JSON",
}


def _read_alter(tokens: Tokens) -> Definition:
    """ALTER DATABASE [IF EXISTS] name {SET LOG_LEVEL = level | SET COMMENT = '…' | UNSET LOG_LEVEL
    | UNSET COMMENT}, and no more."""
    head = definitions.altered(tokens, "DATABASE")
    level = OFF
    if (comment := definitions.comment(tokens)) is not None and tokens.done:
        return replace(head, properties={"COMMENT": comment})
    if tokens.accept("SET", "LOG_LEVEL", "="):
        level = definitions.one_of("LOG_LEVEL", *LEVELS)(tokens)
    elif not tokens.accept("UNSET", "LOG_LEVEL"):
        raise errors.unsupported(tokens.text.strip()[:200])
    if not tokens.done:
        raise errors.unsupported(tokens.text.strip()[:200])
    return replace(head, properties={_LEVEL: level})


def alter_database(context: Context, statement: Definition) -> Result:
    name, properties = statement.name.name, statement.properties
    context.transactions.commit_for_ddl()
    if name in context.account.databases():
        catalog = context.catalog(name)
        if "COMMENT" in properties:
            notes.commented(catalog, "DATABASE", name, text=properties["COMMENT"])
        else:
            changed = {_LEVEL: "" if properties[_LEVEL] == OFF else properties[_LEVEL]}
            notes.altered(catalog, "DATABASE", name, properties=changed)
    elif not statement.forgiving:
        raise errors.does_not_exist("Database", name)
    return result.done()


def level_of(catalog: Catalog) -> str:
    """The level in force in a database."""
    note = notes.find(catalog, "DATABASE", catalog.database)
    return note.properties.get(_LEVEL, OFF) if note else OFF


@dataclass(frozen=True)
class Logs:
    """Takes what one call logs. level: a name of LEVELS, below which nothing is taken."""

    account: Stores
    level: str
    resource: dict[str, Any]

    @property
    def number(self) -> int | None:
        """The level as Python has it; None for no messages at all."""
        return LEVELS[self.level]

    def write(self, record: dict[str, Any]) -> None:
        """Put one message, as the worker sends it, into the event table."""
        severity = _SEVERITIES.get(record["level"], record["level"])
        attributes = {
            "code.filepath": record["path"],
            "code.function": record["function"],
            "code.lineno": record["line"],
        }
        if record["exception"]:
            attributes["exception.stacktrace"] = record["exception"]
        self.account.own.write(
            "INSERT INTO _account_events (logged_at, resource, scope, record, attributes, message)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                datetime.now(UTC).replace(tzinfo=None),
                json.dumps(self.resource),
                json.dumps({"name": record["logger"]}),
                json.dumps({"severity_text": severity}),
                json.dumps(attributes),
                json.dumps(record["message"]),
            ],
        )
        self.account.own.write(
            "DELETE FROM _account_events"
            " WHERE number <= (SELECT max(number) FROM _account_events) - ?",
            [KEPT],
        )


def logs(context: Context, procedure: Procedure, query_id: str) -> Logs:
    """Where a call's messages go."""
    resource = {
        "db.user": context.user,
        "snow.database.name": procedure.database,
        "snow.executable.name": f"{procedure.name}({procedure.types})",
        "snow.executable.type": "PROCEDURE",
        "snow.query.id": query_id,
        "snow.schema.name": procedure.schema,
        "snow.context.role.primary.name": context.role,
        "snow.warehouse.name": context.warehouse,
        "telemetry.sdk.language": "python",
    }
    return Logs(context.account, level_of(context.catalog(procedure.database)), resource)


def events(context: Context, database: str, arguments: dict[str, Any]) -> Result:
    """The event table. Only ACCOUNTADMIN comes here: others would need an application role."""
    rows = context.account.own.rows("FROM _account_events ORDER BY number")
    found = [
        [
            row["logged_at"],
            None,
            row["logged_at"],
            None,
            None,
            row["resource"],
            row["scope"],
            None,
            "LOG",
            row["record"],
            row["attributes"],
            row["message"],
            None,
        ]
        for row in rows
    ]
    return result.of(_COLUMNS, found, result.SELECT)


def _read_comment(tokens: Tokens) -> Definition:
    return definitions.commented(tokens, "DATABASE")


def _to_alter(statement: Definition, place: Place) -> Demand:
    """LOG_LEVEL takes MODIFY LOG LEVEL on the account, which cannot be granted here."""
    needed = on_account if _LEVEL in statement.properties else owns(_database)
    return needed(statement, place)


def _database(statement: Definition, place: Place) -> Securable:
    return database(statement.name.name)


STATEMENTS = (
    Kind(("ALTER", "DATABASE"), _read_alter, alter_database, _to_alter),
    Kind(("COMMENT", "DATABASE"), _read_comment, alter_database, _to_alter),
)
TABLE_FUNCTIONS = {EVENTS: events}
VIEWS = dict.fromkeys(("SNOWFLAKE.TELEMETRY.EVENTS", "SNOWFLAKE.TELEMETRY.EVENTS_VIEW"), QUERY)
