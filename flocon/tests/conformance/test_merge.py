"""MERGE: which rows match, what each of them does, and what the statement sees meanwhile.

https://docs.snowflake.com/en/sql-reference/sql/merge
"""

from typing import Any

import pytest
import snowflake.connector
from shared import one_database

from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)
Run = Any

NEWS = "(SELECT column1 AS id, column2 AS level FROM VALUES {}) AS s"


@pytest.fixture(scope="module", autouse=True)
def tables(account: AccountProcess, database: str) -> None:
    """A table with a stream, the same without one, and news for both."""
    with account.connect(database=database, schema="PUBLIC") as connection:
        for sql in (
            "CREATE TABLE stock (id INT, level INT, note VARCHAR DEFAULT 'new')",
            "INSERT INTO stock VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c'), (NULL, 0, 'n')",
            "CREATE TABLE plain CLONE stock",
            "CREATE STREAM changes ON TABLE stock",
            "CREATE TABLE news AS SELECT 2 AS id, 22 AS level UNION ALL SELECT 6, 66",
        ):
            connection.cursor().execute(sql)


def rows(run: Run, table: str = "stock") -> list[Any]:
    found: list[Any] = run(f"SELECT id, level, note FROM {table} ORDER BY id, level")
    return found


_CASES = [
    pytest.param(
        f"MERGE INTO stock t USING {NEWS.format('(1, 11), (2, 12), (4, 14), (5, 15)')}"
        " ON t.id = s.id WHEN MATCHED AND s.level < 12 THEN UPDATE SET t.level = s.level + t.level"
        " WHEN NOT MATCHED AND s.level > 14 THEN INSERT (level, id) VALUES (s.level, s.id)",
        (1, 1),
        [(1, 21, "a"), (2, 20, "b"), (3, 30, "c"), (5, 15, "new"), (None, 0, "n")],
        id="conditions",
    ),
    pytest.param(
        f"MERGE INTO stock USING {NEWS.format('(1, 0), (2, 12), (9, 19)')} ON stock.id = s.id"
        " WHEN MATCHED AND s.level = 0 THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET level = s.level, note = 'merged'"
        " WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.level, NULL)",
        (1, 1, 1),
        [(2, 12, "merged"), (3, 30, "c"), (9, 19, None), (None, 0, "n")],
        id="two clauses for matching rows",
    ),
    pytest.param(
        f"MERGE INTO stock t USING {NEWS.format('(6, 1), (7, NULL), (8, 3)')} ON t.id = s.id"
        " WHEN NOT MATCHED AND s.level = 1 THEN INSERT (id, note) VALUES (s.id, 'one')"
        " WHEN NOT MATCHED AND s.level < 9 THEN INSERT (id, note) VALUES (s.id, 'few')"
        " WHEN NOT MATCHED THEN INSERT (id, note) VALUES (s.id, 'unknown')"
        " WHEN MATCHED THEN DELETE",
        (3, 0),
        [
            (1, 10, "a"),
            (2, 20, "b"),
            (3, 30, "c"),
            (6, None, "one"),
            (7, None, "unknown"),
            (8, None, "few"),
            (None, 0, "n"),
        ],
        id="the first clause that applies",
    ),
    pytest.param(
        f"MERGE INTO stock t USING {NEWS.format('(1, 1), (1, 2), (3, 3)')} ON t.id = s.id"
        " WHEN MATCHED THEN DELETE",
        (2,),
        [(2, 20, "b"), (None, 0, "n")],
        id="rows that agree in deleting one",
    ),
    pytest.param(
        f"MERGE INTO stock t USING {NEWS.format('(1, 1), (1, 2), (1, 3)')} ON t.id = s.id"
        " WHEN MATCHED AND s.level = 2 THEN UPDATE SET level = s.level",
        (1,),
        [(1, 2, "a"), (2, 20, "b"), (3, 30, "c"), (None, 0, "n")],
        id="two that match and do nothing",
    ),
    pytest.param(
        f"MERGE INTO stock t USING {NEWS.format('(1, 1), (4, 2)')} ON t.id = s.id"
        " WHEN MATCHED THEN UPDATE SET id = 4, note = note || '!'"
        " WHEN NOT MATCHED THEN INSERT (id, level) VALUES (s.id, s.level)",
        (1, 1),
        [(2, 20, "b"), (3, 30, "c"), (4, 2, "new"), (4, 10, "a!"), (None, 0, "n")],
        id="an update that makes another row match",
    ),
    pytest.param(
        f"MERGE INTO stock t USING {NEWS.format('(NULL, 5), (5, 5)')} ON t.id = s.id"
        " WHEN NOT MATCHED THEN INSERT (id, level) VALUES (s.id, s.level)",
        (2,),
        [
            (1, 10, "a"),
            (2, 20, "b"),
            (3, 30, "c"),
            (5, 5, "new"),
            (None, 0, "n"),
            (None, 5, "new"),
        ],
        id="NULL matches nothing",
    ),
    pytest.param(
        "MERGE INTO stock USING news ON stock.id = news.id"
        " WHEN MATCHED THEN UPDATE SET stock.level = news.level"
        " WHEN NOT MATCHED THEN INSERT (id, level) VALUES (news.id, news.level)",
        (1, 1),
        [(1, 10, "a"), (2, 22, "b"), (3, 30, "c"), (6, 66, "new"), (None, 0, "n")],
        id="a table by its name",
    ),
    pytest.param(
        "MERGE INTO stock USING (SELECT id AS new_id, level AS new_level FROM news) ON id = new_id"
        " WHEN MATCHED AND new_level > level THEN UPDATE SET level = new_level"
        " WHEN NOT MATCHED THEN INSERT (id, level) VALUES (new_id, new_level)",
        (1, 1),
        [(1, 10, "a"), (2, 22, "b"), (3, 30, "c"), (6, 66, "new"), (None, 0, "n")],
        id="a query without a name",
    ),
    pytest.param(
        "MERGE INTO stock t USING (SELECT 1 AS id) s ON t.id >= s.id"
        " WHEN MATCHED AND t.level > 10 THEN UPDATE SET note = note || '!'",
        (2,),
        [(1, 10, "a"), (2, 20, "b!"), (3, 30, "c!"), (None, 0, "n")],
        id="one row finds several and changes some",
    ),
    pytest.param(
        "MERGE INTO stock t USING (SELECT 1 AS id) s ON t.id >= s.id"
        " WHEN MATCHED AND t.level > 10 THEN DELETE",
        (2,),
        [(1, 10, "a"), (None, 0, "n")],
        id="one row finds several and deletes some",
    ),
    pytest.param(
        f"MERGE INTO stock t USING {NEWS.format('(1, 1), (1, 2), (2, 5)')} ON t.id = s.id"
        " WHEN MATCHED AND s.level = 1 THEN DELETE"
        " WHEN MATCHED AND s.level = 2 THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET level = s.level",
        (1, 1),
        [(2, 5, "b"), (3, 30, "c"), (None, 0, "n")],
        id="two clauses that agree in deleting a row",
    ),
]


