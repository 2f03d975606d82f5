"""kafka-python alone, with the ingester's settings: how fast can a topic be read at all?

python -m bench.kafka_reader SERVERS TOPIC EVENTS

It computes the checksums of what it reads in Python, unless it finds the package crc32c; the
figures say which.
"""

import json
import os
import sys
import time

from kafka import TopicPartition
from kafka.record import util

from ingest.kafka.clients import open_consumer
from ingest.kafka.settings import read_settings


def main() -> int:
    servers, topic, events = sys.argv[1], sys.argv[2], int(sys.argv[3])
    consumer = open_consumer(servers, "bench-reader", read_settings(None, os.environ))
    partitions = consumer.partitions_for_topic(topic) or set()
    consumer.assign([TopicPartition(topic, each) for each in partitions])
    consumer.seek_to_beginning()
    started, cpu, seen = time.monotonic(), time.process_time(), 0
    while seen < events:
        seen += sum(map(len, consumer.poll(timeout_ms=500).values()))
    figures = {
        "seconds": time.monotonic() - started,
        "cpu": time.process_time() - cpu,
        "checksums": "Python" if util.crc32c_c is None else "crc32c",
    }
    consumer.close(autocommit=False)
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
