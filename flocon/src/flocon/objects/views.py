"""CREATE VIEW."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import Binds
from flocon.objects import comments, listings, table_properties
from flocon.objects.tables import create_temporary, is_temporary, strip_properties
from flocon.session.names import name_of, qualify

if TYPE_CHECKING:
    from flocon.session.session import Session


def is_view(tree: exp.Create) -> bool:
    """Does it create a view that stays?"""
    return str(tree.args.get("kind")).upper() == "VIEW" and not is_temporary(tree)


def create_view(session: Session, tree: exp.Create, binds: Binds) -> Result:
    if is_temporary(tree):
        return create_temporary(session, tree, binds)
    session.commit_for_ddl()
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    view = session.resolve(name_of(target))
    session.check_schema(view)
    if session.relation_kind(view):
        if tree.args.get("exists"):
            return result.status(f"{view.name} already exists, statement succeeded.")
        if not tree.args.get("replace"):
            raise errors.already_exists(view)
    if tree.args.get("materialized") or tree.find(exp.MaterializedProperty):
        raise errors.unsupported("MATERIALIZED VIEW")
    qualify(session, tree)
    properties = table_properties.of_create(tree)
    told = comments.of_create(tree)
    strip_properties(tree)
    _strip_column_comments(tree)
    session.connection.create_relation(tree)
    table_properties.forget(session, view)
    table_properties.put(session, view, properties)
    comments.put_all(session, "VIEW", view, told)
    listings.created(session, "VIEW", view)
    return result.status(f"View {view.name} successfully created.")


def _strip_column_comments(tree: exp.Create) -> None:
    if isinstance(tree.this, exp.Schema):
        tree.this.set(
            "expressions",
            [c.this if isinstance(c, exp.ColumnDef) else c for c in tree.this.expressions],
        )
