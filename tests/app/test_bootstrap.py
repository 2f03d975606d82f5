"""`caves bootstrap` and what it leaves alone: warehouses of others, and others' monitors.

Through the real `snow`; the account's COMPUTE_WH stands for the one in every new account.
"""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.caves.deployment.bootstrap import adopt
from app.caves.deployment.deploy import leave_out_existing
from app.caves.deployment.warehouse import MADE_HERE, Verdict, Warehouse, find, judge, too_small
from app.caves.project import Project
from app.caves.target import Row
from tests.procedures.deployment import manifest
from tests.support.answers import shown
from tests.support.caves import Caves

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def environment(account: Any) -> Iterator[Caves]:
    """The name of an environment, and at the end nothing of it left."""
    made = Caves(account, f"BOOT_{uuid.uuid4().hex[:8].upper()}")
    yield made
    with account.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"DROP DATABASE IF EXISTS {made.database}")
        for name in (f"{made.database}_WH", f"{made.database}_OTHERS"):
            cursor.execute(f"DROP WAREHOUSE IF EXISTS {name}")
            cursor.execute(f"DROP RESOURCE MONITOR IF EXISTS {name}_MONITOR")
        for role in ("DEPLOYER", "TASK_OWNER", "INGESTER", "ANALYST", "OPERATOR"):
            cursor.execute(f"DROP ROLE IF EXISTS {made.database}_{role}")


def bootstrapped(environment: Caves, warehouse: str, *more: str) -> str:
    """What it told, in one line."""
    done = environment("bootstrap", "--env", f"warehouse={warehouse}", *more)
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())


def warehouse_of(flocon_administrator: Any, name: str) -> Row:
    [found] = [row for row in shown(flocon_administrator, "SHOW WAREHOUSES") if row["name"] == name]
    return found


def test_a_warehouse_that_others_made_keeps_its_settings_and_gets_a_monitor_only_on_demand(
    environment: Caves, flocon_administrator: Any
) -> None:
    name = f"{environment.database}_OTHERS"
    flocon_administrator.cursor().execute(f"CREATE WAREHOUSE {name} COMMENT = 'Of the controllers'")
    before = warehouse_of(flocon_administrator, name)

    told = bootstrapped(environment, name)
    after = warehouse_of(flocon_administrator, name)
    moving = {"updated_on", "resumed_on"}
    assert {key: value for key, value in after.items() if key not in moving} == {
        key: value for key, value in before.items() if key not in moving
    }
    assert f"warehouse {name} (X-Small, generation 2, query acceleration on" in told
    assert "was there before this project, without a monitor: left as it is" in told
    assert f"--adopt-warehouse puts {name}_MONITOR on it" in told
    monitors = {row["name"] for row in shown(flocon_administrator, "SHOW RESOURCE MONITORS")}
    assert f"{name}_MONITOR" not in monitors

    bootstrapped(environment, name, "--adopt-warehouse")
    assert warehouse_of(flocon_administrator, name)["resource_monitor"] == f"{name}_MONITOR"


def test_the_warehouse_that_bootstrap_makes_is_of_the_cheap_kind_and_tells_somebody_of_its_end(
    environment: Caves, flocon_administrator: Any
) -> None:
    name, user = f"{environment.database}_WH", f"{environment.database}_CONTROLLER"
    flocon_administrator.cursor().execute(f"CREATE USER {user} EMAIL = 'c@caves.example'")
    try:
        told = bootstrapped(
            environment, name, "--env", f"monitor_notify_users={user}", "--hide-bind-values"
        )
        made = warehouse_of(flocon_administrator, name)
        assert (made["generation"], str(made["enable_query_acceleration"])) == ("1", "false")
        [monitor] = [
            row
            for row in shown(flocon_administrator, "SHOW RESOURCE MONITORS")
            if row["name"] == made["resource_monitor"]
        ]
        assert (monitor["name"], user in str(monitor["notify_users"])) == (f"{name}_MONITOR", True)
        assert "monthly_credits" not in told
        like = "SHOW PARAMETERS LIKE 'ALLOW_BIND_VALUES_ACCESS' IN ACCOUNT"
        [parameter] = shown(flocon_administrator, like)
        assert parameter["value"].lower() == "false"
    finally:
        flocon_administrator.cursor().execute("ALTER ACCOUNT UNSET ALLOW_BIND_VALUES_ACCESS")
        flocon_administrator.cursor().execute(f"DROP USER {user}")


def test_a_dearer_generations_use_is_told_and_a_containers_owner_may_use_its_pool(
    environment: Caves, flocon_administrator: Any
) -> None:
    name = f"{environment.database}_WH"
    bootstrapped(environment, name)
    flocon_administrator.cursor().execute(f"ALTER WAREHOUSE {name} SET GENERATION = '2'")

    pool = f"{environment.database}_POOL"
    run = flocon_administrator.cursor().execute
    run(f"CREATE COMPUTE POOL {pool} MIN_NODES = 1 MAX_NODES = 1 INSTANCE_FAMILY = CPU_X64_XS")
    try:
        container = "dashboard_runtime=SYSTEM$ST_CONTAINER_RUNTIME_PY3_11"
        told = bootstrapped(
            environment, name, "--env", container, "--env", f"dashboard_compute_pool={pool}"
        )
        granted = shown(flocon_administrator, f"SHOW GRANTS ON COMPUTE POOL {pool}")
        usage = [row["grantee_name"] for row in granted if row["privilege"] == "USAGE"]
        assert usage == [f"{environment.database}_DEPLOYER"]
    finally:
        run(f"DROP COMPUTE POOL {pool}")
    assert "monthly_credits is 800:" in told
    assert "may use 1004 in a month, and would be suspended on day 25" in told


