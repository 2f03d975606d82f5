"""Names of temporary objects: those that Snowpark gives to its own are treated otherwise."""

from flocon.core import errors
from flocon.session.context import Context


def is_of_snowpark(name: str) -> bool:
    """Its temporary objects do not commit; Snowflake spares them by a flag of its own."""
    return name.startswith("SNOWPARK_TEMP_")


def check(context: Context, kind: str, name: str) -> None:
    """Raises 090236 for a temporary object that somebody has named, in a procedure with owner's
    rights. Those that Snowpark makes by itself are there.

    https://docs.snowflake.com/en/developer-guide/stored-procedure/python/procedure-python-limitations
    """
    if context.transactions.owners_rights and not is_of_snowpark(name):
        raise errors.barred_to_procedures(f"temporary {kind}")
