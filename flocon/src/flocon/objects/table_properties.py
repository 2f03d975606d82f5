"""Properties of tables and views that nothing here depends on, but that listings show.

https://docs.snowflake.com/en/sql-reference/sql/create-table
"""

from __future__ import annotations

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.session.context import Context
from flocon.sql.tokens import FullName

DDL = """
CREATE TABLE IF NOT EXISTS _account_properties (
    schema_name VARCHAR, name VARCHAR, property VARCHAR, value VARCHAR
);
"""
# There is no Time Travel to need retention, and changes are tracked from the first stream on.
_DAYS = {"DATA_RETENTION_TIME_IN_DAYS", "MAX_DATA_EXTENSION_TIME_IN_DAYS"}
_KEY = "(schema_name, name) = (?, ?)"


def of_create(tree: exp.Create) -> dict[str, str]:
    """The properties of a CREATE TABLE or VIEW; raises 000002 for one that would mean something
    and is not there."""
    properties = tree.args.get("properties")
    found: dict[str, str] = {}
    for item in properties.expressions if properties else []:
        if isinstance(item, exp.TransientProperty):
            found["TRANSIENT"] = "TRUE"
        elif isinstance(item, exp.SecureProperty):
            found["SECURE"] = "TRUE"
        elif isinstance(item, exp.ClusterProperty | exp.Cluster):
            found["CLUSTER_BY"] = clustering(item)
        elif type(item) is exp.Property and str(tree.args["kind"]).upper() == "TABLE":
            found |= setting(item, f"CREATE {tree.args['kind']} …")
        elif not isinstance(item, _SILENT):
            raise errors.unsupported(f"CREATE {tree.args['kind']} … {item.sql('snowflake')}")
    return found


# What has its effect elsewhere; grants, of which there are none to copy.
_SILENT = (
    exp.SchemaCommentProperty,
    exp.CopyGrantsProperty,
    exp.TemporaryProperty,
    exp.LikeProperty,
)


def setting(item: Expr, statement: str) -> dict[str, str]:
    """NAME = value, checked; raises 000002 for a property that is not kept."""
    name = item.this.name.upper()
    written = item.args.get("value") or item.args.get("expression")
    value = written.name.upper() if isinstance(written, Expr) else str(written).upper()
    if isinstance(written, exp.Boolean):
        value = str(written.this).upper()
    if name == "CHANGE_TRACKING" and value in ("TRUE", "FALSE"):
        return {name: value}
    if name in _DAYS and value.isdigit() and int(value) <= 90:
        return {name: value}
    raise errors.unsupported(f"{statement} {item.sql('snowflake')}")


def clustering(item: Expr) -> str:
    """A clustering key as SHOW TABLES writes it."""
    keys = ", ".join(key.sql("snowflake").upper() for key in item.expressions)
    return f"LINEAR({keys})"


def put(context: Context, name: FullName, values: dict[str, str]) -> None:
    """Set properties; an empty value removes one."""
    catalog = context.catalog(name.database)
    for key, value in values.items():
        where = [name.schema, name.name, key]
        catalog.write(f"DELETE FROM _account_properties WHERE {_KEY} AND property = ?", where)
        if value:
            catalog.write("INSERT INTO _account_properties VALUES (?, ?, ?, ?)", [*where, value])


def forget(context: Context, name: FullName) -> None:
    context.catalog(name.database).write(
        f"DELETE FROM _account_properties WHERE {_KEY}", [name.schema, name.name]
    )


def renamed(context: Context, name: FullName, new: FullName) -> None:
    context.catalog(name.database).write(
        f"UPDATE _account_properties SET name = ? WHERE {_KEY}", [new.name, name.schema, name.name]
    )


def of_database(context: Context, database: str) -> dict[tuple[str, str], dict[str, str]]:
    """All properties of a database's relations, by schema and name."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for row in context.catalog(database).rows("SELECT * FROM _account_properties"):
        found.setdefault((row["schema_name"], row["name"]), {})[row["property"]] = row["value"]
    return found


OF_SCHEMA = ("_account_properties", "schema_name")
