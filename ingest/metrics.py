"""What Prometheus may ask this ingester; where its package is missing, nothing."""

import contextlib
import time
from collections.abc import Iterator

from ingest.batch import Batch
from ingest.errors import Fatal

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
except ImportError:
    from ingest.optional import (  # type: ignore[assignment]  # it takes the same calls
        CollectorRegistry,
        Counter,
        Gauge,
        Histogram,
        start_http_server,
    )

BATCH_EVENTS = (1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 100_000)
LANES = ("bound", "file")
BATCH_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.events = Counter(
            "caves_ingest_events", "Messages written", ["outcome"], registry=registry
        )
        self.batches = Counter(
            "caves_ingest_batches",
            "Batches written: bound to a statement, or as a file",
            ["lane"],
            registry=registry,
        )
        self.batch_events = Histogram(
            "caves_ingest_batch_events",
            "Messages per batch",
            buckets=BATCH_EVENTS,
            registry=registry,
        )
        self.batch_seconds = Histogram(
            "caves_ingest_batch_seconds",
            "Seconds to write a batch",
            buckets=BATCH_SECONDS,
            registry=registry,
        )
        self.lag = Gauge(
            "caves_ingest_lag",
            "Offsets in the topic, not yet in the warehouse",
            ["partition"],
            registry=registry,
        )
        self.buffered = Gauge(
            "caves_ingest_buffered_events", "Messages polled, not yet written", registry=registry
        )
        self.last_commit = Gauge(
            "caves_ingest_last_commit_timestamp_seconds",
            "When a batch was last committed",
            registry=registry,
        )
        self.retries = Counter(
            "caves_ingest_retries", "Attempts that failed and will be repeated", registry=registry
        )
        self.fences_lost = Counter(
            "caves_ingest_fences_lost", "Batches given up to another ingester", registry=registry
        )
        for outcome in ("raw", "rejected"):
            self.events.labels(outcome)
        for lane in LANES:
            self.batches.labels(lane)

    def wrote(self, batch: Batch, seconds: float) -> None:
        self.events.labels("raw").inc(len(batch.raw_rows))
        self.events.labels("rejected").inc(len(batch.rejects))
        self.batches.labels("file" if batch.as_file else "bound").inc()
        self.batch_events.observe(len(batch.rows))
        self.batch_seconds.observe(seconds)
        self.last_commit.set(time.time())

    def set_lags(self, lags: dict[int, int]) -> None:
        for partition, lag in lags.items():
            self.lag.labels(str(partition)).set(lag)

    def forget_lags(self, partitions: set[int]) -> None:
        """Partitions that went to another ingester are no longer this one's to report."""
        for partition in partitions:
            with contextlib.suppress(KeyError):
                self.lag.remove(str(partition))

    @contextlib.contextmanager
    def served(self, host: str, port: int) -> Iterator[None]:
        """Answer on http://host:port/metrics while inside; port 0 serves nothing."""
        if not port:
            yield
            return
        try:
            server, thread = start_http_server(port, addr=host, registry=self.registry)
        except (OSError, ValueError) as error:
            # ValueError: a host that is no name at all.
            reason = getattr(error, "strerror", None) or str(error)
            raise Fatal(
                f"cannot serve metrics on {host}:{port}: {reason};"
                " choose another --metrics-port, or 0 for none"
            ) from error
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
