"""Settings of the Kafka client beyond the flags: brokers, security, timeouts, sizes.

They come from a file as Java's clients, librdkafka, Confluent and Redpanda write it, and from the
environment, where CAVES_KAFKA_SASL_PLAIN_PASSWORD sets sasl_plain_password. The environment wins.
One file serves producer, ingester and the `caves` command: each takes the settings that its client
knows. What the file asks for and this client cannot do is refused, with the line.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer

from ingest.errors import WrongUse
from ingest.kafka.properties import BadLine, parse

PREFIX = "CAVES_KAFKA_"
FILE_VARIABLE = "CAVES_KAFKA_CONFIG"

# Each of these has a flag of its own, or exactly-once rests on it.
RESERVED = frozenset(
    {
        "allow_auto_create_topics",
        "auto_offset_reset",
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
# Objects of Python, which no text can give.
OBJECTS = frozenset({"api_version", "sasl_oauth_token_provider", "ssl_context"})
# Numbers whose default is None, which does not show their type.
WHOLE_NUMBERS = frozenset({"receive_buffer_bytes", "send_buffer_bytes"})
# Texts that may be logged. What is not here, of today's clients or of tomorrow's, may be a secret:
# a proxy's URL holds its password.
NO_SECRETS = frozenset(
    {
        "bootstrap_servers",
        "client_dns_lookup",
        "client_id",
        "client_rack",
        "compression_type",
        "group_instance_id",
        "isolation_level",
        "partition_assignment_strategy",
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
# All other numbers are 1 or more.
FROM_ZERO = frozenset({"batch_size", "fetch_max_wait_ms", "linger_ms", "max_block_ms", "retries"})
LARGEST = 2**31 - 1
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

# What Java's clients and librdkafka call it, and what this client does.
ALIASES = {
    "compression_codec": "compression_type",
    "fetch_wait_max_ms": "fetch_max_wait_ms",
    "message_timeout_ms": "delivery_timeout_ms",
    "metadata_broker_list": "bootstrap_servers",
    "queue_buffering_max_ms": "linger_ms",
    "request_required_acks": "acks",
    "sasl_mechanisms": "sasl_mechanism",
    "sasl_password": "sasl_plain_password",
    "sasl_username": "sasl_plain_username",
    "ssl_ca_location": "ssl_cafile",
    "ssl_certificate_location": "ssl_certfile",
    "ssl_cipher_suites": "ssl_ciphers",
    "ssl_crl_location": "ssl_crlfile",
    "ssl_key_location": "ssl_keyfile",
    "ssl_key_password": "ssl_password",
    "ssl_keystore_location": "ssl_certfile",
    "ssl_truststore_location": "ssl_cafile",
}
COOPERATIVE = "cooperative-sticky"
# What others call an assignor, by name or by class, in small letters and without "partition".
ASSIGNORS = {
    "range": "range",
    "rangeassignor": "range",
    "roundrobin": "roundrobin",
    "roundrobinassignor": "roundrobin",
    "sticky": "sticky",
    "stickyassignor": "sticky",
    COOPERATIVE: COOPERATIVE,
    "cooperativestickyassignor": COOPERATIVE,
}
# In such files for other programs, or without a meaning for files in PEM.
IGNORED = frozenset({"ssl_keystore_password", "ssl_truststore_password"})
IGNORED_PREFIXES = ("basic_auth_", "schema_registry_")
FILES = frozenset({"ssl_cafile", "ssl_certfile", "ssl_crlfile", "ssl_keyfile"})

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
BY_PASSWORD = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
MECHANISMS = (*BY_PASSWORD, "GSSAPI", "AWS_MSK_IAM")
_DEFAULTS: dict[str, Any] = {
    name: default
    for name, default in {**KafkaProducer.DEFAULT_CONFIG, **KafkaConsumer.DEFAULT_CONFIG}.items()
    if (default is None or isinstance(default, str | int | float)) and name not in OBJECTS
}
_LOGIN = re.compile(r"""\b(username|password)\s*=\s*("[^"]*"|'[^']*'|[^\s;"']+)""")


