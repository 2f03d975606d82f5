"""What the account refuses, by kind of statement: the list that the tests try, and the page of it.

`python flocon/tests/refusals.py` (`make refusals`) writes flocon/docs/refusals.md: each statement
with what an account answers to it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import snowflake.connector
from snowflake.connector import SnowflakeConnection

import flocon

PAGE = Path(__file__).parents[1] / "docs" / "refusals.md"
UNSUPPORTED = (2, "0A000")

# What the statements below are about.
SETUP = (
    "create table if not exists t (a int, v variant)",
    "create stage if not exists shelf",
    "create view if not exists sight as select 1 x",
    "create warehouse if not exists x initially_suspended = true",
    "create stream if not exists changes_of_t on table t",
    "create task if not exists k schedule = '60 minutes' as select 1",
    "create procedure if not exists p(n int) returns int language python runtime_version = '3.11'"
    " packages = ('snowflake-snowpark-python') handler = 'run' as 'def run(session, n): return n'",
)

REFUSED: dict[str, tuple[str, ...]] = {
    "ALTER": (
        "alter account set timezone = 'UTC'",
        "alter sequence x rename to y",
        "alter role sysadmin rename to y",
        "alter schema public rename to other",
        "alter schema public set log_level = 'INFO'",
        "alter database x set trace_level = 'ALWAYS'",
        "alter stage shelf set file_format = (type = json)",
        "alter stage shelf set tag a = 'b'",
        "alter stage shelf rename to y",
        "alter warehouse x rename to y",
        "alter user x set password = 'p'",
    ),
    "ALTER SESSION": (
        "alter session set nonsense = 1",
        "alter session set client_nonsense = 1",
        "alter session set log_level = 'INFO'",
        "alter session set date_input_format = 'DD/MM/YYYY'",
        "alter session set timestamp_type_mapping = 'TIMESTAMP_LTZ'",
        "alter session set error_on_nondeterministic_merge = false",
        "alter session set week_start = 1",
        "alter session set week_of_year_policy = 1",
        "alter session set two_digit_century_start = 2000",
        "alter session set quoted_identifiers_ignore_case = true",
        "alter session set strict_json_output = true",
        "alter session set rows_per_resultset = 5",
        "alter session set binary_input_format = 'BASE64'",
        "alter session set date_output_format = 'AUTO'",
        "alter session unset nonsense",
    ),
    "ALTER STREAM": (
        "alter stream changes_of_t set tag a = 'b'",
        "alter stream changes_of_t set append_only = true",
    ),
    "ALTER TABLE, ALTER VIEW": (
        "alter table t set tag a = 'b'",
        "alter table t add search optimization",
        "alter table t add constraint positive check (a > 0)",
        "alter table t suspend recluster",
        "alter table t unset tag a",
        "alter table t rename to other_schema.t",
        "alter view sight set secure",
    ),
    "COMMENT": (
        "comment on stream changes_of_t is 'c'",
        "comment on warehouse x is 'c'",
    ),
    "COPY INTO": (
        "copy into @shelf from t file_format = (type = avro)",
        "copy into t from 's3://bucket'",
        "copy into t from @shelf nonsense = 1",
        "copy into t from (select $1 from @shelf) validation_mode = return_errors",
        "copy into t from @shelf size_limit = 1",
        "copy into t from (select a from t)",
        "copy into t from @shelf file_format = (type = avro)",
        "copy into t from @shelf file_format = (type = csv nonsense = 3)",
        "copy t to '/tmp/x.csv'",
        "copy files into @shelf from (select '@shelf/x')",
        "copy files into @shelf from @~",
    ),
    "CREATE ALERT": (
        "create alert fresh if (exists (select 1)) then select 1",
        "create alert l schedule = '1 minute' config = '{}' if (exists (select 1)) then select 1",
        "create alert l schedule = '1 minute' if (exists (select 1)) then begin select 1; end",
    ),
    "CREATE DATABASE, CREATE SCHEMA": (
        "create database copied clone other",
        "create schema copied clone public",
        "create transient schema y",
        "create schema y data_retention_time_in_days = 1",
        "create schema y with managed access",
        'create database "with space"',
    ),
    "CREATE FUNCTION": (
        "create function f(x int) returns int as 'begin return 1; end'",
        "create function f(x int) returns int language javascript as 'return X + 1'",
        "create function f(x int) returns table (a int) language python runtime_version = '3.11'"
        " handler = 'H' as 'class H: pass'",
        "create aggregate function f(x int) returns int language python runtime_version = '3.11'"
        " handler = 'H' as 'class H: pass'",
        "create function f(x int) returns int language python runtime_version = '3.11'"
        " handler = 'run' external_access_integrations = (e) as 'def run(x): return x'",
    ),
    "CREATE INTEGRATION": (
        "create notification integration i type = queue enabled = true",
        "create storage integration i type = external_stage storage_provider = 's3' enabled = true",
        "create api integration i api_provider = aws_api_gateway enabled = true",
        "create security integration i type = oauth",
    ),
    "CREATE PIPE": ("create pipe l as copy into t from @shelf",),
    "CREATE PROCEDURE": (
        "create procedure q() returns int language javascript as 'return 1'",
        "create procedure q() returns int language sql as 'begin return 1; end'",
        "create procedure q() returns int as 'begin return 1; end'",
        "create procedure q() returns int language java runtime_version = '11'"
        " packages = ('com.snowflake:snowpark:latest') handler = 'A.b' as 'class A {}'",
        "create procedure q() returns int language python runtime_version = '3.11'"
        " packages = ('snowflake-snowpark-python') handler = 'run' execute as restricted caller"
        " as 'def run(s): return 1'",
        "create procedure q() returns int language python runtime_version = '3.11'"
        " packages = ('snowflake-snowpark-python') handler = 'run' secrets = ('a' = b)"
        " as 'def run(s): return 1'",
        "create procedure q() returns int language python runtime_version = '3.11'"
        " packages = ('snowflake-snowpark-python') handler = 'run'"
        " external_access_integrations = (e) as 'def run(s): return 1'",
        "create procedure q() returns int language python runtime_version = '3.11'"
        " packages = ('snowflake-snowpark-python') imports = ('@~/q.py') handler = 'q.run'",
    ),
    "CREATE ROLE, CREATE USER, GRANT": (
        "create or replace user y",
        "create user y password = 'p'",
        "create database role r",
        "grant select on table t to user y",
        "grant select on table t to share y",
        "revoke ownership on table t from role sysadmin",
    ),
    "CREATE STAGE": (
        "create stage y url = 's3://bucket'",
        "create stage y directory = (enable = true, auto_refresh = true)",
        "create stage y encryption = (type = 'AWS_SSE_S3')",
        "create stage y copy_options = (on_error = 'continue')",
        "create stage y nonsense = 1",
        "create or replace temp stage systembind file_format = (type = csv)",
    ),
    "CREATE STREAM": (
        "create stream y on view sight",
        "create stream y on stage shelf",
        "create stream y on external table t",
        "create stream y on dynamic table t",
        "create or alter stream y on table t",
        "create stream y on table t at (offset => -60)",
    ),
    "CREATE TABLE, CREATE VIEW": (
        "create dynamic table d target_lag = '1 minute' warehouse = x as select 1 a",
        "create external table e (a int) location = @shelf",
        "create hybrid table h (a int)",
        "create event table e",
        "create iceberg table i (a int)",
        "create materialized view m as select 1 a",
        "create table y (a int) with tag (a = 'b')",
        "create table y (a int with tag (a = 'b'))",
        "create table y (a int masking policy p)",
        "create table y (a int) with row access policy p on (a)",
        "create table y (a varchar collate 'en-ci')",
        "create table y (a geography)",
        "create table y (a array(int))",
        "create table y (a decfloat)",
        "create table y (a int) enable_schema_evolution = true",
        "create table y (a interval year to month)",
        "create table y (a int) change_tracking = maybe",
        "create table y clone t at (offset => -60)",
        "create or alter table t (a int default 7, v variant)",
        "create or alter table t (a int, c int, v variant)",
        'create table "a""b" (a int)',
        "create view y with tag (a = 'b') as select 1 a",
        "create view y change_tracking = true as select 1 a",
        "create view y as select * from t pivot(count(v) for a in (any))",
        "select * from t pivot(count(*) for a in (1))",
        "create view y as select * from t pivot(count(v) for a in (1) default on null (0))",
    ),
    "CREATE TAG, CREATE POLICY": (
        "create tag g",
        "create masking policy m as (v string) returns string -> v",
        "create network policy n allowed_ip_list = ('0.0.0.0/0')",
    ),
    "CREATE TASK, EXECUTE TASK": (
        "create task y schedule = '1 minute' config = '{}' as select 1",
        "create task y schedule = '1 minute' error_integration = i as select 1",
        "create task y schedule = '1 minute' success_integration = i as select 1",
        "create task y schedule = '1 minute' overlap_policy = allow_all_overlap as select 1",
        "create task y schedule = '1 minute' allow_overlapping_execution = true as select 1",
        "create task y schedule = 'using cron 0 0 * * 1#2 UTC' as select 1",
        "create task y schedule = '1 minute' as begin select 1; end",
        "create task y schedule = '1 minute' when system$get_predecessor_return_value() = 'a'"
        " as select 1",
        "create task y finalize = k as select 1",
        "create task y clone k",
        "execute task k retry last",
        "execute task k using config = '{}'",
    ),
    "CREATE WAREHOUSE": (
        "create warehouse y max_cluster_count = 3",
        "create warehouse y warehouse_type = 'SNOWPARK-OPTIMIZED'",
    ),
    "EXECUTE": (
        "execute immediate 'begin return 1; end'",
        "execute immediate 'select 1' using (x)",
        "execute immediate from @shelf/x.sql using (x => current_date)",
        "execute streamlit s()",
    ),
    "EXPLAIN": ("explain select 1",),
    "INSERT ALL": ("insert all into t values (default, default) select 1 a",),
    "Scripting": (
        "begin let y := 1; return y; end",
        "declare y int; begin return 1; end",
        "call p(1) into :y",
    ),
    "SELECT": (
        "select * from t at (offset => -60)",
        "select * from t before (statement => 'x')",
        "select * from t changes (information => default) at (offset => -1)",
        "select * from t connect by prior a = a",
        "select 'a' = 'A' collate 'en-ci'",
        "select * from t order by [a]",
        "select max_by(a, v) from t",
        "select percentile_cont(0.5) within group (order by v) from t",
        "select * from t where (v, a) = (v, a)",
        "select * from t where v = to_binary('AB')",
        "select a.v from t a join t b using (v)",
        "select * from dual",
        "select * from '/etc/passwd'",
        "select * from read_csv('/etc/passwd')",
        "select * from duckdb_tables()",
        "select sum(distinct a) over (order by a) from t",
        "select listagg(to_binary('AB'), ',')",
        "select concat_ws(to_binary('AB'), to_binary('CD'))",
        "select insert(to_binary('AB'), 1, 1, to_binary('CD'))",
        "select round(2.5, 0, 'HALF_TO_' || 'EVEN')",
        "select round('2.5', 0, 'HALF_TO_EVEN')",
        "select * from table(information_schema.query_history())",
        "select * from table(information_schema.notification_history())",
    ),
    "SELECT of functions": (
        "select parse_json('[NaN]')",
        "select get_ddl('table', 't')",
        "select to_char(12.3, '9.99EE')",
        "select typeof([current_date()][0])",
        "select '2026-01-31'::date::variant = '2026-01-31'::variant",
        "select system$get_alert_config('a')",
        "select system$set_return_value('a')",
        "select system$get_predecessor_return_value('a')",
        "select system$get_task_graph_config('a')",
        "select system$task_runtime_info('a')",
        "select system$current_user_task_name()",
    ),
    "SHOW": (
        "show parameters in warehouse x",
        "show terse procedures",
        "show iceberg tables",
    ),
    "UNDROP": ("undrop table t", "undrop database x"),
    "What only the engine has": (
        "pragma database_list",
        "install httpfs",
        "checkpoint",
    ),
}

_HEAD = """\
# What the account refuses

