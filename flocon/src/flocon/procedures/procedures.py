"""CREATE, ALTER, DROP, SHOW and DESCRIBE PROCEDURE."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flocon.access.demands import creates, drops, lists, needs, nothing, overload
from flocon.access.needs import Demand, Need
from flocon.access.securables import Securable, schema
from flocon.access.trees import Place
from flocon.core import errors, result
from flocon.procedures import packages
from flocon.procedures import store as procedure_store
from flocon.procedures.calls import call
from flocon.procedures.imports import identifier, qualified, staged_file
from flocon.procedures.store import DDL, Procedure
from flocon.session.context import Context
from flocon.session.names import place_of
from flocon.session.statements import Kind
from flocon.sql import procedures as parser
from flocon.sql import statements
from flocon.sql.calls import call_procedure
from flocon.sql.datatypes import DataType
from flocon.sql.procedures import Argument, CreateProcedure, Signature
from flocon.sql.statements import Show
from flocon.sql.tokens import FullName

__all__ = ["DDL", "FUNCTIONS", "IN_SCHEMA", "OF_SCHEMA", "STATEMENTS", "TABLE_FUNCTIONS"]

_SHOWN = {
    "created_on": "TIMESTAMP WITH TIME ZONE",
    "name": "VARCHAR",
    "schema_name": "VARCHAR",
    "is_builtin": "VARCHAR",
    "is_aggregate": "VARCHAR",
    "is_ansi": "VARCHAR",
    "min_num_arguments": "BIGINT",
    "max_num_arguments": "BIGINT",
    "arguments": "VARCHAR",
    "description": "VARCHAR",
    "catalog_name": "VARCHAR",
    "is_table_function": "VARCHAR",
    "valid_for_clustering": "VARCHAR",
    "is_secure": "VARCHAR",
    "secrets": "VARCHAR",
    "external_access_integrations": "VARCHAR",
}


def create_procedure(context: Context, statement: CreateProcedure) -> result.Result:
    packages.check_procedure(statement.packages)
    if not statement.temporary:
        context.transactions.commit_for_ddl()
    full = context.resolve(statement.name)
    context.check_schema(full)
    imports = tuple(qualified(context, path) for path in statement.imports)
    files = [staged_file(context, path).name for path in imports]
    if len(set(files)) < len(files):
        raise errors.compilation(errors.INVALID_PROPERTY, "Imported file names must be unique.")
    with context.account.lock:
        procedure = _defined(context, statement, full, imports)
        catalog = context.catalog(full.database)
        current = _same(procedure, procedure_store.visible(catalog, context.id))
        if current and statement.if_not_exists:
            return result.status(f"{full.name} already exists, statement succeeded.")
        if current and not statement.replaces:
            raise errors.already_exists(full)
        procedure_store.save(catalog, procedure)
    context.account.workers.warm_up()
    return result.status(f"Function {full.name} successfully created.")


def _defined(
    context: Context, statement: CreateProcedure, full: FullName, imports: tuple[str, ...]
) -> Procedure:
    place = (full.database, full.schema, full.name)
    procedure = procedure_store.from_statement(statement, place, imports)
    return replace(procedure, session_id=context.id) if statement.temporary else procedure


def _same(procedure: Procedure, others: Sequence[Procedure]) -> Procedure | None:
    """The procedure that has this one's place."""
    place = (str(procedure), procedure.session_id)
    return next((other for other in others if (str(other), other.session_id) == place), None)


def alter_procedure(context: Context, statement: parser.AlterProcedure) -> result.Result:
    with context.account.lock:
        procedure = _named(context, statement.signature)
        if procedure is not None:
            _alter(context, procedure, statement)
    return result.status("Statement executed successfully.")


def _alter(context: Context, procedure: Procedure, statement: parser.AlterProcedure) -> None:
    if procedure.session_id is None:
        context.transactions.commit_for_ddl()
    catalog = context.catalog(procedure.database)
    if statement.new_name is not None:
        full = context.resolve(statement.new_name)
        if full.database != procedure.database:
            raise errors.unsupported("ALTER PROCEDURE … RENAME TO another database")
        context.check_schema(full)
        renamed = replace(procedure, schema=full.schema, name=full.name)
        if _same(renamed, procedure_store.visible(catalog, context.id)):
            raise errors.already_exists(full)
        procedure_store.rename(catalog, procedure, full.schema, full.name)
    if statement.comment is not None:
        procedure_store.save(catalog, replace(procedure, comment=statement.comment))
    if statement.execute_as is not None:
        procedure_store.save(catalog, replace(procedure, execute_as=statement.execute_as))


def drop_procedure(context: Context, signature: Signature) -> result.Result:
    name = signature.name.name
    with context.account.lock:
        procedure = _named(context, signature)
        if procedure is None:
            return result.status(f"Drop statement executed successfully ({name} already dropped).")
        if procedure.session_id is None:
            context.transactions.commit_for_ddl()
        procedure_store.remove(context.catalog(procedure.database), procedure)
    return result.status(f"{name} successfully dropped.")


def _named(context: Context, signature: Signature) -> Procedure | None:
    """The procedure of a signature; without IF EXISTS, Snowflake's error when there is none."""
    full = context.resolve(signature.name)
    types = procedure_store.type_list(signature.types)
    catalog = context.catalog(full.database)
    for procedure in procedure_store.named(catalog, full.schema, full.name, context.id):
        if procedure.types == types:
            return procedure
    if signature.if_exists:
        return None
    raise errors.does_not_exist("Procedure", f"{full}({types})")


