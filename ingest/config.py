"""The ingester's configuration: flags over environment over defaults, read once."""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.flags import (
    EPILOG,
    Flags,
    add_kafka_flags,
    add_log_level,
    at_least,
    one_of,
    port,
    whole,
    with_kafka_settings,
)
from ingest.kafka_settings import shown

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*", re.ASCII)


@dataclass(frozen=True)
class IngesterConfig:
    bootstrap_servers: str
    topic: str
    group: str
    connection: str | None
    database: str
    batch_max_events: int
    batch_max_seconds: float
    batch_max_bytes: int
    sign_of_life_seconds: float
    offsets: str
    idle_exit: float
    metrics_port: int
    metrics_host: str
    log_level: str
    kafka: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        """The start-up line: everything but secrets."""
        metrics = f"{self.metrics_host}:{self.metrics_port}" if self.metrics_port else "off"
        every = self.sign_of_life_seconds
        sign = f"every {every:g} s" if every else "off"
        return (
            f"topic {self.topic} at {self.bootstrap_servers} as group {self.group}"
            f" -> database {self.database} by connection {self.connection or '(default)'};"
            f" batches of {self.batch_max_events} events, {self.batch_max_seconds:g} s,"
            f" {self.batch_max_bytes} bytes; sign of life {sign}; offsets {self.offsets};"
            f" metrics {metrics};"
            f" Kafka client: {shown(self.kafka)}"
        )


def parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="ingest.ingester",
        description="Write the shop's events from Kafka into Snowflake, each exactly once.",
        epilog=EPILOG,
    )
    flags = Flags(result, environ)
    add_kafka_flags(flags)
    flags.add("--group", "caves-ingester", "the consumer group that shares the partitions")
    flags.add("--connection", None, "named connection of connections.toml", short="-c")
    flags.add("--database", "CAVES_ALBERT_DB", "the database", type=identifier)
    flags.add("--batch-max-events", 50, "a batch is due at this many events", type=whole(1))
    flags.add("--batch-max-seconds", 60.0, "or this long after its first", type=at_least(0))
    # Snowflake advises to keep a statement with its binds below about 1 MB once compressed, and
    # events compress about eightfold.
    limit = 4 * 1024 * 1024
    flags.add("--batch-max-bytes", limit, "and is never larger than this", type=whole(1024))
    flags.add(
        "--sign-of-life-seconds",
        300.0,
        "while nothing comes, INGEST_OFFSETS is written so often, 0: never, and then Snowflake"
        " alone does not tell that nothing arrives",
        type=at_least(0),
    )
    flags.add(
        "--offsets",
        "resume",
        "what to do where the stored offset is no longer in the topic: stop, or go on from the"
        " topic's start and log the gap",
        type=one_of("resume", "reset"),
        metavar="{resume,reset}",
    )
    flags.add("--idle-exit", 0.0, "leave when nothing came for SECONDS, 0: never", type=at_least(0))
    flags.add("--metrics-port", 8000, "port for Prometheus, 0: no metrics", type=port)
    flags.add("--metrics-host", "127.0.0.1", "address to serve metrics on")
    add_log_level(flags)
    return result


def read_config(argv: Sequence[str], environ: Mapping[str, str]) -> IngesterConfig:
    """The configuration. A mistake in a flag ends the program with 2, one elsewhere is WrongUse."""
    arguments = vars(parser(environ).parse_args(argv))
    return IngesterConfig(**with_kafka_settings(arguments, environ))


def identifier(text: str) -> str:
    """A plain SQL identifier: the one thing that is put into SQL text, so nothing else passes."""
    if not _IDENTIFIER.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a plain SQL identifier")
    return text
