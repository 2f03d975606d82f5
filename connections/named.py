"""A named connection: from its name to the parameters with which anybody logs in.

The rules are those of `snow` (snowflake-cli 3.30, snow_connector.py and config.py there), which
tests hold against it:

1. The tables of connections are those of SNOWFLAKE_CONNECTIONS (TOML), or else of connections.toml,
   or else of [connections] in config.toml; the files are in SNOWFLAKE_HOME.
2. SNOWFLAKE_CONNECTIONS_<NAME>_<KEY> replaces a key of a table in a file.
3. SNOWFLAKE_<KEY> fills in a key that the table lacks, for the keys below.
4. PRIVATE_KEY_PASSPHRASE goes before the passphrase of the table.
"""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from snowflake.connector.config_manager import (
    CONFIG_MANAGER,
    ConfigManager,
    ConfigSlice,
    ConfigSliceOptions,
)
from snowflake.connector.errors import Error

from connections.errors import ConnectionProblem
from connections.key_files import PASSPHRASE, private_key
from connections.proxies import is_loopback, reached_at, without_credentials

log = logging.getLogger(__name__)

TABLES = "SNOWFLAKE_CONNECTIONS"
# What SNOWFLAKE_<KEY> may fill in.
FILLED_IN = (
    "account",
    "user",
    "password",
    "host",
    "port",
    "protocol",
    "authenticator",
    "workload_identity_provider",
    "private_key_file",
    "private_key_path",
    "private_key_raw",
    "database",
    "schema",
    "role",
    "warehouse",
    "session_token",
    "master_token",
    "token",
    "token_file_path",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_authorization_url",
    "oauth_token_request_url",
    "oauth_redirect_uri",
    "oauth_scope",
    "oauth_disable_pkce",
    "oauth_enable_refresh_tokens",
    "oauth_enable_single_use_refresh_tokens",
    "client_store_temporary_credential",
    "secondary_roles",
    "server_session_keep_alive",
)
SYNONYMS = {
    "private_key_path": "private_key_file",
    "private_key_file_pwd": "private_key_passphrase",
}
BOOLEANS = {
    "oauth_disable_pkce",
    "oauth_enable_refresh_tokens",
    "oauth_enable_single_use_refresh_tokens",
    "client_store_temporary_credential",
    "server_session_keep_alive",
}
WORDS = {"true": True, "1": True, "false": False, "0": False}
# Files by their absolute names: `snow` is run in another folder.
FILES = ("private_key_file", "token_file_path")
# Variables that programs may keep: none of them changes which account is meant.
KEPT = (
    "SNOWFLAKE_HOME",
    "SNOWFLAKE_AUDIENCE",
    "SNOWFLAKE_AUTH_SOCKET_",
    "SNOWFLAKE_CLI_",
    "SNOWFLAKE_DISABLE_",
    "SNOWFLAKE_ENABLE_",
    "SNOWFLAKE_MIN_TLS_VERSION",
    "SNOWFLAKE_RUNNING_INSIDE_SPCS",
    "SNOWFLAKE_WIF_",
)
NOT_KEPT = "SNOWFLAKE_CLI_CONFIG_V2_ENABLED"
# The parameters whose values a message may hold.
NO_SECRETS = {
    "account",
    "authenticator",
    "database",
    "host",
    "port",
    "private_key_file",
    "protocol",
    "proxy_host",
    "proxy_port",
    "region",
    "role",
    "schema",
    "token_file_path",
    "user",
    "warehouse",
}
# Snowflake's shortest password; what is shorter stands in texts by chance.
SHORTEST_SECRET = 8


@dataclass(frozen=True)
class Connection:
    """A name, and what it stands for. A key is read from its file at each login."""

    name: str
    parameters: Mapping[str, Any] = field(repr=False)
    passphrase: str | None = field(default=None, repr=False)

    def login(self) -> dict[str, Any]:
        """The connector's parameters. Raises ConnectionProblem for a key that cannot be used."""
        key = private_key(self.name, self.parameters, self.passphrase)
        ours = {"private_key_file", "private_key_raw", "private_key_passphrase"} if key else set()
        found = {name: value for name, value in self.parameters.items() if name not in ours}
        return {**found, **({"private_key": key} if key else {})}

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment for `snow`: it finds this connection under its name, and no other.

        Secrets stay in memory so: no file has to be removed, and no command line shows them.
        """
        parameters = dict(self.parameters)
        if self.passphrase is not None:
            parameters["private_key_passphrase"] = self.passphrase
        return {**without_connections(environ), TABLES: tomlkit.dumps({self.name: parameters})}

    @property
    def reached_at(self) -> str:
        """The host and port, and the proxy in between, for people."""
        return reached_at(self.parameters)

    def masked(self, text: str) -> str:
        """A text of the connector or of `snow`, without what is secret in the connection."""
        secrets = {
            str(value) for name, value in self.parameters.items() if name not in NO_SECRETS
        } | {self.passphrase or ""}
        for secret in sorted(secrets, key=len, reverse=True):
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return without_credentials(text)


def resolve(name: str | None = None, home: Path | None = None) -> Connection:
    """The connection with this name, or the default one. Raises ConnectionProblem.

    With `home`, it is the one of the files there, and the environment changes nothing.
    """
    try:
        manager = _manager(home) if home else CONFIG_MANAGER
        with _warnings_as_lines():
            chosen = name or str(manager["default_connection_name"])
            known: Any = manager["connections"]
    except (Error, ValueError, OSError) as error:
        cause = error.__cause__
        why = f"{error} ({cause})" if cause else str(error)
        raise ConnectionProblem(
            f"the connections cannot be read: {' '.join(why.split())}"
        ) from error
    table = known.get(chosen) if isinstance(known, Mapping) else None
    if not isinstance(table, Mapping):
        raise ConnectionProblem(_unknown(chosen, known, manager, home))
    replaced = _replaced(chosen) if home is None and TABLES not in os.environ else {}
    parameters = _merged(table.unwrap() if hasattr(table, "unwrap") else table, replaced)
    if home is None:
        for key in FILLED_IN:
            if value := os.environ.get(f"SNOWFLAKE_{key.upper()}"):
                parameters.setdefault(SYNONYMS.get(key, key), value)
    passphrase = os.environ.get(PASSPHRASE) if home is None else None
    return Connection(chosen, _typed(chosen, parameters), passphrase)


def without_connections(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would change a connection."""
    return {
        name: value
        for name, value in environ.items()
        if name != PASSPHRASE
        and (not name.startswith("SNOWFLAKE_") or (name.startswith(KEPT) and name != NOT_KEPT))
    }


