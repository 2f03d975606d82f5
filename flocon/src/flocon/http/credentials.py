"""Who may log in: any user where no password is set, else the one who knows it."""

import hmac
from dataclasses import dataclass, field

from flocon.core import errors
from flocon.core.errors import SnowflakeError


@dataclass(frozen=True)
class Credentials:
    """The account's one user and password; without a password any will do."""

    user: str = "LOCAL"
    password: str | None = field(default=None, repr=False)

    @property
    def required(self) -> bool:
        return self.password is not None

    def check(self, user: str, password: str) -> None:
        """Raises 390100 for a wrong user or password, and does not say which of the two."""
        if self.password is None:
            return
        # Both are compared, each in a time that does not depend on where it differs.
        right_user = _same(user.upper(), self.user.upper())
        right_password = _same(password, self.password)
        if not (right_user and right_password):
            raise SnowflakeError(
                errors.WRONG_PASSWORD, "Incorrect username or password was specified."
            )


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )
