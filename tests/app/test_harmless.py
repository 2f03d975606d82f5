"""What comes from outside reaches a terminal as text, and a program as exact data."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from app.caves import cli
from app.caves.harmless import as_json, harmless
from app.caves.screen import Screen
from app.caves.tables import as_table, cell
from app.caves.target import Account, Target
from tests.procedures.deployment import run_sql_file

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\x7f\r\n\u2028\u202e\u2066two\ud83c"
SHOWN = r"\x1b[2J\x1b]0;owned\x07\x9b31m\x7f\r\n\u2028\u202e\u2066two"
WINE = "Échézeaux – Grand Cru 🍷"


@given(st.text())
def test_no_text_stays_unprintable_and_printable_text_stays_as_it_is(text: str) -> None:
    assert harmless(text).isprintable()
    assert harmless(text) == text or not text.isprintable()


def test_escapes_are_visible_and_names_keep_their_letters() -> None:
    assert harmless(HOSTILE) == SHOWN + r"\ud83c"
    assert harmless(WINE) == WINE


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_json_is_exact_data_in_whatever_encoding_and_nothing_in_it_is_obeyed(
    encoding: str, value: Any
) -> None:
    text = as_json(value, encoding)

    assert json.loads(text.encode(encoding).decode(encoding)) == value
    assert all(line.isprintable() for line in text.split("\n"))


def test_every_way_to_the_screen_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Screen(as_json=False)
    hostile = HOSTILE.replace("\n", "")
    shown.progress(hostile)
    shown.error(hostile)
    shown.results.print(hostile, markup=False)
    shown.results.print(Text(hostile))
    shown.results.print(as_table(hostile, [{"REASON": hostile, "STATE": Text(hostile)}]))

    lines = [line for text in capsys.readouterr() for line in text.split("\n")]
    assert sum(r"\x1b]0;owned" in line for line in lines) == 6
    assert [line for line in lines if not line.isprintable()] == []


def test_a_cell_is_one_line_and_keeps_its_style() -> None:
    assert cell("a\nb [bold]") == Text(r"a\nb [bold]")
    styled = cell(Text("FAILED\n", style="red"))
    assert isinstance(styled, Text)
    assert (styled.plain, styled.style) == (r"FAILED\n", "red")


@pytest.fixture(scope="module")
def database(account: Any) -> Iterator[str]:
    """Where one rejected event holds what a terminal would obey."""
    name = f"HARMLESS_{uuid.uuid4().hex[:12].upper()}"
    payload = json.dumps({"quantity": f"{HOSTILE[:-1]} {WINE}"}, ensure_ascii=False)
    with account.connect() as connection:
        for file in ("01_database.sql", "02_tables.sql"):
            run_sql_file(connection, file, name)
        connection.cursor().execute(
            f"INSERT INTO {name}.RAW_DATA.REJECTED_EVENTS (REJECTED_AT, STAGE, REASON, EVENT_ID,"
            " EVENT_TYPE, PAYLOAD, PAYLOAD_ENCODING, KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET,"
            " STATUS) SELECT '2026-11-20', 'STAGING', ?, ?, ?, ?, 'utf-8', 'wines', 0, 0, 'OPEN'",
            (f"quantity {HOSTILE[:-1]}", HOSTILE[:-1], HOSTILE[:-1], payload),
        )
        yield name
        connection.cursor().execute(f"DROP DATABASE {name}")


@pytest.mark.parametrize("command", [["list"], ["show", "wines/0/0"]])
def test_rejected_events_show_what_is_in_them_and_the_terminal_obeys_none_of_it(
    account: Any,
    database: str,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Target, "connect", lambda self: Account(account.connect(), self.database))

    assert cli.main(["rejected", *command, "--database", database]) == 0
    page = capsys.readouterr().out
    assert [line for line in page.split("\n") if not line.isprintable()] == []
    assert r"\x1b" in page

    assert cli.main(["rejected", *command, "--database", database, "--json"]) == 0
    text = capsys.readouterr().out
    assert [line for line in text.split("\n") if not line.isprintable()] == []
    found = json.loads(text)
    [event] = found.get("events", [found])
    assert event["EVENT_ID"] == HOSTILE[:-1]
