"""What a stream shows: the net change between its offset and now."""

from typing import Any

import pytest

from conformance.shared import CHANGES, Run


def test_a_new_stream_is_empty(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-offset"""
    assert run("SELECT * FROM s") == []


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param(
            ["INSERT INTO t VALUES (3, 'three')"], [(3, "three", "INSERT", False)], id="insert"
        ),
        pytest.param(
            ["INSERT INTO t VALUES (3, 'three')", "UPDATE t SET v = 'III' WHERE id = 3"],
            [(3, "III", "INSERT", False)],
            id="insert-update",
        ),
        pytest.param(
            ["INSERT INTO t VALUES (3, 'three')", "DELETE FROM t WHERE id = 3"],
            [],
            id="insert-delete",
        ),
        pytest.param(
            ["UPDATE t SET v = 'I' WHERE id = 1"],
            [(1, "I", "INSERT", True), (1, "one", "DELETE", True)],
            id="update",
        ),
        pytest.param(["DELETE FROM t WHERE id = 1"], [(1, "one", "DELETE", False)], id="delete"),
        pytest.param(
            ["UPDATE t SET v = v || '!'", "UPDATE t SET v = v || '?' WHERE id = 2"],
            [
                (1, "one", "DELETE", True),
                (1, "one!", "INSERT", True),
                (2, "two", "DELETE", True),
                (2, "two!?", "INSERT", True),
            ],
            id="several-updates",
        ),
        pytest.param(
            ["UPDATE t SET v = 'I' WHERE id = 1", "DELETE FROM t WHERE id = 1"],
            [(1, "one", "DELETE", False)],
            id="update-delete",
        ),
        pytest.param(
            [
                "INSERT INTO t VALUES (3, 'x')",
                "UPDATE t SET v = 'y' WHERE id = 3",
                "UPDATE t SET id = 4 WHERE id = 3",
                "DELETE FROM t WHERE id = 4",
            ],
            [],
            id="insert-update-update-delete",
        ),
        pytest.param(
            ["DELETE FROM t WHERE id = 1", "INSERT INTO t VALUES (1, 'one')"],
            [(1, "one", "DELETE", False), (1, "one", "INSERT", False)],
            id="delete-insert",
        ),
        pytest.param(
            ["TRUNCATE TABLE t"],
            [(1, "one", "DELETE", False), (2, "two", "DELETE", False)],
            id="truncate",
        ),
        pytest.param(
            ["UPDATE t SET v = NULL WHERE id = 1", "UPDATE t SET v = 'x' WHERE v IS NULL"],
            [(1, "one", "DELETE", True), (1, "x", "INSERT", True)],
            id="through-null",
        ),
    ],
)
@pytest.mark.parametrize("how", ["autocommit", "one transaction"])
def test_a_stream_gives_the_net_change_since_its_offset(
    run: Run, source: None, statements: list[str], expected: list[Any], how: str
) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#types-of-streams"""
    if how == "one transaction":
        statements = ["BEGIN", *statements, "COMMIT"]
    for statement in statements:
        run(statement)
    assert run(CHANGES) == sorted(expected)


def test_changes_of_several_consumptions_do_not_mix(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-offset"""
    run("INSERT INTO t VALUES (3, 'a')")
    run("INSERT INTO sink SELECT id, v FROM s")
    run("UPDATE t SET v = 'b' WHERE id = 3")
    assert run(CHANGES) == [(3, "a", "DELETE", True), (3, "b", "INSERT", True)]
    run("INSERT INTO sink SELECT id, v FROM s WHERE METADATA$ACTION = 'INSERT'")
    run("DELETE FROM t WHERE id = 3")
    assert run(CHANGES) == [(3, "b", "DELETE", False)]


def test_of_equal_rows_each_counts(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-columns"""
    run("INSERT INTO t VALUES (7, 'x'), (7, 'x')")
    run("INSERT INTO t VALUES (7, 'x')")
    assert run("SELECT count(*), count(DISTINCT METADATA$ROW_ID) FROM s") == [(3, 3)]
    run("INSERT INTO sink SELECT id, v FROM s")
    run("INSERT INTO t VALUES (7, 'x')")
    run("DELETE FROM t WHERE id = 7")
    assert run("SELECT METADATA$ACTION, count(*) FROM s GROUP BY ALL") == [("DELETE", 3)]


def test_equal_rows_from_before_the_stream_and_after_it_are_told_apart_by_number(
    run: Run, source: None
) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-columns"""
    run("INSERT INTO t VALUES (1, 'one'), (1, 'one')")
    run("UPDATE t SET v = 'I' WHERE id = 1")
    assert sorted(run(CHANGES)) == [
        (1, "I", "INSERT", False),
        (1, "I", "INSERT", False),
        (1, "I", "INSERT", True),
        (1, "one", "DELETE", True),
    ]
    run("DELETE FROM t WHERE id = 1")
    assert run(CHANGES) == [(1, "one", "DELETE", False)]


def test_an_append_only_stream_gives_insertions_whatever_becomes_of_them(
    run: Run, source: None
) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#types-of-streams"""
    run("INSERT INTO t VALUES (3, 'three'), (4, 'four'), (5, 'five')")
    run("UPDATE t SET v = 'changed' WHERE id IN (1, 3)")
    run("DELETE FROM t WHERE id IN (2, 4)")
    run("TRUNCATE TABLE t")
    assert run(CHANGES.replace("FROM s", "FROM a")) == [
        (3, "three", "INSERT", False),
        (4, "four", "INSERT", False),
        (5, "five", "INSERT", False),
    ]


def test_a_row_id_is_the_same_in_all_streams_and_through_updates(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-columns"""
    run("INSERT INTO t VALUES (3, 'three')")
    (before,) = run("SELECT METADATA$ROW_ID FROM s")
    assert run("SELECT METADATA$ROW_ID FROM a") == [before]
    run("INSERT INTO sink SELECT id, v FROM s")
    run("UPDATE t SET v = 'III' WHERE id = 3")
    assert run("SELECT METADATA$ROW_ID FROM s") == [before, before]


def test_values_of_every_type_come_through_a_stream(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-columns"""
    run(
        "CREATE TABLE t (n NUMBER(12,2), f FLOAT, b BOOLEAN, d DATE, ts TIMESTAMP_NTZ,"
        " v VARIANT, s VARCHAR)"
    )
    run("CREATE STREAM s ON TABLE t")
    run(
        "INSERT INTO t SELECT 12.50, 0.1, TRUE, '2026-02-28', '2026-02-28 23:59:59.123456',"
        " PARSE_JSON('{\"a\": [1, null, \"é\"]}'), '🍷 Bordeaux – 75 cl'"
    )
    run("INSERT INTO t (s) VALUES (NULL)")
    before = run("SELECT * FROM t ORDER BY n")
    columns = "n, f, b, d, ts, v, s"
    assert run(f"SELECT {columns} FROM s ORDER BY n") == before
    run("UPDATE t SET s = 'x'")
    assert run("SELECT s, METADATA$ISUPDATE FROM s") == [("x", False), ("x", False)]
    run("DELETE FROM t")
    assert run(f"SELECT {columns} FROM s") == []
