"""CREATE and DROP DATABASE and SCHEMA, comments on schemas, INFORMATION_SCHEMA.DATABASES."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import exp

from flocon.access import securables
from flocon.access.demands import owns
from flocon.access.securables import Securable
from flocon.access.trees import Place
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import Binds, forget_schema, quoted
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import definitions
from flocon.sql.definitions import Definition
from flocon.sql.tokens import Tokens, checked_without_quotes
from flocon.stores import notes
from flocon.stores.notes import Note


def _check(tree: exp.Create) -> None:
    """A database or schema has a comment; what else it could be told means nothing here."""
    if tree.args.get("clone"):
        raise errors.unsupported(f"CREATE {tree.args['kind']} … CLONE")
    properties = tree.args.get("properties")
    for item in properties.expressions if properties else []:
        if not isinstance(item, exp.SchemaCommentProperty):
            raise errors.unsupported(f"CREATE {tree.args['kind']} … {item.sql('snowflake')}")


def create_database(context: Context, tree: exp.Create, binds: Binds) -> Result:
    _check(tree)
    name = tree.this.name
    checked_without_quotes(name)
    context.transactions.commit_for_ddl()
    account = context.account
    with account.lock:
        is_there = name in account.databases()
        if is_there and tree.args.get("exists"):
            return result.already_exists(name)
        if is_there and not tree.args.get("replace"):
            raise errors.already_exists(name)
        context.transactions.reshape(name)
        if is_there:
            account.drop_database(name)
            context.forget_temporary(name)
        account.create_database(name)
    context.use(name, "PUBLIC")
    catalog = context.catalog(name)
    notes.put(catalog, "DATABASE", Note(name, comment=comment(tree)))
    notes.put(catalog, "SCHEMA", Note("PUBLIC"))
    return result.status(f"Database {name} successfully created.")


def drop_database(context: Context, name: str, if_exists: bool) -> Result:
    account = context.account
    with account.lock:
        if name not in account.databases():
            return result.nothing_dropped("Database", name, name, if_exists)
        context.transactions.reshape(name)
        if context.database == name:
            context.use(None, None)
        account.drop_database(name)
    context.forget_temporary(name)
    return result.dropped(name)


def create_schema(context: Context, tree: exp.Create, binds: Binds) -> Result:
    _check(tree)
    context.transactions.commit_for_ddl()
    database, schema = _schema_name(context, tree.this)
    context.catalog(database)
    with context.account.lock:
        if context.connection.schema_exists(database, schema):
            if tree.args.get("exists"):
                return result.already_exists(schema)
            if not tree.args.get("replace"):
                raise errors.already_exists(schema)
            _drop_schema(context, database, schema)
        if context.connection.values(
            "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND lower(schema_name) = ?",
            [database, schema.lower()],
        ):
            raise errors.unsupported(f"two schemas whose names differ only in case: {schema}")
        context.connection.values(f"CREATE SCHEMA {quoted(database, schema)}")
    notes.put(context.catalog(database), "SCHEMA", Note(schema, comment=comment(tree)))
    context.use(database, schema)
    return result.status(f"Schema {schema} successfully created.")


def _schema_name(context: Context, table: exp.Table) -> tuple[str, str]:
    """[database.]schema: sqlglot reads it as db.table or as catalog.db, by statement."""
    parts = [part.name for part in table.parts if part.name]
    checked_without_quotes(*parts)
    database = parts[0] if len(parts) > 1 else context.database
    if database is None:
        raise errors.NothingCurrent("DATABASE")
    return database, parts[-1]


def drop_schema(context: Context, table: exp.Table, if_exists: bool) -> Result:
    database, schema = _schema_name(context, table)
    context.catalog(database)
    with context.account.lock:
        if not context.connection.schema_exists(database, schema):
            return result.nothing_dropped("Schema", f"{database}.{schema}", schema, if_exists)
        _drop_schema(context, database, schema)
    if (context.database, context.schema) == (database, schema):
        context.use(database, None)
    return result.dropped(schema)


def _drop_schema(context: Context, database: str, schema: str) -> None:
    """With all that is in it; the caller holds the account's lock."""
    context.transactions.reshape(database)
    catalog = context.catalog(database)
    context.account.streams.container_gone(catalog, database, schema)
    for name in context.account.tracked_tables.tables_of(database, schema):
        context.account.streams.table_gone(catalog, name)
    forget_schema(catalog, schema)
    notes.forget(catalog, "SCHEMA", schema)
    with context.account.commits.leaving(database, schema):
        context.connection.values(f"DROP SCHEMA {quoted(database, schema)} CASCADE")
    context.account.engine.forget_stages(database, schema)
    context.forget_temporary(database, schema)


