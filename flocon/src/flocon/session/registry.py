"""Which code answers which statement: routes by first words, functions, table functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlglot import Expr, exp

from flocon.access import function_rights
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import TEXT, Binds, parsing
from flocon.jobs import alert_functions, alerts, task_functions, tasks
from flocon.objects import (
    account_parameters,
    compute_pools,
    context,
    ddl,
    grant_listing,
    grants,
    integrations,
    listings,
    live_views,
    notifications,
    resource_monitors,
    roles,
    staged_files,
    streamlits,
    streams,
    table_properties,
    table_sizes,
    terse,
    users,
    warehouse_history,
)
from flocon.procedures import procedures
from flocon.session import cancellation
from flocon.session.names import name_of, qualify
from flocon.sql.tokens import Tokens
from flocon.transactions import changes

if TYPE_CHECKING:
    from flocon.session.session import Session

Handler = Callable[["Session", Tokens, Sequence[Any]], Result]

_MODULES = (
    streams,
    tasks,
    task_functions,
    alerts,
    alert_functions,
    integrations,
    notifications,
    procedures,
    cancellation,
    account_parameters,
    compute_pools,
    context,
    grants,
    grant_listing,
    listings,
    resource_monitors,
    roles,
    staged_files,
    streamlits,
    table_properties,
    table_sizes,
    users,
    warehouse_history,
)

HIDDEN_TABLES = (changes.DDL, live_views.DDL, *(getattr(module, "DDL", "") for module in _MODULES))
# Metadata that goes when its schema goes: table and column.
OF_SCHEMAS = (
    ("_account_tasks", "schema"),
    ("_account_alerts", "schema"),
    ("_account_procedures", "schema_name"),
    ("_account_streamlits", "schema_name"),
    ("_account_properties", "schema_name"),
    ("_account_live_views", "schema_name"),
)
ACCOUNT_TABLES = "".join(getattr(module, "ACCOUNT_DDL", "") for module in _MODULES)


def _merged(name: str) -> dict[Any, Any]:
    return {key: value for module in _MODULES for key, value in getattr(module, name, {}).items()}


_ROUTES: dict[tuple[str, ...], Handler] = _merged("ROUTES")
_FUNCTIONS: dict[str, Callable[[Session, list[Any]], Any]] = _merged("FUNCTIONS")
# By their full names: SNOWFLAKE.ALERT.SCHEDULED_TIME.
_NAMESPACED: dict[str, Callable[[Session, list[Any]], Any]] = _merged("NAMESPACED")
_TABLE_FUNCTIONS: dict[str, Callable[[Session, str, dict[str, Any]], Result]] = _merged(
    "TABLE_FUNCTIONS"
)

# Words between CREATE and the kind of object.
_MODIFIERS = (
    ("OR", "REPLACE"),
    ("OR", "ALTER"),
    ("TEMPORARY",),
    ("TEMP",),
    ("TRANSIENT",),
    ("SECURE",),
)


_PLAIN = re.compile(r"[\s(]*(SELECT|WITH|INSERT|MERGE|UPDATE|DELETE)\b", re.IGNORECASE)


def route(tokens: Tokens) -> Handler | None:
    """The handler of a statement by its first words; None where it is sqlglot's to read."""
    ahead = Tokens(tokens.text)
    first = ahead.word()
    first = "DESCRIBE" if first == "DESC" else first
    if first == "CREATE":
        while any(ahead.accept(*words) for words in _MODIFIERS):
            continue
    is_terse = first == "SHOW" and ahead.accept("TERSE")
    if first == "COMMENT":
        ahead.accept("IF", "EXISTS")
        ahead.accept("ON")
    if (first,) in _ROUTES:
        return _ROUTES[(first,)]
    if ahead.done or not ahead.current.text:
        return None
    noun = ahead.current.text.upper()
    handler = _ROUTES.get((first, noun))
    return terse.shortened(noun, handler) if is_terse and handler else handler


def is_plain(sql: str) -> bool:
    """Is this a query or DML, by its first word? Long ones are not worth reading twice."""
    return _PLAIN.match(sql) is not None


def is_call(tokens: Tokens) -> bool:
    return tokens.peek("CALL")


def is_question(tokens: Tokens) -> bool:
    """Does the statement change nothing, so that describing it may run it?"""
    return tokens.peek_any("SHOW", "DESCRIBE", "DESC")


# Functions that do something besides answering; what they answer is true.
_ACTING = {
    "SYSTEM$CANCEL_ALL_QUERIES",
    "SYSTEM$CANCEL_QUERY",
    "SYSTEM$RESTART_STREAMLIT",
    "SYSTEM$TASK_DEPENDENTS_ENABLE",
    "SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS",
}

# --- functions -----------------------------------------------------------------------------------


@contextmanager
def evaluated(
    session: Session, tree: Expr, binds: Binds, *, describe: bool = False
) -> Iterator[None]:
    """The account's own functions in a tree become their values, its table functions relations
    that exist until the block's end. describe: functions that act are left alone."""
    live_views.expand(session, tree)
    _put_namespaced(session, tree, binds)
    for function in list(tree.find_all(exp.Anonymous)):
        if handler := _FUNCTIONS.get(function.name.upper()):
            arguments = [_value(session, a, binds) for a in function.expressions]
            tree.meta.pop(TEXT, None)
            acting = describe and function.name.upper() in _ACTING
            with live_views.rights(session, function):
                function_rights.check(session, function.name.upper(), arguments)
                _put_value(function, True if acting else handler(session, arguments))
    names: list[str] = []
    try:
        for node in list(tree.find_all(exp.TableFromRows)):
            if found := _table_function(node):
                tree.meta.pop(TEXT, None)
                names.append(_put_relation(session, node, found, binds, len(names)))
        yield
    finally:
        for name in names:
            session.relations.discard(name)
            if not (session.transaction and session.transaction.failed):
                session.connection.forget(name)


