"""MERGE and UPDATE … FROM: the join once, then the changes and additions that come of it.

https://docs.snowflake.com/en/sql-reference/sql/merge
https://docs.snowflake.com/en/sql-reference/sql/update
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import NOW, TEXT, Binds, Connection, merging, now
from flocon.session.context import Context
from flocon.sql.tokens import FullName
from flocon.transactions.change_log import hold_row_ids

# Runs a plain DML statement, and logs it; returns its count.
Change = Callable[[Expr, Binds], list[tuple[Any, ...]]]


def run(context: Context, tree: exp.Merge, binds: Binds, change: Change) -> dict[str, int]:
    """Returns how many rows each action has taken. Raises 100090 where two rows of the source
    would change one of the target."""
    connection = context.connection
    plan = connection.statements.cached(
        "merging", tree, lambda: _plan(connection, tree, merging.merging)
    )
    if plan is None:
        return dict(change(tree, binds))
    # All parts are of one moment.
    binds = {NOW: now(), **binds}
    if plan.joined is None:
        return {"INSERT": sum(int(change(part, binds)[0][0]) for part in plan.inserts)}
    _hold(connection, tree.this, plan, binds)
    actions = _carried_out(connection, plan, binds, change)
    connection.discard(merging.JOINED)
    return actions


def update(
    context: Context, tree: exp.Update, binds: Binds, change: Change
) -> tuple[int, int] | None:
    """An UPDATE … FROM; returns how many rows it has changed, and how many of them it has found
    several rows for. None for one that is not run like this: it has done nothing."""
    connection = context.connection
    plan = connection.statements.cached(
        "merging", tree, lambda: _plan(connection, tree, merging.updating)
    )
    if plan is None:
        return None
    binds = {NOW: now(), **binds}
    found = _hold(connection, tree.this, plan, binds)
    changed = int(change(plan.changes[0], binds)[0][0])
    several = _found_several_times(connection) if found > changed else 0
    connection.discard(merging.JOINED)
    return changed, several


def _hold(connection: Connection, target: exp.Table, plan: merging.Merging, binds: Binds) -> int:
    """Evaluate the join; returns how many rows it has."""
    assert plan.joined is not None
    if plan.changes:
        hold_row_ids(connection, FullName(target.catalog, target.db, target.name))
    return connection.hold(merging.JOINED, plan.joined, binds)


def _found_several_times(connection: Connection) -> int:
    rows = connection.values(
        f'SELECT count(*) FROM (SELECT 1 FROM temp."{merging.JOINED}"'
        f' GROUP BY "{merging.ROW}" HAVING count(*) > 1)'
    )
    return int(rows[0][0])


def _carried_out(
    connection: Connection, plan: merging.Merging, binds: Binds, change: Change
) -> dict[str, int]:
    found = _found(connection)
    matched = [each for each in enumerate(plan.changes, 1) if each[0] in found]
    if any(isinstance(each, exp.Update) for _, each in matched):
        _check(connection, matched, found)
    counts: Counter[str] = Counter()
    for _, each in matched:
        action = "UPDATE" if isinstance(each, exp.Update) else "DELETE"
        counts[action] += int(change(each, binds)[0][0])
    if merging.UNMATCHED in found:
        for insert in plan.inserts:
            counts["INSERT"] += int(change(insert, binds)[0][0])
    for number, each in enumerate(plan.changes, 1):
        if number not in found:
            connection.compile(each, binds)
    if merging.UNMATCHED not in found:
        for insert in plan.inserts:
            connection.compile(insert, binds)
    return dict(counts)


# For each action the joined rows, and the rows of the target that they have found.
Found = dict[int, tuple[int, int]]


def _found(connection: Connection) -> Found:
    rows = connection.values(
        f'SELECT "{merging.ACTION}", count(*), count(DISTINCT "{merging.ROW}")'
        f' FROM temp."{merging.JOINED}" WHERE "{merging.ACTION}" IS NOT NULL GROUP BY 1'
    )
    return {action: (count, targets) for action, count, targets in rows}


def _check(connection: Connection, matched: Sequence[tuple[int, Expr]], found: Found) -> None:
    """No row is updated that anything else is done to. Rows that agree in deleting one are no
    contradiction.

    https://docs.snowflake.com/en/sql-reference/sql/merge#nondeterministic-results-for-update-and-delete
    """
    deletes = [number for number, each in matched if isinstance(each, exp.Delete)]
    updates = sum(found[number][0] for number, each in matched if isinstance(each, exp.Update))
    deleted = _targets(connection, deletes, found)
    if updates + deleted > _targets(connection, [number for number, _ in matched], found):
        raise errors.SnowflakeError(
            errors.NONDETERMINISTIC, "Duplicate row detected during DML action"
        )


def _targets(connection: Connection, actions: list[int], found: Found) -> int:
    """How many rows of the target these actions have found."""
    if len(actions) < 2:
        return sum(found[number][1] for number in actions)
    listed = ", ".join(map(str, actions))
    rows = connection.values(
        f'SELECT count(DISTINCT "{merging.ROW}") FROM temp."{merging.JOINED}"'
        f' WHERE "{merging.ACTION}" IN ({listed})'
    )
    return int(rows[0][0])


def _plan(
    connection: Connection, tree: Expr, parts: Callable[..., merging.Merging | None]
) -> merging.Merging | None:
    """The statement's parts; a part means the same wherever the statement does."""
    target = tree.this
    columns = connection.columns(target.catalog, target.db, target.name)
    plan = parts(tree, [name for name, _ in columns])
    # A column of this name would stand for DuckDB's row ids; a temporary table is DuckDB's own.
    if plan is None or not columns or any(name.lower() == "rowid" for name, _ in columns):
        return None
    text = tree.meta.get(TEXT)
    if text is not None:
        for number, part in enumerate((plan.joined, *plan.changes, *plan.inserts)):
            if part is not None:
                part.meta[TEXT] = (text, number)
    return plan
