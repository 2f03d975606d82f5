"""Puts the project's own SQL files and procedures into a database, without the `snow` command."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from snowflake.connector import SnowflakeConnection

from app.caves.statements import PLACEHOLDER, fill

PROJECT = Path(__file__).parents[2]
SQL_FILES = PROJECT / "app" / "sql"


def manifest(project: Path = PROJECT) -> dict[str, Any]:
    """snowflake.yml, whose templates are plain text to YAML."""
    return _read((project / "snowflake.yml").read_text("utf-8"))


@functools.cache
def _read(text: str) -> dict[str, Any]:
    return yaml.safe_load(text)


def filled(name: str, env: Mapping[str, str], project: Path = PROJECT) -> str:
    """A file of app/sql with its placeholders filled in, as `snow sql -f` does."""
    values = manifest(project)["env"] | dict(env)
    text = (project / "app" / "sql" / name).read_text("utf-8")
    while PLACEHOLDER.search(text):  # a setting may refer to another one
        text = fill(text, {key: str(value) for key, value in values.items()})
    return text


def run_sql_file(
    connection: SnowflakeConnection,
    name: str,
    database: str,
    env: Mapping[str, str] | None = None,
    project: Path = PROJECT,
) -> None:
    text = filled(name, {**(env or {}), "database": database}, project)
    for _ in connection.execute_string(text):
        pass
