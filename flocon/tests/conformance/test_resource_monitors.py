"""Resource monitors, as ACCOUNTADMIN makes them and sets them on warehouses."""

import uuid

from shared import shown
from snowflake.connector import SnowflakeConnection

from conformance.shared import Run, error


def test_a_monitor_is_made_shown_changed_and_set_on_a_warehouse(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/user-guide/resource-monitors"""
    name = f"M_{uuid.uuid4().hex[:10].upper()}"
    run(
        f"create resource monitor {name} with credit_quota = 30 frequency = monthly"
        " start_timestamp = immediately triggers on 75 percent do notify"
        " on 90 percent do notify on 100 percent do suspend on 110 percent do suspend_immediate"
    )
    assert error(run, f"create resource monitor {name} with credit_quota = 1") == 2002
    run(f"create resource monitor if not exists {name} with credit_quota = 1")
    run(f"create warehouse wh_{name} initially_suspended = true")
    assert error(run, f"alter warehouse wh_{name} set resource_monitor = missing_monitor") == 2003
    run(f"alter warehouse wh_{name} set resource_monitor = {name}")
    (row,) = shown(connection, f"show resource monitors like '{name}'")
    assert [row[key] for key in ("credit_quota", "used_credits", "level", "frequency")] == [
        "30.00",
        "0.00",
        "WAREHOUSE",
        "MONTHLY",
    ]
    assert (row["notify_at"], row["suspend_at"], row["suspend_immediately_at"]) == (
        "75%,90%",
        "100%",
        "110%",
    )
    run(f"alter resource monitor {name} set credit_quota = 40 triggers on 80 percent do suspend")
    (row,) = shown(connection, f"show resource monitors like '{name}'")
    assert (row["credit_quota"], row["notify_at"], row["suspend_at"]) == ("40.00", None, "80%")
    (warehouse,) = shown(connection, f"show warehouses like 'WH_{name}'")
    assert warehouse["resource_monitor"] == name
    run(f"drop resource monitor {name}")
    (warehouse,) = shown(connection, f"show warehouses like 'WH_{name}'")
    assert warehouse["resource_monitor"] == "null"
    run(f"drop warehouse wh_{name}")


def test_only_accountadmin_makes_monitors(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-resource-monitor"""
    run("use role sysadmin")
    assert error(run, "create resource monitor mine with credit_quota = 1") == 3001
    run("use role accountadmin")
    assert error(run, "create resource monitor m with credit_quota = 1 frequency = hourly") == 1481
    assert error(run, "drop resource monitor missing_monitor") == 2003
