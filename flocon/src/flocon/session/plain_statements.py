"""Queries and DML: from a tree, or from a known known, to the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from flocon.access.trees import demand_of
from flocon.core.result import Result
from flocon.engine import TEXT, Binds
from flocon.session import dml, registry
from flocon.session.names import named_in, qualify
from flocon.session.resolved_statement import ResolvedStatement

if TYPE_CHECKING:
    from flocon.session.session import Session

KINDS = (exp.Query, *dml.STATEMENTS)


def run(session: Session, tree: Expr, binds: Binds, *, describe: bool) -> Result:
    """A statement that is read for the first time, or that has to be read each time."""
    demand = demand_of(tree, session.guard) if TEXT in tree.meta else None
    if isinstance(tree, exp.Query):
        reads = named_in(session, tree)
        with (
            session.prepared((), lambda: reads),
            registry.evaluated(session, tree, binds, describe=describe),
        ):
            found = ResolvedStatement(tree, qualify(session, tree), reads, demand)
            return _query(session, found.keep(session.account.engine.statements), binds, describe)
    if describe:
        return dml.describe(tree)
    dml.check(session, tree)
    session.begin_implicitly()
    reads, locks = dml.reads(session, tree), dml.locks(session, tree)
    with session.prepared(locks, lambda: reads):
        session.bind_rows()
        with registry.evaluated(session, tree, binds):
            found = ResolvedStatement(tree, qualify(session, tree), reads, demand, locks)
            return dml.run(session, found.keep(session.account.engine.statements), binds)


def repeat(session: Session, known: ResolvedStatement, binds: Binds, *, describe: bool) -> Result:
    """A statement that is known."""
    if isinstance(known.tree, exp.Query):
        with session.prepared((), lambda: known.reads):
            return _query(session, known, binds, describe)
    if describe:
        return dml.describe(known.tree)
    session.begin_implicitly()
    with session.prepared(known.locks, lambda: known.reads):
        return dml.run(session, known, binds)


def _query(session: Session, known: ResolvedStatement, binds: Binds, describe: bool) -> Result:
    if describe:
        return session.connection.describe(known.tree)
    if session.in_transaction:
        session.observe([*known.names.streams, *known.behind(session)])
    return session.connection.query(known.tree, binds)
