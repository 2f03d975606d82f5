"""The `flocon` command: what it says, and how it ends."""

import signal
import socket
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from flocon.__main__ import main
from flocon.procedures.packages import installed
from packaging.utils import canonicalize_name

import flocon


def refusal(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and the last line on standard error of a command that starts no account."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(str(end.code))
    out, err = capfd.readouterr()
    assert out == ""
    assert "Traceback" not in err
    return code, err.splitlines()[-1]


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--port", "99999", "argument --port: '99999' is no port: 0 to 65535"),
        ("--port", "-1", "argument --port: '-1' is no port: 0 to 65535"),
        ("--port", "http", "argument --port: 'http' is no port: 0 to 65535"),
        ("--data", "", "argument --data: it is empty"),
        ("--idle-minutes", "never", "argument --idle-minutes: 'never' is no positive number"),
        ("--max-request-mb", "0", "argument --max-request-mb: '0' is no positive number"),
    ],
)
def test_an_option_that_makes_no_sense_is_wrong_use(
    capfd: pytest.CaptureFixture[str], option: str, text: str, message: str
) -> None:
    assert refusal(capfd, f"{option}={text}") == (2, f"flocon: error: {message}")


def test_a_port_that_is_taken_is_said_with_the_way_out(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code, message = refusal(capfd, f"--port={port}", f"--data={tmp_path / 'data'}")
    assert (code, message) == (
        1,
        f"flocon: cannot listen on 127.0.0.1:{port}: Address already in use; port 0 takes a free"
        " one",
    )
    assert not (tmp_path / "data").exists()


def test_a_host_that_is_none_is_wrong_use(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, message = refusal(capfd, "--host=no.such.host.invalid", "--port=0")
    assert code == 2
    assert message.startswith("flocon: cannot listen on no.such.host.invalid: ")


def test_a_folder_of_other_files_is_left_as_it_is(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An account makes its folder private, and all in it."""
    (tmp_path / "letter").write_text("dear")
    modes = [path.stat().st_mode for path in (tmp_path, tmp_path / "letter")]
    assert refusal(capfd, "--port=0", f"--data={tmp_path}") == (
        2,
        f"flocon: {tmp_path} has files in it that are no account's: choose an empty one",
    )
    assert [path.stat().st_mode for path in (tmp_path, tmp_path / "letter")] == modes
    assert [path.name for path in tmp_path.iterdir()] == ["letter"]


def test_the_help_has_examples_and_the_exit_codes(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capfd.readouterr().out
    assert "flocon --port 0 --data /tmp/shop" in told
    assert "1 says that the port or the folder is taken" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_0_and_nothing_is_lost(tmp_path: Path, number: int) -> None:
    account = flocon.AccountProcess(tmp_path / "account").start()
    with account.connect() as connection:
        connection.cursor().execute("CREATE DATABASE d")
        connection.cursor().execute("CREATE TABLE t AS SELECT 1 AS n")
    assert account.process is not None
    account.process.send_signal(number)
    assert account.process.wait(timeout=30) == 0
    assert "Traceback" not in account.log()
    assert "leaked" not in account.log()
    with account.start(), account.connect(database="D", schema="PUBLIC") as connection:
        assert connection.cursor().execute("SELECT n FROM t").fetchall() == [(1,)]


def test_it_starts_without_what_the_connector_needs_for_clouds_and_data_frames() -> None:
    asked = (
        "import sys, flocon.__main__, pyarrow; pyarrow.array([1]).to_pylist();"
        "print([name for name in ('boto3', 'botocore', 'pandas') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, check=True, text=True
    )
    assert found.stdout == "[]\n"


def test_installed_packages_have_the_names_and_versions_of_their_metadata() -> None:
    known: dict[str, str] = {}
    for each in distributions():
        known.setdefault(canonicalize_name(each.metadata["Name"]), each.version)
    assert installed() == known
    assert "duckdb" in known
