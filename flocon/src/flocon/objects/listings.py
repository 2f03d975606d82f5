"""SHOW of databases, schemas, tables, views, stages, file formats and sequences."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from flocon.access import securables
from flocon.access.demands import lists, needs
from flocon.access.needs import Demand, Need
from flocon.access.securables import FIRST_OWNER, RELATION, Securable
from flocon.access.trees import Place
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import HIDDEN_SCHEMA, Temporary, parsing
from flocon.engine.column_defaults import OF_IDENTITIES
from flocon.engine.marked_names import is_of_a_session, mark_of_session, unmarked
from flocon.objects import clustering_keys, file_formats, table_sizes
from flocon.session.context import Context
from flocon.session.names import place_of
from flocon.session.statements import Kind, refused
from flocon.sql import statements
from flocon.sql.show import ShowScope
from flocon.sql.statements import Named, Show
from flocon.sql.tokens import FullName, Name
from flocon.stores import notes


def relations(context: Context, scope: ShowScope) -> list[dict[str, Any]]:
    """Tables and views in a scope, sorted by name."""
    wanted, schema = place_of(context, scope)
    if scope.kind is None and context.schema:
        schema = context.schema
    found: list[dict[str, Any]] = []
    for name, held in context.connection.temporary.items():
        if wanted in (None, name.database) and schema in (None, name.schema):
            found.append(_temporary(context, name, held))
    for database in [wanted] if wanted else context.account.databases():
        with context.account.while_there(database):
            found += _relations(context, database, schema)
    found.sort(key=lambda row: (row["database_name"], row["schema_name"], row["name"]))
    return scope.chosen(found, _row_name)


def _relations(context: Context, database: str, schema: str | None) -> list[dict[str, Any]]:
    """Those of one database that stay."""
    noted = {kind: notes.every(context.catalog(database), kind) for kind in ("TABLE", "VIEW")}
    rows = context.connection.values(
        "SELECT 'TABLE', schema_name, table_name, comment, NULL FROM duckdb_tables()"
        " WHERE database_name = $db AND schema_name <> $hidden AND NOT internal"
        " UNION ALL SELECT 'VIEW', schema_name, view_name, comment, sql FROM duckdb_views()"
        " WHERE database_name = $db AND schema_name <> $hidden AND NOT internal"
        " ORDER BY 2, 3",
        {"db": database, "hidden": HIDDEN_SCHEMA},
    )
    found = []
    for kind, place, name, comment, sql in rows:
        if schema in (None, place):
            note = noted[kind].get((place, name))
            found.append(
                {
                    "kind": kind,
                    "database_name": database,
                    "schema_name": place,
                    "name": name,
                    "comment": comment or "",
                    "created_on": note and note.created_on,
                    "text": (note and note.properties.get("TEXT")) or unmarked(sql or ""),
                    "properties": note.properties if note else {},
                    "place": None,
                }
            )
    return found


def _row_name(row: Mapping[str, Any]) -> str:
    return str(row["name"])


def _temporary(context: Context, name: FullName, held: Temporary) -> dict[str, Any]:
    noun = held.kind.lower()
    comments = context.connection.values(
        f"SELECT comment FROM duckdb_{noun}s() WHERE database_name = 'temp' AND {noun}_name = ?",
        [held.held_as],
    )
    return {
        "kind": held.kind,
        "database_name": name.database,
        "schema_name": name.schema,
        "name": name.name,
        "comment": (comments[0][0] if comments else "") or "",
        "created_on": held.created_on,
        "text": "",
        "properties": held.properties,
        "place": context.place(name),
    }


def _sized(context: Context, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with what they hold, and their properties; without what is dropped meanwhile."""
    found = []
    for row in rows:
        size: dict[str, int | None] = {"rows": None, "bytes": None}
        if row["kind"] != "VIEW":
            place = row["place"] or (row["database_name"], row["schema_name"], row["name"])
            measured = table_sizes.size(context, *place)
            if measured is None:
                continue
            size = measured._asdict()
        shown = _properties_shown(context, row)
        found.append(row | size | shown | {"relation": row["kind"]})
    return found


