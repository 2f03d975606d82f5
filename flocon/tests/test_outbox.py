"""Messages stay on this machine, as files, and not too many of them."""

from __future__ import annotations

import email
import email.policy
import json
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from flocon.stores import outbox
from flocon.stores.outbox import Outbox
from shared import one_database

from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)


def test_a_mail_is_a_file_that_mail_programs_read(tmp_path: Path) -> None:
    path = Outbox(tmp_path / "outbox").email(
        "SHOP MAIL",
        ["a@example.com"],
        [],
        ["b@example.com"],
        "Stock\r\nBcc: evil@example.com",
        "<p>Château</p>",
        "html",
    )
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (mail["To"], mail["Cc"], mail["Bcc"]) == ("a@example.com", None, "b@example.com")
    assert mail["Subject"] == "Stock Bcc: evil@example.com"
    assert mail["X-Snowflake-Integration"] == "SHOP MAIL"
    assert mail.get_content_type() == "text/html"
    assert mail.get_content().strip() == "<p>Château</p>"


def test_a_request_to_a_webhook_is_a_file_and_the_oldest_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_KEPT", 2)
    box = Outbox(tmp_path)
    for number in range(3):
        last = box.webhook("../HOOK", "https://example.com/x", {"A": "b"}, f"é{number}")
    assert json.loads(last.read_text("utf-8")) == {
        "url": "https://example.com/x",
        "headers": {"A": "b"},
        "body": "é2",
    }
    assert [path.read_text("utf-8").count("é0") for path in tmp_path.iterdir()] == [0, 0]


def test_calls_send_into_the_folder_and_say_so_in_the_log(
    account: AccountProcess, run: Any
) -> None:
    run(
        "CREATE NOTIFICATION INTEGRATION post TYPE = EMAIL ENABLED = TRUE"
        " DEFAULT_RECIPIENTS = ('d@example.com') DEFAULT_SUBJECT = 'By default'"
    )
    before = set((account.data / "outbox").glob("*POST.eml"))
    assert run("CALL SYSTEM$SEND_EMAIL('post', 'a@example.com, b@example.com', 'S', 'Text')") == [
        (True,)
    ]
    config = (
        "SNOWFLAKE.NOTIFICATION.EMAIL_INTEGRATION_CONFIG('post', 'T', ARRAY_CONSTRUCT('c@x.fr'))"
    )
    for configuration in (config, "SNOWFLAKE.NOTIFICATION.INTEGRATION('post')"):
        assert run(
            "CALL SYSTEM$SEND_SNOWFLAKE_NOTIFICATION("
            f"SNOWFLAKE.NOTIFICATION.TEXT_HTML('<b>' || ? || '</b>'), {configuration})",
            "é",
        ) == [("Enqueued notifications",)]
    run("DROP INTEGRATION post")
    new = sorted(set((account.data / "outbox").glob("*POST.eml")) - before)
    mails = [
        email.message_from_bytes(each.read_bytes(), policy=email.policy.default) for each in new
    ]
    assert [(mail["To"], mail["Subject"], mail.get_content().strip()) for mail in mails] == [
        ("a@example.com, b@example.com", "S", "Text"),
        ("c@x.fr", "T", "<b>é</b>"),
        ("d@example.com", "By default", "<b>é</b>"),
    ]
    assert f"not sent from this machine: {new[0]}" in account.log()


def test_a_role_sends_by_the_integrations_that_it_may_use(
    account: AccountProcess, run: Any
) -> None:
    run("CREATE OR REPLACE NOTIFICATION INTEGRATION lent TYPE = EMAIL ENABLED = TRUE")
    run("CREATE ROLE IF NOT EXISTS postman")
    send = "CALL SYSTEM$SEND_EMAIL('lent', 'a@example.com', 'S', 'Text')"
    with account.connect(role="POSTMAN") as connection:
        with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
            connection.cursor().execute(send)
        assert caught.value.errno == 2003
        run("GRANT USAGE ON INTEGRATION lent TO ROLE postman")
        assert connection.cursor().execute(send).fetchall() == [(True,)]
    run("DROP ROLE postman")
    run("DROP INTEGRATION lent")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("CALL SYSTEM$SEND_EMAIL('nobody', 'a@x.fr', 'S', 'T')", "'NOBODY' does not exist"),
        ("CALL SYSTEM$SEND_EMAIL('closed', 'a@x.fr', 'S', 'T')", "is not enabled"),
        ("CALL SYSTEM$SEND_EMAIL('hook', 'a@x.fr', 'S', 'T')", "is not an email integration"),
        ("CALL SYSTEM$SEND_EMAIL('few', 'b@x.fr', 'S', 'T')", "not allowed by the email"),
        ("CALL SYSTEM$SEND_EMAIL('few', 'a@x.fr', '', 'T')", "subject"),
        ("CALL SYSTEM$SEND_EMAIL('few', '', 'S', 'T')", "no recipients"),
        ("CALL SYSTEM$SEND_EMAIL('few', 'a@x.fr', 'S', 'T', 'image/png')", "image/png"),
        ("CALL SYSTEM$SEND_EMAIL('few', 'a@x.fr')", "four or five texts"),
        ("CALL SYSTEM$SEND_SNOWFLAKE_NOTIFICATION('no json', '{\"few\": {}}')", "is not JSON"),
    ],
)
def test_a_message_that_cannot_be_sent_is_an_error(
    connection: snowflake.connector.SnowflakeConnection,
    account: AccountProcess,
    call: str,
    told: str,
) -> None:
    cursor = connection.cursor()
    for name, more in (
        ("closed", "TYPE = EMAIL ENABLED = FALSE"),
        ("few", "TYPE = EMAIL ENABLED = TRUE ALLOWED_RECIPIENTS = ('a@x.fr')"),
        ("hook", "TYPE = WEBHOOK ENABLED = TRUE WEBHOOK_URL = 'https://example.com'"),
    ):
        cursor.execute(f"CREATE OR REPLACE NOTIFICATION INTEGRATION {name} {more}")
    before = list((account.data / "outbox").glob("*"))
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match=told):
        cursor.execute(call)
    assert list((account.data / "outbox").glob("*")) == before


@pytest.mark.parametrize(
    ("definition", "number"),
    [
        ("TYPE = QUEUE ENABLED = TRUE", 2),
        ("TYPE = WEBHOOK ENABLED = TRUE WEBHOOK_URL = 'https://x' WEBHOOK_SECRET = s", 2),
        ("TYPE = WEBHOOK ENABLED = TRUE WEBHOOK_URL = 'http://x'", 1008),
        ("TYPE = WEBHOOK ENABLED = TRUE", 1008),
        ("TYPE = EMAIL", 1008),
        ("TYPE = EMAIL ENABLED = TRUE COLOUR = 'red'", 1008),
    ],
)
def test_an_integration_that_is_wrong_or_left_out_is_refused(
    connection: snowflake.connector.SnowflakeConnection, definition: str, number: int
) -> None:
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        connection.cursor().execute(f"CREATE NOTIFICATION INTEGRATION i {definition}")
    assert caught.value.errno == number
