"""What an error of the connector means: retry, reject the data, or stop."""

import pytest
from snowflake.connector import errors

from ingest.errors import DataRefused, Fatal, IngestError, Transient
from ingest.snowflake_errors import translate

CASES = [
    (errors.OperationalError("no route", errno=250003), Transient),
    (errors.DatabaseError("cannot connect", errno=250001), Transient),
    (errors.DatabaseError("connection is closed", errno=250002, sqlstate="08003"), Transient),
    (errors.ProgrammingError("token expired", errno=390114), Transient),
    (errors.ProgrammingError("session gone", errno=390104, sqlstate="08001"), Transient),
    (errors.ProgrammingError("transaction aborted", errno=90236, sqlstate="25000"), Transient),
    (errors.ProgrammingError("waiting for a lock", errno=625, sqlstate="57014"), Transient),
    (errors.ProgrammingError("internal error", errno=300001, sqlstate="XX000"), Transient),
    (errors.ServiceUnavailableError(), Transient),
    (errors.InternalServerError(), Transient),
    (ConnectionResetError("reset by peer"), Transient),
    (errors.ProgrammingError("Error parsing JSON", errno=100069, sqlstate="22P02"), DataRefused),
    (errors.ProgrammingError("Max LOB size", errno=100145, sqlstate="54000"), DataRefused),
    (errors.ProgrammingError("does not exist", errno=2003, sqlstate="42S02"), Fatal),
    (errors.ProgrammingError("syntax error", errno=1003, sqlstate="42000"), Fatal),
    (errors.ProgrammingError("no privilege", errno=3001, sqlstate="42501"), Fatal),
    (errors.ProgrammingError("no active warehouse", errno=606, sqlstate="57P03"), Fatal),
    (errors.ForbiddenError(), Fatal),
    (errors.HttpError(msg="413 Payload Too Large", errno=290413, sqlstate="08001"), DataRefused),
]


@pytest.mark.parametrize(("error", "kind"), CASES)
def test_an_error_is_sorted_by_its_number_and_state(
    error: Exception, kind: type[IngestError]
) -> None:
    assert type(translate(error, "writing", writes_data=True)) is kind


def test_only_a_statement_that_writes_data_can_have_its_data_refused() -> None:
    error = errors.ProgrammingError("Error parsing JSON", errno=100069, sqlstate="22P02")
    assert type(translate(error, "moving INGEST_OFFSETS")) is Fatal


def test_a_missing_table_comes_with_the_way_out_on_one_line() -> None:
    error = errors.ProgrammingError(
        "SQL compilation error:\nObject 'X' does not exist", errno=2003, sqlstate="42S02"
    )
    assert str(translate(error, "writing RAW_EVENTS_STREAM")) == (
        "writing RAW_EVENTS_STREAM: 002003 (42S02): SQL compilation error: Object 'X' does not"
        " exist; does --database name the right one, has the application been deployed to it"
        " (caves deploy), and may this role use it?"
    )
