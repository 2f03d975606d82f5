"""CALL: choose the overload, evaluate the arguments, run the handler in the session."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from flocon.access.securables import Securable
from flocon.core import errors, result
from flocon.procedures import store as procedure_store
from flocon.procedures import telemetry
from flocon.procedures import values as procedure_values
from flocon.procedures.imports import identifier, staged_file
from flocon.procedures.store import Procedure
from flocon.session.context import Context
from flocon.sql.calls import CallProcedure
from flocon.sql.procedures import Argument
from flocon.sql.tokens import Name
from flocon.workers.versions import Code

_ARGUMENT_TYPES = errors.Code(1044, "42P13")


@dataclass(frozen=True)
class _Value:
    """An evaluated argument and the engine's name of its type."""

    value: Any
    type: str


def call(context: Context, statement: CallProcedure, binds: Sequence[Any]) -> result.Result:
    """Run a procedure. Its statements are in the caller's transaction if one is open; what it
    begins itself it must end itself."""
    query_id = context.call_id
    if statement.name.name.startswith("SYSTEM$"):
        return _system_function(context, statement, binds)
    return call_one_of(context, _overloads(context, statement.name), statement, binds, query_id)


def call_one_of(
    context: Context,
    overloads: Sequence[Procedure],
    statement: CallProcedure,
    binds: Sequence[Any],
    query_id: str,
) -> result.Result:
    """Run the one of these that the arguments fit."""
    values = _evaluated(context, [*statement.positional, *statement.named.values()], binds)
    procedure = _chosen(overloads, statement, values)
    arguments = _arguments(context, procedure, statement, values)
    skipped = procedure.strict and None in arguments
    value = None if skipped else _run(context, procedure, arguments, query_id)
    if procedure.returns_table is not None:
        return _table(context, procedure.returns_table, value)
    return procedure_values.one_row(procedure.name, value, procedure.returns)


def _system_function(
    context: Context, statement: CallProcedure, binds: Sequence[Any]
) -> result.Result:
    """CALL SYSTEM$…(…): Snowflake's own procedure, or else the function of that name."""
    name = statement.name.name
    if handler := context.functions.procedure(name):
        values = _evaluated(context, [*statement.positional, *statement.named.values()], binds)
        answer = handler(context, [each.value for each in values])
        kind = "BOOLEAN" if isinstance(answer, bool) else "VARCHAR"
        return result.of({name: kind}, [[answer]], result.CALL)
    arguments = ", ".join([*statement.positional, *statement.named.values()])
    return context.execute(f'SELECT {name}({arguments}) AS "{name}"', binds)


def _overloads(context: Context, name: Name) -> list[Procedure]:
    full = context.resolve(name)
    overloads = [
        each
        for each in procedure_store.named(context, full.database, full.schema, full.name)
        if each.session_id or context.access.holds(securable(each), "USAGE")
    ]
    if not overloads:
        raise errors.unknown_function(full, is_full=name.schema is not None)
    return overloads


def securable(procedure: Procedure) -> Securable:
    """The procedure or function as grants know it."""
    name = f"{procedure.name}({procedure.types})"
    return Securable(procedure.kind, (procedure.database, procedure.schema, name))


def _evaluated(context: Context, expressions: Sequence[str], binds: Sequence[Any]) -> list[_Value]:
    """The arguments' values, all from one SELECT."""
    if not expressions:
        return []
    columns = ", ".join(f"{text} AS A{index}" for index, text in enumerate(expressions))
    answer = context.execute(f"SELECT {columns}", binds)
    [row] = answer.rows()
    return [_Value(value, kind) for value, kind in zip(row, answer.types, strict=True)]


def _chosen(
    overloads: Sequence[Procedure], statement: CallProcedure, values: list[_Value]
) -> Procedure:
    """The overload that fits the arguments best: in types, then in defaults left to it."""
    ranked = []
    for procedure in overloads:
        given = _given(procedure, statement, values)
        if given is not None:
            fits = [
                procedure_values.fits(value.value, value.type, argument.type)
                for argument, value in given
            ]
            if None not in fits:
                ranked.append((sum(filter(None, fits)), len(procedure.arguments), procedure))
    if not ranked:
        types = ", ".join(procedure_values.type_name(v.value, v.type) for v in values)
        raise errors.compilation(
            _ARGUMENT_TYPES,
            "error line 1 at position 5\n"
            f"Invalid argument types for function '{statement.name.name}': ({types})",
        )
    return min(ranked, key=lambda entry: entry[:2])[2]


