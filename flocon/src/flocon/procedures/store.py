"""Procedures and functions as they are kept: one row each, so every change is a single durable
statement. A procedure and a function of a schema cannot have the same name and arguments."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from flocon.engine import Catalog
from flocon.sql.datatypes import DataType, parse_data_type
from flocon.sql.procedures import Argument, CreateProcedure
from flocon.stores.stores import Stores

DDL = """
CREATE TABLE IF NOT EXISTS _account_procedures (
    schema_name VARCHAR, name VARCHAR, types VARCHAR, session_id VARCHAR, document VARCHAR
);
"""

_KEY = "schema_name = ? AND name = ? AND types = ? AND session_id IS NOT DISTINCT FROM ?"


@dataclass(frozen=True)
class Procedure:
    """A procedure or function (kind) in Python, or a function in SQL. session_id: the session of a
    temporary one, else None.

    imports: staged files by their full names. returns_table: the columns of a procedure that
    RETURNS TABLE, which may be left open.
    """

    database: str
    schema: str
    name: str
    arguments: tuple[Argument, ...]
    returns: DataType
    handler: str
    runtime_version: str
    imports: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    body: str | None = None
    comment: str = ""
    execute_as: str = "OWNER"
    strict: bool = False
    volatility: str = "VOLATILE"
    secure: bool = False
    session_id: str | None = None
    created_on: datetime = field(default_factory=lambda: datetime.now(UTC))
    kind: str = "PROCEDURE"
    returns_table: tuple[Argument, ...] | None = None
    language: str = "PYTHON"

    @property
    def types(self) -> str:
        """What tells overloads apart: VARCHAR(10) and VARCHAR are the same argument."""
        return type_list([argument.type for argument in self.arguments])

    @property
    def required(self) -> int:
        """How many arguments a call must give."""
        return sum(argument.default is None for argument in self.arguments)

    def __str__(self) -> str:
        return f"{self.database}.{self.schema}.{self.name}({self.types})"


def type_list(types: Sequence[DataType]) -> str:
    return ", ".join(kind.base for kind in types)


def from_statement(
    statement: CreateProcedure, place: tuple[str, str, str], imports: tuple[str, ...]
) -> Procedure:
    """What CREATE PROCEDURE or CREATE FUNCTION defines, in its database, schema and name."""
    return Procedure(
        *place,
        arguments=statement.arguments,
        returns=statement.returns,
        handler=statement.handler,
        runtime_version=statement.runtime_version,
        imports=imports,
        packages=statement.packages,
        body=statement.body,
        comment=statement.comment,
        execute_as=statement.execute_as,
        strict=statement.strict,
        volatility=statement.volatility,
        secure=statement.secure,
        kind=statement.kind,
        returns_table=statement.returns_table,
        language=statement.language,
    )


def save(catalog: Catalog, procedure: Procedure) -> None:
    """Insert the procedure, or put it in the place of the one with its name and types."""
    key = _key(procedure)
    document = _document(procedure)
    if not catalog.write(
        f"UPDATE _account_procedures SET document = ? WHERE {_KEY}", [document, *key]
    ):
        catalog.write("INSERT INTO _account_procedures VALUES (?, ?, ?, ?, ?)", [*key, document])


def rename(catalog: Catalog, procedure: Procedure, schema: str, name: str) -> None:
    catalog.write(
        f"UPDATE _account_procedures SET schema_name = ?, name = ? WHERE {_KEY}",
        [schema, name, *_key(procedure)],
    )


def remove(catalog: Catalog, procedure: Procedure) -> None:
    catalog.write(f"DELETE FROM _account_procedures WHERE {_KEY}", _key(procedure))


def function_names(account: Stores) -> set[str]:
    """The names that functions of the account have or had."""
    if account.function_names is None:
        account.function_names = {
            function.name
            for database in account.databases()
            for function in visible(account.catalog(database), "", "FUNCTION")
        }
    return account.function_names


def named(
    catalog: Catalog, schema: str, name: str, session_id: str, kind: str = "PROCEDURE"
) -> list[Procedure]:
    """The overloads that a session sees under a name; its temporary ones hide the others."""
    rows = catalog.rows(
        f"{_SEEN} AND schema_name = ? AND name = ? ORDER BY types", [session_id, schema, name]
    )
    found = _of_kind(catalog, rows, kind)
    hidden = {procedure.types for procedure in found if procedure.session_id}
    return [p for p in found if p.session_id or p.types not in hidden]


def visible(catalog: Catalog, session_id: str, kind: str | None = "PROCEDURE") -> list[Procedure]:
    """Every procedure or function (kind; None for all) of the database that a session sees."""
    rows = catalog.rows(f"{_SEEN} ORDER BY schema_name, name, types", [session_id])
    return _of_kind(catalog, rows, kind)


_SEEN = (
    "SELECT schema_name, name, session_id, document FROM _account_procedures"
    " WHERE (session_id IS NULL OR session_id = ?)"
)


def _of_kind(catalog: Catalog, rows: Sequence[dict[str, Any]], kind: str | None) -> list[Procedure]:
    found = [_procedure(catalog.database, row) for row in rows]
    return [procedure for procedure in found if kind in (None, procedure.kind)]


def _key(procedure: Procedure) -> list[str | None]:
    return [procedure.schema, procedure.name, procedure.types, procedure.session_id]


def _document(procedure: Procedure) -> str:
    document = {
        key: value
        for key, value in asdict(procedure).items()
        if key not in ("database", "schema", "name", "session_id")
    }
    document["arguments"] = _declared(procedure.arguments)
    if procedure.returns_table is not None:
        document["returns_table"] = _declared(procedure.returns_table)
    document["returns"] = str(procedure.returns)
    document["created_on"] = procedure.created_on.isoformat()
    return json.dumps(document)


def _declared(arguments: Sequence[Argument]) -> list[list[str | None]]:
    return [[a.name, str(a.type), a.default] for a in arguments]


def _arguments(declared: Sequence[Any]) -> tuple[Argument, ...]:
    return tuple(Argument(name, parse_data_type(kind), text) for name, kind, text in declared)


def _procedure(database: str, row: dict[str, Any]) -> Procedure:
    document = json.loads(row["document"])
    table = document.pop("returns_table", None)
    return Procedure(
        database,
        row["schema_name"],
        row["name"],
        arguments=_arguments(document.pop("arguments")),
        returns_table=None if table is None else _arguments(table),
        returns=parse_data_type(document.pop("returns")),
        imports=tuple(document.pop("imports")),
        packages=tuple(document.pop("packages")),
        created_on=datetime.fromisoformat(document.pop("created_on")),
        session_id=row["session_id"],
        **document,
    )
