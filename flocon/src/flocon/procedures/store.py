"""Procedures and functions as they are kept, under their names with the types of their arguments:
a procedure and a function of a schema cannot have the same.

A temporary one belongs to its session, and is kept there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flocon.core.clock import utc_now
from flocon.engine import StoredObjects
from flocon.session.context import Context
from flocon.sql.datatypes import DataType, parse_data_type
from flocon.sql.procedures import Argument, CreateProcedure
from flocon.stores.stores import Stores


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
    created_on: datetime = field(default_factory=utc_now)
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

    @property
    def signed_name(self) -> str:
        """What tells it from the others of its schema."""
        return f"{self.name}({self.types})"

    def __str__(self) -> str:
        return f"{self.database}.{self.schema}.{self.signed_name}"


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


def save(context: Context, procedure: Procedure, *, instead_of: Procedure | None = None) -> None:
    """Keep it, in the place of the one with its name and types or of one that had another name."""
    if procedure.session_id is None:
        _STORED.put(context.catalog(procedure.database), procedure, instead_of=instead_of)
        return
    if instead_of:
        remove(context, instead_of)
    context.temporary_routines[str(procedure)] = procedure


def remove(context: Context, procedure: Procedure) -> None:
    if procedure.session_id is None:
        catalog = context.catalog(procedure.database)
        _STORED.delete(catalog, procedure.schema, procedure.signed_name)
    else:
        context.temporary_routines.pop(str(procedure), None)


def function_names(account: Stores) -> set[str]:
    """The names that functions of the account have or had."""
    if account.function_names is None:
        names: set[str] = set()
        for database in account.databases():
            with account.while_there(database):
                stored = _STORED.all(account.catalog(database))
                names |= {each.name for each in stored if each.kind == "FUNCTION"}
        account.function_names = names
    return account.function_names


def named(
    context: Context, database: str, schema: str, name: str, kind: str = "PROCEDURE"
) -> list[Procedure]:
    """The overloads that a session sees under a name; its temporary ones hide the others."""
    stored = _STORED.beginning(context.catalog(database), schema, f"{name}(").values()
    found = {str(each): each for each in _with_temporary(context, database, stored)}
    return [p for p in found.values() if (p.schema, p.name, p.kind) == (schema, name, kind)]


def visible(context: Context, database: str, kind: str | None = "PROCEDURE") -> list[Procedure]:
    """Every procedure or function (kind; None for all) of a database that a session sees."""
    found = _with_temporary(context, database, _STORED.all(context.catalog(database)))
    return [procedure for procedure in found if kind in (None, procedure.kind)]


def _with_temporary(
    context: Context, database: str, stored: Iterable[Procedure]
) -> Iterator[Procedure]:
    yield from (replace(procedure, database=database) for procedure in stored)
    yield from (each for each in context.temporary_routines.values() if each.database == database)


def _fields(procedure: Procedure) -> dict[str, Any]:
    return {
        **vars(procedure),
        "database": "",
        "arguments": _declared(procedure.arguments),
        "returns": str(procedure.returns),
        "returns_table": procedure.returns_table and _declared(procedure.returns_table),
    }


def _declared(arguments: Sequence[Argument]) -> list[list[str | None]]:
    return [[a.name, str(a.type), a.default] for a in arguments]


def _arguments(declared: Sequence[Any]) -> tuple[Argument, ...]:
    return tuple(Argument(name, parse_data_type(kind), text) for name, kind, text in declared)


def _procedure(fields: dict[str, Any]) -> Procedure:
    table = fields.get("returns_table")
    return Procedure(
        **fields
        | {
            "arguments": _arguments(fields["arguments"]),
            "returns": parse_data_type(fields["returns"]),
            "returns_table": None if table is None else _arguments(table),
            "imports": tuple(fields["imports"]),
            "packages": tuple(fields["packages"]),
        }
    )


_STORED = StoredObjects(
    "PROCEDURE",
    _procedure,
    fields=_fields,
    key=lambda procedure: (procedure.schema, procedure.signed_name),
)
