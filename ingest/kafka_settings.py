"""Settings of the Kafka client beyond the flags: security, timeouts, sizes.

They come from a file of `name=value` lines (Java's dotted names are taken as well, so a
client.properties file mostly works) and from the environment, where CAVES_KAFKA_SASL_PLAIN_PASSWORD
sets sasl_plain_password. The environment wins. One file serves producer and ingester: each takes
the settings that its client knows.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer

from ingest.errors import WrongUse

PREFIX = "CAVES_KAFKA_"
FILE_VARIABLE = "CAVES_KAFKA_CONFIG"

# Each of these has a flag of its own, or exactly-once rests on it.
RESERVED = frozenset(
    {
        "allow_auto_create_topics",
        "auto_offset_reset",
        "bootstrap_servers",
        "consumer_timeout_ms",
        "enable_auto_commit",
        "group_id",
        "isolation_level",
        "key_deserializer",
        "key_serializer",
        "transactional_id",
        "value_deserializer",
        "value_serializer",
    }
)
# Numbers whose default is None, which does not tell their type.
WHOLE_NUMBERS = frozenset({"receive_buffer_bytes", "send_buffer_bytes"})
# Texts that may be shown. What is not here, of today's clients or of tomorrow's, may be a secret: a
# proxy's URL holds its password.
NO_SECRETS = frozenset(
    {
        "client_dns_lookup",
        "client_id",
        "client_rack",
        "compression_type",
        "group_instance_id",
        "isolation_level",
        "sasl_kerberos_domain_name",
        "sasl_kerberos_name",
        "sasl_kerberos_service_name",
        "sasl_mechanism",
        "sasl_plain_username",
        "security_protocol",
        "ssl_cafile",
        "ssl_certfile",
        "ssl_ciphers",
        "ssl_crlfile",
        "ssl_keyfile",
    }
)
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

_DEFAULTS: dict[str, Any] = {
    name: default
    for name, default in {**KafkaProducer.DEFAULT_CONFIG, **KafkaConsumer.DEFAULT_CONFIG}.items()
    if default is None or isinstance(default, str | int | float)
}


def read_settings(path: str | None, environ: Mapping[str, str]) -> dict[str, Any]:
    """All settings, typed. Raises WrongUse for a file, name or value that makes no sense."""
    settings = _from_file(path) if path else {}
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and variable != FILE_VARIABLE:
            name = variable.removeprefix(PREFIX).lower()
            settings[name] = _typed(name, value, f"the environment ({variable})")
    return settings


def shown(settings: Mapping[str, Any]) -> str:
    """The settings as text that may be logged: numbers, and texts of which it is known that they
    are no secrets."""
    pairs = (f"{name}={_shown(name, value)}" for name, value in sorted(settings.items()))
    return " ".join(pairs) or "defaults"


def _shown(name: str, value: Any) -> str:
    if isinstance(value, int | float) or name in NO_SECRETS:
        return str(value)
    return "***"


def _from_file(path: str) -> dict[str, Any]:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"cannot read the Kafka settings in {path!r}: {error}") from error
    settings = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "!")):
            continue
        name, sign, value = stripped.partition("=")
        where = f"{path}, line {number}"
        if not sign:
            raise WrongUse(f"{where}: expected name=value")
        known = name.strip().replace(".", "_").lower()
        settings[known] = _typed(known, value.strip(), where)
    return settings


def _typed(name: str, value: str, where: str) -> Any:
    if name in RESERVED:
        raise WrongUse(f"{where}: {name!r} has a flag of its own or is decided by this program")
    if name not in _DEFAULTS:
        raise WrongUse(f"{where}: the Kafka client has no setting {name!r}")
    default = _DEFAULTS[name]
    try:
        if isinstance(default, bool):
            return WORDS[value.lower()]
        if name == "acks" and value == "all":
            return -1
        if isinstance(default, int) or name in WHOLE_NUMBERS:
            return int(value)
        return float(value) if isinstance(default, float) else value
    except (KeyError, ValueError):
        raise WrongUse(f"{where}: {value!r} is no value for {name!r}") from None
