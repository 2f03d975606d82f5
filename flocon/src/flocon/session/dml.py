"""INSERT, UPDATE, DELETE, MERGE, TRUNCATE, COPY INTO: run, logged where streams ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlglot import Expr, exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import TEXT, Binds, multi_inserts
from flocon.session import merging
from flocon.session import multi_inserts as into_many
from flocon.session.context import Context
from flocon.session.names import named_in
from flocon.session.resolved_statement import ResolvedStatement
from flocon.session.stage_location import stage_location
from flocon.sql.tokens import FullName, name_of
from flocon.transactions.transaction import Transaction

_ANOTHER_TABLES_STAGE = errors.Code(1023, "42601")
_TYPES: dict[type, int] = {
    exp.Insert: result.INSERT,
    exp.MultitableInserts: result.MULTI_INSERT,
    exp.Update: result.UPDATE,
    exp.Delete: result.DELETE,
    exp.Merge: result.MERGE,
    exp.TruncateTable: result.DDL,
    exp.Copy: result.COPY,
}

STATEMENTS = tuple(_TYPES)


def run(context: Context, statement: ResolvedStatement, binds: Binds) -> Result:
    """One DML statement in the session's transaction, or in one of its own."""
    tree = statement.tree
    optional = isinstance(tree, exp.TruncateTable) and tree.args.get("exists")
    if optional and context.relation_kind(_changed(_target(tree))) is None:
        return result.status("Statement executed successfully.")
    return context.transactions.write(
        lambda transaction: _run(context, transaction, statement, binds)
    )


def _run(
    context: Context, transaction: Transaction, statement: ResolvedStatement, binds: Binds
) -> Result:
    tree = statement.tree
    targets = [_changed(target) for target in _targets(tree)]
    behind = statement.streams_behind_views(context.connection, context.account.streams, targets)
    context.transactions.consume(transaction, [*statement.names.streams, *behind])
    if isinstance(tree, exp.Copy):
        return _copy(context, transaction, tree.copy(), binds)
    if isinstance(tree, exp.Insert) and tree.args.get("overwrite"):
        return _overwrite(context, transaction, tree.copy(), binds)
    if isinstance(tree, exp.MultitableInserts):
        counts = into_many.run(
            context, tree, binds, lambda part, used: _change(context, transaction, part, used)
        )
        return _inserted(tree, counts)
    if isinstance(tree, exp.Merge):
        actions = merging.run(
            context, tree, binds, lambda part, used: _change(context, transaction, part, used)
        )
        return _merged(tree, actions)
    return _answer(tree, _change(context, transaction, tree, binds))


def _changed(target: exp.Table) -> FullName:
    return FullName(target.catalog, target.db, target.name)


def _overwrite(
    context: Context, transaction: Transaction, tree: exp.Insert, binds: Binds
) -> Result:
    """Delete all, then insert; the query sees the table as it was."""
    tree.meta.pop(TEXT, None)
    tree.set("overwrite", None)
    query = tree.expression
    held = isinstance(query, exp.Query) and not isinstance(query, exp.Values)
    if held:
        context.connection.hold("$held", query, binds)
        rows = exp.to_identifier("$held", quoted=True)
        tree.set("expression", exp.select("*").from_(exp.Table(this=rows)))
    _change(context, transaction, exp.Delete(this=_target(tree).copy()), {})
    answer = _answer(tree, _change(context, transaction, tree, binds))
    if held:
        context.connection.discard("$held")
    return answer


def _change(
    context: Context, transaction: Transaction, tree: Expr, binds: Binds
) -> list[tuple[Any, ...]]:
    target = _target(tree)
    if target.catalog:
        table = FullName(target.catalog, target.db, target.name)
        return context.account.changes.run(context.connection, transaction, table, tree, binds)
    # A temporary table is gone with the snapshot, and what was in it.
    transaction.unrepeatable = True
    return context.connection.dml(tree, binds)


def _copy(context: Context, transaction: Transaction, tree: exp.Copy, binds: Binds) -> Result:
    target = _target(tree)

    def staged(location: str) -> tuple[Path, str, str]:
        place = stage_location(context, location)
        own = (target.catalog, target.db, target.name)
        if place.of_table and place.of_table != own:
            raise errors.compilation(
                _ANOTHER_TABLES_STAGE,
                f"Access to the stage area of a table ({place.of_table[2]}) with the schema of"
                f" another table ({target.name}) is not allowed.",
            )
        return place.folder, place.path, place.label

    if target.catalog:
        table = FullName(target.catalog, target.db, target.name)
        with context.account.changes.appended(context.connection, transaction, table):
            return context.connection.copy_into(tree, binds, staged)
    transaction.unrepeatable = True
    return context.connection.copy_into(tree, binds, staged)


