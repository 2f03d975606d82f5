"""The pipeline under roles with least privilege: what each may do, and what it may not.

One environment for all: an administrator's `caves bootstrap`, and a `caves deploy` of the
deployer's role, which has nothing more than that gave it.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from flocon.testing.keys import key_pair
from snowflake.connector import SnowflakeConnection

from app.caves.objects import ALERTS, TASKS
from app.caves.operations import rejected
from app.caves.target import Account
from ingest.batch import Batch
from ingest.messages import Message, sort_message
from ingest.snowflake_sink import SnowflakeSink
from tests.conftest import RunningAccount
from tests.procedures.deployment import filled
from tests.support.answers import errno, shown
from tests.support.caves import Caves, take_in

NO_PRIVILEGE = 3001
UNKNOWN = 2003

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class UnderRole:
    """The account, for a client whose connection names a role."""

    account: RunningAccount
    role: str
    warehouse: str

    def connect(self, **parameters: Any) -> SnowflakeConnection:
        return self.account.connect(role=self.role, warehouse=self.warehouse, **parameters)

    def snow(self, *arguments: str, cwd: Path) -> Any:
        return self.account.snow(*arguments, "--role", self.role, cwd=cwd)


@dataclass(frozen=True)
class Environment:
    """A bootstrapped and deployed environment, and the ingester's private key."""

    account: RunningAccount
    database: str
    key: Path

    @property
    def warehouse(self) -> str:
        return f"{self.database}_WH"

    @property
    def settings(self) -> tuple[str, ...]:
        return ("--env", f"warehouse={self.warehouse}", "--env", "task_schedule=60 MINUTES")

    def bootstrap(self) -> Any:
        key = ("--public-key", f"ingester={self.key.with_suffix('.pub')}")
        return Caves(self.account, self.database)("bootstrap", *self.settings, *key)

    def role(self, name: str) -> UnderRole:
        return UnderRole(self.account, f"{self.database}_{name}", self.warehouse)

    def caves(self, role: str, command: str, *arguments: str, only: str = "") -> Any:
        return Caves(self.role(role), self.database)(command, *arguments, only=only)

    def connect(self, role: str) -> SnowflakeConnection:
        return self.role(role).connect(database=self.database)

    def service(self) -> SnowflakeConnection:
        """The ingester's service user, as its program logs in: with its key, and no role named."""
        parameters = {
            **self.account.connection_parameters(),
            "user": f"{self.database}_INGESTER_SERVICE",
        }
        del parameters["password"]
        return snowflake.connector.connect(
            **parameters,
            authenticator="SNOWFLAKE_JWT",
            private_key_file=str(self.key),
            paramstyle="qmark",
        )


@pytest.fixture(scope="module")
def environment(account: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    folder = tmp_path_factory.mktemp("keys")
    public = key_pair(folder / "ingester.p8")
    framed = f"-----BEGIN PUBLIC KEY-----\n{public}\n-----END PUBLIC KEY-----\n"
    (folder / "ingester.pub").write_text(framed)
    made = Environment(account, f"ROLES_{uuid.uuid4().hex[:8].upper()}", folder / "ingester.p8")
    done = made.bootstrap()
    assert done.returncode == 0, done.stderr
    deployed = made.caves("DEPLOYER", "deploy", *made.settings)
    assert deployed.returncode == 0, deployed.stderr
    yield made
    with account.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"DROP DATABASE {made.database}")
        cursor.execute(f"DROP USER {made.database}_INGESTER_SERVICE")
        cursor.execute(f"DROP RESOURCE MONITOR {made.warehouse}_MONITOR")
        cursor.execute(f"DROP WAREHOUSE {made.warehouse}")
        for role in ("DEPLOYER", "TASK_OWNER", "INGESTER", "ANALYST", "OPERATOR"):
            cursor.execute(f"DROP ROLE {made.database}_{role}")


def _run(connection: SnowflakeConnection) -> Any:
    return lambda sql: connection.cursor().execute(sql).fetchall()


