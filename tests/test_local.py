"""`python -m local`, which the account was started by before it was called flocon."""

import subprocess
import sys
from pathlib import Path

import snowflake.connector

from tests.conftest import ROOT


def test_python_m_local_starts_the_account_in_its_old_folder_and_says_its_new_name(
    tmp_path: Path,
) -> None:
    with (tmp_path / "errors").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "local", "--port", "0"],
            cwd=tmp_path,
            env={
                "PYTHONPATH": str(ROOT),
                "LOCAL_ACCOUNT_PASSWORD": "corked",
                "HOME": str(tmp_path),
            },
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout
        port = next(line for line in process.stdout if "port = " in line).split()[-1]
        with snowflake.connector.connect(
            account="local",
            user="local",
            password="corked",
            host="127.0.0.1",
            port=int(port),
            protocol="http",
        ) as connection:
            assert connection.cursor().execute("SELECT 1").fetchall() == [(1,)]
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert (tmp_path / ".local" / "lock").exists()
    assert (tmp_path / "errors").read_text().splitlines()[0] == (
        "python -m local is now called flocon: it goes with version 0.2."
    )
