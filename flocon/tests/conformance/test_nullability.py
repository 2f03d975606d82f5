"""What a client is told of a result's columns: which may be NULL."""

from typing import Any

import pytest
import snowflake.connector
from shared import one_database
from snowflake.snowpark import Session

from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)
Run = Any
Connection = snowflake.connector.SnowflakeConnection

# https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api
# By the columns' names: those that are never NULL are in upper case, those that may be in lower.
DESCRIBED = {
    # columns, as they are declared, through subqueries, CTEs and views
    'select id as "ID", a as "a", flag as "FLAG" from t': "a column",
    'select x.id as "ID", x.a as "a" from (select * from t) x': "a subquery",
    'with q (n, m) as (select id, a from t) select n as "N", m as "m" from q': "a CTE",
    'select id as "ID", a as "a", one as "ONE" from v': "a view",
    'select id as "ID" from v2': "a view of a view",
    'select id as "ID", a as "a" from temporary_one': "a temporary table",
    'select $1 as "ONE", $2 as "two" from values (1, null), (2, 3)': "VALUES",
    'select n as "N" from (values (1::int), (2)) as s (n)': "VALUES with names",
    'select id as "ID" from t where a is null order by 1 limit 3': "chosen rows",
    'select distinct id as "ID" from t qualify row_number() over (order by id) = 1': "QUALIFY",
    # joins
    'select t.id as "ID", u.k as "K" from t join u on t.id = u.k': "an inner join",
    'select t.id as "ID", u.k as "K" from t, u': "a cross join",
    'select t.id as "ID", u.k as "k" from t left join u on t.id = u.k': "a left join",
    'select t.id as "id", u.k as "K" from t right join u on t.id = u.k': "a right join",
    'select t.id as "id", u.k as "k" from t full join u on t.id = u.k': "a full join",
    'select t.id as "ID", w.id as "ID" from (t join u on true) join t as w on true': "parentheses",
    'select id as "ID", b as "B" from t join (select id, 1 as b from t) using (id)': "USING",
    # values
    'select 1 as "A", \'x\' as "B", null as "c", true as "d", -1.5 as "E"': "constants",
    'select 1::float as "A", \'2026-01-01\'::date as "B", null::int as "c"': "casts",
    "select to_decimal('1.5', 3, 1) as \"A\", time('12:13') as \"B\","
    " to_date('2026-01-01') as \"C\","
    " try_to_date('2026-01-01') as \"d\"": "conversions",
    'select id + 1 as "A", id * 2 - id as "B", id / 2 as "C", id % 2 as "D" from t': "arithmetic",
    'select id + a::int as "e", a || \'x\' as "f", id > 1 as "g" from t': "what may be NULL",
    'select try_cast(\'1\' as int) as "t", v:x::int as "x", v::int as "w" from t': "a VARIANT",
    'select (select 1) as "q", case when id > 1 then 1 end as "c" from t': "a subquery's value",
    'select seq4() as "S", randstr(3, random()) as "R" from table(generator(rowcount => 2))': "",
    # aggregates and windows
    'select count(*) as "N", count(a) as "M", sum(id) as "s", max(id) as "m" from t': "aggregates",
    'select id as "ID", count(*) as "N" from t group by id': "GROUP BY",
    'select id as "id", count(*) as "n" from t group by rollup (id)': "ROLLUP",
    'select row_number() over (order by id) as "R", lag(id) over (order by id) as "l" from t': "",
    # both sides of a UNION
    'select id as "ID", id as "b" from t union all select 1, null': "UNION",
}


