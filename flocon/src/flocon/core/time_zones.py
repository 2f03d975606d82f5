"""Names of time zones: those of the IANA database, in its own upper and lower case letters.

https://docs.snowflake.com/en/sql-reference/functions/convert_timezone
"""

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@lru_cache(maxsize=1000)
def is_zone(name: str) -> bool:
    try:
        return ZoneInfo(name).key == name
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
