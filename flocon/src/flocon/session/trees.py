"""Statements that SQLGlot reads: queries, DML, transactions, and DDL of what the engine keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import Expr, exp

from flocon.access.needs import Demand
from flocon.access.trees import Place, demand_of
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import TEXT, Binds, parsing, rewrite
from flocon.session import dml
from flocon.session.context import Context
from flocon.session.names import (
    ResolvedStatement,
    TextKey,
    named_in,
    qualify,
    resolve_dual,
    resolve_identifiers,
    resolve_sequences,
)
from flocon.session.statements import Statement
from flocon.sql.statement_text import StatementText

Handler = Callable[[Context, Expr, Binds], Result]

_DDL = (exp.Create, exp.Drop, exp.Alter)


class Tree(Statement):
    """One whose first word is that of a query or DML is parsed when it is prepared, if it has to be
    at all: the account knows its latest ones by their texts. handlers: of the other kinds of trees.
    """

    concerns_grants = False

    def __init__(
        self,
        text: str,
        handlers: Mapping[type[Expr], Handler],
        tree: Expr | None = None,
    ) -> None:
        self.text: StatementText = StatementText.of(text)
        self.uses_warehouse = tree is None or _works(tree)
        self._handlers = handlers
        self._tree = tree
        self._text_key: TextKey | None = None
        self._known: ResolvedStatement | None = None
        self._demand: Demand | None = None

    def prepare(self, context: Context) -> None:
        """Its names resolved, as they were before under the same names and shapes; or its tree."""
        if self.text.is_long:
            self._tree = self._tree or parsing.parse(self.text)
            return
        if not self.text.may_have_identifiers:
            self._text_key = TextKey(context, self.text)
            known = self._text_key.known()
            # What rights it needs, unless that is known, is read from names as they are written.
            if known and (known.demand is not None or context.access.privileges is None):
                self._known = known
        if self._known is None:
            if self._tree is None:
                self._tree = parsing.parse_repeated(self.text, context.account.engine.statements)
            if self._text_key:
                # Its text is what it means, unless somebody takes this away.
                self._tree.meta[TEXT] = None

    def demand(self, place: Place) -> Demand | None:
        if self._known is not None:
            return self._known.demand
        if self._demand is None and self._tree is not None:
            self._demand = demand_of(self._tree, place)
        return self._demand

    def run(self, context: Context, binds: Sequence[Any], *, describe: bool) -> Result:
        named = {f"b{index}": value for index, value in enumerate(binds, start=1)}
        if self._known is not None:
            known = self._known
            context.transactions.refuse_failed()
            return context.access.run(self, lambda _: _repeat(context, known, named, describe))
        tree = self._tree
        assert tree is not None, "it is prepared"
        parsing.number_binds(tree)
        if isinstance(tree, exp.Transaction | exp.Commit | exp.Rollback):
            return _run_transaction(context, tree)
        context.transactions.refuse_failed()
        tree = parsing.upper_case(tree)
        if self.text.may_have_identifiers:
            tree = resolve_identifiers(tree, named)
        if self.text.may_have_sequences:
            tree = resolve_sequences(context, tree)
        if self.text.may_have_dual and resolve_dual(context, tree):
            # It is another one once there is a table of that name.
            self._text_key = None
        self._tree, self.concerns_grants = tree, isinstance(tree, _DDL)
        if isinstance(tree, exp.Create):
            tree.meta[parsing.WRITTEN] = str(self.text)
        return context.access.run(
            self, lambda _: self._run(context, tree, named, describe), describe=describe
        )

    def explain(self, context: Context, error: errors.SnowflakeError) -> None:
        tree = self._known.tree if self._known is not None else self._tree
        if tree is not None:
            context.connection.explain(error, tree)

    def _run(self, context: Context, tree: Expr, binds: Binds, describe: bool) -> Result:
        if context.access.privileges is not None:
            context.access.narrow(tree)
        if isinstance(tree, exp.Query):
            return self._query(context, tree, binds, describe)
        if isinstance(tree, dml.STATEMENTS) and not parsing.unloads(tree):
            return dml.describe(tree) if describe else self._change(context, tree, binds)
        if handler := self._handlers.get(type(tree)):
            return result.done() if describe else handler(context, tree, binds)
        if isinstance(tree, exp.Show):
            # As far as fakesnow answers it.
            return context.connection.other(tree, binds, result.SHOW)
        raise errors.unsupported(tree.sql(dialect="snowflake")[:200])

    def _query(self, context: Context, tree: exp.Query, binds: Binds, describe: bool) -> Result:
        reads, is_text = named_in(context, tree), TEXT in tree.meta
        with (
            context.transactions.prepared((), lambda: reads),
            context.functions.evaluated(tree, binds, describe=describe),
        ):
            found = ResolvedStatement(tree, qualify(context, tree), reads, self._demand)
            is_more = is_text and TEXT not in tree.meta
            text = self._text_key.of(found) if is_text and self._text_key else None
            if is_more and text:
                # It means more than its text says. With the same values and the same relations it
                # is rendered the same way, once; it is resolved each time.
                shapes = tuple(sorted(context.connection.relations.items()))
                text = (text, tree.sql(dialect="snowflake"), shapes)
            tree.meta[TEXT] = text
            answer = _answer_query(context, found, binds, describe)
            if self._text_key and not is_more:
                # What has failed may mean something soon, when a function of that name is made.
                self._text_key.keep(found)
            return answer

    def _change(self, context: Context, tree: Expr, binds: Binds) -> Result:
        touched = dml.touched(context, tree)
        context.transactions.begin_implicitly()
        with context.transactions.prepared(touched.locks, lambda: touched.reads):
            context.bind_rows()
            with context.functions.evaluated(tree, binds):
                names = qualify(context, tree)
                found = ResolvedStatement(tree, names, touched.reads, self._demand, touched.locks)
                if self._text_key and TEXT in tree.meta:
                    tree.meta[TEXT] = self._text_key.of(found)
                answer = dml.run(context, found, binds)
                if self._text_key:
                    self._text_key.keep(found)
                return answer


class Batch(Tree):
    """One INSERT … VALUES with many rows of binds, as executemany sends it: the rows become a
    relation, and the marks its columns."""

    _RELATION = "ACCOUNT_BINDS"

    def __init__(self, text: str, rows: Sequence[Sequence[Any]]) -> None:
        super().__init__(text, {})
        self._rows = rows

    def prepare(self, context: Context) -> None:
        tree = parsing.parse(self.text)
        if not isinstance(tree, exp.Insert) or not isinstance(tree.expression, exp.Values):
            raise errors.unsupported(f"array binds in: {self.text[:200]}")
        parsing.number_binds(tree)
        rewrite.insert_from(tree, self._RELATION)
        self._tree = tree

    def run(self, context: Context, binds: Sequence[Any], *, describe: bool) -> Result:
        context.relations.add(self._RELATION)
        context.bound_rows = self._RELATION, self._rows
        try:
            return super().run(context, (), describe=False)
        finally:
            context.bound_rows = None
            context.relations.discard(self._RELATION)
            context.connection.unbind(self._RELATION)


def _works(tree: Expr) -> bool:
    """Does it read or write rows? CREATE TABLE … AS does; TRUNCATE counts as DDL."""
    if isinstance(tree, exp.TruncateTable):
        return False
    creates_rows = isinstance(tree, exp.Create) and str(tree.args.get("kind")).upper() == "TABLE"
    return isinstance(tree, (exp.Query, *dml.STATEMENTS)) or (
        creates_rows and tree.expression is not None
    )


def _run_transaction(context: Context, tree: Expr) -> Result:
    transactions = context.transactions
    if isinstance(tree, exp.Rollback):
        transactions.rollback()
    elif isinstance(tree, exp.Commit):
        transactions.refuse_failed(commits=True)
        transactions.commit()
    else:
        transactions.refuse_failed()
        transactions.begin_statement()
    return result.done(result.TRANSACTION)


def _repeat(context: Context, known: ResolvedStatement, binds: Binds, describe: bool) -> Result:
    """One that was resolved before."""
    if isinstance(known.tree, exp.Query):
        with context.transactions.prepared((), lambda: known.reads):
            return _answer_query(context, known, binds, describe)
    if describe:
        return dml.describe(known.tree)
    context.transactions.begin_implicitly()
    with context.transactions.prepared(known.locks, lambda: known.reads):
        return dml.run(context, known, binds)


def _answer_query(
    context: Context, known: ResolvedStatement, binds: Binds, describe: bool
) -> Result:
    if describe:
        return context.connection.describe(known.tree)
    if context.transactions.transaction is not None:
        behind = known.streams_behind_views(context.connection, context.account.streams)
        context.transactions.observe([*known.names.streams, *behind])
    return context.connection.query(known.tree, binds)