def _put_namespaced(session: Session, tree: Expr, binds: Binds) -> None:
    """Functions of Snowflake's own schemas become their values; the innermost first, since they
    are one another's arguments."""
    for node in reversed(list(tree.find_all(exp.Dot))):
        call = node.expression
        name = ".".join(part.name for part in node.flatten()).upper()
        if isinstance(call, exp.Anonymous) and (handler := _NAMESPACED.get(name)):
            arguments = [_value(session, each, binds) for each in call.expressions]
            tree.meta.pop(TEXT, None)
            node.replace(exp.convert(handler(session, arguments)))


def create_view(session: Session, tree: exp.Create, binds: Binds) -> Result:
    """CREATE VIEW. A view that asks the account itself is kept as text as well."""
    query = tree.expression
    text = live_views.standalone(session, tree) if _asks_account(session, query) else None
    if text is not None:
        tree.set("expression", live_views.stub(_columns(session, text, binds)))
        tree.meta.pop(TEXT, None)
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    view = session.resolve(name_of(target))
    existed = session.relation_kind(view) is not None
    answer = ddl.run(session, tree, binds)
    if not (existed and tree.args.get("exists")):
        session.account.live_views.put(session.catalog(view.database), view, text)
    return answer


def _asks_account(session: Session, query: Expr) -> bool:
    return (
        any(_table_function(node) for node in query.find_all(exp.TableFromRows))
        or any(node.name.upper() in _FUNCTIONS for node in query.find_all(exp.Anonymous))
        or any(session.account.live_views.find(session, each) for each in parsing.tables(query))
    )


def _columns(session: Session, query: str, binds: Binds) -> list[tuple[str, str]]:
    """A query's columns: name and engine's type."""
    tree = parsing.upper_case(parsing.parse(query))
    with evaluated(session, tree, binds, describe=True):
        qualify(session, tree)
        described = session.connection.describe(tree)
    return list(zip(described.names, described.types, strict=True))


def _put_value(function: exp.Anonymous, value: Any) -> None:
    text = function.sql(dialect="snowflake").upper()
    literal = exp.convert(value)
    if isinstance(function.parent, exp.Select):
        function.replace(exp.alias_(literal, text, quoted=True))
    else:
        function.replace(literal)


def _value(session: Session, expression: Expr, binds: Binds) -> Any:
    """An argument's value: constants at once, anything else by a query."""
    if isinstance(expression, exp.Literal):
        return expression.name if expression.is_string else expression.to_py()
    answer = session.connection.query(exp.select(expression.copy()), binds)
    return answer.rows()[0][0]


def _table_function(node: exp.TableFromRows) -> tuple[str, str, exp.Anonymous] | None:
    """(name, database or '', call) of TABLE([database.]INFORMATION_SCHEMA.NAME(…))."""
    parts: list[Expr] = []
    inner = node.this
    if isinstance(inner, exp.Dot):
        parts = list(inner.flatten()) if hasattr(inner, "flatten") else []
    call = parts[-1] if parts else inner
    if not isinstance(call, exp.Anonymous):
        return None
    names = [part.name.upper() for part in parts[:-1]]
    if call.name.upper() == "RESULT_SCAN":
        return "RESULT_SCAN", "", call
    if call.name.upper() not in _TABLE_FUNCTIONS:
        if names and names[-1] == "INFORMATION_SCHEMA":
            raise errors.unsupported(f"table function {call.name}")
        return None
    return call.name.upper(), names[0] if len(names) == 2 else "", call


def _put_relation(
    session: Session,
    node: exp.TableFromRows,
    found: tuple[str, str, exp.Anonymous],
    binds: Binds,
    index: int,
) -> str:
    name, database, call = found
    if name == "RESULT_SCAN":
        query_id = _value(session, call.expressions[0], binds)
        function_rights.check(session, name, [query_id])
        answer = session.account.queries.rows(str(query_id), session.user)
        return _put_answer(session, node, name, answer, index)
    arguments: dict[str, Any] = {}
    for argument in call.expressions:
        if not isinstance(argument, exp.Kwarg):
            raise errors.compilation(errors.SYNTAX, f"{name} takes its arguments by name (=>).")
        arguments[argument.this.name.upper()] = _value(session, argument.expression, binds)
    where = database or session.database
    if where is None:
        raise session.no_database()
    with live_views.rights(session, call):
        function_rights.check(session, name, list(arguments.values()))
        answer = _TABLE_FUNCTIONS[name](session, where, arguments)
    return _put_answer(session, node, name, answer, index)


def _put_answer(
    session: Session, node: exp.TableFromRows, name: str, answer: Result, index: int
) -> str:
    relation = f"ACCOUNT_RELATION_{index}"
    session.connection.relation(relation, answer.table, answer.types)
    session.relations.add(relation)
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name, quoted=True))
    node.replace(exp.Table(this=exp.to_identifier(relation, quoted=True), alias=alias))
    return relation


# --- what is left --------------------------------------------------------------------------------


def other(session: Session, tree: Expr, binds: Binds) -> Result:
    """SHOW, as far as fakesnow answers it; the rest is refused."""
    if isinstance(tree, exp.Show):
        return session.connection.other(tree, binds, result.SHOW)
    raise errors.unsupported(tree.sql(dialect="snowflake")[:200])
