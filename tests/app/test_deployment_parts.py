"""The thinking behind a deployment: what files declare, what runs afterwards, what is ours."""

from datetime import datetime
from typing import Any

import pytest

from app.caves.deployment import plan
from app.caves.deployment.desired_state import DesiredState, desired_state, plain_type
from app.caves.deployment.live import Live
from app.caves.deployment.log import DONE, FAILED, History, Recorded
from app.caves.deployment.plan import Found, is_our_code, kept_suspended, running_before
from app.caves.errors import UsageError
from app.caves.operations.tasks import Task, to_start
from app.caves.project import Project
from app.caves.statements import (
    added_columns,
    columns,
    declared,
    losses,
    retyped_columns,
    split,
)

NOW = datetime(2026, 11, 23)


def ended(outcome: str, **tasks: bool) -> Recorded:
    return Recorded(outcome, NOW, "ALBERT", tasks=tasks)


def test_a_script_is_split_where_a_statement_ends_and_nowhere_else() -> None:
    script = """
    -- one; comment
    CREATE VIEW A AS SELECT 'x;y -- no comment' AS "odd;name"; /* ; */
    COMMENT ON VIEW A IS 'Albert''s; own';
    EXECUTE IMMEDIATE $$ BEGIN; END; $$;;
    SELECT 1 -- the end"""

    assert list(split(script)) == [
        """CREATE VIEW A AS SELECT 'x;y -- no comment' AS "odd;name\"""",
        "COMMENT ON VIEW A IS 'Albert''s; own'",
        "EXECUTE IMMEDIATE $$ BEGIN; END; $$",
        "SELECT 1",
    ]


def test_comments_and_line_breaks_are_no_change() -> None:
    [one] = declared(split("CREATE OR REPLACE VIEW A.B AS\n-- why\nSELECT 1 AS X;"))
    [two] = declared(split("CREATE OR REPLACE VIEW A.B AS SELECT 1\n    AS X;"))
    [three] = declared(split("CREATE OR REPLACE VIEW A.B AS SELECT 2 AS X;"))

    assert (one.key, one.replaced) == ("VIEW A.B", True)
    assert one.digest == two.digest != three.digest


def test_a_tables_columns_are_those_it_lists_and_those_that_are_added() -> None:
    script = """
    CREATE TABLE IF NOT EXISTS A.T (
        ID NUMBER(10, 0) NOT NULL COMMENT 'one, two)',
        NAME VARCHAR,
        PRIMARY KEY (ID, NAME)
    ) COMMENT = 'x';
    ALTER TABLE A.T ADD COLUMN IF NOT EXISTS GIFT BOOLEAN;
    """
    parts = list(split(script))
    [table] = declared(parts)

    assert not table.replaced
    assert columns(table) == ["ID", "NAME"]
    assert added_columns(parts) == {("A.T", "GIFT")}


LOSSES = (
    "ALTER TABLE A.T DROP COLUMN X",
    "ALTER TABLE IF EXISTS A.T DROP X",
    "ALTER TABLE A.T RENAME COLUMN X TO Y",
    "ALTER TABLE A.T RENAME TO A.U",
    "ALTER TABLE A.T SWAP WITH A.U",
    "DROP TABLE IF EXISTS A.T",
    "TRUNCATE TABLE A.T",
    "CREATE OR REPLACE TABLE A.T (X NUMBER(10, 0))",
)
KEPT = (
    "ALTER TABLE A.T ADD COLUMN IF NOT EXISTS X VARCHAR",
    "ALTER TABLE A.T ALTER COLUMN X SET DATA TYPE NUMBER(12, 0)",
    "ALTER TABLE A.T DROP PRIMARY KEY",
    "CREATE OR REPLACE VIEW A.V AS SELECT 'DROP TABLE A.T' AS X",
)


def test_a_statement_that_would_lose_rows_or_a_column_is_known_as_such() -> None:
    assert losses((*LOSSES, *KEPT)) == list(LOSSES)


@pytest.mark.parametrize("statement", LOSSES)
def test_a_version_that_would_lose_something_is_refused(statement: str) -> None:
    with Project.find().copy_for_deployment() as copy:
        file = copy.root / "app/sql/02_tables.sql"
        file.write_text(f"{file.read_text('utf-8')}\n{statement};\n", "utf-8")
        with pytest.raises(UsageError, match="would lose rows, or a column of them"):
            desired_state(copy, copy.env)


def number(digits: int, decimals: int) -> DesiredState:
    script = f"""
    CREATE TABLE IF NOT EXISTS A.T (X NUMBER(10, 2));
    ALTER TABLE A.T ALTER COLUMN X SET DATA TYPE NUMBER({digits}, {decimals});
    """
    parts = list(split(script))
    return DesiredState(declared(parts), {"A.T": ["X"]}, set(), retyped_columns(parts))


@pytest.mark.parametrize(("digits", "decimals"), [(9, 2), (12, 3), (12, 0)])
def test_a_column_never_gets_narrower(digits: int, decimals: int) -> None:
    live = Live({"TABLE A.T": {}}, columns={"A.T": {"X"}}, numbers={("A.T", "X"): (10, 2)})
    with pytest.raises(UsageError, match=r"A\.T\.X is NUMBER\(10, 2\), and app/sql makes it"):
        plan.refuse_narrower(number(digits, decimals), live)


