"""The connector's requests, as they leave this process."""

import gzip
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import snowflake.connector
from isal import igzip
from snowflake.connector import network

from ingest.fast import connector_gzip
from tests.conftest import RunningAccount


def test_statements_travel_at_the_level_that_was_chosen(
    account: RunningAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels: list[Any] = []
    compress = igzip.compress

    def noted(data: bytes, level: int) -> bytes:
        levels.append(level)
        return compress(data, level)

    monkeypatch.setattr(network, "gzip", network.gzip)
    monkeypatch.setattr(igzip, "compress", noted)
    assert connector_gzip.install()
    with account.connect() as connection:
        [(length,)] = connection.cursor().execute("SELECT LENGTH(?)", ("é" * 10_000,)).fetchall()
    assert length == 10_000
    assert set(levels) == {connector_gzip.LEVEL}


def _another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snowflake.connector, "__version__", "4.8.0")


def _another_gzip(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a connector would look that calls another library, under the same name."""
    monkeypatch.setattr(network, "gzip", SimpleNamespace(compress=lambda data: gzip.compress(data)))


@pytest.mark.parametrize("difference", [_another_version, _another_gzip])
def test_a_connector_that_looks_different_is_left_as_it_is(
    difference: Callable[[pytest.MonkeyPatch], None],
    account: RunningAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(network, "gzip", gzip)
    difference(monkeypatch)
    before = network.gzip
    assert not connector_gzip.install()
    assert network.gzip is before
    with account.connect() as connection:
        [(length,)] = connection.cursor().execute("SELECT LENGTH(?)", ("é" * 10_000,)).fetchall()
    assert length == 10_000


def test_a_connector_without_a_gzip_of_its_own_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(network, "gzip")
    assert not connector_gzip.install()
    assert not hasattr(network, "gzip")
