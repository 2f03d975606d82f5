"""Queries by their ids: what is kept of those that are over, how much of it, and for whom."""

import threading

import pyarrow as pa
import pytest
from flocon.core import errors
from flocon.core.errors import SnowflakeError
from flocon.core.result import Result
from flocon.stores.queries import Names, QueryStore

_KB = 1024


def rows(kilobytes: int) -> Result:
    return Result(pa.table({"N": pa.array([0] * (128 * kilobytes), pa.int64())}), ["BIGINT"])


def test_the_oldest_make_room_for_the_latest() -> None:
    store = QueryStore(kept=3, kept_bytes=100 * _KB)
    for number in range(5):
        store.close(store.open("session", "ME", f"q{number}"), rows(1))
    assert [store.find(f"q{number}") is not None for number in range(5)] == [False] * 2 + [True] * 3
    store.close(store.open("session", "ME", "large"), rows(99))
    assert store.find("q3") is None
    assert store.rows("large", "ME").table.num_rows == 99 * 128
    assert store.state() == {"running queries": 0, "kept queries": 2, "kept KB": 100}


def test_what_alone_is_too_large_is_kept_for_a_client_that_comes_back_for_it() -> None:
    store = QueryStore(kept_bytes=10 * _KB)
    now, later = store.open("session", "ME"), store.open("session", "ME")
    assert store.await_client(later)
    store.close(now, rows(11))
    assert store.find(now.id) is None
    store.close(later, rows(11))
    assert store.find(later.id) is later
    store.close(store.open("session", "ME"), rows(1))
    assert store.find(later.id) is None
    assert store.state()["kept KB"] == 1


def test_a_query_that_runs_is_never_forgotten() -> None:
    store = QueryStore(kept=1)
    running = store.open("session", "ME")
    for _ in range(3):
        store.close(store.open("session", "ME"), rows(1))
    assert store.find_running(running.id) is running
    assert store.running_in("session") == [running]


def test_a_request_is_known_as_long_as_its_query() -> None:
    store = QueryStore(kept=1)
    first, is_new = store.open_request(("session", "r"), "session", "ME")
    assert is_new
    assert store.open_request(("session", "r"), "session", "ME") == (first, False)
    assert store.open_request(("other", "r"), "other", "ME")[1]
    store.close(first, rows(1), Names("D", "S"))
    assert store.find_request(("session", "r")) is first
    store.close(store.open("session", "ME"), rows(1))
    assert store.open_request(("session", "r"), "session", "ME")[1]


def test_rows_are_their_users_and_an_error_has_none() -> None:
    store = QueryStore()
    query = store.open("session", "ME")
    failed = store.open("session", "ME")
    store.close(query, rows(1))
    store.close(failed, errors.does_not_exist("Table", "T"))
    assert store.rows(query.id, "ME").table.num_rows == 128
    for query_id, user in ((query.id, "YOU"), (failed.id, "ME"), ("unknown", "ME")):
        with pytest.raises(SnowflakeError) as raised:
            store.rows(query_id, user)
        assert raised.value.errno == 709


def test_an_interruption_is_repeated_until_the_query_is_over() -> None:
    store = QueryStore()
    query = store.open("session", "ME")
    interrupted = threading.Semaphore(0)

    def run() -> None:
        with query.turn(interrupted.release):
            for _ in range(3):
                assert interrupted.acquire(timeout=30)
        store.close(query)

    thread = threading.Thread(target=run)
    thread.start()
    while not query.cancel():
        pass
    thread.join(30)
    assert query.over.done()
    assert query.cancel() is False
    with pytest.raises(SnowflakeError, match="canceled"):
        query.check()
