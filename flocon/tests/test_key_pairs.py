"""Tokens that are signed with a key: which of them are a user's."""

import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from flocon.access.key_pairs import fingerprint, is_signed
from flocon.testing.keys import key_pair

PRIVATE, OTHER_PRIVATE = "private.pem", "other.pem"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The folder of two private keys, and the public key of each by its file."""
    folder = tmp_path_factory.mktemp("keys")
    return folder, {name: key_pair(folder / name) for name in (PRIVATE, OTHER_PRIVATE)}


def token(keys: tuple[Path, dict[str, str]], signer: str = PRIVATE, **changes: Any) -> str:
    folder, public = keys
    claims = {
        "iss": f"ACCOUNT.ALBERT.{fingerprint(public[PRIVATE])}",
        "sub": "ACCOUNT.ALBERT",
        "iat": time.time(),
        "exp": time.time() + 60,
    } | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, (folder / signer).read_bytes(), algorithm="RS256")


def test_a_token_of_the_user_is_known_by_any_of_its_keys(
    keys: tuple[Path, dict[str, str]],
) -> None:
    public = keys[1]
    assert is_signed(token(keys), "ALBERT", [public[OTHER_PRIVATE], public[PRIVATE]])
    assert is_signed(token(keys, exp=time.time() - 30), "ALBERT", [public[PRIVATE]])
    assert not is_signed(token(keys), "ALBERT", [])
    assert not is_signed(token(keys), "BERTA", [public[PRIVATE]])


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": None},
        {"sub": "ACCOUNT.BERTA"},
        {"sub": None},
        {"iss": "ACCOUNT.ALBERT.SHA256:another"},
        {"iss": None},
        {"signer": OTHER_PRIVATE},
    ],
    ids=["expired", "endless", "another's", "nobody's", "another key", "no issuer", "forged"],
)
def test_any_other_token_is_refused(
    changes: dict[str, Any], keys: tuple[Path, dict[str, str]]
) -> None:
    assert not is_signed(token(keys, **changes), "ALBERT", [keys[1][PRIVATE]])


def test_an_unsigned_token_and_a_text_that_is_none_are_refused(
    keys: tuple[Path, dict[str, str]],
) -> None:
    public = keys[1][PRIVATE]
    signed = token(keys)
    unsigned = jwt.encode(
        jwt.decode(signed, options={"verify_signature": False}), None, algorithm="none"
    )
    for text in (unsigned, "", "a.b", signed[:-8], f"{signed}.x"):
        assert not is_signed(text, "ALBERT", [public]), text
