"""The ingester is stopped dead, by kill -9, before and after each of its calls to the outside, one
by one. Each time a fresh one continues, and each message is there once."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import raw_to_staging

from app.caves.laws import kinds
from app.caves.laws.verify import BEGINNING, LAWS, judge
from app.caves.target import Account
from tests.conftest import RunningAccount
from tests.ingest.ingestion import Ingestion, Sent, send
from tests.procedures.deployment import run_sql_file

ORDER = b'{"event_type": "ORDER_CREATED", "event_id": "E%d", "order_id": "O%d"}'
MESSAGES = tuple(
    Sent(b"?" if number % 5 == 4 else ORDER % (number, number), partition=number % 2)
    for number in range(20)
)
EVERYTHING = [(partition, offset) for partition in (0, 1) for offset in range(10)]
# One batch is due exactly when the last message has come, so each run makes the same calls.
ONE_BATCH = ("--batch-max-events", "20", "--batch-max-seconds", "3600", "--idle-exit", "0.3")
LEAVE = ("--idle-exit", "0.3", "--batch-max-seconds", "0.1")
# A round costs only the faults that are still due.
ROUNDS = 6
CALLS = [
    "login",
    "SELECT INGEST_OFFSETS",
    "SELECT INGEST_OFFSETS",
    "INSERT RAW_EVENTS_STREAM",
    "INSERT REJECTED_EVENTS",
    "LIST INGEST_FILES",
    "SELECT INGEST_OFFSETS",
    "MERGE INGEST_OFFSETS",
    "MERGE INGEST_OFFSETS",
    "SELECT INGEST_OFFSETS",
    "commit to Kafka",
    "BEGIN",
    "INSERT RAW_EVENTS_STREAM",
    "INSERT REJECTED_EVENTS",
    "UPDATE INGEST_OFFSETS",
    "COMMIT",
    "commit to Kafka",
    "commit to Kafka",
]
AS_FILE = ("--file-min-bytes", "1")
FILE_CALLS = [
    *CALLS[:11],
    "PUT INGEST_FILES",
    "BEGIN",
    "COPY RAW_EVENTS_STREAM",
    "INSERT REJECTED_EVENTS",
    "UPDATE INGEST_OFFSETS",
    "COMMIT",
    "REMOVE INGEST_FILES",
    "commit to Kafka",
    "commit to Kafka",
]
AT_ONCE = 14


@pytest.fixture(scope="module")
def pipeline_database(account: RunningAccount) -> Iterator[str]:
    """A database with the pipeline's tables and streams."""
    name = "CRASH_POINTS"
    with account.connect() as connection:
        for script in ("01_database.sql", "02_tables.sql", "03_streams.sql"):
            run_sql_file(connection, script, name)
        yield name
        connection.cursor().execute(f"DROP DATABASE {name}")


def calls_of(log: str) -> list[str]:
    return re.findall(r"^call \d+: (.+)$", log, re.M)


def test_an_ingester_killed_at_any_of_its_calls_leaves_each_message_once(
    account: RunningAccount, broker: str, programs: None, pipeline_database: str, tmp_path: Path
) -> None:
    """All calls of one that binds its rows, and those that differ where they go as a file."""
    every = range(len(CALLS))
    differ = [
        number
        for number, call in enumerate(FILE_CALLS)
        if call.split()[0] in ("PUT", "COPY", "COMMIT", "REMOVE")
    ]
    looking = account.connect(database=pipeline_database)
    killed = Killings(account, broker, pipeline_database, tmp_path, looking)
    killed.at_each(every, CALLS, ())
    killed.at_each(differ, FILE_CALLS, AS_FILE)
    looking.close()
    assert_laws(account, pipeline_database, messages=len(MESSAGES) * len(killed.ingestions))


@dataclass
class Killings:
    account: RunningAccount
    broker: str
    database: str
    folder: Path
    looking: Any
    ingestions: list[Ingestion] = field(default_factory=list)

    def at_each(self, numbers: Sequence[int], calls: Sequence[str], flags: Sequence[str]) -> None:
        """Kill an ingester that makes these calls before and after those of these numbers."""
        flags = (*ONE_BATCH, *flags)
        self._rehearse(calls, flags)
        missed = {
            f"die {moment} {number + 1}": f"{calls[number]}, die {moment} {number + 1}"
            for number in numbers
            for moment in ("before", "after")
        }
        # Where the group hesitates, the fault strikes another call than the rehearsed one: all must
        # be well then, too, and the fault is due again.
        for _ in range(ROUNDS):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                outcomes = list(
                    pool.map(
                        lambda ingestion, fault: self._outcome(ingestion, fault, flags),
                        self._new_ingestions(len(missed)),
                        missed,
                    )
                )
            assert [each for each in outcomes if each[1]] == []
            struck = {where for where, _ in outcomes}
            missed = {fault: where for fault, where in missed.items() if where not in struck}
        assert missed == {}

    def _rehearse(self, calls: Sequence[str], flags: Sequence[str]) -> None:
        """See that an ingester that nobody kills makes these calls. It rightly makes others where
        the group hesitates and gives it its partitions a second time."""
        for _ in range(ROUNDS):
            [rehearsal] = self._new_ingestions(1)
            undisturbed = rehearsal.sabotaged("none", *flags)
            assert rehearsal.left(undisturbed) == 0, undisturbed.log
            assert rehearsal.ingested() == EVERYTHING
            made = calls_of(undisturbed.log)
            if made == calls:
                return
        assert made == calls

    def _new_ingestions(self, count: int) -> list[Ingestion]:
        made = [
            Ingestion(
                self.account, self.broker, self.database, self.folder, connection=self.looking
            )
            for _ in range(count)
        ]
        if made:
            send(self.broker, {ingestion.topic: MESSAGES for ingestion in made})
        self.ingestions.extend(made)
        return made

    def _outcome(self, ingestion: Ingestion, fault: str, flags: Sequence[str]) -> tuple[str, str]:
        """Where it was struck, and what is wrong afterwards."""
        try:
            victim = ingestion.sabotaged(fault, *flags)
            if ingestion.left(victim) != -9:
                return fault, f"survived: {victim.log}"
            struck = f"{calls_of(victim.log)[-1]}, {fault}"
            ingested = ingestion.ingested()
            if ingested not in ([], EVERYTHING):
                return struck, f"half a batch: {ingested}"
            # Another group, only to save the wait until the broker misses the member that died.
            heir = ingestion.ingester("--group", f"{ingestion.topic}-heirs", *LEAVE)
            if ingestion.left(heir) != 0:
                return struck, f"the heir: {heir.log}"
            right = ingestion.ingested() == EVERYTHING and ingestion.stored() == [(0, 10), (1, 10)]
            return struck, "" if right else f"{ingestion.ingested()} {ingestion.stored()}"
        finally:
            ingestion.kill_all()


def assert_laws(account: RunningAccount, database: str, messages: int) -> None:
    """Laws 1 and 2, before and after the procedures of hop 2 have taken everything."""
    with account.connect(database=database) as connection:
        target = Account(connection, database)
        first = judge(target, LAWS[0], kinds.Kinds(), BEGINNING)
        assert first.holds, first.figures
        assert first.figures["IN_RAW"] == messages * 16 // 20
        assert first.figures["REJECTED"] == messages * 4 // 20
        with account.snowpark(database=database) as session:
            raw_to_staging.orders(session)
            raw_to_staging.inventory(session)
        second = judge(target, LAWS[1], kinds.read(target), BEGINNING)
        assert second.holds, second.figures
        assert second.figures["GIVEN_OUT"] == messages * 16 // 20
