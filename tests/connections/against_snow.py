"""Random files and environments, each read by `snow` itself and by connections.named.

A program of its own: both read the files where SNOWFLAKE_HOME was when they were imported. It ends
with 1 and tells the first case in which the two do not agree.
"""

import os
import random
import sys
from pathlib import Path
from typing import Any

import tomlkit
from click import ClickException
from snowflake.cli._app.snow_connector import resolve_connection_parameters
from snowflake.cli.api.cli_global_context import get_cli_context_manager
from snowflake.cli.api.config import get_default_connection_name
from snowflake.cli.api.config_provider import reset_config_provider
from snowflake.connector.config_manager import CONFIG_MANAGER

from connections.errors import ConnectionProblem
from connections.named import FILLED_IN, resolve

HOME = Path(os.environ["SNOWFLAKE_HOME"])
NAMES = ("local", "prod", "my-prod", "Mixed")
KEYS = (*FILLED_IN, "private_key_file_pwd", "private_key_passphrase", "login_timeout", "region")
VALUES = {"port": ("8084", "443"), "authenticator": ("SNOWFLAKE_JWT", "snowflake_jwt")}
WORDS = ("true", "false", "1", "0", "x", "/key.p8")


def table(chance: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {key: value(chance, key) for key in chance.sample(KEYS, 4)}
    # A key wants its authenticator, or else neither of the two takes it.
    return found | {"authenticator": "SNOWFLAKE_JWT"}


def value(chance: random.Random, key: str) -> str:
    return chance.choice(VALUES.get(key, WORDS))


def case(chance: random.Random) -> tuple[str | None, dict[str, str]]:
    """Writes files; returns the name that is asked for, and the environment."""
    for file in ("config.toml", "connections.toml"):
        (HOME / file).unlink(missing_ok=True)
    config: dict[str, Any] = {}
    if chance.random() < 0.7:
        config["default_connection_name"] = chance.choice(NAMES)
    if chance.random() < 0.5:
        config["connections"] = {name: table(chance) for name in chance.sample(NAMES, 2)}
    files = {"config.toml": config}
    if chance.random() < 0.7:
        files["connections.toml"] = {name: table(chance) for name in chance.sample(NAMES, 3)}
    for file, content in files.items():
        (HOME / file).write_text(tomlkit.dumps(content))
        (HOME / file).chmod(0o600)
    environ = {}
    for key in chance.sample(KEYS, 3):
        environ[f"SNOWFLAKE_{key.upper()}"] = chance.choice(("", value(chance, key)))
    for name in NAMES:
        for key in chance.sample(KEYS, chance.randint(0, 2)):
            environ[f"SNOWFLAKE_CONNECTIONS_{name.upper()}_{key.upper()}"] = value(chance, key)
    if chance.random() < 0.2:
        environ["SNOWFLAKE_DEFAULT_CONNECTION_NAME"] = chance.choice(NAMES)
    if chance.random() < 0.2:
        environ["SNOWFLAKE_CONNECTIONS"] = tomlkit.dumps({"prod": table(chance)})
    return chance.choice((None, *NAMES)), environ


def by_snow(name: str | None) -> dict[str, Any] | None:
    reset_config_provider()
    get_cli_context_manager().reset()
    CONFIG_MANAGER.read_config()
    try:
        chosen = name or get_default_connection_name()
        return dict(resolve_connection_parameters(connection_name=chosen))
    except (ClickException, KeyError):
        return None


def by_us(name: str | None) -> dict[str, Any] | None:
    try:
        return dict(resolve(name).parameters)
    except ConnectionProblem as error:
        assert "there is no connection" in str(error), error
        return None


def comparable(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """Ports are numbers in one and texts in the other; our files have absolute names."""
    if found is None:
        return None
    texts = {key: str(each) for key, each in found.items()}
    for key in {"private_key_file", "token_file_path"} & texts.keys():
        texts[key] = str(Path(texts[key]).absolute())
    return texts


def main(seed: int, cases: int) -> int:
    chance = random.Random(seed)
    before = dict(os.environ)
    found = 0
    for number in range(cases):
        name, environ = case(chance)
        os.environ.clear()
        os.environ.update(before | environ)
        theirs, ours = comparable(by_snow(name)), comparable(by_us(name))
        found += ours is not None
        if theirs != ours:
            sys.stderr.write(f"case {number}, {name}, {environ}:\n{theirs}\n{ours}\n")
            return 1
    sys.stdout.write(f"{found}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