def locks(context: Context, tree: Expr) -> list[FullName]:
    """What a statement holds until its transaction ends: the tables whose rows it changes or
    removes, and the streams that it consumes."""
    held = [
        context.resolve(name_of(target))
        for target in _targets(tree)
        if not _adds(tree) and target.name not in context.connection.temporary
    ]
    streams = context.account.streams
    names = reads(context, tree)
    behind = streams.behind(context.connection, names)
    return [*held, *(name for name in names if streams.find(name)), *(s.name for s in behind)]


def reads(context: Context, tree: Expr) -> list[FullName]:
    """What a statement reads; the targets of one that only adds rows are not among it."""
    names = named_in(context, tree)
    for target in _targets(tree) if _adds(tree) else ():
        if names and (name := context.resolve(name_of(target))) in names:
            names.remove(name)
    return names


def _adds(tree: Expr) -> bool:
    return isinstance(tree, exp.Copy) or (
        isinstance(tree, exp.Insert | exp.MultitableInserts) and not tree.args.get("overwrite")
    )


def _targets(tree: Expr) -> list[exp.Table]:
    """The tables that a statement changes."""
    if isinstance(tree, exp.MultitableInserts):
        return multi_inserts.targets(tree)
    return [_target(tree)]


def _target(tree: Expr) -> exp.Table:
    """The one table that a statement changes."""
    target = tree.expressions[0] if isinstance(tree, exp.TruncateTable) else tree.this
    if isinstance(target, exp.Schema):
        target = target.this
    if not isinstance(target, exp.Table):
        raise errors.unsupported(f"DML on {tree.this}")
    return target


def check(context: Context, tree: Expr) -> None:
    """A stream, like a view, cannot be changed. Raises 000002."""
    for target in _targets(tree):
        name = context.resolve(name_of(target))
        if context.account.streams.find(name):
            raise errors.unsupported(f"DML on stream {name}")


def _answer(tree: Expr, rows: list[tuple[Any, ...]]) -> Result:
    if isinstance(tree, exp.Merge):
        return _merged(tree, dict(rows))
    count = int(rows[0][0])
    if isinstance(tree, exp.TruncateTable):
        return result.status("Statement executed successfully.")
    return _counts(_counted(tree, count), count, _TYPES[type(tree)])


def _counted(tree: Expr, count: int) -> dict[str, int]:
    if isinstance(tree, exp.Insert):
        return {"number of rows inserted": count}
    if isinstance(tree, exp.Update):
        return {"number of rows updated": count, "number of multi-joined rows updated": 0}
    return {"number of rows deleted": count}


def _merged(tree: exp.Merge, actions: dict[str, int]) -> Result:
    """A count for each kind of action that the statement names, insertions first."""
    named = {_action(when) for when in tree.args["whens"].expressions}
    columns = {
        f"number of rows {verb}": actions.get(action, 0)
        for action, verb in (("INSERT", "inserted"), ("UPDATE", "updated"), ("DELETE", "deleted"))
        if action in named
    }
    return _counts(columns, sum(actions.values()), result.MERGE)


def _inserted(tree: exp.MultitableInserts, counts: list[int]) -> Result:
    """A count for each table."""
    return _counts(into_many.counted(tree, counts), sum(counts), result.MULTI_INSERT)


def _action(when: exp.When) -> str:
    then = when.args["then"]
    if isinstance(then, exp.Update):
        return "UPDATE"
    return "INSERT" if isinstance(then, exp.Insert) else "DELETE"


def _counts(columns: dict[str, int], affected: int, statement_type: int) -> Result:
    answer = result.of(dict.fromkeys(columns, "BIGINT"), [list(columns.values())], statement_type)
    answer.affected = affected
    return answer


def describe(tree: Expr) -> Result:
    """The columns of a DML statement's answer, without running it."""
    if isinstance(tree, exp.Copy):
        raise errors.unsupported("describing COPY INTO")
    if isinstance(tree, exp.MultitableInserts):
        answer = _inserted(tree, [0] * len(tree.expressions))
    else:
        answer = _answer(tree, [] if isinstance(tree, exp.Merge) else [(0,)])
    answer.table = answer.table.slice(0, 0)
    return answer
