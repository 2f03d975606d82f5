"""How `caves` starts, answers wrong use, and keeps one company while it works."""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from app.caves import cli
from app.caves.laws import verify
from app.caves.laws.verify import LAWS, Verdict
from app.caves.screen import Screen
from app.caves.status.page import page
from app.caves.status.snapshot import Snapshot
from app.caves.tables import as_table, cell

HELP_SECONDS = 1 / 3
# What takes long to import, and is of no use to somebody who asks for help.
HEAVY = ("snowflake.connector", "pandas", "rich", "yaml", "flocon", "kafka")


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_import_nothing_that_takes_long(flag: str) -> None:
    code = (
        "import sys\nfrom app.caves import cli\n"
        f"try:\n    cli.main([{flag!r}])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_takes_a_third_of_a_second() -> None:
    """Of computing, in the best of five runs: the machine may be busy with others."""
    seconds = []
    while len(seconds) < 5 and (not seconds or min(seconds) >= HELP_SECONDS):
        before = os.times()
        caves = Path(sys.executable).with_name("caves")
        subprocess.run([caves, "--help"], capture_output=True, check=True)
        after = os.times()
        spent = (after.children_user, after.children_system)
        seconds.append(sum(spent) - before.children_user - before.children_system)
    assert min(seconds) < HELP_SECONDS


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"caves {version('caves-albert')}\n"


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_a_command_alone_has_the_flags_that_it_has_among_all(command: str) -> None:
    def help_of(parser: Any) -> str:
        [commands] = parser._subparsers._group_actions
        assert [*commands.choices] == [*cli.COMMANDS]
        return str(commands.choices[command].format_help())

    assert help_of(cli.parser(command)) == help_of(cli.parser())


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["verify", "--since", "yesterday"], "give UTC as 2026-11-22T10:00, or an age such as 30m"),
        (["reprocess", "--since", "1 hour"], "give UTC as 2026-11-22T10:00, or an age such as 30m"),
        (["demo", "--count", "many"], "argument --count: 'many' is not a whole number, such as 5"),
        (["up", "--rate", "fast"], "argument --rate: 'fast' is not a number, such as 2.5"),
        (["up", "--account-port", "80800"], "80800 is not a port: give one from 1 to 65535"),
        (["rejected", "list", "--limit", "x"], "'x' is not a whole number, such as 5"),
        (["rejected", "list", "--stage", "raw"], "choose from 'INGEST', 'STAGING'"),
        (["deply"], "'deploy'"),
        (["completion", "nu"], "choose from 'bash', 'zsh', 'fish', 'tcsh'"),
    ],
)
def test_wrong_use_says_which_forms_are_accepted(
    argv: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([*argv, "--json"])
    out, err = capsys.readouterr()
    assert left.value.code == 2
    assert told in err
    error = json.loads(out)
    assert (error["kind"], error["exit_code"]) == ("usage", 2)
    assert told in error["error"]


def flags_of(parser: Any) -> Iterator[tuple[str, Any]]:
    """Each flag and argument of a parser and of those below it, that has a form of its own."""
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for name, below in action.choices.items():
                yield from ((f"{name} {flag}", each) for flag, each in flags_of(below))
        elif action.type not in (None, Path, str.upper):
            yield "/".join(action.option_strings) or action.dest, action


def test_every_flag_with_a_form_of_its_own_says_what_it_accepts() -> None:
    found = dict(flags_of(cli.parser()))
    assert len(found) > 20
    for name, action in found.items():
        with pytest.raises(argparse.ArgumentTypeError) as refused:
            action.type("no such value")
        assert re.search(r"such as|NAME:PASSWORD|NAME=VALUE", str(refused.value)), name


@pytest.mark.parametrize("shell", cli.SHELLS)
def test_the_completion_is_a_script_with_every_command(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert [name for name in cli.COMMANDS if name not in script] == []
    if found := shutil.which(shell):
        path = tmp_path / "script"
        path.write_text(script)
        subprocess.run([found, "-n", str(path)], check=True)


def test_bash_completes_commands_and_flags(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["completion", "bash"])
    script = capsys.readouterr().out
    ask = (
        "complete() { :; }\n" + script + "\nCOMP_WORDS=(caves rejected retry --all)\nCOMP_CWORD=3\n"
        "COMP_TYPE=9\n_shtab_caves; echo ${COMPREPLY[@]}\n"
        "COMP_WORDS=(caves tear)\nCOMP_CWORD=1\nCOMPREPLY=()\n_shtab_caves; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["--all-open", "teardown"]


class Terminal(io.StringIO):
    """A standard error that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def spoken(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, wanted: str) -> str:
    """What a command says that is silent until `wanted` has been said of it."""
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr("app.caves.screen.SILENT_SECONDS", 0.3)
    monkeypatch.setattr("app.caves.screen.SILENT_SECONDS_IN_LOGS", 0.3)
    screen = Screen(as_json=False)
    with screen.heartbeat("caves deploy"):
        if not stream.isatty():
            screen.progress("[2/8] snow sql")
        deadline = time.monotonic() + 20
        while wanted not in stream.getvalue():
            assert time.monotonic() < deadline, stream.getvalue()
            time.sleep(0.05)
    return stream.getvalue()


def test_a_terminal_is_told_what_takes_long_and_a_log_the_step_that_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = spoken(monkeypatch, Terminal(), " s so far")
    assert re.search(r"caves deploy: \d+ s so far", told)
    told = spoken(monkeypatch, io.StringIO(), " s so far")
    assert re.search(r"\[2/8\] snow sql\n.*\[2/8\] snow sql: \d+ s so far", told)


def test_a_question_is_not_talked_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    # Less than the answer takes; more than this thread may have to wait for a processor.
    monkeypatch.setattr("app.caves.screen.SILENT_SECONDS", 1.0)
    answered = threading.Event()

    def answer() -> str:
        answered.wait(1.5)
        return " yes "

    monkeypatch.setattr("builtins.input", answer)
    screen = Screen(as_json=False)
    with screen.heartbeat("caves forget"):
        assert screen.ask("For good? ") == "yes"
        assert stream.getvalue() == "For good? "


def test_what_is_piped_has_each_row_on_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "quantity is not above 0: " + "0" * 300
    Screen(as_json=False).results.print(as_table("Rejected", [{"ID": "a/0/1", "REASON": reason}]))
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if reason in line and "a/0/1" in line]) == 1


def test_the_verdict_on_the_laws_comes_first_and_80_columns_cut_no_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = dict.fromkeys(("GIVEN_OUT", "IN_FLIGHT"), 123_456)
    verdicts = [Verdict(law, figures | dict.fromkeys(law.violations, 0)) for law in LAWS]
    verdicts[2].figures["MISSING"] = 2
    console = Screen(as_json=False).results
    console.width = 80
    verify.show(verdicts, console)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "FAILED: law 3"
    assert lines[1].startswith("Law 3: ORDERS has one row per ORDER_ID")
    for law in LAWS:
        assert any(f"{law.number} {law.title}" in line for line in lines)
    words = {word.strip(",;│") for line in lines for word in line.split()}
    assert {"missing", "twice", "123456", "in", "flight"} <= words


STATUS = Snapshot(
    datetime(2026, 11, 22, 10, 0, 0),
    "CAVES_ALBERT_DB",
    [
        {
            "TASK": "TASK_STAGING_TO_PROD_INVENTORY_CURRENT",
            "STATE": "started",
            "SCHEDULE": "USING CRON 0 3 * * * UTC",
            "LAST_RUN": datetime(2026, 11, 22, 9, 59, 1),
            "LAST_STATE": "FAILED_AND_AUTO_SUSPENDED",
            "SECONDS": 12.345,
            "ERROR": "002003 (42S02): Object 'CAVES_ALBERT_DB.OPS.EVENT_LIMITS' does not exist",
        }
    ],
    [
        {
            "STREAM": "STAGING.STREAM_STG_INVENTORY_HISTORY",
            "ROWS_WAITING": 12_345_678,
            "HAS_DATA": True,
            "STALE": False,
            "STALE_AFTER": datetime(2026, 12, 6, 10, 0, 0),
        }
    ],
    [
        {
            "PARTITION": 5,
            "NEXT_OFFSET": 123_456_789,
            "END_OFFSET": 123_456_999,
            "LAG": 210,
            "LAST_COMMIT": datetime(2026, 11, 22, 9, 59, 58),
            "AGE_SECONDS": 2.1,
        }
    ],
    None,
    [
        {
            "HOP": 3,
            "TABLE_NAME": "PRODUCTION.INVENTORY_CURRENT",
            "NEWEST_ROW": datetime(2026, 11, 22, 9, 59, 57),
            "AGE_SECONDS": 3.0,
        }
    ],
    [{"TABLE_NAME": "STAGING.STG_ORDER_CANCELLATIONS", "ROW_COUNT": 1_234_567, "BYTES": 98_765}],
    [
        {
            "METRIC": "RAW_TO_STAGING_LATENCY",
            "VALUE": 4_321.5,
            "THRESHOLD": 300,
            "UNIT": "seconds",
            "STATUS": "BREACH",
            "DETAIL": "the oldest row of STREAM_RAW_ORDERS waits since 2026-11-22 08:47:59",
            "ACTION": "Look at the tasks: a failed one is started again by `caves resume`",
        }
    ],
    [
        {
            "METRIC": "RAW_TO_STAGING_LATENCY",
            "OBJECT": "OPS.TASK_RAW_TO_STAGING_ORDERS",
            "OPENED_AT": datetime(2026, 11, 22, 9, 0, 0),
            "LAST_SEEN_AT": datetime(2026, 11, 22, 9, 59, 0),
            "VALUE": 4_321.5,
            "THRESHOLD": 300,
            "UNIT": "seconds",
            "DETAIL": "the oldest row waits since 2026-11-22 08:47:59",
            "ACTION": "Look at the tasks",
            "NOTIFIED_AT": None,
        }
    ],
)


DISPENSED: dict[int, set[str]] = {
    80: {"DETAIL", "LAST_RUN", "SCHEDULE", "SECONDS", "STALE_AFTER"},
    120: {"LAST_RUN"},
    10_000: set(),
}


@pytest.mark.parametrize("width", [80, 120, 10_000])
def test_status_says_its_verdict_first_and_cuts_no_word(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Screen(as_json=False).results
    console.width = width
    console.print(page(STATUS))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "BREACH: RAW_TO_STAGING_LATENCY; 1 alert is open"
    assert max(map(len, lines)) <= width
    words = {word for line in lines for word in re.split(r"[\s│┃]+", line)}
    told = [
        *STATUS.tasks,
        *STATUS.streams,
        *STATUS.partitions,
        *STATUS.freshness,
        *STATUS.metrics,
        *(STATUS.alerts or []),
    ]
    # Of a terminal that is too narrow for a table, the page says which columns it leaves out.
    left_out = {
        heading.upper().replace(" ", "_")
        for line in lines
        if line.startswith("Too narrow for: ")
        for heading in line.removeprefix("Too narrow for: ").split(", ")
    }
    assert left_out == DISPENSED[width]
    # What a table leaves out may be told elsewhere: of a breach and of a failed run all is told.
    values = [
        cell(value).plain
        for row in told
        for name, value in row.items()
        if name not in left_out - {"DETAIL", "LAST_RUN"}
    ]
    assert [word for value in values for word in value.split() if word not in words] == []
    short = [value for value in values if value and len(value.split()) <= 3]
    assert [value for value in short if not any(value in line for line in lines)] == []
    assert "│ TASK_STAGING_TO_PROD_INVENTORY_CURRENT" in "\n".join(lines)


def test_a_healthy_pipeline_is_told_in_the_first_line_and_suspended_tasks_with_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    well = replace(STATUS, metrics=[{**STATUS.metrics[0], "STATUS": "OK"}], alerts=[])
    paused = replace(well, tasks=[{**STATUS.tasks[0], "STATE": "suspended"}])
    for snapshot in (well, paused):
        Screen(as_json=False).results.print(page(snapshot))
    healthy = "Healthy: no metric is in breach, no alert is open"
    out = capsys.readouterr().out.splitlines()
    assert out[0] == healthy
    assert f"{healthy}; 1 of 1 tasks are suspended" in out


def test_a_screen_that_rests_says_nothing_of_what_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`caves up` runs for days, once it has started."""
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    # Between the two lines below, this thread may have to wait for a processor.
    monkeypatch.setattr("app.caves.screen.SILENT_SECONDS", 2.0)
    screen = Screen(as_json=False)
    with screen.heartbeat("caves up"):
        screen.rest()
        time.sleep(2.5)
    assert stream.getvalue() == ""
