"""An account that others run: on Snowflake, or on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from flocon.connectable import Commandable


class NamedAccount(Commandable):
    """Reaches the account behind a connection of connections.toml, on Snowflake for instance. It
    starts and stops nothing there.

    name: the connection's.
    connect_defaults: what `connect` gives to the connector unless it is told otherwise.
    https://docs.snowflake.com/en/developer-guide/snowflake-cli/connecting/configure-connections

    >>> NamedAccount("prod").connection_parameters()
    {'connection_name': 'prod'}
    """

    def __init__(self, name: str, *, connect_defaults: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.connect_defaults = connect_defaults or {}

    def connection_parameters(self) -> dict[str, Any]:
        return {"connection_name": self.name}

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "SNOWFLAKE_DEFAULT_CONNECTION_NAME": self.name, **more}

    def stop(self) -> None:
        """End the process that runs `snow` commands, if there is one."""
        self._end_snow()
