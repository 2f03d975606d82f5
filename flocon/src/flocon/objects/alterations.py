"""ALTER TABLE and VIEW, and their end."""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import Expr, exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import Binds, quoted
from flocon.engine.marked_names import unmarked
from flocon.engine.parsing import name_of
from flocon.objects import (
    clustering_keys,
    column_positions,
    comments,
    constraints,
    declared_types,
    defaults,
    identities,
    keys,
    renames,
    stages,
    table_properties,
    type_changes,
)
from flocon.session.context import Context
from flocon.session.names import qualify
from flocon.sql.tokens import FullName
from flocon.stores import notes


def drop_relation(context: Context, target: exp.Table, kind: str, if_exists: bool) -> Result:
    table = context.resolve(name_of(target))
    with context.account.lock:
        found = context.relation_kind(table)
        if found is None:
            context.check_missing(kind.capitalize(), table, if_exists=if_exists)
            return result.already_dropped(table.name)
        if found != kind:
            raise errors.wrong_kind(found, kind)
        context.transactions.reshape(table.database)
        context.account.streams.table_gone(context.catalog(table.database), table)
        notes.forget(context.catalog(table.database), kind, table.schema, table.name)
        with context.account.commits.leaving(table.database, table.schema, table.name):
            context.connection.values(f"DROP {kind} {comments.full(table)}")
        declared_types.put(context, table, {})
        if kind == "TABLE":
            keys.target_gone(context, table)
            staged = context.account.engine.stages
            staged.remove(staged.table(table.database, table.schema, table.name))
    return result.dropped(table.name)


def alter(context: Context, tree: exp.Alter, kind: str, binds: Binds) -> Result:
    if kind not in ("TABLE", "VIEW"):
        raise errors.unsupported(f"ALTER {kind}")
    context.transactions.commit_for_ddl()
    table = context.resolve(name_of(tree.this))
    held = context.connection.temporary.get(table)
    found = held.kind if held else context.relation_kind(table)
    if found is None:
        context.check_missing(kind.capitalize(), table, if_exists=bool(tree.args.get("exists")))
        return result.done()
    if found != kind:
        raise errors.wrong_kind(found, kind)
    renamed = next((a for a in tree.args["actions"] if isinstance(a, exp.AlterRename)), None)
    if renamed:
        return renames.rename(context, kind, table, renamed.this)
    if swapped := next((a for a in tree.args["actions"] if isinstance(a, exp.SwapTable)), None):
        return renames.swap(context, table, swapped.this)
    answer = carry_out(context, tree, table, kind, binds)
    table_properties.altered(context, table)
    return answer


def carry_out(
    context: Context, tree: exp.Alter, table: FullName, kind: str, binds: Binds
) -> Result:
    """What is altered of a table or view that exists, but for its name."""
    if _sets_properties(tree):
        return _set_properties(context, tree, table)
    if all(isinstance(action, exp.Set) for action in tree.args["actions"]):
        return _unset_properties(context, tree, table, kind)
    if all(_is_column_comment(action) for action in tree.args["actions"]):
        for action in tree.args["actions"]:
            column = quoted(*context.place(table), action.this.name)
            comments.put(context, "COLUMN", column, action.args["comment"].name)
        return result.done()
    for action in tree.args["actions"]:
        if action.sql("snowflake").upper() == "DROP CLUSTERING KEY":
            table_properties.put(context, table, clustering_keys.NONE)
            return result.done()
        if isinstance(action, exp.AddConstraint):
            return _add_constraint(context, table, action)
        if isinstance(action, clustering_keys.KINDS):
            columns = context.connection.columns(*context.place(table))
            clustering_keys.check(clustering_keys.written(tree), columns)
            table_properties.put(context, table, clustering_keys.properties(action))
            return result.done()
        if not isinstance(action, _ALTERATIONS) or _is_column_comment(action):
            raise errors.unsupported(f"ALTER {kind} … {action.sql(dialect='snowflake')}")
    before = [name for name, _ in context.connection.columns(*context.place(table))]
    known = set(before)
    _check_added(tree, known)
    if all(_is_there(action, known) for action in tree.args["actions"]):
        return result.done()
    declared_types.check_added(tree.args["actions"])
    type_changes.check(context, table, _retyped(tree))
    defaults.check(context, table, tree.args["actions"])
    renamed = [a.this.name for a in tree.args["actions"] if isinstance(a, exp.RenameColumn)]
    clustering_keys.check_renamed(table_properties.of(context, table), renamed)
    with_keys = _with_keys(context, tree, table, known)
    new = [each for each in tree.args["actions"] if isinstance(each, exp.ColumnDef)]
    identities.check_empty(context, table, new)
    context.transactions.reshape(table.database)
    qualify(context, tree)
    with identities.counting(context, new, *context.place(table)[:2]):
        answer = renames.until_done(lambda: _altered(context, tree, binds))
    keys.columns_changed(context, table, tree)
    if with_keys:
        keys.put(context, table, with_keys)
    changes = [each for each in tree.args["actions"] if not _is_there(each, known)]
    defaults.columns_changed(context, table, changes)
    declared_types.altered(context, table, tree)
    if any(isinstance(each, exp.Drop | exp.ColumnDef) for each in tree.args["actions"]):
        column_positions.columns_changed(context, table, before)
    if table not in context.connection.temporary:
        context.account.streams.table_changed(
            context.catalog(table.database), context.connection, table
        )
    return answer


