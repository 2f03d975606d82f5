"""Task statements: what they store, what they refuse, what they show."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flocon.account import REGISTRY
from flocon.core.errors import SnowflakeError
from flocon.jobs import history as histories
from flocon.jobs import task_history
from flocon.jobs.definitions import ALERTS, TASKS, Task
from flocon.jobs.task_history import Entry, Run
from flocon.session.statements import Worded
from flocon.sql.jobs import TASK, AlterJob
from flocon.sql.show import like
from flocon.sql.tokens import Name, Tokens
from task_fakes import DATABASE, SCHEMA, FakeAccount, FakeSession


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(FakeAccount())


def run(session: FakeSession, *statements: str) -> Any:
    """Runs statements as the session would; the last one's result."""
    answer = None
    for sql in statements:
        statement = REGISTRY.read(sql)
        assert isinstance(statement, Worded)
        answer = statement._answer(session, ())  # type: ignore[arg-type]  # a fake
    return answer


def refused(session: FakeSession, sql: str) -> SnowflakeError:
    with pytest.raises(SnowflakeError) as caught:
        run(session, sql)
    return caught.value


def shown(session: FakeSession, sql: str = "SHOW TASKS") -> list[dict[str, Any]]:
    answer = run(session, sql)
    return [dict(zip(answer.names, row, strict=True)) for row in answer.rows()]


def states(session: FakeSession) -> dict[str, str]:
    return {row["name"]: row["state"] for row in shown(session)}


def stored(session: FakeSession, name: str) -> Task:
    task = TASKS.find(session.catalog(DATABASE), SCHEMA, name)
    assert task is not None
    return task


GRAPH = (
    "CREATE TASK root SCHEDULE = '1 MINUTE' AS CALL a()",
    "CREATE TASK child AFTER root AS CALL b()",
    "CREATE TASK leaf AFTER child AS CALL c()",
)

# --- what is read --------------------------------------------------------------------------------


def test_a_task_keeps_all_that_was_said_of_it_and_its_body_verbatim(session: FakeSession) -> None:
    answer = run(
        session,
        """create or replace task ops.load_orders
             warehouse = compute_wh
             schedule = 'USING CRON */5 * * * * Europe/Paris'
             timezone = 'UTC' autocommit = true
             user_task_timeout_ms = 300000 suspend_task_after_num_failures = 3
             task_auto_retry_attempts = 2 overlap_policy = no_overlap
             comment = 'l''entrée 🍷'
           when system$stream_has_data('raw.s') and (1 = cast('1' as int))
           as merge into  "Orders" o
                using (select 'a;b' as k) s on o.k = s.k  -- as written
                when matched then update set n = 1;""",
    )
    assert answer.rows() == [("Task LOAD_ORDERS successfully created.",)]
    (row,) = shown(session, "DESC TASK load_orders")
    row.pop("created_on")
    assert len(row.pop("id")) == 36
    assert row == {
        "name": "LOAD_ORDERS",
        "database_name": "SHOP",
        "schema_name": "OPS",
        "owner": "PIPELINE",
        "comment": "l'entrée 🍷",
        "warehouse": "COMPUTE_WH",
        "schedule": "USING CRON */5 * * * * Europe/Paris",
        "predecessors": "[]",
        "state": "suspended",
        "definition": """merge into  "Orders" o
                using (select 'a;b' as k) s on o.k = s.k  -- as written
                when matched then update set n = 1""",
        "condition": "system$stream_has_data('raw.s') and (1 = cast('1' as int))",
        "allow_overlapping_execution": "false",
        "error_integration": None,
        "last_committed_on": None,
        "last_suspended_on": None,
        "owner_role_type": "ROLE",
        "config": None,
        "success_integration": None,
        "scheduling_mode": None,
        "target_completion_interval": None,
        "execute_as_user": None,
        "task_relations": '{"Predecessors":[]}',
        "last_suspended_reason": None,
        "overlap_policy": "NO_OVERLAP",
    }
    task = stored(session, "LOAD_ORDERS")
    assert task.parameters == {"TIMEZONE": "UTC", "AUTOCOMMIT": True}
    assert (task.timeout_ms, task.suspend_after, task.retries) == (300000, 3, 2)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("RESUME", AlterJob(Name("T"), False, "RESUME")),
        ("SUSPEND", AlterJob(Name("T"), False, "SUSPEND")),
        (
            "SET SCHEDULE = '10 SECONDS', TIMEZONE = 'UTC'",
            AlterJob(Name("T"), False, "SET", {"SCHEDULE": "10 SECONDS"}, {"TIMEZONE": "UTC"}),
        ),
        (
            "UNSET COMMENT, TIMEZONE",
            AlterJob(Name("T"), False, "UNSET", unset=("COMMENT", "TIMEZONE")),
        ),
        ("MODIFY AS CALL p()", AlterJob(Name("T"), False, "MODIFY AS", text="CALL p()")),
        ("MODIFY WHEN 1 = 1", AlterJob(Name("T"), False, "MODIFY WHEN", text="1 = 1")),
        ("REMOVE WHEN", AlterJob(Name("T"), False, "REMOVE WHEN")),
        (
            "ADD AFTER a, s.b",
            AlterJob(Name("T"), False, "ADD AFTER", predecessors=(Name("A"), Name("B", "S"))),
        ),
    ],
)
def test_each_form_of_alter_task_is_read(action: str, expected: AlterJob) -> None:
    assert TASK.alter(Tokens(f"ALTER TASK t {action}")) == expected


