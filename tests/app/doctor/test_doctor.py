"""`caves doctor` on the local account: what it finds, what it writes, and that nothing is left."""

import copy
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.caves.doctor import examination, statements
from app.caves.doctor.assertion import PAGES, Assertion
from app.caves.doctor.examination import ASSERTIONS, REASONS
from app.caves.doctor.record import differences
from tests.conftest import ROOT, RunningAccount
from tests.support.caves import run_caves

FOLDER = Path(__file__).parent / "answers"
LISTS = ("SHOW DATABASES", "SHOW WAREHOUSES", "SHOW ROLES", "SHOW RESOURCE MONITORS")

pytestmark = pytest.mark.timeout(1500)


@dataclass(frozen=True)
class Examined:
    """One run of the whole command, and the names in the account before and after it."""

    code: int
    result: dict[str, Any]
    record: dict[str, Any]
    stderr: str
    before: set[str]
    after: set[str]


def names(account: RunningAccount) -> set[str]:
    """`KIND NAME` of all that a run could make."""
    found = set()
    with account.connect() as connection:
        for statement in LISTS:
            cursor = connection.cursor().execute(statement)
            place = [column.name for column in cursor.description].index("name")
            kind = statement.removeprefix("SHOW ").removesuffix("S")
            found |= {f"{kind} {row[place]}" for row in cursor.fetchall()}
    return found


def mark(made: datetime) -> str:
    return f"caves doctor, made {made:%Y-%m-%dT%H:%M:%SZ}: scratch, may be dropped"


@pytest.fixture(scope="module")
def examined(account: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examined]:
    """In an account where one run was killed yesterday and another one is going on, and where
    somebody has databases of such names."""
    old, now = mark(datetime.now(UTC) - timedelta(hours=2)), mark(datetime.now(UTC))
    with account.connect() as connection:
        run = connection.cursor().execute
        run(f"CREATE DATABASE CAVES_DOCTOR_0BADCAFE COMMENT = '{old}'")
        run(f"CREATE WAREHOUSE CAVES_DOCTOR_0BADCAFE_WH WITH COMMENT = '{old}'")
        run(f"CREATE ROLE CAVES_DOCTOR_0BADCAFE_ANALYST COMMENT = '{old}'")
        run("CREATE RESOURCE MONITOR CAVES_DOCTOR_0BADCAFE_WH_MONITOR WITH CREDIT_QUOTA = 1")
        run(f"CREATE DATABASE CAVES_DOCTOR_600D600D COMMENT = '{now}'")
        run("CREATE DATABASE CAVES_DOCTOR_DEADBEEF COMMENT = 'mine'")
        run(f"CREATE DATABASE CAVES_DOCTOR_MINE COMMENT = '{old}'")
    file = tmp_path_factory.mktemp("doctor") / "answers.json"
    before = names(account)
    done = run_caves(account, "doctor", "--json", "--record", str(file), "--timeout", "1500")
    assert done.stdout, done.stderr
    record = json.loads(file.read_text(encoding="utf-8"))
    yield Examined(
        done.returncode, json.loads(done.stdout), record, done.stderr, before, names(account)
    )
    with account.connect() as connection:
        for name in ("600D600D", "DEADBEEF", "MINE"):
            connection.cursor().execute(f"DROP DATABASE CAVES_DOCTOR_{name}")


def test_all_that_makes_sense_here_holds_and_the_rest_says_why_not(examined: Examined) -> None:
    found = {each["name"]: (each["result"], each["seen"]) for each in examined.result["assertions"]}
    assert {name: seen for name, seen in found.items() if seen[0] != "holds"} == {
        name: ("not asked", reason) for name, reason in REASONS.items()
    }
    assert list(found) == [each.name for each in ASSERTIONS]
    assert examined.code == 0
    assert examined.result["holds"] is True
    assert f"[{len(ASSERTIONS)}/{len(ASSERTIONS)}] " in examined.stderr


def test_a_run_drops_what_it_made_and_what_a_killed_run_left_and_nothing_else(
    examined: Examined,
) -> None:
    assert examined.before - examined.after == {
        "DATABASE CAVES_DOCTOR_0BADCAFE",
        "WAREHOUSE CAVES_DOCTOR_0BADCAFE_WH",
        "ROLE CAVES_DOCTOR_0BADCAFE_ANALYST",
        "RESOURCE MONITOR CAVES_DOCTOR_0BADCAFE_WH_MONITOR",
    }
    assert examined.after - examined.before == set()
    assert examined.result["not_dropped"] == []


