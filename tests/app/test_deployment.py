"""The command itself, with the real `snow`, against the account on this machine.

The tests share one deployed database and are in the order of its life. Before the first deployment
and after the last the command is started as people start it; test_up.py deploys so.
"""

import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.caves.deployment.checks import shortcomings
from app.caves.project import Project
from app.caves.target import Account
from tests.support.caves import Caves, take_in

ROOT = Path(__file__).parents[2]
# Only `caves run` moves anything: the scheduler's first turn is long after the test.
SCHEDULE = ("--env", "task_schedule=60 MINUTES")

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Deployment(Caves):
    """A database's name, and the command that works on it."""

    folder: Path

    def started(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command from a folder that has nothing to do with the project."""
        return subprocess.run(
            [
                *(sys.executable, "-W", "ignore", "-m", "app.caves.cli", command),
                *("-c", "local", "--database", self.database, *arguments),
            ],
            cwd=self.folder,
            env={**self.account.environment(), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=500,
        )


@pytest.fixture(scope="module")
def deployment(account: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    name = f"CAVES_{uuid.uuid4().hex[:12].upper()}"
    yield Deployment(account, name, tmp_path_factory.mktemp("elsewhere"))
    with account.connect() as connection:
        connection.cursor().execute(f"DROP DATABASE IF EXISTS {name}")


def archives() -> set[str]:
    return {path.name for path in Project.find().root.glob("*.zip")}


def test_before_the_first_deployment_the_way_out_is_named(deployment: Deployment) -> None:
    for done in (deployment.started("verify"), deployment("status")):
        assert done.returncode == 1
        assert (
            f"the pipeline is not in {deployment.database}: run `caves deploy` first" in done.stderr
        )


def test_the_first_deployment_leaves_everything_fit_to_run(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = archives()
    monkeypatch.chdir(deployment.folder)
    done = deployment("deploy", *SCHEDULE)

    # A step that takes long says so with a line of its own.
    steps = [line for line in done.stderr.splitlines() if not line.endswith(" so far")]
    assert (done.returncode, sum("] snow " in step for step in steps)) == (0, 5), done.stderr
    assert "Deployed" in done.stdout
    assert archives() == before
    assert list(deployment.folder.iterdir()) == []
    with deployment.open() as opened:
        assert shortcomings(opened) == []


def test_the_laws_hold_on_an_empty_database(deployment: Deployment) -> None:
    done = deployment("verify")

    assert done.returncode == 0, done.stderr
    assert "Every law holds." in done.stdout


def test_a_second_deployment_loses_no_row_and_moves_no_offset(deployment: Deployment) -> None:
    with deployment.open() as opened:
        take_in(opened, 0, "o-1")
    done = deployment("deploy", *SCHEDULE, "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "deployed": True,
        "database": deployment.database,
        "profile": "live",
        "ingester_flags": "--batch-max-seconds 60 --batch-max-events 50 --sign-of-life-seconds 300",
        "dropped": [],
        "kept_suspended": [],
        "no_dashboard": None,
    }
    laws = json.loads(deployment("verify", "--json").stdout)
    assert laws["holds"] is True
    assert laws["laws"][1]["figures"]["IN_FLIGHT"] == 1


def test_run_moves_what_is_in_flight_to_production(deployment: Deployment) -> None:
    done = deployment("run", "--timeout", "120")

    assert done.returncode == 0, done.stderr
    with deployment.open() as opened:
        rows = opened.rows(
            "SELECT ORDER_ID, PRODUCT_NAME, PRODUCT_CATEGORY, TOTAL_AMOUNT"
            " FROM {db}.PRODUCTION.ORDERS"
        )
    assert [(*list(row.values())[:3], str(row["TOTAL_AMOUNT"])) for row in rows] == [
        ("o-1", "Échézeaux – Grand Cru", "🍷 Vin Rouge", "39.80")
    ]
    laws = json.loads(deployment("verify", "--json").stdout)
    assert laws["holds"] is True
    figures = laws["laws"][2]["figures"]
    assert (figures["EVENTS"], figures["IN_FLIGHT"], figures["ORDERS"]) == (1, 0, 1)


def test_status_shows_tasks_streams_rows_and_offsets(deployment: Deployment) -> None:
    done = deployment("status", "--json")

    found = json.loads(done.stdout)
    assert [(task["STATE"], task["SCHEDULE"]) for task in found["tasks"]] == [
        ("started", "60 MINUTES"),
        ("started", "60 MINUTES"),
        *[("started", None)] * 3,
        ("started", "USING CRON 15 2 * * * UTC"),
    ]
    orders = found["tasks"][0]
    assert orders["LAST_STATE"] == "SUCCEEDED"
    assert orders["SECONDS"] > 0
    assert [(each["HAS_DATA"], each["STALE"]) for each in found["streams"]] == [(False, False)] * 5
    counts = {row["TABLE_NAME"]: row["ROW_COUNT"] for row in found["tables"]}
    assert counts["PRODUCTION.ORDERS"] == 1
    assert found["partitions"][0]["NEXT_OFFSET"] == 1
    assert "TASK_RAW_TO_STAGING_ORDERS" in deployment("status").stdout


def look_at_incidents(opened: Account) -> dict[tuple[str, str], bool]:
    """Run the alert; of each incident (metric, object), whether it is open afterwards."""
    ended = (
        "SELECT STATE FROM TABLE({db}.INFORMATION_SCHEMA.ALERT_HISTORY())"
        f" WHERE DATABASE_NAME = '{opened.database}' AND COMPLETED_TIME IS NOT NULL"
        " ORDER BY COMPLETED_TIME"
    )
    before = len(opened.rows(ended))
    opened.rows("EXECUTE ALERT {db}.OPS.ALERT_INCIDENTS")
    deadline = time.monotonic() + 60
    while len(opened.rows(ended)) == before:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert opened.rows(ended)[-1] == {"STATE": "TRIGGERED"}
    log = opened.rows("SELECT METRIC, OBJECT, CLOSED_AT FROM {db}.OPS.ALERT_LOG ORDER BY OPENED_AT")
    return {(row["METRIC"], row["OBJECT"]): row["CLOSED_AT"] is None for row in log}


def test_a_failed_task_is_named_and_the_next_deployment_mends_it(deployment: Deployment) -> None:
    task = "TASK_STAGING_TO_PROD_ORDERS"
    with deployment.open() as opened:
        take_in(opened, 1, "o-2")
        opened.rows("DROP PROCEDURE {db}.OPS.STAGING_TO_PROD_ORDERS()")
    failed = deployment("run")

    assert failed.returncode == 1
    assert f"{task} failed: " in failed.stderr
    with deployment.open() as opened:
        incidents = look_at_incidents(opened)
    assert incidents["TASK_FAILED", task]
    assert incidents["TASK_FAILURES", task]

    done = deployment("deploy", "--profile", "triggered", only=("snowpark", "05_tasks.sql"))
    assert done.returncode == 0, done.stderr
    assert "Profile triggered: start the ingester with --batch-max-seconds 180" in done.stdout
    # Its tasks run by themselves, for there are rows in their streams.
    with deployment.open() as opened:
        deadline = time.monotonic() + 120
        arrived = "SELECT ORDER_ID FROM {db}.PRODUCTION.ORDERS ORDER BY ORDER_ID"
        while len(rows := opened.rows(arrived)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        # The row is there before its run is in the history.
        while (incidents := look_at_incidents(opened))["TASK_FAILED", task]:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert incidents["TASK_FAILURES", task]
        schedules = {row["SCHEDULE"] for row in opened.rows("SHOW TASKS IN SCHEMA {db}.OPS")}
    assert [row["ORDER_ID"] for row in rows] == ["o-1", "o-2"]
    assert schedules == {None, "USING CRON 15 2 * * * UTC"}


def test_a_violation_ends_verify_with_1(deployment: Deployment) -> None:
    with deployment.open() as opened:
        opened.rows("UPDATE {db}.PRODUCTION.ORDERS SET QUANTITY = 3 WHERE ORDER_ID = 'o-1'")
    done = deployment("verify")

    assert done.returncode == 1
    assert "FAILED: law 3" in done.stdout


def test_a_deployment_that_fails_says_where_and_why(deployment: Deployment, tmp_path: Path) -> None:
    with Project.find().copy_for_deployment() as copy:
        (copy.root / "app/sql/02_tables.sql").write_text("CREATE NONSENSE x;\n")
        done = deployment("deploy", "--project", str(copy.root))

    assert done.returncode == 1
    assert "`snow sql" in done.stderr
    assert "NONSENSE" in done.stderr.upper()


def test_teardown_names_what_goes_and_drops_the_database(deployment: Deployment) -> None:
    assert deployment("teardown").returncode == 2
    done = deployment("teardown", "--yes")

    assert done.returncode == 0, done.stderr
    told = (
        rf"database {deployment.database}: \d+ tables with \d+ rows, 5 streams, \d+ views, 6 tasks"
    )
    assert re.search(rf"to be dropped: {told}", done.stderr)
    assert re.search(r"RAW_DATA\.RAW_EVENTS_STREAM +│ +2 ", done.stderr)
    assert re.search(rf"Dropped {told}", done.stdout)
    assert deployment.started("verify").returncode == 1