@pytest.fixture(scope="module", autouse=True)
def tables(account: AccountProcess, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC") as opened:
        for sql in (
            "create table t (id int not null, a varchar, flag boolean not null,"
            " v variant not null)",
            "insert into t select 1, null, true, parse_json('null')",
            "create table u (k int not null)",
            "create view v as select id, a, 1 as one from t",
            "create view v2 (id) as select v.id from v join u on true",
        ):
            opened.cursor().execute(sql)


@pytest.fixture
def temporary(run: Run) -> None:
    run("create or replace temporary table temporary_one (id int not null, a varchar)")


@pytest.mark.parametrize("sql", DESCRIBED)
def test_a_column_is_nullable_unless_it_is_known_not_to_be(
    connection: Connection, temporary: None, sql: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    told = [(column.name, column.is_nullable) for column in cursor.describe(sql)]
    assert told == [(name, not name.isupper()) for name, _ in told]
    cursor.execute(sql)
    assert [(column.name, column.is_nullable) for column in cursor.description] == told


def test_star_has_each_columns_own(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    for sql, wanted in {
        "select * from t": [False, True, False, False],
        "select u.*, t.* from t left join u on t.id = u.k": [True, False, True, False, False],
        "select * from t join (select id, 1 as b from t) using (id)": [
            False, True, False, False, False,
        ],
        "select * exclude a from t": [True, True, True],
    }.items():  # fmt: skip
        assert [column.is_nullable for column in cursor.describe(sql)] == wanted, sql


def test_intersect_and_except_have_the_rows_of_their_first_side(connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    never, maybe = "select id from t", "select length(a) from t"
    for sql, wanted in {
        f"{never} intersect {maybe}": False,
        f"{maybe} intersect {never}": True,
        f"{maybe} intersect {maybe}": True,
        f"{never} except {maybe}": False,
        f"{maybe} minus {never}": True,
        f"{never} union all {maybe}": True,
    }.items():
        assert [column.is_nullable for column in connection.cursor().describe(sql)] == [wanted], sql


def test_what_is_altered_is_described_as_it_is_now(connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table-column"""
    cursor = connection.cursor()
    cursor.execute("create or replace table altered (n int not null)")
    cursor.execute("create or replace view over_it as select n from altered")
    for sql in ("select n from altered", "select n from over_it"):
        assert [column.is_nullable for column in cursor.describe(sql)] == [False]
    cursor.execute("alter table altered alter column n drop not null")
    for sql in ("select n from altered", "select n from over_it"):
        assert [column.is_nullable for column in cursor.describe(sql)] == [True]


def test_counts_of_changed_rows_are_never_null(connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert"""
    cursor = connection.cursor()
    cursor.execute("insert into u values (1), (2)")
    assert [column.is_nullable for column in cursor.description] == [False]


def test_a_data_frame_has_the_nullability_of_its_columns(
    connection: Connection, database: str
) -> None:
    """A table that is made of it has it, too, as on Snowflake.

    https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrame.schema
    """
    session = Session.builder.configs({"connection": connection}).create()
    frame = session.create_dataframe([(1, 1, None), (2, 3, "x")]).to_df("a", "b", "c")
    assert [field.nullable for field in frame.select("a", "b", "c").schema] == [False, False, True]
    ranged = session.range(2).filter("id >= 0").schema
    assert [field.nullable for field in ranged] == [False]
    frame.write.save_as_table("saved", mode="overwrite")
    shown = connection.cursor().execute("describe table saved").fetchall()
    assert [(row[0], row[3]) for row in shown] == [("A", "N"), ("B", "N"), ("C", "Y")]


def test_the_rows_of_an_earlier_query_have_its_nullability(connection: Connection) -> None:
    """So that what a client asks for later comes with the same columns as what it waits for.

    https://docs.snowflake.com/en/sql-reference/functions/result_scan
    """
    cursor = connection.cursor()
    text = "select 1 as a, nullif(1, 1) as b, 'x' as c"
    told = cursor.execute(text).fetch_arrow_all().schema
    cursor.get_results_from_sfqid(cursor.execute_async(text)["queryId"])
    assert cursor.fetch_arrow_all().schema.equals(told, check_metadata=True)
    assert [told.field(name).nullable for name in "ABC"] == [False, True, False]
