"""docs/operations.md: its commands are there, its SQL runs, its recoveries recover."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.caves import cli
from app.caves.statements import split
from ingest.config import parser as ingester_parser
from tests.procedures.deployment import run_sql_file
from tests.support.caves import Caves, take_in
from tests.support.deployed import Deployed, deployed_pipeline

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs/operations.md").read_text("utf-8")
BLOCKS = re.findall(r"```sql\n(.*?)```", MANUAL, re.DOTALL)
PROSE = re.sub(r"```sql\n.*?```", "", MANUAL, flags=re.DOTALL)
# In backticks, or on a line of its own.
COMMANDS = sorted(
    set(re.findall(r"`((?:caves|make|python -m ingest\.ingester) ?[^`]*)`", PROSE))
    | set(re.findall(r"^    (caves .*)$", PROSE, re.MULTILINE))
)
DATABASE, WAREHOUSE = "CAVES_ALBERT_DB", "COMPUTE_WH"
CONSUMERS = ("RAW_TO_STAGING_ORDERS", "STAGING_TO_PROD_ORDERS")


@pytest.fixture(scope="module")
def deployed(account: Any) -> Iterator[Deployed]:
    with deployed_pipeline(account) as pipeline:
        yield pipeline


def run_block(deployed: Deployed, block: str) -> None:
    for statement in split(block):
        deployed.rows(statement.replace(DATABASE, deployed.database))


def the_block(words: str) -> str:
    [block] = [block for block in BLOCKS if words in block]
    return block


def test_the_manual_has_commands_and_sql() -> None:
    assert len(COMMANDS) > 25
    assert len(BLOCKS) == 8


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_manual_is_there(line: str) -> None:
    program, *arguments = shlex.split(line)
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        assert {each for each in arguments if "=" not in each} <= set(targets)
    elif program == "python":
        ingester_parser({}).parse_args(arguments[2:])
    elif arguments[-1] == "--help":
        with pytest.raises(SystemExit, match="0"):
            cli.parser().parse_args(arguments)
    elif arguments in (["reprocess"], ["status", "--check"]):
        assert arguments[0] in cli.parser().format_help()
    else:
        cli.parser().parse_args(arguments)


@pytest.mark.parametrize("link", re.findall(r"\]\(([\w./-]+)\)", MANUAL))
def test_what_the_manual_links_to_is_there(link: str) -> None:
    assert (ROOT / "docs" / link).is_file()


@pytest.mark.parametrize(
    "words", ["DEPLOYMENT_LOG", "OPENED_AT, VALUE", "SHOW ALERTS", "SET CLOSED_AT", "-- 3:"]
)
def test_the_sql_of_the_manual_runs(deployed: Deployed, words: str) -> None:
    run_block(deployed, the_block(words))


def test_a_warehouse_is_enlarged_as_the_manual_says(deployed: Deployed) -> None:
    mine = f"WH_{deployed.database}"
    deployed.rows(f"CREATE WAREHOUSE {mine} INITIALLY_SUSPENDED = TRUE")
    try:
        run_block(deployed, the_block("WAREHOUSE_SIZE").replace(WAREHOUSE, mine))
        sizes = {row["NAME"]: row["SIZE"] for row in deployed.rows("SHOW WAREHOUSES")}
    finally:
        deployed.rows(f"DROP WAREHOUSE {mine}")
    assert sizes[mine] == "Small"


def test_a_lost_stream_is_recreated_without_losing_a_row(deployed: Deployed, account: Any) -> None:
    caves = Caves(account, deployed.database)
    take_in(deployed.account, 0, "o-1")
    run_block(deployed, the_block("DROP STREAM"))
    run_sql_file(deployed.account.connection, "03_streams.sql", deployed.database)
    again = caves("reprocess", "--since", "2026-01-01")
    assert again.returncode == 0, again.stderr
    run_block(deployed, the_block("SHOW_INITIAL_ROWS"))
    for procedure in CONSUMERS:
        deployed.rows(f"CALL {deployed.database}.OPS.{procedure}()")

    found = deployed.rows(f"SELECT ORDER_ID FROM {deployed.database}.PRODUCTION.ORDERS")
    assert found == [{"ORDER_ID": "o-1"}]
    verdict = caves("verify")
    assert verdict.returncode == 0, verdict.stdout
