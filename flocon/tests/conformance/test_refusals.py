"""What is outside the account's scope fails with Snowflake's number and says what it was."""

import pytest
from accounts import on_snowflake
from refusals import PAGE, REFUSED, answer, page, prepare
from shared import one_database
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

database = pytest.fixture(scope="module")(one_database)
pytestmark = pytest.mark.skipif(
    on_snowflake(), reason="Snowflake has these: docs/manual.md, What it refuses"
)

_STATEMENTS = [
    pytest.param(sql, id=f"{kind}: {sql[:50]}")
    for kind, statements in REFUSED.items()
    for sql in statements
]


@pytest.mark.parametrize("sql", _STATEMENTS)
def test_a_statement_outside_the_scope_is_refused_by_name(
    connection: SnowflakeConnection, sql: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql-all"""
    prepare(connection)
    assert answer(connection, sql)


@pytest.mark.parametrize("words", ["create", "create or replace", "create or replace temporary"])
def test_a_kind_that_is_refused_is_refused_whatever_words_stand_before_it(
    connection: SnowflakeConnection, words: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-function"""
    function = "aggregate function f(x int) returns int language python handler = 'H' as 'x'"
    with pytest.raises(ProgrammingError) as caught:
        connection.cursor().execute(f"{words} {function}")
    assert caught.value.errno == 2


def test_the_page_of_refusals_says_what_the_account_says(connection: SnowflakeConnection) -> None:
    """`make refusals` writes it, by https://docs.snowflake.com/en/sql-reference/sql-all."""
    prepare(connection)
    assert page(connection) == PAGE.read_text("utf-8")
