"""What belongs to an account as a whole: warehouses' generations, compute pools, parameters."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from shared import one_database, shown
from snowflake.connector import SnowflakeConnection

from conformance.shared import Run, error

database = pytest.fixture(scope="module")(one_database)


@pytest.fixture
def name(run: Run) -> Iterator[str]:
    """A name for a role, a warehouse, a pool and an app, which are gone afterwards."""
    made = f"N_{uuid.uuid4().hex[:10].upper()}"
    run(f"create role {made}")
    yield made
    run("use role accountadmin")
    for kind in ("role", "warehouse", "compute pool", "resource monitor"):
        run(f"drop {kind} if exists {made}")


def warehouse(connection: SnowflakeConnection, name: str) -> tuple[Any, ...]:
    (row,) = shown(connection, f"show warehouses like '{name}'")
    return (
        row["generation"],
        row["enable_query_acceleration"],
        row["query_acceleration_max_scale_factor"],
    )


def test_a_warehouse_has_the_generation_and_the_acceleration_that_it_is_given(
    run: Run, connection: SnowflakeConnection, name: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-warehouse"""
    run(
        f"create warehouse {name} warehouse_size = xsmall generation = '1'"
        " enable_query_acceleration = false query_acceleration_max_scale_factor = 2"
    )
    assert warehouse(connection, name) == ("1", "false", 2)
    run(f"alter warehouse {name} set generation = '2' enable_query_acceleration = true")
    assert warehouse(connection, name) == ("2", "true", 2)
    run(f"create or replace warehouse {name} resource_constraint = standard_gen_1")
    assert warehouse(connection, name)[0] == "1"
    run(f"alter warehouse {name} set warehouse_size = small wait_for_completion = true")
    assert error(run, f"alter warehouse {name} set wait_for_completion = maybe") == 1481
    assert error(run, f"alter warehouse {name} set generation = '3'") == 1481
    assert error(run, f"alter warehouse {name} set enable_query_acceleration = maybe") == 1481


def test_a_warehouse_that_says_nothing_is_of_the_second_generation_and_accelerated(
    run: Run, connection: SnowflakeConnection, name: str
) -> None:
    """https://docs.snowflake.com/en/release-notes/bcr-bundles/2026_03/bcr-2250"""
    run(f"create warehouse {name}")
    assert warehouse(connection, name) == ("2", "true", 8)


