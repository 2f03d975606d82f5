"""A data folder of an earlier version, which had a table for each kind of object, opens whole."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from flocon.account import Account
from flocon.engine import marked_names

_MOMENT = "TIMESTAMP '2026-01-02 03:04:05'"
_NAMED = "name VARCHAR, document VARCHAR"
_IN_SCHEMA = '"schema" VARCHAR, name VARCHAR, document VARCHAR'
_TASK = """{"schema": "PUBLIC", "name": "K", "definition": "SELECT 1", "owner": "ACCOUNTADMIN",
"properties": {"SCHEDULE": "1 MINUTE"}, "parameters": {}, "predecessors": [], "condition": null,
"state": "suspended", "id": "0b5f", "created_on": "2026-01-02T03:04:05+00:00", "failures": {},
"schedule_base": null, "requested_at": null, "last_committed_on": null, "last_suspended_on": null,
"last_suspended_reason": null, "graph_version": 3}"""
_ALERT = """{"schema": "PUBLIC", "name": "W", "condition": "SELECT 1", "action": "SELECT 2",
"owner": "ACCOUNTADMIN", "properties": {"SCHEDULE": "60 MINUTE"}, "parameters": {}, "failures": 1,
"state": "suspended", "id": "0b60", "created_on": "2026-01-02T03:04:05+00:00",
"schedule_base": null, "requested_at": null, "last_successful": null, "auto_suspended": false}"""
_PROCEDURE = """{"arguments": [["A", "NUMBER(38,0)", null]], "returns": "NUMBER(38,0)",
"handler": "f", "runtime_version": "3.11", "imports": [], "packages": [], "body": "def f(): ...",
"comment": "", "execute_as": "OWNER", "strict": false, "volatility": "VOLATILE", "secure": false,
"created_on": "2026-01-02T03:04:05+00:00", "kind": "PROCEDURE", "returns_table": null}"""
_POOL = """{"AUTO_RESUME": true, "AUTO_SUSPEND_SECS": 60, "COMMENT": null, "MIN_NODES": 1,
"MAX_NODES": 2, "INSTANCE_FAMILY": "CPU_X64_XS", "state": "IDLE", "owner": "ACCOUNTADMIN",
"created_on": "2026-01-02T03:04:05+00:00"}"""
_MONITOR = """{"created_on": "2026-01-02T03:04:05+00:00", "CREDIT_QUOTA": "10",
"TRIGGERS": [[80, "NOTIFY"]]}"""
_USER = """{"name": "ANN", "properties": {"EMAIL": "ann@example.com"},
"created_on": "2026-01-02T03:04:05+00:00"}"""

# Table: columns, and the values of its row.
_OF_DATABASE = {
    "_account_tasks": (_IN_SCHEMA, f"'PUBLIC', 'K', '{_TASK}'"),
    "_account_alerts": (_IN_SCHEMA, f"'PUBLIC', 'W', '{_ALERT}'"),
    "_account_procedures": (
        "schema_name VARCHAR, name VARCHAR, types VARCHAR, session_id VARCHAR, document VARCHAR",
        f"'PUBLIC', 'P', 'NUMBER', NULL, '{_PROCEDURE}'), ('PUBLIC', 'T', '', 's1', '{{}}'",
    ),
    "_account_streamlits": (
        "schema_name VARCHAR, name VARCHAR, id VARCHAR, created_on TIMESTAMP, owner VARCHAR,"
        " live BOOLEAN, title VARCHAR, main_file VARCHAR",
        f"'PUBLIC', 'APP', 'x1', {_MOMENT}, 'ACCOUNTADMIN', true, 'Cellar', 'app.py'",
    ),
    "_account_created": (
        "kind VARCHAR, schema_name VARCHAR, name VARCHAR, created_on TIMESTAMP, comment VARCHAR,"
        " altered_on TIMESTAMP",
        f"'TABLE', 'PUBLIC', 'BOTTLES', {_MOMENT}, '', NULL),"
        f" ('VIEW', 'PUBLIC', 'RUNS', {_MOMENT}, '', NULL),"
        f" ('DATABASE', '', 'D', {_MOMENT}, 'bottles', NULL",
    ),
    "_account_properties": (
        "schema_name VARCHAR, name VARCHAR, property VARCHAR, value VARCHAR",
        "'PUBLIC', 'BOTTLES', 'TRANSIENT', 'TRUE'",
    ),
    "_account_live_views": (
        "schema_name VARCHAR, name VARCHAR, query VARCHAR",
        "'PUBLIC', 'RUNS', 'SELECT name FROM TABLE(D.INFORMATION_SCHEMA.TASK_HISTORY())'",
    ),
    "_account_severities": ("level VARCHAR", "'INFO'"),
}
_OF_ACCOUNT = {
    "_account_warehouses": (
        "name VARCHAR, size VARCHAR, auto_suspend BIGINT, auto_resume BOOLEAN, state VARCHAR,"
        " comment VARCHAR, created_on TIMESTAMP, owner VARCHAR, resource_monitor VARCHAR",
        f"'BIG', 'Large', 60, true, 'STARTED', 'old', {_MOMENT}, 'ACCOUNTADMIN', 'M'",
    ),
    "_account_integrations": (
        "name VARCHAR, kind VARCHAR, properties VARCHAR, created_on TIMESTAMP",
        f"""'MAIL', 'EMAIL', '{{"ENABLED": true}}', {_MOMENT}""",
    ),
    "_account_roles": (
        "name VARCHAR, comment VARCHAR, created_on TIMESTAMP", f"'TASTER', 'tastes', {_MOMENT}"
    ),
    "_account_users": (_NAMED, f"'ANN', '{_USER}'"),
    "_account_compute_pools": (_NAMED, f"'POOL', '{_POOL}'"),
    "_account_monitors": (_NAMED, f"'M', '{_MONITOR}'"),
    "_account_parameters": (
        "name VARCHAR, value VARCHAR", "'DEFAULT_STREAMLIT_COMPUTE_POOL', 'POOL'"
    ),
}  # fmt: skip


def _make_older(file: Path, tables: dict[str, tuple[str, str]]) -> None:
    with duckdb.connect(file) as duck:
        duck.execute("USE _fs_information_schema")
        for table in ("_account_objects", "_account_database"):
            duck.execute(f"DROP TABLE IF EXISTS {table}")
        for table, (columns, values) in tables.items():
            duck.execute(f"CREATE TABLE {table} ({columns})")
            duck.execute(f"INSERT INTO {table} VALUES ({values})")


def test_columns_with_small_letters_are_found_in_tables_views_and_streams(tmp_path: Path) -> None:
    account = Account(tmp_path)
    session = account.open_session(user="X")
    for statement in (
        "CREATE DATABASE d",
        'CREATE TABLE bottles ("name" VARCHAR(7), year INT)',
        "CREATE STREAM s ON TABLE bottles",
        "INSERT INTO bottles VALUES ('Rioja', 2019)",
        'CREATE VIEW young ("wine", "name") AS SELECT "name", year FROM bottles WHERE year > 2000',
        'CREATE VIEW all_young AS SELECT *, "wine" AS "low" FROM young',
        "COMMENT ON VIEW young IS 'new'",
    ):
        session.execute(statement)
    account.close()
    _make_unmarked(tmp_path)
    for _ in range(2):
        account = Account(tmp_path)
        try:
            session = account.open_session(user="X", database="D", schema="PUBLIC")
            for query, row in {
                'SELECT "name", year FROM bottles': ("Rioja", 2019),
                'SELECT "wine", "name" FROM young': ("Rioja", 2019),
                'SELECT "low" FROM all_young': ("Rioja",),
                'SELECT "name", METADATA$ACTION FROM s': ("Rioja", "INSERT"),
                "SELECT character_maximum_length FROM information_schema.columns"
                " WHERE table_name = 'BOTTLES' AND column_name = 'name'": (7,),
                "SELECT comment FROM information_schema.views WHERE table_name = 'YOUNG'": ("new",),
            }.items():
                assert session.execute(query).rows() == [row], query
        finally:
            account.close()


def _make_unmarked(data: Path) -> None:
    """As an earlier version has left the folder: it has given the engine the names as they are."""
    plain = marked_names.unmarked
    with duckdb.connect() as duck:
        for name in ("D", "account"):
            file = data / ("databases/D.duckdb" if name == "D" else "account.duckdb")
            duck.execute(f"ATTACH '{file}' AS {name}")
        duck.execute("USE D")
        found = duck.execute(
            "SELECT schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal AND"
            " database_name = 'D' ORDER BY view_name DESC"
        ).fetchall()
        views = [(s, v, sql) for s, v, sql in found if plain(sql) != sql or "_account_stream" in v]
        for schema, view, _ in views:
            duck.execute(f'DROP VIEW {schema}."{view}"')
        for schema, table, column in duck.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns()"
            " WHERE database_name = 'D' AND NOT internal"
        ).fetchall():
            if plain(column) != column:
                duck.execute(
                    f'ALTER TABLE {schema}."{table}" RENAME COLUMN "{column}" TO "{plain(column)}"'
                )
        for schema, _, sql in views:
            if schema == "PUBLIC":
                duck.execute(plain(sql))
        duck.execute("COMMENT ON VIEW public.young IS 'new'")
        duck.execute("UPDATE D._fs_information_schema._account_database SET made_by = 'older'")
        extended = "account._fs_information_schema._fs_columns_ext"
        for (column,) in duck.execute(f"SELECT ext_column_name FROM {extended}").fetchall():
            duck.execute(
                f"UPDATE {extended} SET ext_column_name = ? WHERE ext_column_name = ?",
                [plain(column), column],
            )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("older")
    account = Account(data)
    session = account.open_session(user="X")
    session.execute("CREATE DATABASE d")
    session.execute("CREATE TABLE bottles (a INT)")
    session.execute("CREATE VIEW runs AS SELECT '' AS name")
    account.close()
    _make_older(data / "databases" / "D.duckdb", _OF_DATABASE)
    _make_older(data / "account.duckdb", _OF_ACCOUNT)
    return data


_SHOWN: dict[str, dict[str, Any]] = {
    "SHOW TASKS": {"name": "K", "schedule": "1 MINUTE", "state": "suspended"},
    "SHOW ALERTS": {"name": "W", "action": "SELECT 2"},
    "SHOW PROCEDURES IN DATABASE": {"name": "P", "arguments": "P(NUMBER) RETURN NUMBER"},
    "SHOW STREAMLITS": {"name": "APP", "title": "Cellar", "url_id": "x1"},
    "SHOW TABLES": {"name": "BOTTLES", "kind": "TRANSIENT"},
    "SHOW DATABASES": {"name": "D", "comment": "bottles"},
    "SELECT * FROM runs": {},
    "SHOW WAREHOUSES": {"name": "BIG", "size": "Large", "generation": "1", "resource_monitor": "M"},
    "SHOW INTEGRATIONS": {"name": "MAIL", "type": "EMAIL", "enabled": "true"},
    "SHOW ROLES LIKE 'TASTER'": {"name": "TASTER", "comment": "tastes"},
    "SHOW USERS": {"name": "ANN", "email": "ann@example.com"},
    "SHOW COMPUTE POOLS LIKE 'POOL'": {"name": "POOL", "state": "IDLE", "max_nodes": 2},
    "SHOW RESOURCE MONITORS": {"name": "M", "credit_quota": "10.00", "notify_at": "80%"},
    "SHOW PARAMETERS LIKE 'DEFAULT%' IN ACCOUNT": {"value": "POOL"},
}


def test_each_kind_of_object_is_shown_as_it_was_and_stays_after_another_start(
    folder: Path,
) -> None:
    for _ in range(2):
        account = Account(folder)
        try:
            session = account.open_session(user="X", database="D", schema="PUBLIC")
            for statement, values in _SHOWN.items():
                rows = session.execute(statement).table.to_pylist()
                assert len(rows) == (1 if values else 0), statement
                for row in rows:
                    assert row | values == row, statement
                    moment = row.get("created_on")
                    assert moment is None or moment.isoformat() == "2026-01-02T03:04:05+00:00"
        finally:
            account.close()
