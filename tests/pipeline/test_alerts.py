"""OPS.UPDATE_INCIDENTS: what OBJECT_HEALTH shows becomes incidents, and people are told of them."""

from __future__ import annotations

import email
import email.policy
import json
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import alert_messages
import alerts
import pytest

from tests.conftest import on_snowflake
from tests.procedures.pipeline import Pipeline, opened_pipeline

LOG = (
    "SELECT METRIC, OBJECT, VALUE, CLOSED_AT IS NULL, NOTIFIED_AT IS NOT NULL"
    " FROM OPS.ALERT_LOG ORDER BY METRIC, OBJECT, OPENED_AT"
)
LOW = ("LOW_STOCK", "p-1", 12.0, 50, "units", "BREACH", "Château d'Yquem", "Tell procurement")
OK = ("LOW_STOCK", "p-1", 60.0, 50, "units", "OK", "Château d'Yquem", "Tell procurement")

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def opened(account: Any) -> Iterator[Pipeline]:
    """The tables, and OBJECT_HEALTH as a table that tests write."""
    database = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    with opened_pipeline(account, database) as pipeline:
        pipeline.sql(
            "CREATE TABLE OPS.OBJECT_HEALTH (METRIC VARCHAR, OBJECT VARCHAR, VALUE FLOAT,"
            " THRESHOLD NUMBER(38, 0), UNIT VARCHAR, STATUS VARCHAR, DETAIL VARCHAR,"
            " ACTION VARCHAR)"
        )
        yield pipeline
        pipeline.sql(f"DROP DATABASE {database}")


@pytest.fixture
def pipeline(opened: Pipeline) -> Pipeline:
    opened.sql("TRUNCATE TABLE OPS.ALERT_LOG")
    return opened


def show(pipeline: Pipeline, *health: tuple[Any, ...]) -> None:
    """OBJECT_HEALTH shows these rows, and no others."""
    pipeline.sql("TRUNCATE TABLE OPS.OBJECT_HEALTH")
    if health:
        rows = " UNION ALL ".join(["SELECT ?, ?, ?, ?, ?, ?, ?, ?"] * len(health))
        values = [value for row in health for value in row]
        pipeline.sql(f"INSERT INTO OPS.OBJECT_HEALTH {rows}", *values)


def update(pipeline: Pipeline, *health: tuple[Any, ...], **named: str) -> dict[str, int]:
    """One call of the procedure while OBJECT_HEALTH shows these rows."""
    show(pipeline, *health)
    names = ("email_integration", "recipients", "webhook_integration")
    return alerts.update_incidents(pipeline.session, *(named.get(name, "") for name in names))


def like(row: tuple[Any, ...], **changes: Any) -> tuple[Any, ...]:
    names = ("metric", "object", "value", "threshold", "unit", "status", "detail", "action")
    return tuple((dict(zip(names, row, strict=True)) | changes).values())


def counted(opened: int = 0, still_open: int = 0, closed: int = 0, told: int = 0) -> dict[str, int]:
    return {"opened": opened, "still_open": still_open, "closed": closed, "told": told}


def test_a_breach_opens_one_incident_that_is_refreshed_and_closed(pipeline: Pipeline) -> None:
    assert update(pipeline, LOW) == counted(opened=1)
    columns = "METRIC, OBJECT, VALUE, THRESHOLD, UNIT, DETAIL, ACTION, OPENED_AT = LAST_SEEN_AT"
    assert pipeline.rows("OPS.ALERT_LOG", columns) == [
        ("LOW_STOCK", "p-1", 12.0, 50.0, "units", "Château d'Yquem", "Tell procurement", True)
    ]
    [identity] = pipeline.rows("OPS.ALERT_LOG", "INCIDENT_ID, OPENED_AT")

    assert update(pipeline, like(LOW, value=7.0, detail="Yquem")) == counted(still_open=1)
    assert pipeline.rows("OPS.ALERT_LOG", "INCIDENT_ID, OPENED_AT") == [identity]
    assert pipeline.rows("OPS.ALERT_LOG", "VALUE, DETAIL, LAST_SEEN_AT > OPENED_AT") == [
        (7.0, "Yquem", True)
    ]

    assert update(pipeline, OK) == counted(closed=1)
    assert pipeline.rows("OPS.ALERT_LOG", "INCIDENT_ID, VALUE, CLOSED_AT >= LAST_SEEN_AT") == [
        (identity[0], 7.0, True)
    ]
    assert update(pipeline, OK) == counted()


