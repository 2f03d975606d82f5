"""Procedures: the statements about them, and CALL."""

from typing import Any

from flocon.access.demands import nothing
from flocon.procedures.calls import call
from flocon.procedures.routines import kinds, names, run_anonymous
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql.calls import call_anonymous, call_procedure


def artifact_repository(context: Context, arguments: list[Any]) -> str:
    """Where packages come from, for Snowpark: it then asks INFORMATION_SCHEMA.PACKAGES."""
    return "snowflake.snowpark.anaconda_shared_repository"


STATEMENTS = (
    *kinds("PROCEDURE"),
    Kind(
        ("CALL",), call_procedure, call, nothing, uses_warehouse=True, with_binds=True, calls=True
    ),
    Kind(
        ("WITH",),
        call_anonymous,
        run_anonymous,
        nothing,
        uses_warehouse=True,
        with_binds=True,
        calls=True,
    ),
)


def terms_acknowledged(context: Context, arguments: list[Any]) -> bool:
    """SYSTEM$ARE_ANACONDA_TERMS_ACKNOWLEDGED(): packages are those of this machine."""
    return True


FUNCTIONS = {
    "SYSTEM$ARE_ANACONDA_TERMS_ACKNOWLEDGED": terms_acknowledged,
    "SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY": artifact_repository,
}
TABLE_FUNCTIONS = {"SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY": artifact_repository}
IN_SCHEMA = {"PROCEDURE": names("PROCEDURE")}