def comment(tree: exp.Create) -> str:
    """The COMMENT of a CREATE statement; empty without one."""
    found = tree.find(exp.SchemaCommentProperty)
    return found.this.name if found else ""


def _read_alter_schema(tokens: Tokens) -> Definition:
    """ALTER SCHEMA [IF EXISTS] name {SET COMMENT = '…' | UNSET COMMENT}, and no more."""
    head = definitions.altered(tokens, "SCHEMA")
    text = definitions.comment(tokens)
    if text is None or not tokens.done:
        raise errors.unsupported(tokens.text.strip()[:200])
    return replace(head, properties={"COMMENT": text})


def _read_comment_on_schema(tokens: Tokens) -> Definition:
    return definitions.commented(tokens, "SCHEMA")


def comment_on_schema(context: Context, statement: Definition) -> Result:
    """ALTER SCHEMA and COMMENT ON SCHEMA.

    https://docs.snowflake.com/en/sql-reference/sql/alter-schema
    """
    context.transactions.commit_for_ddl()
    database, schema = _schema_of(statement, context).path
    if schema == "INFORMATION_SCHEMA":
        raise errors.insufficient(f"schema '{schema}'")
    catalog = context.catalog(database)
    if context.connection.schema_exists(database, schema):
        notes.commented(catalog, "SCHEMA", schema, text=statement.properties["COMMENT"])
    elif not statement.forgiving:
        raise errors.does_not_exist("Schema", f"{database}.{schema}")
    return result.done()


def _schema_of(statement: Definition, place: Place | Context) -> Securable:
    name = statement.name
    if name.schema:
        return securables.schema(name.schema, name.name)
    if place.database is None:
        raise errors.NothingCurrent("DATABASE", name.name)
    return securables.schema(place.database, name.name)


# What INFORMATION_SCHEMA.DATABASES is read as.
_DATABASES = "_DATABASES"
_COLUMNS = result.columns(
    "DATABASE_NAME", "DATABASE_OWNER", "IS_TRANSIENT", "COMMENT", "CREATED", "LAST_ALTERED",
    "RETENTION_TIME", "TYPE",
)  # fmt: skip


def databases(context: Context, database: str, arguments: dict[str, Any]) -> Result:
    """INFORMATION_SCHEMA.DATABASES: all of the account's.

    https://docs.snowflake.com/en/sql-reference/info-schema/databases
    """
    rows = []
    for name in context.account.databases():
        with context.account.while_there(name):
            note = notes.find(context.catalog(name), "DATABASE", name) or Note(name)
            owner = context.account.roles.owner(securables.database(name))
            altered = note.altered_on or note.created_on
            told = [name, owner, "NO", note.comment or None, note.created_on, altered]
            rows.append([*told, 1, "STANDARD"])
    return result.of(_COLUMNS, rows, result.SELECT)


TABLE_FUNCTIONS = {_DATABASES: databases}
VIEWS = {"DATABASES": f'SELECT * FROM TABLE("{{database}}".INFORMATION_SCHEMA.{_DATABASES}())'}
STATEMENTS = (
    Kind(("ALTER", "SCHEMA"), _read_alter_schema, comment_on_schema, owns(_schema_of)),
    Kind(("COMMENT", "SCHEMA"), _read_comment_on_schema, comment_on_schema, owns(_schema_of)),
)
EXISTS = {
    "DATABASE": lambda context, what: what.name in context.account.databases(),
    "SCHEMA": lambda context, what: context.connection.schema_exists(*what.path),
}