def _check_added(tree: exp.Alter, known: Collection[str]) -> None:
    """Raises 001430 for a column that is there, or that is added twice."""
    seen = set(known)
    for action in tree.args["actions"]:
        if isinstance(action, exp.ColumnDef):
            if action.name in seen and not action.args.get("exists"):
                name = unmarked(action.name)
                raise errors.compilation(errors.COLUMN_EXISTS, f"column '{name}' already exists")
            seen.add(action.name)


def _altered(context: Context, tree: exp.Alter, binds: Binds) -> Result:
    """The engine takes one action at a time; all of them are done, or none."""
    actions = tree.args["actions"]
    if len(actions) == 1:
        return stages.with_fakesnow(context, tree.copy(), binds)
    context.connection.begin()
    try:
        for action in actions:
            one = tree.copy()
            one.set("actions", [action.copy()])
            answer = stages.with_fakesnow(context, one, binds)
    except BaseException:
        context.connection.rollback()
        raise
    context.connection.commit()
    return answer


def _with_keys(
    context: Context, tree: exp.Alter, table: FullName, known: Collection[str]
) -> list[keys.Key]:
    """The table's keys with those of columns that are added, if these have some. The engine does
    not get to see them."""
    new = [each for each in tree.args["actions"] if isinstance(each, exp.ColumnDef)]
    found = keys.with_added(context, table, [each for each in new if each.name not in known])
    for column in new:
        constraints.strip_added(column)
    return found


def _is_there(action: Expr, known: Collection[str]) -> bool:
    """Is it ADD COLUMN IF NOT EXISTS of a column that exists?"""
    is_forgiving = isinstance(action, exp.ColumnDef) and bool(action.args.get("exists"))
    return is_forgiving and action.name in known


def _retyped(tree: exp.Alter) -> dict[str, exp.DataType]:
    return {
        action.this.name: action.args["dtype"]
        for action in tree.args["actions"]
        if isinstance(action, exp.AlterColumn) and action.args.get("dtype")
    }


def _is_column_comment(action: Expr) -> bool:
    return isinstance(action, exp.AlterColumn) and bool(action.args.get("comment"))


_ALTERATIONS = (exp.ColumnDef, exp.AlterColumn, exp.RenameColumn, exp.Drop)


def _add_constraint(context: Context, table: FullName, action: exp.AddConstraint) -> Result:
    """Keys are recorded on Snowflake, and not enforced.

    https://docs.snowflake.com/en/sql-reference/constraints-overview
    """
    if action.find(exp.CheckColumnConstraint):
        raise errors.unsupported("ALTER TABLE … ADD CONSTRAINT … CHECK")
    keys.add(context, table, action)
    return result.done()


def _sets_properties(tree: exp.Alter) -> bool:
    return all(isinstance(action, exp.AlterSet) for action in tree.args["actions"])


def _set_properties(context: Context, tree: exp.Alter, table: FullName) -> Result:
    statement = f"ALTER {tree.args['kind']} … SET"
    settings: dict[str, str] = {}
    comment: str | None = None
    for action in tree.args["actions"]:
        if action.args.get("tag"):
            raise errors.unsupported(f"{statement} TAG")
        for item in _settings(action):
            if isinstance(item, exp.SchemaCommentProperty):
                comment = item.this.name
                continue
            if not isinstance(item, exp.EQ | exp.Property) or item.this is None:
                written = tree.sql("snowflake").partition(" SET ")[2]
                raise errors.unsupported(f"{statement} {written}")
            settings |= table_properties.setting(item, statement)
    is_transient = "TRANSIENT" in table_properties.of(context, table)
    table_properties.check_transient(settings, is_transient=is_transient)
    if comment is not None:
        kind = context.relation_kind(table) or "TABLE"
        comments.put(context, kind, quoted(*context.place(table)), comment)
    if settings:
        table_properties.put(context, table, settings)
    return result.done()


def _unset_properties(context: Context, tree: exp.Alter, table: FullName, kind: str) -> Result:
    """ALTER … UNSET: the comment is gone, and properties are what they are without a word."""
    known = ("COMMENT", *table_properties.SETTINGS) if kind == "TABLE" else ("COMMENT",)
    names = [item.name.upper() for action in tree.args["actions"] for item in action.expressions]
    for action in tree.args["actions"]:
        if not action.args.get("unset") or action.args.get("tag") or not set(names) <= set(known):
            raise errors.unsupported(f"ALTER {kind} … {action.sql(dialect='snowflake')}")
    if "COMMENT" in names:
        comments.put(context, kind, quoted(*context.place(table)), "")
    if settings := {name: "" for name in names if name != "COMMENT"}:
        table_properties.put(context, table, settings)
    return result.done()


def _settings(action: Expr) -> list[Expr]:
    return [
        item
        for written in action.expressions
        for item in (written.expressions if isinstance(written, exp.Properties) else [written])
    ]
