"""Temporary stages and file formats are their session's alone, and go with it.

https://docs.snowflake.com/en/sql-reference/sql/create-stage
"""

from pathlib import Path

import pytest
from snowflake.connector.errors import DatabaseError

from conformance.shared import Run, error
from flocon import AccountProcess


def _put(run: Run, folder: Path, text: str, stage: str) -> None:
    file = folder / "a.csv"
    file.write_text(text)
    run(f"put file://{file} {stage} auto_compress = false overwrite = true")


def test_two_sessions_have_stages_of_one_name(run: Run, other: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stage"""
    run("create temporary stage shelf")
    assert error(other, "list @shelf") == 2003
    assert other("show stages") == []
    other("create temp stage shelf file_format = (type = csv field_delimiter = ';')")
    _put(run, tmp_path, "1;one\n", "@shelf")
    _put(other, tmp_path, "2;two\n", "@shelf")
    assert run("select $1 from @shelf") == [("1;one",)]
    assert other("select $2 from @shelf") == [("two",)]
    for each in (run, other):
        assert [name for name, *_ in each("list @shelf")] == ["shelf/a.csv"]
        assert [(row[1], row[10]) for row in each("show stages")] == [
            ("SHELF", "INTERNAL TEMPORARY")
        ]
        assert error(each, "create temporary stage shelf") == 2002
        each("create temporary stage if not exists shelf")
    run("drop stage shelf")
    assert error(run, "list @shelf") == 2003
    assert other("select $2 from @shelf") == [("two",)]


def test_a_temporary_stage_hides_the_one_of_its_name(run: Run, other: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stage"""
    run("create stage shelf")
    _put(run, tmp_path, "kept\n", "@shelf")
    run("create temporary stage shelf directory = (enable = true)")
    assert run("list @shelf") == []
    _put(run, tmp_path, "mine\n", "@shelf")
    run("alter stage shelf refresh")
    assert run("select relative_path from directory(@shelf)") == [("a.csv",)]
    run("comment on stage shelf is 'mine'")
    assert [row[8] for row in run("show stages")] == ["", "mine"]
    assert ("DIRECTORY", "ENABLE", "true") in [
        (parent, name, value) for parent, name, _, value, _ in run("describe stage shelf")
    ]
    assert other("select $1 from @shelf") == [("kept",)]
    run("create or replace temporary stage shelf")
    assert run("list @shelf") == []
    run("drop stage shelf")
    assert run("select $1 from @shelf") == [("kept",)]


def test_what_is_loaded_from_a_temporary_stage_is_there_for_all(
    run: Run, other: Run, tmp_path: Path
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create temporary stage shelf")
    run("create temporary file format dots type = csv field_delimiter = '.'")
    _put(run, tmp_path, "1.one\n", "@shelf")
    run("create table t (n int, v varchar)")
    run("copy into t from @shelf file_format = (format_name = dots)")
    assert other("select * from t") == [(1, "one")]
    run("copy into @shelf/out/ from t file_format = (format_name = dots)")
    assert len(run("list @shelf/out/")) == 1
    assert run("remove @shelf")[0][0] == "shelf/a.csv"


def test_a_temporary_file_format_is_its_sessions(run: Run, other: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-file-format"""
    other("create file format signs type = CSV field_delimiter = ';'")
    assert run("create temporary file format signs type = JSON") == [
        ("File format SIGNS successfully created.",)
    ]
    kinds = {row[0]: row[2] for row in run("describe file format signs")}
    assert kinds["TYPE"] == "JSON"
    assert [row[4] for row in run("show file formats")] == ["CSV", "JSON"]
    assert [row[4] for row in other("show file formats")] == ["CSV"]
    run("drop file format signs")
    assert {row[0]: row[2] for row in run("describe file format signs")}["TYPE"] == "CSV"


@pytest.mark.parametrize("kind", ["stage", "file format"])
def test_they_go_with_their_session(
    account: AccountProcess, database: str, run: Run, kind: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stage"""
    with account.connect(database=database, schema="PUBLIC") as brief:
        brief.cursor().execute(f"create temporary {kind} passing")
    assert run(f"show {kind}s in database") == []
    with account.connect(database=database, schema="PUBLIC") as later:
        with pytest.raises(DatabaseError) as raised:
            later.cursor().execute(f"describe {kind} passing")
        assert raised.value.errno == 2003


def test_a_role_uses_the_stage_that_its_session_has_made(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stage"""
    run("create stage shelf")
    run("create role clerk_of_shelves")
    try:
        [(database,)] = run("select current_database()")
        run(f"grant usage on database {database} to role clerk_of_shelves")
        run(f"grant all on schema {database}.public to role clerk_of_shelves")
        run("grant usage on warehouse compute_wh to role clerk_of_shelves")
        run("use role clerk_of_shelves")
        run("use warehouse compute_wh")
        assert error(run, "list @shelf") in (2003, 3001)
        run("create temporary stage shelf")
        _put(run, tmp_path, "1\n", "@shelf")
        assert run("select $1 from @shelf") == [("1",)]
        run("drop stage shelf")
        assert error(run, "list @shelf") in (2003, 3001)
    finally:
        run("use role accountadmin")
        run("drop role clerk_of_shelves")


def test_no_name_leads_to_another_sessions_stage(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    for statement in (
        'list @"SHELF\uf8e000\uf8e1"',
        'create stage "SHELF\uf8e000\uf8e1"',
        'drop stage "SHELF\uf8e000\uf8e1"',
        'describe stage "SHELF\uf8e000\uf8e1"',
    ):
        assert error(run, statement) == 2, statement


def test_a_limited_role_with_a_temporary_stage_drops_the_schema_around_it(
    run: Run, account: AccountProcess, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-schema"""
    run("create or replace role clerk")
    run(f"grant usage, create schema on database {database} to role clerk")
    with account.connect(role="CLERK", database=database) as clerks:
        cursor = clerks.cursor()
        cursor.execute("create schema elsewhere")
        cursor.execute("create temporary stage elsewhere.shelf")
        assert cursor.execute("list @elsewhere.shelf").fetchall() == []
        cursor.execute("drop schema elsewhere")
        with pytest.raises(DatabaseError, match="002003"):
            cursor.execute("list @elsewhere.shelf")
    run("drop role clerk")


def test_a_schema_made_again_has_no_temporary_stage_of_the_one_before(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-schema"""
    run("create schema elsewhere")
    for again in ("drop schema elsewhere", "create or replace schema elsewhere"):
        run("create temporary stage elsewhere.shelf")
        run("create temporary file format elsewhere.sheet type = csv skip_header = 7")
        run(again)
        run("create schema if not exists elsewhere")
        run("create stage elsewhere.shelf")
        run("create file format elsewhere.sheet type = csv")
        assert run("list @elsewhere.shelf") == []
        formats = run("describe file format elsewhere.sheet")
        assert [row[2] for row in formats if row[0] == "SKIP_HEADER"] == ["0"]
        run("drop stage elsewhere.shelf")
        run("drop file format elsewhere.sheet")
