"""Law 1: the messages of Kafka and what became of each."""

from app.caves.laws.law import Law

# Not every offset is a message: compaction removes some, and each Kafka transaction ends with a
# marker. The ingester counts in SKIPPED those that the broker had no message for, in the same
# transaction that moves NEXT_OFFSET; what is absent beyond that number is missing. A gap that an
# operator accepted is one row of REJECTED_EVENTS, and for the rest of its offsets in SKIPPED. A
# partition is judged from the first offset that it still has above its last purge (below that,
# single rows may be left); SKIPPED may then be of purged rows. A topic that was created anew counts
# from 0 again: it is judged from then on, which the row of its gap tells, by having no offset.
QUERY = """
WITH SINCE AS (SELECT CAST(? AS TIMESTAMP_NTZ) AS MOMENT),
RECREATED AS (
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, MAX(REJECTED_AT) AS MOMENT
    FROM {db}.RAW_DATA.REJECTED_EVENTS
    WHERE STAGE = 'INGEST' AND KAFKA_OFFSET IS NULL
    GROUP BY KAFKA_TOPIC, KAFKA_PARTITION
),
PURGED AS (
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, MAX(TO_OFFSET) AS TO_OFFSET
    FROM (
        SELECT
            l.KAFKA_TOPIC,
            l.KAFKA_PARTITION,
            l.TO_OFFSET,
            RANK() OVER (
                PARTITION BY l.KAFKA_TOPIC, l.KAFKA_PARTITION ORDER BY l.PURGED_AT DESC
            ) AS AGE
        FROM {db}.OPS.RETENTION_LOG l
        LEFT JOIN RECREATED r
            ON l.KAFKA_TOPIC = r.KAFKA_TOPIC AND l.KAFKA_PARTITION = r.KAFKA_PARTITION
        WHERE l.TABLE_NAME = 'RAW_DATA.RAW_EVENTS_STREAM'
            AND (r.MOMENT IS NULL OR l.INGESTED_BEFORE > r.MOMENT)
    ) each_purge
    WHERE AGE = 1
    GROUP BY KAFKA_TOPIC, KAFKA_PARTITION
),
MESSAGES AS (
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, INGESTION_TIMESTAMP AS CAME, 1 AS IN_RAW
    FROM {db}.RAW_DATA.RAW_EVENTS_STREAM CROSS JOIN SINCE
    WHERE INGESTION_TIMESTAMP >= SINCE.MOMENT
    UNION ALL
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, REJECTED_AT AS CAME, 0 AS IN_RAW
    FROM {db}.RAW_DATA.REJECTED_EVENTS CROSS JOIN SINCE
    WHERE STAGE = 'INGEST' AND KAFKA_OFFSET IS NOT NULL AND REJECTED_AT >= SINCE.MOMENT
),
PARTITIONS AS (
    SELECT
        m.KAFKA_TOPIC,
        m.KAFKA_PARTITION,
        MAX(o.NEXT_OFFSET) AS NEXT_OFFSET,
        COALESCE(MAX(o.SKIPPED), 0) AS SKIPPED,
        MIN(m.KAFKA_OFFSET) AS FIRST_OFFSET,
        SUM(m.IN_RAW) AS IN_RAW,
        COUNT(*) - SUM(m.IN_RAW) AS REJECTED,
        COUNT(*) - COUNT(DISTINCT m.KAFKA_OFFSET) AS TWICE,
        COUNT(DISTINCT CASE WHEN m.KAFKA_OFFSET < o.NEXT_OFFSET THEN m.KAFKA_OFFSET END) AS BELOW,
        COUNT(CASE WHEN o.NEXT_OFFSET IS NULL OR m.KAFKA_OFFSET >= o.NEXT_OFFSET THEN 1 END)
            AS BEYOND
    FROM MESSAGES m
    LEFT JOIN {db}.RAW_DATA.INGEST_OFFSETS o
        ON m.KAFKA_TOPIC = o.TOPIC AND m.KAFKA_PARTITION = o.PARTITION
    LEFT JOIN PURGED p
        ON m.KAFKA_TOPIC = p.KAFKA_TOPIC AND m.KAFKA_PARTITION = p.KAFKA_PARTITION
    LEFT JOIN RECREATED r
        ON m.KAFKA_TOPIC = r.KAFKA_TOPIC AND m.KAFKA_PARTITION = r.KAFKA_PARTITION
    WHERE (p.TO_OFFSET IS NULL OR m.KAFKA_OFFSET > p.TO_OFFSET)
        AND (r.MOMENT IS NULL OR m.CAME >= r.MOMENT)
    GROUP BY m.KAFKA_TOPIC, m.KAFKA_PARTITION
)
SELECT
    COUNT(*) AS PARTITIONS,
    COALESCE(SUM(IN_RAW), 0) AS IN_RAW,
    COALESCE(SUM(REJECTED), 0) AS REJECTED,
    COALESCE(SUM(SKIPPED), 0) AS SKIPPED,
    COALESCE(SUM(GREATEST(NEXT_OFFSET - FIRST_OFFSET - BELOW - SKIPPED, 0)), 0) AS MISSING,
    COALESCE(SUM(TWICE), 0) AS TWICE,
    COALESCE(SUM(BEYOND), 0) AS BEYOND
FROM PARTITIONS
"""

EVERY_MESSAGE_ONCE = Law(
    1,
    "each message once",
    "Per Kafka partition, every message below NEXT_OFFSET is in exactly one of"
    " RAW_EVENTS_STREAM and REJECTED_EVENTS (INGEST), once.",
    lambda kinds: QUERY,
    ("MISSING", "TWICE", "BEYOND"),
)
