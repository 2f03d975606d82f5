"""Plays the shop: wine orders and stock adjustments into the topic, one a second by default.

    python -m ingest.producer --bootstrap-servers HOST:PORT --rate 5 --count 500

With --history 28d it plays a shop with a past: first what that sold in four weeks, as fast as it
goes, then what follows, at the rate.

Progress is on stderr; the last line, on stdout, is JSON with how many messages of each kind were
sent. Exit codes: 0 done or stopped, 1 failed, 2 wrong use.
"""

import sys

if not __package__:
    # Started as a plain script: the modules beside this one belong to the package `ingest`, and
    # their folder itself must not be searched, for it would hide other modules of the same names.
    from pathlib import Path

    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
import contextlib
import itertools
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaProducer
from kafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    KafkaTimeoutError,
    TopicAuthorizationFailedError,
)

from ingest.config import (
    EPILOG,
    Flags,
    add_kafka_flags,
    add_log_level,
    at_least,
    days,
    integer,
    share,
    whole,
    with_kafka_settings,
)
from ingest.errors import Fatal, IngestError, WrongUse
from ingest.kafka.clients import create_topic, open_producer
from ingest.kafka.settings import loggable
from ingest.process import (
    Stop,
    Stopped,
    harmless,
    set_up_logging,
    stopped_by_signals,
    write_result,
)
from ingest.shop.generator import Counts, Produced, Shares, Shop
from ingest.shop.history import SeasonedShop

log = logging.getLogger("ingest.producer")

PROGRESS_SECONDS = 5.0
FLUSH_SECONDS = 30.0
# The same after a signal, whose sender has less patience.
STOP_SECONDS = 5.0
# How long one message may wait for the brokers.
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class ProducerConfig:
    bootstrap_servers: str
    topic: str
    partitions: int
    rate: float
    count: int
    history: int | None
    seed: int | None
    duplicate_share: float
    late_share: float
    bad_share: float
    legacy_share: float
    log_level: str
    kafka: Mapping[str, Any] = field(default_factory=dict, repr=False)


def parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="ingest.producer",
        description="Play the shop: wine orders and stock adjustments into the topic.",
        epilog=EPILOG,
    )
    flags = Flags(result, environ)
    add_kafka_flags(flags)
    flags.add("--partitions", 6, "partitions of the topic, if it has to be created", type=whole(1))
    flags.add("--rate", 1.0, "messages per second, 0: as fast as possible", type=at_least(0))
    flags.add(
        "--count",
        0,
        "leave after this many messages (behind those of a history), 0: never",
        type=whole(0),
    )
    flags.add("--history", None, "first what was sold in so many days (28d)", type=days)
    flags.add("--seed", None, "the same seed gives the same shop (default: any)", type=integer)
    flags.add("--duplicate-share", 0.0, "share of messages sent a second time", type=share)
    flags.add("--late-share", 0.0, "share of events sent behind later ones", type=share)
    flags.add("--bad-share", 0.0, "share of messages that must be rejected", type=share)
    flags.add("--legacy-share", 0.0, "share of events in the first producer's form", type=share)
    add_log_level(flags)
    return result


def read_config(argv: Sequence[str], environ: Mapping[str, str]) -> ProducerConfig:
    arguments = vars(parser(environ).parse_args(argv))
    config = ProducerConfig(**with_kafka_settings(arguments, environ))
    for name, needed in (("acks", -1), ("enable_idempotence", True)):
        if config.kafka.get(name, needed) != needed:
            raise WrongUse(f"{name}={config.kafka[name]} would lose or repeat messages")
    if config.duplicate_share + config.bad_share > 1:
        raise WrongUse("--duplicate-share and --bad-share together are more than 1")
    return config


def stream(
    shop: Shop, count: int, now: Callable[[], datetime], stopped: Callable[[], bool]
) -> Iterator[Produced]:
    """`count` messages of the shop (0: until stopped), those that were held back included."""
    sent = 0
    while not stopped() and (not count or sent + shop.held < count):
        may_hold = not count or sent + shop.held + 1 < count
        yield shop.next_message(now(), may_hold)
        sent += 1
    yield from shop.held_back()


