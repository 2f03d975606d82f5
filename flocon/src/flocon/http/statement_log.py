"""What the account says about statements: a line for each on request, and every fault of its own.

Values of binds are never written, nor what a statement calls a password or a secret.
"""

import logging
import re

logger = logging.getLogger(__name__)

_LONGEST = 500
_SECRET = re.compile(
    r"\b(\w*(?:PASSWORD|SECRET|TOKEN|PASSPHRASE|PRIVATE_KEY|CREDENTIAL)\w*\s*(?:=|=>)\s*)"
    r"('(?:[^'\\]|''|\\.)*'?|\$\$.*?\$\$)",
    re.IGNORECASE | re.DOTALL,
)


def one_line(sql: str) -> str:
    """A statement on one line: shortened, without secrets and control characters."""
    # A secret may begin before the cut and end behind it.
    masked = _SECRET.sub(r"\1'****'", sql[: 4 * _LONGEST])
    text = " ".join(masked.split())
    text = "".join(character if character.isprintable() else "�" for character in text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def statement(
    *, session: str, user: str, seconds: float, rows: int | None, code: str | None, sql: str
) -> None:
    """One line: session, user, milliseconds, rows, ok or the error's code, the statement."""
    logger.info(
        "%s %s %.1f ms %s rows %s %s",
        session[:8],
        one_line(user),
        seconds * 1000,
        "-" if rows is None else rows,
        code or "ok",
        one_line(sql),
    )


def fault(error: BaseException, sql: str) -> None:
    """An error of the account's own: its statement and its traceback."""
    logger.error("internal error in: %s", one_line(sql), exc_info=error)
