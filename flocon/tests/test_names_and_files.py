"""No name becomes a path, or a statement of the engine's, as it is."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from accounts import new_account
from conformance.shared import Run, error
from flocon.account import Account
from flocon.core.errors import SnowflakeError
from flocon.engine.stage_files import StageFiles, folder_name
from snowflake.connector import SnowflakeConnection

from flocon import AccountProcess

STRANGE = (
    "a.b",
    "a/b",
    "..",
    "../x",
    "/tmp",
    "~",
    "low",
    "LOW",
    "Low",
    "ä ö",
    "%T",
    "*",
    "x" * 255,
)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[AccountProcess]:
    """An account of the test's own, whose folder it looks into."""
    with new_account(tmp_path, forked=True) as made:
        yield made


def runner(connection: SnowflakeConnection) -> Run:
    return lambda sql, *binds: connection.cursor().execute(sql, binds or None).fetchall()


@pytest.mark.parametrize("name", STRANGE)
def test_a_folders_name_is_harmless_and_nobody_elses(name: str) -> None:
    made = folder_name(name)
    assert "/" not in made
    assert "." not in made
    assert len(made) <= 200
    assert [other for other in STRANGE if folder_name(other).lower() == made.lower()] == [name]


def test_dropping_a_schema_that_is_called_like_a_folder_leaves_the_folder(
    run: Run, database: str, tmp_path: Path
) -> None:
    """On 7427901 the folder was gone."""
    (tmp_path / "kept.txt").write_text("kept")
    run(f'create schema {database}."{tmp_path}"')
    run(f'create stage {database}."{tmp_path}".shelf')
    run(f'drop schema {database}."{tmp_path}"')
    assert (tmp_path / "kept.txt").read_text() == "kept"


def test_a_schema_that_is_called_like_another_databases_folder_leaves_its_files(
    run: Run, database: str, tmp_path: Path
) -> None:
    (tmp_path / "grapes.txt").write_text("merlot")
    run("create stage shelf")
    run(f"put file://{tmp_path}/grapes.txt @shelf auto_compress = false")
    run(f"create database {database}_B")
    for name in (f"../{database}", f"../{database}/PUBLIC", ".."):
        run(f'create schema {database}_B."{name}"')
        run(f'drop schema {database}_B."{name}"')
        run(f'create or replace schema {database}_B."{name}"')
        run(f'create or replace schema {database}_B."{name}"')
    run(f"drop database {database}_B")
    run(f"use schema {database}.public")
    assert [row[0] for row in run("list @shelf")] == ["shelf/grapes.txt"]


def test_a_stage_whose_name_would_mean_a_table_s_is_refused(run: Run) -> None:
    """`@"S"."%T"` is the stage of the table T."""
    assert error(run, 'create stage "%T"') == 2


