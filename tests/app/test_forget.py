"""`caves forget`: what it asks, says and answers; what it does is OPS.FORGET_CUSTOMER's."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from app.caves.deployment import checks
from app.caves.deployment.steps import steps
from app.caves.errors import CommandError
from app.caves.operations import tasks
from app.caves.project import Project
from tests.procedures.deployment import filled
from tests.support.caves import take_in
from tests.support.deployed import Deployed, deployed_pipeline

ADDRESS = "7 quai Saint-Antoine"


@pytest.fixture(scope="module")
def deployed(account: Any) -> Iterator[Deployed]:
    """Two orders of c-1 in production."""
    with deployed_pipeline(account) as pipeline:
        for offset in range(2):
            take_in(pipeline.account, offset, f"o-{offset}")
        tasks.run(pipeline.account, 120, lambda text: None)
        yield pipeline


@pytest.fixture
def forget(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """forget(argument, …) → exit code, standard output, standard error."""

    def run(*arguments: str, answer: str | None = None) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            patch.setattr(sys.stdin, "isatty", lambda: answer is not None, raising=False)
            patch.setattr("builtins.input", lambda: answer)
            code = deployed.caves(patch, "forget", *arguments)
        return (code, *capsys.readouterr())

    return run


def customers(deployed: Deployed) -> list[str]:
    rows = deployed.rows("SELECT CUSTOMER_ID FROM {db}.PRODUCTION.ORDERS ORDER BY ORDER_ID")
    return [row["CUSTOMER_ID"] for row in rows]


def test_a_customer_is_forgotten_after_a_yes_and_the_second_time_there_is_nothing_to_do(
    deployed: Deployed, forget: Any
) -> None:
    """One story, because forgetting has no way back."""
    # 1. Without a terminal it wants --yes; a no, and --plan, change nothing.
    code, _, err = forget("c-1")
    assert (code, "for good: confirm with --yes" in err) == (2, True)
    code, _, err = forget("c-1", answer="no")
    assert (code, "nothing was changed" in err) == (1, True)
    assert f"Redact 6 rows of {deployed.database} for good?" in err
    code, out, _ = forget("c-1", "--plan", "--json")
    counts = {"raw_events": 2, "rejected_events": 0, "stg_orders": 2, "orders": 2, "texts": 0}
    assert (code, json.loads(out)) == (0, counts | {"known": 0, "remains": []})
    assert customers(deployed) == ["c-1", "c-1"]

    # 2. A yes.
    code, out, _ = forget("c-1", answer="yes")
    assert code == 0
    assert customers(deployed) == ["(forgotten)", "(forgotten)"]
    told = " ".join(out.split())
    assert "Time Travel keeps the rows as they were for a day" in told
    assert "Fail-safe for 7 days" in told
    assert "Kafka keeps the messages for the topic's retention" in told
    assert "c-1" not in out
    found = deployed.rows("SELECT ASKED_BY FROM {db}.RAW_DATA.FORGOTTEN_CUSTOMERS")
    assert found == deployed.rows("SELECT CURRENT_USER() AS ASKED_BY")

    # 3. Once more, and somebody whom nobody knows.
    code, out, _ = forget("c-1", "--yes")
    assert (
        code,
        "nothing has come in since: there is nothing to do." in " ".join(out.split()),
    ) == (0, True)
    code, out, _ = forget("c-1", "--yes", "--json")
    assert (code, json.loads(out)["known"], json.loads(out)["orders"]) == (0, 1, 0)
    code, _, err = forget("c-2", "--yes")
    assert (code, "has this customer: nothing was done" in err) == (1, True)
    code, _, err = forget(" ", "--yes")
    assert (code, "CUSTOMER_ID is blank" in err) == (2, True)
    deployed.rows("DELETE FROM {db}.RAW_DATA.FORGOTTEN_CUSTOMERS")


def test_customers_are_masked_where_the_setting_asks_for_it() -> None:
    project = Project.find()
    files, policies = project.sql_files(), project.masking_files()
    env = {"database": "D", "warehouse": "W", "mask_customers": "off"}
    masked = [str(path) for path in policies]
    assert len(masked) == 1
    assert not {*masked} & {*steps(files, env, policies).tables.arguments}
    on = {**env, "mask_customers": "on"}
    assert {*masked} <= {*steps(files, on, policies).tables.arguments}
    assert project.env["mask_customers"] == "off"


def test_the_policy_is_on_every_column_of_a_customers_id_or_address() -> None:
    text = " ".join(filled("masking/01_customers.sql", {"database": "D"}).split())
    for table, columns in (
        ("RAW_DATA.RAW_EVENTS_STREAM", ["CUSTOMER_ID"]),
        ("STAGING.STG_ORDERS", ["CUSTOMER_ID", "SHIPPING_ADDRESS"]),
        ("PRODUCTION.ORDERS", ["CUSTOMER_ID", "SHIPPING_ADDRESS"]),
    ):
        for column in columns:
            head = f"ALTER TABLE {table} ALTER COLUMN {column} SET"
            assert f"{head} MASKING POLICY OPS.CUSTOMERS_MASKED FORCE;" in text
            assert f"{head} TAG OPS.PERSONAL_DATA = " in text
    tables = filled("02_tables.sql", {"database": "D"})
    assert tables.count("CUSTOMER_ID VARCHAR") == 3
    assert tables.count("SHIPPING_ADDRESS VARCHAR") == 2


def test_nobody_but_the_policys_own_role_deploys_with_it(deployed: Deployed) -> None:
    checks.check_masking_role(deployed.account, {"mask_customers": "off"})
    with pytest.raises(CommandError, match=f"{deployed.database}_DEPLOYER alone"):
        checks.check_masking_role(deployed.account, {"mask_customers": "on"})
