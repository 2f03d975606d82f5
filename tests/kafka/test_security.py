"""SASL and TLS of one broker with many listeners: what lets ingester and producer in, and what they
say, in one line and in time, where they are not let in."""

import dataclasses
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import RunningAccount
from tests.ingest.ingestion import PROMPT, Ingestion
from tests.ingest.programs import PRODUCER
from tests.kafka.secured import USERS, SecuredKafka
from tests.support.kafka import KafkaBroker

# The client's own patience is 10 seconds; a wrong password is known at once.
SECONDS = 25.0
SOON_SECONDS = 12.0

pytestmark = pytest.mark.timeout(180)


@dataclasses.dataclass
class Secured:
    """A topic on the broker, and programs that reach it through one of its listeners."""

    ingestion: Ingestion
    broker: KafkaBroker
    certificates: Path

    def flags(self, listener: str, settings: Mapping[str, str]) -> tuple[str, ...]:
        file = self.ingestion.folder / f"{listener}-{len(self.ingestion.processes)}.properties"
        file.write_text(
            "".join(
                f"{name}={value.replace('CERTIFICATES', str(self.certificates))}\n"
                for name, value in settings.items()
            )
        )
        address = self.broker.address(listener)
        return ("--bootstrap-servers", address, "--kafka-config", str(file))


@pytest.fixture
def secured(
    account: RunningAccount,
    secured_kafka: SecuredKafka,
    raw_data: str,
    programs: None,
    tmp_path: Path,
) -> Iterator[Secured]:
    broker = secured_kafka.broker
    ingestion = Ingestion(account, broker.servers, raw_data, tmp_path)
    yield Secured(ingestion, broker, secured_kafka.certificates)
    ingestion.kill_all()


def sasl(mechanism: str, user: str = "albert", password: str | None = None) -> dict[str, str]:
    return {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": mechanism,
        "sasl.plain.username": user,
        "sasl.plain.password": USERS[user] if password is None else password,
    }


TLS = {"security.protocol": "SSL", "ssl.cafile": "CERTIFICATES/ca.pem"}
OVER_TLS = {"security.protocol": "SASL_SSL", "ssl.cafile": "CERTIFICATES/ca.pem"}
OF_JAVA = {
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.jaas.config": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required"
        ' username="berthe" password="romanee";'
    ),
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": "CERTIFICATES/ca.pem",
}
OF_LIBRDKAFKA = {
    "security.protocol": "sasl_ssl",
    "sasl.mechanisms": "SCRAM-SHA-256",
    "sasl.username": "albert",
    "sasl.password": USERS["albert"],
    "ssl.ca.location": "CERTIFICATES/ca.pem",
}


@pytest.mark.parametrize(
    ("listener", "settings"),
    [
        pytest.param("SASL", sasl("PLAIN"), id="plain"),
        pytest.param("SASL", sasl("SCRAM-SHA-256"), id="scram-256"),
        pytest.param("SASL", sasl("SCRAM-SHA-512", "berthe"), id="scram-512"),
        pytest.param("SASL_TLS", {**sasl("PLAIN"), **OVER_TLS}, id="plain-tls"),
        pytest.param("SASL_TLS", {**sasl("SCRAM-SHA-512"), **OVER_TLS}, id="scram-512-tls"),
        pytest.param("TLS", TLS, id="tls"),
        pytest.param("MUTUAL", {**TLS, "ssl.certfile": "CERTIFICATES/client.pem"}, id="mutual-tls"),
        pytest.param("SASL_TLS", OF_JAVA, id="java"),
        pytest.param("SASL_TLS", OF_LIBRDKAFKA, id="librdkafka"),
        pytest.param(
            "ELSEWHERE",
            {**TLS, "ssl.endpoint.identification.algorithm": ""},
            id="host-name-not-checked",
        ),
    ],
)
def test_messages_go_through_a_secured_listener(
    secured: Secured, listener: str, settings: dict[str, str]
) -> None:
    ingestion, flags = secured.ingestion, secured.flags(listener, settings)
    counts = ingestion.produce(20, *flags)

    ingester = ingestion.ingester(*PROMPT, *flags)
    ingestion.wait_for_rows(counts["messages"], ingester)
    ingester.terminate()

    assert ingestion.left(ingester) == 0, ingester.log
    assert ingestion.ingested() == ingestion.sent()
    assert USERS["albert"] not in ingester.log
    assert "ERROR" not in ingester.log