@pytest.mark.parametrize("name", [name for name in STRANGE if not name.startswith("%")])
def test_a_stage_of_any_name_takes_lists_gives_copies_and_loses_files(
    run: Run, tmp_path: Path, name: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    (tmp_path / "rows.csv").write_text("1\n2\n")
    run("create or replace table rows_of_names (n int)")
    run(f'create schema "{name}"')
    stage = f'@"{name}"."{name}"'
    run(f'create stage "{name}"."{name}"')
    run(f"put file://{tmp_path}/rows.csv '{stage}/in' auto_compress = false")
    assert [row[0] for row in run(f"list '{stage}'")] == [f"{name.lower()}/in/rows.csv"]
    run(f"copy into public.rows_of_names from '{stage}/in' file_format = (type = csv)")
    assert run("select sum(n) from public.rows_of_names") == [(3,)]
    (tmp_path / "back").mkdir()
    run(f"get '{stage}/in/rows.csv' file://{tmp_path}/back")
    assert (tmp_path / "back" / "rows.csv").read_text() == "1\n2\n"
    run(f"remove '{stage}'")
    assert run(f"list '{stage}'") == []
    run(f"put file://{tmp_path}/rows.csv '{stage}' auto_compress = false")
    run(f'create or replace stage "{name}"."{name}"')
    assert run(f"list '{stage}'") == []
    run(f'drop stage "{name}"."{name}"')
    assert error(run, f"list '{stage}'") == 2003
    run(f'drop schema "{name}"')


def test_stages_whose_names_differ_only_in_case_have_files_of_their_own(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "one.txt").write_text("1")
    for name in ('"shelf"', "shelf", '"Shelf"'):
        run(f"create stage {name}")
    run(f"""put file://{tmp_path}/one.txt '@"Shelf"' auto_compress = false""")
    assert [len(run(f"""list '@{name}'""")) for name in ('"shelf"', "SHELF", '"Shelf"')] == [
        0,
        0,
        1,
    ]


@pytest.mark.parametrize(
    "place", ["@shelf/../x", "@shelf/a/../../x", "@shelf/../../../../x", "'@shelf/a/../../x'"]
)
def test_no_path_leads_out_of_a_stage(run: Run, tmp_path: Path, place: str) -> None:
    (tmp_path / "one.txt").write_text("1")
    run("create stage shelf")
    run("create table t (a varchar)")
    for statement in (
        f"put file://{tmp_path}/one.txt {place}",
        f"get {place} file://{tmp_path}",
        f"list {place}",
        f"remove {place}",
        f"copy into t from {place}",
        f"copy into {place} from (select 1)",
    ):
        assert error(run, statement) == 1003, statement


@pytest.mark.parametrize(
    ("partition", "number"),
    [
        ("{outside}", 2),
        ("../{outside}", 2),
        ("a/../../x", 2),
        ("a//b", 2),
        (".", 2),
        ("x" * 256, 2),
        ("linked/x", 1003),
    ],
)
def test_no_partition_leads_out_of_a_stage(
    own: AccountProcess, tmp_path: Path, partition: str, number: int
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with own.connect() as connection:
        run = runner(connection)
        run("create database d")
        run("create stage shelf")
        (tmp_path / "one.txt").write_text("1")
        run(f"put file://{tmp_path}/one.txt @shelf auto_compress = false")
        (own.data / "stages" / "D" / "PUBLIC" / "SHELF" / "linked").symlink_to(outside)
        rows = f"(select 1 as n, '{partition.format(outside=outside)}' as folder)"
        unload = f"copy into @shelf from {rows} partition by (folder) file_format = (type = csv)"
        assert error(run, unload) == number
        assert [row[0] for row in run("list @shelf")] == ["shelf/one.txt"]
    assert list(outside.iterdir()) == []


def test_a_link_in_a_stages_folder_is_no_staged_file(own: AccountProcess, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    with own.connect() as connection:
        run = runner(connection)
        run("create database d")
        run("create stage shelf")
        run(f"put file://{secret} @shelf/real auto_compress = false")
        folder = own.data / "stages" / "D" / "PUBLIC" / "SHELF"
        (folder / "link.txt").symlink_to(secret)
        (folder / "linked").symlink_to(tmp_path)
        assert [row[0] for row in run("list @shelf")] == ["shelf/real/secret.txt"]
        assert error(run, "list @shelf/linked") == 1003
        assert error(run, f"put file://{secret} @shelf/linked") == 1003
        run("remove @shelf")
        run("drop stage shelf")
    assert secret.read_text() == "secret"


@pytest.mark.parametrize(
    "name", ['a"b', "a'b", "x\"\"; copy (select 1) to '{file}'; --", "a\nb", "a\0b"]
)
def test_a_table_or_schema_whose_name_has_quotes_or_control_characters_is_refused(
    run: Run, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "written"
    written = '"' + name.format(file=file).replace('""', '"').replace('"', '""') + '"'
    run("create table t (a int)")
    for statement in (
        f"create schema {written}",
        f"drop schema {written}",
        f"create database {written}",
        f"create table {written} (a int)",
        f"create temporary table {written} (a int)",
        f"create stage {written}",
        f"create sequence {written}",
        f"alter table t rename to {written}",
        f"drop table {written}",
    ):
        assert error(run, statement) in (2, 1003, 2140), statement
    for statement in (
        f"select * from {written}",
        f"insert into {written} values (1)",
        "list '@" + written.replace("'", "''") + "'",
        "list '@%" + written.replace("'", "''") + "'",
        f"create stream s on table {written}",
        f"use schema {written}",
    ):
        assert error(run, statement) in (2, 1003, 2003, 2043), statement
    assert not file.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "show columns in table {name}",
        "show columns in schema {name}",
        "show columns in database {name}",
        "show primary keys in table {name}",
        "show primary keys in schema {name}",
        "show unique keys in table {name}",
        "show imported keys in table {name}",
        "show functions in schema {name}",
        "show stages in schema {name}",
        "show file formats in schema {name}",
        "show sequences in schema {name}",
        "describe table {name}",
        "create table columns_of (a int, {name} varchar(10))",
        "alter table kept add column {name} varchar(10)",
        "create file format f type = csv field_delimiter = {text}",
        "create table told (a int comment {text}) comment = {text}",
        "create sequence s comment = {text}",
        "show columns like {text} in table kept",
        "show stages like {text}",
        "show primary keys in table kept like {text}",
        "copy into {name} from @shelf",
        "copy into kept from @shelf file_format = (type = csv field_delimiter = {text})",
        "copy into kept from @shelf file_format = (format_name = {text})",
    ],
)
def test_no_name_and_no_text_becomes_a_statement_of_the_engines(
    run: Run, tmp_path: Path, statement: str
) -> None:
    """On 7427901 SHOW COLUMNS IN TABLE "…" wrote any file of the machine."""
    (tmp_path / "rows.csv").write_text("1")
    run("create table kept (a int)")
    run("create stage shelf")
    run(f"put file://{tmp_path}/rows.csv @shelf auto_compress = false")
    file = tmp_path / "written"
    for end in ("'", "')", "');", "';", "', '', '', '', '', '')"):
        inner = f"x{end}; copy (select 1) to '{file}'; --"
        text = "'" + inner.replace("'", "''") + "'"
        with contextlib.suppress(snowflake.connector.errors.DatabaseError):
            run(statement.format(name=f'"{inner}"', text=text))
        assert not file.exists()
    assert run("select * from kept") in ([], [(1,)])


@pytest.mark.parametrize(
    "statement",
    [
        "select * from t, lateral read_text('{file}')",
        "select * from lateral read_text('{file}')",
        "select * from t cross join lateral read_csv('{file}')",
        "select * from t where exists (select * from t, lateral read_text('{file}'))",
        "select * from read_text('{file}')",
        "select * from t, lateral table(read_text('{file}'))",
        "select * from table(read_text('{file}'))",
        "select * from '{file}'",
        "create table u as select content from t, lateral read_text('{file}')",
        "create view w as select content from t, lateral read_text('{file}')",
        "insert into t select content from t, lateral read_text('{file}')",
        "update t set a = r.content from lateral read_text('{file}') r",
        "merge into t using (select content from lateral read_text('{file}')) r on t.a = r.content"
        " when not matched then insert values (r.content)",
    ],
)
def test_no_statement_reads_a_file_of_the_machine(run: Run, tmp_path: Path, statement: str) -> None:
    """On 7427901 LATERAL read_text('…') did."""
    file = tmp_path / "file.csv"
    file.write_text("secret")
    run("create table t as select 'x' as a")
    assert error(run, statement.format(file=file)) in (2, 1003, 2140)
    assert run("select * from t") == [("x",)]


def test_the_engine_reaches_no_file_outside_of_the_data_folder(tmp_path: Path) -> None:
    """Whatever function of DuckDB's a statement may have found."""
    (tmp_path / "outside.txt").write_text("outside")
    account = Account(tmp_path / "data")
    try:
        (tmp_path / "data" / "inside.txt").write_text("inside")
        read = "SELECT content FROM read_text(?)"
        connection = account.stores.engine.connect()
        assert connection.values(read, [str(account.stores.data / "inside.txt")]) == [("inside",)]
        for statement, file in (
            (read, tmp_path / "outside.txt"),
            (read, account.stores.data / ".." / "outside.txt"),
            ("COPY (SELECT 1) TO '{}'", tmp_path / "written"),
            ("ATTACH '{}' AS other", tmp_path / "other.duckdb"),
        ):
            with pytest.raises(SnowflakeError) as raised:
                connection.values(statement.format(file), [str(file)] if "?" in statement else [])
            assert raised.value.errno == 2
        with pytest.raises(SnowflakeError):
            connection.values("SET GLOBAL enable_external_access = true")
    finally:
        account.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "outside.txt"]


def test_a_column_may_have_quotes_in_its_name(run: Run) -> None:
    run('create table t ("a""b" int)')
    run("comment on column t.\"a\"\"b\" is 'it''s'")
    run("insert into t values (1)")
    assert run('select "a""b" from t') == [(1,)]
    assert run("select * from table(result_scan(last_query_id()))") == [(1,)]


def test_what_the_engine_keeps_for_itself_cannot_be_dropped(run: Run, database: str) -> None:
    for name in ("_fs_information_schema", "main", "pg_catalog", "information_schema"):
        assert error(run, f'drop schema "{name}"') == 2003
        assert error(run, f'drop schema {database}."{name}"') == 2003
    for statement in ("drop table {}", "drop view {}", "alter table {} rename to x"):
        name = f'{database}."_fs_information_schema"."_account_objects"'
        assert error(run, statement.format(name)) == 2003
    run("create table still_works (a int)")
    run("show tasks in account")


@pytest.mark.parametrize("name", ['"memory"', '"system"', '"_fs_global"', '"temp"'])
def test_a_database_that_cannot_be_made_leaves_no_file_behind(
    own: AccountProcess, name: str
) -> None:
    """On 7427901 the account did not start again."""
    with own.connect() as connection:
        run = runner(connection)
        run("create database cellar")
        assert error(run, f"create database {name}") == 2
        assert error(run, 'create database "cellar"') == 2
    assert sorted(path.name for path in (own.data / "databases").glob("*.duckdb")) == [
        "CELLAR.duckdb"
    ]
    own.stop()
    own.start()


def test_a_tables_stage_goes_with_its_table(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("1")
    run("create table t (a int)")
    run(f"put file://{tmp_path}/one.txt @%t auto_compress = false")
    run("drop table t")
    run("create table t (a int)")
    assert run("list @%t") == []


def test_a_data_folder_whose_folders_are_called_by_the_names_themselves_opens(
    tmp_path: Path,
) -> None:
    """As the account made them before names were encoded."""
    root = tmp_path / "stages"
    for place in ("D/S/PLAIN", "D/S/low", "D/s p/%My table", "D/S/app$streamlit", "D/S/%T"):
        (root / place).mkdir(parents=True)
        (root / place / "file").write_text(place)
    for _ in range(2):
        files = StageFiles(root)
        found: dict[Path, Any] = {
            files.stage("D", "S", "PLAIN"): "D/S/PLAIN",
            files.stage("D", "S", "low"): "D/S/low",
            files.table("D", "s p", "My table"): "D/s p/%My table",
            files.app("D", "S", "app"): "D/S/app$streamlit",
            files.table("D", "S", "T"): "D/S/%T",
        }
        assert {folder: (folder / "file").read_text() for folder in found} == found
        assert len(list(root.rglob("file"))) == 5


def test_only_folders_of_the_stages_are_removed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = StageFiles(tmp_path / "stages")
    for folder in (tmp_path / "other", tmp_path / "stages", tmp_path / "stages" / ".." / "other"):
        with pytest.raises(ValueError, match="not a folder of the stages"):
            files.remove(folder)
    (tmp_path / "stages" / "D").mkdir()
    (tmp_path / "stages" / "D" / "S").symlink_to(tmp_path / "other")
    files.remove_schema("D", "S")
    assert (tmp_path / "other").is_dir()
    shutil.rmtree(tmp_path / "stages")
