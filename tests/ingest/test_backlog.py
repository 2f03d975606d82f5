"""A backlog and an account that is away: what is held stays bounded, lag shows, nothing is lost.

bench/ingest_backlog.py does the same with 200,000 messages and minutes.
"""

import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.caves.machine.supervision import free_port
from tests.conftest import RunningAccount, new_account
from tests.ingest.conftest import create_raw_data
from tests.ingest.ingestion import Ingestion, Sent, wait_for

DATABASE = "BACKLOG"
MESSAGES = 6_000
ORDER = b'{"event_type": "ORDER_CREATED", "event_id": "E%d", "order_id": "O%d"}'
LIMIT = 100_000
# The smallest that a message of these counts for: its text and key, and what it costs besides.
SMALLEST = len(ORDER) - 4 + 256


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RunningAccount]:
    """An account that may be killed."""
    running = new_account(tmp_path, forked=True)
    with running:
        with running.connect() as connection:
            connection.cursor().execute(f"CREATE DATABASE {DATABASE}")
            create_raw_data(connection, DATABASE)
        yield running


def connections_of(account: RunningAccount) -> str:
    """As connections.toml, but quick to give up."""
    lines = [f"{name} = {value!r}" for name, value in account.connection_parameters().items()]
    return "\n".join(["[mortal]", *lines, "login_timeout = 1", "network_timeout = 2"])


def test_a_backlog_during_an_outage_is_held_by_kafka_and_written_afterwards(
    mortal: RunningAccount, broker: str, programs: None, tmp_path: Path
) -> None:
    ingestion = Ingestion(mortal, broker, DATABASE, tmp_path)
    ingestion.send(Sent(ORDER % (0, 0)))
    port = free_port()
    ingester = ingestion.ingester(
        *("-c", "mortal", "--metrics-port", str(port)),
        *("--batch-max-bytes", str(LIMIT), "--batch-max-seconds", "0.1"),
        *("--file-min-bytes", str(LIMIT // 2), "--file-max-bytes", str(LIMIT)),
        SNOWFLAKE_CONNECTIONS=connections_of(mortal).replace("'", '"'),
    )

    def metric(name: str) -> float:
        """The sum of the metric's samples."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return sum(map(float, re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.M)))

    try:
        ingestion.wait_for_rows(1, ingester)
        before = ingester.resident_bytes
        mortal.kill()
        orders = (Sent(ORDER % (n, n), partition=n % 2) for n in range(1, MESSAGES))
        ingestion.send(*orders)
        wait_for(lambda: "trying again" in ingester.log, "trouble")
        held = []

        def lag_is_whole() -> bool:
            held.append(metric("caves_ingest_buffered_events"))
            # The broker tells of the offset of its last batch, not of its last message.
            return metric("caves_ingest_lag") > MESSAGES * 0.5

        wait_for(lag_is_whole, "the lag")
        grown = ingester.resident_bytes - before
        mortal.start()
        ingestion.wait_for_rows(MESSAGES, ingester)
        wait_for(lambda: metric("caves_ingest_lag") == 0, "no lag")
        ingester.terminate()
        assert ingestion.left(ingester) == 0, ingester.log
    finally:
        ingestion.kill_all()
    assert ingestion.ingested() == ingestion.sent()
    # A batch on its way, a full buffer, and the one poll that made it full.
    assert max(held) <= 2 * LIMIT / SMALLEST + 500
    # Two thirds of it are pandas, which pyarrow imports with the first file.
    assert grown < 90_000_000
    assert ", holding " in ingester.log
