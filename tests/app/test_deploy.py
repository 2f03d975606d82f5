from pathlib import Path

import pytest

from app.caves.deployment.checks import check_owner, shortcomings
from app.caves.deployment.steps import steps
from app.caves.errors import CommandError
from app.caves.objects import ALERTS, PROCEDURES, STREAMS, TASKS, is_true, parents_of
from app.caves.project import Project, SqlFile
from app.caves.target import Row

FILES = [SqlFile(number, Path(f"{number:02}_x.sql")) for number in (1, 2, 5, 6)]


class Shown:
    """An account that answers SHOW from what a sound deployment leaves, but for `changes`."""

    def __init__(self) -> None:
        self.streams: list[Row] = [
            {"SCHEMA_NAME": name.split(".")[0], "NAME": name.split(".")[1], "STALE": "false"}
            for name in STREAMS
        ]
        self.tasks: list[Row] = [{"NAME": name.split(".")[1], "STATE": "started"} for name in TASKS]
        self.alerts: list[Row] = [
            {"NAME": name.split(".")[1], "STATE": "started"} for name in ALERTS
        ]
        self.procedures: list[Row] = [{"NAME": name.split(".")[1]} for name in PROCEDURES]

    def rows(self, statement: str) -> list[Row]:
        noun = statement.split()[1].lower()
        found: list[Row] = getattr(self, noun)
        return found


def test_the_procedures_come_between_streams_and_tasks_and_the_dashboard_last() -> None:
    todo = steps(FILES, {"database": "D", "warehouse": "W"})

    env = ("--env", "database=D", "--env", "warehouse=W")
    warehouse = ("--warehouse", "W", *env)
    context = ("--database", "D", *warehouse)
    assert [step.arguments for step in vars(todo).values()] == [
        ("sql", "--filename", "01_x.sql", "--filename", "02_x.sql", *warehouse),
        ("snowpark", "build", *context),
        ("snowpark", "deploy", "--replace", *context),
        ("sql", "--filename", "05_x.sql", "--filename", "06_x.sql", *warehouse),
        ("streamlit", "deploy", "dashboard", "--replace", "--prune", *context),
    ]


def test_a_sound_deployment_has_no_shortcomings() -> None:
    assert shortcomings(Shown()) == []  # type: ignore[arg-type]  # only rows() is used


def test_what_is_not_fit_to_run_is_named() -> None:
    shown = Shown()
    shown.streams[0]["STALE"] = "true"
    del shown.streams[4]
    del shown.procedures[1]
    shown.tasks[2]["STATE"] = "suspended"
    del shown.tasks[4]
    shown.alerts[0]["STATE"] = "suspended"

    assert shortcomings(shown) == [  # type: ignore[arg-type]  # only rows() is used
        "stream RAW_DATA.STREAM_RAW_ORDERS is stale",
        "stream STAGING.STREAM_STG_INVENTORY_CURRENT is missing",
        "procedure OPS.RAW_TO_STAGING_INVENTORY is missing",
        "task OPS.TASK_STAGING_TO_PROD_ORDERS is suspended",
        "task OPS.TASK_STAGING_TO_PROD_INVENTORY_CURRENT is missing",
        "alert OPS.ALERT_INCIDENTS is suspended",
    ]


def test_a_task_that_was_suspended_on_purpose_is_no_shortcoming() -> None:
    shown = Shown()
    shown.tasks[5]["STATE"] = "suspended"

    kept = ["TASK_PURGE"]
    assert shortcomings(shown, suspended_on_purpose=kept) == []  # type: ignore[arg-type]  # only rows()


@pytest.mark.parametrize(
    ("value", "truth"), [(True, True), ("true", True), (False, False), ("false", False)]
)
def test_show_gives_booleans_or_their_text(value: object, truth: bool) -> None:
    assert is_true(value) is truth


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[]", []),
        (None, []),
        ('[\n  "CAVES.OPS.TASK_A"\n]', ["TASK_A"]),
        ('["CAVES.OPS.\\"TASK_A\\""]', ["TASK_A"]),
    ],
)
def test_predecessors_are_read_by_their_bare_names(text: str | None, names: list[str]) -> None:
    assert parents_of({"PREDECESSORS": text}) == names


def test_the_project_knows_its_files_in_order_and_keeps_start_and_teardown_apart() -> None:
    project = Project.find()

    numbers = [file.number for file in project.sql_files()]
    assert numbers == sorted(numbers)
    assert not {9, 99} & set(numbers)
    assert project.teardown_file().path.name == "99_teardown.sql"
    assert project.teardown_file() not in project.sql_files()


def test_a_copy_for_deployment_holds_what_is_deployed_and_vanishes() -> None:
    project = Project.find()
    with project.copy_for_deployment() as copy:
        names = {path.name for path in copy.root.iterdir()}
        deployed = {path.name for path in (copy.root / "procedures").glob("*.py")}
        assert copy.env == project.env

    assert {"snowflake.yml", "requirements.txt", "app", "procedures"} <= names
    assert deployed == {path.name for path in (project.root / "procedures").glob("*.py")}
    assert not copy.root.exists()


class Owned:
    """A database D with the schema OPS, each of its owner, for a connection's role."""

    database = "D"

    def __init__(
        self, database: str | None, schema: str | None = None, role: str = "DEPLOYER"
    ) -> None:
        self.role = role
        self.databases = [{"NAME": "D", "OWNER": database}] if database else []
        self.schemas = [{"NAME": "OPS", "OWNER": schema}] if schema else []
        self.schemas.append({"NAME": "PUBLIC", "OWNER": "SYSADMIN"})

    def rows(self, statement: str) -> list[Row]:
        other = {"NAME": "D2", "OWNER": "SYSADMIN"}
        return [other, *self.databases] if "DATABASES" in statement else self.schemas

    def row(self, statement: str) -> Row:
        return {"NAME": self.role}


@pytest.mark.parametrize(
    "account",
    [Owned(None), Owned("DEPLOYER"), Owned("SYSADMIN", "DEPLOYER"), Owned("DEPLOYER", "DEPLOYER")],
    ids=["nothing there", "an empty database", "somebody else's database", "all of it"],
)
def test_the_owner_of_the_schemas_may_deploy(account: Owned) -> None:
    check_owner(account, ["OPS"])  # type: ignore[arg-type]  # only rows() and row() are used


@pytest.mark.parametrize(
    ("account", "told"),
    [
        (Owned("ADMIN"), "D belongs to the role ADMIN, and this connection works as DEPLOYER"),
        (Owned("DEPLOYER", "ADMIN"), "D.OPS belongs to the role ADMIN"),
        (
            Owned("ACCOUNTADMIN", "ACCOUNTADMIN", role="SYSADMIN"),
            "D.OPS belongs to the role ACCOUNTADMIN, and this connection works as SYSADMIN",
        ),
    ],
    ids=["an empty database", "a schema", "an administrator's, of another one"],
)
def test_what_another_role_owns_is_not_deployed_to(account: Owned, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        check_owner(account, ["OPS"])  # type: ignore[arg-type]  # only rows() and row() are used
