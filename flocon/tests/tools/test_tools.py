"""The tools that people bring, each as its own documentation says, in its pinned version.

`make test-tools` runs these. They install much, and are no part of `make test`: what each of them
asks for has a test in tests/conformance, too.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.environments import HERE, Environment

from flocon import AccountProcess

Run = Any
# The first run installs the tools, which takes its time on a busy machine.
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture
def port(account: AccountProcess) -> str:
    return str(account.port)


@pytest.fixture
def rows(run: Run) -> Iterator[Run]:
    yield run


def test_the_connector_s_newest_major_version(port: str, database: str, tmp_path: Path) -> None:
    environment = Environment("connector")
    script = str(HERE / "connector_journey.py")
    environment.run("python", script, port, database, str(tmp_path), cwd=tmp_path)


def test_sqlalchemy(port: str, database: str, tmp_path: Path) -> None:
    script = str(HERE / "sqlalchemy_journey.py")
    Environment("sqlalchemy").run("python", script, port, database, cwd=tmp_path)


def test_dlt_merges_and_keeps_a_child_table(
    rows: Run, port: str, database: str, tmp_path: Path
) -> None:
    script = str(HERE / "dlt_journey.py")
    Environment("dlt").run("python", script, port, database, str(tmp_path), cwd=tmp_path)
    assert rows("select id, name, price, fresh from shop.orders order by id") == [
        (1, "xx", 1.75, None),
        (2, "y", 2.5, None),
        (3, "z", None, True),
    ]
    assert rows(
        "select o.id, l.sku, l.n from shop.orders o"
        " join shop.orders__lines l on l._dlt_parent_id = o._dlt_id order by 1, 2"
    ) == [(1, "c", 3), (3, "d", 1)]


def test_schemachange_deploys_twice(rows: Run, port: str, database: str, tmp_path: Path) -> None:
    connections = tmp_path / "connections.toml"
    connections.write_text(
        "[local]\n"
        'account = "local"\nuser = "me"\npassword = "any"\nrole = "ACCOUNTADMIN"\n'
        f'warehouse = "COMPUTE_WH"\ndatabase = "{database}"\n'
    )
    connections.chmod(0o600)
    # It hands on what else a connection has from the environment alone.
    address = {
        "SNOWFLAKE_HOST": "127.0.0.1", "SNOWFLAKE_PORT": port, "SNOWFLAKE_PROTOCOL": "http",
    }  # fmt: skip
    for _ in range(2):
        Environment("schemachange").run(
            "schemachange", "deploy", "--connections-file-path", str(connections),
            "--connection-name", "local", "-f", str(HERE / "migrations"),
            "-c", f"{database}.SCHEMACHANGE.CHANGE_HISTORY", "--create-change-history-table",
            "--vars", '{"limit": 50}', cwd=tmp_path, **address,
        )  # fmt: skip
    assert rows("select * from shop.cheap") == [("Riesling", 37.5)]
    assert rows(
        "select script, count(*) from schemachange.change_history group by 1 order by 1"
    ) == [
        ("A__grants.sql", 2),
        ("R__cheap.sql", 1),
        ("V1.0.0__wines.sql", 1),
        ("V1.1.0__prices.sql", 1),
    ]


PROFILE = """
shop:
  target: local
  outputs:
    local:
      type: snowflake
      account: local
      host: 127.0.0.1
      port: {port}
      protocol: http
      user: me
      password: any
      role: ACCOUNTADMIN
      warehouse: COMPUTE_WH
      database: {database}
      schema: SHOP
      threads: 2
"""


def test_dbt_builds_twice_and_documents(
    rows: Run, port: str, database: str, tmp_path: Path
) -> None:
    project = tmp_path / "shop"
    shutil.copytree(HERE / "dbt", project)
    (project / "profiles.yml").write_text(PROFILE.format(port=port, database=database))
    environment = Environment("dbt")

    def dbt(*arguments: str) -> str:
        silent = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        return environment.run("dbt", "--no-use-colors", *arguments, cwd=project, **silent)

    dbt("debug")
    assert "ERROR=0" in dbt("build")
    orders = project / "seeds" / "raw_orders.csv"
    changed = orders.read_text().replace("2026-01-04,completed", "2026-01-04,shipped")
    orders.write_text(changed + "4,2,2026-02-01,completed,9\n")
    assert "ERROR=0" in dbt("build")
    assert "Catalog written" in dbt("docs", "generate")
    assert rows("select customer_id, total from shop.customers order by 1") == [
        (1, 17.75),
        (2, 9),
        (3, 20),
    ]
    assert rows("select order_id, status from shop.orders_merged order by 1") == [
        (1, "returned"),
        (2, "completed"),
        (3, "shipped"),
        (4, "completed"),
    ]
    assert rows("select count(*), count(distinct order_id) from shop.orders_replaced") == [(4, 4)]
    assert rows(
        "select id, status, dbt_valid_to is null from shop_history.orders_snapshot order by 1, 3"
    ) == [
        (1, "returned", True),
        (2, "completed", True),
        (3, "completed", False),
        (3, "shipped", True),
        (4, "completed", True),
    ]
    assert rows("select comment from information_schema.tables where table_name = 'CUSTOMERS'") == [
        ("One row per customer",)
    ]
