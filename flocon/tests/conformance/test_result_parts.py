"""Large answers come in parts, which a client may fetch by itself, elsewhere and later.

https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-distributed-fetch
"""

import pickle
from collections.abc import Iterator
from itertools import chain
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from snowflake.connector.connection import SnowflakeConnection

from flocon import AccountProcess

_ROWS = 150_000
_QUERY = (
    "select seq4() as n, n::varchar as t, iff(n % 7 = 0, null, n / 4)::number(12, 2) as q,"
    f" dateadd(second, n, '2026-01-01'::timestamp) as at from table(generator(rowcount => {_ROWS}))"
)


@pytest.fixture(params=["Arrow", "JSON"])
def spoken(account: AccountProcess, database: str, request: Any) -> Iterator[SnowflakeConnection]:
    """A connection whose answers come in this format."""
    # Names of parameters are taken in any case.
    parameters = {"python_connector_query_result_format": request.param.lower()}
    with account.connect(
        database=database, schema="PUBLIC", session_parameters=parameters
    ) as opened:
        yield opened


def test_all_rows_arrive_in_their_order(spoken: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = spoken.cursor().execute(_QUERY)
    assert cursor.rowcount == _ROWS
    rows = cursor.fetchall()
    assert [n for n, *_ in rows] == list(range(_ROWS))
    assert all(text == str(n) for n, text, *_ in rows)
    assert [str(q) for _, _, q, _ in rows[:3]] == ["None", "0.25", "0.50"]
    assert str(rows[-1][3]) == "2026-01-02 17:39:59"


def test_the_parts_are_read_each_by_itself_after_the_connection_is_closed(
    request: pytest.FixtureRequest, spoken: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    spoken_format = request.node.callspec.params["spoken"]
    cursor = spoken.cursor()
    cursor.execute(_QUERY)
    first, *others = batches = cursor.get_result_batches() or []
    assert {type(each).__name__ for each in batches} == {f"{spoken_format}ResultBatch"}
    assert first.compressed_size is None
    assert first.uncompressed_size is None
    assert len(others) >= 2
    assert all(each.compressed_size and each.uncompressed_size for each in others)
    assert sum(each.rowcount for each in batches) == _ROWS
    sent = [pickle.dumps(each) for each in batches]
    spoken.close()
    read = [pickle.loads(each) for each in sent]  # they are the test's own
    assert [row[0] for row in chain(*map(list, read))] == list(range(_ROWS))
    # And again: a part is there as long as its time is.
    assert [row[0] for row in read[1]][:1] == [first.rowcount]


def test_a_part_of_arrow_has_the_types_of_the_others(connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    big = "iff(n = 149999, 99999999999999999999, n)::number(38, 0)"
    tables = list(cursor.execute(f"select {big} as b from ({_QUERY})").fetch_arrow_batches())
    assert len(tables) > 1
    assert len({str(table.schema) for table in tables}) == 1
    frames = list(cursor.execute(_QUERY).fetch_pandas_batches())
    assert sum(map(len, frames)) == _ROWS


def test_an_answer_that_is_asked_for_later_has_its_parts(spoken: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    cursor = spoken.cursor()
    query_id = cursor.execute_async(_QUERY)["queryId"]
    cursor.get_results_from_sfqid(query_id)
    assert sum(n for n, *_ in cursor) == _ROWS * (_ROWS - 1) // 2


def test_a_few_rows_that_are_long_come_in_parts_and_a_few_short_ones_do_not(
    connection: SnowflakeConnection,
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    cursor.execute("select repeat('x', 1000000) as t from table(generator(rowcount => 30))")
    batches = cursor.get_result_batches() or []
    assert len(batches) > 2
    assert [len(text) for (text,) in chain(*map(list, batches))] == [1_000_000] * 30
    cursor.execute("select 1 from table(generator(rowcount => 10000))")
    assert len(cursor.get_result_batches() or []) == 1


def test_a_part_is_for_whoever_has_the_answer(connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-persisted-results"""
    cursor = connection.cursor()
    cursor.execute(_QUERY)
    part = (cursor.get_result_batches() or [])[1]
    info, headers = part._remote_chunk_info, part._chunk_headers
    assert info is not None
    assert headers

    def status(url: str, sent: dict[str, str]) -> int:
        try:
            with urlopen(Request(url, headers=sent)) as answer:  # it is this machine's
                return int(answer.status)
        except HTTPError as error:
            return error.code

    assert status(info.url, headers) == 200
    for url, sent in (
        (info.url, {}),
        (info.url, dict.fromkeys(headers, "another key")),
        (info.url.rpartition("/")[0] + "/99", headers),
        (info.url.rpartition("/")[0] + "/..%2f..", headers),
    ):
        assert status(url, sent) == 404, url
