"""How `caves` starts, answers wrong use, and keeps one company while it works."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from app.caves import cli
from app.caves.laws import LAWS, Verdict, verify
from app.caves.screen import Screen, as_table

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
        (["up", "--account-port", "80800"], "80800 is not a port: they end at 65535"),
        (["rejected", "list", "--limit", "x"], "'x' is not a whole number, such as 5"),
        (["rejected", "list", "--stage", "raw"], "choose from 'INGEST', 'STAGING'"),
        (["deply"], "'deploy'"),
        (["completion", "fish"], "choose from 'bash', 'zsh', 'tcsh'"),
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


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
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
    monkeypatch.setattr("app.caves.screen.SILENT_SECONDS", 0.1)
    answered = threading.Event()

    def answer() -> str:
        answered.wait(1.0)
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
