"""The account and database that a command works on, for the connector and for `snow`."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import snowflake.connector
from snowflake.connector import DictCursor, SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from app.caves.errors import CommandError, UsageError, one_line
from app.caves.project import Project
from app.caves.settings import IDENTIFIER, check, check_name
from connections.errors import ConnectionProblem
from connections.named import Connection, resolve, without_connections

DOES_NOT_EXIST = {2003, 2043}
TAIL_LINES = 30
PLAIN_NAME = re.compile(r"[A-Z_][A-Z0-9_$]*", re.ASCII)
LOGIN_SECONDS = 20
# The connector would look for cloud hosts at login, which stalls where there is no network.
NO_PLATFORM_DETECTION = {"SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true"}

# By this tag, query history separates `caves` and its `snow` from the pipeline (docs/cost.md).
SESSION_PARAMETERS = {"QUERY_TAG": "caves"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A named connection, and the database there. `home` stands for another SNOWFLAKE_HOME."""

    database: str
    connection: str | None = None
    home: Path | None = None

    def __post_init__(self) -> None:
        if not IDENTIFIER.fullmatch(self.database):
            raise UsageError(f"{self.database!r} is not a database name")

    @property
    def connection_name(self) -> str:
        """The connection's name: the given one, the environment's, config.toml's default."""
        return self.connection or self.resolved.name

    @cached_property
    def resolved(self) -> Connection:
        """What the name stands for, found out once: the connector and `snow` get the same."""
        try:
            found = resolve(self.connection or ("local" if self.home else None), self.home)
        except ConnectionProblem as error:
            raise CommandError(str(error)) from error
        given = found.parameters.get("session_parameters") or {}
        session = {**SESSION_PARAMETERS, **given}
        return replace(found, parameters={**found.parameters, "session_parameters": session})

    def environ(self) -> dict[str, str]:
        """The environment for programs that resolve a connection of `home` themselves."""
        environ = {**os.environ, **NO_PLATFORM_DETECTION}
        if self.home:
            return {**without_connections(environ), "SNOWFLAKE_HOME": str(self.home)}
        return environ

    def connect(self, **parameters: Any) -> "Account":
        """Log in; the database need not exist yet. Parameters are the connector's."""
        os.environ |= NO_PLATFORM_DETECTION
        resolved = self.resolved
        given = {"database": self.database, "paramstyle": "qmark", **parameters}
        try:
            login = {"login_timeout": LOGIN_SECONDS, **resolved.login(), **given}
            connection = snowflake.connector.connect(**login)
        except ConnectionProblem as error:
            raise CommandError(str(error)) from error
        # The connector leaves some errors of its parts as they are, and a wrong parameter can be
        # any error at all: in each case the connection does not open.
        except Exception as error:
            raise CommandError(
                f"connection {resolved.name!r} does not open: {resolved.masked(one_line(error))}"
                f" (asked: {resolved.reached_at})"
            ) from error
        return Account(connection, self.database)

    def snow(self, arguments: Sequence[str], cwd: Path) -> str:
        """Run `snow` with this connection; raise with the end of its output if it fails."""
        resolved = self.resolved
        done = subprocess.run(
            [snow_binary(), *arguments, "--connection", resolved.name],
            cwd=cwd,
            env=resolved.environ(self.environ()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            tail = resolved.masked("\n".join(done.stdout.splitlines()[-TAIL_LINES:]))
            raise CommandError(
                f"`snow {' '.join(arguments[:2])}` ended with code {done.returncode}:\n{tail}"
            )
        return done.stdout


class Account:
    """An open connection. Names in statements carry the database, written as `{db}`."""

    def __init__(self, connection: SnowflakeConnection, database: str) -> None:
        self.connection = connection
        self.database = database

    def __enter__(self) -> "Account":
        return self

    def __exit__(self, *exception: object) -> None:
        # The session ends by itself in the end; an account that is away must not hold up the end.
        self.connection.close(retry=False)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run one statement; its rows by column name, in upper case."""
        with self.connection.cursor(DictCursor) as cursor:
            cursor.execute(statement.format(db=self.database), list(values) or None)
            found: list[Row] = [dict(row) for row in cursor.fetchall()]
        return [{key.upper(): value for key, value in row.items()} for row in found]

    def run(self, statement: str) -> None:
        """Run one statement whose answer says nothing."""
        self.rows(statement)

    def row(self, statement: str, values: Sequence[Any] = ()) -> Row:
        [row] = self.rows(statement, values)
        return row


def project_and_target(arguments: argparse.Namespace) -> tuple[Project, Target]:
    """The project, and the database that --database, --env database=… or snowflake.yml name."""
    project = Project.find(arguments.project)
    given = overrides(arguments, project)
    return project, Target(given.get("database", project.env["database"]), arguments.connection)


def overrides(arguments: argparse.Namespace, project: Project) -> dict[str, str]:
    """What --env, --database and the environment say of the settings in snowflake.yml, names in
    upper case. A variable of a setting's name counts here because it does for `snow`."""
    known = project.env
    named = settings(arguments.env)
    for name in named:
        check_name(name, known)
    given = {name: os.environ[name] for name in known if name in os.environ} | named
    if arguments.database:
        if "database" in named and named["database"].upper() != arguments.database.upper():
            raise UsageError(
                f"--database {arguments.database} and --env database={named['database']}"
                " contradict each other"
            )
        given["database"] = arguments.database
    given = {
        name: value.upper() if name in ("database", "warehouse") else value
        for name, value in given.items()
    }
    # Where a setting refers to another one, what comes of it is checked before it is deployed.
    check({name: value for name, value in given.items() if "<%" not in value})
    return given


def settings(pairs: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` texts as a dictionary; one name cannot have two values."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise UsageError(f"--env takes NAME=VALUE, not {pair!r}")
        if found.setdefault(name, value) != value:
            raise UsageError(f"--env {name} is given twice: {found[name]!r} and {value!r}")
    return found


def snow_binary() -> str:
    """The `snow` of this environment, or else the one on PATH."""
    beside = Path(sys.executable).with_name("snow")
    if beside.exists():
        return str(beside)
    if found := shutil.which("snow"):
        return found
    raise CommandError("the `snow` command is missing: pip install snowflake-cli")


def identifier(name: str) -> str:
    """A name from SHOW as a statement of an Account takes it, quoted where it must be."""
    if PLAIN_NAME.fullmatch(name):
        return name
    doubled = name.replace('"', '""').replace("{", "{{").replace("}", "}}")
    return f'"{doubled}"'


def is_missing(error: ProgrammingError) -> bool:
    """Whether the statement named something that does not exist."""
    return error.errno in DOES_NOT_EXIST