def test_a_breach_that_comes_again_is_another_incident(pipeline: Pipeline) -> None:
    for health in (LOW, OK, like(LOW, value=3.0)):
        update(pipeline, health)
    assert pipeline.sql(LOG) == [
        ("LOW_STOCK", "p-1", 12.0, False, False),
        ("LOW_STOCK", "p-1", 3.0, True, False),
    ]
    assert pipeline.sql("SELECT COUNT(DISTINCT INCIDENT_ID) FROM OPS.ALERT_LOG") == [(2,)]


def test_each_object_of_a_metric_has_an_incident_of_its_own(pipeline: Pipeline) -> None:
    other = like(LOW, object="p-2", value=4.0)
    failed = ("TASK_FAILED", "TASK_PURGE", 2.0, 0, "runs", "BREACH", "Division by zero", "Mend it")
    suspended = ("TASKS_SUSPENDED", "TASK_PURGE", 1.0, 0, "tasks", "BREACH", "TASK_PURGE", "Resume")
    assert update(pipeline, LOW, other, failed, suspended) == counted(opened=4)
    assert update(pipeline, OK, other, failed, suspended) == counted(still_open=3, closed=1)
    assert pipeline.sql(LOG) == [
        ("LOW_STOCK", "p-1", 12.0, False, False),
        ("LOW_STOCK", "p-2", 4.0, True, False),
        ("TASKS_SUSPENDED", "TASK_PURGE", 1.0, True, False),
        ("TASK_FAILED", "TASK_PURGE", 2.0, True, False),
    ]


def test_what_cannot_be_measured_neither_opens_nor_closes(pipeline: Pipeline) -> None:
    unknown = like(LOW, value=None, status="UNKNOWN")
    assert update(pipeline, unknown) == counted()
    update(pipeline, LOW)
    assert update(pipeline, unknown) == counted()
    assert update(pipeline) == counted()
    assert pipeline.sql(LOG) == [("LOW_STOCK", "p-1", 12.0, True, False)]


def test_two_calls_at_once_open_one_incident(account: Any, pipeline: Pipeline) -> None:
    show(pipeline, LOW)
    done: list[dict[str, int]] = []

    def call() -> None:
        with account.snowpark(database=pipeline.database) as session:
            done.append(alerts.update_incidents(session, "", "", ""))

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each["opened"] for each in done) == [0, 0, 1]
    assert pipeline.sql(LOG) == [("LOW_STOCK", "p-1", 12.0, True, False)]


def test_the_number_of_statements_does_not_grow_with_the_incidents(pipeline: Pipeline) -> None:
    show(pipeline, *(like(LOW, object=f"p-{number}") for number in range(20)))
    words = pipeline.statements(lambda session: alerts.update_incidents(session, "", "", ""))
    assert words == ["SELECT", "BEGIN", "UPDATE", "MERGE", "COMMIT"]
    assert pipeline.count("OPS.ALERT_LOG") == 20


# --- messages ------------------------------------------------------------------------------------


@pytest.fixture
def outbox(account: Any, pipeline: Pipeline) -> Iterator[Path]:
    """Two integrations, and the folder where this machine's account puts their messages."""
    if on_snowflake():
        pytest.skip("messages would go to people")
    pipeline.sql(
        "CREATE OR REPLACE NOTIFICATION INTEGRATION CAVES_MAIL TYPE = EMAIL ENABLED = TRUE"
        " ALLOWED_RECIPIENTS = ('cellar@example.com', 'shop@example.com')"
    )
    pipeline.sql(
        "CREATE OR REPLACE NOTIFICATION INTEGRATION CAVES_HOOK TYPE = WEBHOOK ENABLED = TRUE"
        " WEBHOOK_URL = 'https://hooks.slack.com/services/x'"
        ' WEBHOOK_BODY_TEMPLATE = \'{"text": "SNOWFLAKE_WEBHOOK_MESSAGE"}\''
        " WEBHOOK_HEADERS = ('Content-Type'='application/json')"
    )
    folder: Path = account.data / "outbox"
    for old in folder.glob("*"):
        old.unlink()
    yield folder
    for name in ("CAVES_MAIL", "CAVES_HOOK"):
        pipeline.sql(f"DROP INTEGRATION IF EXISTS {name}")


