"""Where NULLs stand, and in which order columns do."""

from conformance.shared import Run, error

_ROWS = "from values (1, 1), (2, null), (3, 3) t (id, a)"


def test_nulls_stand_where_the_order_says(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    orders = {
        "a": [1, 3, 2],
        "a nulls first": [2, 1, 3],
        "a desc": [2, 3, 1],
        "a desc nulls last": [3, 1, 2],
        "a desc nulls first": [2, 3, 1],
    }
    for order, expected in orders.items():
        assert [id for (id,) in run(f"select id {_ROWS} order by {order}")] == expected, order


def test_a_window_puts_nulls_where_it_says(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-window-syntax"""
    first = "qualify row_number() over (partition by 1 order by a {}) = 1"
    assert run(f"select id {_ROWS} {first.format('desc nulls last')}") == [(3,)]
    assert run(f"select id {_ROWS} {first.format('desc')}") == [(2,)]
    assert run(f"select id {_ROWS} {first.format('nulls first')}") == [(2,)]
    assert run(f"select listagg(id) within group (order by a desc nulls last) {_ROWS}") == [
        ("312",)
    ]


def test_views_keep_the_place_of_nulls(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    run(f"create view v as select id {_ROWS} order by a desc nulls last limit 2")
    assert sorted(run("select id from v")) == [(1,), (3,)]
    run(f"create table t as select id {_ROWS} order by a desc nulls last limit 1")
    assert run("select id from t") == [(3,)]


def test_the_columns_of_using_come_first(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join"""
    run("create table l (x int, id int)")
    run("create table r (id int, y int)")
    run("insert into l values (1, 2)")
    run("insert into r values (2, 3), (4, 5)")
    assert run("select * from l join r using (id)") == [(2, 1, 3)]
    assert run("select * from l full join r using (id) order by id") == [(2, 1, 3), (4, None, 5)]


def test_paths_are_of_no_dates_and_dates_have_no_times_added(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/get_path"""
    assert error(run, "select d:x from (select '2026-01-31'::date as d)") == 1044
    assert error(run, "select b['x'] from (select 'AB'::binary as b)") == 1044
    assert error(run, "select '2026-01-31'::date + '10:00:00'::time") == 1044
