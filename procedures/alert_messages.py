"""What people are told of incidents, and how: one message for all that opened or closed.

An incident is told of when it opens and when it closes; NOTIFIED_AT is the moment up to which that
is done. A message that fails leaves NOTIFIED_AT, so that the next one tells of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime

from snowflake.snowpark import Row, Session
from snowflake.snowpark.exceptions import SnowparkSQLException

LISTED = 50
# Characters of a foreign text: channels refuse what is too long, and nobody would be told at all.
LONGEST = 300

# NOW is the moment that becomes NOTIFIED_AT: what closes after it will be told of next time. Nobody
# wants to hear of what was over a day ago, as when an integration is named for the first time.
UNTOLD = """
SELECT
    INCIDENT_ID, METRIC, OBJECT, OPENED_AT, CLOSED_AT, VALUE, THRESHOLD, UNIT, DETAIL, ACTION,
    CURRENT_DATABASE() AS DATABASE_NAME, SYSDATE() AS NOW
FROM OPS.ALERT_LOG
WHERE (CLOSED_AT IS NULL AND NOTIFIED_AT IS NULL)
    OR (
        CLOSED_AT > DATEADD('day', -1, SYSDATE())
        AND (NOTIFIED_AT IS NULL OR NOTIFIED_AT < CLOSED_AT)
    )
ORDER BY CLOSED_AT IS NOT NULL, OPENED_AT, METRIC, OBJECT
"""
TOLD = """
UPDATE OPS.ALERT_LOG
SET NOTIFIED_AT = t.CHOICE:now::TIMESTAMP_NTZ
FROM (SELECT PARSE_JSON(?) AS CHOICE) AS t
WHERE ARRAY_CONTAINS(INCIDENT_ID::VARIANT, t.CHOICE:incidents::ARRAY)
"""
EMAIL = "CALL SYSTEM$SEND_EMAIL(?, ?, ?, ?)"
# Names of products come from outside: none of them may call up the integration's secret
# (D/sql-reference/functions/sanitize_webhook_content).
WEBHOOK = """
CALL SYSTEM$SEND_SNOWFLAKE_NOTIFICATION(
    SNOWFLAKE.NOTIFICATION.TEXT_PLAIN(SNOWFLAKE.NOTIFICATION.SANITIZE_WEBHOOK_CONTENT(?)),
    SNOWFLAKE.NOTIFICATION.INTEGRATION(?)
)
"""


def tell(
    session: Session, email_integration: str, recipients: str, webhook_integration: str
) -> int:
    """Sends what nobody was told of yet by the integrations that are named; returns how many
    incidents that were. Raises RuntimeError, after all is done, for what could not be sent."""
    if not (email_integration or webhook_integration):
        return 0
    incidents = session.sql(UNTOLD).collect()
    if not incidents:
        return 0
    title, text = subject(incidents), body(incidents)
    failures: list[str] = []
    sent = 0
    if email_integration:
        values = [email_integration, recipients, title, text]
        sent += _sent(session, EMAIL, values, email_integration, failures)
    if webhook_integration:
        values = [in_json(f"{title}\n{text}"), webhook_integration]
        sent += _sent(session, WEBHOOK, values, webhook_integration, failures)
    if sent:
        session.sql(TOLD, params=[_choice(incidents)]).collect()
    if failures:
        raise RuntimeError(f"the incidents are in OPS.ALERT_LOG, but: {'; '.join(failures)}")
    return len(incidents)


def _sent(
    session: Session, call: str, values: Sequence[str], name: str, failures: list[str]
) -> bool:
    try:
        session.sql(call, params=list(values)).collect()
    except SnowparkSQLException as error:
        failures.append(f"{name}: {' '.join(str(error.message).split())}")
        return False
    return True


def _choice(incidents: Sequence[Row]) -> str:
    now: datetime = incidents[0]["NOW"]
    ids = [row["INCIDENT_ID"] for row in incidents]
    return json.dumps({"now": now.isoformat(" "), "incidents": ids})


def subject(incidents: Sequence[Row]) -> str:
    """'CAVES_ALBERT_DB: 2 incidents, 1 closed'"""
    closed = sum(row["CLOSED_AT"] is not None for row in incidents)
    opened = len(incidents) - closed
    parts = [f"{opened} incident{'s' * (opened != 1)}"] if opened else []
    parts += [f"{closed} closed"] if closed else []
    return f"{incidents[0]['DATABASE_NAME']}: {', '.join(parts)}"


def body(incidents: Sequence[Row]) -> str:
    """A line or two for each incident, for the first LISTED of them."""
    lines = [line for row in incidents[:LISTED] for line in _lines(row)]
    if len(incidents) > LISTED:
        lines.append(f"… and {len(incidents) - LISTED} more in OPS.ALERT_LOG.")
    return "\n".join(lines)


def _lines(row: Row) -> list[str]:
    """Foreign texts in them are harmless: a product's id and name, what a task failed with."""
    what = f"{row['METRIC']} {harmless(row['OBJECT'])}"
    if row["CLOSED_AT"] is not None:
        return [f"CLOSED {what}: since {row['OPENED_AT']:%Y-%m-%d %H:%M} UTC"]
    measured = f"{row['VALUE']:g} {row['UNIT']} (threshold {row['THRESHOLD']:g})"
    detail = f", {harmless(row['DETAIL'])}" if row["DETAIL"] else ""
    return [f"OPEN {what}: {measured}{detail}", f"  {row['ACTION']}."]


# What mail programs, Slack and Teams would make something of: HTML, mentions, Markdown's links and
# code; and addresses, which they turn into links even without any mark.
MARKS = re.compile(r"[<>@`\[]|:(?=//)|(?<=\w)\.(?=[A-Za-z]{2,24}(?!\w))")


def harmless(text: str) -> str:
    """The text on one line, with escapes such as `\\x3c` for what no message must hold: anybody who
    writes events writes it, and it stands in a message that people trust."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    marked = MARKS.sub(lambda found: f"\\x{ord(found[0]):02x}", cut)
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in marked
    )


def in_json(text: str) -> str:
    """The text as it stands between the quotes of a JSON string: a webhook's body is a template in
    JSON, and the message is put into it as it is."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
