"""Whatever form Kafka keeps a message in, it arrives as it was sent."""

import json
from typing import Any

import pytest

from tests.ingest.ingestion import PROMPT, Ingestion
from tests.kafka.topics import create, orders, producer

ONCE = (*PROMPT, "--idle-exit", "0.5")
COMPRESSIONS = ("gzip", "snappy", "lz4", "zstd")
LARGEST = 1_048_588  # message.max.bytes of a broker that is told nothing


def ingest(ingestion: Ingestion, *flags: str) -> None:
    process = ingestion.ingester(*ONCE, *flags)
    assert ingestion.left(process) == 0, process.log


def raw(ingestion: Ingestion, columns: str) -> list[Any]:
    sql = f"SELECT {columns} FROM RAW_DATA.RAW_EVENTS_STREAM WHERE KAFKA_TOPIC = ?"
    return ingestion.rows(f"{sql} ORDER BY KAFKA_PARTITION, KAFKA_OFFSET", ingestion.topic)


def test_all_compressions_and_none_are_read(kafka_ingestion: Ingestion) -> None:
    ingestion = kafka_ingestion
    create(ingestion.servers, ingestion.topic)
    for number, compression in enumerate((None, *COMPRESSIONS)):
        with producer(ingestion.servers, compression_type=compression, linger_ms=50) as opened:
            for value in orders(10 * number, 10 * number + 10):
                opened.send(ingestion.topic, value, partition=0)
    ingest(ingestion)
    assert raw(ingestion, "EVENT_ID") == [(f"E{number}",) for number in range(50)]
    assert ingestion.ingested() == ingestion.sent()


def test_keys_headers_and_times_are_kept(kafka_ingestion: Ingestion) -> None:
    """Null keys, headers of any bytes, times from 1970 to 2100, in RAW and among the rejects."""
    ingestion = kafka_ingestion
    create(ingestion.servers, ingestion.topic, message_timestamp_after_max_ms=2**63 - 1)
    times = [0, 1, 1_795_385_003_189, 4_102_444_799_999]
    headers = [("source", b"caf\xc3\xa9"), ("source", b"\xff"), ("", b"")]
    with producer(ingestion.servers) as opened:
        for moment, value in zip(times, orders(0, 4), strict=True):
            opened.send(ingestion.topic, value, partition=0, timestamp_ms=moment)
        for value in (*orders(4, 5), b"?"):
            opened.send(ingestion.topic, value, b"Ch\xc3\xa2teau", headers, 0, timestamp_ms=7)
    ingest(ingestion)
    kept = [json.loads(metadata) for (metadata,) in raw(ingestion, "KAFKA_METADATA")]
    plain = {"key": None, "timestamp_type": "CreateTime", "headers": []}
    assert kept[:4] == [{**plain, "timestamp": moment} for moment in times]
    full = {
        "key": "Ch\u00e2teau",
        "timestamp": 7,
        "timestamp_type": "CreateTime",
        "headers": [
            {"name": "source", "value": "caf\u00e9"},
            {"name": "source", "value": "/w==", "value_encoding": "base64"},
            {"name": "", "value": ""},
        ],
    }
    assert kept[4:] == [full]
    rejects = "SELECT KAFKA_METADATA FROM RAW_DATA.REJECTED_EVENTS WHERE KAFKA_TOPIC = ?"
    assert [json.loads(found) for (found,) in ingestion.rows(rejects, ingestion.topic)] == [full]


def test_the_brokers_time_is_kept_where_the_topic_wants_it(kafka_ingestion: Ingestion) -> None:
    ingestion = kafka_ingestion
    create(ingestion.servers, ingestion.topic, message_timestamp_type="LogAppendTime")
    with producer(ingestion.servers) as opened:
        opened.send(ingestion.topic, orders(0, 1)[0], partition=0, timestamp_ms=7)
    ingest(ingestion)
    [(metadata,)] = raw(ingestion, "KAFKA_METADATA")
    assert json.loads(metadata)["timestamp_type"] == "LogAppendTime"
    assert json.loads(metadata)["timestamp"] > 1_700_000_000_000


@pytest.mark.parametrize("limit", ["4194304", "100000"], ids=["within", "beyond"])
def test_messages_at_the_brokers_limit_are_taken_or_rejected_and_stop_nobody(
    kafka_ingestion: Ingestion, limit: str
) -> None:
    """Far more than the client fetches at a time from one partition, too."""
    ingestion = kafka_ingestion
    create(ingestion.servers, ingestion.topic)
    before, behind = b'{"event_type": "ORDER_CREATED", "text": "', b'"}'
    overhead = 80
    text = b"x" * (LARGEST - overhead - len(before) - len(behind))
    values = [before + text + behind] * 3
    with producer(ingestion.servers, max_request_size=2 * LARGEST, linger_ms=0) as opened:
        for value in (*orders(0, 1), *values, *orders(1, 2)):
            opened.send(ingestion.topic, value, partition=0)
            opened.flush()
    ingest(ingestion, "--batch-max-bytes", limit)
    assert ingestion.ingested() == [(0, each) for each in range(5)]
    assert len(raw(ingestion, "EVENT_ID")) == (5 if limit == "4194304" else 2)