@pytest.mark.parametrize("table", ["stock", "plain"])
@pytest.mark.parametrize(("merge", "counts", "expected"), _CASES)
def test_each_row_goes_by_the_first_clause_that_applies(
    run: Run, merge: str, counts: Any, expected: Any, table: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    run("BEGIN")
    assert run(merge.replace("stock", table)) == [counts]
    assert rows(run, table) == expected
    run("ROLLBACK")


def test_a_stream_shows_what_a_merge_has_changed(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro"""
    run(
        f"MERGE INTO stock t USING {NEWS.format('(2, 21), (3, 30), (4, 40)')} ON t.id = s.id"
        " WHEN MATCHED THEN UPDATE SET level = s.level"
        " WHEN NOT MATCHED THEN INSERT (id, level) VALUES (s.id, s.level)"
    )
    run(
        "MERGE INTO stock USING news ON stock.id = news.id AND news.id = 4 WHEN MATCHED THEN DELETE"
    )
    run("MERGE INTO stock t USING (SELECT 1 AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE")
    assert run(
        "SELECT id, level, note, METADATA$ACTION, METADATA$ISUPDATE FROM changes ORDER BY 1, 2"
    ) == [
        (1, 10, "a", "DELETE", False),
        (2, 20, "b", "DELETE", True),
        (2, 21, "b", "INSERT", True),
        (4, 40, "new", "INSERT", False),
    ]


def test_all_that_a_merge_writes_is_of_one_moment(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    run("CREATE TABLE stamped AS SELECT 1 AS id, NULL::TIMESTAMP_LTZ AS at")
    run(
        "MERGE INTO stamped t USING (SELECT column1 AS id FROM VALUES (1), (2)) s ON t.id = s.id"
        " WHEN MATCHED THEN UPDATE SET at = CURRENT_TIMESTAMP"
        " WHEN NOT MATCHED THEN INSERT VALUES (s.id, CURRENT_TIMESTAMP)"
    )
    assert run("SELECT count(at), count(DISTINCT at) FROM stamped") == [(2, 1)]


@pytest.mark.parametrize(
    "matching",
    [
        "WHEN MATCHED THEN UPDATE SET level = s.level",
        "WHEN MATCHED AND s.level = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET level = s.level",
        "WHEN MATCHED AND s.level = 1 THEN UPDATE SET level = 1"
        " WHEN MATCHED THEN UPDATE SET level = s.level",
    ],
)
def test_a_merge_that_contradicts_itself_changes_nothing_and_leaves_the_transaction(
    run: Run, matching: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge#nondeterministic-results-for-update-and-delete"""
    before = rows(run, "plain")
    run("BEGIN")
    run("INSERT INTO plain VALUES (9, 90, 'i')")
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        run(
            f"MERGE INTO plain t USING {NEWS.format('(7, 1), (9, 1), (9, 2)')} ON t.id = s.id"
            f" {matching} WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)"
        )
    assert caught.value.errno == 100090
    assert rows(run, "plain") == [*before[:3], (9, 90, "i"), before[3]]
    run("ROLLBACK")
    assert rows(run, "plain") == before


@pytest.mark.parametrize(
    ("clauses", "number"),
    [
        ("WHEN MATCHED THEN UPDATE SET level = nowhere", 904),
        ("WHEN MATCHED THEN UPDATE SET level = s.nowhere", 904),
        ("WHEN MATCHED THEN UPDATE SET nowhere = 1", 904),
        ("WHEN MATCHED THEN UPDATE SET s.level = 1", 904),
        ("WHEN MATCHED THEN UPDATE SET level = news.level", 904),
        ("WHEN MATCHED THEN UPDATE SET note = level", 2028),
        ("WHEN MATCHED THEN UPDATE SET level = TRUE", 2023),
        ("WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.nowhere)", 904),
        ("WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (plain.id)", 904),
        ("WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (1 = 1)", 2023),
    ],
)
def test_a_clause_that_no_row_goes_by_is_wrong_all_the_same(
    run: Run, clauses: str, number: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    for source in ("(SELECT * FROM news WHERE FALSE)", "news"):
        statement = f"MERGE INTO plain USING {source} s ON plain.id = s.id + 100 {clauses}"
        with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
            run(statement)
        assert raised.value.errno == number, source


def test_a_clause_behind_one_that_takes_all_rows_is_unreachable(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    for clauses in (
        "WHEN MATCHED THEN DELETE WHEN MATCHED AND s.id = 1 THEN UPDATE SET level = 1",
        "WHEN NOT MATCHED THEN INSERT (id) VALUES (1) WHEN NOT MATCHED THEN INSERT (id) VALUES (2)",
    ):
        with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
            run(f"MERGE INTO plain USING news s ON plain.id = s.id {clauses}")
        assert "Unreachable merge case." in str(raised.value.msg)


def test_default_is_a_value_of_a_merge(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    run("CREATE OR REPLACE TABLE kept (id INT, level INT DEFAULT 3, note VARCHAR DEFAULT 'new')")
    run("INSERT INTO kept VALUES (2, 20, 'b')")
    merge = "MERGE INTO kept USING news ON kept.id = news.id"
    changed = run(
        f"{merge} WHEN MATCHED THEN UPDATE SET kept.level = DEFAULT"
        " WHEN NOT MATCHED THEN INSERT VALUES (news.id, DEFAULT, 'c')"
    )
    assert changed == [(1, 1)]
    run(f"{merge} AND FALSE WHEN NOT MATCHED THEN INSERT (note, id) VALUES (DEFAULT, 9)")
    assert rows(run, "kept") == [(2, 3, "b"), (6, 3, "c"), (9, 3, "new"), (9, 3, "new")]
