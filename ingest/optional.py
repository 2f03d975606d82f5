"""Optional packages, and what their absence costs. The ingester needs only Kafka's client and
Snowflake's connector; `pip install .[ingest]` brings these as well."""

import threading
from importlib.util import find_spec
from typing import Any

COSTS = {
    "isal": "requests are compressed by zlib, which takes thirty times as long on a backlog",
    "crc32c": "checksums of messages are computed in Python, most of Kafka's client's time",
    "lz4": "messages that are compressed with lz4 cannot be read",
    "snappy": "messages that are compressed with snappy cannot be read",
    "zstandard": "messages that are compressed with zstd cannot be read",
    "prometheus_client": "there are no metrics",
    "pyarrow": "a backlog is bound to statements, a few MB each, and not uploaded as files",
}


def missing() -> list[str]:
    """'isal (what its absence costs)', for each package that is not there."""
    return [f"{name} ({cost})" for name, cost in COSTS.items() if find_spec(name) is None]


class Nothing:
    """A registry, a counter, a gauge, a histogram, a server."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        pass

    def labels(self, *values: str) -> "Nothing":
        return self

    def inc(self, value: float = 1) -> None:
        pass

    set = observe = inc

    def remove(self, *labels: str) -> None:
        pass

    def shutdown(self) -> None:
        pass

    server_close = shutdown


CollectorRegistry = Counter = Gauge = Histogram = Nothing


def start_http_server(*arguments: Any, **settings: Any) -> tuple[Nothing, threading.Thread]:
    """No server: the port stays closed."""
    thread = threading.Thread(target=lambda: None)
    thread.start()
    return Nothing(), thread