class _Refused(Exception):
    """Why a setting cannot be taken; where it stands is said by the caller."""


def read_settings(path: str | None, environ: Mapping[str, str]) -> dict[str, Any]:
    """All settings, typed and possible together. Raises WrongUse for what makes no sense."""
    settings = {}
    for where, name, value in [*_of_file(path), *_of_environment(environ)]:
        try:
            settings.update(_meant(name.strip().replace(".", "_").lower(), value))
        except _Refused as error:
            raise WrongUse(f"{where}: {error}") from None
    check(settings, path or f"the environment ({PREFIX}…)")
    return settings


def loggable(settings: Mapping[str, Any]) -> str:
    """The settings as text that may be logged: numbers, and texts that are known to
    are no secrets."""
    pairs = (f"{name}={_loggable(name, value)}" for name, value in sorted(settings.items()))
    return " ".join(pairs) or "defaults"


def _loggable(name: str, value: Any) -> str:
    if isinstance(value, int | float) or name in NO_SECRETS:
        return str(value)
    return "***"


def check(settings: Mapping[str, Any], where: str) -> None:
    """Raises WrongUse for settings that contradict each other."""
    every = {**KafkaConsumer.DEFAULT_CONFIG, **settings}
    for less, more in (
        ("heartbeat_interval_ms", "session_timeout_ms"),
        ("fetch_max_wait_ms", "request_timeout_ms"),
        ("request_timeout_ms", "connections_max_idle_ms"),
    ):
        if every[less] >= every[more]:
            raise WrongUse(
                f"{where}: {less} ({every[less]}) must be less than {more} ({every[more]})"
            )
    if every["security_protocol"].startswith("SASL"):
        mechanism = every["sasl_mechanism"]
        if mechanism is None:
            raise WrongUse(f"{where}: {every['security_protocol']} needs a sasl_mechanism")
        if mechanism in BY_PASSWORD:
            for name in ("sasl_plain_username", "sasl_plain_password"):
                if not every[name]:
                    raise WrongUse(f"{where}: sasl_mechanism {mechanism} needs {name}")


def addresses(text: str) -> str:
    """Addresses of brokers, without the protocol that some write before them. Raises ValueError."""
    found = [each.strip().rpartition("://")[2] for each in text.split(",")]
    for each in found:
        host, _, port = each.rpartition(":")
        if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
            raise ValueError(f"{each!r} is not host:port")
    return ",".join(found)


def _of_file(path: str | None) -> Iterator[tuple[str, str, str]]:
    """Where each setting stands, its name and its value."""
    if not path:
        return
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"cannot read the Kafka settings in {path!r}: {error}") from error
    try:
        for each in parse(text):
            yield f"{path}, line {each.line}", each.name, each.value
    except BadLine as error:
        raise WrongUse(f"{path}, {error}") from None


def _of_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and variable != FILE_VARIABLE:
            yield f"the environment ({variable})", variable.removeprefix(PREFIX), value


def _meant(written: str, value: str) -> dict[str, Any]:
    """What one setting means to this client: as a rule one setting of its own."""
    if written in IGNORED or written.startswith(IGNORED_PREFIXES):
        return {}
    if written in _TRANSLATED:
        return _TRANSLATED[written](value)
    name = ALIASES.get(written, written)
    if name in RESERVED:
        raise _Refused(f"{name!r} has a flag of its own or is decided by this program")
    if name not in _DEFAULTS:
        raise _Refused(f"the Kafka client has no setting {name!r}")
    if name in FILES:
        # librdkafka's word for the system's own authorities.
        return {} if value == "probe" else {name: _pem_file(value)}
    return {name: _typed(name, value)}


