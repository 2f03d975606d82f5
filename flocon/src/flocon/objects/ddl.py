"""CREATE, ALTER, DROP and COMMENT: which noun they are about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import Binds
from flocon.objects import alterations, comments, databases, stages, tables, views
from flocon.objects.parameters import alter_session
from flocon.sql.tokens import checked_without_quotes

if TYPE_CHECKING:
    from flocon.session.session import Session

STATEMENTS = (exp.Create, exp.Alter, exp.Drop, exp.Comment)


def run(session: Session, tree: Expr, binds: Binds) -> Result:
    """One DDL statement. It commits an open transaction first, unless its table is temporary
    and of Snowpark's own making."""
    kind = str(tree.args.get("kind") or "").upper()
    for table in _targets(tree):
        checked_without_quotes(table.name, table.db, table.catalog)
    if isinstance(tree, exp.Create):
        handler = _CREATE.get(kind)
        if handler is None:
            raise errors.unsupported(f"CREATE {kind}")
        return handler(session, tree, binds)
    if isinstance(tree, exp.Drop):
        return _drop(session, tree, kind, binds)
    if isinstance(tree, exp.Alter):
        if kind == "SESSION":
            return alter_session(session, tree)
        return alterations.alter(session, tree, kind, binds)
    return comments.comment_on(session, tree)


def _targets(tree: Expr) -> Iterator[exp.Table]:
    """What a statement makes, drops, alters or comments on, and new names."""
    if isinstance(tree.this, Expr):
        yield from tree.this.find_all(exp.Table)
    for item in (*tree.args.get("tables", ()), *tree.args.get("actions", ())):
        yield from item.find_all(exp.Table)


def _drop(session: Session, tree: exp.Drop, kind: str, binds: Binds) -> Result:
    target = tree.args.get("tables", [tree.this])[0] if tree.args.get("tables") else tree.this
    if_exists = bool(tree.args.get("exists"))
    if kind in ("TABLE", "VIEW") and target.name in session.connection.temporary:
        session.pin()
        session.connection.drop_temporary(target.name, kind)
        return result.status(f"{target.name} successfully dropped.")
    session.commit_for_ddl()
    if kind == "DATABASE":
        return databases.drop_database(session, target.name, if_exists)
    if kind == "SCHEMA":
        return databases.drop_schema(session, target, if_exists)
    if kind in ("TABLE", "VIEW"):
        return alterations.drop_relation(session, target, kind, if_exists)
    if kind == "STAGE":
        return stages.drop_stage(session, target, if_exists)
    if kind == "FILE FORMAT":
        return stages.drop_file_format(session, target, if_exists)
    if kind == "SEQUENCE":
        return stages.with_fakesnow(session, tree, binds)
    raise errors.unsupported(f"DROP {kind}")


_CREATE = {
    "DATABASE": databases.create_database,
    "SCHEMA": databases.create_schema,
    "TABLE": tables.create_table,
    "VIEW": views.create_view,
    "STAGE": stages.create_stage,
    "FILE FORMAT": stages.create_file_format,
    "SEQUENCE": stages.create_sequence,
}