def _given(
    procedure: Procedure, statement: CallProcedure, values: list[_Value]
) -> list[tuple[Argument, _Value]] | None:
    """Each given value with the argument it is for; None where the call does not fit."""
    count = len(statement.positional)
    if count > len(procedure.arguments):
        return None
    given = list(zip(procedure.arguments, values[:count], strict=False))
    rest = {argument.name: argument for argument in procedure.arguments[count:]}
    for name, value in zip(statement.named, values[count:], strict=True):
        if name not in rest:
            return None
        given.append((rest.pop(name), value))
    return None if any(argument.default is None for argument in rest.values()) else given


def _arguments(
    context: Context, procedure: Procedure, statement: CallProcedure, values: list[_Value]
) -> list[Any]:
    """The handler's arguments in declared order, defaults included, as Python values."""
    given = {argument.name: value for argument, value in _given(procedure, statement, values) or []}
    missing = [argument for argument in procedure.arguments if argument.name not in given]
    defaults = _evaluated(context, [argument.default or "NULL" for argument in missing], ())
    given |= {argument.name: value for argument, value in zip(missing, defaults, strict=True)}
    return [
        procedure_values.to_python(given[a.name].value, given[a.name].type, a.type)
        for a in procedure.arguments
    ]


def _run(context: Context, procedure: Procedure, arguments: list[Any], query_id: str) -> Any:
    logs = telemetry.logs(context, procedure, query_id)
    code = Code(
        procedure=f"{procedure}{procedure.session_id or ''}",
        handler=procedure.handler,
        returns=procedure.returns.base if procedure.returns_table is None else "TABLE",
        body=procedure.body,
        files=tuple(staged_file(context, path) for path in procedure.imports),
    )
    # What a procedure with owner's rights calls has them, too.
    owners = procedure.execute_as == "OWNER" or context.transactions.owners_rights
    with context.transactions.lock:
        context.transactions.enter_procedure(owners=owners)
    failed = True
    try:
        with _rights(context, procedure):
            value = _in_place(context, procedure, code, arguments, owners, logs)
        failed = False
    finally:
        # After a cancelled call its last statement may still be running: the lock waits for it.
        with context.transactions.lock:
            context.transactions.leave_procedure(owners=owners, failed=failed)
    return value


def _table(context: Context, columns: Sequence[Argument], query_id: str | None) -> result.Result:
    """The rows that a handler has returned, under the declared names and in the declared types;
    without a declaration as they are. A strict procedure that was not run answers no rows."""
    if query_id is None:
        none = {column.name: procedure_values.arrow_type(column.type)[1] for column in columns}
        return result.of(none, [], result.CALL)
    answer = context.account.queries.rows(query_id, context.user)
    if not columns:
        return result.Result(answer.table, answer.types, result.CALL, declared=answer.declared)
    if len(columns) != len(answer.names):
        raise errors.SnowflakeError(
            errors.PYTHON,
            f"The procedure returns {len(columns)} columns, and its DataFrame has"
            f" {len(answer.names)}.",
        )
    casts = ", ".join(
        f"CAST({identifier(name)} AS {column.type}) AS {identifier(column.name)}"
        for name, column in zip(answer.names, columns, strict=True)
    )
    cast = context.execute(f"SELECT {casts} FROM TABLE(RESULT_SCAN('{query_id}'))")
    return result.Result(cast.table, cast.types, result.CALL, declared=cast.declared)


def _rights(context: Context, procedure: Procedure) -> AbstractContextManager[None]:
    """Its owner's rights, where it runs with those; a temporary one is its caller's own."""
    if procedure.execute_as == "OWNER" and procedure.session_id is None:
        return context.access.owner_of(securable(procedure))
    return nullcontext()


def _in_place(
    context: Context,
    procedure: Procedure,
    code: Code,
    arguments: list[Any],
    owners: bool,
    logs: telemetry.Logs,
) -> Any:
    """Run with the caller's current names, or with the procedure's own under owner's rights."""
    own = (procedure.database, procedure.schema)
    callers = (context.database, context.schema)
    timeout = float(context.parameters.get("STATEMENT_TIMEOUT_IN_SECONDS") or 0)
    if not owners or own == callers:
        return context.account.workers.call(context, code, arguments, timeout, logs)
    context.use(*own)
    try:
        return context.account.workers.call(context, code, arguments, timeout, logs)
    finally:
        context.use(*callers)
