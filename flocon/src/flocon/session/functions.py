"""What only the account itself can answer, in a statement: its functions, its table functions, and
views over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pyarrow as pa
from sqlglot import Expr, exp

from flocon.access.securables import inside
from flocon.core import errors
from flocon.core.result import Result
from flocon.engine import TEXT, Binds, marked_names, parsing
from flocon.session import function_rights, pivots, staged_queries, view_owners, waiting
from flocon.session.context import Context
from flocon.session.names import qualify
from flocon.session.registry import Registry

# Functions that do something besides answering; what they answer is true.
_ACTING = {
    "SYSTEM$CANCEL_ALL_QUERIES",
    "SYSTEM$CANCEL_QUERY",
    "SYSTEM$RESTART_STREAMLIT",
    "SYSTEM$TASK_DEPENDENTS_ENABLE",
    "SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS",
    "SYSTEM$WAIT",
}


class AccountFunctions:
    """`session.context.Functions`, of what the objects' modules have registered."""

    def __init__(self, context: Context, registry: Registry) -> None:
        self._context = context
        self._registry = registry

    @contextmanager
    def evaluated(self, tree: Expr, binds: Binds, *, describe: bool = False) -> Iterator[None]:
        """The account's own functions in a tree become their values, its table functions relations
        that exist until the block's end. describe: functions that act are left alone."""
        _expand(self._context, tree, self._registry.views)
        with self._expanded(tree, binds, describe=describe):
            yield

    @contextmanager
    def _expanded(self, tree: Expr, binds: Binds, *, describe: bool) -> Iterator[None]:
        """The same for a tree whose views are dealt with."""
        if tree.find(exp.Generator, exp.Pivot):
            waiting.limit_generators(self._context, tree, describe=describe)
            pivots.fill(self._context, tree, binds)
        self._put_namespaced(tree, binds)
        for function in list(tree.find_all(exp.Anonymous)):
            if handler := self._registry.functions.get(function.name.upper()):
                arguments = [_value(self._context, a, binds) for a in function.expressions]
                tree.meta.pop(TEXT, None)
                acting = describe and function.name.upper() in _ACTING
                with rights(self._context, function):
                    function_rights.check(self._context, function.name.upper(), arguments)
                    _put_value(function, True if acting else handler(self._context, arguments))
        with ExitStack() as users:
            for functions in self._registry.user_functions if tree.find(exp.Anonymous) else ():
                users.enter_context(functions.evaluated(self._context, tree, binds))
            with self._relations(tree, binds):
                yield

    @contextmanager
    def _relations(self, tree: Expr, binds: Binds) -> Iterator[None]:
        """The account's table functions in a tree are relations inside."""
        names: list[str] = []
        try:
            for node in list(tree.find_all(exp.TableFromRows)):
                if found := self._table_function(node):
                    tree.meta.pop(TEXT, None)
                    names.append(self._put_relation(node, found, binds, len(names)))
            for directory in list(tree.find_all(exp.DirectoryStage)):
                tree.meta.pop(TEXT, None)
                [rows_of] = self._registry.directory_tables
                answer = rows_of(self._context, directory.this.name)
                assert directory.parent is not None  # the Table that FROM names
                names.append(self._put_answer(directory.parent, "", answer, len(names)))
            for source in [] if isinstance(tree, exp.Copy) else parsing.staged(tree):
                tree.meta.pop(TEXT, None)
                rows = staged_queries.read(self._context, tree, source)
                held = (rows.table, rows.types)
                names.append(self._put_rows(source, "", *held, len(names), inside=rows.inside))
            yield
        finally:
            for name in names:
                self._context.relations.discard(name)
                transaction = self._context.transactions.transaction
                if not (transaction and transaction.failed):
                    self._context.connection.forget(name)

    def asks_account(self, query: Expr) -> bool:
        return (
            query.find(exp.DirectoryStage) is not None
            or any(self._table_function(node) for node in query.find_all(exp.TableFromRows))
            or any(
                node.name.upper() in self._registry.functions
                for node in query.find_all(exp.Anonymous)
            )
            or any(
                _live_query(self._context, each, self._registry.views)
                for each in parsing.tables(query)
            )
            or any(each.are_in(self._context, query) for each in self._registry.user_functions)
        )

    def name_fully(self, query: Expr) -> None:
        for functions in self._registry.user_functions:
            functions.name_fully(self._context, query)

    def columns(self, query: str, binds: Binds) -> list[tuple[str, str]]:
        """A query's columns: name and engine's type."""
        tree = parsing.upper_case(parsing.parse(query))
        # Of users' views the engine has the columns, and nothing else is asked here.
        _expand(self._context, tree, self._registry.views, users=False)
        with self._expanded(tree, binds, describe=True):
            qualify(self._context, tree)
            described = self._context.connection.describe(tree)
        return list(zip(described.names, described.types, strict=True))

    def _put_namespaced(self, tree: Expr, binds: Binds) -> None:
        """Functions of Snowflake's own schemas become their values; the innermost first, since they
        are one another's arguments."""
        for node in reversed(list(tree.find_all(exp.Dot))):
            call = node.expression
            name = ".".join(part.name for part in node.flatten()).upper()
            if isinstance(call, exp.Anonymous) and (handler := self._registry.namespaced.get(name)):
                arguments = [_value(self._context, each, binds) for each in call.expressions]
                tree.meta.pop(TEXT, None)
                node.replace(exp.convert(handler(self._context, arguments)))

    def _put_relation(
        self,
        node: exp.TableFromRows,
        found: tuple[str, str, exp.Anonymous],
        binds: Binds,
        index: int,
    ) -> str:
        name, database, call = found
        if name == "RESULT_SCAN":
            query_id = _value(self._context, call.expressions[0], binds)
            if isinstance(query_id, int) and not isinstance(query_id, bool):
                # The same as LAST_QUERY_ID tells.
                query_id = self._registry.functions["LAST_QUERY_ID"](self._context, [query_id])
            function_rights.check(self._context, name, [query_id])
            answer = self._context.account.queries.rows(str(query_id), self._context.user)
            return self._put_answer(node, name, answer, index)
        arguments: dict[str, Any] = {}
        for argument in call.expressions:
            if not isinstance(argument, exp.Kwarg):
                raise errors.compilation(errors.SYNTAX, f"{name} takes its arguments by name (=>).")
            arguments[argument.this.name.upper()] = _value(
                self._context, argument.expression, binds
            )
        where = database or self._context.database
        if where is None:
            raise errors.NothingCurrent("DATABASE")
        with rights(self._context, call):
            function_rights.check(self._context, name, list(arguments.values()))
            answer = self._registry.table_functions[name](self._context, where, arguments)
        return self._put_answer(node, name, answer, index)

    def _table_function(self, node: exp.TableFromRows) -> tuple[str, str, exp.Anonymous] | None:
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
        if call.name.upper() not in self._registry.table_functions:
            if names and names[-1] == "INFORMATION_SCHEMA":
                raise errors.unsupported(f"table function {call.name}")
            return None
        return call.name.upper(), names[0] if len(names) == 2 else "", call

    def _put_answer(self, node: Expr, name: str, answer: Result, index: int) -> str:
        rows, known = (answer.table, answer.types), (answer.declared, answer.never_null)
        return self._put_rows(node, name, *rows, index, *known, answer.inside)

    def _put_rows(
        self,
        node: Expr,
        name: str,
        table: pa.Table,
        types: Sequence[str],
        index: int,
        declared: Sequence[str] = (),
        never_null: Sequence[bool] = (),
        inside: frozenset[str] = frozenset(),
    ) -> str:
        """Rows as a relation in a node's place, under this name unless it has an alias."""
        relation = f"ACCOUNT_RELATION_{index}"
        rows = marked_names.with_marks(table)
        connection = self._context.connection
        connection.relation(relation, rows, types, declared, never_null, inside)
        self._context.relations.add(relation)
        named = exp.TableAlias(this=exp.to_identifier(name or relation, quoted=True))
        alias = node.args.get("alias") or named
        node.replace(exp.Table(this=exp.to_identifier(relation, quoted=True), alias=alias))
        return relation

    def procedure(self, name: str) -> Callable[[Context, Sequence[Any]], Any] | None:
        return self._registry.procedures.get(name)


