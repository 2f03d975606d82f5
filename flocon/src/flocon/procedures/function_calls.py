"""Calls of Python functions in statements: found, put in the engine's words, and run.

A call becomes one of the engine's own (`engine.user_functions`), whose rows go to a process of the
function in batches. The overload is chosen by the types of the arguments, as far as they are known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core import variant_marks as marks
from flocon.engine import TEXT, Binds, column_names, parsing, user_functions
from flocon.procedures import sql_functions, store, telemetry, values
from flocon.procedures.calls import securable
from flocon.procedures.imports import staged_file
from flocon.procedures.store import Procedure
from flocon.session.context import Context
from flocon.session.functions import rights
from flocon.session.names import qualify
from flocon.sql.datatypes import DataType
from flocon.sql.tokens import Name
from flocon.workers.batches import written
from flocon.workers.versions import Code

_ARGUMENT_TYPES = errors.Code(1044, "42P13")
_MARK = "user_function"
# A source of rows, not of values.
_SOURCES = (exp.TableFromRows, exp.Table, exp.Lateral)
_OWN_TYPES = {
    **dict.fromkeys(exp.DataType.TEXT_TYPES, "VARCHAR"),
    **dict.fromkeys(exp.DataType.INTEGER_TYPES, "NUMBER"),
    exp.DType.DECIMAL: "NUMBER",
    exp.DType.FLOAT: "FLOAT",
    exp.DType.DOUBLE: "FLOAT",
    exp.DType.BOOLEAN: "BOOLEAN",
    exp.DType.DATE: "DATE",
    exp.DType.TIME: "TIME",
    exp.DType.TIMESTAMP: "TIMESTAMP_NTZ",
    exp.DType.TIMESTAMPNTZ: "TIMESTAMP_NTZ",
    exp.DType.TIMESTAMPTZ: "TIMESTAMP_TZ",
    exp.DType.TIMESTAMPLTZ: "TIMESTAMP_LTZ",
    exp.DType.BINARY: "BINARY",
    exp.DType.VARBINARY: "BINARY",
    exp.DType.VARIANT: "VARIANT",
    exp.DType.JSON: "VARIANT",
    exp.DType.OBJECT: "OBJECT",
    exp.DType.ARRAY: "ARRAY",
}


@dataclass
class _Call:
    """A call in a tree. whole: with the names before it."""

    node: exp.Anonymous
    whole: Expr
    name: Name

    @property
    def arguments(self) -> list[tuple[str | None, Expr]]:
        """Each with its name where it is given by name."""
        return [
            (each.this.name.upper(), each.expression)
            if isinstance(each, exp.Kwarg)
            else (None, each)
            for each in self.node.expressions
        ]


class PythonFunctions:
    """`session.registry.UserFunctions`, of Python functions."""

    def are_in(self, context: Context, tree: Expr) -> bool:
        return any(_overloads(context, call) for call in _calls(context, tree, sources=True))

    def name_fully(self, context: Context, tree: Expr) -> None:
        for call in reversed(_calls(context, tree, sources=True)):
            if _overloads(context, call):
                full = context.resolve(call.name)
                path = [
                    exp.to_identifier(part, quoted=True) for part in (full.database, full.schema)
                ]
                call.node.set("this", exp.to_identifier(full.name, quoted=True))
                call.whole.replace(exp.Dot.build([*path, call.node.copy()]))

    @contextmanager
    def evaluated(self, context: Context, tree: Expr, binds: Binds) -> Iterator[None]:
        if _calls(context, tree, sources=True):
            # Other sessions may not see what is called, or something else of that name.
            tree.meta.pop(TEXT, None)
        if not self.are_in(context, tree):
            yield
            return
        _name_columns(tree)
        _expand(context, tree, binds)
        found = [
            (call, overloads)
            for call in _calls(context, tree)
            if (overloads := _overloads(context, call))
        ]
        types = _types(context, tree, [call for call, _ in found], binds)
        failures: list[errors.SnowflakeError] = []
        with ExitStack() as running:
            numbers: dict[Procedure, int] = {}
            # The innermost first: they are one another's arguments.
            for (call, overloads), known in reversed(list(zip(found, types, strict=True))):
                function, arguments = _chosen(call, overloads, known)
                if function not in numbers:
                    batches = running.enter_context(_batches(context, function, failures))
                    answered = context.account.engine.user_functions.answered(batches)
                    numbers[function] = running.enter_context(answered)
                _put(call.whole, _expression(numbers[function], function, arguments))
            try:
                yield
            except errors.SnowflakeError:
                if failures:
                    raise failures[0] from None
                raise


# --- in SQL ---------------------------------------------------------------------------------------

# Functions that call one another end somewhere.
_DEEPEST = 32


def _expand(context: Context, tree: Expr, binds: Binds) -> None:
    """Put the bodies of functions in SQL in the place of their calls, in place."""
    for _ in range(_DEEPEST):
        found = [
            (call, _overloads(context, call))
            for call in _calls(context, tree, sources=True)
            if any(each.language == "SQL" for each in _overloads(context, call))
        ]
        types = _types(context, tree, [call for call, _ in found], binds) if found else []
        changed = False
        for (call, overloads), known in reversed(list(zip(found, types, strict=True))):
            function, arguments = _chosen(call, overloads, known)
            if function.language == "SQL":
                _put_body(context, call, function, arguments)
                changed = True
        if not changed:
            return
    raise errors.compilation(errors.SYNTAX, "Functions that call themselves are not allowed.")


def _put_body(
    context: Context, call: _Call, function: Procedure, arguments: Sequence[Expr]
) -> None:
    source = call.whole.parent
    is_source = isinstance(source, _SOURCES)
    if is_source != (function.returns_table is not None):
        raise errors.unknown_function(call.name, is_full=call.name.schema is not None)
    make = sql_functions.rows if is_source else sql_functions.value
    made = make(context, function, arguments)
    if not is_source:
        _put(call.whole, made)
        return
    assert source is not None, "a table function is in a source"
    alias = source.args.get("alias") or exp.TableAlias(
        this=exp.to_identifier(function.name, quoted=True)
    )
    kept = {key: source.args.get(key) for key in ("joins", "pivots")}
    source.replace(exp.Subquery(this=made, alias=alias, **kept))


# --- found ----------------------------------------------------------------------------------------


def _calls(context: Context, tree: Expr, *, sources: bool = False) -> list[_Call]:
    """What may be calls of functions, by their names alone; outer ones before inner ones.
    sources: of table functions, too."""
    names = store.function_names(context.account)
    if not names:
        return []
    return [
        call
        for call in (_read(n) for n in tree.find_all(exp.Anonymous) if _written(n) in names)
        if sources or not isinstance(call.whole.parent, _SOURCES)
    ]


def _written(node: exp.Anonymous) -> str:
    name = node.this
    if isinstance(name, exp.Identifier):
        return str(name.this if name.quoted else name.this.upper())
    return str(name).upper()


def _read(node: exp.Anonymous) -> _Call:
    whole: Expr = node
    parts = [_written(node)]
    if isinstance(node.parent, exp.Dot) and node.arg_key == "expression":
        whole = node.parent
        before = whole.this.flatten() if isinstance(whole.this, exp.Dot) else [whole.this]
        parts += [_word(part) for part in reversed(list(before))]
    return _Call(node, whole, Name(*parts[:3]))


def _word(part: Expr) -> str:
    return str(part.name if part.args.get("quoted") else part.name.upper())


def _overloads(context: Context, call: _Call) -> list[Procedure]:
    """The functions that the name means, which the role may use."""
    try:
        full = context.resolve(call.name)
        found = store.named(context, full.database, full.schema, full.name, "FUNCTION")
    except errors.SnowflakeError:
        # No database or schema of that name: what follows refuses the statement.
        return []
    with rights(context, call.node):
        usable = [each for each in found if _may_use(context, each)]
    if found and not usable:
        raise errors.unknown_function(full, is_full=call.name.schema is not None)
    return usable


def _may_use(context: Context, function: Procedure) -> bool:
    return function.session_id is not None or context.access.holds(securable(function), "USAGE")


# --- the overload ---------------------------------------------------------------------------------


def _types(context: Context, tree: Expr, calls: Sequence[_Call], binds: Binds) -> list[list[str]]:
    """For each call the types of its arguments, '' where one is not known."""
    for number, call in enumerate(calls):
        call.node.meta[_MARK] = number
    copy = tree.copy()
    for call in calls:
        del call.node.meta[_MARK]
    qualify(context, copy)
    context.connection.annotate(copy)
    found = {node.meta[_MARK]: node for node in copy.find_all(exp.Anonymous) if _MARK in node.meta}
    return [
        [
            _type(each.expression if isinstance(each, exp.Kwarg) else each, binds)
            for each in found[number].expressions
        ]
        for number in range(len(calls))
    ]


def _type(argument: Expr, binds: Binds) -> str:
    """'' where it is not known."""
    if isinstance(argument, exp.Placeholder):
        value = binds.get(argument.name)
        return "" if value is None else values.type_name(value, "")
    kind = argument.type
    return _OWN_TYPES.get(kind.this, "") if kind is not None else ""


def _chosen(
    call: _Call, overloads: Sequence[Procedure], types: Sequence[str]
) -> tuple[Procedure, list[Expr]]:
    """The overload that fits the arguments best: in types, then in defaults left to it; and what it
    is called with, cast to the declared types."""
    ranked = []
    for function in overloads:
        given = _given(function, call, types)
        if given is not None:
            fits = [_fits(function.arguments[place].type, *each) for place, each in given.items()]
            if None not in fits:
                ranked.append((sum(filter(None, fits)), len(function.arguments), function, given))
    if not ranked:
        raise errors.compilation(
            _ARGUMENT_TYPES,
            "error line 1 at position 7\n"
            f"Invalid argument types for function '{call.name.name}':"
            f" ({', '.join(each or 'UNKNOWN' for each in types)})",
        )
    _, _, function, given = min(ranked, key=lambda entry: entry[:2])
    arguments = []
    for place, declared in enumerate(function.arguments):
        value, own = given.get(place) or (_default(declared.default or "NULL"), "")
        arguments.append(_cast(value, own, declared.type))
    return function, arguments


def _default(text: str) -> Expr:
    return parsing.upper_case(parsing.parse(f"SELECT {text}")).expressions[0]


def _given(
    function: Procedure, call: _Call, types: Sequence[str]
) -> dict[int, tuple[Expr, str]] | None:
    """The arguments by their places, with their types; None where the call does not fit."""
    places = {argument.name: place for place, argument in enumerate(function.arguments)}
    given: dict[int, tuple[Expr, str]] = {}
    for number, ((name, value), own) in enumerate(zip(call.arguments, types, strict=True)):
        place = number if name is None else places.get(name)
        if place is None or place >= len(function.arguments) or place in given:
            return None
        given[place] = value, own
    missing = (a for place, a in enumerate(function.arguments) if place not in given)
    return None if any(argument.default is None for argument in missing) else given


def _fits(kind: DataType, argument: Expr, own: str) -> int | None:
    if isinstance(argument, exp.Null):
        return 1
    if not own:
        return 2
    if kind.base in ("OBJECT", "ARRAY") and own not in ("VARIANT", kind.base):
        return None
    return values.type_fits(own, kind)


# --- in the engine's words ------------------------------------------------------------------------


def _cast(value: Expr, own: str, kind: DataType) -> Expr:
    value = value.copy()
    if kind.semi_structured:
        is_one = own in ("VARIANT", "OBJECT", "ARRAY") or kind.base != "VARIANT"
        return value if is_one else exp.ToVariant(this=value)
    return exp.cast(value, str(kind), dialect="snowflake")


def _expression(number: int, function: Procedure, arguments: Sequence[Expr]) -> Expr:
    """The value of a call in its declared type."""
    kind = function.returns
    made = user_functions.call(number, arguments, values.function_type(kind))
    if kind.semi_structured:
        variant = exp.Anonymous(this="_account_as_json", expressions=[made])
        variant.type = exp.DataType.build("VARIANT")
        return variant
    if kind.base == "NUMBER" and values.function_type(kind) == "VARCHAR":
        return exp.cast(made, f"DECIMAL({kind.precision}, {kind.scale})", dialect="duckdb")
    return made


def _name_columns(tree: Expr) -> None:
    """Columns keep the names that they have by what is written."""
    if isinstance(tree, exp.Query):
        column_names.name(tree)
    elif isinstance(tree, exp.Create) and str(tree.args["kind"]).upper() == "VIEW":
        column_names.name_view(tree)
    elif isinstance(tree, exp.Create) and tree.expression:
        column_names.name(tree.expression)


def _put(written: Expr, made: Expr) -> None:
    if isinstance(written.parent, exp.Select) and written.arg_key == "expressions":
        made = exp.alias_(made, written.sql(dialect="snowflake").upper(), quoted=True)
    written.replace(made)


# --- run ------------------------------------------------------------------------------------------


@contextmanager
def _batches(
    context: Context, function: Procedure, failures: list[errors.SnowflakeError]
) -> Iterator[Callable[[Sequence[pa.Array]], pa.Array]]:
    """What answers the engine's batches. failures: the errors as they are, for what the engine
    makes of them."""
    kind = function.returns
    shape = {
        "arguments": [[a.type.base, a.type.scale] for a in function.arguments],
        "returns": [kind.base, values.is_taken_as_it_is(kind)],
        "strict": function.strict,
        "time_zone": str(context.parameters.get("TIMEZONE") or "UTC"),
    }
    # All that asks the session is done before the engine runs the statement.
    code = _code(context, function)
    logs = telemetry.logs(context, function, context.call_id)
    lock = threading.Lock()
    opened: list[Callable[[str], dict[str, Any]]] = []
    with ExitStack() as held:

        def process() -> Callable[[str], dict[str, Any]]:
            """Opened when there is a row."""
            with lock:
                if not opened:
                    workers = context.account.workers
                    opened.append(held.enter_context(workers.batches(context, code, shape, logs)))
                return opened[0]

        def answer(columns: Sequence[pa.Array]) -> pa.Array:
            try:
                names = [str(place) for place in range(len(columns))]
                rows = written(pa.table(values.arguments(_handed(function, columns)), names=names))
                return values.column(process()(rows), kind)
            except errors.SnowflakeError as error:
                failures.append(error)
                raise

        yield answer


def _handed(function: Procedure, columns: Sequence[pa.Array]) -> list[pa.Array]:
    """The columns as a handler reads them: VARIANTs are JSON without marks."""
    kinds = [argument.type for argument in function.arguments]
    return [
        pa.array([text and marks.plain(text) for text in column.to_pylist()], pa.string())
        if place < len(kinds) and kinds[place].semi_structured
        else column
        for place, column in enumerate(columns)
    ]


def _code(context: Context, function: Procedure) -> Code:
    return Code(
        procedure=f"{function}{function.session_id or ''}",
        handler=function.handler,
        returns=str(function.returns),
        body=function.body,
        files=tuple(staged_file(context, path) for path in function.imports),
    )
