"""What Kafka and Snowflake say reaches the log as text, one line a record."""

import logging

from ingest.process import SafeFormatter

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b\x7f\r\n2026-01-01 INFO forged\u2028\u202e\u2066"
SHOWN = r"\x1b[2J\x1b]0;owned\x07\x9b\x7f\r\n2026-01-01 INFO forged\u2028\u202e\u2066"


def test_a_record_is_one_line_that_no_terminal_obeys() -> None:
    record = logging.makeLogRecord({"msg": "refused: %s 🍷", "args": (HOSTILE,)})

    assert SafeFormatter().format(record) == f"refused: {SHOWN} 🍷"


def test_a_traceback_keeps_its_lines_and_nothing_else() -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        raised = (type(error), error, error.__traceback__)
    record = logging.makeLogRecord({"msg": "failed", "exc_info": raised})

    lines = SafeFormatter().format(record).split("\n")
    assert lines[:2] == ["failed", "Traceback (most recent call last):"]
    assert all(line.isprintable() for line in lines)


def test_a_url_loses_its_password() -> None:
    record = logging.makeLogRecord({"msg": "no way to socks5://albert:s3cret@proxy:1080/"})

    assert SafeFormatter().format(record) == "no way to socks5://***@proxy:1080/"
