"""The five laws of the pipeline, each as one query over the tables and streams.

A law is one statement, so all its figures belong to one moment, also while the pipeline runs. A
SELECT on a stream moves no offset. The figures named in `violations` must be 0; IN_FLIGHT counts
what a stream has not given out yet, and is no violation.

Which columns are compared is asked of the database (`kinds`).

Every query takes one value, SINCE: what is older was perhaps purged by hand, and is left out. What
OPS.PURGE took is known from OPS.RETENTION_LOG, and needs no SINCE.
"""

from app.caves.laws.adjustments import EVERY_ADJUSTMENT_ONCE
from app.caves.laws.law import Law, Verdict
from app.caves.laws.messages import EVERY_MESSAGE_ONCE
from app.caves.laws.orders import LATEST_EVENT_WINS
from app.caves.laws.rows import EVERY_ROW_IN_ONE_PLACE
from app.caves.laws.stock import STOCK_IS_ITS_HISTORY

LAWS = (
    EVERY_MESSAGE_ONCE,
    EVERY_ROW_IN_ONE_PLACE,
    LATEST_EVENT_WINS,
    EVERY_ADJUSTMENT_ONCE,
    STOCK_IS_ITS_HISTORY,
)

__all__ = ["LAWS", "Law", "Verdict"]
