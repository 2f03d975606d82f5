"""Kafka clients as this package needs them. The only place that makes them."""

import base64
import contextlib
import logging
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.errors import (
    AuthorizationError,
    CorruptRecordError,
    GroupAuthorizationFailedError,
    InvalidTopicError,
    KafkaConfigurationError,
    KafkaError,
    LogTruncationError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
)

from ingest.errors import Fatal, IngestError, NoBroker, Transient, WrongUse
from ingest.kafka import fixes
from ingest.kafka.reach import reach, tls_context
from ingest.messages import known_timestamp

log = logging.getLogger(__name__)

BOOTSTRAP_MS = 10_000
# How long the producer keeps its caller waiting for the brokers, at a time.
BLOCK_MS = 500
ASSIGNORS = {
    each.name: each
    for each in (
        RangePartitionAssignor,
        RoundRobinPartitionAssignor,
        StickyPartitionAssignor,
        CooperativeStickyAssignor,
    )
}
# How long a single question to the brokers may take.
CALL_MS = 10_000
# How long the question for the topic's id may take: an ingester that leaves waits for it.
ASK_MS = 5_000
# Bounds what the client holds besides the buffer: one answer in hand, one on its way.
FETCH_MAX_BYTES = 8 * 1024 * 1024


def open_consumer(servers: str, group: str | None, settings: Mapping[str, Any]) -> KafkaConsumer:
    """A consumer that never decides on a position by itself: INGEST_OFFSETS does."""
    return open_client(
        KafkaConsumer,
        servers,
        {
            "fetch_max_bytes": FETCH_MAX_BYTES,
            # New partitions are found so soon, and a broker that is back again. The client's own
            # are 5 minutes and 30 seconds.
            "metadata_max_age_ms": 30_000,
            "reconnect_backoff_max_ms": 5_000,
            **settings,
            **_assignors(settings),
            # Messages of transactions that were aborted are no events.
            "isolation_level": "read_committed",
            "group_id": group,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "allow_auto_create_topics": False,
        },
    )


