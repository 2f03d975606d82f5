"""Flags over environment over defaults; wrong ones end with 2 and one clear line."""

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ingest import ingester, producer
from ingest.config import parser as ingester_parser
from ingest.config import read_config
from ingest.errors import WrongUse
from ingest.kafka.settings import loggable, read_settings


def test_defaults_are_those_of_the_manual() -> None:
    config = read_config([], {})
    assert (config.topic, config.group, config.database) == (
        "sales_events",
        "caves-ingester",
        "CAVES_ALBERT_DB",
    )
    assert (config.batch_max_events, config.batch_max_seconds) == (50, 60.0)
    assert (config.metrics_port, config.offsets, config.idle_exit) == (8000, "resume", 0.0)
    assert config.connection is None
    assert config.kafka == {}


def test_files_can_be_switched_off_and_the_start_up_line_says_so() -> None:
    config = read_config([], {"CAVES_FILE_MAX_BYTES": "0"})
    assert config.file_max_bytes == 0
    assert "; no files; " in str(config)


def test_the_environment_mirrors_the_flags_and_a_flag_wins() -> None:
    environ = {
        "CAVES_TOPIC": "from_environ",
        "CAVES_BATCH_MAX_EVENTS": "7",
        "CAVES_BATCH_MAX_SECONDS": "1.5",
        "CAVES_CONNECTION": "prod",
        "CAVES_METRICS_PORT": "0",
        "CAVES_GROUP": "",
    }
    config = read_config(["--topic", "from_flag"], environ)
    assert config.topic == "from_flag"
    assert (config.batch_max_events, config.batch_max_seconds) == (7, 1.5)
    assert (config.connection, config.metrics_port) == ("prod", 0)
    assert config.group == "caves-ingester"


def test_the_start_up_line_shows_what_holds_and_no_secret(tmp_path: Path) -> None:
    settings = tmp_path / "client.properties"
    settings.write_text(
        "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.plain.username=shop\n"
        "sasl.plain.password=s3cret\nproxy.url=http://me:topsecret@proxy:3128\n"
    )
    environ = {"CAVES_KAFKA_SSL_PASSWORD": "hunter2"}
    config = read_config(["-c", "prod", "--kafka-config", str(settings)], environ)
    assert str(config) == (
        "topic sales_events at 127.0.0.1:9092 as group caves-ingester -> database CAVES_ALBERT_DB"
        " by connection prod; batches of 50 events, 60 s, 4194304 bytes; files from 4194304 to"
        " 16777216 bytes; sign of life every 300 s; offsets resume; metrics 127.0.0.1:8000;"
        " Kafka client: proxy_url=*** sasl_mechanism=PLAIN sasl_plain_password=***"
        " sasl_plain_username=shop security_protocol=SASL_SSL ssl_password=***"
    )
    for secret in ("s3cret", "hunter2", "topsecret"):
        assert secret not in str(config) + repr(config)
    assert config.kafka["sasl_plain_password"] == "s3cret"


