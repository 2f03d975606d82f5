"""The procedures as `snow` builds and deploys them."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.procedures.deployment import PROJECT
from tests.procedures.pipeline import Pipeline, adjustment, order
from tests.procedures.test_manifest import HANDLERS


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what `snow` reads, for it writes the zip beside its manifest."""
    for name in ("snowflake.yml", "requirements.txt"):
        shutil.copy(PROJECT / name, tmp_path)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "procedures", tmp_path / "procedures", ignore=ignored)
    return tmp_path


@pytest.fixture
def folded() -> Callable[[Any], str]:
    """What `snow` says, without the frame that it folds its errors into."""
    return lambda done: " ".join((done.stdout + done.stderr).replace("│", " ").split())


def test_a_deployment_out_of_order_says_what_is_missing(
    account: Any, project: Path, folded: Callable[[Any], str]
) -> None:
    options = ("-c", "local", "--env", "database=NOT_THERE")
    deploy = ("snowpark", "deploy", "--replace", *options, "--warehouse", "COMPUTE_WH")
    before_the_build = account.snow(*deploy, cwd=project)
    assert before_the_build.returncode != 0
    assert re.search(r"Artifact .* required for .* does not exist", folded(before_the_build))

    build = account.snow("snowpark", "build", *options, cwd=project)
    assert build.returncode == 0, build.stdout + build.stderr
    before_the_database = account.snow(*deploy, cwd=project)
    assert before_the_database.returncode != 0
    assert re.search(r"002003 .*'NOT_THERE' does not exist", folded(before_the_database))


def test_procedures_work_on_their_own_database_whatever_the_callers_is(
    account: Any, own_pipeline: Pipeline, project: Path, folded: Callable[[Any], str]
) -> None:
    options = ("-c", "local", "--env", f"database={own_pipeline.database}")
    build = account.snow("snowpark", "build", *options, cwd=project)
    assert build.returncode == 0, build.stdout + build.stderr
    modules = {path.name for path in (PROJECT / "procedures").glob("*.py")}
    assert set(zipfile.ZipFile(project / "procedures.zip").namelist()) == modules

    deploy = account.snow(
        "snowpark", "deploy", "--replace", *options, "--warehouse", "COMPUTE_WH", cwd=project
    )
    assert deploy.returncode == 0, deploy.stdout + deploy.stderr
    again = account.snow("snowpark", "deploy", *options, "--warehouse", "COMPUTE_WH", cwd=project)
    assert again.returncode != 0
    assert "already exists. Consider using --replace" in folded(again)

    own_pipeline.ingest(order("o-1"), adjustment("a-1"), order("o-2", quantity=0))
    with account.connect() as connection:
        for procedure in HANDLERS:
            connection.cursor().execute(f"CALL {own_pipeline.database}.OPS.{procedure}()")
        purge = f"CALL {own_pipeline.database}.OPS.PURGE(30, 7)"
        [[purged]] = connection.cursor().execute(purge).fetchall()
    counts = {"stg_orders": 0, "stg_inventory_adj": 0, "raw_events_stream": 0}
    assert json.loads(purged) == counts | {"forgotten_again": 0}
    assert own_pipeline.rows("PRODUCTION.ORDERS", "ORDER_ID") == [("o-1",)]
    assert own_pipeline.rows("PRODUCTION.INVENTORY_HISTORY", "ADJUSTMENT_ID") == [("a-1",)]
    assert own_pipeline.rows("PRODUCTION.INVENTORY_CURRENT", "CURRENT_STOCK_LEVEL") == [(24,)]
    assert own_pipeline.count("RAW_DATA.REJECTED_EVENTS") == 1
