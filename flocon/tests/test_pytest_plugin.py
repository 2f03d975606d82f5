"""The fixtures that projects use, in a run of pytest of their own."""

import subprocess
import sys
from pathlib import Path

from flocon import AccountProcess

_PROJECT = """
def test_session_and_connection_are_in_one_database(
    flocon_session, flocon_connection, flocon_database
):
    flocon_session.sql("CREATE TABLE t AS SELECT 1 AS n").collect()
    asked = flocon_connection.cursor().execute("SELECT n, CURRENT_DATABASE() FROM t")
    assert asked.fetchall() == [(1, flocon_database)]


def test_the_next_test_has_another_one(flocon_connection, flocon_administrator, flocon_database):
    assert flocon_connection.cursor().execute("SHOW TABLES").fetchall() == []
    shown = flocon_administrator.cursor().execute("SHOW DATABASES LIKE 'TEST_%'").fetchall()
    assert [row[1] for row in shown] == [flocon_database]


def test_where_it_is(flocon_account):
    print("here:", flocon_account.connection_parameters())
"""


def test_a_project_gets_an_account_and_a_database_for_each_test(tmp_path: Path) -> None:
    done = _pytest(tmp_path, "-W", "error")
    assert "3 passed" in done.stdout, done.stdout
    assert "'host': '127.0.0.1'" in done.stdout


def test_the_same_tests_run_on_the_account_behind_a_named_connection(
    tmp_path: Path, flocon_account: AccountProcess
) -> None:
    environment = flocon_account.environment()
    done = _pytest(tmp_path, "--flocon-connection", "local", environment=environment)
    assert "3 passed" in done.stdout, done.stdout
    assert "here: {'connection_name': 'local'}" in done.stdout


def _pytest(
    folder: Path, *options: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    (folder / "test_project.py").write_text(_PROJECT)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "flocon.pytest_plugin"]
    return subprocess.run(
        [*command, *options], cwd=folder, env=environment, capture_output=True, text=True
    )
