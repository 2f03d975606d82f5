"""`caves` in this process, on a test's account: the command without the seconds of its start.

Everything is real but two things: the connection is the account's, whatever SNOWFLAKE_HOME this
process has read, and `snow` is forked from a process that has imported it (support/snow.py).
"""

import contextlib
import io
import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from flocon.testing.snow import Snow as ForkedSnow

from app.caves import cli
from app.caves.errors import CommandError
from app.caves.target import Account, Target

Snow = Callable[[Target, Sequence[str], Path], str]


@dataclass(frozen=True)
class Caves:
    """caves(…) runs a command on one environment of the account."""

    account: Any
    database: str

    def __call__(
        self,
        command: str,
        *arguments: str,
        snow: Snow | None = None,
        only: str | Sequence[str] = "",
    ) -> subprocess.CompletedProcess[str]:
        """`snow` stands in for the real one, to fail where a test wants it. `only`: of the commands
        of `snow`, those with this word, or one of these, run; what the others make is there."""
        database = ("--env", f"database={self.database}")
        return run_caves(self.account, command, *database, *arguments, snow=snow, only=only)

    def open(self) -> Account:
        return Account(self.account.connect(), self.database)


def run_caves(
    account: Any,
    command: str,
    *arguments: str,
    snow: Snow | None = None,
    only: str | Sequence[str] = "",
) -> subprocess.CompletedProcess[str]:
    """The command, on the account and on whatever database it works on."""
    out, err = io.StringIO(), io.StringIO()
    argv = [command, "-c", "local", *arguments]
    with (
        _through(account, snow, only),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = cli.main(argv)
    return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _through(account: Any, instead: Snow | None, only: str | Sequence[str]) -> Iterator[None]:
    """Within the block every Target is of this account."""

    def connect(self: Target, **parameters: Any) -> Account:
        return Account(account.connect(**parameters), self.database)

    with mock.patch.object(Target, "connect", connect), snow_by(account.snow, instead, only):
        yield


@contextlib.contextmanager
def snow_by(
    run: Callable[..., subprocess.CompletedProcess[str]],
    instead: Snow | None = None,
    only: str | Sequence[str] = "",
) -> Iterator[None]:
    """Within the block every Target runs `snow` by support/snow.py, for its connection. `instead`
    and `only`: see Caves."""

    words = [only] if isinstance(only, str) else only

    def snow(self: Target, arguments: Sequence[str], cwd: Path) -> str:
        if instead:
            return instead(self, arguments, cwd)
        if not any(word in " ".join(arguments) for word in words):
            return ""
        done = run(*arguments, "--connection", self.connection_name, cwd=cwd)
        if done.returncode:
            command = " ".join(arguments[:2])
            raise CommandError(f"`snow {command}` failed:\n{done.stdout}{done.stderr}")
        return str(done.stdout)

    with mock.patch.object(Target, "snow", snow):
        yield


@contextlib.contextmanager
def forked_snow() -> Iterator[None]:
    """Within the block `snow` is forked from a process that has imported it, whatever account it
    works on: for commands that start one of their own."""
    with contextlib.ExitStack() as stack:
        parents: dict[str, ForkedSnow] = {}

        def snow(self: Target, arguments: Sequence[str], cwd: Path) -> str:
            environ = self.environ()
            home = environ["SNOWFLAKE_HOME"]
            if home not in parents:
                parents[home] = stack.enter_context(contextlib.closing(ForkedSnow(environ)))
            done = parents[home].run(*arguments, "--connection", self.connection_name, cwd=cwd)
            if done.returncode:
                raise CommandError(f"`snow` failed:\n{done.stdout}{done.stderr}")
            return done.stdout

        with mock.patch.object(Target, "snow", snow):
            yield


def take_in(opened: Account, offset: int, order_id: str) -> None:
    """What the ingester does for one order."""
    event = {
        "event_id": f"e-{offset}",
        "event_type": "ORDER_CREATED",
        "event_timestamp": "2026-11-20T12:00:00Z",
        "order_id": order_id,
        "customer_id": "c-1",
        "product_id": "p-1",
        "product_name": "Échézeaux – Grand Cru",
        "product_category": "🍷 Vin Rouge",
        "quantity": 2,
        "unit_price": 19.9,
    }
    opened.rows(
        "INSERT INTO {db}.RAW_DATA.RAW_EVENTS_STREAM (EVENT_ID, EVENT_TYPE, EVENT_DATA,"
        " INGESTION_TIMESTAMP, KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET)"
        " SELECT ?, ?, PARSE_JSON(?), '2026-11-20 12:00:01', 'sales_events', 0, ?",
        (event["event_id"], event["event_type"], json.dumps(event), offset),
    )
    opened.rows("DELETE FROM {db}.RAW_DATA.INGEST_OFFSETS")
    opened.rows(
        "INSERT INTO {db}.RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET)"
        " SELECT 'sales_events', 0, ?",
        (offset + 1,),
    )