@pytest.mark.parametrize(
    ("clauses", "errno"),
    [
        ("FINALIZE = r AS SELECT 1", 2),
        ("CONFIG = '{}' AS SELECT 1", 2),
        ("EXECUTE AS USER u AS SELECT 1", 2),
        ("ERROR_INTEGRATION = i AS SELECT 1", 2),
        ("OVERLAP_POLICY = ALLOW_ALL_OVERLAP AS SELECT 1", 2),
        ("ALLOW_OVERLAPPING_EXECUTION = TRUE AS SELECT 1", 2),
        ("AUTOCOMMIT = FALSE AS SELECT 1", 2),
        ("CLONE t2", 2),
        ("AS BEGIN CALL p(); END", 2),
        ("AS DECLARE x INT; BEGIN RETURN 1; END", 2),
        ("AS EXECUTE IMMEDIATE $$ BEGIN END $$", 2),
        ("SCHEDULE = 'now' AS SELECT 1", 1008),
        ("NONSENSE = 1 AS SELECT 1", 1008),
        ("TASK_AUTO_RETRY_ATTEMPTS = 31 AS SELECT 1", 1008),
        ("USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS = 9 AS SELECT 1", 1008),
        (
            "WAREHOUSE = compute_wh USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE = XSMALL AS SELECT 1",
            1008,
        ),
        ("COMMENT = 'a' COMMENT = 'b' AS SELECT 1", 1046),
        ("SCHEDULE '1 MINUTE' AS SELECT 1", 1003),
        ("WHEN AS SELECT 1", 1003),
        ("AS", 1003),
        ("SCHEDULE = '1 MINUTE'", 1003),
    ],
)
def test_what_a_task_cannot_be_is_refused_when_it_is_created(
    session: FakeSession, clauses: str, errno: int
) -> None:
    assert refused(session, f"CREATE TASK t {clauses}").errno == errno
    assert shown(session) == []


def test_a_task_needs_its_schema_and_its_warehouse(session: FakeSession) -> None:
    assert "Schema 'SHOP.NOWHERE'" in refused(session, "CREATE TASK nowhere.t AS CALL X()").message
    assert "Warehouse 'W'" in refused(session, "CREATE TASK t WAREHOUSE = w AS CALL X()").message
    run(session, "CREATE TASK t AS SELECT 1")
    assert "Warehouse 'W'" in refused(session, "ALTER TASK t SET WAREHOUSE = w").message
    assert refused(session, "SHOW TASKS IN SCHEMA nowhere").errno == 2043
    assert refused(session, "SHOW TASKS IN DATABASE nowhere").errno == 2043


def test_a_task_whose_warehouse_is_gone_can_be_suspended_but_not_resumed(
    session: FakeSession,
) -> None:
    run(
        session,
        "CREATE TASK t SCHEDULE = '1 MINUTE' WAREHOUSE = compute_wh AS SELECT 1",
        "ALTER TASK t RESUME",
    )
    session.account.warehouses.clear()
    run(session, "ALTER TASK t SUSPEND")
    assert refused(session, "ALTER TASK t RESUME").errno == 2003


# --- what changes --------------------------------------------------------------------------------


def test_resume_restarts_the_base_of_the_schedule_and_suspend_says_why(
    session: FakeSession,
) -> None:
    run(session, "CREATE TASK t SCHEDULE = '1 MINUTE' AS SELECT 1")
    before = datetime.now(UTC)
    run(session, "ALTER TASK t RESUME")
    first = stored(session, "T")
    assert first.schedule_base is not None
    assert before <= first.schedule_base <= datetime.now(UTC)
    assert first.graph_version == 1
    run(session, "ALTER TASK t RESUME")
    assert stored(session, "T") == first
    run(session, "ALTER TASK t SUSPEND")
    (row,) = shown(session)
    assert (row["state"], row["last_suspended_reason"]) == ("suspended", "USER_SUSPENDED")
    assert row["last_suspended_on"] >= before


