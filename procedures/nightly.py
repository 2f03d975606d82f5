"""What OPS.PURGE does every night: forgotten customers stay forgotten, and old rows go."""

from __future__ import annotations

import forgetting
import retention
from snowflake.snowpark import Session


def purge(session: Session, raw_days: int, staging_days: int) -> dict[str, int]:
    """Redacts what came in late of forgotten customers, then deletes RAW older than `raw_days` and
    STAGING older than `staging_days`; call it outside of a transaction. Returns the numbers of
    rows."""
    return {
        **forgetting.forget_again(session),
        **retention.purge(session, raw_days, staging_days),
    }
