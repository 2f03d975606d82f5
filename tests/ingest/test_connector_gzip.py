"""The connector's requests, as they leave this process."""

from typing import Any

import pytest
from isal import igzip
from snowflake.connector import network

from ingest import connector_gzip
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
    connector_gzip.install()
    with account.connect() as connection:
        [(length,)] = connection.cursor().execute("SELECT LENGTH(?)", ("é" * 10_000,)).fetchall()
    assert length == 10_000
    assert set(levels) == {connector_gzip.LEVEL}