def test_execute_task_is_for_roots_and_leaves_its_wish_for_the_scheduler(
    session: FakeSession,
) -> None:
    wakes: list[int] = []
    run(session, *GRAPH)
    session.account.tasks_changed = lambda: wakes.append(1)
    answer = run(session, "EXECUTE TASK root")
    assert answer.rows() == [("Task ROOT is scheduled to run immediately.",)]
    assert stored(session, "ROOT").requested_at is not None
    assert wakes == [1]
    assert "root task" in refused(session, "EXECUTE TASK child").message
    assert refused(session, "EXECUTE TASK root RETRY LAST").errno == 2
    assert refused(session, "EXECUTE TASK root USING CONFIG = '{}'").errno == 2


# --- show ----------------------------------------------------------------------------------------


def test_like_takes_wildcards_and_their_escapes() -> None:
    assert like("A_C%", "abcdef")
    assert not like(r"a\_c", "abc")
    assert like(r"a\_c.", "A_C.")
    assert not like("a", "ab")


# --- history -------------------------------------------------------------------------------------

NOW = datetime.now(UTC).replace(microsecond=0)


def history(session: FakeSession, **arguments: Any) -> list[dict[str, Any]]:
    answer = task_history.task_history(session, DATABASE, arguments)  # type: ignore[arg-type]
    return [dict(zip(answer.names, row, strict=True)) for row in answer.rows()]


def record(session: FakeSession, task: Task, hours_ago: float, state: str = "SUCCEEDED") -> Entry:
    moment = NOW - timedelta(hours=hours_ago)
    entry = Entry(Run(task, moment, "SCHEDULE"), task, moment, 1)
    task_history.started(session.catalog(DATABASE), entry, moment)
    if state != "EXECUTING":
        task_history.HISTORY.finished(session.catalog(DATABASE), entry.entry_id, moment, state)
    return entry


def test_history_is_narrowed_by_its_arguments_before_its_limit(session: FakeSession) -> None:
    run(session, *GRAPH)
    root, child = stored(session, "ROOT"), stored(session, "CHILD")
    for hours in (1, 2, 3):
        record(session, root, hours)
    record(session, child, 4, "FAILED")
    record(session, child, 5, "CANCELLED")

    def names(**arguments: Any) -> list[tuple[str, int]]:
        rows = history(session, **arguments)
        return [
            (row["NAME"], round((NOW - row["SCHEDULED_TIME"]).total_seconds() / 3600))
            for row in rows
        ]

    assert names() == [("ROOT", 1), ("ROOT", 2), ("ROOT", 3), ("CHILD", 4), ("CHILD", 5)]
    assert names(RESULT_LIMIT=1, TASK_NAME="child") == [("CHILD", 4)]
    assert names(ERROR_ONLY=True) == [("CHILD", 4), ("CHILD", 5)]
    assert names(ROOT_TASK_ID=root.id, RESULT_LIMIT=2) == [("ROOT", 1), ("ROOT", 2)]
    assert names(DATABASE_NAME="OTHER") == []
    assert names(SCHEMA_NAME="OPS", RESULT_LIMIT=1) == [("ROOT", 1)]
    assert names(
        SCHEDULED_TIME_RANGE_START=NOW - timedelta(hours=4),
        SCHEDULED_TIME_RANGE_END=(NOW - timedelta(hours=2)).isoformat(),
    ) == [("ROOT", 2), ("ROOT", 3), ("CHILD", 4)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"RESULT_LIMIT": 0},
        {"RESULT_LIMIT": 10_001},
        {"NONSENSE": 1},
        {"SCHEDULED_TIME_RANGE_START": NOW - timedelta(days=8)},
        {"SCHEDULED_TIME_RANGE_START": "yesterday"},
        {
            "SCHEDULED_TIME_RANGE_START": NOW,
            "SCHEDULED_TIME_RANGE_END": NOW - timedelta(hours=1),
        },
    ],
)
def test_history_refuses_arguments_out_of_range(
    session: FakeSession, arguments: dict[str, Any]
) -> None:
    with pytest.raises(SnowflakeError):
        history(session, **arguments)