def test_the_record_has_an_answer_for_each_assertion_and_no_name_of_the_account(
    examined: Examined, account: Any
) -> None:
    found = examined.record["assertions"]
    assert list(found) == [each.name for each in ASSERTIONS]
    by_project = {"bootstraps", "deploys", "plan-is-empty", "pause-and-resume", *REASONS}
    by_project |= {"names-are-looked-up-in-the-procedures-database", "the-laws-hold"}
    by_project.add("the-laws-hold-after-corrections")
    assert {name for name, each in found.items() if not each["answers"]} == by_project
    [refused] = [each for each in found["lock-timeout-number"]["answers"] if "errno" in each]
    assert (refused["errno"], refused["sqlstate"]) == (625, "57014")
    [shown] = found["columns-of-roles"]["answers"]
    assert [name for name, _ in shown["columns"][:2]] == ["created_on", "name"]
    assert "rows" not in shown
    text = json.dumps(examined.record)
    for name in ("CAVES_DOCTOR_", account.user, "600D600D", str(account.port)):
        assert name.lower() not in text.lower()


def test_a_planted_difference_is_shown_and_nothing_else(examined: Examined) -> None:
    other = copy.deepcopy(examined.record)
    assert differences(examined.record, other) == []
    found = other["assertions"]
    [refused] = [each for each in found["lock-timeout-number"]["answers"] if "errno" in each]
    refused["errno"] = 604
    [shown] = found["columns-of-alerts"]["answers"]
    assert shown["columns"][1] == ["name", "TEXT"]
    shown["columns"][1][1] = "BINARY"
    shown["columns"].append(["new_in_2027", "BOOLEAN"])
    found["insert-answer"] |= {"result": "fails", "seen": "rows: 3 instead of 2"}
    del found["calls-purge"]

    assert differences(examined.record, other) == [
        "insert-answer: holds (2 rows), fails (rows: 3 instead of 2) in the second",
        "lock-timeout-number: UPDATE {db}.DOCTOR.T16 SET N = 2: errno 625, 604 in the second",
        "calls-purge: only in the first",
        "columns-of-alerts: SHOW ALERTS IN SCHEMA {db}.OPS:"
        " column 'name': TEXT, BINARY in the second",
        "columns-of-alerts: SHOW ALERTS IN SCHEMA {db}.OPS:"
        " column 'new_in_2027': missing, BOOLEAN in the second",
    ]


def answers() -> list[Path]:
    given = os.environ.get("ANSWERS")
    return [*sorted(FOLDER.glob("*.json")), *([Path(given)] if given else [])]


@pytest.mark.parametrize("file", answers(), ids=lambda file: file.stem)
def test_the_local_account_answers_as_this_snowflake_account_did(
    file: Path, examined: Examined
) -> None:
    beside = file.with_name("known.txt")
    known = beside.read_text(encoding="utf-8").splitlines() if beside.is_file() else []
    expected = json.loads(file.read_text(encoding="utf-8"))
    found = [each for each in differences(expected, examined.record) if each not in known]
    assert not found, "\n".join(found)


def test_an_interrupted_run_leaves_nothing_behind(account: Any, tmp_path: Path) -> None:
    """Ctrl-C while `snow` is at work: database, warehouse, roles and monitor are there by then."""
    before = names(account)
    with (tmp_path / "err").open("w+") as errors:
        program = subprocess.Popen(
            [sys.executable, "-m", "app.caves.cli", "doctor", "-c", "local"],
            cwd=ROOT,
            env=account.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert program.stderr
        for line in program.stderr:
            errors.write(line)
            if "[1/3] roles" in line:
                break
        assert len(names(account) - before) == 8
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=120)
    assert program.returncode == 1, err
    assert "dropping CAVES_DOCTOR_" in err
    assert "interrupted" in err
    assert out == ""
    assert names(account) == before


