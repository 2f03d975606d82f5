"""CREATE, ALTER and DROP: tables, views and stages here, and what streams see of it."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import Expr, exp

from local import errors, result
from local.engine import HIDDEN_SCHEMA, Binds, Conflict
from local.names import Names, name_of, qualify
from local.parser.tokens import FullName, Name
from local.result import Result
from local.statements import databases, listings
from local.statements.databases import already_dropped, comment
from local.statements.parameters import alter_session
from local.streams import Stream

if TYPE_CHECKING:
    from local.session import Session

# Constraints that Snowflake records and does not enforce.
# https://docs.snowflake.com/en/sql-reference/constraints-overview
_NOT_ENFORCED = (
    exp.PrimaryKey,
    exp.ForeignKey,
    exp.UniqueColumnConstraint,
    exp.Constraint,
)
_NOT_ENFORCED_COLUMN = (
    exp.PrimaryKeyColumnConstraint,
    exp.UniqueColumnConstraint,
    exp.Reference,
)
_FAKESNOW_KINDS = {"SCHEMA", "SEQUENCE", "STAGE", "FILE FORMAT"}

_ATTEMPTS = 50

STATEMENTS = (exp.Create, exp.Alter, exp.Drop, exp.Comment)


def run(session: Session, tree: Expr, binds: Binds) -> Result:
    """One DDL statement. It commits an open transaction first, unless its table is temporary
    and of Snowpark's own making."""
    kind = str(tree.args.get("kind") or "").upper()
    if isinstance(tree, exp.Create):
        handler = _CREATE.get(kind)
        if handler is None:
            raise errors.unsupported(f"CREATE {kind}")
        return handler(session, tree, binds)
    if isinstance(tree, exp.Drop):
        return _drop(session, tree, kind, binds)
    if isinstance(tree, exp.Alter):
        return _alter(session, tree, kind, binds)
    return _comment_on(session, tree)


def _comment_on(session: Session, tree: Expr) -> Result:
    """COMMENT ON TABLE | VIEW | COLUMN. https://docs.snowflake.com/en/sql-reference/sql/comment"""
    kind = str(tree.args["kind"]).upper()
    if kind not in ("TABLE", "VIEW", "COLUMN"):
        raise errors.unsupported(f"COMMENT ON {kind}")
    session.commit_for_ddl()
    target, column = tree.this, ""
    if kind == "COLUMN":
        parts = [part.name for part in target.parts]
        column = parts.pop()
        name = session.resolve(Name(*reversed(parts)))
    else:
        name = session.resolve(name_of(target))
    found = session.relation_kind(name)
    if found is None or (not column and found != kind):
        if tree.args.get("exists"):
            return result.status("Statement executed successfully.")
        raise errors.does_not_exist((found and kind) or "Object", name)
    text = tree.expression.name
    if column:
        _put_comment(session, "COLUMN", f'{_quoted(name)}."{column}"', text)
    else:
        _put_comment(session, kind, _quoted(name), text)
    return result.status("Statement executed successfully.")


def _with_fakesnow(session: Session, tree: Expr, binds: Binds) -> Result:
    return session.connection.other(tree, binds, result.DDL)


# --- tables and views ----------------------------------------------------------------------------


def _create_table(session: Session, tree: exp.Create, binds: Binds) -> Result:
    if _is_temporary(tree):
        return _create_temporary(session, tree, binds)
    session.commit_for_ddl()
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    table = session.resolve(name_of(target))
    kind = session.relation_kind(table)
    if tree.args.get("or_alter") and kind:
        return _alter_to(session, tree, table)
    if kind and tree.args.get("exists"):
        return result.status(f"{table.name} already exists, statement succeeded.")
    if kind and not tree.args.get("replace"):
        raise errors.already_exists(table)
    _strip_constraints(tree)
    like = tree.find(exp.LikeProperty)
    _check_properties(tree)
    names = qualify(session, tree)
    comments = _comments(tree)
    if source := (tree.args.get("clone") or like):
        answer = _create_like(session, table, source.this, replace=bool(kind), full=like is None)
    elif tree.expression:
        answer = _create_as(session, tree, names, table)
    else:
        _strip_properties(tree)
        _strip_column_comments_only(tree)
        answer = _with_fakesnow(session, tree, binds)
    if kind:
        session.account.streams.table_gone(session.catalog(table.database), table)
    _put_comments(session, "TABLE", table, comments)
    listings.created(session, "TABLE", table)
    return answer


# Properties that change nothing here: there is no Time Travel, tracking starts by itself.
_TABLE_PROPERTIES = (
    exp.SchemaCommentProperty,
    exp.CopyGrantsProperty,
    exp.TransientProperty,
    exp.TemporaryProperty,
    exp.ClusterProperty,
    exp.Cluster,
    exp.LikeProperty,
)