def test_the_deployer_owns_what_runs_and_needs_no_more_than_bootstrap_gave_it(
    environment: Environment,
) -> None:
    with environment.connect("DEPLOYER") as connection:
        tasks = shown(connection, "SHOW TASKS IN SCHEMA OPS")
        alerts = shown(connection, "SHOW ALERTS IN SCHEMA OPS")
        assert len(tasks) == len(TASKS)
        assert len(alerts) == len(ALERTS)
        assert {row["owner"] for row in (*tasks, *alerts)} == {f"{environment.database}_DEPLOYER"}
        assert {row["state"] for row in (*tasks, *alerts)} == {"started"}
        assert errno(_run(connection), "CREATE DATABASE ANOTHER_ENVIRONMENT") == NO_PRIVILEGE
    again = environment.bootstrap()
    assert again.returncode == 0, again.stderr
    with environment.connect("DEPLOYER") as connection:
        assert {row["state"] for row in shown(connection, "SHOW TASKS")} == {"started"}


def test_another_role_than_the_owner_deploys_nothing_and_is_told_who_owns_it(
    environment: Environment,
) -> None:
    """ACCOUNTADMIN may replace the views and would own them: tasks' owners could not read them."""
    database = environment.database
    with environment.connect("DEPLOYER") as connection:
        before = shown(connection, "SHOW VIEWS IN DATABASE"), shown(connection, "SHOW TASKS")
    done = Caves(environment.account, database)("deploy", *environment.settings)
    assert done.returncode == 1
    assert f".ANALYTICS belongs to the role {database}_DEPLOYER" in done.stderr
    assert "works as ACCOUNTADMIN" in done.stderr
    assert f'role = "{database}_DEPLOYER"' in done.stderr
    with environment.connect("DEPLOYER") as connection:
        after = shown(connection, "SHOW VIEWS IN DATABASE"), shown(connection, "SHOW TASKS")
    assert after == before


def test_the_dashboard_is_deployed_to_a_named_runtime_that_can_open_it(
    environment: Environment,
) -> None:
    """https://docs.snowflake.com/en/developer-guide/streamlit/app-development/runtime-environments"""
    with environment.connect("DEPLOYER") as connection:
        [app] = shown(connection, "DESCRIBE STREAMLIT ANALYTICS.DASHBOARD")
        assert app["runtime_name"] == "SYSTEM$WAREHOUSE_RUNTIME"
        assert app["main_file"] == "streamlit_app.py"
        files = connection.cursor().execute(f"LIST '{app['live_version_location_uri']}'").fetchall()
    at_the_root = {row[0].removeprefix("/versions/live/") for row in files}
    assert at_the_root >= {"streamlit_app.py", "environment.yml", "pyproject.toml"}
    assert ".streamlit/config.toml" in at_the_root


