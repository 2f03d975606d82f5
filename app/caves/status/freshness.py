"""How new the newest row of each table is, hop by hop."""

from app.caves.target import Account, Row

NEWEST = """
SELECT
    HOP,
    TABLE_NAME,
    NEWEST_ROW,
    DATEDIFF('millisecond', NEWEST_ROW, SYSDATE()) / 1000 AS AGE_SECONDS
FROM {db}.OPS.TABLE_FRESHNESS
ORDER BY HOP, PLACE
"""


def freshness(account: Account) -> list[Row]:
    """HOP, TABLE_NAME, NEWEST_ROW (UTC), AGE_SECONDS by the account's clock; NULL: no row yet."""
    rows = account.rows(NEWEST)
    for row in rows:
        age = row["AGE_SECONDS"]
        row["AGE_SECONDS"] = None if age is None else round(float(age), 1)
    return rows