def test_a_column_that_gets_wider_is_in_the_plan_until_it_is() -> None:
    found = Found(
        Live({"TABLE A.T": {}}, columns={"A.T": {"X"}}, numbers={("A.T", "X"): (10, 2)}),
        History(None, None),
        [],
        [],
    )
    wider = number(12, 2)
    plan.refuse_narrower(wider, found.live)
    detail = "NUMBER(10, 2) → NUMBER(12, 2)"
    assert plan.plan(wider, found, {}).changes == [plan.Change("change", "COLUMN", "A.T.X", detail)]
    found.live.numbers["A.T", "X"] = (12, 2)
    assert plan.plan(wider, found, {}).changes == []


@pytest.mark.parametrize(
    ("text", "name"),
    [("INT", "NUMBER"), ("varchar(10)", "VARCHAR"), ("NUMBER(10, 2)", "NUMBER"), ("ARRAY",) * 2],
)
def test_types_are_named_as_show_procedures_names_them(text: str, name: str) -> None:
    assert plain_type(text) == name


def test_a_procedure_is_made_of_the_modules_that_it_imports() -> None:
    project = Project.find()
    objects = desired_state(project, project.env).of("PROCEDURE")

    assert "repair_lock.py" in objects["OPS.PURGE(NUMBER, NUMBER)"].text
    incidents = objects["OPS.UPDATE_INCIDENTS(VARCHAR, VARCHAR, VARCHAR)"]
    assert "orders_transforms.py" not in incidents.text
    assert "event_fields.py" in objects["OPS.RAW_TO_STAGING_ORDERS()"].text


@pytest.mark.parametrize(
    ("last", "before"),
    [
        pytest.param(None, {"A": True, "B": False}, id="no log yet"),
        pytest.param(ended(DONE, A=False), {"A": True, "B": False}, id="the last one was done"),
        pytest.param(ended("RUNNING", A=True, B=True), {"A": True, "B": True}, id="killed"),
        pytest.param(ended("RUNNING", A=True, B=False), {"A": True, "B": False}, id="suspended"),
        pytest.param(ended("RUNNING", A=True), {"A": True}, id="killed, B is new"),
        pytest.param(ended(FAILED, A=True, B=True), {"A": True, "B": False}, id="put back, then"),
        pytest.param(ended(FAILED, A=True), {"A": True}, id="failed, B is new"),
    ],
)
def test_what_ran_before_is_told_by_the_account_and_the_last_deployment(
    last: Recorded | None, before: dict[str, bool]
) -> None:
    assert running_before([Task("A", True), Task("B", False)], last) == before


GRAPH = [
    Task("ROOT", False),
    Task("CHILD", False, ("ROOT",)),
    Task("GRANDCHILD", False, ("CHILD",)),
    Task("ALERT_X", False, kind="ALERT"),
]


@pytest.mark.parametrize(
    ("before", "everything", "started", "kept"),
    [
        ({}, False, ["GRANDCHILD", "CHILD", "ROOT", "ALERT_X"], []),
        ({"ROOT": False, "CHILD": True}, False, ["GRANDCHILD", "CHILD", "ALERT_X"], ["ROOT"]),
        ({"ROOT": False}, True, ["GRANDCHILD", "CHILD", "ROOT", "ALERT_X"], ["ROOT"]),
    ],
)
def test_children_start_before_their_root_and_alerts_last(
    before: dict[str, bool], everything: bool, started: list[str], kept: list[str]
) -> None:
    assert [task.name for task in to_start(GRAPH, before, everything)] == started
    assert [task.name for task in kept_suspended(GRAPH, before)] == kept


@pytest.mark.parametrize(
    ("imports", "ours"),
    [
        ("[@D.OPS.DEPLOYMENT/caves/procedures.zip]", True),
        ('[@"D"."OPS"."DEPLOYMENT"/caves/procedures.zip]', True),
        ("[@OPS.DEPLOYMENT/caves/procedures.zip]", True),
        ("[@OTHER.OPS.DEPLOYMENT/caves/procedures.zip]", False),
        ("[@D.OPS.DEPLOYMENT/mine/procedures.zip]", False),
        ("[@D.OPS.MY_DEPLOYMENT/caves/procedures.zip]", False),
        ("", False),
    ],
)
def test_a_procedure_is_ours_by_the_place_of_its_code(imports: str, ours: bool) -> None:
    assert is_our_code(imports, "D") is ours


def test_a_plan_tells_of_what_a_deployment_will_not_mend() -> None:
    [table] = declared(split("CREATE TABLE IF NOT EXISTS A.T (ID INT, LATE INT);"))
    stream: dict[str, Any] = {"SCHEMA_NAME": "A", "NAME": "S", "STALE": "true"}
    live = Live({"TABLE A.T": {}}, {"STREAM": [stream]}, {"A.T": {"ID"}})
    found = Found(live, History(last=ended("RUNNING")), [Task("T", False)], [])

    made = plan.plan(DesiredState([table], {"A.T": ["ID", "LATE"]}, set()), found, {})

    assert [(each.action, each.name) for each in made.changes] == [("start", "OPS.T")]
    assert made.notes == [
        "stream A.S is stale: a deployment does not replace it, see docs/operations.md",
        "column A.T.LATE is missing, and no ALTER TABLE of app/sql adds it",
        "the deployment of 2026-11-23 00:00 by ALBERT is RUNNING",
    ]
