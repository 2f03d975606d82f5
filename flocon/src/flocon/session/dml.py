"""INSERT, UPDATE, DELETE, MERGE, TRUNCATE, COPY INTO: run, logged where streams ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import Expr, exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import TEXT, Binds, parsing, used
from flocon.session import merging, staged_queries
from flocon.session import multi_inserts as into_many
from flocon.session.context import Context
from flocon.session.names import ResolvedStatement, named_in
from flocon.session.stage_location import stage_location
from flocon.sql.stage_location import StageLocation
from flocon.sql.tokens import FullName, Tokens
from flocon.transactions.logged_dml import LoggedDml
from flocon.transactions.transaction import Transaction

_ANOTHER_TABLES_STAGE = errors.Code(1023, "42601")
# What the engine calls the number of a row.
_ROW_ID = "rowid"
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
    target = parsing.targets(tree)[0] if optional else None
    if target and target.catalog and context.relation_kind(_changed(target)) is None:
        context.check_missing("Table", _changed(target), if_exists=True)
        return result.done()
    return context.transactions.write(
        lambda transaction: _run(context, transaction, statement, binds)
    )


def _run(
    context: Context, transaction: Transaction, statement: ResolvedStatement, binds: Binds
) -> Result:
    tree = statement.tree
    targets = [_changed(target) for target in parsing.targets(tree)]
    behind = statement.streams_behind_views(context.connection, context.account.streams, targets)
    context.transactions.consume(transaction, [*statement.names.streams, *behind])
    if isinstance(tree, exp.Copy):
        return _copy(context, transaction, tree.copy(), binds)
    if isinstance(tree, exp.Insert) and tree.args.get("overwrite"):
        return _overwrite(context, transaction, tree.copy(), binds)
    if isinstance(tree, exp.MultitableInserts):
        counts, deleted = into_many.run(
            context, tree, binds, lambda part, used: _change(context, transaction, part, used)
        )
        return replace(_inserted(tree, counts), deleted=deleted)
    if isinstance(tree, exp.Merge):
        actions = merging.run(
            context, tree, binds, lambda part, used: _change(context, transaction, part, used)
        )
        return _merged(tree, actions)
    if isinstance(tree, exp.Update) and tree.args.get("from_") and targets[0].database:
        found = merging.update(
            context, tree, binds, lambda part, used: _change(context, transaction, part, used)
        )
        if found is not None:
            return _answer(tree, [found[:1]], found[1])
    joined = _multi_joined(context, tree, binds) if isinstance(tree, exp.Update) else 0
    return _answer(tree, _change(context, transaction, tree, binds), joined)


def _multi_joined(context: Context, update: exp.Update, binds: Binds) -> int:
    """How many of its rows an UPDATE … FROM finds several rows for.

    https://docs.snowflake.com/en/sql-reference/sql/update
    """
    read, where = update.args.get("from_"), update.args.get("where")
    if read is None:
        return 0
    target = update.this
    place = (target.catalog or "temp", target.db or "main", target.name)
    if any(name.lower() == _ROW_ID for name, _ in context.connection.columns(*place)):
        raise errors.unsupported("UPDATE … FROM of a table with a column ROWID")
    row = exp.column(exp.to_identifier(_ROW_ID, quoted=True), table=target.alias_or_name)
    several = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))
    found = exp.select(exp.Literal.number(1)).from_(target.copy())
    found = found.join(read.this.copy(), join_type="cross").group_by(row).having(several)
    found.set("where", where.copy() if where else None)
    sql = context.connection.dml_sql(exp.select("count(*)").from_(found.subquery("found")), binds)
    return int(context.connection.values(sql, used(sql, binds))[0][0])


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
    removal = exp.Delete(this=parsing.targets(tree)[0].copy())
    deleted = int(_change(context, transaction, removal, {})[0][0])
    answer = _answer(tree, _change(context, transaction, tree, binds))
    answer.deleted = deleted
    if held:
        context.connection.discard("$held")
        if not answer.affected:
            context.connection.check_single_rows(query, binds)
    return answer


def _change(
    context: Context, transaction: Transaction, tree: Expr, binds: Binds
) -> list[tuple[Any, ...]]:
    target = parsing.targets(tree)[0]
    if target.catalog:
        answer = _logged(context, transaction, target).run(tree, binds)
    else:
        # A temporary table is gone with the snapshot, and what was in it.
        transaction.unrepeatable = True
        answer = context.connection.dml(tree, binds)
        context.connection.temporary_written(target.name)
    if isinstance(tree, exp.Insert) and not answer[0][0]:
        context.connection.check_single_rows(tree.expression, binds)
    return answer


def _logged(context: Context, transaction: Transaction, target: exp.Table) -> LoggedDml:
    tables = context.account.tracked_tables
    return LoggedDml(tables, context.connection, transaction, _changed(target))


def _copy(context: Context, transaction: Transaction, tree: exp.Copy, binds: Binds) -> Result:
    target = parsing.targets(tree)[0]

    def staged(location: str) -> StageLocation:
        place = stage_location(context, location)
        own = (target.catalog, target.db, target.name)
        if place.of_table and place.of_table != own:
            raise errors.compilation(
                _ANOTHER_TABLES_STAGE,
                f"Access to the stage area of a table ({place.of_table[2]}) with the schema of"
                f" another table ({target.name}) is not allowed.",
            )
        own_format = staged_queries.format_of_stage(context, place)
        return replace(place, file_format=own_format)

    def named(text: str) -> Mapping[str, Any]:
        return staged_queries.format_of(context, context.resolve(Tokens(text).name()))

    if target.catalog:
        with _logged(context, transaction, target).adding_rows():
            return context.connection.copy_into(tree, binds, staged, named)
    transaction.unrepeatable = True
    answer = context.connection.copy_into(tree, binds, staged, named)
    context.connection.temporary_written(target.name)
    return answer


@dataclass(frozen=True)
class Touched:
    """What a statement reads, and what it holds until its transaction ends: the tables whose rows
    it changes or removes, and the streams that it consumes. The targets of one that only adds rows
    are not among what it reads."""

    reads: list[FullName]
    locks: list[FullName]


def touched(context: Context, tree: Expr) -> Touched:
    """Raises 000002 for DML on a stream: like a view, it cannot be changed."""
    streams, adds = context.account.streams, _adds(tree)
    written = [parsing.name_of(target) for target in parsing.targets(tree)]
    targets = [context.resolve(name) for name in written]
    for name in targets:
        if streams.find(name):
            raise errors.unsupported(f"DML on stream {name}")
    reads = named_in(context, tree)
    if adds:
        for name in targets:
            if name in reads:
                reads.remove(name)
        held = []
    else:
        named = zip(written, targets, strict=True)
        held = [full for name, full in named if not context.is_private(name)]
    behind = streams.behind(context.connection, reads)
    consumed = [*(name for name in reads if streams.find(name)), *(s.name for s in behind)]
    return Touched(reads, [*held, *consumed])


def _adds(tree: Expr) -> bool:
    return isinstance(tree, exp.Copy) or (
        isinstance(tree, exp.Insert | exp.MultitableInserts) and not tree.args.get("overwrite")
    )


def _answer(tree: Expr, rows: list[tuple[Any, ...]], multi_joined: int = 0) -> Result:
    if isinstance(tree, exp.Merge):
        return _merged(tree, dict(rows))
    count = int(rows[0][0])
    if isinstance(tree, exp.TruncateTable):
        return replace(result.done(), deleted=count)
    return _counts(_counted(tree, count, multi_joined), count, _TYPES[type(tree)])


def _counted(tree: Expr, count: int, multi_joined: int) -> dict[str, int]:
    if isinstance(tree, exp.Insert):
        return {"number of rows inserted": count}
    if isinstance(tree, exp.Update):
        return {
            "number of rows updated": count,
            "number of multi-joined rows updated": multi_joined,
        }
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
    answer.declared = ["NUMBER(19,0)"] * len(columns)
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
