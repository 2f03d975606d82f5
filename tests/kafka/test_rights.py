"""The least rights, written down in docs/operations.md, that producer and ingester need: with these
they work, and without any one of them they say which it is."""

import contextlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from app.caves.kafka import Topic, read_settings
from app.caves.status.readings import Extent
from tests.conftest import ROOT, RunningAccount
from tests.ingest.ingestion import PROMPT, Ingestion, Sent
from tests.ingest.programs import INGESTER, PRODUCER, Program
from tests.kafka.secured import LEAST, SecuredKafka
from tests.support.kafka import KafkaBroker

PAGES = "pages-1855"  # the password that stands as "…" on the page
SECONDS = 40.0

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def broker(secured_kafka: SecuredKafka) -> KafkaBroker:
    return secured_kafka.broker


class Rights:
    """A topic and a group of the test's own, and what users are granted there."""

    def __init__(self, ingestion: Ingestion, broker: KafkaBroker) -> None:
        self.ingestion = ingestion
        self.broker = broker

    def grant(self, user: str, operation: str, kind: str, name: str | None = None) -> None:
        acl = ACL(
            principal=f"User:{user}",
            host="*",
            operation=ACLOperation[operation],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(ResourceType[kind], name or self.ingestion.topic),
        )
        with contextlib.closing(KafkaAdminClient(bootstrap_servers=self.broker.servers)) as admin:
            done = admin.create_acls([acl])
        assert not done["failed"], done

    def flags(self, user: str) -> tuple[str, ...]:
        file: Path = self.ingestion.folder / f"{user}.properties"
        file.write_text(
            "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
            f"sasl.username={user}\nsasl.password={LEAST[user]}\n"
        )
        return ("--bootstrap-servers", self.broker.address("SASL"), "--kafka-config", str(file))

    def ingester(self, *flags: str) -> Program:
        # The test's topic and its group have the same name.
        return self.ingestion.ingester(*PROMPT, *self.flags("ingester"), *flags, module=INGESTER)

    def producer(self, *flags: str) -> Program:
        flags = ("--count", "20", "--rate", "0", *self.flags("producer"), *flags)
        return self.ingestion.start(PRODUCER, *flags)


@pytest.fixture
def rights(
    account: RunningAccount, broker: KafkaBroker, raw_data: str, programs: None, tmp_path: Path
) -> Iterator[Rights]:
    ingestion = Ingestion(account, broker.servers, raw_data, tmp_path)
    yield Rights(ingestion, broker)
    ingestion.kill_all()


def test_the_commands_of_the_page_on_operations_grant_what_they_say(broker: KafkaBroker) -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8").replace("\\\n", " ")
    classes = {"kafka-acls.sh": "org.apache.kafka.tools.AclCommand"}
    classes["kafka-configs.sh"] = "kafka.admin.ConfigCommand"
    for line in re.findall(r"^kafka-\w+\.sh .*$", page, re.MULTILINE):
        program, *arguments = shlex.split(line)
        at = arguments.index("--bootstrap-server")
        arguments[at + 1] = broker.servers
        broker.run_class(classes[program], *(each.replace("…", PAGES) for each in arguments))

    with contextlib.closing(KafkaAdminClient(bootstrap_servers=broker.servers)) as admin:
        everything = ACLFilter(
            principal=None,
            host=None,
            operation=ACLOperation.ANY,
            permission_type=ACLPermissionType.ANY,
            resource_pattern=ResourcePatternFilter(
                ResourceType.ANY, None, ACLResourcePatternType.ANY
            ),
        )
        acls, _ = admin.describe_acls(everything)
    granted = sorted(
        (
            each.principal,
            each.operation.name,
            each.resource_pattern.resource_type.name,
            each.resource_pattern.resource_name,
        )
        for each in acls
        if each.resource_pattern.resource_name in ("sales_events", "caves-ingester")
    )
    assert granted == [
        ("User:ingester", "READ", "GROUP", "caves-ingester"),
        ("User:ingester", "READ", "TOPIC", "sales_events"),
        ("User:producer", "WRITE", "TOPIC", "sales_events"),
    ]
    with contextlib.closing(
        KafkaAdminClient(
            bootstrap_servers=broker.address("SASL"),
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username="ingester",
            sasl_plain_password=PAGES,
        )
    ) as ingester:
        assert ingester.describe_cluster()["brokers"]


def complaint(program: Program) -> str:
    """The one line with which it failed."""
    assert program.wait(SECONDS) == 1, program.log
    lines = [line for line in program.log.splitlines() if " INFO " not in line]
    assert len(lines) == 1, program.log
    return lines[0].split(": ", 1)[1]


def test_these_rights_are_enough(rights: Rights) -> None:
    ingestion = rights.ingestion
    ingestion.send(Sent(b"{}"))
    rights.grant("producer", "WRITE", "TOPIC")
    rights.grant("ingester", "READ", "TOPIC")
    rights.grant("ingester", "READ", "GROUP")

    producer = rights.producer()
    assert producer.wait(SECONDS) == 0, producer.log
    ingester = rights.ingester()
    ingestion.wait_for_rows(21, ingester)
    ingester.terminate()

    assert ingestion.left(ingester) == 0, ingester.log
    assert ingestion.ingested() == ingestion.sent()
    assert [line for line in ingester.log.splitlines() if " INFO " not in line] == []


def test_a_producer_that_may_create_its_topic_does_so(rights: Rights) -> None:
    rights.grant("producer", "CREATE", "TOPIC")
    rights.grant("producer", "WRITE", "TOPIC")

    # A shop of which each partition gets something.
    producer = rights.producer("--partitions", "3", "--seed", "1")

    assert producer.wait(SECONDS) == 0, producer.log
    assert {partition for partition, _ in rights.ingestion.sent()} == {0, 1, 2}


def test_a_producer_without_rights_says_what_it_lacks(rights: Rights) -> None:
    rights.ingestion.send(Sent(b"{}"))
    topic = rights.ingestion.topic
    said = complaint(rights.producer())
    assert said.startswith(f"cannot create the topic {topic!r}: ")
    assert "; allow this user to WRITE to it, which shows it that it is there" in said


def test_an_ingester_without_the_topic_says_so(rights: Rights) -> None:
    rights.ingestion.send(Sent(b"{}"))
    rights.grant("ingester", "READ", "GROUP")
    assert "allow this user to READ and DESCRIBE the topic" in complaint(rights.ingester())


def test_an_ingester_without_the_group_says_so(rights: Rights) -> None:
    rights.ingestion.send(Sent(b"{}"))
    rights.grant("ingester", "READ", "TOPIC")
    assert "allow this user to READ the group (--group)" in complaint(rights.ingester())


def test_a_producer_that_may_only_look_says_so(rights: Rights) -> None:
    rights.ingestion.send(Sent(b"{}"))
    rights.grant("producer", "DESCRIBE", "TOPIC")
    assert "allow this user to WRITE to the topic" in complaint(rights.producer())


def test_to_read_the_topic_is_enough_for_who_asks_for_its_ends(rights: Rights) -> None:
    rights.ingestion.send(Sent(b"1"), Sent(b"2", partition=1), Sent(b"3", partition=1))
    rights.grant("stranger", "READ", "TOPIC")
    _, address, _, file = rights.flags("stranger")

    topic = Topic(rights.ingestion.topic, address, read_settings(file, {}))

    assert topic.extents({}) == {0: Extent(0, 1), 1: Extent(0, 2)}
