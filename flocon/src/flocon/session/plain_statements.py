"""Queries and DML: from a tree, or from a known meaning, to the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from flocon.access.trees import demand_of
from flocon.core.result import Result
from flocon.engine import TEXT, Binds
from flocon.session import dml, registry
from flocon.session.meanings import Meaning
from flocon.session.names import named_in, qualify

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
            meaning = Meaning(tree, qualify(session, tree), reads, demand)
            return _query(session, session.account.meanings.keep(meaning), binds, describe)
    if describe:
        return dml.describe(tree)
    dml.check(session, tree)
    session.begin_implicitly()
    reads, locks = dml.reads(session, tree), dml.locks(session, tree)
    with session.prepared(locks, lambda: reads):
        session.bind_rows()
        with registry.evaluated(session, tree, binds):
            meaning = Meaning(tree, qualify(session, tree), reads, demand, locks)
            return dml.run(session, session.account.meanings.keep(meaning), binds)


def repeat(session: Session, meaning: Meaning, binds: Binds, *, describe: bool) -> Result:
    """A statement that is known."""
    if isinstance(meaning.tree, exp.Query):
        with session.prepared((), lambda: meaning.reads):
            return _query(session, meaning, binds, describe)
    if describe:
        return dml.describe(meaning.tree)
    session.begin_implicitly()
    with session.prepared(meaning.locks, lambda: meaning.reads):
        return dml.run(session, meaning, binds)


def _query(session: Session, meaning: Meaning, binds: Binds, describe: bool) -> Result:
    if describe:
        return session.connection.describe(meaning.tree)
    if session.in_transaction:
        session.observe([*meaning.names.streams, *meaning.behind(session)])
    return session.connection.query(meaning.tree, binds)
