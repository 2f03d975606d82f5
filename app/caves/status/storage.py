"""How much each table holds."""

from app.caves.names import TABLES
from app.caves.target import Account, Row

# From the account's metadata: no table is read.
# https://docs.snowflake.com/en/sql-reference/info-schema/tables
SIZES = """
SELECT TABLE_SCHEMA || '.' || TABLE_NAME AS TABLE_NAME, ROW_COUNT, BYTES
FROM {db}.INFORMATION_SCHEMA.TABLES
WHERE TABLE_TYPE = 'BASE TABLE'
"""


def storage(account: Account) -> list[Row]:
    """TABLE_NAME, ROW_COUNT and BYTES of the pipeline's tables, along the way of the data."""
    found = {row["TABLE_NAME"]: row for row in account.rows(SIZES)}
    return [found[name] for name in TABLES if name in found]
