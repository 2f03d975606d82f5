"""Statements that SQLGlot takes, or falls over, and Snowflake refuses."""

from typing import Any

import pytest
from shared import one_database

from conformance.shared import failure

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.mark.parametrize(
    "statement",
    [
        "select {*, : 'v'} from t",
        "select from t",
        "select",
        "select * from (select)",
        "insert into t select , ,",
        "select listagg(distinct, ' ') from t",
        "select date_part(, '2020-01-01'::date)",
        "select current_time('GCS')",
        "select * from t sample ('a' rows)",
        "update t set a",
        "update t set a, b = 'x'",
        "merge into t using t x on t.a = x.a when matched then update set t.b",
        "copy into t from @ st",
        "copy into 's3://x/y' from storage_integration = x",
        "copy into t from @~ file_format = (* = f)",
        "copy into t from @~ validation_mode",
        "create table no (id int) using delta",
        "create table no (id int, f foreign key (id) references t (a))",
        "create table no (id int, foreign key (id) references (a))",
        "create table no (a varchar(1.5))",
        "select * from (t x, t y)",
        "select lag(a ignore nulls) over (order by a) from t",
        "select nth_value(a, 1 ignore nulls) over (order by a) from t",
        "create task no schedule = '1 minute' when $ stream_has_data('s') as select 1",
    ],
)
def test_what_cannot_be_read_is_a_syntax_error(run: Run, statement: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql-all"""
    run("create table if not exists t (a int, b varchar)")
    number, text = failure(run, statement)
    assert number == 1003
    assert "syntax error" in text
    assert "\x1b" not in text
    assert "sqlglot" not in text


@pytest.mark.parametrize(
    "statement",
    [
        "select :x",
        "select * from identifier(:x)",
        "insert into t values (:x, 'a')",
        "copy into t from @~/f pattern = :x",
    ],
)
def test_only_scripts_have_variables_after_a_colon(run: Run, statement: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowflake-scripting/variables"""
    run("create table if not exists t (a int, b varchar)")
    number, text = failure(run, statement)
    assert number == 2049
    assert text.endswith("Bind variable :x not set.")


def test_a_table_without_a_source_is_loaded_from_its_own_stage(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create or replace table own (a int)")
    run("copy into @%own/f.csv from (select 7) single = true")
    run("copy into own file_format = (type = csv compression = gzip)")
    assert run("select a from own") == [(7,)]
