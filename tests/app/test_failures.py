"""Whatever goes wrong is one line and an exit code, and an object for programs; no traceback."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.caves import cli
from app.caves.errors import CommandError, UsageError, python_reason
from app.caves.laws import verify
from app.caves.target import Target
from tests.conftest import ROOT


class NoAccount:
    def __enter__(self) -> "NoAccount":
        return self

    def __exit__(self, *exception: object) -> None:
        return None


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """failing(error): `caves verify` meets this error once it is connected."""

    def fails(error: BaseException) -> None:
        def raise_it(*arguments: Any) -> None:
            raise error

        monkeypatch.setattr(Target, "connect", lambda self: NoAccount())
        monkeypatch.setattr(verify, "verify", raise_it)

    return fails


@pytest.mark.parametrize(
    ("error", "text", "kind", "code"),
    [
        (UsageError("no such thing"), "no such thing", "usage", 2),
        (CommandError("it does not work"), "it does not work", "failed", 1),
        (
            FileNotFoundError(2, "No such file or directory", "/a"),
            "/a: No such file or directory",
            "failed",
            1,
        ),
        (OSError(98, "Address already in use"), "Address already in use", "failed", 1),
        (EOFError(), "there was no answer: nothing was done", "failed", 1),
        (KeyboardInterrupt(), "interrupted", "interrupted", 1),
    ],
)
def test_a_failure_is_a_line_and_with_json_an_object_too(
    error: BaseException,
    text: str,
    kind: str,
    code: int,
    failing: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing(error)

    assert cli.main(["verify", "-c", "x"]) == code
    assert capsys.readouterr() == ("", f"caves: {text}\n")
    assert cli.main(["verify", "-c", "x", "--json"]) == code
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": text, "kind": kind, "exit_code": code}
    assert (out.count("\n"), err) == (1, f"caves: {text}\n")


def test_wrong_arguments_are_an_object_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["verify", "--since", "yesterday", "--json"])

    assert left.value.code == 2
    out, err = capsys.readouterr()
    message = (
        "argument --since: 'yesterday' is not a time: give UTC as 2026-11-22T10:00, or an age such"
        " as 30m, 2h, 7d"
    )
    assert json.loads(out) == {"error": message, "kind": "usage", "exit_code": 2}
    assert err.startswith("usage: caves verify ")
    assert err.endswith(f"\ncaves: {message}\n")


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["verify", "--since", "999999w"], id="before the calendar"),
        pytest.param(["up", "--account-port", "70000"], id="no port"),
        pytest.param(["run", "--timeout", "nan"], id="no time"),
        pytest.param(["pause", "--timeout", "-1"], id="negative time"),
    ],
)
def test_a_flag_out_of_its_range_is_wrong_use(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(argv)
    assert left.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("caves: argument --")


def test_a_password_in_a_url_is_not_told(
    failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    failing(CommandError("no way through http://albert:s3cret@proxy.example:3128"))

    assert cli.main(["verify", "-c", "x"]) == 1
    assert capsys.readouterr().err == ("caves: no way through http://***@proxy.example:3128\n")


def caves(*argv: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app.caves.cli", *argv],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


FAILED_CALL = """\
100357 (P0000): 01b2: Python Interpreter Error:
Traceback (most recent call last):
  File "/home/udf/caves.zip/rejections.py", line 12, in retry
    merge(session)
  File "/home/udf/caves.zip/judging.py", line 40, in merge
    raise ValueError("no column")
ValueError: no column

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/home/udf/caves.zip/rejections.py", line 14, in retry
    raise RejectedEventsError(
    ^^^^^
judging.RejectedEventsError: ORDER_ID
 is not a column
 in function RETRY_REJECTED with handler rejections.retry"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (FAILED_CALL, "judging.RejectedEventsError: ORDER_ID is not a column"),
        ("000604 (57014): SQL execution canceled", "000604 (57014): SQL execution canceled"),
        ("Traceback (most recent call last):\n", "Traceback (most recent call last):\n"),
    ],
    ids=["a traceback", "another error", "nothing behind it"],
)
def test_of_a_procedure_that_failed_the_exception_is_told(text: str, reason: str) -> None:
    assert python_reason(text) == reason


def test_a_reader_that_has_seen_enough_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = caves("cost", "--offline", "--json", stdout=writing)
    os.close(writing)

    assert process.communicate() == (None, "")
    assert process.returncode == 1


def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        process = caves("cost", "--offline", "--json", stdout=full)
        _, err = process.communicate()

    assert (process.returncode, err) == (1, "caves: No space left on device\n")


def test_an_encoding_that_lacks_a_character_shows_it_as_an_escape() -> None:
    script = (
        "from app.caves.cli import standard_streams\n"
        "from app.caves.screen import Screen\n"
        "with standard_streams():\n"
        "    screen = Screen(False)\n"
        "    screen.results.print('Échézeaux 🍷')\n"
        "    screen.json({'wine': 'Échézeaux 🍷'})\n"
    )
    environ = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode("latin-1").split("\n", 1)
    assert lines[0] == "Échézeaux \\U0001f377"
    assert json.loads(lines[1]) == {"wine": "Échézeaux 🍷"}
