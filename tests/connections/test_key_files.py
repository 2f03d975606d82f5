"""Private keys as `snow` takes them; whatever is wrong with one is one line."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from connections.errors import ConnectionProblem
from connections.named import Connection, resolve

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
DER = KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
PLAIN = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
ENCRYPTED = KEY.private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"correct horse")
)
OLD_STYLE = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "key.p8"


def connection(key: Path, passphrase: str | None = None, **more: Any) -> Connection:
    return Connection("prod", {"private_key_file": str(key), "user": "u", **more}, passphrase)


@pytest.mark.parametrize(
    ("content", "given", "passphrase"),
    [
        (PLAIN, {}, None),
        (PLAIN, {"private_key_passphrase": "needless"}, "needless"),
        (ENCRYPTED, {"private_key_passphrase": "correct horse"}, None),
        (ENCRYPTED, {"private_key_passphrase": "wrong"}, "correct horse"),
    ],
)
def test_the_connector_gets_the_key_and_neither_file_nor_passphrase(
    content: bytes, given: dict[str, str], passphrase: str | None, key: Path
) -> None:
    key.write_bytes(content)

    login = connection(key, passphrase, **given).login()
    assert login == {"user": "u", "private_key": DER}


def test_a_key_as_text_of_the_connection() -> None:
    assert Connection("prod", {"private_key_raw": PLAIN.decode()}).login() == {"private_key": DER}


@pytest.mark.parametrize(
    ("content", "passphrase", "message"),
    [
        pytest.param(
            ENCRYPTED,
            None,
            "is encrypted: give its passphrase as PRIVATE_KEY_PASSPHRASE, or as"
            " private_key_file_pwd of the connection",
            id="no passphrase",
        ),
        pytest.param(
            ENCRYPTED,
            "",
            "is encrypted: give its passphrase as PRIVATE_KEY_PASSPHRASE, or as"
            " private_key_file_pwd of the connection",
            id="empty passphrase",
        ),
        pytest.param(
            ENCRYPTED, "wrong", "does not open: is the passphrase right?", id="wrong passphrase"
        ),
        pytest.param(
            ENCRYPTED[:300],
            "correct horse",
            "does not open: is the passphrase right?",
            id="cut off",
        ),
        pytest.param(PLAIN[:300], None, "does not open: it is damaged", id="damaged"),
        pytest.param(
            b"\xff\x00garbage",
            None,
            "is not in PKCS#8 (PEM): convert it by `openssl pkcs8 -topk8`",
            id="garbage",
        ),
        pytest.param(
            OLD_STYLE,
            None,
            "is not in PKCS#8 (PEM): convert it by `openssl pkcs8 -topk8`",
            id="PKCS#1",
        ),
        pytest.param(
            b"", None, "is not in PKCS#8 (PEM): convert it by `openssl pkcs8 -topk8`", id="empty"
        ),
    ],
)
def test_a_key_that_cannot_be_used(
    content: bytes, passphrase: str | None, message: str, key: Path
) -> None:
    key.write_bytes(content)

    with pytest.raises(ConnectionProblem) as raised:
        connection(key, passphrase).login()
    assert str(raised.value) == f"connection 'prod': the private key in {key} {message}"


def test_a_key_that_is_not_there_a_folder_or_not_named(key: Path) -> None:
    with pytest.raises(
        ConnectionProblem, match=r"key.p8 cannot be read: No such file or directory$"
    ):
        connection(key).login()
    key.mkdir()
    with pytest.raises(ConnectionProblem, match=r"key.p8 cannot be read: Is a directory$"):
        connection(key).login()
    with pytest.raises(ConnectionProblem) as raised:
        Connection("prod", {"authenticator": "snowflake_jwt"}).login()
    assert str(raised.value) == (
        "connection 'prod' has authenticator SNOWFLAKE_JWT, and names no private_key_file"
    )


def test_the_passphrase_of_the_environment_and_a_relative_file_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.p8").write_bytes(ENCRYPTED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SNOWFLAKE_CONNECTIONS", '[prod]\nprivate_key_path = "key.p8"\n')
    monkeypatch.setenv("PRIVATE_KEY_PASSPHRASE", "correct horse")

    found = resolve("prod")
    assert found.parameters == {
        "private_key_file": str(tmp_path / "key.p8"),
        "authenticator": "SNOWFLAKE_JWT",
    }
    assert found.login()["private_key"] == DER
    assert 'private_key_passphrase = "correct horse"' in found.environ({})["SNOWFLAKE_CONNECTIONS"]
