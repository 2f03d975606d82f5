"""A connection's name means one account, for the connector, for `snow` and for the ingester."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from connections import named
from connections.errors import ConnectionProblem
from connections.named import TABLES, resolve, without_connections
from tests.conftest import ROOT, new_account


def test_files_and_environment_are_read_as_snow_reads_them(tmp_path: Path) -> None:
    environ = {**without_connections(os.environ), "SNOWFLAKE_HOME": str(tmp_path)}
    # Among these are tables with both names of one parameter.
    seed, cases = 1, 250
    done = subprocess.run(
        [sys.executable, "-m", "tests.connections.against_snow", str(seed), str(cases)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > cases / 3


BOTH = """
import sys
from pathlib import Path
from app.caves.target import Target
target = Target("SPLIT")
made = "CREATE DATABASE SPLIT; SELECT CURRENT_ROLE() AS R"
text = target.snow(("sql", "-q", made, "--format", "json"), cwd=Path("/"))
with target.connect() as account:
    account.run("CREATE SCHEMA {db}.BRAIN")
    [role] = account.row("SELECT CURRENT_ROLE()").values()
sys.stdout.write(f"{role} {text}")
"""


def test_the_connector_and_snow_work_on_the_account_that_the_environment_names(
    tmp_path: Path,
) -> None:
    named_by_file = new_account(tmp_path / "a", forked=True)
    named_by_variable = new_account(tmp_path / "b", forked=True)
    for each in (named_by_file, named_by_variable):
        each.data.parent.mkdir()
        each.start()
    try:
        port = named_by_variable.port
        with named_by_variable.connect() as connection:
            connection.cursor().execute("CREATE ROLE CELLAR")
            connection.cursor().execute("GRANT ROLE CELLAR TO ROLE ACCOUNTADMIN")
            connection.cursor().execute("GRANT CREATE DATABASE ON ACCOUNT TO ROLE CELLAR")
        environ = {
            **without_connections(os.environ),
            "SNOWFLAKE_HOME": str(named_by_file.home),
            "SNOWFLAKE_CONNECTIONS_LOCAL_PORT": str(port),
            "SNOWFLAKE_ROLE": "CELLAR",
        }
        done = subprocess.run(
            [sys.executable, "-c", BOTH], cwd=ROOT, env=environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        role, _, answers = done.stdout.partition(" ")
        assert (role, json.loads(answers)[1]) == ("CELLAR", [{"R": "CELLAR"}])
        with named_by_variable.connect() as connection:
            shown = connection.cursor().execute("SHOW SCHEMAS LIKE 'BRAIN' IN DATABASE SPLIT")
            assert len(shown.fetchall()) == 1
        with named_by_file.connect() as connection:
            assert connection.cursor().execute("SHOW DATABASES LIKE 'SPLIT'").fetchall() == []
    finally:
        named_by_file.stop()
        named_by_variable.stop()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text('default_connection_name = "prod"\n')
    (tmp_path / "connections.toml").write_text(
        '[prod]\naccount = "xy12345.eu-west-1"\nuser = "u"\npassword = "correct horse"\n'
    )
    for file in tmp_path.iterdir():
        file.chmod(0o600)
    return tmp_path


def test_a_home_of_its_own_is_not_changed_by_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNOWFLAKE_CONNECTIONS_PROD_ACCOUNT", "elsewhere")
    monkeypatch.setenv(TABLES, '[prod]\naccount = "elsewhere"\n')
    monkeypatch.setenv("SNOWFLAKE_ROLE", "NOPE")

    found = resolve("prod", home)
    assert found.parameters["account"] == "xy12345.eu-west-1"
    assert "role" not in found.parameters


def test_a_program_gets_the_resolved_connection_and_nothing_that_changes_it(home: Path) -> None:
    environ = {
        "PATH": "/bin",
        "SNOWFLAKE_HOME": "/home",
        "SNOWFLAKE_CLI_FEATURES_X": "1",
        "SNOWFLAKE_MIN_TLS_VERSION": "TLSv1.3",
        "SNOWFLAKE_CLI_CONFIG_V2_ENABLED": "1",
        "SNOWFLAKE_ROLE": "NOPE",
        "SNOWFLAKE_CONNECTIONS_PROD_PORT": "1",
        "SNOWFLAKE_DEFAULT_CONNECTION_NAME": "x",
        "PRIVATE_KEY_PASSPHRASE": "x",
    }
    assert resolve("prod", home).environ(environ) == {
        "PATH": "/bin",
        "SNOWFLAKE_HOME": "/home",
        "SNOWFLAKE_CLI_FEATURES_X": "1",
        "SNOWFLAKE_MIN_TLS_VERSION": "TLSv1.3",
        TABLES: '[prod]\naccount = "xy12345.eu-west-1"\nuser = "u"\npassword = "correct horse"\n',
    }


def test_a_connection_tells_no_secret(home: Path) -> None:
    found = resolve("prod", home)

    assert "horse" not in repr(found)
    assert found.masked("no correct horse at http://u:p4ss@proxy:3128/x") == (
        "no *** at http://***@proxy:3128/x"
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param(
            {},
            "there is no connection 'prod' (-c/--connection): there is no {home}/config.toml and no"
            " {home}/connections.toml; SNOWFLAKE_HOME is not set",
            id="no files",
        ),
        pytest.param(
            {"config.toml": "", "connections.toml": "[dev]\n[test]\n"},
            "there is no connection 'prod' (-c/--connection): {home}/config.toml and"
            " {home}/connections.toml have dev, test; SNOWFLAKE_HOME is not set",
            id="others",
        ),
        pytest.param(
            {"connections.toml": "prod = 1\n"},
            "there is no connection 'prod' (-c/--connection): {home}/connections.toml has prod;"
            " there is no {home}/config.toml; SNOWFLAKE_HOME is not set",
            id="no table",
        ),
        pytest.param(
            {"connections.toml": "[prod\n"},
            "the connections cannot be read: An unknown error happened while loading"
            " '{home}/connections.toml' (Unexpected character: '\\n' at line 1 col 5)",
            id="no TOML",
        ),
        pytest.param(
            {"connections.toml": "[prod]\nport = 70000\n"},
            "connection 'prod': 70000 is not a port",
            id="no port",
        ),
        pytest.param(
            {"connections.toml": "[prod]\nprivate_key_file = '/k'\nauthenticator = 'oauth'\n"},
            "connection 'prod' has a private key and authenticator 'oauth': a key goes with"
            " SNOWFLAKE_JWT",
            id="key and another authenticator",
        ),
    ],
)
def test_what_cannot_be_resolved_is_one_line_with_where_it_was_looked_for(
    files: dict[str, str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SNOWFLAKE_HOME", raising=False)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)

    with pytest.raises(ConnectionProblem) as raised:
        resolve("prod", tmp_path)
    assert str(raised.value) == message.format(home=tmp_path)


def test_a_file_that_is_no_text_or_a_folder_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "connections.toml"
    file.write_bytes(b"\xff\xfe")
    file.chmod(0o600)
    with pytest.raises(ConnectionProblem, match=r"connections.toml' \('utf-8' codec can't decode"):
        resolve("prod", tmp_path)
    file.unlink()
    file.mkdir(mode=0o700)
    with pytest.raises(ConnectionProblem, match=r"connections.toml' \(.*Is a directory"):
        resolve("prod", tmp_path)


def test_tables_in_the_environment_are_named_when_they_lack_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TABLES, "[dev]\n")
    with pytest.raises(ConnectionProblem, match=r": SNOWFLAKE_CONNECTIONS has dev; SNOWFLAKE_HOME"):
        resolve("prod")

    monkeypatch.setenv(TABLES, "[dev")
    with pytest.raises(ConnectionProblem, match="the connections cannot be read: "):
        resolve("prod")


def test_files_that_others_may_read_are_one_line_each_and_ones_that_they_may_write_are_refused(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "connections.toml").chmod(0o644)
    assert resolve("prod", home).parameters["user"] == "u"
    [record] = caplog.records
    assert "Bad owner or permissions" in record.getMessage()
    assert "\n" not in record.getMessage()
    (home / "connections.toml").chmod(0o666)
    with pytest.raises(ConnectionProblem, match="is writable by group or others"):
        resolve("prod", home)


def test_a_variable_wins_over_the_other_name_of_its_key() -> None:
    both = {"private_key_file_pwd": "a", "private_key_passphrase": "b", "private_key_path": "/p"}

    assert named._merged(both, {"private_key_file_pwd": "c", "private_key_file": "/f"}) == {
        "private_key_passphrase": "c",
        "private_key_file": "/p",
    }
