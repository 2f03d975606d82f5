"""How new the newest row of each table is, hop by hop."""

from app.caves.target import Account, Row

# When a row came to be where it is. STAGING keeps the time of ingestion.
TIMES = (
    (1, "RAW_DATA.RAW_EVENTS_STREAM", "INGESTION_TIMESTAMP"),
    (1, "RAW_DATA.REJECTED_EVENTS", "REJECTED_AT"),
    (2, "STAGING.STG_ORDERS", "INGESTION_TIMESTAMP"),
    (2, "STAGING.STG_INVENTORY_ADJ", "INGESTION_TIMESTAMP"),
    (3, "PRODUCTION.ORDERS", "UPDATED_AT"),
    (3, "PRODUCTION.INVENTORY_HISTORY", "CREATED_AT"),
    (3, "PRODUCTION.INVENTORY_CURRENT", "UPDATED_AT"),
)
NEWEST = """
SELECT
    HOP,
    TABLE_NAME,
    NEWEST_ROW,
    DATEDIFF('millisecond', NEWEST_ROW, SYSDATE()) / 1000 AS AGE_SECONDS
FROM ({tables}) t
ORDER BY HOP, PLACE
"""
ONE = (
    "SELECT {hop} AS HOP, {place} AS PLACE, '{table}' AS TABLE_NAME,"
    " MAX({column}) AS NEWEST_ROW FROM {{db}}.{table}"
)


def freshness(account: Account) -> list[Row]:
    """HOP, TABLE_NAME, NEWEST_ROW (UTC), AGE_SECONDS by the account's clock; NULL: no row yet."""
    tables = " UNION ALL ".join(
        ONE.format(hop=hop, place=place, table=table, column=column)
        for place, (hop, table, column) in enumerate(TIMES)
    )
    rows = account.rows(NEWEST.format(tables=tables))
    for row in rows:
        age = row["AGE_SECONDS"]
        row["AGE_SECONDS"] = None if age is None else round(float(age), 1)
    return rows
