"""The changes of docs/how-to-change.md, on a copy of the project that is deployed and has rows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.caves.deployment.desired_state import desired_state
from app.caves.deployment.plan import look, plan
from app.caves.laws.verify import verify
from app.caves.project import Project
from app.caves.settings import effective
from app.caves.target import Account
from tests.chaos.deployment import deploy_to
from tests.procedures.deployment import PROJECT
from tests.procedures.pipeline import Pipeline, cancellation, order, without

PAGE = PROJECT / "docs" / "how-to-change.md"
COPIED = ("app", "docs", "procedures", "tests", "pyproject.toml", "requirements.txt")
VIEWS = ("06_analytics.sql", "07_operations.sql")
# What the tests take in are events of orders.
TASKS = ("RAW_TO_STAGING_ORDERS", "STAGING_TO_PROD_ORDERS")
DAY = "'2026-11-22'::TIMESTAMP, '2026-11-23'::TIMESTAMP"


def patch(name: str) -> str:
    """The patch that the page shows."""
    found = re.search(rf"<!-- patch: {name} -->\n```diff\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    assert found
    return found[1]


def failed(tests: Printed) -> list[str]:
    """The first three words of the tests that failed."""
    return re.findall(r"^FAILED \S+::(test_[a-z]+_[a-z]+)", tests.text, re.M)


def touched(text: str) -> list[str]:
    return re.findall(r"^\+\+\+ (\S+)", text, re.M)


class Printed(NamedTuple):
    """What a module printed, and its exit code."""

    text: str
    code: int


@dataclass
class Copy:
    """A copy of the project, and a database that versions of it are deployed to. `forks` runs the
    copy's own modules (forks.py)."""

    root: Path
    account: Account
    pipeline: Pipeline
    forks: subprocess.Popen[str]

    def run(self, module: str, *arguments: str) -> Printed:
        assert self.forks.stdin
        assert self.forks.stdout
        self.forks.stdin.write(json.dumps([str(self.root), module, *arguments]) + "\n")
        self.forks.stdin.flush()
        code = int(self.forks.stdout.readline())
        return Printed((self.root / "output.txt").read_text("utf-8"), code)

    def apply(self, text: str, *options: str) -> None:
        command = ["patch", "-p0", "--no-backup-if-mismatch", *options]
        done = subprocess.run(
            command, cwd=self.root, input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def make_events(self) -> None:
        done = self.run("tests.procedures.derived")
        assert done.code == 0, done.text

    def declaration_test(self) -> Printed:
        """The test that holds tables and pages to the declaration, of the copy."""
        own = "tests/procedures/test_event_kinds.py"
        return self.run("pytest", "-q", "-p", "no:cacheprovider", own)

    def planned(self) -> set[tuple[str, str, str]]:
        """What `caves deploy --plan` shows, but for what every deployment of a test replaces."""
        project = Project(self.root)
        env = effective(project.env, {}) | {"database": self.account.database}
        objects = desired_state(project, env)
        changes = plan(objects, look(self.account, objects), env).changes
        return {(each.action, each.kind, each.name) for each in changes}

    def deploy(self) -> None:
        deploy_to(self.account, {"task_schedule": "60 MINUTES"}, VIEWS, self.root)

    def run_tasks(self) -> None:
        for task in TASKS:
            self.call(f"{task}()")

    def call(self, procedure: str) -> dict[str, int]:
        """What the procedure counts, without the zeros."""
        [row] = self.account.rows(f"CALL {{db}}.OPS.{procedure}")
        counts = json.loads(next(iter(row.values())))
        return {name: count for name, count in counts.items() if count}

    def broken(self) -> dict[int, dict[str, int]]:
        """Laws 2 to 5: nobody keeps Kafka's offsets here."""
        return {each.law.number: each.broken for each in verify(self.account)[1:] if each.broken}

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.account.rows(statement)]


@pytest.fixture(scope="module")
def forks() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.change.forks"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        yield started


