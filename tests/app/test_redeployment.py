"""Plans, new versions, faults half-way and a second environment, with the real `snow`.

The tests share two environments of one account and are in the order of their lives. Only
`caves run` moves anything: the scheduler's first turn is long after the test.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.caves.commands.teardown import contents
from app.caves.deployment import log
from app.caves.errors import CommandError
from app.caves.objects import ALERTS, TASKS
from app.caves.operations import tasks as task_states
from app.caves.project import Project
from app.caves.target import Target
from tests.support.caves import Caves, take_in

HOURLY = ("--env", "task_schedule=60 MINUTES")
NAMES = sorted(name.split(".")[1] for name in (*TASKS, *ALERTS))
INSPECTED = (
    "SHOW TASKS IN ACCOUNT",
    "SHOW DATABASES",
    "SHOW WAREHOUSES",
    "SHOW VIEWS IN DATABASE {db}",
    "SHOW PROCEDURES IN DATABASE {db}",
    "SHOW STREAMLITS IN DATABASE {db}",
    "SHOW TABLES IN DATABASE {db}",
    "SHOW STREAMS IN DATABASE {db}",
    "SELECT * FROM {db}.INFORMATION_SCHEMA.COLUMNS ORDER BY TABLE_NAME, ORDINAL_POSITION",
    "LIST @{db}.OPS.DEPLOYMENT",
    "SELECT * FROM {db}.OPS.DEPLOYMENT_LOG ORDER BY STARTED_AT",
)

pytestmark = pytest.mark.timeout(600)


class Environments:
    """Two names of databases, and of one warehouse for both."""

    def __init__(self, account: Any) -> None:
        ending = uuid.uuid4().hex[:8].upper()
        self.warehouse = f"WH_{ending}"
        self.prod = Caves(account, f"PROD_{ending}")
        self.dev = Caves(account, f"DEV_{ending}")

    @property
    def settings(self) -> tuple[str, ...]:
        return (*HOURLY, "--env", f"warehouse={self.warehouse}")


@pytest.fixture(scope="module")
def environments(account: Any) -> Iterator[Environments]:
    made = Environments(account)
    yield made
    with account.connect() as connection:
        for each in (made.prod, made.dev):
            connection.cursor().execute(f"DROP DATABASE IF EXISTS {each.database}")
        connection.cursor().execute(f"DROP WAREHOUSE IF EXISTS {made.warehouse}")


@pytest.fixture(scope="module")
def next_version() -> Iterator[Path]:
    """The project, a version later: a column, a view's text and a rule are new, DISCARD_REJECTED
    and a view have left.
    """
    with Project.find().copy_for_deployment() as copy:
        root = copy.root
        edit(
            root / "app/sql/02_tables.sql",
            lambda text: (
                text + "ALTER TABLE PRODUCTION.ORDERS ADD COLUMN IF NOT EXISTS GIFT BOOLEAN;\n"
            ),
        )
        edit(
            root / "app/sql/06_analytics.sql",
            lambda text: re.sub(
                r"CREATE OR REPLACE VIEW ANALYTICS.REVENUE_BY_CATEGORY.*?;", "", text, flags=re.S
            ).replace("Products by revenue", "Products by their revenue"),
        )
        edit(root / "procedures/retention.py", lambda text: text + "\nVERSION = 2\n")
        edit(
            root / "snowflake.yml",
            lambda text: re.sub(r"  discard_rejected:\n.*?\n\n", "", text, flags=re.S),
        )
        yield root


def edit(path: Path, change: Callable[[str], str]) -> None:
    old = path.read_text("utf-8")
    new = change(old)
    assert new != old, path
    path.write_text(new, "utf-8")


def states(caves: Caves) -> dict[str, bool]:
    with caves.open() as opened:
        return {task.name: task.started for task in task_states.read(opened)}


def all_but(*suspended: str) -> dict[str, bool]:
    return {name: name not in suspended for name in NAMES}


def inspected(caves: Caves) -> list[Any]:
    """The account without what moves by itself: STALE_AFTER counts from now."""
    with caves.open() as opened:
        found = [row for statement in INSPECTED for row in opened.rows(statement)]
    return [{name: row[name] for name in row if name != "STALE_AFTER"} for row in found]


def rows(caves: Caves, statement: str) -> list[tuple[Any, ...]]:
    with caves.open() as opened:
        return [tuple(row.values()) for row in opened.rows(statement)]


def planned(caves: Caves, *arguments: str) -> dict[str, Any]:
    done = caves("deploy", "--plan", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_plan_for_an_empty_account_names_everything_and_makes_nothing(
    environments: Environments,
) -> None:
    found = planned(environments.prod, *environments.settings)

    assert {change["action"] for change in found["changes"]} == {"create"}
    kinds = {change["kind"] for change in found["changes"]}
    assert {"DATABASE", "WAREHOUSE", "TABLE", "STREAM", "PROCEDURE", "TASK", "VIEW"} <= kinds
    with environments.prod.open() as opened:
        names = {row["NAME"] for row in opened.rows("SHOW DATABASES")}
    assert environments.prod.database not in names


def test_after_a_deployment_there_are_no_changes(environments: Environments) -> None:
    prod = environments.prod
    done = prod("deploy", *environments.settings)
    assert done.returncode == 0, done.stderr

    again = prod("deploy", "--plan", "--check", *environments.settings)
    assert again.returncode == 0, again.stdout
    assert again.stdout.startswith("no changes (")
    assert rows(prod, "SELECT OUTCOME, FAILURE FROM {db}.OPS.DEPLOYMENT_LOG") == [("DONE", None)]


def test_a_plan_names_each_change_and_changes_nothing(
    environments: Environments, next_version: Path
) -> None:
    prod = environments.prod
    with prod.open() as opened:
        take_in(opened, 0, "o-1")
        opened.rows("CREATE VIEW {db}.OPS.SOMEBODYS AS SELECT 1 AS ONE")
        opened.rows("CREATE OR REPLACE VIEW {db}.ANALYTICS.LOW_STOCK_ALERTS AS SELECT 1 AS ONE")
        opened.rows("ALTER TASK {db}.OPS.TASK_RAW_TO_STAGING_ORDERS SUSPEND")
    before = inspected(prod)
    flags = (*environments.settings[2:], "--env", "task_schedule=90 MINUTES")
    found = planned(prod, *flags, "--project", str(next_version))

    changes = [tuple(each[key] for key in ("action", "kind", "name")) for each in found["changes"]]
    assert changes == [
        ("add", "COLUMN", "PRODUCTION.ORDERS.GIFT"),
        ("change", "TASK", "OPS.TASK_RAW_TO_STAGING_ORDERS"),
        ("change", "TASK", "OPS.TASK_RAW_TO_STAGING_INVENTORY"),
        ("change", "VIEW", "ANALYTICS.TOP_PRODUCTS"),
        ("restore", "VIEW", "ANALYTICS.LOW_STOCK_ALERTS"),
        ("change", "PROCEDURE", "OPS.PURGE(NUMBER, NUMBER)"),
        ("drop", "VIEW", "ANALYTICS.REVENUE_BY_CATEGORY"),
        ("drop", "PROCEDURE", "OPS.DISCARD_REJECTED(ARRAY, VARCHAR, VARCHAR)"),
    ]
    assert found["changes"][1]["detail"] == "schedule 60 MINUTES → 90 MINUTES"
    assert found["settings"]["task_schedule"] == ["60 MINUTES", "90 MINUTES"]
    assert found["notes"] == [
        "task TASK_RAW_TO_STAGING_ORDERS stays suspended (USER_SUSPENDED): --resume starts it"
    ]
    checked = prod("deploy", "--plan", "--check", *flags, "--project", str(next_version))
    assert checked.returncode == 1
    assert f"{len(changes)} changes" in checked.stdout
    assert inspected(prod) == before


class Fault:
    """Stands for `snow`: each step does nothing, but one of them does `what`."""

    def __init__(self, title: str, what: Callable[[], None]) -> None:
        self.title = title
        self.what = what

    def __call__(self, target: Target, arguments: Sequence[str], cwd: Path) -> str:
        if self.title in " ".join(arguments):
            self.what()
        return ""


def fail() -> None:
    raise CommandError("the disk is full")


@pytest.mark.parametrize(
    ("title", "step"),
    [
        ("01_database.sql", "step 1 of 7, snow sql 01_database.sql 02_tables.sql 03_streams.sql,"),
        ("snowpark build", "step 2 of 7, snow snowpark build,"),
        ("snowpark deploy", "step 3 of 7, snow snowpark deploy,"),
        ("05_tasks.sql", "step 4 of 7, snow sql 05_tasks.sql"),
    ],
)
def test_a_step_that_fails_is_named_and_the_tasks_are_as_before(
    environments: Environments, title: str, step: str
) -> None:
    prod = environments.prod
    done = prod("deploy", *environments.settings, snow=Fault(title, fail))

    assert done.returncode == 1
    assert f"caves: {step}" in done.stderr
    assert "failed: the disk is full" in done.stderr
    assert "the 6 tasks and alerts that were running are running (0 restarted)" in done.stderr
    assert states(prod) == all_but("TASK_RAW_TO_STAGING_ORDERS")


def test_an_interrupt_while_tasks_are_altered_starts_them_again(
    environments: Environments,
) -> None:
    prod = environments.prod

    def interrupt() -> None:
        suspend_all(prod)
        raise KeyboardInterrupt

    done = prod("deploy", *environments.settings, snow=Fault("05_tasks.sql", interrupt))

    assert done.returncode == 1
    assert "the 6 tasks and alerts that were running are running (6 restarted)" in done.stderr
    assert done.stderr.endswith("caves: interrupted\n")
    assert states(prod) == all_but("TASK_RAW_TO_STAGING_ORDERS")


def suspend_all(caves: Caves) -> None:
    with caves.open() as opened:
        # A root first: what runs below it cannot be changed.
        for name in sorted(NAMES, key=lambda name: "RAW" not in name):
            kind = "ALERT" if "ALERT" in name else "TASK"
            opened.rows(f"ALTER {kind} {{db}}.OPS.{name} SUSPEND")


def test_a_broken_file_of_tasks_loses_no_row_and_leaves_the_old_tasks_running(
    environments: Environments,
) -> None:
    prod = environments.prod
    with Project.find().copy_for_deployment() as copy:
        broken = "-- Task 4.\nCREATE NONSENSE x;"
        path = copy.root / "app/sql/05_tasks.sql"
        edit(path, lambda text: text.replace("-- Task 4.", broken))
        project = ("--project", str(copy.root))
        done = prod("deploy", *environments.settings, *project, only="05_tasks.sql")

    assert done.returncode == 1
    assert "step 4 of 7, snow sql 05_tasks.sql" in done.stderr
    assert "NONSENSE" in done.stderr
    assert "the 6 tasks and alerts that were running are running (6 restarted)" in done.stderr
    assert states(prod) == all_but("TASK_RAW_TO_STAGING_ORDERS")
    assert rows(prod, "SELECT COUNT(*) FROM {db}.RAW_DATA.STREAM_RAW_ORDERS") == [(1,)]
    last = rows(prod, "SELECT OUTCOME, FAILURE FROM {db}.OPS.DEPLOYMENT_LOG ORDER BY STARTED_AT")
    assert last[-1][0] == "FAILED"
    assert "NONSENSE" in last[-1][1]


def test_after_a_deployment_that_was_killed_the_next_one_starts_what_it_had_suspended(
    environments: Environments, next_version: Path
) -> None:
    prod = environments.prod
    with prod.open() as opened:
        log.begin(opened, "killed", None, {}, all_but("TASK_RAW_TO_STAGING_ORDERS"))
    suspend_all(prod)
    done = prod("deploy", *environments.settings, "--project", str(next_version), "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kept_suspended"] == ["TASK_RAW_TO_STAGING_ORDERS"]
    assert states(prod) == all_but("TASK_RAW_TO_STAGING_ORDERS")


def test_a_new_version_drops_what_left_and_nothing_else(
    environments: Environments, next_version: Path
) -> None:
    prod = environments.prod
    with prod.open() as opened:
        procedures = {row["NAME"] for row in opened.rows("SHOW PROCEDURES IN SCHEMA {db}.OPS")}
        views = {row["NAME"] for row in opened.rows("SHOW VIEWS IN DATABASE {db}")}
        [order] = opened.rows("SELECT COUNT(*) AS N FROM {db}.RAW_DATA.STREAM_RAW_ORDERS")
        columns = opened.rows("DESCRIBE TABLE {db}.PRODUCTION.ORDERS")
        low = opened.rows("SELECT * FROM {db}.ANALYTICS.LOW_STOCK_ALERTS")
    assert "DISCARD_REJECTED" not in procedures
    assert {"PURGE", "REPROCESS"} <= procedures
    assert "REVENUE_BY_CATEGORY" not in views
    assert {"SOMEBODYS", "TOP_PRODUCTS"} <= views
    assert order["N"] == 1
    assert columns[-1]["NAME"] == "GIFT"
    assert low == []

    flags = (*environments.settings, "--project", str(next_version))
    assert planned(prod, *flags)["changes"] == []
    assert [each["action"] for each in planned(prod, *flags, "--resume")["changes"]] == ["start"]


TABLES = ("RAW_DATA.RAW_EVENTS_STREAM", "STAGING.STG_ORDERS", "PRODUCTION.ORDERS")
# As the first version made them, with rows.
OLD_SHAPE = (
    "CREATE DATABASE {db}",
    "CREATE SCHEMA {db}.RAW_DATA",
    "CREATE TABLE {db}.RAW_DATA.INGEST_OFFSETS (TOPIC VARCHAR, PARTITION NUMBER(10, 0),"
    " NEXT_OFFSET NUMBER(19, 0), UPDATED_AT TIMESTAMP_NTZ)",
    "INSERT INTO {db}.RAW_DATA.INGEST_OFFSETS SELECT 'sales_events', 0, 7, SYSDATE()",
    "CREATE TABLE {db}.RAW_DATA.REJECTED_EVENTS (REJECTED_AT TIMESTAMP_NTZ, STAGE VARCHAR,"
    " REASON VARCHAR, EVENT_ID VARCHAR, EVENT_TYPE VARCHAR, PAYLOAD VARCHAR,"
    " PAYLOAD_ENCODING VARCHAR, KAFKA_TOPIC VARCHAR, KAFKA_PARTITION NUMBER(10, 0),"
    " KAFKA_OFFSET NUMBER(19, 0), STATUS VARCHAR)",
    "INSERT INTO {db}.RAW_DATA.REJECTED_EVENTS (REASON, STATUS) SELECT 'not JSON', 'OPEN'",
)


def test_the_second_environment_takes_old_tables_over_and_shares_nothing_but_the_warehouse(
    environments: Environments,
) -> None:
    prod, dev = environments.prod, environments.dev
    with dev.open() as opened:
        for statement in OLD_SHAPE:
            opened.rows(statement)
    done = dev("deploy", *environments.settings)
    assert done.returncode == 0, done.stderr
    added = "SKIPPED, TOPIC_ID, LAST_MESSAGE_OFFSET, LAST_MESSAGE_MS, SIGNS"
    columns = f"TOPIC, PARTITION, NEXT_OFFSET, {added}"
    offsets = f"SELECT {columns} FROM {{db}}.RAW_DATA.INGEST_OFFSETS"
    assert rows(dev, offsets) == [("sales_events", 0, 7, None, None, None, None, None)]
    columns = "REASON, DECIDED_AT, NOTE, KAFKA_METADATA"
    rejected = f"SELECT {columns} FROM {{db}}.RAW_DATA.REJECTED_EVENTS"
    assert rows(dev, rejected) == [("not JSON", None, None, None)]

    before = [rows(prod, f"SELECT COUNT(*) FROM {{db}}.{table}") for table in TABLES]
    with dev.open() as opened:
        take_in(opened, 7, "o-dev")
    moved = dev("run", "--timeout", "120")
    assert moved.returncode == 0, moved.stderr
    assert rows(dev, "SELECT ORDER_ID FROM {db}.PRODUCTION.ORDERS") == [("o-dev",)]
    assert [rows(prod, f"SELECT COUNT(*) FROM {{db}}.{table}") for table in TABLES] == before
    assert json.loads(prod("status", "--json").stdout)["tasks"][0]["LAST_RUN"] is None
    assert states(dev) == all_but()


def test_a_warehouse_goes_with_the_last_environment_on_it(environments: Environments) -> None:
    prod, dev = environments.prod, environments.dev
    with prod.open() as opened:
        both = contents(opened)
    assert (both.warehouse, both.kept) == (
        None,
        f"warehouse {environments.warehouse} stays: {dev.database} runs on it",
    )

    done = dev("teardown", "--yes", "--json")
    assert json.loads(done.stdout)["warehouse"] is None
    assert f"warehouse {environments.warehouse} stays: this environment did not" in done.stderr
    assert states(dev) == {}
    assert states(prod) == all_but("TASK_RAW_TO_STAGING_ORDERS")

    done = prod("teardown", "--yes", "--json")
    assert json.loads(done.stdout)["warehouse"] == environments.warehouse
    with prod.open() as opened:
        left = {row["NAME"] for row in opened.rows("SHOW WAREHOUSES")}
    assert environments.warehouse not in left