def _check_properties(tree: exp.Create) -> None:
    """Raises 000002 for a property that would mean something and is not there."""
    properties = tree.args.get("properties")
    for item in properties.expressions if properties else []:
        if isinstance(item, _TABLE_PROPERTIES):
            continue
        if type(item) is exp.Property and item.name.upper() in _HARMLESS:
            continue
        raise errors.unsupported(f"CREATE TABLE … {item.sql(dialect='snowflake')}")


def _create_like(
    session: Session, table: FullName, source: exp.Table, *, replace: bool, full: bool
) -> Result:
    """CREATE TABLE … LIKE, and with its rows: CLONE. Columns keep their constraints and comments.

    https://docs.snowflake.com/en/sql-reference/sql/create-clone
    """
    origin = session.resolve(name_of(source))
    if session.relation_kind(origin) != "TABLE":
        raise errors.does_not_exist("Table", origin)
    columns = session.connection.values(
        "SELECT column_name, data_type, is_nullable, column_default, comment FROM duckdb_columns()"
        " WHERE (database_name, schema_name, table_name) = (?, ?, ?) ORDER BY column_index",
        [origin.database, origin.schema, origin.name],
    )
    defined = ", ".join(
        f'"{name}" {kind}'
        + ("" if nullable else " NOT NULL")
        + (f" DEFAULT {default}" if default else "")
        for name, kind, nullable, default, _ in columns
    )

    def create(transaction: Any) -> Result:
        create = "CREATE OR REPLACE TABLE" if replace else "CREATE TABLE"
        session.connection.values(f"{create} {_quoted(table)} ({defined})")
        if full:
            session.connection.values(f"INSERT INTO {_quoted(table)} FROM {_quoted(origin)}")
        return result.status(f"Table {table.name} successfully created.")

    answer = session.write(create)
    comments = {name: comment for name, *_, comment in columns if comment}
    _put_comments(session, "TABLE", table, ("", comments))
    return answer


def _quoted(name: FullName) -> str:
    return ".".join(
        '"' + part.replace('"', '""') + '"' for part in (name.database, name.schema, name.name)
    )


def _comments(tree: exp.Create) -> tuple[str, dict[str, str]]:
    """The comment of a table or view, and those of its columns."""
    columns = {}
    if isinstance(tree.this, exp.Schema):
        for column in tree.this.find_all(exp.ColumnDef):
            for constraint in column.constraints:
                if isinstance(constraint.kind, exp.CommentColumnConstraint):
                    columns[column.name] = constraint.kind.this.name
    return comment(tree), columns


def _put_comments(
    session: Session, kind: str, name: FullName, comments: tuple[str, dict[str, str]]
) -> None:
    own, columns = comments
    if own:
        _put_comment(session, kind, _quoted(name), own)
    for column, text in columns.items():
        _put_comment(session, "COLUMN", f'{_quoted(name)}."{column}"', text)


def _put_comment(session: Session, kind: str, name: str, text: str) -> None:
    literal = text.replace("'", "''")
    session.connection.values(f"COMMENT ON {kind} {name} IS '{literal}'")


def _strip_column_comments_only(tree: exp.Create) -> None:
    if not isinstance(tree.this, exp.Schema):
        return
    for column in tree.this.find_all(exp.ColumnDef):
        column.set(
            "constraints",
            [
                constraint
                for constraint in column.constraints
                if not isinstance(constraint.kind, exp.CommentColumnConstraint)
            ],
        )


def _create_as(session: Session, tree: exp.Create, names: Names, table: FullName) -> Result:
    """CREATE TABLE … AS consumes the streams that it reads, like DML."""
    _strip_properties(tree)

    def create(transaction: Any) -> Result:
        session.consume(transaction, _read(session, names))
        session.connection.create_table_as(tree.copy())
        return result.status(f"Table {table.name} successfully created.")

    return session.write(create)


def _read(session: Session, names: Names) -> list[Stream]:
    """The streams that a query reads, by name or through views."""
    return [*names.streams, *session.account.streams.behind(session.connection, names.tables)]


def _create_temporary(session: Session, tree: exp.Create, binds: Binds) -> Result:
    """Temporary tables live in the session, whatever schema they name. Snowpark's own do not
    commit; Snowflake spares them by a flag of its own."""
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    name = target.name
    what = str(tree.args["kind"]).capitalize()
    if name in session.connection.temporary and tree.args.get("exists"):
        return result.status(f"{name} already exists, statement succeeded.")
    if not name.startswith("SNOWPARK_TEMP_"):
        session.commit_for_ddl()
    _strip_constraints(tree)
    _strip_properties(tree)
    target.set("db", None)
    target.set("catalog", None)
    names = qualify_source(session, tree)

    def create(transaction: Any) -> Result:
        session.consume(transaction, _read(session, names))
        session.connection.create_temporary(name, tree.copy())
        return result.status(f"{what} {name} successfully created.")

    if tree.expression and what == "Table":
        return session.write(create)
    session.connection.create_temporary(name, tree)
    return result.status(f"{what} {name} successfully created.")


