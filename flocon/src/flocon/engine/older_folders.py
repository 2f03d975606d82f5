"""What data folders of earlier versions have in tables of their own goes into the one of all
objects when they are opened, and columns get the names that they have now in the engine. To be
removed with 0.2, as `python -m local` is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb
import sqlglot
from sqlglot import Expr, exp

from flocon.engine.catalog import HIDDEN_SCHEMA, search_path
from flocon.engine.marked_names import is_unmarked, marked, names_column, unmarked
from flocon.engine.moments import PLAIN_TIME
from flocon.engine.quoting import literal, quoted

Row = Mapping[str, Any]
_TEXT = "json_extract_string(x, '$')"
# What views of earlier versions call where a VARIANT becomes a date or time.
_CALLED = {
    "moment_text": "CASE WHEN _account_is_moment(x) THEN x ELSE x || ' ?' END",
    "moment_in_json": f"to_json(_account_moment_text({_TEXT}))",
    "time_text": f"CASE WHEN regexp_full_match(x, '{PLAIN_TIME}') THEN x ELSE '? ' || x END",
    "time_in_json": f"to_json(_account_time_text({_TEXT}))",
}
MACROS = (
    *(f"_account_{name}(x) AS {body}" for name, body in _CALLED.items()),
    *(f"_account_{name}_once(x) AS _account_{name}(x)" for name in _CALLED),
    f"_account_offset_in_json(x) AS to_json(_account_offset_text({_TEXT}))",
    "_account_ntz_of_variant(x) AS _account_variant_ntz(x, false)",
    "_account_read_wall(x) AS _account_read_ntz(x)",
    "_account_tried_wall(x) AS _account_tried_ntz(x)",
)


def _moment(naive: datetime) -> str:
    """Times in those tables are UTC's."""
    return naive.replace(tzinfo=UTC).isoformat()


def _document(row: Row) -> dict[str, Any]:
    return dict(json.loads(row["document"]))


def _streamlit(row: Row) -> dict[str, Any]:
    own = ("id", "created_on", "owner", "live", "name")
    properties = {key: row[key] for key in row if key not in (*own, "schema_name")}
    return {key: row[key] for key in own} | {"schema": row["schema_name"], "properties": properties}


def _procedure(row: Row) -> dict[str, Any]:
    names = {"database": "", "schema": row["schema_name"], "name": row["name"]}
    return _document(row) | names | {"session_id": None}


def _warehouse(row: Row) -> dict[str, Any]:
    # What a warehouse was before the account knew of generations.
    return {"generation": "1", "accelerated": False, "scale_factor": 8} | dict(row)


def _pool(row: Row) -> dict[str, Any]:
    document = {"name": row["name"], "dropped": False} | _document(row)
    properties = {key: document.pop(key) for key in list(document) if key.isupper()}
    return document | {"properties": properties}


def _monitor(row: Row) -> dict[str, Any]:
    properties = _document(row)
    times = {"created_on": properties.pop("created_on")}
    triggers = properties.pop("TRIGGERS", [])
    return {"name": row["name"], "properties": properties, "triggers": triggers} | times


def _integration(row: Row) -> dict[str, Any]:
    return dict(row) | {"properties": json.loads(row["properties"])}


# Table: the kind of its objects, and the document of a row.
_TABLES: dict[str, tuple[str, Callable[[Row], dict[str, Any]]]] = {
    "_account_alerts": ("ALERT", _document),
    "_account_compute_pools": ("COMPUTE POOL", _pool),
    "_account_integrations": ("INTEGRATION", _integration),
    "_account_monitors": ("RESOURCE MONITOR", _monitor),
    "_account_procedures": ("PROCEDURE", _procedure),
    "_account_roles": ("ROLE", dict),
    "_account_streamlits": ("STREAMLIT", _streamlit),
    "_account_tasks": ("TASK", _document),
    "_account_users": ("USER", _document),
    "_account_warehouses": ("WAREHOUSE", _warehouse),
}
# Of these, the rows of one object make its note.
_NOTES = (
    "_account_created", "_account_live_views", "_account_parameters", "_account_properties",
    "_account_severities",
)  # fmt: skip