def _assignors(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The client's own form of partition_assignment_strategy, if that is set."""
    name = "partition_assignment_strategy"
    if name not in settings:
        return {}
    return {name: tuple(ASSIGNORS[each] for each in settings[name].split(","))}


class Producer(KafkaProducer):
    """Ends by `close` alone, which is its owner's affair: with messages that cannot be sent, the
    client's end by itself prints a traceback."""

    def __del__(self) -> None:
        pass


def open_producer(servers: str, settings: Mapping[str, Any]) -> KafkaProducer:
    """A producer whose messages arrive once, in order, whatever is sent again on the way."""
    return open_client(
        Producer,
        servers,
        {
            "linger_ms": 5,
            **settings,
            "enable_idempotence": True,
            # It is asked again, so that a signal is heard meanwhile.
            "max_block_ms": BLOCK_MS,
            "allow_auto_create_topics": False,
        },
    )


def create_topic(servers: str, topic: str, partitions: int, settings: Mapping[str, Any]) -> bool:
    """Create the topic with the broker's own replication; False if it is there already."""
    admin = open_client(KafkaAdminClient, servers, settings)
    with contextlib.closing(admin):
        try:
            if topic in admin.list_topics():
                return False
            admin.create_topics({topic: {"num_partitions": partitions}}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            return False
        except AuthorizationError as error:
            raise Fatal(
                f"cannot create the topic {topic!r}: {_one_line(error)}; allow this user to WRITE"
                " to it, which shows it that it is there, or to CREATE it"
            ) from error
        except KafkaError as error:
            raise Fatal(f"cannot create the topic {topic!r}: {_one_line(error)}") from error
    return True


# What the operator can do about an error of the brokers.
WHAT_TO_DO: dict[type[KafkaError], str] = {
    TopicAuthorizationFailedError: "allow this user to READ and DESCRIBE the topic",
    GroupAuthorizationFailedError: "allow this user to READ the group (--group)",
    InvalidTopicError: "--topic must name a topic as Kafka allows it",
    LogTruncationError: "the brokers have lost messages that were read already (an unclean election"
    " of a leader), and new ones may have got their offsets; start again to read on behind them",
    CorruptRecordError: "the broker's copy of this partition is damaged; see the broker's log",
}


def forget_group(servers: str, group: str, settings: Mapping[str, Any]) -> str:
    """Ask for the deletion of the group, which some brokers refuse while it has members; the
    answer."""
    try:
        with contextlib.closing(open_client(KafkaAdminClient, servers, settings)) as admin:
            return str(admin.delete_groups([group])[group])
    except (KafkaError, IngestError) as error:
        return str(error)


class TopicId:
    """Asks the brokers which topic stands behind a name: an id that is given once.

    It asks on connections of its own: on the consumer's, a question would wait for the fetch that
    waits for messages.
    """

    def __init__(self, servers: str, topic: str, settings: Mapping[str, Any]) -> None:
        self._servers = servers
        self._topic = topic
        patience = {"request_timeout_ms": ASK_MS, "bootstrap_timeout_ms": ASK_MS}
        self._settings = {**settings, **patience}
        self._admin: Any = None

    def ask(self) -> str | None:
        """The id as Kafka's tools show it; None where the brokers give none (Kafka before 2.8) or
        have no such topic. Raises NoBroker, and Fatal for a topic that this user may not see."""
        try:
            if self._admin is None:
                self._admin = open_client(KafkaAdminClient, self._servers, self._settings)
            [found] = self._admin.describe_topics([self._topic])
            if found["error_code"] == TopicAuthorizationFailedError.errno:
                raise TopicAuthorizationFailedError(self._topic)
        except TopicAuthorizationFailedError as error:
            raise translate(error, "asking for the topic's id") from error
        except (KafkaError, IngestError) as error:
            self.close()
            raise NoBroker(f"asking for the topic's id: {_one_line(error)}") from error
        given = uuid.UUID(str(found.get("topic_id") or uuid.UUID(int=0)))
        if found["error_code"] or not given.int:
            return None
        return base64.urlsafe_b64encode(given.bytes).decode().rstrip("=")

    def check(self) -> None:
        """Raise Fatal for a topic that this user may not see: a consumer would wait for it, and
        say nothing."""
        with contextlib.suppress(Transient):
            self.ask()

    def close(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            with contextlib.suppress(KafkaError):
                admin.close()


def timestamps_at(
    servers: str, topic: str, settings: Mapping[str, Any], offsets: Mapping[int, int]
) -> dict[int, int]:
    """The timestamps, in ms, of the messages at these offsets ({partition: offset}), without those
    where there is no message, or none with a timestamp. Raises NoBroker where no answer comes in
    time.

    It asks with a consumer of its own, outside of any group, one partition at a time: an answer for
    several may be full before it comes to the last.
    """
    doing = "asking for the message at the last offset"
    own = {"group_instance_id": None, "max_poll_records": 1, "bootstrap_timeout_ms": ASK_MS}
    found: dict[int, int] = {}
    try:
        with contextlib.closing(open_consumer(servers, None, {**settings, **own})) as consumer:
            for partition, offset in sorted(offsets.items()):
                timestamp = _timestamp_at(consumer, TopicPartition(topic, partition), offset)
                if timestamp is not None:
                    found[partition] = timestamp
    except KafkaError as error:
        raise translate(error, doing) from error
    except IngestError as error:
        raise NoBroker(f"{doing}: {_one_line(error)}") from error
    return found


def _timestamp_at(consumer: Any, partition: TopicPartition, offset: int) -> int | None:
    consumer.assign([partition])
    consumer.seek(partition, offset)
    deadline = time.monotonic() + ASK_MS / 1000
    while time.monotonic() < deadline:
        try:
            polled = consumer.poll(timeout_ms=BLOCK_MS)
        except OffsetOutOfRangeError:
            return None
        for records in polled.values():
            there = records[0]
            return known_timestamp(there.timestamp) if there.offset == offset else None
        if consumer.highwater(partition) is not None:
            # An answer has come, and there was no message in it.
            return None
    raise NoBroker(f"no answer for partition {partition.partition} in {ASK_MS / 1000:.0f} s")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def translate(error: KafkaError, doing: str) -> IngestError:
    """The error of this package for one of the Kafka client, met while `doing` something."""
    text = f"{doing}: {_one_line(error)}"
    if error.retriable:
        return Transient(text)
    advice = WHAT_TO_DO.get(type(error))
    return Fatal(f"{text}; {advice}" if advice else text)


def open_client(client: Any, servers: str, settings: Mapping[str, Any]) -> Any:
    """Make the client, connected, with those of the settings that it knows. Raises WrongUse for
    settings that it refuses, Fatal with the reason where no broker can be reached."""
    fixes.install()
    addresses = [each.strip() for each in servers.split(",")]
    patience_ms = settings.get("bootstrap_timeout_ms", BOOTSTRAP_MS)
    deadline = time.monotonic() + patience_ms / 1000
    settings = {**settings, "ssl_context": tls_context(settings)}
    reach(addresses, settings, deadline)
    known = {name: value for name, value in settings.items() if name in client.DEFAULT_CONFIG}
    known["bootstrap_timeout_ms"] = max(1000, int((deadline - time.monotonic()) * 1000))
    with _logged_reasons() as reasons:
        try:
            return client(**{**known, "bootstrap_servers": addresses})
        except (KafkaConfigurationError, ValueError, AssertionError) as error:
            raise WrongUse(f"the Kafka client refuses its settings: {_one_line(error)}") from error
        except (KafkaError, OSError, _Lasting) as error:
            reason = reasons[-1] if reasons else _one_line(error)
            text = f"cannot use Kafka at {servers}: {reason}"
            hint = _hint(reason, settings)
            raise Fatal(f"{text}; {hint}" if hint else text) from error


# What the client tries again and again, although no time will heal it.
LASTING = {
    "SaslAuthenticationFailedError": "user or password is wrong (sasl_plain_username, _password)",
    "IllegalSaslStateError": "that port takes no SASL, and security_protocol says so",
    "UnsupportedSaslMechanismError": "that port wants another sasl_mechanism",
}
_REASON = re.compile(
    r"^Bootstrap (?:connection|attempt) to \S+ failed: (.*) \(backoff [\d.]+ secs\)$"
)


class _Lasting(Exception):
    """Raised through the client, to end its attempts."""


def _hint(reason: str, settings: Mapping[str, Any]) -> str | None:
    for name, hint in LASTING.items():
        if name in reason:
            return hint
    # A broker that wants a user ends the connection of who sends none.
    asked = settings.get("security_protocol", "PLAINTEXT").startswith("SASL")
    if "disconnected" in reason and not asked:
        return "does that port want a user (security_protocol SASL_PLAINTEXT or SASL_SSL)?"
    return None


class _Collector(logging.Handler):
    """Collects the reasons that the client writes only to its log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.reasons: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        found = _REASON.match(record.getMessage())
        if not found:
            return
        self.reasons.append(" ".join(found[1].split()))
        if any(name in found[1] for name in LASTING):
            raise _Lasting


@contextlib.contextmanager
def _logged_reasons() -> Iterator[list[str]]:
    """Within the block the client's log is silent, and its reasons are in the list: its many lines
    come to one."""
    chatter, teller = logging.getLogger("kafka"), logging.getLogger("kafka.net.manager")
    collector = _Collector()
    before = chatter.level, teller.level, teller.propagate
    chatter.setLevel(logging.CRITICAL)
    teller.setLevel(logging.WARNING)
    teller.propagate = False
    teller.addHandler(collector)
    try:
        yield collector.reasons
    finally:
        teller.removeHandler(collector)
        chatter.setLevel(before[0])
        teller.setLevel(before[1])
        teller.propagate = before[2]