def test_a_dashboard_of_another_role_or_layout_is_made_again_and_its_failure_stops_nothing(
    environment: Environment,
) -> None:
    """A container app of the version before, SYSADMIN's, with its entry file in a sub-folder."""
    database, warehouse = environment.database, environment.warehouse
    container = "SYSTEM$ST_CONTAINER_RUNTIME_PY3_11"
    with environment.account.connect(role="ACCOUNTADMIN", warehouse=warehouse) as administrator:
        run = _run(administrator)
        run(f"GRANT CREATE STREAMLIT ON SCHEMA {database}.ANALYTICS TO ROLE SYSADMIN")
        run("USE ROLE SYSADMIN")
        run(
            f"CREATE OR REPLACE STREAMLIT {database}.ANALYTICS.DASHBOARD"
            f" MAIN_FILE = 'app/dashboard/streamlit_app.py' QUERY_WAREHOUSE = {warehouse}"
            f" RUNTIME_NAME = '{container}' COMPUTE_POOL = 'SYSTEM_COMPUTE_POOL_CPU'"
        )
    again = environment.bootstrap()
    assert again.returncode == 0, again.stderr
    told = " ".join(again.stdout.split())
    assert "the dashboard was SYSADMIN's and is dropped: `caves deploy` makes it again" in told

    def deploy(*settings: str) -> Any:
        return environment.caves("DEPLOYER", "deploy", *settings, only="streamlit")

    # 1. On a pool that is not there it cannot be made: the tasks run, and the exit code says it.
    to_container = ("--env", f"dashboard_runtime={container}")
    nowhere = (*to_container, "--env", "dashboard_compute_pool=NO_SUCH_POOL")
    done = deploy(*environment.settings, *nowhere)
    assert done.returncode == 1
    assert "everything but the dashboard is deployed: " in done.stderr
    assert "all tasks are running, all streams are readable" in done.stdout
    with environment.connect("DEPLOYER") as connection:
        assert {row["state"] for row in shown(connection, "SHOW TASKS IN SCHEMA OPS")} == {
            "started"
        }
        [(outcome, failure)] = _run(connection)(
            "SELECT OUTCOME, FAILURE FROM OPS.DEPLOYMENT_LOG ORDER BY STARTED_AT DESC LIMIT 1"
        )
        assert (outcome, failure[:35]) == ("DONE", "the dashboard was not deployed: `sn")
    planned = environment.caves("DEPLOYER", "deploy", "--plan", "--json", *environment.settings)
    changes = {(each["action"], each["name"]) for each in json.loads(planned.stdout)["changes"]}
    assert changes == {("create", "ANALYTICS.DASHBOARD")}

    # 2. In a container of a pool that is there, and then back on the warehouse.
    for settings, runtime in ((to_container, container), ((), "SYSTEM$WAREHOUSE_RUNTIME")):
        done = deploy(*environment.settings, *settings)
        assert done.returncode == 0, done.stderr
        with environment.connect("DEPLOYER") as connection:
            [app] = shown(connection, "DESCRIBE STREAMLIT ANALYTICS.DASHBOARD")
            assert (app["runtime_name"], app["main_file"]) == (runtime, "streamlit_app.py")
            [listed] = shown(connection, "SHOW STREAMLITS IN SCHEMA ANALYTICS")
            assert listed["owner"] == f"{database}_DEPLOYER"


def test_the_alert_needs_no_warehouse_to_tell_of_one(environment: Environment) -> None:
    with environment.connect("DEPLOYER") as connection:
        [alert] = shown(connection, "SHOW ALERTS IN SCHEMA OPS")
        assert (alert["name"], alert["warehouse"]) == ("ALERT_INCIDENTS", None)


def test_a_deployment_that_may_not_run_the_alert_says_what_gives_the_right(
    environment: Environment,
) -> None:
    """An environment that a version bootstrapped whose alert had a warehouse."""
    what = f"EXECUTE MANAGED ALERT ON ACCOUNT FROM ROLE {environment.database}_TASK_OWNER"
    with environment.account.connect() as administrator:
        run = _run(administrator)
        run(f"REVOKE {what}")
        try:
            done = environment.caves(
                "DEPLOYER", "deploy", *environment.settings, only="08_alerts.sql"
            )
        finally:
            run(f"GRANT {what.replace('FROM', 'TO')}")
    assert done.returncode == 1
    assert "`caves bootstrap` gives its owner the privilege" in " ".join(done.stderr.split())
    resumed = environment.caves("OPERATOR", "resume")
    assert resumed.returncode == 0, resumed.stderr
    with environment.connect("DEPLOYER") as connection:
        rows = [*shown(connection, "SHOW TASKS"), *shown(connection, "SHOW ALERTS")]
        assert {row["state"] for row in rows} == {"started"}


