"""`caves broker`: a Kafka broker in the foreground, Tansu or Apache Kafka."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.caves.errors import UsageError
from app.caves.flags import port
from app.caves.machine import apache_kafka, broker
from app.caves.machine.apache_kafka import HOST, Listener, Node
from app.caves.machine.security import Security, write_certificates, write_private
from app.caves.machine.supervision import free_port, listens
from app.caves.screen import Screen

EPILOG = """\
tansu keeps its topics in memory and has no security. kafka needs Java 17 and Maven, which fetches
Apache Kafka once; it keeps topics in --folder and is the same again when it is started there again.
Each port below is one more listener. With TLS the folder has certificates of an authority made for
it, and with any security ready settings for --kafka-config:

  caves broker --kind kafka --sasl-tls-port 9094 --user albert:secret
  python -m ingest.producer --bootstrap-servers 127.0.0.1:9094 \\
      --kafka-config .kafka/sasl-tls.properties
"""


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each: argparse.ArgumentParser = commands.add_parser(
        "broker",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    each.set_defaults(function=run, json=False)
    each.add_argument("--kind", choices=broker.KINDS, default=broker.TANSU, help="(tansu)")
    each.add_argument("--port", type=port, default=9092, help="where it listens (9092)")
    kafka = each.add_argument_group("kafka alone")
    kafka.add_argument("--folder", type=Path, help="data, settings, certificates (.kafka)")
    kafka.add_argument("--tls-port", type=port, help="TLS")
    kafka.add_argument("--mutual-tls", action="store_true", help="ask for client certificates")
    kafka.add_argument("--sasl-port", type=port, help="SASL PLAIN, SCRAM-SHA-256, -512")
    kafka.add_argument("--sasl-tls-port", type=port, help="the same, over TLS")
    kafka.add_argument(
        "--user",
        type=_user,
        action="append",
        default=[],
        metavar="NAME:PASSWORD",
        help="who may log in by SASL; SCRAM knows those of the folder's first start",
    )
    kafka.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the broker",
    )


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Become the broker: its signals and its exit code are its own."""
    security = Security(
        arguments.tls_port,
        arguments.sasl_port,
        arguments.sasl_tls_port,
        arguments.mutual_tls,
        arguments.user,
    )
    if arguments.kind == broker.TANSU:
        if security != Security(users=[]) or arguments.folder or arguments.set:
            raise UsageError("tansu has a port and nothing else: say --kind kafka")
        command = broker.command(arguments.port)
        kept = "topics are kept in memory"
    else:
        security.check()
        folder = (arguments.folder or Path(".kafka")).resolve()
        command = _kafka(arguments, security, folder, screen)
        kept = f"topics are kept in {folder}"
    screen.progress(f"broker at {HOST}:{arguments.port}; {kept}; Ctrl-C ends")
    os.execv(command[0], command)


def _kafka(
    arguments: argparse.Namespace, security: Security, folder: Path, screen: Screen
) -> list[str]:
    libraries = apache_kafka.libraries(screen.progress)
    listeners = [Listener("PLAINTEXT", "PLAINTEXT", arguments.port), *security.listeners(folder)]
    ports = [each.port for each in listeners]
    for each in ports:
        if ports.count(each) > 1 or listens(HOST, each):
            raise UsageError(f"port {each} is taken")
    folder.mkdir(parents=True, exist_ok=True)
    if security.tls:
        write_certificates(folder)
    for name, text in security.client_settings(folder).items():
        write_private(folder / name, text)
        screen.progress(f"settings for --kafka-config: {folder / name}")
    node = Node(
        folder,
        listeners,
        free_port(HOST),
        free_port(HOST),
        dict(security.users),
        settings=dict(arguments.set),
    )
    node.prepare(libraries)
    return node.command(libraries)


def _user(text: str) -> tuple[str, str]:
    name, _, password = text.partition(":")
    # What Kafka's own two ways to write a user down both take as it is.
    if not re.fullmatch(r"[A-Za-z0-9]+", name) or not re.fullmatch(r"[!#-+\--Z^-~]+", password):
        raise argparse.ArgumentTypeError(
            "NAME:PASSWORD: letters and digits in the name, and in the password no blanks,"
            " quotation marks, commas, brackets, backslashes"
        )
    return name, password


def _setting(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (sign and name):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