def test_a_monitor_notifies_users_that_there_are(
    run: Run, connection: SnowflakeConnection, name: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-resource-monitor"""
    run(f"create user {name}")
    run(f'create resource monitor {name} with credit_quota = 1 notify_users = ({name}, "{name}")')
    (row,) = shown(connection, f"show resource monitors like '{name}'")
    assert row["notify_users"] == f"{name}, {name}"
    run(f"alter resource monitor {name} set notify_users = ({name})")
    missing = f"alter resource monitor {name} set notify_users = ({name}, missing_{name})"
    assert error(run, missing) == 2003
    (row,) = shown(connection, f"show resource monitors like '{name}'")
    assert row["notify_users"] == name
    run(f"drop user {name}")


def test_a_compute_pool_is_made_granted_shown_and_dropped(
    run: Run, connection: SnowflakeConnection, name: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-compute-pool"""
    assert error(run, f"create compute pool {name} min_nodes = 1 max_nodes = 1") == 1008
    run(f"create compute pool {name} min_nodes = 1 max_nodes = 2 instance_family = cpu_x64_xs")
    (row,) = shown(connection, f"show compute pools like '{name}'")
    assert (row["min_nodes"], row["max_nodes"], row["instance_family"]) == (1, 2, "CPU_X64_XS")
    run(f"alter compute pool {name} suspend")
    run(f"alter compute pool {name} set max_nodes = 3 auto_suspend_secs = 60")
    (row,) = shown(connection, f"describe compute pool {name}")
    assert (row["state"], row["max_nodes"], row["auto_suspend_secs"]) == ("SUSPENDED", 3, 60)

    run(f"use role {name}")
    assert error(run, f"alter compute pool {name} resume") == 2003
    assert shown(connection, f"show compute pools like '{name}'") == []
    run("use role accountadmin")
    run(f"grant usage, operate on compute pool {name} to role {name}")
    run(f"use role {name}")
    run(f"alter compute pool {name} resume")
    assert error(run, f"alter compute pool {name} set max_nodes = 4") == 3001
    assert len(shown(connection, f"show compute pools like '{name}'")) == 1

    run("use role accountadmin")
    run(f"drop compute pool {name}")
    assert error(run, f"describe compute pool {name}") == 2003


def test_every_role_may_use_the_systems_compute_pool_until_that_is_revoked(
    run: Run, connection: SnowflakeConnection, name: str, database: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark-container-services/working-with-compute-pool"""
    run(f"grant usage on database {database} to role {name}")
    run(f"grant usage, create streamlit on schema public to role {name}")
    run(f"use role {name}")
    run("create streamlit pooled")
    run("use role accountadmin")
    run("revoke usage on compute pool system_compute_pool_cpu from role public")
    try:
        run(f"use role {name}")
        assert error(run, "create streamlit pooled_too") in (2003, 3001)
        run("create streamlit unpooled runtime_name = 'SYSTEM$WAREHOUSE_RUNTIME'")
    finally:
        run("use role accountadmin")
        run("grant usage on compute pool system_compute_pool_cpu to role public")


def test_an_account_parameter_is_set_shown_and_unset_by_accountadmin_alone(
    run: Run, connection: SnowflakeConnection, name: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters#allow-bind-values-access"""

    def parameter() -> tuple[str, ...]:
        (row,) = shown(connection, "show parameters like 'allow_bind_values_access' in account")
        return row["key"], row["value"], row["default"], row["level"]

    run("alter account set allow_bind_values_access = false")
    assert parameter() == ("ALLOW_BIND_VALUES_ACCESS", "false", "true", "ACCOUNT")
    run(f"use role {name}")
    assert error(run, "alter account unset allow_bind_values_access") == 3001
    run("use role accountadmin")
    run("alter account unset allow_bind_values_access")
    assert parameter() == ("ALLOW_BIND_VALUES_ACCESS", "true", "true", "")
    assert error(run, "alter account set allow_bind_values_access = maybe") == 1481
    assert error(run, "alter account set no_such_parameter = 1") == 2


def app(connection: SnowflakeConnection, name: str) -> tuple[str | None, ...]:
    (row,) = shown(connection, f"describe streamlit {name}")
    return row["runtime_name"], row["compute_pool"], row["main_file"]


def test_an_app_that_names_no_runtime_has_the_container_runtime_and_the_accounts_pool(
    run: Run, connection: SnowflakeConnection, name: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/streamlit/app-development/runtime-environments"""
    container = "SYSTEM$ST_CONTAINER_RUNTIME_PY3_11"
    run("create streamlit said_nothing main_file = 'pages/home.py'")
    assert app(connection, "said_nothing") == (
        container,
        "SYSTEM_COMPUTE_POOL_CPU",
        "pages/home.py",
    )
    run(f"create compute pool {name} min_nodes = 1 max_nodes = 1 instance_family = cpu_x64_xs")
    run(f"create streamlit said runtime_name = '{container}' compute_pool = {name.lower()}")
    assert app(connection, "said") == (container, name, "streamlit_app.py")
    assert error(run, "create streamlit lost compute_pool = no_such_pool") == 2003
    assert error(run, "create streamlit lost runtime_name = 'SYSTEM$NO_RUNTIME'") == 1481


def test_an_app_of_the_warehouse_runtime_has_its_entry_file_at_the_root(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/developer-guide/streamlit/app-development/runtime-environments"""
    runtime = "runtime_name = 'SYSTEM$WAREHOUSE_RUNTIME'"
    run(f"create streamlit flat {runtime} main_file = 'app.py'")
    assert app(connection, "flat") == ("SYSTEM$WAREHOUSE_RUNTIME", None, "app.py")
    assert error(run, f"create streamlit deep {runtime} main_file = 'app/app.py'") == 1481
    assert error(run, "alter streamlit flat set main_file = 'app/app.py'") == 1481
    run("alter streamlit flat set runtime_name = 'SYSTEM$ST_CONTAINER_RUNTIME_PY3_11'")
    run("alter streamlit flat set main_file = 'app/app.py'")
    assert app(connection, "flat")[1:] == ("SYSTEM_COMPUTE_POOL_CPU", "app/app.py")
