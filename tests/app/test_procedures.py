"""Calling the pipeline's procedures: what an account answers that does not have them."""

import pytest
from snowflake.connector.errors import ProgrammingError

from app.caves.errors import CommandError
from app.caves.operations.procedures import call
from app.caves.target import Account


class Answering(Account):
    """An account that answers every statement with one error."""

    def __init__(self, errno: int) -> None:
        self.database = "CAVES"
        self.errno = errno

    def rows(self, *_: object) -> list[dict[str, object]]:
        raise ProgrammingError("unknown", errno=self.errno, sqlstate="42601")


@pytest.mark.parametrize("errno", [2003, 2043, 2139, 2140, 2141])
def test_a_procedure_that_is_not_there_is_said_to_need_a_deployment(errno: int) -> None:
    with pytest.raises(CommandError, match=r"^OPS\.PURGE is not in CAVES: run `caves deploy`"):
        call(Answering(errno), "CALL {db}.OPS.PURGE(?, ?)", (30, 7))
