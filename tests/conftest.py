"""What all tests share: an account on this machine, or the one that TEST_TARGET names."""

import functools
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

# The connector looks for cloud hosts at login; without a network that takes seconds.
os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")

import snowflake.connector
from snowflake.snowpark import Session

from tests.support.accounts import ForkedAccount
from tests.support.snow import Snow

ROOT = Path(__file__).resolve().parent.parent
_READY_SECONDS = 30.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RunningAccount:
    """An account in a process of its own, and ways to reach it.

    forked: not started by `python -m flocon`, but by support/accounts.py, which is sooner done.
    """

    data: Path
    home: Path
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | ForkedAccount | None = None
    forked: bool = False
    name: str = "local"
    options: list[str] = field(default_factory=list)
    user: str = "tester"
    password: str = "tester"

    def start(self) -> None:
        """Start it, or start it again on the same data; returns when it listens."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._write_home()
        self.process = self._launched()
        deadline = time.monotonic() + _READY_SECONDS
        while not self._listens():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def _launched(self) -> subprocess.Popen[str] | ForkedAccount:
        arguments = ["--port", str(self.port), "--data", str(self.data), *self.options]
        path = self.data.parent / "account.log"
        if self.forked:
            return ForkedAccount(arguments, path)
        with path.open("a") as log:
            command = [sys.executable, "-m", "flocon", *arguments]
            return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, text=True)

    def _write_home(self) -> None:
        """A SNOWFLAKE_HOME whose connection `local` is this account."""
        files = {
            "config.toml": 'default_connection_name = "local"\n',
            "connections.toml": "[local]\n"
            + "".join(f"{name} = {value!r}\n" for name, value in self.parameters().items()),
        }
        for name, text in files.items():
            path = self.home / name
            path.write_text(text.replace("'", '"'))
            path.chmod(0o600)

    def parameters(self) -> dict[str, Any]:
        return {
            "account": "local",
            "user": self.user,
            "password": self.password,
            "host": self.host,
            "port": self.port,
            "protocol": "http",
        }

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def log(self) -> str:
        return (self.data.parent / "account.log").read_text()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        if "_snow" in self.__dict__:
            self._snow.close()
            del self._snow
        self.process.terminate()
        return self.process.wait(timeout=20)

    def kill(self) -> None:
        """kill -9"""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=20)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a client program whose connections are this account's."""
        return {**os.environ, "SNOWFLAKE_HOME": str(self.home), **more}

    def connect(self, **parameters: Any) -> snowflake.connector.SnowflakeConnection:
        """A connection of the real connector, with `?` binds unless told otherwise."""
        return snowflake.connector.connect(
            **{**self.parameters(), "paramstyle": "qmark", "login_timeout": 20, **parameters}
        )

    def snowpark(self, **parameters: Any) -> Session:
        """A real Snowpark session."""
        return Session.builder.configs({**self.parameters(), **parameters}).create()

    def snow(self, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """Run the real `snow` command against this account."""
        return self._snow.run(*arguments, cwd=cwd)

    @functools.cached_property
    def _snow(self) -> Snow:
        return Snow(self.environment())


@dataclass
class NamedAccount:
    """The account behind a connection of connections.toml, whose running is not the tests' affair.

    Its role must be allowed to create databases.
    """

    name: str

    def connect(self, **parameters: Any) -> snowflake.connector.SnowflakeConnection:
        return snowflake.connector.connect(
            **{"connection_name": self.name, "paramstyle": "qmark", **parameters}
        )

    def snowpark(self, **parameters: Any) -> Session:
        return Session.builder.configs({"connection_name": self.name, **parameters}).create()

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "SNOWFLAKE_DEFAULT_CONNECTION_NAME": self.name, **more}

    def snow(self, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """Run the real `snow` command against this account."""
        return self._snow.run(*arguments, cwd=cwd)

    @functools.cached_property
    def _snow(self) -> Snow:
        return Snow(self.environment())

    def stop(self) -> None:
        if "_snow" in self.__dict__:
            self._snow.close()


# What makes sense on any account: it needs connections, and nothing of this machine's account.
ON_SNOWFLAKE = (
    "tests/app/test_laws.py",
    "flocon/tests/conformance/",
    "tests/procedures/",
)


def on_snowflake() -> bool:
    """Do the tests run against the account that TEST_CONNECTION names?"""
    return os.environ.get("TEST_TARGET") == "snowflake"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only this machine's account can be asked."""
    if on_snowflake():
        chosen = [item for item in items if item.nodeid.startswith(ON_SNOWFLAKE)]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def new_account(folder: Path, *, forked: bool = False) -> RunningAccount:
    """An account that is not started yet."""
    return RunningAccount(data=folder / "data", home=folder / "home", forked=forked)


@pytest.fixture(scope="session")
def account(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningAccount | NamedAccount]:
    """One account for all tests of a process; each test has its own `database` in it."""
    if on_snowflake():
        named = NamedAccount(os.environ.get("TEST_CONNECTION", "default"))
        yield named
        named.stop()
        return
    running = new_account(tmp_path_factory.mktemp("account"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def administrator(account: RunningAccount) -> Iterator[snowflake.connector.SnowflakeConnection]:
    """Who makes and drops the tests' databases."""
    with account.connect() as opened:
        yield opened


@pytest.fixture
def database(administrator: snowflake.connector.SnowflakeConnection) -> Iterator[str]:
    """A fresh database's name; the database is dropped afterwards."""
    name = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    administrator.cursor().execute(f"CREATE DATABASE {name}")
    yield name
    administrator.cursor().execute(f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def connection(
    account: RunningAccount, database: str
) -> Iterator[snowflake.connector.SnowflakeConnection]:
    """A connection in the fresh database, in its schema PUBLIC."""
    with account.connect(database=database, schema="PUBLIC") as opened:
        yield opened


@pytest.fixture
def run(connection: snowflake.connector.SnowflakeConnection) -> Any:
    """run(sql, *binds) → all rows."""

    def execute(sql: str, *binds: Any) -> list[Any]:
        return connection.cursor().execute(sql, binds or None).fetchall()

    return execute


@pytest.fixture
def session(account: RunningAccount, database: str) -> Iterator[Session]:
    """A Snowpark session in the fresh database."""
    opened = account.snowpark(database=database, schema="PUBLIC")
    yield opened
    opened.close()