def _properties_shown(context: Context, row: dict[str, Any]) -> dict[str, str]:
    """What SHOW has of the properties of a relation. A stream turns its table's tracking on."""
    kept = row["properties"]
    kind = "TRANSIENT" if "TRANSIENT" in kept else row["kind"]
    tables = context.account.tracked_tables.tables_of(row["database_name"], row["schema_name"])
    tracked = not row["place"] and any(table.name == row["name"] for table in tables)
    return {
        "kind": "TEMPORARY" if row["place"] else kind,
        "cluster_by": kept.get(clustering_keys.PROPERTY, ""),
        "retention_time": kept.get("DATA_RETENTION_TIME_IN_DAYS", "1"),
        "change_tracking": "ON" if tracked or kept.get("CHANGE_TRACKING") == "TRUE" else "OFF",
        "owner": FIRST_OWNER,
        "owner_role_type": "ROLE",
        "automatic_clustering": "ON" if clustering_keys.is_automatic(kept) else "OFF",
        "search_optimization": "OFF",
        "enable_schema_evolution": "N",
    } | dict.fromkeys(_ANOTHER_KIND, "N")


# Kinds of tables that Snowflake has and this account has not.
_ANOTHER_KIND = ("is_external", "is_event", "is_hybrid", "is_iceberg", "is_dynamic", "is_immutable",
                 "is_interactive")  # fmt: skip


def show_tables(context: Context, statement: Show) -> Result:
    """SHOW TABLES. https://docs.snowflake.com/en/sql-reference/sql/show-tables"""
    found = [r for r in relations(context, statement.scope) if r["kind"] == "TABLE"]
    rows = _sized(context, found)
    columns = result.columns(
        "created_on", "name", "database_name", "schema_name", "kind", "comment", "cluster_by",
        "rows", "bytes", "owner", "retention_time", "automatic_clustering", "change_tracking",
        "search_optimization", "search_optimization_progress", "search_optimization_bytes",
        "is_external", "enable_schema_evolution", "owner_role_type", "is_event", "budget",
        "is_hybrid", "is_iceberg", "is_dynamic", "is_immutable",
    )  # fmt: skip
    return result.listing(columns, rows, result.SHOW)


def show_views(context: Context, statement: Show) -> Result:
    """SHOW VIEWS. https://docs.snowflake.com/en/sql-reference/sql/show-views"""
    rows = [r for r in relations(context, statement.scope) if r["kind"] == "VIEW"]
    for row in rows:
        secure = str("SECURE" in row["properties"]).lower()
        row |= {"owner": FIRST_OWNER, "reserved": "", "is_secure": secure}
        row |= {"is_materialized": "false", "owner_role_type": "ROLE", "change_tracking": "OFF"}
    columns = result.columns(
        "created_on", "name", "reserved", "database_name", "schema_name", "owner", "comment",
        "text", "is_secure", "is_materialized", "owner_role_type", "change_tracking",
    )  # fmt: skip
    return result.listing(columns, rows, result.SHOW)


def show_objects(context: Context, statement: Show) -> Result:
    """SHOW OBJECTS: tables, of whatever kind, and views.

    https://docs.snowflake.com/en/sql-reference/sql/show-objects
    """
    found = _sized(context, relations(context, statement.scope))
    rows = [row | {"kind": row["relation"]} for row in found]
    columns = result.columns(
        "created_on", "name", "database_name", "schema_name", "kind", "comment", "cluster_by",
        "rows", "bytes", "owner", "retention_time", "owner_role_type", "is_hybrid", "is_dynamic",
        "is_iceberg", "is_interactive",
    )  # fmt: skip
    return result.listing(columns, rows, result.SHOW)


def show_schemas(context: Context, statement: Show) -> Result:
    """SHOW SCHEMAS. https://docs.snowflake.com/en/sql-reference/sql/show-schemas"""
    scope = statement.scope
    if scope.kind == "ACCOUNT":
        databases = context.account.databases()
    else:
        name = scope.name.name if scope.name else context.database
        if name is None:
            raise errors.NothingCurrent("DATABASE")
        if name not in context.account.databases():
            raise errors.not_found()
        databases = [name]
    rows: list[dict[str, Any]] = []
    for database in databases:
        with context.account.while_there(database):
            rows += _schemas(context, database)
    columns = result.columns(
        "created_on", "name", "is_default", "is_current", "database_name", "owner", "comment",
        "options", "retention_time", "owner_role_type", "classification_profile_database",
        "classification_profile_schema", "classification_profile", "object_visibility",
        "is_nested",
    )  # fmt: skip
    return result.listing(columns, scope.chosen(rows, _row_name), result.SHOW)


