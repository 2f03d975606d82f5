"""What the manual says under "What differs", line by line: each line is held by an example here, or
by the tests that are named here.

Who adds a line to the manual adds its example, or names its test.
"""

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flocon.account import Account
from flocon.core.errors import SnowflakeError
from flocon.session.session import Session

_TESTS = Path(__file__).parent
_MANUAL = (_TESTS.parent / "docs" / "manual.md").read_text("utf-8").partition("## What differs")[2]

# By section and first column: statements, each with its rows, or with the number of its error. None
# where the answer does not matter.
_DATE_OR_TEXT = "SELECT '2026-01-31'::DATE::VARIANT AS v UNION ALL SELECT 'x'::VARIANT"
EXAMPLES: dict[tuple[str, str], list[tuple[str, Any]]] = {
    ("Queries", "errors without a number"): [
        ("CREATE TABLE unordered (a INT, b INT)", None),
        ("SELECT 1 FROM unordered x ASOF JOIN unordered y MATCH_CONDITION (y.a <= x.a)", 2),
        (
            "MERGE INTO unordered USING (SELECT 1 AS k) s ON a = k WHEN MATCHED THEN DELETE"
            " WHEN MATCHED THEN UPDATE SET b = 1",
            2,
        ),
        ("CREATE TABLE typed (n INT) AS SELECT TRUE", 2),
        ("SELECT 1 FROM unordered WHERE a", 2),
        ("ALTER TABLE unordered ADD COLUMN c INT DEFAULT 1 + 1", 2),
        ("SELECT (SELECT a, b FROM unordered)", 2),
        ("SELECT * FROM unordered AS u (x)", 2),
        ("ALTER TABLE unordered SET DATA_RETENTION_TIME_IN_DAYS = 91", 2),
        ("CREATE TABLE bytes (b BINARY DEFAULT NULL)", 2),
        ("SELECT 1 FROM unordered WHERE AVG(a) > 1", 2),
        ("SELECT 1 FROM unordered WHERE ROW_NUMBER() OVER (ORDER BY a) = 1", 2),
    ],
    ("GRANT, USE ROLE, CREATE USER", "secondary roles"): [
        ("CREATE ROLE second", None),
        ("USE SECONDARY ROLES second", None),
        ("SELECT CURRENT_SECONDARY_ROLES()", 2),
        ("USE SECONDARY ROLES NONE", None),
    ],
    ("Queries", "scalar subqueries"): [
        ("CREATE TABLE single AS SELECT 1 AS a", None),
        ("SELECT COALESCE(a, (SELECT column1 FROM VALUES (1), (2))) FROM single", 90150),
        ("SELECT 1 FROM single WHERE FALSE AND a = (SELECT column1 FROM VALUES (1), (2))", []),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "SWAP WITH, RENAME TO"): [
        ("CREATE TABLE staying (a INT)", None),
        ("CREATE TEMPORARY TABLE passing (a INT)", None),
        ("ALTER TABLE staying SWAP WITH passing", 2),
        ("ALTER TABLE staying SWAP WITH other.staying", 2003),
        ("ALTER TABLE staying RENAME TO other.staying", 2),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "rows of a temporary table"): [
        ("CREATE TEMPORARY TABLE open (a INT)", None),
        ("BEGIN", None),
        ("INSERT INTO open VALUES (1)", None),
        ("SELECT row_count FROM INFORMATION_SCHEMA.TABLES WHERE table_name = 'OPEN'", [(1,)]),
        ("ROLLBACK", None),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "columns of SHOW and DESCRIBE"): [
        ("CREATE TABLE strict (a INT NOT NULL)", None),
        ("CREATE VIEW seen AS SELECT a FROM strict", None),
        (
            "SELECT is_nullable FROM INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'SEEN'",
            [("YES",)],
        ),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "views"): [
        ("CREATE VIEW sight AS SELECT 1 AS n", None),
        ("CREATE OR REPLACE VIEW sight AS SELECT n FROM sight", 2),
        (
            "CREATE RECURSIVE VIEW far (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM far WHERE n < 3",
            2,
        ),
    ],
    ("Types and expressions", "SEQ1, SEQ2"): [
        ("SELECT MAX(s) FROM (SELECT SEQ1() s FROM TABLE(GENERATOR(ROWCOUNT => 128)))", [(127,)]),
        ("SELECT MAX(s) FROM (SELECT SEQ1() s FROM TABLE(GENERATOR(ROWCOUNT => 129)))", 2),
        ("SELECT MAX(s) FROM (SELECT SEQ2() s FROM TABLE(GENERATOR(ROWCOUNT => 32769)))", 2),
    ],
    ("Types and expressions", "LAG, LEAD"): [
        ("SELECT LAG(1::NUMBER(10, 2), 1, 0.125) OVER (ORDER BY 1)", 2),
        ("SELECT LAG(1::NUMBER(10, 3), 1, 0.125) OVER (ORDER BY 1)", [(Decimal("0.125"),)]),
    ],
    ("Types and expressions", "UNION"): [
        ("SELECT * FROM (SELECT 1 AS n) UNION ALL SELECT '2'", 2),
        ("SELECT $1 FROM VALUES (1) UNION ALL SELECT '2'", 2),
        ("SELECT TRUE UNION ALL SELECT 'true'", 2),
        ("SELECT TRUE UNION ALL SELECT 2", 2),
        ("SELECT n FROM (SELECT 1 AS n) UNION ALL SELECT '2' ORDER BY n", [(1,), (2,)]),
    ],
    ("Types and expressions", "TIMESTAMP_TZ"): [
        (
            "SELECT DATEDIFF(HOUR, '2026-01-01 12:00:00 +0200'::TIMESTAMP_TZ,"
            " '2026-01-01 12:00:00 +0300'::TIMESTAMP_TZ)",
            2,
        ),
        ("SELECT COALESCE('2026-01-01'::TIMESTAMP_TZ, CURRENT_DATE())", 2),
        ("SELECT '2026-01-01'::TIMESTAMP_TZ UNION ALL SELECT CURRENT_TIMESTAMP()", 2),
        (
            "WITH RECURSIVE r(z) AS (SELECT '2026-01-01'::TIMESTAMP_TZ UNION ALL"
            " SELECT DATEADD(DAY, 1, z) FROM r) SELECT * FROM r LIMIT 2",
            2,
        ),
        ("ALTER SESSION SET TIMEZONE = 'Asia/Tokyo'", None),
        (
            "SELECT TO_TIMESTAMP_TZ(1767225600)::VARCHAR",
            [("2026-01-01 09:00:00.000 +0900",)],
        ),
        ("ALTER SESSION UNSET TIMEZONE", None),
    ],
    ("Types and expressions", "comparisons in a row"): [
        ("SELECT FALSE = 1 NOT IN (2)", 2),
        ("SELECT (FALSE = 1) NOT IN (TRUE)", [(True,)]),
        ("SELECT 2 > 1 IN (TRUE)", [(True,)]),
        ("SELECT TRUE = 'a' LIKE 'a'", [(True,)]),
    ],
    ("Types and expressions", "IN of a BOOLEAN"): [
        ("SELECT 2 IN (SELECT TRUE)", 2),
        ("SELECT TRUE IN (1, 2)", 2),
        ("SELECT 2::BOOLEAN IN (SELECT TRUE)", [(True,)]),
    ],
    ("Types and expressions", "recursive CTEs"): [
        ("WITH r AS (SELECT 1 AS n UNION SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r", 2),
        (
            "WITH r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 2)"
            " SELECT MAX(n) FROM r",
            [(2,)],
        ),
    ],
    ("Types and expressions", "VARIANTs as dates"): [
        ("SELECT DATE(PARSE_JSON('1704412800'))", 100071),
        ("SELECT DATE(PARSE_JSON('1704412800')::VARCHAR)", [(datetime.date(2024, 1, 5),)]),
        ('SELECT PARSE_JSON(\'{"x": "10:11 PM"}\'):x::TIME', 100071),
        (
            'SELECT PARSE_JSON(\'{"x": "10:11 PM"}\'):x::VARCHAR::TIME',
            [(datetime.time(22, 11),)],
        ),
    ],
    ("Types and expressions", "keys that are there twice"): [
        ("""SELECT PARSE_JSON('{"a": 1, "a": 2}', 'd')""", 2),
    ],
    ("Types and expressions", "TO_CHAR of a number, TO_NUMBER with a format"): [
        ("SELECT TO_CHAR(1234.5, '9,999.00'), TO_CHAR(1234.5, 'TM9')", [(" 1,234.50", "1234.5")]),
        ("SELECT TO_CHAR(1234.5, '9.999EE')", 2),
        ("SELECT TO_NUMBER('12', '99')", [(12,)]),
        ("SELECT TO_NUMBER('1e2', '9EE')", 2),
        ("SELECT TO_DOUBLE('12', '99')", 2),
    ],
    ("Types and expressions", "PARSE_URL"): [
        ("SELECT PARSE_URL('https://a.b/?x=1'):path::VARCHAR", [("",)]),
        ("SELECT PARSE_URL('https://a.b')", 2),
        ("SELECT PARSE_URL('https://a.b/?x=1&x=2')", 2),
    ],
    ("Types and expressions", "CONDITIONAL_CHANGE_EVENT"): [
        ("CREATE TABLE events_of (n INT)", None),
        ("INSERT INTO events_of VALUES (1), (2), (2)", None),
        (
            "SELECT n, CONDITIONAL_CHANGE_EVENT(n) OVER (ORDER BY n) FROM events_of ORDER BY n",
            [(1, 0), (2, 1), (2, 1)],
        ),
        ("SELECT *, CONDITIONAL_CHANGE_EVENT(n) OVER (ORDER BY n) FROM events_of", 2),
    ],
    ("Types and expressions", "order of VARIANTs"): [
        ("SELECT v FROM (SELECT 1::VARIANT AS v) ORDER BY v", [("1",)]),
        ("SELECT MAX(v) FROM (SELECT 1::VARIANT AS v UNION ALL SELECT NULL)", [("1",)]),
        ("SELECT PARSE_JSON('null') > 1, PARSE_JSON('[1]') < PARSE_JSON('null')", [(True, True)]),
        ("SELECT [1, NULL]::VARIANT < [1]::VARIANT", 2),
        ("SELECT MAX_BY(1, 2::VARIANT)", 2),
        ("SELECT MIN([1])", 2),
        ("SELECT PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY 1::VARIANT)", 2),
        ("SELECT GREATEST(1::VARIANT, 2)", 2),
        ("SELECT ARRAY_SORT([1, 'a'])", 2),
        ("SELECT ARRAY_MAX([[1], [2]])", 2),
        ("SELECT 1::VARIANT IN (1, 'a')", 2),
    ],
    ("Types and expressions", "VARIANT and text"): [
        ("SELECT x > '2', x = '10' FROM (SELECT PARSE_JSON('10') AS x)", [(False, True)]),
        ("SELECT x::INT > '2' FROM (SELECT PARSE_JSON('10') AS x)", [(True,)]),
    ],
    ("Types and expressions", "SKEW"): [
        (
            "SELECT ROUND(SKEW(k), 9) FROM (SELECT 1 AS k UNION ALL SELECT 2 FROM"
            " TABLE(GENERATOR(ROWCOUNT => 4)))",
            [(-2.236069766,)],
        ),
    ],
    ("Types and expressions", "SOUNDEX, SOUNDEX_P123, ASCII"): [
        ("SELECT SOUNDEX('Ñandu')", 2),
        ("SELECT ASCII('Ñandu')", 2),
    ],
    ("Types and expressions", "LISTAGG, REPLACE, CONCAT …"): [
        ("SELECT LENGTH(REPEAT('x', 134217729))", 100078),
        ("SELECT LENGTH(REPEAT('x', 134217728) || 'x')", [(134217729,)]),
        ("CREATE TABLE longest (v VARCHAR)", None),
        ("INSERT INTO longest SELECT REPEAT('x', 16777217)", [(1,)]),
    ],
    ("Types and expressions", "UPPER, INITCAP"): [
        ("SELECT UPPER('straße')", 2),
        ("SELECT INITCAP(x) FROM VALUES ('am ßtrand') v (x)", 2),
        ("SELECT INITCAP(x) FROM VALUES ('straße') v (x)", [("Straße",)]),
        ("SELECT UPPER('œuf'), INITCAP(x) FROM VALUES ('élan') v (x)", [("ŒUF", "Élan")]),
    ],
    ("Types and expressions", "NTH_VALUE"): [
        ("SELECT NTH_VALUE(x, 0) OVER (ORDER BY x) FROM VALUES (5) v (x)", 2),
        ("SELECT NTH_VALUE(x, 1001) OVER (ORDER BY x) FROM VALUES (5) v (x)", 2),
        ("SELECT NTH_VALUE(x, x) OVER (ORDER BY x) FROM VALUES (5) v (x)", 2),
        ("SELECT NTH_VALUE(x, 1) OVER (ORDER BY x) FROM VALUES (5) v (x)", [(5,)]),
    ],
    ("Types and expressions", "FILTER"): [("SELECT FILTER([1, 0], x -> x)", 2)],
    ("Types and expressions", "UNIFORM"): [
        ("SELECT UNIFORM(1, x, RANDOM()) FROM VALUES (5) v (x)", 2),
        ("SELECT UNIFORM(1, x::INT, RANDOM()) BETWEEN 1 AND 5 FROM VALUES (5) v (x)", [(True,)]),
    ],
    ("Types and expressions", "SYSTEM$TYPEOF"): [
        ("SELECT SYSTEM$TYPEOF(x) FROM (SELECT 1 AS x)", 2),
        ("SELECT SYSTEM$TYPEOF(1 / 3)", 2),
        ("SELECT SYSTEM$TYPEOF(YEAR(CURRENT_DATE()))", 2),
        ("CREATE TABLE typed AS SELECT 1 / 3 AS x", None),
        ("SELECT SYSTEM$TYPEOF(x) FROM typed", [("NUMBER(7,6)[SB4]",)]),
    ],
    ("Types and expressions", "timestamps"): [
        ("SELECT '2026-01-01 00:00:00.123456789'::TIMESTAMP_NTZ", 2),
        ("SELECT TO_TIMESTAMP(1767225600123456789, 9)", 2),
        (
            "SELECT '2026-01-01 00:00:00.123456789'::TIMESTAMP_NTZ(6)",
            [(datetime.datetime(2026, 1, 1, 0, 0, 0, 123456),)],
        ),
    ],
    ("Types and expressions", "PATH of FLATTEN"): [
        (
            "SELECT path FROM TABLE(FLATTEN({'a b': 1, 'it''s': 2})) ORDER BY 1",
            [("['a b']",), ("['it\\'s']",)],
        ),
        ("SELECT path FROM TABLE(FLATTEN(INPUT => {'a b': [1]}, PATH => '[\"a b\"]'))", 2),
    ],
    ("Types and expressions", "places in a text"): [
        (
            "SELECT POSITION('a', 'abc', 0), INSERT('abc', 0, 1, 'x'), SUBSTR('abc', -5, 3)",
            [(1, "xabc", "a")],
        ),
    ],
    ("Types and expressions", "SEQ of FLATTEN and SPLIT_TO_TABLE"): [
        (
            "SELECT COUNT(DISTINCT seq) FROM (SELECT *"
            " FROM (SELECT [1] AS a UNION ALL SELECT [1]) t, LATERAL FLATTEN(t.a) f)",
            [(2,)],
        ),
        ("SELECT OBJECT_CONSTRUCT(*) FROM (SELECT [1] AS a) t, LATERAL FLATTEN(t.a)", 2),
        ("SELECT * ILIKE '%q' FROM (SELECT [1] AS a) t, LATERAL FLATTEN(t.a)", 2),
    ],
    ("Types and expressions", "HASH"): [
        ("SELECT HASH('a') = HASH('a'), HASH('a') = HASH('b')", [(True, False)]),
    ],
    ("Types and expressions", "RANDOM(seed)"): [
        ("SELECT RANDOM(1) = RANDOM(1)", [(True,)]),
        ("SELECT UNIFORM(1, 9, 5) = UNIFORM(1, 9, 5)", [(True,)]),
        ("SELECT SUM(RANDOM(1))", 2),
    ],
    ("Types and expressions", "a NULL in an array"): [
        (
            "CREATE FUNCTION how_many(a ARRAY) RETURNS INT LANGUAGE PYTHON"
            " RUNTIME_VERSION = '3.11' HANDLER = 'f' AS 'f = len'",
            None,
        ),
        ("SELECT how_many([1, PARSE_JSON('null')])", [(2,)]),
        ("SELECT how_many([1, NULL])", 2),
    ],
    ("Types and expressions", "INT, NUMBER"): [
        ("CREATE TABLE wide (n INT)", None),
        ("INSERT INTO wide VALUES (10000000000000000000)", 2),
        ("INSERT INTO wide SELECT 10000000000000000000::NUMBER(38, 0)", 2),
        ("CREATE TABLE wider (n NUMBER(37, 0))", None),
        ("INSERT INTO wider VALUES (10000000000000000000)", None),
        ("SELECT 10000000000000000000 + 1", [(Decimal("10000000000000000001"),)]),
    ],
    ("Types and expressions", "numbers in a VARIANT"): [
        (
            "SELECT TYPEOF(v) FROM (SELECT DISTINCT v FROM (SELECT 2.5::FLOAT::VARIANT AS v))",
            [("DOUBLE",)],
        ),
        ("SELECT MODE(v) FROM (SELECT 2::FLOAT::VARIANT AS v)", 2),
        ("SELECT 2::FLOAT::VARIANT INTERSECT SELECT 2::VARIANT", 2),
        ("SELECT PARSE_JSON('[NaN]')", 2),
        ("SELECT PARSE_JSON('1e400')", [("1e400",)]),
        ("SELECT PARSE_JSON('1e9990')", 100069),
    ],
    ("Types and expressions", "CHECK_JSON"): [
        ("SELECT CHECK_JSON('{\\'a\\':}')", [("Invalid JSON",)]),
    ],
    ("Types and expressions", "texts in a VARIANT"): [
        ("CREATE TABLE anything (v VARIANT)", None),
        ("INSERT INTO anything VALUES ('a' || 'b')", 2023),
        ("INSERT INTO anything SELECT * FROM VALUES ('a' || 'b') WHERE 1 = 2", None),
    ],
    ("Types and expressions", "dates, times and BINARYs in a VARIANT"): [
        ("SELECT TYPEOF(v) FROM (SELECT '2026-01-31'::DATE::VARIANT AS v)", [("DATE",)]),
        ("SELECT '2026-01-31 10:00:00.123456'::TIMESTAMP::VARIANT::TIMESTAMP", 2),
        (f"SELECT TYPEOF(v) FROM ({_DATE_OR_TEXT})", 2),
        (f"SELECT TYPEOF(v) FROM ({_DATE_OR_TEXT}) WHERE v = 'x'", [("VARCHAR",)]),
        (f"SELECT IS_DATE(v) FROM ({_DATE_OR_TEXT})", 2),
        ("SELECT TYPEOF(OBJECT_CONSTRUCT('d', CURRENT_DATE()):d)", 2),
        ("SELECT TYPEOF(OBJECT_CONSTRUCT('d', CURRENT_DATE()::VARCHAR):d)", [("VARCHAR",)]),
        ("CREATE TABLE moments (v VARIANT)", None),
        ("INSERT INTO moments SELECT '2026-01-31'::VARCHAR::VARIANT", None),
        ("CREATE VIEW kinds AS SELECT TYPEOF(v) AS kind FROM moments", None),
        ("SELECT kind FROM kinds", [("VARCHAR",)]),
        ("INSERT INTO moments SELECT ['2026-01-31'::DATE]", None),
        ("SELECT TYPEOF(v) FROM moments WHERE IS_VARCHAR(v)", 2),
        ("SELECT kind FROM kinds", 2),
        ("CREATE TABLE copied AS SELECT v FROM moments", None),
        ("SELECT TYPEOF(v[0]) FROM copied", 2),
        ("SELECT ARRAY_CONTAINS('2026-01-31'::VARIANT, ['2026-01-31'::DATE])", 2),
        ("SELECT ARRAY_CONTAINS('x'::VARIANT, ['2026-01-31'::DATE])", [(False,)]),
        ("SELECT '2026-01-31'::VARIANT = '2026-01-31'::DATE::VARIANT", 2),
        ("SELECT '2026-01-31'::DATE::VARIANT = '2026-02-01'::DATE::VARIANT", [(False,)]),
        ("SELECT '2026-01-31'::DATE::VARIANT = '2026-01-31'", [(True,)]),
        ("SELECT '2026-01-31'::DATE::VARIANT::TIMESTAMP", 2),
        ("SELECT DATE('2026-01-31'::TIMESTAMP::VARIANT)", 2),
        ("SELECT '2026-01-31'::DATE::VARIANT::VARCHAR::TIMESTAMP", None),
        ("CREATE VIEW distincts AS SELECT DISTINCT v FROM moments", None),
        ("SELECT v FROM distincts", 2),
        (
            "SELECT DISTINCT v::VARCHAR FROM moments WHERE v::VARCHAR = '2026-01-31'",
            [("2026-01-31",)],
        ),
        ("SELECT COUNT(*) FROM (SELECT v FROM moments UNION SELECT 5::VARIANT)", 2),
        ("SELECT '20:57:01.123456'::TIME::VARIANT::VARCHAR", 2),
    ],
    ("Types and expressions", "VARIANCE, PERCENTILE_CONT"): [
        ("SELECT VARIANCE(x) FROM (SELECT 1::NUMBER(20, 13) AS x)", 2),
        ("SELECT VARIANCE(x) FROM (SELECT 1::NUMBER(20, 12) AS x)", [(None,)]),
        (
            "SELECT PERCENTILE_CONT(0.3) WITHIN GROUP (ORDER BY COLUMN1)"
            " FROM VALUES (1234567890123456), (1234567890123457)",
            2,
        ),
        (
            "SELECT MEDIAN(COLUMN1) FROM VALUES (1234567890123456), (1234567890123457)",
            [(Decimal("1234567890123456.500"),)],
        ),
    ],
    ("Types and expressions", "CEIL, FLOOR"): [
        ("SELECT CEIL(1.25::FLOAT, n), FLOOR(-1.25, 1) FROM (SELECT 1 AS n)", None),
        ("SELECT CEIL(1.25, n) FROM (SELECT 1 AS n)", 2),
    ],
    ("Names", "`*`"): [
        (
            "SELECT * FROM (SELECT 1 AS a) x JOIN (SELECT 1 AS a, 2 AS b) y USING (a)"
            " JOIN (SELECT 2 AS b) z USING (b)",
            2,
        ),
        ("SELECT * FROM (SELECT 1 AS a) x NATURAL JOIN (SELECT 1 AS a)", 2),
    ],
    ("Names", "columns"): [
        ('CREATE TABLE quotes ("it\'s" INT)', 2),
        ('SELECT 1 AS "\uf8e0"', 2),
    ],
    ("Names", "databases, schemas, tables, views"): [
        ("CREATE TABLE cellar (n INT)", None),
        ('CREATE TABLE "Cellar" (n INT)', 2),
        ('CREATE TABLE "it\'s" (n INT)', 2),
        ('CREATE DATABASE "a b"', 2),
    ],
    ("BEGIN, COMMIT, ROLLBACK, DML", "several databases"): [
        ("CREATE TABLE here (n INT)", None),
        ("CREATE STREAM of_here ON TABLE here", None),
        ("CREATE DATABASE other", None),
        ("CREATE TABLE there (n INT)", None),
        ("CREATE STREAM of_there ON TABLE there", None),
        ("BEGIN", None),
        ("INSERT INTO d.public.here VALUES (1)", None),
        ("INSERT INTO there VALUES (1)", 2),
        ("ROLLBACK", None),
        ("USE SCHEMA d.public", None),
    ],
    ("Queries", "QUERY_HISTORY, ACCOUNT_USAGE"): [
        ("SELECT * FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY())", 2),
        ("SELECT * FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY", 2003),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "DEFAULT"): [
        ("CREATE TABLE by_default (n INT, d VARCHAR DEFAULT '2026-01-31'::date::varchar)", None),
        ("ALTER SESSION SET DATE_OUTPUT_FORMAT = 'DD.MM.YYYY'", None),
        ("INSERT INTO by_default (n) VALUES (1)", 2),
        ("ALTER SESSION UNSET DATE_OUTPUT_FORMAT", None),
        (
            "SELECT column_default FROM information_schema.columns"
            " WHERE table_name = 'BY_DEFAULT' AND column_name = 'D'",
            [("CAST(CAST('2026-01-31' AS DATE) AS VARCHAR)",)],
        ),
        ("CREATE TABLE made (n INT DEFAULT (SELECT MAX(n) FROM by_default))", 2),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "CREATE OR ALTER TABLE"): [
        ("CREATE TABLE grown (n INT)", None),
        ("ALTER TABLE grown ADD COLUMN m INT DEFAULT 1", None),
        ("CREATE OR ALTER TABLE grown (n INT, m INT)", 2),
        ("ALTER TABLE grown ADD PRIMARY KEY (n)", None),
        ("ALTER TABLE grown ADD PRIMARY KEY (m)", 2),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "keys and properties of tables"): [
        ("CREATE TABLE keyed (n INT PRIMARY KEY) CLUSTER BY (n)", None),
        ("INSERT INTO keyed VALUES (1), (1)", [(2,)]),
        ("ALTER TABLE keyed DROP PRIMARY KEY", 2),
        ("CREATE TABLE counting (n INT AUTOINCREMENT)", None),
        ("INSERT INTO counting VALUES (DEFAULT), (DEFAULT)", [(2,)]),
        ("CREATE TABLE anew LIKE counting", None),
        ("INSERT INTO anew VALUES (DEFAULT)", [(1,)]),
        ("SELECT n FROM anew", [(1,)]),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "COMMENT, SHOW TABLES, SHOW VIEWS, SHOW COLUMNS"): [
        ("CREATE TABLE told (n INT)", None),
        ("COMMENT ON TABLE told IS 'of wine'", None),
        ("COMMENT ON COLUMN told.n IS 'how many'", None),
        ("COMMENT ON SCHEMA public IS 'of all'", None),
        ("COMMENT ON WAREHOUSE compute_wh IS 'of mine'", 2),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "sequences"): [
        ("CREATE SEQUENCE numbers", None),
        ("CREATE TABLE numbered (n INT DEFAULT numbers.NEXTVAL)", None),
        ("DROP SEQUENCE numbers", 2),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "directory tables"): [
        ("CREATE STAGE listed DIRECTORY = (ENABLE = TRUE)", None),
        ("ALTER STAGE listed REFRESH", []),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "EXECUTE IMMEDIATE FROM"): [
        ("EXECUTE IMMEDIATE FROM @listed/x.sql USING (day => CURRENT_DATE)", 2),
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "warehouses, compute pools, resource monitors"): [
        ("USE WAREHOUSE nowhere", 2043),
        ("CREATE RESOURCE MONITOR thrift WITH CREDIT_QUOTA = 1", None),
        ("CREATE WAREHOUSE press RESOURCE_MONITOR = thrift", None),
    ],
    ("CREATE PROCEDURE, CALL", "RUNTIME_VERSION, PACKAGES"): [
        (
            "CREATE PROCEDURE p() RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.12'"
            " PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run'"
            " AS 'def run(session): return 1'",
            None,
        ),
        (
            "CREATE PROCEDURE q() RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.12'"
            " PACKAGES = ('snowflake-snowpark-python==1.0.0') HANDLER = 'run'"
            " AS 'def run(session): return 1'",
            391546,
        ),
    ],
    ("CREATE PROCEDURE, CALL", "refused"): [
        ("CREATE PROCEDURE q() RETURNS INT LANGUAGE JAVASCRIPT AS 'return 1'", 2),
    ],
    ("CREATE FUNCTION", "as for procedures"): [
        ("CREATE FUNCTION script() RETURNS INT LANGUAGE JAVASCRIPT AS 'return 1'", 2),
    ],
    ("CREATE FUNCTION", "each row"): [
        (
            "CREATE FUNCTION lucky(n INT) RETURNS FLOAT IMMUTABLE LANGUAGE PYTHON"
            " RUNTIME_VERSION = '3.11' HANDLER = 'run'"
            " AS 'import random\ndef run(n): return random.random()'",
            None,
        ),
        (
            "SELECT COUNT(DISTINCT x)"
            " FROM (SELECT lucky(n) AS x FROM VALUES (1), (1), (1) AS t(n))",
            [(3,)],
        ),
    ],
    ("CREATE FUNCTION", "`_snowflake`"): [
        (
            "CREATE FUNCTION asking() RETURNS VARCHAR LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
            " HANDLER = 'run' AS 'import _snowflake\n"
            "def run(): return _snowflake.get_generic_secret_string(1)'",
            None,
        ),
        ("SELECT asking()", 100357),
    ],
    ("CREATE FUNCTION", "names"): [("SHOW FUNCTIONS LIKE 'ABS'", [])],
    ("CREATE TASK, EXECUTE TASK", "refused"): [
        ("CREATE TASK k SCHEDULE = '1 MINUTE' CONFIG = '{}' AS SELECT 1", 2),
    ],
    ("CREATE TASK, EXECUTE TASK", "WHEN"): [
        ("CREATE TABLE asked (n INT)", None),
        ("CREATE STREAM changes ON TABLE asked", None),
        (
            "CREATE TASK k SCHEDULE = '1 MINUTE'"
            " WHEN NOT SYSTEM$STREAM_HAS_DATA('changes') AND 1 = 1 AS SELECT 1",
            None,
        ),
        ("CREATE TASK l SCHEDULE = '1 MINUTE' WHEN RANDOM() > 0 AS SELECT 1", 1007),
    ],
    ("CREATE ALERT, EXECUTE ALERT, notifications", "refused"): [
        ("CREATE ALERT a IF (EXISTS (SELECT 1)) THEN SELECT 1", 2),
    ],
}

