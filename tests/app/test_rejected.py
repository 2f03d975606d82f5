"""`caves rejected` and `caves reprocess`, as they are called, on tables without the procedures."""

import argparse
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.caves import cli
from app.caves.flags import moment, now
from app.caves.operations.rejected import payload
from app.caves.target import Account, Target
from tests.procedures.deployment import run_sql_file

ROWS = [
    ("2026-11-20 10:00", "INGEST", "not UTF-8", None, "AP8=", "base64", 0, "OPEN"),
    ("2026-11-21 10:00", "STAGING", "quantity is missing", "e-1", '{"a":1.50}', "utf-8", 1, "OPEN"),
    ("2026-11-22 10:00", "STAGING", "price is odd: 100%", "e-2", "{}", "utf-8", 2, "DISCARDED"),
]


@pytest.fixture(scope="module")
def database(account: Any) -> Iterator[str]:
    name = f"REJECTED_{uuid.uuid4().hex[:12].upper()}"
    with account.connect() as connection:
        for file in ("01_database.sql", "02_tables.sql"):
            run_sql_file(connection, file, name)
        for row in ROWS:
            connection.cursor().execute(
                f"INSERT INTO {name}.RAW_DATA.REJECTED_EVENTS (REJECTED_AT, STAGE, REASON,"
                " EVENT_ID, PAYLOAD, PAYLOAD_ENCODING, KAFKA_OFFSET, STATUS,"
                " KAFKA_TOPIC, KAFKA_PARTITION)"
                " SELECT ?, ?, ?, ?, ?, ?, ?, ?, 'wines', 3",
                row,
            )
        connection.cursor().execute(
            f"UPDATE {name}.RAW_DATA.REJECTED_EVENTS SET KAFKA_METADATA = PARSE_JSON(?)"
            " WHERE STAGE = 'INGEST'",
            ('{"key": "P1", "headers": []}',),
        )
        yield name
        connection.cursor().execute(f"DROP DATABASE {name}")


@pytest.fixture
def caves(
    account: Any,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """caves(argument, …) → exit code, standard output, standard error."""
    monkeypatch.setattr(Target, "connect", lambda self: Account(account.connect(), self.database))

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main([*arguments, "--database", database])
        except SystemExit as left:
            code = int(str(left.code))
        return (code, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("flags", "ids"),
    [
        ([], ["wines/3/2", "wines/3/1", "wines/3/0"]),
        (["--stage", "ingest"], ["wines/3/0"]),
        (["--status", "OPEN"], ["wines/3/1", "wines/3/0"]),
        (["--reason", "ODD: 100%"], ["wines/3/2"]),
        (["--since", "2026-11-21", "--until", "2026-11-22T10:00"], ["wines/3/1"]),
        (["--limit", "1"], ["wines/3/2"]),
        (["--since", "1s"], []),
    ],
)
def test_the_list_shows_what_is_asked_for_the_newest_first(
    caves: Any, flags: list[str], ids: list[str]
) -> None:
    code, out, _ = caves("rejected", "list", "--json", *flags)

    assert code == 0
    assert [event["ID"] for event in json.loads(out)["events"]] == ids


def test_a_list_for_people_says_when_there_is_more(caves: Any) -> None:
    code, out, _ = caves("rejected", "list", "--limit", "2")

    assert code == 0
    assert "wines/3/1" in out
    assert "quantity is missing" in out
    assert "2 of 3: --limit N shows more" in out


def test_an_event_is_shown_with_its_payload_for_people_and_what_to_do(caves: Any) -> None:
    code, out, _ = caves("rejected", "show", "wines/3/1")

    assert code == 0
    assert '{\n  "a": 1.5\n}' in out
    assert "`caves rejected retry wines/3/1`" in out
    _, out, _ = caves("rejected", "show", "wines/3/0")
    assert r"b'\x00\xff'" in out
    assert "nothing to transform again" in out


def test_an_event_is_shown_with_what_kafka_kept_beside_it(caves: Any) -> None:
    _, out, _ = caves("rejected", "show", "wines/3/0", "--json")
    assert json.loads(out)["KAFKA_METADATA"] == {"key": "P1", "headers": []}
    _, out, _ = caves("rejected", "show", "wines/3/0")
    assert '"key":"P1"' in out.replace(" ", "").replace("\n", "")
    _, out, _ = caves("rejected", "show", "wines/3/1", "--json")
    assert json.loads(out)["KAFKA_METADATA"] is None


def test_the_payload_alone_is_the_message_byte_for_byte() -> None:
    assert payload({"PAYLOAD": "AP8=", "PAYLOAD_ENCODING": "base64"}) == b"\x00\xff"
    assert payload({"PAYLOAD": "é {", "PAYLOAD_ENCODING": "utf-8"}) == "é {".encode()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["show", "wines/3/9"], 1, "no rejected event wines/3/9: `caves rejected list`"),
        (["show", "wines-3-9"], 2, "'wines-3-9' is not an id: give topic/partition/offset"),
        (["retry"], 2, "either IDs, or --reason TEXT, or --all-open"),
        (["retry", "wines/3/1", "--all-open"], 2, "either IDs, or --reason TEXT, or --all-open"),
        (["retry", "wines/3/1", "wines/3/9"], 1, "no rejected event wines/3/9"),
        (["retry", "wines/3/0"], 1, "was rejected by the ingester (not UTF-8)"),
        (["retry", "wines/3/2"], 1, "wines/3/2 is DISCARDED already: nothing was changed"),
        (["retry", "--all-open"], 1, "OPS.RETRY_REJECTED is not in"),
        (["discard", "wines/3/1"], 2, "this discards 1 events of"),
        (["discard", "wines/3/2", "--yes"], 1, "wines/3/2 is DISCARDED already"),
        (["retry", "wines/3/1", "--accept-future"], 1, "OPS.ACCEPT_FUTURE is not in"),
        (
            ["retry", "--all-open", "--accept-future"],
            2,
            "--accept-future needs the IDs of the events",
        ),
        (["retry", "wines/3/1", "--note", "x"], 2, "--note belongs to --accept-future"),
        (["discard", "wines/3/0", "--yes"], 1, "OPS.DISCARD_REJECTED is not in"),
        (["list", "--limit", "0"], 2, "--limit 0 is less than 1"),
    ],
)
def test_what_does_not_fit_is_one_line_with_the_way_out(
    caves: Any, arguments: list[str], code: int, message: str
) -> None:
    found, _, error = caves("rejected", *arguments)

    assert found == code
    assert message in error
    assert error.count("\n") == 1
    assert "is not in" not in message or error.endswith("run `caves deploy` first\n")


def test_a_window_without_events_is_done_at_once(caves: Any) -> None:
    code, out, _ = caves("reprocess", "--since", "2h", "--json")

    assert code == 0
    assert set(json.loads(out).values()) == {0}


def test_a_window_that_ends_before_it_begins_is_wrong_use(caves: Any) -> None:
    code, _, error = caves("reprocess", "--since", "1h", "--until", "2h")

    assert code == 2
    assert "is not before --until" in error


def test_a_moment_is_utc_or_an_age() -> None:
    assert moment("2026-11-22T10:00").isoformat() == "2026-11-22T10:00:00"
    assert abs((now() - moment("2h")).total_seconds() - 7200) < 60
    assert abs((now() - moment("1w")).days - 7) <= 1
    with pytest.raises(argparse.ArgumentTypeError, match="yesterday"):
        moment("yesterday")
