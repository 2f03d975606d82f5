"""Law 1: the messages of Kafka and what became of each."""

from app.caves.laws.law import Law

# Not every offset is a message: compaction removes some, and each Kafka transaction ends with a
# marker. The ingester counts in SKIPPED those that the broker had no message for, in the same
# transaction that moves NEXT_OFFSET; what is absent beyond that number is missing. A gap that an
# operator accepted is one row of REJECTED_EVENTS, and for the rest of its offsets in SKIPPED. A
# partition is judged from the first offset that it still has above its last purge (below that,
# single rows may be left); SKIPPED may then be of purged rows.
QUERY = """
WITH SINCE AS (SELECT CAST(? AS TIMESTAMP_NTZ) AS MOMENT),
PURGED AS (
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, MAX(TO_OFFSET) AS TO_OFFSET
    FROM (
        SELECT
            l.*,
            RANK() OVER (PARTITION BY KAFKA_TOPIC, KAFKA_PARTITION ORDER BY PURGED_AT DESC) AS AGE
        FROM {db}.OPS.RETENTION_LOG l
        WHERE TABLE_NAME = 'RAW_DATA.RAW_EVENTS_STREAM'
    ) each_purge
    WHERE AGE = 1
    GROUP BY KAFKA_TOPIC, KAFKA_PARTITION
),
MESSAGES AS (
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, 1 AS IN_RAW
    FROM {db}.RAW_DATA.RAW_EVENTS_STREAM CROSS JOIN SINCE
    WHERE INGESTION_TIMESTAMP >= SINCE.MOMENT
    UNION ALL
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, 0 AS IN_RAW
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
    WHERE p.TO_OFFSET IS NULL OR m.KAFKA_OFFSET > p.TO_OFFSET
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
    QUERY,
    ("MISSING", "TWICE", "BEYOND"),
)