def test_history_tells_what_is_planned(session: FakeSession) -> None:
    run(session, *GRAPH, "ALTER TASK child RESUME", "ALTER TASK root RESUME", "EXECUTE TASK root")
    planned = history(session)
    assert [(row["NAME"], row["STATE"], row["SCHEDULED_FROM"]) for row in planned] == [
        ("ROOT", "SCHEDULED", "SCHEDULE"),
        ("ROOT", "SCHEDULED", "EXECUTE_TASK"),
    ]
    assert planned[0]["QUERY_ID"] is None
    until_then = planned[0]["SCHEDULED_TIME"] - datetime.now(UTC)
    assert timedelta(0) < until_then <= timedelta(minutes=1)
    assert history(session, ERROR_ONLY=True) == []
    assert history(session, SCHEDULED_TIME_RANGE_END=NOW - timedelta(hours=1)) == []


def test_runs_that_a_crash_cut_off_are_failed_and_say_so(session: FakeSession) -> None:
    run(session, *GRAPH)
    record(session, stored(session, "ROOT"), 1, "EXECUTING")
    record(session, stored(session, "CHILD"), 2)
    assert task_history.HISTORY.recover(session.catalog(DATABASE), NOW) == 1
    cut_off, whole = history(session)
    assert (cut_off["STATE"], cut_off["COMPLETED_TIME"]) == ("FAILED", NOW)
    assert "account stopped while the task was running" in cut_off["ERROR_MESSAGE"]
    assert whole["STATE"] == "SUCCEEDED"


def test_history_is_bounded_in_time_and_number(
    session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(session, *GRAPH)
    root = stored(session, "ROOT")
    for hours in (1, 2, 3, 24 * 7 + 1):
        record(session, root, hours)
    catalog = session.catalog(DATABASE)
    task_history.HISTORY.trim(catalog, NOW)
    assert len(catalog.rows("SELECT * FROM _account_task_history")) == 3
    monkeypatch.setattr(histories, "KEPT_ROWS", 2)
    task_history.HISTORY.trim(catalog, NOW)
    kept = catalog.rows("SELECT scheduled_time FROM _account_task_history ORDER BY 1 DESC")
    assert [row["scheduled_time"].replace(tzinfo=UTC) for row in kept] == [
        NOW - timedelta(hours=1),
        NOW - timedelta(hours=2),
    ]


# --- what older data folders have ----------------------------------------------------------------

_OLD_TASK = """{"schema": "OPS", "name": "OLD", "definition": "CALL p()", "owner": "PIPELINE",
"properties": {"SCHEDULE": "1 MINUTE"}, "parameters": {"TIMEZONE": "UTC"}, "predecessors": [],
"condition": null, "state": "started", "id": "0b5f", "created_on": "2026-01-02T03:04:05+00:00",
"schedule_base": "2026-01-02T03:04:06+00:00", "last_committed_on": null, "last_suspended_on": null,
"last_suspended_reason": null, "requested_at": null, "graph_version": 3, "failures": {"OLD": 2}}"""
_OLD_ALERT = """{"schema": "OPS", "name": "OLD", "condition": "SELECT 1", "action": "CALL p()",
"owner": "PIPELINE", "properties": {"SCHEDULE": "1 MINUTE"}, "state": "suspended", "id": "0b60",
"created_on": "2026-01-02T03:04:05+00:00", "schedule_base": null, "requested_at": null,
"last_successful": "2026-01-02T03:04:06+00:00", "failures": 1, "auto_suspended": false}"""


def test_tasks_and_alerts_of_an_older_data_folder_are_read_as_they_were(
    session: FakeSession,
) -> None:
    catalog = session.catalog(DATABASE)
    for kind, document in (("TASK", _OLD_TASK), ("ALERT", _OLD_ALERT)):
        catalog.write(
            f"INSERT INTO _account_objects VALUES ('{kind}', 'OPS', 'OLD', ?)", [document]
        )
    (row,) = shown(session)
    assert (row["name"], row["state"], row["schedule"]) == ("OLD", "started", "1 MINUTE")
    task, alert = TASKS.find(catalog, SCHEMA, "OLD"), ALERTS.find(catalog, SCHEMA, "OLD")
    moment = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)
    assert task is not None
    assert alert is not None
    assert (task.schedule_base, task.graph_version, task.failures) == (moment, 3, {"OLD": 2})
    assert (alert.last_successful, alert.failures, alert.action) == (moment, 1, "CALL p()")
    run(session, "ALTER TASK old SUSPEND", "ALTER TASK old SET TIMEZONE = 'Europe/Paris'")
    assert stored(session, "OLD").parameters == {"TIMEZONE": "Europe/Paris"}
