"""Flags over environment over defaults; wrong ones end with 2 and one clear line."""

from pathlib import Path

import pytest

from ingest import ingester, producer
from ingest.config import read_config
from ingest.errors import WrongUse
from ingest.kafka_settings import shown


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
    settings.write_text("security.protocol=SASL_SSL\nsasl.plain.password=s3cret\n")
    environ = {"CAVES_KAFKA_SSL_PASSWORD": "hunter2"}
    config = read_config(["-c", "prod", "--kafka-config", str(settings)], environ)
    assert str(config) == (
        "topic sales_events at 127.0.0.1:9092 as group caves-ingester -> database CAVES_ALBERT_DB"
        " by connection prod; batches of 50 events, 60 s, 4194304 bytes; offsets resume;"
        " metrics 127.0.0.1:8000; Kafka client: sasl_plain_password=***"
        " security_protocol=SASL_SSL ssl_password=***"
    )
    assert "s3cret" not in repr(config) and "hunter2" not in repr(config)
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
    assert shown(settings) == (
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


def test_shares_of_more_than_everything_are_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert producer.main(["--duplicate-share", "0.6", "--bad-share", "0.6"], {}) == 2
    assert "together are more than 1" in capsys.readouterr().err
