"""Hostile messages through the real broker, the real ingester, a real account and the transforms:
each is in RAW or among the rejects, with a reason that the shop's people understand."""

from collections.abc import Iterator
from typing import Any

import pytest
import raw_to_staging
import staging_to_production

from app.caves.laws.verify import verify
from app.caves.target import Account
from tests.conftest import RunningAccount
from tests.ingest.hostile import HOSTILE, LIMIT, RAW
from tests.ingest.ingestion import Ingestion, Sent
from tests.procedures.deployment import run_sql_file

PARTITION = 1


@pytest.fixture(scope="module")
def arrived(
    account: RunningAccount,
    broker: str,
    programs: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ingestion]:
    """All of them, sent to one partition, so that their offset is their place in the list; and an
    ingester that has read them and left."""
    name = "HOSTILE_MESSAGES"
    with account.connect() as connection:
        for script in ("01_database.sql", "02_tables.sql", "03_streams.sql"):
            run_sql_file(connection, script, name)
        ingestion = Ingestion(account, broker, name, tmp_path_factory.mktemp("hostile"))
        ingestion.send(*(Sent(each.value, PARTITION, each.key, each.headers) for each in HOSTILE))
        ingester = ingestion.ingester(
            *("--idle-exit", "1", "--batch-max-seconds", "0.5", "--batch-max-bytes", str(LIMIT))
        )
        left = ingestion.left(ingester)
        assert left == 0, ingester.log
        yield ingestion
        ingestion.kill_all()
        connection.cursor().execute(f"DROP DATABASE {name}")


def outcomes(ingestion: Ingestion, sql: str) -> dict[int, Any]:
    """{offset: value} of two columns."""
    return {int(offset): value for offset, value in ingestion.rows(sql)}


def test_each_is_there_once(arrived: Ingestion) -> None:
    assert arrived.ingested() == [(PARTITION, offset) for offset in range(len(HOSTILE))]
    assert arrived.stored() == [(0, 0), (PARTITION, len(HOSTILE))]


def test_each_reject_has_the_reason_that_it_must_have(arrived: Ingestion) -> None:
    found = outcomes(
        arrived, "SELECT KAFKA_OFFSET, REASON FROM RAW_DATA.REJECTED_EVENTS WHERE STAGE = 'INGEST'"
    )
    expected = {n: each.ingest for n, each in enumerate(HOSTILE) if each.ingest != RAW}
    assert found == expected


def test_the_transforms_take_or_reject_each_and_never_stop(arrived: Ingestion) -> None:
    with arrived.account.snowpark(database=arrived.database) as session:
        for procedure in (
            raw_to_staging.orders,
            raw_to_staging.inventory,
            staging_to_production.orders,
            staging_to_production.inventory_history,
            staging_to_production.inventory_current,
        ):
            procedure(session)
    found = outcomes(
        arrived, "SELECT KAFKA_OFFSET, REASON FROM RAW_DATA.REJECTED_EVENTS WHERE STAGE = 'STAGING'"
    )
    expected = {n: each.staging for n, each in enumerate(HOSTILE) if each.staging}
    assert found == expected
    with arrived.account.connect(database=arrived.database) as connection:
        for verdict in verify(Account(connection, arrived.database)):
            assert verdict.holds, (verdict.law.title, verdict.figures)
