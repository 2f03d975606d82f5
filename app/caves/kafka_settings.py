"""Settings of the Kafka client beyond the brokers' addresses: the ingester's own, read by it."""

from collections.abc import Mapping
from typing import Any

from app.caves.errors import UsageError


def read_settings(path: str | None, environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings of the file, or of the one that CAVES_KAFKA_CONFIG names, and of the
    environment."""
    # Imported here: only who asks for a topic's end needs a Kafka client.
    try:
        from ingest import errors
        from ingest.kafka import settings
    except ModuleNotFoundError:
        raise UsageError("--bootstrap-servers needs kafka-python, which is not installed") from None
    try:
        return settings.read_settings(path or environ.get(settings.FILE_VARIABLE), environ)
    except errors.WrongUse as error:
        raise UsageError(str(error)) from error