def qualify_source(session: Session, tree: exp.Create) -> Names:
    """Full names in a CREATE … AS query only."""
    if not tree.expression:
        return Names()
    return qualify(session, tree.expression)


def _create_view(session: Session, tree: exp.Create, binds: Binds) -> Result:
    if _is_temporary(tree):
        return _create_temporary(session, tree, binds)
    session.commit_for_ddl()
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    view = session.resolve(name_of(target))
    if session.relation_kind(view):
        if tree.args.get("exists"):
            return result.status(f"{view.name} already exists, statement succeeded.")
        if not tree.args.get("replace"):
            raise errors.already_exists(view)
    if tree.args.get("materialized") or tree.find(exp.MaterializedProperty):
        raise errors.unsupported("MATERIALIZED VIEW")
    qualify(session, tree)
    comments = _comments(tree)
    _strip_properties(tree)
    _strip_column_comments(tree)
    session.connection.create_relation(tree)
    _put_comments(session, "VIEW", view, (comments[0], {}))
    listings.created(session, "VIEW", view)
    return result.status(f"View {view.name} successfully created.")


def _is_temporary(tree: exp.Create) -> bool:
    return tree.find(exp.TemporaryProperty) is not None


def _strip_constraints(tree: exp.Create) -> None:
    """Primary, unique and foreign keys are not enforced: DuckDB must not see them."""
    schema = tree.this
    if not isinstance(schema, exp.Schema):
        return
    schema.set("expressions", [e for e in schema.expressions if not isinstance(e, _NOT_ENFORCED)])
    for column in schema.find_all(exp.ColumnDef):
        kept = [c for c in column.constraints if not isinstance(c.kind, _NOT_ENFORCED_COLUMN)]
        column.set("constraints", kept)


def _strip_properties(tree: exp.Create) -> None:
    """What DuckDB cannot say of a table: comments, clustering, retention, transience."""
    temporary = list(tree.find_all(exp.TemporaryProperty))
    tree.set("properties", exp.Properties(expressions=temporary) if temporary else None)


def _strip_column_comments(tree: exp.Create) -> None:
    if isinstance(tree.this, exp.Schema):
        tree.this.set(
            "expressions",
            [c.this if isinstance(c, exp.ColumnDef) else c for c in tree.this.expressions],
        )


def _alter_to(session: Session, tree: exp.Create, table: FullName) -> Result:
    """CREATE OR ALTER TABLE: columns are added; the data stays.

    https://docs.snowflake.com/en/sql-reference/sql/create-or-alter
    """
    _strip_constraints(tree)
    _check_properties(tree)
    existing = dict(session.connection.columns(table.database, table.schema, table.name))
    wanted = {c.this.name: c for c in tree.this.find_all(exp.ColumnDef)}
    if missing := [name for name in existing if name not in wanted]:
        raise errors.unsupported(f"CREATE OR ALTER TABLE that drops column {missing[0]}")
    for name, column in wanted.items():
        if name not in existing:
            continue
        kind = session.connection.engine_type(column.args["kind"])
        if kind != existing[name]:
            raise errors.unsupported(
                f"CREATE OR ALTER TABLE that changes {name} from {existing[name]} to {kind}"
            )
    comments = _comments(tree)
    _strip_column_comments_only(tree)
    for name, column in wanted.items():
        if name not in existing:
            session.connection.add_column(table.database, table.schema, table.name, column)
    _put_comments(session, "TABLE", table, comments)
    session.account.streams.table_changed(
        session.catalog(table.database), session.connection, table
    )
    return result.status("Statement executed successfully.")


def _drop(session: Session, tree: exp.Drop, kind: str, binds: Binds) -> Result:
    target = tree.args.get("tables", [tree.this])[0] if tree.args.get("tables") else tree.this
    if_exists = bool(tree.args.get("exists"))
    if kind in ("TABLE", "VIEW") and target.name in session.connection.temporary:
        session.connection.drop_temporary(target.name, kind)
        return result.status(f"{target.name} successfully dropped.")
    session.commit_for_ddl()
    if kind == "DATABASE":
        return databases.drop_database(session, target.name, if_exists)
    if kind == "SCHEMA":
        return databases.drop_schema(session, target, if_exists)
    if kind in ("TABLE", "VIEW"):
        return _drop_relation(session, target, kind, if_exists)
    if kind == "STAGE":
        return _drop_stage(session, target, if_exists)
    if kind not in _FAKESNOW_KINDS:
        raise errors.unsupported(f"DROP {kind}")
    return _with_fakesnow(session, tree, binds)