MAIL = {"email_integration": "CAVES_MAIL", "recipients": "cellar@example.com, shop@example.com"}


def mails(outbox: Path) -> list[tuple[str, str, str]]:
    """(to, subject, text) of each mail in the order of their sending."""
    found = []
    for path in sorted(outbox.glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found.append((str(mail["To"]), str(mail["Subject"]), mail.get_content().strip()))
    return found


def test_people_are_told_once_of_the_opening_and_once_of_the_closing(
    pipeline: Pipeline, outbox: Path
) -> None:
    assert update(pipeline, LOW, **MAIL) == counted(opened=1, told=1)
    assert update(pipeline, like(LOW, value=3.0), **MAIL) == counted(still_open=1)
    assert update(pipeline, OK, **MAIL) == counted(closed=1, told=1)
    assert update(pipeline, OK, **MAIL) == counted()
    to = "cellar@example.com, shop@example.com"
    [(since,)] = pipeline.sql("SELECT OPENED_AT FROM OPS.ALERT_LOG")
    assert mails(outbox) == [
        (
            to,
            f"{pipeline.database}: 1 incident",
            "OPEN LOW_STOCK p-1: 12 units (threshold 50), Château d'Yquem\n  Tell procurement.",
        ),
        (
            to,
            f"{pipeline.database}: 1 closed",
            f"CLOSED LOW_STOCK p-1: since {since:%Y-%m-%d %H:%M} UTC",
        ),
    ]
    assert pipeline.rows("OPS.ALERT_LOG", "NOTIFIED_AT >= CLOSED_AT") == [(True,)]


def test_one_message_tells_of_all_and_of_what_came_before_the_integration_was_named(
    pipeline: Pipeline, outbox: Path
) -> None:
    update(pipeline, LOW, like(LOW, object="p-2", value=4.0))
    pipeline.sql(
        "INSERT INTO OPS.ALERT_LOG (INCIDENT_ID, METRIC, OBJECT, OPENED_AT, CLOSED_AT)"
        " SELECT 'old', 'STREAM_LAG', 's', DATEADD('day', -3, SYSDATE()),"
        " DATEADD('day', -2, SYSDATE())"
    )
    third = ("STREAM_LAG", "s", 1500.0, 1000, "events", "BREACH", "", "Raise the frequency")
    health = (OK, like(LOW, object="p-2", value=4.0), third)
    assert update(pipeline, *health, **MAIL) == counted(opened=1, still_open=1, closed=1, told=3)
    [(_, subject, text)] = mails(outbox)
    assert subject == f"{pipeline.database}: 2 incidents, 1 closed"
    assert [line.split(":")[0] for line in text.splitlines()[::2]] == [
        "OPEN LOW_STOCK p-2",
        "OPEN STREAM_LAG s",
        "CLOSED LOW_STOCK p-1",
    ]
    assert pipeline.rows("OPS.ALERT_LOG", "INCIDENT_ID", "OPENED_AT")[0] == ("old",)
    assert pipeline.sql("SELECT COUNT(*) FROM OPS.ALERT_LOG WHERE NOTIFIED_AT IS NULL") == [(1,)]


def test_a_message_that_fails_keeps_the_incident_and_is_sent_next_time(
    pipeline: Pipeline, outbox: Path
) -> None:
    with pytest.raises(RuntimeError, match=r"NOWHERE: .*does not exist"):
        update(pipeline, LOW, email_integration="NOWHERE", recipients="cellar@example.com")
    assert pipeline.sql(LOG) == [("LOW_STOCK", "p-1", 12.0, True, False)]
    stranger = {**MAIL, "recipients": "stranger@example.com"}
    with pytest.raises(RuntimeError, match=r"not allowed .* CAVES_MAIL: \[stranger@example.com\]"):
        update(pipeline, OK, **stranger)
    assert pipeline.sql(LOG) == [("LOW_STOCK", "p-1", 12.0, False, False)]
    assert mails(outbox) == []
    assert update(pipeline, OK, **MAIL) == counted(told=1)
    assert [subject for _, subject, _ in mails(outbox)] == [f"{pipeline.database}: 1 closed"]


def test_a_webhook_gets_sound_json_and_no_placeholder_of_a_secret(
    pipeline: Pipeline, outbox: Path
) -> None:
    named = like(LOW, detail='Cuvée "SNOWFLAKE_WEBHOOK_SECRET"\\')
    result = update(pipeline, named, webhook_integration="CAVES_HOOK")
    assert result == counted(opened=1, told=1)
    [path] = outbox.glob("*.json")
    request = json.loads(path.read_text("utf-8"))
    assert request["url"] == "https://hooks.slack.com/services/x"
    assert json.loads(request["body"]) == {
        "text": f"{pipeline.database}: 1 incident\n"
        'OPEN LOW_STOCK p-1: 12 units (threshold 50), Cuvée "REDACTED"\\\n  Tell procurement.'
    }


FORGED = (
    "p-1: 0 units\nCLOSED LOW_STOCK p-9: since 2026-01-01 00:00 UTC\u2028CLOSED x\x1b[2J\u202e",
    "<!channel> <@U024BE7LH> <https://evil.example/|log in> [log in](https://evil.example)"
    " www.evil.example evil.COM <img src=x> `code` @here",
)


def test_a_product_forges_no_line_mentions_nobody_and_makes_no_link(
    pipeline: Pipeline, outbox: Path
) -> None:
    named = like(LOW, object=FORGED[0], detail=FORGED[1])
    both = {**MAIL, "webhook_integration": "CAVES_HOOK"}
    assert update(pipeline, named, **both) == counted(opened=1, told=1)

    expected = (
        r"OPEN LOW_STOCK p-1: 0 units\nCLOSED LOW_STOCK p-9: since 2026-01-01 00:00 UTC\u2028CLOSED"
        r" x\x1b\x5b2J\u202e: 12 units (threshold 50), \x3c!channel\x3e \x3c\x40U024BE7LH\x3e"
        r" \x3chttps\x3a//evil\x2eexample/|log in\x3e \x5blog in](https\x3a//evil\x2eexample)"
        r" www\x2eevil\x2eexample evil\x2eCOM \x3cimg src=x\x3e \x60code\x60 \x40here"
    )
    [(_, _, text)] = mails(outbox)
    [path] = outbox.glob("*.json")
    posted = json.loads(json.loads(path.read_text("utf-8"))["body"])["text"]
    assert text.splitlines() == [expected, "  Tell procurement."]
    assert posted.splitlines()[1:] == [expected, "  Tell procurement."]


def test_a_long_name_keeps_nobody_from_being_told(pipeline: Pipeline, outbox: Path) -> None:
    update(pipeline, like(LOW, detail="x" * 100_000), **MAIL)
    [(_, _, text)] = mails(outbox)
    assert text.splitlines()[0].endswith(f"(threshold 50), {'x' * 300}…")


def test_one_channel_that_fails_does_not_repeat_the_other(pipeline: Pipeline, outbox: Path) -> None:
    both = {**MAIL, "webhook_integration": "CAVES_HOOK"}
    pipeline.sql("ALTER NOTIFICATION INTEGRATION CAVES_HOOK SET ENABLED = FALSE")
    with pytest.raises(RuntimeError, match=r"CAVES_HOOK: .*not enabled"):
        update(pipeline, LOW, **both)
    assert update(pipeline, LOW, **both) == counted(still_open=1)
    assert len(mails(outbox)) == 1


def test_a_long_message_ends_with_how_many_more_there_are(
    pipeline: Pipeline, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_messages, "LISTED", 2)
    update(pipeline, *(like(LOW, object=f"p-{number}") for number in range(5)), **MAIL)
    [(_, subject, text)] = mails(outbox)
    assert subject == f"{pipeline.database}: 5 incidents"
    assert text.splitlines()[-1] == "… and 3 more in OPS.ALERT_LOG."
    assert text.count("OPEN ") == 2
    assert pipeline.sql("SELECT COUNT(NOTIFIED_AT) FROM OPS.ALERT_LOG") == [(5,)]
