"""An ingester between a fake Kafka and a fake warehouse, and a clock that passes when told to."""

import threading
from collections.abc import Callable, Mapping

from ingest.batch import Sink
from ingest.loop import Ingester
from ingest.metrics import Metrics
from tests.ingest.fakes import NO_MESSAGE, ORDER, FakeClock, FakeConsumer, FakeSink, config


class IsolatedIngester:
    """Each poll passes half a second; the events of the script happen before the polls of those
    numbers, the stop before the last."""

    def __init__(
        self,
        log: dict[int, dict[int, bytes | None]],
        sink: FakeSink,
        *flags: str,
        instead: Sink | None = None,
    ):
        self.consumer = self.consumer_of(log)
        self.sink = sink
        self.clock = FakeClock()
        self.stop = threading.Event()
        self.metrics = Metrics()
        # The id of the topic, as the brokers tell it.
        self.topic_id: str | None = None
        # The places whose messages' timestamps the ingester has asked for.
        self.asked: list[dict[int, int]] = []
        self.ingester = Ingester(
            config(*flags),
            self.consumer,
            instead or sink,
            self.metrics,
            self.stop,
            self.clock,
            ask_id=self.ask_id,
            ask_timestamps=self.ask_timestamps,
        )

    def ask_id(self) -> str | None:
        return self.topic_id

    def ask_timestamps(self, offsets: Mapping[int, int]) -> dict[int, int]:
        """All messages of the fake Kafka are as old."""
        self.asked.append(dict(offsets))
        log = self.consumer.log
        return {
            each: 0
            for each, offset in offsets.items()
            if log[each].get(offset, NO_MESSAGE) != NO_MESSAGE
        }

    def consumer_of(self, log: dict[int, dict[int, bytes | None]]) -> FakeConsumer:
        return FakeConsumer(log)

    def run(self, polls: int = 20, **events: Callable[[], None]) -> None:
        happenings = {int(name.removeprefix("at_")): event for name, event in events.items()}
        happenings.setdefault(1, lambda: self.consumer.assign(self.consumer.log))
        count = 0

        def script() -> None:
            nonlocal count
            count += 1
            self.clock.now += 0.5
            happenings.get(count, lambda: None)()
            if count == polls:
                self.stop.set()

        self.consumer.script = script
        self.ingester.run()

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


def log_of(*offsets: int) -> dict[int, bytes | None]:
    return dict.fromkeys(offsets, ORDER)
