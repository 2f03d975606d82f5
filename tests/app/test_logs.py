"""`caves logs`: what a run did can be read afterwards, also of one that failed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.caves.commands.logs import NOTHING
from app.caves.operations import tasks
from tests.support.caves import take_in
from tests.support.deployed import Deployed, deployed_pipeline

ORDERS = "TASK_RAW_TO_STAGING_ORDERS"


@pytest.fixture(scope="module")
def deployed(account: Any) -> Iterator[Deployed]:
    with deployed_pipeline(account) as pipeline:
        yield pipeline


def run_graphs(deployed: Deployed) -> None:
    tasks.run(deployed.account, 120, lambda text: None)


def latest_run(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    found = deployed.caves_json(monkeypatch, capsys, "logs", "--task", ORDERS, "--limit", "1")
    [run] = found["runs"]
    return run


def test_each_run_comes_with_what_its_procedure_logged(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    take_in(deployed.account, 0, "o-1")
    run_graphs(deployed)
    found = deployed.caves_json(monkeypatch, capsys, "logs")
    assert found["note"] == NOTHING
    assert {each["LOG"] for each in found["runs"]} == {None}

    deployed.rows("ALTER DATABASE {db} SET LOG_LEVEL = INFO")
    take_in(deployed.account, 1, "o-2")
    run_graphs(deployed)
    deployed.rows("CALL {db}.OPS.DISCARD_REJECTED(NULL, 'nothing like it', 'a test')")
    found = deployed.caves_json(monkeypatch, capsys, "logs")
    assert found["note"] is None
    by_hand, *of_tasks = found["runs"]
    assert (by_hand["RUN"], by_hand["STATE"]) == ("DISCARD_REJECTED", "SUCCEEDED")
    assert re.fullmatch(r"discarded 0; \d+\.\d s", by_hand["LOG"])
    latest: dict[str, str] = {}
    for each in reversed(of_tasks):
        latest[each["RUN"]] = each["LOG"] or ""
    assert re.fullmatch(r"staged 1, rejected 0; \d+\.\d s", latest[ORDERS])
    assert re.fullmatch(r"inserted 1, updated 0; \d+\.\d s", latest["TASK_STAGING_TO_PROD_ORDERS"])
    alone = deployed.caves_json(monkeypatch, capsys, "logs", "--task", ORDERS, "--limit", "1")
    assert [(each["RUN"], each["LOG"]) for each in alone["runs"]] == [(ORDERS, latest[ORDERS])]


def test_a_run_that_failed_says_why_in_one_line(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.rows("ALTER DATABASE {db} SET LOG_LEVEL = ERROR")
    take_in(deployed.account, 2, "o-3")
    deployed.rows("ALTER TABLE {db}.STAGING.STG_ORDERS RENAME COLUMN ORDER_ID TO ORDER_NUMBER")
    run_graphs(deployed)
    run = latest_run(deployed, monkeypatch, capsys)
    while run["STATE"] == "EXECUTING":  # a task that failed is tried once more
        run = latest_run(deployed, monkeypatch, capsys)
    assert run["STATE"].startswith("FAILED")
    assert re.match(r"failed after \d+\.\d s: \w+: ", run["LOG"])
    assert "ORDER_ID" in run["LOG"]
    assert "\n" not in run["LOG"]
    assert deployed.caves(monkeypatch, "logs") == 0
    out = capsys.readouterr().out
    assert "failed after" in " ".join(out.split())
    assert "Traceback" not in out
    assert "Traceback" in run["ERROR"]
    assert deployed.caves(monkeypatch, "logs", "--debug", "--limit", "1") == 0
    assert re.search(r'^  File ".*", line \d+, in ', capsys.readouterr().out, re.MULTILINE)


def test_a_call_that_failed_says_why_and_with_debug_where(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The column that the test before has renamed is missing."""
    assert deployed.caves(monkeypatch, "reprocess", "--since", "2026-11-20T00:00") == 1
    told = capsys.readouterr().err
    assert "OPS.REPROCESS failed and changed nothing: " in told
    assert "ORDER_ID" in told
    assert "Traceback" not in told
    assert "  File " not in told

    since = ("--since", "2026-11-20T00:00", "--debug")
    assert deployed.caves(monkeypatch, "reprocess", *since) == 1
    told = capsys.readouterr().err
    assert re.search(r'^  File ".*", line \d+, in ', told, re.MULTILINE)
    assert "OPS.REPROCESS failed and changed nothing: " in told


def test_less_than_one_run_is_wrong_use(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deployed.caves(monkeypatch, "logs", "--limit", "0") == 2
