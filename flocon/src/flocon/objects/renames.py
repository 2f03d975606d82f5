"""ALTER … RENAME TO and ALTER TABLE … SWAP WITH: what is kept of a table or view under its name
follows it. Others read it by its old name, as on Snowflake; streams and foreign keys go with it.

https://docs.snowflake.com/en/sql-reference/sql/alter-table
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from sqlglot import exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import Conflict, loads_moving, quoted
from flocon.engine.parsing import name_of
from flocon.objects import comments, declared_types, keys, table_properties
from flocon.session.context import Context
from flocon.sql.tokens import FullName
from flocon.stores import notes

_ATTEMPTS = 50
T = TypeVar("T")


def rename(context: Context, kind: str, table: FullName, target: exp.Table) -> Result:
    new = context.resolve(name_of(target))
    if (new.database, new.schema) != (table.database, table.schema):
        raise errors.unsupported("ALTER TABLE … RENAME TO another schema")
    if table in context.connection.temporary:
        context.transactions.forbid_replay()
        context.connection.rename_temporary(table, new)
        table_properties.altered(context, new)
        return result.done()
    context.check_relation(new)
    if context.relation_kind(new):
        raise errors.already_exists(name_of(target))
    _move(context, kind, [(table, new)])
    return result.done()


def swap(context: Context, table: FullName, target: exp.Table) -> Result:
    """Two renames in one. Each table keeps what it has: rows, columns, keys, comments, grants."""
    other = context.resolve(name_of(target))
    temporary = context.connection.temporary
    if table in temporary or other in temporary:
        raise errors.unsupported("ALTER TABLE … SWAP WITH: a temporary table")
    found = context.relation_kind(other)
    if found is None:
        context.check_missing("Table", other, if_exists=False)
    if found != "TABLE":
        raise errors.wrong_kind(str(found), "TABLE")
    if (other.database, other.schema) != (table.database, table.schema):
        raise errors.unsupported("ALTER TABLE … SWAP WITH a table of another schema")
    if other == table:
        raise errors.unsupported("ALTER TABLE … SWAP WITH itself")
    between = FullName(table.database, table.schema, f"SWAPPED_{uuid.uuid4().hex.upper()}")
    _move(context, "TABLE", [(table, between), (other, table), (between, other)])
    return result.done()


def _move(context: Context, kind: str, steps: list[tuple[FullName, FullName]]) -> None:
    """Give a table or view another name, or several, one after the other, all at once."""
    context.transactions.reshape(steps[0][0].database)
    statements = [
        f"ALTER {kind} {comments.full(old)} RENAME TO {quoted(new.name)}" for old, new in steps
    ]
    if kind == "TABLE":
        for old, new in steps:
            statements += loads_moving(old.database, old.schema, old.name, new.name)
    with ExitStack() as stack:
        for old, _ in steps:
            stack.enter_context(context.account.commits.leaving(old.database, old.schema, old.name))
        until_done(lambda: context.connection.together(statements))
        for old, new in steps:
            _follow(context, kind, old, new)


def _follow(context: Context, kind: str, old: FullName, new: FullName) -> None:
    """What is kept beside the engine's own follows a name."""
    types = declared_types.of(context, old)
    declared_types.put(context, old, {})
    declared_types.put(context, new, types)
    catalog = context.catalog(old.database)
    note = notes.renamed(catalog, kind, old.schema, old.name, new.name)
    keys.target_gone(context, old, new)
    if kind == "VIEW":
        context.account.live_views.put(new, note.query)
        return
    context.account.streams.table_renamed(catalog, old, new)
    context.account.write_times.move(old, new)
    staged = context.account.engine.stages
    places = [staged.table(each.database, each.schema, each.name) for each in (old, new)]
    staged.move(*places)


def until_done(statement: Callable[[], T]) -> T:
    """DuckDB refuses to alter a table in the moment in which another transaction commits to it."""
    for _ in range(_ATTEMPTS):
        try:
            return statement()
        except Conflict:
            time.sleep(random.uniform(0.001, 0.02))
    return statement()
