"""The ingester with a fault among its calls to the outside, for tests to run as a process.

    CAVES_TEST_FAULT="die before 7" python -m tests.ingest.sabotaged_ingester FLAGS…

Its calls are logins, statements and commits to Kafka, counted from 1 on and told on stderr.
Faults: `none`; `die before N` and `die after N`, by kill -9, around the N-th call; `hang N`, whose
answer never comes; `refuse SQLSTATE ERRNO TABLE`, an answer that a statement about this table gets;
`no topic ids`, from brokers as old as Kafka 2.7.
"""

import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from snowflake.connector.errors import ProgrammingError

from ingest import ingester
from ingest.config import IngesterConfig
from ingest.kafka.clients import TopicId
from ingest.snowflake_sink import Connect

FAULT_VARIABLE = "CAVES_TEST_FAULT"


class Fault:
    def __init__(self, text: str) -> None:
        self._words = text.split()
        self._calls = 0

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        """Make this call, with what the fault adds before and after."""
        self._calls += 1
        sys.stderr.write(f"call {self._calls}: {name}\n")
        self._strike("die", "before")
        self._strike("hang")
        self._refuse(name)
        result = call()
        self._strike("die", "after")
        return result

    def _strike(self, *words: str) -> None:
        if self._words == [*words, str(self._calls)]:
            if words[0] == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            threading.Event().wait()

    def _refuse(self, name: str) -> None:
        if self._words[0] == "refuse":
            _, state, number, table = self._words
            if name.endswith(f" {table}"):
                raise ProgrammingError(
                    "SQL access control error:\nInsufficient privileges to operate on table"
                    f" '{table}'",
                    errno=int(number),
                    sqlstate=state,
                )


class Connection:
    def __init__(self, real: Any, fault: Fault) -> None:
        self._real = real
        self._fault = fault

    def cursor(self) -> "Cursor":
        return Cursor(self._real.cursor(), self._fault)

    def close(self, retry: bool = True) -> None:
        self._real.close(retry=retry)


class Cursor:
    def __init__(self, real: Any, fault: Fault) -> None:
        self._real = real
        self._fault = fault

    def execute(self, sql: str, parameters: Any = (), **options: Any) -> None:
        table = re.search(r"RAW_DATA\.(\w+)", sql)
        name = " ".join([sql.split()[0], *(table.groups() if table else ())])
        self._fault.around(name, lambda: self._real.execute(sql, parameters, **options))

    def fetchall(self) -> list[Any]:
        return self._real.fetchall()

    @property
    def rowcount(self) -> int:
        return self._real.rowcount


class NoTopicId(TopicId):
    def ask(self) -> None:
        return None


def main() -> int:
    fault = Fault(os.environ[FAULT_VARIABLE])
    if os.environ[FAULT_VARIABLE] == "no topic ids":
        ingester.TopicId = NoTopicId  # type: ignore[misc]
    open_consumer = ingester.open_consumer

    def sabotaged_consumer(*arguments: Any) -> Any:
        consumer = open_consumer(*arguments)
        for name in ("commit", "commit_async"):
            real = getattr(consumer, name)

            def commit(*given: Any, real: Any = real, **named: Any) -> Any:
                return fault.around("commit to Kafka", lambda: real(*given, **named))

            setattr(consumer, name, commit)
        return consumer

    def connect_with(config: IngesterConfig) -> Connect:
        connect = ingester.connector(config)
        return lambda: Connection(fault.around("login", connect), fault)

    ingester.open_consumer = sabotaged_consumer
    return ingester.main(connect_with=connect_with)  # type: ignore[arg-type]  # as much of it as is used


if __name__ == "__main__":
    sys.exit(main())