def _schemas(context: Context, database: str) -> list[dict[str, Any]]:
    noted = notes.every(context.catalog(database), "SCHEMA")
    rows = []
    for (name,) in context.connection.values(
        "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal"
        " AND schema_name NOT IN ('main', ?) UNION ALL SELECT 'INFORMATION_SCHEMA' ORDER BY 1",
        [database, HIDDEN_SCHEMA],
    ):
        note = noted.get(("", name))
        rows.append(
            {
                "created_on": note and note.created_on,
                "name": name,
                "is_default": "N",
                "is_current": _yes((database, name) == (context.database, context.schema)),
                "database_name": database,
                "owner": FIRST_OWNER,
                "comment": note.comment if note else "",
                "options": "",
                "retention_time": "1",
                "owner_role_type": "ROLE",
                "is_nested": "false",
            }
            | (_OF_INFORMATION_SCHEMA if name == "INFORMATION_SCHEMA" else {})
        )
    return rows


_OF_INFORMATION_SCHEMA = {
    "owner": "",
    "owner_role_type": "",
    "comment": "Views describing the contents of schemas in this database",
}


def show_databases(context: Context, statement: Show) -> Result:
    """SHOW DATABASES. https://docs.snowflake.com/en/sql-reference/sql/show-databases"""
    scope = statement.scope
    rows: list[dict[str, Any]] = []
    for name in scope.chosen(context.account.databases(), str):
        with context.account.while_there(name):
            note = notes.find(context.catalog(name), "DATABASE", name)
            rows.append(
                {
                    "created_on": note and note.created_on,
                    "name": name,
                    "is_default": "N",
                    "is_current": _yes(name == context.database),
                    "origin": "",
                    "owner": FIRST_OWNER,
                    "comment": note.comment if note else "",
                    "options": "",
                    "retention_time": "1",
                    "kind": "STANDARD",
                    "owner_role_type": "ROLE",
                }
            )
    columns = result.columns(
        "created_on", "name", "is_default", "is_current", "origin", "owner", "comment", "options",
        "retention_time", "kind", "owner_role_type", "object_visibility",
        "data_quality_monitoring_settings", "resharing_settings",
    )  # fmt: skip
    return result.listing(columns, rows, result.SHOW)


def describe_database(context: Context, statement: Named) -> Result:
    """DESCRIBE DATABASE: its schemas.

    https://docs.snowflake.com/en/sql-reference/sql/desc-database
    """
    if statement.name.name not in context.account.databases():
        raise errors.does_not_exist("Database", statement.name)
    schemas = show_schemas(context, Show(ShowScope(kind="DATABASE", name=statement.name)))
    return _members(schemas, ["SCHEMA"] * schemas.table.num_rows)


def describe_schema(context: Context, statement: Named) -> Result:
    """DESCRIBE SCHEMA: its tables and views.

    https://docs.snowflake.com/en/sql-reference/sql/desc-schema
    """
    name = statement.name
    full = context.resolve(Name("_", name.name, name.schema))
    context.check_schema(full)
    scope = ShowScope(kind="SCHEMA", name=Name(full.schema, full.database))
    found = show_objects(context, Show(scope))
    return _members(found, found.table.column("kind").to_pylist())


def _members(listed: Result, kinds: list[str]) -> Result:
    created, names = (listed.table.column(each).to_pylist() for each in ("created_on", "name"))
    rows = [list(row) for row in zip(created, names, kinds, strict=True)]
    return result.of(result.columns("created_on", "name", "kind"), rows, result.DESCRIBE)


def _in_database(statement: Named, place: Place) -> Demand:
    return Demand((Need(securables.database(statement.name.name)),))


def _in_schema(statement: Named, place: Place) -> Demand:
    full = place.resolve(Name("_", statement.name.name, statement.name.schema))
    return Demand((Need(securables.schema(full.database, full.schema)),))


def _yes(value: bool) -> str:
    return "Y" if value else "N"


# --- stages, file formats, sequences --------------------------------------------------------------


def _show_of_engine(nouns: str) -> Callable[[Context, Show], Result]:
    """SHOW of a kind of object that the engine lists, all of them: the scope is made here.

    https://docs.snowflake.com/en/sql-reference/sql/show-stages
    https://docs.snowflake.com/en/sql-reference/sql/show-file-formats
    https://docs.snowflake.com/en/sql-reference/sql/show-sequences
    """

    def show(context: Context, statement: Show) -> Result:
        scope = statement.scope
        database, schema = place_of(context, scope)
        if scope.kind is None and context.schema:
            schema = context.schema
        every = parsing.parse(f"SHOW {nouns} IN ACCOUNT")
        answer = context.connection.other(every, {}, result.SHOW)
        places = [
            answer.table.column(name).to_pylist()
            for name in ("name", "database_name", "schema_name")
        ]
        own = mark_of_session(context.id)
        rows = sorted(
            (unmarked(name), index)
            for index, (name, *place) in enumerate(zip(*places, strict=True))
            if (not is_of_a_session(name) or name.endswith(own))
            and database in (None, place[0])
            and schema in (None, place[1])
            and not name.lower().startswith(OF_IDENTITIES)
        )
        kept = scope.chosen(rows, lambda row: row[0])
        answer.table = _named(answer, kept)
        if nouns == "FILE FORMATS":
            return _with_options(answer)
        return _with_notes(context, answer) if nouns == "SEQUENCES" else answer

    return show