@pytest.mark.parametrize(
    "flags",
    [
        ["--batch-max-events", "0"],
        ["--batch-max-events", "many"],
        ["--batch-max-seconds", "-1"],
        ["--batch-max-seconds", "nan"],
        ["--idle-exit", "inf"],
        ["--database", 'X"; DROP DATABASE Y; --'],
        ["--database", "A.B"],
        ["--offsets", "latest"],
        ["--metrics-port", "70000"],
        ["--log-level", "loud"],
        ["--no-such-flag"],
        ["--metrics-port", "70000"],
        ["--bootstrap-servers", "kafka"],
        ["--bootstrap-servers", "kafka:9092,kafka:90920"],
    ],
)
def test_a_wrong_flag_ends_with_2(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        read_config(flags, {})
    assert raised.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAVES_OFFSETS", "latest"),
        ("CAVES_LOG_LEVEL", "loud"),
        ("CAVES_METRICS_PORT", "70000"),
        ("CAVES_BATCH_MAX_EVENTS", "many"),
    ],
)
def test_a_wrong_variable_ends_with_2_as_well(
    variable: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        read_config([], {variable: value})
    assert raised.value.code == 2
    assert f"argument --{variable.removeprefix('CAVES_').lower().replace('_', '-')}: " in (
        capsys.readouterr().err
    )


def test_only_what_is_known_to_be_no_secret_is_shown() -> None:
    settings = {
        "proxy_url": "http://albert:s3cret@proxy:3128",
        "socks5_proxy": "socks5://albert:s3cret@proxy:1080",
        "sasl_plain_password": "s3cret",
        "sasl_oauth_token": "s3cret",
        "of_tomorrow": "s3cret",
        "sasl_mechanism": "PLAIN",
        "request_timeout_ms": 5,
        "check_crcs": True,
    }
    assert loggable(settings) == (
        "check_crcs=True of_tomorrow=*** proxy_url=*** request_timeout_ms=5 sasl_mechanism=PLAIN"
        " sasl_oauth_token=*** sasl_plain_password=*** socks5_proxy=***"
    )


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("linger.ms", "line 2: expected name=value"),
        ("no.such.setting=1", "line 2: the Kafka client has no setting 'no_such_setting'"),
        ("session.timeout.ms=soon", "line 2: 'soon' is no value for 'session_timeout_ms'"),
        ("check_crcs=maybe", "line 2: 'maybe' is no value for 'check_crcs'"),
        ("enable.auto.commit=true", "line 2: 'enable_auto_commit' has a flag of its own"),
        ("group.id=x", "line 2: 'group_id' has a flag of its own"),
        ("selector=x", "line 2: the Kafka client has no setting 'selector'"),
        ("api.version=2.6", "line 2: the Kafka client has no setting 'api_version'"),
        ("max.poll.records=0", "line 2: max_poll_records must be 1 or more"),
        ("max.partition.fetch.bytes=0", "line 2: max_partition_fetch_bytes must be 1 or more"),
        ("session.timeout.ms=3000000000", "line 2: session_timeout_ms must be 1 or more, and at"),
        ("fetch.max.wait.ms=-1", "line 2: fetch_max_wait_ms must be 0 or more"),
        (
            "security.protocol = PLAINTEXT # dev",
            "line 2: 'PLAINTEXT # dev' (a comment begins its line) is no value for"
            " 'security_protocol', which is one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
        ),
        ("sasl.mechanism=OAUTHBEARER", "line 2: 'OAUTHBEARER' is no value for 'sasl_mechanism'"),
        ("group.protocol=consumer", "line 2: this client has the classic group protocol alone"),
        ("ssl.truststore.type=JKS", "line 2: this client reads no JKS stores: export them as PEM"),
        ("ssl.truststore.location=/bin/sh", "line 2: '/bin/sh' is not PEM"),
        ("ssl.cafile=/nowhere/ca.pem", "line 2: cannot read '/nowhere/ca.pem': No such file"),
        ("enable.ssl.certificate.verification=false", "line 2: certificates are always verified"),
        ("ssl.ca.location=C:\\certs\\ca.pem", "line 2: a backslash is written twice"),
        (
            "sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required;",
            "line 2: of Java's login modules, PlainLoginModule and ScramLoginModule are read",
        ),
    ],
)
def test_a_wrong_line_in_the_kafka_settings_is_named(
    line: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "client.properties"
    settings.write_text(f"# settings\n{line}\n")
    assert ingester.main(["--kafka-config", str(settings)], {}) == 2
    assert capsys.readouterr().err.startswith(f"ingester: {settings}, {complaint}")


def test_kafka_settings_have_the_types_that_the_client_expects(tmp_path: Path) -> None:
    settings = tmp_path / "client.properties"
    settings.write_text(
        "! a comment\n\n session.timeout.ms = 6000\nssl_check_hostname=false\nacks=all\n"
        "sasl.plain.password=12=34\nreceive_buffer_bytes=1024\nlinger_ms=9\n"
    )
    config = read_config(
        ["--kafka-config", str(settings)], {"CAVES_KAFKA_SESSION_TIMEOUT_MS": "7000"}
    )
    assert config.kafka == {
        "session_timeout_ms": 7000,
        "ssl_check_hostname": False,
        "acks": -1,
        "sasl_plain_password": "12=34",
        "receive_buffer_bytes": 1024,
        "linger_ms": 9,
    }


CONFLUENT = """\
# Required connection configs for Kafka producer, consumer, and admin
bootstrap.servers=pkc-1.example.com:9092
security.protocol=SASL_SSL
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='KEY' \
password='SECRET';
sasl.mechanism=PLAIN
# Required for correctness in Apache Kafka clients prior to 2.6
client.dns.lookup=use_all_dns_ips
session.timeout.ms=45000
acks=all
client.id=shop
schema.registry.url=https://psrc-1.example.com
basic.auth.credentials.source=USER_INFO
basic.auth.user.info=A:B
"""
LIBRDKAFKA = """\
bootstrap.servers=SASL_SSL://b-1.example.com:9096, b-2.example.com:9096
security.protocol=sasl_ssl
sasl.mechanisms=SCRAM-SHA-512
sasl.username=KEY
sasl.password=SECRET
ssl.ca.location=probe
enable.ssl.certificate.verification=true
"""
JAVA = """\
\ufeff! written by hand
bootstrap.servers : localhost\\:9093
security.protocol: SSL
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
ssl.truststore.password=changeit
ssl.keystore.type=PEM
ssl.keystore.location={folder}/client.pem
ssl.keystore.password=changeit
ssl.key.password = key \\u0041\\\\
ssl.endpoint.identification.algorithm=
group.protocol=classic
"""
REDPANDA = """\
security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-256
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
    username="KEY" \\
    password="SEC RET";
"""
LOGIN = {"sasl_plain_username": "KEY", "sasl_plain_password": "SECRET"}


@pytest.mark.parametrize(
    ("text", "servers", "expected"),
    [
        (
            CONFLUENT,
            "pkc-1.example.com:9092",
            {
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": "PLAIN",
                **LOGIN,
                "client_dns_lookup": "use_all_dns_ips",
                "session_timeout_ms": 45000,
                "acks": -1,
                "client_id": "shop",
            },
        ),
        (
            LIBRDKAFKA,
            "b-1.example.com:9096,b-2.example.com:9096",
            {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512", **LOGIN},
        ),
        (
            JAVA,
            "localhost:9093",
            {
                "security_protocol": "SSL",
                "ssl_cafile": "{folder}/ca.pem",
                "ssl_certfile": "{folder}/client.pem",
                "ssl_password": "key A\\",
                "ssl_check_hostname": False,
            },
        ),
        (
            REDPANDA,
            "127.0.0.1:9092",
            {
                "security_protocol": "SASL_PLAINTEXT",
                "sasl_mechanism": "SCRAM-SHA-256",
                "sasl_plain_username": "KEY",
                "sasl_plain_password": "SEC RET",
            },
        ),
    ],
    ids=["confluent", "librdkafka", "java", "redpanda"],
)
def test_files_of_settings_are_taken_as_others_hand_them_out(
    text: str, servers: str, expected: dict[str, object], tmp_path: Path
) -> None:
    for name in ("ca.pem", "client.pem"):
        (tmp_path / name).write_text("-----BEGIN CERTIFICATE-----\n")
    file = tmp_path / "client.properties"
    file.write_text(text.replace("{folder}", str(tmp_path)))

    config = read_config(["--kafka-config", str(file)], {})

    assert config.bootstrap_servers == servers
    assert config.kafka == {
        name: value.replace("{folder}", str(tmp_path)) if isinstance(value, str) else value
        for name, value in expected.items()
    }


def test_brokers_of_the_flag_win_over_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("bootstrap.servers=in-file:1\n")
    named = ["--kafka-config", str(file)]
    environ = {"CAVES_BOOTSTRAP_SERVERS": "in-environ:2"}

    assert read_config(named, {}).bootstrap_servers == "in-file:1"
    assert read_config(named, environ).bootstrap_servers == "in-environ:2"
    assert (
        read_config([*named, "--bootstrap-servers", "in-flag:3"], environ).bootstrap_servers
        == "in-flag:3"
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("heartbeat.interval.ms=60000", "heartbeat_interval_ms (60000) must be less than"),
        ("request.timeout.ms=100", "fetch_max_wait_ms (500) must be less than request_timeout_ms"),
        ("security.protocol=SASL_SSL", "SASL_SSL needs a sasl_mechanism"),
        (
            "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN",
            "sasl_mechanism PLAIN needs sasl_plain_username",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_wrong_use(
    text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "client.properties"
    file.write_text(text)
    for program in (ingester, producer):
        assert program.main(["--kafka-config", str(file)], {}) == 2
        assert f"{file}: {complaint}" in capsys.readouterr().err


def test_a_missing_file_of_kafka_settings_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"cannot read the Kafka settings in .*nowhere"):
        read_config(["--kafka-config", str(tmp_path / "nowhere")], {})


@pytest.mark.parametrize(
    "flags",
    [["--rate", "-1"], ["--late-share", "1.5"], ["--partitions", "0"], ["--seed", "x"]],
)
def test_a_wrong_flag_of_the_producer_ends_with_2(flags: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        producer.main(flags, {})
    assert raised.value.code == 2


@pytest.mark.parametrize("line", ["acks=1", "acks=0", "enable.idempotence=false"])
def test_the_producer_never_gives_up_its_guarantee(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "client.properties"
    file.write_text(line)
    assert producer.main(["--kafka-config", str(file)], {}) == 2
    assert "would lose or repeat messages" in capsys.readouterr().err
    assert read_config(["--kafka-config", str(file)], {}).kafka


def test_shares_of_more_than_everything_are_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert producer.main(["--duplicate-share", "0.6", "--bad-share", "0.6"], {}) == 2
    assert "together are more than 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("cooperative-sticky", "cooperative-sticky"),
        ("range,roundrobin", "range,roundrobin"),
        ("org.apache.kafka.clients.consumer.CooperativeStickyAssignor", "cooperative-sticky"),
        (
            "org.apache.kafka.clients.consumer.RangeAssignor,"
            " org.apache.kafka.clients.consumer.StickyAssignor",
            "range,sticky",
        ),
    ],
)
def test_assignors_go_by_the_names_that_others_give_them(written: str, meant: str) -> None:
    environ = {"CAVES_KAFKA_PARTITION_ASSIGNMENT_STRATEGY": written}
    assert read_settings(None, environ) == {"partition_assignment_strategy": meant}


def test_an_assignor_that_the_client_does_not_have_is_wrong_use() -> None:
    environ = {"CAVES_KAFKA_PARTITION_ASSIGNMENT_STRATEGY": "uniform"}
    with pytest.raises(WrongUse, match="which are range, roundrobin, sticky, cooperative-sticky"):
        read_settings(None, environ)


def test_eager_and_cooperative_assignors_in_one_list_are_wrong_use(tmp_path: Path) -> None:
    """As Java's clients have it by default, and this client does not."""
    package = "org.apache.kafka.clients.consumer"
    value = f"{package}.RangeAssignor,{package}.CooperativeStickyAssignor"
    file = tmp_path / "kafka.properties"
    file.write_text(f"partition.assignment.strategy={value}\n")
    with pytest.raises(WrongUse, match=r"line 1: .*cooperative-sticky does not go together with"):
        read_settings(str(file), {})


@pytest.mark.parametrize("parser", [ingester_parser, producer.parser], ids=["ingester", "producer"])
def test_every_flag_with_a_form_of_its_own_says_what_it_accepts(
    parser: Callable[[Mapping[str, str]], argparse.ArgumentParser],
) -> None:
    found = [each for each in parser({})._actions if each.type not in (None, str)]
    assert len(found) > 7
    for each in found:
        assert callable(each.type)
        with pytest.raises(argparse.ArgumentTypeError) as refused:
            each.type("no such value!")
        form = r"such as|one of|is not host:port|letters, digits|plain SQL identifier"
        assert re.search(form, str(refused.value)), each.dest
