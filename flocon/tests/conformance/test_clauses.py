"""What a name may mean in the clauses of a query: one source, one of its values."""

from decimal import Decimal

import pytest

from conformance.shared import Run, error, failure


@pytest.fixture
def wines(run: Run) -> None:
    run("create or replace table wines (id int, price number(6, 2))")
    run("insert into wines values (1, 12.50), (2, 8.00)")
    run("create or replace table makers (id int, town varchar)")


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("select 1 from wines w, makers w", "W"),
        ("select 1 from wines join wines on true", "WINES"),
        ("select 1 from wines join makers wines using (id)", "WINES"),
        ("select 1 from (wines a join makers b on true), wines a", "A"),
        ("select 1 from wines w, (select 1) w", "W"),
        ("select 1 from (select 1 as x), (select 2 as y)", "values"),
        ("select 1 from (select 1 as x) join (select 2 as y) on true", "values"),
        ("select 1 from (values (1)), (values (2))", "VALUES"),
        ("with c as (select 1 as x) select 1 from c, c", "C"),
        ("select 1 from wines f, lateral flatten(array_construct(1)) f", "F"),
        ("select 1 from lateral flatten([1]), lateral flatten([2])", "FLATTEN"),
        ("select (select count(*) from wines a, makers a)", "A"),
        ("create or replace view twice as select 1 as n from wines a, makers a", "A"),
        ("update wines set price = 1 from makers wines", "WINES"),
        ("delete from wines using wines", "WINES"),
        ("merge into wines using makers wines on true when matched then delete", "WINES"),
    ],
)
def test_two_sources_of_a_query_have_two_names(
    run: Run, wines: None, statement: str, name: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/from"""
    number, said = failure(run, statement)
    assert number == 2027
    assert said.endswith(f"duplicate alias '{name}'")
    assert run("select count(*) from wines") == [(2,)]


def test_sources_are_told_apart_by_their_case_their_schema_and_their_query(
    run: Run, wines: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/from"""
    run("create or replace schema other")
    run("create table other.wines as select 7 as id")
    run("use schema public")
    assert run('select count(*) from wines w, wines "w"') == [(4,)]
    assert run("select other.wines.id from wines, other.wines limit 1") == [(7,)]
    assert run("select count(*) from wines w where exists (select 1 from wines w)") == [(2,)]
    assert run("select * from (select 1), wines, values (3) order by 2") == [
        (1, 1, Decimal("12.50"), 3), (1, 2, Decimal("8.00"), 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "select id as x, price as x from wines order by x",
        "select id, id from wines order by id",
        "select id as price, price from wines order by price",
        "select id as x, price as x from wines where x > 1",
        "select id as x, price as x from wines group by x",
        "select id as x, price as x from wines group by 1, 2 having x > 1",
        "select id as x, price as x from wines qualify row_number() over (order by x) = 1",
        "select id as x, price as x, x + 1 as y from wines",
    ],
)
def test_a_name_that_two_values_have_is_ambiguous(run: Run, wines: None, statement: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    number, said = failure(run, statement)
    assert (number, "ambiguous column name" in said) == (2028, True)


def test_a_column_goes_before_values_of_its_name_and_a_place_names_none(
    run: Run, wines: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/select"""
    both = [(1, Decimal("12.50")), (2, Decimal("8.00"))]
    assert run("select id as x, price as x from wines order by 1") == both
    assert run("select id as price, price from wines where price > 9") == both[:1]
    assert run("select id as x, price as x from wines group by all order by 2 desc") == both
    assert run("select id as x, x + 1 from wines order by x") == [(1, 2), (2, 3)]
    assert run("select price as id, price as id, id from wines where wines.id = 2") == [
        (Decimal("8.00"), Decimal("8.00"), 2)
    ]


def test_each_side_of_an_asof_joins_condition_is_of_its_own_table(run: Run, wines: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/asof-join"""
    joined = "select w.id from wines w asof join makers m match_condition ({}) on w.id = m.id"
    for condition in ("m.id <= w.id", "town >= price", "w.id >= w.id"):
        number, said = failure(run, joined.format(condition))
        assert (number, "MATCH_CONDITION clause is invalid" in said) == (2, True), condition
    assert run(f"{joined.format('w.id >= m.id + 1')} order by 1") == [(1,), (2,)]
    assert error(run, joined.format("w.id = m.id")) == 1003


def test_a_union_is_ordered_by_its_own_columns(run: Run, wines: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    run("insert into makers values (3, 'Volnay')")
    union = "select id{} from wines union all select id as m from makers order by {}"
    for column in ("id", "id + 1", "1"):
        assert run(union.format("", column)) == [(1,), (2,), (3,)], column
    assert run(union.format(" as n", "n desc")) == [(3,), (2,), (1,)]
    for alias, column in (("", "m"), ("", "wines.id"), ("", "price"), (" as n", "id")):
        assert error(run, union.format(alias, column)) == 904, column
    both = "select * from wines union all select * from wines order by {}"
    assert len(run(both.format("price, id"))) == 4
    assert error(run, both.format("town")) == 904


def test_intersect_and_except_have_no_all(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    for operator in ("intersect", "except", "minus"):
        number, said = failure(run, f"select 1 {operator} all select 1")
        assert (number, "unexpected 'ALL'" in said) == (1003, True), operator
    assert run("select column1 from values (1), (1), (2) except select 2") == [(1,)]
    assert run("select column1 from values (1), (1), (2) intersect select 1") == [(1,)]


def test_a_table_function_of_the_others_columns_is_joined_without_a_condition(
    run: Run, wines: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join-lateral"""
    run("create or replace table bags (id int, items array)")
    run("insert into bags select 1, [1, 2]")
    for joined in (
        "left join lateral flatten(items) f",
        "left join table(flatten(b.items)) f on true",
        "join lateral flatten(items) f on f.value = b.id",
        "join table(split_to_table(b.id::varchar, ',')) f on f.index = 1",
    ):
        number, said = failure(run, f"select count(*) from bags b {joined}")
        assert number == 2, joined
        assert "lateral table function called with OUTER JOIN syntax" in said
    assert run("select count(*) from bags b join lateral flatten(items) f") == [(2,)]
    assert run("select count(*) from bags b, table(flatten(b.items)) f where f.value = b.id") == [
        (1,)
    ]
    assert run("select count(*) from bags b left join table(flatten([7])) f on f.value = b.id") == [
        (1,)
    ]


def test_limit_has_no_comma(run: Run, wines: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/limit"""
    for statement in (
        "select id from wines order by id limit 0, 1",
        "create or replace table first as select id from wines order by id limit 0, 1",
    ):
        number, said = failure(run, statement)
        assert (number, said.endswith("unexpected ','.")) == (1003, True), statement
    said = failure(run, "select id from wines\nlimit 0, 1")[1]
    assert said.endswith("syntax error line 2 at position 7 unexpected ','.")
    assert run("select (select id from wines order by id limit 1 offset 1), 2") == [(2, 2)]


@pytest.mark.parametrize(
    ("clause", "position", "unexpected"),
    [
        ("limit 1.5", 32, "1.5"),
        ("limit -1", 32, "-"),
        ("limit '1'", 32, "'1'"),
        ("limit id", 32, "id"),
        ("limit 1 + 1", 34, "+"),
        ("limit (select 1)", 32, "("),
        ("limit 1 offset -1", 41, "-"),
        ("limit 1 offset 2 * 1", 43, "*"),
    ],
)
def test_how_many_rows_is_a_whole_constant(
    run: Run, clause: str, position: int, unexpected: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/limit"""
    number, text = failure(run, f"select id from values (1) {clause}")
    said = f"syntax error line 1 at position {position} unexpected '{unexpected}'."
    assert (number, said in text) == (1003, True), text


def test_no_rows_are_left_out_by_a_limit_of_nothing(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/limit"""
    for clause in ("limit null", "limit ''", "limit $$$$", "limit null offset null"):
        assert run(f"select * from values (1), (2) {clause}") == [(1,), (2,)]
    assert run("select top 1 * from values (1), (2)") == [(1,)]
    assert "unexpected '1.5'." in failure(run, "select top 1.5 * from values (1)")[1]


def test_dual_is_one_row_without_columns(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/from"""
    assert run("select 1 + 1, 'a' from dual where true") == [(2, "a")]
    assert run("select count(*) from dual d, values (1), (2)") == [(2,)]
    assert "'* of DUAL'" in failure(run, "select * from dual")[1]
    assert error(run, 'select 1 from "dual"') == 2003
    run("create view of_dual as select 7 as a from dual")
    assert run("select a from of_dual") == [(7,)]
    run("create table dual (a int)")
    assert run("select 1 from dual") == []
    run("drop table dual")
    assert run("select 1 from dual") == [(1,)]


def test_having_leaves_out_groups_and_rows_without_groups(run: Run, wines: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/having"""
    for statement, rows in (
        ("select 1 from wines having false", []),
        ("select id + 1 as x, sum(id) over () from wines having x > 2", [(3, 2)]),
        ("select id from wines where id < 3 having id > 1 or id is null", [(2,)]),
        ("select id from wines having (select count(*) from wines) > 1 order by 1", [(1,), (2,)]),
        ("select 1 / 0 as x having 1 = 0", []),
    ):
        assert run(statement) == rows, statement
    outside = "appears outside of SELECT, QUALIFY, and ORDER BY clauses."
    for condition in ("row_number() over (order by id) = 1", "n = 1"):
        statement = "select row_number() over (order by id) as n from wines having"
        text = failure(run, f"{statement} {condition}")[1]
        window = "Window function [ROW_NUMBER() OVER (ORDER BY WINES.ID ASC NULLS LAST)]"
        assert text.endswith(f"{window} {outside}"), text
    for statement in (
        "select sum(id) as n from wines where n = 1",
        "select id, count(*) over () as n from wines where n = 1",
    ):
        said = "aggregate function alias 'N' cannot be used in the WHERE clause"
        assert failure(run, statement)[1].endswith(said), statement
    assert run("select sum(id) from wines having count(*) > 2") == []
    assert run("select 1 from wines having min(id) = 1") == [(1,)]
    assert run("select id from wines group by all having id > 1") == [(2,)]


def test_an_alias_of_a_pivot_names_each_column(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/pivot"""
    run("create or replace table tides (port varchar, low int, high int)")
    run("insert into tides values ('Brest', 1, 7)")
    unpivot = "select * from tides unpivot (height for tide in (low, high))"
    pivot = "select * from (select port, high from tides) pivot (max(high) for port in ('Brest'))"
    assert run(f"{unpivot} as t (a, b, c) order by b") == [
        ("Brest", "HIGH", 7),
        ("Brest", "LOW", 1),
    ]
    assert run(f"{pivot} as t (a)") == [(7,)]
    for query in (f"{unpivot} as t (a, b)", "select * from tides pivot (max(high) for port in"
                  " ('Brest', 'Vannes')) as t (a, b)"):  # fmt: skip
        number, text = failure(run, query)
        assert number == 2
        assert "Mismatch between number of columns produced by 'T'" in text


def test_an_alias_names_each_column_or_none(run: Run, wines: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/from"""
    for query in (
        "select * from (select 1, 2) as q (x)",
        "select x from wines as q (x)",
        "select * from (select 1) as q (x, y)",
        "with q (x) as (select 1, 2) select * from q",
        "select 1 from table(generator(rowcount => 2)) as q (x)",
    ):
        number, said = failure(run, query)
        assert (number, "columns produced by 'Q'" in said) == (2, True), query
    assert run("select y, x from (select 1, 2) as q (x, y)") == [(2, 1)]
    assert run("with q (x, y) as (select * from values (1, 2)) select y from q") == [(2,)]
    assert run("select x from wines as q (x, y) order by y") == [(2,), (1,)]


def test_an_alias_of_values_may_name_the_first_columns_alone(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/values"""
    assert run("select c from values ((1), (2), (3)) as t (c)") == [(1,)]
    assert run("select c, column2, t.column3 from values (1, 2, 3), (4, 5, 6) as t (c)") == [
        (1, 2, 3),
        (4, 5, 6),
    ]
    number, text = failure(run, "select * from values (1) as t (a, b)")
    assert number == 2
    assert "Mismatch between number of columns produced by 'T'" in text