@pytest.fixture
def copy(
    account: Any, database: str, tmp_path: Path, forks: subprocess.Popen[str]
) -> Iterator[Copy]:
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in (*COPIED, "snowflake.yml"):
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(PROJECT / name, tmp_path / name)
    with (
        Account(account.connect(database=database), database) as opened,
        account.snowpark(database=database) as session,
    ):
        yield Copy(tmp_path, opened, Pipeline(session, database), forks)


SALES = "SELECT ORDER_ID, {column} FROM {{db}}.ANALYTICS.SALES ORDER BY ORDER_ID"
WINE, PRICE = "Château Margaux – Grand Vin", Decimal("19.90")
COUNTS = "SELECT STATUS, COUNT(*) FROM {db}.RAW_DATA.REJECTED_EVENTS GROUP BY STATUS"


def test_a_field_is_added_and_old_orders_get_it(copy: Copy) -> None:
    change = patch("promo_code")
    assert len(touched(change)) <= 5
    copy.deploy()
    copy.pipeline.ingest(
        order("o-1", promo_code="NOËL"), order("o-2", coupon="ÉTÉ"), order("o-3"), order("o-4")
    )
    copy.run_tasks()
    assert copy.broken() == {}

    copy.apply(change)
    copy.make_events()
    assert copy.planned() >= {
        ("add", "COLUMN", "STAGING.STG_ORDERS.PROMO_CODE"),
        ("add", "COLUMN", "PRODUCTION.ORDERS.PROMO_CODE"),
    }
    copy.deploy()
    copy.pipeline.ingest(order("o-5", promo_code="PÂQUES"))
    copy.run_tasks()
    assert copy.broken() == {2: {"UNREAD": 2}}

    copy.call(f"REPROCESS({DAY})")
    assert copy.broken() == {}
    assert copy.rows(SALES.format(column="PROMO_CODE")) == [
        ("o-1", "NOËL"),
        ("o-2", "ÉTÉ"),
        ("o-3", None),
        ("o-4", None),
        ("o-5", "PÂQUES"),
    ]


def test_what_is_left_out_of_a_change_is_named(copy: Copy) -> None:
    copy.apply(patch("promo_code"))
    left_out = copy.declaration_test()
    assert left_out.code == 1
    assert len(failed(left_out)) == 2
    assert "run `make events`" in left_out.text
    copy.make_events()
    assert copy.declaration_test().code == 0

    tables = copy.root / "app/sql/02_tables.sql"
    whole = tables.read_text("utf-8")
    added = re.findall(r"ALTER TABLE \S+ ADD COLUMN IF NOT EXISTS\nPROMO_CODE[^;]*;", whole)
    for column, told in zip(added, ("test_staging_has", "test_production_has"), strict=True):
        tables.write_text(whole.replace(column, ""), "utf-8")
        assert failed(copy.declaration_test()) == [told]
    tables.write_text(whole, "utf-8")

    views = copy.root / "app/sql/06_analytics.sql"
    shown = views.read_text("utf-8")
    assert shown.count("    PROMO_CODE,\n    ORDER_TIMESTAMP\n") == 1
    views.write_text(
        shown.replace("    PROMO_CODE,\n    ORDER_TIMESTAMP\n", "    ORDER_TIMESTAMP\n")
    )
    assert failed(copy.declaration_test()) == ["test_sales_have"]
    views.write_text(shown, "utf-8")

    kinds = copy.root / "procedures/event_kinds.py"
    declared = [line for line in kinds.read_text("utf-8").splitlines() if "promo_code" not in line]
    kinds.write_text("\n".join(declared) + "\n", "utf-8")
    undeclared = copy.declaration_test()
    assert "FAILED tests/procedures/test_event_kinds.py::test_staging_has" in undeclared.text
    assert "PROMO_CODE" in undeclared.text


