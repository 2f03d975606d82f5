"""The real `snow` command: SQL, objects, stages and connections."""

import json
from pathlib import Path
from typing import Any

import pytest
from shared import one_database

from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.fixture(scope="module")
def place(database: str) -> tuple[str, ...]:
    return ("--database", database, "--schema", "PUBLIC")


def _rows(account: AccountProcess, *arguments: str, cwd: Path | None = None) -> Any:
    """What a command that must succeed says as JSON."""
    done = account.snow(*arguments, "--format", "json", **({"cwd": cwd} if cwd else {}))
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_snow_runs_a_file_with_the_projects_values(
    account: AccountProcess, database: str, tmp_path: Path
) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowflake-cli/sql/execute-sql"""
    (tmp_path / "snowflake.yml").write_text(
        f"definition_version: 2\nentities: {{}}\nenv:\n  place: {database}.PUBLIC\n"
    )
    (tmp_path / "file.sql").write_text(
        "create or replace table <% ctx.env.place %>.wines (name varchar, price number(10, 2));\n"
        "insert into <% ctx.env.place %>.wines values ('Château d''Yquem 🍷', 299.90);\n"
        "select * from <% ctx.env.place %>.wines; -- the last one; really\n"
    )
    created, inserted, selected = _rows(account, "sql", "-f", "file.sql", cwd=tmp_path)
    assert created == [{"status": "Table WINES successfully created."}]
    assert inserted == [{"number of rows inserted": 1}]
    assert selected == [{"NAME": "Château d'Yquem 🍷", "PRICE": "299.90"}]


def test_snow_fills_in_variables_and_takes_several_statements(
    account: AccountProcess, place: tuple[str, ...], tmp_path: Path
) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowflake-cli/sql/execute-sql"""
    text = "select '<% name %>' n; select <% count %> + 1 c, null x, true y, '2026-01-02'::date d"
    answer = _rows(account, "sql", "-q", text, "-D", "name=vin", "-D", "count=6", *place)
    assert answer == [[{"N": "vin"}], [{"C": 7, "X": None, "Y": True, "D": "2026-01-02"}]]
    (tmp_path / "one.sql").write_text("select 1 a;")
    (tmp_path / "two.sql").write_text("select 2 a;")
    files = ("-f", str(tmp_path / "one.sql"), "-f", str(tmp_path / "two.sql"))
    assert _rows(account, "sql", *files, *place) == [[{"A": 1}], [{"A": 2}]]


def test_snow_reports_an_error_with_its_number(account: AccountProcess) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowflake-cli/sql/execute-sql"""
    done = account.snow("sql", "-q", "select 1; select * from nowhere.public.nothing")
    assert done.returncode != 0
    assert "2003" in done.stdout + done.stderr


def test_snow_lists_describes_and_drops_objects(
    account: AccountProcess, run: Run, place: tuple[str, ...], database: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowflake-cli/objects/manage-objects"""
    run("create warehouse if not exists listed_wh initially_suspended = true")
    run("create or replace table listed (a int comment 'c')")
    run("create schema listed_schema")
    run("use schema public")
    run("create or replace view listed_view as select a from listed")
    run("create or replace stream listed_stream on table listed")
    run("create or replace stage listed_stage")
    run("create or replace task listed_task warehouse = listed_wh schedule = '1 hour' as select 1")
    columns = {}
    for kind in ("schema", "table", "view", "stream", "stage", "task", "warehouse"):
        listed = _rows(account, "object", "list", kind, "--like", "LISTED%", *place)
        columns[kind] = [row["name"] for row in listed]
    assert columns == {
        "schema": ["LISTED_SCHEMA"],
        "view": ["LISTED_VIEW"],
        "table": ["LISTED"],
        "stream": ["LISTED_STREAM"],
        "stage": ["LISTED_STAGE"],
        "task": ["LISTED_TASK"],
        "warehouse": ["LISTED_WH"],
    }
    described = _rows(account, "object", "describe", "table", "LISTED", *place)
    assert (described[0]["name"], described[0]["comment"]) == ("A", "c")
    (stream,) = _rows(account, "object", "describe", "stream", "LISTED_STREAM", *place)
    assert stream["table_name"].endswith(".PUBLIC.LISTED")
    (task,) = _rows(account, "object", "describe", "task", "LISTED_TASK", *place)
    assert (task["state"], task["definition"]) == ("suspended", "select 1")
    (wh,) = _rows(account, "object", "describe", "warehouse", "LISTED_WH", *place)
    assert (wh["name"], wh["kind"]) == ("LISTED_WH", "WAREHOUSE")
    (column,) = _rows(account, "object", "describe", "view", "LISTED_VIEW", *place)
    assert (column["name"], column["type"]) == ("A", "NUMBER(38,0)")
    listed = _rows(account, "object", "list", "database", "--like", database)
    assert [row["name"] for row in listed] == [database]
    for kind in ("task", "stream", "view", "table", "stage", "schema", "warehouse"):
        name = {"table": "LISTED", "warehouse": "LISTED_WH"}.get(kind, f"LISTED_{kind}")
        _rows(account, "object", "drop", kind, name, *place)
    assert run("show objects like 'LISTED%'") == []
    for kind in ("tasks", "streams", "stages", "schemas", "warehouses"):
        assert run(f"show {kind} like 'LISTED%'") == []


def test_snow_tests_and_lists_connections(account: AccountProcess) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowflake-cli/connecting/configure-connections"""
    assert _rows(account, "connection", "test", "-c", account.name)["Status"] == "OK"
    listed = _rows(account, "connection", "list")
    assert account.name in [row["connection_name"] for row in listed]


def test_snow_copies_files_to_a_stage_and_back(
    account: AccountProcess, place: tuple[str, ...], tmp_path: Path
) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowflake-cli/stages/manage-stages"""
    source, back = tmp_path / "out", tmp_path / "back"
    (source / "red").mkdir(parents=True)
    back.mkdir()
    (source / "list.txt").write_text("bottles")
    (source / "red" / "été.txt").write_text("Margaux")
    _rows(account, "stage", "create", "shelf", *place)
    stages = _rows(account, "stage", "list", "--like", "SHELF", *place)
    assert [(stage["name"], stage["schema_name"]) for stage in stages] == [("SHELF", "PUBLIC")]
    _rows(
        account, "stage", "copy", str(source), "@shelf/a", "--recursive", "--no-auto-compress",
        *place,
    )  # fmt: skip
    listed = _rows(account, "stage", "list-files", "@shelf/a", *place)
    assert [(row["name"], int(row["size"])) for row in listed] == [
        ("shelf/a/list.txt", 7),
        ("shelf/a/red/été.txt", 7),
    ]
    _rows(account, "stage", "copy", "@shelf/a", str(back), *place)
    assert (back / "list.txt").read_text() == "bottles"
    _rows(account, "stage", "remove", "@shelf", "a/list.txt", *place)
    assert [row["name"] for row in _rows(account, "stage", "list-files", "@shelf", *place)] == [
        "shelf/a/red/été.txt"
    ]