Written by `make refusals`, from what an account answers; a test holds the page to it. All of these
end in error 000002 (SQLSTATE 0A000), and have no effect. [The manual](manual.md#what-it-refuses)
has the rest.

| statement | for instance | `Unsupported feature '…'` |
|---|---|---|
"""


def prepare(connection: SnowflakeConnection) -> None:
    """In the connection's schema."""
    for statement in SETUP:
        connection.cursor().execute(statement)


def answer(connection: SnowflakeConnection, sql: str) -> str:
    """The feature that the account's refusal names. Raises AssertionError where it does not refuse
    the statement as unsupported."""
    try:
        connection.cursor().execute(sql)
    except snowflake.connector.errors.ProgrammingError as error:
        assert (error.errno, error.sqlstate) == UNSUPPORTED, f"{sql}: {error}"
        _, found, feature = str(error.raw_msg).partition("Unsupported feature '")
        assert found, f"{sql}: {error}"
        return feature.strip().removesuffix(".").removesuffix("'")
    raise AssertionError(f"{sql}: it was carried out")


def page(connection: SnowflakeConnection) -> str:
    return _HEAD + "".join(_rows(connection))


def _rows(connection: SnowflakeConnection) -> Iterator[str]:
    for kind, statements in REFUSED.items():
        for place, sql in enumerate(statements):
            cells = (kind if place == 0 else "", _code(sql), _code(answer(connection, sql)))
            yield f"| {' | '.join(cells)} |\n"


def _code(text: str) -> str:
    """A cell of a table with this text as code."""
    flat = " ".join(text.split()).replace("|", "\\|")
    return f"`` {flat} ``" if "`" in flat else f"`{flat}`"


def main() -> int:
    with flocon.Account() as account, account.connect() as connection:
        connection.cursor().execute("create database d")
        prepare(connection)
        PAGE.write_text(page(connection), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