def test_a_type_of_event_is_added_and_what_came_before_it_arrives(copy: Copy) -> None:
    change = patch("order_cancelled")
    assert len(touched(change)) <= 5
    copy.apply(change, "--reverse")
    copy.make_events()
    assert "CANCELLED" not in (copy.root / "app/sql/02_tables.sql").read_text("utf-8")
    copy.deploy()
    copy.pipeline.ingest(
        order("o-1"),
        order("o-2"),
        cancellation("o-1"),
        cancellation("o-3"),
        cancellation("o-2", event_timestamp=None),
    )
    copy.run_tasks()
    assert copy.rows(COUNTS) == [("OPEN", 3)]
    assert copy.rows(SALES.format(column="QUANTITY")) == [("o-1", 2), ("o-2", 2)]
    assert copy.broken() == {}

    copy.apply(change)
    copy.make_events()
    assert copy.planned() >= {
        ("create", "TABLE", "STAGING.STG_ORDER_CANCELLATIONS"),
        ("create", "VIEW", "PRODUCTION.ORDER_CANCELLATIONS"),
    }
    copy.deploy()
    copy.call("RETRY_REJECTED(NULL, 'event_type is not known')")
    copy.pipeline.ingest(order("o-3"), order("o-4"))
    copy.run_tasks()
    assert copy.rows(SALES.format(column="QUANTITY")) == [("o-2", 2), ("o-4", 2)]
    assert sorted(copy.rows(COUNTS)) == [("OPEN", 1), ("RETRIED", 2)]
    assert copy.broken() == {}


def test_rules_are_changed_and_a_field_is_renamed_by_the_shop(copy: Copy) -> None:
    """One relaxed, one tightened; a new name of a required field, and of one that is not."""
    change = patch("rules")
    assert touched(change) == ["procedures/event_kinds.py"]
    copy.deploy()
    copy.pipeline.ingest(
        without(order("o-1", cuvee="Grand Vin"), "product_name"),
        without(order("o-2", buyer_id="c-2"), "customer_id"),
        order("o-3", quantity=0),
        order("o-4", unit_price=0),
    )
    copy.run_tasks()
    assert copy.rows(SALES.format(column="PRODUCT_NAME")) == [("o-1", None), ("o-4", WINE)]
    assert copy.broken() == {}

    copy.apply(change)
    copy.make_events()
    assert {kind for _, kind, _ in copy.planned()} & {"TABLE", "COLUMN", "STREAM"} == set()
    copy.deploy()
    copy.pipeline.ingest(
        without(order("o-5", cuvee="Petit Vin", buyer_id="c-5"), "product_name", "customer_id"),
        order("o-6", quantity=0),
        order("o-7", unit_price=0),
    )
    copy.run_tasks()
    assert copy.broken() == {2: {"UNREAD": 1}}

    retried = {"staged": 1, "retried": 1}
    for reason in ("customer_id is missing", "quantity is not above 0"):
        assert copy.call(f"RETRY_REJECTED(NULL, '{reason}')") == retried
    reprocessed = {"corrected": 1, "corrected_orders": 1, "kept": 1, "still_rejected": 1}
    assert copy.call(f"REPROCESS({DAY})") == {"events": 7, **reprocessed}
    copy.run_tasks()
    assert copy.broken() == {}
    assert copy.rows(SALES.format(column="PRODUCT_NAME, CUSTOMER_ID, QUANTITY, UNIT_PRICE")) == [
        ("o-1", "Grand Vin", "c-1", 2, PRICE),
        ("o-2", WINE, "c-2", 2, PRICE),
        ("o-3", WINE, "c-1", 0, PRICE),
        ("o-4", WINE, "c-1", 2, 0),
        ("o-5", "Petit Vin", "c-5", 2, PRICE),
        ("o-6", WINE, "c-1", 0, PRICE),
    ]
    assert copy.rows("SELECT REASON FROM {db}.RAW_DATA.REJECTED_EVENTS WHERE STATUS = 'OPEN'") == [
        ("unit_price is not above 0: 0",)
    ]
