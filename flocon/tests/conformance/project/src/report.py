"""Two small procedures, for the tests of their deployment."""

from snowflake.snowpark import Session
from texts import GREETING


def count_rows(session: Session, table_name: str, at_least: int) -> dict[str, object]:
    """How many rows a table has, and whether that is enough."""
    rows = session.table(table_name).count()
    return {"table": table_name, "rows": rows, "enough": rows >= at_least}


def greet(session: Session) -> str:
    return f"{GREETING}, {session.get_current_user()}"
