"""Law 2: the rows of RAW and where each of them went."""

from app.caves.laws.kinds import Kind, Kinds, union
from app.caves.laws.law import Law

# Each RAW row is the business of one stream: that of its type, or else the orders'. A topic that
# was created anew gives out the same places again: it is judged from then on, as by law 1.
#
# UNREAD: rows of STAGING with NULL in a column for which their event has a value. They are from
# before a deployment that added the column, or an earlier name of the field, and `caves reprocess`
# reads them again. What was retried is what the rejection's payload says, which may have been
# corrected by hand.
QUERY = """
WITH SINCE AS (
    SELECT MAX(MOMENT) AS MOMENT
    FROM (
        SELECT CAST(? AS TIMESTAMP_NTZ) AS MOMENT
        UNION ALL
        SELECT INGESTED_BEFORE AS MOMENT
        FROM {db}.OPS.RETENTION_LOG
    ) moments
),
RECREATED AS (
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, MAX(REJECTED_AT) AS MOMENT
    FROM {db}.RAW_DATA.REJECTED_EVENTS
    WHERE STAGE = 'INGEST' AND KAFKA_OFFSET IS NULL
    GROUP BY KAFKA_TOPIC, KAFKA_PARTITION
),
PENDING AS (
    SELECT w.KAFKA_TOPIC, w.KAFKA_PARTITION, w.KAFKA_OFFSET, w.CONSUMER
    FROM (
<streams>
    ) w
    LEFT JOIN RECREATED r
        ON w.KAFKA_TOPIC = r.KAFKA_TOPIC AND w.KAFKA_PARTITION = r.KAFKA_PARTITION
    WHERE r.MOMENT IS NULL OR w.INGESTION_TIMESTAMP >= r.MOMENT
),
EVENTS AS (
    SELECT
        e.KAFKA_TOPIC,
        e.KAFKA_PARTITION,
        e.KAFKA_OFFSET,
        e.INGESTION_TIMESTAMP,
        e.EVENT_TYPE,
        e.EVENT_DATA,
        COALESCE(t.STREAM_NAME, '<unknown>') AS CONSUMER
    FROM {db}.RAW_DATA.RAW_EVENTS_STREAM e
    LEFT JOIN {db}.OPS.EVENT_KINDS t ON e.EVENT_TYPE = t.EVENT_TYPE
    LEFT JOIN RECREATED r
        ON e.KAFKA_TOPIC = r.KAFKA_TOPIC AND e.KAFKA_PARTITION = r.KAFKA_PARTITION
    WHERE r.MOMENT IS NULL OR e.INGESTION_TIMESTAMP >= r.MOMENT
),
PLACES AS (
<tables>
    UNION ALL
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, REJECTED_AT AS INGESTION_TIMESTAMP,
        'REJECTED_EVENTS' AS TABLE_NAME
    FROM {db}.RAW_DATA.REJECTED_EVENTS
    WHERE STAGE = 'STAGING' AND STATUS <> 'RETRIED'
),
PLACED AS (
    SELECT
        p.KAFKA_TOPIC,
        p.KAFKA_PARTITION,
        p.KAFKA_OFFSET,
        MAX(p.INGESTION_TIMESTAMP) AS INGESTION_TIMESTAMP,
<sums>,
        COUNT(*) AS PLACES
    FROM PLACES p
    LEFT JOIN RECREATED r
        ON p.KAFKA_TOPIC = r.KAFKA_TOPIC AND p.KAFKA_PARTITION = r.KAFKA_PARTITION
    WHERE r.MOMENT IS NULL OR p.INGESTION_TIMESTAMP >= r.MOMENT
    GROUP BY p.KAFKA_TOPIC, p.KAFKA_PARTITION, p.KAFKA_OFFSET
),
JUDGED AS (
    SELECT
        CASE WHEN e.KAFKA_OFFSET IS NULL THEN 0 ELSE 1 END AS IN_RAW,
        CASE WHEN w.KAFKA_OFFSET IS NULL THEN 0 ELSE 1 END AS WAITS,
<figures>,
        COALESCE(p.PLACES, 0) AS PLACES
    FROM EVENTS e
    LEFT JOIN PENDING w
        ON e.KAFKA_TOPIC = w.KAFKA_TOPIC
        AND e.KAFKA_PARTITION = w.KAFKA_PARTITION
        AND e.KAFKA_OFFSET = w.KAFKA_OFFSET
        AND e.CONSUMER = w.CONSUMER
    FULL OUTER JOIN PLACED p
        ON e.KAFKA_TOPIC = p.KAFKA_TOPIC
        AND e.KAFKA_PARTITION = p.KAFKA_PARTITION
        AND e.KAFKA_OFFSET = p.KAFKA_OFFSET
    CROSS JOIN SINCE
    WHERE COALESCE(e.INGESTION_TIMESTAMP, p.INGESTION_TIMESTAMP) >= SINCE.MOMENT
),
CORRECTED AS (
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, MAX(PAYLOAD) AS PAYLOAD
    FROM {db}.RAW_DATA.REJECTED_EVENTS
    WHERE STAGE = 'STAGING' AND STATUS = 'RETRIED'
    GROUP BY KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET
),
SAID AS (
    SELECT
        e.KAFKA_TOPIC,
        e.KAFKA_PARTITION,
        e.KAFKA_OFFSET,
        COALESCE(TRY_PARSE_JSON(c.PAYLOAD), e.EVENT_DATA) AS SAYS
    FROM EVENTS e
    LEFT JOIN CORRECTED c
        ON e.KAFKA_TOPIC = c.KAFKA_TOPIC
        AND e.KAFKA_PARTITION = c.KAFKA_PARTITION
        AND e.KAFKA_OFFSET = c.KAFKA_OFFSET
    CROSS JOIN SINCE
    WHERE e.INGESTION_TIMESTAMP >= SINCE.MOMENT
),
UNREAD AS (
<unread>
)
SELECT
    COALESCE(SUM(CASE WHEN IN_RAW = 1 AND WAITS = 0 THEN 1 ELSE 0 END), 0) AS GIVEN_OUT,
    COALESCE(SUM(WAITS), 0) AS IN_FLIGHT,
<totals>,
    COALESCE(SUM(CASE WHEN WAITS = 0 AND PLACES = 0 THEN 1 ELSE 0 END), 0) AS MISSING,
    COALESCE(SUM(CASE WHEN PLACES > 1 THEN 1 ELSE 0 END), 0) AS TWICE,
    COALESCE(SUM(CASE WHEN WAITS = 1 AND PLACES > 0 THEN 1 ELSE 0 END), 0) AS TOO_EARLY,
    COALESCE(SUM(CASE WHEN IN_RAW = 0 THEN 1 ELSE 0 END), 0) AS UNFOUNDED,
    (SELECT COUNT(*) FROM UNREAD) AS UNREAD
FROM JUDGED
"""
STREAM = """
        SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, INGESTION_TIMESTAMP,
            '{stream}' AS CONSUMER
        FROM {{db}}.{stream}"""
