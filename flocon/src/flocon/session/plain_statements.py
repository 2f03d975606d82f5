"""Queries and DML: from a tree, or from a statement resolved before, to the answer."""

from __future__ import annotations

from sqlglot import Expr, exp

from flocon.access.trees import demand_of
from flocon.core.result import Result
from flocon.engine import TEXT, Binds
from flocon.session import dml
from flocon.session.context import Context
from flocon.session.names import named_in, qualify
from flocon.session.resolved_statement import ResolvedStatement

KINDS = (exp.Query, *dml.STATEMENTS)


def run(context: Context, tree: Expr, binds: Binds, *, describe: bool) -> Result:
    """A statement that is read for the first time, or that has to be read each time."""
    demand = demand_of(tree, context) if TEXT in tree.meta else None
    if isinstance(tree, exp.Query):
        reads = named_in(context, tree)
        with (
            context.transactions.prepared((), lambda: reads),
            context.functions.evaluated(tree, binds, describe=describe),
        ):
            statement = ResolvedStatement(tree, qualify(context, tree), reads, demand)
            return _query(
                context, statement.keep(context.account.engine.statements), binds, describe
            )
    if describe:
        return dml.describe(tree)
    dml.check(context, tree)
    context.transactions.begin_implicitly()
    reads, locks = dml.reads(context, tree), dml.locks(context, tree)
    with context.transactions.prepared(locks, lambda: reads):
        context.bind_rows()
        with context.functions.evaluated(tree, binds):
            statement = ResolvedStatement(tree, qualify(context, tree), reads, demand, locks)
            return dml.run(context, statement.keep(context.account.engine.statements), binds)


def repeat(
    context: Context, statement: ResolvedStatement, binds: Binds, *, describe: bool
) -> Result:
    """A statement that is known."""
    if isinstance(statement.tree, exp.Query):
        with context.transactions.prepared((), lambda: statement.reads):
            return _query(context, statement, binds, describe)
    if describe:
        return dml.describe(statement.tree)
    context.transactions.begin_implicitly()
    with context.transactions.prepared(statement.locks, lambda: statement.reads):
        return dml.run(context, statement, binds)


def _query(context: Context, statement: ResolvedStatement, binds: Binds, describe: bool) -> Result:
    if describe:
        return context.connection.describe(statement.tree)
    if context.transactions.transaction is not None:
        behind = statement.streams_behind_views(context.connection, context.account.streams)
        context.transactions.observe([*statement.names.streams, *behind])
    return context.connection.query(statement.tree, binds)
