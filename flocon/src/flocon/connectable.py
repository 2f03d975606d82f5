"""How programs reach an account, wherever it runs: by the connector, by Snowpark, by `snow`."""

from __future__ import annotations

import functools
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import snowflake.connector

from flocon.testing.snow import Snow

if TYPE_CHECKING:
    import subprocess

    from snowflake.connector import SnowflakeConnection
    from snowflake.snowpark import Session


class Connectable(ABC):
    """An account that the connector and Snowpark can reach.

    connect_defaults: parameters that `connect` gives to the connector unless it is told otherwise.
    """

    connect_defaults: Mapping[str, Any]

    @abstractmethod
    def connection_parameters(self) -> dict[str, Any]:
        """What `snowflake.connector.connect` and `Session.builder.configs` need to reach it, by
        the names of their parameters."""

    def connect(self, **parameters: Any) -> SnowflakeConnection:
        """Open a connection of snowflake-connector-python; close it, or use it in a `with`.

        parameters: the connector's, such as `database`, `schema`, `role` and `autocommit`.
        Raises a `snowflake.connector.errors.Error` where no account answers or it refuses the
        login.
        https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api

        >>> with account.connect() as connection:
        ...     connection.cursor().execute("SELECT 6 * 7").fetchall()
        [(42,)]
        """
        return snowflake.connector.connect(
            **{**self.connection_parameters(), **self.connect_defaults, **parameters}
        )

    def snowpark(self, **parameters: Any) -> Session:
        """Open a session of Snowpark; close it, or use it in a `with`.

        parameters: those of `Session.builder.configs`; `connect_defaults` do not apply.
        Raises what `connect` raises.
        https://docs.snowflake.com/en/developer-guide/snowpark/python/creating-session

        >>> with account.snowpark() as session:
        ...     session.range(3).collect()
        [Row(ID=0), Row(ID=1), Row(ID=2)]
        """
        from snowflake.snowpark import Session  # it takes a second, and not everybody needs it

        return Session.builder.configs({**self.connection_parameters(), **parameters}).create()


class Commandable(Connectable):
    """An account that a program also reaches by its environment variables, as `snow` does."""

    @abstractmethod
    def environment(self, **more: str) -> dict[str, str]:
        """The environment variables of a program whose default connection is this account: those
        of this program, and `more`."""

    def snow(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of `snow`, which has to be installed, on this account: `snow("sql", "-q",
        "SELECT 1")`.

        cwd: the folder that it runs in; this program's by default.
        Returns its exit code (`returncode`) and the texts that it wrote (`stdout`, `stderr`); a
        command that fails raises nothing. Raises TimeoutError after 120 seconds. The first command
        takes some seconds, further ones a fraction of one.
        https://docs.snowflake.com/en/developer-guide/snowflake-cli/index
        """
        return self._snow.run(*arguments, cwd=cwd or Path.cwd())

    @functools.cached_property
    def _snow(self) -> Snow:
        return Snow(self.environment())

    def _end_snow(self) -> None:
        if "_snow" in self.__dict__:
            self._snow.close()
            del self._snow


def connections_toml(parameters: Mapping[str, Any], name: str = "local") -> str:
    """An entry of connections.toml.

    >>> print(connections_toml({"account": "local", "port": 8084}), end="")
    [local]
    account = "local"
    port = 8084
    """
    # JSON's texts and numbers are TOML's, too.
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in parameters.items()
    ]
    key = name if re.fullmatch("[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
    return "\n".join([f"[{key}]", *lines, ""])


def local_parameters(host: str, port: int, user: str, password: str) -> dict[str, Any]:
    """The parameters of a connection to an account on this machine."""
    return {
        "account": "local",
        "user": user,
        "password": password,
        "host": host,
        "port": port,
        "protocol": "http",
    }
