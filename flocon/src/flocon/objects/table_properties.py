"""Properties of tables and views that nothing here depends on, but that listings show.

https://docs.snowflake.com/en/sql-reference/sql/create-table
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import OF_THE_ENGINE
from flocon.objects import clustering_keys
from flocon.session.context import Context
from flocon.sql.tokens import FullName
from flocon.stores import notes

# There is no Time Travel to need retention, and changes are tracked from the first stream on.
_RETENTION = "DATA_RETENTION_TIME_IN_DAYS"
_DAYS = {_RETENTION, "MAX_DATA_EXTENSION_TIME_IN_DAYS"}
_MOST_DAYS = 90
# What ALTER TABLE sets and unsets.
SETTINGS = ("CHANGE_TRACKING", *sorted(_DAYS))
# What CREATE OR ALTER TABLE unsets where it does not set it: not so CHANGE_TRACKING.
# https://docs.snowflake.com/en/sql-reference/sql/create-or-alter
UNSET = dict.fromkeys((clustering_keys.PROPERTY, *_DAYS), "")


def of_create(tree: exp.Create) -> dict[str, str]:
    """The properties of a CREATE TABLE or VIEW; raises 000002 for one that would mean something
    and is not there."""
    properties = tree.args.get("properties")
    found: dict[str, str] = {}
    _check_once(tree)
    for item in properties.expressions if properties else []:
        if isinstance(item, exp.TransientProperty):
            found["TRANSIENT"] = "TRUE"
        elif isinstance(item, exp.SecureProperty):
            found["SECURE"] = "TRUE"
        elif isinstance(item, clustering_keys.KINDS):
            if str(tree.args["kind"]).upper() == "VIEW":
                raise errors.compilation(errors.SYNTAX, "syntax error unexpected 'CLUSTER'.")
            found |= clustering_keys.properties(item)
        elif type(item) is exp.Property and str(tree.args["kind"]).upper() == "TABLE":
            found |= setting(item, f"CREATE {tree.args['kind']} …")
        elif not isinstance(item, _SILENT):
            raise errors.unsupported(f"CREATE {tree.args['kind']} … {item.sql('snowflake')}")
    check_transient(found, is_transient="TRANSIENT" in found)
    return found


def _check_once(tree: exp.Create) -> None:
    """Raises 001046 for a property that is given twice; CLUSTER BY may be."""
    properties = tree.args.get("properties")
    seen = set()
    for item in properties.expressions if properties else []:
        if isinstance(item, exp.SchemaCommentProperty):
            name = "COMMENT"
        elif type(item) is exp.Property:
            name = item.name.upper()
        else:
            continue
        if name in seen:
            raise errors.duplicate_property(name)
        seen.add(name)


def check_transient(found: Mapping[str, str], *, is_transient: bool) -> None:
    """A transient table keeps its history for a day at most.

    https://docs.snowflake.com/en/user-guide/data-time-travel
    """
    if is_transient and int(found.get(_RETENTION, "0")) > 1:
        raise _not_so_many_days(_RETENTION, found[_RETENTION])


# Properties that are carried out elsewhere: the guard copies grants, for instance.
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
    elif isinstance(written, exp.Neg):
        value = f"-{value}"
    if name == "CHANGE_TRACKING" and value in ("TRUE", "FALSE"):
        return {name: value}
    if name in _DAYS and value.removeprefix("-").isdecimal():
        _check_days(name, int(value))
        return {name: value}
    raise errors.unsupported(f"{statement} {item.sql('snowflake')}")


def _check_days(name: str, days: int) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters#data-retention-time-in-days"""
    if name == _RETENTION and days > _MOST_DAYS:
        raise errors.SnowflakeError(
            errors.UNSUPPORTED,
            "SQL compilation error:\nExceeds maximum allowable retention time"
            f" ({_MOST_DAYS} day(s)).",
        )
    if not 0 <= days <= _MOST_DAYS:
        raise _not_so_many_days(name, days)


def _not_so_many_days(name: str, days: object) -> errors.SnowflakeError:
    return errors.compilation(
        errors.INVALID_PROPERTY, f"invalid value [{days}] for parameter '{name}'"
    )


def put(context: Context, name: FullName, properties: dict[str, str]) -> None:
    """Set properties of a table or view, an empty value removes one."""
    if held := context.connection.temporary.get(name):
        values = {**held.properties, **properties}
        kept = {key: value for key, value in values.items() if value}
        context.connection.temporary[name] = held._replace(properties=kept)
        return
    kind = context.relation_kind(name) or "TABLE"
    path = (name.schema, name.name)
    notes.altered(context.catalog(name.database), kind, *path, properties=properties)


def altered(context: Context, name: FullName) -> None:
    """A table or view is altered in something that is not among its properties."""
    if name in context.connection.temporary:
        context.connection.temporary_altered(name)
    else:
        put(context, name, {})


def of(context: Context, name: FullName) -> Mapping[str, str]:
    """What is kept of a table."""
    if held := context.connection.temporary.get(name):
        return held.properties
    if name.schema in OF_THE_ENGINE or name.database not in context.account.databases():
        return {}
    note = notes.find(context.catalog(name.database), "TABLE", name.schema, name.name)
    return note.properties if note else {}
