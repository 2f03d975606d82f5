"""What the first word of a statement's text tells, whatever stands before it."""

import time

import pytest
from flocon.sql.statement_text import StatementText


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("select 1", "SELECT"),
        ("  ((SELECT 1))", "SELECT"),
        ("-- a\n // b\n /* c\n */ Commit", "COMMIT"),
        ("CALLED()", "CALLED"),
        ("/* never closed", ""),
        ("", ""),
        ("{call p()}", ""),
    ],
)
def test_it_stands_behind_comments_and_parentheses(text: str, word: str) -> None:
    assert StatementText(text).first_word == word


def test_a_call_and_the_end_of_a_transaction_are_known_behind_a_comment() -> None:
    """On 8debb8d they took a thread of those that wait for others."""
    assert StatementText("/* nightly */ CALL p()").is_call
    assert StatementText("-- done\nROLLBACK").ends_transaction
    assert not StatementText("committed").ends_transaction


def test_with_may_define_a_procedure() -> None:
    anonymous = "WITH p AS PROCEDURE () RETURNS INT LANGUAGE PYTHON … CALL p()"
    assert StatementText(anonymous).is_call
    assert not StatementText(anonymous).is_query_or_dml
    assert StatementText("WITH t AS (SELECT 1) SELECT * FROM t").is_query_or_dml


def test_no_text_is_searched_for_long() -> None:
    started = time.perf_counter()
    assert StatementText("/**/" * 100_000 + "1").first_word == ""
    assert time.perf_counter() - started < 5
