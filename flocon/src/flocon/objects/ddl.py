"""CREATE, ALTER, DROP and COMMENT: which noun they are about."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import Expr, exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import Binds
from flocon.engine.parsing import name_of
from flocon.objects import alterations, comments, databases, sequences, stages, tables, views
from flocon.session.context import Context
from flocon.sql.tokens import checked_without_quotes


def run(context: Context, tree: Expr, binds: Binds) -> Result:
    """One DDL statement. It commits an open transaction first, unless its table is temporary
    and of Snowpark's own making."""
    kind = str(tree.args.get("kind") or "").upper()
    for table in _targets(tree):
        checked_without_quotes(table.name, table.db, table.catalog)
        context.account.engine.spellings.note(table.name, table.db)
    if isinstance(tree, exp.Create):
        handler = _CREATE.get(kind)
        if handler is None:
            raise errors.unsupported(f"CREATE {kind}")
        if tree.expression and not (kind == "VIEW" and views.is_view(tree)):
            with context.functions.evaluated(tree, binds):
                return handler(context, tree, binds)
        return handler(context, tree, binds)
    if isinstance(tree, exp.Drop):
        return _drop(context, tree, kind, binds)
    if isinstance(tree, exp.Alter):
        return alterations.alter(context, tree, kind, binds)
    return comments.comment_on(context, tree)


def _targets(tree: Expr) -> Iterator[exp.Table]:
    """What a statement makes, drops, alters or comments on, and new names."""
    if isinstance(tree.this, Expr):
        yield from tree.this.find_all(exp.Table)
    for item in (*tree.args.get("tables", ()), *tree.args.get("actions", ())):
        yield from item.find_all(exp.Table)


def _drop(context: Context, tree: exp.Drop, kind: str, binds: Binds) -> Result:
    target = tree.args.get("tables", [tree.this])[0] if tree.args.get("tables") else tree.this
    if_exists = bool(tree.args.get("exists"))
    temporary = context.temporary(name_of(target)) if kind in ("TABLE", "VIEW") else None
    if temporary and context.connection.temporary[temporary].kind == kind:
        context.transactions.commit_for_temporary()
        context.transactions.forbid_replay()
        context.connection.drop_temporary(temporary)
        return result.dropped(target.name)
    if kind in ("STAGE", "FILE FORMAT") or _is_gone(context, target, kind):
        context.transactions.commit_for_temporary()
    else:
        context.transactions.commit_for_ddl()
    if kind == "DATABASE":
        return databases.drop_database(context, target.name, if_exists)
    if kind == "SCHEMA":
        return databases.drop_schema(context, target, if_exists)
    if kind in ("TABLE", "VIEW"):
        return alterations.drop_relation(context, target, kind, if_exists)
    if kind == "STAGE":
        return stages.drop_stage(context, target, if_exists)
    if kind == "FILE FORMAT":
        return stages.drop_file_format(context, target, if_exists)
    if kind == "SEQUENCE":
        return sequences.drop_sequence(context, tree, target, binds)
    raise errors.unsupported(f"DROP {kind}")


def _is_gone(context: Context, target: exp.Table, kind: str) -> bool:
    """Is it a table or view that is not there? Snowpark drops what it has made once more."""
    named = kind in ("TABLE", "VIEW") and context.transactions.is_spared
    return named and context.relation_kind(context.resolve(name_of(target))) is None


_CREATE = {
    "DATABASE": databases.create_database,
    "SCHEMA": databases.create_schema,
    "TABLE": tables.create_table,
    "VIEW": views.create_view,
    "STAGE": stages.create_stage,
    "FILE FORMAT": stages.create_file_format,
    "SEQUENCE": sequences.create_sequence,
}

TREES = dict.fromkeys((exp.Create, exp.Alter, exp.Drop, exp.Comment), run)