def test_the_ingester_writes_by_its_key_and_reads_nothing_but_its_offsets(
    environment: Environment,
) -> None:
    sink = SnowflakeSink(environment.service, environment.database, files=True)
    sink.check("any")
    topic = f"t-{uuid.uuid4().hex[:8]}"
    sink.create_offsets(topic, {0: 0})
    value = b'{"event_type": "ORDER_CREATED", "event_id": "e-1"}'
    good, bad = (sort_message(Message(topic, 0, n, v), 1000) for n, v in enumerate((value, b"no")))
    sink.write(Batch(topic, {0: (0, 2)}, [good, bad]))
    sink.write(Batch(topic, {0: (2, 3)}, [good], as_file=True))
    assert sink.takes_files
    assert sink.read_offsets(topic, {0}) == {0: 3}
    sink.close()
    with environment.service() as connection:
        run = _run(connection)
        database = environment.database
        assert errno(run, f"SELECT * FROM {database}.PRODUCTION.ORDERS") == UNKNOWN
        for statement in (
            f"SELECT * FROM {database}.RAW_DATA.RAW_EVENTS_STREAM",
            f"DELETE FROM {database}.RAW_DATA.RAW_EVENTS_STREAM",
            f"TRUNCATE TABLE {database}.RAW_DATA.RAW_EVENTS_STREAM",
            f"UPDATE {database}.RAW_DATA.REJECTED_EVENTS SET STATUS = 'DISCARDED'",
            f"DELETE FROM {database}.RAW_DATA.INGEST_OFFSETS",
            f"CREATE TABLE {database}.RAW_DATA.MINE (A INT)",
        ):
            assert errno(run, statement) == NO_PRIVILEGE, statement
        tables = shown(connection, f"SHOW TABLES IN DATABASE {database}")
        assert sorted(row["name"] for row in tables) == [
            "INGEST_OFFSETS",
            "RAW_EVENTS_STREAM",
            "REJECTED_EVENTS",
        ]
        stages = shown(connection, f"SHOW STAGES IN DATABASE {database}")
        assert [row["name"] for row in stages] == ["INGEST_FILES"]


def test_the_analyst_reads_every_view_of_analytics_and_sees_nothing_else(
    environment: Environment,
) -> None:
    with environment.connect("ANALYST") as connection:
        run = _run(connection)
        views = [row["name"] for row in shown(connection, "SHOW VIEWS IN DATABASE")]
        assert len(views) >= 7
        for view in views:
            run(f"SELECT * FROM ANALYTICS.{view}")
        assert [row["name"] for row in shown(connection, "SHOW STREAMLITS IN DATABASE")] == [
            "DASHBOARD"
        ]
        assert errno(run, "SELECT * FROM RAW_DATA.RAW_EVENTS_STREAM") == UNKNOWN
        for kind in ("TABLES", "STREAMS", "TASKS", "STAGES", "PROCEDURES"):
            assert shown(connection, f"SHOW {kind} IN DATABASE") == []
        schemas = [row["name"] for row in shown(connection, "SHOW SCHEMAS IN DATABASE")]
        assert schemas == ["ANALYTICS", "INFORMATION_SCHEMA"]


def test_the_analyst_still_reads_after_the_views_were_made_anew(environment: Environment) -> None:
    settings = {"database": environment.database, "warehouse": environment.warehouse}
    with environment.connect("DEPLOYER") as connection:
        for _ in connection.execute_string(filled("06_analytics.sql", settings)):
            pass
    with environment.connect("ANALYST") as connection:
        assert _run(connection)("SELECT COUNT(*) FROM ANALYTICS.SALES") is not None


def test_the_operator_watches_runs_and_decides_without_reading_events(
    environment: Environment,
) -> None:
    opened = Caves(environment.account, environment.database).open()
    with opened:
        take_in(opened, 7, "o-1")
    ran = environment.caves("OPERATOR", "run", "--timeout", "120")
    assert ran.returncode == 0, ran.stderr
    for command in ("status", "cost", "pause", "resume"):
        done = environment.caves("OPERATOR", command)
        assert done.returncode == 0, done.stderr
    with Account(environment.connect("OPERATOR"), environment.database) as account:
        assert {row["STAGE"] for row in rejected.find(account, rejected.Choice())} <= {
            "INGEST",
            "STAGING",
        }
    with environment.connect("OPERATOR") as connection:
        run = _run(connection)
        assert run("CALL OPS.DISCARD_REJECTED(PARSE_JSON('[]')::ARRAY, NULL, NULL)")
        assert run("CALL OPS.FORGET_CUSTOMER('nobody', 'ALBERT', FALSE)")
        assert errno(run, "SELECT * FROM RAW_DATA.FORGOTTEN_CUSTOMERS") == NO_PRIVILEGE
        assert errno(run, "SELECT * FROM PRODUCTION.ORDERS") == NO_PRIVILEGE
        assert errno(run, "SELECT * FROM RAW_DATA.STREAM_RAW_ORDERS") == NO_PRIVILEGE
        assert errno(run, "DROP TASK OPS.TASK_PURGE") == NO_PRIVILEGE
        root = f"{environment.database}.OPS.TASK_RAW_TO_STAGING_ORDERS"
        for_the_owner = f"SELECT SYSTEM$TASK_DEPENDENTS_ENABLE('{root}')"
        assert errno(run, for_the_owner) == NO_PRIVILEGE
    with environment.connect("DEPLOYER") as connection:
        assert _run(connection)("SELECT ORDER_ID FROM PRODUCTION.ORDERS") == [("o-1",)]