def _drop_relation(session: Session, target: exp.Table, kind: str, if_exists: bool) -> Result:
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
        session.connection.values(f'DROP {kind} "{table.database}"."{table.schema}"."{table.name}"')
    return result.status(f"{table.name} successfully dropped.")


def _drop_stage(session: Session, target: exp.Table, if_exists: bool) -> Result:
    name = session.resolve(name_of(target))
    try:
        folder = session.connection.stage_folder(name.database, name.schema, name.name)
    except errors.SnowflakeError:
        if if_exists:
            return already_dropped(name.name)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    session.connection.values(
        "DELETE FROM _fs_global._fs_information_schema._fs_stages"
        " WHERE database_name = ? AND schema_name = ? AND name = ?",
        [name.database, name.schema, name.name],
    )
    return result.status(f"{name.name} successfully dropped.")


def _alter(session: Session, tree: exp.Alter, kind: str, binds: Binds) -> Result:
    if kind == "SESSION":
        return alter_session(session, tree)
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
        if isinstance(action, exp.AddConstraint):
            return _add_constraint(action)
        if isinstance(action, exp.ClusterProperty | exp.Cluster):
            # The order of rows on Snowflake's disks; nothing depends on it here.
            return result.status("Statement executed successfully.")
        if not isinstance(action, _ALTERATIONS):
            raise errors.unsupported(f"ALTER {kind} … {action.sql(dialect='snowflake')}")
        if isinstance(action, exp.AlterColumn) and action.args.get("comment"):
            column = f'{_quoted(table)}."{action.this.name}"'
            _put_comment(session, "COLUMN", column, action.args["comment"].name)
            return result.status("Statement executed successfully.")
    qualify(session, tree)
    answer = _until_done(lambda: _with_fakesnow(session, tree.copy(), binds))
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
    session.connection.values(
        f'ALTER TABLE "{table.database}"."{table.schema}"."{table.name}" RENAME TO "{new.name}"'
    )
    session.connection.values(
        f"UPDATE _fs_global.{HIDDEN_SCHEMA}._fs_columns_ext SET ext_table_name = ?"
        " WHERE (ext_table_catalog, ext_table_schema, ext_table_name) = (?, ?, ?)",
        [new.name, table.database, table.schema, table.name],
    )
    session.account.streams.table_renamed(session.catalog(table.database), table, new)
    return result.status("Statement executed successfully.")


def _sets_properties(tree: exp.Alter) -> bool:
    return all(isinstance(action, exp.AlterSet) for action in tree.args["actions"])


# Properties that change nothing here: history is not kept, tracking starts by itself.
_HARMLESS = {"CHANGE_TRACKING", "DATA_RETENTION_TIME_IN_DAYS", "MAX_DATA_EXTENSION_TIME_IN_DAYS"}


def _set_properties(session: Session, tree: exp.Alter, table: FullName) -> Result:
    for action in tree.args["actions"]:
        if action.args.get("tag"):
            raise errors.unsupported("ALTER TABLE … SET TAG")
        for item in _settings(action):
            if isinstance(item, exp.SchemaCommentProperty):
                kind = session.relation_kind(table) or "TABLE"
                _put_comment(session, kind, _quoted(table), item.this.name)
                continue
            name = item.this.name.upper() if isinstance(item, exp.EQ | exp.Property) else ""
            if name not in _HARMLESS:
                raise errors.unsupported(f"ALTER TABLE … {action.sql(dialect='snowflake')}")
    return result.status("Statement executed successfully.")


def _settings(action: Expr) -> list[Expr]:
    return [
        item
        for written in action.expressions
        for item in (written.expressions if isinstance(written, exp.Properties) else [written])
    ]


def _stage(session: Session, tree: exp.Create, binds: Binds) -> Result:
    if not _is_temporary(tree):
        session.commit_for_ddl()
    return _with_fakesnow(session, tree, binds)


def _plain(session: Session, tree: exp.Create, binds: Binds) -> Result:
    session.commit_for_ddl()
    return _with_fakesnow(session, tree, binds)


_CREATE = {
    "DATABASE": databases.create_database,
    "SCHEMA": databases.create_schema,
    "TABLE": _create_table,
    "VIEW": _create_view,
    "STAGE": _stage,
    "FILE FORMAT": _plain,
    "SEQUENCE": _plain,
}