def describe_procedure(context: Context, signature: Signature) -> result.Result:
    procedure = _named(context, signature)
    assert procedure is not None, "DESCRIBE has no IF EXISTS"
    rows = [
        ("signature", f"({', '.join(_declared(a) for a in procedure.arguments)})"),
        ("returns", str(procedure.returns)),
        ("language", "PYTHON"),
        ("null handling", _null_handling(procedure)),
        ("volatility", procedure.volatility),
        ("execute as", procedure.execute_as),
        ("body", procedure.body),
        ("imports", f"[{', '.join(procedure.imports)}]"),
        ("handler", procedure.handler),
        ("runtime_version", procedure.runtime_version),
        ("packages", _list_text(procedure.packages)),
        ("installed_packages", _list_text(packages.resolved(procedure.packages))),
    ]
    return result.of({"property": "VARCHAR", "value": "VARCHAR"}, rows, result.DESCRIBE)


def _null_handling(procedure: Procedure) -> str:
    return "RETURNS NULL ON NULL INPUT" if procedure.strict else "CALLED ON NULL INPUT"


def _declared(argument: Argument) -> str:
    default = f" DEFAULT {argument.default}" if argument.default is not None else ""
    return f"{identifier(argument.name)} {_bare(argument.type)}{default}"


def _bare(kind: DataType) -> str:
    """A type as SHOW and the signature print it: without sizes."""
    return kind.base


def _list_text(values: Sequence[str]) -> str:
    return "[" + ",".join(f"'{value}'" for value in values) + "]"


def show_procedures(context: Context, statement: Show) -> result.Result:
    scope = statement.scope
    database, schema = place_of(context, scope)
    found = [
        procedure
        for name in ([database] if database else context.account.databases())
        for procedure in procedure_store.visible(context.catalog(name), context.id)
        if schema in (None, procedure.schema) and scope.admits(procedure.name)
    ]
    found.sort(key=lambda procedure: (procedure.name, str(procedure)))
    cut = scope.cut([procedure.name for procedure in found])
    return result.of(_SHOWN, [_shown(procedure) for procedure in found[cut]], result.SHOW)


def _shown(procedure: Procedure) -> tuple[Any, ...]:
    types = ", ".join(
        f"DEFAULT {_bare(a.type)}" if a.default is not None else _bare(a.type)
        for a in procedure.arguments
    )
    return (
        procedure.created_on,
        procedure.name,
        procedure.schema,
        "N",
        "N",
        "N",
        procedure.required,
        len(procedure.arguments),
        f"{procedure.name}({types}) RETURN {_bare(procedure.returns)}",
        procedure.comment or "user-defined procedure",
        procedure.database,
        "N",
        "N",
        "Y" if procedure.secure else "N",
        None,
        None,
    )


def artifact_repository(context: Context, arguments: list[Any]) -> str:
    """Where packages come from, for Snowpark: it then asks INFORMATION_SCHEMA.PACKAGES."""
    return "snowflake.snowpark.anaconda_shared_repository"


def _created(statement: CreateProcedure, place: Place) -> Securable:
    return overload(place.resolve(statement.name), (each.type for each in statement.arguments))


def _signed(signature: Signature, place: Place) -> Securable:
    return overload(place.resolve(signature.name), signature.types)


def _to_create(statement: CreateProcedure, place: Place) -> Demand:
    if statement.temporary:
        full = place.resolve(statement.name)
        return Demand((Need(schema(full.database, full.schema)),))
    return creates(_created)(statement, place)


def _to_alter(statement: parser.AlterProcedure, place: Place) -> Demand:
    what = _signed(statement.signature, place)
    if statement.new_name is None:
        return Demand((Need(what, ("OWNERSHIP",)),))
    new = overload(place.resolve(statement.new_name), statement.signature.types)
    return Demand((Need(what, ("OWNERSHIP",)),), renames=(what, new))


STATEMENTS = (
    Kind(("CREATE", "PROCEDURE"), parser.create_procedure, create_procedure, _to_create),
    Kind(("ALTER", "PROCEDURE"), parser.alter_procedure, alter_procedure, _to_alter),
    Kind(("COMMENT", "PROCEDURE"), parser.comment_on_procedure, alter_procedure, _to_alter),
    Kind(("DROP", "PROCEDURE"), parser.drop_procedure, drop_procedure, drops(_signed)),
    Kind(
        ("SHOW", "PROCEDURES"),
        statements.show("PROCEDURES"),
        show_procedures,
        lists("PROCEDURE", "catalog_name", "schema_name", "arguments"),
    ),
    Kind(("DESCRIBE", "PROCEDURE"), parser.describe_procedure, describe_procedure, needs(_signed)),
    Kind(("CALL",), call_procedure, call, nothing, uses_warehouse=True, with_binds=True),
)
FUNCTIONS = {"SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY": artifact_repository}
TABLE_FUNCTIONS = {"SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY": artifact_repository}


def _names(context: Context, database: str, schema: str) -> set[str]:
    found = procedure_store.visible(context.catalog(database), context.id)
    return {
        f"{procedure.name}({procedure.types})"
        for procedure in found
        if procedure.schema == schema and procedure.session_id is None
    }


OF_SCHEMA = ("_account_procedures", "schema_name")
IN_SCHEMA = {"PROCEDURE": _names}
