"""`caves broker`: a Kafka broker in the foreground, Tansu or Apache Kafka."""

import argparse
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.caves.errors import UsageError
from app.caves.flags import port
from app.caves.machine import apache_kafka, broker, certificates
from app.caves.machine.apache_kafka import HOST, Listener, Node
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


@dataclass(frozen=True)
class Security:
    """The listeners that were asked for beside the plain one, and whom they know."""

    tls_port: int | None = None
    sasl_port: int | None = None
    sasl_tls_port: int | None = None
    mutual_tls: bool = False
    users: Sequence[tuple[str, str]] = ()

    @property
    def tls(self) -> bool:
        return bool(self.tls_port or self.sasl_tls_port)

    def check(self) -> None:
        """May raise UsageError."""
        if (self.sasl_port or self.sasl_tls_port) and not self.users:
            raise UsageError("a SASL listener knows nobody: say --user NAME:PASSWORD")
        if self.users and not (self.sasl_port or self.sasl_tls_port):
            raise UsageError("--user needs a SASL listener: --sasl-port or --sasl-tls-port")
        if self.mutual_tls and not self.tls_port:
            raise UsageError("--mutual-tls needs --tls-port")

    def listeners(self, folder: Path) -> list[Listener]:
        store = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(folder / "broker.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(folder / "ca.pem"),
        }
        mutual = {"ssl.client.auth": "required"} if self.mutual_tls else {}
        found = []
        if self.tls_port:
            found.append(Listener("TLS", "SSL", self.tls_port, settings={**store, **mutual}))
        if self.sasl_port:
            found.append(Listener("SASL", "SASL_PLAINTEXT", self.sasl_port))
        if self.sasl_tls_port:
            found.append(Listener("SASL_TLS", "SASL_SSL", self.sasl_tls_port, settings=store))
        return found

    def client_settings(self, folder: Path) -> dict[str, str]:
        """The text of a file for --kafka-config, by the file's name, for each listener."""
        trust = f"ssl.cafile={folder / 'ca.pem'}\n"
        client = f"ssl.certfile={folder / 'client.pem'}\n" if self.mutual_tls else ""
        sasl = ""
        if self.users:
            name, password = self.users[0]
            sasl = (
                "sasl.mechanism=SCRAM-SHA-512\n"
                f"sasl.plain.username={name}\nsasl.plain.password={password}\n"
            )
        files = {}
        if self.tls_port:
            files["tls.properties"] = f"security.protocol=SSL\n{trust}{client}"
        if self.sasl_port:
            files["sasl.properties"] = f"security.protocol=SASL_PLAINTEXT\n{sasl}"
        if self.sasl_tls_port:
            files["sasl-tls.properties"] = f"security.protocol=SASL_SSL\n{trust}{sasl}"
        return files


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
        _write_certificates(folder)
    for name, text in security.client_settings(folder).items():
        _write_private(folder / name, text)
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


def _write_certificates(folder: Path) -> None:
    """An authority, the broker's certificate and a client's, as long as they are not there."""
    names = ("ca.pem", "broker.pem", "client.pem")
    if all((folder / name).exists() for name in names):
        return
    authority = certificates.authority()
    pems = (authority.certificate_pem, authority.issue("broker").pem, authority.issue("client").pem)
    for name, pem in zip(names, pems, strict=True):
        _write_private(folder / name, pem)


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")


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
