"""Users with key pairs: they log in by what they have signed, and have what they were granted."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from flocon.testing.keys import key_pair
from shared import one, shown
from snowflake.connector import SnowflakeConnection

from conformance.shared import Run, error
from flocon import AccountProcess


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    """Two key pairs: the private key's file and the public key."""
    folder = tmp_path_factory.mktemp("keys")
    files = [folder / "one.p8", folder / "two.p8"]
    return [(file, key_pair(file)) for file in files]


@pytest.fixture
def service(run: Run, keys: list[tuple[Path, str]]) -> Iterator[str]:
    """A service user with the first key, whose role is ROLE_<its name>."""
    name = f"S_{uuid.uuid4().hex[:10].upper()}"
    run(f"create role role_{name}")
    run(
        f"create user {name} type = service rsa_public_key = '{keys[0][1]}'"
        f" default_role = role_{name} default_secondary_roles = () comment = 'ingests'"
    )
    run(f"grant role role_{name} to user {name}")
    yield name
    run(f"drop user if exists {name}")
    run(f"drop role role_{name}")


def _login(account: AccountProcess, user: str, key: Path, **more: Any) -> SnowflakeConnection:
    """As the real connector logs in with a private key's file: without a password."""
    parameters = {**account.connection_parameters(), "user": user, "login_timeout": 20, **more}
    del parameters["password"]
    return snowflake.connector.connect(
        **parameters, authenticator="SNOWFLAKE_JWT", private_key_file=str(key)
    )


def _refusal(account: AccountProcess, user: str, key: Path, **more: Any) -> str:
    with pytest.raises(snowflake.connector.errors.DatabaseError) as raised:
        _login(account, user, key, **more)
    return str(raised.value)


def test_a_service_user_logs_in_with_its_key(
    account: AccountProcess, service: str, keys: list[tuple[Path, str]]
) -> None:
    """https://docs.snowflake.com/en/user-guide/key-pair-auth"""
    with _login(account, service, keys[0][0]) as opened:
        row = opened.cursor().execute("select current_user(), current_role()").fetchone()
        assert row == (service, f"ROLE_{service}")
        refused = pytest.raises(snowflake.connector.errors.ProgrammingError, match="not assigned")
        with refused as raised:
            opened.cursor().execute("use role sysadmin")
        assert raised.value.errno == 3013


def test_a_key_that_is_not_the_users_is_refused(
    account: AccountProcess, service: str, keys: list[tuple[Path, str]]
) -> None:
    """https://docs.snowflake.com/en/user-guide/key-pair-auth-troubleshooting"""
    assert "JWT token is invalid" in _refusal(account, service, keys[1][0])
    assert "JWT token is invalid" in _refusal(account, "NOBODY_AT_ALL", keys[0][0])


def test_a_key_is_rotated_without_a_moment_without_one(
    account: AccountProcess, service: str, keys: list[tuple[Path, str]], run: Run
) -> None:
    """https://docs.snowflake.com/en/user-guide/key-pair-auth"""
    run(f"alter user {service} set rsa_public_key_2 = '{keys[1][1]}'")
    for file, _ in keys:
        _login(account, service, file).close()
    run(f"alter user {service} unset rsa_public_key")
    assert "JWT token is invalid" in _refusal(account, service, keys[0][0])
    _login(account, service, keys[1][0]).close()


def test_a_user_without_a_password_has_none_to_log_in_with(
    account: AccountProcess, service: str
) -> None:
    """https://docs.snowflake.com/en/user-guide/admin-user-management"""
    with pytest.raises(snowflake.connector.errors.DatabaseError, match="Incorrect username"):
        account.connect(user=service, password="anything")


def test_a_disabled_user_and_a_role_of_others_are_refused_at_the_door(
    account: AccountProcess, service: str, keys: list[tuple[Path, str]], run: Run
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-user"""
    told = _refusal(account, service, keys[0][0], role="ACCOUNTADMIN")
    assert "Role 'ACCOUNTADMIN' specified in the connect string does not exist" in told
    run(f"alter user {service} set disabled = true")
    assert "User access disabled" in _refusal(account, service, keys[0][0])


def test_secondary_roles_are_in_force_unless_they_were_set_to_none(
    account: AccountProcess,
    service: str,
    keys: list[tuple[Path, str]],
    run: Run,
    database: str,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-user"""
    run(f"create role more_{service}")
    run(f"grant usage on database {database} to role more_{service}")
    run(f"grant role more_{service} to user {service}")
    seen = []
    for setting in ("default_secondary_roles = ()", "default_secondary_roles = ('ALL')"):
        run(f"alter user {service} set {setting}")
        with _login(account, service, keys[0][0]) as opened:
            rows = opened.cursor().execute(f"show databases like '{database}'").fetchall()
            seen.append(len(rows))
    assert seen == [0, 1]
    run(f"drop role more_{service}")


def test_users_are_shown_and_described(
    service: str, connection: SnowflakeConnection, run: Run
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-user"""
    (row,) = shown(connection, f"show users like '{service}'")
    assert (row["type"], row["default_role"], row["has_rsa_public_key"], row["comment"]) == (
        "SERVICE",
        f"ROLE_{service}",
        "true",
        "ingests",
    )
    told = {row["property"]: row["value"] for row in shown(connection, f"describe user {service}")}
    assert told["RSA_PUBLIC_KEY_FP"].startswith("SHA256:")
    assert told["RSA_PUBLIC_KEY_2_FP"] is None
    assert told["DEFAULT_SECONDARY_ROLES"] == "[]"
    (granted,) = shown(connection, f"show grants to user {service}")
    assert granted["role"] == f"ROLE_{service}"


def test_what_a_user_cannot_be_is_refused(service: str, run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-user"""
    assert error(run, f"create user {service}") == 2002
    assert error(run, "create user u rsa_public_key = 'no key'") == 1481
    assert error(run, "drop user nobody_at_all") == 2003
    assert one(run, f"create user if not exists {service}").endswith("statement succeeded.")
