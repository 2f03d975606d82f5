"""Tasks, alerts and procedures over the account's end: by kill -9 in a run, and in order."""

import json
import os
import zipfile
from pathlib import Path

import pytest
from accounts import new_account
from conformance.procedure_shared import Cellar
from conformance.task_shared import ENDLESS, make_ops
from test_workers import gone, until

HANDLERS = """
import os, subprocess, time

def pids(session):
    return [os.getpid(), os.getppid()]

def busy(session, path):
    session.begin_transaction()
    session.sql("INSERT INTO prod VALUES (0)").collect()
    child = subprocess.Popen(["sleep", "600"])
    with open(path + ".part", "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    os.rename(path + ".part", path)
    while os.path.exists(path):
        time.sleep(0.05)
    child.kill()
    session.commit()
    return os.getpid()
"""


HISTORY = "TABLE(INFORMATION_SCHEMA.ALERT_HISTORY(ALERT_NAME => 'WATCH'))"
ACTING = f"SELECT 1 FROM {HISTORY} WHERE state = 'EXECUTING' AND action_query_id IS NOT NULL"
ALERTS = (
    "SELECT state, scheduled_from, completed_time IS NOT NULL"
    f" FROM {HISTORY} WHERE state <> 'SCHEDULED' ORDER BY scheduled_time"
)


def deploy(cellar: Cellar, folder: Path) -> None:
    """PIDS() and BUSY(path), from a staged zip."""
    with zipfile.ZipFile(folder / "cave.zip", "w") as archive:
        archive.writestr("cellar.py", HANDLERS)
    cellar.rows("CREATE STAGE code")
    cellar.rows(f"PUT file://{folder}/cave.zip @code AUTO_COMPRESS = FALSE")
    for signature, returns, handler in (
        ("pids()", "VARIANT", "pids"),
        ("busy(path VARCHAR)", "INT", "busy"),
    ):
        cellar.rows(
            f"CREATE PROCEDURE {signature} RETURNS {returns} LANGUAGE PYTHON"
            " RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python')"
            f" IMPORTS = ('@code/cave.zip') HANDLER = 'cellar.{handler}' EXECUTE AS CALLER"
        )


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads Linux's /proc")
def test_after_kill_9_in_a_run_its_history_is_settled_no_process_is_left_and_the_next_run_comes(
    tmp_path: Path,
) -> None:
    # The data folder is named relatively: the processes run in folders of their own.
    account = new_account(Path(os.path.relpath(tmp_path)), forked=True)
    account.start()
    mark = tmp_path / "busy"
    try:
        with account.connect() as connection:
            connection.cursor().execute("CREATE DATABASE kept")
            ops = make_ops(connection, "KEPT")
            deploy(Cellar(connection), tmp_path)
            ops.run(
                "CREATE TASK quick AS INSERT INTO prod VALUES (1)",
                f"CREATE TASK slow SCHEDULE = '60 MINUTES' AS CALL busy('{mark}')",
                "ALTER TASK slow RESUME",
                "EXECUTE TASK quick",
                "EXECUTE TASK slow",
                f"CREATE ALERT watch SCHEDULE = '60 MINUTE' IF (EXISTS (SELECT 1)) THEN {ENDLESS}",
                "ALTER ALERT watch RESUME",
                "EXECUTE ALERT watch",
            )
            idle = json.loads(Cellar(connection).value("CALL pids()"))
            ops.wait_for_history(("QUICK", "SUCCEEDED"), ("SLOW", "EXECUTING"))
            ops.wait_for(mark.exists)
            ops.wait_for(lambda: bool(ops.run(ACTING)))
            shown, alerts = ops.shown(), ops.shown("SHOW ALERTS")
        account.kill()
        for pid in (*idle, *map(int, mark.read_text().split())):
            until(lambda pid=pid: gone(pid))
        mark.unlink()
        account.start()
        with account.connect(database="KEPT", schema=ops.schema) as connection:
            ops.connection = connection
            assert ops.shown() == shown
            assert ops.shown("SHOW ALERTS") == alerts
            assert ops.run(ALERTS) == [("FAILED", "EXECUTE ALERT", True)]
            ops.run("ALTER ALERT watch MODIFY ACTION SELECT 1", "EXECUTE ALERT watch")
            ops.wait_for(lambda: ("TRIGGERED", "EXECUTE ALERT", True) in ops.run(ALERTS))
            assert ops.history() == [("QUICK", "SUCCEEDED"), ("SLOW", "FAILED")]
            ((_, message),) = ops.history("name, error_message")[1:]
            assert "account stopped while the task was running" in message
            assert ops.run("SELECT n FROM prod") == [(1,)]
            (planned,) = ops.run(
                "SELECT state, scheduled_time > CURRENT_TIMESTAMP() FROM"
                " TABLE(INFORMATION_SCHEMA.TASK_HISTORY(TASK_NAME => 'SLOW'))"
                " WHERE query_id IS NULL"
            )
            assert planned == ("SCHEDULED", True)
            ops.run("EXECUTE TASK slow")
            ops.wait_for(mark.exists)
            mark.unlink()
            ops.wait_for(lambda: ops.history()[-1] == ("SLOW", "SUCCEEDED"))
            assert ops.run("SELECT n FROM prod ORDER BY n") == [(0,), (1,)]
            assert not set(json.loads(Cellar(connection).value("CALL pids()"))) & set(idle)
    finally:
        account.kill()


def test_an_account_that_is_stopped_ends_its_tasks_and_leaves_none_executing(
    tmp_path: Path,
) -> None:
    account = new_account(tmp_path, forked=True)
    account.start()
    try:
        with account.connect() as connection:
            connection.cursor().execute("CREATE DATABASE kept")
            ops = make_ops(connection, "KEPT")
            ops.run(f"CREATE TASK slow AS {ENDLESS}", "EXECUTE TASK slow")
            ops.wait_for_history(("SLOW", "EXECUTING"))
        assert account.stop() == 0
        account.start()
        with account.connect(database="KEPT", schema=ops.schema) as connection:
            ops.connection = connection
            assert ops.history() == [("SLOW", "CANCELLED")]
    finally:
        account.kill()