def _typed(name: str, value: str) -> Any:
    default = _DEFAULTS[name]
    refusal = _Refused(_no_value(name, value))
    if name == "bootstrap_servers":
        try:
            return addresses(value)
        except ValueError as error:
            raise _Refused(str(error)) from None
    if name == "acks":
        if value not in ("all", "-1", "0", "1"):
            raise refusal
        return -1 if value == "all" else int(value)
    if isinstance(default, bool):
        if value.lower() not in WORDS:
            raise refusal
        return WORDS[value.lower()]
    if isinstance(default, int | float) or name in WHOLE_NUMBERS:
        try:
            number = int(value)
        except ValueError:
            raise refusal from None
        least = 0 if name in FROM_ZERO else 1
        if not least <= number <= LARGEST:
            raise _Refused(f"{name} must be {least} or more, and at most {LARGEST}, not {value}")
        return float(number) if isinstance(default, float) else number
    if name in ("security_protocol", "sasl_mechanism"):
        return _one_of(name, value, PROTOCOLS if name == "security_protocol" else MECHANISMS)
    return value


def _one_of(name: str, value: str, possible: tuple[str, ...]) -> str:
    """The possible value that is meant: upper and lower case are the same."""
    if value.upper() not in possible:
        named = ", ".join(filter(None, possible))
        raise _Refused(f"{_no_value(name, value)}, which is one of {named}")
    return value.upper()


def _no_value(name: str, value: str) -> str:
    hint = " (a comment begins its line)" if " #" in value else ""
    return f"{value!r}{hint} is no value for {name!r}"


def _pem_file(path: str) -> str:
    """The path of a file that is there and holds PEM."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise _Refused(f"cannot read {path!r}: {error.strerror}") from None
    if b"-----BEGIN " not in content:
        raise _Refused(
            f"{path!r} is not PEM, which is all that this client reads: of a Java store, export it"
            " (keytool -exportcert -rfc, or openssl pkcs12 for keys)"
        )
    return path


def _check_hostname(value: str) -> dict[str, Any]:
    algorithm = _one_of("ssl_endpoint_identification_algorithm", value, ("HTTPS", "NONE", ""))
    return {"ssl_check_hostname": algorithm == "HTTPS"}


def _verify(value: str) -> dict[str, Any]:
    if not WORDS.get(value.lower()):
        raise _Refused("certificates are always verified: give the authority's (ssl.ca.location)")
    return {}


def _store_type(value: str) -> dict[str, Any]:
    if value.upper() != "PEM":
        raise _Refused(f"this client reads no {value} stores: export them as PEM")
    return {}


def _strategy(value: str) -> dict[str, Any]:
    """Assignors by their names in the protocol, or Java's or this client's names of classes."""
    names = [
        ASSIGNORS.get(each.strip().rpartition(".")[2].lower().replace("partition", ""))
        for each in value.split(",")
    ]
    if None in names:
        possible = ", ".join(dict.fromkeys(ASSIGNORS.values()))
        raise _Refused(f"{value!r} is no list of assignors, which are {possible}")
    if COOPERATIVE in names and set(names) != {COOPERATIVE}:
        raise _Refused(f"{value!r}: {COOPERATIVE} does not go together with eager assignors")
    return {"partition_assignment_strategy": ",".join(filter(None, names))}


def _group_protocol(value: str) -> dict[str, Any]:
    if value.lower() != "classic":
        raise _Refused(f"this client has the classic group protocol alone, and not {value!r}")
    return {}


def _login(value: str) -> dict[str, Any]:
    """User and password of a Java login module."""
    if not re.search(r"\b(Plain|Scram)LoginModule\b", value):
        raise _Refused("of Java's login modules, PlainLoginModule and ScramLoginModule are read")
    found = {name: text.strip("\"'") for name, text in _LOGIN.findall(value)}
    if found.keys() != {"username", "password"}:
        raise _Refused("the login module has no username and password")
    return {f"sasl_plain_{name}": text for name, text in found.items()}


_TRANSLATED = {
    "enable_ssl_certificate_verification": _verify,
    "group_protocol": _group_protocol,
    "partition_assignment_strategy": _strategy,
    "sasl_jaas_config": _login,
    "ssl_endpoint_identification_algorithm": _check_hostname,
    "ssl_keystore_type": _store_type,
    "ssl_truststore_type": _store_type,
}