def _at_rest(row: dict[str, Any]) -> dict[str, Any]:
    """Without what moves from one look to the next: the time, and the warehouse's load."""
    moving = {"MEASURED_AT"}
    if row.get("METRIC") == "WAREHOUSE_UTILISATION":
        moving |= {"VALUE", "STATUS"}
    return {key: value for key, value in row.items() if key not in moving}


def test_the_operator_reads_every_view_of_ops_as_its_owner_does(environment: Environment) -> None:
    """INFORMATION_SCHEMA's functions answer for the role that reads a view, not for its owner."""
    answers: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for role in ("DEPLOYER", "OPERATOR"):
        with environment.connect(role) as connection:
            views = [row["name"] for row in shown(connection, "SHOW VIEWS IN SCHEMA OPS")]
            answers[role] = {
                view: sorted(
                    (_at_rest(row) for row in shown(connection, f"SELECT * FROM OPS.{view}")),
                    key=str,
                )
                for view in views
            }
    assert answers["OPERATOR"] == answers["DEPLOYER"]
    assert len(answers["OPERATOR"]) >= 8
    assert answers["OPERATOR"]["TASK_RUNS"] != []
    graphs = {
        row["OBJECT"]: row["STATUS"]
        for row in answers["OPERATOR"]["OBJECT_HEALTH"]
        if row["METRIC"] == "TASKS_SUSPENDED"
    }
    assert graphs == {
        "TASK_RAW_TO_STAGING_ORDERS": "OK",
        "TASK_RAW_TO_STAGING_INVENTORY": "OK",
        "TASK_PURGE": "OK",
    }


@pytest.mark.parametrize("role", ["INGESTER", "ANALYST"])
def test_who_is_not_promised_the_pipelines_health_does_not_see_that_it_is_there(
    environment: Environment, role: str
) -> None:
    with environment.connect(role) as connection:
        run = _run(connection)
        for view in ("PIPELINE_HEALTH", "OBJECT_HEALTH", "TASK_RUNS"):
            assert errno(run, f"SELECT * FROM OPS.{view}") == UNKNOWN
        history = "SELECT COUNT(*) FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY())"
        assert run(history) == [(0,)]


def test_who_may_not_monitor_the_warehouse_still_gets_the_costs_and_hears_what_is_missing(
    environment: Environment,
) -> None:
    may = f"MONITOR ON WAREHOUSE {environment.warehouse}"
    role = f"ROLE {environment.database}_OPERATOR"
    with environment.account.connect() as administrator:
        _run(administrator)(f"REVOKE {may} FROM {role}")
        try:
            done = environment.caves("OPERATOR", "cost", "--json", "--env", environment.settings[1])
        finally:
            _run(administrator)(f"GRANT {may} TO {role}")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["warehouse"] is None
    assert "the warehouse's own record cannot be read: " in done.stderr


def test_a_file_that_holds_no_public_key_is_refused(environment: Environment) -> None:
    private = ("--public-key", f"ingester={environment.key}")
    refused = Caves(environment.account, environment.database)("bootstrap", *private)
    assert refused.returncode == 2
    assert "holds no public key" in refused.stderr
    unknown = Caves(environment.account, environment.database)("bootstrap", "--public-key", "x=y")
    assert "there are deployer, ingester, analyst, operator" in " ".join(unknown.stderr.split())