# By section and first column: tests that hold the line.
HELD_BY: dict[tuple[str, str], list[str]] = {
    ("Names", "files of the data folder"): [
        "test_names_and_files.py::test_a_folders_name_is_harmless_and_nobody_elses",
        "test_names_and_files.py::test_a_data_folder_whose_folders_are_called_by_the_names_themselves_opens",
    ],
    ("BEGIN, COMMIT, ROLLBACK, DML", "what a failed statement undoes"): [
        "conformance/test_transactions.py::test_a_failed_statement_undoes_itself_alone_and_commit_keeps_the_rest",
        "conformance/test_transactions.py::test_each_statement_sees_what_is_committed_by_then",
        "test_repeated_transactions.py::test_with_a_failed_statement_goes_only_what_was_done_to_a_large_table",
    ],
    ("BEGIN, COMMIT, ROLLBACK, DML", "UPDATE, DELETE, MERGE, TRUNCATE"): [
        "conformance/test_conflicts.py::test_statements_that_change_rows_of_a_table_exclude_one_another",
        "conformance/test_conflicts.py::test_a_statement_that_waits_longer_than_the_lock_timeout_fails_alone",
        "conformance/test_conflicts.py::test_of_a_deadlock_one_statement_fails_and_both_transactions_stay_open",
    ],
    ("BEGIN, COMMIT, ROLLBACK, DML", "SELECT from a stream"): [
        "conformance/test_conflicts.py::test_rows_that_a_transaction_has_seen_in_a_stream_are_not_consumed_twice",
    ],
    ("BEGIN, COMMIT, ROLLBACK, DML", "copy_into_table"): [
        "conformance/test_open_transactions.py::test_a_table_that_copy_into_table_makes_is_refused_in_a_transaction",
    ],
    ("BEGIN, COMMIT, ROLLBACK, DML", "silent clients"): [
        "conformance/test_conflicts.py::test_a_silent_clients_transaction_does_not_block_others_for_ever",
    ],
    ("BEGIN, COMMIT, ROLLBACK, DML", "METADATA$ROW_ID"): [
        "conformance/test_stream_net_changes.py::test_a_row_id_is_the_same_in_all_streams_and_through_updates",
    ],
    ("Queries", "many at a time"): [
        "test_waiting.py::test_more_waiting_statements_than_threads_keep_nobody_from_committing",
        "test_waiting.py::test_a_statement_that_takes_long_is_asked_for_again_and_not_sent_again",
    ],
    ("Queries", "long lists, deep nesting"): [
        "test_limits.py::test_a_list_of_more_than_200000_expressions_is_refused_at_once",
        "test_limits.py::test_a_statement_that_is_too_deep_is_refused_as_that",
    ],
    ("Queries", "asynchronous queries, SYSTEM$CANCEL_QUERY"): [
        "conformance/test_conflicts.py::test_threads_of_one_session_wait_for_one_another",
        "conformance/test_cancellation.py::test_a_session_cancels_a_query_of_its_own_by_sql",
        "test_waiting.py::test_nobody_else_cancels_a_query_by_its_id",
    ],
    ("Queries", "correlated subqueries"): [
        "conformance/test_correlation.py::test_others_that_read_the_rows_around_are_refused",
        "conformance/test_correlation.py::test_dml_refuses_the_same",
    ],
    ("Queries", "descriptions"): [
        "conformance/test_nullability.py::test_a_column_is_nullable_unless_it_is_known_not_to_be",
        "conformance/test_described_types.py::test_a_text_is_described_with_the_length_that_its_expression_gives_it",
    ],
    ("Queries", "output formats"): [
        "conformance/test_session_parameters.py::test_a_text_in_another_format_is_refused_where_it_is_not_known",
    ],
    ("Queries", "parameters"): [
        "conformance/test_session_parameters.py::test_a_statement_alone_has_no_other_time_zone",
    ],
    ("CREATE, ALTER, COMMENT, SHOW", "WAREHOUSE_LOAD_HISTORY"): [
        "conformance/test_views_over_histories.py::test_such_a_view_is_described_and_listed_as_any",
    ],
    ("GRANT, USE ROLE, CREATE USER", "what UPDATE, DELETE and MERGE need"): [
        "test_rights.py::test_a_statement_needs_what_its_page_says",
    ],
    ("GRANT, USE ROLE, CREATE USER", "USAGE on warehouses"): [
        "conformance/test_grants.py::test_work_needs_a_warehouse_that_the_role_may_use",
    ],
    ("GRANT, USE ROLE, CREATE USER", "users"): [
        "conformance/test_users.py::test_what_a_user_cannot_be_is_refused",
    ],
    ("CREATE PROCEDURE, CALL", "processes"): [
        "test_workers.py::test_concurrent_calls_run_side_by_side_up_to_the_bound",
        "test_workers.py::test_idle_processes_end",
        "conformance/test_logging.py::test_what_a_handler_logs_is_in_the_event_table_from_the_databases_level_on",
    ],
    ("CREATE PROCEDURE, CALL", "RETURNS TABLE"): [
        "conformance/test_procedure_values.py::test_a_procedure_returns_the_rows_of_a_data_frame",
    ],
    ("CREATE PROCEDURE, CALL", "owner's rights"): [
        "conformance/test_procedure_transactions.py::test_a_procedure_with_owners_rights_cannot_change_its_callers_session",
        "conformance/test_procedure_transactions.py::test_a_procedure_with_owners_rights_names_no_temporary_object",
    ],
    ("CREATE FUNCTION", "batches"): [
        "conformance/test_python_functions.py::test_many_rows_go_in_batches_and_keep_their_order",
    ],
    ("CREATE FUNCTION", "overloads"): [
        "conformance/test_python_functions.py::test_the_overload_is_chosen_by_the_types_of_the_arguments",
    ],
    ("CREATE FUNCTION", "results"): [
        "conformance/test_python_functions.py::test_values_go_in_and_out_by_their_declared_types",
        "conformance/test_python_functions.py::test_a_moment_with_a_local_zone_is_one_of_the_sessions",
    ],
    ("CREATE TASK, EXECUTE TASK", "AFTER"): [
        "conformance/test_task_graphs.py::test_a_skipped_task_stops_what_comes_after_it_and_nothing_else",
    ],
    ("CREATE TASK, EXECUTE TASK", "ends and starts of the account"): [
        "test_restarts.py::test_after_kill_9_in_a_run_its_history_is_settled_no_process_is_left_and_the_next_run_comes",
        "test_restarts.py::test_an_account_that_is_stopped_ends_its_tasks_and_leaves_none_executing",
        "test_scheduler.py::test_moments_that_passed_unseen_give_one_run",
    ],
    ("CREATE TASK, EXECUTE TASK", "how many"): [
        "test_tasks.py::test_history_is_bounded_in_time_and_number",
    ],
    (
        "CREATE ALERT, EXECUTE ALERT, notifications",
        "SYSTEM$SEND_EMAIL, SYSTEM$SEND_SNOWFLAKE_NOTIFICATION",
    ): [
        "test_outbox.py::test_calls_send_into_the_folder_and_say_so_in_the_log",
        "test_outbox.py::test_a_mail_is_a_file_that_mail_programs_read",
    ],
    ("CREATE ALERT, EXECUTE ALERT, notifications", "database roles"): [
        "conformance/test_alerts.py::test_an_alert_runs_with_the_rights_of_its_owner_who_must_be_allowed_to",
        "test_outbox.py::test_a_role_sends_by_the_integrations_that_it_may_use",
    ],
    ("CREATE ALERT, EXECUTE ALERT, notifications", "WAREHOUSE"): [
        "conformance/test_alerts.py::test_an_alert_without_a_warehouse_takes_another_privilege_and_needs_no_warehouse",
    ],
    ("CREATE ALERT, EXECUTE ALERT, notifications", "EXECUTE ALERT, SUSPEND"): [
        "conformance/test_alerts.py::test_a_suspended_alert_can_be_executed_and_stays_suspended",
    ],
    ("CREATE ALERT, EXECUTE ALERT, notifications", "ends and starts of the account"): [
        "test_alert_scheduler.py::test_what_a_crash_cut_off_is_failed_and_the_alert_goes_on",
        "test_alert_scheduler.py::test_what_an_orderly_stop_ends_is_cancelled",
        "test_alert_scheduler.py::test_a_suspended_alert_does_not_run_and_moments_unseen_give_one_run",
    ],
}