TABLE = """
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, INGESTION_TIMESTAMP,
        '{name}' AS TABLE_NAME
    FROM {{db}}.{table}"""
UNREAD = """
    SELECT s.KAFKA_OFFSET
    FROM {{db}}.{table} s
    INNER JOIN SAID e
        ON s.KAFKA_TOPIC = e.KAFKA_TOPIC
        AND s.KAFKA_PARTITION = e.KAFKA_PARTITION
        AND s.KAFKA_OFFSET = e.KAFKA_OFFSET
    WHERE {lacks}"""
LACKS = "s.{column} IS NULL AND TRIM(COALESCE({values}, '')) <> ''"


def query(kinds: Kinds) -> str:
    names = {kind.staging: kind.staging.split(".")[1] for kind in kinds}
    places = [*names.values(), "REJECTED_EVENTS"]
    figures = {name: "REJECTED" if name == "REJECTED_EVENTS" else f"IN_{name}" for name in places}
    streams = dict.fromkeys(kind.stream for kind in kinds)
    parts = {
        "streams": union(STREAM.format(stream=each) for each in streams),
        "unknown": kinds.shown_in("PRODUCTION.ORDERS").stream,
        "tables": union(TABLE.format(name=names[each], table=each) for each in names),
        "sums": ",\n".join(
            f"        SUM(CASE WHEN p.TABLE_NAME = '{name}' THEN 1 ELSE 0 END) AS {figure}"
            for name, figure in figures.items()
        ),
        "figures": ",\n".join(
            f"        COALESCE(p.{figure}, 0) AS {figure}" for figure in figures.values()
        ),
        "totals": ",\n".join(
            f"    COALESCE(SUM({figure}), 0) AS {figure}" for figure in figures.values()
        ),
        "unread": union(UNREAD.format(table=kind.staging, lacks=lacks(kind)) for kind in kinds),
    }
    found = QUERY
    for mark, text in parts.items():
        found = found.replace(f"<{mark}>", text)
    return found


def lacks(kind: Kind) -> str:
    """Whether a row of STAGING has NULL in a column for which its event has a value."""
    conditions = []
    for field in kind.fields:
        values = ", ".join(f"e.SAYS:{name}::VARCHAR" for name in field.names)
        conditions.append(LACKS.format(column=field.staged, values=values))
    return "\n        OR ".join(conditions)


EVERY_ROW_IN_ONE_PLACE = Law(
    2,
    "each row in one place",
    "Every RAW row that the streams have given out is in exactly one table of STAGING or in"
    " REJECTED_EVENTS (STAGING, not retried), once; no column there is NULL for which its event has"
    " a value.",
    query,
    ("MISSING", "TWICE", "TOO_EARLY", "UNFOUNDED", "UNREAD"),
)
