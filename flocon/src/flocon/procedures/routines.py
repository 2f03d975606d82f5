"""CREATE, ALTER, DROP, SHOW and DESCRIBE, which procedures and functions have alike."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flocon.access.demands import creates, drops, lists, needs, overload
from flocon.access.needs import Demand, Need
from flocon.access.securables import Securable, schema
from flocon.access.trees import Place
from flocon.core import errors, result
from flocon.procedures import packages, sql_functions
from flocon.procedures import store as procedure_store
from flocon.procedures.calls import call_one_of
from flocon.procedures.imports import identifier, qualified, staged_file
from flocon.procedures.store import Procedure
from flocon.session import temporary_names
from flocon.session.context import Context
from flocon.session.names import place_of
from flocon.session.statements import Kind
from flocon.sql import procedures as parser
from flocon.sql import statements
from flocon.sql.calls import CallAnonymous
from flocon.sql.datatypes import DataType
from flocon.sql.procedures import Argument, CreateProcedure, Signature
from flocon.sql.statements import Show
from flocon.sql.tokens import FullName

_SHOWN = result.columns(
    "created_on", "name", "schema_name", "is_builtin", "is_aggregate", "is_ansi",
    "min_num_arguments", "max_num_arguments", "arguments", "description", "catalog_name",
    "is_table_function", "valid_for_clustering", "is_secure", "secrets",
    "external_access_integrations",
)  # fmt: skip
_SHOWN_OF_FUNCTIONS = result.columns(
    "is_external_function", "language", "is_memoizable", "is_data_metric",
)  # fmt: skip


def create(context: Context, statement: CreateProcedure) -> result.Result:
    packages.check(statement.kind, statement.packages)
    if statement.temporary:
        temporary_names.check(context, statement.kind, statement.name.name)
        context.transactions.commit_for_temporary()
    else:
        context.transactions.commit_for_ddl()
    full = context.resolve(statement.name)
    context.check_schema(full)
    imports = tuple(qualified(context, path) for path in statement.imports)
    files = [staged_file(context, path).name for path in imports]
    if len(set(files)) < len(files):
        raise errors.compilation(errors.INVALID_PROPERTY, "Imported file names must be unique.")
    with context.account.lock:
        procedure = _defined(context, statement, full, imports)
        current = _same(procedure, procedure_store.visible(context, full.database, None))
        if current and current.kind != procedure.kind:
            raise errors.wrong_kind(current.kind, procedure.kind)
        if current and statement.if_not_exists:
            return result.already_exists(full.name)
        if current and not statement.replaces:
            raise errors.already_exists(statement.name)
        if procedure.language == "SQL":
            sql_functions.check(context, procedure)
        if procedure.kind == "FUNCTION":
            context.transactions.reshape(procedure.database)
            procedure_store.function_names(context.account).add(procedure.name)
        procedure_store.save(context, procedure)
    if procedure.language == "PYTHON":
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


def run_anonymous(
    context: Context, statement: CallAnonymous, binds: Sequence[Any]
) -> result.Result:
    """Call a procedure that is not stored."""
    packages.check("PROCEDURE", statement.procedure.packages)
    full = context.resolve(statement.procedure.name)
    imports = tuple(qualified(context, path) for path in statement.procedure.imports)
    place = (full.database, full.schema, full.name)
    procedure = procedure_store.from_statement(statement.procedure, place, imports)
    own = replace(procedure, session_id=context.id)
    return call_one_of(context, [own], statement.call, binds, context.call_id)


def alter(kind: str) -> Callable[[Context, parser.AlterProcedure], result.Result]:
    def run(context: Context, statement: parser.AlterProcedure) -> result.Result:
        with context.account.lock:
            procedure = named(context, kind, statement.signature)
            if procedure is not None:
                _alter(context, procedure, statement)
        return result.done()

    return run


def _alter(context: Context, procedure: Procedure, statement: parser.AlterProcedure) -> None:
    if procedure.session_id is None:
        context.transactions.commit_for_ddl()
    if statement.new_name is not None:
        full = context.resolve(statement.new_name)
        if full.database != procedure.database:
            raise errors.unsupported(f"ALTER {procedure.kind} … RENAME TO another database")
        context.check_schema(full)
        renamed = replace(procedure, schema=full.schema, name=full.name)
        if _same(renamed, procedure_store.visible(context, full.database, None)):
            raise errors.already_exists(statement.new_name)
        if procedure.kind == "FUNCTION":
            context.transactions.reshape(procedure.database)
            procedure_store.function_names(context.account).add(full.name)
        procedure_store.save(context, renamed, instead_of=procedure)
    if statement.comment is not None:
        procedure_store.save(context, replace(procedure, comment=statement.comment))
    if statement.execute_as is not None:
        procedure_store.save(context, replace(procedure, execute_as=statement.execute_as))
    if statement.secure is not None:
        procedure_store.save(context, replace(procedure, secure=statement.secure))


def drop(kind: str) -> Callable[[Context, Signature], result.Result]:
    def run(context: Context, signature: Signature) -> result.Result:
        name = signature.name.name
        with context.account.lock:
            procedure = named(context, kind, signature)
            if procedure is None:
                return result.already_dropped(name)
            if procedure.session_id is None:
                context.transactions.commit_for_ddl()
            else:
                context.transactions.commit_for_temporary()
            procedure_store.remove(context, procedure)
        return result.dropped(name)

    return run


def named(context: Context, kind: str, signature: Signature) -> Procedure | None:
    """The one of a signature. If there is no such: None with IF EXISTS, else 002003 is raised."""
    full = context.resolve(signature.name)
    types = procedure_store.type_list(signature.types)
    for procedure in procedure_store.named(context, full.database, full.schema, full.name, kind):
        if procedure.types == types:
            return procedure
    context.check_schema(full)
    if signature.if_exists:
        return None
    raise errors.does_not_exist(kind.capitalize(), f"{full}({types})")


def describe(kind: str) -> Callable[[Context, Signature], result.Result]:
    def run(context: Context, signature: Signature) -> result.Result:
        procedure = named(context, kind, replace(signature, if_exists=False))
        assert procedure is not None, "without IF EXISTS it raises"
        columns = {"property": "VARCHAR", "value": "VARCHAR"}
        return result.of(columns, _properties(procedure), result.DESCRIBE)

    return run


def _properties(procedure: Procedure) -> list[tuple[str, str | None]]:
    if procedure.language == "SQL":
        return [
            ("signature", signature(procedure)),
            ("returns", returned(procedure)),
            ("language", "SQL"),
            ("body", procedure.body),
        ]
    rights = [("execute as", procedure.execute_as)] if procedure.kind == "PROCEDURE" else []
    return [
        ("signature", signature(procedure)),
        ("returns", returned(procedure)),
        ("language", "PYTHON"),
        ("null handling", _null_handling(procedure)),
        ("volatility", procedure.volatility),
        *rights,
        ("body", procedure.body),
        ("imports", f"[{', '.join(procedure.imports)}]"),
        ("handler", procedure.handler),
        ("runtime_version", procedure.runtime_version),
        ("packages", list_text(procedure.packages)),
        ("installed_packages", list_text(packages.resolved(procedure.packages))),
    ]


def signature(procedure: Procedure) -> str:
    return f"({', '.join(_declared(a) for a in procedure.arguments)})"


def returned(procedure: Procedure) -> str:
    if procedure.returns_table is None:
        return str(procedure.returns)
    return f"TABLE ({', '.join(_declared(column) for column in procedure.returns_table)})"


def _null_handling(procedure: Procedure) -> str:
    return "RETURNS NULL ON NULL INPUT" if procedure.strict else "CALLED ON NULL INPUT"


def _declared(argument: Argument) -> str:
    default = f" DEFAULT {argument.default}" if argument.default is not None else ""
    return f"{identifier(argument.name)} {_bare(argument.type)}{default}"


def _bare(kind: DataType) -> str:
    """A type as SHOW and the signature print it: without sizes."""
    return kind.base


def list_text(values: Sequence[str]) -> str:
    return "[" + ",".join(f"'{value}'" for value in values) + "]"


def show(kind: str) -> Callable[[Context, Show], result.Result]:
    def run(context: Context, statement: Show) -> result.Result:
        scope = statement.scope
        database, schema = place_of(context, scope)
        found: list[Procedure] = []
        for name in [database] if database else context.account.databases():
            with context.account.while_there(name):
                seen = procedure_store.visible(context, name, kind)
                found += [each for each in seen if schema in (None, each.schema)]
        found.sort(key=lambda procedure: (procedure.name, str(procedure)))
        rows = [_shown(procedure) for procedure in scope.chosen(found)]
        columns = _SHOWN if kind == "PROCEDURE" else _SHOWN | _SHOWN_OF_FUNCTIONS
        return result.of(columns, rows, result.SHOW)

    return run


def _shown(procedure: Procedure) -> tuple[Any, ...]:
    types = ", ".join(
        f"DEFAULT {_bare(a.type)}" if a.default is not None else _bare(a.type)
        for a in procedure.arguments
    )
    is_function = procedure.kind == "FUNCTION"
    return (
        procedure.created_on,
        procedure.name,
        procedure.schema,
        "N",
        "N",
        "N",
        procedure.required,
        len(procedure.arguments),
        f"{procedure.name}({types}) RETURN {_returned_bare(procedure)}",
        procedure.comment or f"user-defined {procedure.kind.lower()}",
        procedure.database,
        "Y" if procedure.returns_table is not None else "N",
        "N",
        "Y" if procedure.secure else "N",
        None,
        None,
        *(("N", procedure.language, "N", "N") if is_function else ()),
    )


def _returned_bare(procedure: Procedure) -> str:
    columns = procedure.returns_table
    if columns is None:
        return _bare(procedure.returns)
    return f"TABLE ({', '.join(f'{identifier(c.name)} {_bare(c.type)}' for c in columns)})"


def _created(statement: CreateProcedure, place: Place) -> Securable:
    types = (each.type for each in statement.arguments)
    return overload(place.resolve(statement.name), types, statement.kind)


def _signed(kind: str) -> Callable[[Signature, Place], Securable]:
    return lambda signature, place: overload(place.resolve(signature.name), signature.types, kind)


def _to_create(statement: CreateProcedure, place: Place) -> Demand:
    if statement.temporary:
        full = place.resolve(statement.name)
        return Demand((Need(schema(full.database, full.schema)),))
    return creates(_created)(statement, place)


def _to_alter(kind: str) -> Callable[[parser.AlterProcedure, Place], Demand]:
    def demand(statement: parser.AlterProcedure, place: Place) -> Demand:
        what = _signed(kind)(statement.signature, place)
        if statement.new_name is None:
            return Demand((Need(what, ("OWNERSHIP",)),))
        new = overload(place.resolve(statement.new_name), statement.signature.types, kind)
        return Demand((Need(what, ("OWNERSHIP",)),), renames=(what, new))

    return demand


# The columns of a listing that tell which one a row is of.
PATH = ("catalog_name", "schema_name", "arguments")


def kinds(kind: str) -> tuple[Kind, ...]:
    """The statements about procedures, or about functions."""
    listed = lists(kind, *PATH)
    return (
        Kind(("CREATE", kind), parser.create(kind), create, _to_create),
        Kind(("ALTER", kind), parser.alter(kind), alter(kind), _to_alter(kind)),
        Kind(("COMMENT", kind), parser.comment_on(kind), alter(kind), _to_alter(kind)),
        Kind(("DROP", kind), parser.drop(kind), drop(kind), drops(_signed(kind))),
        Kind(("SHOW", f"{kind}S"), statements.show(f"{kind}S"), show(kind), listed),
        Kind(("DESCRIBE", kind), parser.describe(kind), describe(kind), needs(_signed(kind))),
    )


def names(kind: str) -> Callable[[Context, str, str], set[str]]:
    """What of them is in a schema, with their arguments."""

    def found(context: Context, database: str, schema: str) -> set[str]:
        return {
            procedure.signed_name
            for procedure in procedure_store.visible(context, database, kind)
            if procedure.schema == schema and procedure.session_id is None
        }

    return found
