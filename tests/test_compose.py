"""compose.yaml, as far as it can be read without Docker: nothing here starts an image."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.caves.machine import apache_kafka
from ingest.kafka.settings import read_settings

ROOT = Path(__file__).parents[1]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())[
    "services"
]
SECURED = {"kafka-secured": "127.0.0.1:9094:9094", "redpanda-secured": "127.0.0.1:9095:9095"}
EXAMPLES = re.findall(r"```properties\n(.*?)```", (ROOT / "docs/operations.md").read_text(), re.S)


def started(profile: str | None) -> set[str]:
    """The services that have no profile, or this one."""
    return {
        name for name, each in SERVICES.items() if profile in each.get("profiles", [None, profile])
    }


def environment(service: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    given = service.get("environment", {})
    assert isinstance(given, dict), "written as NAME: value"
    yield from given.items()


def test_each_profile_starts_its_broker_and_the_default_starts_no_other() -> None:
    assert started(None) == {"redpanda", "topic", "console"}
    for name in SECURED:
        assert started(name) == {"redpanda", "topic", "console", "certificates", name}


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_needs_is_started_with_it(name: str) -> None:
    profiles = set(SERVICES[name].get("profiles", ()))
    for needed in SERVICES[name].get("depends_on", ()):
        assert profiles <= set(SERVICES[needed].get("profiles", profiles))


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_open_on_the_loopback_address_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", ()):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), port


def test_the_secured_brokers_have_a_port_each() -> None:
    assert {name: SERVICES[name]["ports"] for name in SECURED} == {
        name: [port] for name, port in SECURED.items()
    }


def test_every_port_of_this_machine_is_taken_once() -> None:
    ports = [port.split(":")[1] for each in SERVICES.values() for port in each.get("ports", ())]
    assert len(ports) == len(set(ports))


def test_no_secret_is_written_down_or_has_a_default() -> None:
    """A variable without a value is handed on from the caller's environment, and has no default."""
    secret = re.compile(r"password|secret|token|passphrase", re.IGNORECASE)
    found = [
        (service, name, value)
        for service, each in SERVICES.items()
        for name, value in environment(each)
        if secret.search(name)
    ]
    assert found == [(name, "CAVES_KAFKA_SASL_PLAIN_PASSWORD", None) for name in SECURED]
    default = re.compile(rf"\$\{{\w*({secret.pattern})\w*:?[-=]", re.IGNORECASE)
    for file in (ROOT / "compose.yaml", *(ROOT / "compose").iterdir()):
        assert not re.search(r"password\s*=\s*[^$\s\\\"]", code(file)), file
        assert not default.search(code(file)), file


def code(file: Path) -> str:
    return "".join(
        line for line in file.read_text().splitlines(True) if not line.lstrip().startswith("#")
    )


@pytest.mark.parametrize("name", SERVICES)
def test_files_that_are_mounted_or_started_are_there(name: str) -> None:
    mounted = [each.split(":")[0] for each in SERVICES[name].get("volumes", ())]
    named = re.findall(r"(?<!\.)/compose/[\w.-]+", str(SERVICES[name]))
    for path in [*(each for each in mounted if each.startswith(".")), *named]:
        assert (ROOT / path.removeprefix("/")).exists(), path


def test_kafkas_image_is_of_the_version_that_the_tests_run() -> None:
    assert SERVICES["kafka-secured"]["image"] == f"apache/kafka:{apache_kafka.VERSION}"


def test_every_client_file_of_the_manual_is_one_that_the_client_takes(tmp_path: Path) -> None:
    pem = tmp_path / "any.pem"
    pem.write_text("-----BEGIN CERTIFICATE-----\n")
    read = [read_example(each, pem) for each in EXAMPLES if "security.protocol=" in each]
    assert [each.get("bootstrap_servers", "").split(",")[0] for each in read] == [
        "kafka-1.example.com:9094",
        "b-1.shop.abc123.c2.kafka.eu-west-3.amazonaws.com:9096",
        "pkc-12345.eu-west-3.aws.confluent.cloud:9092",
        "",
    ]
    assert [each.get("sasl_mechanism") for each in read] == [
        "SCRAM-SHA-512",
        "SCRAM-SHA-512",
        "PLAIN",
        None,
    ]
    assert {each["security_protocol"] for each in read} == {"SASL_SSL", "SSL"}


def read_example(text: str, pem: Path) -> dict[str, Any]:
    file = pem.with_name("client.properties")
    file.write_text(re.sub(r"/etc/caves/[\w.]+", str(pem), text))
    return read_settings(str(file), {})