def _put_value(function: exp.Anonymous, value: Any) -> None:
    text = function.sql(dialect="snowflake").upper()
    literal = exp.convert(value)
    if isinstance(function.parent, exp.Select):
        function.replace(exp.alias_(literal, text, quoted=True))
    else:
        function.replace(literal)


def _value(context: Context, expression: Expr, binds: Binds) -> Any:
    """An argument's value: constants at once, anything else by a query."""
    if isinstance(expression, exp.Literal):
        return expression.name if expression.is_string else expression.to_py()
    if isinstance(expression, exp.Tuple):
        return [_value(context, each, binds) for each in expression.expressions]
    query = exp.select(expression.copy())
    if not expression.find(
        exp.Anonymous, exp.Column, exp.Parameter, exp.Query, exp.SessionParameter
    ):
        # It means the same wherever it stands, and views call one function several times.
        query.meta[TEXT] = ("argument", expression.sql(dialect="snowflake"))
    return context.connection.query(query, binds).rows()[0][0]


# --- views over what only the account knows -------------------------------------------------------

# Under this key a function's node has the name of the view that it stands in.
_VIEW = "view"


def _live_query(
    context: Context, table: exp.Table, known: Mapping[str, str], *, users: bool = True
) -> str | None:
    """The query of the view that a table's name means, if it means one of these. known: the views
    of INFORMATION_SCHEMA that are, with {database} in their queries, and others by full names.
    users: those that users have made, too."""
    live_views = context.account.live_views
    named = any(each.rpartition(".")[2] == table.name for each in known)
    if not ((live_views and users) or named) or (not table.db and table.name in context.relations):
        return None
    try:
        name = context.resolve(parsing.name_of(table))
    except errors.SnowflakeError:
        return None
    if name.schema == "INFORMATION_SCHEMA" and name.name in known:
        return known[name.name].format(database=name.database)
    if query := known.get(f"{name.database}.{name.schema}.{name.name}"):
        return query
    query = live_views.query_of(name) if users else None
    return query if query and context.relation_kind(name) == "VIEW" else None


