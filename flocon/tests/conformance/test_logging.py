"""LOG_LEVEL of a database and the event table.

https://docs.snowflake.com/en/developer-guide/logging-tracing/telemetry-levels
https://docs.snowflake.com/en/developer-guide/logging-tracing/event-table-columns
"""

from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

EVENTS = """
SELECT
    RECORD_TYPE,
    RECORD['severity_text']::VARCHAR,
    SCOPE['name']::VARCHAR,
    VALUE::VARCHAR,
    RESOURCE_ATTRIBUTES['snow.executable.name']::VARCHAR
FROM SNOWFLAKE.TELEMETRY.{}
WHERE RESOURCE_ATTRIBUTES['snow.database.name'] = ?
ORDER BY TIMESTAMP
"""
PROCEDURE = """
CREATE OR REPLACE PROCEDURE P(FAILS BOOLEAN) RETURNS VARCHAR LANGUAGE PYTHON
RUNTIME_VERSION = '3.11'
PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run' AS $$
import logging
log = logging.getLogger("shop")

def run(session, fails):
    log.debug("looking")
    log.info("staged %d, rejected %d", 3, 1)
    log.warning("late")
    session.sql("SELECT 1").collect()
    if fails:
        log.error("broken: %s", "Château d'Yquem")
        raise ValueError("no")
    return "done"
$$
"""


def test_what_a_handler_logs_is_in_the_event_table_from_the_databases_level_on(
    run: Any, database: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/logging-tracing/telemetry-levels"""
    run(PROCEDURE)
    run("CALL P(FALSE)")
    assert run(EVENTS.format("EVENTS"), database) == []

    run(f"ALTER DATABASE {database} SET LOG_LEVEL = INFO")
    [(value,)] = run("CALL P(FALSE)")
    assert value == "done"
    found = run(EVENTS.format("EVENTS_VIEW"), database)
    assert found == [
        ("LOG", "INFO", "shop", "staged 3, rejected 1", "P(BOOLEAN)"),
        ("LOG", "WARN", "shop", "late", "P(BOOLEAN)"),
    ]

    run(f"ALTER DATABASE {database} SET LOG_LEVEL = 'ERROR'")
    with pytest.raises(ProgrammingError, match="no"):
        run("CALL P(TRUE)")
    assert run(EVENTS.format("EVENTS"), database)[2:] == [
        ("LOG", "ERROR", "shop", "broken: Château d'Yquem", "P(BOOLEAN)")
    ]
    run(f"ALTER DATABASE {database} UNSET LOG_LEVEL")
    run("CALL P(FALSE)")
    assert len(run(EVENTS.format("EVENTS"), database)) == 3


def test_a_message_has_the_id_of_its_call(connection: Any, database: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/logging-tracing/event-table-columns"""
    cursor = connection.cursor()
    cursor.execute(PROCEDURE)
    cursor.execute(f"ALTER DATABASE {database} SET LOG_LEVEL = WARN")
    cursor.execute("CALL P(FALSE)")
    called = cursor.sfqid
    cursor.execute(
        "SELECT RESOURCE_ATTRIBUTES['snow.query.id']::VARCHAR FROM SNOWFLAKE.TELEMETRY.EVENTS"
        f" WHERE RESOURCE_ATTRIBUTES['snow.database.name'] = '{database}'"
    )
    assert cursor.fetchall() == [(called,)]


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("ALTER DATABASE {} SET LOG_LEVEL = LOUD", 1481),
        ("ALTER DATABASE NOWHERE SET LOG_LEVEL = INFO", 2003),
        ("ALTER DATABASE {} SET TRACE_LEVEL = ALWAYS", 2),
        ("INSERT INTO SNOWFLAKE.TELEMETRY.EVENTS (VALUE) SELECT NULL", None),
        ("DELETE FROM SNOWFLAKE.TELEMETRY.EVENTS", None),
        ("CREATE TABLE SNOWFLAKE.TELEMETRY.MINE (A INT)", None),
    ],
)
def test_what_is_not_so_is_refused(
    run: Any, database: str, statement: str, number: int | None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-database"""
    with pytest.raises(ProgrammingError) as caught:
        run(statement.format(database))
    assert number is None or caught.value.errno == number


def test_who_is_not_the_accounts_administrator_reads_no_events(
    account: Any, run: Any, database: str
) -> None:
    """Snowflake shows them to the application roles EVENTS_VIEWER and EVENTS_ADMIN, too.

    https://docs.snowflake.com/en/developer-guide/logging-tracing/event-table-setting-up
    """
    role = f"R_{database}"
    run(f"CREATE ROLE {role}")
    run(f"GRANT USAGE ON DATABASE {database} TO ROLE {role}")
    with account.connect(database=database, role=role) as connection:
        for statement in (
            "SELECT * FROM SNOWFLAKE.TELEMETRY.EVENTS",
            f"ALTER DATABASE {database} SET LOG_LEVEL = INFO",
        ):
            with pytest.raises(ProgrammingError):
                connection.cursor().execute(statement)
    run(f"DROP ROLE {role}")
