"""Private keys for key-pair authentication, as `snow` takes them: PKCS#8 in PEM, with a passphrase
or without. https://docs.snowflake.com/en/user-guide/key-pair-auth"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from connections.errors import ConnectionProblem

PASSPHRASE = "PRIVATE_KEY_PASSPHRASE"
ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
PLAIN = b"-----BEGIN PRIVATE KEY-----"


def private_key(
    name: str, parameters: Mapping[str, Any], passphrase: str | None = None
) -> bytes | None:
    """The key of a connection as the connector takes it, or None for one without a key.

    passphrase goes before the connection's own. Raises ConnectionProblem.
    """
    file, raw = parameters.get("private_key_file"), parameters.get("private_key_raw")
    if file:
        text, what = _read(name, Path(str(file))), f"the private key in {file}"
    elif raw:
        text, what = str(raw).encode(), "private_key_raw"
    elif _needs_key(parameters):
        raise ConnectionProblem(
            f"connection {name!r} has authenticator SNOWFLAKE_JWT, and names no private_key_file"
        )
    else:
        return None
    given = parameters.get("private_key_passphrase") if passphrase is None else passphrase
    return _opened(text, given, f"connection {name!r}: {what}")


def _needs_key(parameters: Mapping[str, Any]) -> bool:
    jwt = str(parameters.get("authenticator", "")).upper() == "SNOWFLAKE_JWT"
    return jwt and not parameters.get("private_key")


def _read(name: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConnectionProblem(
            f"connection {name!r}: the private key in {file} cannot be read: {error.strerror}"
        ) from error


def _opened(text: bytes, passphrase: Any, what: str) -> bytes:
    encrypted = text.startswith(ENCRYPTED)
    if not encrypted and not text.startswith(PLAIN):
        raise ConnectionProblem(
            f"{what} is not in PKCS#8 (PEM): convert it by `openssl pkcs8 -topk8`"
        )
    if encrypted and not passphrase:
        raise ConnectionProblem(
            f"{what} is encrypted: give its passphrase as {PASSPHRASE}, or as private_key_file_pwd"
            " of the connection"
        )
    try:
        key = load_pem_private_key(text, str(passphrase).encode() if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        cause = "is the passphrase right?" if encrypted else "it is damaged"
        raise ConnectionProblem(f"{what} does not open: {cause}") from error
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
