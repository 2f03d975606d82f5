"""Two ways to deploy: as people do it, and the same objects within a second."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.caves.machine.programs import Machine
from app.caves.target import Account
from tests.procedures.deployment import PROJECT, manifest, run_sql_file

BEFORE = ("01_database.sql", "02_tables.sql", "03_streams.sql")
AFTER = ("05_tasks.sql", "09_start.sql")
CREATE = """
CREATE OR REPLACE PROCEDURE {database}.OPS.{name}({arguments})
RETURNS VARIANT LANGUAGE PYTHON RUNTIME_VERSION = '3.11'
PACKAGES = ('snowflake-snowpark-python')
IMPORTS = ('@{database}.OPS.DEPLOYMENT/chaos/procedures.zip')
HANDLER = '{handler}'
"""


def deploy_with_snow(machine: Machine, task_schedule: str) -> None:
    """As `caves deploy` does."""
    machine.deploy(task_schedule)


def deploy_at_once(machine: Machine, task_schedule: str) -> None:
    """Without starting `snow` four times, which takes most of a short round's time."""
    with machine.target.connect() as account:
        deploy_to(account, {"task_schedule": task_schedule})


def deploy_to(
    account: Account,
    env: Mapping[str, str],
    after: Sequence[str] = AFTER,
    project: Path = PROJECT,
) -> None:
    """SQL files and procedures, by the account's own connection; `after` follow the procedures."""
    database = account.database
    cursor = account.connection.cursor()
    for name in BEFORE:
        run_sql_file(account.connection, name, database, env, project)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "procedures.zip"
        with zipfile.ZipFile(archive, "w") as zipped:
            for module in (project / "procedures").glob("*.py"):
                zipped.write(module, module.name)
        cursor.execute(f"PUT file://{archive} @{database}.OPS.DEPLOYMENT/chaos AUTO_COMPRESS=FALSE")
    for entity in manifest(project)["entities"].values():
        if entity["type"] == "procedure":
            cursor.execute(_procedure(entity, database))
    for name in after:
        run_sql_file(account.connection, name, database, env, project)


def _procedure(entity: dict[str, Any], database: str) -> str:
    signature = entity["signature"] or []
    return CREATE.format(
        database=database,
        name=entity["identifier"]["name"],
        arguments=", ".join(f"{each['name']} {each['type']}" for each in signature),
        handler=entity["handler"],
    )
