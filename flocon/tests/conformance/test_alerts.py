"""Alerts: their definition, their runs, and what the history tells of them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from shared import one_database
from snowflake.connector.connection import SnowflakeConnection

from conformance.task_shared import PATIENCE, Ops
from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)

HISTORY = (
    "SELECT {columns} FROM TABLE(INFORMATION_SCHEMA.ALERT_HISTORY(RESULT_LIMIT => 10000))"
    " WHERE schema_name = CURRENT_SCHEMA() AND state NOT IN ('SCHEDULED', 'EXECUTING')"
    " ORDER BY completed_time"
)


class Watch(Ops):
    """A schema with the tables SEEN and NOTED (a number each), and ways to make and run alerts."""

    def alert(
        self, name: str, condition: str, action: str, more: str = "", create: str = "CREATE"
    ) -> None:
        self.run(
            f"{create} ALERT {name} WAREHOUSE = COMPUTE_WH SCHEDULE = '60 MINUTE' {more}"
            f" IF (EXISTS ({condition})) THEN {action}"
        )

    def execute(self, name: str, times: int = 1) -> None:
        """Run an alert now, and wait for its end."""
        for _ in range(times):
            before = len(self.ended("name"))
            self.run(f"EXECUTE ALERT {name}")
            self.wait_for(lambda n=before: len(self.ended("name")) > n)  # type: ignore[misc]

    def ended(self, columns: str) -> list[tuple[Any, ...]]:
        return self.run(HISTORY.format(columns=columns))

    def shown_alerts(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in self.shown("SHOW ALERTS IN SCHEMA")}

    def wait_for(self, check: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not check():
            assert time.monotonic() < deadline, self.ended("name, state, sql_error_message")
            time.sleep(0.02)


@pytest.fixture
def watch(account: AccountProcess, database: str) -> Iterator[Watch]:
    with account.connect(database=database, warehouse="COMPUTE_WH") as connection:
        yield opened(connection, database)


def opened(connection: SnowflakeConnection, database: str) -> Watch:
    watch = Watch(connection, database, f"OPS_{uuid.uuid4().hex[:8].upper()}")
    watch.run(
        f"CREATE SCHEMA {watch.place}",
        f"USE SCHEMA {watch.place}",
        "CREATE WAREHOUSE IF NOT EXISTS COMPUTE_WH INITIALLY_SUSPENDED = TRUE",
        "CREATE TABLE seen (n INT)",
        "CREATE TABLE noted (n INT)",
    )
    return watch


def test_a_new_alert_is_suspended_and_shown_as_it_was_written(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-alerts"""
    watch.alert(
        "a",
        "SELECT n FROM seen WHERE n > 1",
        "INSERT INTO noted VALUES (1);",
        "COMMENT = 'too many' RUNBOOK = 'https://example.com/a'",
    )
    [row] = watch.shown("SHOW ALERTS LIKE 'a'")
    told = {key: value for key, value in row.items() if key not in ("created_on", "owner")}
    assert told == {
        "name": "A",
        "database_name": watch.database,
        "schema_name": watch.schema,
        "comment": "too many",
        "warehouse": "COMPUTE_WH",
        "schedule": "60 MINUTE",
        "state": "suspended",
        "condition": "SELECT n FROM seen WHERE n > 1",
        "action": "INSERT INTO noted VALUES (1)",
        "owner_role_type": "ROLE",
        "runbook": "https://example.com/a",
        "config": None,
        "was_auto_suspended": False,
    }
    assert watch.shown("DESCRIBE ALERT a") == [row]
    [terse] = watch.shown("SHOW TERSE ALERTS")
    assert list(terse) == [
        "created_on", "name", "kind", "database_name", "schema_name", "schedule", "state",
    ]  # fmt: skip


