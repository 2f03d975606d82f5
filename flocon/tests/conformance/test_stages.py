"""Stages: their properties, directory tables and file formats, and copies between them."""

from pathlib import Path

import pytest
from shared import one_database

from conformance.shared import Run, error, failure

database = pytest.fixture(scope="module")(one_database)


def put(run: Run, folder: Path, stage: str, **files: str) -> None:
    """Files in a stage: a name (`_` before its ending) and what it holds."""
    for name, text in files.items():
        file = folder / ".".join(name.rsplit("_", 1))
        file.write_text(text)
        run(f"put file://{file} {stage} auto_compress = false overwrite = true")


def described(run: Run, stage: str) -> dict[str, str]:
    """DESCRIBE STAGE: the value of each property."""
    return {f"{row[0]}.{row[1]}": row[3] for row in run(f"describe stage {stage}")}


def test_a_directory_table_has_what_the_last_refresh_found(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/user-guide/data-load-dirtables-query"""
    run("create stage listed directory = (enable = true)")
    put(run, tmp_path, "@listed/red", a_txt="one", b_txt="four")
    rows = "select relative_path, size from directory(@listed) order by 1"
    assert run(rows) == []
    assert [row[:2] for row in run("alter stage listed refresh")] == [
        ("red/a.txt", "REGISTERED_NEW"),
        ("red/b.txt", "REGISTERED_NEW"),
    ]
    assert run(rows) == [("red/a.txt", 3), ("red/b.txt", 4)]
    put(run, tmp_path, "@listed/red", a_txt="seven77")
    put(run, tmp_path, "@listed/white", c_txt="1")
    run("remove @listed/red/b.txt")
    assert run(rows) == [("red/a.txt", 3), ("red/b.txt", 4)]
    assert [row[:2] for row in run("alter stage listed refresh subpath = 'red/'")] == [
        ("red/a.txt", "REGISTERED_UPDATE"),
        ("red/b.txt", "UNREGISTERED"),
    ]
    run("create view large as select relative_path from directory(@listed) where size > 3")
    assert run("select * from large") == [("red/a.txt",)]
    [(address,)] = run("select file_url from directory(@listed)")
    assert address.endswith("/PUBLIC/LISTED/red/a.txt")
    run("create or replace stage listed")
    assert "directory table" in failure(run, rows)[1]


def test_a_stage_gets_a_directory_table_later(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-stage"""
    run("create stage later")
    assert error(run, "alter stage later refresh") == 1007
    run("alter stage later set directory = (enable = true) comment = 'c'")
    assert described(run, "later")["DIRECTORY.ENABLE"] == "true"
    assert [(row[8], row[-1]) for row in run("show stages like 'LATER'")] == [("c", "Y")]
    assert run("alter stage later refresh") == []
    run("comment on stage later is 'd'")
    run("alter stage later set directory = (enable = false)")
    assert [(row[8], row[-1]) for row in run("show stages like 'LATER'")] == [("d", "N")]
    run("alter stage if exists nowhere refresh")
    assert error(run, "alter stage nowhere refresh") == 2003
    assert error(run, "describe stage nowhere") == 2003


def test_a_stages_file_format_is_for_what_has_no_other(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stage"""
    run("create file format semicolons type = csv field_delimiter = ';' skip_header = 1")
    run("create stage formatted file_format = semicolons")
    put(run, tmp_path, "@formatted", a_csv="n;v\n1;one\n")
    run("create table into_t (n varchar, v varchar)")
    run("copy into into_t from @formatted")
    assert run("select * from into_t") == [("1", "one")]
    assert run("select $2 from @formatted") == [("one",)]
    other = "file_format = (type = csv field_delimiter = ';')"
    run(f"copy into into_t from @formatted {other} force = true")
    assert run("select * from into_t order by 1") == [("1", "one"), ("1", "one"), ("n", "v")]
    run("create stage written file_format = (type = csv, field_delimiter = '|')")
    run("copy into @written/t.csv from (select 1, 2) single = true")
    assert run("select $1, $2 from @written") == [("1", "2")]
    assert described(run, "written")["STAGE_FILE_FORMAT.FIELD_DELIMITER"] == "|"
    assert described(run, "formatted")["STAGE_FILE_FORMAT.FORMAT_NAME"].endswith(".SEMICOLONS")
    assert error(run, "create stage y file_format = nowhere") == 2003


def test_the_words_of_a_format_are_shown_in_upper_case(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-stage"""
    options = "type = csv compression = gzip binary_format = hex date_format = auto escape = none"
    run(f"create stage lower file_format = ({options} field_delimiter = 'x')")
    shown = described(run, "lower")
    words = ("TYPE", "COMPRESSION", "BINARY_FORMAT", "DATE_FORMAT", "ESCAPE", "FIELD_DELIMITER")
    assert [shown[f"STAGE_FILE_FORMAT.{word}"] for word in words] == [
        "CSV", "GZIP", "HEX", "AUTO", "NONE", "x"
    ]  # fmt: skip
    run("create file format json_lower type = json compression = gzip")
    shown = {row[0]: row[2] for row in run("describe file format json_lower")}
    assert (shown["TYPE"], shown["COMPRESSION"]) == ("json", "gzip")
    [row] = run("show file formats like 'JSON_LOWER'")
    assert row[7] == '{"TYPE":"JSON","COMPRESSION":"GZIP"}'


def test_a_pattern_is_a_constant_like_others(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text"""
    run("create stage patterns")
    put(run, tmp_path, "@patterns", a_txt="1", b_csv="2")
    for pattern in (r"'.*\\.csv'", r"$$.*\.csv$$", "'.*[.]csv'"):
        assert [row[0] for row in run(f"list @patterns pattern = {pattern}")] == ["patterns/b.csv"]
    assert run("list @patterns pattern = '.*''; drop stage patterns'") == []
    assert run(r"copy files into @patterns/x/ from @patterns pattern = '.*\\.csv'") == [
        ("x/b.csv",)
    ]
    assert [row[0] for row in run(r"remove @patterns pattern = '.*x/[^/]*\\.csv'")] == [
        "patterns/x/b.csv"
    ]
    assert [row[0] for row in run("list @patterns")] == ["patterns/a.txt", "patterns/b.csv"]


def test_a_pattern_is_of_the_whole_location(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table: a file's path in the stage
    has a part before it."""
    run("create stage whole")
    put(run, tmp_path, "@whole", f_csv="1")
    assert run("list @whole pattern = 'f[.]csv'") == []
    assert run("remove @whole pattern = 'f[.]csv'") == []
    assert run("select $1 from @whole (pattern => 'f[.]csv')") == []
    assert run("select $1 from @whole (pattern => '.*/f[.]csv')") == [("1",)]


def test_a_tables_stage_names_its_files_after_the_table(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-metadata"""
    plain = "file_format = (type = csv compression = none) single = true"
    run("create table staged_here (a int)")
    run('create table "lower" (a int)')
    run(f"copy into @%staged_here/d/f from (select 3) {plain}")
    run(f'copy into @%"lower"/f from (select 4) {plain}')
    assert run("select $1, metadata$filename from @%staged_here") == [("3", "@STAGED_HERE/d/f")]
    assert run('select $1, metadata$filename from @%"lower"') == [("4", '@"lower"/f')]


def test_files_are_copied_from_one_stage_to_another(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-files"""
    run("create stage source")
    run("create stage target")
    put(run, tmp_path, "@source/red", a_txt="one", b_txt="two")
    put(run, tmp_path, "@source", c_txt="three")

    def found() -> list[str]:
        names = [row[0] for row in run("list @target")]
        run("remove @target")
        return names

    assert run("copy files into @target from @source") == [
        ("c.txt",),
        ("red/a.txt",),
        ("red/b.txt",),
    ]
    assert found() == ["target/c.txt", "target/red/a.txt", "target/red/b.txt"]
    assert run("copy files into @target/x/ from @source/red/ pattern = '.*a.*'") == [("x/a.txt",)]
    assert found() == ["target/x/a.txt"]
    copied = run(
        "copy files into @target from @source/red/ files = ('b.txt') detailed_output = false"
    )
    assert copied == [(1,)]
    assert found() == ["target/b.txt"]
    assert run("copy files into @target from @source/red/a.txt") == [("a.txt",)]
    assert run("select $1 from @target/a.txt") == [("one",)]
    assert error(run, "copy files into @target from @source files = ('x.txt')") == 91016
    assert error(run, "copy files into @nowhere from @source") == 2003
    assert error(run, "copy files into @target/../../x/ from @source") == 1003


def test_execute_immediate_runs_the_statement_of_a_text(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/execute-immediate"""
    assert run("execute immediate 'select 1 + 1'") == [(2,)]
    run("set told = 'select 3'")
    assert run("execute immediate $told") == [(3,)]
    assert run("execute immediate $$ execute immediate 'select 5' $$") == [(5,)]
    assert error(run, "execute immediate 'select 1; select 2'") == 8
    assert failure(run, "execute immediate 'select * from nowhere'")[0] == 2003


def test_execute_immediate_runs_a_staged_file(run: Run, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/execute-immediate-from"""
    run("create stage scripts")
    put(
        run,
        tmp_path,
        "@scripts/setup",
        make_sql="create table made (a int); -- one; really\ninsert into made values (1);\n"
        "select a, 'x;y' from made;\n",
        template_sql="--!jinja\n{% for n in range(count) %}insert into made values ({{ n }});\n"
        "{% endfor %}select '{{ name }}', count(*) from made;\n",
        fails_sql="insert into made values (9);\n  select * from nowhere;\nselect 1;\n",
        block_sql="insert into made values (9);\nbegin\n  return 1;\nend;\n",
    )
    assert run("execute immediate from @scripts/setup/make.sql") == [(1, "x;y")]
    using = "using (count => 2, name => 'Margaux')"
    template = f"execute immediate from '@scripts/setup/template.sql' {using}"
    assert run(template) == [("Margaux", 3)]
    assert error(run, "execute immediate from @scripts/setup/template.sql") == 1007
    number, text = failure(run, "execute immediate from @scripts/setup/fails.sql")
    assert number == 2003
    assert "in file @scripts/setup/fails.sql on line 2 at position 2" in text
    assert run("select count(*) from made where a = 9") == [(1,)]
    assert error(run, "execute immediate from @scripts/setup/nowhere.sql") == 91016
    assert error(run, "execute immediate from @scripts/setup/block.sql") == 2
    assert run("select count(*) from made where a = 9") == [(1,)]
