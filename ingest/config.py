"""The settings of both programs: flags over environment over defaults, read once."""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.kafka.settings import addresses, loggable, read_settings

DEFAULT_FILE_MAX_BYTES = 16 * 1024 * 1024

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
    file_min_bytes: int
    file_max_bytes: int
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
            f" {self.batch_max_bytes} bytes; {self._files}; sign of life {sign};"
            f" offsets {self.offsets};"
            f" metrics {metrics};"
            f" Kafka client: {loggable(self.kafka)}"
        )

    @property
    def _files(self) -> str:
        if not self.file_max_bytes:
            return "no files"
        return f"files from {self.file_min_bytes} to {self.file_max_bytes} bytes"


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
        "--file-min-bytes",
        limit,
        "but where so many bytes of messages wait, as in a backlog, the batch is a file, uploaded"
        " and loaded by COPY INTO",
        type=whole(1),
    )
    flags.add(
        "--file-max-bytes",
        DEFAULT_FILE_MAX_BYTES,
        "of at most this; the ingester holds about twice as much; 0: no files",
        type=whole(0),
    )
    flags.add(
        "--sign-of-life-seconds",
        300.0,
        "while no event comes, INGEST_OFFSETS is written at this interval; 0: never, and then"
        " Snowflake alone cannot show that ingestion has stalled",
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


EPILOG = (
    "Every flag can be given in the environment too: --batch-max-events is CAVES_BATCH_MAX_EVENTS."
    " A flag wins over the environment. Settings of the Kafka client (SASL, TLS, timeouts) come"
    " from --kafka-config, a file as Java's clients and librdkafka have it, or from"
    " CAVES_KAFKA_<NAME>."
)


BROKER = "127.0.0.1:9092"


class Flags:
    """Adds flags to a parser, with their defaults from the environment."""

    def __init__(self, parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
        self._parser = parser
        self._environ = environ

    def add(
        self,
        flag: str,
        default: Any,
        help: str,
        type: Callable[[str], Any] = str,
        short: str | None = None,
        **more: Any,
    ) -> None:
        variable = variable_of(flag)
        note = "" if default is None else f" (default {default})"
        self._parser.add_argument(
            *([short] if short else []),
            flag,
            # argparse parses a default that is text as if it had been typed.
            default=self._environ.get(variable) or default,
            type=type,
            help=f"{help}{note} [{variable}]",
            **more,
        )


def variable_of(flag: str) -> str:
    return "CAVES_" + flag.removeprefix("--").replace("-", "_").upper()


def add_kafka_flags(flags: Flags) -> None:
    flags.add(
        "--bootstrap-servers",
        None,
        f"host:port of brokers, comma-separated (default: the settings', or {BROKER})",
        type=brokers,
    )
    flags.add("--topic", "sales_events", "the topic of the shop's events", type=topic_name)
    flags.add("--kafka-config", None, "file with settings of the Kafka client", metavar="FILE")


def add_log_level(flags: Flags) -> None:
    levels = ("debug", "info", "warning", "error")
    flags.add(
        "--log-level",
        "info",
        "how much to log",
        type=one_of(*levels),
        metavar=f"{{{','.join(levels)}}}",
    )


def brokers(text: str) -> str:
    """A type for the addresses of brokers."""
    try:
        return addresses(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def topic_name(text: str) -> str:
    """A name that Kafka allows for a topic."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", text, re.ASCII) or text in (".", ".."):
        raise argparse.ArgumentTypeError(
            f"{text!r} cannot be a topic: letters, digits, '.', '_' and '-' only, 249 at most"
        )
    return text


def with_kafka_settings(arguments: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The arguments, with the client's settings as `kafka` in place of the name of their file; a
    file that names brokers is as good as the flag. May raise WrongUse."""
    settings = read_settings(arguments.pop("kafka_config"), environ)
    in_file = settings.pop("bootstrap_servers", BROKER)
    servers = arguments.pop("bootstrap_servers") or in_file
    return {**arguments, "bootstrap_servers": servers, "kafka": settings}


def whole(minimum: int) -> Callable[[str], int]:
    """A type for whole numbers from `minimum` on."""

    def whole_number(text: str) -> int:
        value = integer(text)
        if value < minimum:
            raise argparse.ArgumentTypeError(f"{text} is less than {minimum}")
        return value

    return whole_number


def integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, such as 50") from None


def decimal(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, such as 2.5") from None


def days(text: str) -> int:
    """A type for a number of whole days, with its unit: 28d."""
    found = re.fullmatch(r"(\d{1,4})d", text, re.ASCII)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days, such as 28d")
    return int(found[1])


def port(text: str) -> int:
    """A port to listen on, or 0."""
    value = whole(0)(text)
    if value > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: they end at 65535")
    return value


def one_of(*words: str) -> Callable[[str], str]:
    """A type for one of a few words. argparse's own `choices` let the environment say anything."""

    def word(text: str) -> str:
        if text not in words:
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(words)}")
        return text

    return word


def at_least(minimum: float) -> Callable[[str], float]:
    """A type for numbers from `minimum` on."""

    def number(text: str) -> float:
        value = decimal(text)
        if not minimum <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not a number from {minimum:g} on")
        return value

    return number


def share(text: str) -> float:
    """A share between 0 and 1."""
    value = decimal(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1, such as 0.05")
    return value