def test_the_action_runs_where_the_condition_answers_rows(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/alert_history"""
    watch.alert("a", "SELECT n FROM seen WHERE n > 1", "INSERT INTO noted SELECT MAX(n) FROM seen")
    watch.execute("a")
    watch.run("INSERT INTO seen VALUES (1), (7)")
    watch.execute("a")
    assert watch.run("SELECT n FROM noted") == [(7,)]
    assert watch.ended(
        "name, database_name, condition, action, state, sql_error_code, scheduled_from,"
        " condition_query_id IS NOT NULL, action_query_id IS NOT NULL,"
        " completed_time >= scheduled_time"
    ) == [
        (
            "A",
            watch.database,
            "SELECT n FROM seen WHERE n > 1",
            "INSERT INTO noted SELECT MAX(n) FROM seen",
            state,
            None,
            "EXECUTE ALERT",
            True,
            acted,
            True,
        )
        for state, acted in (("CONDITION_FALSE", False), ("TRIGGERED", True))
    ]


def test_what_is_wrong_with_condition_or_action_shows_when_the_alert_runs(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-alert"""
    watch.alert("a", "SELECT 1 FROM nowhere", "INSERT INTO noted VALUES (1)")
    watch.alert("b", "SELECT 1", "INSERT INTO noted SELECT 1 / 0")
    watch.execute("a")
    watch.execute("b")
    assert watch.ended("name, state, sql_error_code") == [
        ("A", "CONDITION_FAILED", 2003),
        ("B", "ACTION_FAILED", 100051),
    ]
    assert watch.run("SELECT * FROM noted") == []


def test_show_and_call_are_conditions_too(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-alert"""
    watch.alert("a", "SHOW TABLES LIKE 'SEEN'", "INSERT INTO noted VALUES (1)")
    watch.alert("b", "SHOW TABLES LIKE 'MISSING'", "INSERT INTO noted VALUES (2)")
    watch.execute("a")
    watch.execute("b")
    assert watch.ended("name, state") == [("A", "TRIGGERED"), ("B", "CONDITION_FALSE")]


def test_a_suspended_alert_can_be_executed_and_stays_suspended(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/execute-alert"""
    watch.alert("a", "SELECT 1", "INSERT INTO noted VALUES (1)")
    watch.execute("a", times=2)
    assert watch.run("SELECT COUNT(*) FROM noted") == [(2,)]
    assert watch.shown_alerts()["A"]["state"] == "suspended"


def test_a_resumed_alert_is_scheduled_an_interval_ahead(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-alert"""
    watch.alert("a", "SELECT 1", "INSERT INTO noted VALUES (1)")
    planned = (
        "SELECT state, scheduled_from, DATEDIFF('minute', CURRENT_TIMESTAMP(), scheduled_time)"
        " BETWEEN 58 AND 60, completed_time FROM TABLE(INFORMATION_SCHEMA.ALERT_HISTORY("
        "ALERT_NAME => 'a')) WHERE schema_name = CURRENT_SCHEMA()"
    )
    assert watch.run(planned) == []
    watch.run("ALTER ALERT a RESUME")
    assert watch.shown_alerts()["A"]["state"] == "started"
    assert watch.run(planned) == [("SCHEDULED", "SCHEDULE", True, None)]
    watch.run("ALTER ALERT a SUSPEND")
    assert watch.run(planned) == []


def test_properties_condition_and_action_can_be_changed(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-alert"""
    watch.alert("a", "SELECT 1", "INSERT INTO noted VALUES (1)")
    watch.run(
        "ALTER ALERT a SET SCHEDULE = '2 minutes' COMMENT = 'c', RUNBOOK = 'r'",
        "ALTER ALERT a MODIFY CONDITION EXISTS (SELECT n FROM seen WHERE n > 300)",
        "ALTER ALERT a MODIFY ACTION INSERT INTO noted VALUES (2)",
    )
    row = watch.shown_alerts()["A"]
    assert (row["schedule"], row["comment"], row["runbook"]) == ("2 minutes", "c", "r")
    assert row["condition"] == "SELECT n FROM seen WHERE n > 300"
    assert row["action"] == "INSERT INTO noted VALUES (2)"
    watch.run("ALTER ALERT a UNSET WAREHOUSE, COMMENT, RUNBOOK")
    row = watch.shown_alerts()["A"]
    assert (row["warehouse"], row["comment"], row["runbook"]) == (None, None, None)
    watch.run("ALTER ALERT IF EXISTS missing SUSPEND")
    assert watch.error("ALTER ALERT missing SUSPEND")[0] == 2003


def test_create_or_alter_leaves_an_alert_running_and_or_replace_does_not(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-alert"""
    watch.alert("a", "SELECT 1", "SELECT 1", "COMMENT = 'old'")
    watch.run("ALTER ALERT a RESUME")
    watch.alert("a", "SELECT 2", "SELECT 3", create="CREATE OR ALTER")
    row = watch.shown_alerts()["A"]
    assert [row[each] for each in ("state", "condition", "action", "comment")] == [
        "started", "SELECT 2", "SELECT 3", None,
    ]  # fmt: skip
    watch.run(
        "CREATE ALERT IF NOT EXISTS a WAREHOUSE = COMPUTE_WH SCHEDULE = '1 MINUTE'"
        " IF (EXISTS (SELECT 9)) THEN SELECT 9"
    )
    assert watch.shown_alerts()["A"]["condition"] == "SELECT 2"
    watch.alert("a", "SELECT 4", "SELECT 5", create="CREATE OR REPLACE")
    assert watch.shown_alerts()["A"]["state"] == "suspended"


def test_a_dropped_alert_is_gone(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-alert"""
    watch.alert("a", "SELECT 1", "SELECT 1")
    watch.run("DROP ALERT a")
    assert watch.shown_alerts() == {}
    watch.run("DROP ALERT IF EXISTS a")
    for statement in ("DROP ALERT a", "EXECUTE ALERT a", "DESC ALERT a"):
        assert watch.error(statement)[0] == 2003


def test_an_alert_knows_its_own_scheduled_time_and_that_of_its_last_success(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/last_successful_scheduled_time"""
    watch.run("CREATE TABLE times (at TIMESTAMP_NTZ, last TIMESTAMP_NTZ)")
    utc = "CONVERT_TIMEZONE('UTC', SNOWFLAKE.ALERT.{}())::TIMESTAMP_NTZ"
    at, last = (utc.format(name) for name in ("SCHEDULED_TIME", "LAST_SUCCESSFUL_SCHEDULED_TIME"))
    watch.alert("a", f"SELECT 1 WHERE {at} > {last}", f"INSERT INTO times SELECT {at}, {last}")
    watch.execute("a", times=2)
    [(first, before), (second, between)] = watch.run("SELECT at, last FROM times ORDER BY at")
    assert before.year < 2000
    assert between == first < second
    assert "from within an alert" in watch.error("SELECT SNOWFLAKE.ALERT.SCHEDULED_TIME()")[1]


def test_the_action_may_read_what_the_condition_answered(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/get_condition_query_uuid"""
    watch.alert(
        "a",
        "SELECT n FROM seen WHERE n > 1",
        "INSERT INTO noted SELECT n FROM"
        " TABLE(RESULT_SCAN(SNOWFLAKE.ALERT.GET_CONDITION_QUERY_UUID()))",
    )
    watch.run("INSERT INTO seen VALUES (1), (2), (3)")
    watch.execute("a")
    assert watch.run("SELECT n FROM noted ORDER BY n") == [(2,), (3,)]


def test_failures_in_a_row_suspend_an_alert_that_says_so(watch: Watch) -> None:
    """https://docs.snowflake.com/en/user-guide/alerts"""
    condition = "SELECT 1 / n FROM seen"
    watch.alert("a", condition, "SELECT 1", "SUSPEND_ALERT_AFTER_NUM_FAILURES = 2")
    watch.run("ALTER ALERT a RESUME", "INSERT INTO seen VALUES (0)")
    watch.execute("a")
    watch.run("UPDATE seen SET n = 1")
    watch.execute("a")
    watch.run("UPDATE seen SET n = 0")
    watch.execute("a", times=2)
    watch.wait_for(lambda: watch.shown_alerts()["A"]["state"] == "suspended")
    assert watch.shown_alerts()["A"]["was_auto_suspended"] is True
    assert watch.ended("state, was_auto_suspended") == [
        ("CONDITION_FAILED", False),
        ("TRIGGERED", False),
        ("CONDITION_FAILED", False),
        ("CONDITION_FAILED", True),
    ]
    watch.run("ALTER ALERT a RESUME")
    assert watch.shown_alerts()["A"]["was_auto_suspended"] is False


@pytest.mark.parametrize(
    ("definition", "number"),
    [
        ("IF (EXISTS (SELECT 1)) THEN SELECT 1", 2),
        ("SCHEDULE = NULL IF (EXISTS (SELECT 1)) THEN SELECT 1", 2),
        ("SCHEDULE = '1 MINUTE' CONFIG = '{}' IF (EXISTS (SELECT 1)) THEN SELECT 1", 2),
        ("SCHEDULE = '1 MINUTE' IF (EXISTS (SELECT 1)) THEN BEGIN SELECT 1; END", 2),
        ("CLONE other", 2),
        ("SCHEDULE = '30 SECONDS' IF (EXISTS (SELECT 1)) THEN SELECT 1", 1008),
        ("SCHEDULE = 'now and then' IF (EXISTS (SELECT 1)) THEN SELECT 1", 1008),
        ("SCHEDULE = '1 MINUTE' COLOUR = 'red' IF (EXISTS (SELECT 1)) THEN SELECT 1", 1008),
        ("SCHEDULE = '1 MINUTE' IF (EXISTS (DELETE FROM seen)) THEN SELECT 1", 1003),
        ("SCHEDULE = '1 MINUTE' IF (SELECT 1) THEN SELECT 1", 1003),
        ("SCHEDULE = '1 MINUTE' IF (EXISTS (SELECT 1))", 1003),
        ("SCHEDULE = '1 MINUTE' WAREHOUSE = NO_WH IF (EXISTS (SELECT 1)) THEN SELECT 1", 2003),
    ],
)
def test_a_definition_that_is_wrong_or_left_out_is_refused(
    watch: Watch, definition: str, number: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-alert

    Number 2 is what this account leaves out.
    """
    assert watch.error(f"CREATE ALERT a {definition}")[0] == number
    assert watch.shown_alerts() == {}


def test_an_integration_for_notifications_is_shown_described_and_dropped(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-notification-integrations"""
    name = f"MAIL_{uuid.uuid4().hex[:8].upper()}"
    watch.run(
        f"CREATE NOTIFICATION INTEGRATION {name} TYPE = EMAIL ENABLED = TRUE"
        " DEFAULT_SUBJECT = 'Caves' COMMENT = 'to the shop'"
    )
    [row] = watch.shown(f"SHOW NOTIFICATION INTEGRATIONS LIKE '{name}'")
    del row["created_on"]
    assert row == {
        "name": name,
        "type": "EMAIL",
        "category": "NOTIFICATION",
        "enabled": "true",
        "comment": "to the shop",
        "direction": "OUTBOUND",
    }
    described = {
        row["property"]: row["property_value"] for row in watch.shown(f"DESC INTEGRATION {name}")
    }
    assert described.items() >= {"ENABLED": "true", "DEFAULT_SUBJECT": "Caves"}.items()
    watch.run(f"ALTER NOTIFICATION INTEGRATION {name} SET ENABLED = FALSE")
    [row] = watch.shown(f"SHOW INTEGRATIONS LIKE '{name}'")
    assert row["enabled"] == "false"
    watch.run(f"DROP INTEGRATION {name}", f"DROP NOTIFICATION INTEGRATION IF EXISTS {name}")
    assert watch.error(f"DESC NOTIFICATION INTEGRATION {name}")[0] == 2003


def test_an_alert_runs_with_the_rights_of_its_owner_who_must_be_allowed_to(watch: Watch) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-alert"""
    role = f"R_{uuid.uuid4().hex[:10].upper()}"
    watch.run(
        f"CREATE ROLE {role}",
        f"GRANT USAGE ON WAREHOUSE COMPUTE_WH TO ROLE {role}",
        f"GRANT USAGE ON DATABASE {watch.database} TO ROLE {role}",
        f"GRANT USAGE, CREATE ALERT ON SCHEMA {watch.place} TO ROLE {role}",
        f"GRANT SELECT ON TABLE seen TO ROLE {role}",
        f"GRANT DATABASE ROLE SNOWFLAKE.ALERT_VIEWER TO ROLE {role}",
    )
    try:
        granted = watch.shown(f"SHOW GRANTS TO ROLE {role}")
        assert ("USAGE", "DATABASE_ROLE", "SNOWFLAKE.ALERT_VIEWER") in [
            (row["privilege"], row["granted_on"], row["name"]) for row in granted
        ]
        watch.run("INSERT INTO seen VALUES (1)", "USE SECONDARY ROLES NONE", f"USE ROLE {role}")
        watch.alert(
            "a",
            "SELECT n FROM seen WHERE SNOWFLAKE.ALERT.SCHEDULED_TIME() IS NOT NULL",
            "INSERT INTO noted VALUES (1)",
        )
        assert watch.error("ALTER ALERT a RESUME")[0] == 91089
        watch.run("USE ROLE ACCOUNTADMIN", f"GRANT EXECUTE ALERT ON ACCOUNT TO ROLE {role}")
        assert watch.shown_alerts()["A"]["owner"] == role
        watch.run(f"USE ROLE {role}", "ALTER ALERT a RESUME", "USE ROLE ACCOUNTADMIN")
        watch.execute("a")
        assert watch.ended("state, sql_error_code") == [("ACTION_FAILED", 2003)]
        watch.run(f"GRANT INSERT ON TABLE noted TO ROLE {role}")
        watch.execute("a")
        assert watch.ended("state")[1:] == [("TRIGGERED",)]
        watch.run(f"REVOKE DATABASE ROLE SNOWFLAKE.ALERT_VIEWER FROM ROLE {role}")
        watch.execute("a")
        told = watch.ended("state, sql_error_code, sql_error_message")[-1]
        assert told[:2] == ("CONDITION_FAILED", 2141)
        assert "Unknown user-defined function SNOWFLAKE.ALERT.SCHEDULED_TIME" in told[2]
    finally:
        watch.run("USE ROLE ACCOUNTADMIN", f"DROP ROLE {role}")


def test_an_alert_without_a_warehouse_takes_another_privilege_and_needs_no_warehouse(
    watch: Watch,
) -> None:
    """https://docs.snowflake.com/en/user-guide/alerts#serverless-alerts"""
    role = f"R_{uuid.uuid4().hex[:10].upper()}"
    watch.run(
        f"CREATE ROLE {role}",
        f"GRANT USAGE ON DATABASE {watch.database} TO ROLE {role}",
        f"GRANT USAGE, CREATE ALERT ON SCHEMA {watch.place} TO ROLE {role}",
        f"GRANT SELECT ON TABLE seen TO ROLE {role}",
        f"GRANT INSERT ON TABLE noted TO ROLE {role}",
        f"GRANT EXECUTE ALERT ON ACCOUNT TO ROLE {role}",
    )
    try:
        watch.run("INSERT INTO seen VALUES (1)", "USE SECONDARY ROLES NONE", f"USE ROLE {role}")
        watch.run(
            "CREATE ALERT a SCHEDULE = '60 MINUTE' IF (EXISTS (SELECT n FROM seen))"
            " THEN INSERT INTO noted VALUES (1)"
        )
        number, text = watch.error("ALTER ALERT a RESUME")
        assert (number, "EXECUTE MANAGED ALERT" in text) == (91089, True)
        watch.run("USE ROLE ACCOUNTADMIN", f"GRANT EXECUTE MANAGED ALERT ON ACCOUNT TO ROLE {role}")
        watch.run(f"USE ROLE {role}", "ALTER ALERT a RESUME", "USE ROLE ACCOUNTADMIN")
        watch.execute("a")
        assert watch.ended("state, sql_error_message") == [("TRIGGERED", None)]
    finally:
        watch.run("USE ROLE ACCOUNTADMIN", f"DROP ROLE {role}")
