"""Functions in SQL: a call becomes the function's body, with its arguments in it.

https://docs.snowflake.com/en/developer-guide/udf/sql/udf-sql-scalar-functions
https://docs.snowflake.com/en/developer-guide/udf/sql/udf-sql-tabular-functions
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import correlation, parsing
from flocon.engine.marked_names import marked
from flocon.procedures import store
from flocon.procedures.store import Procedure
from flocon.session.context import Context
from flocon.session.names import qualify
from flocon.sql.statement_text import StatementText

_GIVEN, _MADE = "GIVEN", "MADE"


def check(context: Context, function: Procedure) -> None:
    """Raises what is wrong with a function's body, as its first call would."""
    nulls = [
        exp.cast(exp.Null(), str(argument.type), dialect="snowflake")
        for argument in function.arguments
    ]
    query = (
        rows(context, function, nulls)
        if function.returns_table is not None
        else exp.select(exp.alias_(value(context, function, nulls), "VALUE"))
    )
    with context.functions.evaluated(query, {}, describe=True):
        qualify(context, query)
        context.connection.describe(query)


def value(context: Context, function: Procedure, arguments: Sequence[Expr]) -> Expr:
    """What a scalar function answers, in its declared type."""
    body = _body(context, function)
    given = {marked(a.name): each for a, each in zip(function.arguments, arguments, strict=True)}
    if isinstance(body, exp.Query):
        answer: Expr = _with_arguments(body, given, [exp.column(_MADE)], [_MADE]).subquery()
    else:
        answer = exp.paren(_substituted(body, given))
    kind = function.returns
    if not kind.semi_structured:
        answer = exp.cast(answer, str(kind), dialect="snowflake")
    elif kind.base == "VARIANT":
        answer = exp.ToVariant(this=answer)
    if function.strict and arguments:
        unknown = exp.or_(*(each.copy().is_(exp.null()) for each in arguments))
        answer = exp.Case(ifs=[exp.If(this=unknown, true=exp.null())], default=answer)
    return answer


def rows(context: Context, function: Procedure, arguments: Sequence[Expr]) -> exp.Select:
    """What a table function answers, in its declared columns."""
    declared = function.returns_table or ()
    given = {marked(a.name): each for a, each in zip(function.arguments, arguments, strict=True)}
    names = [marked(column.name) for column in declared]
    columns = []
    for name, column in zip(names, declared, strict=True):
        named: Expr = exp.column(exp.to_identifier(name, quoted=True), table=_MADE)
        if not column.type.semi_structured:
            named = exp.cast(named, str(column.type), dialect="snowflake")
        columns.append(exp.alias_(named, name, quoted=True))
    body = _body(context, function)
    if not isinstance(body, exp.Query):
        raise errors.compilation(errors.SYNTAX, "A table function's body is a query.")
    return _with_arguments(body, given, columns, names)


def _body(context: Context, function: Procedure) -> Expr:
    """A query with full names; where there is nothing that it reads, its only value."""
    text = (function.body or "").strip().rstrip(";")
    written = StatementText(text)
    if written.is_script:
        raise errors.unsupported("Snowflake Scripting in a function")
    if written.first_word not in ("SELECT", "WITH"):
        text = f"SELECT {text}"
    tree = parsing.upper_case(parsing.parse(text))
    if not isinstance(tree, exp.Query):
        raise errors.unsupported("a function's body that is no query")
    for table in parsing.tables(tree):
        if not table.db:
            table.set("db", exp.to_identifier(function.schema, quoted=True))
        if not table.catalog:
            table.set("catalog", exp.to_identifier(function.database, quoted=True))
    _name_functions(context, function, tree)
    query = tree.unnest() if isinstance(tree, exp.Subquery) else tree
    is_value = (
        function.returns_table is None
        and isinstance(query, exp.Select)
        and {key for key, each in query.args.items() if each} <= {"expressions"}
        and len(query.expressions) == 1
        and not query.expressions[0].find(exp.Query, exp.AggFunc, exp.Window)
    )
    return query.expressions[0].unalias() if is_value else query


def _name_functions(context: Context, function: Procedure, tree: Expr) -> None:
    """Functions that a body calls by their names alone are those beside it, in place."""
    known = store.function_names(context.account)
    for call in list(tree.find_all(exp.Anonymous)):
        name = call.name.upper()
        if isinstance(call.parent, exp.Dot) or name not in known:
            continue
        if store.named(context, function.database, function.schema, name, "FUNCTION"):
            place = [
                exp.to_identifier(p, quoted=True) for p in (function.database, function.schema)
            ]
            call.replace(exp.Dot.build([*place, call.copy()]))


def _substituted(body: Expr, given: dict[str, Expr]) -> Expr:
    def put(node: Expr) -> Expr:
        if isinstance(node, exp.Column) and not node.table and node.name in given:
            return exp.paren(given[node.name].copy())
        return node

    return body.transform(put)


def _with_arguments(
    body: exp.Query, given: dict[str, Expr], answers: list[Expr], names: list[str]
) -> exp.Select:
    """SELECT answers FROM (the arguments), (the body), which finds them behind its own columns."""
    columns = [exp.to_identifier(name, quoted=True) for name in names]
    made = exp.Subquery(
        this=body, alias=exp.TableAlias(this=exp.to_identifier(_MADE), columns=columns)
    )
    if not given:
        return exp.select(*answers).from_(made)
    # The arguments may be columns of the query that calls the function.
    values = exp.select(
        *(exp.alias_(each.copy(), name, quoted=True) for name, each in given.items())
    )
    arguments = exp.Subquery(this=values, alias=exp.TableAlias(this=exp.to_identifier(_GIVEN)))
    call = exp.select(*answers).from_(arguments).join(made)
    call.meta[correlation.IS_CALL] = True
    return call
