"""A deployed pipeline for the tests of a module, and the `caves` command in this process."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from app.caves import cli
from app.caves.target import Account, Target
from tests.chaos.deployment import deploy_to

VIEWS = ("05_tasks.sql", "07_operations.sql", "08_alerts.sql", "09_start.sql")
# Nothing runs by itself: the scheduler's first turn is long after the test.
ENV = {"task_schedule": "60 MINUTES", "alert_schedule": "60 MINUTES"}


@dataclass
class Deployed:
    """An open connection to the pipeline's database, and the account that it is in."""

    account: Account
    running: Any

    @property
    def database(self) -> str:
        return self.account.database

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return self.account.rows(statement, values)

    def caves(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
        """The command in this process; returns its exit code."""

        def connect(target: Target, **parameters: Any) -> Account:
            return Account(self.running.connect(**parameters), target.database)

        monkeypatch.setattr(Target, "connect", connect)
        return cli.main([*arguments, "-c", "local", "--database", self.database])

    def caves_json(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
    ) -> Any:
        """What the command prints with --json."""
        self.caves(monkeypatch, *arguments, "--json")
        return json.loads(capsys.readouterr().out)


@contextmanager
def deployed_pipeline(running: Any) -> Iterator[Deployed]:
    """What `caves deploy` makes, but for analytics and dashboard, within a second or two."""
    name = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    with Account(running.connect(), name) as account:
        deploy_to(account, ENV, VIEWS)
        yield Deployed(account, running)
        account.rows("DROP DATABASE {db}")