def test_an_answer_of_an_unknown_shape_is_a_finding_and_the_next_assertion_is_asked(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = Assertion("odd", PAGES, "it is odd", lambda environment: str(int("x")))
    [other] = [each for each in ASSERTIONS if each.name == "insert-answer"]
    monkeypatch.setattr(examination, "ASSERTIONS", (odd, other))
    done = run_caves(account, "doctor", "--json")
    assert done.returncode == 1
    assert [(each["result"], each["seen"]) for each in json.loads(done.stdout)["assertions"]] == [
        ("fails", "ValueError: invalid literal for int() with base 10: 'x'"),
        ("holds", "2 rows"),
    ]


def test_a_warehouse_that_was_named_is_used_and_left_as_it_is(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that this project made and monitors: the run's quota of one credit is not for it."""
    name = f"SHOP_{uuid.uuid4().hex[:8].upper()}"
    with account.connect() as connection:
        run = connection.cursor().execute
        run(
            f"CREATE WAREHOUSE {name} WITH COMMENT ="
            " 'Runs the pipeline of Les Caves d''Albert; made for SHOP'"
        )
        run(f"CREATE RESOURCE MONITOR {name}_MONITOR WITH CREDIT_QUOTA = 800")
        run(f"ALTER WAREHOUSE {name} SET RESOURCE_MONITOR = {name}_MONITOR")
        before = names(account), shown(connection, name)
        chosen = [each for each in ASSERTIONS if each.name in ("bootstraps", "insert-answer")]
        monkeypatch.setattr(examination, "ASSERTIONS", tuple(chosen))
        done = run_caves(account, "doctor", "--json", "--env", f"warehouse={name}")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)["assertions"]
        assert [each["result"] for each in found] == ["not asked", "holds"]
        assert (names(account), shown(connection, name)) == before
        run(f"DROP WAREHOUSE {name}")
        run(f"DROP RESOURCE MONITOR {name}_MONITOR")


def shown(connection: Any, warehouse: str) -> list[Any]:
    """What can be seen of the warehouse, of its monitor and of who may use it."""
    cursor = connection.cursor()
    found = []
    for statement in ("SHOW WAREHOUSES", "SHOW RESOURCE MONITORS"):
        rows = cursor.execute(statement).fetchall()
        found += [row for row in rows if warehouse in str(row[0])]
    return [*found, *cursor.execute(f"SHOW GRANTS ON WAREHOUSE {warehouse}").fetchall()]


def test_what_fails_is_told_first_with_what_follows_and_its_page(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [each for each in statements.STATEMENTS if each.name.startswith("merge-")]
    monkeypatch.setattr(examination, "ASSERTIONS", tuple(chosen))
    monkeypatch.setattr(statements, "NONDETERMINISTIC", 100_091)
    before = names(account)
    done = run_caves(account, "doctor")

    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "1 of 2 assertions hold, 1 fails"
    told = done.stdout[done.stdout.index("└") :].splitlines()[1:]
    assert told[:2] == [
        "merge-is-deterministic: MERGE refuses two source rows for one target row.",
        "  seen: error: 100090 instead of 100091",
    ]
    assert told[-1] == "  https://docs.snowflake.com/en/sql-reference/sql/merge"
    assert names(account) == before


@dataclass(frozen=True)
class UnderRole:
    """The account, for a connection whose role has these privileges on the account alone."""

    account: Any
    role: str

    @classmethod
    def with_privileges(cls, account: Any, *privileges: str) -> "UnderRole":
        role = f"SOMEBODY_{uuid.uuid4().hex[:8].upper()}"
        with account.connect() as connection:
            connection.cursor().execute(f"CREATE ROLE {role}")
            for each in privileges:
                connection.cursor().execute(f"GRANT {each} ON ACCOUNT TO ROLE {role}")
        return cls(account, role)

    def connect(self, **parameters: Any) -> Any:
        return self.account.connect(**{"role": self.role, **parameters})

    def snow(self, *arguments: str, cwd: Path) -> Any:
        return self.account.snow(*arguments, "--role", self.role, cwd=cwd)


def test_a_role_that_may_make_no_database_is_told_so(account: Any) -> None:
    somebody = UnderRole.with_privileges(account)
    before = names(account)
    done = run_caves(somebody, "doctor")
    assert done.returncode == 1
    assert "needs a database of its own, and this role may not make one" in done.stderr
    assert names(account) == before


def test_a_role_that_may_make_no_warehouse_hears_how_to_name_one(account: Any) -> None:
    somebody = UnderRole.with_privileges(account, "CREATE DATABASE")
    before = names(account)
    done = run_caves(somebody, "doctor")
    assert done.returncode == 1
    assert "or name one: --env warehouse=NAME" in done.stderr
    assert names(account) == before


def test_a_role_that_may_make_no_roles_is_asked_all_but_what_roles_may_do(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = ("bootstraps", "snowpark-version", "insert-first-counts", "ingester-writes")
    monkeypatch.setattr(
        examination, "ASSERTIONS", tuple(each for each in ASSERTIONS if each.name in chosen)
    )
    somebody = UnderRole.with_privileges(account, "CREATE DATABASE", "CREATE WAREHOUSE")
    before = names(account)
    done = run_caves(somebody, "doctor", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["assertions"]
    assert [each["result"] for each in found] == ["not asked", "holds", "holds", "not asked"]
    assert found[0]["seen"].startswith("this role may not do it: 003001 (42501)")
    assert found[3]["seen"] == "bootstraps does not hold, or was not asked"
    assert names(account) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--database", "CAVES_DEV"), "chooses database itself"),
        (("--env", "task_schedule=1 MINUTE"), "chooses task_schedule itself"),
        (("--record", "/nowhere/answers.json"), "there is no such folder"),
    ],
)
def test_wrong_use_makes_nothing(account: Any, arguments: tuple[str, ...], message: str) -> None:
    before = names(account)
    done = run_caves(account, "doctor", *arguments)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert names(account) == before
