"""In prometheus_client's place where it is missing: takes what `metrics` counts, and forgets it."""

import threading
from typing import Any


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
    """No server: nobody listens on the port."""
    thread = threading.Thread(target=lambda: None)
    thread.start()
    return Nothing(), thread
