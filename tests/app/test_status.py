"""The parts of `caves status` that need no account."""

from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from snowflake.connector.errors import OperationalError

from app.caves.commands.status import found_for_ever
from app.caves.errors import CommandError, UsageError
from app.caves.kafka import Topic, TopicUnknown, read_settings
from app.caves.machine import broker
from app.caves.status.page import size
from app.caves.status.readings import Extent, lag
from app.caves.status.snapshot import Snapshot
from app.caves.target import Account
from tests.support.broker import running_broker


class Opened:
    """Stands where a connection would be."""

    def __init__(self) -> None:
        self.closed = False

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *exception: object) -> None:
        self.closed = True


def test_watching_goes_on_with_a_new_connection_when_the_account_is_back() -> None:
    answers: list[Any] = ["first", OperationalError("gone\naway"), "second", "third"]
    opened: list[Any] = [Opened(), CommandError("still away"), Opened()]
    connections = list(opened)

    def connect() -> Any:
        found = opened.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def gather(account: Account) -> Any:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    found = found_for_ever(connect, gather, 0)
    seen = [next(found) for _ in range(5)]
    assert seen[0] == "first"
    assert "gone away" in str(seen[1])
    assert seen[2:] == ["still away", "second", "third"]
    assert [each.closed for each in connections if isinstance(each, Opened)] == [True, False]


def test_a_topic_tells_its_true_ends() -> None:
    with running_broker() as servers:
        broker.create_topic(servers, "wines", 2)
        producer = KafkaProducer(bootstrap_servers=servers)
        for number in range(3):
            producer.send("wines", b"x", partition=1)
            if number == 1:
                producer.flush()
        producer.close()
        assert Topic("wines", servers).extents({1: 2}) == {0: Extent(0, 0), 1: Extent(0, 3)}
        with pytest.raises(TopicUnknown, match="has no topic 'beers'"):
            Topic("beers", servers).extents({})


def test_kafka_settings_are_the_ingesters_own(tmp_path: Path) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text(
        "# of the shop\nsecurity.protocol=SASL_SSL\nrequest.timeout.ms = 4000\n"
        "ssl.check.hostname=false\nlinger.ms=5\nsasl.mechanism=plain\nsasl.plain.username=shop\n"
    )
    environ = {"CAVES_KAFKA_CONFIG": str(file), "CAVES_KAFKA_SASL_PLAIN_PASSWORD": "secret"}
    assert read_settings(None, environ) == {
        "security_protocol": "SASL_SSL",
        "request_timeout_ms": 4000,
        "ssl_check_hostname": False,
        "linger_ms": 5,
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "shop",
        "sasl_plain_password": "secret",
    }
    with pytest.raises(UsageError, match="'soon' is no value"):
        read_settings(None, {"CAVES_KAFKA_REQUEST_TIMEOUT_MS": "soon"})
    with pytest.raises(UsageError, match="cannot read the Kafka settings"):
        read_settings(str(tmp_path / "nowhere"), {})


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (2.5e15, "2500.0 TB")]
)
def test_sizes_are_told_in_short(count: float, text: str) -> None:
    assert size(int(count)) == text


@pytest.mark.parametrize(
    ("lags", "unknown", "value", "status"),
    [
        pytest.param([0, 999, None], None, 999, "OK", id="as many as may wait"),
        pytest.param([500, 500], None, 1000, "BREACH", id="too many, together"),
        pytest.param([0, -3], None, 0, "BREACH", id="another topic"),
        pytest.param([None], "no broker answers", None, "UNKNOWN", id="brokers that are away"),
    ],
)
def test_what_waits_in_kafka_is_a_metric_where_brokers_are_asked(
    lags: list[int | None], unknown: str | None, value: int | None, status: str
) -> None:
    found = lag([{"LAG": each} for each in lags], unknown)
    assert (found["METRIC"], found["VALUE"], found["STATUS"]) == ("INGEST_LAG", value, status)
    assert found["THRESHOLD"] == 1000
    assert unknown is None or found["DETAIL"] == unknown


def test_a_breach_is_unhealthy_even_where_nobody_keeps_alerts() -> None:
    parts: dict[str, Any] = {key: [] for key in Snapshot.__dataclass_fields__}
    assert Snapshot(**{**parts, "alerts": None}).healthy
    assert not Snapshot(**{**parts, "alerts": None, "metrics": [{"STATUS": "BREACH"}]}).healthy
    assert Snapshot(**{**parts, "metrics": [{"STATUS": "UNKNOWN"}]}).healthy
