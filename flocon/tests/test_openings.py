"""What the first word of a statement's text tells, whatever stands before it."""

import time

import pytest
from flocon.sql import openings


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
    assert openings.first_word(text) == word


def test_a_call_and_the_end_of_a_transaction_are_known_behind_a_comment() -> None:
    """On 8debb8d they took a thread of those that wait for others."""
    assert openings.is_call("/* nightly */ CALL p()")
    assert openings.ends_transaction("-- done\nROLLBACK")
    assert not openings.ends_transaction("committed")


def test_with_may_define_a_procedure() -> None:
    anonymous = "WITH p AS PROCEDURE () RETURNS INT LANGUAGE PYTHON … CALL p()"
    assert openings.is_call(anonymous)
    assert not openings.QUERY_OR_DML.match(anonymous)
    assert openings.QUERY_OR_DML.match("WITH t AS (SELECT 1) SELECT * FROM t")


def test_no_text_is_searched_for_long() -> None:
    started = time.perf_counter()
    assert openings.first_word("/**/" * 100_000 + "1") == ""
    assert time.perf_counter() - started < 5