@contextlib.contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """The connector warns of files that others may read, over several lines; a log has one each."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for each in caught:
        log.warning("%s", " ".join(str(each.message).split()))
    # It would say the same once more at each login.
    warnings.filterwarnings("ignore", "Bad owner or permissions")


def _manager(home: Path) -> ConfigManager:
    """What the connector's own is for SNOWFLAKE_HOME, without the environment."""
    found = ConfigManager(
        name="CONFIG_MANAGER",
        file_path=home / "config.toml",
        _slices=[ConfigSlice(home / "connections.toml", ConfigSliceOptions(), "connections")],
    )
    found.add_option(name="connections", env_name=False, default={})
    found.add_option(name="default_connection_name", env_name=False, default="default")
    return found


def _replaced(name: str) -> dict[str, str]:
    prefix = f"{TABLES}_{name.upper()}_"
    return {
        variable.removeprefix(prefix).lower(): value
        for variable, value in os.environ.items()
        if variable.startswith(prefix)
    }


def _merged(table: Mapping[str, Any], replaced: Mapping[str, str]) -> dict[str, Any]:
    """Each parameter by its one name, as `snow` knows it."""
    found = {SYNONYMS.get(name, name): value for name, value in (*table.items(), *replaced.items())}
    for given in (table, replaced):
        if "private_key_path" in given:
            # Where both names are given, this is the one that `snow` obeys.
            found["private_key_file"] = given["private_key_path"]
    return found


def _typed(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Variables are text, and the connector takes any text for true."""
    found = {key: value for key, value in parameters.items() if value is not None}
    for key in BOOLEANS & found.keys():
        found[key] = WORDS.get(str(found[key]).lower(), found[key])
    for key in FILES:
        if found.get(key):
            found[key] = str(Path(found[key]).expanduser().absolute())
    port = found.get("port")
    if port is not None:
        if not str(port).isdecimal() or not 0 < int(port) < 65_536:
            raise ConnectionProblem(f"connection {name!r}: {port!r} is not a port")
        found["port"] = int(port)
    if found.keys() & {"private_key_file", "private_key_raw"}:
        _with_key(name, found)
    if is_loopback(str(found.get("host", ""))):
        # A proxy is on the way to other machines.
        found = {key: value for key, value in found.items() if not key.startswith("proxy_")}
    return found


def _with_key(name: str, parameters: dict[str, Any]) -> None:
    """The connector takes a key for the authenticator, whatever that says; `snow` wants both."""
    authenticator = parameters.setdefault("authenticator", "SNOWFLAKE_JWT")
    if str(authenticator).upper() != "SNOWFLAKE_JWT":
        raise ConnectionProblem(
            f"connection {name!r} has a private key and authenticator {authenticator!r}: a key goes"
            " with SNOWFLAKE_JWT"
        )


def _unknown(name: str, known: Any, manager: ConfigManager, home: Path | None) -> str:
    """What there is instead, and where it was looked for."""
    names = ", ".join(map(str, known)) if isinstance(known, Mapping) else ""
    if TABLES in os.environ and home is None:
        where = f"{TABLES} has {names or 'none'}"
    else:
        files = [Path(str(manager.file_path)), *(each.path for each in manager._slices)]
        there = [str(file) for file in files if file.exists()]
        absent = [str(file) for file in files if not file.exists()]
        has = f"{' and '.join(there)} {'have' if len(there) > 1 else 'has'} {names or 'none'}"
        lacks = f"there is no {' and no '.join(absent)}"
        where = "; ".join([*([has] if there else []), *([lacks] if absent else [])])
    variable = os.environ.get("SNOWFLAKE_HOME")
    set_to = f"SNOWFLAKE_HOME is {variable}" if variable else "SNOWFLAKE_HOME is not set"
    if variable and not Path(variable).expanduser().exists():
        set_to += ", which does not exist"
    return f"there is no connection {name!r} (-c/--connection): {where}; {set_to}"
