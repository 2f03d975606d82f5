"""Incidents: what is wrong with the pipeline, object by object, becomes rows of OPS.ALERT_LOG.

`update_incidents` is the handler of OPS.UPDATE_INCIDENTS, which OPS.ALERT_INCIDENTS calls. A
metric that is breached for an object (a task, a stream, a product …) has exactly one open incident;
it closes when the metric is kept again. Where nothing can be measured nothing opens or closes.

OBJECT_HEALTH reads table functions of INFORMATION_SCHEMA, which procedures with their owner's
rights may do (https://docs.snowflake.com/en/release-notes/2026/10_3).
"""

from __future__ import annotations

import json

from alert_messages import tell
from repair_lock import turn
from run_log import logged
from snowflake.snowpark import Row, Session

# Outside of the transaction, and never part of DML: the view reads the streams, which DML would
# move on, and which a transaction would hold for itself.
MEASURE = """
SELECT h.METRIC, h.OBJECT, h.VALUE, h.THRESHOLD, h.UNIT, h.STATUS, h.DETAIL, h.ACTION
FROM OPS.OBJECT_HEALTH AS h
LEFT JOIN OPS.ALERT_LOG AS l
    ON h.METRIC = l.METRIC AND h.OBJECT = l.OBJECT AND l.CLOSED_AT IS NULL
WHERE h.STATUS = 'BREACH' OR (h.STATUS = 'OK' AND l.INCIDENT_ID IS NOT NULL)
ORDER BY h.METRIC, h.OBJECT
"""

# One value: the rows of MEASURE as JSON. An incident that closes keeps what was last wrong.
UPDATE = """
MERGE INTO OPS.ALERT_LOG AS l
USING (
    SELECT
        value:METRIC::VARCHAR AS METRIC,
        value:OBJECT::VARCHAR AS OBJECT,
        value:VALUE::FLOAT AS VALUE,
        value:THRESHOLD::FLOAT AS THRESHOLD,
        value:UNIT::VARCHAR AS UNIT,
        value:STATUS::VARCHAR AS STATUS,
        value:DETAIL::VARCHAR AS DETAIL,
        value:ACTION::VARCHAR AS ACTION,
        SYSDATE() AS SEEN_AT
    FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?)))
) AS h
    ON l.METRIC = h.METRIC AND l.OBJECT = h.OBJECT AND l.CLOSED_AT IS NULL
WHEN MATCHED AND h.STATUS = 'OK' THEN UPDATE SET CLOSED_AT = h.SEEN_AT
WHEN MATCHED THEN UPDATE SET
    LAST_SEEN_AT = h.SEEN_AT, VALUE = h.VALUE, THRESHOLD = h.THRESHOLD, UNIT = h.UNIT,
    DETAIL = h.DETAIL, ACTION = h.ACTION
WHEN NOT MATCHED AND h.STATUS = 'BREACH' THEN INSERT (
    INCIDENT_ID, METRIC, OBJECT, OPENED_AT, LAST_SEEN_AT, VALUE, THRESHOLD, UNIT, DETAIL, ACTION
) VALUES (
    UUID_STRING(), h.METRIC, h.OBJECT, h.SEEN_AT, h.SEEN_AT, h.VALUE, h.THRESHOLD, h.UNIT,
    h.DETAIL, h.ACTION
)
"""


@logged
def update_incidents(
    session: Session, email_integration: str, recipients: str, webhook_integration: str
) -> dict[str, int]:
    """Brings the log up to now, in one transaction, and tells of what opened and closed.

    Call it outside of a transaction. The texts may be empty, for no such message; recipients are
    addresses with commas between them. Returns how many incidents it opened, found still open,
    closed, and told of. Raises RuntimeError when a message could not be sent: the incidents are
    committed by then, and the next call tells of them.
    """
    measured = session.sql(MEASURE).collect()
    with turn(session, "OPS.ALERT_LOCK"):
        [done] = session.sql(UPDATE, params=[as_json(measured)]).collect()
    opened, changed = int(done[0]), int(done[1])
    closed = min(changed, sum(row["STATUS"] == "OK" for row in measured))
    told = tell(session, email_integration, recipients, webhook_integration)
    return {"opened": opened, "still_open": changed - closed, "closed": closed, "told": told}


def as_json(rows: list[Row]) -> str:
    """The rows as a JSON array of objects."""
    return json.dumps([row.as_dict() for row in rows], default=float)
