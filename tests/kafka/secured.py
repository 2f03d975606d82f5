"""One broker with many listeners, which asks who somebody is, and what he may do."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.caves.machine import security
from app.caves.machine.apache_kafka import Listener
from tests.support.kafka import KafkaBroker, start_kafka

# These may do everything, as may who comes without a user; a certificate is a user, too.
USERS = {"albert": "chateau-1855", "berthe": "romanee"}
ADMINISTRATORS = ("ANONYMOUS", "CN=client", *USERS)
# And these what they are granted.
LEAST = {"producer": "p-1855", "ingester": "i-1855", "stranger": "s-1855"}


@dataclass(frozen=True)
class SecuredKafka:
    """certificates: the folder of those of clients, brokers, and two authorities."""

    broker: KafkaBroker
    certificates: Path


@contextlib.contextmanager
def running_secured_kafka(folder: Path) -> Iterator[SecuredKafka]:
    """The folder takes certificates and keys."""
    write_certificates(folder)

    def tls(certificate: str) -> dict[str, str]:
        return {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(folder / f"{certificate}.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(folder / "ca.pem"),
        }

    listeners = (
        Listener("SASL", "SASL_PLAINTEXT", 0),
        Listener("SASL_TLS", "SASL_SSL", 0, settings=tls("broker")),
        Listener("PLAIN_ONLY", "SASL_PLAINTEXT", 0, mechanisms=("PLAIN",)),
        Listener("TLS", "SSL", 0, settings=tls("broker")),
        Listener("MUTUAL", "SSL", 0, settings={**tls("broker"), "ssl.client.auth": "required"}),
        Listener("EXPIRED", "SSL", 0, settings=tls("expired")),
        Listener("ELSEWHERE", "SSL", 0, settings=tls("elsewhere")),
        Listener("SELF_SIGNED", "SSL", 0, settings=tls("self-signed")),
    )
    settings = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": ";".join(f"User:{each}" for each in ADMINISTRATORS),
    }
    broker = start_kafka(*listeners, users={**USERS, **LEAST}, settings=settings)
    with contextlib.closing(broker):
        yield SecuredKafka(broker, folder)


def write_certificates(folder: Path) -> None:
    ours, foreign = security.authority("ours"), security.authority("foreign")
    pems = {
        "ca": ours.certificate_pem,
        "foreign-ca": foreign.certificate_pem,
        "broker": ours.issue("broker").pem,
        "expired": ours.issue("broker", days=-1).pem,
        "elsewhere": ours.issue("broker", ["kafka.example.com"]).pem,
        "self-signed": security.self_signed("broker").pem,
        "client": ours.issue("client").pem,
        "foreign-client": foreign.issue("client").pem,
    }
    for name, pem in pems.items():
        (folder / f"{name}.pem").write_text(pem)
