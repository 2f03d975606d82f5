"""ALTER TABLE and VIEW, and their end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import HIDDEN_SCHEMA, Binds, Conflict, quoted
from flocon.objects import comments, stages, table_properties
from flocon.objects.databases import already_dropped
from flocon.session.names import name_of, qualify
from flocon.sql.tokens import FullName

if TYPE_CHECKING:
    from flocon.session.session import Session

_ATTEMPTS = 50


def drop_relation(session: Session, target: exp.Table, kind: str, if_exists: bool) -> Result:
    table = session.resolve(name_of(target))
    with session.account.lock:
        found = session.relation_kind(table)
        if found is None:
            if if_exists:
                return already_dropped(table.name)
            raise errors.does_not_exist(kind.capitalize(), table)
        if found != kind:
            raise errors.compilation(
                errors.INVALID_OBJECT,
                f"Object found is of type '{found}', not specified type '{kind}'.",
            )
        session.account.streams.table_gone(session.catalog(table.database), table)
        table_properties.forget(session, table)
        session.connection.values(f"DROP {kind} {comments.full(table)}")
        if kind == "TABLE":
            staged = session.account.engine.stages
            staged.remove(staged.table(table.database, table.schema, table.name))
    return result.status(f"{table.name} successfully dropped.")


def alter(session: Session, tree: exp.Alter, kind: str, binds: Binds) -> Result:
    if kind not in ("TABLE", "VIEW"):
        raise errors.unsupported(f"ALTER {kind}")
    session.commit_for_ddl()
    table = session.resolve(name_of(tree.this))
    if session.relation_kind(table) is None:
        if tree.args.get("exists"):
            return result.status("Statement executed successfully.")
        raise errors.does_not_exist(kind.capitalize(), table)
    renamed = next((a for a in tree.args["actions"] if isinstance(a, exp.AlterRename)), None)
    if renamed:
        return _rename(session, table, renamed.this)
    if _sets_properties(tree):
        return _set_properties(session, tree, table)
    for action in tree.args["actions"]:
        if action.sql("snowflake").upper() == "DROP CLUSTERING KEY":
            table_properties.put(session, table, {"CLUSTER_BY": ""})
            return result.status("Statement executed successfully.")
        if isinstance(action, exp.AddConstraint):
            return _add_constraint(action)
        if isinstance(action, exp.ClusterProperty | exp.Cluster):
            keys = table_properties.clustering(action)
            table_properties.put(session, table, {"CLUSTER_BY": keys})
            return result.status("Statement executed successfully.")
        if not isinstance(action, _ALTERATIONS):
            raise errors.unsupported(f"ALTER {kind} … {action.sql(dialect='snowflake')}")
        if isinstance(action, exp.AlterColumn) and action.args.get("comment"):
            column = f"{comments.full(table)}.{quoted(action.this.name)}"
            comments.put(session, "COLUMN", column, action.args["comment"].name)
            return result.status("Statement executed successfully.")
    qualify(session, tree)
    answer = _until_done(lambda: stages.with_fakesnow(session, tree.copy(), binds))
    session.account.streams.table_changed(
        session.catalog(table.database), session.connection, table
    )
    return answer


def _until_done(statement: Callable[[], Result]) -> Result:
    """DuckDB refuses to alter a table in the moment in which another transaction commits to it."""
    for _ in range(_ATTEMPTS):
        try:
            return statement()
        except Conflict:
            time.sleep(random.uniform(0.001, 0.02))
    return statement()


_ALTERATIONS = (exp.ColumnDef, exp.AlterColumn, exp.RenameColumn, exp.Drop)


def _add_constraint(action: exp.AddConstraint) -> Result:
    """Keys are recorded on Snowflake, and not enforced.

    https://docs.snowflake.com/en/sql-reference/constraints-overview
    """
    if action.find(exp.CheckColumnConstraint):
        raise errors.unsupported("ALTER TABLE … ADD CONSTRAINT … CHECK")
    return result.status("Statement executed successfully.")


def _rename(session: Session, table: FullName, target: exp.Table) -> Result:
    new = session.resolve(name_of(target))
    if (new.database, new.schema) != (table.database, table.schema):
        raise errors.unsupported("ALTER TABLE … RENAME TO another schema")
    session.connection.values(f"ALTER TABLE {comments.full(table)} RENAME TO {quoted(new.name)}")
    session.connection.values(
        f"UPDATE _fs_global.{HIDDEN_SCHEMA}._fs_columns_ext SET ext_table_name = ?"
        " WHERE (ext_table_catalog, ext_table_schema, ext_table_name) = (?, ?, ?)",
        [new.name, table.database, table.schema, table.name],
    )
    table_properties.renamed(session, table, new)
    session.account.streams.table_renamed(session.catalog(table.database), table, new)
    return result.status("Statement executed successfully.")


def _sets_properties(tree: exp.Alter) -> bool:
    return all(isinstance(action, exp.AlterSet) for action in tree.args["actions"])


def _set_properties(session: Session, tree: exp.Alter, table: FullName) -> Result:
    statement = f"ALTER {tree.args['kind']} … SET"
    for action in tree.args["actions"]:
        if action.args.get("tag"):
            raise errors.unsupported(f"{statement} TAG")
        for item in _settings(action):
            if isinstance(item, exp.SchemaCommentProperty):
                kind = session.relation_kind(table) or "TABLE"
                comments.put(session, kind, comments.full(table), item.this.name)
                continue
            if not isinstance(item, exp.EQ | exp.Property) or item.this is None:
                written = tree.sql("snowflake").partition(" SET ")[2]
                raise errors.unsupported(f"{statement} {written}")
            table_properties.put(session, table, table_properties.setting(item, statement))
    return result.status("Statement executed successfully.")


def _settings(action: Expr) -> list[Expr]:
    return [
        item
        for written in action.expressions
        for item in (written.expressions if isinstance(written, exp.Properties) else [written])
    ]