@pytest.mark.parametrize(
    ("listener", "settings", "reason"),
    [
        pytest.param(
            "SASL",
            sasl("PLAIN", password="wrong"),
            "Invalid username or password; user or password is wrong",
            id="wrong-password",
        ),
        pytest.param(
            "SASL_TLS",
            {**sasl("SCRAM-SHA-512", password="wrong"), **OVER_TLS},
            "invalid credentials with SASL mechanism SCRAM-SHA-512; user or password is wrong",
            id="wrong-scram-password",
        ),
        pytest.param(
            "SASL",
            sasl("SCRAM-SHA-256") | {"sasl.plain.username": "nobody"},
            "invalid credentials with SASL mechanism SCRAM-SHA-256; user or password is wrong",
            id="unknown-user",
        ),
        pytest.param(
            "PLAIN_ONLY",
            sasl("SCRAM-SHA-256"),
            "that port wants another sasl_mechanism",
            id="mechanism",
        ),
        pytest.param("EXPIRED", TLS, "certificate has expired", id="expired"),
        pytest.param("SELF_SIGNED", TLS, "self-signed certificate", id="self-signed"),
        pytest.param("ELSEWHERE", TLS, "certificate is not valid for '127.0.0.1'", id="wrong-host"),
        pytest.param(
            "TLS",
            {**TLS, "ssl.cafile": "CERTIFICATES/foreign-ca.pem"},
            "unable to get local issuer certificate; ssl_cafile names the authority to trust",
            id="foreign-authority",
        ),
        pytest.param(
            "TLS",
            {"security.protocol": "SSL"},
            "unable to get local issuer certificate; ssl_cafile names the authority to trust",
            id="no-authority",
        ),
        pytest.param(
            "MUTUAL",
            TLS,
            "it does not accept the client certificate, or wants one",
            id="no-client-certificate",
        ),
        pytest.param(
            "MUTUAL",
            {**TLS, "ssl.certfile": "CERTIFICATES/foreign-client.pem"},
            "it does not accept the client certificate, or wants one",
            id="foreign-client-certificate",
        ),
        pytest.param("PLAINTEXT", TLS, "does that port speak TLS?", id="tls-on-plaintext"),
        pytest.param("TLS", {}, "that port speaks TLS", id="plaintext-on-tls"),
        pytest.param(
            "SASL",
            {"bootstrap.timeout.ms": "2000"},
            "does that port want a user",
            id="nobody-where-a-user-is-wanted",
        ),
        pytest.param("PLAINTEXT", sasl("PLAIN"), "that port takes no SASL", id="sasl-on-plaintext"),
    ],
)
def test_who_is_not_let_in_says_why_in_one_line(
    secured: Secured, listener: str, settings: dict[str, str], reason: str
) -> None:
    ingestion, flags = secured.ingestion, secured.flags(listener, settings)
    started = time.monotonic()
    programs = (
        ingestion.ingester(*PROMPT, *flags),
        ingestion.start(PRODUCER, "--count", "1", *flags),
    )

    for program in programs:
        assert program.wait(SECONDS) == 1, program.log
        lines = [line for line in program.log.splitlines() if " INFO " not in line]
        assert len(lines) == 1, program.log
        assert f"Kafka at {secured.broker.address(listener)}" in lines[0].replace("'", "")
        assert reason in lines[0]
    assert time.monotonic() - started < SOON_SECONDS


def test_the_producer_counts_nothing_where_it_was_not_let_in(secured: Secured) -> None:
    flags = secured.flags("SASL", sasl("PLAIN", password="wrong"))
    producer = secured.ingestion.start(PRODUCER, "--count", "1", *flags)
    assert producer.wait(SECONDS) == 1
    assert producer.output == ""
    assert json.dumps(USERS["albert"]) not in producer.log
