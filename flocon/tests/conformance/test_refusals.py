"""What is outside the account's scope fails with Snowflake's number and says what it was."""

import pytest
import snowflake.connector
from accounts import on_snowflake
from shared import one_database

database = pytest.fixture(scope="module")(one_database)
UNSUPPORTED = (2, "0A000")
pytestmark = pytest.mark.skipif(
    on_snowflake(), reason="Snowflake has these: docs/manual.md, What it refuses"
)

_REFUSED = [
    ("list @~", "user stage"),
    ("undrop table t", "UNDROP"),
    ("execute immediate 'select 1'", "EXECUTE"),
    ("begin let x := 1; return x; end", "Scripting"),
    ("declare x int; begin return 1; end", "Scripting"),
    ("set x = 5", "SET"),
    ("explain select 1", "EXPLAIN"),
    ("create dynamic table d target_lag = '1 minute' warehouse = w as select 1 x", "DYNAMIC"),
    ("create materialized view m as select 1 x", "MATERIALIZED VIEW"),
    ("create external table e (a int) location = @s", "EXTERNAL"),
    ("create iceberg table i (a int)", "ICEBERG"),
    ("create hybrid table h (a int)", "hybrid"),
    ("create table tagged (a int) with tag (a = 'b')", "TAG"),
    ("create function f(x int) returns int as 'x + 1'", "FUNCTION"),
    ("create procedure p() returns int language javascript as 'return 1'", "JAVASCRIPT"),
    ("create procedure p() returns int language sql as 'begin return 1; end'", "SQL"),
    ("create pipe p as copy into t from @s", "pipe"),
    ("create tag g", "TAG"),
    ("create masking policy m as (v string) returns string -> v", "masking policy"),
    ("create notification integration i type = queue enabled = true", "INTEGRATION"),
    ("execute streamlit s()", "EXECUTE STREAMLIT"),
    ("create or replace role r", "OR REPLACE ROLE"),
    ("create user u password = 'p'", "USER with PASSWORD"),
    ("grant select on table t to user u", "grants to a USER"),
    ("alter role sysadmin rename to x", "ALTER ROLE"),
    ("alter table t set tag a = 'b'", "TAG"),
    ("alter table t swap with u", "SWAP"),
    ("alter table t add search optimization", "search optimization"),
    ("alter schema public rename to other", "alter schema"),
    ("alter account set timezone = 'UTC'", "alter account"),
    ("alter session set nonsense = 1", "NONSENSE"),
    ("alter session set client_nonsense = 1", "CLIENT_NONSENSE"),
    ("alter session set log_level = 'INFO'", "LOG_LEVEL"),
    ("alter session unset nonsense", "NONSENSE"),
    ("alter database x set comment = 'c'", "alter database"),
    ("alter stage s set comment = 'c'", "alter stage"),
    ("alter table t suspend recluster", "suspend recluster"),
    ("alter table t unset comment", "UNSET COMMENT"),
    ("alter view sight set secure", "ALTER VIEW"),
    ("create schema copied clone public", "CLONE"),
    ("create database copied clone other", "CLONE"),
    ("create transient schema x", "TRANSIENT"),
    ("create schema x data_retention_time_in_days = 1", "data_retention_time_in_days"),
    ("create schema x with managed access", "managed access"),
    ("create table k (a int) enable_schema_evolution = true", "enable_schema_evolution"),
    ("create table k (a int) change_tracking = maybe", "change_tracking"),
    ("create table k (a int) with row access policy p on (a)", "ROW ACCESS POLICY"),
    ("create table k (a int with tag (x = 'y'))", "TAG"),
    ("create table k (a int masking policy p)", "MASKING POLICY"),
    ("create table k (a varchar collate 'en-ci')", "COLLATE"),
    ("create view k with tag (a = 'b') as select 1 x", "TAG"),
    ("create view k change_tracking = true as select 1 x", "change_tracking"),
    ("create stage x url = 's3://bucket'", "url"),
    ("create stage x directory = (enable = true)", "directory"),
    ("create stage x encryption = (type = 'SNOWFLAKE_SSE')", "encryption"),
    ("create stage x file_format = (type = csv)", "FILE_FORMAT"),
    ("create stage x nonsense = 1", "nonsense"),
    ("copy into t from @shelf nonsense = 1", "nonsense"),
    ("copy into t from @shelf validation_mode = return_errors", "validation_mode"),
    ("copy into t from @shelf on_error = 'skip_file'", "on_error"),
    ("copy into t from @shelf file_format = (type = csv nonsense = 3)", "NONSENSE"),
    ("create warehouse y max_cluster_count = 3", "MAX_CLUSTER_COUNT"),
    ("alter warehouse x rename to y", "rename"),
    ("select get_ddl('table', 't')", "GET_DDL"),
    ("comment on stream s is 'x'", "comment on stream"),
    ("show terse procedures", "SHOW TERSE PROCEDURES"),
    ("describe schema public", "DESCRIBE schema"),
    ("describe stage s", "DESCRIBE stage"),
    ("alter session set date_input_format = 'DD/MM/YYYY'", "DATE_INPUT_FORMAT"),
    ("alter session set timestamp_type_mapping = 'TIMESTAMP_LTZ'", "TIMESTAMP_TYPE_MAPPING"),
    ("alter session set error_on_nondeterministic_merge = false", "NONDETERMINISTIC_MERGE"),
    ("comment on schema public is 'x'", "SCHEMA"),
    ("create or alter table t (b int)", "drops column A"),
    ("create or alter table t (a varchar)", "changes A"),
    ("select * from t at (offset => -60)", "Time Travel"),
    ("select * from t before (statement => 'x')", "Time Travel"),
    ("select * from t changes (information => default) at (offset => -1)", "Time Travel"),
    ("select * from t connect by prior a = a", "CONNECT BY"),
    ("select 'a' = 'A' collate 'en-ci'", "COLLATE"),
    ("select to_char(12.3, '999.99')", "ToChar"),
    ("select regexp_replace('aaa', 'a', 'b', 1, 2)", "REGEXP_REPLACE"),
    ("copy into @s from t", "COPY INTO <location>"),
    ("copy into t from 's3://bucket'", "outside"),
    ("copy t to '/tmp/x.csv'", "COPY INTO <location>"),
    ("select * from read_csv('/etc/passwd')", "table function"),
    ("select * from '/etc/passwd'", "file"),
    ("select * from duckdb_tables()", "table function"),
    ("select * from table(information_schema.query_history())", "query_history"),
    ("select * from table(information_schema.notification_history())", "notification_history"),
    ("select system$get_alert_config('a')", "SYSTEM$GET_ALERT_CONFIG"),
    ("pragma database_list", "PRAGMA"),
    ("install httpfs", "INSTALL"),
    ("checkpoint", "CHECKPOINT"),
    ("show parameters", "show parameters"),
]


@pytest.mark.parametrize(("sql", "named"), _REFUSED, ids=[sql[:50] for sql, _ in _REFUSED])
def test_a_statement_outside_the_scope_is_refused_by_name(
    connection: snowflake.connector.SnowflakeConnection, sql: str, named: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql-all"""
    cursor = connection.cursor()
    cursor.execute("create table if not exists t (a int)")
    cursor.execute("create stage if not exists shelf")
    cursor.execute("create view if not exists sight as select 1 x")
    cursor.execute("create warehouse if not exists x initially_suspended = true")
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        cursor.execute(sql)
    assert (caught.value.errno, caught.value.sqlstate) == UNSUPPORTED
    assert "Unsupported feature" in str(caught.value.msg)
    assert named in str(caught.value.msg)