def adopt(duck: duckdb.DuckDBPyConnection, database: str) -> None:
    """Move what such tables of a database, or of the account, hold. Inside of a transaction."""
    place = f"{quoted(database)}.{HIDDEN_SCHEMA}"

    def rows(table: str) -> list[Row]:
        if table not in found:
            return []
        cursor = duck.execute(f"FROM {place}.{table}")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def insert(kind: str, schema: str, name: str, document: Row) -> None:
        row = [kind, schema, name, json.dumps(document, default=_moment)]
        duck.execute(f"INSERT INTO {place}._account_objects VALUES (?, ?, ?, ?)", row)

    duck.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND table_name IN"
        f" ({', '.join('?' * len((*_TABLES, *_NOTES)))})",
        [database, *_TABLES, *_NOTES],
    )
    found = {name for (name,) in duck.fetchall()}
    for table, (kind, made) in _TABLES.items():
        for row in rows(table):
            if row.get("session_id") is None:
                document = made(row)
                name = f"{row['name']}({row['types']})" if kind == "PROCEDURE" else row["name"]
                insert(kind, document.get("schema", ""), name, document)
    for (kind, schema, name), note in _notes(database, rows).items():
        insert(kind, schema, name, {"name": name, "schema": schema} | note)
    for table in found:
        duck.execute(f"DROP TABLE {place}.{table}")


def _notes(
    database: str, rows: Callable[[str], list[Row]]
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """By kind, schema and name."""
    notes: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows("_account_created"):
        times = {key: row[key] for key in ("created_on", "altered_on")}
        notes[row["kind"], row["schema_name"], row["name"]] = times | {"comment": row["comment"]}
    for row in rows("_account_live_views"):
        if note := notes.get(("VIEW", row["schema_name"], row["name"])):
            note["query"] = row["query"]
    for row in rows("_account_properties"):
        for kind in ("TABLE", "VIEW"):
            if note := notes.get((kind, row["schema_name"], row["name"])):
                note.setdefault("properties", {})[row["property"]] = row["value"]
    for row in rows("_account_severities"):
        note = notes.setdefault(("DATABASE", "", database), {})
        note["properties"] = {"LOG_LEVEL": row["level"]}
    given = {row["name"]: row["value"] for row in rows("_account_parameters")}
    if given:
        notes["ACCOUNT", "", "LOCAL"] = {"properties": given}
    return notes


# --- columns with lower-case letters --------------------------------------------------------------

_COLUMNS = f"""
    SELECT c.schema_name, c.table_name, c.column_name
    FROM duckdb_columns() c JOIN duckdb_tables() t USING (database_name, schema_name, table_name)
    WHERE c.database_name = ? AND (c.schema_name <> '{HIDDEN_SCHEMA}'
    OR regexp_matches(c.table_name, '^_account_(log|initial)_')
    AND c.column_name NOT IN ('$tx', '$n', '$op', '$row'))
"""
_VIEWS = f"""
    SELECT schema_name, view_name, comment, sql FROM duckdb_views()
    WHERE NOT internal AND database_name = ? AND schema_name <> '{HIDDEN_SCHEMA}'
"""


def mark_columns(duck: duckdb.DuckDBPyConnection, database: str) -> None:
    """Give the columns of a database's tables, those that streams read among them, the names that
    they have now in the engine. Inside of a transaction."""
    for schema, table, name in duck.execute(_COLUMNS, [database]).fetchall():
        if is_unmarked(name):
            duck.execute(
                f"ALTER TABLE {quoted(database, schema, table)} RENAME COLUMN {quoted(name)}"
                f" TO {quoted(marked(name))}"
            )


def mark_views(duck: duckdb.DuckDBPyConnection, database: str) -> None:
    """The same for its views, one after the other. A view that cannot be read with these names is
    left as it is."""
    views = {
        view: sqlglot.parse_one(view[-1], read="duckdb")
        for view in duck.execute(_VIEWS, [database]).fetchall()
    }
    names = {unmarked(name) for *_, name in duck.execute(_COLUMNS, [database]).fetchall()}
    for tree in views.values():
        for part in (tree.this, *tree.find_all(exp.Select)):
            names.update(each.alias_or_name for each in part.expressions)
    left = [(view, sql) for view, tree in views.items() if (sql := _remade(tree, names))]
    duck.execute(search_path(database, "main"))
    # One that reads another is made after it.
    while made := [each for each in left if _is_made(duck, *each)]:
        left = [each for each in left if each not in made]
    duck.execute("USE memory")


def _remade(view: Expr, names: set[str]) -> str | None:
    """A view's statement in which those of these names that are columns' have their marks; None
    where there is none of them."""
    changed = [
        each
        for each in view.find_all(exp.Identifier)
        if each.name in names and is_unmarked(each.name) and names_column(each)
    ]
    for identifier in changed:
        identifier.set("this", marked(identifier.name))
    view.set("replace", True)
    return view.sql(dialect="duckdb", identify=True) if changed else None


def _is_made(duck: duckdb.DuckDBPyConnection, view: tuple[str, ...], sql: str) -> bool:
    schema, name, comment, _ = view
    try:
        duck.execute(sql)
    except duckdb.Error:
        return False
    if comment:
        duck.execute(f"COMMENT ON VIEW {quoted(schema, name)} IS {literal(comment)}")
    return True