def produce(
    messages: Iterator[Produced],
    producer: KafkaProducer,
    config: ProducerConfig,
    stop: threading.Event,
    counts: Counts,
    rate: float,
) -> None:
    """Send all messages, at this rate per second (0: as fast as possible) until `stop` is set, and
    count them; all are acknowledged."""
    sent_before = counts.messages
    failures: list[BaseException] = []
    started = next_progress = time.monotonic()
    for produced in messages:
        if not _send(producer, config.topic, produced, failures, stop):
            break
        counts.add(produced)
        now = time.monotonic()
        if now >= next_progress:
            log.info("%d messages sent, %d of them orders", counts.messages, counts.orders)
            next_progress = now + PROGRESS_SECONDS
        if failures:
            break
        if rate:
            stop.wait(max(0.0, started + (counts.messages - sent_before) / rate - now))
    patience = STOP_SECONDS if stop.is_set() else FLUSH_SECONDS
    try:
        producer.flush(timeout=patience)
    except KafkaTimeoutError:
        failures.append(KafkaTimeoutError(f"no acknowledgement within {patience:g} s"))
    except KafkaError as error:
        failures.append(error)
    if failures:
        raise refused(failures[0])


def refused(error: BaseException) -> Fatal:
    text = " ".join(str(error).split()) or type(error).__name__
    # Brokers refuse an id to a producer that may write to no topic at all, and whichever of the two
    # answers comes first ends it. This one the client raises by its name alone.
    denied = isinstance(error, TopicAuthorizationFailedError) or (
        ClusterAuthorizationFailedError.__name__ in text
    )
    advice = "; allow this user to WRITE to the topic" if denied else ""
    return Fatal(f"Kafka did not take all messages: {text}{advice}")


def _send(
    producer: KafkaProducer,
    topic: str,
    produced: Produced,
    failures: list[BaseException],
    stop: threading.Event,
) -> bool:
    """Hand the message to the client, once it knows the topic and has room for it; False if it
    never did, because of a failure or of a signal."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            sent = producer.send(topic, key=produced.key, value=produced.value)
        except KafkaTimeoutError as error:
            if stop.is_set():
                return False
            if time.monotonic() > deadline:
                failures.append(error)
                return False
        except KafkaError as error:
            failures.append(error)
            return False
        else:
            sent.add_errback(failures.append)
            return True


def run(config: ProducerConfig, stop: Stop) -> Counts:
    seed = secrets.randbits(32) if config.seed is None else config.seed
    log.info(
        "started: topic %s at %s, %s messages, %s, seed %d; Kafka client: %s",
        config.topic,
        config.bootstrap_servers,
        config.count or "endless",
        f"{config.rate:g} per second" if config.rate else "as fast as possible",
        seed,
        loggable(config.kafka),
    )
    with stop.interruptible():
        if create_topic(config.bootstrap_servers, config.topic, config.partitions, config.kafka):
            log.info("created the topic %s with %d partitions", config.topic, config.partitions)
        producer = open_producer(config.bootstrap_servers, config.kafka)
    shares = Shares(
        config.duplicate_share, config.late_share, config.bad_share, config.legacy_share
    )
    counts = Counts()
    shop = SeasonedShop(seed, shares) if config.history else Shop(seed, shares)
    try:
        if config.history and isinstance(shop, SeasonedShop):
            past = shop.past(config.history, datetime.now(UTC))
            past = itertools.takewhile(lambda _: not stop.is_set(), past)
            produce(past, producer, config, stop, counts, 0)
            log.info("sent %d days of history: %d messages", config.history, counts.messages)
        messages = stream(shop, config.count, lambda: datetime.now(UTC), stop.is_set)
        produce(messages, producer, config, stop, counts, config.rate)
        return counts
    finally:
        # What it could not send has been said.
        with contextlib.suppress(KafkaError):
            producer.close(timeout=0)


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    try:
        config = read_config(sys.argv[1:] if argv is None else argv, environ)
        set_up_logging(config.log_level)
        with stopped_by_signals() as stop:
            counts = run(config, stop)
    except WrongUse as error:
        sys.stderr.write(f"producer: {harmless(str(error))}\n")
        return 2
    except IngestError as error:
        log.error("%s", error)
        return 1
    except Stopped:
        counts = Counts()
    log.info("left after %d messages", counts.messages)
    return write_result(counts.as_json())


if __name__ == "__main__":
    sys.exit(main())