class Shown:
    """An account that shows one database and one warehouse, by names a LIKE would take for ours."""

    database = "D_1"

    def rows(self, statement: str, values: Any = ()) -> list[Row]:
        assert "LIKE" not in statement
        settings = {"SIZE": "X-Small", "AUTO_SUSPEND": 60, "COMMENT": ""}
        return [{"NAME": "WX1" if "WAREHOUSES" in statement else "DX1", **settings}]


def test_names_are_compared_as_a_whole_where_a_pattern_would_find_others() -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-warehouses"""
    account: Any = Shown()
    assert find(account, "W_1") is None
    assert find(account, "WX1") is not None
    with Project.find().copy_for_deployment() as copy:
        leave_out_existing(copy, account, "WX1")
        [first, *_] = copy.sql_files()
        assert "CREATE DATABASE IF NOT EXISTS" in first.path.read_text("utf-8")


WAREHOUSE = Warehouse("W", "Of the shop", None, "X-Small", "2", True, 60.0)


def of_ours(monitor: str | None) -> Warehouse:
    return Warehouse("W", f"{MADE_HERE}; made for D", monitor, "X-Small", "1", False, 60.0)


@pytest.mark.parametrize(
    ("found", "adopt", "monitored"),
    [
        pytest.param(None, False, True, id="made by this bootstrap"),
        pytest.param(of_ours(None), False, True, id="made here"),
        pytest.param(of_ours("W_MONITOR"), False, True, id="made here, monitored"),
        pytest.param(of_ours("ALL"), False, False, id="made here, with another monitor"),
        pytest.param(of_ours("ALL"), True, True, id="with another monitor, on demand"),
        pytest.param(WAREHOUSE, False, False, id="somebody else's"),
        pytest.param(WAREHOUSE, True, True, id="somebody else's, on demand"),
        pytest.param(
            Warehouse("W", "", "W_MONITOR", "X-Small", "1", False, 60.0),
            False,
            True,
            id="taken by an earlier version",
        ),
    ],
)
def test_who_made_a_warehouse_decides_about_its_monitor(
    found: Warehouse | None, adopt: bool, monitored: bool
) -> None:
    verdict = judge(found, "W_MONITOR", adopt)
    assert verdict.monitored == monitored
    assert bool(verdict.notes) != monitored


def test_what_was_found_is_told_with_what_it_costs() -> None:
    told = judge(of_ours("ALL"), "W_MONITOR", False)
    assert told == Verdict(
        False,
        (
            "warehouse W (X-Small, generation 1, query acceleration off, suspends after 60 s) has"
            " the monitor ALL: left as it is; --adopt-warehouse puts W_MONITOR on it, or"
            " choose another",
        ),
    )


def test_the_quota_of_the_manifest_is_enough_for_the_generation_of_the_manifest() -> None:
    env = {name: str(value) for name, value in manifest()["env"].items()}
    assert too_small(of_ours(None), env) is None


class Owned:
    """An account whose tasks another role owns, SHOWn by their names; it notes what is altered."""

    database = "D"

    def __init__(self) -> None:
        parents = {
            "A_LEAF": ["D.OPS.M_CHILD"],
            "M_CHILD": ["D.OPS.Z_ROOT"],
            "Z_ROOT": [],
        }
        self.tasks = [
            {
                "NAME": name,
                "OWNER": "SYSADMIN",
                "STATE": "started",
                "PREDECESSORS": str(above).replace("'", '"'),
            }
            for name, above in parents.items()
        ]
        self.altered: list[str] = []

    def rows(self, statement: str, values: Any = ()) -> list[Any]:
        return self.tasks if statement.startswith("SHOW TASKS") else []

    def run(self, statement: str) -> None:
        self.altered.append(statement.format(db=self.database))


def test_graphs_of_another_owner_are_suspended_from_their_roots() -> None:
    account = Owned()
    assert adopt(account) == ["tasks"]  # type: ignore[arg-type]  # a fake of it
    assert account.altered == [
        "ALTER TASK D.OPS.Z_ROOT SUSPEND",
        "ALTER TASK D.OPS.M_CHILD SUSPEND",
        "ALTER TASK D.OPS.A_LEAF SUSPEND",
        "GRANT OWNERSHIP ON ALL TASKS IN SCHEMA D.OPS TO ROLE D_DEPLOYER COPY CURRENT GRANTS",
    ]


def test_no_file_grants_the_ownership_of_an_app() -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/grant-ownership"""
    project = Project.find()
    for path in (*project.admin_files(), *(each.path for each in project.sql_files())):
        assert not re.search(r"GRANT OWNERSHIP ON [A-Z ]*STREAMLIT", path.read_text("utf-8")), path