def lines() -> list[tuple[str, str]]:
    found, section = [], ""
    for line in _MANUAL.splitlines():
        if line.startswith("## "):
            break
        if line.startswith("### "):
            section = line[4:]
        elif line.startswith("| ") and not line.startswith("| of |"):
            found.append((section, line[2:].split(" | ")[0]))
    return found


@pytest.mark.parametrize("line", lines(), ids=": ".join)
def test_each_line_of_the_manual_is_held(line: tuple[str, str]) -> None:
    assert line in EXAMPLES or HELD_BY.get(line), "an example or a test of this line is missing"
    for held in HELD_BY.get(line, ()):
        file, name = held.split("::")
        assert re.search(rf"^def {name}\(", (_TESTS / file).read_text("utf-8"), re.M), held


def test_no_line_is_held_that_the_manual_has_not() -> None:
    assert set(EXAMPLES) | set(HELD_BY) <= set(lines())


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    account = Account(tmp_path_factory.mktemp("account"))
    session = account.open_session(user="TESTER")
    session.execute("CREATE DATABASE d")
    yield session
    account.close()


@pytest.mark.parametrize("line", EXAMPLES, ids=": ".join)
def test_the_examples_of_a_line_answer_as_it_says(session: Session, line: tuple[str, str]) -> None:
    for sql, expected in EXAMPLES[line]:
        answer = answered(session, sql)
        assert expected is None or answer == expected, sql
        assert expected is not None or not isinstance(answer, int), (sql, answer)


def answered(session: Session, sql: str) -> list[tuple[Any, ...]] | int:
    try:
        return session.execute(sql).rows()
    except SnowflakeError as error:
        return error.errno