def _expand(context: Context, tree: Expr, known: Mapping[str, str], *, users: bool = True) -> None:
    """Put the views' queries in the place of their names, in the tree."""
    for table in parsing.tables(tree):
        if table is tree.this or isinstance(table.parent, exp.Schema):
            continue
        if query := _live_query(context, table, known, users=users):
            body = parsing.upper_case(parsing.parse(query))
            name = context.resolve(parsing.name_of(table))
            view_owners.check_query(context, name, body)
            for function in body.find_all(exp.Anonymous):
                function.meta.setdefault(_VIEW, name)
            _expand(context, body, known, users=users)
            table.replace(_subquery(table, body))
            tree.meta.pop(TEXT, None)


@contextmanager
def rights(context: Context, function: exp.Anonymous) -> Iterator[None]:
    """What stands in a view is asked with the rights of the view's owner."""
    view = function.meta.get(_VIEW)
    if view is None:
        yield
        return
    with context.access.owner_of(inside("VIEW", view)):
        yield


def _subquery(table: exp.Table, body: Expr) -> exp.Subquery:
    alias = table.args.get("alias")
    if not isinstance(alias, exp.TableAlias) or not alias.this:
        alias = exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
    clauses = {key: table.args.get(key) for key in ("joins", "laterals", "pivots", "sample")}
    return exp.Subquery(this=body, alias=alias, **clauses)