def _named(answer: Result, kept: Sequence[tuple[str, int]]) -> pa.Table:
    """These rows of a listing, by name and place."""
    table = answer.table.take(pa.array([index for _, index in kept], pa.int64()))
    place = answer.names.index("name")
    names = pa.array([name for name, _ in kept], pa.string())
    return table.set_column(place, "name", names)


def _with_options(answer: Result) -> Result:
    """The listing of file formats: who made one owns it, the words of its options are in upper
    case, its JSON has no spaces."""
    place = answer.names.index("format_options")
    texts = answer.table.column(place).to_pylist()
    words = [
        json.dumps(file_formats.in_words(json.loads(text)), separators=(",", ":")) for text in texts
    ]
    for name, values in (("format_options", words), ("owner", [FIRST_OWNER] * len(words))):
        place = answer.names.index(name)
        field = answer.table.schema.field(place)
        answer.table = answer.table.set_column(place, field, [pa.array(values, field.type)])
    return answer


def _with_notes(context: Context, answer: Result) -> Result:
    """The listing of sequences, with what the account keeps of them and where they are by now."""
    table = answer.table
    places = ("database_name", "schema_name", "name")
    names = list(zip(*(table.column(each).to_pylist() for each in places), strict=True))
    noted = [notes.find(context.catalog(name[0]), "SEQUENCE", *name[1:]) for name in names]
    following = {
        tuple(place): number
        for *place, number in context.connection.values(
            "SELECT database_name, schema_name, sequence_name,"
            " coalesce(last_value + increment_by, start_value) FROM duckdb_sequences()"
        )
    }
    found: dict[str, list[Any]] = {
        "next_value": [following.get(name) for name in names],
        "created_on": [note and note.created_on for note in noted],
        "owner": [context.account.roles.owner(Securable("SEQUENCE", name)) for name in names],
        "comment": [note.comment if note else "" for note in noted],
        "ordered": [_yes(bool(note and note.properties.get("ORDER"))) for note in noted],
    }
    for column, values in found.items():
        place = table.schema.get_field_index(column)
        field = table.schema.field(place)
        table = table.set_column(place, field, [pa.array(values, field.type)])
    answer.table = table
    return answer


def describe_sequence(context: Context, statement: Named) -> Result:
    """DESCRIBE SEQUENCE. https://docs.snowflake.com/en/sql-reference/sql/desc-sequence"""
    full = context.resolve(statement.name)
    context.check_schema(full)
    scope = ShowScope(kind="SCHEMA", name=Name(full.schema, full.database))
    answer = _show_of_engine("SEQUENCES")(context, Show(scope))
    names = answer.table.column("name").to_pylist()
    if full.name not in names:
        raise errors.does_not_exist("Sequence", full)
    answer.table = answer.table.slice(names.index(full.name), 1)
    answer.statement_type = result.DESCRIBE
    return answer


def _listed(nouns: str, run: Callable[[Context, Show], Result], kind: str, *path: str) -> Kind:
    words = nouns.split()
    return Kind(("SHOW", words[0]), statements.show(*words), run, lists(kind, *path))


STATEMENTS = (
    Kind(
        ("DESCRIBE", "DATABASE"), statements.describe("DATABASE"), describe_database, _in_database
    ),
    Kind(("DESCRIBE", "SCHEMA"), statements.describe("SCHEMA"), describe_schema, _in_schema),
    _listed("DATABASES", show_databases, "DATABASE", "name"),
    _listed("SCHEMAS", show_schemas, "SCHEMA", "database_name", "name"),
    _listed("TABLES", show_tables, "TABLE"),
    refused("SHOW", "ICEBERG"),
    _listed("VIEWS", show_views, "VIEW"),
    _listed("OBJECTS", show_objects, RELATION),
    _listed("STAGES", _show_of_engine("STAGES"), "STAGE"),
    _listed("FILE FORMATS", _show_of_engine("FILE FORMATS"), "FILE FORMAT"),
    _listed("SEQUENCES", _show_of_engine("SEQUENCES"), "SEQUENCE"),
    Kind(
        ("DESCRIBE", "SEQUENCE"),
        statements.describe("SEQUENCE"),
        describe_sequence,
        needs("SEQUENCE"),
    ),
)
