"""Key pairs of users: public keys, their fingerprints, and the tokens that are signed with them.

https://docs.snowflake.com/en/user-guide/key-pair-auth
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

_SHORTEST = 2048
# Clocks of clients may differ a little.
_LEEWAY_SECONDS = 60


def public_key(text: str) -> RSAPublicKey:
    """A key as RSA_PUBLIC_KEY holds it: the base64 of its DER form, with or without PEM's frame.

    Raises ValueError for what is not a key, or for a key of less than 2048 bits.
    """
    body = "".join(line for line in text.split("\n") if not line.startswith("-----"))
    try:
        key = load_der_public_key(base64.b64decode("".join(body.split()), validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValueError("it is no public key") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < _SHORTEST:
        raise ValueError(f"it is no RSA key of at least {_SHORTEST} bits")
    return key


def fingerprint(text: str) -> str:
    """SHA256: and the base64 of the DER form's digest, as DESCRIBE USER and tokens have it."""
    body = "".join(line for line in text.split("\n") if not line.startswith("-----"))
    digest = hashlib.sha256(base64.b64decode("".join(body.split()))).digest()
    return f"SHA256:{base64.b64encode(digest).decode()}"


def is_signed(token: str, user: str, keys: Sequence[str]) -> bool:
    """Is it a token (JWT, RS256) of this user, of now, signed with one of the keys?

    Its issuer is ACCOUNT.USER.fingerprint, its subject ACCOUNT.USER.
    """
    return any(_is_signed_with(key, token, user) for key in keys)


def _is_signed_with(key: str, token: str, user: str) -> bool:
    import jwt  # takes 70 ms, and only a login with a key needs it

    try:
        claims = jwt.decode(
            token,
            public_key(key),
            algorithms=["RS256"],
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "sub"]},
        )
    except jwt.InvalidTokenError:
        return False
    account = claims["sub"].removesuffix(f".{user}")
    subject = f"{account}.{user}"
    return (claims["sub"], claims["iss"]) == (subject, f"{subject}.{fingerprint(key)}")
